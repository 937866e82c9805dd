#ifndef ROUTER_STORE_PAY_PART_H
#define ROUTER_STORE_PAY_PART_H

/*
 * pay_part: an order of goods made for it is paid in two parts, each by a payment of its own: one transaction, as
 * store/payment.h describes it.  Such an order holds no stock.
 *
 * The balance is an act of the order's trail, so that a cancel or a dispatch under way sees it, or is seen.
 */
#include "store/payment.h"

/* The deposit, of an order that awaits it: opens the order and its fulfilments, as pay_batch does. */
enum err pay_deposit(struct pool *pool, const struct payment_in *in, payment_fn *done,
    void *ctx) MUST_CHECK;
/* The balance, of an order read with ${act_count} acts. */
enum err pay_balance(struct pool *pool, const struct payment_in *in, int act_count,
    payment_fn *done, void *ctx) MUST_CHECK;

#endif
