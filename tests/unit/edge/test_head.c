/*
 * Goal: only heads and chunks that every reader of HTTP understands alike pass.
 * Method: labelled rows, fed in one piece and byte by byte; the refusals with their text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "edge/head.h"

#define HEAD_SIZE_MAX 256
#define BODY_SIZE_MAX 1000
#define TEXT(s) (s), sizeof(s) - 1
#define HOST "Host: a\r\n"

static const struct {
	const char *label;
	const char *in;
	size_t len;
	int requests;
} good_rows[] = {
    {"GET", TEXT("GET / HTTP/1.1\r\n" HOST "\r\n"), 1},
    {"HEAD of 1.0 without Host", TEXT("HEAD /healthz HTTP/1.0\r\n\r\n"), 1},
    {"POST with a body", TEXT("POST /a/b HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"), 1},
    {"POST of nothing", TEXT("POST /a HTTP/1.1\r\n" HOST "content-length:0\r\n\r\n"), 1},
    {"chunks",
        TEXT("POST /a HTTP/1.1\r\n" HOST
             "Transfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"),
        1},
    {"blanks behind a value", TEXT("POST /a HTTP/1.1\r\n" HOST "Content-Length: 1 \t \r\n\r\nx"),
        1},
    {"an empty value", TEXT("GET / HTTP/1.1\r\n" HOST "X:\r\nY: \r\n\r\n"), 1},
    {"UTF-8 in a value", TEXT("GET / HTTP/1.1\r\n" HOST "X: \xe4\xba\x91\r\n\r\n"), 1},
    {"a body that looks like a head",
        TEXT("POST /a HTTP/1.1\r\n" HOST "Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n"), 1},
    {"two behind each other",
        TEXT(
            "GET / HTTP/1.1\r\n" HOST "\r\nPOST /b HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx"),
        2},
    {"half a head", TEXT("POST /a HTTP/1.1\r\nHos"), 0},
    {"Expect",
        TEXT("POST /a HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n"), 0},
};

static const struct {
	const char *label;
	const char *in;
	size_t len;
	const char *text; /* part of it */
} bad_rows[] = {
    {"bare LF", TEXT("GET / HTTP/1.1\nHost: a\n\n"), "only HTTP/1.1"},
    {"bare LF behind a header", TEXT("GET / HTTP/1.1\r\nHost: a\n\r\n"), "control"},
    {"bare CR in a value", TEXT("GET / HTTP/1.1\r\nHost: a\rb\r\n"), "CR LF"},
    {"bare CR at the end", TEXT("GET / HTTP/1.1\r\n" HOST "\rX"), "CR LF"},
    {"folded line", TEXT("GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n"), "folded"},
    {"folded by a tab", TEXT("GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n"), "folded"},
    {"NUL in a value", TEXT("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"), "control"},
    {"NUL in a name", TEXT("GET / HTTP/1.1\r\nHo\0st: a\r\n\r\n"), "name"},
    {"NUL in the target", TEXT("GET /\0 HTTP/1.1\r\n\r\n"), "target"},
    {"DEL in a value", TEXT("GET / HTTP/1.1\r\nHost: \x7f\r\n\r\n"), "control"},
    {"blank before the colon", TEXT("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), "name"},
    {"no name", TEXT("GET / HTTP/1.1\r\n: a\r\n\r\n"), "no name"},
    {"no colon", TEXT("GET / HTTP/1.1\r\nHost\r\n\r\n"), "name"},
    {"UTF-8 in a name", TEXT("GET / HTTP/1.1\r\nH\xc3\xb6st: a\r\n\r\n"), "name"},
    {"tab before a value", TEXT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\tchunked\r\n\r\n"),
        "tab"},
    {"no Host", TEXT("GET / HTTP/1.1\r\nX: a\r\n\r\n"), "Host is missing"},
    {"Host twice", TEXT("GET / HTTP/1.1\r\n" HOST HOST "\r\n"), "Host is there twice"},
    {"Host empty", TEXT("GET / HTTP/1.1\r\nHost: \r\n\r\n"), "empty"},
    {"Content-Length twice",
        TEXT("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
        "twice"},
    {"Content-Length as a list", TEXT("POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\nx"),
        "not a number"},
    {"Content-Length signed", TEXT("POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\nx"),
        "not a number"},
    {"Content-Length negative", TEXT("POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"),
        "not a number"},
    {"Content-Length in hexadecimal",
        TEXT("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n"), "not a number"},
    {"Content-Length empty", TEXT("POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n"),
        "not a number"},
    {"Content-Length beyond 64 bits",
        TEXT("POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n\r\nx"),
        "not a number"},
    {"Content-Length missing", TEXT("POST / HTTP/1.1\r\n" HOST "\r\n"), "missing"},
    {"length and chunks",
        TEXT("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        "both"},
    {"chunks and length",
        TEXT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
        "both"},
    {"chunked twice",
        TEXT("POST / HTTP/1.1\r\n" HOST
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
        "twice"},
    {"another coding", TEXT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
        "not chunked"},
    {"a coding hidden behind blanks",
        TEXT("POST / HTTP/1.1\r\n" HOST
             "Transfer-Encoding: chunked                                          x\r\n\r\n"),
        "not chunked"},
    {"chunks in 1.0", TEXT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), "1.0"},
    {"GET with a body", TEXT("GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx"), "only POST"},
    {"GET with chunks", TEXT("GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"),
        "only POST"},
    {"another Expect", TEXT("POST / HTTP/1.1\r\n" HOST "Expect: gold\r\n\r\n"), "Expect"},
    {"an absolute target", TEXT("GET http://a/ HTTP/1.1\r\n" HOST "\r\n"), "slash"},
    {"a star", TEXT("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), "slash"},
    {"two slashes", TEXT("GET //a/ HTTP/1.1\r\n" HOST "\r\n"), "two slashes"},
    {"a fragment", TEXT("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), "target"},
    {"two blanks", TEXT("GET /  HTTP/1.1\r\n" HOST "\r\n"), "only HTTP"},
    {"HTTP/2", TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "slash"},
    {"HTTP/1.2", TEXT("GET / HTTP/1.2\r\n" HOST "\r\n"), "only HTTP"},
    {"no version", TEXT("GET /\r\n"), "target"},
    {"a method in lower case", TEXT("get / HTTP/1.1\r\n"), "method"},
    {"no method", TEXT(" / HTTP/1.1\r\n"), "no method"},
    {"an empty line first", TEXT("\r\nGET / HTTP/1.1\r\n"), "method"},
    {"TLS", TEXT("\x16\x03\x01\x02"), "method"},
    {"chunk size signed",
        TEXT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n+1\r\n"), "hexadecimal"},
    {"chunk size 0x", TEXT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x1\r\n"),
        "hexadecimal"},
    {"chunk without a size",
        TEXT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n\r\n"), "no size"},
    {"chunk size of nine digits",
        TEXT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n000000001\r\n"),
        "too long"},
    {"chunk extension",
        TEXT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1;a\r\n"),
        "hexadecimal"},
    {"chunk longer than its size",
        TEXT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nabc"), "CR LF"},
    {"bare LF behind a chunk size",
        TEXT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\nx"), "hexadecimal"},
    {"a trailer",
        TEXT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n\r\n"),
        "trailers"},
    {"rubbish behind a good one", TEXT("GET / HTTP/1.1\r\n" HOST "\r\n\x01"), "method"},
};

static bool
feed_bytes(struct head *h, const char *in, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!head_feed(h, (const uint8_t *)in + i, 1))
			return false;
	}
	return true;
}

static void
test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good_rows) / sizeof(good_rows[0]); i++) {
		for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
			struct head h;
			bool ok;

			head_init(&h, HEAD_SIZE_MAX, BODY_SIZE_MAX);
			ok = by_bytes
			    ? feed_bytes(&h, good_rows[i].in, good_rows[i].len)
			    : head_feed(&h, (const uint8_t *)good_rows[i].in, good_rows[i].len);
			if (!ok || h.requests != (uint64_t)good_rows[i].requests)
				fail_msg("%s: %s", good_rows[i].label, ok ? "count" : h.text);
			assert_int_equal(head_is_between(&h), good_rows[i].requests > 0);
		}
	}
}

static void
test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
		for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
			struct head h;
			bool ok;

			head_init(&h, HEAD_SIZE_MAX, BODY_SIZE_MAX);
			ok = by_bytes
			    ? feed_bytes(&h, bad_rows[i].in, bad_rows[i].len)
			    : head_feed(&h, (const uint8_t *)bad_rows[i].in, bad_rows[i].len);
			if (ok)
				fail_msg("%s: passed", bad_rows[i].label);
			assert_int_equal(h.err, ERR_BAD_BODY);
			if (strstr(h.text, bad_rows[i].text) == NULL)
				fail_msg("%s: %s", bad_rows[i].label, h.text);
			/* Nothing is looked at any more. */
			assert_false(head_feed(&h, (const uint8_t *)"x", 1));
		}
	}
}

static void
test_sizes(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nX: ";
	static const char length[] = "POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n";
	static const char chunks[] = "POST / HTTP/1.1\r\n" HOST
	                             "Transfer-Encoding: chunked\r\n\r\n3e8\r\n";
	static const uint8_t data[1002] = {[1000] = '\r', [1001] = '\n'};
	struct head h;

	(void)state;
	head_init(&h, HEAD_SIZE_MAX, BODY_SIZE_MAX);
	assert_true(head_feed(&h, (const uint8_t *)head, sizeof(head) - 1));
	for (size_t i = sizeof(head) - 1; i < HEAD_SIZE_MAX; i++)
		assert_true(head_feed(&h, (const uint8_t *)"a", 1));
	assert_false(head_feed(&h, (const uint8_t *)"a", 1));
	assert_int_equal(h.err, ERR_TOO_LARGE);

	head_init(&h, HEAD_SIZE_MAX, BODY_SIZE_MAX);
	assert_false(head_feed(&h, (const uint8_t *)length, sizeof(length) - 1));
	assert_int_equal(h.err, ERR_TOO_LARGE);

	head_init(&h, HEAD_SIZE_MAX, BODY_SIZE_MAX);
	assert_true(head_feed(&h, (const uint8_t *)chunks, sizeof(chunks) - 1));
	assert_true(head_feed(&h, data, sizeof(data)));
	assert_false(head_feed(&h, (const uint8_t *)"1\r\n", 3));
	assert_int_equal(h.err, ERR_TOO_LARGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
