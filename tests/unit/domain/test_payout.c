/* payout: the worked examples from the hold to the money's end, and orders at random: refunds, closings, waiting. */
#include "unit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "draw.h"
#include "payout_book.h"

#define D_B(stage) account_number(ACCOUNT_DEALER_##stage, PROVIDER_NONE, DEALER_D, BRAND)
#define D_D(stage) account_number(ACCOUNT_DEALER_##stage, PROVIDER_NONE, DEALER_D, DEALER_D)
#define STAFF(stage) account_number(ACCOUNT_STAFF_##stage, PROVIDER_NONE, STAFF_S, 0)
#define OP(stage) account_number(ACCOUNT_PLATFORM_##stage, PROVIDER_NONE, 0, 0)
#define OWES account_number(ACCOUNT_RECV_DEALER, PROVIDER_NONE, DEALER_D, BRAND)
#define COST account_number(ACCOUNT_BRAND_COST, PROVIDER_NONE, 0, 0)
#define PROMO account_number(ACCOUNT_BRAND_PROMO, PROVIDER_NONE, 0, 0)
#define C_ORDER account_number(ACCOUNT_C_ORDER, PROVIDER_NONE, 0, 0)
#define C_REFUND account_number(ACCOUNT_C_REFUND, PROVIDER_NONE, 0, 0)
#define PSP(kind, party) account_number(ACCOUNT_PSP_##kind, PROVIDER_WECHAT, party, 0)
#define HOLD_US (8 * US_PER_DAY)

struct fixture {
	struct money_world w;
	struct payout_book b;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	money_world_init(&f->w);
	f->w.parties[BRAND - 1].provider = PROVIDER_WECHAT;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	money_world_release(&f->w);
	free(f);
	return 0;
}

/* The row of an event, its legs as wanted. */
static void
has_row(const struct payout_book *b, enum journal_event event, int event_no,
    const struct book_leg *want, int count)
{
	for (int r = 0; r < b->row_count; r++) {
		const struct money_row *row = &b->rows[r];

		if (row->event != event || row->event_no != event_no)
			continue;
		row_equal("legs", row->leg_count, count);
		for (int i = 0; i < count; i++) {
			int64_t fen = 0;

			for (int k = 0; k < row->leg_count; k++)
				if (row->account[k] == want[i].account)
					fen += row->fen[k];
			row_equal("leg", fen, want[i].fen);
		}
		return;
	}
	fail_msg("no row of event %d %d", event, event_no);
}
#define HAS(b, event, no, ...) \
	do { \
		const struct book_leg want_[] = {__VA_ARGS__}; \
		has_row((b), (event), (no), want_, ROWS(want_)); \
	} while (0)
#define SPLIT(b, number, ...) \
	do { \
		const struct book_leg legs_[] = {__VA_ARGS__}; \
		book_split((b), (number), (b)->terms.now_us + HOLD_US, legs_, ROWS(legs_)); \
	} while (0)
#define ROW(b, event, no, ...) \
	do { \
		const struct book_leg legs_[] = {__VA_ARGS__}; \
		book_row((b), (event), (no), 1, legs_, ROWS(legs_)); \
	} while (0)

/* The brand collected, all is delivered, the hold is over. */
static struct payout_book *
example_1(void **state)
{
	struct fixture *f = *state;
	struct payout_book *b = &f->b;

	book_begin(b, &f->w, BRAND);
	book_pay(b, 599900, 3599);
	SPLIT(b, 1, {C_ORDER, 596301}, {COST, -540000}, {D_B(HELD), -56301});
	row_equal("in the hold", book_pass(b), 0);
	b->terms.now_us += HOLD_US;
	return b;
}

static void
test_example_1(void **state)
{
	struct payout_book *b = example_1(state);

	row_equal("E4 and E5", book_pass(b), 2);
	row_equal("one call", b->o.call_count, 1);
	row_equal("again", book_pass(b), 0);
	book_run(b);
	HAS(b, EVENT_E4_HOLD_ENDED, 1, {D_B(HELD), 56301}, {D_B(AVAIL), -56301});
	HAS(b, EVENT_E5_PAYOUT, 1, {D_B(AVAIL), 56301}, {D_B(PAYOUT), -56301});
	HAS(b, EVENT_E6_PAID_OUT, 1, {D_B(PAYOUT), 56301}, {PSP(FROZEN, BRAND), -56301});
	HAS(b, EVENT_E7_RELEASED, 1, {PSP(AVAILABLE, BRAND), 540000},
	    {PSP(FROZEN, BRAND), -540000});
	book_check(b, "example 1");
	row_equal("rows", b->row_count, 7);
}

static void
test_example_3(void **state)
{
	struct fixture *f = *state;
	struct payout_book *b = &f->b;

	book_begin(b, &f->w, DEALER_D);
	book_pay(b, 129900, 779);
	SPLIT(b, 1, {C_ORDER, 129121}, {OP(HELD), -1299}, {D_D(HELD), -127822});
	b->terms.now_us += HOLD_US;
	book_run(b);
	HAS(b, EVENT_E6_PAID_OUT, 1, {OP(PAYOUT), 1299}, {PSP(FROZEN, DEALER_D), -1299});
	HAS(b, EVENT_E7D_RELEASED, 1, {D_D(HELD), 127822}, {PSP(FROZEN, DEALER_D), -127822});
	book_check(b, "example 3");
}

/* Of what the dealer holds for others the brand becomes his creditor, and pays them. */
static void
test_others_of_a_dealers(void **state)
{
	struct fixture *f = *state;
	struct payout_book *b = &f->b;
	int64_t w = account_number(ACCOUNT_WAREHOUSE_HELD, PROVIDER_NONE, WAREHOUSE_W, 0);

	book_begin(b, &f->w, DEALER_D);
	book_pay(b, 100000, 600);
	SPLIT(b, 1, {C_ORDER, 99400}, {COST, -60000}, {w, -500}, {D_D(HELD), -38900});
	b->terms.now_us += HOLD_US;
	book_run(b);
	HAS(b, EVENT_E7D_RELEASED, 1, {D_D(HELD), 38900}, {OWES, 60500},
	    {PSP(FROZEN, DEALER_D), -99400});
	row_equal("by bank", b->payables[0].rail, RAIL_BANK);
	book_check(b, "others");
}

/* More is his than was paid in cash: the brand, who funded it, pays the rest. */
static void
test_funded(void **state)
{
	struct fixture *f = *state;
	struct payout_book *b = &f->b;

	book_begin(b, &f->w, DEALER_D);
	book_pay(b, 29997, 180);
	ROW(b, EVENT_J_ADJUST, 1, {PROMO, 5000}, {C_ORDER, -5000});
	SPLIT(b, 1, {C_ORDER, 34817}, {D_D(HELD), -34817});
	b->terms.now_us += HOLD_US;
	book_run(b);
	HAS(b, EVENT_E7D_RELEASED, 1, {D_D(HELD), 29817}, {PSP(FROZEN, DEALER_D), -29817});
	HAS(b, EVENT_E7D_RELEASED, 100, {D_D(HELD), 5000}, {D_B(AVAIL), -5000});
	book_check(b, "funded");
}

/* What others give back of their splits lands in his own merchant account: the brand, whom they owe it, is owed it. */
static void
test_returned_to_a_dealer(void **state)
{
	const int64_t f_held =
	    account_number(ACCOUNT_DEALER_HELD, PROVIDER_NONE, DEALER_F, DEALER_D);
	const int64_t f_owes =
	    account_number(ACCOUNT_RECV_DEALER, PROVIDER_NONE, DEALER_F, DEALER_D);
	struct fixture *f = *state;
	struct payout_book *b = &f->b;

	book_begin(b, &f->w, DEALER_D);
	book_pay(b, 100000, 600);
	SPLIT(b, 1, {C_ORDER, 99400}, {f_held, -20000}, {D_D(HELD), -79400});
	b->terms.now_us += HOLD_US;
	book_run(b);
	ROW(b, EVENT_R1_REFUND, 1005, {f_owes, 20000}, {OWES, 79400},
	    {PSP(FEE_REBATE, DEALER_D), 600}, {C_REFUND, -100000});
	book_refund(b, 1005, 0, 100000, 600);
	book_clawback(b, 1005, DEALER_F, 20000);
	book_run(b);
	HAS(b, EVENT_R2_REFUNDED, 1005 * 8 + 1, {C_REFUND, 100000},
	    {PSP(FEE_REBATE, DEALER_D), -600}, {OWES, -79400}, {D_B(AVAIL), -20000});
	HAS(b, EVENT_R3_RETURNED, 1, {PSP(AVAILABLE, DEALER_D), 20000}, {f_owes, -20000});
	HAS(b, EVENT_E7D_RELEASED, 100, {PSP(AVAILABLE, DEALER_D), -20000}, {OWES, 20000});
	book_check(b, "returned to a dealer");
}

static void
example_14(struct payout_book *b, struct money_world *w)
{
	book_begin(b, w, BRAND);
	book_pay(b, 299900, 1799);
	SPLIT(b, 1, {C_ORDER, 298101}, {COST, -262000}, {STAFF(HELD), -2999}, {D_B(HELD), -33102});
	b->terms.now_us += HOLD_US;
}

static void
test_example_18(void **state)
{
	struct fixture *f = *state;
	struct payout_book *b = &f->b;

	example_14(b, &f->w);
	(void)book_pass(b);
	row_equal("two receivers", b->calls[0].item_count, 2);
	row_equal("the owner first", b->calls[0].items[0].party, DEALER_D);
	book_answer(b, 0, 0, RESULT_SUCCESS, "");
	book_answer(b, 0, 1, RESULT_CLOSED, "RECEIVER_REAL_NAME_NOT_VERIFIED");
	(void)book_pass(b);
	HAS(b, EVENT_E6_PAID_OUT, 1, {D_B(PAYOUT), 33102}, {PSP(FROZEN, BRAND), -33102});
	HAS(b, EVENT_E6_CLOSED, 2, {STAFF(PAYOUT), 2999}, {STAFF(AVAIL), -2999});
	book_check(b, "example 18");
	row_equal("nothing is released yet", b->o.call_count, 1);
	row_equal("look again", b->o.again_us, b->terms.now_us + b->terms.retry_us);
	b->terms.now_us += b->terms.retry_us;
	book_run(b);
	HAS(b, EVENT_E6_PAID_OUT, 3, {STAFF(PAYOUT), 2999}, {PSP(FROZEN, BRAND), -2999});
	HAS(b, EVENT_E7_RELEASED, 1, {PSP(AVAILABLE, BRAND), 262000},
	    {PSP(FROZEN, BRAND), -262000});
	book_check(b, "example 18");
}

static void
test_example_12(void **state)
{
	struct fixture *f = *state;
	struct payout_book *b = &f->b;

	book_begin(b, &f->w, BRAND);
	book_pay(b, 100000, 600);
	b->terms.now_us += 30 * US_PER_DAY;
	row_equal("released by the provider", book_pass(b), 1);
	HAS(b, EVENT_E7_RELEASED, 1, {PSP(AVAILABLE, BRAND), 99400}, {PSP(FROZEN, BRAND), -99400});
	row_text("by the payment's number", b->refs[b->row_count - 1], "pay-1");
	book_pay(b, 899900, 5399);
	SPLIT(b, 1, {C_ORDER, 993901}, {COST, -900000}, {D_B(HELD), -93901});
	b->terms.now_us += HOLD_US;
	book_run(b);
	row_equal("of the balance", b->calls[0].payment, 1);
	row_equal("frozen", book_sum(b, PSP(FROZEN, BRAND)), 0);
	row_equal("available", book_sum(b, PSP(AVAILABLE, BRAND)), 900000);
	book_check(b, "example 12");
}

static void
test_example_8(void **state)
{
	struct fixture *f = *state;
	struct payout_book *b = &f->b;

	book_begin(b, &f->w, BRAND);
	book_pay(b, 290000, 1740);
	ROW(b, EVENT_J_ADJUST, 1, {PROMO, 10000}, {C_ORDER, -10000});
	SPLIT(b, 1, {C_ORDER, 298260}, {COST, -240000}, {D_B(HELD), -58260});
	b->terms.now_us += HOLD_US;
	book_run(b);
	HAS(b, EVENT_E7_RELEASED, 1, {PSP(AVAILABLE, BRAND), 230000},
	    {PSP(FROZEN, BRAND), -230000});
	ROW(b, EVENT_R1_REFUND, 1005, {COST, 80000}, {OWES, 19420}, {PSP(FEE_REBATE, BRAND), 580},
	    {PROMO, -3333}, {C_REFUND, -96667});
	book_refund(b, 1005, 0, 96667, 580);
	book_clawback(b, 1005, DEALER_D, 19420);
	book_run(b);
	HAS(b, EVENT_R2_REFUNDED, 1005 * 8 + 1, {C_REFUND, 96667}, {PSP(AVAILABLE, BRAND), -96087},
	    {PSP(FEE_REBATE, BRAND), -580});
	HAS(b, EVENT_R3_RETURNED, 1, {PSP(AVAILABLE, BRAND), 19420}, {OWES, -19420});
	book_check(b, "example 8");
}

/* The legs of a row, all of them. */
static void
is_row(const char *label, const struct posting *p, const struct book_leg *want, int count)
{
	row_equal(label, p->leg_count, count);
	for (int i = 0; i < count; i++)
		row_equal(label, posting_sum(p, want[i].account), want[i].fen);
}
#define IS(label, p, ...) \
	do { \
		const struct book_leg want_[] = {__VA_ARGS__}; \
		is_row((label), (p), want_, ROWS(want_)); \
	} while (0)

static void
test_example_15(void **state)
{
	struct posting p;

	(void)state;
	payout_netted(D_B(AVAIL), OWES, 19420, &p);
	IS("E5a", &p, {D_B(AVAIL), 19420}, {OWES, -19420});
	payout_instructed(D_B(AVAIL), 40872 - 19420, &p);
	IS("E5b", &p, {D_B(AVAIL), 21452}, {D_B(PAYOUT), -21452});
	payout_paid(D_B(AVAIL), PSP(AVAILABLE, BRAND), 21452, &p);
	IS("E6", &p, {D_B(PAYOUT), 21452}, {PSP(AVAILABLE, BRAND), -21452});
	/* he owes 58260: all he has is set off, 17388 are carried forward */
	payout_netted(D_B(AVAIL), OWES, 40872, &p);
	IS("15b, E5a", &p, {D_B(AVAIL), 40872}, {OWES, -40872});
	payout_instructed(D_B(AVAIL), 0, &p);
	row_equal("15b: no transfer", p.leg_count, 0);
	payout_netted(D_B(AVAIL), OWES, 0, &p);
	row_equal("nothing to set off", p.leg_count, 0);
}

/* What does not fit under the cap goes whole by another rail, the next leg may still fit. */
static void
test_cap(void **state)
{
	struct fixture *f = *state;
	struct payout_book *b = &f->b;

	row_equal("floor", payout_cap(55, 0, 500), 2);
	row_equal("of what was not refunded", payout_cap(290000, 96666, 3000), 58000);
	book_begin(b, &f->w, BRAND);
	book_pay(b, 100000, 600);
	SPLIT(b, 1, {C_ORDER, 99400}, {COST, -64400}, {STAFF(HELD), -1000}, {D_B(HELD), -34000});
	b->terms.now_us += HOLD_US;
	book_run(b);
	row_equal("staff alone", b->calls[0].item_count, 1);
	row_equal("staff alone", b->calls[0].items[0].party, STAFF_S);
	row_equal("the owner otherwise", b->payables[0].rail, RAIL_OFFSET);
	row_equal("whole", b->payables[0].fen, 34000);
	book_check(b, "cap");
}

static void
test_approval(void **state)
{
	struct payout_book *b = example_1(state);

	b->terms.approval_min_fen = 56301;
	row_equal("E4 alone", book_pass(b), 1);
	row_equal("waits", b->payables[0].rail, RAIL_SPLIT);
	row_equal("and is not released", b->o.call_count, 0);
	b->payables[0].batch.b[0] = 1;
	b->payables[0].state = BATCH_PREPARED;
	row_equal("prepared", book_pass(b), 0);
	b->payables[0].state = BATCH_INSTRUCTED;
	row_equal("agreed", book_pass(b), 1);
	book_run(b);
	row_equal("released", book_sum(b, PSP(FROZEN, BRAND)), 0);
}

static void
test_debtor(void **state)
{
	struct payout_book *b = example_1(state);
	struct payout_balances none = {0};

	ROW(b, EVENT_J_ADJUST, 9, {OWES, 100}, {COST, -100});
	book_run(b);
	row_equal("set off first", b->payables[0].rail, RAIL_OFFSET);
	row_equal("not split", book_sum(b, PSP(AVAILABLE, BRAND)), 596301);
	row_equal("no balance", payout_balance(&none, OWES), 0);
}

/* ---- At random ----------------------------------------------------------------------------------- */

static uint32_t
below(uint64_t *r, uint32_t n)
{
	return (uint32_t)(draw(r) % n);
}

/* What is taken back of ${fen} that ${held}'s party earned: held, then available, then owed. */
static int
take_back(struct payout_book *b, int64_t held, int64_t fen, int64_t owes, struct book_leg *legs,
    int event_no)
{
	int64_t avail = account_at_stage(held, STAGE_AVAIL), part;
	int n = 0;

	part = -book_sum(b, held) < fen ? -book_sum(b, held) : fen;
	legs[n++] = (struct book_leg){held, part};
	fen -= part;
	part = -book_sum(b, avail) < fen ? -book_sum(b, avail) : fen;
	legs[n++] = (struct book_leg){avail, part};
	if (part > 0)
		b->payables[b->o.payable_count++] =
		    (struct payout_payable){.event = EVENT_R1_REFUND,
		        .event_no = event_no,
		        .account = avail,
		        .party = DEALER_D,
		        .fen = -part,
		        .made = -1};
	fen -= part;
	legs[n++] = (struct book_leg){owes, fen};
	if (fen > 0)
		book_clawback(b, event_no, DEALER_D, fen);
	return n;
}

struct shares {
	int64_t cost, dealer, staff, op,
	    left; /* left: of the dealer's and the cost's, to be refunded */
};

static void
deliver(struct payout_book *b, uint64_t *r, int number, struct shares *s, int64_t fen)
{
	const int64_t held = b->o.collector == BRAND ? D_B(HELD) : D_D(HELD);
	int64_t staff = below(r, 3) == 0 ? fen / 100 : 0, op = below(r, 3) == 0 ? fen / 50 : 0,
	        dealer = fen * (int64_t)below(r, 50) / 100;

	SPLIT(b, number, {C_ORDER, fen}, {STAFF(HELD), -staff}, {OP(HELD), -op}, {held, -dealer},
	    {COST, -(fen - staff - op - dealer)});
	s->cost += fen - staff - op - dealer;
	s->dealer += dealer;
}

static void
give_back(struct payout_book *b, uint64_t *r, struct shares *s, int event_no)
{
	const int64_t held = b->o.collector == BRAND ? D_B(HELD) : D_D(HELD);
	int64_t dealer = s->dealer > 0 ? (int64_t)below(r, (uint32_t)s->dealer + 1) : 0,
	        cost = s->cost > 0 ? (int64_t)below(r, (uint32_t)s->cost + 1) : 0;
	int payment = (int)below(r, (uint32_t)b->o.payment_count), n;
	int64_t room = b->payments[payment].fen;
	struct book_leg legs[BOOK_LEGS];

	for (int i = 0; i < b->o.refund_count; i++)
		if (b->refunds[i].payment == payment)
			room -= b->refunds[i].fen;
	if (dealer + cost == 0 || dealer + cost > room || b->o.refund_count >= 8 ||
	    b->o.clawback_count >= 8)
		return;
	n = take_back(b, held, dealer, OWES, legs, event_no);
	legs[n++] = (struct book_leg){COST, cost};
	legs[n++] = (struct book_leg){C_REFUND, -(dealer + cost)};
	book_row(b, EVENT_R1_REFUND, event_no, 0, legs, n);
	book_refund(b, event_no, payment, dealer + cost, 0);
	s->dealer -= dealer;
	s->cost -= cost;
}

static void
answer(struct payout_book *b, uint64_t *r)
{
	static const char *const why[] = {"ACCOUNT_ABNORMAL", "NO_RELATION", "CAP", "NOT_ENOUGH"};

	for (int c = 0; c < b->o.call_count; c++)
		for (int i = 0; i < b->calls[c].item_count; i++) {
			if (b->calls[c].items[i].result != RESULT_PENDING)
				continue;
			/* an unfreeze behind the splits, as the queue has it */
			if (below(r, 2) == 0)
				continue;
			if (below(r, 4) == 0)
				book_answer(b, c, i, RESULT_CLOSED, why[below(r, ROWS(why))]);
			else
				book_answer(b, c, i, RESULT_SUCCESS, "");
		}
}

static void
one_order(struct fixture *f, uint64_t *r, const char *label)
{
	struct payout_book *b = &f->b;
	struct shares s = {0};
	int64_t fen[2] = {0, 0}, left;
	int parts = 1 + (int)below(r, 3), refund = 2000;
	struct arena *arena = arena_new((size_t)256 << 20);

	assert_non_null(arena);
	book_begin(b, &f->w, below(r, 2) == 0 ? BRAND : DEALER_D);
	b->arena = arena;
	if (below(r, 4) == 0)
		b->terms.connectors = 0;
	fen[0] = 1000 + (int64_t)below(r, 1000000);
	book_pay(b, fen[0], fen[0] * 6 / 1000);
	left = fen[0] - fen[0] * 6 / 1000;
	for (int step = 0; step < 60; step++) {
		b->terms.now_us += (int64_t)below(r, (uint32_t)(US_PER_DAY / 1000)) * 1000;
		if (step == 10 && below(r, 3) == 0) {
			fen[1] = 1000 + (int64_t)below(r, 1000000);
			book_pay(b, fen[1], 0);
			left += fen[1];
		}
		if (step > 12 && parts > 0 && below(r, 4) == 0) {
			int64_t part = parts == 1 ? left : left / 2;

			deliver(b, r, parts--, &s, part);
			left -= part;
		}
		if (below(r, 6) == 0)
			give_back(b, r, &s, refund++);
		answer(b, r);
		(void)book_pass(b);
		book_check(b, label);
		row_equal(label, book_pass(b), 0);
	}
	for (; parts > 0; left -= parts == 1 ? left : left / 2, parts--)
		deliver(b, r, parts, &s, parts == 1 ? left : left / 2);
	for (int day = 0; day < 40; day++) {
		b->terms.now_us += US_PER_DAY;
		book_run(b);
		for (int i = 0; i < b->o.refund_count; i++)
			if (b->refunds[i].state == REFUND_ASKED)
				b->refunds[i].state = REFUND_CONFIRMED; /* by a person */
		book_run(b);
		book_check(b, label);
	}
	row_equal(label, book_sum(b, C_ORDER), 0);
	row_equal(label, book_sum(b, C_REFUND), 0);
	row_equal(label, book_sum(b, PSP(FROZEN, b->o.collector)), 0);
	row_equal(label,
	    book_sum(b, D_B(PAYOUT)) + book_sum(b, STAFF(PAYOUT)) + book_sum(b, OP(PAYOUT)), 0);
	row_equal(label, book_sum(b, D_D(HELD)) + book_sum(b, D_B(HELD)), 0);
	for (int i = 0; i < b->o.payable_count; i++)
		if (b->payables[i].rail != RAIL_BANK && b->payables[i].rail != RAIL_OFFSET)
			fail_msg("%s: a payable without a rail", label);
	arena_free(arena);
}

static void
test_random(void **state)
{
	uint64_t seed = draw_seed("PAYOUT_SEED", 20261122);
	struct fixture *f = *state;
	char label[64];

	for (int i = 0; i < 1500; i++) {
		uint64_t r = seed + (uint64_t)i;

		(void)snprintf(label, sizeof(label), "PAYOUT_SEED=%llu",
		    (unsigned long long)(seed + (uint64_t)i));
		one_order(f, &r, label);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_example_1, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_example_3, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_others_of_a_dealers, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_funded, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_returned_to_a_dealer, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_example_18, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_example_12, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_example_8, setup, teardown),
	    cmocka_unit_test(test_example_15),
	    cmocka_unit_test_setup_teardown(test_cap, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_approval, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_debtor, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
