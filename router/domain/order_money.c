/* order_money: what an order's rows say. */
#include "domain/order_money.h"

#include <assert.h>
#include <string.h>

#include "base/money.h"
#include "domain/money_calc.h"
#include "domain/share.h"

/* ---- Sums ---------------------------------------------------------------------------------------- */

int64_t
money_c_order(void)
{
	return account_number(ACCOUNT_C_ORDER, PROVIDER_NONE, 0, 0);
}

int64_t
money_row_sum(const struct money_row *r, int64_t account)
{
	int64_t sum = 0;

	for (int i = 0; i < r->leg_count; i++)
		if (r->account[i] == account)
			sum += r->fen[i];
	return sum;
}

int64_t
money_sum(const struct order_money *m, int64_t account)
{
	int64_t sum = 0;

	for (int i = 0; i < m->row_count; i++)
		sum += money_row_sum(&m->rows[i], account);
	return sum;
}

int64_t
money_balance_of(const struct order_money *m, int64_t account)
{
	for (int i = 0; i < m->balance_count; i++)
		if (m->balances[i].account == account)
			return m->balances[i].fen;
	return 0;
}

int64_t
money_held(const struct order_money *m, int64_t account)
{
	int64_t fen = -money_sum(m, account), fenced_fen = 0, disputed_fen = 0;

	for (int i = 0; i < m->row_count; i++) {
		const struct money_row *r = &m->rows[i];

		if (r->event != EVENT_D_DISPUTE)
			continue;
		fenced_fen -= money_row_sum(r, account);
		for (int k = 0; k < r->leg_count; k++)
			if (account_kind(r->account[k]) == ACCOUNT_PSP_DISPUTED)
				disputed_fen += r->fen[k];
	}
	return disputed_fen != 0 ? fen - fenced_fen : fen;
}

bool
money_sent_back(const struct order_money *m, const struct money_row *r)
{
	if (r->event_no >= MONEY_ACT_NO ||
	    (r->event != EVENT_E1_PAID && r->event != EVENT_E2_FEE && r->event != EVENT_R1_REFUND))
		return false;
	for (int i = 0; i < m->row_count; i++)
		if (m->rows[i].event == EVENT_R1_REFUND && m->rows[i].event_no == r->event_no)
			return true;
	return false;
}

int64_t
money_event_sum(const struct order_money *m, enum journal_event event, enum account_kind kind)
{
	int64_t sum = 0;

	for (int i = 0; i < m->row_count; i++) {
		const struct money_row *r = &m->rows[i];

		if (r->event != event || money_sent_back(m, r))
			continue;
		for (int k = 0; k < r->leg_count; k++)
			if (account_kind(r->account[k]) == kind)
				sum += r->fen[k];
	}
	return sum;
}

struct money_row
money_row_of(const struct posting *p, int event_no)
{
	return (struct money_row){.event = p->event,
	    .event_no = event_no,
	    .number = p->number,
	    .leg_count = p->leg_count,
	    .account = p->account,
	    .fen = p->fen,
	    .kind = p->kind,
	    .unit_count = p->unit_count,
	    .units = p->units};
}

int64_t
money_refundable(const struct order_money *m)
{
	return money_event_sum(m, EVENT_E1_PAID, ACCOUNT_PSP_FROZEN) +
	    money_event_sum(m, EVENT_R1_REFUND, ACCOUNT_C_REFUND);
}

bool
money_hold_over(const struct order_money *m, int number)
{
	for (int i = 0; i < m->row_count; i++)
		if (m->rows[i].event == EVENT_E4_HOLD_ENDED && m->rows[i].number == number)
			return true;
	for (int i = 0; i < m->over_count; i++)
		if (m->over[i] == number)
			return true;
	return false;
}

int64_t
money_delivery_left(const struct order_money *m)
{
	struct money_calc c = {.m = m};

	return calc_delivery_left(&c);
}

/* ---- The provider's fee ----------------------------------------------------------------------------- */

/* Deposits that went back took their rebate along: what is left of the fee is borne by what is left. */
static int64_t
deposit_rebates(const struct order_money *m)
{
	int64_t fen = 0;

	for (int i = 0; i < m->row_count; i++) {
		const struct money_row *r = &m->rows[i];
		bool deposit = false;

		for (int k = 0; k < r->unit_count; k++)
			deposit = deposit || r->units[k].line == MONEY_DEPOSIT;
		for (int k = 0; deposit && k < r->leg_count; k++)
			if (account_kind(r->account[k]) == ACCOUNT_PSP_FEE_REBATE)
				fen += r->fen[k];
	}
	return fen;
}

/* Σ E2 by cash over the units that are left and the delivery fee. */
static enum err
fee_anew(struct money_calc *c)
{
	const struct order_money *m = c->m;
	int64_t cash[ORDER_LINES_MAX + 1], fee[ORDER_LINES_MAX + 1], sum = m->delivery_fee_fen;
	enum err e;

	for (int i = 0; i < m->line_count; i++) {
		const struct money_line *l = &m->lines[i];

		cash[i] = calc_times(c, l->price_fen - l->discount_fen, l->quantity - l->voided);
		sum += cash[i];
	}
	cash[m->line_count] = m->delivery_fee_fen;
	c->fee_delivery_fen = 0;
	memset(c->fee_line, 0, sizeof(c->fee_line));
	if (c->overflow)
		return ERR_OVERFLOW;
	if (sum == 0)
		return ERR_OK; /* nothing is left that could bear it */
	e = share(c->fee_fen, cash, m->line_count + 1, fee);
	if (e != ERR_OK)
		return e;
	memcpy(c->fee_line, fee, (size_t)m->line_count * sizeof(fee[0]));
	c->fee_delivery_fen = fee[m->line_count];
	return ERR_OK;
}

static enum err
fee_spread(struct money_calc *c)
{
	const struct order_money *m = c->m;
	const struct money_split *s = &m->splits[m->basis];
	int64_t sum = 0;
	bool voided = false;

	memset(c->fee_line, 0, sizeof(c->fee_line));
	c->fee_delivery_fen = 0;
	for (int i = 0; i < s->leg_count; i++) {
		if (s->legs[i].kind != LEG_PROVIDER_FEE)
			continue;
		sum += s->legs[i].fen;
		if (s->legs[i].line < 0)
			c->fee_delivery_fen += s->legs[i].fen;
		else
			c->fee_line[s->legs[i].line] += s->legs[i].fen;
	}
	for (int i = 0; i < m->line_count; i++)
		voided = voided || m->lines[i].voided != 0;
	c->fee_fen = money_event_sum(m, EVENT_E2_FEE, ACCOUNT_C_ORDER) - deposit_rebates(m);
	return voided || c->fee_fen != sum ? fee_anew(c) : ERR_OK;
}

/* ---- A row in the making ------------------------------------------------------------------------- */

/* Ranges of a row: at most those of all rows before, one more a line of goods, and its amounts. */
static int
ranges_max(const struct order_money *m)
{
	int count = m->line_count + 8;

	for (int i = 0; i < m->row_count; i++)
		count += 2 * m->rows[i].unit_count;
	for (int i = 0; i < m->split_count; i++)
		for (int k = 0; k < m->splits[i].part_count; k++)
			count += m->splits[i].parts[k].line_count;
	return count;
}

enum err
calc_begin(struct money_calc *c, const struct order_money *m, struct posting *p,
    enum journal_event event, struct arena *arena)
{
	assert(m->line_count <= ORDER_LINES_MAX);
	assert(m->basis >= 0 && m->basis < m->split_count);
	if (m->delivery_fee_fen > INT32_MAX)
		return ERR_OVERFLOW; /* ranges count its fen */
	c->m = m;
	c->p = p;
	c->unit_count = c->unit_max = c->earned_count = 0;
	c->units = NULL;
	c->order_fen = c->cash_fen = c->fee_share_fen = 0;
	c->overflow = false;
	posting_begin(p, event);
	if (arena != NULL) {
		c->unit_max = ranges_max(m);
		c->units = arena_array(arena, (size_t)c->unit_max, sizeof(*c->units));
		if (c->units == NULL)
			return ERR_NO_MEMORY;
	}
	return fee_spread(c);
}

void
calc_earn(struct money_calc *c, int32_t party, enum leg_kind kind, int number, int64_t fen)
{
	struct money_earned *e;
	int i;

	if (fen == 0)
		return;
	for (i = 0; i < c->earned_count; i++) {
		e = &c->earned[i];
		if (e->party == party && e->kind == (int)kind && e->number == number)
			break;
	}
	if (i == MONEY_EARNED_MAX) {
		c->overflow = true;
		return;
	}
	e = &c->earned[i];
	if (i == c->earned_count) {
		c->earned_count++;
		*e = (struct money_earned){.party = party, .kind = (int)kind, .number = number};
	}
	if (!fen_add(e->fen, fen, &e->fen))
		c->overflow = true;
}

void
calc_range(struct money_calc *c, const struct posting_units *u)
{
	if (c->unit_count == c->unit_max) {
		c->overflow = true;
		return;
	}
	c->units[c->unit_count++] = *u;
}

int64_t
calc_times(struct money_calc *c, int64_t fen, int64_t n)
{
	int64_t v;

	if (fen_mul(fen, n, &v) && v <= FEN_MAX && v >= -FEN_MAX)
		return v;
	c->overflow = true;
	return 0;
}

int64_t
calc_piece(struct money_calc *c, int64_t fen, int64_t before, int64_t after, int64_t whole)
{
	int64_t a, b;

	if (whole == 0)
		return fen;
	if (fen_mul_div(fen, after, whole, ROUND_HALF_UP, &a) &&
	    fen_mul_div(fen, before, whole, ROUND_HALF_UP, &b))
		return a - b;
	c->overflow = true;
	return 0;
}
