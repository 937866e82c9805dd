/*
 * Placing: worked cases of public shop and order systems, restated for whole pieces (fractional ones
 * doubled), each named after where it came from.
 */
#include "domain/world_fixture.h"
#include "unit.h"

static const struct rule_step site_steps[] = {{WAY_SHIP, SOURCE_SITE}};
static const struct rule_step pickup_steps[] = {{WAY_PICKUP, SOURCE_REQUESTED}};
static const enum rank_key by_preference[] = {RANK_PREFERENCE};
static const enum rank_key by_stock[] = {RANK_STOCK};
static const enum rank_key by_cover[] = {RANK_COVER};
static const enum rank_key by_distance[] = {RANK_DISTANCE_BAND};

/* Warehouses 1 .. n in order of preference, with stock of sku 1; -1: not stocked. */
static struct fixture *
warehouses(int count, const int *atp)
{
	struct fixture *f = fixture_new();
	int32_t l;

	for (int i = 0; i < count; i++) {
		l = fixture_location(f, LOC_SITE, f->brand, 0);
		fixture_at(f, l)->preference = i;
		if (atp[i] >= 0)
			fixture_stock(f, l, 1, f->brand, atp[i]);
	}
	fixture_rule(f, 1, site_steps);
	fixture_ranking(f, 1, by_preference);
	fixture_ready(f);
	return f;
}

struct row {
	const char *label;
	int count, atp[4];
	int want;
	bool fewest, by_stock;
	int order[4]; /* preferences; all 0: as they stand */
	int take[4];
};

static void
test_one_sku(void **state)
{
	static const struct row rows[] = {
	    {"solidus 2122, in order: 2 and 3, never a third", 3, {2, 4, 5}, 5, false, false, {0},
	        {2, 3, 0}},
	    {"solidus 2122, fewest parcels: all from the third", 3, {2, 4, 5}, 5, true, false, {0},
	        {0, 0, 5}},
	    {"solidus 583, medusa 14987: one and one", 2, {1, 1}, 2, true, false, {0}, {1, 1}},
	    {"solidus: three packages of 2, 2, 1", 3, {2, 2, 2}, 5, true, false, {0}, {2, 2, 1}},
	    {"vendure 4030: 10 and the remaining 3, not 13 again", 2, {10, 15}, 13, false, false,
	        {0}, {10, 3}},
	    {"saleor, biggest stock first", 2, {3, 4}, 5, false, true, {0}, {1, 4}},
	    {"saleor, second preferred", 2, {4, 3}, 5, false, false, {2, 1}, {2, 3}},
	    {"spree: both coasts for 8 of 5 and 5", 2, {5, 5}, 8, true, false, {0}, {5, 3}},
	    {"spree, fewest: 5 of 2 and 10 from the second", 2, {2, 10}, 5, true, false, {0},
	        {0, 5}},
	    {"spree, in order: 5 of 2 and 10 as 2 and 3", 2, {2, 10}, 5, false, false, {0}, {2, 3}},
	    {"in order needs four parcels: the one that has all", 4, {1, 1, 1, 9}, 4, false, false,
	        {0}, {0, 0, 0, 4}},
	    {"the first pair in ranking order", 4, {1, 3, 3, 3}, 6, true, false, {0}, {0, 3, 3, 0}},
	    {"the second of equal pairs by preference", 4, {1, 3, 3, 3}, 6, true, false,
	        {4, 3, 2, 1}, {0, 0, 3, 3}},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fixture *f = warehouses(rows[i].count, rows[i].atp);

		f->policy.fewest_parcels = rows[i].fewest;
		if (rows[i].by_stock)
			fixture_ranking(f, 1, by_stock);
		for (int k = 0; k < rows[i].count && rows[i].order[0] != 0; k++)
			fixture_at(f, k + 1)->preference = rows[i].order[k];
		fixture_line(f, 1, rows[i].want);
		row_equal(rows[i].label, fixture_decide(f, 1)->option_count, 1);
		for (int k = 0; k < rows[i].count; k++)
			row_equal(rows[i].label, fixture_units(f, 0, k + 1), rows[i].take[k]);
		fixture_free(f);
	}
}

/* The five sources of Magento's selection tests: three in the EU, one switched off, one in the US. */
static struct fixture *
magento_world(bool us)
{
	struct fixture *f = fixture_new();
	int32_t l[5];

	for (int i = 0; i < 4; i++)
		fixture_sku(f, 1000);
	for (int i = 0; i < 5; i++) {
		l[i] = fixture_location(f, LOC_SITE, f->brand, 0);
		fixture_at(f, l[i])->preference = i;
	}
	fixture_at(f, l[3])->disabled = true;
	if (!us)
		fixture_at(f, l[4])->disabled = true;
	fixture_stock(f, l[0], 1, f->brand, 11);
	fixture_stock(f, l[1], 1, f->brand, 6);
	fixture_stock(f, l[1], 4, f->brand, 12);
	fixture_stock(f, l[1], 3, f->brand, 0); /* 6 there, marked out of stock */
	fixture_stock(f, l[2], 1, f->brand, 0); /* 10 there, marked out of stock */
	fixture_stock(f, l[3], 1, f->brand, 20);
	fixture_stock(f, l[4], 2, f->brand, 10);
	fixture_rule(f, 1, site_steps);
	fixture_ranking(f, 1, by_preference);
	f->policy.fewest_parcels = false;
	fixture_ready(f);
	return f;
}

static void
test_magento_selection(void **state)
{
	static const struct {
		const char *label;
		bool partial, reversed;
		int32_t sku[2];
		int want[2];
		int take[2][2]; /* by line, of eu-1 and eu-2 */
		int options;
	} rows[] = {
	    {"16 and 8: 11 + 5, and 8", false, false, {1, 4}, {16, 8}, {{11, 5}, {0, 8}}, 1},
	    {"14: 11 + 3", false, false, {1}, {14}, {{11, 3}}, 1},
	    {"30 of 17: what there is, under partial", true, false, {1}, {30}, {{11, 6}}, 1},
	    {"30 of 17: refused else", false, false, {1}, {30}, {{0, 0}}, 0},
	    {"10 and 6, in order: all from eu-1, the other sku left out", true, false, {1, 2},
	        {10, 6}, {{10, 0}, {0, 0}}, 1},
	    {"10 and 6, reversed: 6 from eu-2, 4 from eu-1", true, true, {1, 2}, {10, 6},
	        {{4, 6}, {0, 0}}, 1},
	    {"3 marked out of stock", false, false, {3}, {1}, {{0, 0}}, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fixture *f = magento_world(false);

		f->policy.partial = rows[i].partial;
		for (int k = 0; k < 5 && rows[i].reversed; k++)
			fixture_at(f, k + 1)->preference = -k;
		for (int k = 0; k < 2 && rows[i].want[k] > 0; k++)
			fixture_line(f, rows[i].sku[k], rows[i].want[k]);
		row_equal(rows[i].label, fixture_decide(f, 1)->option_count, rows[i].options);
		for (int k = 0; k < f->request.line_count; k++) {
			row_equal(rows[i].label, fixture_units(f, k, 1), rows[i].take[k][0]);
			row_equal(rows[i].label, fixture_units(f, k, 2), rows[i].take[k][1]);
			row_equal(rows[i].label, fixture_units(f, k, 0),
			    rows[i].take[k][0] + rows[i].take[k][1]);
		}
		if (rows[i].options == 0)
			row_equal(rows[i].label, f->d->refusal.err, ERR_OUT_OF_STOCK);
		fixture_free(f);
	}
}

static void
test_magento_us(void **state)
{
	struct fixture *f = magento_world(true);

	(void)state;
	fixture_line(f, 1, 10);
	fixture_line(f, 2, 6);
	fixture_decide(f, 1);
	row_equal("all stocks: sku 1", fixture_units(f, 0, 1), 10);
	row_equal("all stocks: sku 2 from the US", fixture_units(f, 1, 5), 6);
	fixture_free(f);
}

/* Magento reservations: 17 in the EU, all reserved; one unit is refused until the reservation is undone. */
static void
test_magento_reserved(void **state)
{
	struct fixture *f = magento_world(false);

	(void)state;
	fixture_line(f, 1, 1);
	hints_stock(&f->hints, 1, 1, f->brand)->atp = 0;
	hints_stock(&f->hints, 2, 1, f->brand)->atp = 0;
	row_equal("reserved", fixture_decide(f, 1)->refusal.err, ERR_OUT_OF_STOCK);
	hints_stock(&f->hints, 1, 1, f->brand)->atp = 11;
	row_equal("given back", fixture_decide(f, 1)->option_count, 1);
	hints_stock(&f->hints, 1, 1, f->brand)->inflight = 11;
	row_equal("all under way", fixture_decide(f, 1)->option_count, 0);
	f->ignore_inflight = true;
	row_equal("what is under way left out", fixture_decide(f, 1)->option_count, 1);
	fixture_free(f);
}

/* Magento in-store pickup: ready only where one store holds the whole order. */
static void
test_magento_pickup(void **state)
{
	static const int sku_1[] = {11, 7, 20}, want[] = {0, 1, 0};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct fixture *f = fixture_new();

		fixture_sku(f, 1000);
		for (int k = 0; k < 3; k++)
			fixture_stock(f, fixture_location(f, LOC_STORE, f->dealer, k), 1, f->dealer,
			    sku_1[k]);
		fixture_stock(f, 2, 2, f->dealer, 6);
		fixture_rule(f, 1, pickup_steps);
		fixture_ready(f);
		f->request.way = WAY_PICKUP;
		f->request.location = world_location(&f->world, i + 1);
		fixture_line(f, 1, 7);
		fixture_line(f, 2, 4);
		row_equal("pickup at one store", fixture_decide(f, 1)->option_count, want[i]);
		fixture_free(f);
	}
}

/* Magento pickup search: eu-1 and eu-3 are on, eu-2 and the fourth are off; order by distance. */
static void
test_magento_radius(void **state)
{
	static const struct {
		const char *label;
		int32_t lat_e6, lon_e6;
		int radius_km, count;
		int32_t location[2];
		int km[2];
	} rows[] = {
	    {"500 km of Ebersberg", 48122300, 11620500, 500, 1, {3}, {45}},
	    {"1000 km of Provence", 43933300, 5383300, 1000, 2, {1, 3}, {600, 676}},
	    {"350 km of Piedmont", 44479600, 7502000, 350, 0, {0}, {0}},
	    {"700 km of Ebersberg", 48122300, 11620500, 700, 2, {3, 1}, {45, 669}},
	    {"700 km of Piedmont", 44479600, 7502000, 700, 2, {3, 1}, {514, 624}},
	};
	static const int32_t lat_e6[] = {48983300, 48983300, 47849600, 47849600};
	static const int32_t lon_e6[] = {2616700, 2616700, 12067000, 12067000};
	static const struct rule_step steps[] = {{WAY_PICKUP, SOURCE_OTHER_STORES}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fixture *f = fixture_new();

		for (int k = 0; k < 4; k++) {
			int32_t l = fixture_location(f, LOC_STORE, f->other, 0);

			fixture_at(f, l)->lat_e6 = lat_e6[k];
			fixture_at(f, l)->lon_e6 = lon_e6[k];
			fixture_at(f, l)->disabled = k == 1 || k == 3;
			fixture_stock(f, l, 1, f->other, 5);
		}
		fixture_rule(f, 1, steps);
		fixture_ranking(f, 1, by_distance);
		fixture_ready(f);
		f->policy.radius_m = rows[i].radius_km * 1000;
		f->request.way = WAY_PICKUP;
		f->request.lat_e6 = rows[i].lat_e6;
		f->request.lon_e6 = rows[i].lon_e6;
		fixture_line(f, 1, 1);
		row_equal(rows[i].label, fixture_decide(f, OPTIONS_MAX)->option_count,
		    rows[i].count);
		for (int k = 0; k < rows[i].count; k++) {
			const struct part *p = &f->d->options[k].parts[0];

			row_equal(rows[i].label, p->location, rows[i].location[k]);
			row_equal(rows[i].label, (p->distance_m + 500) / 1000, rows[i].km[k]);
		}
		fixture_free(f);
	}
}

/* HotWax weeks of cover: 18 at 9 a week, 14 at 2, 22 at 1 over four weeks: 800, 2800, 8800. */
static void
test_hotwax_cover(void **state)
{
	static const int atp[] = {18, 14, 22}, weekly[] = {9, 2, 1}, cover[] = {800, 2800, 8800};
	struct fixture *f = warehouses(3, atp);

	(void)state;
	fixture_ranking(f, 1, by_cover);
	for (int i = 0; i < 3; i++)
		hints_stock(&f->hints, i + 1, 1, f->brand)->safety = weekly[i];
	fixture_line(f, 1, 1);
	fixture_decide(f, OPTIONS_MAX);
	row_equal("cover", f->d->option_count, 3);
	for (int i = 0; i < 3; i++) {
		row_equal("outlet, suburb, downtown", f->d->options[i].parts[0].location, 3 - i);
		row_equal("cover times four weeks", -f->d->runs[0].candidates[i].key[0] * 4,
		    cover[2 - i]);
	}
	fixture_free(f);
}

/* medusa 16502: two lines of one sku share its stock. */
static void
test_lines_share_stock(void **state)
{
	static const int atp[] = {5};
	struct fixture *f = warehouses(1, atp);

	(void)state;
	fixture_line(f, 1, 5);
	fixture_line(f, 1, 5);
	row_equal("5 and 5 of 5", fixture_decide(f, 1)->refusal.err, ERR_OUT_OF_STOCK);
	f->lines[0].quantity = 2;
	f->lines[1].quantity = 3;
	row_equal("2 and 3 of 5", fixture_decide(f, 1)->option_count, 1);
	row_equal("2 and 3 of 5", fixture_units(f, 0, 1), 2);
	row_equal("2 and 3 of 5", fixture_units(f, 1, 1), 3);
	f->policy.partial = true;
	f->lines[0].quantity = f->lines[1].quantity = 4;
	fixture_decide(f, 1);
	row_equal("4 and 4 of 5, partial", fixture_units(f, 0, 1), 4);
	row_equal("4 and 4 of 5, partial", fixture_units(f, 1, 1), 1);
	fixture_free(f);
}

/* Lines in different groups, by their price, share it too. */
static void
test_groups_share_stock(void **state)
{
	static const int atp[] = {5};
	struct fixture *f = warehouses(1, atp);
	struct rule *r;

	(void)state;
	r = fixture_rule(f, 1, site_steps);
	f->policy.rules[0].price_from_fen = 900;
	r->price_below_fen = 900;
	fixture_line(f, 1, 3)->price_fen = 950;
	fixture_line(f, 1, 3)->price_fen = 850;
	row_equal("3 and 3 of 5 in two groups", fixture_decide(f, 1)->refusal.err,
	    ERR_OUT_OF_STOCK);
	row_equal("3 and 3 of 5 in two groups", f->d->group_count, 2);
	f->lines[1].quantity = 2;
	row_equal("3 and 2 of 5 in two groups", fixture_decide(f, 1)->option_count, 1);
	row_equal("one parcel for both", f->d->options[0].part_count, 1);
	row_equal("with both lines", f->d->options[0].parts[0].line_count, 2);
	fixture_free(f);
}

/* So do entitlement and the day's capacity. */
static void
test_groups_share_limits(void **state)
{
	static const struct rule_step cloud[] = {{WAY_SHIP, SOURCE_CLOUD}};
	static const struct rule_step deliver[] = {{WAY_DELIVER, SOURCE_OWNER_STORES}};
	static const struct rule_step pickup[] = {{WAY_PICKUP, SOURCE_OWNER_STORES}};
	struct fixture *f = fixture_new();

	(void)state;
	fixture_stock(f, fixture_location(f, LOC_CLOUD, f->brand, 1), 1, f->brand, 9);
	fixture_stock(f, fixture_location(f, LOC_STORE, f->dealer, 1), 1, f->dealer, 9);
	fixture_at(f, 2)->capacity_day = 1;
	fixture_sku_at(f, 1)->scarce = true;
	hints_entitlement_put(&f->hints, f->dealer, 1)->ceiling = 5;
	fixture_rule(f, 1, cloud)->price_from_fen = 900;
	fixture_rule(f, 1, cloud);
	fixture_ready(f);
	fixture_line(f, 1, 3)->price_fen = 950;
	fixture_line(f, 1, 3)->price_fen = 850;
	row_equal("3 and 3 of an entitlement to 5", fixture_decide(f, 1)->refusal.err,
	    ERR_ENTITLEMENT_USED);
	f->lines[1].quantity = 2;
	row_equal("3 and 2", fixture_decide(f, 1)->option_count, 1);
	f->policy.rule_count = 0;
	fixture_rule(f, 1, deliver)->price_from_fen = 900;
	fixture_rule(f, 1, pickup);
	row_equal("two fulfilments on a day for one", fixture_decide(f, 1)->option_count, 0);
	fixture_at(f, 2)->capacity_day = 2;
	row_equal("on a day for two", fixture_decide(f, 1)->option_count, 1);
	row_equal("two parcels", f->d->options[0].part_count, 2);
	fixture_free(f);
}

static void
test_together(void **state)
{
	static const int atp[] = {2, 1, 3};
	struct fixture *f = warehouses(3, atp);

	(void)state;
	fixture_sku(f, 500);
	fixture_stock(f, 1, 2, f->brand, 0);
	fixture_stock(f, 2, 2, f->brand, 1);
	fixture_stock(f, 3, 2, f->brand, 9);
	fixture_line(f, 1, 2)->together = 1;
	fixture_line(f, 2, 1)->together = 1;
	fixture_decide(f, 1);
	row_equal("only the third has both", fixture_units(f, 0, 3), 2);
	row_equal("only the third has both", fixture_units(f, 1, 3), 1);
	f->lines[0].together = f->lines[1].together = 0;
	f->policy.fewest_parcels = false;
	fixture_decide(f, 1);
	row_equal("apart: in order", fixture_units(f, 0, 1), 2);
	row_equal("apart: in order", fixture_units(f, 1, 2), 1);
	f->lines[0].together = f->lines[1].together = 2;
	fixture_line(f, 1, 3)->together = 3;
	row_equal("two sets of which only one fits", fixture_decide(f, 1)->option_count, 0);
	f->policy.partial = true;
	fixture_decide(f, 1);
	row_equal("partial: a set whole", fixture_units(f, 0, 0) + fixture_units(f, 1, 0), 3);
	row_equal("partial: or not at all", fixture_units(f, 2, 0), 0);
	fixture_free(f);
}

/* First fit would lay the small set where only the big one fits: both orders are tried. */
static void
test_together_backtracks(void **state)
{
	static const int atp[] = {2, 1};
	struct fixture *f = warehouses(2, atp);

	(void)state;
	fixture_line(f, 1, 1)->together = 1;
	fixture_line(f, 1, 2)->together = 2;
	row_equal("one and two", fixture_decide(f, 1)->option_count, 1);
	row_equal("one and two", fixture_units(f, 0, 2), 1);
	row_equal("one and two", fixture_units(f, 1, 1), 2);
	fixture_free(f);
}

static void
test_pools_in_order(void **state)
{
	struct fixture *f = fixture_new();
	static const struct rule_step steps[] = {{WAY_SHIP, SOURCE_REQUESTED}};
	int32_t store, third = fixture_party(f, PARTY_DEALER, 2),
	               fourth = fixture_party(f, PARTY_DEALER, 2),
	               fifth = fixture_party(f, PARTY_DEALER, 2);
	const struct part *p;

	(void)state;
	store = fixture_location(f, LOC_STORE, f->other, 0);
	fixture_stock(f, store, 1, fifth, 9);
	fixture_stock(f, store, 1, f->brand, 1);
	fixture_stock(f, store, 1, fourth, 1);
	fixture_stock(f, store, 1, third, 0);
	fixture_stock(f, store, 1, f->dealer, 1);
	fixture_stock(f, store, 1, f->other, 1);
	fixture_rule(f, 1, steps);
	fixture_ready(f);
	f->request.location = world_location(&f->world, store);
	fixture_line(f, 1, 4);
	row_equal("pools", fixture_decide(f, 1)->option_count, 1);
	p = &f->d->options[0].parts[0];
	row_equal("pools", p->line_count, 4);
	row_equal("the owner's first", p->lines[0].goods_owner, f->dealer);
	row_equal("the operator's", p->lines[1].goods_owner, f->other);
	row_equal("the brand's", p->lines[2].goods_owner, f->brand);
	row_equal("others by id", p->lines[3].goods_owner, fourth);
	f->lines[0].quantity = 5;
	row_equal("four pools at most", fixture_decide(f, 1)->option_count, 0);
	fixture_free(f);
}

static void
test_parcel_min(void **state)
{
	static const int atp[] = {10, 1, 4};
	struct fixture *f = warehouses(3, atp);

	(void)state;
	f->policy.parcel_min_fen = 3000;
	fixture_line(f, 1, 13);
	fixture_decide(f, 1);
	row_equal("the second gives too little", fixture_reason(f, 2), OUT_PARCEL_MIN);
	row_equal("10 and 3", fixture_units(f, 0, 3), 3);
	f->lines[0].quantity = 11;
	row_equal("10 and 1: a parcel of 1 is too small", fixture_decide(f, 1)->option_count, 0);
	f->lines[0].quantity = 1;
	row_equal("one parcel may be small", fixture_decide(f, 1)->option_count, 1);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_sku),
	    cmocka_unit_test(test_magento_selection),
	    cmocka_unit_test(test_magento_us),
	    cmocka_unit_test(test_magento_reserved),
	    cmocka_unit_test(test_magento_pickup),
	    cmocka_unit_test(test_magento_radius),
	    cmocka_unit_test(test_hotwax_cover),
	    cmocka_unit_test(test_lines_share_stock),
	    cmocka_unit_test(test_groups_share_stock),
	    cmocka_unit_test(test_groups_share_limits),
	    cmocka_unit_test(test_together),
	    cmocka_unit_test(test_together_backtracks),
	    cmocka_unit_test(test_pools_in_order),
	    cmocka_unit_test(test_parcel_min),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
