/* Goal: no bytes whatever break the reading of a bill, and the properties of bill_target.h hold. */
#include "flow/bill_target.h"
#include "corpus.h"

static void
test_bill(void **state)
{
	(void)state;
	mutate_run("bill", target_bill, target_bill_accepted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_bill)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
