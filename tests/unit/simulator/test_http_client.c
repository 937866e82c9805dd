#include "unit.h"

#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/clock.h"
#include "base/log.h"
#include "simulator/http_client.h"

/* A responder that answers what it is told to, after a whole request; it knows no HTTP. */
struct responder {
	struct event_base *base;
	struct evconnlistener *listener;
	const char *answer; /* NULL: closes instead */
	int connections, requests, open;
	char url[64], last[4096];
};

static void
on_request(struct bufferevent *bev, void *ctx)
{
	struct responder *r = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\nBODY", 8, NULL);
	int n;

	if (end.pos < 0)
		return;
	n = evbuffer_remove(in, r->last, sizeof(r->last) - 1);
	r->last[n] = '\0';
	r->requests++;
	if (r->answer == NULL) {
		r->open--;
		bufferevent_free(bev);
	} else
		(void)bufferevent_write(bev, r->answer, strlen(r->answer));
}

static void
on_gone(struct bufferevent *bev, short what, void *ctx)
{
	struct responder *r = ctx;

	(void)what;
	r->open--;
	bufferevent_free(bev);
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *ctx)
{
	struct responder *r = ctx;
	struct bufferevent *bev = bufferevent_socket_new(r->base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)l;
	(void)sa;
	(void)len;
	r->connections++;
	r->open++;
	bufferevent_setcb(bev, on_request, NULL, on_gone, r);
	assert_int_equal(bufferevent_enable(bev, EV_READ | EV_WRITE), 0);
}

static void
responder_start(struct responder *r, struct event_base *base)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	*r = (struct responder){.base = base};
	r->listener = evconnlistener_new_bind(base, on_accept, r,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 16, (struct sockaddr *)&at, sizeof(at));
	assert_non_null(r->listener);
	assert_int_equal(getsockname(evconnlistener_get_fd(r->listener), (struct sockaddr *)&at,
	                     &len),
	    0);
	(void)snprintf(r->url, sizeof(r->url), "http://127.0.0.1:%d", ntohs(at.sin_port));
}

struct seen {
	struct event_base *base;
	int left, status;
	char body[64];
	int statuses[8], count;
};

static void
on_done(struct http_call *call, int status, const uint8_t *body, size_t len)
{
	struct seen *s = call->ctx;

	s->status = status;
	s->statuses[s->count++] = status;
	(void)snprintf(s->body, sizeof(s->body), "%.*s", (int)len,
	    body != NULL ? (const char *)body : "");
	if (--s->left == 0)
		(void)event_base_loopbreak(s->base);
}

static const uint8_t request[] = "BODY";

/* ${count} calls at once over ${connections} connections; what the last one saw is in ${s}. */
static void
calls_make(struct responder *r, const char *url, int connections, int count, int64_t cut,
    struct seen *s)
{
	struct http_client_options o = {.url = {url},
	    .url_count = 1,
	    .key = "yk_x",
	    .connection_count = connections,
	    .answer_us_max = 300 * US_PER_MS,
	    .answer_size_max = 100};
	struct http_call call[8];
	struct http_client *c;

	*s = (struct seen){.base = r->base, .left = count};
	assert_int_equal(http_client_new(&c, r->base, &o), ERR_OK);
	for (int i = 0; i < count; i++) {
		call[i] = (struct http_call){.path = "/a.B/C",
		    .body = request,
		    .body_len = 4,
		    .cut_after_us = cut,
		    .done = on_done,
		    .ctx = s};
		http_client_send(c, &call[i]);
	}
	(void)event_base_dispatch(r->base);
	row_equal("all answered", s->left, 0);
	http_client_free(c);
	while (r->open > 0)
		(void)event_base_loop(r->base, EVLOOP_ONCE);
}

static void
test_answers(void **state)
{
	static const struct {
		const char *label, *answer;
		int status;
		const char *body;
	} rows[] = {
	    {"with a body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"},
	    {"without a body", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, ""},
	    {"a refusal", "HTTP/1.1 409 Conflict\r\nA: b\r\nContent-Length: 2\r\n\r\n{}", 409,
	        "{}"},
	    {"then closed", "HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
	        503, "x"},
	    {"the peer closes", NULL, 0, ""},
	    {"never whole: cut after its time", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", 0,
	        ""},
	    {"not HTTP", "SSH-2.0-OpenSSH\r\n\r\n", 0, ""},
	    {"no length", "HTTP/1.1 200 OK\r\n\r\n", 0, ""},
	    {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, ""},
	    {"too long", "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", 0, ""},
	    {"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 0, ""},
	};
	struct event_base *base = event_base_new();
	struct responder r;
	struct seen s;

	(void)state;
	responder_start(&r, base);
	for (size_t i = 0; i < ROWS(rows); i++) {
		r.answer = rows[i].answer;
		calls_make(&r, r.url, 1, 1, -1, &s);
		row_equal(rows[i].label, s.status, rows[i].status);
		row_text(rows[i].label, s.body, rows[i].body);
	}
	assert_non_null(strstr(r.last, "POST /a.B/C HTTP/1.1\r\n"));
	assert_non_null(strstr(r.last, "\r\nauthorization: Bearer yk_x\r\n"));
	assert_non_null(strstr(r.last, "\r\ncontent-length: 4\r\n"));
	evconnlistener_free(r.listener);
	event_base_free(base);
}

static void
test_connections_are_kept(void **state)
{
	struct event_base *base = event_base_new();
	struct responder r;
	struct seen s;

	(void)state;
	responder_start(&r, base);
	r.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	calls_make(&r, r.url, 2, 8, -1, &s);
	row_equal("requests", r.requests, 8);
	row_equal("connections", r.connections, 2);
	evconnlistener_free(r.listener);
	event_base_free(base);
}

/* The request arrives, its answer is lost. */
static void
test_cut(void **state)
{
	struct event_base *base = event_base_new();
	struct responder r;
	struct seen s;

	(void)state;
	responder_start(&r, base);
	r.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	calls_make(&r, r.url, 1, 1, 20 * US_PER_MS, &s);
	row_equal("no status", s.status, 0);
	row_equal("but it arrived", r.requests, 1);
	evconnlistener_free(r.listener);
	event_base_free(base);
}

/* Nobody listens: each call is told so, none is sent twice, the client goes on. */
static void
test_refused(void **state)
{
	struct event_base *base = event_base_new();
	struct responder r;
	struct seen s;

	(void)state;
	responder_start(&r, base);
	evconnlistener_free(r.listener);
	calls_make(&r, r.url, 1, 2, -1, &s);
	row_equal("first", s.statuses[0], 0);
	row_equal("second", s.statuses[1], 0);
	event_base_free(base);
}

static void
test_bad_urls(void **state)
{
	static const char *const urls[] = {"", "https://127.0.0.1:1", "http://",
	    "http://localhost:80", "127.0.0.1:80", "http://127.0.0.1:99999"};
	struct event_base *base = event_base_new();
	struct http_client *c;

	(void)state;
	log_level_max = LOG_LEVEL_ERROR;
	for (size_t i = 0; i < ROWS(urls); i++) {
		struct http_client_options o = {.url = {urls[i]},
		    .url_count = 1,
		    .key = "",
		    .connection_count = 1};

		row_equal(urls[i], http_client_new(&c, base, &o), ERR_CONF);
	}
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_connections_are_kept), cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_refused), cmocka_unit_test(test_bad_urls)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
