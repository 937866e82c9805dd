/* Which addresses are of the public internet, and which are not. */
#include <arpa/inet.h>

#include "edge/address.h"
#include "unit.h"

static bool
judge(const char *text)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_storage a = {0};

	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
		memcpy(&a, &in4, sizeof(in4));
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(&a, &in6, sizeof(in6));
	else
		fail_msg("%s is no address", text);
	return address_public((const struct sockaddr *)&a);
}

static void
not_public(void **state)
{
	static const char *const rows[] = {"0.0.0.0", "0.255.255.255", "10.0.0.1", "10.255.255.255",
	    "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.169.254",
	    "172.16.0.0", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1",
	    "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.9",
	    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
	    /* IPv6 */
	    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.1.2.3",
	    "::ffff:169.254.169.254", "::ffff:192.168.1.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
	    "64:ff9b:1::1", "100::1", "2001::1", "2001:1ff:ffff::1", "2001:db8::1",
	    "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:101::1", "3fff::1", "3fff:fff::1",
	    "fc00::1", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "4000::1",
	    "1fff::1"};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		row_equal(rows[i], judge(rows[i]), false);
}

static void public(void **state)
{
	static const char *const rows[] = {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0",
	    "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255",
	    "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255",
	    "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
	    /* IPv6 */
	    "2001:200::1", "2606:4700:4700::1111", "2400:3200::1", "3ffe::1", "3fff:1000::1",
	    "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		row_equal(rows[i], judge(rows[i]), true);
}

static void
other_families(void **state)
{
	const struct sockaddr a = {.sa_family = AF_UNIX};

	(void)state;
	row_equal("unix", address_public(&a), false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(not_public),
	    cmocka_unit_test(public),
	    cmocka_unit_test(other_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
