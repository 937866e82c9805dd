/* shop_choose: ListAlternatives and ChooseAlternative: what a customer can have instead of what no store wanted. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "flow/act_after.h"
#include "flow/contact.h"
#include "flow/order_message.h"
#include "flow/read_flow.h"
#include "flow/rehome.h"
#include "flow/shop_act.h"
#include "flow/thaw.h"

/* Of each way this many are told; who collects wants to choose the store, who is brought goods does not. */
static const int told_max[WAY_COUNT] =
    {[WAY_PICKUP] = OPTIONS_MAX, [WAY_DELIVER] = 1, [WAY_SHIP] = 1};
static const enum way ways[] = {WAY_PICKUP, WAY_DELIVER, WAY_SHIP};
#define WAYS_COUNT (sizeof(ways) / sizeof(ways[0]))
#define ALTERNATIVES_MAX (OPTIONS_MAX + 2)

/* ---- Options -------------------------------------------------------------------------------------- */

bool
shop_awaits_choice(const struct order_read *o)
{
	if (o->mark != MARK_AWAITING_CUSTOMER && o->mark != MARK_UNFILLABLE)
		return false;
	for (int i = 0; i < o->fulfilment_count; i++)
		if (fulfilment_homeless(&o->fulfilments[i]))
			return true;
	return false;
}

static enum err
not_awaited(const struct act_run *r, const char *field)
{
	return reason_set(r->reason, ERR_WRONG_STATE, field,
	    "the order is %s: no choice is asked for", shop_state_word(r->order));
}

enum err
shop_can_send(const struct act_run *r, const struct contact_row *to, enum way way)
{
	const struct contact_row *c = to != NULL ? to : r->order->contact;

	if (way == WAY_PICKUP || way == WAY_NONE ||
	    (c != NULL && c->street[0] != '\0' && (way == WAY_SHIP || c->has_position)))
		return ERR_OK;
	(void)reason_set(r->reason, ERR_BAD_FIELD, "address",
	    "is needed to send the goods: with its street, and for DELIVER its position");
	return ERR_BAD_FIELD;
}

static bool
plan_is(const struct plan *p, enum way way, int32_t location_id)
{
	for (int i = 0; i < p->part_count; i++)
		if ((way != WAY_NONE && p->parts[i].way != way) ||
		    (location_id != 0 && p->parts[i].location != location_id))
			return false;
	/* a customer collects in one place */
	return p->part_count == 1 || p->parts[0].way != WAY_PICKUP;
}

enum err
shop_option(struct act_run *r, struct rehome_got *g, enum way way, int32_t location, int *index,
    int64_t *fee_fen)
{
	const struct decision *d = g->choices.decision;
	int32_t id = location != NONE ? r->world->locations[location].id : 0;
	enum err e = ERR_OK;

	for (; *index < d->option_count; (*index)++) {
		if (!plan_is(&d->options[*index], way, id))
			continue;
		e = rehome_split(r, g, *index, g->fee_carried_fen, fee_fen);
		if (e != ERR_MARGIN_BELOW_FLOOR)
			return e;
	}
	(void)reason_set(r->reason, ERR_NO_LOCATION, NULL, "%s",
	    id != 0 ? "the store cannot do this now" : "nobody can do it this way now");
	return ERR_NO_LOCATION;
}

/* ---- ListAlternatives ----------------------------------------------------------------------------- */

struct listing {
	struct act_run run; /* first: run's functions hand it back */
	struct call *call;
	const struct contact_row *contact; /* another address; NULL: the order's */
	Yuncang__V1__ListAlternativesResponse *out;
};

/* Lines of the decision are some of the order's. */
static Yuncang__V1__Money *
money_of(const struct act_run *r, const struct rehome_got *g)
{
	Yuncang__V1__Money *m = money_message(r->world, g->choices.choice[0].split, r->arena);

	for (size_t i = 0; m != NULL && i < m->n_legs; i++)
		if (m->legs[i]->line >= 0)
			m->legs[i]->line = g->line_of[m->legs[i]->line];
	return m;
}

static Yuncang__V1__Alternative *
alternative(const struct act_run *r, const struct rehome_got *g, const struct plan *p,
    int64_t fee_fen, bool money)
{
	struct arena *a = r->arena;
	Yuncang__V1__Alternative *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__alternative__init(m);
	m->way = (Yuncang__V1__Way)p->way;
	m->promise = window_message(p->promise_from_us, p->promise_to_us, a);
	m->refund_fen = g->fee_carried_fen - fee_fen;
	m->n_parts = (size_t)p->part_count;
	m->parts = arena_array(a, m->n_parts, sizeof(*m->parts));
	if (m->promise == NULL || m->parts == NULL)
		return NULL;
	for (int i = 0; i < p->part_count; i++) {
		m->parts[i] = part_message(r->world, &g->request, &p->parts[i], i + 1, a);
		if (m->parts[i] == NULL)
			return NULL;
		for (size_t k = 0; k < m->parts[i]->n_lines; k++)
			m->parts[i]->lines[k]->line = g->line_of[m->parts[i]->lines[k]->line];
	}
	if (money)
		m->money = money_of(r, g);
	return money && m->money == NULL ? NULL : m;
}

static enum err
add_refusal(const struct act_run *r, enum way way, Yuncang__V1__ListAlternativesResponse *out)
{
	Yuncang__V1__Refusal *m = arena_alloc(r->arena, sizeof(*m));

	if (m == NULL)
		return ERR_NO_MEMORY;
	yuncang__v1__refusal__init(m);
	m->way = (Yuncang__V1__Way)way;
	m->reason = arena_strdup(r->arena, err_name(r->reason->err));
	m->text = arena_strdup(r->arena, r->reason->text);
	if (m->reason == NULL || m->text == NULL)
		return ERR_NO_MEMORY;
	out->refusals[out->n_refusals++] = m;
	return ERR_OK;
}

static enum err
add_way(struct act_run *r, const struct contact_row *contact, enum way way, bool money,
    Yuncang__V1__ListAlternativesResponse *out)
{
	const struct rehome_ask ask = {.way = way, .location = NONE, .contact = contact};
	size_t before = out->n_alternatives;
	struct rehome_got *g = NULL;
	int64_t fee_fen;
	enum err e = shop_can_send(r, contact, way);

	if (e == ERR_OK)
		e = rehome_decide(r, &ask, OPTIONS_MAX, &g);
	for (int i = 0; e == ERR_OK && (int)(out->n_alternatives - before) < told_max[way]; i++) {
		Yuncang__V1__Alternative **m = &out->alternatives[out->n_alternatives];

		e = shop_option(r, g, way, NONE, &i, &fee_fen);
		if (e != ERR_OK)
			break;
		*m = alternative(r, g, &g->choices.decision->options[i], fee_fen, money);
		e = *m != NULL ? ERR_OK : ERR_NO_MEMORY;
		out->n_alternatives += e == ERR_OK;
	}
	if (e == ERR_OK || e == ERR_NO_MEMORY || e == ERR_INTERNAL)
		return e;
	return out->n_alternatives > before ? ERR_OK : add_refusal(r, way, out);
}

/* What would come back if all of it were cancelled, as the act would reckon. */
static enum err
cancel_refund(struct act_run *r, int64_t *fen)
{
	enum err e = shop_cancel_homeless(r);

	if (e == ERR_OK)
		e = act_after(r);
	*fen = r->in.refund_add_fen;
	memset(&r->in, 0, sizeof(r->in));
	r->in.order = r->order;
	r->in.at_us = r->now_us;
	r->in.mark = r->order->mark;
	return e;
}

static enum err
alternatives(struct act_run *r, const struct contact_row *contact, const struct principal *p,
    Yuncang__V1__ListAlternativesResponse **out)
{
	struct owner owner = order_owner(r->order);
	bool money = may_see_money(p, r->world, &owner);
	Yuncang__V1__ListAlternativesResponse *m = arena_alloc(r->arena, sizeof(*m));
	enum err e = ERR_OK;

	if (m == NULL)
		return ERR_NO_MEMORY;
	yuncang__v1__list_alternatives_response__init(m);
	m->alternatives = arena_array(r->arena, ALTERNATIVES_MAX, sizeof(*m->alternatives));
	m->refusals = arena_array(r->arena, WAYS_COUNT, sizeof(*m->refusals));
	m->choose_by = time_message(r->order->due_us, r->arena);
	if (m->alternatives == NULL || m->refusals == NULL ||
	    (r->order->due_us != 0 && m->choose_by == NULL))
		return ERR_NO_MEMORY;
	for (size_t i = 0; e == ERR_OK && i < WAYS_COUNT; i++)
		e = add_way(r, contact, ways[i], money, m);
	if (e == ERR_OK)
		e = cancel_refund(r, &m->cancel_refund_fen);
	*out = m;
	return e;
}

static enum err
list_plan(struct act_run *r)
{
	struct listing *l = (struct listing *)r;
	const struct principal *p = l->call->principal;
	enum err e;

	if (!may_see_order(p, r->world, r->order))
		return reason_set(r->reason, ERR_NOT_FOUND, NULL, "%s", err_text(ERR_NOT_FOUND));
	if (!shop_awaits_choice(r->order))
		return not_awaited(r, "order_id");
	e = alternatives(r, l->contact, p, &l->out);
	if (e == ERR_OK && l->out->n_alternatives == 0 && !r->probed) {
		r->last_err =
		    ERR_OUT_OF_STOCK; /* nothing at all: not before fresh figures were read */
		return r->last.world != NULL ? ERR_CONTENDED : ERR_OK;
	}
	return e;
}

static void
list_done(struct act_run *r, enum err e)
{
	struct listing *l = (struct listing *)r;

	if (e == ERR_OK)
		call_reply(l->call, &l->out->base);
	else
		call_fail(l->call, r->reason, NULL);
}

void
list_alternatives_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ListAlternativesRequest *q =
	    (const Yuncang__V1__ListAlternativesRequest *)request;
	struct listing *l = arena_zalloc(c->arena, sizeof(*l));
	enum err e = ERR_OK;

	if (l == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	l->call = c;
	l->run = (struct act_run){.app = call_app(c),
	    .arena = c->arena,
	    .with = REHOME_READ,
	    .now_us = c->received_us,
	    .req = c->id,
	    .reason = &c->reason,
	    .plan = list_plan,
	    .done = list_done};
	if (uuid_parse(q->order_id, &l->run.order_id) != ERR_OK || uuid_is_zero(&l->run.order_id))
		e = reason_set(&c->reason, ERR_BAD_FIELD, "order_id", "is not an order id");
	if (e == ERR_OK && q->address != NULL) {
		e = contact_check(q->address, "address", &c->reason);
		l->contact = contact_of(q->address, c->arena);
		if (e == ERR_OK && l->contact == NULL)
			e = ERR_NO_MEMORY;
	}
	if (e == ERR_OK)
		e = act_run_start(&l->run);
	if (e == ERR_OK)
		return;
	if (c->reason.err != e)
		(void)reason_set(&c->reason, e, NULL, "%s", err_text(e));
	call_fail(c, &c->reason, NULL);
}

/* ---- ChooseAlternative ---------------------------------------------------------------------------- */

enum err
shop_take(struct act_call *c, enum act_kind kind, struct rehome_got *g, int index, int *number)
{
	struct act_run *r = &c->run;
	const struct location *where;
	struct act_row *row;
	int64_t fee_fen;
	enum err e = rehome_take(r, g, index, g->fee_carried_fen, &fee_fen);

	if (e != ERR_OK)
		return e;
	*number = act_number_next(r->order);
	where = world_location_row(r->world, g->choices.decision->options[0].parts[0].location);
	row = act_call_row(c, kind, FUL_PLANNED);
	if (r->order->paid_at_us != 0)
		row->state = where->kind == LOC_STORE ? FUL_OFFERED : FUL_ACCEPTED;
	row->number = *number;
	row->location = where->id;
	row->party = where->party;
	row->reason = (int)g->request.way;
	r->in.order_changes = true;
	r->in.mark = r->order->paid_at_us != 0 ? MARK_OPEN : MARK_AWAITING_PAYMENT;
	r->in.due_us = 0;
	r->in.refund_add_fen = g->fee_carried_fen - fee_fen;
	return rehome_settle(r, *number);
}

/* What is asked for, judged; ${ask} is filled. */
static enum err
choose_ask(struct act_call *c, const Yuncang__V1__ChooseAlternativeRequest *q,
    struct rehome_ask *ask)
{
	struct reason *r = c->run.reason;
	enum err e = ERR_OK;
	uint32_t at;

	*ask = (struct rehome_ask){.way = (enum way)q->way, .location = NONE};
	if (ask->way == WAY_NONE)
		return reason_set(r, ERR_BAD_FIELD, "way", "is needed, or cancel");
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
	return e == ERR_OK ? shop_can_send(&c->run, ask->contact, ask->way) : e;
}

/* The refusal tells what can be had. */
static enum err
refuse_with_options(struct act_call *c, const struct rehome_ask *ask, enum err e)
{
	struct reason why = *c->run.reason;
	Yuncang__V1__ListAlternativesResponse *m;

	if (alternatives(&c->run, ask->contact, c->call->principal, &m) == ERR_OK)
		c->detail = &m->base;
	*c->run.reason = why;
	return e;
}

static enum err
choose_cancel(struct act_call *c, const Yuncang__V1__ChooseAlternativeRequest *q)
{
	enum err e;

	if (q->way != 0 || q->location[0] != '\0' || q->address != NULL)
		return reason_set(c->run.reason, ERR_BAD_FIELD, "cancel",
		    "goes without way, location and address");
	e = shop_cancel_homeless(&c->run);
	/* Its refund is no part of the delivery fee's: see act_after. */
	if (e == ERR_OK)
		(void)act_call_row(c, ACT_CANCEL, (int)c->run.in.mark);
	return e;
}

static enum err
choose_plan(struct act_call *c)
{
	const Yuncang__V1__ChooseAlternativeRequest *q =
	    (const Yuncang__V1__ChooseAlternativeRequest *)c->request;
	struct act_run *r = &c->run;
	struct rehome_ask ask;
	struct rehome_got *g;
	int64_t fee_fen;
	int index = 0, number;
	enum err e = shop_judge(c, true);

	if (e == ERR_OK && !shop_awaits_choice(r->order))
		e = not_awaited(r, "act.order_id");
	if (e == ERR_OK && q->cancel)
		return choose_cancel(c, q);
	if (e == ERR_OK)
		e = choose_ask(c, q, &ask);
	if (e != ERR_OK)
		return e;
	e = rehome_decide(r, &ask, OPTIONS_MAX, &g);
	if (e == ERR_OK)
		e = shop_option(r, g, ask.way, ask.location, &index, &fee_fen);
	if (e == ERR_NO_MEMORY || e == ERR_INTERNAL)
		return e;
	if (e != ERR_OK && !r->probed && r->last.world != NULL)
		return ERR_CONTENDED;
	if (e != ERR_OK)
		return refuse_with_options(c, &ask, e);
	e = shop_take(c, ACT_CHOOSE, g, index, &number);
	if (e != ERR_OK)
		return e;
	r->in.contact = ask.contact;
	(void)act_event_add(r, OUTBOX_REHOMED, NULL);
	r->in.events[r->in.event_count - 1].number = number;
	r->in.events[r->in.event_count - 1].location = r->in.acts[0].location;
	return ERR_OK;
}

static enum err
choose_answer(struct act_call *c, const struct act_read *a, ProtobufCMessage *response)
{
	(void)c;
	((Yuncang__V1__ChooseAlternativeResponse *)response)->refund_fen = a->refund_fen;
	return ERR_OK;
}

void
choose_alternative_start(struct call *c, const ProtobufCMessage *request)
{
	static const struct act_method method = {.kind = ACT_CHOOSE,
	    .side = ACT_BY_STOREFRONT,
	    .with = REHOME_READ,
	    .plan = choose_plan,
	    .answer = choose_answer};

	act_call_start(c, request, &method);
}
