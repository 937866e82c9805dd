#ifndef ROUTER_EDGE_CONN_H
#define ROUTER_EDGE_CONN_H

/*
 * conn: one HTTP connection as http.c sees it beside evhttp.  For edge/http.c and edge/conn.c only.
 *
 * conn.c keeps connections: states, bytes, refusals, deadlines.  http.c keeps requests: routes and
 * replies.
 */
#include <sys/queue.h>
#include <time.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <openssl/ssl.h>

#include "base/conf.h"
#include "edge/head.h"
#include "edge/http.h"
#include "edge/http_stream.h"

enum conn_state {
	CONN_FRESH,   /* accepted; evhttp has not told its connection yet */
	CONN_IDLE,    /* between requests */
	CONN_READING, /* a request has begun to come in */
	CONN_APP,     /* the request is with its method */
	CONN_WRITING, /* the reply is on its way */
	CONN_REFUSED, /* taken from evhttp: told no, about to be closed */
	CONN_STATE_COUNT
};

struct conn {
	uint32_t magic;
	enum conn_state state;
	TAILQ_ENTRY(conn) link; /* in the list of its state, oldest first */
	TAILQ_ENTRY(conn) reply_link;
	struct conn_list *reply_list; /* the server's that it is in, or NULL */
	struct http_server *server;
	struct bufferevent *bev;
	struct evhttp_connection *evcon;
	struct evbuffer_cb_entry *input;
	struct http_request *request; /* APP and WRITING */
	evutil_socket_t fd;
	struct head head;
	uint64_t handled; /* requests that evhttp has handed over */
	int64_t bytes;    /* this connection's part of server->bytes */
	int64_t since_us; /* when it came into its state, monotonic */
	bool is_last;     /* no request after this one */
};
TAILQ_HEAD(conn_list, conn);

#define HTTP_EXTRA_MAX 256

struct http_request {
	struct http_server *server; /* NULL: it was freed meanwhile */
	struct conn *conn;          /* NULL: the client is gone */
	struct evhttp_request *ev;
	struct http_request *next; /* in the pool */
	struct http_stream stream; /* http_stream.c's */
	size_t extra_len;
	char extra[HTTP_EXTRA_MAX]; /* header lines of the reply */
};

struct http_route {
	const char *path;
	http_get_fn *fn; /* or */
	http_rpc_fn *ask;
	void *ctx;
};

struct http_server {
	struct event_base *base;
	const struct conf *conf;
	struct evhttp *ev;
	struct evhttp_bound_socket *bound; /* NULL once draining */
	struct evconnlistener *listener;
	SSL_CTX *tls;
	struct event *tick;
	struct event *fresh;
	struct event *write_all;
	struct conn_list conns[CONN_STATE_COUNT];
	struct conn_list replied_conns; /* their replies are made, */
	struct conn_list written_conns; /* written, and evhttp is yet to be told */
	int replied_count;
	struct conn **by_fd;
	int by_fd_count;
	int conn_count;
	int port;
	bool is_draining;
	int64_t bytes;
	time_t date_s; /* when date was made */
	char date[32]; /* for the Date header */
	struct http_request *pool;
	int pool_count;
	struct http_route routes[HTTP_ROUTES_MAX];
	int route_count;
	http_rpc_fn *rpc;
	void *rpc_ctx;
};

struct bufferevent *conn_accept(struct event_base *base, void *server); /* evhttp's bevcb */
struct conn *conn_of(const struct http_server *s, struct evhttp_request *ev);
void conn_move(struct conn *c, enum conn_state to);
/* The request was sent: count its bytes off. */
void conn_settle(struct conn *c);
void conn_bytes_drop(struct conn *c, int64_t n);
void conn_fresh(evutil_socket_t fd, short what, void *server); /* event callbacks */
/*
 * The reply is in the output buffer.  It is written at the end of this turn of the loop, with those of other
 * connections or when enough wait; then evhttp hears of it and goes to the next request.
 */
void conn_write_later(struct conn *c);
void conn_write_all(evutil_socket_t fd, short what, void *server); /* the event's callback */
void conn_tick(evutil_socket_t fd, short what, void *server);
void conn_close_idle(struct http_server *s);
void conn_listener_error(struct evconnlistener *l, void *ctx);

#endif
