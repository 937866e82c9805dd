/* split_rule: which book, which rule of it, and what a charge comes to. */
#include <assert.h>
#include <stddef.h>

#include "domain/split_row.h"

const struct split_book *
split_book_at(const struct world *w, int64_t now_us)
{
	const struct split_book *best = NULL, *b;
	int32_t i;

	for (i = 0; i < w->book_count; i++) {
		b = w->books[i];
		if (b->effective_from_us > now_us)
			continue;
		if (best == NULL || b->effective_from_us > best->effective_from_us ||
		    (b->effective_from_us == best->effective_from_us && b->version > best->version))
			best = b;
	}
	return best;
}

/* How specific the rule is, as bits from sku down to storefront kind; -1: it is for others. */
static int
rule_rank(const struct split_rule *r, const struct sku *s, const struct party *owner, enum way way,
    enum storefront_kind front)
{
	int rank = 0;

	if (r->sku != 0 && r->sku != s->id)
		return -1;
	if (r->class_idx != NONE && r->class_idx != s->class_idx)
		return -1;
	if (r->dealer != 0 && r->dealer != owner->id)
		return -1;
	if (r->grade != 0 && r->grade != owner->grade)
		return -1;
	if (r->way != WAY_NONE && r->way != way)
		return -1;
	if (r->storefront_kind != 0 && r->storefront_kind != (int)front)
		return -1;
	rank = rank << 1 | (r->sku != 0);
	rank = rank << 1 | (r->class_idx != NONE);
	rank = rank << 1 | (r->dealer != 0);
	rank = rank << 1 | (r->grade != 0);
	rank = rank << 1 | (r->way != WAY_NONE);
	return rank << 1 | (r->storefront_kind != 0);
}

const struct split_rule *
split_rule_find(const struct world *w, const struct split_book *b, const struct sku *s,
    const struct party *owner, enum way way, enum storefront_kind front)
{
	const struct split_rule *best = NULL;
	int best_rank = -1, rank, i;

	(void)w;
	for (i = 0; i < b->rule_count; i++) {
		rank = rule_rank(&b->rules[i], s, owner, way, front);
		if (rank > best_rank) {
			best_rank = rank;
			best = &b->rules[i];
		}
	}
	return best;
}

const struct split_rule *
split_basis_rule(const struct split_basis *b, const struct split_book *book, int part, int row)
{
	int i;

	for (i = 0; i < b->row_count; i++)
		if (b->rows[i].part == part && b->rows[i].row == row)
			return b->rows[i].rule < book->rule_count ? &book->rules[b->rows[i].rule]
			                                          : NULL;
	return NULL;
}

int32_t
split_leg_tax_bps(const struct split_basis *b, const struct leg *leg)
{
	int i;

	for (i = 0; b != NULL && i < b->row_count; i++)
		if (b->rows[i].part == leg->part && b->rows[i].row == leg->row)
			return b->rows[i].tax_bps;
	return 0;
}

int
split_hold_days(const struct split_rule *r, int window_days, bool staff)
{
	int days = r->hold_days != 0 ? r->hold_days : window_days;

	return staff && days < window_days ? window_days : days;
}

int32_t
split_bearer(const struct world *w, enum bearer b, int32_t owner, int32_t fulfiller)
{
	switch (b) {
	case BEARER_OWNER:
		return owner;
	case BEARER_FULFILLER:
		if (fulfiller != 0)
			return fulfiller;
		break;
	case BEARER_BRAND:
		break;
	}
	return w->brand;
}

int32_t
split_tax_bps(const struct split_book *b, const struct sku *s)
{
	int i;

	for (i = 0; i < b->tax_count; i++)
		if (b->taxes[i].class_idx == s->tax_idx)
			return b->taxes[i].bps;
	return 0;
}

int64_t
split_tax(int64_t fen, int32_t bps)
{
	const uint64_t whole = BPS_WHOLE + (uint64_t)bps;
	const uint64_t size = (uint64_t)(fen < 0 ? -fen : fen) * (uint64_t)bps; /* FEN_MAX fits */
	const int64_t tax = (int64_t)(size / whole + (size % whole * 2 >= whole));

	assert(bps >= 0 && bps <= BPS_WHOLE && fen >= -FEN_MAX && fen <= FEN_MAX);
	return fen < 0 ? -tax : tax;
}

const struct party *
split_residual(const struct world *w, const struct owner *o)
{
	const struct location *store = world_location_row(w, o->store);

	if (store != NULL && store->party == w->brand)
		return world_party_row(w, w->brand);
	return world_party_row(w, o->dealer);
}

int64_t
calc_mul(struct split_calc *c, int64_t fen, int64_t n)
{
	int64_t v;

	if (fen_mul(fen, n, &v) && v <= FEN_MAX && v >= -FEN_MAX)
		return v;
	c->overflow = true;
	return 0;
}

int64_t
calc_bps(struct split_calc *c, int64_t fen, int32_t bps, enum rounding rounding)
{
	int64_t v;

	if (fen_bps(fen, bps, rounding, &v) && v <= FEN_MAX && v >= -FEN_MAX)
		return v;
	c->overflow = true;
	return 0;
}

int64_t
calc_charge(struct split_calc *c, const struct charge *h, const struct bases *b)
{
	int64_t base = 0;

	switch (h->base) {
	case BASE_GROSS:
		base = b->gross_fen;
		break;
	case BASE_PAID:
		base = b->paid_fen;
		break;
	case BASE_COST:
		base = b->cost_fen;
		break;
	case BASE_MARGIN:
		base = b->gross_fen - b->cost_fen - b->fixed_fen - b->fee_fen;
		break;
	}
	/* Nobody earns a share of a loss, and no charge is ever paid backwards. */
	if (base < 0)
		base = 0;
	return calc_mul(c, h->fixed_fen, b->quantity) + calc_bps(c, base, h->bps, h->rounding);
}
