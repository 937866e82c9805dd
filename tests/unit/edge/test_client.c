/* Requests of our own, against a small evhttp server in the same loop. */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "edge/client.h"
#include "unit.h"

#define BIG 100000

struct seen {
	int answers;
	enum err err;
	int status;
	char body[64], why[160];
	int64_t retry_after_s;
};

struct world {
	struct event_base *base;
	struct evhttp *server;
	struct evhttp_request *held; /* /stall */
	int port, requests, followed;
	char last_type[64], last_body[64], last_agent[32], last_expect[16];
	struct client *client;
};
static struct world w;

static void
copy(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text != NULL ? text : "");
}

static void
note(struct evhttp_request *q)
{
	struct evkeyvalq *h = evhttp_request_get_input_headers(q);
	struct evbuffer *b = evhttp_request_get_input_buffer(q);
	size_t len = evbuffer_get_length(b);

	w.requests++;
	copy(w.last_type, sizeof(w.last_type), evhttp_find_header(h, "content-type"));
	copy(w.last_agent, sizeof(w.last_agent), evhttp_find_header(h, "user-agent"));
	copy(w.last_expect, sizeof(w.last_expect), evhttp_find_header(h, "expect"));
	if (len >= sizeof(w.last_body))
		len = sizeof(w.last_body) - 1;
	(void)evbuffer_copyout(b, w.last_body, len);
	w.last_body[len] = '\0';
}

static void
answer(struct evhttp_request *q, void *ctx)
{
	const char *path = evhttp_request_get_uri(q);
	struct evkeyvalq *h = evhttp_request_get_output_headers(q);
	struct evbuffer *out = evbuffer_new();
	int status = 200;

	(void)ctx;
	note(q);
	if (strcmp(path, "/stall") == 0) {
		w.held = q;
		evbuffer_free(out);
		return;
	}
	if (strcmp(path, "/moved") == 0) {
		status = 302;
		(void)evhttp_add_header(h, "Location", "/followed");
	} else if (strcmp(path, "/followed") == 0) {
		w.followed++;
	} else if (strcmp(path, "/busy") == 0) {
		status = 429;
		(void)evhttp_add_header(h, "Retry-After", "7");
	} else if (strcmp(path, "/big") == 0) {
		for (int i = 0; i < BIG; i++)
			(void)evbuffer_add(out, "x", 1);
	} else {
		(void)evbuffer_add_printf(out, "hello %s", path);
	}
	evhttp_send_reply(q, status, NULL, out);
	evbuffer_free(out);
}

static int
start(void **state)
{
	const struct client_limits limits = {.sends_max = 3, .ca_file = ""};
	struct evhttp_bound_socket *s;
	struct sockaddr_in a = {0};
	socklen_t len = sizeof(a);

	(void)state;
	w = (struct world){0};
	w.base = event_base_new();
	w.server = evhttp_new(w.base);
	evhttp_set_gencb(w.server, answer, NULL);
	s = evhttp_bind_socket_with_handle(w.server, "127.0.0.1", 0);
	if (s == NULL ||
	    getsockname(evhttp_bound_socket_get_fd(s), (struct sockaddr *)&a, &len) != 0)
		return -1;
	w.port = ntohs(a.sin_port);
	return client_new(&w.client, w.base, &limits) == ERR_OK ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	client_free(w.client);
	evhttp_free(w.server);
	event_base_free(w.base);
	return 0;
}

static void
done(void *ctx, const struct client_answer *a)
{
	struct seen *s = ctx;

	s->answers++;
	s->err = a->err;
	s->status = a->status;
	s->retry_after_s = a->retry_after_s;
	copy(s->body, sizeof(s->body), a->body);
	copy(s->why, sizeof(s->why), a->why);
}

static void
wait_for(const struct seen *s)
{
	for (int i = 0; i < 500 && s->answers == 0; i++) {
		struct timeval tv = {.tv_usec = 10000};

		(void)event_base_loopexit(w.base, &tv);
		(void)event_base_dispatch(w.base);
	}
	row_equal("answered once", s->answers, 1);
}

static enum err
ask(struct seen *s, const char *host, const char *path, const char *body, struct client_request q,
    struct client_send **out)
{
	static const char *const headers[] = {"content-type: text/test", NULL};
	static char url[128];

	*s = (struct seen){0};
	(void)snprintf(url, sizeof(url), "http://%s:%d%s", host, w.port, path);
	q.url = url;
	q.headers = headers;
	q.body = body;
	q.body_len = body != NULL ? strlen(body) : 0;
	return client_start(w.client, &q, done, s, out);
}

static const struct client_request usual = {.timeout_ms = 5000,
    .answer_max = 1000,
    .private_allowed = true,
    .http_allowed = true};

static struct seen
get(const char *path, const char *body, struct client_request q)
{
	struct client_send *send;
	struct seen s;

	row_equal(path, ask(&s, "127.0.0.1", path, body, q, &send), ERR_OK);
	row_equal(path, s.answers, 0); /* not from inside the call */
	wait_for(&s);
	row_equal(path, client_sends(w.client), 0);
	return s;
}

static void
answers(void **state)
{
	static const struct {
		const char *label, *path, *body;
		enum err err;
		int status;
		const char *text;
		int64_t retry_after_s;
	} rows[] = {
	    {"GET", "/x", NULL, ERR_OK, 200, "hello /x", 0},
	    {"POST", "/y", "body", ERR_OK, 200, "hello /y", 0},
	    {"empty POST", "/y", "", ERR_OK, 200, "hello /y", 0},
	    {"busy", "/busy", NULL, ERR_OK, 429, "", 7},
	    {"redirect", "/moved", "body", ERR_OK, 302, "", 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct seen s = get(rows[i].path, rows[i].body, usual);

		row_equal(rows[i].label, s.err, rows[i].err);
		row_equal(rows[i].label, s.status, rows[i].status);
		row_text(rows[i].label, s.body, rows[i].text);
		row_text(rows[i].label, w.last_body, rows[i].body != NULL ? rows[i].body : "");
		row_text(rows[i].label, w.last_type, "text/test");
		row_text(rows[i].label, w.last_agent, "yuncang");
		row_text(rows[i].label, w.last_expect, "");
		row_equal(rows[i].label, s.retry_after_s, rows[i].retry_after_s);
	}
	row_equal("followed", w.followed, 0);
}

static void
too_large(void **state)
{
	struct client_request q = usual;
	struct seen s = get("/big", NULL, usual);

	(void)state;
	row_equal("cut", s.err, ERR_TOO_LARGE);
	row_equal("status is known", s.status, 200);
	q.answer_max = BIG + 1;
	s = get("/big", NULL, q);
	row_equal("whole", s.err, ERR_OK);
}

static void
too_late(void **state)
{
	struct client_request q = usual;
	struct seen s;

	(void)state;
	q.timeout_ms = 100;
	s = get("/stall", NULL, q);
	row_equal("timeout", s.err, ERR_TIMEOUT);
	row_equal("no status", s.status, 0);
	evhttp_send_reply(w.held, 200, NULL, NULL);
}

/* The server is not even connected to. */
static void
private_refused(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0"};
	struct client_request q = usual;
	struct client_send *send;
	struct seen s;
	int before = w.requests;

	(void)state;
	q.private_allowed = false;
	for (size_t i = 0; i < ROWS(hosts); i++) {
		row_equal(hosts[i], ask(&s, hosts[i], "/x", NULL, q, &send), ERR_OK);
		wait_for(&s);
		row_equal(hosts[i], s.err, ERR_PERMISSION_DENIED);
		row_text(hosts[i], s.why, "not a public address");
	}
	row_equal("requests", w.requests, before);
}

/* A connection that is open already and was allowed is no way round. */
static void
private_refused_on_open_connection(void **state)
{
	struct client_request q = usual;
	struct seen s = get("/x", NULL, usual);

	(void)state;
	row_equal("allowed", s.err, ERR_OK);
	q.private_allowed = false;
	s = get("/x", NULL, q);
	row_equal("not allowed", s.err, ERR_PERMISSION_DENIED);
}

static void
nobody_there(void **state)
{
	struct client_send *send;
	struct seen s;

	(void)state;
	row_equal("name", ask(&s, "no-such-name.invalid", "/x", NULL, usual, &send), ERR_OK);
	wait_for(&s);
	row_equal("name", s.err, ERR_IO);
	row_equal("says why", s.why[0] != '\0', true);
}

static void
limits(void **state)
{
	struct client_send *send[3], *more;
	struct seen s[4];

	(void)state;
	for (int i = 0; i < 3; i++)
		row_equal("fits", ask(&s[i], "127.0.0.1", "/x", NULL, usual, &send[i]), ERR_OK);
	row_equal("full", ask(&s[3], "127.0.0.1", "/x", NULL, usual, &more), ERR_BUSY);
	client_cancel(send[1]);
	row_equal("room again", ask(&s[3], "127.0.0.1", "/x", NULL, usual, &more), ERR_OK);
	wait_for(&s[0]);
	wait_for(&s[2]);
	wait_for(&s[3]);
	row_equal("cancelled: not told", s[1].answers, 0);
	row_equal("none left", client_sends(w.client), 0);
}

static void
urls(void **state)
{
	static const struct {
		const char *url;
		bool http;
		enum err want;
	} rows[] = {
	    {"https://example.org/", false, ERR_OK},
	    {"https://example.org:8443/a/b?c=d", false, ERR_OK},
	    {"HTTPS://EXAMPLE.ORG/", false, ERR_OK},
	    {"http://example.org/", true, ERR_OK},
	    {"http://example.org/", false, ERR_BAD_FIELD},
	    {"ftp://example.org/", true, ERR_BAD_FIELD},
	    {"file:///etc/passwd", true, ERR_BAD_FIELD},
	    {"gopher://example.org/", true, ERR_BAD_FIELD},
	    {"example.org", true, ERR_BAD_FIELD},
	    {"//example.org/", true, ERR_BAD_FIELD},
	    {"https://", false, ERR_BAD_FIELD},
	    {"https://user@example.org/", false, ERR_BAD_FIELD},
	    {"https://user:word@example.org/", false, ERR_BAD_FIELD},
	    {"https://example.org/#part", false, ERR_BAD_FIELD},
	    {"https://exam ple.org/", false, ERR_BAD_FIELD},
	    {"https://example.org/\r\nx: y", false, ERR_BAD_FIELD},
	    {"", true, ERR_BAD_FIELD},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct reason r = {0};

		row_equal(rows[i].url, client_url_check(rows[i].url, rows[i].http, &r),
		    rows[i].want);
		row_equal(rows[i].url, r.text[0] != '\0', rows[i].want != ERR_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers),
	    cmocka_unit_test(too_large),
	    cmocka_unit_test(too_late),
	    cmocka_unit_test(private_refused),
	    cmocka_unit_test(private_refused_on_open_connection),
	    cmocka_unit_test(nobody_there),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(urls),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
