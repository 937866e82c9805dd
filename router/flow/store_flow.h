#ifndef ROUTER_FLOW_STORE_FLOW_H
#define ROUTER_FLOW_STORE_FLOW_H

/*
 * store_flow: StoreService: what a location has to do, nearest deadline first.  A store key sees its own
 * locations; a location it may not see is NOT_FOUND like one that is not there.
 */
#include "edge/rpc.h"

void list_tasks_start(struct call *c, const ProtobufCMessage *request);

#endif
