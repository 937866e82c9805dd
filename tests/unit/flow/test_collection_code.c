/* The codes are those of an HMAC computed elsewhere, so that all instances, and later versions, agree on them. */
#include "unit.h"

#include "flow/collection_code.h"

static void
codes_are_what_python_says(void **state)
{
	static const struct {
		const char *label;
		int number, code_no;
		const char *want;
	} rows[] = {
	    {"first", 1, 0, "169471"},
	    {"issued again", 1, 1, "576790"},
	    {"another fulfilment", 2, 0, "343724"},
	    {"large numbers", 300, 32767, "835273"},
	};
	uint8_t secret[DIGEST_SIZE];
	struct uuid order;
	char code[COLLECTION_CODE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(order.b); i++)
		order.b[i] = (uint8_t)(i + 1);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fulfilment_read f = {.number = rows[i].number};

		collection_code(secret, &order, &f, rows[i].code_no, code);
		row_text(rows[i].label, code, rows[i].want);
		assert_true(collection_code_is(rows[i].want, code));
	}
}

static void
only_the_whole_code_is_it(void **state)
{
	static const char *const others[] = {"", "16947", "1694711", "169470", "069471", "169471 "};

	(void)state;
	assert_true(collection_code_is("169471", "169471"));
	for (size_t i = 0; i < ROWS(others); i++)
		row_equal(others[i], collection_code_is(others[i], "169471"), false);
}

/* From when a pickup lies ready until it is collected. */
static void
shown_while_there_is_something_to_collect(void **state)
{
	const uint8_t secret[DIGEST_SIZE] = {0};
	const struct uuid order = {{1}};

	(void)state;
	for (int way = WAY_SHIP; way < WAY_COUNT; way++)
		for (int s = FUL_PLANNED; s < FUL_STATE_COUNT; s++) {
			struct fulfilment_read f = {.number = 1,
			    .way = (enum way)way,
			    .state = (enum fulfilment_state)s};
			char code[COLLECTION_CODE_SIZE];

			collection_code_shown(secret, &order, &f, code);
			row_equal(fulfilment_state_word(f.state), strlen(code),
			    way == WAY_PICKUP && s == FUL_READY_FOR_PICKUP ? 6 : 0);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes_are_what_python_says),
	    cmocka_unit_test(only_the_whole_code_is_it),
	    cmocka_unit_test(shown_while_there_is_something_to_collect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
