#include "flow/act_after.h"

#include "flow/act_money.h"
#include "flow/dispute.h"
#include "flow/production.h"
#include "flow/read_flow.h"
#include "store/return_read.h"

/* The order as it will stand: the fulfilments with what the act makes of them. */
static enum err
order_behind(const struct act_run *r, struct order_read *out)
{
	const struct act_in *in = &r->in;
	struct fulfilment_read *all;
	int count = r->order->fulfilment_count;

	*out = *r->order;
	all = arena_array(r->arena,
	    (size_t)(count + in->fulfilment_count) + GROUPS_MAX * PARCELS_MAX, sizeof(*all));
	if (all == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++)
		all[i] = r->order->fulfilments[i];
	for (int i = 0; i < in->fulfilment_count; i++) {
		const struct act_fulfilment *x = &in->fulfilments[i];

		if (x->was != NULL)
			all[x->was - r->order->fulfilments] = x->is;
		else
			all[count++] = x->is;
	}
	out->fulfilments = all;
	out->fulfilment_count = count;
	out->mark = in->order_changes ? in->mark : r->order->mark;
	return ERR_OK;
}

static int64_t
paid_for(const struct order_read *o, const struct fulfilment_read *f)
{
	int64_t fen = 0;

	for (int i = 0; i < f->line_count; i++) {
		const struct order_line_read *l = &o->lines[f->lines[i].line];

		fen += (l->price_fen - l->discount_fen) * f->lines[i].quantity;
	}
	return fen;
}

/* Ended without a way to the customer's door, or on one that ended with the carrier, who is the seller's. */
static bool
brought_nothing(const struct fulfilment_read *f)
{
	switch (f->state) {
	case FUL_CANCELLED:
	case FUL_NOT_COLLECTED:
		return true;
	case FUL_RESTOCKED:
		return f->handed_us == 0;
	case FUL_LOST:
		return f->way == WAY_SHIP;
	default:
		return false;
	}
}

/* Of all that was ordered nothing was handed over, and nothing will be. */
static bool
fee_goes_back(const struct order_read *o)
{
	bool any = false;

	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *f = &o->fulfilments[i];

		if (f->moved_to != 0)
			continue;
		if (!brought_nothing(f))
			return false;
		any = true;
	}
	return any;
}

/* The delivery fee, less what changes of the way have given back. */
static int64_t
fee_left(const struct order_read *o)
{
	int64_t fen = o->delivery_fee_fen;

	for (int i = 0; i < o->act_count; i++)
		if (o->acts[i].kind == ACT_REHOME || o->acts[i].kind == ACT_CHOOSE ||
		    o->acts[i].kind == ACT_CHANGE)
			fen -= o->acts[i].refund_fen;
	return fen > 0 ? fen : 0;
}

/* What the customer has paid by now, less what acts gave back. */
static int64_t
paid_left(const struct order_read *o)
{
	const struct deposit_read *d = o->deposit;
	int64_t fen = o->goods_fen + o->delivery_fee_fen;

	if (d != NULL && d->balance_paid_us == 0)
		fen = d->deposit_fen;
	for (int i = 0; i < o->act_count; i++)
		fen -= o->acts[i].refund_fen;
	return fen > 0 ? fen : 0;
}

static void
order_changes(struct act_in *in)
{
	if (in->order_changes)
		return;
	in->order_changes = true;
	in->mark = in->order->mark;
	in->due_us = in->order->due_us;
}

static bool
ended(enum order_state s)
{
	return s == STATE_CANCELLED || s == STATE_DONE;
}

static enum err
budgets_back(struct act_run *r)
{
	struct act_in *in = &r->in;
	struct take *gives;
	size_t most = 0;
	int count = 0;

	for (int i = 0; i < in->fulfilment_count; i++)
		most += (size_t)in->fulfilments[i].is.line_count;
	gives = arena_array(r->arena, most + (size_t)in->give_count, sizeof(*gives));
	if (gives == NULL)
		return ERR_NO_MEMORY;
	for (; count < in->give_count; count++)
		gives[count] = in->gives[count];
	for (int i = 0; i < in->fulfilment_count; i++) {
		const struct act_fulfilment *x = &in->fulfilments[i];

		for (int n = 0; act_ends_undelivered(x) && n < x->is.line_count; n++) {
			const struct fulfilment_line_read *l = &x->is.lines[n];
			const struct order_line_read *line = &r->order->lines[l->line];

			if (line->campaign != 0 && line->discount_fen != 0)
				gives[count++] = (struct take){.kind = TAKE_BUDGET,
				    .campaign = line->campaign,
				    .quantity = -line->discount_fen * l->quantity};
		}
	}
	in->gives = gives;
	in->give_count = count;
	return ERR_OK;
}

/* What goes back, in parts; what plans have said is the delivery fee's, or a return's. */
static enum err
reckon(struct act_run *r, const struct order_read *behind, struct act_owed *owed)
{
	struct act_in *in = &r->in;
	int64_t refund_fen, paid_fen = paid_left(r->order);
	enum err e;

	*owed = (struct act_owed){0};
	for (int i = 0; i < in->fulfilment_count; i++)
		if (act_ends_undelivered(&in->fulfilments[i]))
			owed->units_fen += paid_for(r->order, &in->fulfilments[i].is);
	if (in->row == NULL && fee_goes_back(behind) && !fee_goes_back(r->order))
		owed->fee_fen = fee_left(r->order);
	refund_fen = owed->units_fen + owed->fee_fen;
	e = production_settle(r, owed, &refund_fen);
	if (e != ERR_OK)
		return e;
	/* What finance gave before is reckoned with where it is posted. */
	if (refund_fen > paid_fen)
		refund_fen = paid_fen;
	if (r->keep_fen > 0) {
		owed->forfeit_fen += r->keep_fen < refund_fen ? r->keep_fen : refund_fen;
		refund_fen -= r->keep_fen < refund_fen ? r->keep_fen : refund_fen;
	}
	if (in->more != NULL && in->more->ret != NULL)
		owed->returned_fen = in->refund_add_fen;
	else
		owed->fee_fen += in->refund_add_fen;
	if (r->order->paid_at_us != 0 && refund_fen > 0) {
		order_changes(in);
		in->refund_add_fen += refund_fen;
	}
	return ERR_OK;
}

enum err
act_after(struct act_run *r)
{
	struct act_in *in = &r->in;
	struct order_read behind;
	struct act_owed owed;
	enum order_state was, is;
	enum err e = order_behind(r, &behind);

	if (e == ERR_OK)
		e = dispute_flag(r);
	if (e != ERR_OK)
		return e;
	was = order_state_of(r->order);
	/* With a new decision the order lives on. */
	is = in->row != NULL ? was : order_state_of(&behind);
	e = reckon(r, &behind, &owed);
	if (e == ERR_OK)
		e = act_money(r, &behind, &owed);
	if (e != ERR_OK)
		return e;
	if (in->refund_add_fen > 0) {
		act_event_add(r, OUTBOX_REFUND_DUE, NULL);
		in->events[in->event_count - 1].amount_fen = in->refund_add_fen;
	}
	if (!ended(was) && ended(is))
		act_event_add(r, is == STATE_DONE ? OUTBOX_DONE : OUTBOX_CANCELLED, NULL);
	return budgets_back(r);
}
