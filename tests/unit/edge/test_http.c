/*
 * Goal: what evhttp lacks holds: caps, deadlines, strict framing, a safe end for every connection.
 * Method: rude clients on a loopback socket, in the server's own event loop.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

#include "base/clock.h"
#include "edge/edge_world.h"

#define SUBMIT "/yuncang.v1.OrderService/SubmitOrder"
#define GET_HEALTH "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
#define TEXT(s) (s), sizeof(s) - 1

static struct reply r;

static int
setup(void **state)
{
	(void)state;
	world_open();
	world_serve();
	return 0;
}

/* The test changes settings and serves itself. */
static int
setup_quiet(void **state)
{
	(void)state;
	world_open();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	world_close();
	return 0;
}

static void
check_date(char text[32])
{
	struct tm tm = {0};
	const char *end;

	(void)snprintf(text, 32, "%s", reply_header(&r, "Date"));
	end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	assert_true(end != NULL && *end == '\0');
	assert_true(llabs((long long)(time(NULL) - timegm(&tm))) <= 1);
}

static void
test_get(void **state)
{
	char first[32], later[32];

	(void)state;
	world_raw(TEXT("GET /healthz?verbose=1 HTTP/1.1\r\nHost: a\r\n\r\n"), &r);
	assert_int_equal(r.status, 200);
	check_date(first);
	assert_string_equal(reply_header(&r, "Content-Length"), "18");
	loop_run_ms(world.base, 1100);
	world_raw(TEXT("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"), &r);
	check_date(later);
	assert_string_not_equal(first, later); /* it is made once a second, not once */
	assert_string_equal(r.body, "alive at /healthz\n");
	assert_string_equal(reply_header(&r, "Content-Type"), "text/plain; charset=utf-8");
	world_raw(TEXT("GET /console/a/b.js HTTP/1.1\r\nHost: a\r\n\r\n"), &r);
	assert_string_equal(r.body, "alive at /console/a/b.js\n");
	world_raw(TEXT("GET /healthz/x HTTP/1.1\r\nHost: a\r\n\r\n"), &r);
	assert_int_equal(r.status, 404);
	world_raw(TEXT("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"), &r);
	assert_int_equal(r.status, 405);
	assert_string_equal(reply_header(&r, "Allow"), "GET, HEAD");
	world_raw(TEXT("GET /healthz HTTP/1.0\r\n\r\n"), &r);
	assert_int_equal(r.status, 200);
}

/* What is said of the connection's future is what becomes of it. */
static void
test_keeps(void **state)
{
	static const struct {
		const char *request, *says;
		bool is_closed;
	} rows[] = {
	    {"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "", false},
	    {"GET /healthz HTTP/1.1\r\nHost: a\r\nconnection: Close\r\n\r\n", "close", true},
	    {"GET /healthz HTTP/1.0\r\n\r\n", "", true},
	    {"GET /healthz HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "keep-alive", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = world_connect();
		const char *says;

		client_send(world.base, fd, rows[i].request, strlen(rows[i].request));
		client_read(world.base, fd, &r);
		says = reply_header(&r, "Connection");
		row_text(rows[i].request, says != NULL ? says : "", rows[i].says);
		assert_int_equal(client_is_closed(world.base, fd, 100), rows[i].is_closed);
		close(fd);
	}
}

static void
test_head(void **state)
{
	int fd = world_connect();

	(void)state;
	client_send(world.base, fd, TEXT("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n" GET_HEALTH));
	loop_run_ms(world.base, 20);
	client_read(world.base, fd, &r);
	close(fd);
	/* The first reply says how long it would be; the next begins right behind its head. */
	assert_string_equal(reply_header(&r, "Content-Length"), "18");
	assert_memory_equal(r.body, "HTTP/1.1 200", 12);
}

static void
test_smuggling(void **state)
{
	static const struct {
		const char *in;
		size_t len;
	} rows[] = {
	    {TEXT("GET /healthz HTTP/1.1\nHost: a\n\n")},
	    {TEXT("GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n")},
	    {TEXT("GET /healthz HTTP/1.1\r\nHost: a\0b\r\n\r\n")},
	    {TEXT("GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n")},
	    {TEXT("GET /healthz HTTP/1.1\r\n\r\n")},
	    {TEXT("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")},
	    {TEXT("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")},
	    {TEXT("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx")},
	    {TEXT("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
	          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n")},
	    {TEXT("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+0\r\n\r\n")},
	    {TEXT("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n" GET_HEALTH)},
	    {TEXT("GET http://a/healthz HTTP/1.1\r\nHost: a\r\n\r\n")},
	    {TEXT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = world_connect();

		client_send(world.base, fd, rows[i].in, rows[i].len);
		client_read(world.base, fd, &r);
		if (r.status != 400 || strstr(r.body, "\"invalid_argument\"") == NULL)
			fail_msg("row %zu: %s", i, r.text);
		assert_string_equal(reply_header(&r, "Connection"), "close");
		assert_true(client_is_closed(world.base, fd, 500));
		close(fd);
		loop_run_ms(world.base, 5);
		assert_int_equal(http_connections(world.http), 0);
	}
	assert_int_equal(http_bytes(world.http), 0);
}

/* A good request, then rubbish behind it: the good one is answered, the connection closed. */
static void
test_rubbish_behind(void **state)
{
	int fd = world_connect();

	(void)state;
	client_send(world.base, fd, TEXT(GET_HEALTH "\x01\x02\x03"));
	client_read(world.base, fd, &r);
	assert_int_equal(r.status, 200);
	assert_true(client_is_closed(world.base, fd, 500));
	close(fd);
	/* The same in two pieces. */
	fd = world_connect();
	client_send(world.base, fd, TEXT(GET_HEALTH));
	client_read(world.base, fd, &r);
	assert_int_equal(r.status, 200);
	client_send(world.base, fd, TEXT("\x01\x02\x03"));
	client_read(world.base, fd, &r);
	assert_int_equal(r.status, 400);
	assert_true(client_is_closed(world.base, fd, 500));
	close(fd);
}

#define TAIL_LEN 1024

/* Bytes until the server closes, which it must; the last TAIL_LEN of them, or more, are left in r. */
static size_t
read_all(int fd)
{
	size_t total = 0;
	ssize_t n = -1;

	r.len = 0;
	for (int i = 0; i < 3000 && n != 0; i++) {
		while ((n = recv(fd, r.text + r.len, REPLY_SIZE_MAX - r.len, 0)) > 0) {
			total += (size_t)n;
			r.len += (size_t)n;
			if (r.len < REPLY_SIZE_MAX / 2)
				continue;
			memmove(r.text, r.text + r.len - TAIL_LEN, TAIL_LEN);
			r.len = TAIL_LEN;
		}
		loop_run_ms(world.base, 1);
	}
	assert_int_equal(n, 0);
	r.text[r.len] = '\0';
	return total;
}

/* Rubbish while a long reply is still on its way: that comes whole, then the refusal, then the end. */
static void
test_rubbish_while_writing(void **state)
{
	int fd = world_connect();

	(void)state;
	client_send(world.base, fd, TEXT("GET /console/big HTTP/1.1\r\nHost: a\r\n\r\n"));
	loop_run_ms(world.base, 10);
	client_send(world.base, fd, TEXT("\x01\x02\x03"));
	assert_true(read_all(fd) > 32 << 18);
	assert_non_null(strstr(r.text, "567890\nHTTP/1.1 400"));
	close(fd);
}

static void
test_pipelined(void **state)
{
	int fd = world_connect(), count = 0;

	(void)state;
	client_send(world.base, fd, TEXT(GET_HEALTH GET_HEALTH GET_HEALTH));
	loop_run_ms(world.base, 30);
	client_read(world.base, fd, &r);
	for (const char *at = r.text; (at = strstr(at, "alive at /healthz\n")) != NULL; at++)
		count++;
	assert_int_equal(count, 3);
	close(fd);
}

/* A request in chunks gets a reply that is not: nothing follows its body, and the next one is understood. */
static void
test_chunked_then_next(void **state)
{
	int fd = world_connect();

	(void)state;
	client_send(world.base, fd,
	    TEXT("POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	         "2\r\nab\r\n0\r\n\r\n"));
	loop_run_ms(world.base, 20);
	client_read(world.base, fd, &r);
	assert_int_equal(r.status, 405);
	assert_int_equal(r.len, (size_t)(r.body - r.text) + strlen(r.body));
	client_send(world.base, fd, TEXT(GET_HEALTH));
	client_read(world.base, fd, &r);
	assert_int_equal(r.status, 200);
	assert_memory_equal(r.text, "HTTP/1.1 200", 12);
	close(fd);
}

static int
submit_open(void)
{
	char text[512];
	int fd = world_connect();
	int n = snprintf(text, sizeof(text),
	    "POST " SUBMIT " HTTP/1.1\r\nHost: a\r\nContent-Type: application/proto\r\n"
	    "Authorization: Bearer %s\r\nContent-Length: 0\r\n\r\n",
	    world.storefront_key);

	client_send(world.base, fd, text, (size_t)n);
	loop_run_ms(world.base, 5);
	assert_non_null(world.held);
	return fd;
}

/* evhttp would end the process if it read in this state: what comes waits in the kernel. */
static void
test_bytes_while_waiting(void **state)
{
	int fd = submit_open();

	(void)state;
	client_send(world.base, fd, TEXT(GET_HEALTH));
	loop_run_ms(world.base, 20);
	world_answer();
	loop_run_ms(world.base, 20);
	client_read(world.base, fd, &r);
	assert_int_equal(r.status, 200);
	assert_non_null(strstr(r.text, "alive at /healthz\n"));
	close(fd);
}

/* A client that has said all it has to say still gets its answer. */
static void
test_half_closed(void **state)
{
	int fd = submit_open();

	(void)state;
	shutdown(fd, SHUT_WR);
	loop_run_ms(world.base, 20);
	world_answer();
	client_read(world.base, fd, &r);
	assert_int_equal(r.status, 200);
	close(fd);
	fd = world_connect();
	client_send(world.base, fd, TEXT("GET /console/big HTTP/1.1\r\nHost: a\r\n\r\n"));
	shutdown(fd, SHUT_WR);
	assert_true(read_all(fd) > 32 << 18);
	close(fd);
}

static void
test_flood_while_waiting(void **state)
{
	static char flood[4 << 20];
	int fd = submit_open();

	(void)state;
	for (size_t i = 0; i + sizeof(GET_HEALTH) < sizeof(flood); i += sizeof(GET_HEALTH) - 1)
		memcpy(flood + i, GET_HEALTH, sizeof(GET_HEALTH) - 1);
	/* The kernel takes some; we take none. */
	assert_true(send(fd, flood, sizeof(flood), MSG_NOSIGNAL) < (ssize_t)sizeof(flood));
	loop_run_ms(world.base, 50);
	assert_in_range(http_bytes(world.http), 0, 65536);
	world_answer();
	/* Replies that nobody reads: bounded as well. */
	for (int i = 0; i < 20; i++) {
		if (send(fd, flood, sizeof(flood), MSG_NOSIGNAL) < 0)
			loop_run_ms(world.base, 5);
		assert_in_range(http_bytes(world.http), 0, 1 << 20);
	}
	close(fd);
	loop_run_ms(world.base, 100);
	assert_int_equal(http_connections(world.http), 0);
	assert_int_equal(http_bytes(world.http), 0);
}

static void
test_slow_head(void **state)
{
	int64_t begin_us;
	int fd;

	(void)state;
	world.conf.request_ms_max = 150;
	world_serve();
	fd = world_connect();
	loop_run_ms(world.base, 300); /* idle: nothing has begun */
	assert_false(client_is_closed(world.base, fd, 0));
	begin_us = clock_mono_us();
	for (int i = 0; i < 30 && !client_is_closed(world.base, fd, 0); i++) {
		client_send(world.base, fd, "G" + (i > 0), 1 - (i > 0));
		loop_run_ms(world.base, 10);
	}
	client_read(world.base, fd, &r);
	assert_memory_equal(r.text, "HTTP/1.1 504 Gateway Timeout\r\n", 30);
	assert_true(client_is_closed(world.base, fd, 500));
	assert_true(clock_mono_us() - begin_us >= 150 * US_PER_MS);
	close(fd);
}

/* A byte now and then moves no deadline. */
static void
test_slow_body(void **state)
{
	int fd;

	(void)state;
	world.conf.request_ms_max = 200;
	world_serve();
	fd = world_connect();
	client_send(world.base, fd,
	    TEXT("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"));
	for (int i = 0; i < 100; i++) {
		char byte;

		client_send(world.base, fd, "x", 1);
		loop_run_ms(world.base, 10);
		if (recv(fd, &byte, 1, MSG_PEEK) == 1)
			break;
		assert_true(i < 60);
	}
	client_read(world.base, fd, &r);
	assert_int_equal(r.status, 504);
	close(fd);
	loop_run_ms(world.base, 20);
	assert_int_equal(http_connections(world.http), 0);
	assert_int_equal(http_bytes(world.http), 0);
}

static void
test_idle(void **state)
{
	int fd;

	(void)state;
	world.conf.idle_ms_max = 100;
	world_serve();
	fd = world_connect();
	client_send(world.base, fd, TEXT(GET_HEALTH));
	client_read(world.base, fd, &r);
	assert_int_equal(r.status, 200);
	assert_true(client_is_closed(world.base, fd, 400));
	close(fd);
}

static void
test_cap(void **state)
{
	int fds[6];

	(void)state;
	world.conf.connections_max = 3;
	world_serve();
	for (int i = 0; i < 6; i++)
		fds[i] = world_connect();
	loop_run_ms(world.base, 20);
	assert_int_equal(http_connections(world.http), 3);
	/* The fourth waits in the kernel's queue and is served when one goes. */
	client_send(world.base, fds[3], TEXT(GET_HEALTH));
	loop_run_ms(world.base, 20);
	assert_int_equal(recv(fds[3], r.text, 1, MSG_PEEK), -1);
	close(fds[0]);
	client_read(world.base, fds[3], &r);
	assert_int_equal(r.status, 200);
	assert_int_equal(http_connections(world.http), 3);
	for (int i = 1; i < 6; i++)
		close(fds[i]);
	loop_run_ms(world.base, 50);
	assert_int_equal(http_connections(world.http), 0);
}

/* Connections that never say a word are counted too, and leave. */
static void
test_silent(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++)
		close(world_connect());
	loop_run_ms(world.base, 50);
	assert_int_equal(http_connections(world.http), 0);
}

static void
test_drain(void **state)
{
	int busy = submit_open(), idle = world_connect(), reading = world_connect();
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int late = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	client_send(world.base, reading, TEXT("GET /healthz HT"));
	loop_run_ms(world.base, 5);
	assert_int_equal(http_connections(world.http), 3);
	http_drain(world.http);
	assert_true(client_is_closed(world.base, idle, 200));
	sa.sin_port = htons((uint16_t)http_port(world.http));
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(late, (struct sockaddr *)&sa, sizeof(sa)), -1);
	client_send(world.base, reading, TEXT("TP/1.1\r\nHost: a\r\n\r\n"));
	client_read(world.base, reading, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(reply_header(&r, "Connection"), "close");
	assert_true(client_is_closed(world.base, reading, 200));
	world_answer();
	client_read(world.base, busy, &r);
	assert_int_equal(r.status, 200);
	assert_true(client_is_closed(world.base, busy, 200));
	assert_int_equal(http_connections(world.http), 0);
	close(busy);
	close(idle);
	close(reading);
	close(late);
}

/* The server goes while a method holds its call; the answer comes later and goes nowhere. */
static void
test_free_while_waiting(void **state)
{
	int fd = submit_open();

	(void)state;
	http_free(world.http);
	world.http = NULL;
	world_answer();
	assert_int_equal(rpc_calls_open(world.rpc), 0);
	close(fd);
}

static void
test_listen(void **state)
{
	static const char *const bad[] = {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
	    "localhost:80", "::1:80", "[::1]", "127.0.0.1:+80", "256.0.0.1:80"};
	struct reason why;
	struct http_server *s;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		free(world.conf.listen);
		world.conf.listen = strdup(bad[i]);
		assert_int_equal(http_new(&s, world.base, &world.conf, &why), ERR_CONF);
		assert_string_equal(why.field, "listen");
	}
	free(world.conf.listen);
	world.conf.listen = strdup("127.0.0.1:0");
	free(world.conf.tls_cert_file);
	world.conf.tls_cert_file = strdup("/nowhere.pem");
	assert_int_equal(http_new(&s, world.base, &world.conf, &why), ERR_CONF);
	free(world.conf.tls_key_file);
	world.conf.tls_key_file = strdup("/nowhere.pem");
	assert_int_equal(http_new(&s, world.base, &world.conf, &why), ERR_CONF);
	free(world.conf.tls_cert_file);
	free(world.conf.tls_key_file);
	world.conf.tls_cert_file = strdup("");
	world.conf.tls_key_file = strdup("");
	world_serve();
	/* The same port again: refused, unless shared. */
	free(world.conf.listen);
	world.conf.listen = malloc(32);
	snprintf(world.conf.listen, 32, "127.0.0.1:%d", http_port(world.http));
	assert_int_equal(http_new(&s, world.base, &world.conf, &why), ERR_IO);
}

static void
test_ipv6(void **state)
{
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)state;
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		print_message("no IPv6 on this machine\n");
		if (fd >= 0)
			close(fd);
		world_serve();
		return;
	}
	close(fd);
	free(world.conf.listen);
	world.conf.listen = strdup("[::1]:0");
	world_serve();
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	sa.sin6_port = htons((uint16_t)http_port(world.http));
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), -1); /* under way */
	loop_run_ms(world.base, 10);
	client_send(world.base, fd, TEXT(GET_HEALTH));
	client_read(world.base, fd, &r);
	assert_int_equal(r.status, 200);
	close(fd);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define QUIET(f) cmocka_unit_test_setup_teardown(f, setup_quiet, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_get),
	    CASE(test_keeps),
	    CASE(test_head),
	    CASE(test_smuggling),
	    CASE(test_rubbish_behind),
	    CASE(test_rubbish_while_writing),
	    CASE(test_pipelined),
	    CASE(test_chunked_then_next),
	    CASE(test_bytes_while_waiting),
	    CASE(test_half_closed),
	    CASE(test_flood_while_waiting),
	    QUIET(test_slow_head),
	    QUIET(test_slow_body),
	    QUIET(test_idle),
	    QUIET(test_cap),
	    CASE(test_silent),
	    CASE(test_drain),
	    CASE(test_free_while_waiting),
	    QUIET(test_listen),
	    QUIET(test_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
