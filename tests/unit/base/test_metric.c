#include "unit.h"

#include "base/metric.h"

static void
has(const char *text, const char *line)
{
	const char *at;

	at = strstr(text, line);
	if (at == NULL || (at != text && at[-1] != '\n'))
		fail_msg("no line \"%s\"", line);
}

static void
test_print(void **state)
{
	struct buf b;
	const char *text;

	(void)state;
	buf_init(&b, 1 << 20);
	metric_add(METRIC_orders_committed_total, 3);
	metric_add(METRIC_orders_committed_total, 4);
	metric_set(METRIC_batch_queue, 9);
	metric_add(METRIC_batch_queue, -2);
	assert_int_equal(metric_get(METRIC_orders_committed_total), 7);
	assert_int_equal(metric_get(METRIC_batch_queue), 7);
	metric_print(&b);
	text = buf_cstr(&b);
	has(text, "# HELP yuncang_orders_committed_total orders committed\n");
	has(text, "# TYPE yuncang_orders_committed_total counter\n");
	has(text, "yuncang_orders_committed_total 7\n");
	has(text, "# TYPE yuncang_batch_queue gauge\n");
	has(text, "yuncang_batch_queue 7\n");
	has(text, "yuncang_payments_total 0\n");
	assert_int_equal(text[b.len - 1], '\n');
	buf_release(&b);
}

static void
test_histogram(void **state)
{
	static const int64_t observed[] = {0, 50, 51, 100, 101, 25000000, 26214400, 26214401,
	    INT64_C(1) << 40};
	struct buf b;
	const char *text;
	size_t i;

	(void)state;
	buf_init(&b, 1 << 20);
	for (i = 0; i < ROWS(observed); i++)
		metric_observe(METRIC_commit_us, observed[i]);
	assert_int_equal(metric_get(METRIC_commit_us), 9);
	metric_print(&b);
	text = buf_cstr(&b);
	has(text, "# TYPE yuncang_commit_us histogram\n");
	has(text, "yuncang_commit_us_bucket{le=\"50\"} 2\n");
	has(text, "yuncang_commit_us_bucket{le=\"100\"} 4\n");
	has(text, "yuncang_commit_us_bucket{le=\"200\"} 5\n");
	has(text, "yuncang_commit_us_bucket{le=\"13107200\"} 5\n");
	has(text, "yuncang_commit_us_bucket{le=\"26214400\"} 7\n");
	has(text, "yuncang_commit_us_bucket{le=\"+Inf\"} 9\n");
	has(text, "yuncang_commit_us_count 9\n");
	has(text, "yuncang_commit_us_sum 1099589056879\n");
	has(text, "yuncang_decide_us_count 0\n");
	buf_release(&b);
}

static void
test_labelled(void **state)
{
	static const char *const names[] = {"busy", "timeout"};
	static const int64_t counts[] = {1, 2};
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 10);
	metric_print_labelled(&b, "errors_total", "errors", "err", names, counts, 2);
	assert_string_equal(buf_cstr(&b),
	    "# HELP yuncang_errors_total errors\n"
	    "# TYPE yuncang_errors_total counter\n"
	    "yuncang_errors_total{err=\"busy\"} 1\n"
	    "yuncang_errors_total{err=\"timeout\"} 2\n");
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_print),
	    cmocka_unit_test(test_histogram),
	    cmocka_unit_test(test_labelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
