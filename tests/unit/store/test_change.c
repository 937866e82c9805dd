/* Change rows packed and read, and the memory behind the hints they go to. */
#include "domain/world.h"
#include "store/change.h"
#include "unit.h"

static const struct {
	const char *label;
	struct change c;
} rows[] = {
    {"stock",
        {.kind = CHANGE_STOCK,
            .location = 30000,
            .row.stock = {.sku = 500,
                .goods_owner = 1,
                .atp = -3,
                .version = 7,
                .safety = 2,
                .counted_min = 4000000000u,
                .suspect_until_min = 5}}},
    {"capacity",
        {.kind = CHANGE_CAPACITY,
            .row.capacity =
                {.location = 9, .day = -1, .limit = 10, .taken = 4, .version = INT32_MAX}}},
    {"slot",
        {.kind = CHANGE_SLOT,
            .row.slot = {.location = 9,
                .day = 20800,
                .from_min = 600,
                .to_min = 1440,
                .limit = 3,
                .taken = 3,
                .version = 2}}},
    {"entitlement",
        {.kind = CHANGE_ENTITLEMENT,
            .row.entitlement = {.dealer = 8, .sku = 3, .ceiling = 5, .used = 1, .version = 4}}},
    {"budget",
        {.kind = CHANGE_BUDGET,
            .row.budget = {.campaign = 2, .version = 3, .left_fen = INT64_MAX}}},
    {"claim",
        {.kind = CHANGE_CLAIM,
            .row.claim = {.customer = UINT64_MAX - 5,
                .location = 4,
                .staff = 6,
                .from_min = 10,
                .until_min = 0,
                .kind = CLAIM_BIND,
                .version = UINT16_MAX}}},
    {"task", {.kind = CHANGE_TASK, .location = 30000}},
};

static void
test_round_trip(void **state)
{
	struct buf all, again;
	struct change c;
	struct rd rd;
	size_t n = 0;

	(void)state;
	buf_init(&all, 1000);
	buf_init(&again, 1000);
	for (size_t i = 0; i < ROWS(rows); i++)
		change_pack(&all, &rows[i].c);
	rd_init(&rd, all.data, all.len);
	while (change_unpack(&rd, &c)) {
		row_equal(rows[n].label, c.kind, rows[n].c.kind);
		change_pack(&again, &c);
		n++;
	}
	assert_true(rd.ok);
	assert_int_equal(n, ROWS(rows));
	assert_int_equal(again.len, all.len);
	assert_memory_equal(again.data, all.data, all.len);
	buf_release(&all);
	buf_release(&again);
}

static void
test_malformed(void **state)
{
	struct change c;
	struct buf b;
	struct rd rd;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		buf_init(&b, 1000);
		change_pack(&b, &rows[i].c);
		for (size_t len = 1; len < b.len; len++) {
			rd_init(&rd, b.data, len);
			assert_false(change_unpack(&rd, &c));
			row_equal(rows[i].label, rd.ok, false);
		}
		buf_release(&b);
	}
	rd_init(&rd, "\0\0\0", 3);
	assert_false(change_unpack(&rd, &c));
	assert_false(rd.ok);
	rd_init(&rd, "", 0);
	assert_false(change_unpack(&rd, &c));
	assert_true(rd.ok);
}

/* Figures count only if newer; what is on the way to a commit is not theirs to change. */
static void
test_versions(void **state)
{
	struct hints_memory m;
	struct change c = {.kind = CHANGE_STOCK, .location = 5};
	struct stock_hint *h;
	static const struct {
		const char *label;
		int32_t version, atp, want;
	} steps[] = {
	    {"first", 3, 10, 10},
	    {"older", 2, 99, 10},
	    {"equal", 3, 99, 10},
	    {"newer", 4, -1, -1},
	};

	(void)state;
	assert_int_equal(hints_memory_init(&m, 10), ERR_OK);
	h = hm_stock(&m, 5, 1, 2);
	assert_non_null(h);
	h->inflight = 3;
	for (size_t i = 0; i < ROWS(steps); i++) {
		c.row.stock = (struct stock_hint){.sku = 1,
		    .goods_owner = 2,
		    .atp = steps[i].atp,
		    .version = steps[i].version,
		    .inflight = 77};
		assert_int_equal(change_apply(&m, &c), ERR_OK);
		h = hints_stock(&m.hints, 5, 1, 2);
		row_equal(steps[i].label, h->atp, steps[i].want);
		row_equal(steps[i].label, h->inflight, 3);
	}
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(change_apply(&m, &rows[i].c), ERR_OK);
		assert_int_equal(change_apply(&m, &rows[i].c), ERR_OK);
	}
	assert_int_equal(hints_capacity(&m.hints, 9, -1)->taken, 4);
	assert_int_equal(hints_slot(&m.hints, 9, 20800, 600, 1440)->limit, 3);
	assert_int_equal(hints_entitlement(&m.hints, 8, 3)->ceiling, 5);
	assert_int_equal(hints_budget(&m.hints, 2)->left_fen, INT64_MAX);
	assert_int_equal(m.hints.claim_used, 1);
	hints_memory_release(&m);
}

/* Tables and regions grow without losing a row. */
static void
test_growth(void **state)
{
	struct hints_memory m;

	(void)state;
	assert_int_equal(hints_memory_init(&m, 3), ERR_OK);
	assert_int_equal(hints_memory_location(&m, 2, 50), ERR_OK);
	for (int i = 1; i <= 3000; i++) {
		struct stock_hint *s = hm_stock(&m, 1 + i % 70, i, 1);
		struct capacity_hint *c = hm_capacity(&m, 1 + i % 7, i);
		struct slot_hint *t = hm_slot(&m, 1, i, 60, 120);
		struct entitlement_hint *e = hm_entitlement(&m, i, 9);
		struct budget_hint *b = hm_budget(&m, i);

		if (s == NULL || c == NULL || t == NULL || e == NULL || b == NULL) {
			fail_msg("row %d finds no place", i);
			break;
		}
		s->atp = i;
		c->taken = i;
		t->taken = i;
		e->used = i;
		b->left_fen = i;
	}
	for (int i = 1; i <= 3000; i++) {
		assert_int_equal(hints_stock(&m.hints, 1 + i % 70, i, 1)->atp, i);
		assert_int_equal(hints_capacity(&m.hints, 1 + i % 7, i)->taken, i);
		assert_int_equal(hints_slot(&m.hints, 1, i, 60, 120)->taken, i);
		assert_int_equal(hints_entitlement(&m.hints, i, 9)->used, i);
		assert_int_equal(hints_budget(&m.hints, i)->left_fen, i);
	}
	for (uint32_t i = 1; i <= 4; i++) {
		struct claim c = {.customer = i, .location = 1, .kind = CLAIM_SCAN, .from_min = i};

		assert_true((hm_claim(&m, &c) != NULL) == (i <= 3)); /* claims_max */
	}
	hints_memory_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
