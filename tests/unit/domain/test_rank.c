/* One row a ranking key, each also with the locations made in the other order; and their precedence. */
#include "domain/world_fixture.h"
#include "unit.h"

static const struct rule_step steps[] = {{WAY_DELIVER, SOURCE_OWNER_STORES},
    {WAY_DELIVER, SOURCE_OTHER_STORES}};

/* What is better about the better of two stores. */
enum better {
	SOURCE,
	BAND,
	PROMISE,
	GRADE,
	SCORECARD,
	LOAD,
	LOAD_NO_LIMIT,
	COVER,
	COST,
	PREFERENCE,
	STOCK,
	ID
};

static void
improve(struct fixture *f, enum better b, int32_t good, int32_t bad)
{
	struct location *x = fixture_at(f, good), *y = fixture_at(f, bad);

	switch (b) {
	case PROMISE:
		y->lead_min = 60;
		break;
	case GRADE:
		f->parties[x->party_idx].grade = 1;
		break;
	case SCORECARD:
		f->parties[y->party_idx].accept_bps = 9000;
		break;
	case LOAD:
		x->capacity_day = 10;
		y->capacity_day = 1000;
		hints_capacity_put(&f->hints, bad, (int32_t)(F_NOW / 86400000000))->limit = 1000;
		hints_capacity(&f->hints, bad, (int32_t)(F_NOW / 86400000000))->taken = 100;
		break;
	case LOAD_NO_LIMIT:
		y->capacity_day = 1000;
		hints_capacity_put(&f->hints, bad, (int32_t)(F_NOW / 86400000000))->limit = 1000;
		hints_capacity(&f->hints, bad, (int32_t)(F_NOW / 86400000000))->taken = 100;
		break;
	case COVER:
		hints_stock(&f->hints, bad, 1, y->party)->safety = 5;
		break;
	case COST:
		y->handling_cost_fen = 1;
		break;
	case PREFERENCE:
		x->preference = -1;
		break;
	case STOCK:
		hints_stock(&f->hints, good, 1, x->party)->atp = 11;
		break;
	case SOURCE:
	case BAND:
	case ID:
		break;
	}
}

static void
test_keys(void **state)
{
	static const struct {
		const char *label;
		enum rank_key key;
		enum better better;
		double good_km, bad_km;
		bool good_is_owners;
	} rows[] = {
	    {"1 source: the owner's, though farther", RANK_SOURCE, SOURCE, 9, 1, true},
	    {"2 distance band", RANK_DISTANCE_BAND, BAND, 1, 4, false},
	    {"3 promise", RANK_PROMISE, PROMISE, 5, 5, false},
	    {"4 grade", RANK_GRADE, GRADE, 5, 5, false},
	    {"5 scorecard", RANK_SCORECARD, SCORECARD, 5, 5, false},
	    {"6 load, in per cent", RANK_LOAD, LOAD, 5, 5, false},
	    {"6 load, no limit", RANK_LOAD, LOAD_NO_LIMIT, 5, 5, false},
	    {"7 cover", RANK_COVER, COVER, 5, 5, false},
	    {"8 cost", RANK_COST, COST, 5, 5, false},
	    {"9 preference", RANK_PREFERENCE, PREFERENCE, 5, 5, false},
	    {"10 stock", RANK_STOCK, STOCK, 5, 5, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows) * 2; i++) {
		bool swapped = i % 2;
		struct fixture *f = fixture_new();
		int32_t third = fixture_party(f, PARTY_DEALER, 3), good = swapped ? 2 : 1,
		        bad = 3 - good, p;

		for (int32_t l = 1; l <= 2; l++) {
			p = l == bad ? f->other : rows[i / 2].good_is_owners ? f->dealer : third;
			fixture_location(f, LOC_STORE, p,
			    l == good ? rows[i / 2].good_km : rows[i / 2].bad_km);
			fixture_stock(f, l, 1, p, 10);
		}
		fixture_rule(f, 2, steps);
		fixture_ranking(f, 1, &rows[i / 2].key);
		f->policy.distance_band_m = 3000;
		fixture_ready(f);
		f->request.way = WAY_DELIVER;
		fixture_line(f, 1, 1);
		row_equal(rows[i / 2].label, fixture_decide(f, OPTIONS_MAX)->option_count, 2);
		improve(f, rows[i / 2].better, good, bad);
		fixture_decide(f, OPTIONS_MAX);
		row_equal(rows[i / 2].label, f->d->options[0].parts[0].location, good);
		row_equal(rows[i / 2].label, f->d->options[1].parts[0].location, bad);
		fixture_free(f);
	}
}

/* Two stores that differ in nothing, or within a band only: the lower id, nearer or not. */
static void
test_ties(void **state)
{
	static const enum rank_key all[] = {RANK_SOURCE, RANK_DISTANCE_BAND, RANK_PROMISE,
	    RANK_GRADE, RANK_SCORECARD, RANK_LOAD, RANK_COVER, RANK_COST, RANK_PREFERENCE,
	    RANK_STOCK};
	struct fixture *f = fixture_new();

	(void)state;
	fixture_location(f, LOC_STORE, f->other, 2);
	fixture_location(f, LOC_STORE, f->other, 1);
	fixture_stock(f, 1, 1, f->other, 10);
	fixture_stock(f, 2, 1, f->other, 10);
	fixture_rule(f, 2, steps);
	fixture_ranking(f, 10, all);
	f->policy.distance_band_m = 3000;
	fixture_ready(f);
	f->request.way = WAY_DELIVER;
	fixture_line(f, 1, 1);
	fixture_decide(f, 1);
	row_equal("the lower id", f->d->options[0].parts[0].location, 1);
	fixture_free(f);
}

/* The policy's order of keys is what counts: stock before distance, or distance before stock. */
static void
test_precedence(void **state)
{
	static const enum rank_key a[] = {RANK_DISTANCE_BAND, RANK_STOCK},
	                           b[] = {RANK_STOCK, RANK_DISTANCE_BAND};
	struct fixture *f = fixture_new();

	(void)state;
	fixture_location(f, LOC_STORE, f->other, 9);
	fixture_location(f, LOC_STORE, f->other, 1);
	fixture_stock(f, 1, 1, f->other, 20);
	fixture_stock(f, 2, 1, f->other, 10);
	fixture_rule(f, 2, steps);
	fixture_ready(f);
	f->request.way = WAY_DELIVER;
	fixture_line(f, 1, 1);
	fixture_ranking(f, 2, a);
	fixture_decide(f, 1);
	row_equal("near first", f->d->options[0].parts[0].location, 2);
	fixture_ranking(f, 2, b);
	fixture_decide(f, 1);
	row_equal("much first", f->d->options[0].parts[0].location, 1);
	fixture_free(f);
}

/* 600 stores: 256 nearest are examined, 16 best recorded, the rest counted; the order of making is no matter. */
static void
test_many(void **state)
{
	static const enum rank_key keys[] = {RANK_DISTANCE_BAND};

	(void)state;
	for (int reversed = 0; reversed < 2; reversed++) {
		struct fixture *f = fixture_new();
		const struct step_run *r;

		for (int i = 0; i < 600; i++) {
			double km = (reversed ? 599 - i : i) * 0.03;

			fixture_location(f, LOC_STORE, f->other, km);
			if (i % 2 == 0)
				fixture_stock(f, i + 1, 1, f->other, 1);
		}
		fixture_rule(f, 2, steps);
		fixture_ranking(f, 1, keys);
		fixture_ready(f);
		f->request.way = WAY_DELIVER;
		fixture_line(f, 1, 2);
		fixture_decide(f, 1);
		r = &f->d->runs[0];
		row_equal("examined", r->examined, 256);
		row_equal("beyond", r->beyond, 344);
		row_equal("recorded", r->candidate_count, 16);
		row_equal("survivors not recorded", r->rest[OUT_NOT], 112);
		row_equal("without the sku", r->rest[OUT_NOT_STOCKED], 128);
		row_equal("the nearest with stock", r->candidates[0].location, reversed ? 599 : 1);
		row_equal("the next", r->candidates[1].location, reversed ? 597 : 3);
		row_equal("the sixteenth", r->candidates[15].location, reversed ? 569 : 31);
		row_equal("two parcels", f->d->options[0].part_count, 2);
		f->policy.scan_max = 4;
		fixture_decide(f, 1);
		row_equal("scan_max", f->d->runs[0].examined, 4);
		row_equal("scan_max: beyond", f->d->runs[0].beyond, 596);
		fixture_free(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_ties),
	    cmocka_unit_test(test_precedence),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
