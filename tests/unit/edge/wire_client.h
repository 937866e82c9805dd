#ifndef TESTS_UNIT_EDGE_WIRE_CLIENT_H
#define TESTS_UNIT_EDGE_WIRE_CLIENT_H

/*
 * wire_client: a raw HTTP client in the server's own event loop.
 *
 * It sends bytes as they are, so that it can be as rude as a test wants, and runs the loop until a
 * whole reply is in, the server has closed, or three seconds are over.
 */
#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>

#define REPLY_SIZE_MAX 65536

struct reply {
	int status; /* 0: none came */
	size_t len; /* of all */
	size_t body_len;
	bool is_closed; /* by the server, behind the reply or instead of one */
	char text[REPLY_SIZE_MAX + 1];
	const char *body; /* in text */
};

int client_open(struct event_base *base, int port);
void client_send(struct event_base *base, int fd, const void *p, size_t len);
void client_read(struct event_base *base, int fd, struct reply *r);
/* Whether the server closes within ${ms}. */
bool client_is_closed(struct event_base *base, int fd, int ms);
/* A header's value, cut from the reply, in a static buffer; NULL: not there. */
const char *reply_header(const struct reply *r, const char *name);
void loop_run_ms(struct event_base *base, int ms);

#endif
