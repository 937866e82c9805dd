#ifndef ROUTER_FLOW_TRAIL_FLOW_H
#define ROUTER_FLOW_TRAIL_FLOW_H

/*
 * trail_flow: ListActs, the trail of one order.  Who may see the order may see what was done to it; who did it, in
 * whose words and under which reference is for the brand's side, and for a store of its own acts.
 */
#include "edge/rpc.h"

void list_acts_start(struct call *c, const ProtobufCMessage *request);

#endif
