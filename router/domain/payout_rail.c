/* payout_rail: each leg whole by the first rail that may carry it; what refunds take back of splits. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "domain/payout_step.h"

#define SETTLE_US US_PER_MIN /* a split is refused so soon behind its payment */

/* What an account of the order is owed in all: one leg of a payout. */
struct owed {
	int64_t account, fen;
	int32_t party;
	int rank;
	bool waits; /* for two persons, or for them to have decided */
	struct uuid batch;
	enum batch_state state;
	const struct payout_payee *payee; /* NULL: unknown */
};

static const struct payout_payee *
payee_of(const struct payout_order *o, int32_t party)
{
	for (int i = 0; i < o->payee_count; i++)
		if (o->payees[i].party == party)
			return &o->payees[i];
	return NULL;
}

/* Under the cap: the owner, staff, the operator, then others. */
static int
rank_of(const struct payout_order *o, int64_t account, int32_t party)
{
	if (party == o->dealer)
		return 0;
	switch (account_kind(account)) {
	case ACCOUNT_STAFF_AVAIL:
		return 1;
	case ACCOUNT_PLATFORM_AVAIL:
		return 2;
	default:
		return 3;
	}
}

static bool
is_open(const struct payout_pass *p, const struct payout_payable *x)
{
	return x->made < 0 &&
	    (x->rail == RAIL_SPLIT ||
	        (x->rail == RAIL_NONE && x->not_before_us <= p->terms->now_us));
}

/* Those of an account that go together, negative ones of any rail among them. */
static bool
is_of(const struct payout_payable *x, int64_t account)
{
	return x->account == account && x->made < 0;
}

static bool
before(const struct owed *a, const struct owed *b)
{
	return a->rank != b->rank ? a->rank < b->rank : a->account < b->account;
}

static struct owed
owed_to(const struct payout_order *o, const struct payout_payable *x)
{
	struct owed w = {.account = x->account,
	    .party = x->party,
	    .rank = rank_of(o, x->account, x->party),
	    .payee = payee_of(o, x->party)};

	for (int i = 0; i < o->payable_count; i++) {
		const struct payout_payable *y = &o->payables[i];

		if (!is_of(y, x->account))
			continue;
		w.fen += y->fen;
		w.waits = w.waits || y->rail == RAIL_SPLIT;
		if (!uuid_is_zero(&y->batch)) {
			w.batch = y->batch;
			w.state = y->state;
		}
	}
	return w;
}

static void
set_rail(struct payout_order *o, int64_t account, enum rail rail, int made)
{
	for (int i = 0; i < o->payable_count; i++) {
		struct payout_payable *x = &o->payables[i];

		if (!is_of(x, account))
			continue;
		if (rail != RAIL_SPLIT)
			memset(&x->batch, 0, sizeof(x->batch));
		x->rail = rail;
		x->made = made;
		x->changed = true;
	}
}

/* ---- May a split carry it? ----------------------------------------------------------------------- */

static int
splits_of(const struct payout_order *o, int payment)
{
	int n = 0;

	for (int c = 0; c < o->call_count; c++)
		n += o->calls[c].payment == payment && o->calls[c].kind == CALL_SPLIT;
	return n;
}

/* The last payment that can still be split; -1: none. */
static int
splittable(const struct payout_pass *p)
{
	const struct payout_order *o = p->o;

	for (int i = o->payment_count - 1; i >= 0; i--)
		if (!o->payments[i].released && o->payments[i].ordinal > 0 &&
		    plan_connected(p, i) && !o->wanted[i] && !plan_unfreezing(p, i) &&
		    !plan_frozen_over(p, i, p->terms->margin_us) &&
		    splits_of(o, i) < PAYOUT_SPLITS_MAX)
			return i;
	return -1;
}

/* What may still be split off ${payment}: within its cap, and of what is there. */
static int64_t
split_left(const struct payout_pass *p, int payment)
{
	const struct payout_order *o = p->o;
	const struct payout_payment *pay = &o->payments[payment];
	int64_t refunded = 0, cash = 0, split = plan_splitting(p, payment), left, cap;

	for (int i = 0; i < o->refund_count; i++) {
		const struct payout_refund *r = &o->refunds[i];

		if (r->payment != payment)
			continue;
		refunded += r->fen;
		if (r->state != REFUND_DONE)
			cash += r->fen - r->rebate_fen;
	}
	left = plan_frozen(p, payment) - split - cash;
	for (int c = 0; c < o->call_count; c++)
		for (int i = 0; i < o->calls[c].item_count; i++)
			if (o->calls[c].payment == payment && o->calls[c].kind == CALL_SPLIT &&
			    o->calls[c].items[i].result == RESULT_SUCCESS)
				split += o->calls[c].items[i].fen;
	if (refunded > pay->fen)
		return 0;
	cap = payout_cap(pay->fen, refunded, p->terms->cap_bps) - split;
	return cap < left ? cap : left;
}

static const char *
receiver_of(const struct payout_pass *p, const struct owed *w, int payment, bool *personal)
{
	if (w->payee == NULL)
		return "";
	*personal = w->payee->kind == PARTY_STAFF;
	if (*personal)
		return w->payee->openid;
	return w->payee->provider == p->o->payments[payment].provider ? w->payee->merchant : "";
}

/* Who owes is set off by bank first; what others have left of his account must cover it. */
static bool
is_clear(const struct payout_pass *p, const struct owed *w)
{
	const int64_t avail = payout_balance(p->balances, w->account);
	int64_t owes;

	if (account_bounded(w->account) && -avail < w->fen)
		return false;
	if (account_kind(w->account) != ACCOUNT_DEALER_AVAIL)
		return true;
	owes = payout_balance(p->balances,
	    account_receivable(p->terms->world, w->party, account_other(w->account)));
	return owes <= (w->payee != NULL ? w->payee->flying_fen : 0);
}

static struct payout_ask *
split_ask(struct payout_pass *p, int payment)
{
	struct payout_order *o = p->o;
	struct payout_ask *a;

	for (int i = 0; i < o->ask_count; i++)
		if (o->asks[i].kind == CALL_SPLIT && o->asks[i].payment == payment)
			return &o->asks[i];
	a = plan_ask(p, CALL_SPLIT, payment, PAYOUT_RECEIVERS_MAX);
	if (a != NULL) {
		a->deadline_us = o->payments[payment].paid_us + p->terms->freeze_us;
		if (o->payments[payment].paid_us + SETTLE_US > p->terms->now_us)
			a->next_us = o->payments[payment].paid_us + SETTLE_US;
	}
	return a;
}

/* E5, and the leg becomes a receiver of the payment's split.  False: it must wait for the next one. */
static bool
instruct(struct payout_pass *p, const struct owed *w, int payment, const char *receiver,
    bool personal)
{
	struct payout_order *o = p->o;
	struct payout_ask *a = split_ask(p, payment);

	if (a == NULL)
		return false;
	for (int i = 0; i < a->item_count; i++)
		if (strcmp(a->items[i].receiver, receiver) == 0)
			return false;
	if (a->item_count == a->item_max)
		return false;
	a->items[a->item_count++] = (struct payout_ask_item){.party = w->party,
	    .receiver = receiver,
	    .personal = personal,
	    .fen = w->fen,
	    .made = o->made_count};
	a->fen += w->fen;
	o->made[o->made_count] = (struct payout_made){.payout_no = p->payout_next,
	    .account = w->account,
	    .fen = w->fen,
	    .party = w->party,
	    .batch = w->batch,
	    .asked = (int)(a - o->asks)};
	set_rail(o, w->account, RAIL_SPLIT, o->made_count++);
	payout_instructed(w->account, w->fen, &p->posting);
	plan_post(p, p->payout_next++, "", p->terms->now_us);
	return true;
}

static void
choose(struct payout_pass *p, const struct owed *w)
{
	struct payout_order *o = p->o;
	const enum rail other = w->payee != NULL && w->payee->bank ? RAIL_BANK : RAIL_OFFSET;
	const int payment = splittable(p);
	const char *receiver = "";
	bool personal = false;

	if (payment >= 0)
		receiver = receiver_of(p, w, payment, &personal);
	if (w->fen <= 0 || receiver[0] == '\0' || w->state == BATCH_REFUSED || !is_clear(p, w) ||
	    split_left(p, payment) < w->fen) {
		set_rail(o, w->account, other, -1);
	} else if (p->terms->approval_min_fen > 0 && w->fen >= p->terms->approval_min_fen &&
	    w->state != BATCH_INSTRUCTED) {
		if (!w->waits)
			set_rail(o, w->account, RAIL_SPLIT, -1);
		/* undecided when the provider's time is over, it goes by bank */
		plan_again(p,
		    o->payments[payment].paid_us + p->terms->freeze_us - p->terms->margin_us);
	} else if (!instruct(p, w, payment, receiver, personal)) {
		plan_again(p, p->terms->now_us);
	}
}

void
plan_rails(struct payout_pass *p)
{
	struct payout_order *o = p->o;
	struct owed *w = arena_array(p->arena, (size_t)o->payable_count, sizeof(*w));
	int n = 0, at;

	o->made = arena_array(p->arena, (size_t)o->payable_count, sizeof(*o->made));
	if (w == NULL || o->made == NULL) {
		p->err = ERR_NO_MEMORY;
		return;
	}
	for (int i = 0; i < o->payable_count; i++) {
		struct payout_payable *x = &o->payables[i];
		struct owed one;
		bool seen = false;

		if (x->made < 0 && x->rail == RAIL_NONE && x->not_before_us > p->terms->now_us)
			plan_again(p, x->not_before_us);
		for (int k = 0; k < n; k++)
			seen = seen || w[k].account == x->account;
		if (seen || !is_open(p, x))
			continue;
		one = owed_to(o, x);
		for (at = n++; at > 0 && before(&one, &w[at - 1]); at--)
			w[at] = w[at - 1];
		w[at] = one;
	}
	for (int i = 0; i < n && p->err == ERR_OK; i++)
		choose(p, &w[i]);
}

/* ---- Back from splits ---------------------------------------------------------------------------- */

/* What is left to take back of a split's receiver. */
static int64_t
returnable(const struct payout_pass *p, const struct payout_call *c, const struct payout_item *i)
{
	const struct payout_order *o = p->o;
	int64_t left = i->fen;

	for (int n = 0; n < o->call_count; n++)
		for (int k = 0; k < o->calls[n].item_count; k++)
			if (o->calls[n].kind == CALL_RETURN &&
			    strcmp(o->calls[n].split_number, c->number) == 0 &&
			    o->calls[n].items[k].party == i->party &&
			    o->calls[n].items[k].result != RESULT_CLOSED)
				left -= o->calls[n].items[k].fen;
	for (int n = 0; n < o->ask_count; n++)
		if (o->asks[n].kind == CALL_RETURN &&
		    strcmp(o->asks[n].split_number, c->number) == 0 &&
		    o->asks[n].items[0].party == i->party)
			left -= o->asks[n].fen;
	return left;
}

static bool
return_ask(struct payout_pass *p, struct payout_clawback *b, const struct payout_call *c,
    const struct payout_item *i)
{
	int64_t fen = returnable(p, c, i),
	        owes = payout_balance(p->balances,
	            account_number(ACCOUNT_RECV_DEALER, PROVIDER_NONE, b->party, b->creditor));
	struct payout_ask *a;

	if (fen > b->fen)
		fen = b->fen;
	if (fen > owes)
		fen = owes;
	if (i->party != b->party || i->personal || i->result != RESULT_SUCCESS || fen <= 0 ||
	    i->finished_us + p->terms->return_us <= p->terms->now_us)
		return false;
	a = plan_ask(p, CALL_RETURN, c->payment, 1);
	if (a == NULL)
		return true;
	a->split_number = c->number;
	a->fen = fen;
	a->deadline_us = i->finished_us + p->terms->return_us;
	a->items[a->item_count++] = (struct payout_ask_item){.party = b->party,
	    .receiver = i->receiver,
	    .fen = fen,
	    .made = -1};
	b->asked = p->o->ask_count - 1;
	b->state = CLAWBACK_ASKED;
	return true;
}

void
plan_clawbacks(struct payout_pass *p)
{
	struct payout_order *o = p->o;

	for (int n = 0; n < o->clawback_count; n++) {
		struct payout_clawback *b = &o->clawbacks[n];
		bool asked = false;

		if (b->state != CLAWBACK_DUE)
			continue;
		for (int c = 0; c < o->call_count && !asked; c++)
			for (int i = 0;
			     o->calls[c].kind == CALL_SPLIT && i < o->calls[c].item_count && !asked;
			     i++)
				asked = return_ask(p, b, &o->calls[c], &o->calls[c].items[i]);
		b->changed = true;
		if (!asked)
			b->state = CLAWBACK_NETTED;
	}
}
