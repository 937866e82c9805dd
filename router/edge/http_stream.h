#ifndef ROUTER_EDGE_HTTP_STREAM_H
#define ROUTER_EDGE_HTTP_STREAM_H

/* http_stream: what http.c, http_stream.c and conn.c say to each other; what a reply in pieces knows. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "edge/http.h"

struct http_stream {
	bool on;
	bool waits; /* for what was written to leave */
	http_stream_fn *more;
	void *ctx;
	/* evhttp's, and their argument */
	bufferevent_data_cb write_cb;
	bufferevent_event_cb event_cb;
	void *cb_ctx;
};

struct conn;
const char *http_status(int status); /* with its words: "400 Bad Request" */
/* http.c's part of a closing connection. */
void http_conn_closed(struct conn *c);
/* Status line and headers; ${framing} begins with "\r\n" and says how long the body is. */
void http_head(struct http_request *q, struct evbuffer *out, int status, const char *type,
    const char *framing);
/* All of the reply is in the output buffer: leave it, and ${q}, to evhttp.  Without a connection ${q} is put back. */
void http_finish(struct http_request *q);
void http_stream_closed(struct http_request *q); /* its connection went; ${q} knows */

#endif
