/* split: who earns which fen of a plan. */
#include "domain/split.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "domain/party.h"
#include "domain/share.h"
#include "domain/split_row.h"

static void
put(struct split_row *row, enum leg_kind kind, int32_t party, int64_t fen)
{
	row->party[kind] = party;
	row->fen[kind] = fen;
}

static enum err
add_totals(struct split_calc *c, int64_t *provider_delivery_fen)
{
	struct split_total *t = &c->split->total;
	const struct split_in *in = c->in;
	const int32_t fee_bps = c->basis->fee_bps;
	int i;

	for (i = 0; i < in->request->line_count; i++)
		t->cost_unit_fen[i] = in->cost_unit_fen != NULL
		    ? in->cost_unit_fen[i]
		    : in->world->skus[in->request->lines[i].sku].cost_fen;
	for (i = 0; i < c->row_count; i++) {
		t->goods_fen += c->rows[i].base.paid_fen;
		t->funded_fen += c->rows[i].base.gross_fen - c->rows[i].base.paid_fen;
		t->cost_fen += c->rows[i].base.cost_fen;
	}
	t->delivery_fee_fen = in->plan->delivery_fee_fen;
	if (t->delivery_fee_fen > FEN_MAX)
		return ERR_OVERFLOW;
	t->total_fen = t->goods_fen + t->delivery_fee_fen;
	if (t->total_fen > FEN_MAX || t->funded_fen > FEN_MAX || t->cost_fen > FEN_MAX)
		return ERR_OVERFLOW;
	t->provider_fee_fen = calc_bps(c, t->total_fen, fee_bps, ROUND_HALF_UP);
	*provider_delivery_fen = t->provider_fee_fen -
	    calc_bps(c, t->goods_fen, fee_bps, ROUND_HALF_UP);
	return ERR_OK;
}

/* The goods' share of the provider's fee: over the lines by cash, over a line's units alike. */
static enum err
spread_fee(struct split_calc *c, int64_t fee_fen)
{
	int64_t cash[ORDER_LINES_MAX], fee[ORDER_LINES_MAX];
	int32_t units[ORDER_LINES_MAX], seen[ORDER_LINES_MAX];
	struct split_row *row;
	enum err e;
	int i;

	for (i = 0; i < c->in->request->line_count; i++)
		cash[i] = units[i] = seen[i] = 0;
	for (i = 0; i < c->row_count; i++) {
		cash[c->rows[i].line] += c->rows[i].base.paid_fen;
		units[c->rows[i].line] += c->rows[i].base.quantity;
	}
	e = share(fee_fen, cash, c->in->request->line_count, fee);
	if (e != ERR_OK)
		return e;
	for (i = 0; i < c->row_count; i++) {
		row = &c->rows[i];
		row->base.fee_fen = share_equal(fee[row->line], units[row->line], seen[row->line],
		    seen[row->line] + row->base.quantity);
		seen[row->line] += row->base.quantity;
		put(row, LEG_PROVIDER_FEE, c->basis->provider, row->base.fee_fen);
	}
	return ERR_OK;
}

/* What goes with the goods of this row. */
static void
charge_row(struct split_calc *c, struct split_row *row)
{
	const struct split_rule *rule = row->rule;

	if (row->goods == c->in->world->brand)
		put(row, LEG_COST, row->goods, row->base.cost_fen);
	else if (row->goods != c->owner->id)
		put(row, LEG_TRANSFER, row->goods,
		    rule->has_transfer ? calc_charge(c, &rule->transfer, &row->base)
		                       : row->base.cost_fen);
}

static void
add_bases(struct bases *sum, const struct bases *b)
{
	sum->quantity += b->quantity;
	sum->gross_fen += b->gross_fen;
	sum->paid_fen += b->paid_fen;
	sum->cost_fen += b->cost_fen;
	sum->fee_fen += b->fee_fen;
	sum->fixed_fen += b->fixed_fen;
}

static bool
same_work(const struct split_row *a, const struct split_row *b)
{
	return a->worker == b->worker && a->work == b->work;
}

/* Handling is reckoned once for all that one party handles of a line, whoever's goods they are. */
static void
charge_work(struct split_calc *c, struct split_row *rows, int count)
{
	struct bases sum;
	int64_t total;
	int32_t seen;
	int i, k;

	for (i = 0; i < count; i++) {
		for (k = 0; !same_work(&rows[k], &rows[i]); k++)
			;
		if (rows[i].worker == 0 || k < i)
			continue;
		sum = (struct bases){0};
		for (k = i; k < count; k++)
			if (same_work(&rows[k], &rows[i]))
				add_bases(&sum, &rows[k].base);
		total = calc_charge(c, rows[i].work, &sum);
		seen = 0;
		for (k = i; k < count; k++) {
			if (!same_work(&rows[k], &rows[i]))
				continue;
			put(&rows[k], LEG_HANDLING, rows[k].worker,
			    share_equal(total, sum.quantity, seen, seen + rows[k].base.quantity));
			seen += rows[k].base.quantity;
		}
	}
}

static void
spread_charge(struct split_calc *c, struct split_row *rows, int count, const struct bases *b,
    enum leg_kind kind, int32_t party, const struct charge *h)
{
	int64_t total = calc_charge(c, h, b);
	int32_t seen = 0;
	int i;

	for (i = 0; i < count; i++) {
		put(&rows[i], kind, party,
		    share_equal(total, b->quantity, seen, seen + rows[i].base.quantity));
		seen += rows[i].base.quantity;
	}
}

/*
 * What goes with the sale is reckoned once for all rows of a line that one rule is for, so that an order
 * sent in two parcels costs its owner what it would in one.
 */
static void
charge_group(struct split_calc *c, struct split_row *rows, int count)
{
	const struct split_rule *rule = rows->rule;
	struct bases sum = {0};
	int i;

	for (i = 0; i < count; i++)
		add_bases(&sum, &rows[i].base);
	if (c->basis->platform != 0)
		spread_charge(c, rows, count, &sum, LEG_PLATFORM_FEE, c->basis->platform,
		    &rule->platform_fee);
	if (c->basis->channel != 0)
		spread_charge(c, rows, count, &sum, LEG_CHANNEL, c->basis->channel, &rule->channel);
	if (c->in->owner->staff != 0)
		spread_charge(c, rows, count, &sum, LEG_STAFF, c->in->owner->staff, &rule->staff);
}

static void
charge_rows(struct split_calc *c)
{
	int i, end;

	for (i = 0; i < c->row_count; i = end) {
		for (end = i; end < c->row_count && c->rows[end].line == c->rows[i].line &&
		     c->rows[end].rule == c->rows[i].rule;
		     end++)
			charge_row(c, &c->rows[end]);
		charge_work(c, &c->rows[i], end - i);
		charge_group(c, &c->rows[i], end - i);
	}
}

/* What is left is the owner's; what is lacking is dealt with as the rule says. */
static enum err
settle_rows(struct split_calc *c, struct reason *r)
{
	struct split_row *row;
	int64_t left, absorbed = 0;
	int i, k;

	for (i = 0; i < c->row_count; i++) {
		row = &c->rows[i];
		if (i == 0 || row->line != row[-1].line)
			absorbed = 0;
		left = row->base.gross_fen;
		for (k = 1; k < LEG_KIND_COUNT; k++)
			left -= row->fen[k];
		put(row, LEG_MARGIN, c->owner->id, left);
		if (left >= 0)
			continue;
		switch (row->rule->negative) {
		case NEGATIVE_RECEIVABLE:
			break;
		case NEGATIVE_REJECT:
			return split_refuse(r, ERR_MARGIN_BELOW_FLOOR, row->line,
			    "the owner would be left with less than nothing");
		case NEGATIVE_BRAND_ABSORBS:
			if (c->owner->id == c->in->world->brand)
				break; /* his own loss is his own */
			left = row->rule->absorb_max_fen - absorbed < -left
			    ? row->rule->absorb_max_fen - absorbed
			    : -left;
			put(row, LEG_SHORTFALL, c->owner->id, left > 0 ? left : 0);
			absorbed += row->fen[LEG_SHORTFALL];
			break;
		}
	}
	return ERR_OK;
}

static void
emit(struct split_calc *c, enum leg_kind kind, int32_t party, int64_t fen, int line, int part,
    int row)
{
	struct split *s = c->split;
	struct leg *leg = &s->legs[s->leg_count];

	if (fen == 0)
		return;
	assert(party != 0);
	assert(fen > 0 || kind == LEG_MARGIN);
	leg->kind = kind;
	leg->party = party;
	leg->fen = fen;
	leg->line = (int16_t)line;
	leg->part = (int16_t)part;
	leg->row = (int16_t)row;
	s->leg_count++;
	if (kind == LEG_SHORTFALL)
		s->total.absorbed_fen += fen;
	if (kind == LEG_MARGIN || kind == LEG_SHORTFALL)
		s->total.owner_margin_fen += fen;
}

static void
emit_all(struct split_calc *c, const struct delivery *d)
{
	const struct split_row *row;
	int i, k;

	for (i = 0; i < c->in->plan->part_count; i++) {
		emit(c, LEG_MARGIN, c->owner->id, d[i].margin_fen, -1, i, -1);
		emit(c, LEG_PROVIDER_FEE, c->basis->provider, d[i].provider_fen, -1, i, -1);
		emit(c, LEG_DELIVERY_INCOME, d[i].earner, d[i].income_fen, -1, i, -1);
		emit(c, LEG_COURIER, d[i].courier, d[i].courier_fen, -1, i, -1);
		emit(c, LEG_SHORTFALL, c->owner->id, d[i].shortfall_fen, -1, i, -1);
	}
	for (i = 0; i < c->row_count; i++) {
		row = &c->rows[i];
		for (k = 1; k < LEG_KIND_COUNT; k++)
			emit(c, (enum leg_kind)k, row->party[k], row->fen[k], row->line, row->part,
			    row->row);
		if (row->goods == c->owner->id && row->fen[LEG_COST] == 0)
			c->split->total.owner_margin_fen -= row->base.cost_fen;
	}
}

static void
check_sum(const struct split *s)
{
	int64_t sum = 0, funding = 0;
	int i;

	for (i = 0; i < s->leg_count; i++)
		sum += s->legs[i].fen;
	for (i = 0; i < s->funding_count; i++)
		funding += s->funding[i].fen;
	assert(sum == s->total.total_fen + funding);
	assert(funding == s->total.funded_fen + s->total.absorbed_fen);
}

static enum err
run(struct split_calc *c, struct arena *arena, struct delivery *d, struct reason *r)
{
	int64_t provider_delivery_fen;
	enum err e;

	e = split_rows_make(c, arena, r);
	if (e != ERR_OK)
		return e;
	if (c->overflow)
		return ERR_OVERFLOW;
	e = add_totals(c, &provider_delivery_fen);
	if (e != ERR_OK)
		return e;
	e = split_fund(c, r);
	if (e != ERR_OK)
		return e;
	e = spread_fee(c, c->split->total.provider_fee_fen - provider_delivery_fen);
	if (e != ERR_OK)
		return e;
	charge_rows(c);
	e = split_delivery(c, provider_delivery_fen, d);
	if (e != ERR_OK)
		return e;
	return c->overflow ? ERR_OVERFLOW : settle_rows(c, r);
}

/* What the world says of the order as a whole. */
static void
look_up(struct split_calc *c, const struct party *collector)
{
	const struct world *w = c->in->world;
	struct split_basis *b = c->basis;

	b->fee_bps = c->in->fee_bps != NULL ? *c->in->fee_bps : collector->fee_bps;
	b->owner = split_residual(w, c->in->owner)->id;
	b->platform = party_of_kind(w, PARTY_PLATFORM);
	b->channel = c->front->channel;
	b->provider = party_of_provider(w, collector->provider);
	if (b->provider == 0)
		b->provider = collector->id; /* his merchant account is where it is taken */
	b->courier = party_of_kind(w, PARTY_COURIER);
	b->row_count = 0;
}

/* Where rows are looked up they are written in the order of the plan, as many as it has. */
static enum err
basis_make(struct split_calc *c, const struct party *collector, struct arena *arena)
{
	const struct plan *plan = c->in->plan;
	struct split_basis *b;
	size_t rows = 0;
	int i;

	b = arena_alloc(arena, sizeof(*b));
	if (b == NULL)
		return ERR_NO_MEMORY;
	c->basis = b;
	if (c->in->basis != NULL) {
		*b = *c->in->basis;
		return ERR_OK;
	}
	for (i = 0; i < plan->part_count; i++)
		rows += (size_t)plan->parts[i].line_count;
	look_up(c, collector);
	b->rows = arena_alloc(arena, rows * sizeof(*b->rows));
	return b->rows == NULL ? ERR_NO_MEMORY : ERR_OK;
}

enum err
split(const struct split_in *in, struct arena *arena, struct split **out, struct reason *r)
{
	struct split_calc c = {.in = in};
	struct delivery d[SPLIT_PARTS_MAX];
	const struct party *collector;
	struct split *s;
	enum err e;

	assert(in->plan->part_count > 0 && in->plan->part_count <= SPLIT_PARTS_MAX);
	assert(in->request->line_count <= ORDER_LINES_MAX);
	assert(in->plan->delivery_fee_fen >= 0);
	r->err = ERR_OK;
	collector = world_party_row(in->world, in->collector);
	assert(collector != NULL);
	c.front = &in->world->storefronts[in->request->storefront];
	s = arena_alloc(arena, sizeof(*s));
	if (s == NULL || basis_make(&c, collector, arena) != ERR_OK)
		return reason_set(r, ERR_NO_MEMORY, NULL, "splitting the money");
	c.owner = world_party_row(in->world, c.basis->owner);
	assert(c.owner != NULL);
	/* Its arrays are filled as far as they are used. */
	memset(&s->total, 0, offsetof(struct split_total, cost_unit_fen));
	s->leg_count = s->funding_count = 0;
	s->basis = c.basis;
	c.split = s;
	e = run(&c, arena, d, r);
	if (e != ERR_OK)
		return r->err == e ? e : reason_set(r, e, "basket.lines", "the order's amounts");
	s->legs = arena_alloc(arena,
	    ((size_t)c.row_count + (size_t)in->plan->part_count) * LEG_KIND_COUNT *
	        sizeof(*s->legs));
	if (s->legs == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "splitting the money");
	emit_all(&c, d);
	e = split_fund_add(s, in->world->brand, s->total.absorbed_fen, r);
	if (e != ERR_OK)
		return e;
	check_sum(s);
	*out = s;
	return ERR_OK;
}
