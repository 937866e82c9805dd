/* split_rule: which book, which rule of it, and what a charge comes to. */
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
