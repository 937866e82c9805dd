#ifndef SIMULATOR_BENCH_BODIES_H
#define SIMULATOR_BENCH_BODIES_H

/* bench_bodies: requests as bytes, head and body, ready to be written. */
#include "base/buf.h"
#include "simulator/bench_orders.h"

struct bench_request {
	size_t at; /* in bytes */
	uint32_t len;
	uint32_t order_first, order_count; /* of bench_orders */
};

struct bench_bodies {
	struct buf bytes;
	struct bench_request *request;
	size_t count;
};

/**
 * bench_bodies_make(b, m, o, kind, host, key):
 * SUBMIT and the quotes: one request an order; BULK: one for BULK_ORDERS; CONSTANT: one in all.
 * A quote asks for its plan's way and says where the customer is, PICKUP names no store: the stores near by
 * are offered.  QUOTE_OPEN names no way, so that every way there is gets offered.
 *
 * bench_bodies_release() is due in any case.
 */
enum err bench_bodies_make(struct bench_bodies *b, const struct bench_mix *m,
    const struct bench_orders *o, enum bench_kind kind, const char *host,
    const char *key) MUST_CHECK;
void bench_bodies_release(struct bench_bodies *b);

#endif
