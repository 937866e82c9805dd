/* finance: freight, claims, disputes and adjustments, by worked examples. */
#include "unit.h"

#include "domain/finance.h"
#include "money_order.h"

#define COURIER "P:courier:K:avail"
#define AVAILABLE "A:psp:wechat:BRAND:available"
#define DISPUTED "A:psp:wechat:BRAND:disputed"
#define OTHER account_number(ACCOUNT_BRAND_OTHER, PROVIDER_NONE, 0, 0)
#define AVAIL account_number(ACCOUNT_DEALER_AVAIL, PROVIDER_NONE, DEALER_D, BRAND)

/* What store/finance.c would read of ${o}. */
static struct finance_books
books_of(struct money_order *o)
{
	struct finance_sum *sums = arena_array(o->arena, 400, sizeof(*sums));
	int count = 0;

	assert_non_null(sums);
	for (int i = 0; i < o->m.row_count; i++)
		for (int k = 0; k < o->rows[i].leg_count; k++) {
			int n = 0;

			while (n < count &&
			    (sums[n].event != o->rows[i].event ||
			        sums[n].account != o->rows[i].account[k]))
				n++;
			if (n == count)
				sums[count++] = (struct finance_sum){.event = o->rows[i].event,
				    .account = o->rows[i].account[k]};
			sums[n].fen += o->rows[i].fen[k];
		}
	return (struct finance_books){.world = o->m.world,
	    .collector = o->m.collector,
	    .owner = o->m.owner,
	    .provider = PROVIDER_WECHAT,
	    .sum_count = count,
	    .sums = sums,
	    .balance_count = o->m.balance_count,
	    .balances = o->balances};
}

/* What ${call} makes of the order's books ${b} is posted: its legs are these. */
#define ACT(o, label, call, ...) \
	do { \
		const struct finance_books b = books_of(o); \
		struct posting p; \
		assert_int_equal(call, ERR_OK); \
		row_equal(label, finance_unbounded(&b, &p, 1), 0); \
		mo_write((o), &p, (o)->m.row_count); \
		mo_check((o), (label), mo_last(o), __VA_ARGS__, MO_END); \
	} while (0)
/* It makes no row. */
#define NO_ACT(o, label, call) \
	do { \
		const struct finance_books b = books_of(o); \
		struct posting p; \
		assert_int_equal(call, ERR_OK); \
		row_equal(label, p.leg_count, 0); \
	} while (0)

/* One piece, paid and not handed over. */
static struct money_order *
one(void **state, int64_t price, int64_t cost)
{
	struct money_order *o = *state;

	money_part(o->w, SITE, WAY_SHIP);
	money_row(o->w, money_line(o->w, price, 0, cost, 1), 1, BRAND);
	mo_begin(o, o->w, BRAND);
	mo_pay(o);
	return o;
}

/* As if paid out, or (below 0) of other orders: no row of E5 says what this order earned. */
static void
elsewhere(struct money_order *o, int64_t fen)
{
	struct posting p;

	posting_begin(&p, EVENT_E5_PAYOUT);
	posting_add(&p, AVAIL, fen, 0);
	posting_add(&p, OTHER, -fen, 0);
	assert_int_equal(posting_end(&p), ERR_OK);
	mo_write(o, &p, 1);
}

/* ---- Freight and claims --------------------------------------------------------------------------------- */

/* The parcel came back by the seller's fault: the brand pays both ways, the customer has all again. */
static void
test_failed_delivery(void **state)
{
	struct money_order *o = one(state, 199900, 150000);
	const struct money_units u = mo_units(o, 1, 0, 0);

	ACT(o, "F", finance_freight(&b, BRAND, COURIER_K, 4600, &p), "P:brand:other", 4600, COURIER,
	    -4600);
	BACK(o, .unsplit_count = 1, .unsplit = &u, .last = true);
	mo_check(o, "R1", mo_last(o), "C:order", 198701, REBATE, 1199, "C:refund", -199900, MO_END);
	mo_refund_done(o);
	mo_check(o, "R2", mo_last(o), "C:refund", 199900, FROZEN, -198701, REBATE, -1199, MO_END);
}

/* The customer refused it and pays the way back: both rows together. */
static void
test_refused_parcel(void **state)
{
	struct money_order *o = one(state, 199900, 150000);
	const struct money_units u = mo_units(o, 1, 0, 0);

	ACT(o, "F", finance_freight(&b, BRAND, COURIER_K, 4600, &p), "P:brand:other", 4600, COURIER,
	    -4600);
	BACK(o, .unsplit_count = 1, .unsplit = &u, .forfeit_fen = 2300, .last = true);
	assert_int_equal(o->got.cash_fen, 197600);
	mo_check_all(o, "all but R2", FROZEN, 198701, "C:refund", -197600, REBATE, 1185,
	    "P:brand:other", 2314, COURIER, -4600, MO_END);
	mo_refund_done(o);
	mo_check(o, "R2", mo_last(o), "C:refund", 197600, FROZEN, -196415, REBATE, -1185, MO_END);
}

/* A dealer bears freight: from what he has, then he owes. */
static void
test_freight_of_dealer(void **state)
{
	struct money_order *o = one(state, 10000, 8000); /* D earns 1940 */

	mo_e3(o, 0, 0, true);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	ACT(o, "F", finance_freight(&b, DEALER_D, COURIER_K, 1500, &p), D_AVAIL, 1500, COURIER,
	    -1500);
	ACT(o, "F, more than he has", finance_freight(&b, DEALER_D, COURIER_K, 1500, &p), D_AVAIL,
	    440, D_OWES, 1060, COURIER, -1500);
	ACT(o, "F, the platform's", finance_freight(&b, PLATFORM_OP, COURIER_K, 10, &p),
	    "P:op:avail", 10, COURIER, -10);
}

static void
test_claim(void **state)
{
	struct money_order *o = one(state, 199900, 150000);
	struct finance_books books;

	ACT(o, "L1", finance_claim(&b, COURIER_K, BRAND, 180000, &p), "A:recv:courier:K", 180000,
	    "P:brand:other", -180000);
	books = books_of(o);
	assert_int_equal(finance_claimed(&books, COURIER_K), 180000);
	ACT(o, "L2", finance_freight(&b, BRAND, COURIER_K, 2300, &p), "P:brand:other", 2300,
	    COURIER, -2300);
	ACT(o, "L3", finance_claim_paid(&b, COURIER_K, 180000, 2300, &p), "A:bank:BRAND", 177700,
	    COURIER, 2300, "A:recv:courier:K", -180000);
	books = books_of(o);
	assert_int_equal(finance_claimed(&books, COURIER_K), 0);
	ACT(o, "L1, a dealer's goods: his to be paid",
	    finance_claim(&b, COURIER_K, DEALER_F, 500, &p), "A:recv:courier:K", 500,
	    "P:dealer:F:BRAND:avail", -500);
}

/* ---- Disputes ---------------------------------------------------------------------------------------------- */

/* An order of which D has his share; ${more} of other money is available to him. */
static struct money_order *
disputed(void **state, int64_t more)
{
	struct money_order *o = one(state, 599900, 540000);

	mo_e3(o, 0, 0, true);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	elsewhere(o, 56301 - more);
	return o;
}

static void
test_dispute_lost(void **state)
{
	struct money_order *o = disputed(state, 60000);
	struct finance_books books = books_of(o);
	struct posting other;

	assert_int_equal(finance_paid(&books), 599900);
	ACT(o, "D1", finance_dispute_opened(&b, 599900, &p), DISPUTED, 599900, AVAILABLE, -599900);
	ACT(o, "D1b", finance_dispute_fenced(&b, 599900, &p), D_AVAIL, 56301, D_HELD, -56301);
	/* it is not the hold's of this order */
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	assert_int_equal(mo_last(o)->event, EVENT_D_DISPUTE);
	books = books_of(o);
	assert_int_equal(finance_disputed(&books), 599900);
	/* where the rule lets D bear the provider's fee: 3599, from what he has else */
	assert_int_equal(finance_dispute_lost(&books, DEALER_D, &other), ERR_OK);
	assert_int_equal(finance_unbounded(&books, &other, 1), 0);
	assert_int_equal(posting_sum(&other, OTHER), 540000);
	assert_int_equal(posting_sum(&other, AVAIL), 3599);
	ACT(o, "D2", finance_dispute_lost(&b, BRAND, &p), "P:brand:other", 543599, D_HELD, 56301,
	    DISPUTED, -599900);
}

static void
test_dispute_won(void **state)
{
	struct money_order *o = disputed(state, 30000);
	struct finance_books books;

	/* a third of it: a third of his share, 18767.59 */
	ACT(o, "D1", finance_dispute_opened(&b, 199973, &p), DISPUTED, 199973, AVAILABLE, -199973);
	ACT(o, "D1b", finance_dispute_fenced(&b, 199973, &p), D_AVAIL, 18768, D_HELD, -18768);
	ACT(o, "won", finance_dispute_won(&b, &p), AVAILABLE, 199973, DISPUTED, -199973, D_AVAIL,
	    -18768, D_HELD, 18768);
	books = books_of(o);
	assert_int_equal(finance_disputed(&books), 0);
}

/* Who was paid and has nothing left owes his share; whose work was done keeps what it cost. */
static void
test_dispute_shares(void **state)
{
	struct money_order *o = *state;
	struct money_world *w = o->w;
	struct finance_books books;
	struct posting paid;

	money_charge(&w->rules[0].platform_fee, 0, 100, BASE_GROSS);
	money_charge(&w->rules[0].staff, 0, 100, BASE_PAID);
	money_charge(&w->rules[0].warehouse, 0, 50, BASE_COST);
	money_charge(&w->rules[0].channel, 0, 200, BASE_PAID);
	w->request.storefront = AT_OUTSIDE;
	w->owner.staff = STAFF_S;
	w->parties[STAFF_S - 1].employer = DEALER_F;
	money_part(w, CLOUD, WAY_SHIP);
	money_row(w, money_line(w, 100000, 0, 80000, 1), 1, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 99400, "P:brand:cost", -80000,
	    "P:wh:W:held", -400, "P:op:held", -1000, "P:staff:S:held", -1000, "P:channel:C:held",
	    -2000, D_HELD, -15000, MO_END);
	ACT(o, "D1", finance_dispute_opened(&b, 100000, &p), DISPUTED, 100000, AVAILABLE, -100000);
	NO_ACT(o, "it is held still", finance_dispute_fenced(&b, 100000, &p));
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	books = books_of(o);
	assert_int_equal(finance_dispute_fenced(&books, 100000, &paid), ERR_OK);
	row_equal("a dealer's alone", paid.leg_count, 2);
	row_equal("a dealer's alone", posting_sum(&paid, AVAIL), 15000);
	posting_begin(&paid, EVENT_E5_PAYOUT);
	posting_add(&paid, AVAIL, 14000, 0);
	posting_add(&paid, account_number(ACCOUNT_STAFF_AVAIL, PROVIDER_NONE, STAFF_S, 0), 1000, 0);
	posting_add(&paid, account_number(ACCOUNT_PSP_FROZEN, PROVIDER_WECHAT, BRAND, 0), -15000,
	    0);
	assert_int_equal(posting_end(&paid), ERR_OK);
	mo_write(o, &paid, 1);
	ACT(o, "D2", finance_dispute_lost(&b, BRAND, &p), D_AVAIL, 1000, D_OWES, 14000,
	    "A:recv:dealer:F:BRAND", 1000, "P:op:avail", 1000, "P:channel:C:avail", 2000,
	    "P:brand:other", 81000, DISPUTED, -100000);
}

/* Of two units one came back: his share and the fee are of what is left; what the share took the fee cannot. */
static void
test_dispute_fee(void **state)
{
	struct money_order *o = *state;
	struct money_unit_line piece = {.line = 0, .quantity = 1};
	const struct money_units u = mo_some(1, 1, 0, &piece);

	money_part(o->w, SITE, WAY_SHIP);
	money_row(o->w, money_line(o->w, 10000, 0, 8000, 2), 2, BRAND);
	mo_begin(o, o->w, BRAND);
	mo_pay(o);
	mo_e3(o, 0, 0, true);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	BACK(o, .split_count = 1, .split = &u);
	/* all but a fen: 1939.81 and 59.99 */
	ACT(o, "D1", finance_dispute_opened(&b, 9999, &p), DISPUTED, 9999, AVAILABLE, -9999);
	ACT(o, "D2", finance_dispute_lost(&b, DEALER_D, &p), D_AVAIL, 1940, D_OWES, 60,
	    "P:brand:other", 7999, DISPUTED, -9999);
}

/* Who gave more than he earned has no share to return. */
static void
test_dispute_of_goodwill(void **state)
{
	struct money_order *o = one(state, 10000, 8000); /* D earns 1940 */

	mo_e3(o, 0, 0, true);
	BACK(o, .goodwill_fen = 3000, .bearer = DEALER_D);
	ACT(o, "D1", finance_dispute_opened(&b, 7000, &p), DISPUTED, 7000, AVAILABLE, -7000);
	ACT(o, "D2", finance_dispute_lost(&b, BRAND, &p), "P:brand:other", 7000, DISPUTED, -7000);
}

/* What is held still, and what came back, needs no fence; and nobody fences in what is not there. */
static void
test_dispute_fence(void **state)
{
	static const struct {
		const char *label;
		int64_t other; /* that D has available besides */
		bool back;     /* a unit came back before */
		int64_t fenced;
	} rows[] = {{"enough", 5000, false, 1940}, {"less", -1000, false, 940},
	    {"none", -1940, false, 0}, {"one came back", 5000, true, 1940}};
	struct money_order *o = *state;
	struct finance_books b;
	struct money_units u;
	struct posting p;

	for (size_t i = 0; i < ROWS(rows); i++) {
		money_line(o->w, 10000, 0, 8000, 2); /* D earns 1940 of each */
		money_part(o->w, SITE, WAY_SHIP);
		money_row(o->w, 0, 1, BRAND);
		money_part(o->w, CLOUD, WAY_SHIP);
		money_row(o->w, 0, 1, BRAND);
		mo_begin(o, o->w, BRAND);
		mo_pay(o);
		mo_e3(o, 0, 0, false);
		mo_e3(o, 1, 0, true);
		assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
		u = mo_units(o, 1, 1, 0);
		if (rows[i].back)
			BACK(o, .split_count = 1, .split = &u);
		elsewhere(o, -rows[i].other);
		b = books_of(o);
		assert_int_equal(finance_dispute_fenced(&b, finance_paid(&b), &p), ERR_OK);
		row_equal(rows[i].label, posting_sum(&p, AVAIL), rows[i].fenced);
		mo_again(o);
	}
}

/* ---- Adjustments ----------------------------------------------------------------------------------------- */

static void
party_codes(struct money_world *w)
{
	bool added;

	assert_true(strmap_init(&w->w.party_code, 64) == ERR_OK);
	for (int i = 0; i < w->w.party_count; i++)
		assert_int_equal(strmap_put(&w->w.party_code, w->parties[i].code, (uint32_t)i,
		                     &added),
		    ERR_OK);
}

static void
test_accounts(void **state)
{
	static const struct {
		const char *text;
		enum account_kind kind; /* 0: no account */
		bool may;
	} rows[] = {
	    {"P:brand:cost", ACCOUNT_BRAND_COST, true},
	    {D_AVAIL, ACCOUNT_DEALER_AVAIL, true},
	    {D_OWES, ACCOUNT_RECV_DEALER, true},
	    {AVAILABLE, ACCOUNT_PSP_AVAILABLE, true},
	    {"X:loss", ACCOUNT_X_LOSS, true},
	    {"P:op:avail", ACCOUNT_PLATFORM_AVAIL, true},
	    {D_HELD, ACCOUNT_DEALER_HELD, false},
	    {"P:dealer:D:BRAND:in_payout", ACCOUNT_DEALER_PAYOUT, false},
	    {"C:order", ACCOUNT_C_ORDER, false},
	    {"C:refund", ACCOUNT_C_REFUND, false},
	    {"C:payout", ACCOUNT_C_PAYOUT, false},
	    {"C:recon", ACCOUNT_C_RECON, false},
	    {"", (enum account_kind)0, false},
	    {"P:brand", (enum account_kind)0, false},
	    {"P:brand:cost:", (enum account_kind)0, false},
	    {"P:dealer:NOBODY:BRAND:avail", (enum account_kind)0, false},
	    {"A:psp:none:BRAND:available", (enum account_kind)0, false},
	    {"P:dealer:D::avail", (enum account_kind)0, false},
	};
	struct money_order *o = *state;
	const struct world *w = &o->w->w;
	struct buf text;

	party_codes(o->w);
	buf_init(&text, 128);
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t account = account_parse(w, rows[i].text);

		row_equal(rows[i].text, account == 0, rows[i].kind == (enum account_kind)0);
		if (account == 0)
			continue;
		row_equal(rows[i].text, account_kind(account), rows[i].kind);
		row_equal(rows[i].text, finance_adjustable(account), rows[i].may);
		buf_reset(&text);
		account_print(w, account, &text);
		row_text(rows[i].text, buf_cstr(&text), rows[i].text);
	}
	buf_release(&text);
	strmap_release(&o->w->w.party_code);
}

/* ${fen} from the brand's cost to ${account}. */
static enum err
adjust(const struct world *w, const char *account, int64_t fen, struct posting *p)
{
	posting_begin(p, EVENT_J_ADJUST);
	posting_add(p, account_parse(w, "P:brand:cost"), fen, 0);
	posting_add(p, account_parse(w, account), -fen, 0);
	return posting_end(p);
}

static void
test_adjust(void **state)
{
	static const struct {
		const char *label, *account;
		int64_t fen;
	} no[] = {{"more than he has", D_AVAIL, -2001}, {"less than nothing owed", D_OWES, 1}};
	struct money_order *o = one(state, 599900, 540000);
	const struct world *w = &o->w->w;
	struct finance_books books;
	struct posting other;

	party_codes(o->w);
	/* found to have cost 2000 less: D has that, too */
	ACT(o, "J1", adjust(b.world, D_AVAIL, 2000, &p), "P:brand:cost", 2000, D_AVAIL, -2000);
	books = books_of(o);
	for (size_t i = 0; i < ROWS(no); i++) {
		assert_int_equal(adjust(w, no[i].account, no[i].fen, &other), ERR_OK);
		assert_true(
		    finance_unbounded(&books, &other, 1) == account_parse(w, no[i].account));
	}
	/* what he owes may go, to the fen */
	ACT(o, "J2", adjust(b.world, D_OWES, -700, &p), "P:brand:cost", -700, D_OWES, 700);
	ACT(o, "J3", adjust(b.world, D_OWES, 700, &p), "P:brand:cost", 700, D_OWES, -700);
	strmap_release(&o->w->w.party_code);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    MO_TEST(test_failed_delivery),
	    MO_TEST(test_refused_parcel),
	    MO_TEST(test_freight_of_dealer),
	    MO_TEST(test_claim),
	    MO_TEST(test_dispute_lost),
	    MO_TEST(test_dispute_won),
	    MO_TEST(test_dispute_shares),
	    MO_TEST(test_dispute_fee),
	    MO_TEST(test_dispute_of_goodwill),
	    MO_TEST(test_dispute_fence),
	    MO_TEST(test_accounts),
	    MO_TEST(test_adjust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
