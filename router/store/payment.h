#ifndef ROUTER_STORE_PAYMENT_H
#define ROUTER_STORE_PAYMENT_H

/*
 * payment: money for an order that does not await it: expired, or paid before.  Each function is one transaction
 * of its own (the payments that orders await are committed in groups: store/pay_batch.h): a late one takes
 * anew for one decision, of which nothing may be left when it loses, and all of these are rare.  The claim of
 * (provider, number) comes first, so that a repeat is answered as the first time whatever the order's state.
 *
 * done(e, outcome): OK with what the stored payment row says (a repeat: the first outcome) · EXISTS_DIFFERS: the
 * number was used for another order or amount · WRONG_STATE: the order is no longer as the caller read it, nothing
 * was written: read again · OUT_OF_STOCK, ENTITLEMENT_USED, SLOT_FULL, CONTENDED: late only, a lost race, decide
 * again; CONTENDED also when the catalog is older than a sku's first entitlement: read it again first · DB_DOWN, TIMEOUT, BUSY, INTERNAL.
 */
#include "store/batch.h"

/* What a fulfilment becomes when its order is paid. */
struct payment_fulfilment {
	int number;
	int32_t dealer;              /* its key's: who runs the location */
	enum fulfilment_state state; /* OFFERED, or ACCEPTED where the location accepts by itself */
	int64_t offer_deadline_us;   /* 0: none */
};

struct payment_in {
	struct uuid order_id;
	int32_t dealer; /* the order's owner: its key */
	int32_t collector;
	const struct payment_row *payment; /* of the order's total, but for a second one */
	int32_t split_version;
	bool in_part; /* late: ${payment} is the deposit: store/pay_part.h */
	int changes;  /* of the order as it was read: see migrations/0013 */
	int64_t now_us;
	const struct posting *e1, *e2; /* e2 NULL: no fee */
	const struct posting
	    *r1;              /* second and unfillable: the refund's claim on clearing; else NULL */
	bool withdrawn;       /* unfillable: the customer cancelled it, and CANCELLED it stays */
	int64_t due_us;       /* unfillable: when it ends in a cancel; 0: it has ended */
	int fulfilment_count; /* pay_batch: those that are PLANNED */
	const struct payment_fulfilment *fulfilments;
};

typedef void payment_fn(void *ctx, enum err e, enum payment_outcome outcome);

/* ${in} is borrowed until ${done}.  BUSY: the pool's queue is full, ${done} never runs. */

/* Order expired (CANCELLED, never paid): ${row} is the new attempt's decision, with its takes. */
enum err payment_late(struct pool *p, struct hints_memory *h, const struct payment_in *in,
    const struct order_row *row, payment_fn *done, void *ctx) MUST_CHECK;
/* Order expired and nothing fits, or it was withdrawn (${in}->withdrawn): the amount becomes refund_due. */
enum err payment_unfillable(struct pool *p, const struct payment_in *in, payment_fn *done,
    void *ctx) MUST_CHECK;
/* Order paid before, or past helping: recorded, the amount added to refund_due. */
enum err payment_second(struct pool *p, const struct payment_in *in, payment_fn *done,
    void *ctx) MUST_CHECK;

/* What the stored row of a number says that was used before: the first outcome, or EXISTS_DIFFERS; CONTENDED: it is gone. */
enum err payment_repeated(const struct payment_in *in, const PGresult *r,
    enum payment_outcome *outcome) MUST_CHECK;

#endif
