/* policy: which policy, and which of its rules. */
#include <stddef.h>

#include "domain/policy.h"

const struct policy *
policy_at(const struct world *w, int64_t now_us)
{
	const struct policy *best = NULL;

	for (int32_t i = 0; i < w->policy_count; i++) {
		const struct policy *p = w->policies[i];

		if (p->effective_from_us > now_us)
			continue;
		if (best == NULL || p->effective_from_us > best->effective_from_us ||
		    (p->effective_from_us == best->effective_from_us && p->version > best->version))
			best = p;
	}
	return best;
}

static bool
listed(const int32_t *list, int count, int32_t value)
{
	for (int i = 0; i < count; i++)
		if (list[i] == value)
			return true;
	return count == 0;
}

static bool
tristate_fits(enum tristate t, bool value)
{
	return t == EITHER || (t == YES) == value;
}

static bool
sku_fits(const struct rule *r, const struct sku *s, int64_t price_fen)
{
	if (!listed(r->classes, r->class_count, s->class_idx))
		return false;
	if (!tristate_fits(r->made_to_order, s->made_to_order) ||
	    !tristate_fits(r->cloud_only, s->cloud_only))
		return false;
	if (r->price_from_fen > 0 && price_fen < r->price_from_fen)
		return false;
	return r->price_below_fen <= 0 || price_fen < r->price_below_fen;
}

static bool
rule_fits(const struct rule *r, const struct rule_view *v, const struct sku *s, int64_t price_fen)
{
	if (r->ways != 0 && (r->ways & 1U << v->way) == 0)
		return false;
	if (r->storefront_kinds != 0 && (r->storefront_kinds & 1U << v->front_kind) == 0)
		return false;
	if (r->grades != 0 && (r->grades & 1U << v->grade) == 0)
		return false;
	if (r->from_us != 0 && v->now_us < r->from_us)
		return false;
	if (r->until_us != 0 && v->now_us >= r->until_us)
		return false;
	if (!listed(r->channels, r->channel_count, v->channel) ||
	    !listed(r->territories, r->territory_count, v->territory))
		return false;
	return sku_fits(r, s, price_fen);
}

int
policy_rule_find(const struct policy *p, const struct rule_view *v, const struct sku *s,
    int64_t price_fen)
{
	for (int i = 0; i < p->rule_count; i++)
		if (rule_fits(&p->rules[i], v, s, price_fen))
			return i;
	return NONE;
}
