#ifndef ROUTER_FLOW_ACT_AFTER_H
#define ROUTER_FLOW_ACT_AFTER_H

/* act_after: what follows from any act, added to what its plan said before both are written. */
#include "flow/act_run.h"

/*
 * Refunds: every paid unit that becomes CANCELLED, NOT_COLLECTED, LOST, or RESTOCKED from its way back, adds what
 * was paid for it to refund_add_fen.  The delivery fee goes back, once, with what ends last when nothing of the
 * order was handed over: a parcel that the carrier lost was not, one that came back from the customer's door was.
 * Never more than was paid.  Units that another fulfilment took over (moved_to) have not ended.
 *
 * Units that are no longer sold give their campaign's budget back.  The order's end, or its cancellation, is told
 * as an event.
 */
enum err act_after(struct act_run *r) MUST_CHECK;

#endif
