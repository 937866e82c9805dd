#ifndef ROUTER_EDGE_BODY_H
#define ROUTER_EDGE_BODY_H

/* body: what Content-Type and Content-Encoding say about a request's body. */
#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/err.h"

enum body_type { BODY_PROTO, BODY_JSON };

/* application/proto or application/json, either with charset=utf-8.  False: anything else, NULL too. */
bool body_type_parse(const char *content_type, enum body_type *out) MUST_CHECK;

/* One inflater serves all requests, one after the other: zlib's state is 40 kB. */
struct inflater {
	z_stream z;
	struct buf out;
	bool is_ready;
};

void inflater_init(struct inflater *f);
void inflater_release(struct inflater *f);
/**
 * inflater_run(f, p, len, size_max, r):
 * gunzip ${p} into ${f}->out, which lives until the next run.
 *
 * ERR_TOO_LARGE: it is more than ${size_max} inflated.  ERR_BAD_BODY: not one whole gzip member.
 */
enum err inflater_run(struct inflater *f, const uint8_t *p, size_t len, size_t size_max,
    struct reason *r) MUST_CHECK;

#endif
