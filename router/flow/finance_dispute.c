/* finance_dispute: the payment provider takes money back until a dispute is settled. */
#include "flow/finance_act.h"
#include "yuncang/v1/finance_act.pb-c.h"

/* ---- Opening ---------------------------------------------------------------------------------------------- */

static enum err
open_fields(struct call *c, const Yuncang__V1__OpenDisputeRequest *q, struct finance_order *f)
{
	enum err e = finance_order_id(c, q->order_id, &f->write.order_id);

	f->fen = q->amount_fen;
	if (e == ERR_OK)
		e = finance_fen(c, "amount_fen", q->amount_fen);
	return e == ERR_OK ? finance_note(c, q->note, false) : e;
}

void
open_dispute_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__OpenDisputeRequest *q = (const Yuncang__V1__OpenDisputeRequest *)request;
	struct finance_order f = {0};
	struct proposal_ask ask = {.kind = PROPOSAL_DISPUTE_OPEN,
	    .ref = q->ref,
	    .fen = q->amount_fen};
	enum err e = open_fields(c, q, &f);

	if (e == ERR_OK) {
		ask.about = finance_about(c, "dispute", q->order_id);
		e = ask.about != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	if (e == ERR_OK)
		proposal_ask(c, request, &ask);
	else
		call_fail_err(c, e);
}

/* A dispute that was lost took money that no row gives back. */
static bool
lost_before(const struct finance_read *r)
{
	int64_t fen = 0;

	for (int i = 0; i < r->books.sum_count; i++)
		if (r->books.sums[i].event == EVENT_D_DISPUTE &&
		    account_kind(r->books.sums[i].account) == ACCOUNT_PSP_AVAILABLE)
			fen += r->books.sums[i].fen;
	return fen != 0;
}

static enum err
open_plan(void *ctx, const struct finance_read *r, struct finance_plan *out)
{
	struct finance_order *f = ctx;
	struct reason *why = &f->x->call->reason;
	const int64_t most = finance_paid(&r->books);
	enum err e;

	if (finance_disputed(&r->books) != 0)
		return reason_set(why, ERR_WRONG_STATE, "order_id", "a dispute is open");
	if (lost_before(r))
		return reason_set(why, ERR_WRONG_STATE, "order_id", "a dispute was lost");
	if (f->fen > most)
		return reason_set(why, ERR_WRONG_STATE, "amount_fen",
		    "%lld fen were paid and did not go back", (long long)most);
	e = finance_dispute_opened(&r->books, f->fen, &out->rows[0]);
	if (e == ERR_OK)
		e = finance_dispute_fenced(&r->books, f->fen, &out->rows[1]);
	out->row_count = 2;
	out->event_us = f->write.now_us;
	out->holds = HOLDS_STOP;
	return e == ERR_OK ? finance_bounds(f->x->call, r, out) : e;
}

void
dispute_open_execute(struct proposal_run *x)
{
	struct finance_order *f = finance_order_begin(x, EVENT_D_DISPUTE);
	enum err e = ERR_NO_MEMORY;

	if (f != NULL) {
		e = open_fields(x->call, (const Yuncang__V1__OpenDisputeRequest *)x->request, f);
		f->write.plan = open_plan;
	}
	if (e == ERR_OK)
		finance_run(x, &f->write);
	else
		proposal_done(x, e);
}

/* ---- The end ------------------------------------------------------------------------------------------------ */

static enum err
end_fields(struct call *c, const Yuncang__V1__EndDisputeRequest *q, struct finance_order *f)
{
	enum err e = finance_order_id(c, q->order_id, &f->write.order_id);

	f->fen = q->amount_fen;
	f->won = q->outcome == YUNCANG__V1__DISPUTE_OUTCOME__DISPUTE_OUTCOME_WON;
	if (e == ERR_OK && !f->won &&
	    q->outcome != YUNCANG__V1__DISPUTE_OUTCOME__DISPUTE_OUTCOME_LOST)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "outcome", "must be WON or LOST");
	if (e == ERR_OK)
		e = finance_fen(c, "amount_fen", q->amount_fen);
	return e == ERR_OK ? finance_note(c, q->note, false) : e;
}

void
end_dispute_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__EndDisputeRequest *q = (const Yuncang__V1__EndDisputeRequest *)request;
	struct finance_order f = {0};
	struct proposal_ask ask = {.kind = PROPOSAL_DISPUTE_END,
	    .ref = q->ref,
	    .fen = q->amount_fen};
	enum err e = end_fields(c, q, &f);

	if (e == ERR_OK) {
		ask.about = finance_about(c, f.won ? "dispute won" : "dispute lost", q->order_id);
		e = ask.about != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	if (e == ERR_OK)
		proposal_ask(c, request, &ask);
	else
		call_fail_err(c, e);
}

static enum err
end_plan(void *ctx, const struct finance_read *r, struct finance_plan *out)
{
	struct finance_order *f = ctx;
	const int64_t open_fen = finance_disputed(&r->books);
	enum err e;

	if (open_fen == 0)
		return reason_set(&f->x->call->reason, ERR_WRONG_STATE, "order_id",
		    "no dispute is open");
	if (open_fen != f->fen)
		return reason_set(&f->x->call->reason, ERR_WRONG_STATE, "amount_fen",
		    "%lld fen are in dispute", (long long)open_fen);
	e = f->won ? finance_dispute_won(&r->books, &out->rows[0])
	           : finance_dispute_lost(&r->books, f->party, &out->rows[0]);
	out->row_count = 1;
	out->event_us = f->write.now_us;
	out->holds = HOLDS_GO_ON;
	return e == ERR_OK ? finance_bounds(f->x->call, r, out) : e;
}

void
dispute_end_execute(struct proposal_run *x)
{
	struct finance_order *f = finance_order_begin(x, EVENT_D_DISPUTE);
	enum err e = ERR_NO_MEMORY;

	if (f != NULL) {
		e = end_fields(x->call, (const Yuncang__V1__EndDisputeRequest *)x->request, f);
		f->write.plan = end_plan;
	}
	if (e == ERR_OK && f->won)
		finance_run(x, &f->write);
	else if (e == ERR_OK)
		finance_order_run(f);
	else
		proposal_done(x, e);
}
