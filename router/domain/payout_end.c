/* payout_end: what the provider answered; what is released, by us or by the provider's own clock. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "domain/payout_step.h"

#define OWN_EVENT_FIRST 100 /* E7d behind the last release; payments are few */

/* ---- Released ------------------------------------------------------------------------------------ */

static int64_t
own_account(const struct payout_pass *p, enum account_kind k, int32_t other)
{
	return account_number(k, PROVIDER_NONE, p->o->collector, other);
}

/* What dealer C earned in this order and has not been given, less what he owes of it. */
static struct payout_own
own(const struct payout_pass *p)
{
	const int32_t c = p->o->collector, brand = p->terms->world->brand;

	return (struct payout_own){.collector = c,
	    .brand = brand,
	    .held_fen = -plan_sum(p, own_account(p, ACCOUNT_DEALER_HELD, c)),
	    .avail_fen = -plan_sum(p, own_account(p, ACCOUNT_DEALER_AVAIL, c)),
	    .owes_fen = plan_owes(p, own_account(p, ACCOUNT_RECV_DEALER, brand))};
}

static void
owed_dealer(struct payout_pass *p, enum journal_event event, int event_no, int32_t dealer,
    int32_t creditor, int64_t fen)
{
	plan_payable(p,
	    &(struct payout_payable){.event = event,
	        .event_no = event_no,
	        .account = account_number(ACCOUNT_DEALER_AVAIL, PROVIDER_NONE, dealer, creditor),
	        .party = dealer,
	        .fen = fen});
}

void
plan_release(struct payout_pass *p, int payment, const char *ref, int64_t at_us)
{
	struct payout_payment *pay = &p->o->payments[payment];
	const int64_t fen = plan_frozen(p, payment);
	struct payout_own mine;

	pay->released = pay->changed = true;
	if (p->o->collector == p->terms->world->brand) {
		payout_released(pay->provider, p->o->collector, fen, &p->posting);
	} else {
		/* Of his share as much as is here; the rest comes with the next payment, or from the brand. */
		mine = own(p);
		if (mine.held_fen > fen)
			mine.held_fen = fen;
		if (mine.avail_fen > fen - mine.held_fen)
			mine.avail_fen = fen - mine.held_fen;
		(void)payout_released_dealer(account_number(ACCOUNT_PSP_FROZEN, pay->provider,
		                                 mine.collector, 0),
		    &mine, fen, &p->posting);
	}
	plan_post(p, pay->ordinal, ref, at_us);
}

/* What came back of splits into dealer C's ${cash} and was not made his yet: nobody releases that. */
static int64_t
own_returned(const struct payout_pass *p, int64_t cash)
{
	int64_t fen = 0;

	for (int i = 0; i < p->o->money.row_count; i++) {
		const struct money_row *r = &p->o->money.rows[i];

		if (r->event == EVENT_R3_RETURNED || r->event == EVENT_E7D_RELEASED)
			fen += money_row_sum(r, cash);
	}
	for (const struct payout_posting *x = p->o->postings; x != NULL; x = x->next)
		if (x->posting.event == EVENT_R3_RETURNED)
			fen += posting_sum(&x->posting, cash);
	return fen;
}

/*
 * Everything is released: what a dealer who collected earned besides is set off, or the brand's to pay; what others gave
 * back of their splits he has, and owes the brand.
 */
static void
own_after(struct payout_pass *p)
{
	const struct payout_order *o = p->o;
	int event_no = OWN_EVENT_FIRST;
	struct payout_own mine;
	int64_t owed, cash = 0, returned_fen = 0;

	if (o->collector == p->terms->world->brand || o->payment_count == 0)
		return;
	for (int i = 0; i < o->payment_count; i++)
		if (!o->payments[i].released)
			return;
	mine = own(p);
	for (int i = 0; i < o->payment_count && returned_fen == 0; i++) {
		cash =
		    account_number(ACCOUNT_PSP_AVAILABLE, o->payments[i].provider, o->collector, 0);
		returned_fen = own_returned(p, cash);
	}
	if (mine.held_fen == 0 && mine.avail_fen == 0 && returned_fen == 0)
		return;
	for (int r = 0; r < o->money.row_count; r++)
		if (o->money.rows[r].event == EVENT_E7D_RELEASED &&
		    o->money.rows[r].event_no >= event_no)
			event_no = o->money.rows[r].event_no + 1;
	owed = payout_released_dealer(cash, &mine, returned_fen, &p->posting);
	plan_post(p, event_no, "", p->terms->now_us);
	owed_dealer(p, EVENT_E7D_RELEASED, event_no, o->collector, mine.brand, owed);
	if (owed > 0) /* rails were chosen before */
		plan_again(p, p->terms->now_us);
}

/* ---- Results ------------------------------------------------------------------------------------- */

static const char *
item_ref(struct payout_pass *p, const struct payout_call *c, const struct payout_item *i)
{
	size_t size = strlen(c->number) + strlen(i->receiver) + 2;
	char *text = arena_alloc(p->arena, size);

	if (text == NULL) {
		p->err = ERR_NO_MEMORY;
		return "";
	}
	(void)snprintf(text, size, "%s:%s", c->number, i->receiver);
	return text;
}

/* How often a split to ${party} of this order was closed. */
static int
closed_before(const struct payout_pass *p, int32_t party)
{
	int n = 0;

	for (int c = 0; c < p->o->call_count; c++)
		for (int i = 0; i < p->o->calls[c].item_count; i++)
			if (p->o->calls[c].kind == CALL_SPLIT &&
			    p->o->calls[c].items[i].party == party &&
			    p->o->calls[c].items[i].result == RESULT_CLOSED)
				n++;
	return n;
}

/* A leg that the provider's limits do not let through goes by bank at once. */
static bool
worth_another(const struct payout_pass *p, const struct payout_item *i)
{
	return strcmp(i->fail_reason, "CAP") != 0 && strcmp(i->fail_reason, "UNSPLIT") != 0 &&
	    strcmp(i->fail_reason, "RULE_LIMIT") != 0 &&
	    closed_before(p, i->party) < p->terms->split_tries_max;
}

static void
split_item_ends(struct payout_pass *p, const struct payout_call *c, const struct payout_item *i)
{
	const struct payout_order *o = p->o;
	struct payout_payout *r;

	if (i->payout < 0 || o->payouts[i->payout].state != PAYOUT_INSTRUCTED)
		return;
	r = &o->payouts[i->payout];
	r->changed = true;
	if (i->result == RESULT_SUCCESS) {
		r->state = PAYOUT_PAID;
		payout_paid(r->account,
		    account_number(ACCOUNT_PSP_FROZEN, o->payments[c->payment].provider,
		        o->collector, 0),
		    i->fen, &p->posting);
		plan_post(p, r->payout_no, item_ref(p, c, i), i->finished_us);
		plan_told(p, TOLD_PAID, i->fen);
		return;
	}
	r->state = PAYOUT_CLOSED;
	r->fail_reason = i->fail_reason;
	r->rail = RAIL_BANK;
	if (worth_another(p, i)) {
		r->rail = RAIL_NONE;
		r->not_before_us = p->terms->now_us + p->terms->retry_us;
		plan_again(p, r->not_before_us);
	}
	payout_closed(r->account, i->fen, &p->posting);
	plan_post(p, r->payout_no, item_ref(p, c, i), i->finished_us);
	plan_told(p, TOLD_CLOSED, i->fen);
}

static void
refund_done(struct payout_pass *p, struct payout_refund *r, const char *ref, int64_t at_us)
{
	const struct payout_order *o = p->o;
	const struct payout_payment *pay = &o->payments[r->payment];
	const int32_t brand = p->terms->world->brand;
	const int event_no = r->refund_no * 8 + r->part_no;
	struct payout_refund_done d = {.provider = pay->provider,
	    .collector = o->collector,
	    .brand = brand,
	    .fen = r->fen,
	    .rebate_fen = r->rebate_fen,
	    .released = pay->released};
	int64_t owed;

	if (o->collector != brand)
		d.owes_fen = plan_owes(p, own_account(p, ACCOUNT_RECV_DEALER, brand));
	owed = payout_refunded(&d, &p->posting);
	plan_post(p, event_no, ref, at_us);
	owed_dealer(p, EVENT_R2_REFUNDED, event_no, o->collector, brand, owed);
	r->state = REFUND_DONE;
	r->changed = true;
	plan_told(p, TOLD_REFUNDED, r->fen);
}

static void
refund_item_ends(struct payout_pass *p, const struct payout_call *c, const struct payout_item *i)
{
	for (int n = 0; n < p->o->refund_count; n++) {
		struct payout_refund *r = &p->o->refunds[n];

		if (r->state != REFUND_ASKED || strcmp(r->number, c->number) != 0)
			continue;
		if (i->result == RESULT_SUCCESS) {
			refund_done(p, r, c->number, i->finished_us);
		} else {
			r->state = REFUND_REFUSED;
			r->due_us = p->terms->now_us + p->terms->retry_us;
			r->changed = true;
		}
	}
}

static void
return_item_ends(struct payout_pass *p, const struct payout_call *c, const struct payout_item *i)
{
	const struct payout_order *o = p->o;

	for (int n = 0; n < o->clawback_count; n++) {
		struct payout_clawback *b = &o->clawbacks[n];
		int64_t receivable = account_number(ACCOUNT_RECV_DEALER, PROVIDER_NONE, b->party,
		            b->creditor),
		        owed;

		if (b->state != CLAWBACK_ASKED || strcmp(b->number, c->number) != 0)
			continue;
		b->changed = true;
		b->state = CLAWBACK_NETTED;
		if (i->result != RESULT_SUCCESS)
			continue;
		b->state = CLAWBACK_RETURNED;
		owed = payout_returned(
		    &(struct payout_return_done){.provider = o->payments[c->payment].provider,
		        .collector = o->collector,
		        .dealer = b->party,
		        .creditor = b->creditor,
		        .fen = i->fen,
		        .owes_fen = payout_balance(p->balances, receivable)},
		    &p->posting);
		plan_post(p, n + 1, c->number, i->finished_us);
		owed_dealer(p, EVENT_R3_RETURNED, n + 1, b->party, b->creditor, owed);
	}
}

static void
item_ends(struct payout_pass *p, const struct payout_call *c, struct payout_item *i)
{
	i->posted = i->changed = true;
	switch (c->kind) {
	case CALL_SPLIT:
		split_item_ends(p, c, i);
		break;
	case CALL_UNFREEZE:
		if (i->result == RESULT_SUCCESS && !p->o->payments[c->payment].released)
			plan_release(p, c->payment, c->number, i->finished_us);
		break;
	case CALL_RETURN:
		return_item_ends(p, c, i);
		break;
	default:
		refund_item_ends(p, c, i);
		break;
	}
}

/* ---- The provider's own clock -------------------------------------------------------------------- */

/* What was queued too late to be sent is closed. */
static void
drop_queued(struct payout_pass *p, int payment)
{
	for (int n = 0; n < p->o->call_count; n++) {
		struct payout_call *c = &p->o->calls[n];

		if (c->payment != payment || c->kind != CALL_SPLIT || c->state != CALL_QUEUED)
			continue;
		c->dropped = true;
		for (int i = 0; i < c->item_count; i++) {
			if (c->items[i].result != RESULT_PENDING)
				continue;
			c->items[i].result = RESULT_CLOSED;
			c->items[i].fail_reason = "UNSPLIT";
			c->items[i].finished_us = p->terms->now_us;
			item_ends(p, c, &c->items[i]);
		}
	}
}

static void
frozen_ends(struct payout_pass *p, int payment)
{
	const struct payout_payment *pay = &p->o->payments[payment];

	if (pay->released || !plan_connected(p, payment) || !plan_frozen_over(p, payment, 0))
		return;
	drop_queued(p, payment);
	/* what is on its way has an answer to come */
	if (plan_splitting(p, payment) == 0 && plan_refunding(p, payment) == 0 &&
	    !plan_unfreezing(p, payment))
		plan_release(p, payment, pay->number, pay->paid_us + p->terms->freeze_us);
	else
		plan_again(p, p->terms->now_us + p->terms->retry_us);
}

void
plan_results(struct payout_pass *p)
{
	struct payout_order *o = p->o;

	for (int c = 0; c < o->call_count; c++)
		for (int i = 0; i < o->calls[c].item_count; i++)
			if (o->calls[c].items[i].result != RESULT_PENDING &&
			    !o->calls[c].items[i].posted)
				item_ends(p, &o->calls[c], &o->calls[c].items[i]);
	for (int i = 0; i < o->refund_count; i++)
		if (o->refunds[i].state == REFUND_CONFIRMED)
			refund_done(p, &o->refunds[i], o->refunds[i].number, p->terms->now_us);
	for (int i = 0; i < o->payment_count; i++)
		frozen_ends(p, i);
}

/* ---- Releases ------------------------------------------------------------------------------------ */

/* When an unfreeze of ${payment} may be asked for; 0: never was. */
static int64_t
unfreeze_again_us(const struct payout_pass *p, int payment)
{
	int64_t at_us = 0;

	for (int c = 0; c < p->o->call_count; c++) {
		const struct payout_call *x = &p->o->calls[c];

		if (x->payment == payment && x->kind == CALL_UNFREEZE && x->item_count > 0 &&
		    x->items[0].result == RESULT_CLOSED &&
		    x->items[0].finished_us + p->terms->retry_us > at_us)
			at_us = x->items[0].finished_us + p->terms->retry_us;
	}
	return at_us;
}

static void
unfreeze_ask(struct payout_pass *p, int payment, int64_t fen)
{
	struct payout_ask *a;
	int64_t at_us = unfreeze_again_us(p, payment);

	if (at_us > p->terms->now_us) {
		plan_again(p, at_us);
		return;
	}
	a = plan_ask(p, CALL_UNFREEZE, payment, 1);
	if (a == NULL)
		return;
	a->fen = fen;
	a->deadline_us = p->o->payments[payment].paid_us + p->terms->freeze_us;
	a->items[a->item_count++] = (struct payout_ask_item){.party = p->o->collector,
	    .receiver = "",
	    .fen = fen,
	    .made = -1};
}

/* Is something of the order still to be split? */
static bool
to_split(const struct payout_order *o)
{
	for (int i = 0; i < o->payable_count; i++)
		if (o->payables[i].made < 0 &&
		    (o->payables[i].rail == RAIL_NONE || o->payables[i].rail == RAIL_SPLIT))
			return true;
	for (int i = 0; i < o->payout_count; i++)
		if (o->payouts[i].state == PAYOUT_INSTRUCTED ||
		    (o->payouts[i].changed && o->payouts[i].rail == RAIL_NONE &&
		        o->payouts[i].state == PAYOUT_CLOSED))
			return true;
	return false;
}

static void
release_due(struct payout_pass *p, int payment)
{
	const struct payout_payment *pay = &p->o->payments[payment];
	int64_t fen;

	if (!plan_connected(p, payment)) {
		plan_release(p, payment, "", p->terms->now_us);
		return;
	}
	if (plan_splitting(p, payment) != 0 || plan_refunding(p, payment) != 0 ||
	    plan_unfreezing(p, payment))
		return;
	fen = plan_frozen(p, payment);
	if (fen == 0)
		plan_release(p, payment, pay->number, p->terms->now_us);
	else
		unfreeze_ask(p, payment, fen);
}

/* A refund that may be asked for while the payment is frozen goes first. */
static bool
refund_waits(const struct payout_pass *p, int payment)
{
	for (int i = 0; i < p->o->refund_count; i++)
		if (p->o->refunds[i].payment == payment && p->o->refunds[i].state == REFUND_DUE)
			return true;
	return false;
}

void
plan_releases(struct payout_pass *p)
{
	const struct payout_order *o = p->o;
	const bool final = plan_final(p) && !to_split(o);

	for (int i = 0; i < o->payment_count; i++) {
		bool waits = plan_connected(p, i) && refund_waits(p, i);

		if (!o->payments[i].released && (o->wanted[i] || (final && !waits)))
			release_due(p, i);
	}
	if (final)
		own_after(p);
}
