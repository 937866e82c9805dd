/* split_unit: the legs of one unit, which a hand-over posts and a refund reverses. */
#include <assert.h>
#include <string.h>

#include "domain/share.h"
#include "domain/split_row.h"

static void
add_leg(struct unit_split *u, const struct leg *of_row, enum leg_kind kind, int32_t party,
    int64_t fen)
{
	struct leg *leg;

	if (fen == 0)
		return;
	assert(u->leg_count < UNIT_LEGS_MAX);
	leg = &u->legs[u->leg_count++];
	*leg = *of_row;
	leg->kind = kind;
	leg->party = party;
	leg->fen = fen;
}

static void
add_funding(struct unit_split *u, int32_t party, int64_t fen)
{
	if (fen == 0)
		return;
	u->funding[u->funding_count].party = party;
	u->funding[u->funding_count].fen = fen;
	u->funding_count++;
}

static void
fund(const struct split_in *in, const struct order_line *l, struct unit_split *u)
{
	const struct campaign *k;
	int64_t of_funder[FUNDERS_MAX];
	int i;

	if (l->discount_fen == 0)
		return;
	k = &in->world->campaigns[l->campaign];
	split_fund_unit(k, l->discount_fen, of_funder);
	for (i = 0; i < k->funder_count; i++)
		add_funding(u, k->funder[i], of_funder[i]);
}

/* The legs of a row stand together, by kind; a row without any is one of free goods. */
static const struct leg *
find_legs(const struct split *s, int part, int row, int *count)
{
	int i, end;

	for (i = 0; i < s->leg_count; i++)
		if (s->legs[i].row == row && s->legs[i].part == part)
			break;
	for (end = i; end < s->leg_count && s->legs[end].row == row && s->legs[end].part == part;
	     end++)
		;
	*count = end - i;
	return &s->legs[i];
}

static void
check_unit(const struct unit_split *u)
{
	int64_t sum = u->paid_fen;
	int i;

	for (i = 0; i < u->funding_count; i++)
		sum += u->funding[i].fen;
	for (i = 0; i < u->leg_count; i++)
		sum -= u->legs[i].fen;
	assert(sum == 0);
}

void
split_unit(const struct split_in *in, const struct split *s, int part, int row, int32_t unit,
    struct unit_split *out)
{
	const struct part_line *pl = &in->plan->parts[part].lines[row];
	const struct order_line *l = &in->request->lines[pl->line];
	const struct leg place = {.line = (int16_t)pl->line,
	    .part = (int16_t)part,
	    .row = (int16_t)row};
	const struct leg *legs;
	int64_t left = l->price_fen, fen;
	int count, i;

	assert(unit >= 0 && unit < pl->quantity);
	memset(out, 0, sizeof(*out));
	out->paid_fen = l->price_fen - l->discount_fen;
	fund(in, l, out);
	legs = find_legs(s, part, row, &count);
	for (i = 0; i < count; i++) {
		if (legs[i].kind == LEG_MARGIN)
			continue;
		fen = share_equal(legs[i].fen, pl->quantity, unit, unit + 1);
		add_leg(out, &place, legs[i].kind, legs[i].party, fen);
		if (legs[i].kind == LEG_SHORTFALL)
			add_funding(out, in->world->brand, fen);
		else
			left -= fen;
	}
	add_leg(out, &place, LEG_MARGIN,
	    s->basis != NULL ? s->basis->owner : split_residual(in->world, in->owner)->id, left);
	check_unit(out);
}
