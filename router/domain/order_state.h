#ifndef ROUTER_DOMAIN_ORDER_STATE_H
#define ROUTER_DOMAIN_ORDER_STATE_H

/*
 * order_state: the states of a fulfilment, the mark an order carries in its row, and the order's state,
 * which is stored nowhere: it is derived.  Source: design "States".
 */
#include <stdint.h>

enum order_mark {
	MARK_OPEN = 0,
	MARK_AWAITING_PAYMENT,
	MARK_AWAITING_CUSTOMER,
	MARK_UNFILLABLE,
	MARK_CANCELLED = 5
};
enum fulfilment_state {
	FUL_PLANNED = 1,
	FUL_OFFERED,
	FUL_ACCEPTED,
	FUL_REJECTED,
	FUL_EXPIRED,
	FUL_READY_FOR_PICKUP,
	FUL_COLLECTED,
	FUL_NOT_COLLECTED,
	FUL_OUT_FOR_DELIVERY,
	FUL_DELIVERED,
	FUL_DELIVERY_FAILED,
	FUL_RETURNING,
	FUL_SHIPPED,
	FUL_LOST,
	FUL_RESTOCKED,
	FUL_CANCELLED,
	FUL_STATE_COUNT
};

/* The numbers are the proto's and the precedence of the rules. */
enum order_state {
	STATE_AWAITING_PAYMENT = 1,
	STATE_AWAITING_CUSTOMER,
	STATE_UNFILLABLE,
	STATE_PART_ALLOCATED,
	STATE_CANCELLED,
	STATE_DONE,
	STATE_PART_DONE,
	STATE_IN_FULFILMENT,
	STATE_ALLOCATED
};

/* How many units stand in each fulfilment state; those that another fulfilment took over are counted there. */
struct state_units {
	int64_t units[FUL_STATE_COUNT];
};

/**
 * order_state_derive(mark, ordered, s):
 * The state of an order of ${ordered} units; the first that holds:
 *
 *   1..3  the mark says so, 5 as well when it says cancelled (an order that expired unpaid)
 *   4  a unit has no fulfilment: those of REJECTED and EXPIRED ones have none
 *   5  all units are CANCELLED
 *   6  all units are final: COLLECTED, DELIVERED, LOST, RESTOCKED or CANCELLED
 *   7  some units are final; one cancelled before hand-over does not count
 *   8  some units are accepted, or further on
 *   9  else
 */
enum order_state order_state_derive(enum order_mark mark, int64_t ordered,
    const struct state_units *s);

#endif
