/* order_money: worked examples of orders whose figures were reckoned by hand, row by row. */
#include "unit.h"

#include "money_order.h"

/* One line of one piece, shipped from ${location}, all paid. */
static void
one(struct money_order *o, struct money_world *w, int32_t location, int64_t price, int64_t cost)
{
	money_part(w, location, WAY_SHIP);
	money_row(w, money_line(w, price, 0, cost, 1), 1, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
}

static void
three_units(struct money_order *o, struct money_world *w)
{
	static const int64_t discount[3] = {3334, 3333, 3333};

	money_part(w, SITE, WAY_SHIP);
	for (int i = 0; i < 3; i++)
		money_row(w, money_line(w, 100000, discount[i], 80000, 1), 1, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
}

/* What was available is paid out: nothing is left of it. */
static void
paid_out(struct money_order *o, int32_t party, int64_t fen)
{
	int64_t avail = account_number(ACCOUNT_DEALER_AVAIL, PROVIDER_NONE, party, o->m.collector);
	struct posting p;

	posting_begin(&p, EVENT_E5_PAYOUT);
	posting_add(&p, avail, fen, 0);
	posting_add(&p, account_at_stage(avail, STAGE_PAYOUT), -fen, 0);
	assert_int_equal(posting_end(&p), ERR_OK);
	mo_write(o, &p, 1);
	posting_begin(&p, EVENT_E6_PAID_OUT);
	posting_add(&p, account_at_stage(avail, STAGE_PAYOUT), fen, 0);
	posting_add(&p, account_number(ACCOUNT_PSP_FROZEN, PROVIDER_WECHAT, o->m.collector, 0),
	    -fen, 0);
	assert_int_equal(posting_end(&p), ERR_OK);
	mo_write(o, &p, 1);
}

/* ---- E3 -------------------------------------------------------------------------------------------- */

static void
test_shipped_by_brand(void **state)
{
	struct money_order *o = *state;
	struct money_world *w = o->w;

	one(o, w, SITE, 599900, 540000);
	mo_check(o, "E1", &o->rows[0], FROZEN, 599900, "C:order", -599900, MO_END);
	mo_check(o, "E2", &o->rows[1], "C:order", 3599, FROZEN, -3599, MO_END);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 596301, "P:brand:cost", -540000, D_HELD,
	    -56301, MO_END);
	assert_int_equal(mo_last(o)->unit_count, 1);
	assert_int_equal(mo_last(o)->number, 1);
	assert_int_equal(mo_last(o)->units[0].count, 1);
	mo_over(o);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	mo_check(o, "E4", mo_last(o), D_HELD, 56301, D_AVAIL, -56301, MO_END);
	/* once */
	assert_int_equal(mo_split(o, &(struct money_units){.number = 1, .attempt = 1}, true),
	    ERR_WRONG_STATE);
}

static void
test_cloud(void **state)
{
	struct money_order *o = *state;
	struct money_world *w = o->w;

	money_charge(&w->rules[0].warehouse, 0, 50, BASE_COST);
	one(o, w, CLOUD, 1999900, 1840000);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 1987901, "P:brand:cost", -1840000,
	    "P:wh:W:held", -9200, D_HELD, -138701, MO_END);
	mo_over(o);
}

static void
test_pickup(void **state)
{
	struct money_order *o = *state;
	struct money_world *w = o->w;

	money_charge(&w->rules[0].platform_fee, 0, 100, BASE_GROSS);
	money_part(w, STORE_D, WAY_PICKUP);
	money_row(w, money_line(w, 129900, 0, 100000, 1), 1, DEALER_D);
	mo_begin(o, w, 0);
	mo_pay(o);
	mo_check(o, "E1", &o->rows[0], "A:psp:wechat:D:frozen", 129900, "C:order", -129900, MO_END);
	mo_check(o, "E2", &o->rows[1], "C:order", 779, "A:psp:wechat:D:frozen", -779, MO_END);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 129121, "P:op:held", -1299,
	    "P:dealer:D:D:held", -127822, MO_END);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	mo_check(o, "E4", mo_last(o), "P:op:held", 1299, "P:op:avail", -1299, "P:dealer:D:D:held",
	    127822, "P:dealer:D:D:avail", -127822, MO_END);
}

static void
test_store_delivery(void **state)
{
	struct money_order *o = *state;
	struct money_world *w = o->w;

	w->rules[0].courier_cost_fen = 1800;
	money_part(w, STORE_D, WAY_DELIVER);
	money_row(w, money_line(w, 89900, 0, 70000, 1), 1, DEALER_D);
	w->plan.delivery_fee_fen = 1500;
	mo_begin(o, w, DEALER_D);
	mo_pay(o);
	mo_check(o, "E3", mo_e3(o, 0, 1500, true), "C:order", 90852, "P:courier:K:held", -1800,
	    "P:dealer:D:D:held", -89052, MO_END);
	mo_over(o);
}

static void
coupon(struct money_order *o, struct money_world *w, const int64_t *price, const int64_t *discount)
{
	static const int64_t cost[3] = {17000, 8200, 4000};

	money_part(w, SITE, WAY_SHIP);
	for (int i = 0; i < 3; i++)
		money_row(w, money_line(w, price[i], discount[i], cost[i], 1), 1, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
}

static void
test_coupons(void **state)
{
	static const int64_t list[3] = {19999, 9999, 4999}, brands[3] = {2857, 1429, 714};
	static const int64_t own[3] = {17142, 8570, 4285}, none[3] = {0};
	struct money_order *o = *state;
	struct money_world *w = o->w;

	coupon(o, w, list, brands);
	mo_check(o, "E1", &o->rows[0], FROZEN, 29997, "P:brand:promo", 5000, "C:order", -34997,
	    MO_END);
	mo_check(o, "E2", &o->rows[1], "C:order", 180, FROZEN, -180, MO_END);
	mo_check(o, "E3, the brand's coupon", mo_e3(o, 0, 0, true), "C:order", 34817,
	    "P:brand:cost", -29200, D_HELD, -5617, MO_END);
	mo_again(o);
	coupon(o, w, own, none);
	mo_check(o, "E3, the dealer's discount", mo_e3(o, 0, 0, true), "C:order", 29817,
	    "P:brand:cost", -29200, D_HELD, -617, MO_END);
}

static void
test_negative_margin(void **state)
{
	struct money_order *o = *state;
	struct money_world *w = o->w;

	one(o, w, SITE, 454900, 460000);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 452171, D_OWES, 7829, "P:brand:cost",
	    -460000, MO_END);
	assert_int_equal(mo_last(o)->leg_count, 3);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	assert_int_equal(mo_last(o)->event, EVENT_E3_SPLIT);
	mo_again(o);
	/* exactly nothing: no leg */
	one(o, w, SITE, 500000, 497000);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 497000, "P:brand:cost", -497000, MO_END);
	assert_int_equal(mo_last(o)->leg_count, 2);
}

/* The brand adds what is lacking up to its limit, with E3; a refund gives it back. */
static void
test_absorbed(void **state)
{
	static const struct {
		int max, promo, owes;
	} rows[] = {{5000, 5000, 2829}, {10000, 7829, 0}};
	struct money_units u;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	for (size_t i = 0; i < ROWS(rows); i++) {
		w->rules[0].negative = NEGATIVE_BRAND_ABSORBS;
		w->rules[0].absorb_max_fen = rows[i].max;
		one(o, w, SITE, 454900, 460000);
		mo_check(o, "E1", &o->rows[0], FROZEN, 454900, "C:order", -454900, MO_END);
		mo_e3(o, 0, 0, true);
		if (rows[i].owes != 0)
			mo_check(o, "E3", mo_last(o), "C:order", 452171, "P:brand:promo",
			    rows[i].promo, D_OWES, rows[i].owes, "P:brand:cost", -460000, MO_END);
		else
			mo_check(o, "E3", mo_last(o), "C:order", 452171, "P:brand:promo",
			    rows[i].promo, "P:brand:cost", -460000, MO_END);
		u = mo_units(o, 1, 0, 0);
		BACK(o, .split_count = 1, .split = &u);
		mo_refund_done(o);
		mo_check_all(o, "all", MO_END);
		mo_again(o);
	}
}

static void
test_cross_dealer(void **state)
{
	struct money_order *o = *state;
	struct money_world *w = o->w;

	money_charge(&w->rules[0].transfer, 380000, 0, BASE_GROSS);
	w->rules[0].has_transfer = true;
	money_charge(&w->rules[0].handling, 0, 150, BASE_GROSS);
	money_part(w, STORE_F, WAY_PICKUP);
	money_row(w, money_line(w, 429900, 0, 370000, 1), 1, DEALER_F);
	mo_begin(o, w, DEALER_F);
	mo_pay(o);
	mo_check(o, "E1", &o->rows[0], "A:psp:wechat:F:frozen", 429900, "C:order", -429900, MO_END);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 427321, "P:dealer:F:F:held", -386449,
	    "P:dealer:D:F:held", -40872, MO_END);
}

static void
with_staff(struct money_order *o, struct money_world *w)
{
	money_charge(&w->rules[0].staff, 0, 100, BASE_PAID);
	w->owner.staff = STAFF_S;
	w->parties[STAFF_S - 1].employer = DEALER_D;
	one(o, w, SITE, 299900, 262000);
}

static void
test_staff(void **state)
{
	struct money_units u;
	struct posting p;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	with_staff(o, w);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 298101, "P:brand:cost", -262000,
	    "P:staff:S:held", -2999, D_HELD, -33102, MO_END);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	/* a person who was paid cannot be asked: his employer answers */
	paid_out(o, DEALER_D, 33102);
	posting_begin(&p, EVENT_E5_PAYOUT);
	posting_add(&p, account_number(ACCOUNT_STAFF_AVAIL, PROVIDER_NONE, STAFF_S, 0), 2000, 0);
	posting_add(&p, account_number(ACCOUNT_STAFF_PAYOUT, PROVIDER_NONE, STAFF_S, 0), -2000, 0);
	assert_int_equal(posting_end(&p), ERR_OK);
	mo_write(o, &p, 2);
	u = mo_units(o, 1, 0, 0);
	BACK(o, .split_count = 1, .split = &u);
	mo_check(o, "R1", mo_last(o), "P:brand:cost", 262000, "P:staff:S:avail", 999, D_OWES, 35102,
	    REBATE, 1799, "C:refund", -299900, MO_END);
	assert_int_equal(o->got.taken_count, 2);
}

/* ---- R1 -------------------------------------------------------------------------------------------- */

static void
test_refund_after_payout(void **state)
{
	static const struct money_unit_line second = {.line = 1, .quantity = 1};
	const struct money_units u = mo_some(1, 1, 0, &second);
	struct money_order *o = *state;
	struct money_world *w = o->w;

	three_units(o, w);
	mo_check(o, "E1", &o->rows[0], FROZEN, 290000, "P:brand:promo", 10000, "C:order", -300000,
	    MO_END);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 298260, "P:brand:cost", -240000, D_HELD,
	    -58260, MO_END);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	paid_out(o, DEALER_D, 58260);
	BACK(o, .split_count = 1, .split = &u);
	mo_check(o, "R1", mo_last(o), "P:brand:cost", 80000, D_OWES, 19420, REBATE, 580,
	    "P:brand:promo", -3333, "C:refund", -96667, MO_END);
	assert_int_equal(mo_last(o)->leg_count, 5);
	assert_int_equal(o->got.cash_fen, 96667);
	assert_int_equal(o->got.back_count, 1);
	assert_int_equal(o->got.back[0].rebate_fen, 580);
	assert_int_equal(o->got.taken_count, 1);
	assert_int_equal(o->got.taken[0].party, DEALER_D);
	assert_int_equal(o->got.taken[0].fen, 19420);
	assert_int_equal(account_kind(o->got.taken[0].account), ACCOUNT_RECV_DEALER);
	assert_int_equal(money_refundable(&o->m), 290000 - 96667);
	/* the unit is back; there is no second of it */
	REFUSED(o, .split_count = 1, .split = &u);
}

/* What is held goes first, then what is available, then he owes. */
static void
test_order_of_taking(void **state)
{
	static const struct {
		int line;
		bool over;
		int held, avail, owed; /* what the refund of it takes from where */
	} rows[] = {{0, false, 19420, 0, 0}, {1, true, 0, 9420, 10000}, {2, true, 0, 0, 19420}};
	struct money_order *o = *state;
	struct money_world *w = o->w;

	three_units(o, w);
	mo_e3(o, 0, 0, true);
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct money_unit_line l = {.line = (int16_t)rows[i].line, .quantity = 1};
		const struct money_units u = mo_some(1, 1, 0, &l);
		int64_t taken[3] = {0};

		if (rows[i].over && !money_hold_over(&o->m, 1)) {
			assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
			mo_check(o, "E4", mo_last(o), D_HELD, 38840, D_AVAIL, -38840, MO_END);
			paid_out(o, DEALER_D, 38840 - 9420);
		}
		BACK(o, .split_count = 1, .split = &u);
		for (int k = 0; k < mo_last(o)->leg_count; k++) {
			enum account_kind kind = account_kind(mo_last(o)->account[k]);

			taken[0] += kind == ACCOUNT_DEALER_HELD ? mo_last(o)->fen[k] : 0;
			taken[1] += kind == ACCOUNT_DEALER_AVAIL ? mo_last(o)->fen[k] : 0;
			taken[2] += kind == ACCOUNT_RECV_DEALER ? mo_last(o)->fen[k] : 0;
		}
		assert_int_equal(taken[0], rows[i].held);
		assert_int_equal(taken[1], rows[i].avail);
		assert_int_equal(taken[2], rows[i].owed);
	}
	mo_refund_done(o);
	mo_over(o);
}

static void
test_refund_before_split(void **state)
{
	static const struct money_unit_line first = {.line = 0, .quantity = 1};
	static const struct money_unit_line others[2] = {{1, 1, BRAND}, {2, 1, BRAND}};
	const struct money_units u = mo_some(1, 1, 0, &first);
	struct money_units left = mo_some(1, 1, 0, others);
	struct money_order *o = *state;
	struct money_world *w = o->w;

	three_units(o, w);
	assert_int_equal(mo_units_left(&o->m, 0), 1);
	BACK(o, .unsplit_count = 1, .unsplit = &u);
	mo_check(o, "R1", mo_last(o), "C:order", 99420, REBATE, 580, "P:brand:promo", -3334,
	    "C:refund", -96666, MO_END);
	assert_int_equal(mo_units_left(&o->m, 0), 0);
	mo_refund_done(o);
	mo_check(o, "R2", mo_last(o), "C:refund", 96666, FROZEN, -96086, REBATE, -580, MO_END);
	left.line_count = 2;
	assert_int_equal(mo_split(o, &left, true), ERR_OK);
	mo_check(o, "E3", mo_last(o), "C:order", 198840, "P:brand:cost", -160000, D_HELD, -38840,
	    MO_END);
	mo_over(o);
	/* it was never handed over, and is not there any more */
	REFUSED(o, .split_count = 1, .split = &u);
	REFUSED(o, .unsplit_count = 1, .unsplit = &u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    MO_TEST(test_shipped_by_brand),
	    MO_TEST(test_cloud),
	    MO_TEST(test_pickup),
	    MO_TEST(test_store_delivery),
	    MO_TEST(test_coupons),
	    MO_TEST(test_negative_margin),
	    MO_TEST(test_absorbed),
	    MO_TEST(test_cross_dealer),
	    MO_TEST(test_staff),
	    MO_TEST(test_refund_after_payout),
	    MO_TEST(test_order_of_taking),
	    MO_TEST(test_refund_before_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
