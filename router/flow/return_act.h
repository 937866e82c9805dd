#ifndef ROUTER_FLOW_RETURN_ACT_H
#define ROUTER_FLOW_RETURN_ACT_H

/*
 * return_act: units that reached the customer come back (domain/returns.h).  The storefront asks, within the
 * return window of the order's policy, counted from the hand-over; a store receives and inspects.
 *
 * What is accepted raises the refund due by the cash that was paid for those units, and puts the sellable ones
 * on the shelf where they were received, under the goods owner they had.  The journal's R1 hooks in where
 * return_decide() raises in.refund_add_fen: in.postings of the same act.
 */
#include "flow/act_call.h"

void request_return_start(struct call *c, const ProtobufCMessage *request);
void receive_return_start(struct call *c, const ProtobufCMessage *request);
void decide_return_start(struct call *c, const ProtobufCMessage *request);

/*
 * As act_plan_fn, of a timer: return ${number} of the order (with READ_RETURNS) is due.  REQUESTED lapses;
 * RECEIVED counts as taken back, damaged, for nobody said that it can be sold.  Nothing to write: it was not due.
 */
enum err return_due_plan(struct act_run *r, int number) MUST_CHECK;

#endif
