/* Keys summed and sorted, and who gets what of a grant. */
#include "store/takes.h"
#include "unit.h"

static struct take
stock(int32_t dealer, int32_t location, int32_t sku, int64_t quantity)
{
	return (struct take){.kind = TAKE_STOCK,
	    .dealer = dealer,
	    .location = location,
	    .sku = sku,
	    .goods_owner = 1,
	    .quantity = quantity};
}

static void
test_seal(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct takes t;
	int32_t place[8];
	const struct take takes[] = {
	    {.kind = TAKE_BUDGET, .campaign = 1, .quantity = 500, .dealer = 99},
	    stock(2, 1, 1, 3),
	    stock(1, 2, 2, 1),
	    {.kind = TAKE_CAPACITY,
	        .dealer = 1,
	        .location = 2,
	        .day = 5,
	        .limit = 9,
	        .quantity = 1,
	        .sku = 99},
	    stock(2, 1, 1, 4),
	    {.kind = TAKE_SLOT,
	        .dealer = 1,
	        .location = 2,
	        .day = 5,
	        .from_min = 60,
	        .to_min = 90,
	        .quantity = 1},
	    {.kind = TAKE_ENTITLEMENT, .dealer = 7, .sku = 1, .quantity = 2},
	    stock(1, 2, 1, 1),
	};
	static const int want[] = {6, 2, 1, 3, 2, 4, 5, 0};

	(void)state;
	assert_int_equal(takes_init(&t, arena, 8), ERR_OK);
	for (size_t i = 0; i < ROWS(takes); i++)
		takes_add(&t, &takes[i], i == 4 ? PART_RESERVED : PART_ALLOCATED, &place[i]);
	assert_int_equal(takes_seal(&t), ERR_OK);
	assert_int_equal(t.key_count, 7);
	for (size_t i = 0; i < ROWS(takes); i++)
		assert_int_equal(place[i], want[i]);
	assert_int_equal(t.keys[2].want[PART_ALLOCATED], 3);
	assert_int_equal(t.keys[2].want[PART_RESERVED], 4);
	assert_int_equal(t.first[TAKE_STOCK], 0);
	assert_int_equal(t.first[TAKE_CAPACITY], 3);
	assert_int_equal(t.first[TAKE_BUDGET], 6);
	assert_int_equal(t.first[TAKE_BUDGET + 1], 7);
	/* Fields that are not of its key do not make a key another. */
	assert_int_equal(t.keys[6].key.dealer, 0);
	assert_int_equal(t.keys[3].key.sku, 0);
	arena_free(arena);
}

/* All or nothing, in order; what one who loses would have had is there for the next. */
static void
test_grant(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct takes t;
	static const struct {
		const char *label;
		int64_t first, second;
		bool want;
		int short_at;
	} rows[] = {
	    {"both there", 2, 1, true, -1},
	    {"second short", 1, 5, false, 1},
	    {"first short", 9, 1, false, 0},
	    {"the last of the first", 3, 1, true, -1},
	    {"nothing left of the first", 1, 1, false, 0},
	    {"none wanted of the first", 0, 1, true, -1},
	};
	struct take takes[2] = {stock(1, 1, 1, 0), stock(1, 1, 2, 0)};
	int32_t places[2];
	int short_at;

	(void)state;
	assert_int_equal(takes_init(&t, arena, 2), ERR_OK);
	takes_add(&t, &takes[0], PART_ALLOCATED, &places[0]);
	takes_add(&t, &takes[1], PART_ALLOCATED, &places[1]);
	assert_int_equal(takes_seal(&t), ERR_OK);
	t.keys[0].grant = 5;
	t.keys[1].grant = 4;
	for (size_t i = 0; i < ROWS(rows); i++) {
		takes[0].quantity = rows[i].first;
		takes[1].quantity = rows[i].second;
		row_equal(rows[i].label,
		    takes_grant(&t, takes, places, 2, i % 2 == 0 ? PART_ALLOCATED : PART_RESERVED,
		        &short_at),
		    rows[i].want);
		row_equal(rows[i].label, short_at, rows[i].short_at);
	}
	assert_int_equal(t.keys[0].used[PART_ALLOCATED], 2);
	assert_int_equal(t.keys[0].used[PART_RESERVED], 3);
	arena_free(arena);
}

static void
test_refusals(void **state)
{
	(void)state;
	assert_int_equal(take_err(TAKE_STOCK), ERR_OUT_OF_STOCK);
	assert_int_equal(take_err(TAKE_CAPACITY), ERR_CONTENDED);
	assert_int_equal(take_err(TAKE_SLOT), ERR_SLOT_FULL);
	assert_int_equal(take_err(TAKE_ENTITLEMENT), ERR_ENTITLEMENT_USED);
	assert_int_equal(take_err(TAKE_BUDGET), ERR_CAMPAIGN_SPENT);
}

/* In flight up and down again leaves nothing, also when the hints were read anew in between. */
static void
test_inflight(void **state)
{
	struct hints_memory m;
	const struct take s = stock(1, 1, 1, 2);
	const struct take c = {.kind = TAKE_CAPACITY,
	    .dealer = 1,
	    .location = 1,
	    .day = 5,
	    .limit = 9,
	    .quantity = 1};

	(void)state;
	assert_int_equal(hints_memory_init(&m, 1), ERR_OK);
	assert_non_null(hm_stock(&m, 1, 1, 1));
	take_inflight(&m, &s, 1);
	take_inflight(&m, &c, 1);
	assert_int_equal(hints_stock(&m.hints, 1, 1, 1)->inflight, 2);
	/* The day has no row yet; what is on the way must show all the same. */
	assert_int_equal(hints_capacity(&m.hints, 1, 5)->inflight, 1);
	assert_int_equal(hints_capacity(&m.hints, 1, 5)->limit, 9);
	take_inflight(&m, &s, -1);
	take_inflight(&m, &s, -1);
	take_inflight(&m, &c, -1);
	assert_int_equal(hints_stock(&m.hints, 1, 1, 1)->inflight, 0);
	assert_int_equal(hints_capacity(&m.hints, 1, 5)->inflight, 0);
	hints_memory_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_seal),
	    cmocka_unit_test(test_grant),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_inflight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
