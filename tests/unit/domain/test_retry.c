/* When what could not be delivered is tried again, and when it is given up. */
#include "domain/retry.h"
#include "unit.h"

static void
pauses(void **state)
{
	static const struct {
		const char *label;
		int tries;
		int64_t middle_ms;
	} rows[] = {
	    {"first", 1, 5000},
	    {"second", 2, 30000},
	    {"third", 3, 120000},
	    {"fourth", 4, 600000},
	    {"fifth", 5, 1800000},
	    {"sixth", 6, 3600000},
	    {"seventh", 7, 7200000},
	    {"eighth", 8, 14400000},
	    {"ninth", 9, 28800000},
	    {"tenth", 10, 28800000},
	    {"beyond", 11, 28800000},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t m = rows[i].middle_ms;

		row_equal(rows[i].label, retry_pause_ms(rows[i].tries, 5000, 20), m);
		row_equal(rows[i].label, retry_pause_ms(rows[i].tries, 5000, 0), m * 80 / 100);
		row_equal(rows[i].label, retry_pause_ms(rows[i].tries, 5000, 40), m * 120 / 100);
		row_equal(rows[i].label, retry_pause_ms(rows[i].tries, 5000, 41), m * 80 / 100);
	}
}

/* All pauses together are the day that the header states, whatever was drawn. */
static void
a_day(void **state)
{
	int64_t least = 0, most = 0, middle = 0;

	(void)state;
	for (int tries = 1; tries < RETRY_TRIES_MAX; tries++) {
		least += retry_pause_ms(tries, 5000, 0);
		middle += retry_pause_ms(tries, 5000, 20);
		most += retry_pause_ms(tries, 5000, 40);
	}
	row_equal("middle", middle, RETRY_UNITS * INT64_C(5000));
	row_equal("least, hours", least / 3600000, 18);
	row_equal("most, hours", most / 3600000, 28);
}

static void
given_up(void **state)
{
	const int64_t day = RETRY_UNITS * INT64_C(5000);
	const struct {
		const char *label;
		int tries, tries_max;
		int64_t age_ms;
		bool want;
	} rows[] = {
	    {"young", 1, 11, 0, false},
	    {"last but one", 10, 11, day - 1, false},
	    {"last", 11, 11, 0, true},
	    {"fewer allowed", 3, 3, 0, true},
	    {"more allowed than there are pauses", 11, 20, 0, true},
	    {"its day was spent behind others", 1, 11, day, true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		row_equal(rows[i].label,
		    retry_over(rows[i].tries, rows[i].tries_max, rows[i].age_ms, 5000),
		    rows[i].want);
}

static void
doubled(void **state)
{
	static const struct {
		const char *label;
		int tries;
		int64_t first, most, want;
	} rows[] = {
	    {"first", 1, 5, 100, 5},
	    {"second", 2, 5, 100, 10},
	    {"fifth", 5, 5, 100, 80},
	    {"cut", 6, 5, 100, 100},
	    {"for ever", INT32_MAX, 5, 100, 100},
	    {"the most at once", 1, 500, 100, 100},
	    {"no overflow", 100, INT64_MAX / 3, INT64_MAX, INT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		row_equal(rows[i].label, retry_doubled(rows[i].tries, rows[i].first, rows[i].most),
		    rows[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pauses),
	    cmocka_unit_test(a_day),
	    cmocka_unit_test(given_up),
	    cmocka_unit_test(doubled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
