#ifndef ROUTER_STORE_TIMERS_H
#define ROUTER_STORE_TIMERS_H

/*
 * timers: orders of which something ends by itself: offers past their deadline, holds, waits, silences.  They
 * stand in the rows, so that any instance may fire them, also after a night of downtime; a lease keeps
 * two instances from the same work, and the acts they write make sure that each is fired once.
 */
#include "base/arena.h"
#include "base/uuid.h"
#include "store/tx.h"

struct timers_lease {
	int64_t now_us, until_us;
	int max; /* of each kind */
};
/* Fulfilments' offers, their other ends, orders, returns, balances. */
#define TIMER_KINDS 5

/* ${orders}: each once. */
typedef void timers_fn(void *ctx, enum err e, const struct uuid *orders, int count);
/* OK: ${done} once, later, with what is leased until then, living in ${arena}.  BUSY, NO_MEMORY: never runs. */
enum err timers_lease(struct pool *p, struct arena *arena, const struct timers_lease *in,
    timers_fn *done, void *ctx) MUST_CHECK;

#endif
