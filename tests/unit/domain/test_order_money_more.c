/* order_money: what an order may go through: hops, parts of units, goodwill, delivery fees, holds apart. */
#include "unit.h"

#include "money_order.h"

/* Two of five units go from another place: its row's legs, the basis decision's fee. */
static void
test_hop(void **state)
{
	static const int16_t line_of[1] = {0};
	static const struct money_unit_line three = {0, 3, BRAND}, one = {0, 1, BRAND};
	struct money_units u;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	money_charge(&w->rules[0].handling, 0, 167, BASE_GROSS);
	money_charge(&w->rules[0].warehouse, 0, 50, BASE_COST);
	money_line(w, 999, 0, 800, 5); /* fee of 4995: 29.97 */
	money_part(w, STORE_F, WAY_DELIVER);
	money_row(w, 0, 5, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
	/* three of them, handling 83.4: 83 of 5, of which the first three units have 17 each; fee 6 a unit */
	u = mo_some(1, 1, 0, &three);
	assert_int_equal(mo_split(o, &u, false), ERR_OK);
	mo_check(o, "E3", mo_last(o), "C:order", 3 * 993, "P:brand:cost", -2400,
	    "P:dealer:F:BRAND:held", -51, D_HELD, -528, MO_END);
	/* two come from the cloud */
	w->lines[0].quantity = 2;
	w->plan.part_count = 0;
	money_part(w, CLOUD, WAY_SHIP);
	money_row(w, 0, 2, BRAND);
	assert_int_equal(money_world_split(w, BRAND), ERR_OK);
	assert_int_equal(mo_attempt(o, line_of), 2);
	u = mo_units(o, 2, 0, 0);
	assert_int_equal(mo_split(o, &u, true), ERR_OK);
	mo_check(o, "E3 behind the hop", mo_last(o), "C:order", 2 * 993, "P:brand:cost", -1600,
	    "P:wh:W:held", -8, D_HELD, -378, MO_END);
	assert_int_equal(mo_last(o)->units[0].from, 3);
	assert_int_equal(mo_last(o)->units[0].row_from, 0);
	/* one of the first comes back, and one of the cloud's */
	u = mo_some(1, 1, 0, &one);
	BACK(o, .split_count = 1, .split = &u);
	mo_check(o, "R1 of the first", mo_last(o), "P:brand:cost", 800, "P:dealer:F:BRAND:held", 17,
	    D_HELD, 176, REBATE, 6, "C:refund", -999, MO_END);
	u.number = 2;
	BACK(o, .split_count = 1, .split = &u);
	mo_check(o, "R1 of the second", mo_last(o), "P:brand:cost", 800, "P:wh:W:held", 4, D_HELD,
	    189, REBATE, 6, "C:refund", -999, MO_END);
	assert_int_equal(mo_last(o)->units[0].from, 3);
	mo_refund_done(o);
	mo_over(o);
}

/* Holds end apart: each releases its own, less what came back of it; the last all that is left. */
static void
test_holds_apart(void **state)
{
	static const struct money_unit_line l = {0, 1, BRAND};
	struct money_units u;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	money_line(w, 10000, 0, 8000, 4); /* fee 60, margin 1940 a unit */
	money_part(w, SITE, WAY_SHIP);
	money_row(w, 0, 2, BRAND);
	money_part(w, CLOUD, WAY_SHIP);
	money_row(w, 0, 2, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
	(void)mo_e3(o, 0, 0, false);
	(void)mo_e3(o, 1, 0, true);
	u = mo_some(1, 1, 0, &l);
	BACK(o, .split_count = 1, .split = &u);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	mo_check(o, "E4 of the first", mo_last(o), D_HELD, 1940, D_AVAIL, -1940, MO_END);
	/* behind its hold: this order's held goes first, whosever it is */
	BACK(o, .split_count = 1, .split = &u);
	mo_check(o, "R1", mo_last(o), D_HELD, 1940, "P:brand:cost", 8000, REBATE, 60, "C:refund",
	    -10000, MO_END);
	assert_int_equal(mo_hold_ended(o, 2), ERR_OK);
	mo_check(o, "E4 of the second", mo_last(o), D_HELD, 1940, D_AVAIL, -1940, MO_END);
}

/* What parts of units, of the fee and of forfeits did to the first is no matter of the second's hold. */
static void
test_claims(void **state)
{
	static const struct money_unit_line l = {0, 1, BRAND}, made = {1, 1, 0};
	struct money_units u;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	money_line(w, 10000, 0, 8000, 4); /* fee 60, margin 1940 a unit */
	money_line(w, 10000, 0, 8000, 1);
	money_part(w, STORE_D, WAY_DELIVER);
	money_row(w, 0, 2, BRAND);
	money_part(w, STORE_D, WAY_DELIVER);
	money_row(w, 0, 2, BRAND);
	money_part(w, SITE, WAY_SHIP);
	money_row(w, 1, 1, BRAND);
	w->rows[2][0].stocked = false;
	w->plan.delivery_fee_fen = 2000; /* fee 12 */
	mo_begin(o, w, BRAND);
	mo_pay(o);
	u = mo_some(3, 1, 2, &made);
	BACK(o, .unsplit_count = 1, .unsplit = &u, .forfeit_fen = 999, .forfeit_owner_bps = 5000);
	mo_check(o, "R1 with a forfeit", mo_last(o), "C:order", 9940, REBATE, 54, "C:refund", -9001,
	    "P:brand:other", -500 + 6, D_HELD, -499, MO_END);
	mo_check(o, "E3", mo_e3(o, 0, 1000, false), "C:order", 20874, "P:brand:cost", -16000,
	    D_HELD, -4874, MO_END);
	(void)mo_e3(o, 1, 1000, true);
	u = mo_some(1, 1, 0, &l);
	/* 485 of 1940; twice; then the unit itself brings the other half */
	for (int i = 0; i < 2; i++)
		BACK(o, .part_fen = 2500, .part_of = &u);
	BACK(o, .split_count = 1, .split = &u);
	assert_int_equal(o->got.cash_fen, 5000);
	BACK(o, .part_fen = 2500, .part_of = &u);
	/* 994 of 1000 are income: 497 of the first 500, 298 of the next 300 */
	BACK(o, .delivery_fee_fen = 500);
	BACK(o, .delivery_fee_fen = 300);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	mo_check(o, "E4 of the first", mo_last(o), D_HELD, 1940 - 485 + 199, D_AVAIL,
	    -(1940 - 485 + 199), MO_END);
	assert_int_equal(mo_hold_ended(o, 3), ERR_OK);
	mo_check(o, "E4 of the forfeit", mo_last(o), D_HELD, 499, D_AVAIL, -499, MO_END);
	assert_int_equal(mo_hold_ended(o, 2), ERR_OK);
	mo_check(o, "E4 of the second", mo_last(o), D_HELD, 4874, D_AVAIL, -4874, MO_END);
}

/* Units that parted from a parcel are handed over with a number of their own: its courier is paid once. */
static void
test_parted(void **state)
{
	static const struct money_unit_line l = {0, 1, BRAND};
	struct money_units u;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	w->rules[0].courier_cost_fen = 700;
	w->rules[0].brand_bears_courier = true;
	money_line(w, 10000, 0, 8000, 2);
	money_part(w, STORE_D, WAY_DELIVER);
	money_row(w, 0, 2, BRAND);
	w->plan.delivery_fee_fen = 500; /* fee 3; the brand adds 200 */
	mo_begin(o, w, BRAND);
	mo_pay(o);
	u = mo_some(1, 1, 0, &l);
	u.delivery_fee_fen = 300; /* 2 of the 3 */
	assert_int_equal(mo_split(o, &u, false), ERR_OK);
	mo_check(o, "E3", mo_last(o), "C:order", 9940 + 298, "P:brand:cost", -8000,
	    "P:courier:K:held", -700, "P:brand:promo", 200, D_HELD, -1940 + 402 - 200, MO_END);
	u.number = 2;
	u.delivery_fee_fen = 500;
	assert_int_equal(mo_split(o, &u, true), ERR_OK);
	mo_check(o, "E3 of the other", mo_last(o), "C:order", 9940 + 199, "P:brand:cost", -8000,
	    D_HELD, -1940 - 199, MO_END);
	mo_over(o);
}

/* Parts of a unit's price: cumulative, the last one closes all to the fen; the unit itself brings the rest. */
static void
test_parts(void **state)
{
	static const int64_t parts[] = {1, 3333, 333, 2000};
	static const struct money_unit_line l = {0, 1, BRAND};
	struct money_units u;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	money_charge(&w->rules[0].warehouse, 0, 50, BASE_COST);
	money_line(w, 10000, 3000, 8000, 2); /* paid 7000 each, the brand gives 3000 */
	money_part(w, CLOUD, WAY_SHIP);
	money_row(w, 0, 2, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 20000 - 84, "P:brand:cost", -16000,
	    "P:wh:W:held", -80, D_HELD, -3836, MO_END);
	u = mo_some(1, 1, 0, &l);
	/* 630 of 700 and a coupon of 300: nine tenths of everything */
	BACK(o, .part_fen = 6300, .part_of = &u);
	mo_check(o, "R1 of a part", mo_last(o), "P:brand:cost", 7200, "P:wh:W:held", 36, D_HELD,
	    9000 - 7200 - 36 - 38, REBATE, 38, "P:brand:promo", -2700, "C:refund", -6300, MO_END);
	assert_int_equal(o->got.cash_fen, 6300);
	assert_int_equal(mo_last(o)->units[0].count, 0);
	/* the next parts do not fit into what is left of it */
	for (size_t i = 0; i < ROWS(parts); i++)
		BACK(o, .part_fen = parts[i], .part_of = &u);
	REFUSED(o, .part_fen = 1700, .part_of = &u);
	/* and then the units come back themselves */
	for (int i = 0; i < 2; i++) {
		BACK(o, .split_count = 1, .split = &u);
		assert_int_equal(o->got.cash_fen, i == 0 ? 700 - 334 : 7000 - 3333 - 2000);
	}
	mo_refund_done(o);
	mo_check_all(o, "all", MO_END);
	mo_over(o);
}

/* A unit of which all went back brings nothing: it comes back last, for what posts nothing is not written. */
static void
test_empty_unit(void **state)
{
	static const struct money_unit_line l = {0, 1, BRAND};
	static const int64_t cash[] = {7000, 7000, 0, 0};
	struct money_units u;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	money_line(w, 7000, 0, 5000, 3);
	money_part(w, SITE, WAY_SHIP);
	money_row(w, 0, 3, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
	(void)mo_e3(o, 0, 0, true);
	u = mo_some(1, 1, 0, &l);
	BACK(o, .part_fen = 7000, .part_of = &u);
	for (size_t i = 0; i < ROWS(cash); i++) {
		BACK(o, .split_count = 1, .split = &u);
		assert_int_equal(o->got.cash_fen, cash[i]);
	}
	mo_refund_done(o);
	mo_check_all(o, "all", MO_END);
}

/* Goodwill: its bearer gives; when all comes back he has it again. */
static void
test_goodwill(void **state)
{
	struct money_units u;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	money_line(w, 10000, 0, 8000, 1);
	money_part(w, SITE, WAY_SHIP);
	money_row(w, 0, 1, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
	u = mo_units(o, 1, 0, 0);
	assert_int_equal(mo_split(o, &u, true), ERR_OK);
	BACK(o, .goodwill_fen = 1000, .bearer = DEALER_D);
	/* the provider gives back 6 of its fee: to who bears what it keeps */
	mo_check(o, "R1", mo_last(o), D_HELD, 1000, REBATE, 6, "P:brand:other", -6, "C:refund",
	    -1000, MO_END);
	BACK(o, .goodwill_fen = 500, .bearer = BRAND, .lost_fee_bearer = BRAND);
	mo_check(o, "R1, the brand's", mo_last(o), "P:brand:other", 497, REBATE, 3, "C:refund",
	    -500, MO_END);
	REFUSED(o, .goodwill_fen = 8501, .bearer = BRAND);
	BACK(o, .split_count = 1, .split = &u);
	assert_int_equal(o->got.cash_fen, 8500);
	mo_refund_done(o);
	mo_check_all(o, "all", MO_END);
	mo_over(o);
}

/* Who bears what the provider keeps may be said. */
static void
test_bearer(void **state)
{
	struct money_order *o = *state;
	struct money_world *w = o->w;
	struct money_units u;

	money_line(w, 199900, 0, 150000, 1);
	money_part(w, SITE, WAY_SHIP);
	money_row(w, 0, 1, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
	u = mo_units(o, 1, 0, 0);
	/* the customer refused the parcel: 2300 are kept, and the dealer bears the fee on it */
	BACK(o, .unsplit_count = 1, .unsplit = &u, .forfeit_fen = 2300, .lost_fee_bearer = DEALER_D,
	    .last = true);
	mo_check(o, "R1", mo_last(o), "C:order", 198701, REBATE, 1185, "P:brand:other", -2300,
	    "A:recv:dealer:D:BRAND", 14, "C:refund", -197600, MO_END);
}

/* ---- The delivery fee ------------------------------------------------------------------------------------ */

static void
two_parcels(struct money_order *o, struct money_world *w)
{
	w->rules[0].courier_cost_fen = 700;
	money_line(w, 30000, 0, 20000, 2);
	money_part(w, STORE_D, WAY_DELIVER);
	money_row(w, 0, 1, BRAND);
	money_part(w, STORE_F, WAY_DELIVER);
	money_row(w, 0, 1, BRAND);
	w->plan.delivery_fee_fen = 2001; /* fee of 62001: 372; of the goods 360 */
	mo_begin(o, w, BRAND);
	mo_pay(o);
}

/* The parcel that never left: its fee is kept, by who delivered last. */
static void
test_fee_kept(void **state)
{
	struct money_units u;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	two_parcels(o, w);
	mo_check(o, "E3", mo_e3(o, 0, 1001, false), "C:order", 29820 + 1001 - 6, "P:brand:cost",
	    -20000, "P:courier:K:held", -700, D_HELD, -9820 - 295, MO_END);
	u = mo_units(o, 1, 1, 1000);
	BACK(o, .unsplit_count = 1, .unsplit = &u, .last = true);
	mo_check(o, "R1", mo_last(o), "C:order", 29820 + 994, REBATE, 180, "C:refund", -30000,
	    D_HELD, -994, MO_END);
	mo_refund_done(o);
	mo_over(o);
}

/* Given back before and behind the hand-over: the courier's cost stays, with the bearer. */
static void
test_fee_back(void **state)
{
	struct money_units u[2];
	struct money_order *o = *state;
	struct money_world *w = o->w;

	two_parcels(o, w);
	BACK(o, .delivery_fee_fen = 500);
	mo_check(o, "R1 of some of it", mo_last(o), "C:order", 497, REBATE, 3, "C:refund", -500,
	    MO_END);
	u[0] = mo_units(o, 1, 0, 1001);
	assert_int_equal(mo_split(o, &u[0], false), ERR_OK);
	/* 1001 fen from the 500th on: 6 of the fee */
	mo_check(o, "E3", mo_last(o), "C:order", 29820 + 995, "P:brand:cost", -20000,
	    "P:courier:K:held", -700, D_HELD, -9820 - 295, MO_END);
	/* of the other part 500 are left: the owner adds 203 */
	u[1] = mo_units(o, 1, 1, 1000);
	assert_int_equal(mo_split(o, &u[1], true), ERR_OK);
	mo_check(o, "E3 of the second", mo_last(o), "C:order", 29820 + 497, "P:brand:cost", -20000,
	    "P:courier:K:held", -700, D_HELD, -9820 + 203, MO_END);
	BACK(o, .delivery_fee_fen = 600);
	/* of 1001, with 295 income: 177; 4 of 6; the rest, 419, is of the courier's 700 */
	mo_check(o, "R1 behind E3", mo_last(o), D_HELD, 177, "P:brand:other", 419 + 0, REBATE, 4,
	    "C:refund", -600, MO_END);
	BACK(o, .split_count = 2, .split = u, .delivery_fee_fen = 901);
	REFUSED(o, .delivery_fee_fen = 1);
	mo_refund_done(o);
	mo_check_all(o, "all but the couriers", "P:courier:K:held", -1400, "P:brand:other", 1400,
	    MO_END);
	mo_over(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    MO_TEST(test_hop),
	    MO_TEST(test_holds_apart),
	    MO_TEST(test_claims),
	    MO_TEST(test_parted),
	    MO_TEST(test_parts),
	    MO_TEST(test_empty_unit),
	    MO_TEST(test_goodwill),
	    MO_TEST(test_bearer),
	    MO_TEST(test_fee_kept),
	    MO_TEST(test_fee_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
