#ifndef ROUTER_FLOW_PAYMENT_POST_H
#define ROUTER_FLOW_PAYMENT_POST_H

/*
 * payment_post: a payment's journal rows, and whether its amount is what the order waits for.  Rows with legs
 * become ${in}->e1, e2, r1.
 */
#include "store/payment.h"
#include "store/return_read.h"

struct payment_books {
	const struct world *world;
	const struct order_read *order;
	struct payment_in *in; /* with its payment */
	struct posting *e1, *e2, *r1;
};

/* Cash in and the provider's fee, as ${s} has them. */
enum err payment_post(const struct payment_books *b, const struct split *s) MUST_CHECK;
/*
 * One of two parts: the deposit (${s} NULL), or the balance.  The provider's fee is that of both together, less
 * what the first had; what campaigns fund comes with the second.  OVERFLOW.
 */
enum err payment_post_part(const struct payment_books *b, const struct split *s) MUST_CHECK;
/* Money that will go back whole: the refund's claim on clearing, too.  OVERFLOW. */
enum err payment_post_refunded(const struct payment_books *b) MUST_CHECK;

/* Only an order of nothing but goods made for it may be paid in parts; whether it is, the whole order says. */
bool payment_perhaps_in_parts(const struct order_read *o);
/* ${fen} is the balance, and it is wanted. */
bool payment_is_balance(const struct order_read *o, int64_t fen);
/*
 * AMOUNT_DIFFERS: it is neither the total nor, of an order paid in parts, one of these.  ${known}: it is stored
 * under its number already, and was right then.
 */
enum err payment_judge_amount(const struct order_read *o, int64_t fen, bool known,
    struct reason *r) MUST_CHECK;

#endif
