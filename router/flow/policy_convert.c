/* policy_convert: a routing policy off the wire as decide() reads it. */
#include "flow/policy_convert.h"

#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "domain/decide.h"
#include "flow/convert.h"

#define GRADE_MAX 9
#define DISTANCE_MAX_M 1000000
#define MINUTES_MAX 525600 /* a year */
#define DAYS_MAX 365
#define HOURS_LONGEST 8760
#define HOPS_MAX 20
#define BPS_MAX 10000
#define SCORECARD_DAYS_MAX 90
#define OFFERS_MAX 1000000
#define CLAIM_DAYS_MAX 3650

/* Numbers with a default where they are left out; 0 as default means that 0 is a value of its own. */
struct number {
	const char *name;
	size_t from, to;
	int32_t min, max, missing;
};

#define NUMBER(field, min, max, missing) \
	{ \
#field, offsetof(Yuncang__V1__RoutingPolicy, field), \
		    offsetof(struct policy, field), min, max, missing \
	}

static const struct number numbers[] = {
    NUMBER(scan_max, 1, SCAN_MAX, SCAN_MAX),
    NUMBER(radius_m, 1, DISTANCE_MAX_M, 20000),
    NUMBER(distance_band_m, 1, DISTANCE_MAX_M, 1000),
    NUMBER(max_parcels, 1, PARCELS_MAX, 3),
    NUMBER(grade_worst, 0, GRADE_MAX, 0),
    NUMBER(stale_after_min, 0, MINUTES_MAX, 0),
    NUMBER(accept_open_min, 1, MINUTES_MAX, 30),
    NUMBER(payment_hold_min, 1, MINUTES_MAX, 15),
    NUMBER(quote_ttl_min, 0, MINUTES_MAX, 0), /* 0: the setting quote_ttl_ms */
    NUMBER(pickup_hold_days, 1, DAYS_MAX, 7),
    NUMBER(return_window_days, 1, DAYS_MAX, 7),
    NUMBER(slip_hours, 1, HOURS_LONGEST, 24),
    NUMBER(max_hops, 1, HOPS_MAX, 5),
    NUMBER(quote_options_max, 1, OPTIONS_MAX, 8),
    NUMBER(site_promise_hours, 1, HOURS_LONGEST, 72),
    NUMBER(cloud_promise_hours, 1, HOURS_LONGEST, 48),
    NUMBER(made_to_order_days, 1, DAYS_MAX, 15),
    NUMBER(deposit_bps, 0, BPS_MAX - 1, 0),
    NUMBER(forfeit_bps, 0, BPS_MAX, 0),
    NUMBER(balance_days, 1, DAYS_MAX, 14),
    NUMBER(deliver_window_min, 1, MINUTES_MAX, 120),
    NUMBER(first_offer_grade_worst, 0, GRADE_MAX, 0),
    NUMBER(first_offer_accept_bps_min, 0, BPS_MAX, 0),
    NUMBER(scorecard_days, 1, SCORECARD_DAYS_MAX, 30),
    NUMBER(scorecard_offers_min, 1, OFFERS_MAX, 20),
    NUMBER(scan_claim_days, 0, CLAIM_DAYS_MAX, 0), /* 0: for ever */
    NUMBER(bind_claim_days, 0, CLAIM_DAYS_MAX, 0),
    NUMBER(location_claim_days, 1, CLAIM_DAYS_MAX, 30),
    NUMBER(location_claim_radius_m, 1, DISTANCE_MAX_M, 500),
};

/* No key stands twice, so that the longest ranking has each key once. */
_Static_assert(RANK_COUNT - 1 <= RANK_KEYS_MAX, "a ranking of all keys fits");
static const enum rank_key default_ranking[] = {RANK_SOURCE, RANK_DISTANCE_BAND, RANK_PROMISE,
    RANK_GRADE, RANK_SCORECARD, RANK_LOAD, RANK_COVER, RANK_COST};

static enum err
convert_numbers(const Yuncang__V1__RoutingPolicy *m, struct policy *p, struct reason *r)
{
	const struct number *n;
	int32_t v;
	enum err e;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		n = &numbers[i];
		memcpy(&v, (const char *)m + n->from, sizeof(v));
		if (v == 0)
			v = n->missing;
		e = convert_range(r, AT("policy", n->name), v, n->min, n->max);
		if (e != ERR_OK)
			return e;
		memcpy((char *)p + n->to, &v, sizeof(v));
	}
	p->parcel_min_fen = m->parcel_min_fen;
	p->fewest_parcels = m->fewest_parcels;
	p->partial = m->partial;
	p->territory_exclusive = m->territory_exclusive;
	p->serving_store_counts = m->serving_store_counts;
	p->deposit_fen = m->deposit_fen;
	if (m->deposit_fen != 0 && m->deposit_bps != 0)
		return reason_set(r, ERR_BAD_FIELD, "policy.deposit_fen",
		    "stands in place of deposit_bps, not beside it");
	e = convert_range(r, AT("policy", "deposit_fen"), m->deposit_fen, 0, FEN_MAX);
	return e != ERR_OK
	    ? e
	    : convert_range(r, AT("policy", "parcel_min_fen"), m->parcel_min_fen, 0, FEN_MAX);
}

static enum err
convert_ranking(const Yuncang__V1__RoutingPolicy *m, struct policy *p, struct reason *r)
{
	uint32_t seen = 0;
	enum err e;
	size_t i;

	if (m->n_ranking == 0) {
		memcpy(p->ranking, default_ranking, sizeof(default_ranking));
		p->rank_count = sizeof(default_ranking) / sizeof(default_ranking[0]);
		return ERR_OK;
	}
	for (i = 0; i < m->n_ranking; i++) {
		e = convert_range(r, AT_INDEX("policy", "ranking", (int)i), (int)m->ranking[i], 1,
		    RANK_COUNT - 1);
		if (e != ERR_OK)
			return e;
		if (seen & 1U << m->ranking[i])
			return convert_fail(r, ERR_BAD_FIELD, AT_INDEX("policy", "ranking", (int)i),
			    "stands there before");
		seen |= 1U << m->ranking[i];
		p->ranking[p->rank_count++] = (enum rank_key)m->ranking[i];
	}
	return ERR_OK;
}

static enum err
convert_fees(const Yuncang__V1__RoutingPolicy *m, struct policy *p, struct reason *r)
{
	const Yuncang__V1__DeliveryFee *f;
	char at[REASON_FIELD_MAX];
	uint32_t seen = 0;
	enum err e;
	size_t i;

	for (i = 0; i < m->n_delivery_fees; i++) {
		f = m->delivery_fees[i];
		convert_path(AT_INDEX("policy", "delivery_fees", (int)i), at);
		e = convert_range(r, AT(at, "way"), (int)f->way, 1, WAY_COUNT - 1);
		if (e != ERR_OK)
			return e;
		if (seen & 1U << f->way)
			return convert_fail(r, ERR_BAD_FIELD, AT(at, "way"), "has a fee before");
		seen |= 1U << f->way;
		e = convert_range(r, AT(at, "fee_fen"), f->fee_fen, 0, FEN_MAX);
		if (e != ERR_OK)
			return e;
		e = convert_range(r, AT(at, "free_from_fen"), f->free_from_fen, 0, FEN_MAX);
		if (e != ERR_OK)
			return e;
		p->fee_fen[f->way] = f->fee_fen;
		p->fee_free_from_fen[f->way] = f->free_from_fen;
	}
	return ERR_OK;
}

/* ---- A rule ---- */

static int
by_number(const void *a, const void *b)
{
	const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

/* A list of codes of ${m} as sorted indexes. */
static enum err
convert_codes(struct reason *r, const char *at, const char *name, const struct strmap *m,
    char **codes, size_t count, int32_t *out, int *out_count)
{
	enum err e;
	size_t i;

	e = convert_count(r, AT(at, name), count, 0, RULE_LIST_MAX);
	if (e != ERR_OK)
		return e;
	for (i = 0; i < count; i++) {
		e = convert_code(r, AT_INDEX(at, name, (int)i), m, codes[i], &out[i]);
		if (e != ERR_OK)
			return e;
	}
	*out_count = (int)count;
	return ERR_OK;
}

static enum err
convert_lists(const struct world *w, const Yuncang__V1__RuleWhen *m, const char *at,
    struct rule *out, struct reason *r)
{
	enum err e;
	int i;

	e = convert_codes(r, at, "sku_classes", &w->class_code, m->sku_classes, m->n_sku_classes,
	    out->classes, &out->class_count);
	if (e != ERR_OK)
		return e;
	e = convert_codes(r, at, "channels", &w->party_code, m->channels, m->n_channels,
	    out->channels, &out->channel_count);
	if (e != ERR_OK)
		return e;
	for (i = 0; i < out->channel_count; i++) {
		if (w->parties[out->channels[i]].kind != PARTY_CHANNEL)
			return convert_fail(r, ERR_BAD_FIELD, AT_INDEX(at, "channels", i),
			    "\"%.64s\" is not a channel", m->channels[i]);
		out->channels[i] = w->parties[out->channels[i]].id;
	}
	e = convert_codes(r, at, "territories", &w->territory_code, m->territories,
	    m->n_territories, out->territories, &out->territory_count);
	if (e != ERR_OK)
		return e;
	for (i = 0; i < out->territory_count; i++)
		out->territories[i] = w->territories[out->territories[i]].id;
	qsort(out->classes, (size_t)out->class_count, sizeof(*out->classes), by_number);
	qsort(out->channels, (size_t)out->channel_count, sizeof(*out->channels), by_number);
	qsort(out->territories, (size_t)out->territory_count, sizeof(*out->territories), by_number);
	return ERR_OK;
}

/* Small numbers as a bit each. */
static enum err
convert_sets(const Yuncang__V1__RuleWhen *m, const char *at, struct rule *out, struct reason *r)
{
	enum err e;
	size_t i;

	for (i = 0; i < m->n_ways; i++) {
		e = convert_range(r, AT_INDEX(at, "ways", (int)i), (int)m->ways[i], WAY_NONE,
		    WAY_COUNT - 1);
		if (e != ERR_OK)
			return e;
		out->ways |= 1U << m->ways[i];
	}
	for (i = 0; i < m->n_storefront_kinds; i++) {
		e = convert_range(r, AT_INDEX(at, "storefront_kinds", (int)i),
		    (int)m->storefront_kinds[i], FRONT_STORE, FRONT_OUTSIDE);
		if (e != ERR_OK)
			return e;
		out->storefront_kinds |= 1U << m->storefront_kinds[i];
	}
	for (i = 0; i < m->n_owner_grades; i++) {
		e = convert_range(r, AT_INDEX(at, "owner_grades", (int)i), m->owner_grades[i], 1,
		    GRADE_MAX);
		if (e != ERR_OK)
			return e;
		out->grades |= 1U << m->owner_grades[i];
	}
	return ERR_OK;
}

static enum err
convert_bounds(const Yuncang__V1__RuleWhen *m, const char *at, struct rule *out, struct reason *r)
{
	enum err e;

	e = convert_range(r, AT(at, "unit_price_from_fen"), m->unit_price_from_fen, 0, FEN_MAX);
	if (e != ERR_OK)
		return e;
	e = convert_range(r, AT(at, "unit_price_below_fen"), m->unit_price_below_fen, 0, FEN_MAX);
	if (e != ERR_OK)
		return e;
	if (m->unit_price_below_fen != 0 && m->unit_price_below_fen <= m->unit_price_from_fen)
		return convert_fail(r, ERR_BAD_FIELD, AT(at, "unit_price_below_fen"),
		    "no price is below it and not below unit_price_from_fen");
	out->price_from_fen = m->unit_price_from_fen;
	out->price_below_fen = m->unit_price_below_fen;
	e = convert_time(r, AT(at, "from"), m->from, &out->from_us);
	if (e != ERR_OK)
		return e;
	e = convert_time(r, AT(at, "until"), m->until, &out->until_us);
	if (e != ERR_OK)
		return e;
	if (out->until_us != 0 && out->until_us <= out->from_us)
		return convert_fail(r, ERR_BAD_FIELD, AT(at, "until"), "is not after from");
	return ERR_OK;
}

static enum err
convert_when(const struct world *w, const Yuncang__V1__RuleWhen *m, const char *at,
    struct rule *out, struct reason *r)
{
	enum err e;

	if (m == NULL)
		return ERR_OK;
	e = convert_range(r, AT(at, "made_to_order"), (int)m->made_to_order, EITHER, NO);
	if (e != ERR_OK)
		return e;
	e = convert_range(r, AT(at, "cloud_only"), (int)m->cloud_only, EITHER, NO);
	if (e != ERR_OK)
		return e;
	out->made_to_order = (enum tristate)m->made_to_order;
	out->cloud_only = (enum tristate)m->cloud_only;
	e = convert_lists(w, m, at, out, r);
	if (e != ERR_OK)
		return e;
	e = convert_sets(m, at, out, r);
	if (e != ERR_OK)
		return e;
	return convert_bounds(m, at, out, r);
}

static enum err
convert_steps(const Yuncang__V1__RoutingRule *m, const char *at, struct rule *out, struct reason *r)
{
	char below[REASON_FIELD_MAX];
	enum err e;
	int i, k;

	e = convert_count(r, AT(at, "steps"), m->n_steps, 1, RULE_STEPS_MAX);
	if (e != ERR_OK)
		return e;
	for (i = 0; i < (int)m->n_steps; i++) {
		convert_path(AT_INDEX(at, "steps", i), below);
		e = convert_range(r, AT(below, "way"), (int)m->steps[i]->way, 1, WAY_COUNT - 1);
		if (e != ERR_OK)
			return e;
		e = convert_range(r, AT(below, "source"), (int)m->steps[i]->source, 1,
		    SOURCE_COUNT - 1);
		if (e != ERR_OK)
			return e;
		out->steps[i].way = (enum way)m->steps[i]->way;
		out->steps[i].source = (enum source)m->steps[i]->source;
		for (k = 0; k < i; k++)
			if (out->steps[k].way == out->steps[i].way &&
			    out->steps[k].source == out->steps[i].source)
				return convert_fail(r, ERR_BAD_FIELD, AT_INDEX(at, "steps", i),
				    "is the same as steps[%d]", k);
	}
	out->step_count = (int)m->n_steps;
	return ERR_OK;
}

static enum err
convert_rule(const struct world *w, const Yuncang__V1__RoutingRule *m, const char *at,
    struct rule *out, struct reason *r)
{
	char when[REASON_FIELD_MAX];
	enum err e;

	e = convert_text(r, AT(at, "name"), m->name, out->name, sizeof(out->name));
	if (e != ERR_OK)
		return e;
	convert_path(AT(at, "when"), when);
	e = convert_when(w, m->when, when, out, r);
	if (e != ERR_OK)
		return e;
	if (m->refuse[0] == '\0')
		return convert_steps(m, at, out, r);
	if (m->n_steps != 0)
		return convert_fail(r, ERR_BAD_FIELD, AT(at, "refuse"),
		    "a rule that refuses has no steps");
	out->refuse = true;
	return convert_text(r, AT(at, "refuse"), m->refuse, out->refuse_text,
	    sizeof(out->refuse_text));
}

static enum err
convert_rules(const struct world *w, const Yuncang__V1__RoutingPolicy *m, struct policy *p,
    struct reason *r)
{
	char at[REASON_FIELD_MAX];
	enum err e;
	size_t i;

	e = convert_count(r, AT("policy", "rules"), m->n_rules, 1, POLICY_RULES_MAX);
	if (e != ERR_OK)
		return e;
	for (i = 0; i < m->n_rules; i++) {
		convert_path(AT_INDEX("policy", "rules", (int)i), at);
		e = convert_rule(w, m->rules[i], at, &p->rules[i], r);
		if (e != ERR_OK)
			return e;
	}
	p->rule_count = (int)m->n_rules;
	return ERR_OK;
}

enum err
policy_convert(const struct world *w, const Yuncang__V1__RoutingPolicy *m, int32_t version,
    int64_t effective_from_us, struct policy **out, struct reason *r)
{
	struct policy *p;
	enum err e;

	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "a routing policy");
	p->version = version;
	p->effective_from_us = effective_from_us;
	e = convert_rules(w, m, p, r);
	if (e == ERR_OK)
		e = convert_ranking(m, p, r);
	if (e == ERR_OK)
		e = convert_fees(m, p, r);
	if (e == ERR_OK)
		e = convert_numbers(m, p, r);
	if (e != ERR_OK)
		goto free_policy;
	*out = p;
	return ERR_OK;

free_policy:
	policy_free(p);
	return e;
}

void
policy_free(struct policy *p)
{
	free(p);
}
