/* collector: one merchant takes the money of an order. */
#include "unit.h"

#include "money_world.h"

enum { MADE_TO_ORDER = -1 };

static void
test_choice(void **state)
{
	static const struct {
		const char *label;
		int32_t paid;
		struct {
			int32_t location;
			enum way way;
			int32_t goods;
		} parts[2];
		int32_t want;
	} rows[] = {
	    {"paid already: who was paid", DEALER_F, {{SITE, WAY_SHIP, BRAND}}, DEALER_F},
	    {"paid already, whoever owns the goods", BRAND, {{STORE_D, WAY_PICKUP, DEALER_D}},
	        BRAND},
	    {"shipped from the site", 0, {{SITE, WAY_SHIP, BRAND}}, BRAND},
	    {"shipped from the cloud", 0, {{CLOUD, WAY_SHIP, BRAND}}, BRAND},
	    {"brand's goods in a dealer's store", 0, {{STORE_D, WAY_PICKUP, BRAND}}, BRAND},
	    {"own goods, collected", 0, {{STORE_D, WAY_PICKUP, DEALER_D}}, DEALER_D},
	    {"own goods, delivered", 0, {{STORE_D, WAY_DELIVER, DEALER_D}}, DEALER_D},
	    {"another dealer's goods: he", 0, {{STORE_F, WAY_PICKUP, DEALER_F}}, DEALER_F},
	    {"D's goods kept at F: D", 0, {{STORE_F, WAY_DELIVER, DEALER_D}}, DEALER_D},
	    {"two stores, one goods owner", 0,
	        {{STORE_D, WAY_DELIVER, DEALER_D}, {STORE_F, WAY_DELIVER, DEALER_D}}, DEALER_D},
	    {"two goods owners", 0,
	        {{STORE_D, WAY_DELIVER, DEALER_D}, {STORE_F, WAY_DELIVER, DEALER_F}}, BRAND},
	    {"a dealer's and the brand's", 0,
	        {{STORE_D, WAY_DELIVER, DEALER_D}, {CLOUD, WAY_SHIP, BRAND}}, BRAND},
	    {"made to order is the brand's", 0, {{SITE, WAY_SHIP, MADE_TO_ORDER}}, BRAND},
	    {"a dealer without a merchant account", 0, {{STORE_D, WAY_PICKUP, DEALER_POOR}}, BRAND},
	};
	struct money_world m;
	int32_t goods;
	size_t i;
	int p;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		money_world_init(&m);
		m.request.paid_party = rows[i].paid;
		money_line(&m, 1000, 0, 800, 2);
		for (p = 0; p < 2 && rows[i].parts[p].location != 0; p++) {
			goods = rows[i].parts[p].goods;
			money_part(&m, rows[i].parts[p].location, rows[i].parts[p].way);
			money_row(&m, 0, 1, goods == MADE_TO_ORDER ? DEALER_D : goods);
			m.parts[p].lines[0].stocked = goods != MADE_TO_ORDER;
		}
		row_equal(rows[i].label, collector_choose(&m.w, &m.request, &m.plan), rows[i].want);
		money_world_release(&m);
	}
}

/* Goods owners may differ within one part: the units of one line at one location. */
static void
test_mixed_part(void **state)
{
	struct money_world m;

	(void)state;
	money_world_init(&m);
	money_line(&m, 1000, 0, 800, 2);
	money_part(&m, STORE_D, WAY_PICKUP);
	money_row(&m, 0, 1, DEALER_D);
	money_row(&m, 0, 1, DEALER_F);
	assert_int_equal(collector_choose(&m.w, &m.request, &m.plan), BRAND);
	money_world_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_choice),
	    cmocka_unit_test(test_mixed_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
