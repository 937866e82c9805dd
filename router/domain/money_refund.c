/* money_refund: R1, what a refund posts. */
#include "domain/money_refund.h"

#include <assert.h>

#include "base/money.h"
#include "domain/money_calc.h"
#include "domain/party.h"

static int32_t
brand(const struct money_calc *c)
{
	return c->m->world->brand;
}

static int64_t
brand_other(void)
{
	return account_number(ACCOUNT_BRAND_OTHER, PROVIDER_NONE, 0, 0);
}

/* ${funded}: what campaigns gave for it goes back to who did. */
static void
cost_back(struct money_calc *c, const struct money_piece *x, bool funded, struct money_cost *cost)
{
	calc_cost(c, x, funded ? -1 : 0, cost);
	c->cash_fen += cost->cash_fen;
	c->fee_share_fen += cost->fee_fen;
}

/* ---- Units ------------------------------------------------------------------------------------------ */

/* Never handed over: out of clearing, no party touched. */
static enum err
unsplit_line(struct money_calc *c, const struct money_unit_line *l)
{
	const struct money_line *line = &c->m->lines[l->line];
	struct posting_units u = {.line = l->line, .count = l->quantity};
	const struct money_piece x = {.u = &u};
	const bool funded = calc_funded(c->m);
	struct money_cost cost;

	u.from = calc_next(c, l->line);
	if (u.count <= 0 || u.from + u.count > line->quantity - line->voided)
		return ERR_WRONG_STATE;
	cost_back(c, &x, funded, &cost);
	c->order_fen += (funded ? cost.gross_fen : cost.cash_fen) - cost.fee_fen;
	calc_range(c, &u);
	return ERR_OK;
}

/* Units ${from} .. of E3's range ${of}; ${before} fen of the one unit went back before. */
static void
split_range(struct money_calc *c, const struct posting_units *of, int number, int32_t from,
    int32_t count, int64_t before)
{
	const struct money_line *line = &c->m->lines[of->line];
	struct posting_units u = *of;
	struct money_piece x = {.u = &u, .number = number};
	struct money_cost cost;

	u.from = from;
	u.count = count;
	u.row_from = of->row_from + (from - of->from);
	if (before > 0) {
		x.before = before;
		x.after = x.whole = line->price_fen - line->discount_fen;
	}
	cost_back(c, &x, true, &cost);
	calc_legs(c, &x, -1);
	calc_range(c, &u);
}

/* Units of E3's range ${of}, at most ${left}; ${empty}: those of which all went back in parts.  Returns how many. */
static int32_t
split_some(struct money_calc *c, const struct posting_units *of, int number, int32_t left,
    bool empty)
{
	const struct money_line *line = &c->m->lines[of->line];
	const int64_t cash_fen = line->price_fen - line->discount_fen;
	const int32_t end = of->from + of->count;
	int32_t at, count, taken = 0;
	int64_t before;

	for (at = calc_unreversed(c, of->line, of->from, end, &count, &before);
	     at < end && taken < left;
	     at = calc_unreversed(c, of->line, at + count, end, &count, &before)) {
		if ((before > 0 && before == cash_fen) != empty)
			continue;
		if (count > left - taken)
			count = left - taken;
		split_range(c, of, number, at, count, before);
		taken += count;
	}
	return taken;
}

/*
 * Handed over with fulfilment ${number}: the first of its units that did not come back before.  Those that bring
 * nothing any more come last: what posts nothing is not written, and would be first again.
 */
static enum err
split_line(struct money_calc *c, int number, const struct money_unit_line *l)
{
	int32_t left = l->quantity;

	for (int empty = 0; empty < 2; empty++)
		for (int i = 0; i < c->m->row_count && left > 0; i++) {
			const struct money_row *r = &c->m->rows[i];

			if (r->event != EVENT_E3_SPLIT || r->number != number)
				continue;
			for (int k = 0; k < r->unit_count && left > 0; k++)
				if (r->units[k].line == l->line && r->units[k].count > 0)
					left -=
					    split_some(c, &r->units[k], number, left, empty != 0);
		}
	return left == 0 && l->quantity > 0 ? ERR_OK : ERR_WRONG_STATE;
}

static enum err
units_back(struct money_calc *c, const struct money_refund *r)
{
	enum err e = ERR_OK;

	for (int i = 0; i < r->unsplit_count; i++)
		for (int k = 0; k < r->unsplit[i].line_count && e == ERR_OK; k++)
			e = unsplit_line(c, &r->unsplit[i].lines[k]);
	for (int i = 0; i < r->split_count; i++)
		for (int k = 0; k < r->split[i].line_count && e == ERR_OK; k++)
			e = split_line(c, r->split[i].number, &r->split[i].lines[k]);
	return e;
}

/* ---- A part of a unit --------------------------------------------------------------------------------- */

static bool
part_range(struct money_calc *c, const struct posting_units *of, int number, int64_t fen)
{
	const struct money_line *line = &c->m->lines[of->line];
	const int32_t end = of->from + of->count;
	struct posting_units u = *of;
	struct money_piece x = {.u = &u,
	    .number = number,
	    .whole = line->price_fen - line->discount_fen};
	struct money_cost cost;
	int32_t count;

	if (fen > INT32_MAX)
		return false;
	for (u.from = calc_unreversed(c, of->line, of->from, end, &count, &x.before); u.from < end;
	     u.from = calc_unreversed(c, of->line, u.from + 1, end, &count, &x.before)) {
		if (fen > x.whole - x.before)
			continue;
		x.after = x.before + fen;
		u.count = 1;
		u.row_from = of->row_from + (u.from - of->from);
		cost_back(c, &x, true, &cost);
		calc_legs(c, &x, -1);
		u.count = 0;
		u.row_from = (int32_t)fen;
		calc_range(c, &u);
		return true;
	}
	return false;
}

static enum err
part_back(struct money_calc *c, const struct money_units *of, int64_t fen)
{
	assert(of != NULL && of->line_count == 1);
	for (int i = 0; i < c->m->row_count; i++) {
		const struct money_row *r = &c->m->rows[i];

		if (r->event != EVENT_E3_SPLIT || r->number != of->number)
			continue;
		for (int k = 0; k < r->unit_count; k++)
			if (r->units[k].line == of->lines[0].line && r->units[k].count > 0 &&
			    part_range(c, &r->units[k], of->number, fen))
				return ERR_OK;
	}
	return ERR_WRONG_STATE;
}

/* ---- Amounts without goods ------------------------------------------------------------------------------ */

static void
amount(struct money_calc *c, enum money_amount line, int32_t from, int64_t fen)
{
	if (fen > INT32_MAX || fen < -INT32_MAX) {
		c->overflow = true;
		return;
	}
	calc_range(c,
	    &(struct posting_units){.line = (int16_t)line, .from = from, .row_from = (int32_t)fen});
}

static void
goodwill(struct money_calc *c, int32_t bearer, int64_t fen)
{
	calc_earn(c, bearer, LEG_MARGIN, 0, -fen);
	c->cash_fen += fen;
	amount(c, MONEY_GOODWILL, bearer, fen);
}

static int64_t
goodwill_of(const struct money_calc *c, int32_t bearer)
{
	int64_t fen = 0;

	for (int i = 0; i < c->m->row_count; i++)
		for (int k = 0; k < c->m->rows[i].unit_count; k++) {
			const struct posting_units *u = &c->m->rows[i].units[k];

			if (u->line == MONEY_GOODWILL && u->from == bearer)
				fen += u->row_from;
		}
	return fen;
}

/*
 * Of what would go back beyond what was paid, as much as goodwill gave before: units bring back what they cost, of
 * which the customer has that part.
 */
static enum err
goodwill_back(struct money_calc *c, int64_t fen)
{
	for (int i = 0; i < c->m->row_count && fen > 0; i++)
		for (int k = 0; k < c->m->rows[i].unit_count && fen > 0; k++) {
			const struct posting_units *u = &c->m->rows[i].units[k];
			int64_t back;

			if (u->line != MONEY_GOODWILL || u->row_from < 0)
				continue;
			back = goodwill_of(c, u->from);
			for (int n = 0; n < c->unit_count; n++)
				if (c->units[n].line == MONEY_GOODWILL &&
				    c->units[n].from == u->from)
					back = 0; /* his is given back already */
			back = back < fen ? back : fen;
			if (back <= 0)
				continue;
			goodwill(c, u->from, -back);
			fen -= back;
		}
	return fen == 0 ? ERR_OK : ERR_WRONG_STATE;
}

static enum err
forfeit(struct money_calc *c, const struct money_refund *r)
{
	const struct order_money *m = c->m;
	int64_t owners_fen = 0;

	if (!fen_bps(r->forfeit_fen, r->forfeit_owner_bps, ROUND_FLOOR, &owners_fen))
		return ERR_OVERFLOW;
	if (m->owner == brand(c))
		owners_fen = 0;
	if (r->unsplit_count > 0) {
		if (r->forfeit_fen > c->cash_fen)
			return ERR_WRONG_STATE;
		c->cash_fen -= r->forfeit_fen;
	} else {
		c->order_fen += r->forfeit_fen;
	}
	posting_add(c->p, brand_other(), owners_fen - r->forfeit_fen, LEG_MARGIN);
	if (owners_fen == 0)
		return ERR_OK;
	posting_add(c->p, account_of_earned(m, m->owner, LEG_MARGIN), -owners_fen, LEG_MARGIN);
	amount(c, MONEY_FORFEIT, c->p->number, owners_fen);
	return ERR_OK;
}

/* ---- The row ---------------------------------------------------------------------------------------- */

/* What E1 or E2 of a payment moved at the provider; ${account}: where. */
static int64_t
moved(const struct order_money *m, enum journal_event event, int event_no, int64_t *account)
{
	for (int i = 0; i < m->row_count; i++)
		for (int k = 0; m->rows[i].event == event && m->rows[i].event_no == event_no &&
		     k < m->rows[i].leg_count;
		     k++)
			if (account_kind(m->rows[i].account[k]) == ACCOUNT_PSP_FROZEN) {
				*account = m->rows[i].account[k];
				return m->rows[i].fen[k];
			}
	return 0;
}

/*
 * To the newest payment first, as far as each goes.  The provider gives back of each payment's fee what is due on all
 * of it that went back so far, half up; ${rebate_fen}: of all together.
 */
static enum err
back(struct money_calc *c, struct money_refunded *out, int64_t *rebate_fen)
{
	int64_t left = c->cash_fen;

	out->back_count = 0;
	*rebate_fen = 0;
	for (int i = c->m->payment_count - 1; i >= 0 && left > 0; i--) {
		const struct money_payment *p = &c->m->payments[i];
		struct money_back b = {.payment = i};
		int64_t account = 0;
		const int64_t fee_fen = -moved(c->m, EVENT_E2_FEE, p->event_no, &account);
		const int64_t paid_fen = moved(c->m, EVENT_E1_PAID, p->event_no, &account);

		b.fen = fen_least(paid_fen - p->refunded_fen, left);
		if (b.fen <= 0)
			continue;
		if (out->back_count == MONEY_BACKS_MAX)
			return ERR_WRONG_STATE;
		b.rebate_fen =
		    calc_piece(c, fee_fen, p->refunded_fen, p->refunded_fen + b.fen, paid_fen);
		posting_add(c->p,
		    account_number(ACCOUNT_PSP_FEE_REBATE, account_provider(account),
		        account_party(account), 0),
		    b.rebate_fen, 0);
		*rebate_fen += b.rebate_fen;
		left -= b.fen;
		out->back[out->back_count++] = b;
	}
	return left == 0 ? ERR_OK : ERR_WRONG_STATE;
}

/* Who delivered last; false: nobody did. */
static bool
last_delivered(const struct order_money *m, struct posting_units *out, int *number)
{
	for (int i = m->row_count - 1; i >= 0; i--)
		if (m->rows[i].event == EVENT_E3_SPLIT && m->rows[i].unit_count > 0) {
			*out = m->rows[i].units[0];
			*number = m->rows[i].number;
			return true;
		}
	return false;
}

static void
close_order(struct money_calc *c)
{
	struct posting_units u = {.attempt = 0};
	int number = 0;

	(void)last_delivered(c->m, &u, &number);
	calc_close(c, u.attempt, u.part, number);
}

static int
number_of(const struct money_refund *r)
{
	if (r->number != 0)
		return r->number;
	if (r->split_count > 0)
		return r->split[0].number;
	if (r->part_fen > 0)
		return r->part_of->number;
	return r->unsplit_count > 0 ? r->unsplit[0].number : 0;
}

/* All that goes back, before fee and cash are known. */
static enum err
gather(struct money_calc *c, const struct money_refund *r, int32_t bearer)
{
	enum err e = units_back(c, r);
	int64_t excess;

	if (e == ERR_OK && r->delivery_fee_fen > 0)
		e = calc_delivery_back(c, r->delivery_fee_fen, bearer);
	if (e == ERR_OK && r->part_fen > 0)
		e = part_back(c, r->part_of, r->part_fen);
	if (e == ERR_OK && r->forfeit_fen > 0)
		e = forfeit(c, r);
	if (e != ERR_OK)
		return e;
	excess = c->cash_fen + r->deposit_fen - money_refundable(c->m);
	if (excess > 0)
		e = goodwill_back(c, excess);
	if (e == ERR_OK && r->goodwill_fen > 0) {
		if (r->goodwill_fen > money_refundable(c->m) - c->cash_fen)
			return ERR_WRONG_STATE;
		goodwill(c, r->bearer, r->goodwill_fen);
	}
	return e;
}

/* Without units of its own: the deposit, and the provider's fee on all that was paid so far. */
static void
deposit(struct money_calc *c, const struct money_refund *r, int64_t rebate_fen)
{
	/* While other units live on they bear what the provider keeps. */
	const int64_t fee_fen = r->last ? c->fee_fen : rebate_fen;

	c->order_fen += r->deposit_fen - fee_fen;
	c->fee_share_fen += fee_fen;
	if (r->deposit_fen > 0)
		amount(c, MONEY_DEPOSIT, 0, r->deposit_fen);
}

static enum err
list_taken(const struct order_money *m, struct money_refunded *out)
{
	const struct posting *p = &out->posting;

	out->taken_count = 0;
	for (int i = 0; i < p->leg_count; i++) {
		const int64_t a = p->account[i];
		int k;

		if (account_kind(a) != ACCOUNT_RECV_DEALER &&
		    (!account_staged(a) || account_stage(a) != STAGE_AVAIL))
			continue;
		for (k = 0; k < out->taken_count && out->taken[k].account != a; k++)
			;
		if (k < out->taken_count || posting_sum(p, a) == 0)
			continue;
		if (k == MONEY_TAKEN_MAX)
			return ERR_OVERFLOW;
		out->taken[out->taken_count++] = (struct money_taken){.party = account_party(a) != 0
		        ? account_party(a)
		        : party_of_kind(m->world, PARTY_PLATFORM),
		    .account = a,
		    .fen = posting_sum(p, a)};
	}
	return ERR_OK;
}

static bool
of_deposit(const struct order_money *m, const struct money_refund *r)
{
	if (r->deposit_fen > 0 || (r->forfeit_fen > 0 && r->unsplit_count == 0))
		return true;
	/* all of it kept by the seller */
	for (int i = 0; r->last && i < m->line_count; i++)
		if (m->lines[i].voided != m->lines[i].quantity)
			return false;
	return r->last;
}

enum err
money_refund(const struct order_money *m, const struct money_refund *r, struct arena *arena,
    struct money_refunded *out)
{
	const int32_t bearer = r->lost_fee_bearer != 0 ? r->lost_fee_bearer : m->world->brand;
	struct posting *p = &out->posting;
	struct money_calc c;
	int64_t rebate_fen;
	enum err e = calc_begin(&c, m, p, EVENT_R1_REFUND, arena);

	if (e != ERR_OK)
		return e;
	p->number = number_of(r);
	e = gather(&c, r, bearer);
	if (e != ERR_OK)
		return e;
	out->cash_fen = c.cash_fen += r->deposit_fen;
	if (c.cash_fen < 0)
		return ERR_WRONG_STATE;
	e = back(&c, out, &rebate_fen);
	if (e != ERR_OK)
		return e;
	if (of_deposit(m, r))
		deposit(&c, r, rebate_fen);
	calc_earn(&c, bearer, LEG_PROVIDER_FEE, p->number, -(c.fee_share_fen - rebate_fen));
	if (r->last)
		close_order(&c);
	posting_add(p, money_c_order(), c.order_fen, 0);
	posting_add(p, account_number(ACCOUNT_C_REFUND, PROVIDER_NONE, 0, 0), -c.cash_fen, 0);
	calc_post_taken(&c);
	p->units = c.units;
	p->unit_count = c.unit_count;
	e = c.overflow ? ERR_OVERFLOW : posting_end(p);
	return e == ERR_OK ? list_taken(m, out) : e;
}
