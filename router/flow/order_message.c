#include <assert.h>

#include "base/clock.h"
#include "flow/order_message.h"
#include "flow/read_flow.h"

struct owner
order_owner(const struct order_read *o)
{
	return (struct owner){
	    .dealer = o->dealer,
	    .store = o->owner_location,
	    .staff = o->owner_staff,
	    .source = o->owner_source,
	    .since_min = (uint32_t)(o->owner_since_us / US_PER_MIN),
	};
}

/* The few fields of a request that a part's message is made from. */
static enum err
request_of(const struct world *w, const struct order_read *o, struct arena *a, struct request *q)
{
	*q = (struct request){.line_count = o->line_count};
	q->lines = arena_array(a, (size_t)o->line_count, sizeof(*q->lines));
	if (q->lines == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < o->line_count; i++) {
		q->lines[i].sku = world_sku(w, o->lines[i].sku);
		q->lines[i].quantity = o->lines[i].quantity;
	}
	return ERR_OK;
}

/* 0 is none; false: no memory. */
static bool
time_set(Google__Protobuf__Timestamp **out, int64_t us, struct arena *a)
{
	*out = time_message(us, a);
	return us == 0 || *out != NULL;
}

Yuncang__V1__Fulfilment *
fulfilment_message(const struct world *w, const struct request *q, const struct fulfilment_read *f,
    struct arena *a)
{
	Yuncang__V1__Fulfilment *m;
	struct part part;

	part = (struct part){
	    .location = f->location,
	    .way = f->way,
	    .distance_m = f->distance_m,
	    .promise_from_us = f->promise_from_us,
	    .promise_to_us = f->promise_to_us,
	    .line_count = q != NULL ? f->line_count : 0,
	};
	part.lines = arena_array(a, (size_t)part.line_count, sizeof(*part.lines));
	m = arena_alloc(a, sizeof(*m));
	if (part.lines == NULL || m == NULL)
		return NULL;
	for (int i = 0; i < part.line_count; i++)
		part.lines[i] = (struct part_line){
		    .line = f->lines[i].line,
		    .quantity = f->lines[i].quantity,
		    .goods_owner = f->lines[i].goods_owner,
		    .stocked = f->lines[i].goods_owner != 0,
		};
	yuncang__v1__fulfilment__init(m);
	m->number = f->number;
	m->state = (Yuncang__V1__FulfilmentState)f->state;
	m->part = part_message(w, q, &part, f->number, a);
	m->split_from = f->split_from;
	m->hops = f->hops;
	m->tracking = message_text(f->tracking);
	m->moved_to = f->moved_to;
	if (m->part == NULL || !time_set(&m->offer_deadline, f->offer_deadline_us, a) ||
	    !time_set(&m->due_at, f->due_us, a) || !time_set(&m->handed_at, f->handed_us, a) ||
	    !time_set(&m->locked_until, f->locked_until_us, a) ||
	    !time_set(&m->overdue_at, f->overdue_us, a))
		return NULL;
	return m;
}

static Yuncang__V1__OrderLine *
line_message(const struct world *w, const struct order_line_read *l, struct arena *a)
{
	Yuncang__V1__OrderLine *m;

	m = arena_alloc(a, sizeof(*m));
	if (m == NULL)
		return NULL;
	yuncang__v1__order_line__init(m);
	m->sku = message_text(w->skus[world_sku(w, l->sku)].code);
	m->quantity = l->quantity;
	m->unit_price_fen = l->price_fen;
	m->discount_fen = l->discount_fen;
	if (l->campaign != 0)
		m->campaign = message_text(w->campaigns[world_campaign(w, l->campaign)].code);
	return m;
}

static enum err
add_times(Yuncang__V1__Order *m, const struct order_read *o, struct arena *a)
{
	m->created_at = time_message(o->created_us, a);
	m->paid_at = time_message(o->paid_at_us, a);
	m->pay_by = time_message(o->pay_by_us, a);
	if (m->created_at == NULL || (m->paid_at == NULL) != (o->paid_at_us == 0) ||
	    (m->pay_by == NULL) != (o->pay_by_us == 0) || !time_set(&m->due_at, o->due_us, a))
		return ERR_NO_MEMORY;
	return ERR_OK;
}

static enum err
add_rows(Yuncang__V1__Order *m, const struct world *w, const struct order_read *o, bool lines,
    struct arena *a)
{
	struct request q;

	if (request_of(w, o, a, &q) != ERR_OK)
		return ERR_NO_MEMORY;
	m->n_lines = lines ? (size_t)o->line_count : 0;
	m->lines = arena_array(a, m->n_lines, sizeof(*m->lines));
	m->n_fulfilments = (size_t)o->fulfilment_count;
	m->fulfilments = arena_array(a, m->n_fulfilments, sizeof(*m->fulfilments));
	if (m->lines == NULL || m->fulfilments == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < m->n_lines; i++) {
		m->lines[i] = line_message(w, &o->lines[i], a);
		if (m->lines[i] == NULL)
			return ERR_NO_MEMORY;
	}
	for (size_t i = 0; i < m->n_fulfilments; i++) {
		m->fulfilments[i] = fulfilment_message(w, lines ? &q : NULL, &o->fulfilments[i], a);
		if (m->fulfilments[i] == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

Yuncang__V1__Order *
order_message(const struct world *w, const struct order_read *o, bool lines, struct arena *a)
{
	struct owner owner = order_owner(o);
	Yuncang__V1__Order *m;
	char *id;

	m = arena_alloc(a, sizeof(*m));
	id = arena_alloc(a, UUID_TEXT_SIZE);
	if (m == NULL || id == NULL)
		return NULL;
	yuncang__v1__order__init(m);
	uuid_format(&o->order_id, id);
	m->order_id = id;
	m->storefront = message_text(w->storefronts[world_storefront(w, o->storefront)].code);
	m->order_ref = message_text(o->order_ref);
	m->state = (Yuncang__V1__OrderState)order_state_of(o);
	m->owner = owner_message(w, &owner, a);
	m->collector = message_text(party_code_of(w, o->collector));
	m->goods_fen = o->goods_fen;
	m->delivery_fee_fen = o->delivery_fee_fen;
	m->total_fen = o->goods_fen + o->delivery_fee_fen;
	m->policy_version = o->policy_version;
	m->split_rule_version = o->split_version;
	m->refund_due_fen = o->refund_due_fen;
	if (m->owner == NULL || add_times(m, o, a) != ERR_OK ||
	    add_rows(m, w, o, lines, a) != ERR_OK)
		return NULL;
	return m;
}

/* ---- Why it was decided so ---- */

static const char *const source_words[SOURCE_COUNT] = {
    [SOURCE_REQUESTED] = "requested_store",
    [SOURCE_OWNER_STORE] = "owner_store",
    [SOURCE_OWNER_STORES] = "owner_stores",
    [SOURCE_OTHER_STORES] = "other_stores",
    [SOURCE_CLOUD] = "cloud",
    [SOURCE_SITE] = "site",
};

/* The sources that gave candidates, in the order they come: "owner_store+other_stores". */
static char *
step_text(const struct step_run *run, struct arena *a)
{
	unsigned seen = 0;
	char *s;

	s = arena_strdup(a, "");
	for (int i = 0; s != NULL && i < run->candidate_count; i++) {
		enum source from = run->candidates[i].source;

		assert(from > 0 && from < SOURCE_COUNT);
		if ((seen & 1u << from) != 0)
			continue;
		s = arena_printf(a, "%s%s%s", s, seen != 0 ? "+" : "", source_words[from]);
		seen |= 1u << from;
	}
	return s;
}

static Yuncang__V1__Candidate *
candidate_message(const struct world *w, const struct candidate *c, int line_count, int key_count,
    struct arena *a)
{
	Yuncang__V1__Candidate *m;

	m = arena_alloc(a, sizeof(*m));
	if (m == NULL)
		return NULL;
	yuncang__v1__candidate__init(m);
	m->location = message_text(location_code_of(w, c->location));
	m->distance_m = c->distance_m;
	m->eliminated = (Yuncang__V1__EliminationReason)c->out;
	m->capacity_left = c->capacity_left;
	m->counted_minutes_ago = c->age_min;
	m->chosen = c->chosen;
	m->promise = window_message(c->promise_from_us, c->promise_to_us, a);
	m->n_available = (size_t)line_count;
	m->available = arena_array(a, m->n_available, sizeof(*m->available));
	m->n_key = (size_t)key_count;
	m->key = arena_array(a, m->n_key, sizeof(*m->key));
	if (m->promise == NULL || m->available == NULL || m->key == NULL)
		return NULL;
	for (int i = 0; i < line_count; i++) {
		int64_t units = 0;

		for (int j = 0; j < c->lines[i].pool_count; j++)
			units += c->lines[i].pool[j].atp;
		m->available[i] = units < INT32_MAX ? (int32_t)units : INT32_MAX;
	}
	for (int i = 0; i < key_count; i++)
		m->key[i] = c->key[i];
	return m;
}

static enum err
add_rest(Yuncang__V1__WayExplained *m, const struct step_run *run, struct arena *a)
{
	Yuncang__V1__ReasonCount *row;

	m->rest = arena_array(a, OUT_COUNT, sizeof(*m->rest));
	row = arena_array(a, OUT_COUNT, sizeof(*row));
	if (m->rest == NULL || row == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < OUT_COUNT; i++) {
		if (run->rest[i] == 0)
			continue;
		yuncang__v1__reason_count__init(row);
		row->reason = (Yuncang__V1__EliminationReason)i;
		row->count = run->rest[i];
		m->rest[m->n_rest++] = row++;
	}
	return ERR_OK;
}

Yuncang__V1__WayExplained *
way_message(const struct world *w, const struct step_run *run, int line_count, int key_count,
    struct arena *a)
{
	Yuncang__V1__WayExplained *m;

	m = arena_alloc(a, sizeof(*m));
	if (m == NULL)
		return NULL;
	yuncang__v1__way_explained__init(m);
	m->step = step_text(run, a);
	m->way = (Yuncang__V1__Way)run->way;
	m->examined = run->examined;
	m->beyond = run->beyond;
	m->chosen = run->chosen;
	m->n_candidates = (size_t)run->candidate_count;
	m->candidates = arena_array(a, m->n_candidates, sizeof(*m->candidates));
	if (m->step == NULL || m->candidates == NULL || add_rest(m, run, a) != ERR_OK)
		return NULL;
	for (size_t i = 0; i < m->n_candidates; i++) {
		m->candidates[i] =
		    candidate_message(w, &run->candidates[i], line_count, key_count, a);
		if (m->candidates[i] == NULL)
			return NULL;
	}
	return m;
}

Yuncang__V1__FirstOffer *
first_offer_message(const struct first_offer *f, struct arena *a)
{
	Yuncang__V1__FirstOffer *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__first_offer__init(m);
	m->state = (Yuncang__V1__FirstOfferState)(f->state + 1);
	m->grade = f->grade;
	m->accept_bps = f->accept_bps;
	return m;
}

Yuncang__V1__SubmitOrderResponse *
submit_message(const struct world *w, const struct submit_facts *f, bool money, struct arena *a)
{
	Yuncang__V1__SubmitOrderResponse *m = arena_alloc(a, sizeof(*m));
	const struct decision *d = &f->frozen->decision;

	if (m == NULL)
		return NULL;
	yuncang__v1__submit_order_response__init(m);
	m->order_id = arena_alloc(a, UUID_TEXT_SIZE);
	m->order_ref = arena_strdup(a, f->order_ref);
	m->committed_at = time_message(f->created_us, a);
	m->pay_by = time_message(f->pay_by_us, a);
	m->option = option_message(w, &f->frozen->request, f->frozen->collector, &d->options[0],
	    f->split, money, a);
	m->owner = owner_message(w, &d->owner, a);
	if (m->order_id == NULL || m->order_ref == NULL || m->committed_at == NULL ||
	    m->option == NULL || m->owner == NULL || (f->pay_by_us != 0 && m->pay_by == NULL))
		return NULL;
	uuid_format(&f->order_id, m->order_id);
	m->policy_version = d->policy_version;
	m->split_rule_version = f->frozen->split_version;
	m->deposit_fen = f->deposit_fen;
	return m;
}
