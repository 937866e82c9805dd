#ifndef ROUTER_FLOW_PREVIEW_H
#define ROUTER_FLOW_PREVIEW_H

/* preview: PreviewSplit: what a basket would earn whom.  Nothing is written and nothing held. */
#include "edge/rpc.h"

void preview_split_start(struct call *c, const ProtobufCMessage *request);

#endif
