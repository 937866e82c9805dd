/* money_unit: units of rows, what they cost and who earned what of them. */
#include <assert.h>

#include "domain/money_calc.h"
#include "domain/share.h"
#include "domain/split_row.h"

const struct money_split *
money_split_of(const struct order_money *m, int attempt)
{
	for (int i = 0; i < m->split_count; i++)
		if (m->splits[i].attempt == attempt)
			return &m->splits[i];
	return NULL;
}

/* ---- Ordinals ------------------------------------------------------------------------------------ */

/* Rows that give ordinals out: a split, or units refunded that were never split. */
static bool
gives_out(enum journal_event event, const struct posting_units *u)
{
	return u->count > 0 &&
	    (event == EVENT_E3_SPLIT || (event == EVENT_R1_REFUND && u->attempt == 0));
}

int32_t
calc_next(const struct money_calc *c, int line)
{
	int32_t next = 0;

	for (int i = 0; i < c->m->row_count; i++) {
		const struct money_row *r = &c->m->rows[i];

		for (int k = 0; k < r->unit_count; k++)
			if (r->units[k].line == line && gives_out(r->event, &r->units[k]))
				next += r->units[k].count;
	}
	for (int k = 0; k < c->unit_count; k++)
		if (c->units[k].line == line && gives_out(c->p->event, &c->units[k]))
			next += c->units[k].count;
	return next;
}

static int32_t
of_row(const struct posting_units *u, int attempt, int part, int row)
{
	return u->line >= 0 && u->attempt == attempt && u->part == part && u->row == row ? u->count
	                                                                                 : 0;
}

int32_t
calc_row_next(const struct money_calc *c, int attempt, int part, int row)
{
	int32_t next = 0;

	for (int i = 0; i < c->m->row_count; i++) {
		const struct money_row *r = &c->m->rows[i];

		for (int k = 0; r->event == EVENT_E3_SPLIT && k < r->unit_count; k++)
			next += of_row(&r->units[k], attempt, part, row);
	}
	for (int k = 0; c->p->event == EVENT_E3_SPLIT && k < c->unit_count; k++)
		next += of_row(&c->units[k], attempt, part, row);
	return next;
}

/* ---- What R1 rows reversed -------------------------------------------------------------------------- */

struct reversed {
	int32_t until; /* the unit is reversed, and so are all up to there; -1: it is not */
	int32_t free;  /* units from it on that are not, at most */
	int64_t before;
};

static void
look(const struct posting_units *u, int line, int32_t at, struct reversed *x)
{
	if (u->line != line || u->attempt == 0)
		return;
	if (u->count == 0 && u->from == at) {
		x->before += u->row_from;
		x->free = 1;
	} else if (u->count > 0 && u->from <= at && at < u->from + u->count) {
		x->until = u->from + u->count;
	} else if (u->from > at && u->from - at < x->free) {
		x->free = u->from - at;
	}
}

int32_t
calc_unreversed(const struct money_calc *c, int line, int32_t from, int32_t end, int32_t *count,
    int64_t *before)
{
	while (from < end) {
		struct reversed x = {.until = -1, .free = end - from};

		for (int i = 0; i < c->m->row_count; i++) {
			const struct money_row *r = &c->m->rows[i];

			for (int k = 0; r->event == EVENT_R1_REFUND && k < r->unit_count; k++)
				look(&r->units[k], line, from, &x);
		}
		for (int k = 0; c->p->event == EVENT_R1_REFUND && k < c->unit_count; k++)
			look(&c->units[k], line, from, &x);
		if (x.until < 0) {
			*count = x.free;
			*before = x.before;
			return from;
		}
		from = x.until;
	}
	return end;
}

/* ---- Amounts -------------------------------------------------------------------------------------- */

static int64_t
piece(struct money_calc *c, const struct money_piece *x, int64_t fen)
{
	return calc_piece(c, fen, x->before, x->after, x->whole);
}

static int64_t
units_of(const struct money_piece *x)
{
	return x->whole > 0 ? 1 : x->u->count;
}

static bool
is_promo(int64_t account)
{
	const enum account_kind k = account_kind(account);

	return k == ACCOUNT_BRAND_PROMO || k == ACCOUNT_DEALER_PROMO || k == ACCOUNT_PLATFORM_PROMO;
}

bool
calc_funded(const struct order_money *m)
{
	for (int i = 0; i < m->row_count; i++)
		for (int k = 0; m->rows[i].event == EVENT_E1_PAID && k < m->rows[i].leg_count; k++)
			if (is_promo(m->rows[i].account[k]))
				return true;
	return false;
}

/* What campaigns gave for it. */
static int64_t
fund(struct money_calc *c, const struct money_piece *x, int sign)
{
	const struct money_line *l = &c->m->lines[x->u->line];
	int64_t of_unit[FUNDERS_MAX], sum = 0, fen;

	if (l->discount_fen == 0)
		return 0;
	assert(l->campaign != NULL);
	split_fund_unit(l->campaign, l->discount_fen, of_unit);
	for (int i = 0; i < l->campaign->funder_count; i++) {
		fen = piece(c, x, calc_times(c, of_unit[i], units_of(x)));
		sum += fen;
		posting_add(c->p, account_promo(c->m->world, l->campaign->funder[i]), sign * fen,
		    0);
	}
	return sum;
}

void
calc_cost(struct money_calc *c, const struct money_piece *x, int sign, struct money_cost *out)
{
	const struct money_line *l = &c->m->lines[x->u->line];
	int32_t units = l->quantity - l->voided;

	out->cash_fen = x->whole > 0 ? x->after - x->before
	                             : calc_times(c, l->price_fen - l->discount_fen, x->u->count);
	out->gross_fen = out->cash_fen + fund(c, x, sign);
	out->fee_fen = piece(c, x,
	    share_equal(c->fee_line[x->u->line], units, x->u->from,
	        x->u->from + (int32_t)units_of(x)));
}

void
calc_legs(struct money_calc *c, const struct money_piece *x, int sign)
{
	const struct money_split *s = money_split_of(c->m, x->u->attempt);
	const struct part_line *row = &s->parts[x->u->part].lines[x->u->row];
	struct money_cost cost;
	int64_t left, fen;

	/* Funds are posted by who asks for the cost; here they only count. */
	calc_cost(c, x, 0, &cost);
	left = cost.gross_fen - cost.fee_fen;
	for (int i = 0; i < s->leg_count; i++) {
		const struct leg *l = &s->legs[i];

		if (l->part != x->u->part || l->row != x->u->row || l->kind == LEG_MARGIN ||
		    l->kind == LEG_PROVIDER_FEE)
			continue;
		fen = piece(c, x,
		    share_equal(l->fen, row->quantity, x->u->row_from,
		        x->u->row_from + (int32_t)units_of(x)));
		calc_earn(c, l->party, l->kind, x->number, sign * fen);
		if (l->kind == LEG_SHORTFALL)
			posting_add(c->p, account_promo(c->m->world, c->m->world->brand),
			    sign * fen, 0);
		else
			left -= fen;
	}
	calc_earn(c, c->m->owner, LEG_MARGIN, x->number, sign * left);
}
