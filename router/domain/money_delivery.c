/* money_delivery: what becomes of the customer's delivery fee, fen by fen. */
#include <assert.h>

#include "domain/money_calc.h"

/* A part's share of delivery: fee, provider's part of it, courier, and what is left or lacking. */
struct delivered {
	int64_t fee_fen, provider_fen, courier_fen, left_fen, shortfall_fen;
	int32_t courier, earner; /* party ids */
};

/* Of goods that came from a store the store's, else the brand's. */
static int32_t
earner_of(const struct order_money *m, int attempt, int part)
{
	const struct money_split *s = money_split_of(m, attempt);
	const struct location *l;

	if (s == NULL || part >= s->part_count)
		return m->world->brand;
	l = world_location_row(m->world, s->parts[part].location);
	return l != NULL && l->kind == LOC_STORE ? l->party : m->world->brand;
}

/* The range ${u} of the fee as it was, or will be, shared out. */
static void
share_out(struct money_calc *c, const struct posting_units *u, int64_t fee_fen, struct delivered *d)
{
	const struct money_split *s = money_split_of(c->m, u->attempt);
	const int64_t whole = c->m->delivery_fee_fen;

	*d = (struct delivered){.fee_fen = fee_fen, .earner = earner_of(c->m, u->attempt, u->part)};
	if (whole > 0)
		d->provider_fen =
		    calc_piece(c, c->fee_delivery_fen, u->from, u->from + fee_fen, whole);
	for (int i = 0; s != NULL && u->row == FEE_CARRIED && i < s->leg_count; i++) {
		const struct leg *l = &s->legs[i];

		if (l->line >= 0 || l->part != u->part)
			continue;
		if (l->kind == LEG_COURIER) {
			d->courier = l->party;
			d->courier_fen += l->fen;
		} else if (l->kind == LEG_SHORTFALL) {
			d->shortfall_fen += l->fen;
		}
	}
	d->left_fen = d->fee_fen - d->provider_fen - d->courier_fen;
}

/* Fen of the fee that rows have disposed of; those of ${c} among them. */
static int64_t
disposed(const struct money_calc *c)
{
	int64_t fen = 0;

	for (int i = 0; i < c->m->row_count; i++)
		for (int k = 0; k < c->m->rows[i].unit_count; k++) {
			const struct posting_units *u = &c->m->rows[i].units[k];

			if (u->line == MONEY_DELIVERY && u->row_from > 0)
				fen += u->row_from;
		}
	for (int k = 0; k < c->unit_count; k++)
		if (c->units[k].line == MONEY_DELIVERY && c->units[k].row_from > 0)
			fen += c->units[k].row_from;
	return fen;
}

int64_t
calc_delivery_left(const struct money_calc *c)
{
	return c->m->delivery_fee_fen - disposed(c);
}

static void
mark(struct money_calc *c, int attempt, int part, enum money_fee_use use, int64_t from, int64_t fen)
{
	assert(from <= INT32_MAX && fen <= INT32_MAX && fen >= -INT32_MAX); /* within the fee */
	calc_range(c,
	    &(struct posting_units){.line = MONEY_DELIVERY,
	        .attempt = (int16_t)attempt,
	        .part = (int16_t)part,
	        .row = (int16_t)use,
	        .from = (int32_t)from,
	        .row_from = (int32_t)fen});
}

/* The parcel's courier was paid with units of it that went before. */
static bool
courier_paid(const struct order_money *m, int attempt, int part)
{
	for (int i = 0; i < m->row_count; i++)
		for (int k = 0; m->rows[i].event == EVENT_E3_SPLIT && k < m->rows[i].unit_count;
		     k++)
			if (m->rows[i].units[k].attempt == attempt &&
			    m->rows[i].units[k].part == part)
				return true;
	return false;
}

void
calc_delivered(struct money_calc *c, const struct money_units *u)
{
	const int64_t left_fen = calc_delivery_left(c);
	struct posting_units x = {.line = MONEY_DELIVERY,
	    .attempt = (int16_t)u->attempt,
	    .part = (int16_t)u->part,
	    .row = courier_paid(c->m, u->attempt, u->part) ? FEE_CARRIED_ON : FEE_CARRIED,
	    .from = (int32_t)(c->m->delivery_fee_fen - left_fen)};
	struct delivered d;

	share_out(c, &x, u->delivery_fee_fen < left_fen ? u->delivery_fee_fen : left_fen, &d);
	calc_earn(c, d.courier, LEG_COURIER, u->number, d.courier_fen);
	if (d.left_fen >= 0)
		calc_earn(c, d.earner, LEG_DELIVERY_INCOME, u->number, d.left_fen);
	else
		calc_earn(c, c->m->owner, LEG_MARGIN, u->number, d.left_fen);
	calc_earn(c, c->m->owner, LEG_SHORTFALL, u->number, d.shortfall_fen);
	posting_add(c->p, account_promo(c->m->world, c->m->world->brand), d.shortfall_fen, 0);
	c->order_fen += d.fee_fen - d.provider_fen;
	if (d.fee_fen > 0)
		mark(c, u->attempt, u->part, (enum money_fee_use)x.row, x.from, d.fee_fen);
}

/* ---- Back ------------------------------------------------------------------------------------------ */

/* Of the range that begins at ${from}: what went back. */
static int64_t
went_back(const struct money_calc *c, int32_t from)
{
	int64_t fen = 0;

	for (int i = 0; i < c->m->row_count; i++)
		for (int k = 0; k < c->m->rows[i].unit_count; k++) {
			const struct posting_units *u = &c->m->rows[i].units[k];

			if (u->line == MONEY_DELIVERY && u->row_from < 0 && u->from == from)
				fen -= u->row_from;
		}
	return fen;
}

void
calc_delivery_legs(struct money_calc *c, const struct posting_units *u, int64_t before_fen,
    int64_t back_fen, int32_t bearer)
{
	const int64_t after_fen = before_fen + back_fen;
	int number = 0;
	int64_t provider_fen, left_fen, shortfall_fen;
	struct delivered d;

	for (int i = 0; i < c->m->row_count; i++)
		for (int k = 0; k < c->m->rows[i].unit_count; k++)
			if (c->m->rows[i].event == EVENT_E3_SPLIT && u->attempt != 0 &&
			    c->m->rows[i].units[k].attempt == u->attempt &&
			    c->m->rows[i].units[k].part == u->part)
				number = c->m->rows[i].number;
	share_out(c, u, u->row_from, &d);
	provider_fen = calc_piece(c, d.provider_fen, before_fen, after_fen, d.fee_fen);
	left_fen = calc_piece(c, d.left_fen, before_fen, after_fen, d.fee_fen);
	shortfall_fen = calc_piece(c, d.shortfall_fen, before_fen, after_fen, d.fee_fen);
	calc_earn(c, d.left_fen >= 0 ? d.earner : c->m->owner,
	    d.left_fen >= 0 ? LEG_DELIVERY_INCOME : LEG_MARGIN, number, -left_fen);
	calc_earn(c, c->m->owner, LEG_SHORTFALL, number, -shortfall_fen);
	posting_add(c->p, account_promo(c->m->world, c->m->world->brand), -shortfall_fen, 0);
	/* The courier has driven: what he cost is the bearer's. */
	calc_earn(c, bearer, LEG_COURIER, number, -(back_fen - provider_fen - left_fen));
	c->fee_share_fen += provider_fen;
	c->cash_fen += back_fen;
}

static int64_t
back_of(struct money_calc *c, const struct posting_units *u, int64_t fen, int32_t bearer)
{
	const int64_t before_fen = went_back(c, u->from);
	int64_t back_fen = u->row_from - before_fen;

	if (back_fen > fen)
		back_fen = fen;
	if (back_fen <= 0)
		return 0;
	calc_delivery_legs(c, u, before_fen, back_fen, bearer);
	mark(c, u->attempt, u->part, (enum money_fee_use)u->row, u->from, -back_fen);
	return back_fen;
}

enum err
calc_delivery_back(struct money_calc *c, int64_t fen, int32_t bearer)
{
	const int64_t left_fen = calc_delivery_left(c);
	const struct posting_units at = {.line = MONEY_DELIVERY,
	    .row = FEE_GIVEN_BACK,
	    .from = (int32_t)(c->m->delivery_fee_fen - left_fen)};
	const int64_t unused_fen = fen < left_fen ? fen : left_fen;
	struct delivered d;

	if (unused_fen > 0) {
		share_out(c, &at, unused_fen, &d);
		c->order_fen += unused_fen - d.provider_fen;
		c->fee_share_fen += d.provider_fen;
		c->cash_fen += unused_fen;
		mark(c, 0, 0, FEE_GIVEN_BACK, at.from, unused_fen);
		fen -= unused_fen;
	}
	for (int i = 0; i < c->m->row_count && fen > 0; i++)
		for (int k = 0; k < c->m->rows[i].unit_count && fen > 0; k++) {
			const struct posting_units *u = &c->m->rows[i].units[k];

			if (u->line == MONEY_DELIVERY && u->row_from > 0 &&
			    u->row != FEE_GIVEN_BACK)
				fen -= back_of(c, u, fen, bearer);
		}
	return fen == 0 ? ERR_OK : ERR_WRONG_STATE;
}

void
calc_close(struct money_calc *c, int attempt, int part, int number)
{
	const int64_t left_fen = -money_sum(c->m, money_c_order()) - c->order_fen;
	const int64_t fee_fen = calc_delivery_left(c);

	if (left_fen == 0)
		return;
	calc_earn(c, left_fen > 0 ? earner_of(c->m, attempt, part) : c->m->world->brand,
	    LEG_DELIVERY_INCOME, number, left_fen);
	c->order_fen += left_fen;
	if (fee_fen > 0)
		mark(c, attempt, part, FEE_KEPT, c->m->delivery_fee_fen - fee_fen, fee_fen);
}
