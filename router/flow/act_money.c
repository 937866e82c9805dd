#include "flow/act_money.h"

#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/money.h"
#include "domain/money_refund.h"
#include "flow/act_plan.h"
#include "flow/order_books.h"

#define WINDOW_DAYS_DEFAULT 7 /* where no policy is there */

/* What is made of one act. */
struct making {
	struct act_run *r;
	const struct order_read *behind;
	const struct act_owed *owed;
	struct order_books ledger;
	const struct split_book *book;
	struct act_books *out;
};

/*
 * Trips see each what is committed by then: an act under way may be in the journal and not yet in the fulfilments that
 * were read.  So WRONG_STATE, read again; who has tried often enough has found a bug.
 */
static enum err
unfit(const struct act_run *r, const char *what, enum err e)
{
	char id[UUID_TEXT_SIZE];

	if (e == ERR_NO_MEMORY || e == ERR_OVERFLOW)
		return e;
	if (act_run_may_try(r))
		return ERR_WRONG_STATE;
	uuid_format(&r->order_id, id);
	log_error(LOG_MSG("an order's books and an act do not fit together"), LOG_STR("what", what),
	    LOG_STR("order", id), LOG_STR("err", err_name(e)));
	return ERR_INTERNAL;
}

/* ---- Which units ---------------------------------------------------------------------------------- */

bool
act_ends_undelivered(const struct act_fulfilment *x)
{
	enum fulfilment_state from = x->from, to = x->is.state;

	if (from == to || x->is.moved_to != 0)
		return false;
	return to == FUL_CANCELLED || to == FUL_NOT_COLLECTED || to == FUL_LOST ||
	    (to == FUL_RESTOCKED && from != FUL_NOT_COLLECTED);
}

static bool
hands_over(const struct act_fulfilment *x)
{
	return x->from != x->is.state &&
	    (x->is.state == FUL_COLLECTED || x->is.state == FUL_DELIVERED);
}

static bool
is_final(const struct fulfilment_read *f)
{
	switch (f->state) {
	case FUL_COLLECTED:
	case FUL_DELIVERED:
	case FUL_CANCELLED:
	case FUL_NOT_COLLECTED: /* given back by then */
	case FUL_RESTOCKED:
	case FUL_LOST:
		return true;
	default:
		return false;
	}
}

/* Nothing more of the order will be handed over, or end otherwise. */
static bool
all_final(const struct making *x)
{
	if (x->r->in.row != NULL)
		return false;
	for (int i = 0; i < x->behind->fulfilment_count; i++)
		if (x->behind->fulfilments[i].moved_to == 0 &&
		    !is_final(&x->behind->fulfilments[i]))
			return false;
	return true;
}

static bool
balance_open(const struct order_read *o)
{
	return o->deposit != NULL && o->deposit->balance_paid_us == 0 &&
	    o->deposit->balance_fen > 0;
}

/* Something is handed over or given back, if only what a campaign paid. */
static bool
posts(const struct act_run *r, const struct act_owed *owed)
{
	bool any = r->in.refund_add_fen > 0 || owed->forfeit_fen > 0;

	for (int i = 0; i < r->in.fulfilment_count; i++)
		any = any || hands_over(&r->in.fulfilments[i]) ||
		    (act_ends_undelivered(&r->in.fulfilments[i]) && !balance_open(r->order));
	return any && r->order->paid_at_us != 0;
}

/* ---- E3 -------------------------------------------------------------------------------------------- */

static int
window_days(const struct act_run *r)
{
	const struct policy *p = act_policy(r);

	return p != NULL ? p->return_window_days : WINDOW_DAYS_DEFAULT;
}

static bool
has_staff(const struct making *x, const struct fulfilment_read *f)
{
	const struct order_money *m = &x->ledger.money;

	for (int i = 0; i < m->split_count; i++)
		for (int n = 0; m->splits[i].attempt == f->attempt && n < m->splits[i].leg_count;
		     n++)
			if (m->splits[i].legs[n].kind == LEG_STAFF)
				return true;
	return false;
}

/* The longest hold among the rules of what was handed over. */
static int64_t
hold_end(const struct making *x, const struct fulfilment_read *f)
{
	int window = window_days(x->r), most = 0;
	bool staff = has_staff(x, f);

	for (int i = 0; i < f->line_count; i++) {
		const struct split_rule *rule = books_rule(&x->ledger, x->book, x->behind, f,
		    f->lines[i].line, f->lines[i].goods_owner);
		int days = rule != NULL ? split_hold_days(rule, window, staff) : window;

		most = days > most ? days : most;
	}
	return x->r->now_us + most * US_PER_DAY;
}

static void
settlement_add(struct making *x, int number, int64_t due_us)
{
	struct act_books *b = x->out;

	assert(b->settlement_count < ACT_POSTINGS_MAX);
	b->settlements[b->settlement_count++] =
	    (struct act_settlement){.number = number, .due_us = due_us};
}

static enum err
posting_add_to(struct making *x, const struct posting *p, int event_no)
{
	struct act_books *b = x->out;

	assert(b->posting_count < ACT_POSTINGS_MAX);
	b->postings[b->posting_count++] = (struct act_posting){.posting = p, .event_no = event_no};
	return books_append(&x->ledger, p, event_no, x->r->arena);
}

/* Numbered by the act that is about the fulfilment. */
static int
event_no_of(const struct act_run *r, int number)
{
	int i = 0;

	while (i < r->in.act_count && r->in.acts[i].number != number)
		i++;
	assert(i < r->in.act_count);
	return ACT_EVENT_NO_FIRST + r->order->act_count + 1 + i;
}

static enum err
split_post(struct making *x, const struct fulfilment_read *f, bool last)
{
	struct posting *p = arena_zalloc(x->r->arena, sizeof(*p));
	struct money_units u;
	enum err e;

	if (p == NULL)
		return ERR_NO_MEMORY;
	e = books_units(&x->ledger, x->behind, f, x->r->arena, &u);
	if (e == ERR_OK)
		e = money_split(&x->ledger.money, &u, last, x->r->arena, p);
	if (e != ERR_OK)
		return unfit(x->r, "E3", e);
	if (p->leg_count == 0)
		return ERR_OK;
	settlement_add(x, f->number, hold_end(x, f));
	return posting_add_to(x, p, event_no_of(x->r, f->number));
}

static enum err
splits_post(struct making *x, bool last)
{
	const struct act_in *in = &x->r->in;
	int left = 0;

	for (int i = 0; i < in->fulfilment_count; i++)
		left += hands_over(&in->fulfilments[i]);
	for (int i = 0; i < in->fulfilment_count; i++) {
		enum err e;

		if (!hands_over(&in->fulfilments[i]))
			continue;
		e = split_post(x, &in->fulfilments[i].is, last && --left == 0);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* ---- R1: what it is about --------------------------------------------------------------------------- */

static enum err
unsplit_fill(struct making *x, struct money_refund *out)
{
	const struct act_in *in = &x->r->in;
	struct money_units *u = arena_array(x->r->arena, (size_t)in->fulfilment_count, sizeof(*u));
	enum err e = ERR_OK;

	if (u == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; e == ERR_OK && i < in->fulfilment_count; i++)
		if (act_ends_undelivered(&in->fulfilments[i]))
			e = books_units(&x->ledger, x->behind, &in->fulfilments[i].is, x->r->arena,
			    &u[out->unsplit_count++]);
	out->unsplit = u;
	return e;
}

static enum err
returned_fill(struct making *x, struct money_refund *out)
{
	const struct return_read *ret = x->r->in.more->ret;
	const struct fulfilment_read *f = act_fulfilment_of(x->r, ret->fulfilment);
	struct money_units *u = arena_zalloc(x->r->arena, sizeof(*u));
	struct money_unit_line *lines =
	    arena_array(x->r->arena, (size_t)ret->line_count, sizeof(*lines));
	enum err e;

	if (u == NULL || lines == NULL)
		return ERR_NO_MEMORY;
	e = books_units(&x->ledger, x->behind, f, x->r->arena, u);
	u->line_count = 0;
	for (int i = 0; i < ret->line_count; i++)
		if (ret->lines[i].sellable + ret->lines[i].damaged > 0)
			lines[u->line_count++] =
			    (struct money_unit_line){.line = (int16_t)ret->lines[i].line,
			        .quantity = ret->lines[i].sellable + ret->lines[i].damaged};
	u->lines = lines;
	u->delivery_fee_fen = 0;
	out->split = u;
	out->split_count = 1;
	return e;
}

/* What the rule of the first unit that ends says of what is lost. */
static void
faults_fill(struct making *x, const struct fulfilment_read *f, struct money_refund *out)
{
	const struct fulfilment_line_read *l = &f->lines[0];
	const struct split_rule *rule =
	    books_rule(&x->ledger, x->book, x->behind, f, l->line, l->goods_owner);

	if (rule == NULL)
		return;
	out->forfeit_owner_bps = rule->forfeit_owner_bps;
	out->lost_fee_bearer =
	    split_bearer(x->r->world, rule->lost_fee, x->ledger.money.owner, f->dealer);
}

static const struct fulfilment_read *
first_undelivered(const struct act_run *r)
{
	for (int i = 0; i < r->in.fulfilment_count; i++)
		if (act_ends_undelivered(&r->in.fulfilments[i]) &&
		    r->in.fulfilments[i].is.line_count > 0)
			return &r->in.fulfilments[i].is;
	return NULL;
}

static enum err
refund_fill(struct making *x, struct money_refund *out)
{
	const struct act_run *r = x->r;
	const struct fulfilment_read *f = first_undelivered(r);
	bool returned = x->owed->returned_fen > 0;
	enum err e = ERR_OK;

	if (r->give != NULL) {
		*out = *r->give;
		return ERR_OK;
	}
	*out = (struct money_refund){.forfeit_fen = x->owed->forfeit_fen};
	if (returned)
		f = act_fulfilment_of(r, r->in.more->ret->fulfilment);
	if (f != NULL)
		faults_fill(x, f, out);
	if (r->keep_fen > 0)
		out->forfeit_owner_bps = 0; /* it is for the freight, which the brand pays */
	if (balance_open(r->order)) {
		out->deposit_fen = r->in.refund_add_fen;
		return ERR_OK;
	}
	/* finance may have given some of it back before */
	out->delivery_fee_fen = fen_least(x->owed->fee_fen, money_delivery_left(&x->ledger.money));
	e = unsplit_fill(x, out);
	return e == ERR_OK && returned ? returned_fill(x, out) : e;
}

/* ---- R1: what follows from it ----------------------------------------------------------------------- */

static void
refunds_add(struct making *x, const struct money_refunded *got, int event_no)
{
	_Static_assert(MONEY_BACKS_MAX <= ACT_REFUNDS_MAX, "a refund's parts have a place each");

	for (int i = 0; i < got->back_count; i++) {
		const struct payment_read *p = &x->r->order->payments[got->back[i].payment];

		x->out->refunds[i] = (struct act_refund){.refund_no = event_no,
		    .part_no = i + 1,
		    .provider = p->provider,
		    .payment_number = p->number,
		    .fen = got->back[i].fen,
		    .rebate_fen = got->back[i].rebate_fen};
	}
	x->out->refund_count = got->back_count;
}

static int64_t
split_paid(const struct order_read *o, int32_t party)
{
	for (int i = 0; i < o->money->split_paid_count; i++)
		if (o->money->split_paid[i].party == party)
			return o->money->split_paid[i].fen;
	return 0;
}

/* What was available is so no longer; what a dealer who was paid by the split owes is asked back. */
static void
taken_add(struct making *x, const struct money_refunded *got, int event_no)
{
	struct act_books *b = x->out;

	for (int i = 0; i < got->taken_count; i++) {
		const struct money_taken *t = &got->taken[i];
		int32_t dealer = account_party(t->account);
		int64_t paid = split_paid(x->r->order, dealer);

		if (account_staged(t->account)) {
			assert(account_stage(t->account) == STAGE_AVAIL);
			b->payables[b->payable_count++] = (struct act_payable){.event_no = event_no,
			    .party = t->party,
			    .account = t->account,
			    .fen = -t->fen};
		} else if (t->fen > 0 && paid > 0) {
			b->clawbacks[b->clawback_count++] =
			    (struct act_clawback){.refund_no = event_no,
			        .party = dealer,
			        .creditor = account_other(t->account),
			        .fen = t->fen < paid ? t->fen : paid};
		}
	}
}

static void
settled_of(struct making *x, int number)
{
	const struct money_read *m = x->r->order->money;
	struct act_books *b = x->out;

	for (int n = 0; n < m->settlement_count; n++)
		if (m->settlements[n].number == number)
			b->settled[b->settled_count++] =
			    (struct act_settled){.number = m->settlements[n].number,
			        .changes = m->settlements[n].changes,
			        .ended = m->settlements[n].ended_us != 0};
}

/* The settlements whose rows the R1 reverses must stand as they were read. */
static void
settled_add(struct making *x, const struct money_refund *q)
{
	for (int i = 0; i < q->split_count; i++)
		settled_of(x, q->split[i].number);
	if (q->part_fen > 0)
		settled_of(x, q->part_of->number);
}

/* A forfeit's part of the owner is held like what he earns by a hand-over. */
static void
forfeit_held(struct making *x, const struct posting *p)
{
	for (int i = 0; i < p->leg_count; i++) {
		if (!account_staged(p->account[i]) || p->fen[i] >= 0 ||
		    account_stage(p->account[i]) != STAGE_HELD)
			continue;
		settlement_add(x, p->number, x->r->now_us + window_days(x->r) * US_PER_DAY);
		return;
	}
}

static enum err
refund_post(struct making *x, bool last)
{
	struct money_refunded *got = arena_zalloc(x->r->arena, sizeof(*got));
	int event_no = ACT_EVENT_NO_FIRST + x->r->order->act_count + 1;
	struct money_refund q;
	enum err e = refund_fill(x, &q);

	if (got == NULL || e == ERR_NO_MEMORY)
		return ERR_NO_MEMORY;
	q.last = last;
	if (e == ERR_OK)
		e = money_refund(&x->ledger.money, &q, x->r->arena, got);
	/* Of units of which a part went back before, and behind goodwill, it is less. */
	if (e == ERR_OK && got->cash_fen > x->r->in.refund_add_fen)
		e = ERR_INTERNAL;
	if (e != ERR_OK)
		return unfit(x->r, "R1", e);
	x->r->in.refund_add_fen = got->cash_fen;
	if (got->posting.leg_count == 0)
		return ERR_OK;
	if (x->owed->forfeit_fen > 0)
		forfeit_held(x, &got->posting);
	taken_add(x, got, event_no);
	settled_add(x, &q);
	refunds_add(x, got, event_no);
	return posting_add_to(x, &got->posting, event_no);
}

/* ---- The act --------------------------------------------------------------------------------------- */

static bool
gives_back(const struct act_run *r, const struct act_owed *owed)
{
	return r->in.refund_add_fen > 0 || owed->forfeit_fen > 0 ||
	    (first_undelivered(r) != NULL && !balance_open(r->order));
}

enum err
act_money(struct act_run *r, const struct order_read *behind, const struct act_owed *owed)
{
	struct making x = {.r = r, .behind = behind, .owed = owed};
	bool last, refund;
	enum err e;

	if (!posts(r, owed))
		return ERR_OK;
	if (r->order->money == NULL) {
		r->wants_money = true;
		return ERR_OK;
	}
	x.out = arena_zalloc(r->arena, sizeof(*x.out));
	if (x.out == NULL)
		return ERR_NO_MEMORY;
	/* What makes the balance smaller now is no unit of the books any more. */
	e = order_books_make(r->world, balance_open(r->order) ? behind : r->order, r->arena,
	    &x.ledger);
	if (e != ERR_OK)
		return e;
	x.book = catalog_book(r->app->catalog, r->order->split_version);
	last = all_final(&x);
	refund = gives_back(r, owed);
	e = splits_post(&x, last && !refund);
	if (e == ERR_OK && refund)
		e = refund_post(&x, last);
	r->in.books = x.out;
	return e;
}
