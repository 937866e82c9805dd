#ifndef ROUTER_FLOW_STORE_ACT_H
#define ROUTER_FLOW_STORE_ACT_H

/* store_act: what a store does with its fulfilments; design "States".  flow/act_call.h has what these share. */
#include "edge/rpc.h"

void accept_start(struct call *c, const ProtobufCMessage *request);

#endif
