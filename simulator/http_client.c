#include "simulator/http_client.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/util.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"

#define RECONNECT_US (50 * US_PER_MS)
#define HEAD_LINES_MAX 64

enum http_state { CLOSED, PAUSED, IDLE, SENDING, HEAD, BODY };

struct http_connection {
	struct http_client *client;
	const struct http_address *target;
	struct bufferevent *bev; /* NULL: closed */
	struct event *timer;     /* pause, answer time or cut */
	struct http_call *call;
	enum http_state state;
	bool connected, cutting, close_after;
	int status, head_lines;
	int64_t body_len; /* -1: not said */
	struct http_connection *next_free;
};

struct http_client {
	struct event_base *base;
	struct http_address target[HTTP_URLS_MAX];
	char *key;
	int64_t answer_us_max;
	size_t answer_size_max;
	struct http_connection *connections;
	int connection_count;
	struct http_connection *free_first, *free_last; /* CLOSED and IDLE, longest first */
	struct http_call *first, *last;
	int waiting;
	struct event *pump; /* hands waiting calls to free connections, from the loop */
};

static void on_read(struct bufferevent *bev, void *ctx);
static void on_written(struct bufferevent *bev, void *ctx);
static void on_event(struct bufferevent *bev, short what, void *ctx);

static void
timer_set(struct http_connection *c, int64_t us)
{
	struct timeval tv = {.tv_sec = us / US_PER_S, .tv_usec = us % US_PER_S};

	(void)event_add(c->timer, &tv);
}

static void
pump_wake(struct http_client *cl)
{
	event_active(cl->pump, EV_TIMEOUT, 0);
}

static void
free_append(struct http_connection *c)
{
	struct http_client *cl = c->client;

	c->next_free = NULL;
	if (cl->free_last == NULL)
		cl->free_first = c;
	else
		cl->free_last->next_free = c;
	cl->free_last = c;
	if (cl->first != NULL)
		pump_wake(cl);
}

static void
connection_close(struct http_connection *c)
{
	if (c->bev != NULL)
		bufferevent_free(c->bev);
	c->bev = NULL;
	c->connected = false;
}

/* The call is over; its connection goes back to the free ones, or rests a while. */
static void
call_end(struct http_connection *c, int status, const uint8_t *body, size_t len, bool pause)
{
	struct http_call *call = c->call;

	(void)event_del(c->timer);
	c->call = NULL;
	c->cutting = false;
	if (call != NULL)
		call->done(call, status, body, len);
	if (pause) {
		c->state = PAUSED;
		timer_set(c, RECONNECT_US);
	} else {
		c->state = c->bev != NULL ? IDLE : CLOSED;
		free_append(c);
	}
}

static void
call_lost(struct http_connection *c)
{
	bool pause = !c->connected && !c->cutting;

	connection_close(c);
	call_end(c, 0, NULL, 0, pause);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct http_connection *c = ctx;

	(void)fd;
	(void)what;
	if (c->state == PAUSED) {
		c->state = CLOSED;
		free_append(c);
		return;
	}
	call_lost(c);
}

static enum err
connection_open(struct http_connection *c)
{
	int on = 1;

	c->bev = bufferevent_socket_new(c->client->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (c->bev == NULL)
		return ERR_NO_MEMORY;
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	if (bufferevent_socket_connect(c->bev, (const struct sockaddr *)&c->target->address,
	        c->target->len) != 0) {
		connection_close(c);
		return ERR_IO;
	}
	(void)setsockopt(bufferevent_getfd(c->bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	return ERR_OK;
}

static void
call_start(struct http_connection *c, struct http_call *call)
{
	struct http_client *cl = c->client;
	struct evbuffer *out;

	c->call = call;
	c->state = SENDING;
	c->head_lines = 0;
	c->body_len = -1;
	c->status = 0;
	c->close_after = false;
	timer_set(c, cl->answer_us_max);
	if (c->bev == NULL && connection_open(c) != ERR_OK) {
		call_lost(c);
		return;
	}
	out = bufferevent_get_output(c->bev);
	(void)evbuffer_add_printf(out,
	    "POST %s HTTP/1.1\r\nhost: %s\r\ncontent-type: application/proto\r\n"
	    "connect-protocol-version: 1\r\nauthorization: Bearer %s\r\ncontent-length: %zu\r\n\r\n",
	    call->path, c->target->host, cl->key, call->body_len);
	(void)evbuffer_add(out, call->body, call->body_len);
}

static void
on_pump(evutil_socket_t fd, short what, void *ctx)
{
	struct http_client *cl = ctx;

	(void)fd;
	(void)what;
	while (cl->first != NULL && cl->free_first != NULL) {
		struct http_connection *c = cl->free_first;
		struct http_call *call = cl->first;

		cl->free_first = c->next_free;
		if (cl->free_first == NULL)
			cl->free_last = NULL;
		cl->first = call->next;
		if (cl->first == NULL)
			cl->last = NULL;
		cl->waiting--;
		call_start(c, call);
	}
}

static bool
status_parse(struct http_connection *c, const char *line)
{
	if (strncmp(line, "HTTP/1.1 ", 9) != 0 || strlen(line) < 12)
		return false;
	for (int i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			return false;
		c->status = c->status * 10 + (line[i] - '0');
	}
	return c->status >= 200;
}

static bool
header_parse(struct http_connection *c, char *line)
{
	char *value = strchr(line, ':');

	if (value == NULL)
		return false;
	*value++ = '\0';
	value += strspn(value, " \t");
	if (strcasecmp(line, "content-length") == 0)
		return parse_i64(value, 0, (int64_t)c->client->answer_size_max, &c->body_len) ==
		    ERR_OK;
	if (strcasecmp(line, "connection") == 0 && strcasecmp(value, "close") == 0)
		c->close_after = true;
	/* the service sends lengths; chunks would need more code than this test tool has use for */
	return strcasecmp(line, "transfer-encoding") != 0;
}

/* true: the head is whole or more bytes are needed; false: not HTTP as we know it */
static bool
head_read(struct http_connection *c, struct evbuffer *in)
{
	char *line;
	bool ok = true;

	while (ok && c->state == HEAD &&
	    (line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
		if (c->status == 0)
			ok = status_parse(c, line);
		else if (line[0] != '\0')
			ok = header_parse(c, line);
		else if (c->body_len < 0)
			ok = false;
		else
			c->state = BODY;
		free(line);
		if (++c->head_lines > HEAD_LINES_MAX)
			ok = false;
	}
	return ok;
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct http_connection *c = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len;

	if (c->state == IDLE || c->state == CLOSED) {
		/* something nobody asked for, as a farewell 408: such a connection is not used again */
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	if (c->cutting) {
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	if (c->state == SENDING)
		c->state = HEAD;
	if (c->state == HEAD && !head_read(c, in)) {
		log_warn(LOG_MSG("not an HTTP answer"), LOG_STR("path", c->call->path));
		call_lost(c);
		return;
	}
	len = (size_t)(c->body_len < 0 ? 0 : c->body_len);
	if (c->state != BODY || evbuffer_get_length(in) < len)
		return;
	/* the body is lent to the callback and belongs to the buffer: detach it from the connection */
	struct evbuffer *body = evbuffer_new();
	if (body == NULL || evbuffer_remove_buffer(in, body, len) != (int)len) {
		call_lost(c);
	} else {
		if (c->close_after)
			connection_close(c);
		call_end(c, c->status, len > 0 ? evbuffer_pullup(body, -1) : NULL, len, false);
	}
	if (body != NULL)
		evbuffer_free(body);
}

static void
on_written(struct bufferevent *bev, void *ctx)
{
	struct http_connection *c = ctx;

	(void)bev;
	if (c->call == NULL || !c->connected)
		return;
	if (c->state == SENDING)
		c->state = HEAD;
	if (c->call->cut_after_us < 0 || c->cutting)
		return;
	c->cutting = true;
	timer_set(c, c->call->cut_after_us);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct http_connection *c = ctx;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED) {
		c->connected = true;
		return;
	}
	if (c->call != NULL) {
		call_lost(c);
		return;
	}
	/* an idle connection was closed by the other side; it stays in the list of free ones */
	connection_close(c);
	c->state = CLOSED;
}

enum err
http_address_parse(struct http_address *out, const char *url)
{
	static const char scheme[] = "http://";
	size_t len;

	if (strncmp(url, scheme, sizeof(scheme) - 1) == 0) {
		len = strcspn(url + sizeof(scheme) - 1, "/");
		if (len > 0 && len < sizeof(out->host)) {
			memcpy(out->host, url + sizeof(scheme) - 1, len);
			out->host[len] = '\0';
			out->len = (int)sizeof(out->address);
			if (evutil_parse_sockaddr_port(out->host, (struct sockaddr *)&out->address,
			        &out->len) == 0)
				return ERR_OK;
		}
	}
	log_error(LOG_MSG("not http://ADDRESS:PORT"), LOG_STR("url", url));
	return ERR_CONF;
}

enum err
http_client_new(struct http_client **out, struct event_base *base,
    const struct http_client_options *o)
{
	struct http_client *cl = calloc(1, sizeof(*cl));
	enum err e = ERR_NO_MEMORY;

	assert(o->url_count > 0 && o->url_count <= HTTP_URLS_MAX);
	assert(o->connection_count > 0 && o->connection_count <= HTTP_CONNECTIONS_MAX);
	if (cl == NULL)
		return e;
	cl->base = base;
	cl->answer_us_max = o->answer_us_max;
	cl->answer_size_max = o->answer_size_max;
	cl->key = strdup(o->key);
	cl->pump = event_new(base, -1, 0, on_pump, cl);
	cl->connections = calloc((size_t)o->connection_count, sizeof(*cl->connections));
	if (cl->key == NULL || cl->pump == NULL || cl->connections == NULL)
		goto free_client;
	for (int i = 0; i < o->url_count; i++) {
		e = http_address_parse(&cl->target[i], o->url[i]);
		if (e != ERR_OK)
			goto free_client;
	}
	for (int i = 0; i < o->connection_count; i++) {
		struct http_connection *c = &cl->connections[i];

		c->client = cl;
		c->target = &cl->target[i % o->url_count];
		c->timer = event_new(base, -1, 0, on_timer, c);
		cl->connection_count++;
		if (c->timer == NULL) {
			e = ERR_NO_MEMORY;
			goto free_client;
		}
		free_append(c);
	}
	*out = cl;
	return ERR_OK;

free_client:
	http_client_free(cl);
	return e;
}

void
http_client_free(struct http_client *cl)
{
	if (cl == NULL)
		return;
	for (int i = 0; cl->connections != NULL && i < cl->connection_count; i++) {
		connection_close(&cl->connections[i]);
		if (cl->connections[i].timer != NULL)
			event_free(cl->connections[i].timer);
	}
	if (cl->pump != NULL)
		event_free(cl->pump);
	free(cl->connections);
	free(cl->key);
	free(cl);
}

void
http_client_send(struct http_client *cl, struct http_call *call)
{
	call->next = NULL;
	if (cl->last == NULL)
		cl->first = call;
	else
		cl->last->next = call;
	cl->last = call;
	cl->waiting++;
	if (cl->free_first != NULL)
		pump_wake(cl);
}

int
http_client_waiting(const struct http_client *cl)
{
	return cl->waiting;
}
