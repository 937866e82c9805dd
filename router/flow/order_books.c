#include "flow/order_books.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "flow/thaw.h"

/* ---- Decisions ---------------------------------------------------------------------------------- */

static int16_t
line_of(const struct decision_read *d, int line)
{
	return line < 0 || d->line_of_count == 0 ? (int16_t)line : d->line_of[line];
}

/* The ${n}th line of the part that is about ${line}; -1: there is none. */
static int16_t
row_of(const struct part *p, int line, int n)
{
	for (int i = 0; i < p->line_count; i++)
		if (p->lines[i].line == line && n-- == 0)
			return (int16_t)i;
	return -1;
}

/*
 * Legs of decisions from before they knew their row: they stand by (line, part, row, kind), so that a kind which does
 * not grow begins another row.
 */
static void
derive_rows(const struct plan *plan, struct leg *legs, int count)
{
	int n = 0;

	for (int i = 0; i < count; i++) {
		const struct leg *was = i > 0 ? &legs[i - 1] : NULL;

		if (was == NULL || was->line != legs[i].line || was->part != legs[i].part)
			n = 0;
		else if (legs[i].kind <= was->kind)
			n++;
		legs[i].row =
		    legs[i].line < 0 ? -1 : row_of(&plan->parts[legs[i].part], legs[i].line, n);
	}
}

/* Copies of the legs and parts that name the order's lines. */
static enum err
split_fill(const struct decision_read *d, const struct books_decision *x, struct arena *a,
    struct money_split *out)
{
	const struct plan *plan = &x->frozen->decision.options[0];
	struct leg *legs = arena_array(a, (size_t)d->leg_count, sizeof(*legs));
	struct part *parts = arena_array(a, (size_t)plan->part_count, sizeof(*parts));

	if (legs == NULL || parts == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < d->leg_count; i++) {
		legs[i] = d->legs[i];
		legs[i].line = line_of(d, legs[i].line);
	}
	for (int p = 0; p < plan->part_count; p++) {
		parts[p] = plan->parts[p];
		parts[p].lines =
		    arena_array(a, (size_t)parts[p].line_count, sizeof(*parts[p].lines));
		if (parts[p].lines == NULL)
			return ERR_NO_MEMORY;
		for (int n = 0; n < parts[p].line_count; n++) {
			parts[p].lines[n] = plan->parts[p].lines[n];
			parts[p].lines[n].line = line_of(d, parts[p].lines[n].line);
		}
	}
	out->attempt = d->attempt;
	out->leg_count = d->leg_count;
	out->legs = legs;
	out->part_count = plan->part_count;
	out->parts = parts;
	return ERR_OK;
}

/* The lowest number among the fulfilments of ${attempt}: units that part later get higher ones. */
static int
number_first(const struct order_read *o, int attempt)
{
	int number = 0;

	for (int i = 0; i < o->fulfilment_count; i++)
		if (o->fulfilments[i].attempt == attempt &&
		    (number == 0 || o->fulfilments[i].number < number))
			number = o->fulfilments[i].number;
	return number;
}

/* The last decision about the whole order: those about some of its units carry a part of the fee. */
static int
basis_attempt(const struct order_read *o)
{
	int attempt = 1;

	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *f = &o->fulfilments[i];

		if (f->split_from == 0 && f->delivery_fee_fen < 0 && f->attempt > attempt)
			attempt = f->attempt;
	}
	return attempt;
}

static enum err
decisions_fill(const struct world *w, const struct order_read *o, struct arena *a,
    struct order_books *out)
{
	const struct money_read *m = o->money;
	struct money_split *splits = arena_array(a, (size_t)m->decision_count, sizeof(*splits));
	int basis = basis_attempt(o);
	bool found = false;

	out->decision_count = out->money.split_count = m->decision_count;
	out->decisions = arena_array(a, (size_t)m->decision_count, sizeof(*out->decisions));
	if (splits == NULL || out->decisions == NULL)
		return ERR_NO_MEMORY;
	out->money.splits = splits;
	for (int i = 0; i < m->decision_count; i++) {
		struct decision_read *d = &m->decisions[i];
		struct books_decision *x = &out->decisions[i];
		struct frozen *frozen;
		struct split *split;
		enum err e = thaw_decision(w, d, a, &frozen, &split);

		if (e != ERR_OK)
			return e;
		*x = (struct books_decision){.attempt = d->attempt,
		    .frozen = frozen,
		    .split = split};
		if (!d->rows_known)
			derive_rows(&frozen->decision.options[0], d->legs, d->leg_count);
		e = split_fill(d, x, a, &splits[i]);
		if (e != ERR_OK)
			return e;
		splits[i].number_first = number_first(o, d->attempt);
		if (d->attempt == basis) {
			out->money.basis = i;
			found = true;
		}
	}
	if (found)
		return ERR_OK;
	log_error(LOG_MSG("an order has no decision of its own"), LOG_INT("attempt", basis));
	return ERR_INTERNAL;
}

/* ---- Lines, rows, balances ------------------------------------------------------------------------ */

/* Units of ${line} that an R1 is about which never had been split. */
static int32_t
refunded_unsplit(const struct money_read *m, int line)
{
	int32_t units = 0;

	for (int i = 0; i < m->row_count; i++)
		for (int n = 0; m->rows[i].event == EVENT_R1_REFUND && n < m->rows[i].unit_count;
		     n++)
			if (m->rows[i].units[n].line == line && m->rows[i].units[n].attempt == 0)
				units += m->rows[i].units[n].count;
	return units;
}

int32_t
units_cancelled(const struct order_read *o, int line)
{
	int32_t units = 0;

	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *f = &o->fulfilments[i];

		for (int n = 0; f->moved_to == 0 && f->state == FUL_CANCELLED && n < f->line_count;
		     n++)
			if (f->lines[n].line == line)
				units += f->lines[n].quantity;
	}
	return units;
}

/* Of an order in two parts: cancelled units that no row is about made the balance smaller. */
static int32_t
voided(const struct order_read *o, int line)
{
	int32_t units = 0;

	if (o->deposit != NULL)
		units = units_cancelled(o, line) - refunded_unsplit(o->money, line);
	return units > 0 ? units : 0;
}

static enum err
lines_fill(const struct world *w, const struct order_read *o, struct arena *a,
    struct order_money *m)
{
	struct money_line *lines = arena_array(a, (size_t)o->line_count, sizeof(*lines));

	if (lines == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < o->line_count; i++) {
		const struct order_line_read *l = &o->lines[i];
		int32_t campaign = l->campaign != 0 ? world_campaign(w, l->campaign) : NONE;

		lines[i] = (struct money_line){.quantity = l->quantity,
		    .voided = voided(o, i),
		    .price_fen = l->price_fen,
		    .discount_fen = l->discount_fen,
		    .cost_fen = l->cost_fen,
		    .campaign = campaign != NONE ? &w->campaigns[campaign] : NULL};
	}
	m->line_count = o->line_count;
	m->lines = lines;
	return ERR_OK;
}

static bool
is_cash_of(const struct money_row *r, enum provider v)
{
	for (int i = 0; r->event == EVENT_E1_PAID && i < r->leg_count; i++)
		if (account_kind(r->account[i]) == ACCOUNT_PSP_FROZEN)
			return account_provider(r->account[i]) == v;
	return false;
}

/* Of its E1, which names it; 0: it was sent back whole, or came behind the rows that were read. */
static int
event_no_of(const struct order_read *o, const struct payment_read *p)
{
	const struct money_read *r = o->money;

	if (p->outcome == PAID_SECOND || p->outcome == PAID_UNFILLABLE)
		return 0;
	for (int i = 0; i < r->row_count; i++)
		if (is_cash_of(&r->rows[i], p->provider) &&
		    strcmp(r->metas[i].provider_ref, p->number) == 0)
			return r->rows[i].event_no;
	return 0;
}

static int64_t
refunded(const struct money_read *r, const struct payment_read *p, int before_no)
{
	int64_t fen = 0;

	for (int i = 0; i < r->refund_count; i++)
		if (r->refunds[i].refund_no < before_no && r->refunds[i].provider == p->provider &&
		    strcmp(r->refunds[i].payment_number, p->number) == 0)
			fen += r->refunds[i].fen;
	return fen;
}

enum err
books_payments(const struct order_read *o, int before_no, struct arena *a, struct order_money *m)
{
	struct money_payment *all = arena_array(a, (size_t)o->payment_count, sizeof(*all));

	if (all == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < o->payment_count; i++)
		all[i] = (struct money_payment){.event_no = event_no_of(o, &o->payments[i]),
		    .refunded_fen = refunded(o->money, &o->payments[i], before_no)};
	m->payments = all;
	m->payment_count = o->payment_count;
	return ERR_OK;
}

/* Holds that ended, also where E4 found nothing to post. */
static enum err
over_fill(const struct money_read *r, struct arena *a, struct order_money *m)
{
	int *over = arena_array(a, (size_t)r->settlement_count, sizeof(*over));

	if (over == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < r->settlement_count; i++)
		if (r->settlements[i].ended_us != 0)
			over[m->over_count++] = r->settlements[i].number;
	m->over = over;
	return ERR_OK;
}

enum err
order_books_make(const struct world *w, const struct order_read *o, struct arena *a,
    struct order_books *out)
{
	const struct money_read *r = o->money;
	struct order_money *m = &out->money;
	enum err e;

	assert(r != NULL);
	memset(out, 0, sizeof(*out));
	e = decisions_fill(w, o, a, out);
	if (e == ERR_OK)
		e = lines_fill(w, o, a, m);
	if (e == ERR_OK)
		e = books_payments(o, INT_MAX, a, m);
	if (e != ERR_OK)
		return e;
	m->world = w;
	m->collector = o->collector;
	m->owner = split_residual(w, &out->decisions[m->basis].frozen->decision.owner)->id;
	m->delivery_fee_fen = o->delivery_fee_fen;
	m->row_count = r->row_count;
	m->rows = r->rows;
	m->balance_count = r->balance_count;
	m->balances = r->balances;
	return over_fill(r, a, m);
}

/* ---- A fulfilment's units ------------------------------------------------------------------------- */

/* The fulfilment that the decision made: units part from it, and from each other. */
static const struct fulfilment_read *
root_of(const struct order_read *o, const struct fulfilment_read *f)
{
	while (f->split_from != 0) {
		const struct fulfilment_read *from = NULL;

		for (int i = 0; i < o->fulfilment_count && from == NULL; i++)
			if (o->fulfilments[i].number == f->split_from)
				from = &o->fulfilments[i];
		assert(from != NULL && from->number < f->number);
		f = from;
	}
	return f;
}

/* Ordinal of the part of its decision that ${f}'s units come from, also where they parted from it. */
static int
part_of(const struct order_books *b, const struct order_read *o, const struct fulfilment_read *f)
{
	const struct money_split *s = money_split_of(&b->money, f->attempt);

	assert(s != NULL);
	return root_of(o, f)->number - s->number_first;
}

/* Of the customer's delivery fee, what ${f} carries. */
static int64_t
fee_of(const struct order_books *b, const struct order_read *o, const struct fulfilment_read *f)
{
	const struct money_split *s = money_split_of(&b->money, f->attempt);
	int part = part_of(b, o, f);
	int64_t fen = 0;

	if (f->delivery_fee_fen >= 0 || f->split_from != 0)
		return f->delivery_fee_fen > 0 ? f->delivery_fee_fen : 0;
	for (int i = 0; i < s->leg_count; i++)
		if (s->legs[i].line < 0 && s->legs[i].part == part &&
		    s->legs[i].kind != LEG_SHORTFALL)
			fen += s->legs[i].fen;
	return fen;
}

enum err
books_units(const struct order_books *b, const struct order_read *o,
    const struct fulfilment_read *f, struct arena *a, struct money_units *out)
{
	struct money_unit_line *lines = arena_array(a, (size_t)f->line_count, sizeof(*lines));

	if (lines == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < f->line_count; i++)
		lines[i] = (struct money_unit_line){.line = (int16_t)f->lines[i].line,
		    .quantity = f->lines[i].quantity,
		    .goods_owner = f->lines[i].goods_owner};
	*out = (struct money_units){.number = f->number,
	    .attempt = f->attempt,
	    .part = part_of(b, o, f),
	    .delivery_fee_fen = fee_of(b, o, f),
	    .line_count = f->line_count,
	    .lines = lines};
	return ERR_OK;
}

const struct split_rule *
books_rule(const struct order_books *b, const struct split_book *book, const struct order_read *o,
    const struct fulfilment_read *f, int line, int32_t goods_owner)
{
	const struct money_split *s = money_split_of(&b->money, f->attempt);
	const struct part *p = &s->parts[part_of(b, o, f)];
	const struct books_decision *d = &b->decisions[s - b->money.splits];
	int row = 0;

	while (row < p->line_count &&
	    (p->lines[row].line != line ||
	        (p->lines[row].stocked && p->lines[row].goods_owner != goods_owner)))
		row++;
	if (book == NULL || row == p->line_count || d->split->basis == NULL)
		return NULL;
	return split_basis_rule(d->split->basis, book, (int)(p - s->parts), row);
}

/* ---- Rows of this transaction --------------------------------------------------------------------- */

static enum err
balances_add(struct order_money *m, const struct posting *p, struct arena *a)
{
	struct money_balance *all =
	    arena_array(a, (size_t)(m->balance_count + p->leg_count), sizeof(*all));
	int count = m->balance_count;

	if (all == NULL)
		return ERR_NO_MEMORY;
	if (count > 0)
		memcpy(all, m->balances, (size_t)count * sizeof(*all));
	for (int i = 0; i < p->leg_count; i++) {
		int at = 0;

		if (!account_bounded(p->account[i]))
			continue;
		while (at < count && all[at].account != p->account[i])
			at++;
		if (at == count)
			all[count++] = (struct money_balance){.account = p->account[i]};
		all[at].fen += p->fen[i];
	}
	m->balances = all;
	m->balance_count = count;
	return ERR_OK;
}

enum err
books_append(struct order_books *b, const struct posting *p, int event_no, struct arena *a)
{
	struct order_money *m = &b->money;
	struct money_row *rows = arena_array(a, (size_t)m->row_count + 1, sizeof(*rows));

	if (rows == NULL)
		return ERR_NO_MEMORY;
	if (m->row_count > 0)
		memcpy(rows, m->rows, (size_t)m->row_count * sizeof(*rows));
	rows[m->row_count++] = money_row_of(p, event_no);
	m->rows = rows;
	return balances_add(m, p, a);
}
