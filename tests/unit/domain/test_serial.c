/* Serial numbers: what they look like, and one for each piece. */
#include "domain/serial.h"
#include "unit.h"

#define LONGEST "0123456789012345678901234567890123456789012345678901234567890123"

static const struct {
	const char *text;
	bool want;
} looks[] = {
    {"SN-1", true},
    {"a", true},
    {"356938035643809", true},
    {"C02/X:1+2#3_4.5", true},
    {LONGEST, true},
    {LONGEST "4", false},
    {"", false},
    {"SN 1", false},
    {"SN1\n", false},
    {"序列", false},
    {"a,b", false},
};

static void
test_looks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(looks); i++)
		row_equal(looks[i].text, serial_valid(looks[i].text), looks[i].want);
}

#define PHONE 1
#define PAD 2
#define CASE 3 /* not serialised */

static const struct {
	const char *label;
	struct serial given[4];
	int count;
	const char *field; /* ""; it is fine */
} checks[] = {
    {"one for each", {{PHONE, "a"}, {PAD, "x"}, {PHONE, "b"}}, 3, ""},
    {"of two skus the same", {{PHONE, "a"}, {PAD, "a"}, {PHONE, "b"}}, 3, ""},
    {"too few", {{PHONE, "a"}, {PAD, "x"}}, 2, "serials"},
    {"too many", {{PHONE, "a"}, {PHONE, "b"}, {PHONE, "c"}, {PAD, "x"}}, 4, "serials"},
    {"twice", {{PHONE, "a"}, {PAD, "x"}, {PHONE, "a"}}, 3, "serials[2]"},
    {"not serialised", {{PHONE, "a"}, {CASE, "x"}}, 2, "serials[1]"},
    {"not handed over", {{9, "a"}}, 1, "serials[0]"},
    {"not a number", {{PHONE, "a b"}}, 1, "serials[0]"},
    {"none", {{0, NULL}}, 0, "serials"},
};

static void
test_one_for_each(void **state)
{
	static const struct serial_need need[] = {{PHONE, 2}, {PAD, 1}, {CASE, 0}};
	struct reason r;
	enum err e;

	(void)state;
	for (size_t i = 0; i < ROWS(checks); i++) {
		r = (struct reason){0};
		e = serials_check(need, ROWS(need), checks[i].given, checks[i].count, "serials",
		    &r);
		row_equal(checks[i].label, e, checks[i].field[0] != '\0' ? ERR_BAD_FIELD : ERR_OK);
		row_text(checks[i].label, r.field, checks[i].field);
	}
	row_equal("nothing is serialised", serials_check(&need[2], 1, NULL, 0, "serials", &r),
	    ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_looks),
	    cmocka_unit_test(test_one_for_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
