#ifndef ROUTER_DOMAIN_FULFILMENT_H
#define ROUTER_DOMAIN_FULFILMENT_H

/*
 * fulfilment: which acts move a fulfilment from which state to which, and what each step does to the
 * stock it held.  One table; the service, its timers and the tests read it.  Source: design "States".
 *
 *   PLANNED --paid--> OFFERED --accept--> ACCEPTED    OFFERED --reject | lapse--> REJECTED | EXPIRED
 *   PICKUP : ACCEPTED -> READY_FOR_PICKUP -> COLLECTED | NOT_COLLECTED -> RESTOCKED
 *   DELIVER: ACCEPTED -> OUT_FOR_DELIVERY -> DELIVERED | DELIVERY_FAILED -> out again | RETURNING -> RESTOCKED
 *   SHIP   : ACCEPTED -> SHIPPED -> DELIVERED | LOST
 *   before hand-over -> CANCELLED; REJECTED and EXPIRED units that nobody took over -> CANCELLED
 */
#include <stdbool.h>

#include "domain/order_state.h"
#include "domain/world_row.h"

/*
 * What is done to a fulfilment or an order.  The numbers stand in the trail and on the wire and never change.
 * name, number, word
 */
/* clang-format off */
#define ACT_TABLE(X) \
	X(ACCEPT, 1, "accept") \
	X(REJECT, 2, "reject") \
	X(LAPSE, 3, "lapse") \
	X(SHORT, 4, "mark_short") \
	X(READY, 5, "mark_ready") \
	X(COLLECT, 6, "confirm_collection") \
	X(WRONG_CODE, 7, "wrong_code") \
	X(REISSUE, 8, "reissue_code") \
	X(DISPATCH, 9, "dispatch") \
	X(DELIVER, 10, "confirm_delivery") \
	X(SILENCE, 11, "carrier_silence") \
	X(FAIL, 12, "report_delivery_failure") \
	X(TURN_BACK, 13, "turn_back") \
	X(RESTOCK, 14, "restock") \
	X(HOLD_OVER, 15, "hold_over") \
	X(LOSE, 16, "lose") \
	X(CANCEL, 17, "cancel") \
	X(OVERDUE, 18, "overdue") \
	X(REHOME, 19, "rehome") \
	X(ASK_CUSTOMER, 20, "ask_customer") \
	X(CHOOSE, 21, "choose_alternative") \
	X(CHANGE, 22, "change_order") \
	X(GIVE_UP, 23, "give_up") \
	X(PRODUCE, 24, "start_production") \
	X(PAY_BALANCE, 25, "pay_balance") \
	X(ASK_RETURN, 26, "request_return") \
	X(RECEIVE_RETURN, 27, "receive_return") \
	X(DECIDE_RETURN, 28, "decide_return") \
	X(LAPSE_RETURN, 29, "lapse_return") \
	X(REFUND_AMOUNT, 30, "refund_amount")
/* clang-format on */

enum act_kind {
#define X(name, number, word) ACT_##name = number,
	ACT_TABLE(X)
#undef X
	    ACT_KIND_COUNT
};

const char *act_word(enum act_kind k);
const char *fulfilment_state_word(enum fulfilment_state s); /* as on the wire: "OFFERED" */

/**
 * fulfilment_step(act, way, from, out):
 * The state behind ${act} for a fulfilment of that way; false: the table does not allow it.
 */
bool fulfilment_step(enum act_kind act, enum way way, enum fulfilment_state from,
    enum fulfilment_state *out);
/* The acts allowed next, as words with ", " between; "none" for a final state.  At most ${size} bytes. */
void fulfilment_allowed(enum way way, enum fulfilment_state from, char *out, size_t size);
/* No act of the table leads on. */
bool fulfilment_final(enum way way, enum fulfilment_state s);

/* Where a fulfilment's units are, as stock_level counts them. */
enum holding {
	HELD_NOWHERE,   /* given back, or never taken */
	HELD_RESERVED,  /* on hand, for an unpaid order */
	HELD_ALLOCATED, /* on hand, for a paid one */
	HELD_OUTSIDE    /* no longer on hand */
};
enum holding fulfilment_holding(enum fulfilment_state s);

/* What a step adds to the counters of each of its stock rows, for one unit. */
struct stock_effect {
	int on_hand, reserved, allocated;
	bool entitlement_back; /* the owner may sell the unit again */
};
struct stock_effect fulfilment_stock_effect(enum fulfilment_state from, enum fulfilment_state to);
/* Are capacity and slot given back?  Only while the work is not done: reject, expire, cancel, lapse. */
bool fulfilment_frees_capacity(enum fulfilment_state from, enum fulfilment_state to);

#endif
