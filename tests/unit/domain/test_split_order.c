/* split: orders of several rows, lines, parts and funders, and what is refused. */
#include "unit.h"

#include "money_world.h"

/* A campaign's funders each bear their share, and the owner may be one of them. */
static void
test_funders(void **state)
{
	static const struct funding want[3] = {{BRAND, 200}, {DEALER_D, 120}, {PLATFORM_OP, 80}};
	struct money_world m;
	int i;

	(void)state;
	money_world_init(&m);
	money_line(&m, 10000, 100, 8000, 4);
	m.lines[0].campaign = FUNDED_BY_THREE;
	money_part(&m, SITE, WAY_SHIP);
	money_row(&m, 0, 4, BRAND);
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	assert_int_equal(m.split->funding_count, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(m.split->funding[i].party, want[i].party);
		assert_int_equal(m.split->funding[i].fen, want[i].fen);
	}
	assert_int_equal(money_world_sum(&m, LEG_MARGIN, DEALER_D), 40000 - 32000 - 238);
	money_world_release(&m);
}

/* One line from two stores and of two goods owners: who gets what follows each row. */
static void
test_mixed_rows(void **state)
{
	struct money_world m;

	(void)state;
	money_world_init(&m);
	money_charge(&m.rules[0].handling, 0, 150, BASE_GROSS);
	money_charge(&m.rules[0].staff, 0, 100, BASE_PAID);
	m.owner.staff = STAFF_S;
	money_line(&m, 3333, 0, 2000, 5);
	money_part(&m, STORE_D, WAY_DELIVER);
	money_row(&m, 0, 1, DEALER_D);
	money_row(&m, 0, 2, BRAND);
	money_part(&m, STORE_F, WAY_DELIVER);
	money_row(&m, 0, 2, DEALER_F);
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	assert_int_equal(m.split->total.cost_fen, 10000);
	assert_int_equal(m.split->total.cost_unit_fen[0], 2000);
	assert_int_equal(money_world_sum(&m, LEG_COST, BRAND), 4000);
	assert_int_equal(money_world_sum(&m, LEG_TRANSFER, DEALER_F), 4000);
	assert_int_equal(money_world_sum(&m, LEG_HANDLING, DEALER_F), 100);
	/* once a line: 16665 at 1 % */
	assert_int_equal(money_world_sum(&m, LEG_STAFF, STAFF_S), 167);
	assert_int_equal(money_world_sum(&m, LEG_MARGIN, DEALER_D), 16665 - 8000 - 100 - 167 - 100);
	assert_int_equal(m.split->total.owner_margin_fen, 16665 - 10000 - 100 - 167 - 100);
	money_world_release(&m);
}

/* What the brand absorbs has its limit per line, not per row. */
static void
test_absorb_limit(void **state)
{
	struct money_world m;
	int i;

	(void)state;
	money_world_init(&m);
	m.rules[0].negative = NEGATIVE_BRAND_ABSORBS;
	m.rules[0].absorb_max_fen = 5000;
	money_part(&m, SITE, WAY_SHIP);
	money_part(&m, CLOUD, WAY_SHIP);
	for (i = 0; i < 2; i++)
		money_line(&m, 10000, 0, 13000, 2);
	for (i = 0; i < 4; i++) {
		m.plan.part_count = 1 + i / 2;
		money_row(&m, i % 2, 1, BRAND);
	}
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	/* 3060 lacking a unit: the first of each line whole, of the second the 1940 left */
	assert_int_equal(m.split->total.absorbed_fen, 2 * 5000);
	assert_int_equal(money_world_sum(&m, LEG_MARGIN, DEALER_D), -4 * 3060);
	money_world_release(&m);
}

/* What is collected in a store bears none of the delivery fee. */
static void
test_delivery_of_two(void **state)
{
	struct money_world m;

	(void)state;
	money_world_init(&m);
	money_line(&m, 100000, 0, 80000, 2);
	money_part(&m, STORE_D, WAY_PICKUP);
	money_row(&m, 0, 1, BRAND);
	money_part(&m, SITE, WAY_SHIP);
	money_row(&m, 0, 1, BRAND);
	m.plan.delivery_fee_fen = 1000;
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	assert_int_equal(money_world_sum(&m, LEG_DELIVERY_INCOME, BRAND), 994);
	assert_int_equal(money_world_sum(&m, LEG_DELIVERY_INCOME, DEALER_D), 0);
	money_world_release(&m);
}

/* Old costs go before the catalog's. */
static void
test_frozen_cost(void **state)
{
	const int64_t frozen[1] = {70000};
	struct money_world m;

	(void)state;
	money_world_init(&m);
	money_line(&m, 100000, 0, 80000, 2);
	money_part(&m, SITE, WAY_SHIP);
	money_row(&m, 0, 2, BRAND);
	m.in.cost_unit_fen = frozen;
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	assert_int_equal(money_world_sum(&m, LEG_COST, BRAND), 140000);
	assert_int_equal(m.split->total.cost_unit_fen[0], 70000);
	money_world_release(&m);
}

static void
rejects(struct money_world *m)
{
	m->rules[0].negative = NEGATIVE_REJECT;
}

static void
rule_for_others(struct money_world *m)
{
	m->rules[0].dealer = DEALER_F;
}

static void
huge_charge(struct money_world *m)
{
	money_charge(&m->rules[0].platform_fee, FEN_MAX, 0, BASE_GROSS);
}

static void
huge_staff(struct money_world *m)
{
	m->owner.staff = STAFF_S;
	money_charge(&m->rules[0].staff, FEN_MAX, 0, BASE_GROSS);
}

static void
funded(struct money_world *m)
{
	m->lines[1].discount_fen = 1;
	m->lines[1].campaign = FUNDED_BY_BRAND;
}

static void
huge_fee(struct money_world *m)
{
	m->plan.delivery_fee_fen = INT64_MAX;
}

static void
test_refusals(void **state)
{
	static const struct {
		const char *label;
		void (*change)(struct money_world *m);
		int64_t price;
		int quantity;
		enum err want;
		const char *field;
	} bad[] = {
	    {"less than nothing, rejected", rejects, 80000, 1, ERR_MARGIN_BELOW_FLOOR,
	        "basket.lines[1]"},
	    {"no rule", rule_for_others, 80000, 1, ERR_NO_POLICY, "basket.lines[0]"},
	    {"goods beyond counting", NULL, FEN_MAX, 2, ERR_OVERFLOW, "basket.lines"},
	    {"goods beyond int64", NULL, INT64_MAX, 9999, ERR_OVERFLOW, "basket.lines"},
	    {"a charge beyond counting", huge_charge, 100000, 2, ERR_OVERFLOW, "basket.lines"},
	    {"a later charge beyond counting", huge_staff, 100000, 2, ERR_OVERFLOW, "basket.lines"},
	    {"goods beyond counting, in part funded", funded, FEN_MAX, 3, ERR_OVERFLOW,
	        "basket.lines"},
	    {"a delivery fee beyond counting", huge_fee, 100000, 1, ERR_OVERFLOW, "basket.lines"},
	};
	struct money_world m;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(bad); i++) {
		money_world_init(&m);
		money_line(&m, 100000, 0, 80000, 1);
		money_line(&m, bad[i].price, 0, 80000, bad[i].quantity);
		money_part(&m, SITE, WAY_SHIP);
		money_row(&m, 0, 1, BRAND);
		money_row(&m, 1, bad[i].quantity, BRAND);
		if (bad[i].change != NULL)
			bad[i].change(&m);
		row_equal(bad[i].label, money_world_split(&m, 0), bad[i].want);
		row_equal(bad[i].label, m.reason.err, bad[i].want);
		row_text(bad[i].label, m.reason.field, bad[i].field);
		money_world_release(&m);
	}
}

/* Basis points are rounded once a line for each who works on it, whoever's goods the units are. */
static void
test_handling_is_rounded_once(void **state)
{
	struct money_world m;

	(void)state;
	money_world_init(&m);
	money_charge(&m.rules[0].handling, 0, 500, BASE_GROSS);
	money_line(&m, 30, 0, 10, 3);
	money_part(&m, STORE_F, WAY_DELIVER);
	money_row(&m, 0, 1, DEALER_F);
	money_row(&m, 0, 1, BRAND);
	money_part(&m, STORE_BRAND, WAY_DELIVER);
	money_row(&m, 0, 1, BRAND);
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	/* 5 % of 60, not twice 1.5 */
	assert_int_equal(money_world_sum(&m, LEG_HANDLING, DEALER_F), 3);
	assert_int_equal(money_world_sum(&m, LEG_HANDLING, BRAND), 2);
	money_world_release(&m);
}

static void
test_no_memory(void **state)
{
	struct money_world m;

	(void)state;
	money_world_init(&m);
	money_line(&m, 100000, 0, 80000, 1);
	money_part(&m, SITE, WAY_SHIP);
	money_row(&m, 0, 1, BRAND);
	arena_free(m.arena);
	m.arena = arena_new(1024);
	assert_non_null(m.arena);
	assert_int_equal(money_world_split(&m, 0), ERR_NO_MEMORY);
	money_world_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_funders),
	    cmocka_unit_test(test_mixed_rows),
	    cmocka_unit_test(test_absorb_limit),
	    cmocka_unit_test(test_delivery_of_two),
	    cmocka_unit_test(test_frozen_cost),
	    cmocka_unit_test(test_handling_is_rounded_once),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
