#ifndef ROUTER_FLOW_CUSTOMER_FLOW_H
#define ROUTER_FLOW_CUSTOMER_FLOW_H

/*
 * customer_flow: the RPCs of CustomerService.
 *
 * A claim is evidence that somebody vouches for: a scan by the code the store signed, a bind and a location by the
 * key that tells it, within what catalog_scope lets that key claim for.  It begins when it happened, never
 * ahead of now, and ends by the routing policy of now.  Who would own an order now is asked of the database,
 * judged by the very function that orders are judged by.
 */
#include "edge/rpc.h"
#include "store/claim_write.h"
#include "yuncang/v1/customer.pb-c.h"

void claim_start(struct call *c, const ProtobufCMessage *request);
void get_store_code_start(struct call *c, const ProtobufCMessage *request);
void get_owner_start(struct call *c, const ProtobufCMessage *request);
void transfer_ownership_start(struct call *c, const ProtobufCMessage *request);

/* Shared by the two files.  Codes are borrowed from ${w}, which knows the ids of ${c}.  NULL: no memory. */
Yuncang__V1__ClaimEvidence *claim_message(const struct world *w, const struct claim_read *c,
    struct arena *a) MUST_CHECK;
/* The SHA-256 of the request packed again. */
enum err request_hash(struct call *c, const ProtobufCMessage *request,
    uint8_t out[DIGEST_SIZE]) MUST_CHECK;
/* ${c}->reason names ${field}: BAD_FIELD. */
enum err check_length(struct call *c, const char *field, const char *text, size_t min,
    size_t max) MUST_CHECK;
/* The index of a store.  UNKNOWN_ID; BAD_FIELD: it is none; WRONG_STATE: it, or who runs it, is disabled. */
enum err find_store(struct call *c, const struct world *w, const char *field, const char *code,
    int32_t *idx) MUST_CHECK;
/* ${code} "" is nobody: 0.  UNKNOWN_ID, BAD_FIELD: not who works for that store's operator. */
enum err find_staff(struct call *c, const struct world *w, const char *field, const char *code,
    int32_t location, int32_t *id) MUST_CHECK;

#endif
