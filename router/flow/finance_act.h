#ifndef ROUTER_FLOW_FINANCE_ACT_H
#define ROUTER_FLOW_FINANCE_ACT_H

/*
 * finance_act: what finance posts by hand: RecordFreight, RecordClaim, OpenDispute, EndDispute (finance_act.c,
 * finance_dispute.c), Adjust (finance_adjust.c), RefundAmount (finance_refund.c).  Each is a kind of flow/proposal.h: its fields are judged when it
 * is asked for, and again, with what the order says, when it is done.
 */
#include "flow/proposal.h"
#include "store/finance.h"
#include "store/order_read.h"

void record_freight_start(struct call *c, const ProtobufCMessage *request);
void record_claim_start(struct call *c, const ProtobufCMessage *request);
void open_dispute_start(struct call *c, const ProtobufCMessage *request);
void end_dispute_start(struct call *c, const ProtobufCMessage *request);
void adjust_start(struct call *c, const ProtobufCMessage *request);
void refund_amount_start(struct call *c, const ProtobufCMessage *request);

void freight_execute(struct proposal_run *x);
void claim_execute(struct proposal_run *x);
void dispute_open_execute(struct proposal_run *x);
void dispute_end_execute(struct proposal_run *x);
void adjust_execute(struct proposal_run *x);
void refund_amount_execute(struct proposal_run *x);

/* ---- What these files share ---- */

#define FINANCE_NOTE_MAX 500

/* One that is about an order. */
struct finance_order {
	struct proposal_run *x;
	/* judge is there: a paid order, its parties known; plan is the kind's */
	struct finance_write write;
	const struct world *world;
	int32_t courier, party; /* ids; party: who bears or gets it, 0: the rule says */
	int64_t fen, offset_fen;
	int fulfilment; /* of freight; 0: of the order */
	bool paid, won;
	struct order_read *order; /* finance_order_run()'s */
};
/* NULL: no memory. */
struct finance_order *finance_order_begin(struct proposal_run *x,
    enum journal_event event) MUST_CHECK;
/* Reads the order; without a party the rule of the fulfilment names it.  Then as finance_run(). */
void finance_order_run(struct finance_order *f);

/* ${what} of ${order_id} as people read it; NULL: no memory. */
const char *finance_about(struct call *c, const char *what, const char *order_id) MUST_CHECK;
enum err finance_order_id(struct call *c, const char *text, struct uuid *out) MUST_CHECK;
/* 1 to FEN_MAX. */
enum err finance_fen(struct call *c, const char *field, int64_t fen) MUST_CHECK;
enum err finance_note(struct call *c, const char *note, bool needed) MUST_CHECK;
/* The party of a code, of one of ${kinds} (bits 1 << enum party_kind); "": ${otherwise}. */
enum err finance_party(struct call *c, const struct world *w, const char *field, const char *code,
    unsigned kinds, int32_t otherwise, int32_t *out) MUST_CHECK;
/* Runs ${w}, of which arena, world, mark and now_us are filled here, and ends with proposal_done(). */
void finance_run(struct proposal_run *x, struct finance_write *w);
/* WRONG_STATE, with its name: an account of the plan would pass its bound. */
enum err finance_bounds(struct call *c, const struct finance_read *f,
    const struct finance_plan *p) MUST_CHECK;

#endif
