#ifndef ROUTER_FLOW_CATALOG_SCOPE_H
#define ROUTER_FLOW_CATALOG_SCOPE_H

/* catalog_scope: for which locations a key may write stock and claims; see flow/catalog_flow.h. */
#include "edge/rpc.h"
#include "flow/convert.h"

/* PERMISSION_DENIED, with c->reason naming ${above}.location. */
enum err scope_location(struct call *c, const char *above, const char *location) MUST_CHECK;
/* BAD_FIELD, too, naming ${above}.from: who is a party to it dates no claim back or ahead. */
enum err scope_claim(struct call *c, const char *above, const char *location,
    int64_t from_us) MUST_CHECK;
bool scope_claims_for(const struct call *c, const char *location);
enum err claim_time_check(struct reason *r, const struct place *at, int64_t at_us, int64_t now_us,
    int64_t age_ms_max) MUST_CHECK;

#endif
