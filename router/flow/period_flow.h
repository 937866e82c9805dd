#ifndef ROUTER_FLOW_PERIOD_FLOW_H
#define ROUTER_FLOW_PERIOD_FLOW_H

/* period_flow: FinanceService.ClosePeriod and ListPeriods; what a close asks for: store/period.h. */
#include "edge/rpc.h"

void close_period_start(struct call *c, const ProtobufCMessage *request);
void list_periods_start(struct call *c, const ProtobufCMessage *request);

#endif
