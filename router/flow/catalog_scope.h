#ifndef ROUTER_FLOW_CATALOG_SCOPE_H
#define ROUTER_FLOW_CATALOG_SCOPE_H

/* catalog_scope: for which locations a key may write stock and claims; see flow/catalog_flow.h. */
#include "edge/rpc.h"

/* PERMISSION_DENIED, with c->reason naming ${above}.location. */
enum err scope_location(struct call *c, const char *above, const char *location) MUST_CHECK;
enum err scope_claim(struct call *c, const char *above, const char *location) MUST_CHECK;

#endif
