#ifndef ROUTER_FLOW_ORDER_MESSAGE_H
#define ROUTER_FLOW_ORDER_MESSAGE_H

/* order_message: a stored order, and why it was decided so, as the messages a client reads. */
#include "flow/thaw.h"

/* What a submit is answered from, when it was committed and ever after. */
struct submit_facts {
	struct uuid order_id;
	const char *order_ref;
	const struct frozen *frozen;
	const struct split *split;
	int64_t created_us, pay_by_us; /* 0: paid */
	int64_t deposit_fen;           /* 0: paid at once */
};
Yuncang__V1__SubmitOrderResponse *submit_message(const struct world *w,
    const struct submit_facts *f, bool money, struct arena *a) MUST_CHECK;

/* Codes are borrowed from ${w}, which knows every id of ${o}.  NULL: no memory.  ${lines}: else without. */
Yuncang__V1__Order *order_message(const struct world *w, const struct order_read *o, bool lines,
    struct arena *a) MUST_CHECK;
/* A fulfilment as clients and stores see it; ${q} has the order's lines, NULL: without lines. */
Yuncang__V1__Fulfilment *fulfilment_message(const struct world *w, const struct request *q,
    const struct fulfilment_read *f, struct arena *a) MUST_CHECK;
/* One candidate search of a decision; ${key_count} keys are ranked by. */
Yuncang__V1__WayExplained *way_message(const struct world *w, const struct step_run *run,
    int line_count, int key_count, struct arena *a) MUST_CHECK;
Yuncang__V1__FirstOffer *first_offer_message(const struct first_offer *f,
    struct arena *a) MUST_CHECK;
struct owner order_owner(const struct order_read *o);

#endif
