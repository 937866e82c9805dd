/* order_money: orders of several payments: a deposit and its balance, through one provider or two, one that was sent back. */
#include "unit.h"

#include "money_order.h"

/* ---- Deposit and balance ----------------------------------------------------------------------------- */

static void
made_to_order(struct money_order *o, struct money_world *w)
{
	money_part(w, SITE, WAY_SHIP);
	money_row(w, money_line(w, 999900, 0, 900000, 1), 1, BRAND);
	w->rows[0][0].stocked = false;
	mo_begin(o, w, BRAND);
	mo_pay_part(o, 100000, 600);
	mo_check(o, "E1a", &o->rows[0], FROZEN, 100000, "C:order", -100000, MO_END);
	mo_check(o, "E2a", &o->rows[1], "C:order", 600, FROZEN, -600, MO_END);
}

static void
test_deposit_and_balance(void **state)
{
	struct money_order *o = *state;
	struct money_world *w = o->w;

	made_to_order(o, w);
	mo_pay_balance(o, PROVIDER_WECHAT, 899900, 5399);
	mo_check(o, "E1b", &o->rows[2], FROZEN, 899900, "C:order", -899900, MO_END);
	mo_check(o, "E2b", &o->rows[3], "C:order", 5399, FROZEN, -5399, MO_END);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 993901, "P:brand:cost", -900000, D_HELD,
	    -93901, MO_END);
	mo_over(o);
}

static void
test_forfeit(void **state)
{
	static const struct money_refund cancel = {.number = 1,
	    .deposit_fen = 80000,
	    .forfeit_fen = 20000,
	    .forfeit_owner_bps = 2500,
	    .last = true};
	struct money_order *o = *state;
	struct money_world *w = o->w;

	made_to_order(o, w);
	o->lines[0].voided = 1;
	assert_int_equal(mo_refund(o, &cancel, &o->got), ERR_OK);
	mo_check(o, "R1", mo_last(o), "C:order", 99400, REBATE, 480, "C:refund", -80000,
	    "P:brand:other", -14880, D_HELD, -5000, MO_END);
	assert_int_equal(o->got.cash_fen, 80000);
	mo_refund_done(o);
	mo_check(o, "R2", mo_last(o), "C:refund", 80000, FROZEN, -79520, REBATE, -480, MO_END);
	mo_over(o);
	assert_int_equal(mo_hold_ended(o, 1), ERR_OK);
	mo_check(o, "E4", mo_last(o), D_HELD, 5000, D_AVAIL, -5000, MO_END);
	mo_again(o);
	/* all of it is kept */
	made_to_order(o, w);
	o->lines[0].voided = 1;
	BACK(o, .forfeit_fen = 100000, .last = true);
	mo_check(o, "R1", mo_last(o), "C:order", 99400, "P:brand:other", -99400, MO_END);
}

/* Units paid in full, cancelled in production: of what they cost a part is kept. */
static void
test_forfeit_of_units(void **state)
{
	struct money_units u;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	made_to_order(o, w);
	mo_pay_balance(o, PROVIDER_WECHAT, 899900, 5399);
	u = mo_units(o, 1, 0, 0);
	BACK(o, .unsplit_count = 1, .unsplit = &u, .forfeit_fen = 200000, .forfeit_owner_bps = 2500,
	    .last = true);
	/* 5399 * 799900 / 899900 = 4799.04; the brand bears the 1200 that are kept of the fee */
	mo_check(o, "R1", mo_last(o), "C:order", 993901, REBATE, 4799, "C:refund", -799900,
	    "P:brand:other", -150000 + 1200, D_HELD, -50000, MO_END);
	mo_refund_done(o);
	mo_over(o);
}

/* ---- The provider reckons payment by payment ----------------------------------------------------------- */

static void
five_made(struct money_order *o, struct money_world *w, enum provider balance)
{
	money_part(w, SITE, WAY_SHIP);
	money_row(w, money_line(w, 6700, 0, 5000, 5), 5, BRAND);
	w->rows[0][0].stocked = false;
	mo_begin(o, w, BRAND);
	mo_pay_part(o, 10050, 60);
	mo_pay_balance(o, balance, 23450, 141);
	mo_e3(o, 0, 0, true);
}

/*
 * 201 of 33500 are 60 of 10050 and 141 of 23450.  Of 13400 that went back 201 would be 80.4, 141 of 23450 is 80.57:
 * 81; so the second unit brings 41, and the fourth the last 20 of the balance and, with a third of the deposit, 20 of it.
 */
static void
test_rebate_of_each_payment(void **state)
{
	static const struct money_unit_line l = {0, 1, BRAND};
	static const struct {
		int64_t rebate;
		int back_count;
		struct money_back back[MONEY_BACKS_MAX];
	} rows[] = {
	    {40, 1, {{1, 6700, 40}}},
	    {41, 1, {{1, 6700, 41}}},
	    {40, 1, {{1, 6700, 40}}},
	    {40, 2, {{1, 3350, 20}, {0, 3350, 20}}},
	    {40, 1, {{0, 6700, 40}}},
	};
	const struct money_units u = mo_some(1, 1, 0, &l);
	struct money_order *o = *state;
	struct money_world *w = o->w;

	five_made(o, w, PROVIDER_WECHAT);
	for (size_t i = 0; i < ROWS(rows); i++) {
		BACK(o, .split_count = 1, .split = &u);
		assert_int_equal(posting_sum(&o->got.posting,
		                     account_number(ACCOUNT_PSP_FEE_REBATE, PROVIDER_WECHAT, BRAND,
		                         0)),
		    rows[i].rebate);
		assert_int_equal(o->got.back_count, rows[i].back_count);
		for (int k = 0; k < o->got.back_count; k++) {
			assert_int_equal(o->got.back[k].payment, rows[i].back[k].payment);
			assert_int_equal(o->got.back[k].fen, rows[i].back[k].fen);
			assert_int_equal(o->got.back[k].rebate_fen, rows[i].back[k].rebate_fen);
		}
	}
	mo_refund_done(o);
	mo_check_all(o, "all", MO_END);
	mo_over(o);
}

/* Each provider gives back of his own fee. */
static void
test_two_providers(void **state)
{
	static const struct money_unit_line l = {0, 4, BRAND};
	const struct money_units u = mo_some(1, 1, 0, &l);
	struct money_order *o = *state;
	struct money_world *w = o->w;

	five_made(o, w, PROVIDER_ALIPAY);
	BACK(o, .split_count = 1, .split = &u);
	mo_check(o, "R1", mo_last(o), "P:brand:cost", 20000, D_HELD, 6639,
	    "A:psp:alipay:BRAND:fee_rebate", 141, REBATE, 20, "C:refund", -26800, MO_END);
}

/* ---- Units that were never paid -------------------------------------------------------------------------- */

/* Of three made to order one was cancelled before the balance, another while nothing was left to pay. */
static void
test_voided(void **state)
{
	static const struct money_unit_line l = {0, 2, 0};
	const struct money_units two = mo_some(1, 1, 0, &l);
	struct money_units u;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	money_line(w, 10000, 0, 8000, 3);
	money_line(w, 20000, 0, 15000, 1);
	money_part(w, SITE, WAY_SHIP);
	money_row(w, 0, 3, BRAND);
	money_row(w, 1, 1, BRAND);
	w->rows[0][0].stocked = w->rows[0][1].stocked = false;
	mo_begin(o, w, BRAND);
	mo_pay_part(o, 15000, 90);
	o->lines[0].voided = 1;
	mo_pay_balance(o, PROVIDER_WECHAT, 25000, 150);
	assert_int_equal(mo_units_left(&o->m, 0), 2);
	assert_int_equal(mo_split(o, &two, false), ERR_OK);
	mo_check(o, "E3", mo_last(o), "C:order", 19880, "P:brand:cost", -16000, D_HELD, -3880,
	    MO_END);
	mo_again(o);
	money_line(w, 10000, 0, 8000, 3);
	money_part(w, SITE, WAY_SHIP);
	money_row(w, 0, 3, BRAND);
	w->rows[0][0].stocked = false;
	mo_begin(o, w, BRAND);
	mo_pay_part(o, 15000, 90);
	o->lines[0].voided = 2; /* the balance is nothing now, and 5000 of the deposit too much */
	BACK(o, .deposit_fen = 5000);
	mo_check(o, "R1", mo_last(o), "C:order", 4970, REBATE, 30, "C:refund", -5000, MO_END);
	u = mo_units(o, 1, 0, 0);
	assert_int_equal(mo_split(o, &u, true), ERR_WRONG_STATE);
	u = two;
	u.lines = &(struct money_unit_line){0, 1, 0};
	assert_int_equal(mo_split(o, &u, true), ERR_OK);
	mo_check(o, "E3 of the one", mo_last(o), "C:order", 9940, "P:brand:cost", -8000, D_HELD,
	    -1940, MO_END);
	mo_refund_done(o);
	mo_over(o);
}

/* The deposit pays for what is left: no campaign ever gave to it, so none has anything back. */
static void
test_never_funded(void **state)
{
	static const struct money_unit_line l = {0, 1, BRAND};
	const struct money_units u = mo_some(1, 1, 0, &l);
	struct money_order *o = *state;
	struct money_world *w = o->w;

	for (int handed = 0; handed < 2; handed++) {
		money_part(w, SITE, WAY_SHIP);
		money_row(w, money_line(w, 10000, 1000, 8000, 2), 2, BRAND);
		w->rows[0][0].stocked = false;
		mo_begin(o, w, BRAND);
		mo_pay_part(o, 9000, 54);
		o->lines[0].voided = 1;
		if (handed) {
			struct money_units e = mo_some(1, 1, 0, &(struct money_unit_line){0, 1, 0});

			assert_int_equal(mo_split(o, &e, true), ERR_OK);
			mo_check(o, "E3", mo_last(o), "C:order", 8946, "P:brand:promo", 1000,
			    "P:brand:cost", -8000, D_HELD, -1946, MO_END);
			BACK(o, .split_count = 1, .split = &u);
			mo_check(o, "R1", mo_last(o), "P:brand:cost", 8000, D_HELD, 1946, REBATE,
			    54, "P:brand:promo", -1000, "C:refund", -9000, MO_END);
		} else {
			BACK(o, .unsplit_count = 1, .unsplit = &u, .last = true);
			mo_check(o, "R1", mo_last(o), "C:order", 8946, REBATE, 54, "C:refund",
			    -9000, MO_END);
		}
		mo_refund_done(o);
		mo_check_all(o, "all", MO_END);
		mo_over(o);
		mo_again(o);
	}
}

static void
test_second_payment(void **state)
{
	struct money_units u;
	struct posting p;
	struct money_order *o = *state;
	struct money_world *w = o->w;

	money_line(w, 10000, 0, 8000, 1);
	money_part(w, SITE, WAY_SHIP);
	money_row(w, 0, 1, BRAND);
	mo_begin(o, w, BRAND);
	mo_pay(o);
	mo_pay_part(o, 10000, 60);
	assert_int_equal(journal_refund_all(&w->w, w->split, BRAND, PROVIDER_WECHAT, &p), ERR_OK);
	mo_write(o, &p, 2);
	assert_int_equal(money_refundable(&o->m), 10000);
	u = mo_units(o, 1, 0, 0);
	mo_check(o, "E3", mo_e3(o, 0, 0, true), "C:order", 9940, "P:brand:cost", -8000, D_HELD,
	    -1940, MO_END);
	BACK(o, .split_count = 1, .split = &u);
	assert_int_equal(o->got.cash_fen, 10000);
	assert_int_equal(o->got.back_count, 1);
	assert_int_equal(o->got.back[0].payment, 0);
	assert_int_equal(o->got.back[0].rebate_fen, 60);
	assert_int_equal(money_refundable(&o->m), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    MO_TEST(test_deposit_and_balance),
	    MO_TEST(test_forfeit),
	    MO_TEST(test_forfeit_of_units),
	    MO_TEST(test_rebate_of_each_payment),
	    MO_TEST(test_two_providers),
	    MO_TEST(test_voided),
	    MO_TEST(test_never_funded),
	    MO_TEST(test_second_payment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
