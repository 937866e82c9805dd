#ifndef ROUTER_STORE_PAY_READ_H
#define ROUTER_STORE_PAY_READ_H

/*
 * pay_read: what a payment has to know of its order, read for many at once (store/group.h): the order with its
 * fulfilments and the submit's decision, and what is stored under the payment's number.
 */
#include "store/order_read.h"

struct pay_read;

/* The payment under a number, whatever order it was for. */
struct pay_known {
	struct uuid order_id;
	int64_t amount_fen;
	enum payment_outcome outcome;
};

enum err pay_read_new(struct pay_read **out, struct event_base *base, const struct conf *conf,
    struct pool *pool) MUST_CHECK;
void pay_read_free(struct pay_read *p);

/* OK with the order, and ${known} (NULL: the number is new); NOT_FOUND; the database's error. */
typedef void pay_read_fn(void *ctx, enum err e, struct order_read *o,
    const struct pay_known *known);

/**
 * pay_read_add(p, arena, id, payment, done, ctx):
 * Queue the reading of order ${id} and of the number of ${payment}.
 *
 * OK: ${done} follows once, later, from the loop; what it is given lives in ${arena}.
 * BUSY: the queue is full; NO_MEMORY.  ${done} never runs then.
 */
enum err pay_read_add(struct pay_read *p, struct arena *arena, const struct uuid *id,
    const struct payment_row *payment, pay_read_fn *done, void *ctx) MUST_CHECK;

#endif
