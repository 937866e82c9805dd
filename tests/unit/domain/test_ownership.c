/* Who owns the customer: one row a case. */
#include "domain/ownership.h"
#include "domain/world_fixture.h"
#include "unit.h"

#define NOW_MIN ((uint32_t)(F_NOW / 60000000))

enum { STORE_A = 1, STORE_B, STORE_BRAND, STORE_GONE };

struct row {
	const char *label;
	struct claim claims[3];
	/* 1 official, 2 store A's, 3 dealer 2's, 4 a disabled dealer's, 5 the brand's own store */
	int front;
	int territory; /* NONE, 0 dealer 3's, 1 disabled, 2 of a disabled dealer */
	bool guest, serving_named, serving_counts;
	struct owner want;
};

#define CLAIM(kind, store, staff, age, until) \
	{ \
		1, store, staff, (uint32_t)((int64_t)NOW_MIN - (age)), until, 0, kind, 0 \
	}

static const struct row rows[] = {
    {"a scan", {CLAIM(CLAIM_SCAN, STORE_A, 0, 5, 0)}, 1, NONE, false, false, false,
        {2, STORE_A, 0, OWNER_BY_SCAN, NOW_MIN - 5}},
    {"a scan before a later bind",
        {CLAIM(CLAIM_BIND, STORE_B, 0, 1, 0), CLAIM(CLAIM_SCAN, STORE_A, 0, 50, 0)}, 1, NONE, false,
        false, false, {2, STORE_A, 0, OWNER_BY_SCAN, NOW_MIN - 50}},
    {"a bind before a later location",
        {CLAIM(CLAIM_LOCATION, STORE_A, 0, 1, 0), CLAIM(CLAIM_BIND, STORE_B, 0, 9, 0)}, 1, NONE,
        false, false, false, {3, STORE_B, 0, OWNER_BY_BIND, NOW_MIN - 9}},
    {"a location alone", {CLAIM(CLAIM_LOCATION, STORE_B, 0, 1, 0)}, 1, NONE, false, false, false,
        {3, STORE_B, 0, OWNER_BY_LOCATION, NOW_MIN - 1}},
    {"the latest scan", {CLAIM(CLAIM_SCAN, STORE_A, 0, 9, 0), CLAIM(CLAIM_SCAN, STORE_B, 0, 3, 0)},
        1, NONE, false, false, false, {3, STORE_B, 0, OWNER_BY_SCAN, NOW_MIN - 3}},
    {"of equal ones the lower store",
        {CLAIM(CLAIM_SCAN, STORE_B, 0, 3, 0), CLAIM(CLAIM_SCAN, STORE_A, 0, 3, 0)}, 1, NONE, false,
        false, false, {2, STORE_A, 0, OWNER_BY_SCAN, NOW_MIN - 3}},
    {"an ended scan", {CLAIM(CLAIM_SCAN, STORE_A, 0, 9, NOW_MIN)}, 1, NONE, false, false, false,
        {1, 0, 0, OWNER_BY_BRAND, 0}},
    {"a scan that ends in a minute", {CLAIM(CLAIM_SCAN, STORE_A, 0, 9, NOW_MIN + 1)}, 1, NONE,
        false, false, false, {2, STORE_A, 0, OWNER_BY_SCAN, NOW_MIN - 9}},
    {"a scan of tomorrow", {CLAIM(CLAIM_SCAN, STORE_A, 0, -1440, 0)}, 1, NONE, false, false, false,
        {1, 0, 0, OWNER_BY_BRAND, 0}},
    {"a store of a disabled dealer", {CLAIM(CLAIM_SCAN, STORE_GONE, 0, 1, 0)}, 1, NONE, false,
        false, false, {1, 0, 0, OWNER_BY_BRAND, 0}},
    {"an unknown store", {CLAIM(CLAIM_SCAN, 99, 0, 1, 0)}, 1, NONE, false, false, false,
        {1, 0, 0, OWNER_BY_BRAND, 0}},
    {"by one of the staff", {CLAIM(CLAIM_SCAN, STORE_A, 5, 5, 0)}, 1, NONE, false, false, false,
        {2, STORE_A, 5, OWNER_BY_SCAN, NOW_MIN - 5}},
    {"by staff that works elsewhere now", {CLAIM(CLAIM_SCAN, STORE_B, 5, 5, 0)}, 1, NONE, false,
        false, false, {3, STORE_B, 0, OWNER_BY_SCAN, NOW_MIN - 5}},
    {"a guest of a store's front", {CLAIM(CLAIM_SCAN, STORE_B, 0, 5, 0)}, 2, 0, true, false, false,
        {2, STORE_A, 0, OWNER_BY_STOREFRONT, 0}},
    {"a store's front without claim", {{0}}, 2, 0, false, false, false,
        {2, STORE_A, 0, OWNER_BY_STOREFRONT, 0}},
    {"a dealer's front", {{0}}, 3, 0, false, false, false, {2, 0, 0, OWNER_BY_STOREFRONT, 0}},
    {"a disabled dealer's front", {{0}}, 4, 0, false, false, false,
        {3, 0, 0, OWNER_BY_TERRITORY, 0}},
    {"the brand's own store's front", {{0}}, 5, 0, false, false, false,
        {1, STORE_BRAND, 0, OWNER_BY_STOREFRONT, 0}},
    {"the official site: the territory", {{0}}, 1, 0, false, false, false,
        {3, 0, 0, OWNER_BY_TERRITORY, 0}},
    {"a disabled territory", {{0}}, 1, 1, false, false, false, {1, 0, 0, OWNER_BY_BRAND, 0}},
    {"a territory of a disabled dealer", {{0}}, 1, 2, false, false, false,
        {1, 0, 0, OWNER_BY_BRAND, 0}},
    {"nobody", {{0}}, 1, NONE, true, false, false, {1, 0, 0, OWNER_BY_BRAND, 0}},
    {"a serving store that does not count", {CLAIM(CLAIM_SCAN, STORE_A, 0, 5, 0)}, 1, NONE, false,
        true, false, {2, STORE_A, 0, OWNER_BY_SCAN, NOW_MIN - 5}},
    {"a serving store that counts", {CLAIM(CLAIM_SCAN, STORE_A, 0, 5, 0)}, 1, NONE, false, true,
        true, {3, STORE_B, 0, OWNER_BY_SERVING, 0}},
};

static struct fixture *
world(void)
{
	struct fixture *f = fixture_new();
	int32_t gone = fixture_party(f, PARTY_DEALER, 1), staff = fixture_party(f, PARTY_STAFF, 1);

	f->parties[gone - 1].disabled = true;
	f->parties[staff - 1].employer = f->dealer;
	fixture_location(f, LOC_STORE, f->dealer, 1);
	fixture_location(f, LOC_STORE, f->other, 2);
	fixture_location(f, LOC_STORE, f->brand, 3);
	fixture_location(f, LOC_STORE, gone, 4);
	fixture_territory(f, f->other);
	f->territories[fixture_territory(f, f->other)].disabled = true;
	fixture_territory(f, gone);
	fixture_ready(f);
	f->fronts[1] = (struct storefront){.id = 2,
	    .kind = FRONT_STORE,
	    .location = world_location(&f->world, STORE_A)};
	f->fronts[2] =
	    (struct storefront){.id = 3, .kind = FRONT_LIVE, .location = NONE, .dealer = f->dealer};
	f->fronts[3] =
	    (struct storefront){.id = 4, .kind = FRONT_LIVE, .location = NONE, .dealer = gone};
	f->fronts[4] = (struct storefront){.id = 5,
	    .kind = FRONT_STORE,
	    .location = world_location(&f->world, STORE_BRAND)};
	f->world.storefront_count = 5;
	return f;
}

static void
test_owner(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fixture *f = world();
		struct owner got;

		for (int k = 0; k < 3; k++)
			if (rows[i].claims[k].customer != 0)
				hints_claim_put(&f->hints, &rows[i].claims[k]);
		f->request.storefront = rows[i].front - 1;
		f->request.territory = rows[i].territory;
		f->request.customer = rows[i].guest ? 0 : 1;
		f->request.serving_store =
		    rows[i].serving_named ? world_location(&f->world, STORE_B) : NONE;
		f->policy.serving_store_counts = rows[i].serving_counts;
		ownership_find(&f->world, &f->hints, &f->policy, &f->request, &got);
		row_equal(rows[i].label, got.source, rows[i].want.source);
		row_equal(rows[i].label, got.dealer, rows[i].want.dealer);
		row_equal(rows[i].label, got.store, rows[i].want.store);
		row_equal(rows[i].label, got.staff, rows[i].want.staff);
		row_equal(rows[i].label, got.since_min, rows[i].want.since_min);
		fixture_free(f);
	}
}

/* Of two scans within one minute the later wins. */
static void
test_within_a_minute(void **state)
{
	struct claim a = CLAIM(CLAIM_SCAN, STORE_A, 0, 3, 0),
	             b = CLAIM(CLAIM_SCAN, STORE_B, 0, 3, 0);
	struct fixture *f = world();
	struct owner got;

	(void)state;
	a.from_us = 100;
	b.from_us = 101;
	hints_claim_put(&f->hints, &b);
	hints_claim_put(&f->hints, &a);
	f->request.customer = 1;
	ownership_find(&f->world, &f->hints, &f->policy, &f->request, &got);
	row_equal("a microsecond later", got.store, STORE_B);
	a.from_us = 102;
	hints_claim_put(&f->hints, &a);
	ownership_find(&f->world, &f->hints, &f->policy, &f->request, &got);
	row_equal("and back, as a claim of its own", got.store, STORE_A);
	row_equal("both stand", f->hints.claim_used, 3);
	fixture_free(f);
}

static void
test_first_offer(void **state)
{
	static const struct {
		const char *label;
		int32_t grade, accept_bps, grade_worst, accept_min;
		bool brand;
		enum first_offer_state want;
	} offers[] = {
	    {"a policy without bounds", 9, 0, 0, 0, false, FIRST_OFFER_HELD},
	    {"the worst grade that holds it", 5, 10000, 5, 0, false, FIRST_OFFER_HELD},
	    {"a grade worse", 6, 10000, 5, 0, false, FIRST_OFFER_LOST_GRADE},
	    {"the lowest rate that holds it", 1, 8000, 0, 8000, false, FIRST_OFFER_HELD},
	    {"just below it", 1, 7999, 0, 8000, false, FIRST_OFFER_LOST_ACCEPT},
	    {"both: the grade is told", 6, 7999, 5, 8000, false, FIRST_OFFER_LOST_GRADE},
	    {"the brand", 9, 0, 5, 8000, true, FIRST_OFFER_HELD},
	};
	struct fixture *f = world();
	struct first_offer got;
	int32_t id;

	(void)state;
	for (size_t i = 0; i < ROWS(offers); i++) {
		id = offers[i].brand ? f->brand : f->dealer;
		f->parties[id - 1].grade = offers[i].grade;
		f->parties[id - 1].accept_bps = offers[i].accept_bps;
		f->policy.first_offer_grade_worst = offers[i].grade_worst;
		f->policy.first_offer_accept_bps_min = offers[i].accept_min;
		got = ownership_first_offer(&f->world, &f->policy, id);
		row_equal(offers[i].label, got.state, offers[i].want);
		row_equal(offers[i].label, got.grade,
		    offers[i].want == FIRST_OFFER_HELD ? 0 : offers[i].grade);
		row_equal(offers[i].label, got.accept_bps,
		    offers[i].want == FIRST_OFFER_HELD ? 0 : offers[i].accept_bps);
	}
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_owner),
	    cmocka_unit_test(test_within_a_minute),
	    cmocka_unit_test(test_first_offer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
