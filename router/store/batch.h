#ifndef ROUTER_STORE_BATCH_H
#define ROUTER_STORE_BATCH_H

/*
 * batch: the group commit (store/group.h) of orders.  One transaction for many orders, one outcome per order,
 * in three trips: claim; write rows and take; give back what no winner uses and commit.
 * Source: design "The group commit"; its rules stand in store/README.md.
 */
#include "store/change.h"
#include "store/order_row.h"
#include "store/tx.h"

struct batch;

/*
 * What became of an order.  lost_* names the take that was short, so that the caller may say why; every
 * figure the commit saw locked is already in the hints when done runs.
 */
struct batch_outcome {
	enum err
	    err; /* OK committed · EXISTS_DIFFERS · WRONG_STATE: the same ref and body are there, see order_id ·
	               * OUT_OF_STOCK, ENTITLEMENT_USED, CAMPAIGN_SPENT, SLOT_FULL, CONTENDED (capacity): lost a
	               * race · BAD_FIELD: the payment's number was used before · TIMEOUT: unknown · DB_DOWN ·
	               * BUSY · INTERNAL */
	struct uuid order_id; /* of the order that is there, for OK and WRONG_STATE */
	int lost_take;        /* index into takes, or -1 */
	/* CONTENDED: decided with a catalog older than a sku's first entitlement */
	bool stale;
	int64_t committed_us;
};
typedef void batch_fn(void *ctx, const struct batch_outcome *o);

enum err batch_new(struct batch **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, struct hints_memory *hints) MUST_CHECK;
void batch_free(struct batch *b);

/**
 * batch_add(b, row, done, ctx):
 * Queue ${row} for the next commit and count its takes as in flight.
 *
 * OK: ${done}(${ctx}, outcome) follows once, later, from the loop; ${row} is borrowed until then.
 * BUSY: the queue is full; ${done} never runs.
 * Two rows with one (storefront, order_ref) must not be under way at once: flow/attach sees to it.
 */
enum err batch_add(struct batch *b, const struct order_row *row, batch_fn *done,
    void *ctx) MUST_CHECK;
int batch_waiting(const struct batch *b);

#endif
