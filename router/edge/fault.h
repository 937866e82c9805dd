#ifndef ROUTER_EDGE_FAULT_H
#define ROUTER_EDGE_FAULT_H

/* fault: the JSON body of a refusal, in the shape that Connect clients read. */
#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"
#include "base/err.h"

/**
 * fault_write(out, r, detail):
 * {"code","message","details":[…]}: first yuncang.v1.ErrorDetail, then ${detail} unless NULL.
 *
 * The message is "field: text", or the table's sentence where ${r} has no text of its own.
 */
void fault_write(struct buf *out, const struct reason *r, const ProtobufCMessage *detail);
int fault_http(const struct reason *r); /* the HTTP status of its code */

#endif
