#include "unit.h"

#include "base/clock.h"
#include "flow/known.h"
#include "flow/order_message.h"
#include "flow/read_flow.h"

/* Ids begin at 1; the index of id i is i - 1 in each table. */
static struct party parties[] = {
    {.id = 1, .kind = PARTY_BRAND, .code = "BRAND"},
    {.id = 2, .kind = PARTY_DEALER, .code = "D1"},
    {.id = 3, .kind = PARTY_DEALER, .code = "D2"},
    {.id = 4, .kind = PARTY_STAFF, .code = "ANNA", .employer = 2},
};
static struct location locations[] = {
    {.id = 1, .kind = LOC_STORE, .party = 2, .code = "S1"},
    {.id = 2, .kind = LOC_CLOUD, .party = 1, .code = "CLOUD"},
};
/* F1 is the store's of D1, F2 is D2's. */
static struct storefront fronts[] = {{.id = 1, .location = 0, .code = "F1"},
    {.id = 2, .location = NONE, .dealer = 3, .code = "F2"}};
static struct sku skus[] = {{.id = 1, .code = "PHONE"}, {.id = 2, .code = "CASE"}};
static int32_t by_id[] = {NONE, 0, 1, 2, 3};
static struct world w = {
    .parties = parties,
    .party_count = 4,
    .party_by_id = by_id,
    .party_id_max = 5,
    .locations = locations,
    .location_count = 2,
    .location_by_id = by_id,
    .location_id_max = 3,
    .storefronts = fronts,
    .storefront_count = 2,
    .storefront_by_id = by_id,
    .storefront_id_max = 3,
    .skus = skus,
    .sku_count = 2,
    .sku_by_id = by_id,
    .sku_id_max = 3,
};

static struct arena *a;

static int
arena_up(void **state)
{
	(void)state;
	a = arena_new(1 << 20);
	return a == NULL;
}

static int
arena_down(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static void
times(void **state)
{
	static const struct {
		const char *label;
		int64_t us, seconds;
		int32_t nanos;
	} rows[] = {
	    {"one µs", 1, 0, 1000},
	    {"a second", US_PER_S, 1, 0},
	    {"before 1970", -1, -1, 999999000},
	    {"2026", 1763625600250000, 1763625600, 250000000},
	};

	(void)state;
	assert_null(time_message(0, a));
	for (size_t i = 0; i < ROWS(rows); i++) {
		Google__Protobuf__Timestamp *t = time_message(rows[i].us, a);

		assert_non_null(t);
		row_equal(rows[i].label, t->seconds, rows[i].seconds);
		row_equal(rows[i].label, t->nanos, rows[i].nanos);
	}
}

static void
owner(void **state)
{
	static const struct owner o = {.dealer = 2,
	    .store = 1,
	    .staff = 4,
	    .source = OWNER_BY_SCAN,
	    .since_min = 2};
	static const struct owner brand = {.dealer = 1, .source = OWNER_BY_BRAND};
	Yuncang__V1__Owner *m = owner_message(&w, &o, a);

	(void)state;
	assert_non_null(m);
	assert_string_equal(m->dealer, "D1");
	assert_string_equal(m->store, "S1");
	assert_string_equal(m->staff, "ANNA");
	assert_int_equal(m->source, YUNCANG__V1__OWNER_SOURCE__OWNER_SOURCE_SCAN);
	assert_int_equal(m->since->seconds, 120);
	m = owner_message(&w, &brand, a);
	assert_non_null(m);
	assert_string_equal(m->dealer, "BRAND");
	assert_string_equal(m->store, "");
	assert_string_equal(m->staff, "");
	assert_null(m->since);
}

/* A plan of two parts, with its money and without. */
static void
option(void **state)
{
	static struct order_line lines[] = {{.sku = 0, .quantity = 3}, {.sku = 1, .quantity = 1}};
	static struct part_line from_store[] = {
	    {.line = 0, .quantity = 2, .goods_owner = 2, .stocked = true}};
	static struct part_line from_cloud[] = {
	    {.line = 0, .quantity = 1, .goods_owner = 1, .stocked = true},
	    {.line = 1, .quantity = 1}};
	static struct part parts[] = {{.location = 1,
	                                  .way = WAY_DELIVER,
	                                  .distance_m = 900,
	                                  .promise_from_us = 10,
	                                  .promise_to_us = 20,
	                                  .line_count = 1,
	                                  .lines = from_store},
	    {.location = 2,
	        .way = WAY_SHIP,
	        .distance_m = -1,
	        .promise_from_us = 10,
	        .promise_to_us = 30,
	        .line_count = 2,
	        .lines = from_cloud}};
	static struct plan plan = {.way = WAY_DELIVER,
	    .part_count = 2,
	    .parts = parts,
	    .delivery_fee_fen = 500,
	    .promise_from_us = 10,
	    .promise_to_us = 30};
	static struct leg legs[] = {
	    {.kind = LEG_COST, .party = 1, .fen = 700, .line = 0, .part = 1},
	    {.kind = LEG_MARGIN, .party = 2, .fen = 800, .line = -1, .part = 0}};
	static struct split split = {.total = {.goods_fen = 1000,
	                                 .delivery_fee_fen = 500,
	                                 .total_fen = 1500,
	                                 .provider_fee_fen = 9,
	                                 .cost_fen = 700,
	                                 .owner_margin_fen = 800},
	    .leg_count = 2,
	    .legs = legs};
	static struct request q = {.line_count = 2, .lines = lines};
	Yuncang__V1__Option *m = option_message(&w, &q, 2, &plan, &split, true, a);

	(void)state;
	assert_non_null(m);
	assert_int_equal(m->way, YUNCANG__V1__WAY__WAY_DELIVER);
	assert_int_equal(m->total_fen, 1500);
	assert_int_equal(m->goods_fen, 1000);
	assert_int_equal(m->delivery_fee_fen, 500);
	assert_string_equal(m->collector, "D1");
	assert_string_equal(m->token, "");
	assert_int_equal(m->n_parts, 2);
	assert_int_equal(m->parts[0]->number, 1);
	assert_string_equal(m->parts[0]->location, "S1");
	assert_int_equal(m->parts[0]->distance_m, 900);
	assert_string_equal(m->parts[0]->lines[0]->goods_owner, "D1");
	assert_int_equal(m->parts[1]->number, 2);
	assert_int_equal(m->parts[1]->location_kind,
	    YUNCANG__V1__LOCATION_KIND__LOCATION_KIND_CLOUD);
	assert_int_equal(m->parts[1]->n_lines, 2);
	assert_string_equal(m->parts[1]->lines[1]->sku, "CASE");
	assert_string_equal(m->parts[1]->lines[1]->goods_owner, "");
	assert_int_equal(m->money->n_legs, 2);
	assert_int_equal(m->money->legs[0]->fulfilment, 2);
	assert_string_equal(m->money->legs[0]->party, "BRAND");
	assert_int_equal(m->money->legs[1]->line, -1);
	assert_int_equal(m->money->owner_margin_fen, 800);
	m = option_message(&w, &q, 2, &plan, &split, false, a);
	assert_non_null(m);
	assert_null(m->money);
}

static void
who_sees_money(void **state)
{
	static const struct {
		const char *label;
		enum role role;
		bool sees_money;
		const char *scope[2];
		int32_t owner;
		bool want;
	} rows[] = {
	    {"a storefront without margin", ROLE_STOREFRONT, false, {"storefront:F1"}, 2, false},
	    {"of the owner's own store", ROLE_STOREFRONT, true, {"storefront:F1", "margin"}, 2,
	        true},
	    {"of a store, the owner another", ROLE_STOREFRONT, true, {"storefront:F1", "margin"}, 3,
	        false},
	    {"of the owner's own storefront", ROLE_STOREFRONT, true, {"storefront:F2", "margin"}, 3,
	        true},
	    {"of a storefront nobody knows", ROLE_STOREFRONT, true, {"storefront:F9", "margin"}, 3,
	        false},
	    {"of all storefronts", ROLE_STOREFRONT, true, {"storefront:*", "margin"}, 3, true},
	    {"the owner's store", ROLE_STORE, true, {"location:S1", "margin"}, 2, true},
	    {"another's store", ROLE_STORE, true, {"location:S1", "margin"}, 3, false},
	    {"a store nobody knows", ROLE_STORE, true, {"location:S9", "margin"}, 2, false},
	    {"of the owner's dealer", ROLE_STOREFRONT, true, {"margin", "dealer:D1"}, 2, true},
	    {"of another dealer", ROLE_STOREFRONT, true, {"margin", "dealer:D2"}, 2, false},
	    {"finance", ROLE_FINANCE, true, {NULL}, 3, true},
	    {"finance of one dealer", ROLE_FINANCE, true, {"dealer:D1"}, 3, false},
	    {"any dealer", ROLE_FINANCE, true, {"dealer:*"}, 3, true},
	};
	char scopes[2][SCOPE_SIZE];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct principal p = {.role = rows[i].role,
		    .sees_money = rows[i].sees_money,
		    .scopes = scopes};
		struct owner o = {.dealer = rows[i].owner};

		for (; p.scope_count < 2 && rows[i].scope[p.scope_count] != NULL; p.scope_count++)
			(void)snprintf(scopes[p.scope_count], SCOPE_SIZE, "%s",
			    rows[i].scope[p.scope_count]);
		row_equal(rows[i].label, may_see_money(&p, &w, &o), rows[i].want);
	}
}

/* An order of D1 through F1, fulfilled by S1. */
static struct fulfilment_line_read ful_lines[] = {
    {.line = 0, .sku = 1, .quantity = 2, .goods_owner = 2}};
static struct fulfilment_read fulfilments[] = {{.number = 1,
    .attempt = 1,
    .dealer = 2,
    .location = 1,
    .way = WAY_PICKUP,
    .state = FUL_OFFERED,
    .promise_from_us = 5,
    .promise_to_us = 6,
    .line_count = 1,
    .lines = ful_lines,
    .offer_deadline_us = 7}};
static struct order_line_read order_lines[] = {
    {.sku = 1, .quantity = 2, .price_fen = 100, .cost_fen = 80}};
static const struct order_read order = {.dealer = 2,
    .storefront = 1,
    .owner_location = 1,
    .owner_source = OWNER_BY_STOREFRONT,
    .collector = 2,
    .goods_fen = 200,
    .delivery_fee_fen = 30,
    .created_us = 1,
    .paid_at_us = 2,
    .order_ref = "r-1",
    .line_count = 1,
    .lines = order_lines,
    .fulfilment_count = 1,
    .fulfilments = fulfilments};

static void
who_sees_an_order(void **state)
{
	static const struct {
		const char *label;
		enum role role;
		const char *scope;
		bool want;
	} rows[] = {
	    {"its storefront", ROLE_STOREFRONT, "storefront:F1", true},
	    {"another storefront", ROLE_STOREFRONT, "storefront:F2", false},
	    {"a storefront key of all", ROLE_STOREFRONT, "storefront:*", true},
	    {"a storefront key of a dealer only", ROLE_STOREFRONT, "dealer:D1", false},
	    {"its store", ROLE_STORE, "location:S1", true},
	    {"another store", ROLE_STORE, "location:CLOUD", false},
	    {"finance", ROLE_FINANCE, NULL, true},
	    {"finance of its owner", ROLE_FINANCE, "dealer:D1", true},
	    {"finance of another dealer", ROLE_FINANCE, "dealer:D2", false},
	    {"operator", ROLE_OPERATOR, NULL, true},
	    {"admin", ROLE_ADMIN, NULL, true},
	};
	char scopes[1][SCOPE_SIZE];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct principal p = {.role = rows[i].role, .scopes = scopes};

		if (rows[i].scope != NULL) {
			(void)snprintf(scopes[0], SCOPE_SIZE, "%s", rows[i].scope);
			p.scope_count = 1;
		}
		row_equal(rows[i].label, may_see_order(&p, &w, &order), rows[i].want);
	}
}

/* A catalog that is older than the order is noticed, id by id. */
static void
unknown_ids(void **state)
{
	struct fulfilment_line_read fl = ful_lines[0];
	struct fulfilment_read f = fulfilments[0];
	struct order_line_read l = order_lines[0];
	struct leg leg = {.party = 9};
	struct decision_read d = {.leg_count = 1, .legs = &leg};
	struct order_read o = order;

	(void)state;
	assert_true(order_is_known(&w, &o, a));
#define UNKNOWN(field, value) \
	do { \
		__typeof__(field) kept = (field); \
		(field) = (value); \
		assert_false(order_is_known(&w, &o, a)); \
		(field) = kept; \
		assert_true(order_is_known(&w, &o, a)); \
	} while (0)
	UNKNOWN(o.dealer, 9);
	UNKNOWN(o.storefront, 9);
	UNKNOWN(o.owner_location, 9);
	UNKNOWN(o.owner_staff, 9);
	UNKNOWN(o.collector, 9);
	UNKNOWN(o.decision, &d);
	o.lines = &l;
	UNKNOWN(l.sku, 9);
	UNKNOWN(l.campaign, 9);
	f.lines = &fl;
	o.fulfilments = &f;
	UNKNOWN(f.location, 9);
	UNKNOWN(fl.goods_owner, 9);
#undef UNKNOWN
}

static void
stored_order(void **state)
{
	Yuncang__V1__Order *m = order_message(&w, &order, true, a);

	(void)state;
	assert_non_null(m);
	assert_int_equal(m->state, YUNCANG__V1__ORDER_STATE__ORDER_STATE_ALLOCATED);
	assert_string_equal(m->storefront, "F1");
	assert_string_equal(m->order_ref, "r-1");
	assert_int_equal(m->total_fen, 230);
	assert_null(m->pay_by);
	assert_non_null(m->paid_at);
	assert_int_equal(m->n_lines, 1);
	assert_string_equal(m->lines[0]->sku, "PHONE");
	assert_int_equal(m->n_fulfilments, 1);
	assert_non_null(m->fulfilments[0]->offer_deadline);
	assert_int_equal(m->fulfilments[0]->part->n_lines, 1);
	assert_null(m->money);
	m = order_message(&w, &order, false, a);
	assert_non_null(m);
	assert_int_equal(m->n_lines, 0);
	assert_int_equal(m->fulfilments[0]->part->n_lines, 0);
}

static int
codes_up(void **state)
{
	(void)state;
	if (strmap_init(&w.location_code, 2) != ERR_OK ||
	    strmap_init(&w.storefront_code, 2) != ERR_OK)
		return -1;
	for (uint32_t i = 0; i < 2; i++)
		if (strmap_put(&w.location_code, locations[i].code, i, NULL) != ERR_OK ||
		    strmap_put(&w.storefront_code, fronts[i].code, i, NULL) != ERR_OK)
			return -1;
	return 0;
}

static int
codes_down(void **state)
{
	(void)state;
	strmap_release(&w.location_code);
	strmap_release(&w.storefront_code);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(times, arena_up, arena_down),
	    cmocka_unit_test_setup_teardown(owner, arena_up, arena_down),
	    cmocka_unit_test_setup_teardown(option, arena_up, arena_down),
	    cmocka_unit_test(who_sees_money),
	    cmocka_unit_test(who_sees_an_order),
	    cmocka_unit_test(unknown_ids),
	    cmocka_unit_test_setup_teardown(stored_order, arena_up, arena_down),
	};

	return cmocka_run_group_tests(tests, codes_up, codes_down);
}
