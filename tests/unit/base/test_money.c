#include "unit.h"

#include "base/money.h"

static void
test_checked(void **state)
{
	static const struct {
		const char *label;
		bool (*op)(int64_t, int64_t, int64_t *);
		int64_t a, b, want;
		bool fits;
	} rows[] = {
	    {"add", fen_add, 1, 2, 3, true},
	    {"add to the top", fen_add, INT64_MAX, 0, INT64_MAX, true},
	    {"add over the top", fen_add, INT64_MAX, 1, 0, false},
	    {"add under the bottom", fen_add, INT64_MIN, -1, 0, false},
	    {"sub", fen_sub, 1, 2, -1, true},
	    {"sub the bottom", fen_sub, 0, INT64_MIN, 0, false},
	    {"sub over", fen_sub, INT64_MAX, -1, 0, false},
	    {"mul", fen_mul, -3, 4, -12, true},
	    {"mul over", fen_mul, INT64_MAX, 2, 0, false},
	    {"mul the bottom by -1", fen_mul, INT64_MIN, -1, 0, false},
	};
	int64_t out;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		out = 77;
		row_equal(rows[i].label, rows[i].op(rows[i].a, rows[i].b, &out), rows[i].fits);
		row_equal(rows[i].label, out, rows[i].fits ? rows[i].want : 77);
	}
}

static void
test_rounding(void **state)
{
	static const struct {
		const char *label;
		int64_t a, num, den;
		int64_t half_up, down;
	} rows[] = {
	    {"exact", 10, 3, 5, 6, 6},
	    {"zero", 0, 7, 3, 0, 0},
	    {"below half", 1, 1, 3, 0, 0},
	    {"half", 1, 1, 2, 1, 0},
	    {"above half", 2, 1, 3, 1, 0},
	    {"half of an odd denominator is not there", 3, 1, 7, 0, 0},
	    {"just above it", 4, 1, 7, 1, 0},
	    {"2.5", 5, 1, 2, 3, 2},
	    {"negative num", 5, -1, 2, -3, -2},
	    {"wide product", INT64_C(4000000000000000000), 9, 18, INT64_C(2000000000000000000),
	        INT64_C(2000000000000000000)},
	    {"top times den over den", INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
	};
	int64_t out;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		assert_true(fen_mul_div(rows[i].a, rows[i].num, rows[i].den, ROUND_HALF_UP, &out));
		row_equal(rows[i].label, out, rows[i].half_up);
		assert_true(fen_mul_div(rows[i].a, rows[i].num, rows[i].den, ROUND_FLOOR, &out));
		row_equal(rows[i].label, out, rows[i].down);
		/* A refund mirrors its sale to the fen. */
		assert_true(fen_mul_div(-rows[i].a, rows[i].num, rows[i].den, ROUND_HALF_UP, &out));
		row_equal(rows[i].label, out, -rows[i].half_up);
		assert_true(fen_mul_div(-rows[i].a, rows[i].num, rows[i].den, ROUND_FLOOR, &out));
		row_equal(rows[i].label, out, -rows[i].down);
	}
}

static void
test_limits(void **state)
{
	int64_t out;

	(void)state;
	out = 77;
	assert_false(fen_mul_div(INT64_MAX, 2, 1, ROUND_FLOOR, &out));
	assert_false(fen_mul_div(INT64_MIN, INT64_MIN, 1, ROUND_HALF_UP, &out));
	/* (2^63 - 1) * 3 / 2 rounds beyond; 2^63 - 0.5 rounds up to one too many. */
	assert_false(fen_mul_div(INT64_MAX, 3, 2, ROUND_HALF_UP, &out));
	assert_int_equal(out, 77);
	assert_true(fen_mul_div(INT64_MIN, 1, 1, ROUND_FLOOR, &out));
	assert_true(out == INT64_MIN);
	assert_true(fen_bps(199999, 60, ROUND_HALF_UP, &out));
	assert_int_equal(out, 1200);
	assert_true(fen_bps(199999, 60, ROUND_FLOOR, &out));
	assert_int_equal(out, 1199);
	assert_true(fen_bps(-199999, 60, ROUND_HALF_UP, &out));
	assert_int_equal(out, -1200);
	assert_true(fen_bps(12345, BPS_WHOLE, ROUND_FLOOR, &out));
	assert_int_equal(out, 12345);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_checked),
	    cmocka_unit_test(test_rounding),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
