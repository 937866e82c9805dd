/*
 * Goal: no bytes whatever break the codecs or the framing, and the properties of target.h hold.
 * Method: the stored corpus of tests/fuzz, then 20,000 mutations of it from a fixed seed (another
 * one through FUZZ_SEED); the sanitizers of SAN=1 see what goes wrong without a crash.
 */
#include "edge/target.h"
#include "corpus.h"

static void
test_wire(void **state)
{
	(void)state;
	mutate_run("wire", target_wire, target_accepted);
}

static void
test_json(void **state)
{
	(void)state;
	mutate_run("json", target_json, target_accepted);
}

static void
test_head(void **state)
{
	(void)state;
	mutate_run("head", target_head, target_accepted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wire),
	    cmocka_unit_test(test_json),
	    cmocka_unit_test(test_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
