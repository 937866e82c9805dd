#ifndef ROUTER_STORE_SETTLE_H
#define ROUTER_STORE_SETTLE_H

/*
 * settle: orders whose money goes on: leased in sets, read whole behind their locks, planned by
 * domain/payout_plan.h, and written, a set in one transaction.  Any instance, any number of them: who comes second
 * finds nothing to do.
 */
#include "base/arena.h"
#include "domain/payout_plan.h"
#include "store/tx.h"

struct settle_lease {
	int64_t now_us, until_us;
	int64_t frozen_us; /* what was paid before is released by the provider */
	int max;           /* of each reason */
};
typedef void settle_lease_fn(void *ctx, enum err e, const struct uuid *orders, int count);
/* OK: ${done} once, later; the orders live in ${arena}.  BUSY, NO_MEMORY: never runs. */
enum err settle_lease_start(struct pool *p, struct arena *arena, const struct settle_lease *in,
    settle_lease_fn *done, void *ctx) MUST_CHECK;

struct settle_done {
	int posted, calls; /* rows of the journal; calls queued */
	int whole_count;   /* orders of which a hold waits to be planned with the order whole */
	const struct uuid *whole;
};
typedef void settle_fn(void *ctx, enum err e, const struct settle_done *what);
/* What is late at ${now_us}: owed for a day and not on its way; when the oldest hold that waits was over, 0: none. */
typedef void settle_late_fn(void *ctx, enum err e, int64_t fen, int64_t hold_us);
enum err settle_late_start(struct pool *p, struct arena *arena, int64_t now_us,
    settle_late_fn *done, void *ctx) MUST_CHECK;

struct settle_in {
	const struct payout_terms *terms;
	const struct uuid *orders; /* sorted */
	int count;
	const struct order_money *whole; /* of the one order, as read before; NULL: none */
};
/**
 * settle_start(pool, arena, in, done, ctx):
 * One pass over ${in}'s orders in one transaction.  What ${in} points to is borrowed; ${arena} is this pass's own.
 *
 * ${done}: OK · CONTENDED, WRONG_STATE: others were faster: again · INTERNAL: one of them breaks a constraint: fewer
 * at once · DB_DOWN, TIMEOUT (outcome unknown), BUSY.
 */
enum err settle_start(struct pool *p, struct arena *arena, const struct settle_in *in,
    settle_fn *done, void *ctx) MUST_CHECK;

/* What the parts of a pass share: settle_read.c, settle_write.c. */
struct settle_set {
	const struct payout_terms *terms;
	const struct order_money *whole;
	struct arena *arena;
	int count;
	struct payout_order *orders; /* by id */
	struct payout_balances balances;
};
/* Statements of trip 0: the locks, then all that is read behind them. */
void settle_ask(struct tx *t, const struct payout_terms *terms, const struct uuid *orders,
    int count);
enum err settle_read(struct tx *t, struct settle_set *s) MUST_CHECK;
/* Calls that were queued too late are taken off; returns how many, of result 0. */
int settle_drop(struct tx *t, const struct settle_set *s);
enum err settle_write(struct tx *t, const struct settle_set *s,
    struct settle_done *what) MUST_CHECK;

#endif
