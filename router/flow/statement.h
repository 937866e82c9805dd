#ifndef ROUTER_FLOW_STATEMENT_H
#define ROUTER_FLOW_STATEMENT_H

/* statement: what the books say to a party, and of an order.  method_fn of FinanceService. */
#include "edge/rpc.h"

void get_statement_start(struct call *c, const ProtobufCMessage *request);
void get_money_timeline_start(struct call *c, const ProtobufCMessage *request);

#endif
