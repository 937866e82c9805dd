#ifndef ROUTER_FLOW_FINANCE_ACT_H
#define ROUTER_FLOW_FINANCE_ACT_H

/*
 * finance_act: what finance posts by hand: RecordFreight, RecordClaim (finance_act.c), OpenDispute, EndDispute
 * (finance_dispute.c), Adjust (finance_adjust.c), RefundAmount (finance_refund.c).  Each is a kind of flow/proposal.h:
 * its fields are judged when it is asked for, and again, with what the order says, when it is done.
 */
#include "domain/party.h"
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

#define FINANCE_MAY_BEAR (1u << PARTY_BRAND | 1u << PARTY_DEALER | 1u << PARTY_PLATFORM)

/* One that is about an order. */
struct finance_order {
	struct proposal_run *x;
	struct finance_write write;
	const struct world *world;
	const char *ref, *what; /* what: for people, before "of order" */
	int32_t courier, party; /* ids; party: who bears or gets it, 0: the rule says */
	int64_t fen, offset_fen;
	int fulfilment; /* of freight; 0: of the order */
	bool paid, won;
	/* the order is read, and without a party the rule of the fulfilment names him */
	bool by_rule;
	struct order_read *order;
};

/* How a kind of them is asked for and done. */
struct finance_kind {
	enum proposal_kind_number number;
	enum journal_event event;
	/* What the request says alone; ${f} is zero but for its write. */
	enum err (*fields)(struct call *c, const ProtobufCMessage *request, const struct world *w,
	    struct finance_order *f);
	/* Of a paid order whose parties are known. */
	finance_plan_fn *plan;
};
void finance_order_ask(struct call *c, const ProtobufCMessage *request,
    const struct finance_kind *k);
void finance_order_execute(struct proposal_run *x, const struct finance_kind *k);

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
