#ifndef ROUTER_EDGE_HTTP_H
#define ROUTER_EDGE_HTTP_H

/*
 * http: HTTP/1.1 on the loop.  evhttp 2.1.12 is inside, with what it lacks around it.
 *
 * Every connection is in one state, and in the list of that state:
 *
 *   FRESH -> IDLE -> READING -> APP -> WRITING -> IDLE …      any -> REFUSED -> closed
 *
 * A head that head.h refuses, a body or a sum of bodies over its limit: a Connect error, then the
 * connection is closed.  READING and WRITING last request_ms_max each, IDLE idle_ms_max.  In APP
 * nothing is read, so a client that hangs up is noticed when its reply is written.
 */
#include <event2/buffer.h>
#include <event2/event.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"

struct http_server;
struct http_request;

/* Fills ${out}; returns the HTTP status.  ${*content_type} is "text/plain; charset=utf-8" before. */
typedef int http_get_fn(void *ctx, const char *path, struct buf *out, const char **content_type);
/* Every request that no GET route takes; answers through http_reply(), now or later. */
typedef void http_rpc_fn(void *ctx, struct http_request *q);

/**
 * http_new(out, base, conf, r):
 * Listen where ${conf} says.  ${conf} is borrowed for the server's life.  SIGPIPE is ignored from
 * here on, process-wide.
 *
 * ERR_CONF, ERR_IO: ${r} names the setting.
 */
enum err http_new(struct http_server **out, struct event_base *base, const struct conf *conf,
    struct reason *r) MUST_CHECK;
/* Closes everything.  Requests still held may be answered later; nothing is sent. */
void http_free(struct http_server *s);

struct event_base *http_base(const struct http_server *s);
int http_port(const struct http_server *s); /* the bound port, also for "127.0.0.1:0" */
int http_connections(const struct http_server *s);
int64_t http_bytes(const struct http_server *s); /* request bytes held */
/* ${path} is borrowed; one that ends in '/' takes all below it.  At most HTTP_ROUTES_MAX. */
#define HTTP_ROUTES_MAX 16
void http_route_get(struct http_server *s, const char *path, http_get_fn *fn, void *ctx);
void http_route_rpc(struct http_server *s, http_rpc_fn *fn, void *ctx);
/* GET of ${path}, whose ${fn} answers through http_reply(), http_refuse() or as a stream, now or later. */
void http_route_ask(struct http_server *s, const char *path, http_rpc_fn *fn, void *ctx);
/* Stop accepting, close idle connections, close the others after their reply. */
void http_drain(struct http_server *s);

/* The request; its texts live until it is answered, its body until http_body_drop(). */
enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };
enum http_method http_method(const struct http_request *q);
const char *http_path(const struct http_request *q); /* without the query */
/* The first value of each wanted header, NULL where there is none, in one pass. */
struct http_header {
	const char *name;
	size_t len; /* of the name */
};
#define HTTP_HEADER(name) \
	{ \
		(name), sizeof(name) - 1 \
	}
void http_headers(const struct http_request *q, const struct http_header *wanted, int count,
    const char **values);
const uint8_t *http_body(struct http_request *q, size_t *len); /* in one piece */
void http_body_drop(struct http_request *q);                   /* free it, and let others in */

/* The reply's body, to be filled; NULL when the client is known to be gone. */
struct evbuffer *http_reply_body(struct http_request *q);
/* Both texts are copied.  No line breaks. */
void http_reply_header(struct http_request *q, const char *name, const char *value);
/* Sends and forgets ${q}. */
void http_reply(struct http_request *q, int status, const char *content_type);
/* The same with the refusal of ${r}. */
void http_refuse(struct http_request *q, const struct reason *r);

/* What stands behind the path's "?", decoded; "" for what is left out.  BAD_FIELD: a name not asked for, twice, empty, too long. */
#define HTTP_VALUE_SIZE 128
enum err http_query(const struct http_request *q, const char *const *names, int count,
    char (*values)[HTTP_VALUE_SIZE], struct reason *r) MUST_CHECK;

/*
 * A reply in pieces, status 200, edge/http_stream.c.  Write a piece, then wait: ${more}(${ctx}) is called when it has
 * left, or the client has (http_gone()).  So what is held is one piece, however slow the reader; one that takes longer
 * than request_ms_max for a piece is dropped.  http_stream_end(), or _cut() when the rest cannot be had, forgets ${q};
 * _cut() closes the connection, so that nobody takes a half for the whole.  Clients of HTTP/1.0 have no pieces:
 * http_may_stream().
 */
typedef void http_stream_fn(void *ctx);
bool http_may_stream(const struct http_request *q);
void http_stream_begin(struct http_request *q, const char *content_type, http_stream_fn *more,
    void *ctx);
void http_stream_write(struct http_request *q, const void *p, size_t len); /* len > 0 */
bool http_gone(const struct http_request *q);
void http_stream_end(struct http_request *q);
void http_stream_cut(struct http_request *q);

#endif
