#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "flow/thaw.h"

/* A dealer scope narrows what a key sees; without one of that kind it is not narrowed. */
static bool
has_dealer_scope(const struct principal *p)
{
	for (int i = 0; i < p->scope_count; i++)
		if (strncmp(p->scopes[i], "dealer:", 7) == 0)
			return true;
	return false;
}

/* Is the location or storefront that a scope names run by ${dealer}?  "*" names all. */
static bool
scope_is_of(const struct world *w, const char *scope, int32_t dealer)
{
	const char *code = strchr(scope, ':');
	const struct storefront *front;
	uint32_t i;

	if (code == NULL)
		return false;
	code++;
	if (strcmp(code, "*") == 0)
		return true;
	if (strncmp(scope, "location:", 9) == 0) {
		i = strmap_get(&w->location_code, code);
		return i != STRMAP_NONE && w->locations[i].party == dealer;
	}
	if (strncmp(scope, "storefront:", 11) != 0)
		return false;
	i = strmap_get(&w->storefront_code, code);
	if (i == STRMAP_NONE)
		return false;
	front = &w->storefronts[i];
	return front->location != NONE ? w->locations[front->location].party == dealer
	                               : front->dealer == dealer;
}

bool
may_see_dealer(const struct principal *p, const struct world *w, int32_t dealer)
{
	if (has_dealer_scope(p))
		return principal_may(p, "dealer", party_code_of(w, dealer));
	if (p->role != ROLE_STOREFRONT && p->role != ROLE_STORE)
		return true;
	for (int i = 0; i < p->scope_count; i++)
		if (scope_is_of(w, p->scopes[i], dealer))
			return true;
	return false;
}

enum err
all_dealers_needed(const struct principal *p)
{
	return principal_may(p, "dealer", "") ? ERR_OK : ERR_PERMISSION_DENIED;
}

bool
may_see_money(const struct principal *p, const struct world *w, const struct owner *owner)
{
	return p->sees_money && may_see_dealer(p, w, owner->dealer);
}

const char *
party_code_of(const struct world *w, int32_t id)
{
	const struct party *p;

	if (id == 0)
		return "";
	p = world_party_row(w, id);
	assert(p != NULL);
	return p->code;
}

const char *
location_code_of(const struct world *w, int32_t id)
{
	const struct location *l;

	if (id == 0)
		return "";
	l = world_location_row(w, id);
	assert(l != NULL);
	return l->code;
}

char *
day_message(int32_t day, struct arena *a)
{
	char text[DAY_TEXT_SIZE];

	format_day(day, text);
	return arena_strdup(a, text);
}

Google__Protobuf__Timestamp *
time_message(int64_t us, struct arena *a)
{
	Google__Protobuf__Timestamp *m;

	if (us == 0)
		return NULL;
	m = arena_alloc(a, sizeof(*m));
	if (m == NULL)
		return NULL;
	google__protobuf__timestamp__init(m);
	m->seconds = us / US_PER_S;
	m->nanos = (int32_t)(us % US_PER_S) * 1000;
	if (m->nanos < 0) {
		m->seconds--;
		m->nanos += 1000000000;
	}
	return m;
}

Yuncang__V1__TimeWindow *
window_message(int64_t from_us, int64_t to_us, struct arena *a)
{
	Yuncang__V1__TimeWindow *m;

	m = arena_alloc(a, sizeof(*m));
	if (m == NULL)
		return NULL;
	yuncang__v1__time_window__init(m);
	m->from = time_message(from_us, a);
	m->to = time_message(to_us, a);
	if ((from_us != 0 && m->from == NULL) || (to_us != 0 && m->to == NULL))
		return NULL;
	return m;
}

Yuncang__V1__Owner *
owner_message(const struct world *w, const struct owner *o, struct arena *a)
{
	Yuncang__V1__Owner *m;

	m = arena_alloc(a, sizeof(*m));
	if (m == NULL)
		return NULL;
	yuncang__v1__owner__init(m);
	m->dealer = message_text(party_code_of(w, o->dealer));
	m->store = message_text(location_code_of(w, o->store));
	m->staff = message_text(party_code_of(w, o->staff));
	m->source = (Yuncang__V1__OwnerSource)o->source;
	m->since = time_message((int64_t)o->since_min * US_PER_MIN, a);
	return o->since_min != 0 && m->since == NULL ? NULL : m;
}

static Yuncang__V1__PartLine *
part_line_message(const struct world *w, const struct request *q, const struct part_line *l,
    struct arena *a)
{
	Yuncang__V1__PartLine *m;

	assert(l->line >= 0 && l->line < q->line_count);
	m = arena_alloc(a, sizeof(*m));
	if (m == NULL)
		return NULL;
	yuncang__v1__part_line__init(m);
	m->line = l->line;
	m->sku = message_text(w->skus[q->lines[l->line].sku].code);
	m->quantity = l->quantity;
	m->goods_owner = message_text(party_code_of(w, l->goods_owner));
	return m;
}

Yuncang__V1__Part *
part_message(const struct world *w, const struct request *q, const struct part *part, int number,
    struct arena *a)
{
	const struct location *where;
	Yuncang__V1__Part *m;

	where = world_location_row(w, part->location);
	assert(where != NULL);
	m = arena_alloc(a, sizeof(*m));
	if (m == NULL)
		return NULL;
	yuncang__v1__part__init(m);
	m->number = number;
	m->location = message_text(where->code);
	m->location_kind = (Yuncang__V1__LocationKind)where->kind;
	m->way = (Yuncang__V1__Way)part->way;
	m->distance_m = part->distance_m;
	m->promise = window_message(part->promise_from_us, part->promise_to_us, a);
	m->n_lines = (size_t)part->line_count;
	m->lines = arena_array(a, m->n_lines, sizeof(*m->lines));
	if (m->promise == NULL || m->lines == NULL)
		return NULL;
	for (int i = 0; i < part->line_count; i++) {
		m->lines[i] = part_line_message(w, q, &part->lines[i], a);
		if (m->lines[i] == NULL)
			return NULL;
	}
	return m;
}

Yuncang__V1__Money *
money_message(const struct world *w, const struct split *s, struct arena *a)
{
	Yuncang__V1__Money *m;
	Yuncang__V1__Leg *leg;

	m = arena_alloc(a, sizeof(*m));
	if (m == NULL)
		return NULL;
	yuncang__v1__money__init(m);
	m->owner_margin_fen = s->total.owner_margin_fen;
	m->funded_fen = s->total.funded_fen;
	m->provider_fee_fen = s->total.provider_fee_fen;
	m->cost_fen = s->total.cost_fen;
	m->brand_absorbs_fen = s->total.absorbed_fen;
	m->n_legs = (size_t)s->leg_count;
	m->legs = arena_array(a, m->n_legs, sizeof(*m->legs));
	leg = arena_array(a, m->n_legs, sizeof(*leg));
	if (m->legs == NULL || leg == NULL)
		return NULL;
	for (int i = 0; i < s->leg_count; i++, leg++) {
		yuncang__v1__leg__init(leg);
		leg->kind = (Yuncang__V1__LegKind)s->legs[i].kind;
		leg->party = message_text(party_code_of(w, s->legs[i].party));
		leg->amount_fen = s->legs[i].fen;
		leg->line = s->legs[i].line;
		leg->fulfilment = s->legs[i].part + 1;
		leg->tax_fen = split_tax(s->legs[i].fen, split_leg_tax_bps(s->basis, &s->legs[i]));
		m->legs[i] = leg;
	}
	return m;
}

Yuncang__V1__Option *
option_message(const struct world *w, const struct request *q, int32_t collector,
    const struct plan *plan, const struct split *s, bool money, struct arena *a)
{
	Yuncang__V1__Option *m;

	m = arena_alloc(a, sizeof(*m));
	if (m == NULL)
		return NULL;
	yuncang__v1__option__init(m);
	m->way = (Yuncang__V1__Way)plan->way;
	m->goods_fen = s->total.goods_fen;
	m->delivery_fee_fen = s->total.delivery_fee_fen;
	m->total_fen = s->total.total_fen;
	m->collector = message_text(party_code_of(w, collector));
	m->promise = window_message(plan->promise_from_us, plan->promise_to_us, a);
	m->n_parts = (size_t)plan->part_count;
	m->parts = arena_array(a, m->n_parts, sizeof(*m->parts));
	if (m->promise == NULL || m->parts == NULL)
		return NULL;
	for (int i = 0; i < plan->part_count; i++) {
		m->parts[i] = part_message(w, q, &plan->parts[i], i + 1, a);
		if (m->parts[i] == NULL)
			return NULL;
	}
	if (!money)
		return m;
	m->money = money_message(w, s, a);
	return m->money != NULL ? m : NULL;
}

enum err
thaw_decision(const struct world *w, const struct decision_read *d, struct arena *a,
    struct frozen **frozen, struct split **split)
{
	struct frozen *f;
	struct split *s;
	enum err e;

	if (d->funding_count > FUNDINGS_MAX) {
		log_error(LOG_MSG("a stored decision has too many funders"),
		    LOG_INT("fundings", d->funding_count));
		return ERR_INTERNAL;
	}
	e = record_decode(w, d->record, d->record_len, a, &f);
	if (e == ERR_NO_MEMORY)
		return e;
	if (e != ERR_OK || f->decision.option_count != 1) {
		log_error(LOG_MSG("a stored decision cannot be read"), LOG_STR("err", err_name(e)));
		return ERR_INTERNAL;
	}
	s = arena_zalloc(a, sizeof(*s));
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->total = f->totals;
	s->basis = f->basis;
	s->leg_count = d->leg_count;
	s->legs = d->legs;
	s->funding_count = d->funding_count;
	if (d->funding_count > 0)
		memcpy(s->funding, d->fundings, (size_t)d->funding_count * sizeof(*d->fundings));
	*frozen = f;
	*split = s;
	return ERR_OK;
}
