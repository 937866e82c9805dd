#ifndef ROUTER_FLOW_CLOCK_FLOW_H
#define ROUTER_FLOW_CLOCK_FLOW_H

/*
 * clock_flow: AdminService.MoveClock.  Business time (promises, deadlines, holds, quotes, policies) is
 * clock_wall_us() and moves; deadlines of requests, retries and the change feed run on the monotonic clock or the
 * database's own, and do not.
 */
#include "edge/rpc.h"

void move_clock_start(struct call *c, const ProtobufCMessage *request);

#endif
