#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/bufferevent_ssl.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "edge/conn.h"
#include "edge/fault.h"

#define CONN_MAGIC UINT32_C(0xc0113c70)
#define FAULT_SIZE_MAX 4096
/* How long a refused client may take to read why, and how much more of it is thrown away. */
#define REFUSED_MS_MAX 2000
/* Bytes of a next request that may wait in memory while this one is answered. */
#define AHEAD_MAX 65536

static void
count_bytes(struct conn *c, int64_t n)
{
	c->bytes += n;
	c->server->bytes += n;
	metric_set(METRIC_http_bytes_in_flight, c->server->bytes);
}

void
conn_bytes_drop(struct conn *c, int64_t n)
{
	count_bytes(c, -(n < c->bytes ? n : c->bytes));
}

/* The only place where a connection's state changes. */
void
conn_move(struct conn *c, enum conn_state to)
{
	struct http_server *s = c->server;

	assert(c->magic == CONN_MAGIC);
	TAILQ_REMOVE(&s->conns[c->state], c, link);
	c->state = to;
	c->since_us = clock_mono_us();
	TAILQ_INSERT_TAIL(&s->conns[to], c, link);
}

struct conn *
conn_of(const struct http_server *s, struct evhttp_request *ev)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(ev);
	struct bufferevent *bev;
	evutil_socket_t fd;

	if (evcon == NULL)
		return NULL;
	bev = evhttp_connection_get_bufferevent(evcon);
	fd = bufferevent_getfd(bev);
	if (fd < 0 || fd >= s->by_fd_count || s->by_fd[fd] == NULL || s->by_fd[fd]->bev != bev)
		return NULL;
	return s->by_fd[fd];
}

static void
accept_more(struct http_server *s)
{
	if (!s->is_draining && s->conn_count < s->conf->connections_max)
		evconnlistener_enable(s->listener);
}

static void
conn_free(struct conn *c)
{
	struct http_server *s = c->server;

	assert(c->magic == CONN_MAGIC);
	evbuffer_remove_cb_entry(bufferevent_get_input(c->bev), c->input);
	count_bytes(c, -c->bytes);
	TAILQ_REMOVE(&s->conns[c->state], c, link);
	if (c->reply_list != NULL)
		TAILQ_REMOVE(c->reply_list, c, reply_link);
	if (c->fd >= 0 && c->fd < s->by_fd_count && s->by_fd[c->fd] == c)
		s->by_fd[c->fd] = NULL;
	s->conn_count--;
	metric_set(METRIC_http_connections, s->conn_count);
	c->magic = 0;
	free(c);
	accept_more(s);
}

/* evhttp is about to free its connection and our bufferevent. */
static void
conn_closed(struct evhttp_connection *evcon, void *ctx)
{
	struct conn *c = ctx;

	(void)evcon;
	http_conn_closed(c);
	conn_free(c);
}

/* ---- Refusing: the bufferevent is taken from evhttp, told no, and closed ------------------- */

static void
refused_read(struct bufferevent *bev, void *ctx)
{
	struct evbuffer *in = bufferevent_get_input(bev);

	(void)ctx;
	evbuffer_drain(in, evbuffer_get_length(in));
}

/* All was written.  Closing now, with input unread, would reset the connection under the reply. */
static void
refused_write(struct bufferevent *bev, void *ctx)
{
	struct conn *c = ctx;

	(void)bev;
	shutdown(c->fd, SHUT_WR);
}

static void
refused_event(struct bufferevent *bev, short what, void *ctx)
{
	struct conn *c = ctx;

	(void)bev;
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) != 0)
		evhttp_connection_free(c->evcon);
}

static void
conn_refuse(struct conn *c, enum err e, const char *text)
{
	struct evbuffer *to = bufferevent_get_output(c->bev);
	struct reason r;
	struct buf body;

	(void)reason_set(&r, e, NULL, "%s", text);
	log_debug(LOG_MSG("request refused"), LOG_STR("err", err_name(e)), LOG_STR("why", text));
	metric_add(METRIC_http_refused_total, 1);
	buf_init(&body, FAULT_SIZE_MAX);
	fault_write(&body, &r, NULL);
	bufferevent_setcb(c->bev, refused_read, refused_write, refused_event, c);
	evbuffer_add_printf(to,
	    "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n",
	    http_status(fault_http(&r)), body.len);
	evbuffer_add(to, body.data, body.len);
	buf_release(&body);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	count_bytes(c, -c->bytes);
	conn_move(c, CONN_REFUSED);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* evhttp does not tell its connection, but hands it to the bufferevent as the callbacks' argument. */
static bool
conn_learn(struct conn *c)
{
	struct http_server *s = c->server;
	bufferevent_data_cb read_cb;
	void *evcon;

	bufferevent_getcb(c->bev, &read_cb, NULL, NULL, &evcon);
	c->fd = bufferevent_getfd(c->bev);
	if (read_cb == NULL || c->fd < 0)
		return false; /* freed before it began */
	if (c->fd >= s->by_fd_count) {
		int count = c->fd * 2 + 64;
		struct conn **grown = realloc(s->by_fd, (size_t)count * sizeof(struct conn *));

		if (grown == NULL)
			return false;
		memset(grown + s->by_fd_count, 0,
		    (size_t)(count - s->by_fd_count) * sizeof(struct conn *));
		s->by_fd = grown;
		s->by_fd_count = count;
	}
	s->by_fd[c->fd] = c;
	c->evcon = evcon;
	evhttp_connection_set_closecb(c->evcon, conn_closed, c);
	conn_move(c, CONN_IDLE);
	bufferevent_decref(c->bev); /* evhttp's reference holds it from here on */
	return true;
}

void
conn_fresh(evutil_socket_t fd, short what, void *server)
{
	struct http_server *s = server;
	struct conn *c, *next;

	(void)fd;
	(void)what;
	for (c = TAILQ_FIRST(&s->conns[CONN_FRESH]); c != NULL; c = next) {
		struct bufferevent *bev = c->bev;

		next = TAILQ_NEXT(c, link);
		if (conn_learn(c))
			continue;
		if (c->fd >= 0)
			shutdown(c->fd, SHUT_RDWR); /* evhttp will notice and free its part */
		conn_free(c);
		bufferevent_decref(bev);
	}
}

/* Gives the bytes that were just added, the last ${n} of ${in}, to the framing check. */
static bool
feed(struct conn *c, struct evbuffer *in, size_t n)
{
	struct evbuffer_iovec v;
	struct evbuffer_ptr at;

	if (evbuffer_ptr_set(in, &at, evbuffer_get_length(in) - n, EVBUFFER_PTR_SET) != 0)
		return false;
	while (n > 0) {
		size_t len;

		if (evbuffer_peek(in, (ev_ssize_t)n, &at, &v, 1) < 1)
			return false;
		len = v.iov_len < n ? v.iov_len : n;
		if (!head_feed(&c->head, v.iov_base, len))
			return false;
		n -= len;
		if (n > 0 && evbuffer_ptr_set(in, &at, len, EVBUFFER_PTR_ADD) != 0)
			return false;
	}
	return true;
}

/* Enough has come in ahead: the rest waits in the kernel until evhttp reads for the next request. */
static void
conn_hold(struct conn *c)
{
	if (c->state != CONN_REFUSED && c->head.requests > c->handled &&
	    evbuffer_get_length(bufferevent_get_input(c->bev)) > AHEAD_MAX)
		bufferevent_disable(c->bev, EV_READ);
}

/* Looks at what came in before evhttp does. */
static void
conn_input(struct evbuffer *in, const struct evbuffer_cb_info *info, void *ctx)
{
	struct conn *c = ctx;
	bool is_good;

	assert(c->magic == CONN_MAGIC);
	if (info->n_added == 0 || c->state == CONN_REFUSED || c->is_last)
		return;
	if (c->state == CONN_FRESH && !conn_learn(c))
		return;
	count_bytes(c, (int64_t)info->n_added);
	c->head.body_size_max = c->server->conf->body_size_max * 2;
	is_good = feed(c, in, info->n_added);
	if (c->state == CONN_IDLE)
		conn_move(c, CONN_READING);
	if (c->state == CONN_APP || c->state == CONN_WRITING) {
		/* The request before gets its answer; if this is rubbish, it was the last one. */
		c->is_last = !is_good;
	} else if (c->server->bytes > c->server->conf->bytes_in_flight_max) {
		conn_refuse(c, ERR_BUSY, "too many request bytes are held; try again");
	} else if (!is_good && c->head.requests > c->handled) {
		c->is_last = true; /* evhttp is about to take up the good one before */
	} else if (!is_good) {
		conn_refuse(c, c->head.err != ERR_OK ? c->head.err : ERR_NO_MEMORY,
		    c->head.text != NULL ? c->head.text : "the request could not be held");
	}
	conn_hold(c);
}

void
conn_settle(struct conn *c)
{
	int64_t ahead = (int64_t)evbuffer_get_length(bufferevent_get_input(c->bev));

	count_bytes(c, ahead - c->bytes);
	conn_move(c,
	    head_is_between(&c->head) && c->head.requests == c->handled ? CONN_IDLE : CONN_READING);
}

/* ---- Writing -------------------------------------------------------------------------------- */

/*
 * Each write wakes a client that sleeps, which then takes turns with us on the processor; written together,
 * they wake it once (a fifth of a quote's CPU).  Not more than so many, that the first does not wait for long.
 */
#define REPLIES_MAX 32

/* A socket mostly takes a whole reply at once; what it does not take is left to the bufferevent. */
static void
write_now(struct conn *c)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);

	if (c->server->tls != NULL)
		return;
	evbuffer_unfreeze(out, 1); /* only its bufferevent may take from it, as a rule */
	(void)evbuffer_write(out, c->fd);
	evbuffer_freeze(out, 1);
}

static void
write_replies(struct http_server *s)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&s->replied_conns)) != NULL) {
		TAILQ_REMOVE(&s->replied_conns, c, reply_link);
		write_now(c);
		c->reply_list = &s->written_conns;
		TAILQ_INSERT_TAIL(&s->written_conns, c, reply_link);
	}
	s->replied_count = 0;
}

void
conn_write_later(struct conn *c)
{
	struct http_server *s = c->server;

	assert(c->reply_list == NULL);
	c->reply_list = &s->replied_conns;
	TAILQ_INSERT_TAIL(&s->replied_conns, c, reply_link);
	/* in this turn of the loop, behind what has come in */
	event_active(s->write_all, EV_TIMEOUT, 0);
	if (++s->replied_count >= REPLIES_MAX)
		write_replies(s);
}

void
conn_write_all(evutil_socket_t fd, short what, void *server)
{
	struct http_server *s = server;
	struct conn *c;

	(void)fd;
	(void)what;
	write_replies(s);
	while ((c = TAILQ_FIRST(&s->written_conns)) != NULL) {
		TAILQ_REMOVE(&s->written_conns, c, reply_link);
		c->reply_list = NULL;
		if (evbuffer_get_length(bufferevent_get_output(c->bev)) > 0)
			bufferevent_enable(c->bev, EV_WRITE);
		else
			/* may free it */
			bufferevent_trigger(c->bev, EV_WRITE, BEV_TRIG_IGNORE_WATERMARKS);
	}
}

struct bufferevent *
conn_accept(struct event_base *base, void *server)
{
	struct http_server *s = server;
	struct conn *c = calloc(1, sizeof(*c));
	SSL *ssl;

	if (c == NULL)
		return NULL; /* evhttp makes one of its own, whose requests get 503 */
	if (s->tls == NULL) {
		c->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	} else if ((ssl = SSL_new(s->tls)) != NULL) {
		c->bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
		    BEV_OPT_CLOSE_ON_FREE);
		if (c->bev != NULL)
			bufferevent_openssl_set_allow_dirty_shutdown(c->bev, 1);
		else
			SSL_free(ssl);
	}
	if (c->bev != NULL)
		c->input = evbuffer_add_cb(bufferevent_get_input(c->bev), conn_input, c);
	if (c->input == NULL) {
		if (c->bev != NULL)
			bufferevent_free(c->bev);
		free(c);
		return NULL;
	}
	bufferevent_incref(c->bev);
	c->magic = CONN_MAGIC;
	c->server = s;
	c->fd = -1;
	c->since_us = clock_mono_us();
	head_init(&c->head, (size_t)s->conf->head_size_max, s->conf->body_size_max * 2);
	TAILQ_INSERT_TAIL(&s->conns[CONN_FRESH], c, link);
	s->conn_count++;
	metric_set(METRIC_http_connections, s->conn_count);
	if (s->conn_count >= s->conf->connections_max)
		evconnlistener_disable(s->listener);
	event_active(s->fresh, EV_TIMEOUT, 0);
	return c->bev;
}

/* ---- Time ----------------------------------------------------------------------------------- */

static void
close_older(struct http_server *s, enum conn_state state, int64_t ms_max)
{
	int64_t before_us = clock_mono_us() - ms_max * US_PER_MS;
	struct conn *c;

	while ((c = TAILQ_FIRST(&s->conns[state])) != NULL && c->since_us <= before_us)
		evhttp_connection_free(c->evcon); /* calls conn_closed */
}

/* A request that takes this long to come in is a sick client or one that means ill. */
static void
refuse_slow(struct http_server *s)
{
	int64_t before_us = clock_mono_us() - s->conf->request_ms_max * US_PER_MS;
	struct conn *c;

	while ((c = TAILQ_FIRST(&s->conns[CONN_READING])) != NULL && c->since_us <= before_us)
		conn_refuse(c, ERR_TIMEOUT, "the request took too long to come in");
}

void
conn_tick(evutil_socket_t fd, short what, void *server)
{
	struct http_server *s = server;

	(void)fd;
	(void)what;
	refuse_slow(s);
	close_older(s, CONN_WRITING, s->conf->request_ms_max);
	close_older(s, CONN_IDLE, s->conf->idle_ms_max);
	close_older(s, CONN_REFUSED, REFUSED_MS_MAX);
	if (s->listener != NULL)
		accept_more(s); /* after conn_listener_error, too */
}

void
conn_close_idle(struct http_server *s)
{
	conn_fresh(-1, 0, s);
	close_older(s, CONN_IDLE, 0);
}

/* Out of descriptors, mostly: the next tick tries again instead of spinning. */
void
conn_listener_error(struct evconnlistener *l, void *ctx)
{
	(void)ctx;
	log_warn(LOG_MSG("accept failed"), LOG_STR("why", strerror(errno)));
	evconnlistener_disable(l);
}
