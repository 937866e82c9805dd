#include "unit.h"

#include "base/clock.h"
#include "base/uuid.h"

#define T0 (INT64_C(1790000000) * US_PER_S)

static void
test_order(void **state)
{
	static const struct {
		const char *label;
		int64_t step_us; /* before each id */
		int count;
	} rows[] = {
	    {"a quiet service", 5 * US_PER_MS, 100},
	    {"a thousand ids a millisecond", 1, 100000},
	    {"a clock that stands", 0, 20000},
	    {"a clock that runs backwards", -US_PER_MS, 20000},
	    {"and forwards again", US_PER_MS, 20000},
	};
	struct uuid last, u;
	int64_t now;
	size_t i;
	int n;

	(void)state;
	now = T0;
	last = uuid_v7(now);
	for (i = 0; i < ROWS(rows); i++) {
		for (n = 0; n < rows[i].count; n++) {
			now += rows[i].step_us;
			u = uuid_v7(now);
			row_equal(rows[i].label, memcmp(&u, &last, sizeof(u)) > 0, true);
			row_equal(rows[i].label, u.b[6] >> 4, 7);
			row_equal(rows[i].label, u.b[8] >> 6, 2);
			last = u;
		}
	}
}

static void
test_time(void **state)
{
	struct uuid u;
	uint64_t ms;
	int i;

	(void)state;
	/* Later than anything test_order() asked for. */
	u = uuid_v7(2 * T0 + 999);
	for (ms = 0, i = 0; i < 6; i++)
		ms = ms << 8 | u.b[i];
	assert_int_equal(ms, 2 * T0 / US_PER_MS);
}

static void
test_text(void **state)
{
	static const struct {
		const char *label;
		const char *text;
		enum err want;
	} rows[] = {
	    {"a v7", "0198c0de-0000-7000-8000-00000000abcd", ERR_OK},
	    {"capitals", "0198C0DE-0000-7000-8000-00000000ABCD", ERR_OK},
	    {"empty", "", ERR_BAD_FIELD},
	    {"one short", "0198c0de-0000-7000-8000-00000000abc", ERR_BAD_FIELD},
	    {"one long", "0198c0de-0000-7000-8000-00000000abcde", ERR_BAD_FIELD},
	    {"braces", "{198c0de-0000-7000-8000-00000000abc}", ERR_BAD_FIELD},
	    {"a hyphen too early", "0198c0d-e0000-7000-8000-00000000abcd", ERR_BAD_FIELD},
	    {"no hyphens", "0198c0de000070008000000000000000abcd", ERR_BAD_FIELD},
	    {"not hexadecimal", "0198c0de-0000-7000-8000-00000000abcg", ERR_BAD_FIELD},
	};
	char text[UUID_TEXT_SIZE];
	struct uuid u, v;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		memset(&u, 0xee, sizeof(u));
		row_equal(rows[i].label, uuid_parse(rows[i].text, &u), rows[i].want);
		row_equal(rows[i].label, u.b[0], rows[i].want == ERR_OK ? 0x01 : 0xee);
		if (rows[i].want != ERR_OK)
			continue;
		uuid_format(&u, text);
		row_text(rows[i].label, text, rows[0].text);
	}
	u = uuid_v7(T0);
	uuid_format(&u, text);
	assert_int_equal(uuid_parse(text, &v), ERR_OK);
	assert_true(uuid_equal(&u, &v));
	v.b[15] ^= 1;
	assert_false(uuid_equal(&u, &v));
	assert_false(uuid_is_zero(&u));
	memset(&u, 0, sizeof(u));
	assert_true(uuid_is_zero(&u));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
