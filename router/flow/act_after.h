#ifndef ROUTER_FLOW_ACT_AFTER_H
#define ROUTER_FLOW_ACT_AFTER_H

/* act_after: what follows from any act, added to what its plan said before both are written. */
#include "flow/act_run.h"

/*
 * Refunds: every paid unit that becomes CANCELLED, NOT_COLLECTED, LOST, or RESTOCKED from its way back, adds what
 * was paid for it to refund_add_fen; the delivery fee goes back when nothing of the order was handed over
 * and nothing will be.  Units that are no longer sold give their campaign's budget back.  The order's end, or
 * its cancellation, is told as an event.
 */
enum err act_after(struct act_run *r) MUST_CHECK;

#endif
