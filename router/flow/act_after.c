#include "flow/act_after.h"

#include "flow/read_flow.h"

/* A unit that will not reach the customer; one that was not collected is told so before it is restocked. */
static bool
ends_undelivered(enum fulfilment_state from, enum fulfilment_state to)
{
	if (from == to)
		return false;
	return to == FUL_CANCELLED || to == FUL_NOT_COLLECTED || to == FUL_LOST ||
	    (to == FUL_RESTOCKED && from != FUL_NOT_COLLECTED);
}

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

/* Every unit ended, and none of them ever left a location. */
static bool
nothing_handed(const struct order_read *o)
{
	for (int i = 0; i < o->fulfilment_count; i++)
		if (o->fulfilments[i].handed_us != 0)
			return false;
	return true;
}

/* The delivery fee, less what changes of the way have given back. */
static int64_t
fee_left(const struct order_read *o)
{
	int64_t fen = o->delivery_fee_fen;

	for (int i = 0; i < o->act_count; i++)
		if (o->acts[i].kind == ACT_REHOME || o->acts[i].kind == ACT_CHOOSE)
			fen -= o->acts[i].refund_fen;
	return fen;
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

		for (int n = 0; ends_undelivered(x->from, x->is.state) && n < x->is.line_count;
		     n++) {
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

enum err
act_after(struct act_run *r)
{
	struct act_in *in = &r->in;
	struct order_read behind;
	enum order_state was, is;
	int64_t refund_fen = 0;
	enum err e = order_behind(r, &behind);

	if (e != ERR_OK)
		return e;
	was = order_state_of(r->order);
	/* With a new decision the order lives on. */
	is = in->row != NULL ? was : order_state_of(&behind);
	for (int i = 0; i < in->fulfilment_count; i++)
		if (ends_undelivered(in->fulfilments[i].from, in->fulfilments[i].is.state))
			refund_fen += paid_for(r->order, &in->fulfilments[i].is);
	if (refund_fen > 0 && ended(is) && nothing_handed(&behind))
		refund_fen += fee_left(r->order);
	if (r->order->paid_at_us != 0 && refund_fen > 0) {
		order_changes(in);
		in->refund_add_fen += refund_fen;
	}
	if (in->refund_add_fen > 0) {
		act_event_add(r, OUTBOX_REFUND_DUE, NULL);
		in->events[in->event_count - 1].amount_fen = in->refund_add_fen;
	}
	if (!ended(was) && ended(is))
		act_event_add(r, is == STATE_DONE ? OUTBOX_DONE : OUTBOX_CANCELLED, NULL);
	return budgets_back(r);
}
