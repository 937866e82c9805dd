/* Returns: what is held by them, what an inspection leads to, what units bring back. */
#include "domain/returns.h"
#include "unit.h"

static void
verdicts(void **state)
{
	static const struct {
		const char *label;
		struct return_line lines[2];
		enum return_state verdict;
	} rows[] = {
	    {"all sellable", {{.sellable = 2}, {.sellable = 1}}, RETURN_ACCEPTED},
	    {"one of many", {{.refused = 2}, {.refused = 3, .sellable = 1}}, RETURN_ACCEPTED},
	    {"damaged is taken back, too", {{.damaged = 1}, {.refused = 1}}, RETURN_ACCEPTED},
	    {"none", {{.refused = 2}, {.refused = 1}}, RETURN_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		row_equal(rows[i].label, return_verdict(rows[i].lines, 2), rows[i].verdict);
}

/* Units on their way or taken back cannot be asked for again; refused and lapsed ones can. */
static void
held(void **state)
{
	static const struct {
		const char *label;
		enum return_state s;
		int32_t units;
	} rows[] = {
	    {"requested", RETURN_REQUESTED, 6},
	    {"received", RETURN_RECEIVED, 6},
	    {"accepted", RETURN_ACCEPTED, 3},
	    {"refused", RETURN_REFUSED, 0},
	    {"lapsed", RETURN_LAPSED, 0},
	};
	const struct return_line l = {.quantity = 6, .sellable = 1, .damaged = 2, .refused = 3};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		row_equal(rows[i].label, return_line_held(&l, rows[i].s), rows[i].units);
		row_equal(rows[i].label, return_ended(rows[i].s), rows[i].s > RETURN_RECEIVED);
	}
}

static void
refunds(void **state)
{
	int64_t fen;

	(void)state;
	assert_true(return_refund(19900, 0, 3, &fen));
	assert_int_equal(fen, 59700);
	assert_true(return_refund(19900, 1234, 2, &fen));
	assert_int_equal(fen, 2 * (19900 - 1234));
	assert_true(return_refund(100, 100, 9, &fen));
	assert_int_equal(fen, 0);
	assert_true(return_refund(100, 0, 0, &fen));
	assert_int_equal(fen, 0);
	assert_false(return_refund(INT64_MAX, 0, 2, &fen));
	assert_false(return_refund(INT64_MAX, -1, 1, &fen));
}

static void
words(void **state)
{
	(void)state;
	assert_string_equal(return_state_word(RETURN_REQUESTED), "REQUESTED");
	assert_string_equal(return_state_word(RETURN_LAPSED), "LAPSED");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verdicts),
	    cmocka_unit_test(held),
	    cmocka_unit_test(refunds),
	    cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
