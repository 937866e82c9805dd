#ifndef ROUTER_FLOW_REHOME_H
#define ROUTER_FLOW_REHOME_H

/*
 * rehome: units that a store refused, let lapse or did not have get another home; design "Hops".
 *
 * They are decided on like an order of their own, by the routing policy in force now, at the prices, costs and
 * split rules frozen at submit, for the order's owner and collector, without the locations that refused.  After
 * max_hops store offers only CLOUD and SITE are asked.
 */
#include "flow/act_run.h"
#include "flow/choose.h"

/* What a decision about units of an order asks for. */
struct rehome_ask {
	enum way way;     /* WAY_NONE: as the order asked */
	int32_t location; /* index, for PICKUP and DELIVER; NONE: as the order asked */
	bool all_units;   /* not only those without a home: a change of an order nobody accepted */
	bool central_only;
	const struct contact_row *contact; /* another address; NULL: the order's */
};

/* What came of it; lives in the run's arena. */
struct rehome_got {
	struct request request;
	struct choices choices;
	/* for act_in.row, with the option taken: the first, until rehome_take() */
	struct order_row row;
	int16_t *line_of;        /* the order's lines that the request's are */
	int64_t fee_carried_fen; /* of the delivery fee, by the units now */
	int hops;                /* store offers made for them so far */
};

/* How many units of ${line} no fulfilment holds, cancelled ones not counted. */
int32_t homeless_units(const struct order_read *o, int line);
/* Is ${f} REJECTED or EXPIRED with units that nobody took over? */
bool fulfilment_homeless(const struct fulfilment_read *f);

/*
 * Decides; needs READ_DECISION (attempt 1), READ_CONTACT and READ_PAYMENTS.  ${options_max} 1: only the best.
 * Errors: a refusal, in r->reason; NO_MEMORY.  r->last and r->last_err are set for a recheck.
 */
enum err rehome_decide(struct act_run *r, const struct rehome_ask *ask, int options_max,
    struct rehome_got **out) MUST_CHECK;
/*
 * What option ${index} carries of the delivery fee: at most ${fee_max_fen}, or what the policy asks for its way if
 * that is less; with its split, in choices.choice[0] until the next.  MARGIN_BELOW_FLOOR: it cannot be had.
 */
enum err rehome_split(struct act_run *r, struct rehome_got *g, int index, int64_t fee_max_fen,
    int64_t *fee_fen) MUST_CHECK;
/*
 * Makes the rows of option ${index}, whose fulfilments carry at most ${fee_max_fen} of the delivery fee: what the
 * policy asks for its way if that is less.  Returns in ${*fee_fen} what they carry.
 */
enum err rehome_take(struct act_run *r, struct rehome_got *g, int index, int64_t fee_max_fen,
    int64_t *fee_fen) MUST_CHECK;

/* All that has no home is with the fulfilments from ${moved_to} on; 0: it waits without a timer of its own. */
enum err rehome_settle(struct act_run *r, int moved_to) MUST_CHECK;
/*
 * The way, store and address that are asked for by now: a choice or a change after the submit stands in the trail
 * (reason: the way; location: the first that was taken), the address in the contact.
 */
void rehome_asked(const struct world *w, const struct order_read *o, struct request *q);

/* Plan of the timer: all of the order's units without a home whose time has come. */
enum err rehome_plan(struct act_run *r);
/* Marks what ${is} holds as waiting for rehome_plan(), at once. */
void rehome_wanted(struct act_run *r, struct fulfilment_read *is);

#define REHOME_READ (READ_DECISION | READ_CONTACT | READ_PAYMENTS)

#endif
