/* book_convert: the shipped book, all fields, and every refusal by its path. */
#include "unit.h"

#include "flow/book_convert.h"
#include "rules_world.h"

#define BOOK yuncang__v1__split_rule_book__descriptor
#define RULE(text) "{\"rules\":[{},{" text "}]}"
#define TAX(text) "{\"rules\":[{}],\"taxRates\":[{" text "}]}"
#define TEXT_64 "0123456789012345678901234567890123456789012345678901234567890123"

static void
charge_equal(const struct charge *c, int64_t fixed_fen, int32_t bps, enum charge_base base,
    enum rounding rounding)
{
	assert_int_equal(c->fixed_fen, fixed_fen);
	assert_int_equal(c->bps, bps);
	assert_int_equal(c->base, base);
	assert_int_equal(c->rounding, rounding);
}

static void
check_any(const struct split_rule *s)
{
	assert_true(s->sku == 0 && s->class_idx == NONE && s->dealer == 0 && s->grade == 0);
	assert_true(s->way == WAY_NONE && s->storefront_kind == 0);
	charge_equal(&s->transfer, 0, 0, BASE_GROSS, ROUND_HALF_UP);
	charge_equal(&s->platform_fee, 0, 0, BASE_GROSS, ROUND_HALF_UP);
	charge_equal(&s->channel, 0, 0, BASE_GROSS, ROUND_HALF_UP);
	charge_equal(&s->staff, 0, 0, BASE_GROSS, ROUND_HALF_UP);
	assert_false(s->has_transfer || s->brand_bears_courier);
	assert_true(s->courier_cost_fen == 0 && s->absorb_max_fen == 0);
	assert_int_equal(s->negative, NEGATIVE_RECEIVABLE);
	assert_true(s->hold_days == 0 && s->forfeit_owner_bps == 0);
	assert_true(s->lost_fee == BEARER_BRAND && s->freight == BEARER_BRAND &&
	    s->dispute == BEARER_BRAND);
}

static void
test_left_out(void **state)
{
	struct rules_world m;
	struct split_book *b;

	(void)state;
	rules_world_init(&m);
	assert_int_equal(book_convert(&m.w, rules_message(&m, &BOOK, "{\"rules\":[{}]}"), 7, 123,
	                     &b, &m.reason),
	    ERR_OK);
	assert_true(b->version == 7 && b->effective_from_us == 123 && b->rule_count == 1);
	check_any(&b->rules[0]);
	charge_equal(&b->rules[0].handling, 0, 0, BASE_GROSS, ROUND_HALF_UP);
	charge_equal(&b->rules[0].warehouse, 0, 0, BASE_GROSS, ROUND_HALF_UP);
	book_free(b);
	book_free(NULL);
	rules_world_release(&m);
}

static void
test_shipped(void **state)
{
	struct rules_world m;
	struct split_book *b;

	(void)state;
	rules_world_init(&m);
	assert_int_equal(book_convert(&m.w, rules_file(&m, &BOOK, "etc/default-split-rules.json"),
	                     1, 0, &b, &m.reason),
	    ERR_OK);
	assert_int_equal(b->rule_count, 1);
	check_any(&b->rules[0]);
	charge_equal(&b->rules[0].handling, 0, 50, BASE_GROSS, ROUND_HALF_UP);
	charge_equal(&b->rules[0].warehouse, 0, 50, BASE_COST, ROUND_HALF_UP);
	book_free(b);
	rules_world_release(&m);
}

static void
test_all_fields(void **state)
{
	struct rules_world m;
	struct split_book *b;
	const struct split_rule *s;

	(void)state;
	rules_world_init(&m);
	assert_int_equal(
	    book_convert(&m.w,
	        rules_message(&m, &BOOK,
	            "{\"rules\":[{},{\"name\":\"n\",\"sku\":\"S2\",\"skuClass\":\"laptop\",\"dealer\":\"D2\","
	            "\"grade\":3,\"way\":\"WAY_PICKUP\",\"storefrontKind\":\"STOREFRONT_KIND_LIVE\","
	            "\"handling\":{\"fixedFen\":\"1\",\"bps\":2,\"bpsOf\":\"BASE_PAID\"},"
	            "\"warehouse\":{\"bps\":3,\"bpsOf\":\"BASE_COST\",\"rounding\":\"ROUNDING_HALF_UP\"},"
	            "\"transfer\":{\"bps\":4,\"bpsOf\":\"BASE_GROSS\",\"rounding\":\"ROUNDING_FLOOR\"},"
	            "\"platformFee\":{\"fixedFen\":\"5\"},"
	            "\"channelCommission\":{\"bps\":10000,\"bpsOf\":\"BASE_GROSS\"},"
	            "\"staffCommission\":{\"bps\":7,\"bpsOf\":\"BASE_MARGIN\"},"
	            "\"courierCostFen\":\"8\",\"courierShortfall\":\"BEARER_BRAND\","
	            "\"negativeMargin\":\"NEGATIVE_MARGIN_BRAND_ABSORBS\",\"absorbMaxFen\":\"9\","
	            "\"holdDays\":10,\"forfeitOwnerBps\":2500,\"lostFeeBearer\":\"BEARER_OWNER\","
	            "\"freightBearer\":\"BEARER_FULFILLER\",\"disputeBearer\":\"BEARER_BRAND\"}],"
	            "\"taxRates\":[{\"taxClass\":\"laptop\",\"bps\":1300},{\"taxClass\":\"phone\",\"bps\":600}]}"),
	        1, 0, &b, &m.reason),
	    ERR_OK);
	assert_int_equal(b->rule_count, 2);
	s = &b->rules[1];
	assert_true(s->sku == 32 && s->class_idx == 1 && s->dealer == 13 && s->grade == 3);
	assert_true(s->way == WAY_PICKUP && s->storefront_kind == FRONT_LIVE);
	charge_equal(&s->handling, 1, 2, BASE_PAID, ROUND_HALF_UP);
	charge_equal(&s->warehouse, 0, 3, BASE_COST, ROUND_HALF_UP);
	charge_equal(&s->transfer, 0, 4, BASE_GROSS, ROUND_FLOOR);
	charge_equal(&s->platform_fee, 5, 0, BASE_GROSS, ROUND_HALF_UP);
	charge_equal(&s->channel, 0, 10000, BASE_GROSS, ROUND_HALF_UP);
	charge_equal(&s->staff, 0, 7, BASE_MARGIN, ROUND_HALF_UP);
	assert_true(s->has_transfer && s->brand_bears_courier && s->courier_cost_fen == 8);
	assert_true(s->negative == NEGATIVE_BRAND_ABSORBS && s->absorb_max_fen == 9);
	assert_true(s->hold_days == 10 && s->forfeit_owner_bps == 2500);
	assert_true(s->lost_fee == BEARER_OWNER && s->freight == BEARER_FULFILLER &&
	    s->dispute == BEARER_BRAND);
	assert_true(b->tax_count == 2 && b->taxes[0].class_idx == 1 && b->taxes[0].bps == 1300);
	assert_true(b->taxes[1].class_idx == 0 && b->taxes[1].bps == 600);
	book_free(b);
	rules_world_release(&m);
}

static const struct {
	const char *field;
	enum err err;
	const char *json;
} refused[] = {
    {"book.rules", ERR_BAD_FIELD, "{}"},
    {"book.rules[1].name", ERR_BAD_FIELD, RULE("\"name\":\"" TEXT_64 "\"")},
    {"book.rules[1].sku", ERR_UNKNOWN_ID, RULE("\"sku\":\"S3\"")},
    {"book.rules[1].sku_class", ERR_UNKNOWN_ID, RULE("\"skuClass\":\"boat\"")},
    {"book.rules[1].dealer", ERR_UNKNOWN_ID, RULE("\"dealer\":\"D3\"")},
    {"book.rules[1].dealer", ERR_BAD_FIELD, RULE("\"dealer\":\"C1\"")},
    {"book.rules[1].grade", ERR_BAD_FIELD, RULE("\"grade\":10")},
    {"book.rules[1].grade", ERR_BAD_FIELD, RULE("\"grade\":-1")},
    {"book.rules[1].handling.fixed_fen", ERR_BAD_FIELD, RULE("\"handling\":{\"fixedFen\":\"-1\"}")},
    {"book.rules[1].warehouse.bps", ERR_BAD_FIELD,
        RULE("\"warehouse\":{\"bps\":10001,\"bpsOf\":\"BASE_COST\"}")},
    {"book.rules[1].transfer.bps", ERR_BAD_FIELD,
        RULE("\"transfer\":{\"bps\":-1,\"bpsOf\":\"BASE_COST\"}")},
    {"book.rules[1].transfer", ERR_BAD_FIELD, RULE("\"transfer\":{}")},
    {"book.rules[1].platform_fee.bps_of", ERR_BAD_FIELD, RULE("\"platformFee\":{\"bps\":1}")},
    {"book.rules[1].channel_commission.fixed_fen", ERR_BAD_FIELD,
        RULE("\"channelCommission\":{\"fixedFen\":\"1000000000000001\"}")},
    {"book.rules[1].staff_commission.bps", ERR_BAD_FIELD,
        RULE("\"staffCommission\":{\"bps\":20000}")},
    {"book.rules[1].courier_cost_fen", ERR_BAD_FIELD, RULE("\"courierCostFen\":\"-1\"")},
    {"book.rules[1].absorb_max_fen", ERR_BAD_FIELD, RULE("\"absorbMaxFen\":\"1\"")},
    {"book.rules[1].hold_days", ERR_BAD_FIELD, RULE("\"holdDays\":-1")},
    {"book.rules[1].hold_days", ERR_BAD_FIELD, RULE("\"holdDays\":181")},
    {"book.rules[1].forfeit_owner_bps", ERR_BAD_FIELD, RULE("\"forfeitOwnerBps\":10001")},
    {"book.tax_rates[0].tax_class", ERR_UNKNOWN_ID, TAX("\"bps\":1")},
    {"book.tax_rates[0].tax_class", ERR_UNKNOWN_ID, TAX("\"taxClass\":\"boat\",\"bps\":1")},
    {"book.tax_rates[0].bps", ERR_BAD_FIELD, TAX("\"taxClass\":\"phone\"")},
    {"book.tax_rates[0].bps", ERR_BAD_FIELD, TAX("\"taxClass\":\"phone\",\"bps\":10001")},
    {"book.tax_rates[1].tax_class", ERR_BAD_FIELD,
        TAX("\"taxClass\":\"phone\",\"bps\":1},{\"taxClass\":\"phone\",\"bps\":2")},
    {"book.rules[1].absorb_max_fen", ERR_BAD_FIELD,
        RULE("\"negativeMargin\":\"NEGATIVE_MARGIN_BRAND_ABSORBS\"")},
};

static void
test_refused(void **state)
{
	struct rules_world m;
	struct split_book *b = NULL;
	size_t i;

	(void)state;
	rules_world_init(&m);
	for (i = 0; i < ROWS(refused); i++) {
		row_equal(refused[i].json,
		    book_convert(&m.w, rules_message(&m, &BOOK, refused[i].json), 1, 1, &b,
		        &m.reason),
		    refused[i].err);
		row_text(refused[i].json, m.reason.field, refused[i].field);
		assert_null(b);
	}
	rules_world_release(&m);
}

/* Numbers that the codecs would not let through, and one rule too many. */
static void
test_numbers_and_lists(void **state)
{
	struct rules_world m;
	Yuncang__V1__SplitRuleBook *msg;
	Yuncang__V1__SplitRule *rule, *rules[SPLIT_RULES_MAX + 1];
	struct split_book *b;
	int i;

	(void)state;
	rules_world_init(&m);
	msg = rules_message(&m, &BOOK, "{\"rules\":[{\"handling\":{}}]}");
	rule = msg->rules[0];
#define REFUSED(path) \
	do { \
		assert_int_equal(book_convert(&m.w, msg, 1, 1, &b, &m.reason), ERR_BAD_FIELD); \
		assert_string_equal(m.reason.field, path); \
	} while (0)
	rule->way = (Yuncang__V1__Way)4;
	REFUSED("book.rules[0].way");
	rule->way = YUNCANG__V1__WAY__WAY_SHIP;
	rule->storefront_kind = (Yuncang__V1__StorefrontKind)5;
	REFUSED("book.rules[0].storefront_kind");
	rule->storefront_kind = YUNCANG__V1__STOREFRONT_KIND__STOREFRONT_KIND_LIVE;
	rule->handling->bps_of = (Yuncang__V1__Charge__Base)5;
	REFUSED("book.rules[0].handling.bps_of");
	rule->handling->bps_of = YUNCANG__V1__CHARGE__BASE__BASE_PAID;
	rule->handling->rounding = (Yuncang__V1__Charge__Rounding)3;
	REFUSED("book.rules[0].handling.rounding");
	rule->handling->rounding = YUNCANG__V1__CHARGE__ROUNDING__ROUNDING_FLOOR;
	rule->courier_shortfall = (Yuncang__V1__Bearer)3;
	REFUSED("book.rules[0].courier_shortfall");
	rule->courier_shortfall = YUNCANG__V1__BEARER__BEARER_OWNER;
	rule->negative_margin = (Yuncang__V1__NegativeMargin)4;
	REFUSED("book.rules[0].negative_margin");
	rule->negative_margin = YUNCANG__V1__NEGATIVE_MARGIN__NEGATIVE_MARGIN_REJECT;
	rule->lost_fee_bearer = (Yuncang__V1__Bearer)4;
	REFUSED("book.rules[0].lost_fee_bearer");
	rule->lost_fee_bearer = YUNCANG__V1__BEARER__BEARER_FULFILLER;
	rule->freight_bearer = (Yuncang__V1__Bearer)4;
	REFUSED("book.rules[0].freight_bearer");
	rule->freight_bearer = YUNCANG__V1__BEARER__BEARER_FULFILLER;
	rule->dispute_bearer = (Yuncang__V1__Bearer)4;
	REFUSED("book.rules[0].dispute_bearer");
	rule->dispute_bearer = YUNCANG__V1__BEARER__BEARER_FULFILLER;
	for (i = 0; i <= SPLIT_RULES_MAX; i++)
		rules[i] = rule;
	msg->rules = rules;
	msg->n_rules = SPLIT_RULES_MAX + 1;
	REFUSED("book.rules");
	msg->n_rules = SPLIT_RULES_MAX;
	assert_int_equal(book_convert(&m.w, msg, 1, 1, &b, &m.reason), ERR_OK);
	assert_int_equal(b->rules[SPLIT_RULES_MAX - 1].negative, NEGATIVE_REJECT);
	book_free(b);
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
