/* A receiver's own verification: the example of the standard, and every way a request can be false. */
#include "unit.h"

#include "simulator/day_sign.h"

/* Of the reference libraries of standardwebhooks.com. */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define AT "1614265330"
#define AT_S INT64_C(1614265330)
#define BODY "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define OTHER "v1,bm9ldSB0b2Z1IHRvZnUgdG9mdSB0b2Z1IHRvZnUgdG8="

static const struct {
	const char *label;
	const char *id, *at, *signature, *body;
	int64_t now_s;
	enum sign_verdict want;
} rows[] = {
    {"the example", ID, AT, SIGNATURE, BODY, AT_S, SIGN_GOOD},
    {"a little late", ID, AT, SIGNATURE, BODY, AT_S + SIGN_TOLERANCE_S, SIGN_GOOD},
    {"a clock behind", ID, AT, SIGNATURE, BODY, AT_S - SIGN_TOLERANCE_S, SIGN_GOOD},
    {"the second of a list", ID, AT, OTHER " " SIGNATURE, BODY, AT_S, SIGN_GOOD},
    {"too late", ID, AT, SIGNATURE, BODY, AT_S + SIGN_TOLERANCE_S + 1, SIGN_OLD},
    {"from the future", ID, AT, SIGNATURE, BODY, AT_S - SIGN_TOLERANCE_S - 1, SIGN_OLD},
    {"no id", NULL, AT, SIGNATURE, BODY, AT_S, SIGN_MISSING},
    {"an empty id", "", AT, SIGNATURE, BODY, AT_S, SIGN_MISSING},
    {"no time", ID, NULL, SIGNATURE, BODY, AT_S, SIGN_MISSING},
    {"no number for a time", ID, "now", SIGNATURE, BODY, AT_S, SIGN_MISSING},
    {"no signature", ID, AT, NULL, BODY, AT_S, SIGN_MISSING},
    {"an empty signature", ID, AT, "", BODY, AT_S, SIGN_WRONG},
    {"another signature", ID, AT, OTHER, BODY, AT_S, SIGN_WRONG},
    {"another body", ID, AT, SIGNATURE, "{\"test\": 2432232315}", AT_S, SIGN_WRONG},
    {"a longer body", ID, AT, SIGNATURE, BODY " ", AT_S, SIGN_WRONG},
    {"another id", ID "x", AT, SIGNATURE, BODY, AT_S, SIGN_WRONG},
    {"another time", ID, "1614265331", SIGNATURE, BODY, AT_S, SIGN_WRONG},
    {"another version", ID, AT, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, AT_S,
        SIGN_WRONG},
    {"a part of it", ID, AT, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", BODY, AT_S,
        SIGN_WRONG},
    {"without a space between", ID, AT, OTHER SIGNATURE, BODY, AT_S, SIGN_WRONG},
};

static void
test_verify(void **state)
{
	struct sign_key key;

	(void)state;
	assert_true(sign_key_parse(&key, SECRET));
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct sign_parts p = {.id = rows[i].id,
		    .timestamp = rows[i].at,
		    .signature = rows[i].signature,
		    .body = rows[i].body,
		    .body_len = strlen(rows[i].body)};

		row_equal(rows[i].label, sign_verify(&key, &p, rows[i].now_s), rows[i].want);
	}
}

static void
test_make(void **state)
{
	struct sign_parts p = {.id = ID, .timestamp = AT, .body = BODY, .body_len = strlen(BODY)};
	char made[SIGN_TEXT_SIZE];
	struct sign_key key;

	(void)state;
	assert_true(sign_key_parse(&key, SECRET));
	assert_true(sign_make(&key, &p, made));
	assert_string_equal(made, SIGNATURE);
}

static void
test_other_key(void **state)
{
	struct sign_parts p = {.id = ID,
	    .timestamp = AT,
	    .signature = SIGNATURE,
	    .body = BODY,
	    .body_len = strlen(BODY)};
	struct sign_key key;

	(void)state;
	assert_true(sign_key_parse(&key, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"));
	assert_int_equal(sign_verify(&key, &p, AT_S), SIGN_WRONG);
}

static void
test_secrets(void **state)
{
	static const char *const bad[] = {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_****",
	    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
	struct sign_key key;

	(void)state;
	for (size_t i = 0; i < ROWS(bad); i++)
		row_equal(bad[i], sign_key_parse(&key, bad[i]), false);
	assert_true(sign_key_parse(&key, "whsec_AAECAwQ="));
	assert_int_equal(key.len, 5);
	assert_memory_equal(key.bytes, "\0\1\2\3\4", 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_verify),
	    cmocka_unit_test(test_make),
	    cmocka_unit_test(test_other_key),
	    cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
