#ifndef ROUTER_FLOW_STOCK_FLOW_H
#define ROUTER_FLOW_STOCK_FLOW_H

/*
 * stock_flow: StoreService.ReportStock: what one location counted and sold over the counter.  A store key
 * reports for its own locations; another one is NOT_FOUND like one that is not there.
 */
#include "edge/rpc.h"

void report_stock_start(struct call *c, const ProtobufCMessage *request);

#endif
