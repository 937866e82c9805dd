#include "unit.h"

#include "base/clock.h"

static void
test_wall(void **state)
{
	int64_t real, moved;

	(void)state;
	real = clock_wall_us();
	assert_int_equal(clock_offset_us(), 0);
	/* After this was written, before int64 of nanoseconds would run out. */
	assert_true(real > INT64_C(1790000000) * US_PER_S);
	assert_true(real < INT64_C(9200000000) * US_PER_S);
	clock_offset_set(US_PER_DAY);
	moved = clock_wall_us();
	assert_int_equal(clock_offset_us(), US_PER_DAY);
	assert_true(moved >= real + US_PER_DAY && moved < real + US_PER_DAY + US_PER_MIN);
	clock_offset_set(-US_PER_DAY);
	assert_true(clock_wall_us() < real);
	clock_offset_set(0);
	assert_true(clock_wall_us() < real + US_PER_MIN);
}

static void
test_mono(void **state)
{
	int64_t a, b;

	(void)state;
	clock_offset_set(-US_PER_DAY);
	a = clock_mono_us();
	clock_offset_set(0);
	b = clock_mono_us();
	assert_true(b >= a && b < a + US_PER_MIN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wall),
	    cmocka_unit_test(test_mono),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
