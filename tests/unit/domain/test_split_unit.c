/* split_unit: what one unit carries, so that it can be handed over or refunded alone. */
#include "unit.h"

#include "money_world.h"

static int64_t
leg_of(const struct unit_split *u, enum leg_kind kind)
{
	int i;

	for (i = 0; i < u->leg_count; i++)
		if (u->legs[i].kind == kind)
			return u->legs[i].fen;
	return 0;
}

/* Three lines of one unit, a coupon of 10000: unit 2 is what a refund of it reverses. */
static void
test_three_lines(void **state)
{
	static const int64_t discount[3] = {3334, 3333, 3333};
	struct money_world m;
	struct unit_split u;
	int i;

	(void)state;
	money_world_init(&m);
	money_part(&m, SITE, WAY_SHIP);
	for (i = 0; i < 3; i++) {
		money_line(&m, 100000, discount[i], 80000, 1);
		money_row(&m, i, 1, BRAND);
	}
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	for (i = 0; i < 3; i++) {
		split_unit(&m.in, m.split, 0, i, 0, &u);
		assert_int_equal(u.paid_fen, 100000 - discount[i]);
		assert_int_equal(u.funding_count, 1);
		assert_int_equal(u.funding[0].party, BRAND);
		assert_int_equal(u.funding[0].fen, discount[i]);
		assert_int_equal(leg_of(&u, LEG_COST), 80000);
		assert_int_equal(leg_of(&u, LEG_PROVIDER_FEE), 580);
		assert_int_equal(leg_of(&u, LEG_MARGIN), 19420);
		assert_int_equal(u.leg_count, 3);
	}
	money_world_release(&m);
}

/* One line of seven units from two places: fen left over go to the first, the margin takes the rest. */
static void
test_spread(void **state)
{
	static const struct {
		int part, row, unit;
		int64_t fee, staff, handling, cost, transfer, margin;
	} rows[] = {
	    {0, 0, 0, 7, 12, 0, 0, 0, 980},
	    {0, 0, 1, 6, 12, 0, 0, 0, 981},
	    {0, 1, 0, 6, 12, 0, 800, 0, 181},
	    {1, 0, 0, 6, 12, 17, 0, 800, 164},
	    {1, 0, 1, 6, 12, 17, 0, 800, 164},
	    {1, 0, 2, 6, 12, 17, 0, 800, 164},
	    {1, 0, 3, 6, 11, 16, 0, 800, 166},
	};
	struct money_world m;
	struct unit_split u;
	size_t i;

	(void)state;
	money_world_init(&m);
	m.owner.staff = STAFF_S;
	m.rules[0].staff.bps = 119;        /* 83.2 of 6993: 83 */
	m.rules[0].handling.bps = 167;     /* 66.7 of 3996: 67 */
	money_line(&m, 999, 0, 800, 7);    /* fee 41.96: 42, made 43 below */
	m.parties[BRAND - 1].fee_bps = 61; /* 42.7: 43 */
	money_part(&m, STORE_D, WAY_DELIVER);
	money_row(&m, 0, 2, DEALER_D);
	money_row(&m, 0, 1, BRAND);
	money_part(&m, STORE_F, WAY_DELIVER);
	money_row(&m, 0, 4, DEALER_F);
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	for (i = 0; i < ROWS(rows); i++) {
		split_unit(&m.in, m.split, rows[i].part, rows[i].row, rows[i].unit, &u);
		assert_int_equal(leg_of(&u, LEG_PROVIDER_FEE), rows[i].fee);
		assert_int_equal(leg_of(&u, LEG_STAFF), rows[i].staff);
		assert_int_equal(leg_of(&u, LEG_HANDLING), rows[i].handling);
		assert_int_equal(leg_of(&u, LEG_COST), rows[i].cost);
		assert_int_equal(leg_of(&u, LEG_TRANSFER), rows[i].transfer);
		assert_int_equal(leg_of(&u, LEG_MARGIN), rows[i].margin);
	}
	money_world_release(&m);
}

/* What the brand absorbs of a unit is its own promise, and comes back with it. */
static void
test_absorbed(void **state)
{
	struct money_world m;
	struct unit_split u;

	(void)state;
	money_world_init(&m);
	m.rules[0].negative = NEGATIVE_BRAND_ABSORBS;
	m.rules[0].absorb_max_fen = 25;
	money_line(&m, 1000, 100, 1010, 2); /* paid 900, fee 5.4 a unit: 11 in all; lacking 31 */
	m.lines[0].campaign = FUNDED_BY_THREE;
	money_part(&m, SITE, WAY_SHIP);
	money_row(&m, 0, 2, BRAND);
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	assert_int_equal(m.split->total.absorbed_fen, 25);
	split_unit(&m.in, m.split, 0, 0, 0, &u);
	assert_int_equal(leg_of(&u, LEG_MARGIN), 1000 - 1010 - 6);
	assert_int_equal(leg_of(&u, LEG_SHORTFALL), 13);
	assert_int_equal(u.funding_count, 4);
	assert_int_equal(u.funding[0].fen, 50);
	assert_int_equal(u.funding[1].fen, 30);
	assert_int_equal(u.funding[3].party, BRAND);
	assert_int_equal(u.funding[3].fen, 13);
	split_unit(&m.in, m.split, 0, 0, 1, &u);
	assert_int_equal(leg_of(&u, LEG_MARGIN), 1000 - 1010 - 5);
	assert_int_equal(leg_of(&u, LEG_SHORTFALL), 12);
	money_world_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_three_lines),
	    cmocka_unit_test(test_spread),
	    cmocka_unit_test(test_absorbed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
