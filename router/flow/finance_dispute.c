/* finance_dispute: the payment provider takes money back until a dispute is settled. */
#include "flow/finance_act.h"
#include "yuncang/v1/finance_act.pb-c.h"

/* ---- Opening ---------------------------------------------------------------------------------------------- */

static enum err
open_fields(struct call *c, const ProtobufCMessage *request, const struct world *w,
    struct finance_order *f)
{
	const Yuncang__V1__OpenDisputeRequest *q = (const Yuncang__V1__OpenDisputeRequest *)request;
	enum err e = finance_order_id(c, q->order_id, &f->write.order_id);

	(void)w;
	f->ref = q->ref;
	f->what = "dispute";
	f->fen = q->amount_fen;
	if (e == ERR_OK)
		e = finance_fen(c, "amount_fen", q->amount_fen);
	return e == ERR_OK ? finance_note(c, q->note, false) : e;
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

static const struct finance_kind opened = {.number = PROPOSAL_DISPUTE_OPEN,
    .event = EVENT_D_DISPUTE,
    .fields = open_fields,
    .plan = open_plan};

void
open_dispute_start(struct call *c, const ProtobufCMessage *request)
{
	finance_order_ask(c, request, &opened);
}

void
dispute_open_execute(struct proposal_run *x)
{
	finance_order_execute(x, &opened);
}

/* ---- The end ------------------------------------------------------------------------------------------------ */

static enum err
end_fields(struct call *c, const ProtobufCMessage *request, const struct world *w,
    struct finance_order *f)
{
	const Yuncang__V1__EndDisputeRequest *q = (const Yuncang__V1__EndDisputeRequest *)request;
	enum err e = finance_order_id(c, q->order_id, &f->write.order_id);

	(void)w;
	f->ref = q->ref;
	f->fen = q->amount_fen;
	f->won = q->outcome == YUNCANG__V1__DISPUTE_OUTCOME__DISPUTE_OUTCOME_WON;
	f->what = f->won ? "dispute won" : "dispute lost";
	f->by_rule = !f->won; /* who bears the provider's fee */
	if (e == ERR_OK && !f->won &&
	    q->outcome != YUNCANG__V1__DISPUTE_OUTCOME__DISPUTE_OUTCOME_LOST)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "outcome", "must be WON or LOST");
	if (e == ERR_OK)
		e = finance_fen(c, "amount_fen", q->amount_fen);
	return e == ERR_OK ? finance_note(c, q->note, false) : e;
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

static const struct finance_kind ended = {.number = PROPOSAL_DISPUTE_END,
    .event = EVENT_D_DISPUTE,
    .fields = end_fields,
    .plan = end_plan};

void
end_dispute_start(struct call *c, const ProtobufCMessage *request)
{
	finance_order_ask(c, request, &ended);
}

void
dispute_end_execute(struct proposal_run *x)
{
	finance_order_execute(x, &ended);
}
