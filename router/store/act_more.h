#ifndef ROUTER_STORE_ACT_MORE_H
#define ROUTER_STORE_ACT_MORE_H

/*
 * act_more: what few acts write beside what all may (store/act.h): a return, until when the balance is asked for,
 * a territory that was crossed.  Part of the same transaction.
 */
#include "store/act.h"
#include "store/proposal.h"
#include "store/return_read.h"

/* A fulfilment handed over where another dealer than the order's owner has the territory. */
struct act_dispute {
	const struct act_dispute *next; /* NULL: no more */
	int number;
	int32_t territory, territory_dealer, location; /* ids */
	enum way way;
	const char *region; /* of the address; "": a pickup's store lies there */
};

struct act_more {
	const struct return_read *ret; /* as it shall stand; NULL: none */
	enum return_state ret_was;     /* 0: it is new */
	int64_t balance_by_us;         /* 0: as it was */
	int64_t balance_less_fen;      /* of units that are no longer sold, not to be paid */
	const struct act_dispute *dispute;
	const struct proposal_mark *proposal; /* the act is what it asked for; NULL: of none */
};

/* In the first trip, behind the acts and before the counters. */
void act_more_send(struct tx *t, const struct act_in *in);

#endif
