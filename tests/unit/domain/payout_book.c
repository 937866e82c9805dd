#include "unit.h"

#include "base/clock.h"
#include "payout_book.h"

#define FREEZE_DAYS 30

void
book_begin(struct payout_book *b, struct money_world *w, int32_t collector)
{
	memset(b, 0, sizeof(*b));
	b->w = w;
	b->arena = w->arena;
	b->terms = (struct payout_terms){.world = &w->w,
	    .now_us = US_PER_DAY,
	    .freeze_us = FREEZE_DAYS * US_PER_DAY,
	    .margin_us = US_PER_DAY,
	    .retry_us = 60 * US_PER_MIN,
	    .return_us = 180 * US_PER_DAY,
	    .cap_bps = 3000,
	    .split_tries_max = 3,
	    .connectors = 1u << PROVIDER_WECHAT};
	b->o = (struct payout_order){.dealer = DEALER_D,
	    .collector = collector,
	    .payments = b->payments,
	    .settlements = b->settlements,
	    .payables = b->payables,
	    .payouts = b->payouts,
	    .calls = b->calls,
	    .refunds = b->refunds,
	    .clawbacks = b->clawbacks,
	    .payees = b->payees,
	    .payee_count = PARTY_IDS - 1};
	b->o.money = (struct order_money){.world = &w->w, .collector = collector, .rows = b->rows};
	for (int i = 0; i < PARTY_IDS - 1; i++)
		b->payees[i] = (struct payout_payee){.party = i + 1,
		    .kind = b->w->parties[i].kind,
		    .provider = PROVIDER_WECHAT,
		    .merchant = "",
		    .openid = i + 1 == STAFF_S ? "oS" : ""};
	b->payees[BRAND - 1].merchant = "m-brand";
	b->payees[DEALER_D - 1].merchant = "m-d";
	b->payees[DEALER_F - 1].merchant = "m-f";
	b->payees[PLATFORM_OP - 1].merchant = "m-op";
	b->payees[WAREHOUSE_W - 1].bank = true;
}

void
book_row(struct payout_book *b, enum journal_event event, int event_no, int number,
    const struct book_leg *legs, int count)
{
	struct money_row *r = &b->rows[b->row_count];
	int64_t sum = 0;
	int n = 0;

	assert_true(b->row_count < BOOK_ROWS && count <= BOOK_LEGS);
	for (int i = 0; i < count; i++) {
		if (legs[i].fen == 0)
			continue;
		b->account[b->row_count][n] = legs[i].account;
		b->fen[b->row_count][n++] = legs[i].fen;
		sum += legs[i].fen;
	}
	assert_int_equal(sum, 0);
	*r = (struct money_row){.event = event,
	    .event_no = event_no,
	    .number = number,
	    .leg_count = n,
	    .account = b->account[b->row_count],
	    .fen = b->fen[b->row_count]};
	for (int i = 0; i < b->row_count; i++)
		assert_false(b->rows[i].event == event && b->rows[i].event_no == event_no);
	b->o.money.row_count = ++b->row_count;
}

static int64_t
psp(const struct payout_book *b, enum account_kind k)
{
	return account_number(k, PROVIDER_WECHAT, b->o.collector, 0);
}

#define C_ORDER account_number(ACCOUNT_C_ORDER, PROVIDER_NONE, 0, 0)

void
book_pay(struct payout_book *b, int64_t fen, int64_t fee_fen)
{
	int n = b->o.payment_count++;
	struct book_leg e1[] = {{psp(b, ACCOUNT_PSP_FROZEN), fen}, {C_ORDER, -fen}},
	                e2[] = {{C_ORDER, fee_fen}, {psp(b, ACCOUNT_PSP_FROZEN), -fee_fen}};

	b->payments[n] = (struct payout_payment){.provider = PROVIDER_WECHAT,
	    .number = n == 0 ? "pay-1" : "pay-2",
	    .fen = fen,
	    .paid_us = b->terms.now_us,
	    .ordinal = n + 1};
	book_row(b, EVENT_E1_PAID, n + 1, 0, e1, 2);
	book_row(b, EVENT_E2_FEE, n + 1, 0, e2, 2);
}

void
book_split(struct payout_book *b, int number, int64_t due_us, const struct book_leg *legs,
    int count)
{
	book_row(b, EVENT_E3_SPLIT, 1000 + number, number, legs, count);
	b->settlements[b->o.settlement_count++] =
	    (struct payout_settlement){.number = number, .due_us = due_us};
}

void
book_refund(struct payout_book *b, int refund_no, int payment, int64_t fen, int64_t rebate_fen)
{
	b->refunds[b->o.refund_count++] = (struct payout_refund){.refund_no = refund_no,
	    .part_no = 1,
	    .payment = payment,
	    .fen = fen,
	    .rebate_fen = rebate_fen,
	    .due_us = b->terms.now_us,
	    .state = REFUND_DUE,
	    .number = ""};
}

void
book_clawback(struct payout_book *b, int refund_no, int32_t party, int64_t fen)
{
	b->clawbacks[b->o.clawback_count++] = (struct payout_clawback){.refund_no = refund_no,
	    .party = party,
	    .creditor = b->o.collector == party ? BRAND : b->o.collector,
	    .fen = fen,
	    .state = CLAWBACK_DUE,
	    .number = ""};
}

int64_t
book_sum(const struct payout_book *b, int64_t account)
{
	int64_t fen = 0;

	for (int r = 0; r < b->row_count; r++)
		for (int i = 0; i < b->rows[r].leg_count; i++)
			if (b->rows[r].account[i] == account)
				fen += b->rows[r].fen[i];
	return fen;
}

static void
balances(const struct payout_book *b, struct payout_balances *out)
{
	*out = (struct payout_balances){.max = BOOK_ROWS,
	    .rows = arena_array(b->arena, BOOK_ROWS, sizeof(*out->rows))};
	for (int r = 0; r < b->row_count; r++)
		for (int i = 0; i < b->rows[r].leg_count; i++) {
			int64_t a = b->rows[r].account[i];
			bool seen = !account_bounded(a);

			for (int k = 0; k < out->count; k++)
				seen = seen || out->rows[k].account == a;
			if (!seen)
				out->rows[out->count++] =
				    (struct money_balance){.account = a, .fen = book_sum(b, a)};
		}
}

/* ---- What a pass writes -------------------------------------------------------------------------- */

static const char *
number_of(struct payout_book *b, int n)
{
	return arena_printf(b->arena, "call-%d", n);
}

static void
keep_calls(struct payout_book *b, int payout_first)
{
	struct payout_order *o = &b->o;

	for (int i = 0; i < o->ask_count; i++) {
		struct payout_ask *a = &o->asks[i];
		struct payout_call *c = &b->calls[o->call_count + i];

		*c = (struct payout_call){.number = number_of(b, a->number),
		    .split_number = a->split_number,
		    .kind = a->kind,
		    .state = CALL_QUEUED,
		    .payment = a->payment,
		    .item_count = a->item_count,
		    .items = arena_array(b->arena, (size_t)a->item_count, sizeof(*c->items))};
		for (int n = 0; n < a->item_count; n++)
			c->items[n] = (struct payout_item){.item_no = n + 1,
			    .party = a->items[n].party,
			    .receiver = a->items[n].receiver,
			    .personal = a->items[n].personal,
			    .fen = a->items[n].fen,
			    .payout = a->items[n].made >= 0 ? payout_first + a->items[n].made : -1,
			    .result = RESULT_PENDING,
			    .fail_reason = ""};
	}
}

/* Payables that a payout took leave the open ones; those of a closed one are open again. */
static void
keep_payables(struct payout_book *b, int payout_first)
{
	struct payout_order *o = &b->o;
	struct payout_payable *from = o->payables;
	int n = 0;

	for (int i = 0; i < o->payable_count; i++) {
		struct payout_payable x = from[i];

		x.fresh = x.changed = false;
		if (x.made >= 0) {
			b->paid_by[b->paid_count] = payout_first + x.made;
			b->paid[b->paid_count++] = x;
		} else {
			b->payables[n++] = x;
		}
	}
	for (int i = 0; i < b->paid_count; i++) {
		struct payout_payout *p = &b->payouts[b->paid_by[i]];

		if (!p->changed || p->state != PAYOUT_CLOSED)
			continue;
		b->payables[n] = b->paid[i];
		b->payables[n].rail = p->rail;
		b->payables[n].not_before_us = p->not_before_us;
		b->payables[n++].made = -1;
		b->paid[i--] = b->paid[--b->paid_count];
		b->paid_by[i + 1] = b->paid_by[b->paid_count];
	}
	o->payables = b->payables;
	o->payable_count = n;
	o->payable_max = BOOK_MAX / 2;
	assert_true(n < BOOK_MAX / 2 && b->paid_count < BOOK_MAX);
}

static void
keep_payouts(struct payout_book *b)
{
	struct payout_order *o = &b->o;

	for (int i = 0; i < o->payout_count; i++)
		b->payouts[i].changed = false;
	for (int i = 0; i < o->made_count; i++)
		b->payouts[o->payout_count++] =
		    (struct payout_payout){.payout_no = o->made[i].payout_no,
		        .account = o->made[i].account,
		        .fen = o->made[i].fen,
		        .party = o->made[i].party,
		        .state = PAYOUT_INSTRUCTED,
		        .fail_reason = ""};
}

int
book_pass(struct payout_book *b)
{
	struct payout_order *o = &b->o;
	struct payout_balances bal;
	int payout_first = o->payout_count, posted = 0;

	balances(b, &bal);
	assert_int_equal(payout_plan(&b->terms, o, &bal, b->arena), ERR_OK);
	for (const struct payout_posting *x = o->postings; x != NULL; x = x->next, posted++) {
		struct book_leg legs[BOOK_LEGS];

		assert_true(x->posting.leg_count <= BOOK_LEGS);
		for (int i = 0; i < x->posting.leg_count; i++)
			legs[i] = (struct book_leg){x->posting.account[i], x->posting.fen[i]};
		b->refs[b->row_count] = x->ref;
		book_row(b, x->posting.event, x->event_no, x->posting.number, legs,
		    x->posting.leg_count);
	}
	keep_calls(b, payout_first);
	for (int i = 0; i < o->refund_count; i++)
		if (b->refunds[i].asked >= 0)
			b->refunds[i].number = number_of(b, o->asks[b->refunds[i].asked].number);
	for (int i = 0; i < o->clawback_count; i++)
		if (b->clawbacks[i].asked >= 0)
			b->clawbacks[i].number =
			    number_of(b, o->asks[b->clawbacks[i].asked].number);
	o->call_count += o->ask_count;
	assert_true(o->call_count < BOOK_MAX);
	keep_payables(b, payout_first);
	keep_payouts(b);
	return posted;
}

/* ---- The provider -------------------------------------------------------------------------------- */

void
book_answer(struct payout_book *b, int call, int item, enum provider_result r, const char *why)
{
	struct payout_item *i = &b->calls[call].items[item];

	assert_int_equal(i->result, RESULT_PENDING);
	b->calls[call].state = CALL_DONE;
	i->result = r;
	i->fail_reason = why;
	i->finished_us = b->terms.now_us;
}

void
book_run(struct payout_book *b)
{
	bool more = true;

	for (int pass = 0; more; pass++) {
		int calls = b->o.call_count;

		assert_true(pass < 100);
		more = book_pass(b) > 0 || b->o.call_count > calls;
		for (int c = 0; c < b->o.call_count; c++)
			for (int i = 0; i < b->calls[c].item_count; i++)
				if (b->calls[c].items[i].result == RESULT_PENDING) {
					book_answer(b, c, i, RESULT_SUCCESS, "");
					more = true;
				}
	}
}

/* ---- What must hold ------------------------------------------------------------------------------ */

static void
check_bounds(const struct payout_book *b, const char *label)
{
	for (int r = 0; r < b->row_count; r++)
		for (int i = 0; i < b->rows[r].leg_count; i++) {
			int64_t a = b->rows[r].account[i], fen = book_sum(b, a);
			enum account_kind k = account_kind(a);

			if (account_bounded(a) && (k == ACCOUNT_RECV_DEALER ? fen < 0 : fen > 0))
				fail_msg("%s: account kind %d stands at %lld", label, k,
				    (long long)fen);
			if (k == ACCOUNT_PSP_FROZEN && fen < 0)
				fail_msg("%s: %lld frozen", label, (long long)fen);
		}
}

static void
check_payables(const struct payout_book *b, const char *label)
{
	for (int r = 0; r < b->row_count; r++)
		for (int i = 0; i < b->rows[r].leg_count; i++) {
			int64_t a = b->rows[r].account[i], open = 0;

			if (!account_staged(a) || account_stage(a) != STAGE_AVAIL)
				continue;
			for (int n = 0; n < b->o.payable_count; n++)
				if (b->payables[n].account == a)
					open += b->payables[n].fen;
			row_equal(label, open, -book_sum(b, a));
		}
}

void
book_check(const struct payout_book *b, const char *label)
{
	check_bounds(b, label);
	check_payables(b, label);
	for (int p = 0; p < b->o.payment_count; p++) {
		int64_t split = 0;

		for (int c = 0; c < b->o.call_count; c++)
			for (int i = 0; i < b->calls[c].item_count; i++)
				if (b->calls[c].payment == p && b->calls[c].kind == CALL_SPLIT &&
				    b->calls[c].items[i].result != RESULT_CLOSED)
					split += b->calls[c].items[i].fen;
		if (split > b->payments[p].fen * b->terms.cap_bps / 10000)
			fail_msg("%s: %lld split of payment %d", label, (long long)split, p);
	}
}
