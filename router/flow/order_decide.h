#ifndef ROUTER_FLOW_ORDER_DECIDE_H
#define ROUTER_FLOW_ORDER_DECIDE_H

/* order_decide: a submitted body as the rows of its commit: attribute, decide, split, once a try. */
#include "flow/app.h"
#include "flow/token.h"
#include "store/order_row.h"
#include "yuncang/v1/order.pb-c.h"

struct order_decide {
	struct call *call;
	const Yuncang__V1__SubmitOrderRequest *m;
	bool raw; /* without this instance's own demand under way */
	/* Made by the last try: */
	const struct world *world; /* pinned as long as the call */
	const struct policy *policy;
	struct token *token; /* NULL: none was given */
	struct request request;
	struct owner owner;
	struct payment_row payment;
	/* what follows from the decision; reference, hash and ids are the caller's */
	struct order_row row;
};

/**
 * order_decide(d, r):
 * Try once, against the world and the hints of this turn.
 *
 * errors   every refusal of a submit, told in ${r}; NO_MEMORY.
 */
enum err order_decide(struct order_decide *d, struct reason *r) MUST_CHECK;

#endif
