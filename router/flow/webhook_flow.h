#ifndef ROUTER_FLOW_WEBHOOK_FLOW_H
#define ROUTER_FLOW_WEBHOOK_FLOW_H

/*
 * webhook_flow: AdminService's part about webhooks: endpoints, their secrets, dead letters.
 *
 * An operator's or admin's key with dealer scopes handles those dealers' endpoints only; one that it may not handle
 * is NOT_FOUND like one that is not there.  Secrets are made here and shown once.
 */
#include "edge/rpc.h"

void upsert_webhook_endpoint_start(struct call *c, const ProtobufCMessage *request);
void list_webhook_endpoints_start(struct call *c, const ProtobufCMessage *request);
void rotate_webhook_secret_start(struct call *c, const ProtobufCMessage *request);
void list_dead_letters_start(struct call *c, const ProtobufCMessage *request);
void replay_dead_letters_start(struct call *c, const ProtobufCMessage *request);

#endif
