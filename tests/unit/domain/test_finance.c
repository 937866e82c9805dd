/* finance: freight, claims, disputes and adjustments, by worked examples. */
#include "unit.h"

#include "domain/finance.h"
#include "money_order.h"

#define D_HELD "P:dealer:D:BRAND:held"
#define D_AVAIL "P:dealer:D:BRAND:avail"
#define D_OWES "A:recv:dealer:D:BRAND"
#define COURIER "P:courier:K:avail"
#define FROZEN "A:psp:wechat:BRAND:frozen"
#define AVAILABLE "A:psp:wechat:BRAND:available"
#define DISPUTED "A:psp:wechat:BRAND:disputed"
#define REBATE "A:psp:wechat:BRAND:fee_rebate"

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

static void
post(struct money_order *o, const char *label, const struct posting *p)
{
	static int event_no = 1;
	struct finance_books b = books_of(o);

	row_equal(label, finance_unbounded(&b, p, 1), 0);
	mo_write(o, p, event_no++);
}

static void
one(struct money_order *o, struct money_world *w, int64_t price, int64_t cost)
{
	money_world_init(w);
	money_part(w, SITE, WAY_SHIP);
	money_row(w, money_line(w, price, 0, cost, 1), 1, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
}

static void
end(struct money_order *o, struct money_world *w)
{
	mo_end(o);
	money_world_release(w);
}

/* ---- Freight and claims --------------------------------------------------------------------------------- */

/* The parcel came back by the seller's fault: the brand pays both ways, the customer has all again. */
static void
test_failed_delivery(void **state)
{
	struct money_world w;
	struct money_order o;
	struct finance_books b;
	struct money_refunded r;
	struct money_units u;
	struct posting p;

	(void)state;
	one(&o, &w, 199900, 150000);
	b = books_of(&o);
	assert_int_equal(finance_freight(&b, BRAND, COURIER_K, 4600, &p), ERR_OK);
	post(&o, "F", &p);
	mo_check(&o, "F", mo_last(&o), "P:brand:other", 4600, COURIER, -4600, MO_END);
	u = mo_units(&o, 1, 0, 0);
	assert_int_equal(
	    mo_refund(&o, &(struct money_refund){.unsplit_count = 1, .unsplit = &u, .last = true},
	        &r),
	    ERR_OK);
	mo_check(&o, "R1", mo_last(&o), "C:order", 198701, REBATE, 1199, "C:refund", -199900,
	    MO_END);
	mo_refund_done(&o);
	mo_check(&o, "R2", mo_last(&o), "C:refund", 199900, FROZEN, -198701, REBATE, -1199, MO_END);
	end(&o, &w);
}

/* The customer refused it and pays the way back: both rows together. */
static void
test_refused_parcel(void **state)
{
	struct money_world w;
	struct money_order o;
	struct finance_books b;
	struct money_refunded r;
	struct money_units u;
	struct posting p;

	(void)state;
	one(&o, &w, 199900, 150000);
	b = books_of(&o);
	assert_int_equal(finance_freight(&b, BRAND, COURIER_K, 4600, &p), ERR_OK);
	post(&o, "F", &p);
	u = mo_units(&o, 1, 0, 0);
	assert_int_equal(mo_refund(&o,
	                     &(struct money_refund){.unsplit_count = 1,
	                         .unsplit = &u,
	                         .forfeit_fen = 2300,
	                         .last = true},
	                     &r),
	    ERR_OK);
	assert_int_equal(r.cash_fen, 197600);
	mo_check_all(&o, "all but R2", FROZEN, 198701, "C:refund", -197600, REBATE, 1185,
	    "P:brand:other", 2314, COURIER, -4600, MO_END);
	mo_refund_done(&o);
	mo_check(&o, "R2", mo_last(&o), "C:refund", 197600, FROZEN, -196415, REBATE, -1185, MO_END);
	end(&o, &w);
}

/* A dealer bears freight: from what he has, then he owes. */
static void
test_freight_of_dealer(void **state)
{
	struct money_world w;
	struct money_order o;
	struct finance_books b;
	struct money_units u;
	struct posting p;

	(void)state;
	one(&o, &w, 10000, 8000); /* D earns 1940 */
	u = mo_units(&o, 1, 0, 0);
	assert_int_equal(mo_split(&o, &u, true), ERR_OK);
	assert_int_equal(mo_hold_ended(&o, 1), ERR_OK);
	b = books_of(&o);
	assert_int_equal(finance_freight(&b, DEALER_D, COURIER_K, 1500, &p), ERR_OK);
	post(&o, "F", &p);
	mo_check(&o, "F", mo_last(&o), D_AVAIL, 1500, COURIER, -1500, MO_END);
	b = books_of(&o);
	assert_int_equal(finance_freight(&b, DEALER_D, COURIER_K, 1500, &p), ERR_OK);
	post(&o, "F", &p);
	mo_check(&o, "F, more than he has", mo_last(&o), D_AVAIL, 440, D_OWES, 1060, COURIER, -1500,
	    MO_END);
	b = books_of(&o);
	assert_int_equal(finance_freight(&b, PLATFORM_OP, COURIER_K, 10, &p), ERR_OK);
	post(&o, "F", &p);
	mo_check(&o, "F, the platform's", mo_last(&o), "P:op:avail", 10, COURIER, -10, MO_END);
	end(&o, &w);
}

static void
test_claim(void **state)
{
	struct money_world w;
	struct money_order o;
	struct finance_books b;
	struct posting p;

	(void)state;
	one(&o, &w, 199900, 150000);
	b = books_of(&o);
	assert_int_equal(finance_claim(&b, COURIER_K, BRAND, 180000, &p), ERR_OK);
	post(&o, "L1", &p);
	mo_check(&o, "L1", mo_last(&o), "A:recv:courier:K", 180000, "P:brand:other", -180000,
	    MO_END);
	b = books_of(&o);
	assert_int_equal(finance_claimed(&b, COURIER_K), 180000);
	assert_int_equal(finance_freight(&b, BRAND, COURIER_K, 2300, &p), ERR_OK);
	post(&o, "L2", &p);
	b = books_of(&o);
	assert_int_equal(finance_claim_paid(&b, COURIER_K, 180000, 2300, &p), ERR_OK);
	post(&o, "L3", &p);
	mo_check(&o, "L3", mo_last(&o), "A:bank:BRAND", 177700, COURIER, 2300, "A:recv:courier:K",
	    -180000, MO_END);
	b = books_of(&o);
	assert_int_equal(finance_claimed(&b, COURIER_K), 0);
	/* goods of a dealer: his to be paid */
	assert_int_equal(finance_claim(&b, COURIER_K, DEALER_F, 500, &p), ERR_OK);
	post(&o, "L1", &p);
	mo_check(&o, "L1, a dealer's goods", mo_last(&o), "A:recv:courier:K", 500,
	    "P:dealer:F:BRAND:avail", -500, MO_END);
	end(&o, &w);
}

/* ---- Disputes ---------------------------------------------------------------------------------------------- */

/* An order of which D has his share; ${more} of other money is available to him. */
static void
disputed(struct money_order *o, struct money_world *w, int64_t more)
{
	const int64_t avail = account_number(ACCOUNT_DEALER_AVAIL, PROVIDER_NONE, DEALER_D, BRAND);
	struct money_units u;
	struct posting p;

	one(o, w, 599900, 540000);
	u = mo_units(o, 1, 0, 0);
	assert_int_equal(mo_split(o, &u, true), ERR_OK);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	/* paid out, and others came; as if of other orders: K is of none of this one's sums */
	posting_begin(&p, EVENT_E5_PAYOUT);
	posting_add(&p, avail, 56301 - more, 0);
	posting_add(&p, account_number(ACCOUNT_BRAND_OTHER, PROVIDER_NONE, 0, 0), more - 56301, 0);
	assert_int_equal(posting_end(&p), ERR_OK);
	mo_write(o, &p, 1);
}

static void
test_dispute_lost(void **state)
{
	struct money_world w;
	struct money_order o;
	struct finance_books b;
	struct posting p;

	(void)state;
	disputed(&o, &w, 60000);
	b = books_of(&o);
	assert_int_equal(finance_paid(&b), 599900);
	assert_int_equal(finance_dispute_opened(&b, 599900, &p), ERR_OK);
	post(&o, "D1", &p);
	mo_check(&o, "D1", mo_last(&o), DISPUTED, 599900, AVAILABLE, -599900, MO_END);
	assert_int_equal(finance_dispute_fenced(&b, 599900, &p), ERR_OK);
	post(&o, "D1b", &p);
	mo_check(&o, "D1b", mo_last(&o), D_AVAIL, 56301, D_HELD, -56301, MO_END);
	/* it is not the hold's of this order */
	assert_int_equal(mo_hold_ended(&o, 1), ERR_OK);
	assert_int_equal(mo_last(&o)->event, EVENT_D_DISPUTE);
	b = books_of(&o);
	assert_int_equal(finance_disputed(&b), 599900);
	/* where the rule lets D bear the provider's fee: 3599, from what he has else */
	assert_int_equal(finance_dispute_lost(&b, DEALER_D, &p), ERR_OK);
	assert_int_equal(finance_unbounded(&b, &p, 1), 0);
	assert_int_equal(posting_sum(&p, account_number(ACCOUNT_BRAND_OTHER, PROVIDER_NONE, 0, 0)),
	    540000);
	assert_int_equal(posting_sum(&p,
	                     account_number(ACCOUNT_DEALER_AVAIL, PROVIDER_NONE, DEALER_D, BRAND)),
	    3599);
	assert_int_equal(finance_dispute_lost(&b, BRAND, &p), ERR_OK);
	post(&o, "D2", &p);
	mo_check(&o, "D2", mo_last(&o), "P:brand:other", 543599, D_HELD, 56301, DISPUTED, -599900,
	    MO_END);
	end(&o, &w);
}

static void
test_dispute_won(void **state)
{
	struct money_world w;
	struct money_order o;
	struct finance_books b;
	struct posting p;

	(void)state;
	disputed(&o, &w, 30000);
	b = books_of(&o);
	/* a third of it: a third of his share */
	assert_int_equal(finance_dispute_opened(&b, 199967, &p), ERR_OK);
	post(&o, "D1", &p);
	mo_check(&o, "D1", mo_last(&o), DISPUTED, 199967, AVAILABLE, -199967, MO_END);
	assert_int_equal(finance_dispute_fenced(&b, 199967, &p), ERR_OK);
	post(&o, "D1b", &p);
	mo_check(&o, "D1b", mo_last(&o), D_AVAIL, 18767, D_HELD, -18767, MO_END);
	b = books_of(&o);
	assert_int_equal(finance_dispute_won(&b, &p), ERR_OK);
	post(&o, "won", &p);
	mo_check(&o, "won", mo_last(&o), AVAILABLE, 199967, DISPUTED, -199967, D_AVAIL, -18767,
	    D_HELD, 18767, MO_END);
	b = books_of(&o);
	assert_int_equal(finance_disputed(&b), 0);
	end(&o, &w);
}

/* Who was paid and has nothing left owes his share; whose work was done keeps what it cost. */
static void
test_dispute_shares(void **state)
{
	struct money_world w;
	struct money_order o;
	struct finance_books b;
	struct money_units u;
	struct posting p;

	(void)state;
	money_world_init(&w);
	money_charge(&w.rules[0].platform_fee, 0, 100, BASE_GROSS);
	money_charge(&w.rules[0].staff, 0, 100, BASE_PAID);
	money_charge(&w.rules[0].warehouse, 0, 50, BASE_COST);
	w.owner.staff = STAFF_S;
	w.parties[STAFF_S - 1].employer = DEALER_D;
	money_part(&w, CLOUD, WAY_SHIP);
	money_row(&w, money_line(&w, 100000, 0, 80000, 1), 1, BRAND);
	mo_begin(&o, &w, BRAND);
	mo_pay(&o);
	u = mo_units(&o, 1, 0, 0);
	assert_int_equal(mo_split(&o, &u, true), ERR_OK);
	mo_check(&o, "E3", mo_last(&o), "C:order", 99400, "P:brand:cost", -80000, "P:wh:W:held",
	    -400, "P:op:held", -1000, "P:staff:S:held", -1000, D_HELD, -17000, MO_END);
	b = books_of(&o);
	assert_int_equal(finance_dispute_opened(&b, 100000, &p), ERR_OK);
	post(&o, "D1", &p);
	/* it is held still */
	assert_int_equal(finance_dispute_fenced(&b, 100000, &p), ERR_OK);
	assert_int_equal(p.leg_count, 0);
	assert_int_equal(mo_hold_ended(&o, 1), ERR_OK);
	posting_begin(&p, EVENT_E5_PAYOUT);
	posting_add(&p, account_number(ACCOUNT_DEALER_AVAIL, PROVIDER_NONE, DEALER_D, BRAND), 16000,
	    0);
	posting_add(&p, account_number(ACCOUNT_STAFF_AVAIL, PROVIDER_NONE, STAFF_S, 0), 1000, 0);
	posting_add(&p, account_number(ACCOUNT_PSP_FROZEN, PROVIDER_WECHAT, BRAND, 0), -17000, 0);
	assert_int_equal(posting_end(&p), ERR_OK);
	mo_write(&o, &p, 1);
	b = books_of(&o);
	assert_int_equal(finance_dispute_lost(&b, BRAND, &p), ERR_OK);
	post(&o, "D2", &p);
	mo_check(&o, "D2", mo_last(&o), D_AVAIL, 1000, D_OWES, 16000 + 1000, "P:op:avail", 1000,
	    "P:brand:other", 81000, DISPUTED, -100000, MO_END);
	end(&o, &w);
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
	struct money_world w;
	struct money_order o;
	struct finance_books b;
	struct money_refunded r;
	struct money_units u;
	struct posting p;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		money_world_init(&w);
		money_line(&w, 10000, 0, 8000, 2); /* D earns 1940 of each */
		money_part(&w, SITE, WAY_SHIP);
		money_row(&w, 0, 1, BRAND);
		money_part(&w, CLOUD, WAY_SHIP);
		money_row(&w, 0, 1, BRAND);
		mo_begin(&o, &w, BRAND);
		mo_pay(&o);
		u = mo_units(&o, 1, 0, 0);
		assert_int_equal(mo_split(&o, &u, false), ERR_OK);
		u = mo_units(&o, 1, 1, 0);
		assert_int_equal(mo_split(&o, &u, true), ERR_OK);
		assert_int_equal(mo_hold_ended(&o, 1), ERR_OK);
		if (rows[i].back)
			assert_int_equal(mo_refund(&o,
			                     &(struct money_refund){.split_count = 1, .split = &u},
			                     &r),
			    ERR_OK);
		posting_begin(&p, EVENT_E5_PAYOUT);
		posting_add(&p,
		    account_number(ACCOUNT_DEALER_AVAIL, PROVIDER_NONE, DEALER_D, BRAND),
		    -rows[i].other, 0);
		posting_add(&p, account_number(ACCOUNT_BRAND_OTHER, PROVIDER_NONE, 0, 0),
		    rows[i].other, 0);
		assert_int_equal(posting_end(&p), ERR_OK);
		mo_write(&o, &p, 1);
		b = books_of(&o);
		assert_int_equal(finance_dispute_fenced(&b, finance_paid(&b), &p), ERR_OK);
		row_equal(rows[i].label,
		    posting_sum(&p,
		        account_number(ACCOUNT_DEALER_AVAIL, PROVIDER_NONE, DEALER_D, BRAND)),
		    rows[i].fenced);
		end(&o, &w);
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
	struct money_world w;
	struct buf text;

	(void)state;
	money_world_init(&w);
	party_codes(&w);
	buf_init(&text, 128);
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t account = account_parse(&w.w, rows[i].text);

		row_equal(rows[i].text, account == 0, rows[i].kind == (enum account_kind)0);
		if (account == 0)
			continue;
		row_equal(rows[i].text, account_kind(account), rows[i].kind);
		row_equal(rows[i].text, finance_adjustable(account), rows[i].may);
		buf_reset(&text);
		account_print(&w.w, account, &text);
		row_text(rows[i].text, buf_cstr(&text), rows[i].text);
	}
	buf_release(&text);
	strmap_release(&w.w.party_code);
	money_world_release(&w);
}

static void
test_adjust(void **state)
{
	struct money_world w;
	struct money_order o;
	struct finance_books b;
	struct posting p;

	(void)state;
	one(&o, &w, 599900, 540000);
	party_codes(&w);
	/* found to have cost 2000 less: D has that, too */
	b = books_of(&o);
	posting_begin(&p, EVENT_J_ADJUST);
	posting_add(&p, account_parse(&w.w, "P:brand:cost"), 2000, 0);
	posting_add(&p, account_parse(&w.w, D_AVAIL), -2000, 0);
	assert_int_equal(posting_end(&p), ERR_OK);
	post(&o, "J1", &p);
	mo_check(&o, "J1", mo_last(&o), "P:brand:cost", 2000, D_AVAIL, -2000, MO_END);
	/* more than he has, and less than nothing owed */
	b = books_of(&o);
	posting_begin(&p, EVENT_J_ADJUST);
	posting_add(&p, account_parse(&w.w, D_AVAIL), 2001, 0);
	posting_add(&p, account_parse(&w.w, "P:brand:cost"), -2001, 0);
	assert_true(finance_unbounded(&b, &p, 1) == account_parse(&w.w, D_AVAIL));
	posting_begin(&p, EVENT_J_ADJUST);
	posting_add(&p, account_parse(&w.w, D_OWES), -1, 0);
	posting_add(&p, account_parse(&w.w, "P:brand:cost"), 1, 0);
	assert_true(finance_unbounded(&b, &p, 1) == account_parse(&w.w, D_OWES));
	strmap_release(&w.w.party_code);
	end(&o, &w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_failed_delivery),
	    cmocka_unit_test(test_refused_parcel),
	    cmocka_unit_test(test_freight_of_dealer),
	    cmocka_unit_test(test_claim),
	    cmocka_unit_test(test_dispute_lost),
	    cmocka_unit_test(test_dispute_won),
	    cmocka_unit_test(test_dispute_shares),
	    cmocka_unit_test(test_dispute_fence),
	    cmocka_unit_test(test_accounts),
	    cmocka_unit_test(test_adjust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
