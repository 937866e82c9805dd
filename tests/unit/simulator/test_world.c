#include "unit.h"

#include <stdlib.h>

#include "base/strmap.h"
#include "simulator/cities.h"
#include "simulator/load_rows.h"
#include "simulator/mix.h"
#include "simulator/rpc.h"

#define CITIES "simulator/data/china-cities.csv"

static struct world *
world(enum world_size size, uint64_t seed)
{
	struct world *w;

	assert_int_equal(world_make(&w, CITIES, size, seed), ERR_OK);
	return w;
}

static void
test_sizes(void **state)
{
	static const struct {
		const char *label;
		enum world_size size;
		int dealers, stores;
	} rows[] = {{"small", WORLD_SMALL, 60, 300}, {"full", WORLD_FULL, 5000, 30000}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct world *w = world(rows[i].size, 1);
		int stores = 0, dealers = 0, far = 0;

		for (int c = 0; c < w->city_count; c++) {
			stores += w->cities[c].store_count;
			dealers += w->cities[c].dealer_count;
			assert_true(w->cities[w->cities[c].seat].dealer_count > 0);
		}
		for (int s = 0; s < w->store_count; s++) {
			const struct city *c = &w->cities[w->stores[s].city];

			far += cities_distance_km(c->lat, c->lon, w->stores[s].lat,
			           w->stores[s].lon) > 4 * c->spread_km;
			assert_true(w->stores[s].dealer < w->dealer_count);
		}
		row_equal(rows[i].label, stores, rows[i].stores);
		row_equal(rows[i].label, dealers, rows[i].dealers);
		row_equal("cities", w->city_count, 1176);
		/* beyond four deviations of a normal distribution in the plane: one in 3,000 */
		assert_true(far <= 1 + rows[i].stores / 1000);
		/* Shanghai: 22.3 of 400 million people */
		row_equal("Shanghai's stores", w->cities[0].store_count,
		    rows[i].stores * 22315474LL / 400167044 + 1);
		world_free(w);
	}
}

static void
test_goods(void **state)
{
	struct world *w = world(WORLD_SMALL, 7);

	(void)state;
	for (int i = 0; i < SKU_COUNT; i++) {
		const struct ware *x = &w->wares[i];

		assert_true(
		    x->cost_fen * 100 >= x->list_fen * 69 && x->cost_fen * 100 <= x->list_fen * 96);
		assert_true(x->cost_fen <= x->floor_fen && x->floor_fen <= x->list_fen);
	}
	for (int s = 0; s < w->store_count; s++)
		for (int i = 0; i < STORE_SKUS; i++)
			for (int k = 0; k < i; k++)
				assert_int_not_equal(w->stores[s].sku[i], w->stores[s].sku[k]);
	assert_true(w->ship_count > 200 && w->cloud_count > 50 && w->order_count == 20 &&
	    w->scarce_count > 0);
	world_free(w);
}

/* The bytes of every catalog request of a world, hashed into one number. */
static uint64_t
rows_hash(const struct world *w)
{
	struct load_in in = {.world = w, .now_us = INT64_C(1800000000000000)};
	struct arena *a = arena_new(64 << 20);
	uint64_t hash = 0;

	assert_non_null(a);
	for (const struct load_kind *k = load_kinds; k->name != NULL; k++)
		for (int64_t at = 0; at < k->row_count(w); at += k->chunk) {
			int64_t left = k->row_count(w) - at;
			ProtobufCMessage *m;
			uint8_t *p;
			size_t len;

			arena_reset(a);
			m = k->build(&in, at, left < k->chunk ? left : k->chunk, a);
			assert_non_null(m);
			p = rpc_pack(m, &len);
			assert_non_null(p);
			hash = hash64(p, len, hash);
			free(p);
		}
	arena_free(a);
	return hash;
}

static void
test_same_seed_same_world(void **state)
{
	struct world *a = world(WORLD_SMALL, 1), *b = world(WORLD_SMALL, 1),
	             *c = world(WORLD_SMALL, 2);

	(void)state;
	assert_true(rows_hash(a) == rows_hash(b));
	assert_true(rows_hash(a) != rows_hash(c));
	world_free(a);
	world_free(b);
	world_free(c);
}

static void
test_mix(void **state)
{
	static const int want[MIX_WAYS] = {40, 20, 20, 20};
	struct world *w = world(WORLD_SMALL, 1);
	struct mix m = {.world = w, .tag = "t", .started_us = INT64_C(1800000000000000)};
	int ways[MIX_WAYS] = {0};

	(void)state;
	for (uint64_t n = 0; n < 20000; n++) {
		struct plan p;

		mix_plan(&m, n, false, &p);
		ways[p.way]++;
		assert_true(p.line_count >= 1 && p.line_count <= PLAN_LINES_MAX);
		assert_true((p.store >= 0) == (p.way == MIX_PICKUP));
		for (int i = 0; i < p.line_count; i++) {
			const struct ware *x = &w->wares[p.line[i].sku];

			assert_true(p.line[i].price_fen == 0 ||
			    (p.line[i].price_fen >= x->floor_fen &&
			        p.line[i].price_fen <= x->list_fen));
			assert_true(p.way != MIX_SHIP || x->list_fen < 500000 || x->made_to_order);
			assert_true(p.way != MIX_CLOUD || x->list_fen >= 500000);
		}
		assert_true(!p.prepaid || p.quote_first);
	}
	for (int i = 0; i < MIX_WAYS; i++)
		assert_in_range(ways[i], want[i] * 200 - 300, want[i] * 200 + 300);
	world_free(w);
}

/* An old order made again from its number has the same bytes. */
static void
test_orders_can_be_made_again(void **state)
{
	struct world *w = world(WORLD_SMALL, 1);
	struct mix m = {.world = w, .tag = "t", .started_us = INT64_C(1800000000000000)};
	struct arena *a = arena_new(1 << 20);
	uint8_t *bytes[2];
	size_t len[2];

	(void)state;
	assert_non_null(a);
	for (uint64_t n = 0; n < 500; n++) {
		for (int i = 0; i < 2; i++) {
			struct plan p;
			Yuncang__V1__SubmitOrderRequest *q;

			arena_reset(a);
			mix_plan(&m, n, n % 7 == 0, &p);
			q = mix_submit(&m, &p, a);
			assert_non_null(q);
			bytes[i] = rpc_pack(&q->base, &len[i]);
			assert_non_null(bytes[i]);
		}
		assert_int_equal(len[0], len[1]);
		assert_memory_equal(bytes[0], bytes[1], len[0]);
		free(bytes[0]);
		free(bytes[1]);
	}
	arena_free(a);
	world_free(w);
}

static void
test_peak(void **state)
{
	double before = 0;

	(void)state;
	for (int i = 1; i <= 1000; i++) {
		double done = mix_peak_done(i / 1000.0);

		assert_true(done > before);
		before = done;
	}
	row_equal("all of it", mix_peak_done(1.0) == 1.0, 1);
	/* the opening rush: a tenth of the time sells more than a fifth */
	assert_true(mix_peak_done(0.1) > 0.2);
}

static void
test_bad_files(void **state)
{
	struct world *w;

	(void)state;
	row_equal("missing", world_make(&w, "simulator/data/nowhere.csv", WORLD_SMALL, 1), ERR_IO);
	row_equal("other", world_make(&w, "simulator/data/README.md", WORLD_SMALL, 1), ERR_IO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_goods), cmocka_unit_test(test_same_seed_same_world),
	    cmocka_unit_test(test_mix), cmocka_unit_test(test_orders_can_be_made_again),
	    cmocka_unit_test(test_peak), cmocka_unit_test(test_bad_files)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
