/* split_delivery: what the delivery fee pays for, part by part. */
#include <assert.h>

#include "domain/share.h"
#include "domain/split_row.h"

/* What is collected in a store costs no delivery, unless nothing else is there to bear the fee. */
static void
weigh(const struct split_calc *c, int64_t *weights)
{
	const struct plan *plan = c->in->plan;
	int64_t sum = 0;
	int i;

	for (i = 0; i < plan->part_count; i++)
		weights[i] = 0;
	for (i = 0; i < c->row_count; i++)
		if (plan->parts[c->rows[i].part].way != WAY_PICKUP) {
			weights[c->rows[i].part] += c->rows[i].base.paid_fen;
			sum += c->rows[i].base.paid_fen;
		}
	for (i = 0; sum == 0 && i < plan->part_count; i++)
		weights[i] = 1;
}

/* The rule of a parcel is that of its first row: courier cost is one amount a parcel. */
static const struct split_rule *
rule_of(const struct split_calc *c, int part)
{
	int i;

	for (i = 0; i < c->row_count; i++)
		if (c->rows[i].part == part)
			return c->rows[i].rule;
	return NULL;
}

static void
settle(const struct split_calc *c, const struct part *p, const struct split_rule *rule,
    struct delivery *d)
{
	const struct world *w = c->in->world;
	const struct location *l = world_location_row(w, p->location);
	int64_t left, lack;

	d->earner = l->kind == LOC_STORE ? l->party : w->brand;
	d->courier = p->way == WAY_DELIVER ? c->basis->courier : 0;
	d->courier_fen = d->courier != 0 && rule != NULL ? rule->courier_cost_fen : 0;
	d->income_fen = d->margin_fen = d->shortfall_fen = 0;
	left = d->fee_fen - d->provider_fen - d->courier_fen;
	if (left >= 0) {
		d->income_fen = left;
		return;
	}
	d->margin_fen = left;
	lack = d->courier_fen - d->fee_fen;
	if (rule != NULL && rule->brand_bears_courier && c->owner->id != w->brand && lack > 0)
		d->shortfall_fen = lack;
}

enum err
split_delivery(struct split_calc *c, int64_t provider_fee_fen, struct delivery *out)
{
	const struct plan *plan = c->in->plan;
	int64_t weights[SPLIT_PARTS_MAX], fees[SPLIT_PARTS_MAX], provider[SPLIT_PARTS_MAX];
	enum err e;
	int i;

	assert(plan->part_count > 0 && plan->part_count <= SPLIT_PARTS_MAX);
	weigh(c, weights);
	e = share(plan->delivery_fee_fen, weights, plan->part_count, fees);
	if (e != ERR_OK)
		return e;
	/* By what each part took, so that no part bears more than it has. */
	e = share(provider_fee_fen, fees, plan->part_count, provider);
	if (e != ERR_OK)
		return e;
	for (i = 0; i < plan->part_count; i++) {
		out[i].fee_fen = fees[i];
		out[i].provider_fen = provider[i];
		settle(c, &plan->parts[i], rule_of(c, i), &out[i]);
	}
	return ERR_OK;
}
