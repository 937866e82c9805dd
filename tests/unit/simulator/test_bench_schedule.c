/* The instants of an open loop: even, without drift, and count is their inverse. */
#include "unit.h"

#include "base/clock.h"
#include "simulator/bench_schedule.h"

static const struct {
	const char *label;
	struct bench_schedule s;
} rows[] = {
    {"one a second", {1000, 1, 1}},
    {"1,000 a second", {0, 1000, 1}},
    {"not a whole number of us", {7, 3, 1}},
    {"prime", {123456789, 7919, 1}},
    {"more than one a us", {5, 3000000, 1}},
    {"bulks of 100", {11, 2500, 100}},
    {"less than one bulk a second", {0, 7, 100}},
};

static void
test_even(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct bench_schedule *s = &rows[i].s;

		row_equal(rows[i].label, bench_schedule_due_us(s, 0), s->start_us);
		/* after an hour's worth of requests exactly that has passed */
		row_equal(rows[i].label, bench_schedule_due_us(s, (uint64_t)(s->per_s * 3600)),
		    s->start_us + 3600 * s->each * US_PER_S);
	}
}

static void
test_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct bench_schedule *s = &rows[i].s;

		row_equal(rows[i].label, bench_schedule_count(s, s->start_us - 1), 0);
		for (uint64_t k = 0; k < 5000; k++) {
			int64_t due = bench_schedule_due_us(s, k);
			uint64_t then = bench_schedule_count(s, due);
			uint64_t before = bench_schedule_count(s, due - 1);

			if (then <= k || before > k)
				fail_msg(
				    "%s: request %llu is due at %lld, counted %llu and %llu before",
				    rows[i].label, (unsigned long long)k, (long long)due,
				    (unsigned long long)then, (unsigned long long)before);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_even),
	    cmocka_unit_test(test_count)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
