/* The median of accept times out of classes that each count what took at most their bound. */
#include "store/scorecard.h"
#include "unit.h"

static void
test_median(void **state)
{
	static const struct {
		const char *label;
		int64_t waits[SCORE_CLASS_COUNT];
		int32_t want;
	} rows[] = {
	    {"none", {0}, 0},
	    {"one, at once", {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 60},
	    {"exactly half", {5, 5, 5, 10, 10, 10, 10, 10, 10, 10, 10, 10}, 60},
	    {"one less", {4, 4, 4, 9, 9, 9, 9, 9, 9, 9, 9, 9}, 600},
	    {"in the last with a bound", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3}, 14400},
	    {"beyond all", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3}, 0},
	};
	struct score_read s = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		memcpy(s.waits, rows[i].waits, sizeof(s.waits));
		row_equal(rows[i].label, score_median_s(&s), rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_median),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
