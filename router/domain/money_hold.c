/* money_hold: E4, what the hold of a fulfilment kept becomes available. */
#include "domain/money_calc.h"

/* E3's range with the unit; NULL: it was never split, or with another fulfilment than ${number}. */
static const struct posting_units *
range_of(const struct order_money *m, int number, const struct posting_units *u)
{
	for (int i = 0; i < m->row_count; i++) {
		const struct money_row *r = &m->rows[i];

		if (r->event != EVENT_E3_SPLIT || r->number != number)
			continue;
		for (int k = 0; k < r->unit_count; k++)
			if (r->units[k].line == u->line && r->units[k].from <= u->from &&
			    u->from < r->units[k].from + r->units[k].count)
				return &r->units[k];
	}
	return NULL;
}

/* Fen that R1 rows before ${row}, range ${range}, gave back: of parts of the same unit, or of the same fee. */
static int64_t
before(const struct order_money *m, int row, int range)
{
	const struct posting_units *of = &m->rows[row].units[range];
	int64_t fen = 0;

	for (int i = 0; i <= row; i++)
		for (int k = 0; k < (i < row ? m->rows[i].unit_count : range); k++) {
			const struct posting_units *u = &m->rows[i].units[k];

			if (m->rows[i].event == EVENT_R1_REFUND && u->line == of->line &&
			    u->from == of->from && u->count == 0 && u->attempt != 0)
				fen += u->row_from;
		}
	return fen;
}

/* Units, whole or in part, that came back of those of fulfilment ${number}. */
static void
earn_units(struct money_calc *c, int row, int range, int number)
{
	const struct money_line *line;
	struct posting_units u = c->m->rows[row].units[range];
	const struct posting_units *of = range_of(c->m, number, &u);
	struct money_piece x = {.u = &u, .number = number};

	if (of == NULL)
		return;
	line = &c->m->lines[u.line];
	x.before = before(c->m, row, range);
	x.after = line->price_fen - line->discount_fen;
	if (u.count == 0)
		x.after = x.before + u.row_from;
	if (u.count == 0 || x.before != 0)
		x.whole = line->price_fen - line->discount_fen;
	if (u.count == 0) {
		u.count = 1;
		u.row_from = of->row_from + (u.from - of->from);
	}
	calc_legs(c, &x, -1);
}

/* Delivery fee that went back of what ${number} carried; who bore the courier then is no part of it. */
static void
earn_fee(struct money_calc *c, int row, int range, int number)
{
	const struct posting_units *back = &c->m->rows[row].units[range];

	for (int i = 0; i < c->m->row_count; i++)
		for (int k = 0; k < c->m->rows[i].unit_count; k++) {
			const struct posting_units *u = &c->m->rows[i].units[k];

			if (c->m->rows[i].event == EVENT_E3_SPLIT &&
			    c->m->rows[i].number == number && u->line == MONEY_DELIVERY &&
			    u->from == back->from)
				calc_delivery_legs(c, u, -before(c->m, row, range), -back->row_from,
				    c->m->world->brand);
		}
}

/* What R1 rows took of fulfilment ${number}'s, and what they left with it. */
static void
earn_row(struct money_calc *c, int row, int number)
{
	const struct money_row *r = &c->m->rows[row];

	for (int k = 0; k < r->unit_count; k++) {
		const struct posting_units *u = &r->units[k];

		if (u->line == MONEY_FORFEIT && u->from == number)
			calc_earn(c, c->m->owner, LEG_MARGIN, number, u->row_from);
		else if (u->line == MONEY_DELIVERY && u->row_from < 0)
			earn_fee(c, row, k, number);
		else if (u->line >= 0 && u->attempt != 0)
			earn_units(c, row, k, number);
	}
}

/* Fulfilments of which something may be held: E3 is posted, or a forfeit. */
static bool
open_beside(const struct order_money *m, int number)
{
	for (int i = 0; i < m->row_count; i++) {
		const struct money_row *r = &m->rows[i];
		bool holds = r->event == EVENT_E3_SPLIT;

		for (int k = 0; k < r->unit_count; k++)
			holds = holds || r->units[k].line == MONEY_FORFEIT;
		if (holds && r->number != number && !money_hold_over(m, r->number))
			return true;
	}
	return false;
}

/* What ${number} alone has in ${account}: its E3's, less what R1 rows took of it. */
static int64_t
claim(const struct money_calc *c, int number, int64_t account)
{
	int64_t fen = 0;

	for (int i = 0; i < c->m->row_count; i++)
		if (c->m->rows[i].event == EVENT_E3_SPLIT && c->m->rows[i].number == number)
			fen -= money_row_sum(&c->m->rows[i], account);
	for (int i = 0; i < c->earned_count; i++)
		if (account_of_earned(c->m, c->earned[i].party, c->earned[i].kind) == account)
			fen += c->earned[i].fen;
	return fen;
}

static void
move(struct money_calc *c, int number, int64_t account, bool beside)
{
	int64_t fen = money_held(c->m, account);

	if (posting_sum(c->p, account) != 0)
		return;
	if (beside) {
		int64_t own = claim(c, number, account);

		fen = own < fen ? own : fen;
		if (fen < 0)
			return;
	}
	posting_add(c->p, account, fen, 0);
	posting_add(c->p, account_at_stage(account, STAGE_AVAIL), -fen, 0);
}

enum err
money_hold_ended(const struct order_money *m, int number, struct posting *out)
{
	struct money_calc c;
	enum err e = calc_begin(&c, m, out, EVENT_E4_HOLD_ENDED, NULL);
	bool beside = open_beside(m, number);

	if (e != ERR_OK)
		return e;
	for (int i = 0; beside && i < m->row_count; i++)
		if (m->rows[i].event == EVENT_R1_REFUND)
			earn_row(&c, i, number);
	out->leg_count = 0; /* what units gave back of shortfalls is no part of this */
	for (int i = 0; i < m->row_count; i++)
		for (int k = 0; k < m->rows[i].leg_count; k++) {
			int64_t account = m->rows[i].account[k];

			if (account_staged(account) && account_stage(account) == STAGE_HELD)
				move(&c, number, account, beside);
		}
	out->number = number;
	return c.overflow ? ERR_OVERFLOW : posting_end(out);
}
