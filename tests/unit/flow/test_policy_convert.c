/* policy_convert: the shipped policy, defaults, codes to ids, and every refusal by its path. */
#include "unit.h"

#include "domain/decide.h"
#include "flow/policy_convert.h"
#include "rules_world.h"

#define POLICY yuncang__v1__routing_policy__descriptor
#define STEP "\"steps\":[{\"way\":\"WAY_SHIP\",\"source\":\"CANDIDATE_SOURCE_SITE\"}]"
#define RULE "{" STEP "}"
#define RULES "\"rules\":[" RULE "]"
#define WHEN(text) "{\"rules\":[" RULE ",{\"when\":{" text "}," STEP "}]}"
#define TEXT_64 "0123456789012345678901234567890123456789012345678901234567890123"

static const struct policy *
convert(struct rules_world *m, const char *json)
{
	struct policy *p;

	if (policy_convert(&m->w, rules_message(m, &POLICY, json), 7, 123, &p, &m->reason) !=
	    ERR_OK)
		fail_msg("%s: %s", m->reason.field, m->reason.text);
	return p;
}

static void
free_it(const struct policy *p)
{
	policy_free((struct policy *)(uintptr_t)p);
}

static void
check_default_numbers(const struct policy *p)
{
	static const enum rank_key ranking[] = {RANK_SOURCE, RANK_DISTANCE_BAND, RANK_PROMISE,
	    RANK_GRADE, RANK_SCORECARD, RANK_LOAD, RANK_COVER, RANK_COST};

	assert_int_equal(p->version, 7);
	assert_int_equal(p->effective_from_us, 123);
	assert_int_equal(p->rank_count, ROWS(ranking));
	assert_memory_equal(p->ranking, ranking, sizeof(ranking));
	assert_int_equal(p->scan_max, 256);
	assert_int_equal(p->radius_m, 20000);
	assert_int_equal(p->distance_band_m, 1000);
	assert_int_equal(p->max_parcels, 3);
	assert_int_equal(p->grade_worst, 0);
	assert_int_equal(p->stale_after_min, 0);
	assert_int_equal(p->parcel_min_fen, 0);
	assert_int_equal(p->accept_open_min, 30);
	assert_int_equal(p->payment_hold_min, 15);
	assert_int_equal(p->quote_ttl_min, 0); /* the setting quote_ttl_ms */
	assert_int_equal(p->pickup_hold_days, 7);
	assert_int_equal(p->return_window_days, 7);
	assert_int_equal(p->slip_hours, 24);
	assert_int_equal(p->max_hops, 5);
	assert_int_equal(p->quote_options_max, 8);
	assert_int_equal(p->site_promise_hours, 72);
	assert_int_equal(p->cloud_promise_hours, 48);
	assert_int_equal(p->made_to_order_days, 15);
	assert_int_equal(p->deliver_window_min, 120);
	assert_false(p->partial || p->territory_exclusive || p->serving_store_counts);
}

static void
test_left_out(void **state)
{
	struct rules_world m;
	const struct policy *p;

	(void)state;
	rules_world_init(&m);
	p = convert(&m, "{" RULES "}");
	check_default_numbers(p);
	assert_false(p->fewest_parcels);
	assert_int_equal(p->rule_count, 1);
	assert_int_equal(p->rules[0].ways, 0);
	assert_int_equal(p->fee_fen[WAY_SHIP], 0);
	free_it(p);
	rules_world_release(&m);
}

/* What each line of the default policy makes of an order. */
static void
test_shipped(void **state)
{
	static const struct {
		const char *label;
		bool made_to_order, cloud_only;
		enum way asked;
		int64_t price_fen;
		int count;
		struct rule_step steps[5];
	} rows[] = {
	    {"made to order", true, false, WAY_NONE, 900000, 1, {{WAY_SHIP, SOURCE_SITE}}},
	    {"made to order, pickup asked", true, false, WAY_PICKUP, 900, 1,
	        {{WAY_SHIP, SOURCE_SITE}}},
	    {"made to order before cloud only", true, true, WAY_SHIP, 900, 1,
	        {{WAY_SHIP, SOURCE_SITE}}},
	    {"cloud only", false, true, WAY_DELIVER, 900, 1, {{WAY_SHIP, SOURCE_CLOUD}}},
	    {"pickup", false, false, WAY_PICKUP, 900000, 4,
	        {{WAY_PICKUP, SOURCE_REQUESTED}, {WAY_PICKUP, SOURCE_OWNER_STORE},
	            {WAY_PICKUP, SOURCE_OWNER_STORES}, {WAY_PICKUP, SOURCE_OTHER_STORES}}},
	    {"delivery", false, false, WAY_DELIVER, 900000, 5,
	        {{WAY_DELIVER, SOURCE_OWNER_STORE}, {WAY_DELIVER, SOURCE_OWNER_STORES},
	            {WAY_DELIVER, SOURCE_OTHER_STORES}, {WAY_SHIP, SOURCE_CLOUD},
	            {WAY_SHIP, SOURCE_SITE}}},
	    {"shipped, at the threshold", false, false, WAY_SHIP, 500000, 2,
	        {{WAY_SHIP, SOURCE_CLOUD}, {WAY_SHIP, SOURCE_SITE}}},
	    {"shipped, below it", false, false, WAY_SHIP, 499999, 2,
	        {{WAY_SHIP, SOURCE_SITE}, {WAY_SHIP, SOURCE_CLOUD}}},
	    {"nothing asked, at the threshold", false, false, WAY_NONE, 500000, 2,
	        {{WAY_SHIP, SOURCE_CLOUD}, {WAY_SHIP, SOURCE_SITE}}},
	    {"nothing asked, below it", false, false, WAY_NONE, 1, 2,
	        {{WAY_SHIP, SOURCE_SITE}, {WAY_SHIP, SOURCE_CLOUD}}},
	};
	struct rules_world m;
	struct policy *p;
	struct rule_view v = {.front_kind = FRONT_STORE, .grade = 1, .now_us = 1};
	struct sku sku = {.id = 1};
	size_t i;
	int rule, k;

	(void)state;
	rules_world_init(&m);
	assert_int_equal(policy_convert(&m.w, rules_file(&m, &POLICY, "etc/default-policy.json"), 7,
	                     123, &p, &m.reason),
	    ERR_OK);
	check_default_numbers(p);
	assert_true(p->fewest_parcels);
	for (i = 0; i < ROWS(rows); i++) {
		sku.made_to_order = rows[i].made_to_order;
		sku.cloud_only = rows[i].cloud_only;
		v.way = rows[i].asked;
		rule = policy_rule_find(p, &v, &sku, rows[i].price_fen);
		row_equal(rows[i].label, rule >= 0, true);
		row_equal(rows[i].label, p->rules[rule].refuse, false);
		row_equal(rows[i].label, p->rules[rule].step_count, rows[i].count);
		for (k = 0; k < rows[i].count; k++) {
			row_equal(rows[i].label, p->rules[rule].steps[k].way, rows[i].steps[k].way);
			row_equal(rows[i].label, p->rules[rule].steps[k].source,
			    rows[i].steps[k].source);
		}
	}
	policy_free(p);
	rules_world_release(&m);
}

static void
test_all_fields(void **state)
{
	struct rules_world m;
	const struct policy *p;
	const struct rule *rule;

	(void)state;
	rules_world_init(&m);
	p = convert(&m,
	    "{\"rules\":[{\"name\":\"n\",\"when\":{\"skuClasses\":[\"laptop\",\"phone\"],"
	    "\"madeToOrder\":\"TRISTATE_NO\",\"cloudOnly\":\"TRISTATE_YES\",\"unitPriceFromFen\":\"5\","
	    "\"unitPriceBelowFen\":\"6\",\"ways\":[\"WAY_UNSPECIFIED\",\"WAY_DELIVER\"],"
	    "\"storefrontKinds\":[\"STOREFRONT_KIND_LIVE\"],\"channels\":[\"C2\",\"C1\"],"
	    "\"territories\":[\"T1\",\"T2\"],\"ownerGrades\":[1,9],"
	    "\"from\":\"2026-11-21T00:00:00.000001Z\",\"until\":\"2026-11-22T00:00:00Z\"},"
	    "\"refuse\":\"not now\"}],"
	    "\"ranking\":[\"RANK_KEY_STOCK\",\"RANK_KEY_SOURCE\"],"
	    "\"deliveryFees\":[{\"way\":\"WAY_DELIVER\",\"feeFen\":\"800\",\"freeFromFen\":\"9900\"}],"
	    "\"scanMax\":1,\"radiusM\":2,\"distanceBandM\":3,\"maxParcels\":4,\"fewestParcels\":true,"
	    "\"partial\":true,\"territoryExclusive\":true,\"gradeWorst\":5,\"staleAfterMin\":6,"
	    "\"parcelMinFen\":\"7\",\"servingStoreCounts\":true,\"acceptOpenMin\":8,\"paymentHoldMin\":9,"
	    "\"quoteTtlMin\":10,\"pickupHoldDays\":11,\"returnWindowDays\":12,\"slipHours\":13,"
	    "\"maxHops\":14,\"quoteOptionsMax\":15,\"sitePromiseHours\":16,\"cloudPromiseHours\":17,"
	    "\"madeToOrderDays\":18,\"deliverWindowMin\":19}");
	rule = &p->rules[0];
	assert_string_equal(rule->name, "n");
	assert_true(rule->class_count == 2 && rule->classes[0] == 0 && rule->classes[1] == 1);
	assert_true(rule->made_to_order == NO && rule->cloud_only == YES);
	assert_true(rule->price_from_fen == 5 && rule->price_below_fen == 6);
	assert_int_equal(rule->ways, 1U << WAY_NONE | 1U << WAY_DELIVER);
	assert_int_equal(rule->storefront_kinds, 1U << FRONT_LIVE);
	assert_true(rule->channel_count == 2 && rule->channels[0] == 14 && rule->channels[1] == 15);
	assert_true(
	    rule->territory_count == 2 && rule->territories[0] == 21 && rule->territories[1] == 22);
	assert_int_equal(rule->grades, 1U << 1 | 1U << 9);
	assert_int_equal(rule->from_us, INT64_C(1795219200000001));
	assert_int_equal(rule->until_us, INT64_C(1795305600000000));
	assert_true(rule->refuse && rule->step_count == 0);
	assert_string_equal(rule->refuse_text, "not now");
	assert_true(
	    p->rank_count == 2 && p->ranking[0] == RANK_STOCK && p->ranking[1] == RANK_SOURCE);
	assert_true(p->fee_fen[WAY_DELIVER] == 800 && p->fee_free_from_fen[WAY_DELIVER] == 9900);
	assert_true(p->fee_fen[WAY_SHIP] == 0 && p->scan_max == 1 && p->radius_m == 2);
	assert_true(
	    p->distance_band_m == 3 && p->max_parcels == 4 && p->fewest_parcels && p->partial);
	assert_true(p->territory_exclusive && p->grade_worst == 5 && p->stale_after_min == 6);
	assert_true(p->parcel_min_fen == 7 && p->serving_store_counts && p->accept_open_min == 8);
	assert_true(
	    p->payment_hold_min == 9 && p->quote_ttl_min == 10 && p->pickup_hold_days == 11);
	assert_true(p->return_window_days == 12 && p->slip_hours == 13 && p->max_hops == 14);
	assert_true(p->quote_options_max == 15 && p->site_promise_hours == 16);
	assert_true(p->cloud_promise_hours == 17 && p->made_to_order_days == 18);
	assert_int_equal(p->deliver_window_min, 19);
	free_it(p);
	rules_world_release(&m);
}

static const struct {
	const char *field;
	enum err err;
	const char *json;
} refused[] = {
    {"policy.rules", ERR_BAD_FIELD, "{}"},
    {"policy.rules[0].steps", ERR_BAD_FIELD, "{\"rules\":[{}]}"},
    {"policy.rules[0].refuse", ERR_BAD_FIELD, "{\"rules\":[{\"refuse\":\"no\"," STEP "}]}"},
    {"policy.rules[0].refuse", ERR_BAD_FIELD, "{\"rules\":[{\"refuse\":\"" TEXT_64 TEXT_64 "\"}]}"},
    {"policy.rules[0].name", ERR_BAD_FIELD, "{\"rules\":[{\"name\":\"" TEXT_64 "\"," STEP "}]}"},
    {"policy.rules[0].steps[0].way", ERR_BAD_FIELD,
        "{\"rules\":[{\"steps\":[{\"source\":\"CANDIDATE_SOURCE_SITE\"}]}]}"},
    {"policy.rules[0].steps[0].source", ERR_BAD_FIELD,
        "{\"rules\":[{\"steps\":[{\"way\":\"WAY_SHIP\"}]}]}"},
    {"policy.rules[0].steps[1]", ERR_BAD_FIELD,
        "{\"rules\":[{\"steps\":[{\"way\":\"WAY_SHIP\",\"source\":\"CANDIDATE_SOURCE_SITE\"},"
        "{\"way\":\"WAY_SHIP\",\"source\":\"CANDIDATE_SOURCE_SITE\"}]}]}"},
    {"policy.rules[1].when.sku_classes[1]", ERR_UNKNOWN_ID,
        WHEN("\"skuClasses\":[\"phone\",\"boat\"]")},
    {"policy.rules[1].when.channels[0]", ERR_UNKNOWN_ID, WHEN("\"channels\":[\"C3\"]")},
    {"policy.rules[1].when.channels[0]", ERR_BAD_FIELD, WHEN("\"channels\":[\"D1\"]")},
    {"policy.rules[1].when.territories[1]", ERR_UNKNOWN_ID, WHEN("\"territories\":[\"T1\",\"\"]")},
    {"policy.rules[1].when.storefront_kinds[0]", ERR_BAD_FIELD,
        WHEN("\"storefrontKinds\":[\"STOREFRONT_KIND_UNSPECIFIED\"]")},
    {"policy.rules[1].when.owner_grades[0]", ERR_BAD_FIELD, WHEN("\"ownerGrades\":[0]")},
    {"policy.rules[1].when.owner_grades[1]", ERR_BAD_FIELD, WHEN("\"ownerGrades\":[9,10]")},
    {"policy.rules[1].when.unit_price_from_fen", ERR_BAD_FIELD,
        WHEN("\"unitPriceFromFen\":\"-1\"")},
    {"policy.rules[1].when.unit_price_below_fen", ERR_BAD_FIELD,
        WHEN("\"unitPriceBelowFen\":\"1000000000000001\"")},
    {"policy.rules[1].when.unit_price_below_fen", ERR_BAD_FIELD,
        WHEN("\"unitPriceFromFen\":\"5\",\"unitPriceBelowFen\":\"5\"")},
    {"policy.rules[1].when.from", ERR_BAD_FIELD, WHEN("\"from\":\"1970-01-01T00:00:00Z\"")},
    {"policy.rules[1].when.until", ERR_BAD_FIELD, WHEN("\"until\":\"1969-01-01T00:00:00Z\"")},
    {"policy.rules[1].when.until", ERR_BAD_FIELD,
        WHEN("\"from\":\"2026-11-21T00:00:00Z\",\"until\":\"2026-11-21T00:00:00Z\"")},
    {"policy.ranking[0]", ERR_BAD_FIELD, "{" RULES ",\"ranking\":[\"RANK_KEY_UNSPECIFIED\"]}"},
    {"policy.ranking[1]", ERR_BAD_FIELD,
        "{" RULES ",\"ranking\":[\"RANK_KEY_COST\",\"RANK_KEY_COST\"]}"},
    {"policy.delivery_fees[0].way", ERR_BAD_FIELD,
        "{" RULES ",\"deliveryFees\":[{\"feeFen\":\"1\"}]}"},
    {"policy.delivery_fees[1].way", ERR_BAD_FIELD,
        "{" RULES ",\"deliveryFees\":[{\"way\":\"WAY_SHIP\"},{\"way\":\"WAY_SHIP\"}]}"},
    {"policy.delivery_fees[0].fee_fen", ERR_BAD_FIELD,
        "{" RULES ",\"deliveryFees\":[{\"way\":\"WAY_SHIP\",\"feeFen\":\"-1\"}]}"},
    {"policy.delivery_fees[0].free_from_fen", ERR_BAD_FIELD,
        "{" RULES ",\"deliveryFees\":[{\"way\":\"WAY_SHIP\",\"freeFromFen\":\"-1\"}]}"},
    {"policy.scan_max", ERR_BAD_FIELD, "{" RULES ",\"scanMax\":257}"},
    {"policy.scan_max", ERR_BAD_FIELD, "{" RULES ",\"scanMax\":-1}"},
    {"policy.radius_m", ERR_BAD_FIELD, "{" RULES ",\"radiusM\":1000001}"},
    {"policy.distance_band_m", ERR_BAD_FIELD, "{" RULES ",\"distanceBandM\":-5}"},
    {"policy.max_parcels", ERR_BAD_FIELD, "{" RULES ",\"maxParcels\":9}"},
    {"policy.grade_worst", ERR_BAD_FIELD, "{" RULES ",\"gradeWorst\":10}"},
    {"policy.stale_after_min", ERR_BAD_FIELD, "{" RULES ",\"staleAfterMin\":-1}"},
    {"policy.parcel_min_fen", ERR_BAD_FIELD, "{" RULES ",\"parcelMinFen\":\"-1\"}"},
    {"policy.deposit_fen", ERR_BAD_FIELD, "{" RULES ",\"depositFen\":\"-1\"}"},
    {"policy.deposit_fen", ERR_BAD_FIELD, "{" RULES ",\"depositFen\":\"1\",\"depositBps\":1}"},
    {"policy.accept_open_min", ERR_BAD_FIELD, "{" RULES ",\"acceptOpenMin\":525601}"},
    {"policy.payment_hold_min", ERR_BAD_FIELD, "{" RULES ",\"paymentHoldMin\":-1}"},
    {"policy.quote_ttl_min", ERR_BAD_FIELD, "{" RULES ",\"quoteTtlMin\":-1}"},
    {"policy.pickup_hold_days", ERR_BAD_FIELD, "{" RULES ",\"pickupHoldDays\":366}"},
    {"policy.return_window_days", ERR_BAD_FIELD, "{" RULES ",\"returnWindowDays\":366}"},
    {"policy.slip_hours", ERR_BAD_FIELD, "{" RULES ",\"slipHours\":8761}"},
    {"policy.max_hops", ERR_BAD_FIELD, "{" RULES ",\"maxHops\":21}"},
    {"policy.quote_options_max", ERR_BAD_FIELD, "{" RULES ",\"quoteOptionsMax\":17}"},
    {"policy.site_promise_hours", ERR_BAD_FIELD, "{" RULES ",\"sitePromiseHours\":8761}"},
    {"policy.cloud_promise_hours", ERR_BAD_FIELD, "{" RULES ",\"cloudPromiseHours\":-1}"},
    {"policy.made_to_order_days", ERR_BAD_FIELD, "{" RULES ",\"madeToOrderDays\":366}"},
    {"policy.deliver_window_min", ERR_BAD_FIELD, "{" RULES ",\"deliverWindowMin\":-1}"},
};

static void
test_refused(void **state)
{
	struct rules_world m;
	struct policy *p = NULL;
	size_t i;

	(void)state;
	rules_world_init(&m);
	for (i = 0; i < ROWS(refused); i++) {
		row_equal(refused[i].json,
		    policy_convert(&m.w, rules_message(&m, &POLICY, refused[i].json), 1, 1, &p,
		        &m.reason),
		    refused[i].err);
		row_text(refused[i].json, m.reason.field, refused[i].field);
		assert_null(p);
	}
	rules_world_release(&m);
}

/* Numbers that the codecs would not let through, and lists one too long. */
static void
test_numbers_and_lists(void **state)
{
	static const char json[] = "{\"rules\":[{\"when\":{\"ways\":[\"WAY_SHIP\"]}," STEP "}],"
	                           "\"ranking\":[\"RANK_KEY_COST\"]}";
	struct rules_world m;
	Yuncang__V1__RoutingPolicy *msg;
	Yuncang__V1__RuleWhen *when;
	struct policy *p;
	char *classes[RULE_LIST_MAX + 1];
	char phone[] = "phone";
	Yuncang__V1__RoutingRule *rules[POLICY_RULES_MAX + 1];
	int i;

	(void)state;
	rules_world_init(&m);
	msg = rules_message(&m, &POLICY, json);
	when = msg->rules[0]->when;
#define REFUSED(path) \
	do { \
		assert_int_equal(policy_convert(&m.w, msg, 1, 1, &p, &m.reason), ERR_BAD_FIELD); \
		assert_string_equal(m.reason.field, path); \
	} while (0)
	when->ways[0] = (Yuncang__V1__Way)4;
	REFUSED("policy.rules[0].when.ways[0]");
	when->ways[0] = (Yuncang__V1__Way)-1;
	REFUSED("policy.rules[0].when.ways[0]");
	when->ways[0] = YUNCANG__V1__WAY__WAY_SHIP;
	when->made_to_order = (Yuncang__V1__Tristate)3;
	REFUSED("policy.rules[0].when.made_to_order");
	when->made_to_order = YUNCANG__V1__TRISTATE__TRISTATE_NO;
	when->cloud_only = (Yuncang__V1__Tristate)3;
	REFUSED("policy.rules[0].when.cloud_only");
	when->cloud_only = YUNCANG__V1__TRISTATE__TRISTATE_NO;
	msg->rules[0]->steps[0]->source = (Yuncang__V1__CandidateSource)7;
	REFUSED("policy.rules[0].steps[0].source");
	msg->rules[0]->steps[0]->source = YUNCANG__V1__CANDIDATE_SOURCE__CANDIDATE_SOURCE_SITE;
	msg->ranking[0] = (Yuncang__V1__RankKey)11;
	REFUSED("policy.ranking[0]");
	msg->ranking[0] = YUNCANG__V1__RANK_KEY__RANK_KEY_COST;
	for (i = 0; i <= RULE_LIST_MAX; i++)
		classes[i] = phone;
	when->sku_classes = classes;
	when->n_sku_classes = RULE_LIST_MAX + 1;
	REFUSED("policy.rules[0].when.sku_classes");
	when->n_sku_classes = RULE_LIST_MAX;
	for (i = 0; i <= POLICY_RULES_MAX; i++)
		rules[i] = msg->rules[0];
	msg->rules = rules;
	msg->n_rules = POLICY_RULES_MAX + 1;
	REFUSED("policy.rules");
	msg->n_rules = POLICY_RULES_MAX;
	assert_int_equal(policy_convert(&m.w, msg, 1, 1, &p, &m.reason), ERR_OK);
	assert_int_equal(p->rule_count, POLICY_RULES_MAX);
	assert_int_equal(p->rules[63].class_count, RULE_LIST_MAX);
	policy_free(p);
#undef REFUSED
	rules_world_release(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_left_out),
	    cmocka_unit_test(test_shipped),
	    cmocka_unit_test(test_all_fields),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_numbers_and_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
