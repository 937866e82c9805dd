#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "edge/conn.h"
#include "edge/fault.h"
#include "edge/listen.h"

/* Deadlines are looked at this often; a request may last this much longer than its maximum. */
#define TICK_MS 50
#define POOL_MAX 1024
#define GET_SIZE_MAX ((size_t)16 << 20)
#define FAULT_SIZE_MAX 4096
#define HEAD_SIZE_MAX 1024 /* of a reply */

/* ---- Requests ------------------------------------------------------------------------------- */

static struct http_request *
request_take(struct http_server *s)
{
	struct http_request *q = s->pool;

	if (q == NULL)
		return calloc(1, sizeof(*q));
	s->pool = q->next;
	s->pool_count--;
	return q;
}

static void
request_put(struct http_request *q)
{
	struct http_server *s = q->server;

	if (s == NULL || s->pool_count >= POOL_MAX) {
		free(q);
		return;
	}
	q->next = s->pool;
	s->pool = q;
	s->pool_count++;
}

enum http_method
http_method(const struct http_request *q)
{
	switch (evhttp_request_get_command(q->ev)) {
	case EVHTTP_REQ_GET:
		return HTTP_GET;
	case EVHTTP_REQ_HEAD:
		return HTTP_HEAD;
	case EVHTTP_REQ_POST:
		return HTTP_POST;
	default:
		return HTTP_OTHER;
	}
}

const char *
http_path(const struct http_request *q)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(q->ev);

	return uri != NULL ? evhttp_uri_get_path(uri) : "";
}

void
http_headers(const struct http_request *q, const struct http_header *wanted, int count,
    const char **values)
{
	const struct evkeyval *h;

	memset(values, 0, (size_t)count * sizeof(values[0]));
	TAILQ_FOREACH(h, evhttp_request_get_input_headers(q->ev), next) {
		size_t len = strlen(h->key);

		for (int i = 0; i < count; i++) {
			if (len != wanted[i].len || strcasecmp(h->key, wanted[i].name) != 0)
				continue;
			if (values[i] == NULL)
				values[i] = h->value;
			break;
		}
	}
}

const uint8_t *
http_body(struct http_request *q, size_t *len)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(q->ev);

	*len = evbuffer_get_length(in);
	return *len > 0 ? evbuffer_pullup(in, -1) : NULL;
}

void
http_body_drop(struct http_request *q)
{
	struct evbuffer *in;

	if (q->conn == NULL)
		return;
	in = evhttp_request_get_input_buffer(q->ev);
	conn_bytes_drop(q->conn, (int64_t)evbuffer_get_length(in));
	evbuffer_drain(in, evbuffer_get_length(in));
}

struct evbuffer *
http_reply_body(struct http_request *q)
{
	return q->conn != NULL ? evhttp_request_get_output_buffer(q->ev) : NULL;
}

/* Our own texts in a place of our own: that it is too small is a bug. */
static size_t
put(char *to, size_t size, size_t at, const char *text)
{
	size_t len = strlen(text);

	assert(len <= size - at);
	memcpy(to + at, text, len);
	return at + len;
}

void
http_reply_header(struct http_request *q, const char *name, const char *value)
{
	q->extra_len = put(q->extra, sizeof(q->extra), q->extra_len, name);
	q->extra_len = put(q->extra, sizeof(q->extra), q->extra_len, ": ");
	q->extra_len = put(q->extra, sizeof(q->extra), q->extra_len, value);
	q->extra_len = put(q->extra, sizeof(q->extra), q->extra_len, "\r\n");
}

/* evhttp has written the reply and will look at the headers for whether to close. */
static void
request_sent(struct evhttp_request *ev, void *ctx)
{
	struct http_request *q = ctx;
	struct conn *c = q->conn;

	assert(c != NULL && c->request == q);
	if (c->is_last || c->server->is_draining)
		evhttp_add_header(evhttp_request_get_output_headers(ev), "Connection", "close");
	c->request = NULL;
	request_put(q);
	conn_settle(c);
}

/* Made once a second. */
static const char *
date_now(struct http_server *s)
{
	time_t now = (time_t)(clock_wall_us() / US_PER_S);
	struct tm tm;

	if (now != s->date_s) {
		s->date_s = now;
		(void)gmtime_r(&now, &tm);
		(void)evutil_date_rfc1123(s->date, sizeof(s->date), &tm);
	}
	return s->date;
}

const char *
http_status(int status)
{
	switch (status) {
	case 200:
		return "200 OK";
	case 400:
		return "400 Bad Request";
	case 401:
		return "401 Unauthorized";
	case 403:
		return "403 Forbidden";
	case 404:
		return "404 Not Found";
	case 405:
		return "405 Method Not Allowed";
	case 409:
		return "409 Conflict";
	case 415:
		return "415 Unsupported Media Type";
	case 429:
		return "429 Too Many Requests";
	case 499:
		return "499 Client Closed Request";
	case 501:
		return "501 Not Implemented";
	case 503:
		return "503 Service Unavailable";
	case 504:
		return "504 Gateway Timeout";
	default:
		assert(status == 500);
		return "500 Internal Server Error";
	}
}

static const char *
decimal(char text[24], size_t v)
{
	char *at = text + 23;

	*at = '\0';
	do
		*--at = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	return at;
}

/* What is said of the connection's future is what evhttp will do with it. */
static const char *
connection_line(const struct http_request *q)
{
	static const struct http_header wanted = HTTP_HEADER("connection");
	const struct conn *c = q->conn;
	const char *asked;

	http_headers(q, &wanted, 1, &asked);
	if (c->is_last || c->server->is_draining ||
	    (asked != NULL && strcasecmp(asked, "close") == 0))
		return "Connection: close\r\n";
	if (q->ev->minor == 0 && asked != NULL && strncasecmp(asked, "keep-alive", 10) == 0)
		return "Connection: keep-alive\r\n";
	return "";
}

void
http_head(struct http_request *q, struct evbuffer *out, int status, const char *type,
    const char *framing)
{
	const char *parts[] = {"HTTP/1.1 ", http_status(status), "\r\nContent-Type: ", type,
	    framing, "\r\nDate: ", date_now(q->server), "\r\n", connection_line(q)};
	char head[HEAD_SIZE_MAX];
	size_t len = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		len = put(head, sizeof(head), len, parts[i]);
	assert(q->extra_len + 2 <= sizeof(head) - len);
	memcpy(head + len, q->extra, q->extra_len);
	len = put(head, sizeof(head), len + q->extra_len, "\r\n");
	evbuffer_add(out, head, len);
}

void
http_reply(struct http_request *q, int status, const char *content_type)
{
	static const char name[] = "\r\nContent-Length: ";
	char digits[24], framing[sizeof(name) + sizeof(digits)];
	struct evbuffer *body, *out;
	struct conn *c = q->conn;

	if (c != NULL) {
		assert(c->state == CONN_APP);
		body = evhttp_request_get_output_buffer(q->ev);
		out = bufferevent_get_output(c->bev);
		framing[put(framing, sizeof(framing), put(framing, sizeof(framing), 0, name),
		    decimal(digits, evbuffer_get_length(body)))] = '\0';
		http_head(q, out, status, content_type, framing);
		if (evhttp_request_get_command(q->ev) != EVHTTP_REQ_HEAD)
			evbuffer_add_buffer(out, body);
		metric_add(METRIC_http_requests_total, 1);
		conn_move(c, CONN_WRITING);
	}
	http_finish(q);
}

void
http_finish(struct http_request *q)
{
	struct conn *c = q->conn;
	bufferevent_data_cb write_cb;
	bufferevent_event_cb event_cb;
	void *ctx;

	if (c == NULL) {
		request_put(q);
		return;
	}
	/*
	 * evhttp takes it for the end of a reply in parts, waits until all is written, and goes on to the
	 * next request.  Reading stays off until then, and unheard, as when evhttp writes itself: it would be
	 * without bound, and a client that has closed its half would be dropped without its reply.
	 */
	bufferevent_getcb(c->bev, NULL, &write_cb, &event_cb, &ctx);
	bufferevent_setcb(c->bev, NULL, write_cb, event_cb, ctx);
	/* the request may have been, and evhttp would end the reply as if it were */
	q->ev->chunked = 0;
	evhttp_send_reply_end(q->ev);
	conn_write_later(c);
}

/*
 * The connection goes: a request being written goes with it, one that its method holds stays until
 * it is answered.  evhttp leaves us its request when the socket failed under it.
 */
void
http_conn_closed(struct conn *c)
{
	struct http_request *q = c->request;

	if (q == NULL)
		return;
	c->request = NULL;
	if (c->state == CONN_WRITING && !q->stream.on) {
		request_put(q);
		return;
	}
	if (evhttp_request_get_connection(q->ev) == NULL)
		evhttp_request_free(q->ev);
	q->ev = NULL;
	q->conn = NULL;
	if (q->stream.on)
		http_stream_closed(q);
}

/* ---- Routes --------------------------------------------------------------------------------- */

static void
reply_fault(struct http_request *q, int status, enum err e, const char *text)
{
	struct reason r;
	struct buf b;

	(void)reason_set(&r, e, NULL, "%s", text);
	buf_init(&b, FAULT_SIZE_MAX);
	fault_write(&b, &r, NULL);
	evbuffer_add(http_reply_body(q), b.data, b.len);
	buf_release(&b);
	http_reply(q, status, "application/json");
}

static void
reply_get(struct http_request *q, const struct http_route *route)
{
	const char *type = "text/plain; charset=utf-8";
	enum http_method m = http_method(q);
	struct buf b;
	int status;

	if (m != HTTP_GET && m != HTTP_HEAD) {
		http_reply_header(q, "Allow", "GET, HEAD");
		reply_fault(q, 405, ERR_NO_METHOD, "this path takes GET and HEAD");
		return;
	}
	buf_init(&b, GET_SIZE_MAX);
	status = route->fn(route->ctx, http_path(q), &b, &type);
	if (buf_err(&b) != ERR_OK) {
		log_error(LOG_MSG("a page is too large"), LOG_STR("path", http_path(q)));
		status = 500;
	}
	evbuffer_add(http_reply_body(q), b.data, b.len);
	buf_release(&b);
	http_reply(q, status, type);
}

static const struct http_route *
find_route(const struct http_server *s, const char *path)
{
	for (int i = 0; i < s->route_count; i++) {
		const char *p = s->routes[i].path;
		size_t len = strlen(p);

		if (strcmp(p, path) == 0 ||
		    (len > 1 && p[len - 1] == '/' && strncmp(p, path, len) == 0))
			return &s->routes[i];
	}
	return NULL;
}

static void
on_request(struct evhttp_request *ev, void *ctx)
{
	struct http_server *s = ctx;
	struct conn *c = conn_of(s, ev);
	const struct http_route *route;
	struct http_request *q;

	q = c != NULL ? request_take(s) : NULL;
	if (q == NULL) {
		evhttp_send_error(ev, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	/* 2.1.12 has done so itself; where not, bytes that come now end the process inside evhttp. */
	bufferevent_disable(c->bev, EV_READ);
	assert(c->request == NULL);
	q->server = s;
	q->conn = c;
	q->ev = ev;
	q->extra_len = 0;
	q->stream.on = false;
	c->request = q;
	c->handled++;
	conn_move(c, CONN_APP);
	evhttp_request_set_on_complete_cb(ev, request_sent, q);
	route = find_route(s, http_path(q));
	if (route != NULL && route->ask != NULL)
		route->ask(route->ctx, q);
	else if (route != NULL)
		reply_get(q, route);
	else if (s->rpc != NULL)
		s->rpc(s->rpc_ctx, q);
	else
		reply_fault(q, 404, ERR_NO_METHOD, "there is nothing here");
}

void
http_route_get(struct http_server *s, const char *path, http_get_fn *fn, void *ctx)
{
	assert(s->route_count < HTTP_ROUTES_MAX);
	s->routes[s->route_count++] = (struct http_route){.path = path, .fn = fn, .ctx = ctx};
}

void
http_route_ask(struct http_server *s, const char *path, http_rpc_fn *fn, void *ctx)
{
	assert(s->route_count < HTTP_ROUTES_MAX);
	s->routes[s->route_count++] = (struct http_route){.path = path, .ask = fn, .ctx = ctx};
}

void
http_route_rpc(struct http_server *s, http_rpc_fn *fn, void *ctx)
{
	s->rpc = fn;
	s->rpc_ctx = ctx;
}

/* ---- The server ----------------------------------------------------------------------------- */

static enum err
setup(struct http_server *s)
{
	const struct timeval tick = {0, TICK_MS * 1000};
	const struct conf *conf = s->conf;

	for (int i = 0; i < CONN_STATE_COUNT; i++)
		TAILQ_INIT(&s->conns[i]);
	s->ev = evhttp_new(s->base);
	s->tick = event_new(s->base, -1, EV_PERSIST, conn_tick, s);
	s->fresh = event_new(s->base, -1, 0, conn_fresh, s);
	s->write_all = event_new(s->base, -1, 0, conn_write_all, s);
	TAILQ_INIT(&s->replied_conns);
	TAILQ_INIT(&s->written_conns);
	if (s->ev == NULL || s->tick == NULL || s->fresh == NULL || s->write_all == NULL ||
	    event_add(s->tick, &tick) != 0)
		return ERR_NO_MEMORY;
	/* head.h says no before evhttp does; its limits only catch what we would miss. */
	evhttp_set_max_headers_size(s->ev, (ev_ssize_t)conf->head_size_max * 2);
	evhttp_set_max_body_size(s->ev, (ev_ssize_t)INT32_MAX);
	/* No timeouts of evhttp's, either: two timers to set and to take back for each request. */
	evhttp_set_default_content_type(s->ev, NULL);
	evhttp_set_allowed_methods(s->ev, UINT16_MAX);
	evhttp_set_bevcb(s->ev, conn_accept, s);
	evhttp_set_gencb(s->ev, on_request, s);
	s->bound = evhttp_bind_listener(s->ev, s->listener);
	if (s->bound == NULL)
		return ERR_NO_MEMORY;
	evconnlistener_set_error_cb(s->listener, conn_listener_error);
	return ERR_OK;
}

enum err
http_new(struct http_server **out, struct event_base *base, const struct conf *conf,
    struct reason *r)
{
	struct http_server *s = calloc(1, sizeof(*s));
	enum err e;

	if (s == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "HTTP");
	/* Writing to a client that has gone is an error like others; with TLS even closing writes. */
	signal(SIGPIPE, SIG_IGN);
	s->base = base;
	s->conf = conf;
	e = listen_tls(&s->tls, conf, r);
	if (e != ERR_OK)
		goto free_server;
	e = listen_open(&s->listener, base, conf, &s->port, r);
	if (e != ERR_OK)
		goto free_tls;
	e = setup(s);
	if (e != ERR_OK) {
		(void)reason_set(r, e, NULL, "HTTP");
		goto free_events;
	}
	*out = s;
	return ERR_OK;

free_events:
	if (s->tick != NULL)
		event_free(s->tick);
	if (s->fresh != NULL)
		event_free(s->fresh);
	if (s->write_all != NULL)
		event_free(s->write_all);
	if (s->ev != NULL)
		evhttp_free(s->ev);
	if (s->bound == NULL)
		evconnlistener_free(s->listener);
free_tls:
	SSL_CTX_free(s->tls);
free_server:
	free(s);
	return e;
}

void
http_free(struct http_server *s)
{
	struct http_request *q;
	struct conn *c;

	if (s == NULL)
		return;
	conn_fresh(-1, 0, s);
	conn_write_all(-1, 0, s); /* what this turn of the loop has answered leaves before we do */
	TAILQ_FOREACH(c, &s->conns[CONN_APP], link)
		c->request->server = NULL;
	s->is_draining = true; /* no accept_more() from closing connections */
	evhttp_free(s->ev);
	event_free(s->tick);
	event_free(s->fresh);
	event_free(s->write_all);
	while ((q = s->pool) != NULL) {
		s->pool = q->next;
		free(q);
	}
	SSL_CTX_free(s->tls);
	free(s->by_fd);
	free(s);
}

struct event_base *
http_base(const struct http_server *s)
{
	return s->base;
}

int
http_port(const struct http_server *s)
{
	return s->port;
}

int
http_connections(const struct http_server *s)
{
	return s->conn_count;
}

int64_t
http_bytes(const struct http_server *s)
{
	return s->bytes;
}

void
http_drain(struct http_server *s)
{
	if (s->is_draining)
		return;
	s->is_draining = true;
	evhttp_del_accept_socket(s->ev, s->bound); /* frees the listener */
	s->bound = NULL;
	s->listener = NULL;
	conn_close_idle(s);
}
