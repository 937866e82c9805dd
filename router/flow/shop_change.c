/* shop_change: ChangeOrder: another address or way, before anybody works on the order. */
#include "flow/contact.h"
#include "flow/rehome.h"
#include "flow/shop_act.h"

/* Nothing has ended, nobody works on it: its units may be decided on again. */
static enum err
may_change(const struct act_call *c, const struct fulfilment_read *f)
{
	const struct location *where = world_location_row(c->run.world, f->location);
	bool by_itself = f->state == FUL_ACCEPTED && where->kind != LOC_STORE &&
	    !shop_in_production(c->run.order, f);

	if (f->state == FUL_PLANNED || f->state == FUL_OFFERED || fulfilment_homeless(f) ||
	    by_itself)
		return ERR_OK;
	return reason_set(c->run.reason, ERR_WRONG_STATE, "act.order_id",
	    "change_order: fulfilment %d is %s%s", f->number, fulfilment_state_word(f->state),
	    f->state == FUL_ACCEPTED ? ", and somebody works on it" : "");
}

/* Of these the order's units are not any more. */
static bool
is_past(const struct fulfilment_read *f)
{
	return f->moved_to != 0 || f->state == FUL_CANCELLED || f->state == FUL_RESTOCKED;
}

static enum err
judge_order(const struct act_call *c)
{
	const struct order_read *o = c->run.order;
	bool any = false;
	enum err e;

	for (int i = 0; i < o->fulfilment_count; i++) {
		if (is_past(&o->fulfilments[i]))
			continue;
		e = may_change(c, &o->fulfilments[i]);
		if (e != ERR_OK)
			return e;
		any = true;
	}
	return any ? ERR_OK
	           : reason_set(c->run.reason, ERR_WRONG_STATE, "act.order_id",
	                 "change_order: the order is %s", shop_state_word(o));
}

static enum err
judge_ask(struct act_call *c, const Yuncang__V1__ChangeOrderRequest *q, struct rehome_ask *ask)
{
	struct reason *r = c->run.reason;
	enum err e = ERR_OK;
	uint32_t at;

	*ask = (struct rehome_ask){.way = (enum way)q->way, .location = NONE, .all_units = true};
	if (ask->way == WAY_NONE && q->address == NULL)
		return reason_set(r, ERR_BAD_FIELD, "way", "is needed, or an address");
	if ((ask->way == WAY_PICKUP) != (q->location[0] != '\0'))
		return reason_set(r, ERR_BAD_FIELD, "location",
		    "is the store to collect from: needed for PICKUP, and for nothing else");
	if (ask->way == WAY_PICKUP) {
		at = strmap_get(&c->run.world->location_code, q->location);
		if (at == STRMAP_NONE)
			return reason_set(r, ERR_UNKNOWN_ID, "location", "is not in the catalog");
		ask->location = (int32_t)at;
	}
	if (q->address != NULL) {
		e = contact_check(q->address, "address", r);
		ask->contact = contact_of(q->address, c->run.arena);
		if (e == ERR_OK && ask->contact == NULL)
			e = ERR_NO_MEMORY;
	}
	return e;
}

/* The way it goes now, if all of it goes one. */
static enum way
way_now(const struct order_read *o)
{
	enum way way = WAY_NONE;

	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *f = &o->fulfilments[i];

		if (is_past(f))
			continue;
		if (way != WAY_NONE && way != f->way)
			return WAY_NONE;
		way = f->way;
	}
	return way;
}

/* The option to take: that of the way asked for; with another address alone, the way as it was. */
static enum err
find(struct act_call *c, const struct rehome_ask *ask, struct rehome_got *g, int *index,
    int64_t *fee_fen)
{
	enum way way = ask->way != WAY_NONE ? ask->way : way_now(c->run.order);
	int32_t location = way == WAY_PICKUP ? g->request.location : NONE;
	enum err e = shop_can_send(&c->run, ask->contact, way);

	if (e != ERR_OK)
		return e;
	*index = 0;
	return shop_option(&c->run, g, way, location, index, fee_fen);
}

/* ${asked_fen}: by the policy; ${fee_fen}: what the units will carry, never more than they do. */
static enum err
judge_fee(const struct act_call *c, const struct rehome_got *g, const struct plan *p,
    int64_t fee_fen)
{
	const struct order_read *o = c->run.order;
	int64_t had_fen = g->fee_carried_fen, asked_fen = p->delivery_fee_fen;

	if (asked_fen > had_fen && p->way != way_now(o))
		return reason_set(c->run.reason, ERR_WRONG_STATE, "way",
		    "its delivery fee is %lld fen, and %lld fen are paid for delivery",
		    (long long)asked_fen, (long long)had_fen);
	if (o->paid_at_us == 0 && fee_fen != had_fen)
		return reason_set(c->run.reason, ERR_WRONG_STATE, "way",
		    "its delivery fee is %lld fen, not %lld: the total of an unpaid order stands; "
		    "cancel it and submit another",
		    (long long)asked_fen, (long long)had_fen);
	return ERR_OK;
}

/* What its fulfilments hold is given back, and held again where the units go. */
static enum err
replace_all(struct act_call *c, int number)
{
	struct act_run *r = &c->run;

	for (int i = 0; i < r->order->fulfilment_count; i++) {
		const struct fulfilment_read *f = &r->order->fulfilments[i];
		bool told = f->state == FUL_OFFERED || f->state == FUL_ACCEPTED;
		struct fulfilment_read *is;
		enum err e;

		if (is_past(f) || fulfilment_homeless(f))
			continue;
		is = act_change(r, f);
		e = is != NULL ? act_step(r, ACT_CANCEL, is) : ERR_NO_MEMORY;
		if (e != ERR_OK)
			return e;
		is->offer_deadline_us = 0;
		is->due_us = 0;
		is->moved_to = number;
		if (told && r->in.event_count < ACT_EVENTS_MAX - 4)
			(void)act_event_add(r, OUTBOX_PART_CANCELLED, is);
	}
	return ERR_OK;
}

static enum err
change_plan(struct act_call *c)
{
	const Yuncang__V1__ChangeOrderRequest *q =
	    (const Yuncang__V1__ChangeOrderRequest *)c->request;
	struct act_run *r = &c->run;
	struct rehome_ask ask;
	struct rehome_got *g;
	int64_t fee_fen;
	int index, number;
	enum err e = shop_judge(c, true);

	if (e == ERR_OK)
		e = judge_ask(c, q, &ask);
	if (e == ERR_OK)
		e = judge_order(c);
	if (e != ERR_OK)
		return e;
	e = rehome_decide(r, &ask, OPTIONS_MAX, &g);
	if (e == ERR_OK)
		e = find(c, &ask, g, &index, &fee_fen);
	if (e == ERR_NO_MEMORY || e == ERR_INTERNAL || e == ERR_BAD_FIELD)
		return e;
	if (e != ERR_OK && !r->probed && r->last.world != NULL)
		return ERR_CONTENDED;
	if (e == ERR_OK)
		e = judge_fee(c, g, &g->choices.decision->options[index], fee_fen);
	if (e == ERR_OK)
		e = shop_take(c, ACT_CHANGE, g, index, &number);
	if (e == ERR_OK)
		e = replace_all(c, number);
	if (e != ERR_OK)
		return e;
	r->in.contact = ask.contact;
	(void)act_event_add(r, OUTBOX_CHANGED, NULL);
	return ERR_OK;
}

static enum err
change_answer(struct act_call *c, const struct act_read *a, ProtobufCMessage *response)
{
	(void)c;
	((Yuncang__V1__ChangeOrderResponse *)response)->refund_fen = a->refund_fen;
	return ERR_OK;
}

void
change_order_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_CHANGE,
	    .side = ACT_BY_STOREFRONT,
	    .with = REHOME_READ,
	    .plan = change_plan,
	    .answer = change_answer};

	act_call_start(c, request, &method);
}
