/* proposal_kinds: what two persons may have to agree on, one row a kind; see proposal.h. */
#include "flow/proposal.h"
#include "flow/recon_flow.h"
#include "yuncang/v1/bill.pb-c.h"

const struct proposal_kind proposal_kinds[] = {
    {PROPOSAL_EXCEPTION, "exception", &yuncang__v1__resolve_exception_request__descriptor,
        resolve_exception_execute},
    {0, NULL, NULL, NULL},
};
