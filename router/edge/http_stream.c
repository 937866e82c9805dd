/* http_stream: a reply in pieces, as chunks of HTTP/1.1, no faster than its reader takes them. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "base/metric.h"
#include "edge/conn.h"
#include "edge/fault.h"

#define FAULT_SIZE_MAX 4096

enum err
http_query(const struct http_request *q, const char *const *names, int count,
    char (*values)[HTTP_VALUE_SIZE], struct reason *r)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(q->ev);
	const char *text = uri != NULL ? evhttp_uri_get_query(uri) : NULL;
	struct evkeyvalq list = TAILQ_HEAD_INITIALIZER(list);
	const struct evkeyval *h;
	enum err e = ERR_OK;
	int i;

	memset(values, 0, (size_t)count * HTTP_VALUE_SIZE);
	if (text == NULL)
		return ERR_OK;
	/* a value with a NUL would be taken for what stands before it */
	if (evhttp_parse_query_str(text, &list) != 0 || strstr(text, "%00") != NULL)
		e = reason_set(r, ERR_BAD_FIELD, "query", "cannot be read");
	TAILQ_FOREACH(h, &list, next) {
		for (i = 0; i < count && strcmp(names[i], h->key) != 0; i++)
			;
		if (i == count)
			e = reason_set(r, ERR_BAD_FIELD, "query", "\"%.64s\" is not known", h->key);
		else if (values[i][0] != '\0')
			e = reason_set(r, ERR_BAD_FIELD, names[i], "is there twice");
		else if (h->value[0] == '\0')
			e = reason_set(r, ERR_BAD_FIELD, names[i], "is there without a value");
		else if (strlen(h->value) >= HTTP_VALUE_SIZE)
			e = reason_set(r, ERR_BAD_FIELD, names[i], "is too long");
		else
			memcpy(values[i], h->value, strlen(h->value) + 1);
		if (e != ERR_OK)
			break;
	}
	evhttp_clear_headers(&list);
	return e;
}

void
http_refuse(struct http_request *q, const struct reason *r)
{
	struct evbuffer *body = http_reply_body(q);
	struct buf b;

	buf_init(&b, FAULT_SIZE_MAX);
	fault_write(&b, r, NULL);
	if (body != NULL)
		evbuffer_add(body, b.data, b.len);
	buf_release(&b);
	metric_add(METRIC_http_refused_total, 1);
	http_reply(q, fault_http(r), "application/json");
}

bool
http_gone(const struct http_request *q)
{
	return q->conn == NULL;
}

/* What was written is with the reader, or on its way through the kernel. */
static void
stream_written(struct bufferevent *bev, void *ctx)
{
	struct http_request *q = ctx;

	(void)bev;
	if (!q->stream.waits)
		return;
	q->stream.waits = false;
	conn_move(q->conn, CONN_WRITING); /* it is not slow */
	q->stream.more(q->stream.ctx);
}

/* evhttp closes its connection, and http_stream_closed() hears of it. */
static void
stream_event(struct bufferevent *bev, short what, void *ctx)
{
	struct http_request *q = ctx;

	q->stream.event_cb(bev, what, q->stream.cb_ctx);
}

bool
http_may_stream(const struct http_request *q)
{
	return q->conn == NULL || (q->ev->major == 1 && q->ev->minor >= 1);
}

void
http_stream_begin(struct http_request *q, const char *content_type, http_stream_fn *more, void *ctx)
{
	struct conn *c = q->conn;

	assert(!q->stream.on);
	q->stream.on = true;
	q->stream.more = more;
	q->stream.ctx = ctx;
	q->stream.waits = false;
	if (c == NULL)
		return;
	assert(c->state == CONN_APP && http_may_stream(q));
	http_head(q, bufferevent_get_output(c->bev), 200, content_type,
	    "\r\nTransfer-Encoding: chunked");
	metric_add(METRIC_http_requests_total, 1);
	conn_move(c, CONN_WRITING);
	bufferevent_getcb(c->bev, NULL, &q->stream.write_cb, &q->stream.event_cb,
	    &q->stream.cb_ctx);
	bufferevent_setcb(c->bev, NULL, stream_written, stream_event, q);
	bufferevent_enable(c->bev, EV_WRITE);
}

void
http_stream_write(struct http_request *q, const void *p, size_t len)
{
	struct evbuffer *out;

	assert(q->stream.on && len > 0);
	if (q->conn == NULL)
		return;
	out = bufferevent_get_output(q->conn->bev);
	evbuffer_add_printf(out, "%zx\r\n", len);
	evbuffer_add(out, p, len);
	evbuffer_add(out, "\r\n", 2);
	conn_move(q->conn, CONN_WRITING);
	q->stream.waits = true;
}

void
http_stream_end(struct http_request *q)
{
	struct conn *c = q->conn;

	assert(q->stream.on);
	q->stream.on = false;
	if (c != NULL) {
		evbuffer_add(bufferevent_get_output(c->bev), "0\r\n\r\n", 5);
		bufferevent_setcb(c->bev, NULL, q->stream.write_cb, q->stream.event_cb,
		    q->stream.cb_ctx);
		conn_move(c, CONN_WRITING);
	}
	http_finish(q);
}

void
http_stream_cut(struct http_request *q)
{
	assert(q->stream.on);
	q->stream.more = NULL;
	if (q->conn != NULL)
		evhttp_connection_free(q->conn->evcon); /* http_stream_closed() */
	q->stream.on = false;
	http_finish(q);
}

void
http_stream_closed(struct http_request *q)
{
	if (q->stream.more != NULL)
		q->stream.more(q->stream.ctx); /* ${q} may be gone now */
}
