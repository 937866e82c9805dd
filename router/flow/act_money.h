#ifndef ROUTER_FLOW_ACT_MONEY_H
#define ROUTER_FLOW_ACT_MONEY_H

/*
 * act_money: what an act posts: E3 of what it hands over, one R1 of all that it gives back, and what is owed since
 * (store/act_books.h).  The legs are domain/order_money.h's.
 */
#include "flow/act_run.h"

/* What an act gives back, in parts.  units + returned + fee - balance - forfeit = in.refund_add_fen. */
struct act_owed {
	int64_t units_fen;    /* of paid units that end undelivered */
	int64_t returned_fen; /* of units that came back */
	int64_t fee_fen;      /* of the delivery fee */
	int64_t balance_fen;  /* of it never paid: the balance is smaller */
	int64_t forfeit_fen;  /* of it kept */
};

/* Of ${x}, whether its units end without having reached the customer with this act. */
bool act_ends_undelivered(const struct act_fulfilment *x);

/*
 * Part of act_after(): fills ${r}->in.books.  ${behind}: the order as it will stand.  Where there is something to post
 * and ${r}->order was read without its money, ${r}->wants_money is set and nothing else happens.
 * INTERNAL, logged: the order's rows and the act do not fit together.
 */
enum err act_money(struct act_run *r, const struct order_read *behind,
    const struct act_owed *owed) MUST_CHECK;

#endif
