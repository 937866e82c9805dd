/* Which policy is in force, and which rule fits a line: one row a condition. */
#include "domain/world_fixture.h"
#include "unit.h"

static void
test_policy_at(void **state)
{
	struct policy a = {.version = 1, .effective_from_us = 100},
	              b = {.version = 2, .effective_from_us = 200},
	              c = {.version = 3, .effective_from_us = 200};
	struct policy *all[] = {&a, &b, &c};
	struct world w = {.policies = all, .policy_count = 3};

	(void)state;
	row_equal("before the first", policy_at(&w, 99) == NULL, true);
	row_equal("the first", policy_at(&w, 100)->version, 1);
	row_equal("until the next", policy_at(&w, 199)->version, 1);
	row_equal("of two the later version", policy_at(&w, 200)->version, 3);
}

static void
test_rule_conditions(void **state)
{
	static const struct row {
		const char *label;
		struct rule rule;
		bool fits;
	} rows[] = {
	    {"nothing asked", {.name = ""}, true},
	    {"class", {.name = "", .class_count = 2, .classes = {4, 5}}, true},
	    {"another class", {.name = "", .class_count = 1, .classes = {4}}, false},
	    {"made to order: no", {.name = "", .made_to_order = NO}, true},
	    {"made to order: yes", {.name = "", .made_to_order = YES}, false},
	    {"cloud only: yes", {.name = "", .cloud_only = YES}, true},
	    {"cloud only: no", {.name = "", .cloud_only = NO}, false},
	    {"price from, inclusive", {.name = "", .price_from_fen = 1000}, true},
	    {"price from, above", {.name = "", .price_from_fen = 1001}, false},
	    {"price below", {.name = "", .price_below_fen = 1001}, true},
	    {"price below, exclusive", {.name = "", .price_below_fen = 1000}, false},
	    {"no bounds", {.name = "", .price_from_fen = -1, .price_below_fen = -1}, true},
	    {"way", {.name = "", .ways = 1 << WAY_SHIP | 1 << WAY_NONE}, true},
	    {"another way", {.name = "", .ways = 1 << WAY_PICKUP | 1 << WAY_NONE}, false},
	    {"storefront kind", {.name = "", .storefront_kinds = 1 << FRONT_LIVE}, true},
	    {"another storefront kind", {.name = "", .storefront_kinds = 1 << FRONT_STORE}, false},
	    {"channel", {.name = "", .channel_count = 1, .channels = {9}}, true},
	    {"another channel", {.name = "", .channel_count = 1, .channels = {8}}, false},
	    {"territory", {.name = "", .territory_count = 2, .territories = {6, 7}}, true},
	    {"another territory", {.name = "", .territory_count = 1, .territories = {6}}, false},
	    {"grade", {.name = "", .grades = 1 << 2 | 1 << 3}, true},
	    {"another grade", {.name = "", .grades = 1 << 1}, false},
	    {"from now", {.name = "", .from_us = 5000}, true},
	    {"from later", {.name = "", .from_us = 5001}, false},
	    {"until later", {.name = "", .until_us = 5001}, true},
	    {"until now", {.name = "", .until_us = 5000}, false},
	};
	static struct policy p;
	const struct rule_view v = {.way = WAY_SHIP,
	    .front_kind = FRONT_LIVE,
	    .channel = 9,
	    .territory = 7,
	    .grade = 2,
	    .now_us = 5000};
	const struct sku s = {.class_idx = 5, .cloud_only = true};

	(void)state;
	p.rule_count = 2;
	for (size_t i = 0; i < ROWS(rows); i++) {
		p.rules[0] = rows[i].rule;
		row_equal(rows[i].label, policy_rule_find(&p, &v, &s, 1000), rows[i].fits ? 0 : 1);
	}
	p.rule_count = 0;
	row_equal("no rules", policy_rule_find(&p, &v, &s, 1000), NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_policy_at),
	    cmocka_unit_test(test_rule_conditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
