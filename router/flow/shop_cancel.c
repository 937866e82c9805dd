/* shop_cancel: CancelOrder; what is cancelled, and where the order stands behind it. */
#include <assert.h>
#include <stdio.h>

#include "flow/act_plan.h"
#include "flow/production.h"
#include "flow/read_flow.h"
#include "flow/rehome.h"
#include "flow/shop_act.h"

#define STORE_EVENTS_MAX (ACT_EVENTS_MAX - 4) /* the order's own go with the same act */

/* What is to be cancelled of one fulfilment. */
struct pick {
	const struct fulfilment_read *ful;
	int32_t *quantity; /* by its lines */
	int32_t left;      /* units that are not picked */
	int32_t picked;
};

struct cancel {
	struct act_call *call;
	struct pick *picks; /* one for each fulfilment of the order */
	int count;
};

/* ---- What may be cancelled ------------------------------------------------------------------------ */

enum err
shop_judge(const struct act_call *c, bool whole)
{
	if (c->act->staff[0] != '\0')
		return reason_set(c->run.reason, ERR_BAD_FIELD, "act.staff",
		    "stays empty: it is the customer who acts");
	if (whole && c->act->fulfilment != 0)
		return reason_set(c->run.reason, ERR_BAD_FIELD, "act.fulfilment",
		    "stays 0: it is about the whole order");
	return ERR_OK;
}

bool
shop_in_production(const struct order_read *o, const struct fulfilment_read *f)
{
	for (int i = 0; i < o->act_count; i++)
		if (o->acts[i].kind == ACT_PRODUCE &&
		    (o->acts[i].number == f->number || o->acts[i].number == f->split_from))
			return true;
	return false;
}

const char *
shop_state_word(const struct order_read *o)
{
	const ProtobufCEnumValue *v =
	    protobuf_c_enum_descriptor_get_value(&yuncang__v1__order_state__descriptor,
	        (int)order_state_of(o));

	assert(v != NULL);
	return v->name + sizeof("ORDER_STATE_") - 1;
}

/* Of these the customer has been told, or will be, that they ended. */
static bool
has_ended(const struct fulfilment_read *f)
{
	return f->moved_to != 0 || f->state == FUL_CANCELLED || f->state == FUL_RESTOCKED ||
	    f->state == FUL_NOT_COLLECTED || f->state == FUL_LOST;
}

static enum err
may_cancel(const struct act_call *c, const struct fulfilment_read *f)
{
	enum fulfilment_state to;
	char allowed[REASON_TEXT_MAX / 2];

	if (f->moved_to != 0)
		return reason_set(c->run.reason, ERR_WRONG_STATE, "act.fulfilment",
		    "cancel: the units of fulfilment %d are with fulfilment %d", f->number,
		    f->moved_to);
	if (shop_in_production(c->run.order, f) && !production_may_cancel(&c->run))
		return reason_set(c->run.reason, ERR_WRONG_STATE, "act.fulfilment",
		    "cancel: fulfilment %d is in production, and the policy names no forfeit",
		    f->number);
	if (fulfilment_step(ACT_CANCEL, f->way, f->state, &to))
		return ERR_OK;
	fulfilment_allowed(f->way, f->state, allowed, sizeof(allowed));
	return reason_set(c->run.reason, ERR_WRONG_STATE, "act.fulfilment",
	    "cancel: fulfilment %d is %s; allowed: %s", f->number, fulfilment_state_word(f->state),
	    allowed);
}

/* ---- What is picked ------------------------------------------------------------------------------- */

static enum err
picks_init(struct cancel *x)
{
	const struct order_read *o = x->call->run.order;
	struct arena *arena = x->call->run.arena;

	x->count = o->fulfilment_count;
	x->picks = arena_array(arena, (size_t)x->count, sizeof(*x->picks));
	if (x->picks == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < x->count; i++) {
		struct pick *p = &x->picks[i];

		*p = (struct pick){.ful = &o->fulfilments[i]};
		p->quantity =
		    arena_zalloc(arena, (size_t)p->ful->line_count * sizeof(*p->quantity));
		if (p->quantity == NULL)
			return ERR_NO_MEMORY;
		for (int n = 0; n < p->ful->line_count; n++)
			p->left += p->ful->lines[n].quantity;
	}
	return ERR_OK;
}

static void
pick_units(struct pick *p, int line, int32_t quantity)
{
	p->quantity[line] += quantity;
	p->picked += quantity;
	p->left -= quantity;
}

static void
pick_all(struct pick *p)
{
	for (int n = 0; n < p->ful->line_count; n++)
		pick_units(p, n, p->ful->lines[n].quantity);
}

/* All that has not ended; what of it cannot be cancelled is named. */
static enum err
pick_whole(struct cancel *x)
{
	bool any = false;
	enum err e;

	for (int i = 0; i < x->count; i++) {
		if (has_ended(x->picks[i].ful))
			continue;
		e = may_cancel(x->call, x->picks[i].ful);
		if (e != ERR_OK)
			return e;
		pick_all(&x->picks[i]);
		any = true;
	}
	return any ? ERR_OK
	           : reason_set(x->call->run.reason, ERR_WRONG_STATE, "act.order_id",
	                 "cancel: the order is %s; nothing of it is left to cancel",
	                 shop_state_word(x->call->run.order));
}

/* The smaller goes first: nobody has worked on it. */
static int
rank(const struct fulfilment_read *f)
{
	if (fulfilment_homeless(f))
		return 0;
	switch (f->state) {
	case FUL_PLANNED:
		return 1;
	case FUL_OFFERED:
		return 2;
	case FUL_ACCEPTED:
		return 3;
	default:
		return 4;
	}
}
#define RANK_COUNT 5

/* ${quantity} units of the order's line as far as they are in ${p}; returns how many are missing. */
static int32_t
pick_line_of(struct pick *p, int line, int32_t quantity)
{
	for (int n = 0; n < p->ful->line_count; n++) {
		int32_t there = p->ful->lines[n].quantity - p->quantity[n];
		int32_t some = quantity < there ? quantity : there;

		if (p->ful->lines[n].line != line)
			continue;
		pick_units(p, n, some);
		quantity -= some;
	}
	return quantity;
}

/* From whatever of ${x} may be cancelled. */
static int32_t
pick_line(struct cancel *x, int line, int32_t quantity)
{
	for (int k = 0; k < RANK_COUNT; k++)
		for (int i = 0; i < x->count; i++)
			if (rank(x->picks[i].ful) == k &&
			    may_cancel(x->call, x->picks[i].ful) == ERR_OK)
				quantity = pick_line_of(&x->picks[i], line, quantity);
	return quantity;
}

static enum err
pick_lines(struct cancel *x, const Yuncang__V1__CancelOrderRequest *q, struct pick *only)
{
	struct reason *r = x->call->run.reason;
	const struct order_read *o = x->call->run.order;

	for (size_t i = 0; i < q->n_lines; i++) {
		const Yuncang__V1__CancelLine *l = q->lines[i];
		char field[64];
		int32_t missing;

		(void)snprintf(field, sizeof(field), "lines[%zu].line", i);
		if (l->line < 0 || l->line >= o->line_count)
			return reason_set(r, ERR_BAD_FIELD, field, "is not a line of the order");
		for (size_t k = 0; k < i; k++)
			if (q->lines[k]->line == l->line)
				return reason_set(r, ERR_BAD_FIELD, field, "stands here twice");
		(void)snprintf(field, sizeof(field), "lines[%zu].quantity", i);
		if (l->quantity < 1)
			return reason_set(r, ERR_BAD_FIELD, field, "must be at least 1");
		missing = only != NULL ? pick_line_of(only, l->line, l->quantity)
		                       : pick_line(x, l->line, l->quantity);
		if (missing > 0)
			return reason_set(r, ERR_WRONG_STATE, field,
			    "cancel: of line %d only %d units can be cancelled", l->line,
			    l->quantity - missing);
	}
	return ERR_OK;
}

/* The total to pay stands. */
static enum err
judge_part(const struct cancel *x)
{
	const struct order_read *o = x->call->run.order;

	if (o->mark != MARK_AWAITING_PAYMENT)
		return ERR_OK;
	for (int i = 0; i < x->count; i++)
		if (x->picks[i].left > 0 && !has_ended(x->picks[i].ful))
			return reason_set(x->call->run.reason, ERR_WRONG_STATE, "act.order_id",
			    "cancel: an order that is not paid is cancelled whole");
	return ERR_OK;
}

/* ---- The act -------------------------------------------------------------------------------------- */

static enum err
cancel_pick(struct act_run *r, const struct pick *p, int *number)
{
	bool told = p->ful->state == FUL_OFFERED || p->ful->state == FUL_ACCEPTED ||
	    p->ful->state == FUL_READY_FOR_PICKUP;
	struct fulfilment_read *is = act_change(r, p->ful);
	enum err e;

	if (is == NULL)
		return ERR_NO_MEMORY;
	if (p->left > 0) {
		e = act_split_off(r, is, p->quantity, &is);
		if (e != ERR_OK)
			return e;
	}
	e = act_step(r, ACT_CANCEL, is);
	if (e != ERR_OK)
		return e;
	is->due_us = 0;
	is->offer_deadline_us = 0;
	*number = is->number;
	/* The store stops working on them. */
	if (told && r->in.event_count < STORE_EVENTS_MAX)
		(void)act_event_add(r, OUTBOX_PART_CANCELLED, is);
	return ERR_OK;
}

void
shop_mark_behind(struct act_run *r)
{
	const struct order_read *o = r->order;
	bool alive = false, homeless = false;

	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *f = &o->fulfilments[i];

		for (int k = 0; k < r->in.fulfilment_count; k++)
			if (r->in.fulfilments[k].was == f)
				f = &r->in.fulfilments[k].is;
		homeless = homeless || fulfilment_homeless(f);
		alive = alive || fulfilment_holding(f->state) != HELD_NOWHERE ||
		    f->state == FUL_RESTOCKED;
	}
	r->in.order_changes = true;
	r->in.mark = homeless ? o->mark : alive ? MARK_OPEN : MARK_CANCELLED;
	r->in.due_us = homeless ? o->due_us : 0;
}

enum err
shop_cancel_homeless(struct act_run *r)
{
	for (int i = 0; i < r->order->fulfilment_count; i++) {
		struct pick p = {.ful = &r->order->fulfilments[i]};
		int number;
		enum err e;

		if (!fulfilment_homeless(p.ful))
			continue;
		e = cancel_pick(r, &p, &number);
		if (e != ERR_OK)
			return e;
	}
	shop_mark_behind(r);
	return ERR_OK;
}

static enum err
pick(struct cancel *x)
{
	const struct act_call *c = x->call;
	const Yuncang__V1__CancelOrderRequest *q =
	    (const Yuncang__V1__CancelOrderRequest *)c->request;
	struct pick *only = NULL;
	enum err e;

	if (c->ful != NULL) {
		only = &x->picks[c->ful - c->run.order->fulfilments];
		e = may_cancel(c, c->ful);
		if (e != ERR_OK)
			return e;
	}
	if (q->n_lines > 0)
		e = pick_lines(x, q, only);
	else if (c->ful == NULL)
		e = pick_whole(x);
	else {
		pick_all(only);
		e = ERR_OK;
	}
	return e == ERR_OK ? judge_part(x) : e;
}

static enum err
cancel_plan(struct act_call *c)
{
	struct act_run *r = &c->run;
	struct cancel x = {.call = c};
	struct act_row *row;
	int number = 0;
	enum err e = shop_judge(c, false);

	if (e == ERR_OK)
		e = picks_init(&x);
	if (e == ERR_OK)
		e = pick(&x);
	for (int i = 0; e == ERR_OK && i < x.count; i++)
		if (x.picks[i].picked > 0)
			e = cancel_pick(r, &x.picks[i], &number);
	if (e != ERR_OK)
		return e;
	shop_mark_behind(r);
	row = act_call_row(c, ACT_CANCEL, c->ful != NULL ? FUL_CANCELLED : (int)r->in.mark);
	if (c->ful != NULL)
		row->number = number;
	return ERR_OK;
}

static enum err
cancel_answer(struct act_call *c, const struct act_read *a, ProtobufCMessage *response)
{
	(void)c;
	((Yuncang__V1__CancelOrderResponse *)response)->refund_fen = a->refund_fen;
	return ERR_OK;
}

void
cancel_order_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_CANCEL,
	    .side = ACT_BY_STOREFRONT,
	    .plan = cancel_plan,
	    .answer = cancel_answer};

	act_call_start(c, request, &method);
}
