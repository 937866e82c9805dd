/* Orders and the screens that show them, told from either side first. */
#include "base/clock.h"
#include "simulator/shown.h"
#include "unit.h"

#define COUNT 1000

static void
test_both_sides(void **state)
{
	static struct uuid ids[COUNT];
	static struct shown s;

	(void)state;
	assert_int_equal(shown_init(&s, COUNT), ERR_OK);
	for (int i = 0; i < COUNT; i++)
		ids[i] = uuid_v7(US_PER_S);
	/* a third is shown 5 ms later, a third before it was acknowledged, a third never */
	for (int i = 0; i < COUNT; i++) {
		if (i % 3 == 1)
			shown_seen(&s, &ids[i], 500);
		shown_acknowledged(&s, &ids[i], 1000);
		if (i % 3 == 0)
			shown_seen(&s, &ids[i], 6000);
	}
	assert_int_equal(s.acknowledged, COUNT);
	assert_int_equal(s.both, 667);
	assert_int_equal(s.latency.count, 667);
	assert_int_equal(s.latency.max_us, 5000);
	assert_int_equal(latency_quantile_us(&s.latency, 0.25), 0);
	/* a list shows its tasks again and again; a repeat is acknowledged again */
	for (int i = 0; i < COUNT; i++) {
		shown_acknowledged(&s, &ids[i], 900000);
		if (i % 3 != 2)
			shown_seen(&s, &ids[i], 900000);
	}
	assert_int_equal(s.both, 667);
	assert_int_equal(s.latency.max_us, 5000);
	shown_release(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
