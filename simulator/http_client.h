#ifndef SIMULATOR_HTTP_CLIENT_H
#define SIMULATOR_HTTP_CLIENT_H

/*
 * http_client: HTTP/1.1 POSTs over a fixed set of kept-alive connections, one request on each at a
 * time, no pipelining.
 *
 * Connections are dealt to the URLs in turn.  A call takes an idle one, else waits in line.  A
 * connection that cannot be made is tried again after a pause and meanwhile takes no calls, so that
 * one dead instance does not eat the calls of the living ones.  Nothing is ever sent twice here:
 * what to do about a lost reply is the caller's business.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

struct event_base;
struct http_client;
struct http_call;

/* status 0: no answer; the request may or may not have arrived.  ${body} is lent until the return. */
typedef void http_done_fn(struct http_call *call, int status, const uint8_t *body, size_t len);

/* The caller's, and untouched by him from http_client_send() until done runs. */
struct http_call {
	const char *path;
	const uint8_t *body;
	size_t body_len;
	/* -1: wait for the answer; else cut the connection so many µs after the last byte went out */
	int64_t cut_after_us;
	http_done_fn *done;
	void *ctx;
	struct http_call *next; /* the client's */
};

#define HTTP_URLS_MAX 8
#define HTTP_CONNECTIONS_MAX 4096

struct http_client_options {
	const char *url[HTTP_URLS_MAX]; /* "http://127.0.0.1:8080" */
	int url_count;
	const char *key; /* sent as "authorization: Bearer ${key}" */
	int connection_count;
	int64_t answer_us_max; /* no answer after this: the connection is cut */
	size_t answer_size_max;
};

#define HTTP_HOST_SIZE 96

struct http_address {
	struct sockaddr_storage address;
	int len;
	char host[HTTP_HOST_SIZE]; /* "127.0.0.1:8080" */
};

/* ERR_CONF: not http://ADDRESS:PORT with a numeric address; it is logged. */
enum err http_address_parse(struct http_address *out, const char *url) MUST_CHECK;

/**
 * http_client_new(out, base, o):
 * Connects as calls need it.
 *
 * ERR_CONF: a URL that is not http://ADDRESS:PORT with a numeric address; it is logged.
 */
enum err http_client_new(struct http_client **out, struct event_base *base,
    const struct http_client_options *o) MUST_CHECK;
/* Calls not answered yet are forgotten: their done never runs. */
void http_client_free(struct http_client *cl);

/* ${call}->done runs once, later, from the loop. */
void http_client_send(struct http_client *cl, struct http_call *call);
int http_client_waiting(const struct http_client *cl); /* calls in line for a connection */

#endif
