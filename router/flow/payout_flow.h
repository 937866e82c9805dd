#ifndef ROUTER_FLOW_PAYOUT_FLOW_H
#define ROUTER_FLOW_PAYOUT_FLOW_H

/*
 * payout_flow: FinanceService's payouts and refunds.  What is owed by bank or offset is prepared in batches
 * (store/payout.h) and instructed through flow/proposal.h; splits go by themselves (flow/settle.h).
 */
#include "flow/proposal.h"
#include "store/payout_list.h"
#include "yuncang/v1/payout.pb-c.h"

void prepare_payouts_start(struct call *c, const ProtobufCMessage *request);
void list_payout_batches_start(struct call *c, const ProtobufCMessage *request);
void list_payouts_start(struct call *c, const ProtobufCMessage *request);
void export_payout_batch_start(struct call *c, const ProtobufCMessage *request);
void confirm_payout_start(struct call *c, const ProtobufCMessage *request);
void record_withdrawal_start(struct call *c, const ProtobufCMessage *request);
void list_refunds_start(struct call *c, const ProtobufCMessage *request);
void confirm_refund_start(struct call *c, const ProtobufCMessage *request);

void payouts_execute(struct proposal_run *x);
void withdrawal_execute(struct proposal_run *x);

/* What a proposal to instruct ${batch} says of it; NULL: no memory. */
char *payout_batch_about(const struct payout_batch_row *batch, struct arena *a) MUST_CHECK;
/* Two persons, however little it is: shares of a split wait each because of what it is. */
bool payout_batch_for_two(const struct payout_batch_row *batch);

/* Messages of rows, in ${a}; codes borrowed from ${w}.  NULL: no memory. */
Yuncang__V1__Payout *payout_message(const struct world *w, const struct payout_row *r,
    struct arena *a) MUST_CHECK;
Yuncang__V1__Refund *refund_message(const struct world *w, const struct refund_row *r,
    struct arena *a) MUST_CHECK;

/* The batch's bank file into ${out}: CSV of RFC 4180, no cell of it a formula. */
void payout_file(const struct payout_export *x, struct buf *out);

#endif
