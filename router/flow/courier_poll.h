#ifndef ROUTER_FLOW_COURIER_POLL_H
#define ROUTER_FLOW_COURIER_POLL_H

/*
 * courier_poll: every courier_poll_ms, asks the courier what happened and hands it on, in order, at least once.
 * One instance at a time asks, by a lease; how far it came is in the database, and moves on only when what was
 * handed on was taken in.
 */
#include "flow/courier.h"
#include "store/tx.h"

struct courier_poll;

/*
 * ${news} live until this returns.  The taker says once, now or later, courier_poll_taken(); with any error the same
 * news come again.
 */
typedef void courier_take_fn(void *ctx, struct courier_poll *p, const struct courier_news *news,
    int count);

/* ${courier} is borrowed. */
enum err courier_poll_new(struct courier_poll **out, struct event_base *base,
    const struct conf *conf, struct pool *pool, struct courier *courier, courier_take_fn *take,
    void *ctx) MUST_CHECK;
void courier_poll_taken(struct courier_poll *p, enum err e);
/* Between a take and its taken, too; the taker then says nothing any more. */
void courier_poll_free(struct courier_poll *p);

#endif
