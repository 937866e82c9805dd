#ifndef ROUTER_FLOW_SCORECARD_FLOW_H
#define ROUTER_FLOW_SCORECARD_FLOW_H

/* scorecard_flow: CatalogService.ListScorecards; what is counted and when: store/scorecard.h. */
#include "edge/rpc.h"

void list_scorecards_start(struct call *c, const ProtobufCMessage *request);

#endif
