#include "flow/rehome.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/basket.h"
#include "flow/order_rows.h"
#include "flow/own_units.h"
#include "flow/thaw.h"

/* ---- What has no home --------------------------------------------------------------------------- */

bool
fulfilment_homeless(const struct fulfilment_read *f)
{
	return (f->state == FUL_REJECTED || f->state == FUL_EXPIRED) && f->moved_to == 0;
}

int32_t
homeless_units(const struct order_read *o, int line)
{
	int32_t units = 0;

	for (int i = 0; i < o->fulfilment_count; i++)
		for (int n = 0; n < o->fulfilments[i].line_count; n++)
			if (fulfilment_homeless(&o->fulfilments[i]) &&
			    o->fulfilments[i].lines[n].line == line)
				units += o->fulfilments[i].lines[n].quantity;
	return units;
}

/* Units that are to be decided on: ${all} that are alive, or those without a home. */
static int32_t
units_of(const struct order_read *o, int line, bool all)
{
	int32_t units = homeless_units(o, line);

	for (int i = 0; all && i < o->fulfilment_count; i++)
		for (int n = 0; n < o->fulfilments[i].line_count; n++)
			if (fulfilment_holding(o->fulfilments[i].state) != HELD_NOWHERE &&
			    o->fulfilments[i].lines[n].line == line)
				units += o->fulfilments[i].lines[n].quantity;
	return units;
}

void
rehome_wanted(struct act_run *r, struct fulfilment_read *is)
{
	is->offer_deadline_us = 0;
	is->due_us = r->now_us;
}

/* ---- The request -------------------------------------------------------------------------------- */

static enum err
lines_fill(struct act_run *r, const struct frozen *f, bool all, struct rehome_got *g)
{
	const struct order_read *o = r->order;
	struct request *q = &g->request;
	int count = 0;

	q->lines = arena_array(r->arena, (size_t)o->line_count, sizeof(*q->lines));
	g->line_of = arena_array(r->arena, (size_t)o->line_count, sizeof(*g->line_of));
	if (q->lines == NULL || g->line_of == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < o->line_count; i++) {
		int32_t units = units_of(o, i, all);

		if (units == 0)
			continue;
		q->lines[count] = f->request.lines[i];
		q->lines[count].quantity = units;
		g->line_of[count++] = (int16_t)i;
	}
	q->line_count = count;
	return count > 0 ? ERR_OK
	                 : reason_set(r->reason, ERR_WRONG_STATE, "act.order_id",
	                       "the order has no units to decide on");
}

/* Who refused, or let an offer lapse; false: more than can be named. */
static bool
exclude_refusers(const struct order_read *o, struct request *q)
{
	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *f = &o->fulfilments[i];
		int n;

		if (f->state != FUL_REJECTED && f->state != FUL_EXPIRED)
			continue;
		for (n = 0; n < q->exclude_count && q->exclude[n] != f->location; n++)
			continue;
		if (n < q->exclude_count)
			continue;
		if (n == EXCLUDE_MAX)
			return false;
		q->exclude[q->exclude_count++] = f->location;
	}
	return true;
}

/* The record keeps the neighbourhood only; the address is in the contact, until that is erased. */
static void
address_fill(const struct world *w, const struct contact_row *c, struct request *q)
{
	if (c == NULL)
		return;
	q->has_position = c->has_position;
	q->lat_e6 = c->lat_e6;
	q->lon_e6 = c->lon_e6;
	q->territory = world_region(w, c->region);
}

/* Who collects need not say where he lives: other stores are looked for around the one that he named. */
static void
around_store(const struct world *w, struct request *q)
{
	if (q->has_position || q->way != WAY_PICKUP || q->location == NONE)
		return;
	q->has_position = true;
	q->lat_e6 = w->locations[q->location].lat_e6;
	q->lon_e6 = w->locations[q->location].lon_e6;
}

void
rehome_asked(const struct world *w, const struct order_read *o, struct request *q)
{
	for (int i = 0; i < o->act_count; i++) {
		const struct act_read *a = &o->acts[i];

		if (a->kind != ACT_CHOOSE && a->kind != ACT_CHANGE)
			continue;
		q->way = (enum way)a->reason;
		q->location = q->way == WAY_PICKUP ? world_location(w, a->location) : NONE;
		q->has_slot = false; /* it was the other store's */
	}
	address_fill(w, o->contact, q);
}

static bool
is_store(const struct act_run *r, int32_t location)
{
	return world_location_row(r->world, location)->kind == LOC_STORE;
}

/* Store offers made so far for the units that have no home. */
static int
hops_of(const struct act_run *r)
{
	int hops = 0;

	for (int i = 0; i < r->order->fulfilment_count; i++) {
		const struct fulfilment_read *f = &r->order->fulfilments[i];
		int n = f->hops + (is_store(r, f->location) ? 1 : 0);

		if (fulfilment_homeless(f) && n > hops)
			hops = n;
	}
	return hops;
}

/* ---- The delivery fee --------------------------------------------------------------------------- */

/* Of a whole order's decision: the part's legs of no line, but for what the brand adds. */
static int64_t
fee_of_part(const struct decision_read *d, int part)
{
	int64_t fen = 0;

	for (int i = 0; i < d->leg_count; i++)
		if (d->legs[i].line < 0 && d->legs[i].part == part &&
		    d->legs[i].kind != LEG_SHORTFALL)
			fen += d->legs[i].fen;
	return fen;
}

static int64_t
fee_of(const struct order_read *o, const struct fulfilment_read *f)
{
	int first = f->number;

	if (f->delivery_fee_fen >= 0 || f->split_from != 0)
		return f->delivery_fee_fen > 0 ? f->delivery_fee_fen : 0;
	if (o->decision == NULL || o->decision->attempt != f->attempt)
		return 0;
	for (int i = 0; i < o->fulfilment_count; i++)
		if (o->fulfilments[i].attempt == f->attempt && o->fulfilments[i].number < first)
			first = o->fulfilments[i].number;
	return fee_of_part(o->decision, f->number - first);
}

static int64_t
fee_carried(const struct act_run *r, bool all)
{
	int64_t fen = 0;

	for (int i = 0; i < r->order->fulfilment_count; i++) {
		const struct fulfilment_read *f = &r->order->fulfilments[i];

		if (fulfilment_homeless(f) || (all && fulfilment_holding(f->state) != HELD_NOWHERE))
			fen += fee_of(r->order, f);
	}
	return fen;
}

/* ---- Deciding ----------------------------------------------------------------------------------- */

static enum err
request_fill(struct act_run *r, const struct frozen *f, const struct rehome_ask *ask,
    struct rehome_got *g, bool *central_only)
{
	struct request *q = &g->request;

	*q = f->request;
	q->now_us = r->now_us;
	rehome_asked(r->world, r->order, q);
	q->has_slot = false;
	address_fill(r->world, ask->contact, q);
	around_store(r->world, q);
	if (ask->way != WAY_NONE) {
		q->way = ask->way;
		q->location = ask->location;
	} else if (q->way != WAY_PICKUP) {
		q->location = NONE; /* who brings it need not be the store that was named */
	}
	q->prepaid = r->order->paid_at_us != 0;
	q->paid_party = r->order->collector; /* fixed, whatever way is taken */
	*central_only = !exclude_refusers(r->order, q) || ask->central_only;
	return lines_fill(r, f, ask->all_units, g);
}

static struct choose_in
choose_of(const struct act_run *r, const struct rehome_got *g, const struct frozen *f,
    const struct policy *policy, const int64_t *costs)
{
	return (struct choose_in){.app = r->app,
	    .world = r->world,
	    .policy = policy,
	    .request = &g->request,
	    .owner = &f->decision.owner,
	    .split_version = f->split_version,
	    .cost_unit_fen = costs,
	    .fee_bps = f->basis != NULL ? &f->basis->fee_bps : NULL,
	    .ignore_inflight = true};
}

/* Costs of the order's lines, by line of the request. */
static int64_t *
costs_of(const struct act_run *r, const struct rehome_got *g, const struct frozen *f)
{
	int64_t *costs = arena_array(r->arena, ORDER_LINES_MAX, sizeof(*costs));

	for (int i = 0; costs != NULL && i < g->request.line_count; i++)
		costs[i] = f->totals.cost_unit_fen[g->line_of[i]];
	return costs;
}

static enum err
thaw(struct act_run *r, struct frozen **f)
{
	struct split *split;

	if (r->order->decision == NULL)
		return ERR_INTERNAL;
	return thaw_decision(r->world, r->order->decision, r->arena, f, &split);
}

enum err
rehome_decide(struct act_run *r, const struct rehome_ask *ask, int options_max,
    struct rehome_got **out)
{
	const struct policy *policy = policy_at(r->world, r->now_us);
	struct rehome_got *g = arena_zalloc(r->arena, sizeof(*g));
	struct choose_in in;
	struct frozen *f;
	bool central_only;
	enum err e;

	*out = g;
	if (g == NULL)
		return ERR_NO_MEMORY;
	if (policy == NULL)
		return ERR_NO_POLICY;
	e = thaw(r, &f);
	if (e == ERR_OK)
		e = request_fill(r, f, ask, g, &central_only);
	if (e != ERR_OK)
		return e;
	in = choose_of(r, g, f, policy, NULL);
	in.options_max = options_max;
	in.central_only = central_only;
	g->hops = hops_of(r);
	g->fee_carried_fen = fee_carried(r, ask->all_units);
	if (ask->all_units)
		own_units_free(&catalog_hints(r->app->catalog)->hints, r->order, 1);
	e = choose_plans(&in, r->arena, &g->choices, r->reason);
	if (ask->all_units)
		own_units_free(&catalog_hints(r->app->catalog)->hints, r->order, -1);
	/* Also where there are options: the one that was asked for may not be among them. */
	r->last = (struct decide_in){.world = r->world,
	    .hints = &catalog_hints(r->app->catalog)->hints,
	    .policy = policy,
	    .request = &g->request,
	    .owner = in.owner,
	    .central_only = central_only,
	    .ignore_inflight = true,
	    .options_max = 1};
	r->last_err = e != ERR_OK ? e : ERR_OUT_OF_STOCK;
	return e;
}

/* The payment that opened the order, as rows need it; NULL: unpaid. */
static enum err
payment_of(struct act_run *r, const struct payment_row **out)
{
	const struct order_read *o = r->order;
	struct payment_row *p;

	*out = NULL;
	if (o->paid_at_us == 0)
		return ERR_OK;
	p = arena_zalloc(r->arena, sizeof(*p));
	if (p == NULL)
		return ERR_NO_MEMORY;
	*out = p;
	for (int i = 0; i < o->payment_count; i++) {
		if (o->payments[i].outcome == PAID_SECOND)
			continue;
		*p = (struct payment_row){.provider = o->payments[i].provider,
		    .number = o->payments[i].number,
		    .amount_fen = o->payments[i].amount_fen,
		    .paid_at_us = o->payments[i].paid_at_us};
		return ERR_OK;
	}
	return ERR_INTERNAL;
}

/* The record holds what the policy asks; the split what the customer's fee has for it. */
static enum err
split_option(struct act_run *r, struct rehome_got *g, const struct frozen *f, int index,
    int64_t fee_max_fen, int64_t *fee_fen)
{
	struct choose_in in = choose_of(r, g, f, policy_at(r->world, r->now_us), costs_of(r, g, f));
	struct plan *plan = &g->choices.decision->options[index];
	int64_t asked_fen = plan->delivery_fee_fen;
	enum err e;

	if (in.cost_unit_fen == NULL)
		return ERR_NO_MEMORY;
	plan->delivery_fee_fen = asked_fen < fee_max_fen ? asked_fen : fee_max_fen;
	*fee_fen = plan->delivery_fee_fen;
	g->choices.count = 0;
	e = choose_split(&in, index, r->arena, &g->choices, r->reason);
	plan->delivery_fee_fen = asked_fen;
	return e;
}

enum err
rehome_split(struct act_run *r, struct rehome_got *g, int index, int64_t fee_max_fen,
    int64_t *fee_fen)
{
	struct frozen *f;
	enum err e = thaw(r, &f);

	return e == ERR_OK ? split_option(r, g, f, index, fee_max_fen, fee_fen) : e;
}

enum err
rehome_take(struct act_run *r, struct rehome_got *g, int index, int64_t fee_max_fen,
    int64_t *fee_fen)
{
	const struct payment_row *payment;
	struct rows_in rows;
	struct frozen *f;
	enum err e = thaw(r, &f);

	if (e == ERR_OK)
		e = payment_of(r, &payment);
	if (e != ERR_OK)
		return e;
	decision_choose(g->choices.decision, index);
	e = split_option(r, g, f, 0, fee_max_fen, fee_fen);
	if (e != ERR_OK)
		return e;
	rows = (struct rows_in){.app = r->app,
	    .world = r->world,
	    .request = &g->request,
	    .owner = &f->decision.owner,
	    .choices = &g->choices,
	    .policy = policy_at(r->world, r->now_us),
	    .payment = payment,
	    .settled = true};
	e = order_rows_make(&rows, &g->row, r->arena, r->reason);
	g->row.order_id = r->order_id;
	g->row.storefront = r->order->storefront;
	g->row.order_ref = r->order->order_ref;
	g->row.line_of = g->line_of;
	r->in.row = &g->row;
	r->in.carries = true;
	r->in.hops = g->hops;
	return e;
}

/* ---- The timer's plan --------------------------------------------------------------------------- */

static bool
due_for_home(const struct act_run *r, const struct fulfilment_read *f)
{
	return fulfilment_homeless(f) && f->due_us != 0 && f->due_us <= r->now_us;
}

enum err
rehome_settle(struct act_run *r, int moved_to)
{
	for (int i = 0; i < r->order->fulfilment_count; i++) {
		const struct fulfilment_read *f = &r->order->fulfilments[i];
		struct fulfilment_read *is;

		if (!fulfilment_homeless(f))
			continue;
		is = act_change(r, f);
		if (is == NULL)
			return ERR_NO_MEMORY;
		is->due_us = 0;
		is->moved_to = moved_to;
	}
	return ERR_OK;
}

/* The order waits: for the customer's word, or for nothing but its end. */
static enum err
order_waits(struct act_run *r, enum act_kind kind, enum order_mark mark, int64_t wait_ms)
{
	(void)act_row_add(r, kind, NULL, (int)mark);
	act_event_add(r, mark == MARK_UNFILLABLE ? OUTBOX_UNFILLABLE : OUTBOX_AWAITING_CUSTOMER,
	    NULL);
	r->in.order_changes = true;
	r->in.mark = mark;
	r->in.due_us = r->now_us + wait_ms * US_PER_MS;
	return rehome_settle(r, 0);
}

/* Another way, or so late that the customer must know. */
static bool
is_noticed(const struct act_run *r, const struct rehome_got *g, const struct policy *policy)
{
	const struct plan *plan = &g->choices.decision->options[0];

	for (int i = 0; i < r->order->fulfilment_count; i++) {
		const struct fulfilment_read *f = &r->order->fulfilments[i];

		if (!fulfilment_homeless(f))
			continue;
		if (plan->promise_to_us >
		    f->promise_to_us + (int64_t)policy->slip_hours * 60 * US_PER_MIN)
			return true;
		for (int n = 0; n < plan->part_count; n++)
			if (plan->parts[n].way != f->way)
				return true;
	}
	return false;
}

static enum err
move(struct act_run *r, struct rehome_got *g)
{
	int number = act_number_next(r->order);
	struct act_row *row;
	int64_t fee_fen;
	enum err e = rehome_take(r, g, 0, g->fee_carried_fen, &fee_fen);

	if (e != ERR_OK)
		return e;
	row = act_row_add(r, ACT_REHOME, NULL, 0);
	row->number = number;
	row->location = g->choices.decision->options[0].parts[0].location;
	row->party = world_location_row(r->world, row->location)->party;
	r->in.order_changes = true;
	r->in.mark = MARK_OPEN;
	if (g->fee_carried_fen > fee_fen)
		r->in.refund_add_fen = g->fee_carried_fen - fee_fen;
	act_event_add(r, OUTBOX_REHOMED, NULL);
	r->in.events[r->in.event_count - 1].number = number;
	r->in.events[r->in.event_count - 1].location = row->location;
	return rehome_settle(r, number);
}

enum err
rehome_plan(struct act_run *r)
{
	const struct policy *policy = policy_at(r->world, r->now_us);
	struct rehome_ask ask = {.location = NONE};
	bool due = false, pickup = false;
	struct rehome_got *g;
	enum err e;

	for (int i = 0; i < r->order->fulfilment_count; i++) {
		const struct fulfilment_read *f = &r->order->fulfilments[i];

		due = due || due_for_home(r, f);
		pickup = pickup || (fulfilment_homeless(f) && f->way == WAY_PICKUP);
	}
	if (!due || r->order->mark == MARK_CANCELLED)
		return ERR_OK;
	if (pickup || r->order->mark == MARK_AWAITING_CUSTOMER)
		return order_waits(r, ACT_ASK_CUSTOMER, MARK_AWAITING_CUSTOMER,
		    r->app->conf->await_customer_ms);
	if (policy == NULL)
		return ERR_NO_POLICY;
	ask.central_only = hops_of(r) >= policy->max_hops;
	e = rehome_decide(r, &ask, 1, &g);
	if (e != ERR_OK && r->last.world != NULL && !r->probed)
		return ERR_CONTENDED;
	if (e == ERR_NO_MEMORY || e == ERR_INTERNAL)
		return e;
	if (e == ERR_OK && !r->order->accept_other_way && is_noticed(r, g, policy))
		return order_waits(r, ACT_ASK_CUSTOMER, MARK_AWAITING_CUSTOMER,
		    r->app->conf->await_customer_ms);
	if (e == ERR_OK)
		e = move(r, g);
	if (e == ERR_OK || e == ERR_NO_MEMORY)
		return e;
	log_info(LOG_MSG("nobody can fulfil what was refused"), LOG_STR("err", err_name(e)));
	memset(&r->in, 0, sizeof(r->in));
	r->in.order = r->order;
	r->in.at_us = r->now_us;
	return order_waits(r, ACT_GIVE_UP, MARK_UNFILLABLE, r->app->conf->unfillable_ms);
}
