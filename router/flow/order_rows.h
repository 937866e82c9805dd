#ifndef ROUTER_FLOW_ORDER_ROWS_H
#define ROUTER_FLOW_ORDER_ROWS_H

/* order_rows: a choice as the rows the commit writes and the keys it takes. */
#include "flow/choose.h"
#include "store/order_row.h"

struct rows_in {
	const struct app *app;
	const struct world *world;
	const struct request *request;
	const struct owner *owner;
	const struct choices *choices;
	/* of the choice taken; its plan is the first of the decision: the record must replay */
	int index;
	const struct policy *policy;
	const struct payment_row *payment; /* NULL: unpaid */
	/* Units of an order that is there: its prices, payment and budgets were settled when it was taken. */
	bool settled;
	/* ${payment} is the deposit of an order that is there: the caller has judged it */
	bool in_part;
};

/**
 * order_rows_make(in, row, arena, r):
 * Fill what of ${row} follows from the decision: frozen, split, record, postings, takes, pay_by.  The
 * reference, hash and ids are the caller's.
 *
 * errors   BAD_FIELD when the total is 0; AMOUNT_DIFFERS when the payment is not the total; OVERFLOW; NO_MEMORY.
 */
enum err order_rows_make(const struct rows_in *in, struct order_row *row, struct arena *arena,
    struct reason *r) MUST_CHECK;

#endif
