/* split_rule: one whole rule wins; which book is in force. */
#include "unit.h"

#include "money_world.h"

/* A rule that is for something: 0 or NONE mean any. */
struct aim {
	int32_t sku, class_idx, dealer, grade;
	enum way way;
	int front;
};
#define ANY \
	{ \
		0, NONE, 0, 0, WAY_NONE, 0 \
	}

static void
test_first_difference(void **state)
{
	/* The first rule must win over the second, wherever they stand in the book. */
	static const struct {
		const char *label;
		struct aim wins, loses;
	} rows[] = {
	    {"sku before all others", {1, NONE, 0, 0, WAY_NONE, 0},
	        {0, CLASS_LAPTOP, DEALER_D, 3, WAY_SHIP, FRONT_STORE}},
	    {"class before dealer and the rest", {0, CLASS_LAPTOP, 0, 0, WAY_NONE, 0},
	        {0, NONE, DEALER_D, 3, WAY_SHIP, FRONT_STORE}},
	    {"dealer before grade and the rest", {0, NONE, DEALER_D, 0, WAY_NONE, 0},
	        {0, NONE, 0, 3, WAY_SHIP, FRONT_STORE}},
	    {"grade before way and storefront", {0, NONE, 0, 3, WAY_NONE, 0},
	        {0, NONE, 0, 0, WAY_SHIP, FRONT_STORE}},
	    {"way before storefront", {0, NONE, 0, 0, WAY_SHIP, 0},
	        {0, NONE, 0, 0, WAY_NONE, FRONT_STORE}},
	    {"storefront before any", {0, NONE, 0, 0, WAY_NONE, FRONT_STORE}, ANY},
	    {"same sku: the class decides", {1, CLASS_LAPTOP, 0, 0, WAY_NONE, 0},
	        {1, NONE, DEALER_D, 3, WAY_SHIP, FRONT_STORE}},
	    {"another sku's rule is not ours", ANY, {2, NONE, 0, 0, WAY_NONE, 0}},
	    {"another class", ANY, {0, CLASS_PHONE, 0, 0, WAY_NONE, 0}},
	    {"another dealer", ANY, {0, NONE, DEALER_F, 0, WAY_NONE, 0}},
	    {"another grade", ANY, {0, NONE, 0, 2, WAY_NONE, 0}},
	    {"another way", ANY, {0, NONE, 0, 0, WAY_PICKUP, 0}},
	    {"another storefront kind", ANY, {0, NONE, 0, 0, WAY_NONE, FRONT_LIVE}},
	};
	struct money_world m;
	const struct aim *a;
	size_t i;
	int first, k;

	(void)state;
	money_world_init(&m);
	money_line(&m, 1000, 0, 800, 1);
	m.skus[0].class_idx = CLASS_LAPTOP;
	m.book.rule_count = 2;
	for (i = 0; i < ROWS(rows); i++)
		for (first = 0; first < 2; first++) {
			for (k = 0; k < 2; k++) {
				a = k == first ? &rows[i].wins : &rows[i].loses;
				money_rule_clear(&m.rules[k]);
				m.rules[k].sku = a->sku;
				m.rules[k].class_idx = a->class_idx;
				m.rules[k].dealer = a->dealer;
				m.rules[k].grade = a->grade;
				m.rules[k].way = a->way;
				m.rules[k].storefront_kind = a->front;
			}
			row_equal(rows[i].label,
			    split_rule_find(&m.w, &m.book, &m.skus[0], &m.parties[DEALER_D - 1],
			        WAY_SHIP, FRONT_STORE) == &m.rules[first],
			    true);
		}
	money_world_release(&m);
}

static void
test_book_order(void **state)
{
	struct money_world m;
	const struct party *d;

	(void)state;
	money_world_init(&m);
	money_line(&m, 1000, 0, 800, 1);
	m.book.rule_count = 2;
	money_rule_clear(&m.rules[1]);
	d = &m.parties[DEALER_D - 1];
	assert_ptr_equal(split_rule_find(&m.w, &m.book, &m.skus[0], d, WAY_SHIP, FRONT_STORE),
	    &m.rules[0]);
	m.rules[0].dealer = m.rules[1].dealer = DEALER_F;
	assert_null(split_rule_find(&m.w, &m.book, &m.skus[0], d, WAY_SHIP, FRONT_STORE));
	money_world_release(&m);
}

/* Four lines, four rates of one fee: by sku, by class, by dealer, and the one for all. */
static void
test_ladder(void **state)
{
	static const int32_t bps[4] = {300, 800, 1200, 2000};
	struct money_world m;
	const struct leg *l;
	int i, seen = 0;

	(void)state;
	money_world_init(&m);
	m.book.rule_count = 4;
	for (i = 0; i < 4; i++) {
		money_rule_clear(&m.rules[3 - i]);
		m.rules[3 - i].platform_fee.bps = bps[i];
	}
	m.rules[3].sku = 1;
	m.rules[2].class_idx = CLASS_PHONE;
	m.rules[1].dealer = DEALER_D;
	money_part(&m, STORE_D, WAY_PICKUP);
	for (i = 0; i < 3; i++) {
		money_line(&m, 10000, 0, 5000, 1);
		money_row(&m, i, 1, DEALER_D);
		m.skus[i].class_idx = i == 2 ? CLASS_LAPTOP : CLASS_PHONE;
	}
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	for (l = m.split->legs; l < m.split->legs + m.split->leg_count; l++)
		if (l->kind == LEG_PLATFORM_FEE) {
			assert_int_equal(l->fen, bps[l->line]);
			seen++;
		}
	assert_int_equal(seen, 3);
	m.owner.dealer = DEALER_F;
	assert_int_equal(money_world_split(&m, 0), ERR_OK);
	assert_int_equal(money_world_sum(&m, LEG_PLATFORM_FEE, PLATFORM_OP), 300 + 800 + 2000);
	money_world_release(&m);
}

static void
test_books(void **state)
{
	static struct split_book b[4] = {{.version = 3, .effective_from_us = 300},
	    {.version = 1, .effective_from_us = 100}, {.version = 4, .effective_from_us = 300},
	    {.version = 2, .effective_from_us = 200}};
	struct split_book *books[4] = {&b[0], &b[1], &b[2], &b[3]};
	struct world w = {.books = books, .book_count = 4};
	static const struct {
		int64_t now_us;
		int32_t version;
	} rows[] = {{99, 0}, {100, 1}, {199, 1}, {200, 2}, {299, 2}, {300, 4}, {INT64_MAX, 4}};
	const struct split_book *got;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		got = split_book_at(&w, rows[i].now_us);
		assert_int_equal(got == NULL ? 0 : got->version, rows[i].version);
	}
}

static void
test_hold_days(void **state)
{
	static const struct {
		const char *label;
		int32_t rule;
		int window;
		bool staff;
		int days;
	} rows[] = {
	    {"the policy's window", 0, 7, false, 7},
	    {"the rule's own, longer", 30, 7, false, 30},
	    {"the rule's own, shorter", 2, 7, false, 2},
	    {"never shorter than the window for staff", 2, 7, true, 7},
	    {"longer for staff, too", 30, 7, true, 30},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++)
		row_equal(rows[i].label,
		    split_hold_days(&(struct split_rule){.hold_days = rows[i].rule}, rows[i].window,
		        rows[i].staff),
		    rows[i].days);
}

static void
test_bearers(void **state)
{
	struct money_world m;

	(void)state;
	money_world_init(&m);
	row_equal("owner", split_bearer(&m.w, BEARER_OWNER, DEALER_D, DEALER_F), DEALER_D);
	row_equal("brand", split_bearer(&m.w, BEARER_BRAND, DEALER_D, DEALER_F), BRAND);
	row_equal("fulfiller", split_bearer(&m.w, BEARER_FULFILLER, DEALER_D, DEALER_F), DEALER_F);
	row_equal("nobody yet", split_bearer(&m.w, BEARER_FULFILLER, DEALER_D, 0), BRAND);
	money_world_release(&m);
}

/* 113.00 at 13 % has 13.00 of tax; half up, and mirrored. */
static void
test_tax(void **state)
{
	static struct tax_rate rates[] = {{4, 600}, {5, 1300}};
	const struct split_book b = {.tax_count = 2, .taxes = rates};
	static const struct {
		const char *label;
		int64_t fen;
		int32_t bps;
		int64_t tax;
	} rows[] = {
	    {"exactly", 11300, 1300, 1300},
	    {"below a half", 4, 1300, 0},
	    {"above a half", 5, 1300, 1},
	    {"a half", 3, 2000, 1},
	    {"negative", -11300, 1300, -1300},
	    {"no rate", 11300, 0, 0},
	    {"the largest", FEN_MAX, BPS_WHOLE, FEN_MAX / 2},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++)
		row_equal(rows[i].label, split_tax(rows[i].fen, rows[i].bps), rows[i].tax);
	row_equal("by class", split_tax_bps(&b, &(struct sku){.tax_idx = 5}), 1300);
	row_equal("another class", split_tax_bps(&b, &(struct sku){.tax_idx = 6}), 0);
	row_equal("no class", split_tax_bps(&b, &(struct sku){.tax_idx = NONE}), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first_difference),
	    cmocka_unit_test(test_book_order),
	    cmocka_unit_test(test_ladder),
	    cmocka_unit_test(test_books),
	    cmocka_unit_test(test_hold_days),
	    cmocka_unit_test(test_bearers),
	    cmocka_unit_test(test_tax),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
