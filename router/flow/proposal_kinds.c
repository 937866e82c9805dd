/* proposal_kinds: the writes of finance that two persons may have to agree on. */
#include "flow/finance_act.h"
#include "flow/payout_flow.h"
#include "flow/recon_flow.h"
#include "flow/stuck_call.h"
#include "yuncang/v1/bill.pb-c.h"
#include "yuncang/v1/finance_act.pb-c.h"
#include "yuncang/v1/provider.pb-c.h"

const struct proposal_kind proposal_kinds[] = {
    {PROPOSAL_FREIGHT, "freight", &yuncang__v1__record_freight_request__descriptor,
        freight_execute},
    {PROPOSAL_CLAIM, "claim", &yuncang__v1__record_claim_request__descriptor, claim_execute},
    {PROPOSAL_DISPUTE_OPEN, "open_dispute", &yuncang__v1__open_dispute_request__descriptor,
        dispute_open_execute},
    {PROPOSAL_DISPUTE_END, "end_dispute", &yuncang__v1__end_dispute_request__descriptor,
        dispute_end_execute},
    {PROPOSAL_ADJUST, "adjust", &yuncang__v1__adjust_request__descriptor, adjust_execute},
    {PROPOSAL_REFUND_AMOUNT, "refund_amount", &yuncang__v1__refund_amount_request__descriptor,
        refund_amount_execute},
    {PROPOSAL_EXCEPTION, "exception", &yuncang__v1__resolve_exception_request__descriptor,
        resolve_exception_execute},
    {PROPOSAL_PAYOUT_BATCH, "payouts", &yuncang__v1__prepare_payouts_request__descriptor,
        payouts_execute},
    {PROPOSAL_WITHDRAWAL, "withdrawal", &yuncang__v1__record_withdrawal_request__descriptor,
        withdrawal_execute},
    {PROPOSAL_STUCK_CALL, "stuck_call", &yuncang__v1__end_stuck_call_request__descriptor,
        stuck_call_execute},
    {0, NULL, NULL, NULL},
};
