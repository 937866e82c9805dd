#include "edge/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct net4 {
	uint32_t net;
	int bits;
};

/* IPv4 networks that are not public. */
static const struct net4 closed4[] = {
    {0x00000000, 8},  /* 0.0.0.0/8, this network */
    {0x0a000000, 8},  /* 10.0.0.0/8, private */
    {0x64400000, 10}, /* 100.64.0.0/10, shared by carriers */
    {0x7f000000, 8},  /* 127.0.0.0/8, loopback */
    {0xa9fe0000, 16}, /* 169.254.0.0/16, link-local; clouds keep credentials there */
    {0xac100000, 12}, /* 172.16.0.0/12, private */
    {0xc0000000, 24}, /* 192.0.0.0/24, protocol assignments */
    {0xc0000200, 24}, /* 192.0.2.0/24, documentation */
    {0xc0586300, 24}, /* 192.88.99.0/24, 6to4 relays */
    {0xc0a80000, 16}, /* 192.168.0.0/16, private */
    {0xc6120000, 15}, /* 198.18.0.0/15, benchmarks */
    {0xc6336400, 24}, /* 198.51.100.0/24, documentation */
    {0xcb007100, 24}, /* 203.0.113.0/24, documentation */
    {0xe0000000, 4},  /* 224.0.0.0/4, multicast */
    {0xf0000000, 4},  /* 240.0.0.0/4, reserved, and broadcast */
};

struct net6 {
	uint8_t net[6];
	int bits;
};

/* IPv6 networks within 2000::/3 that are not public. */
static const struct net6 closed6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* 2001::/23, Teredo and other assignments */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* 2001:db8::/32, documentation */
    {{0x3f, 0xff, 0x00}, 20},       /* 3fff::/20, documentation */
};
static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}; /* ::ffff:0:0/96 */
static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};                       /* 64:ff9b::/96 */

static bool
public4(uint32_t a)
{
	for (size_t i = 0; i < sizeof(closed4) / sizeof(closed4[0]); i++)
		if ((a ^ closed4[i].net) >> (32 - closed4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t
be32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool
in_net6(const uint8_t *a, const struct net6 *n)
{
	int whole = n->bits / 8, rest = n->bits % 8;

	if (memcmp(a, n->net, (size_t)whole) != 0)
		return false;
	return rest == 0 || (a[whole] ^ n->net[whole]) >> (8 - rest) == 0;
}

static bool
public6(const uint8_t *a)
{
	if (memcmp(a, mapped, sizeof(mapped)) == 0 || memcmp(a, nat64, sizeof(nat64)) == 0)
		return public4(be32_at(a + 12));
	if (a[0] == 0x20 && a[1] == 0x02) /* 2002::/16, 6to4 */
		return public4(be32_at(a + 2));
	for (size_t i = 0; i < sizeof(closed6) / sizeof(closed6[0]); i++)
		if (in_net6(a, &closed6[i]))
			return false;
	return a[0] >> 5 == 1; /* 2000::/3 */
}

bool
address_public(const struct sockaddr *a)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	switch (a->sa_family) {
	case AF_INET:
		memcpy(&in4, a, sizeof(in4));
		return public4(ntohl(in4.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&in6, a, sizeof(in6));
		return public6(in6.sin6_addr.s6_addr);
	default:
		return false;
	}
}
