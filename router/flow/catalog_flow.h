#ifndef ROUTER_FLOW_CATALOG_FLOW_H
#define ROUTER_FLOW_CATALOG_FLOW_H

/*
 * catalog_flow: the RPCs of CatalogService.
 *
 * All or nothing per request.  A reply to an upsert of the catalog comes after this instance reads it, so
 * that a writer reads what he wrote here; other instances follow within a feed poll.  A store key writes
 * stock and claims of its own locations only; a storefront key claims for the store, or the stores of the
 * dealer, of one of its storefronts, and for every store if one of them is the brand's.  These two date claims
 * neither ahead nor back by more than claim_age_ms_max.
 */
#include "edge/rpc.h"

void upsert_parties_start(struct call *c, const ProtobufCMessage *request);
void upsert_dealers_start(struct call *c, const ProtobufCMessage *request);
void upsert_territories_start(struct call *c, const ProtobufCMessage *request);
void upsert_locations_start(struct call *c, const ProtobufCMessage *request);
void upsert_slots_start(struct call *c, const ProtobufCMessage *request);
void upsert_storefronts_start(struct call *c, const ProtobufCMessage *request);
void upsert_skus_start(struct call *c, const ProtobufCMessage *request);
void set_stock_counts_start(struct call *c, const ProtobufCMessage *request);
void apply_stock_deltas_start(struct call *c, const ProtobufCMessage *request);
void upsert_entitlements_start(struct call *c, const ProtobufCMessage *request);
void upsert_campaigns_start(struct call *c, const ProtobufCMessage *request);
void upsert_claims_start(struct call *c, const ProtobufCMessage *request);
void put_routing_policy_start(struct call *c, const ProtobufCMessage *request);
void put_split_rule_book_start(struct call *c, const ProtobufCMessage *request);
void set_version_state_start(struct call *c, const ProtobufCMessage *request);

#endif
