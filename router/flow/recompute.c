#include "flow/recompute.h"

#include <stdio.h>
#include <string.h>

#include "domain/money_again.h"
#include "flow/order_books.h"
#include "store/catalog.h"

struct again {
	const struct catalog *catalog;
	const struct world *world;
	const struct order_read *order;
	struct arena *arena;
	struct order_books books;
	struct recompute_total *total;
	recompute_fn *tell;
	void *ctx;
};

static void
differs(struct again *x, const char *what, int a, int b, const char *why)
{
	char id[UUID_TEXT_SIZE], text[256];

	uuid_format(&x->order->order_id, id);
	(void)snprintf(text, sizeof(text), "order %s %s %d %d: %s", id, what, a, b, why);
	x->total->differ++;
	x->tell(x->ctx, text);
}

/* ---- (a) The split of a decision ----------------------------------------------------------------------- */

static bool
same_leg(const struct leg *a, const struct leg *b)
{
	return a->kind == b->kind && a->party == b->party && a->fen == b->fen &&
	    a->line == b->line && a->part == b->part;
}

/* NULL: the same. */
static const char *
split_differs(const struct split *is, const struct split *was)
{
	if (is->leg_count != was->leg_count)
		return "another number of legs";
	for (int i = 0; i < is->leg_count; i++)
		if (!same_leg(&is->legs[i], &was->legs[i]))
			return "a leg differs";
	if (is->funding_count != was->funding_count)
		return "another number of funders";
	for (int i = 0; i < is->funding_count; i++)
		if (is->funding[i].party != was->funding[i].party ||
		    is->funding[i].fen != was->funding[i].fen)
			return "a funder's part differs";
	if (is->total.total_fen != was->total.total_fen ||
	    is->total.provider_fee_fen != was->total.provider_fee_fen ||
	    is->total.cost_fen != was->total.cost_fen ||
	    is->total.owner_margin_fen != was->total.owner_margin_fen)
		return "a total differs";
	return NULL;
}

static enum err
decision_again(struct again *x, const struct books_decision *d)
{
	const struct frozen *f = d->frozen;
	const struct split_book *book = catalog_book(x->catalog, f->split_version);
	struct reason r = {0};
	struct split *again;
	const char *why;
	enum err e;

	if (f->basis == NULL) {
		x->total->older++;
		return ERR_OK;
	}
	x->total->decisions++;
	if (book == NULL) {
		differs(x, "decision", d->attempt, f->split_version,
		    "the book of its version is gone");
		return ERR_OK;
	}
	e = record_split(x->world, f, book, x->arena, &again, &r);
	if (e == ERR_NO_MEMORY)
		return e;
	why = e != ERR_OK ? err_name(e) : split_differs(again, d->split);
	if (why != NULL)
		differs(x, "decision", d->attempt, f->split_version, why);
	return ERR_OK;
}

/* ---- (b) A row of the journal ---------------------------------------------------------------------------- */

/* Whether a row behind ${at} is taken to have been there: clocks of instances differ. */
enum clocks { CLOCKS_AGREE, CLOCKS_OF_PAYMENTS, CLOCKS_OF_HOLDS, CLOCKS_COUNT };

static bool
there_then(const struct money_row *r, enum clocks clocks)
{
	if (r->event == EVENT_E1_PAID || r->event == EVENT_E2_FEE)
		return clocks != CLOCKS_AGREE;
	return r->event == EVENT_E4_HOLD_ENDED && clocks == CLOCKS_OF_HOLDS;
}

static enum err
rows_then(const struct again *x, int at, enum clocks clocks, struct order_money *m)
{
	const struct order_money *all = &x->books.money;
	struct money_row *rows;

	m->row_count = at;
	if (clocks == CLOCKS_AGREE)
		return ERR_OK;
	rows = arena_array(x->arena, (size_t)all->row_count, sizeof(*rows));
	if (rows == NULL)
		return ERR_NO_MEMORY;
	m->row_count = 0;
	for (int i = 0; i < all->row_count; i++)
		if (i < at || (i > at && there_then(&all->rows[i], clocks)))
			rows[m->row_count++] = all->rows[i];
	m->rows = rows;
	return ERR_OK;
}

/* Holds that were over when row ${at} was posted. */
static enum err
over_then(const struct again *x, int at, enum clocks clocks, struct order_money *m)
{
	const struct money_read *r = x->order->money;
	int *over = arena_array(x->arena, (size_t)r->settlement_count, sizeof(*over));

	if (over == NULL)
		return ERR_NO_MEMORY;
	m->over = over;
	m->over_count = 0;
	for (int i = 0; i < r->settlement_count; i++)
		if (r->settlements[i].ended_us != 0 &&
		    (r->settlements[i].ended_us < r->metas[at].posted_us ||
		        clocks == CLOCKS_OF_HOLDS))
			over[m->over_count++] = r->settlements[i].number;
	return ERR_OK;
}

/* The first whose units ended undelivered: a refund that is about no unit names no fulfilment. */
static const struct fulfilment_read *
first_undelivered(const struct order_read *o)
{
	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *f = &o->fulfilments[i];

		if (f->moved_to == 0 && f->line_count > 0 &&
		    (f->state == FUL_CANCELLED || f->state == FUL_NOT_COLLECTED ||
		        f->state == FUL_LOST || f->state == FUL_RESTOCKED))
			return f;
	}
	return NULL;
}

/* As act_money.c reads them off the rule of the first unit. */
static void
rules_read(const struct again *x, const struct fulfilment_read *f, struct money_rules *out)
{
	const struct split_book *book = catalog_book(x->catalog, x->order->split_version);
	const struct split_rule *rule = NULL;

	if (f != NULL && f->line_count > 0)
		rule = books_rule(&x->books, book, x->order, f, f->lines[0].line,
		    f->lines[0].goods_owner);
	if (rule == NULL)
		return;
	out->forfeit_owner_bps = rule->forfeit_owner_bps;
	out->lost_fee_bearer =
	    split_bearer(x->world, rule->lost_fee, x->books.money.owner, f->dealer);
}

/* NULL: the same. */
static enum err
row_try(struct again *x, int at, enum clocks clocks, const char **why)
{
	const struct money_row *row = &x->books.money.rows[at];
	const struct fulfilment_read *f = order_fulfilment(x->order, row->number);
	struct posting *p = arena_zalloc(x->arena, sizeof(*p));
	struct order_money m = x->books.money;
	struct money_rules rules = {0};
	struct money_units u;
	enum err e = p != NULL ? rows_then(x, at, clocks, &m) : ERR_NO_MEMORY;

	if (e == ERR_OK)
		e = over_then(x, at, clocks, &m);
	if (e == ERR_OK && row->event == EVENT_R1_REFUND)
		e = books_payments(x->order, row->event_no, x->arena, &m);
	if (e == ERR_OK && row->event == EVENT_E3_SPLIT && f != NULL)
		e = books_units(&x->books, x->order, f, x->arena, &u);
	if (e != ERR_OK)
		return e;
	if (row->event == EVENT_E3_SPLIT && f == NULL) {
		*why = "there is no such fulfilment";
		return ERR_OK;
	}
	rules_read(x, f != NULL ? f : first_undelivered(x->order), &rules);
	e = money_again(&m, row, &u, &rules, x->arena, p);
	if (e == ERR_NO_MEMORY)
		return e;
	*why = e != ERR_OK       ? err_name(e)
	    : money_same(p, row) ? NULL
	                         : "its legs come out otherwise";
	return ERR_OK;
}

/*
 * Rows stand as they were posted, by the clocks of the instances that did: what a payment or the end of a hold made
 * possible may stand before it.
 */
static enum err
row_again(struct again *x, int at)
{
	const struct money_row *row = &x->books.money.rows[at];
	const char *why = NULL, *first = NULL;
	enum err e = ERR_OK;

	x->total->rows++;
	for (int c = CLOCKS_AGREE; e == ERR_OK && c < CLOCKS_COUNT; c++) {
		why = NULL;
		e = row_try(x, at, (enum clocks)c, &why);
		if (why == NULL)
			return e;
		first = first != NULL ? first : why;
	}
	if (e == ERR_OK)
		differs(x, "event", row->event, row->event_no, first);
	return e;
}

enum err
recompute_order(const struct catalog *c, const struct world *w, const struct order_read *o,
    struct arena *a, struct recompute_total *total, recompute_fn *tell, void *ctx)
{
	struct again *x = arena_zalloc(a, sizeof(*x));
	enum err e;

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct again){.catalog = c,
	    .world = w,
	    .order = o,
	    .arena = a,
	    .total = total,
	    .tell = tell,
	    .ctx = ctx};
	total->orders++;
	e = order_books_make(w, o, a, &x->books);
	if (e == ERR_NO_MEMORY)
		return e;
	if (e != ERR_OK) {
		differs(x, "decisions", 0, 0, "cannot be read");
		return ERR_OK;
	}
	for (int i = 0; e == ERR_OK && i < x->books.decision_count; i++)
		e = decision_again(x, &x->books.decisions[i]);
	for (int i = 0; e == ERR_OK && i < x->books.money.row_count; i++)
		if (money_again_can(&x->books.money.rows[i]))
			e = row_again(x, i);
	return e;
}
