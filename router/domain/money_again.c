/* money_again: what a row was asked for, read off it, and asked again. */
#include "domain/money_again.h"

#include <assert.h>

#include "base/money.h"
#include "domain/money_calc.h"

#define FULFILMENTS_MAX 64 /* that one R1 takes units back from */

struct again {
	const struct order_money *m;
	const struct money_row *row;
	struct arena *arena;
	struct money_refund ask;
	struct money_units unsplit, part, split[FULFILMENTS_MAX];
	struct units {
		int count;
		struct money_unit_line *lines;
	} of_unsplit, of_split[FULFILMENTS_MAX]; /* the lines of these, as they are read */
	struct money_unit_line part_line;
	int64_t forfeit_fen; /* the owner's part, as the row has it */
};

bool
money_again_can(const struct money_row *r)
{
	return r->event == EVENT_E3_SPLIT || r->event == EVENT_E4_HOLD_ENDED ||
	    (r->event == EVENT_R1_REFUND && r->event_no >= MONEY_ACT_NO);
}

/* ---- What was asked --------------------------------------------------------------------------------- */

/* The fulfilment that handed the unit over; 0: none. */
static int
number_of(const struct order_money *m, const struct posting_units *u)
{
	for (int i = 0; i < m->row_count; i++)
		for (int k = 0; m->rows[i].event == EVENT_E3_SPLIT && k < m->rows[i].unit_count;
		     k++) {
			const struct posting_units *of = &m->rows[i].units[k];

			if (of->line == u->line && of->count > 0 && of->from <= u->from &&
			    u->from < of->from + of->count)
				return m->rows[i].number;
		}
	return 0;
}

/* Of one line together: they went in order. */
static enum err
units_add(struct again *x, struct units *to, const struct posting_units *u)
{
	int n = 0;

	if (to->lines == NULL)
		to->lines = arena_array(x->arena, (size_t)x->row->unit_count, sizeof(*to->lines));
	if (to->lines == NULL)
		return ERR_NO_MEMORY;
	while (n < to->count && to->lines[n].line != u->line)
		n++;
	if (n == to->count)
		to->lines[to->count++] = (struct money_unit_line){.line = u->line};
	to->lines[n].quantity += u->count;
	return ERR_OK;
}

/* Whole units that came back, by who handed them over. */
static enum err
split_add(struct again *x, const struct posting_units *u)
{
	int number = number_of(x->m, u), i = 0;

	while (i < x->ask.split_count && x->split[i].number != number)
		i++;
	if (i == FULFILMENTS_MAX)
		return ERR_OVERFLOW;
	if (i == x->ask.split_count)
		x->split[x->ask.split_count++].number = number;
	return units_add(x, &x->of_split[i], u);
}

static void
part_add(struct again *x, const struct posting_units *u)
{
	x->part_line = (struct money_unit_line){.line = u->line, .quantity = 1};
	x->part = (struct money_units){.number = number_of(x->m, u),
	    .line_count = 1,
	    .lines = &x->part_line};
	x->ask.part_of = &x->part;
	x->ask.part_fen += u->row_from;
}

static enum err
range_read(struct again *x, const struct posting_units *u)
{
	if (u->line >= 0 && u->count > 0)
		return u->attempt != 0 ? split_add(x, u) : units_add(x, &x->of_unsplit, u);
	if (u->line >= 0) {
		part_add(x, u);
	} else if (u->line == MONEY_DELIVERY) {
		if (u->row_from < 0)
			x->ask.delivery_fee_fen -= u->row_from;
		else if (u->row == FEE_GIVEN_BACK)
			x->ask.delivery_fee_fen += u->row_from;
	} else if (u->line == MONEY_GOODWILL && u->row_from > 0) {
		x->ask.goodwill_fen += u->row_from;
		x->ask.bearer = u->from;
	} else if (u->line == MONEY_DEPOSIT) {
		x->ask.deposit_fen += u->row_from;
	} else if (u->line == MONEY_FORFEIT) {
		x->forfeit_fen += u->row_from;
	}
	return ERR_OK;
}

static enum err
ask_read(struct again *x)
{
	enum err e = ERR_OK;

	for (int k = 0; e == ERR_OK && k < x->row->unit_count; k++)
		e = range_read(x, &x->row->units[k]);
	for (int i = 0; i < x->ask.split_count; i++) {
		x->split[i].line_count = x->of_split[i].count;
		x->split[i].lines = x->of_split[i].lines;
	}
	x->unsplit = (struct money_units){.number = x->row->number,
	    .line_count = x->of_unsplit.count,
	    .lines = x->of_unsplit.lines};
	x->ask.number = x->row->number;
	x->ask.split = x->split;
	x->ask.unsplit = &x->unsplit;
	x->ask.unsplit_count = x->unsplit.line_count > 0;
	return e;
}

/* ---- What takers had ---------------------------------------------------------------------------------- */

/*
 * As much as the row took of it: less and it would have taken less; more makes no difference.  What a dealer owed is
 * asked first as if it were ${owed_fen}, for his staff's debts stand in the same leg; 0: what the row took of it.
 */
static enum err
balances_read(const struct again *x, int64_t owed_fen, struct order_money *m)
{
	struct money_balance *b = arena_array(x->arena, 2 * (size_t)x->row->leg_count, sizeof(*b));

	if (b == NULL)
		return ERR_NO_MEMORY;
	m->balances = b;
	m->balance_count = 0;
	for (int i = 0; i < x->row->leg_count; i++) {
		int64_t a = x->row->account[i];

		if (!account_bounded(a))
			continue;
		b[m->balance_count++] =
		    (struct money_balance){.account = a, .fen = -money_row_sum(x->row, a)};
		if (owed_fen == 0)
			continue;
		/* what came and went there leaves no leg */
		if (account_kind(a) == ACCOUNT_RECV_DEALER)
			b[m->balance_count - 1].fen = owed_fen;
		else if (account_kind(a) <= ACCOUNT_DEALER_PAYOUT)
			b[m->balance_count++] =
			    (struct money_balance){.account = account_receivable(m->world,
			                               account_party(a), m->collector),
			        .fen = owed_fen};
	}
	return ERR_OK;
}

/* ---- Again ---------------------------------------------------------------------------------------------- */

static int64_t
brand_margin(const struct money_row *r)
{
	const int64_t a = account_number(ACCOUNT_BRAND_OTHER, PROVIDER_NONE, 0, 0);
	int64_t fen = 0;

	for (int i = 0; i < r->leg_count; i++)
		if (r->account[i] == a && r->kind[i] == LEG_MARGIN)
			fen -= r->fen[i];
	return fen;
}

/* What was kept is what the units cost and did not go back; of a deposit, what the row says. */
static enum err
forfeit_read(struct again *x, const struct order_money *m, struct money_refunded *got)
{
	int64_t cash_fen =
	    -money_row_sum(x->row, account_number(ACCOUNT_C_REFUND, PROVIDER_NONE, 0, 0));
	enum err e;

	if (x->ask.unsplit_count == 0) {
		if (x->ask.deposit_fen > 0 || x->forfeit_fen > 0 || x->row->unit_count == 0)
			x->ask.forfeit_fen = brand_margin(x->row) + x->forfeit_fen;
		return ERR_OK;
	}
	e = money_refund(m, &x->ask, x->arena, got);
	if (e == ERR_OK && got->cash_fen > cash_fen)
		x->ask.forfeit_fen = got->cash_fen - cash_fen;
	return e;
}

static enum err
refund_try(struct again *x, int64_t owed_fen, struct posting *out)
{
	struct money_refunded *got = arena_zalloc(x->arena, sizeof(*got));
	struct order_money m = *x->m;
	enum err e = got != NULL ? balances_read(x, owed_fen, &m) : ERR_NO_MEMORY;

	x->ask.forfeit_fen = 0;
	if (e == ERR_OK)
		e = forfeit_read(x, &m, got);
	if (e == ERR_OK)
		e = money_refund(&m, &x->ask, x->arena, got);
	if (e == ERR_OK)
		*out = got->posting;
	return e;
}

static enum err
refund_again(struct again *x, const struct money_rules *rules, struct posting *out)
{
	enum err e = ask_read(x);

	if (e != ERR_OK)
		return e;
	x->ask.forfeit_owner_bps = rules->forfeit_owner_bps;
	x->ask.lost_fee_bearer = rules->lost_fee_bearer;
	/* What closes C:order was the last: nothing else brings it to zero but chance, and then it is the same. */
	x->ask.last = money_sum(x->m, money_c_order()) + money_row_sum(x->row, money_c_order()) ==
	    0;
	e = refund_try(x, FEN_MAX, out);
	return e == ERR_OK && !money_same(out, x->row) ? refund_try(x, 0, out) : e;
}

/*
 * What a dealer who collects earned himself stays held until the provider releases it to him (E7d): no part of E4
 * where he is paid that way.
 */
static void
without_own(struct posting *p, int32_t collector)
{
	int count = 0;

	for (int i = 0; i < p->leg_count; i++) {
		int64_t a = p->account[i];

		if (account_staged(a) && account_other(a) == collector &&
		    account_party(a) == collector)
			continue;
		p->account[count] = a;
		p->fen[count] = p->fen[i];
		p->kind[count++] = p->kind[i];
	}
	p->leg_count = count;
}

static enum err
hold_again(const struct order_money *m, const struct money_row *row, struct posting *out)
{
	enum err e = money_hold_ended(m, row->number, out);

	if (e == ERR_OK && !money_same(out, row))
		without_own(out, m->collector);
	return e;
}

enum err
money_again(const struct order_money *m, const struct money_row *row, const struct money_units *u,
    const struct money_rules *rules, struct arena *arena, struct posting *out)
{
	struct again *x;
	bool last;

	assert(money_again_can(row));
	if (row->event == EVENT_E4_HOLD_ENDED)
		return hold_again(m, row, out);
	if (row->event == EVENT_E3_SPLIT) {
		assert(u != NULL);
		last = money_sum(m, money_c_order()) + money_row_sum(row, money_c_order()) == 0;
		return money_split(m, u, last, arena, out);
	}
	x = arena_zalloc(arena, sizeof(*x));
	if (x == NULL)
		return ERR_NO_MEMORY;
	x->m = m;
	x->row = row;
	x->arena = arena;
	return refund_again(x, rules, out);
}

/* ---- Equal? ---------------------------------------------------------------------------------------------- */

bool
money_same(const struct posting *p, const struct money_row *row)
{
	bool used[POSTING_LEGS_MAX] = {false};

	if (p->leg_count != row->leg_count)
		return false;
	for (int i = 0; i < row->leg_count; i++) {
		int n = 0;

		while (n < p->leg_count &&
		    (used[n] || p->account[n] != row->account[i] || p->fen[n] != row->fen[i] ||
		        p->kind[n] != row->kind[i]))
			n++;
		if (n == p->leg_count)
			return false;
		used[n] = true;
	}
	return true;
}
