/* payout_plan: an order's money, one pass: what the parts share, holds, refunds asked for. */
#include "domain/payout_plan.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "domain/party.h"
#include "domain/payout_step.h"

/* ---- What is new --------------------------------------------------------------------------------- */

static struct money_balance *
balance_row(struct payout_balances *b, int64_t account)
{
	for (int i = 0; i < b->count; i++)
		if (b->rows[i].account == account)
			return &b->rows[i];
	return NULL;
}

int64_t
payout_balance(const struct payout_balances *b, int64_t account)
{
	for (int i = 0; i < b->count; i++)
		if (b->rows[i].account == account)
			return b->rows[i].fen;
	return 0;
}

static void
balance_move(struct payout_pass *p, int64_t account, int64_t fen)
{
	struct payout_balances *b = p->balances;
	struct money_balance *row = balance_row(b, account), *rows;

	if (row == NULL && b->count == b->max) {
		rows = arena_array(p->arena, (size_t)b->max * 2 + 16, sizeof(*rows));
		if (rows == NULL) {
			p->err = ERR_NO_MEMORY;
			return;
		}
		if (b->count > 0)
			memcpy(rows, b->rows, (size_t)b->count * sizeof(*rows));
		b->rows = rows;
		b->max = b->max * 2 + 16;
	}
	if (row == NULL) {
		row = &b->rows[b->count++];
		*row = (struct money_balance){.account = account};
	}
	row->fen += fen;
}

void
plan_post(struct payout_pass *p, int event_no, const char *ref, int64_t at_us)
{
	struct payout_posting *x;

	if (p->err != ERR_OK || p->posting.leg_count == 0)
		return;
	x = arena_alloc(p->arena, sizeof(*x));
	if (x == NULL) {
		p->err = ERR_NO_MEMORY;
		return;
	}
	*x = (struct payout_posting){.posting = p->posting,
	    .event_no = event_no,
	    .ref = ref,
	    .at_us = at_us};
	*p->o->postings_end = x;
	p->o->postings_end = &x->next;
	for (int i = 0; i < x->posting.leg_count; i++)
		if (account_bounded(x->posting.account[i]))
			balance_move(p, x->posting.account[i], x->posting.fen[i]);
}

/* Room for one more: the array again, twice as large. */
static void *
grown(struct payout_pass *p, const void *rows, int count, size_t size)
{
	void *more = arena_array(p->arena, (size_t)count * 2 + 4, size);

	if (more == NULL)
		p->err = ERR_NO_MEMORY;
	else if (count > 0)
		memcpy(more, rows, (size_t)count * size);
	return more;
}

void
plan_payable(struct payout_pass *p, const struct payout_payable *row)
{
	struct payout_order *o = p->o;

	if (row->fen == 0 || p->err != ERR_OK)
		return;
	if (o->payable_count == o->payable_max) {
		struct payout_payable *more =
		    grown(p, o->payables, o->payable_count, sizeof(*more));

		if (more == NULL)
			return;
		o->payables = more;
		o->payable_max = o->payable_count * 2 + 4;
	}
	o->payables[o->payable_count] = *row;
	o->payables[o->payable_count].fresh = true;
	o->payables[o->payable_count++].made = -1;
}

/* Lists of what is new are as long as there can be things to make. */
static enum err
room(struct payout_pass *p)
{
	struct payout_order *o = p->o;
	size_t asks = (size_t)(2 * o->payment_count + o->refund_count + o->clawback_count);

	o->asks = arena_array(p->arena, asks, sizeof(*o->asks));
	o->wanted = arena_array(p->arena, (size_t)o->payment_count, sizeof(*o->wanted));
	o->postings = NULL;
	o->postings_end = &o->postings;
	o->events = NULL;
	o->made = NULL;
	o->made_count = o->ask_count = 0;
	o->again_us = 0;
	return o->asks != NULL && o->wanted != NULL ? ERR_OK : ERR_NO_MEMORY;
}

struct payout_ask *
plan_ask(struct payout_pass *p, enum provider_call_kind kind, int payment, int item_max)
{
	struct payout_order *o = p->o;
	struct payout_ask *a = &o->asks[o->ask_count];

	if (p->err != ERR_OK)
		return NULL;
	*a = (struct payout_ask){.kind = kind,
	    .payment = payment,
	    .number = p->number_next,
	    .split_number = "",
	    .item_max = item_max,
	    .items = arena_array(p->arena, (size_t)item_max, sizeof(*a->items))};
	if (a->items == NULL) {
		p->err = ERR_NO_MEMORY;
		return NULL;
	}
	p->number_next++;
	o->ask_count++;
	return a;
}

void
plan_told(struct payout_pass *p, enum payout_told kind, int64_t fen)
{
	struct payout_event *e = arena_alloc(p->arena, sizeof(*e));

	if (e == NULL) {
		p->err = ERR_NO_MEMORY;
		return;
	}
	*e = (struct payout_event){.kind = kind, .fen = fen, .next = p->o->events};
	p->o->events = e;
}

void
plan_again(struct payout_pass *p, int64_t at_us)
{
	if (p->o->again_us == 0 || at_us < p->o->again_us)
		p->o->again_us = at_us;
}

/* ---- Sums ---------------------------------------------------------------------------------------- */

int64_t
plan_sum(const struct payout_pass *p, int64_t account)
{
	int64_t fen = money_sum(&p->o->money, account);

	for (const struct payout_posting *x = p->o->postings; x != NULL; x = x->next)
		fen += posting_sum(&x->posting, account);
	return fen;
}

int64_t
plan_owes(const struct payout_pass *p, int64_t account)
{
	int64_t fen = plan_sum(p, account), left = payout_balance(p->balances, account);

	if (left < fen)
		fen = left;
	return fen > 0 ? fen : 0;
}

bool
plan_connected(const struct payout_pass *p, int payment)
{
	const struct payout_payment *pay = &p->o->payments[payment];

	return (p->terms->connectors >> pay->provider & 1) != 0;
}

int64_t
plan_frozen(const struct payout_pass *p, int payment)
{
	const struct payout_order *o = p->o;
	const struct payout_payment *pay = &o->payments[payment];
	int64_t fen = 0,
	        account = account_number(ACCOUNT_PSP_FROZEN, pay->provider, o->collector, 0);

	for (int r = 0; r < o->money.row_count; r++) {
		const struct money_row *row = &o->money.rows[r];

		if (row->event_no != pay->ordinal ||
		    (row->event != EVENT_E1_PAID && row->event != EVENT_E2_FEE))
			continue;
		for (int i = 0; i < row->leg_count; i++)
			if (row->account[i] == account)
				fen += row->fen[i];
	}
	for (int c = 0; c < o->call_count; c++)
		for (int i = 0; i < o->calls[c].item_count; i++)
			if (o->calls[c].payment == payment && o->calls[c].kind == CALL_SPLIT &&
			    o->calls[c].items[i].result == RESULT_SUCCESS)
				fen -= o->calls[c].items[i].fen;
	for (int i = 0; i < o->refund_count; i++)
		if (o->refunds[i].payment == payment && o->refunds[i].state == REFUND_DONE)
			fen -= o->refunds[i].fen - o->refunds[i].rebate_fen;
	return fen > 0 ? fen : 0;
}

int64_t
plan_splitting(const struct payout_pass *p, int payment)
{
	const struct payout_order *o = p->o;
	int64_t fen = 0;

	for (int c = 0; c < o->call_count; c++)
		for (int i = 0; i < o->calls[c].item_count; i++)
			if (o->calls[c].payment == payment && o->calls[c].kind == CALL_SPLIT &&
			    o->calls[c].items[i].result == RESULT_PENDING)
				fen += o->calls[c].items[i].fen;
	for (int a = 0; a < o->ask_count; a++)
		if (o->asks[a].payment == payment && o->asks[a].kind == CALL_SPLIT)
			fen += o->asks[a].fen;
	return fen;
}

int64_t
plan_refunding(const struct payout_pass *p, int payment)
{
	const struct payout_refund *r = p->o->refunds;
	int64_t fen = 0;

	for (int i = 0; i < p->o->refund_count; i++)
		if (r[i].payment == payment && r[i].state == REFUND_ASKED)
			fen += r[i].fen - r[i].rebate_fen;
	return fen;
}

bool
plan_unfreezing(const struct payout_pass *p, int payment)
{
	const struct payout_order *o = p->o;

	for (int c = 0; c < o->call_count; c++)
		if (o->calls[c].payment == payment && o->calls[c].kind == CALL_UNFREEZE &&
		    o->calls[c].item_count > 0 && o->calls[c].items[0].result == RESULT_PENDING)
			return true;
	for (int a = 0; a < o->ask_count; a++)
		if (o->asks[a].payment == payment && o->asks[a].kind == CALL_UNFREEZE)
			return true;
	return false;
}

bool
plan_final(const struct payout_pass *p)
{
	for (int i = 0; i < p->o->settlement_count; i++)
		if (!p->o->settlements[i].ended)
			return false;
	return plan_sum(p, account_number(ACCOUNT_C_ORDER, PROVIDER_NONE, 0, 0)) == 0;
}

bool
plan_frozen_over(const struct payout_pass *p, int payment, int64_t before_us)
{
	return p->o->payments[payment].paid_us + p->terms->freeze_us - before_us <=
	    p->terms->now_us;
}

/* ---- Holds --------------------------------------------------------------------------------------- */

/* A dealer's own share of what he collected stays held until the payment is released to him (E7d). */
static void
keep_own(struct posting *x)
{
	int n = 0;

	for (int i = 0; i < x->leg_count; i++) {
		enum account_kind k = account_kind(x->account[i]);

		if ((k == ACCOUNT_DEALER_HELD || k == ACCOUNT_DEALER_AVAIL) &&
		    account_party(x->account[i]) == account_other(x->account[i]))
			continue;
		x->account[n] = x->account[i];
		x->fen[n] = x->fen[i];
		x->kind[n++] = x->kind[i];
	}
	x->leg_count = n;
}

static int32_t
account_payee(const struct payout_pass *p, int64_t account)
{
	int32_t party = account_party(account);

	return party != 0 ? party : party_of_kind(p->terms->world, PARTY_PLATFORM);
}

/* Is more held in the order than what fulfilment ${number} put there? */
static bool
held_beside(const struct payout_order *o, int number)
{
	for (int i = 0; i < o->settlement_count; i++)
		if (o->settlements[i].number != number && !o->settlements[i].ended)
			return true;
	return false;
}

static bool
gave_back(const struct order_money *m)
{
	for (int i = 0; i < m->row_count; i++)
		if (m->rows[i].event == EVENT_R1_REFUND && m->rows[i].unit_count > 0)
			return true;
	return false;
}

/* What fulfilment ${number} put into ${account}, all of it; 0 or below. */
static int64_t
put(const struct order_money *m, int number, int64_t account)
{
	int64_t fen = 0;

	for (int i = 0; i < m->row_count; i++)
		for (int k = 0; m->rows[i].number == number && k < m->rows[i].leg_count; k++)
			if (m->rows[i].account[k] == account)
				fen += m->rows[i].fen[k];
	return fen;
}

/* E4 where no unit must be looked at: nothing else is held, or nothing was given back. */
static enum err
hold_plain(struct payout_pass *p, int number, bool beside)
{
	const struct order_money *m = &p->o->money;
	struct posting *x = &p->posting;

	posting_begin(x, EVENT_E4_HOLD_ENDED);
	x->number = number;
	for (int i = 0; i < m->row_count; i++)
		for (int k = 0; k < m->rows[i].leg_count; k++) {
			int64_t account = m->rows[i].account[k], fen;

			if (!account_staged(account) || account_stage(account) != STAGE_HELD ||
			    posting_sum(x, account) != 0)
				continue;
			fen = plan_sum(p, account);
			if (beside && put(m, number, account) > fen)
				fen = put(m, number, account);
			if (fen >= 0)
				continue;
			posting_add(x, account, -fen, 0);
			posting_add(x, account_at_stage(account, STAGE_AVAIL), fen, 0);
		}
	return posting_end(x);
}

static void
hold_ends(struct payout_pass *p, struct payout_settlement *s)
{
	bool beside = held_beside(p->o, s->number);
	enum err e;

	if (beside && gave_back(&p->o->money) && !p->o->whole) {
		p->o->needs_whole = true;
		return;
	}
	if (p->o->whole)
		e = money_hold_ended(&p->o->money, s->number, &p->posting);
	else
		e = hold_plain(p, s->number, beside);
	if (e != ERR_OK) {
		p->err = e;
		return;
	}
	s->ended = s->changed = true;
	keep_own(&p->posting);
	plan_post(p, s->number, "", p->terms->now_us);
	for (int i = 0; i < p->posting.leg_count; i++) {
		struct payout_payable row = {.event = EVENT_E4_HOLD_ENDED,
		    .event_no = s->number,
		    .account = p->posting.account[i],
		    .fen = -p->posting.fen[i]};

		if (account_staged(row.account) && account_stage(row.account) == STAGE_AVAIL) {
			row.party = account_payee(p, row.account);
			plan_payable(p, &row);
		}
	}
}

/* ---- Refunds asked for --------------------------------------------------------------------------- */

/* May ${r} be asked for now?  A payment that was split gives back only what is frozen still, until it is released. */
static bool
refund_fits(struct payout_pass *p, const struct payout_refund *r)
{
	const int64_t split = plan_splitting(p, r->payment);
	int64_t left = plan_frozen(p, r->payment) - split - plan_refunding(p, r->payment);

	if (plan_unfreezing(p, r->payment))
		return false;
	if (p->o->payments[r->payment].released || r->fen - r->rebate_fen <= left)
		return true;
	if (split == 0)
		p->o->wanted[r->payment] = true;
	return false;
}

static void
refund_ask(struct payout_pass *p, struct payout_refund *r)
{
	const int64_t now_us = p->terms->now_us;
	struct payout_ask *a;

	if (r->state != REFUND_DUE && (r->state != REFUND_REFUSED || r->due_us > now_us))
		return;
	r->changed = true;
	if (!plan_connected(p, r->payment)) { /* a person gives it back: ConfirmRefund */
		r->state = REFUND_ASKED;
		return;
	}
	r->due_us = now_us + p->terms->retry_us;
	if (!refund_fits(p, r))
		return;
	a = plan_ask(p, CALL_REFUND, r->payment, 1);
	if (a == NULL)
		return;
	a->fen = r->fen;
	a->total_fen = p->o->payments[r->payment].fen;
	a->deadline_us = now_us + US_PER_DAY;
	a->items[a->item_count++] =
	    (struct payout_ask_item){.receiver = "", .fen = r->fen, .made = -1};
	r->asked = p->o->ask_count - 1;
	r->state = REFUND_ASKED;
}

/* ---- The pass ------------------------------------------------------------------------------------ */

static void
begin(struct payout_pass *p)
{
	struct payout_order *o = p->o;

	p->err = room(p);
	p->number_next = o->call_count + 1;
	p->payout_next = 1;
	for (int i = 0; i < o->payout_count; i++)
		if (o->payouts[i].payout_no >= p->payout_next)
			p->payout_next = o->payouts[i].payout_no + 1;
	for (int i = 0; i < o->payable_count; i++)
		o->payables[i].made = -1;
	for (int i = 0; i < o->refund_count; i++)
		o->refunds[i].asked = -1;
	for (int i = 0; i < o->clawback_count; i++)
		o->clawbacks[i].asked = -1;
}

enum err
payout_plan(const struct payout_terms *terms, struct payout_order *o,
    struct payout_balances *balances, struct arena *arena)
{
	struct payout_pass p = {.terms = terms, .o = o, .balances = balances, .arena = arena};

	begin(&p);
	if (p.err == ERR_OK)
		plan_results(&p);
	for (int i = 0; p.err == ERR_OK && i < o->settlement_count; i++)
		if (!o->settlements[i].ended && o->settlements[i].due_us <= terms->now_us)
			hold_ends(&p, &o->settlements[i]);
	if (p.err == ERR_OK)
		plan_clawbacks(&p);
	if (p.err == ERR_OK)
		plan_rails(&p);
	for (int i = 0; p.err == ERR_OK && i < o->refund_count; i++)
		refund_ask(&p, &o->refunds[i]);
	if (p.err == ERR_OK)
		plan_releases(&p);
	return p.err;
}
