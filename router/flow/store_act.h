#ifndef ROUTER_FLOW_STORE_ACT_H
#define ROUTER_FLOW_STORE_ACT_H

/*
 * store_act: what a store does with its fulfilments; design "States".  flow/act_call.h has what these share.
 * store_act.c: what it answers to an offer; store_hand.c: collected over the counter; store_send.c: sent out.
 */
#include "edge/rpc.h"

void accept_start(struct call *c, const ProtobufCMessage *request);
void reject_start(struct call *c, const ProtobufCMessage *request);
void mark_short_start(struct call *c, const ProtobufCMessage *request);

void mark_ready_start(struct call *c, const ProtobufCMessage *request);
void confirm_collection_start(struct call *c, const ProtobufCMessage *request);
void reissue_code_start(struct call *c, const ProtobufCMessage *request);

void dispatch_start(struct call *c, const ProtobufCMessage *request);
void confirm_delivery_start(struct call *c, const ProtobufCMessage *request);
void report_loss_start(struct call *c, const ProtobufCMessage *request);
void report_delivery_failure_start(struct call *c, const ProtobufCMessage *request);
void restock_start(struct call *c, const ProtobufCMessage *request);

#endif
