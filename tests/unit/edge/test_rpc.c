/*
 * Goal: a Connect client gets what the protocol promises, and each check answers in its turn.
 * Method: raw requests over a loopback socket, server and client in one event loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "yuncang/v1/order.pb-c.h"

#include "base/clock.h"
#include "edge/edge_world.h"

#define QUOTE "/yuncang.v1.OrderService/Quote"
#define SUBMIT "/yuncang.v1.OrderService/SubmitOrder"
#define GET "/yuncang.v1.OrderService/GetOrder"
#define JSON "Content-Type: application/json\r\n"
#define PROTO "Content-Type: application/proto\r\n"

static struct reply r;

static int
setup(void **state)
{
	(void)state;
	world_open();
	world_serve();
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
post_text(const char *path, const char *headers, const char *body)
{
	world_post(path, headers, body, strlen(body), &r);
}

static void
expect(int status, const char *part)
{
	if (r.status != status || r.body == NULL || strstr(r.body, part) == NULL)
		fail_msg("%d, not %d with %s: %s", r.status, status, part, r.text);
}

static void
test_json(void **state)
{
	(void)state;
	post_text(QUOTE, JSON "connect-protocol-version: 1\r\n",
	    "{\"basket\":{\"storefront\":\"S1\",\"lines\":[{},{}]}}");
	expect(200, "{\"owner\":{\"dealer\":\"S1\"},\"policyVersion\":2}");
	assert_string_equal(reply_header(&r, "Content-Type"), "application/json");
	assert_int_equal(strlen(reply_header(&r, "x-request-id")), 16);
	assert_false(r.is_closed);
	post_text(QUOTE, "Content-Type: application/json; charset=UTF-8\r\n", "{}");
	expect(200, "{}");
}

static void
test_proto(void **state)
{
	Yuncang__V1__QuoteResponse *a;

	(void)state;
	world_post(QUOTE, PROTO, "\x0a\x08\x0a\x02S1\x1a\x00\x1a\x00", 10, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(reply_header(&r, "Content-Type"), "application/proto");
	a = yuncang__v1__quote_response__unpack(NULL, r.body_len, (const uint8_t *)r.body);
	assert_non_null(a);
	assert_string_equal(a->owner->dealer, "S1");
	assert_int_equal(a->policy_version, 2);
	yuncang__v1__quote_response__free_unpacked(a, NULL);
	/* A message of no bytes, both ways. */
	world_post(QUOTE, PROTO, "", 0, &r);
	assert_int_equal(r.status, 200);
	assert_int_equal(r.body_len, 0);
	assert_string_equal(reply_header(&r, "Content-Length"), "0");
}

static size_t
gzip(const void *p, size_t len, uint8_t *out, size_t size)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	memcpy(&z.next_in, &p, sizeof(p));
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return size - z.avail_out;
}

static void
test_gzip(void **state)
{
	static const char body[] = "{\"basket\":{\"storefront\":\"S1\",\"lines\":[{}]}}";
	static uint8_t bomb[3 << 20], packed[65536];
	size_t len;

	(void)state;
	len = gzip(body, sizeof(body) - 1, packed, sizeof(packed));
	for (int i = 0; i < 3; i++) { /* the inflater is used again */
		world_post(QUOTE, JSON "Content-Encoding: gzip\r\n", packed, len, &r);
		expect(200, "\"policyVersion\":1");
	}
	world_post(QUOTE, JSON "Content-Encoding: gzip\r\n", packed, len - 1, &r);
	expect(400, "not gzip");
	packed[len] = 0;
	world_post(QUOTE, JSON "Content-Encoding: gzip\r\n", packed, len + 1, &r);
	expect(400, "not gzip");
	world_post(QUOTE, JSON "Content-Encoding: gzip\r\n", body, sizeof(body) - 1, &r);
	expect(400, "not gzip");
	world_post(QUOTE, PROTO "Content-Encoding: gzip\r\n", "", 0, &r);
	assert_int_equal(r.status, 200);
	post_text(QUOTE, JSON "Content-Encoding: identity\r\n", "{}");
	expect(200, "{}");
	/* 3 MiB of blanks in 3 kB: one byte of them over the limit is enough. */
	memset(bomb, ' ', sizeof(bomb));
	len = gzip(bomb, sizeof(bomb), packed, sizeof(packed));
	world_post(QUOTE, JSON "Content-Encoding: gzip\r\n", packed, len, &r);
	expect(429, "\"resource_exhausted\"");
	post_text(QUOTE, JSON "Content-Encoding: br\r\n", "{}");
	expect(501, "\"unimplemented\"");
	assert_string_equal(reply_header(&r, "Accept-Encoding"), "gzip");
}

static void
test_chunks(void **state)
{
	char text[512];
	int n;

	(void)state;
	n = snprintf(text, sizeof(text),
	    "POST " QUOTE " HTTP/1.1\r\nHost: a\r\n" JSON "Authorization: Bearer %s\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
	    world.storefront_key);
	world_raw(text, (size_t)n, &r);
	expect(200, "{}");
}

static void
test_expect(void **state)
{
	char text[512];
	int n, fd;

	(void)state;
	n = snprintf(text, sizeof(text),
	    "POST " QUOTE " HTTP/1.1\r\nHost: a\r\n" JSON "Authorization: Bearer %s\r\n"
	    "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n",
	    world.storefront_key);
	fd = world_connect();
	client_send(world.base, fd, text, (size_t)n);
	loop_run_ms(world.base, 5);
	client_send(world.base, fd, "{}", 2);
	client_read(world.base, fd, &r);
	expect(200, "{}");
	close(fd);
}

/* Route, method, readiness, key, role, encoding, size, decoding: the first that fails is told. */
static void
test_order_of_checks(void **state)
{
	char text[512];
	int n;

	(void)state;
	rpc_ready_set(world.rpc, false);
	n = snprintf(text, sizeof(text), "PUT /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
	world_raw(text, (size_t)n, &r);
	expect(404, "\"unimplemented\"");
	n = snprintf(text, sizeof(text), "PUT " GET " HTTP/1.1\r\nHost: a\r\n\r\n");
	world_raw(text, (size_t)n, &r);
	expect(405, "\"unimplemented\"");
	assert_string_equal(reply_header(&r, "Allow"), "POST");
	n = snprintf(text, sizeof(text),
	    "POST " GET " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
	world_raw(text, (size_t)n, &r);
	expect(503, "\"unavailable\"");
	rpc_ready_set(world.rpc, true);
	world_raw(text, (size_t)n, &r);
	expect(401, "\"unauthenticated\"");
	post_text(GET, "Content-Type: text/plain\r\n", "x");
	expect(403, "\"permission_denied\"");
	memcpy(world.storefront_key, world.finance_key, KEY_TEXT_SIZE);
	post_text(GET, "Content-Type: text/plain\r\n", "x");
	assert_int_equal(r.status, 415);
	assert_non_null(strstr(reply_header(&r, "Accept-Post"), "application/proto"));
	post_text(GET, JSON "connect-protocol-version: 2\r\n", "x");
	expect(400, "connect-protocol-version: ");
	post_text(GET, JSON "Content-Encoding: zstd\r\nconnect-timeout-ms: x\r\n", "x");
	expect(501, "content-encoding: ");
	post_text(GET, JSON "connect-timeout-ms: 12345678901\r\n", "x");
	expect(400, "connect-timeout-ms: ");
	post_text(GET, JSON "connect-timeout-ms: -1\r\n", "x");
	expect(400, "connect-timeout-ms: ");
	post_text(GET, JSON "connect-timeout-ms: 0\r\n", "x");
	expect(504, "\"deadline_exceeded\"");
	post_text(GET, JSON, "                                                                 x");
	expect(429, "\"resource_exhausted\"");
	post_text(GET, JSON, "x");
	expect(400, "\"invalid_argument\"");
	post_text(GET, JSON, "{}");
	expect(404, "\"not_found\"");
}

static void
test_not_ready_without_keys(void **state)
{
	(void)state;
	rpc_keys_set(world.rpc, NULL);
	post_text(QUOTE, JSON, "{}");
	expect(503, "\"reason\":\"not_ready\"");
}

static void
test_error_body(void **state)
{
	(void)state;
	memcpy(world.storefront_key, world.finance_key, KEY_TEXT_SIZE);
	world_post(GET, PROTO, "", 0, &r);
	assert_int_equal(r.status, 404);
	assert_string_equal(reply_header(&r, "Content-Type"), "application/json");
	assert_string_equal(r.body,
	    "{\"code\":\"not_found\",\"message\":\"order_id: there is no \\\"such\\\" order\","
	    "\"details\":[{\"type\":\"yuncang.v1.ErrorDetail\",\"value\":"
	    "\"Cglub3RfZm91bmQSCG9yZGVyX2lkGhh0aGVyZSBpcyBubyAic3VjaCIgb3JkZXI\","
	    "\"debug\":{\"reason\":\"not_found\",\"field\":\"order_id\","
	    "\"text\":\"there is no \\\"such\\\" order\"}},"
	    "{\"type\":\"yuncang.v1.QuoteResponse\",\"value\":\"KAc\","
	    "\"debug\":{\"policyVersion\":7}}]}");
}

static void
test_bad_bodies(void **state)
{
	static const struct {
		const char *body, *part;
	} rows[] = {
	    {"{\"basket\":{\"lines\":[{},{\"quantity\":\"x\"}]}}", "basket.lines[1].quantity: "},
	    {"{\"basket\":{\"colour\":1}}", "basket.colour: "},
	    {"{\"basket\":{\"way\":\"WAY_X\"}}", "basket.way: "},
	    {"{\"basket\":", "not JSON"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		post_text(QUOTE, JSON, rows[i].body);
		expect(400, rows[i].part);
	}
	world_post(QUOTE, PROTO, "\x0a\x03\x0a\x01\xff", 5, &r);
	expect(400, "basket.storefront: ");
	world_post(QUOTE, PROTO, "\x0a\x03\x0a", 3, &r);
	expect(400, "basket: ");
	world_post(QUOTE, PROTO, "\x78\x01", 2, &r);
	expect(400, "unknown field number 15");
	assert_int_equal(world.quotes, 0);
}

static void
test_sizes(void **state)
{
	static char body[17 << 20];
	char headers[64];

	(void)state;
	memset(body, ' ', sizeof(body));
	post_text(QUOTE, JSON, "{}");
	expect(200, "{}");
	/* Over the method's limit, all of it read; over twice the limit, told at once. */
	world_post(QUOTE, JSON, body, (2 << 20) + 1, &r);
	expect(429, "\"too_large\"");
	assert_false(r.is_closed);
	world_post(QUOTE, PROTO, body, 10 << 20, &r);
	expect(429, "\"too_large\"");
	world_post(QUOTE, PROTO, body, 17 << 20, &r);
	expect(429, "\"too_large\"");
	assert_string_equal(reply_header(&r, "Connection"), "close");
	assert_int_equal(http_bytes(world.http), 0);
	snprintf(headers, sizeof(headers), "X-A: %050d\r\n", 1);
	world.conf.bytes_in_flight_max = 100;
	world_post(QUOTE, headers, body, 50, &r);
	expect(429, "\"busy\"");
	assert_int_equal(http_bytes(world.http), 0);
}

static void
submit(int fd, const char *headers)
{
	char text[512];
	int n = snprintf(text, sizeof(text),
	    "POST " SUBMIT " HTTP/1.1\r\nHost: a\r\n" JSON "Authorization: Bearer %s\r\n"
	    "Content-Length: 2\r\n%s\r\n{}",
	    world.storefront_key, headers);

	client_send(world.base, fd, text, (size_t)n);
	loop_run_ms(world.base, 5);
}

static void
test_later(void **state)
{
	int fd = world_connect();

	(void)state;
	for (int i = 0; i < 3; i++) { /* on one connection */
		submit(fd, "");
		assert_non_null(world.held);
		assert_int_equal(rpc_calls_open(world.rpc), 1);
		assert_true(world.held->deadline_us > clock_mono_us() + 25 * US_PER_S);
		world_answer();
		client_read(world.base, fd, &r);
		expect(200, "{\"orderId\":\"0193-x\"}");
	}
	close(fd);
}

static void
test_deadline(void **state)
{
	int fd = world_connect();

	(void)state;
	submit(fd, "connect-timeout-ms: 20\r\n");
	client_read(world.base, fd, &r);
	expect(504, "\"deadline_exceeded\"");
	assert_non_null(strstr(r.body, "\"retry\":true"));
	assert_int_equal(rpc_calls_open(world.rpc), 1); /* its method still works on it */
	close(fd);
}

static void
test_late_answer(void **state)
{
	struct call *first;
	int fd = world_connect();

	(void)state;
	submit(fd, "connect-timeout-ms: 10\r\n");
	client_read(world.base, fd, &r);
	expect(504, "deadline");
	first = world.held;
	world.held = NULL;
	submit(fd, "");
	assert_non_null(world.held);
	assert_ptr_not_equal(world.held, first);
	world_answer();
	client_read(world.base, fd, &r);
	expect(200, "0193-x");
	world.held = first;
	world_answer(); /* goes nowhere */
	loop_run_ms(world.base, 5);
	assert_int_equal(recv(fd, r.text, 1, MSG_PEEK), -1);
	close(fd);
}

static void
test_hang_up(void **state)
{
	int fd = world_connect();

	(void)state;
	submit(fd, "");
	close(fd);
	loop_run_ms(world.base, 20);
	assert_non_null(world.held); /* the order finishes, as it should */
	world_answer();
	loop_run_ms(world.base, 20);
	assert_int_equal(rpc_calls_open(world.rpc), 0);
	assert_int_equal(http_connections(world.http), 0);
	assert_int_equal(http_bytes(world.http), 0);
}

/* The principal belongs to the call: the table may go while it runs. */
static void
test_keys_swapped(void **state)
{
	int fd = world_connect();

	(void)state;
	submit(fd, "");
	rpc_keys_set(world.rpc, NULL);
	assert_int_equal(world.held->principal->role, ROLE_STOREFRONT);
	assert_true(principal_may(world.held->principal, "storefront", "S9"));
	world_answer();
	close(fd);
}

static void
test_metrics(void **state)
{
	struct buf b;

	(void)state;
	post_text(QUOTE, JSON, "{}");
	post_text(QUOTE, JSON, "x");
	buf_init(&b, 65536);
	rpc_metrics(world.rpc, &b);
	assert_non_null(strstr(buf_cstr(&b), "rpc_calls_total{method=\"" QUOTE "\"} 2"));
	assert_non_null(strstr(buf_cstr(&b), "rpc_errors_total{error=\"bad_body\"} 1"));
	buf_release(&b);
}

/* A fresh server for each, so that what one leaves behind cannot help another. */
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static int
teardown_late(void **state)
{
	world_answer();
	return teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_json),
	    CASE(test_proto),
	    CASE(test_gzip),
	    CASE(test_chunks),
	    CASE(test_expect),
	    CASE(test_order_of_checks),
	    CASE(test_not_ready_without_keys),
	    CASE(test_error_body),
	    CASE(test_bad_bodies),
	    CASE(test_sizes),
	    CASE(test_later),
	    CASE(test_late_answer),
	    CASE(test_hang_up),
	    CASE(test_keys_swapped),
	    CASE(test_metrics),
	    cmocka_unit_test_setup_teardown(test_deadline, setup, teardown_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
