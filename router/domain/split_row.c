/* split_row: a plan cut into rows that weigh alike, each with its rule and its bases. */
#include "domain/split_row.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "domain/party.h"
#include "domain/share.h"

enum err
split_refuse(struct reason *r, enum err e, int line, const char *text)
{
	char field[REASON_FIELD_MAX];

	(void)snprintf(field, sizeof(field), "basket.lines[%d]", line);
	return reason_set(r, e, field, "%s", text);
}

/* Handling is a service to the owner: nobody is paid for handling in his own house. */
static int32_t
find_worker(const struct split_calc *c, const struct location *l)
{
	const struct world *w = c->in->world;
	const struct party *runs;
	int32_t worker = 0;

	switch (l->kind) {
	case LOC_STORE:
		worker = l->party;
		break;
	case LOC_CLOUD:
		runs = world_party_row(w, l->party);
		if (runs != NULL && runs->kind == PARTY_WAREHOUSE)
			worker = runs->id;
		else
			worker = party_of_kind(w, PARTY_WAREHOUSE);
		if (worker == 0)
			worker = w->brand;
		break;
	case LOC_SITE:
		break; /* the brand ships at cost, exactly */
	}
	return worker == c->owner->id ? 0 : worker;
}

static int64_t
cost_of_unit(const struct split_in *in, int line)
{
	if (in->cost_unit_fen != NULL)
		return in->cost_unit_fen[line];
	return in->world->skus[in->request->lines[line].sku].cost_fen;
}

static void
set_bases(struct split_calc *c, struct split_row *row, const struct order_line *l)
{
	struct bases *b = &row->base;

	b->gross_fen = calc_mul(c, l->price_fen, b->quantity);
	b->paid_fen = b->gross_fen - calc_mul(c, l->discount_fen, b->quantity);
	b->cost_fen = calc_mul(c, cost_of_unit(c->in, row->line), b->quantity);
	b->fixed_fen =
	    calc_mul(c, row->rule->platform_fee.fixed_fen, c->basis->platform ? b->quantity : 0) +
	    calc_mul(c, row->rule->channel.fixed_fen, c->basis->channel ? b->quantity : 0);
	if (row->worker != 0)
		b->fixed_fen += calc_mul(c, row->work->fixed_fen, b->quantity);
}

/* Rule, worker and tax of a row: looked up and kept, or as they were kept. */
static struct split_basis_row *
basis_row(struct split_calc *c, const struct split_row *row, const struct part *p,
    const struct sku *sku)
{
	const struct split_book *book = c->in->book;
	struct split_basis *b = c->basis;
	struct split_basis_row *k;
	const struct split_rule *rule;
	int i;

	if (c->in->basis != NULL) {
		for (i = 0; i < b->row_count; i++)
			if (b->rows[i].part == row->part && b->rows[i].row == row->row)
				return b->rows[i].rule < book->rule_count ? &b->rows[i] : NULL;
		return NULL;
	}
	rule = split_rule_find(c->in->world, book, sku, c->owner, p->way, c->front->kind);
	if (rule == NULL)
		return NULL;
	k = &b->rows[b->row_count++];
	k->part = row->part;
	k->row = row->row;
	k->rule = (int32_t)(rule - book->rules);
	k->worker = find_worker(c, world_location_row(c->in->world, p->location));
	k->tax_bps = split_tax_bps(book, sku);
	return k;
}

static enum err
set_row(struct split_calc *c, struct split_row *row, const struct part *p,
    const struct part_line *pl, struct reason *r)
{
	const struct world *w = c->in->world;
	const struct order_line *l = &c->in->request->lines[pl->line];
	const struct sku *sku = &w->skus[l->sku];
	const struct split_basis_row *k;

	assert(pl->quantity > 0);
	assert(l->discount_fen >= 0 && l->discount_fen <= l->price_fen);
	assert(l->discount_fen == 0 || l->campaign != NONE);
	k = basis_row(c, row, p, sku);
	if (k == NULL)
		return split_refuse(r, ERR_NO_POLICY, pl->line,
		    "no split rule is for this sku, owner, way and storefront");
	row->rule = &c->in->book->rules[k->rule];
	row->worker = k->worker;
	row->work = world_location_row(w, p->location)->kind == LOC_STORE ? &row->rule->handling
	                                                                  : &row->rule->warehouse;
	row->goods = pl->stocked ? pl->goods_owner : w->brand;
	row->base.quantity = pl->quantity;
	set_bases(c, row, l);
	return ERR_OK;
}

enum err
split_rows_make(struct split_calc *c, struct arena *arena, struct reason *r)
{
	const struct plan *plan = c->in->plan;
	int first[ORDER_LINES_MAX + 1], lines = c->in->request->line_count, line, p, i;
	struct split_row *row;
	enum err e;

	c->row_count = 0;
	memset(first, 0, sizeof(first[0]) * (size_t)(lines + 1));
	for (p = 0; p < plan->part_count; p++)
		for (i = 0; i < plan->parts[p].line_count; i++) {
			line = plan->parts[p].lines[i].line;
			assert(line >= 0 && line < lines);
			first[line + 1]++;
			c->row_count++;
		}
	for (i = 0; i < lines; i++)
		first[i + 1] += first[i];
	c->rows = arena_array(arena, (size_t)c->row_count, sizeof(*c->rows));
	if (c->rows == NULL)
		return ERR_NO_MEMORY;
	/* Each line's rows stand together, in the plan's order. */
	for (p = 0; p < plan->part_count; p++)
		for (i = 0; i < plan->parts[p].line_count; i++) {
			line = plan->parts[p].lines[i].line;
			row = &c->rows[first[line]++];
			row->line = (int16_t)line;
			row->part = (int16_t)p;
			row->row = (int16_t)i;
			e = set_row(c, row, &plan->parts[p], &plan->parts[p].lines[i], r);
			if (e != ERR_OK)
				return e;
		}
	return ERR_OK;
}

void
split_fund_unit(const struct campaign *k, int64_t discount_fen, int64_t *out)
{
	int64_t weights[FUNDERS_MAX];
	enum err e;
	int i;

	assert(k->funder_count > 0 && k->funder_count <= FUNDERS_MAX);
	for (i = 0; i < k->funder_count; i++)
		weights[i] = k->share_bps[i];
	e = share(discount_fen, weights, k->funder_count, out);
	assert(e == ERR_OK); /* a campaign's shares add up to the whole */
}

enum err
split_fund_add(struct split *s, int32_t party, int64_t fen, struct reason *r)
{
	int i;

	if (fen == 0)
		return ERR_OK;
	for (i = 0; i < s->funding_count; i++)
		if (s->funding[i].party == party)
			break;
	if (i == s->funding_count) {
		if (i == FUNDINGS_MAX)
			return reason_set(r, ERR_OVERFLOW, "basket.lines",
			    "more than %d parties fund this order", FUNDINGS_MAX);
		s->funding[i].party = party;
		s->funding[i].fen = 0;
		s->funding_count++;
	}
	s->funding[i].fen += fen;
	return ERR_OK;
}

/*
 * Each unit's discount is spread over the funders alike, so that a refunded unit gives back to each what
 * he gave for it.
 */
enum err
split_fund(struct split_calc *c, struct reason *r)
{
	const struct order_line *l;
	const struct campaign *k;
	int64_t of_unit[FUNDERS_MAX];
	enum err e;
	int i, j;

	for (i = 0; i < c->row_count; i++) {
		l = &c->in->request->lines[c->rows[i].line];
		if (l->discount_fen == 0)
			continue;
		k = &c->in->world->campaigns[l->campaign];
		split_fund_unit(k, l->discount_fen, of_unit);
		for (j = 0; j < k->funder_count; j++) {
			e = split_fund_add(c->split, k->funder[j],
			    calc_mul(c, of_unit[j], c->rows[i].base.quantity), r);
			if (e != ERR_OK)
				return e;
		}
	}
	return ERR_OK;
}
