#ifndef ROUTER_EDGE_HEAD_H
#define ROUTER_EDGE_HEAD_H

/*
 * head: the framing of HTTP/1.x requests on one connection, every byte of it and without leniency.
 *
 * evhttp forgives what a proxy in front may read another way: repeated Content-Length, bare LF,
 * folded lines, "+5" as a chunk size.  This looks at every byte before evhttp does, keeps nothing
 * but a few counters, and says no.  Source: RFC 9112 sections 2.2, 3, 5, 6, 7.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HEAD_WORD_MAX 32

struct head {
	uint8_t state;
	uint8_t header; /* which of those that matter the line is */
	uint8_t minor;  /* HTTP/1.0 or 1.1 */
	uint8_t word_len;
	char word[HEAD_WORD_MAX]; /* of the method, the version, a header's name or its value */
	bool is_post;
	bool has_length;
	bool is_chunked;
	bool has_host;
	size_t head_len; /* bytes of this head */
	size_t head_size_max;
	int64_t body_size_max;
	int64_t body_len;  /* of this request, so far announced */
	int64_t left;      /* bytes left of the body or of the chunk */
	uint64_t requests; /* that came in whole */
	enum err err;      /* once set, nothing more is looked at */
	const char *text;
};

void head_init(struct head *h, size_t head_size_max, int64_t body_size_max);
/* False: refused, ${h}->err (BAD_BODY or TOO_LARGE) and ${h}->text say why; the connection must go. */
bool head_feed(struct head *h, const uint8_t *p, size_t len) MUST_CHECK;
bool head_is_between(const struct head *h); /* no byte of a next request has come */

#endif
