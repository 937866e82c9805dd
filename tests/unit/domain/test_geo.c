/* Distances against known ones, and the map's search against looking at every store. */
#include <stdlib.h>

#include "domain/geo.h"
#include "domain/random_world.h"
#include "unit.h"

static void
test_distances(void **state)
{
	static const struct {
		const char *label;
		int32_t a[2], b[2];
		int32_t want_m, within_m;
	} rows[] = {
	    {"the same place", {31000000, 121000000}, {31000000, 121000000}, 0, 1},
	    {"a kilometre north", {31000000, 121000000}, {31008993, 121000000}, 1000, 2},
	    {"a kilometre east", {31000000, 121000000}, {31000000, 121010491}, 1000, 2},
	    {"Shanghai to Beijing", {31222220, 121458060}, {39907500, 116397230}, 1068258, 50},
	    {"Kashgar to Harbin", {39454720, 75979720}, {45750000, 126650000}, 4135100, 50},
	    {"to the other side", {0, 0}, {0, 180000000}, 20015087, 200},
	    {"over the date line", {0, 179900000}, {0, -179900000}, 22239, 5},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fixture *f = fixture_new();
		struct geo_point p;
		int32_t d;

		fixture_location(f, LOC_STORE, f->dealer, 0);
		f->locations[0].lat_e6 = rows[i].b[0];
		f->locations[0].lon_e6 = rows[i].b[1];
		fixture_ready(f);
		geo_point_init(&p, rows[i].a[0], rows[i].a[1]);
		d = geo_distance_m(&f->world, &p, 0);
		if (abs(d - rows[i].want_m) > rows[i].within_m)
			fail_msg("%s: %d m, not %d", rows[i].label, (int)d, (int)rows[i].want_m);
		fixture_free(f);
	}
}

static bool
kept(const struct geo_nearest *n, int32_t idx)
{
	for (int i = 0; i < n->count; i++)
		if (n->near[i].idx == idx)
			return true;
	return false;
}

/* What was kept is exactly the nearest of all that are within: no store left out is nearer than one kept. */
static void
test_search(void **state)
{
	struct rng r = {42};

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct fixture *f = fixture_new();
		int32_t radius = 1000 + rng_below(&r, 60000), within = 0, farthest = 0, d;
		int keep = 1 + rng_below(&r, 40);
		struct geo_nearest *n = malloc(sizeof(*n));
		struct geo_point p;
		int32_t beyond;

		for (int i = 0; i < 650; i++) {
			struct location *l =
			    fixture_at(f, fixture_location(f, LOC_STORE, 2 + rng_below(&r, 2), 0));

			l->lat_e6 += rng_below(&r, 600000) - 300000;
			l->lon_e6 += rng_below(&r, 600000) - 300000;
		}
		fixture_ready(f);
		geo_point_init(&p, 31000000 + rng_below(&r, 300000),
		    121000000 - rng_below(&r, 300000));
		geo_nearest_init(n, &f->world, keep);
		geo_stores_within(n, &p, radius, f->dealer);
		beyond = geo_nearest_finish(n);
		for (int i = 0; i < n->count; i++)
			farthest = n->near[i].distance_m > farthest ? n->near[i].distance_m
			                                            : farthest;
		for (int32_t i = 0; i < f->world.store_count; i++) {
			d = geo_distance_m(&f->world, &p, i);
			if (f->world.locations[i].party == f->dealer || d > radius) {
				assert_false(kept(n, i));
				continue;
			}
			within++;
			assert_true(kept(n, i) || d >= farthest);
		}
		assert_int_equal(n->count + beyond, within);
		assert_int_equal(n->count, within < keep ? within : keep);
		free(n);
		fixture_free(f);
	}
}

/* Two thousand offers, and one place away from where the map begins or ends. */
static void
test_many_offers(void **state)
{
	struct fixture *f = fixture_new();
	struct geo_nearest *n = malloc(sizeof(*n));
	struct geo_point far;

	(void)state;
	for (int i = 0; i < 700; i++)
		fixture_location(f, LOC_STORE, f->other, 0);
	fixture_ready(f);
	geo_nearest_init(n, &f->world, GEO_NEAREST_MAX);
	for (int i = 0; i < 2100; i++)
		geo_nearest_offer(n, 2100 - i, i % 700);
	assert_int_equal(geo_nearest_finish(n), 2100 - GEO_NEAREST_MAX);
	for (int i = 0; i < n->count; i++)
		assert_true(n->near[i].distance_m <= GEO_NEAREST_MAX);
	geo_point_init(&far, -80000000, -170000000);
	geo_nearest_init(n, &f->world, 10);
	geo_stores_within(n, &far, 50000, 0);
	assert_int_equal(geo_nearest_finish(n), 0);
	assert_int_equal(n->count, 0);
	geo_nearest_init(n, &f->world, 10);
	geo_stores_within(n, &far, 20100000, 0);
	assert_int_equal(geo_nearest_finish(n), 690);
	free(n);
	fixture_free(f);
}

/* Of equally far ones, and of those not measured, the lowest ids are kept. */
static void
test_ties(void **state)
{
	static const int32_t far_m[] = {-1, 0, 5000};
	struct fixture *f = fixture_new();
	struct geo_nearest *n = malloc(sizeof(*n));

	(void)state;
	for (int i = 0; i < 600; i++)
		fixture_location(f, LOC_STORE, f->other, 0);
	fixture_ready(f);
	for (size_t k = 0; k < sizeof(far_m) / sizeof(far_m[0]); k++) {
		geo_nearest_init(n, &f->world, 5);
		geo_nearest_offer(n, 4999, 599);
		for (int i = 599; i-- > 0;)
			geo_nearest_offer(n, far_m[k], i);
		assert_int_equal(geo_nearest_finish(n), 595);
		for (int i = 0; i < n->count; i++)
			assert_true(f->world.locations[n->near[i].idx].id <= 5 ||
			    (far_m[k] == 5000 && n->near[i].idx == 599));
		assert_int_equal(n->limit_m, far_m[k]);
	}
	free(n);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_distances),
	    cmocka_unit_test(test_search),
	    cmocka_unit_test(test_many_offers),
	    cmocka_unit_test(test_ties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
