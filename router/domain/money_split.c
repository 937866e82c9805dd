/* money_split: E3, a hand-over's split. */
#include "domain/money_calc.h"

static bool
fits(const struct part_line *p, const struct money_unit_line *l)
{
	return p->line == l->line && (p->stocked ? p->goods_owner : 0) == l->goods_owner;
}

static enum err
take_units(struct money_calc *c, const struct money_units *u, const struct part *part,
    const struct money_unit_line *l)
{
	const struct money_line *line = &c->m->lines[l->line];
	int32_t left = l->quantity;

	for (int row = 0; row < part->line_count && left > 0; row++) {
		struct posting_units x = {.line = l->line,
		    .attempt = (int16_t)u->attempt,
		    .part = (int16_t)u->part,
		    .row = (int16_t)row};

		if (!fits(&part->lines[row], l))
			continue;
		x.from = calc_next(c, l->line);
		x.row_from = calc_row_next(c, u->attempt, u->part, row);
		x.count = part->lines[row].quantity - x.row_from;
		x.count = x.count < left ? x.count : left;
		if (x.count <= 0)
			continue;
		if (x.from + x.count > line->quantity - line->voided)
			return ERR_WRONG_STATE;
		calc_range(c, &x);
		left -= x.count;
	}
	return left == 0 ? ERR_OK : ERR_WRONG_STATE;
}

static void
earn_units(struct money_calc *c, int number)
{
	const bool funded = calc_funded(c->m);

	for (int i = 0; i < c->unit_count; i++) {
		const struct money_piece x = {.u = &c->units[i], .number = number};
		struct money_cost cost;

		calc_cost(c, &x, funded ? 0 : 1, &cost);
		calc_legs(c, &x, 1);
		c->order_fen += (funded ? cost.gross_fen : cost.cash_fen) - cost.fee_fen;
	}
}

static bool
split_before(const struct order_money *m, int number)
{
	for (int i = 0; i < m->row_count; i++)
		if (m->rows[i].event == EVENT_E3_SPLIT && m->rows[i].number == number)
			return true;
	return false;
}

enum err
money_split(const struct order_money *m, const struct money_units *u, bool last,
    struct arena *arena, struct posting *out)
{
	const struct money_split *s = money_split_of(m, u->attempt);
	struct money_calc c;
	enum err e;

	if (s == NULL || u->part < 0 || u->part >= s->part_count || split_before(m, u->number))
		return ERR_WRONG_STATE;
	e = calc_begin(&c, m, out, EVENT_E3_SPLIT, arena);
	for (int i = 0; i < u->line_count && e == ERR_OK; i++)
		e = take_units(&c, u, &s->parts[u->part], &u->lines[i]);
	if (e != ERR_OK)
		return e;
	earn_units(&c, u->number);
	calc_delivered(&c, u);
	if (last)
		calc_close(&c, u->attempt, u->part, u->number);
	posting_add(out, money_c_order(), c.order_fen, 0);
	calc_post_earned(&c);
	out->number = u->number;
	out->units = c.units;
	out->unit_count = c.unit_count;
	return c.overflow ? ERR_OVERFLOW : posting_end(out);
}
