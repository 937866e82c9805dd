#ifndef ROUTER_FLOW_STUCK_CALL_H
#define ROUTER_FLOW_STUCK_CALL_H

/*
 * stuck_call: FinanceService's look at calls that the payment provider knows otherwise than we do, and their end by two
 * persons.  The result that they give stands in the rows like one of the provider's, and flow/settle.h posts what follows.
 */
#include "flow/proposal.h"

void list_stuck_calls_start(struct call *c, const ProtobufCMessage *request);
void end_stuck_call_start(struct call *c, const ProtobufCMessage *request);
void stuck_call_execute(struct proposal_run *x);

#endif
