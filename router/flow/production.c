#include "flow/production.h"

#include "base/clock.h"
#include "base/money.h"
#include "flow/act_plan.h"
#include "flow/read_flow.h"
#include "flow/thaw.h"

#define MADE_DAYS_DEFAULT 15 /* where no policy is active */
#define BALANCE_DAYS_DEFAULT 14

static bool
balance_open(const struct order_read *o)
{
	return o->deposit != NULL && o->deposit->balance_paid_us == 0 &&
	    o->deposit->balance_fen > 0;
}

static bool
is_made(const struct fulfilment_read *f)
{
	for (int i = 0; i < f->line_count; i++)
		if (f->lines[i].goods_owner == 0)
			return true;
	return false;
}

/* Units that part are in production with those they part from. */
static const struct act_read *
started(const struct order_read *o, int number, int split_from)
{
	for (int i = 0; i < o->act_count; i++)
		if (o->acts[i].kind == ACT_PRODUCE &&
		    (o->acts[i].number == number ||
		        (split_from != 0 && o->acts[i].number == split_from)))
			return &o->acts[i];
	return NULL;
}

enum err
production_may_dispatch(const struct act_run *r)
{
	if (!balance_open(r->order))
		return ERR_OK;
	return reason_set(r->reason, ERR_WRONG_STATE, "act.order_id",
	    "%s: the balance of %lld fen is not paid", act_word(ACT_DISPATCH),
	    (long long)r->order->deposit->balance_fen);
}

bool
production_may_cancel(const struct act_run *r)
{
	const struct policy *p = act_policy(r);

	return p != NULL && p->forfeit_bps > 0;
}

/* ---- StartProduction -------------------------------------------------------------------------------- */

static int64_t
balance_by(const struct act_run *r, int64_t started_us)
{
	const struct policy *p = act_policy(r);
	int days = p != NULL ? p->made_to_order_days + p->balance_days
	                     : MADE_DAYS_DEFAULT + BALANCE_DAYS_DEFAULT;

	return started_us + days * US_PER_DAY;
}

static enum err
start_plan(struct act_call *c)
{
	const struct order_read *o = c->run.order;
	struct reason *r = c->run.reason;
	struct act_more *m;

	if (!is_made(c->ful))
		return reason_set(r, ERR_WRONG_STATE, "act.fulfilment",
		    "%s: nothing of fulfilment %d is made to order", act_word(ACT_PRODUCE),
		    c->ful->number);
	if (c->ful->state != FUL_ACCEPTED)
		return reason_set(r, ERR_WRONG_STATE, "act.fulfilment",
		    "%s: fulfilment %d is %s, not ACCEPTED", act_word(ACT_PRODUCE), c->ful->number,
		    fulfilment_state_word(c->ful->state));
	if (started(o, c->ful->number, c->ful->split_from) != NULL)
		return reason_set(r, ERR_WRONG_STATE, "act.fulfilment",
		    "%s: fulfilment %d is in production", act_word(ACT_PRODUCE), c->ful->number);
	(void)act_call_row(c, ACT_PRODUCE, (int)c->ful->state);
	(void)act_event_add(&c->run, OUTBOX_PRODUCTION_STARTED, c->ful);
	/* asked for once, with the first of its fulfilments */
	if (!balance_open(o) || o->deposit->balance_by_us != 0)
		return ERR_OK;
	m = act_more_of(&c->run);
	if (m == NULL)
		return ERR_NO_MEMORY;
	m->balance_by_us = balance_by(&c->run, c->run.now_us);
	act_event_add(&c->run, OUTBOX_BALANCE_DUE, NULL)->amount_fen = o->deposit->balance_fen;
	return ERR_OK;
}

/* What was to be paid then, and until when: the order's first start of production says. */
static enum err
start_answer(struct act_call *c, const struct act_read *a, ProtobufCMessage *response)
{
	Yuncang__V1__StartProductionResponse *m = (Yuncang__V1__StartProductionResponse *)response;
	const struct order_read *o = c->run.order;
	const struct deposit_read *d = o->deposit;
	int64_t first_us = a->at_us;

	if (d == NULL)
		return ERR_OK;
	for (int i = 0; i < o->act_count && o->acts[i].act_no < a->act_no; i++) {
		if (o->acts[i].kind == ACT_PAY_BALANCE)
			return ERR_OK;
		if (o->acts[i].kind == ACT_PRODUCE && o->acts[i].at_us < first_us)
			first_us = o->acts[i].at_us;
	}
	m->balance_fen = d->balance_fen;
	m->balance_by = time_message(balance_by(&c->run, first_us), c->run.arena);
	return m->balance_by != NULL
	    ? ERR_OK
	    : reason_set(c->run.reason, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
}

void
start_production_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_PRODUCE,
	    .side = ACT_BY_STORE,
	    .plan = start_plan,
	    .answer = start_answer};

	act_call_start(c, request, &method);
}

/* ---- What goes back --------------------------------------------------------------------------------- */

/* What is kept of units that end CANCELLED after their production has started. */
static enum err
forfeit_of(const struct act_run *r, int64_t *out)
{
	const struct policy *p = act_policy(r);
	int32_t bps = p != NULL && p->forfeit_bps > 0 ? p->forfeit_bps : BPS_WHOLE;
	int64_t sum = 0, one, kept;

	for (int i = 0; i < r->in.fulfilment_count; i++) {
		const struct fulfilment_read *f = &r->in.fulfilments[i].is;

		if (f->state != FUL_CANCELLED || r->in.fulfilments[i].from == FUL_CANCELLED ||
		    started(r->order, f->number, f->split_from) == NULL)
			continue;
		for (int n = 0; n < f->line_count; n++) {
			const struct order_line_read *l = &r->order->lines[f->lines[n].line];

			if (f->lines[n].goods_owner != 0)
				continue;
			if (!fen_mul(l->price_fen - l->discount_fen, f->lines[n].quantity, &one) ||
			    !fen_bps(one, bps, ROUND_HALF_UP, &kept) || !fen_add(sum, kept, &sum))
				return ERR_OVERFLOW;
		}
	}
	*out = sum;
	return ERR_OK;
}

enum err
production_settle(struct act_run *r, struct act_owed *owed, int64_t *refund_fen)
{
	struct act_more *m;
	int64_t less, forfeit;
	enum err e;

	if (*refund_fen <= 0 || r->order->paid_at_us == 0)
		return ERR_OK;
	if (balance_open(r->order)) {
		m = act_more_of(r);
		if (m == NULL)
			return ERR_NO_MEMORY;
		less = fen_least(*refund_fen, r->order->deposit->balance_fen);
		m->balance_less_fen = owed->balance_fen = less;
		*refund_fen -= less;
	}
	e = forfeit_of(r, &forfeit);
	if (e == ERR_OK) {
		owed->forfeit_fen = fen_least(*refund_fen, forfeit);
		*refund_fen -= owed->forfeit_fen;
	}
	return e;
}

/* ---- Nobody pays ------------------------------------------------------------------------------------ */

enum err
balance_due_plan(struct act_run *r)
{
	const struct order_read *o = r->order;
	const struct deposit_read *d = o->deposit;
	bool alive = false;

	if (!balance_open(o) || d->balance_by_us == 0 || d->balance_by_us > r->now_us)
		return ERR_OK;
	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *f = &o->fulfilments[i];
		enum fulfilment_state to;
		struct fulfilment_read *is;

		if (f->moved_to != 0 || f->state == FUL_CANCELLED)
			continue;
		if (!fulfilment_step(ACT_CANCEL, f->way, f->state, &to)) {
			alive = true;
			continue;
		}
		is = act_change(r, f);
		if (is == NULL)
			return ERR_NO_MEMORY;
		is->state = to;
		is->due_us = 0;
		is->offer_deadline_us = 0;
		(void)act_event_add(r, OUTBOX_PART_CANCELLED, is);
	}
	if (r->in.fulfilment_count == 0)
		return ERR_OK;
	r->in.order_changes = true;
	r->in.mark = alive ? o->mark : MARK_CANCELLED;
	r->in.due_us = alive ? o->due_us : 0;
	(void)act_row_add(r, ACT_CANCEL, NULL, (int)r->in.mark);
	return ERR_OK;
}
