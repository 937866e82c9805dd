/* book_convert: a book of split rules off the wire as split() reads it. */
#include "flow/book_convert.h"

#include <stdlib.h>

#include "flow/convert.h"

#define GRADE_MAX 9
#define RULE_NAME_LEN_MAX 63
#define HOLD_DAYS_MAX 180

static enum err
convert_charge(const Yuncang__V1__Charge *m, const char *rule, const char *name, struct charge *out,
    struct reason *r)
{
	char at[REASON_FIELD_MAX];
	enum err e;

	*out = (struct charge){.base = BASE_GROSS, .rounding = ROUND_HALF_UP};
	if (m == NULL)
		return ERR_OK;
	convert_path(AT(rule, name), at);
	e = convert_range(r, AT(at, "fixed_fen"), m->fixed_fen, 0, FEN_MAX);
	if (e != ERR_OK)
		return e;
	e = convert_range(r, AT(at, "bps"), m->bps, 0, BPS_WHOLE);
	if (e != ERR_OK)
		return e;
	/* Of what, must be said where there are basis points at all. */
	e = convert_range(r, AT(at, "bps_of"), (int)m->bps_of, m->bps == 0 ? 0 : BASE_GROSS,
	    BASE_MARGIN);
	if (e != ERR_OK)
		return e;
	e = convert_range(r, AT(at, "rounding"), (int)m->rounding, 0,
	    YUNCANG__V1__CHARGE__ROUNDING__ROUNDING_FLOOR);
	if (e != ERR_OK)
		return e;
	out->fixed_fen = m->fixed_fen;
	out->bps = m->bps;
	if (m->bps_of != YUNCANG__V1__CHARGE__BASE__BASE_UNSPECIFIED)
		out->base = (enum charge_base)m->bps_of;
	if (m->rounding == YUNCANG__V1__CHARGE__ROUNDING__ROUNDING_FLOOR)
		out->rounding = ROUND_FLOOR;
	return ERR_OK;
}

static enum err
convert_charges(const Yuncang__V1__SplitRule *m, const char *at, struct split_rule *out,
    struct reason *r)
{
	const struct {
		const char *name;
		const Yuncang__V1__Charge *from;
		struct charge *to;
	} charges[] = {
	    {"handling", m->handling, &out->handling},
	    {"warehouse", m->warehouse, &out->warehouse},
	    {"transfer", m->transfer, &out->transfer},
	    {"platform_fee", m->platform_fee, &out->platform_fee},
	    {"channel_commission", m->channel_commission, &out->channel},
	    {"staff_commission", m->staff_commission, &out->staff},
	};
	enum err e;
	size_t i;

	for (i = 0; i < sizeof(charges) / sizeof(charges[0]); i++) {
		e = convert_charge(charges[i].from, at, charges[i].name, charges[i].to, r);
		if (e != ERR_OK)
			return e;
	}
	out->has_transfer = m->transfer != NULL;
	if (out->has_transfer && out->transfer.fixed_fen == 0 && out->transfer.bps == 0)
		return convert_fail(r, ERR_BAD_FIELD, AT(at, "transfer"),
		    "gives the goods away; leave it out for their contract cost");
	return ERR_OK;
}

/* Whom the rule is for. */
static enum err
convert_aim(const struct world *w, const Yuncang__V1__SplitRule *m, const char *at,
    struct split_rule *out, struct reason *r)
{
	enum err e = ERR_OK;
	int32_t idx;

	out->class_idx = NONE;
	if (m->sku[0] != '\0') {
		e = convert_code(r, AT(at, "sku"), &w->sku_code, m->sku, &idx);
		if (e != ERR_OK)
			return e;
		out->sku = w->skus[idx].id;
	}
	if (m->sku_class[0] != '\0')
		e = convert_code(r, AT(at, "sku_class"), &w->class_code, m->sku_class,
		    &out->class_idx);
	if (e != ERR_OK)
		return e;
	if (m->dealer[0] != '\0') {
		e = convert_code(r, AT(at, "dealer"), &w->party_code, m->dealer, &idx);
		if (e != ERR_OK)
			return e;
		if (w->parties[idx].kind != PARTY_DEALER && w->parties[idx].kind != PARTY_BRAND)
			return convert_fail(r, ERR_BAD_FIELD, AT(at, "dealer"),
			    "\"%.64s\" is neither a dealer nor the brand", m->dealer);
		out->dealer = w->parties[idx].id;
	}
	e = convert_range(r, AT(at, "grade"), m->grade, 0, GRADE_MAX);
	if (e != ERR_OK)
		return e;
	e = convert_range(r, AT(at, "way"), (int)m->way, WAY_NONE, WAY_COUNT - 1);
	if (e != ERR_OK)
		return e;
	out->grade = m->grade;
	out->way = (enum way)m->way;
	out->storefront_kind = (int)m->storefront_kind;
	return convert_range(r, AT(at, "storefront_kind"), out->storefront_kind, 0, FRONT_OUTSIDE);
}

static enum err
convert_losses(const Yuncang__V1__SplitRule *m, const char *at, struct split_rule *out,
    struct reason *r)
{
	enum err e;

	e = convert_range(r, AT(at, "courier_cost_fen"), m->courier_cost_fen, 0, FEN_MAX);
	if (e != ERR_OK)
		return e;
	e = convert_range(r, AT(at, "courier_shortfall"), (int)m->courier_shortfall, 0,
	    YUNCANG__V1__BEARER__BEARER_BRAND);
	if (e != ERR_OK)
		return e;
	e = convert_range(r, AT(at, "negative_margin"), (int)m->negative_margin, 0,
	    NEGATIVE_BRAND_ABSORBS);
	if (e != ERR_OK)
		return e;
	out->courier_cost_fen = m->courier_cost_fen;
	out->brand_bears_courier = m->courier_shortfall == YUNCANG__V1__BEARER__BEARER_BRAND;
	out->negative = NEGATIVE_RECEIVABLE;
	if (m->negative_margin != YUNCANG__V1__NEGATIVE_MARGIN__NEGATIVE_MARGIN_UNSPECIFIED)
		out->negative = (enum negative_margin)m->negative_margin;
	out->absorb_max_fen = m->absorb_max_fen;
	if (out->negative == NEGATIVE_BRAND_ABSORBS)
		return convert_range(r, AT(at, "absorb_max_fen"), m->absorb_max_fen, 1, FEN_MAX);
	if (m->absorb_max_fen != 0)
		return convert_fail(r, ERR_BAD_FIELD, AT(at, "absorb_max_fen"),
		    "only with NEGATIVE_MARGIN_BRAND_ABSORBS");
	return ERR_OK;
}

/* BEARER_UNSPECIFIED is the brand here. */
static enum err
convert_bearer(Yuncang__V1__Bearer m, const char *at, const char *name, enum bearer *out,
    struct reason *r)
{
	*out = m == YUNCANG__V1__BEARER__BEARER_UNSPECIFIED ? BEARER_BRAND : (enum bearer)m;
	return convert_range(r, AT(at, name), (int)m, 0, YUNCANG__V1__BEARER__BEARER_FULFILLER);
}

/* What comes behind the hand-over, or instead of it. */
static enum err
convert_aftermath(const Yuncang__V1__SplitRule *m, const char *at, struct split_rule *out,
    struct reason *r)
{
	enum err e;

	e = convert_range(r, AT(at, "hold_days"), m->hold_days, 0, HOLD_DAYS_MAX);
	if (e == ERR_OK)
		e = convert_range(r, AT(at, "forfeit_owner_bps"), m->forfeit_owner_bps, 0,
		    BPS_WHOLE);
	if (e == ERR_OK)
		e = convert_bearer(m->lost_fee_bearer, at, "lost_fee_bearer", &out->lost_fee, r);
	if (e == ERR_OK)
		e = convert_bearer(m->freight_bearer, at, "freight_bearer", &out->freight, r);
	if (e == ERR_OK)
		e = convert_bearer(m->dispute_bearer, at, "dispute_bearer", &out->dispute, r);
	out->hold_days = m->hold_days;
	out->forfeit_owner_bps = m->forfeit_owner_bps;
	return e;
}

static enum err
convert_rule(const struct world *w, const Yuncang__V1__SplitRule *m, const char *at,
    struct split_rule *out, struct reason *r)
{
	char name[RULE_NAME_LEN_MAX + 1];
	enum err e;

	e = convert_text(r, AT(at, "name"), m->name, name, sizeof(name));
	if (e != ERR_OK)
		return e;
	e = convert_aim(w, m, at, out, r);
	if (e != ERR_OK)
		return e;
	e = convert_charges(m, at, out, r);
	if (e != ERR_OK)
		return e;
	e = convert_losses(m, at, out, r);
	if (e != ERR_OK)
		return e;
	return convert_aftermath(m, at, out, r);
}

static enum err
convert_taxes(const struct world *w, const Yuncang__V1__SplitRuleBook *m, struct split_book *b,
    struct reason *r)
{
	char at[REASON_FIELD_MAX];
	struct tax_rate *t;
	enum err e;
	size_t i;
	int k;

	for (i = 0; i < m->n_tax_rates; i++) {
		t = &b->taxes[i];
		convert_path(AT_INDEX("book", "tax_rates", (int)i), at);
		e = convert_code(r, AT(at, "tax_class"), &w->class_code, m->tax_rates[i]->tax_class,
		    &t->class_idx);
		if (e == ERR_OK)
			e = convert_range(r, AT(at, "bps"), m->tax_rates[i]->bps, 1, BPS_WHOLE);
		if (e != ERR_OK)
			return e;
		t->bps = m->tax_rates[i]->bps;
		for (k = 0; k < b->tax_count; k++)
			if (b->taxes[k].class_idx == t->class_idx)
				return convert_fail(r, ERR_BAD_FIELD, AT(at, "tax_class"),
				    "has a rate above");
		b->tax_count++;
	}
	return ERR_OK;
}

enum err
book_convert(const struct world *w, const Yuncang__V1__SplitRuleBook *m, int32_t version,
    int64_t effective_from_us, struct split_book **out, struct reason *r)
{
	char at[REASON_FIELD_MAX];
	struct split_book *b;
	enum err e;
	size_t i;

	e = convert_count(r, AT("book", "rules"), m->n_rules, 1, SPLIT_RULES_MAX);
	if (e == ERR_OK)
		e = convert_count(r, AT("book", "tax_rates"), m->n_tax_rates, 0, TAX_RATES_MAX);
	if (e != ERR_OK)
		return e;
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "a book of split rules");
	b->rules = calloc(m->n_rules, sizeof(*b->rules));
	b->taxes = calloc(m->n_tax_rates + 1, sizeof(*b->taxes));
	if (b->rules == NULL || b->taxes == NULL) {
		e = reason_set(r, ERR_NO_MEMORY, NULL, "a book of split rules");
		goto free_book;
	}
	b->version = version;
	b->effective_from_us = effective_from_us;
	b->rule_count = (int)m->n_rules;
	for (i = 0; i < m->n_rules; i++) {
		convert_path(AT_INDEX("book", "rules", (int)i), at);
		e = convert_rule(w, m->rules[i], at, &b->rules[i], r);
		if (e != ERR_OK)
			goto free_book;
	}
	e = convert_taxes(w, m, b, r);
	if (e != ERR_OK)
		goto free_book;
	*out = b;
	return ERR_OK;

free_book:
	book_free(b);
	return e;
}

void
book_free(struct split_book *b)
{
	if (b == NULL)
		return;
	free(b->rules);
	free(b->taxes);
	free(b);
}
