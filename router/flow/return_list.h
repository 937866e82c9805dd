#ifndef ROUTER_FLOW_RETURN_LIST_H
#define ROUTER_FLOW_RETURN_LIST_H

/* return_list: what comes back to a location, a page at a time. */
#include "edge/rpc.h"

void list_returns_start(struct call *c, const ProtobufCMessage *request);

#endif
