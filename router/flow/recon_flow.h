#ifndef ROUTER_FLOW_RECON_FLOW_H
#define ROUTER_FLOW_RECON_FLOW_H

/*
 * recon_flow: FinanceService's methods about the provider's bills and their exceptions.  A key for some dealers only
 * reads what its dealer collects, and changes nothing: the books are everybody's.
 */
#include "edge/rpc.h"
#include "flow/proposal.h"

void import_bill_start(struct call *c, const ProtobufCMessage *request);
void reconcile_bill_start(struct call *c, const ProtobufCMessage *request);
void list_bills_start(struct call *c, const ProtobufCMessage *request);
void list_exceptions_start(struct call *c, const ProtobufCMessage *request);
void assign_exception_start(struct call *c, const ProtobufCMessage *request);
void resolve_exception_start(struct call *c, const ProtobufCMessage *request);
/* Does what a ResolveException asked for, once whoever must has agreed. */
void resolve_exception_execute(struct proposal_run *x);

/* ---- What these share ---- */

/*
 * The party ${code} as a collector to read of; "": ${*id} 0, all.  NOT_FOUND: there is none, or this key may not see it;
 * BAD_FIELD: it must name one.
 */
enum err recon_collector(struct call *c, const struct world *w, const char *code,
    int32_t *id) MUST_CHECK;

#endif
