#ifndef ROUTER_STORE_PAY_BATCH_H
#define ROUTER_STORE_PAY_BATCH_H

/*
 * pay_batch: the group commit (store/group.h) of payments for orders that await them: one transaction for many,
 * one outcome each, in two trips:
 *
 *   1  claim the numbers; open the orders that hold their claim, and their fulfilments
 *   2  stock from reserved to allocated; take back the claims of those that opened nothing, read what stands
 *      under the numbers that were there before; journal, outbox, the stock_change row, commit
 *
 * An order is opened if it awaits payment when its row is locked and the payment stored under the number is
 * its own, so that none of it ever needs undoing.  What else a payment may be stands in store/payment.h.
 */
#include "store/payment.h"

struct pay_batch;

enum err pay_batch_new(struct pay_batch **out, struct event_base *base, const struct conf *conf,
    struct pool *pool) MUST_CHECK;
void pay_batch_free(struct pay_batch *b);

/**
 * pay_batch_add(b, in, done, ctx):
 * Queue the payment of an order that was AWAITING_PAYMENT when read; r1 is NULL.
 *
 * OK: ${done}(${ctx}, e, outcome) follows once, later, from the loop: OK with what the stored row says (a repeat:
 *     the first outcome) · EXISTS_DIFFERS: the number was used for another order or amount · WRONG_STATE: the
 *     order awaits no payment of this amount any more, nothing was written: read it again · CONTENDED: the same,
 *     another's claim was in the way · TIMEOUT: unknown, ask again with the same number · DB_DOWN, BUSY, INTERNAL.
 * BUSY: the queue is full; ${done} never runs.
 * ${in} is borrowed until ${done}.
 */
enum err pay_batch_add(struct pay_batch *b, const struct payment_in *in, payment_fn *done,
    void *ctx) MUST_CHECK;
int pay_batch_waiting(const struct pay_batch *b);

#endif
