/* Open minutes: closing soon, closed days, midnight, zones, whole weeks. */
#include "base/parse.h"
#include "domain/hours.h"
#include "unit.h"

static int64_t
at(const char *s)
{
	int64_t us = 0;

	assert_int_equal(parse_time(s, &us), ERR_OK);
	return us;
}

/* Open 9 to 21 on the first ${days} of the week. */
static struct location
shop(int days, int tz_min)
{
	struct location l = {.tz_min = (int16_t)tz_min};

	for (int i = 0; i < days; i++) {
		l.hours.open[i] = 540;
		l.hours.close[i] = 1260;
	}
	return l;
}

static void
test_add_open(void **state)
{
	static const struct {
		const char *label;
		int days, tz_min;
		const char *from;
		int minutes;
		const char *want;
	} rows[] = {
	    {"within the day", 7, 480, "2026-11-16T10:00:00+08:00", 30,
	        "2026-11-16T10:30:00+08:00"},
	    {"closing soon", 7, 480, "2026-11-16T20:45:00+08:00", 30, "2026-11-17T09:15:00+08:00"},
	    {"to the last minute", 7, 480, "2026-11-16T20:30:00+08:00", 30,
	        "2026-11-16T21:00:00+08:00"},
	    {"at closing", 7, 480, "2026-11-16T21:00:00+08:00", 1, "2026-11-17T09:01:00+08:00"},
	    {"before opening", 7, 480, "2026-11-16T03:00:00+08:00", 30,
	        "2026-11-16T09:30:00+08:00"},
	    {"next opening", 7, 480, "2026-11-16T22:00:00+08:00", 0, "2026-11-17T09:00:00+08:00"},
	    {"next opening is now", 7, 480, "2026-11-16T10:00:00+08:00", 0,
	        "2026-11-16T10:00:00+08:00"},
	    {"closed over the week-end", 5, 480, "2026-11-20T20:50:00+08:00", 30,
	        "2026-11-23T09:20:00+08:00"},
	    {"Saturday morning", 5, 480, "2026-11-21T10:00:00+08:00", 0,
	        "2026-11-23T09:00:00+08:00"},
	    {"open on Mondays only", 1, 480, "2026-11-16T20:50:00+08:00", 20,
	        "2026-11-23T09:10:00+08:00"},
	    {"a whole week's minutes", 7, 480, "2026-11-16T09:00:00+08:00", 5040,
	        "2026-11-22T21:00:00+08:00"},
	    {"two whole weeks' minutes", 7, 480, "2026-11-16T09:00:00+08:00", 10080,
	        "2026-11-29T21:00:00+08:00"},
	    {"one more", 7, 480, "2026-11-16T09:00:00+08:00", 5041, "2026-11-23T09:01:00+08:00"},
	    {"ten weeks and a half hour", 7, 480, "2026-11-16T10:00:00+08:00", 50430,
	        "2027-01-25T10:30:00+08:00"},
	    {"another zone: its own morning", 7, 360, "2026-11-16T09:30:00+08:00", 30,
	        "2026-11-16T09:30:00+06:00"},
	    {"west of Greenwich", 7, -300, "2026-11-16T09:00:00Z", 30, "2026-11-16T09:30:00-05:00"},
	    {"over midnight, UTC and local dates differ", 7, 480, "2026-11-16T20:59:30+08:00", 1,
	        "2026-11-17T09:00:30+08:00"},
	    {"before 1970", 7, 480, "1969-12-31T20:50:00+08:00", 20, "1970-01-01T09:10:00+08:00"},
	};
	int64_t got;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct location l = shop(rows[i].days, rows[i].tz_min);

		got = 0;
		row_equal(rows[i].label,
		    hours_add_open(&l, at(rows[i].from), rows[i].minutes, &got), true);
		row_equal(rows[i].label, got, at(rows[i].want));
	}
}

static void
test_extremes(void **state)
{
	struct location l = shop(0, 480);
	int64_t got = 7;

	(void)state;
	row_equal("never", hours_add_open(&l, 0, 0, &got), false);
	row_equal("untouched", got, 7);
	l.hours.open[3] = l.hours.close[3] = 600;
	row_equal("a day of no length", hours_add_open(&l, 0, 5, &got), false);
	l.hours.always = true;
	row_equal("always", hours_add_open(&l, 60000000, 2, &got), true);
	row_equal("always", got, 180000000);
	l = shop(7, 480);
	l.hours.open[0] = 0;
	l.hours.close[0] = 1440;
	row_equal("to midnight", hours_add_open(&l, at("2026-11-16T23:59:00+08:00"), 1, &got),
	    true);
	row_equal("to midnight", got, at("2026-11-17T00:00:00+08:00"));
}

static void
test_local(void **state)
{
	static const struct {
		const char *label, *at;
		int tz_min, day, minute;
	} rows[] = {
	    {"UTC", "1970-01-02T00:00:00Z", 0, 1, 0},
	    {"east", "1970-01-01T16:00:00Z", 480, 1, 0},
	    {"just before midnight", "1970-01-01T15:59:59Z", 480, 0, 1439},
	    {"west", "1970-01-01T00:00:00Z", -300, -1, 1140},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct location l = {.tz_min = (int16_t)rows[i].tz_min};

		row_equal(rows[i].label, hours_day(&l, at(rows[i].at)), rows[i].day);
		row_equal(rows[i].label, hours_minute(&l, at(rows[i].at)), rows[i].minute);
		row_equal(rows[i].label, hours_at(&l, rows[i].day, rows[i].minute) / 60000000,
		    at(rows[i].at) / 60000000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_add_open),
	    cmocka_unit_test(test_extremes),
	    cmocka_unit_test(test_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
