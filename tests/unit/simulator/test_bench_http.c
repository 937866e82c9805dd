/* An answer ends where its content-length says, whatever pieces it comes in. */
#include "unit.h"

#include "simulator/bench_http.h"

#define HEAD "HTTP/1.1 200 OK\r\n"

static void
test_rows(void **state)
{
	static const struct {
		const char *label, *in;
		enum bench_cut want;
		int status;
		size_t body_len;
	} rows[] = {
	    {"whole", HEAD "Content-Length: 3\r\n\r\nabc", CUT_WHOLE, 200, 3},
	    {"no body", HEAD "content-length: 0\r\n\r\n", CUT_WHOLE, 200, 0},
	    {"no space", HEAD "content-length:2\r\n\r\nab", CUT_WHOLE, 200, 2},
	    {"other headers", HEAD "Content-Type: a/b\r\nCONTENT-LENGTH: 1\r\nDate: x\r\n\r\na",
	        CUT_WHOLE, 200, 1},
	    {"refusal", "HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n{}", CUT_WHOLE, 409, 2},
	    {"line feeds in the body", HEAD "Content-Length: 5\r\n\r\n\r\n\r\nx", CUT_WHOLE, 200,
	        5},
	    {"body is short", HEAD "Content-Length: 4\r\n\r\nabc", CUT_MORE, 200, 4},
	    {"head is short", HEAD "Content-Length: 4\r\n\r", CUT_MORE, 200, 0},
	    {"nothing", "", CUT_MORE, 0, 0},
	    {"more than one answer", HEAD "Content-Length: 1\r\n\r\nabc", CUT_BAD, 200, 1},
	    {"no length", HEAD "Content-Type: a/b\r\n\r\n", CUT_BAD, 200, 0},
	    {"length twice", HEAD "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", CUT_BAD, 200,
	        0},
	    {"length without digits", HEAD "Content-Length: \r\n\r\n", CUT_BAD, 200, 0},
	    {"length with a sign", HEAD "Content-Length: -1\r\n\r\n", CUT_BAD, 200, 0},
	    {"length beyond reason", HEAD "Content-Length: 99999999999\r\n\r\n", CUT_BAD, 200, 0},
	    {"chunks", HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", CUT_BAD, 200, 0},
	    {"informational", "HTTP/1.1 100 Continue\r\n\r\n", CUT_BAD, 100, 0},
	    {"no status", "HTTP/1.1 2x0 OK\r\n\r\n", CUT_BAD, 0, 0},
	    {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", CUT_BAD, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct bench_http h = {0};

		row_equal(rows[i].label,
		    bench_http_cut((const uint8_t *)rows[i].in, strlen(rows[i].in), &h),
		    rows[i].want);
		if (rows[i].want != CUT_WHOLE)
			continue;
		row_equal(rows[i].label, h.status, rows[i].status);
		row_equal(rows[i].label, h.body_len, rows[i].body_len);
		row_equal(rows[i].label, h.head_len + h.body_len, strlen(rows[i].in));
	}
}

/* At every place where a read may end, more is wanted; at the last one it is whole. */
static void
test_every_cut(void **state)
{
	static const char answer[] = HEAD
	    "Content-Type: application/proto\r\nContent-Length: 12\r\n\r\nhello\r\n\r\nyou";
	struct bench_http h;

	(void)state;
	for (size_t len = 0; len < strlen(answer); len++)
		row_equal("cut", bench_http_cut((const uint8_t *)answer, len, &h), CUT_MORE);
	row_equal("whole", bench_http_cut((const uint8_t *)answer, strlen(answer), &h), CUT_WHOLE);
	row_equal("body", memcmp(answer + h.head_len, "hello\r\n\r\nyou", 12), 0);
}

static void
test_long_head(void **state)
{
	static uint8_t head[2 * BENCH_HEAD_SIZE_MAX];
	struct bench_http h;

	(void)state;
	memset(head, 'x', sizeof(head));
	memcpy(head, HEAD, strlen(HEAD));
	row_equal("below", bench_http_cut(head, BENCH_HEAD_SIZE_MAX - 1, &h), CUT_MORE);
	row_equal("above", bench_http_cut(head, BENCH_HEAD_SIZE_MAX, &h), CUT_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_every_cut), cmocka_unit_test(test_long_head)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
