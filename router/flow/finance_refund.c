/* finance_refund: money back without goods: an act of the order, whose R1 act_money() posts. */
#include "domain/money_refund.h"
#include "flow/act_plan.h"
#include "flow/finance_act.h"
#include "flow/order_books.h"
#include "flow/read_flow.h"
#include "store/act_more.h"
#include "yuncang/v1/finance_act.pb-c.h"

struct refund_act {
	struct act_run run; /* first: it hands itself back */
	struct proposal_run *x;
	const Yuncang__V1__RefundAmountRequest *q;
	struct money_refund give;
	struct money_units part_of;
	struct money_unit_line part_line;
};

/* ---- The request ------------------------------------------------------------------------------------------ */

static enum err
amounts(struct call *c, const Yuncang__V1__RefundAmountRequest *q, int64_t *sum)
{
	const int64_t fen[] = {q->goodwill_fen, q->part_fen, q->delivery_fee_fen};
	static const char *const names[] = {"goodwill_fen", "part_fen", "delivery_fee_fen"};
	enum err e = ERR_OK;

	*sum = 0;
	for (int i = 0; i < 3 && e == ERR_OK; i++) {
		/* ranges of a journal row count fen in 32 bits */
		if (fen[i] < 0 || fen[i] > INT32_MAX)
			e = reason_set(&c->reason, ERR_BAD_FIELD, names[i], "must be 0 to %d",
			    INT32_MAX);
		*sum += fen[i];
	}
	if (e == ERR_OK && *sum == 0)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "goodwill_fen",
		    "at least one amount is needed");
	return e;
}

static enum err
part_field(struct call *c, const Yuncang__V1__RefundAmountRequest *q)
{
	if (q->part_fen == 0 && (q->fulfilment != 0 || q->line != 0))
		return reason_set(&c->reason, ERR_BAD_FIELD, "part_fen",
		    "is needed with a fulfilment and line");
	if (q->part_fen != 0 && (q->fulfilment < 1 || q->fulfilment > INT16_MAX))
		return reason_set(&c->reason, ERR_BAD_FIELD, "fulfilment",
		    "is not a fulfilment's number");
	if (q->line < 0 || q->line >= ORDER_LINES_MAX)
		return reason_set(&c->reason, ERR_BAD_FIELD, "line", "is not a line of an order");
	return ERR_OK;
}

static enum err
fields(struct call *c, const Yuncang__V1__RefundAmountRequest *q, const struct world *w,
    struct refund_act *f, int64_t *sum)
{
	struct uuid id;
	enum err e = finance_order_id(c, q->order_id, &id);

	f->run.order_id = id;
	f->q = q;
	if (e == ERR_OK)
		e = amounts(c, q, sum);
	if (e == ERR_OK)
		e = part_field(c, q);
	if (e == ERR_OK)
		e = finance_note(c, q->note, true);
	if (e == ERR_OK && q->goodwill_fen == 0 && q->bearer[0] != '\0')
		e = reason_set(&c->reason, ERR_BAD_FIELD, "bearer", "is for goodwill only");
	if (e == ERR_OK && q->goodwill_fen != 0)
		e = finance_party(c, w, "bearer", q->bearer, FINANCE_MAY_BEAR, 0, &f->give.bearer);
	if (e == ERR_OK)
		e = finance_party(c, w, "lost_fee_bearer", q->lost_fee_bearer, FINANCE_MAY_BEAR,
		    w->brand, &f->give.lost_fee_bearer);
	f->give.goodwill_fen = q->goodwill_fen;
	f->give.delivery_fee_fen = q->delivery_fee_fen;
	f->give.part_fen = q->part_fen;
	f->part_line = (struct money_unit_line){.line = (int16_t)q->line, .quantity = 1};
	f->part_of = (struct money_units){.number = q->fulfilment, .line_count = 1};
	return e;
}

void
refund_amount_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__RefundAmountRequest *q =
	    (const Yuncang__V1__RefundAmountRequest *)request;
	const struct world *w = call_world(c);
	struct refund_act f = {0};
	int64_t sum;
	enum err e = w != NULL ? fields(c, q, w, &f, &sum) : ERR_NO_MEMORY;

	if (e != ERR_OK) {
		call_fail_err(c, e);
		return;
	}
	proposal_ask(c, request,
	    &(struct proposal_ask){.kind = PROPOSAL_REFUND_AMOUNT,
	        .ref = q->ref,
	        .fen = sum,
	        .about = arena_printf(c->arena, "refund without goods of order %s", q->order_id)});
}

/* ---- The act -------------------------------------------------------------------------------------------------- */

static enum err
judge_order(struct refund_act *f)
{
	const struct order_read *o = f->run.order;
	struct reason *r = f->run.reason;

	if (o->paid_at_us == 0)
		return reason_set(r, ERR_WRONG_STATE, "order_id", "the order is not paid");
	if (o->deposit != NULL && o->deposit->balance_paid_us == 0 && o->deposit->balance_fen > 0)
		return reason_set(r, ERR_WRONG_STATE, "order_id",
		    "the order's balance is not paid yet");
	if (f->q->part_fen == 0)
		return ERR_OK;
	if (act_fulfilment_of(&f->run, f->q->fulfilment) == NULL)
		return reason_set(r, ERR_NOT_FOUND, "fulfilment", "%s", err_text(ERR_NOT_FOUND));
	return f->q->line < o->line_count
	    ? ERR_OK
	    : reason_set(r, ERR_BAD_FIELD, "line", "is not a line of the order");
}

/* What would go back, by the rules that post it; refused as they refuse. */
static enum err
reckon(struct refund_act *f, int64_t *cash_fen)
{
	struct act_run *r = &f->run;
	struct money_refunded *got = arena_zalloc(r->arena, sizeof(*got));
	struct order_books books;
	enum err e;

	if (got == NULL)
		return ERR_NO_MEMORY;
	e = order_books_make(r->world, r->order, r->arena, &books);
	if (e != ERR_OK)
		return e;
	e = money_refund(&books.money, &f->give, r->arena, got);
	if (e == ERR_WRONG_STATE)
		return reason_set(r->reason, e, "order_id",
		    "so much was not paid, was not handed over, or went back before");
	*cash_fen = got->cash_fen;
	return e;
}

static enum err
plan(struct act_run *r)
{
	struct refund_act *f = (struct refund_act *)r;
	const struct fulfilment_read *ful = NULL;
	struct act_more *more = act_more_of(r);
	struct act_row *row;
	enum err e;

	if (more == NULL)
		return ERR_NO_MEMORY;
	f->part_of.lines = &f->part_line;
	f->give.part_of = f->give.part_fen > 0 ? &f->part_of : NULL;
	e = judge_order(f);
	if (e == ERR_OK)
		e = reckon(f, &r->in.refund_add_fen);
	if (e != ERR_OK)
		return e;
	if (f->q->part_fen > 0)
		ful = act_fulfilment_of(r, f->q->fulfilment);
	r->in.order_changes = true;
	r->in.mark = r->order->mark;
	r->in.due_us = r->order->due_us;
	row = act_row_add(r, ACT_REFUND_AMOUNT, ful,
	    ful != NULL ? (int)ful->state : (int)r->order->mark);
	row->key_id = f->x->call->principal->key_id;
	row->note = f->q->note;
	more->proposal = &f->x->mark;
	r->give = &f->give;
	return ERR_OK;
}

static void
done(struct act_run *r, enum err e)
{
	struct refund_act *f = (struct refund_act *)r;

	proposal_done(f->x, e);
}

void
refund_amount_execute(struct proposal_run *x)
{
	struct call *c = x->call;
	struct refund_act *f = arena_zalloc(c->arena, sizeof(*f));
	const struct world *w = call_world(c);
	int64_t sum;
	enum err e = ERR_NO_MEMORY;

	if (f != NULL && w != NULL) {
		f->run = (struct act_run){.app = call_app(c),
		    .arena = c->arena,
		    .with = READ_MONEY,
		    .now_us = c->received_us,
		    .req = c->id,
		    .reason = &c->reason,
		    .plan = plan,
		    .done = done};
		f->x = x;
		e = fields(c, (const Yuncang__V1__RefundAmountRequest *)x->request, w, f, &sum);
	}
	if (e == ERR_OK)
		e = act_run_start(&f->run);
	if (e != ERR_OK)
		proposal_done(x, e);
}
