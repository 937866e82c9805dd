/*
 * Goal: a key is found by its text only, and does what its role and scopes say.
 * Method: a table with keys of every role; near misses of a key; labelled rows of scopes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "edge/auth.h"

#define KEYS 300

static void
test_find(void **state)
{
	struct key_table *t = key_table_new(KEYS);
	static char texts[KEYS][KEY_TEXT_SIZE];
	const char *scopes[] = {"storefront:S1", "margin"};
	uint8_t hash[DIGEST_SIZE];
	char header[128];

	(void)state;
	assert_non_null(t);
	assert_null(key_table_find(t, "Bearer yk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	for (int i = 0; i < KEYS; i++) {
		key_make(texts[i], hash);
		assert_int_equal(strlen(texts[i]), 46);
		assert_int_equal(key_table_add(t, i + 1, hash, "storefront", scopes, i % 3),
		    ERR_OK);
	}
	for (int i = 0; i < KEYS; i++) {
		const struct principal *p;

		snprintf(header, sizeof(header), "%s %s", i % 2 ? "Bearer" : "bearer", texts[i]);
		p = key_table_find(t, header);
		assert_non_null(p);
		assert_int_equal(p->key_id, i + 1);
		assert_int_equal(p->role, ROLE_STOREFRONT);
		assert_int_equal(p->scope_count, i % 3);
		assert_int_equal(p->sees_money, i % 3 == 2);
	}
	snprintf(header, sizeof(header), "Bearer %s", texts[7]);
	header[50] = header[50] == 'A' ? 'B' : 'A';
	assert_null(key_table_find(t, header));
	snprintf(header, sizeof(header), "Bearer %sA", texts[7]);
	assert_null(key_table_find(t, header));
	snprintf(header, sizeof(header), "Bearer  %s", texts[7]);
	assert_null(key_table_find(t, header));
	snprintf(header, sizeof(header), "Basic %s", texts[7]);
	assert_null(key_table_find(t, header));
	snprintf(header, sizeof(header), "Bearer %.45s", texts[7]);
	assert_null(key_table_find(t, header));
	assert_null(key_table_find(t, texts[7]));
	assert_null(key_table_find(t, "Bearer "));
	assert_null(key_table_find(t, ""));
	assert_null(key_table_find(t, NULL));
	key_table_free(t);
	key_table_free(NULL);
}

static void
test_bad_rows(void **state)
{
	struct key_table *t = key_table_new(2);
	const char *bad[] = {"storefront"}, *good[] = {"dealer:*"};
	uint8_t hash[DIGEST_SIZE] = {1};

	(void)state;
	assert_int_equal(key_table_add(t, 1, hash, "king", good, 1), ERR_CONF);
	assert_int_equal(key_table_add(t, 1, hash, "store", bad, 1), ERR_CONF);
	assert_int_equal(key_table_add(t, 1, hash, "store", good, SCOPES_MAX + 1), ERR_CONF);
	assert_int_equal(key_table_add(t, 1, hash, "store", good, 1), ERR_OK);
	assert_int_equal(key_table_add(t, 2, hash, "store", good, 1), ERR_CONF);
	key_table_free(t);
}

static void
test_scopes(void **state)
{
	static const struct {
		const char *scope;
		bool is_valid;
	} rows[] = {
	    {"margin", true},
	    {"storefront:S-1.a_b:c", true},
	    {"location:*", true},
	    {"dealer:D", true},
	    {"Margin", false},
	    {"storefront:", false},
	    {"storefront", false},
	    {"storefront:a b", false},
	    {"storefront:**", false},
	    {"store:S1", false},
	    {"", false},
	    {"dealer:0123456789012345678901234567890123456789012345678901234567890123", true},
	    {"dealer:01234567890123456789012345678901234567890123456789012345678901234", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (scope_valid(rows[i].scope) != rows[i].is_valid)
			fail_msg("%s", rows[i].scope);
	}
}

static void
test_may(void **state)
{
	char scopes[][SCOPE_SIZE] = {"storefront:S1", "storefront:S2", "location:*", "margin"};
	struct principal p = {.role = ROLE_STOREFRONT, .scope_count = 4, .scopes = scopes};

	(void)state;
	assert_true(principal_may(&p, "storefront", "S1"));
	assert_true(principal_may(&p, "storefront", "S2"));
	assert_false(principal_may(&p, "storefront", "S"));
	assert_false(principal_may(&p, "storefront", "S11"));
	assert_true(principal_may(&p, "location", "anything"));
	assert_false(principal_may(&p, "dealer", "D1"));
	p.scope_count = 0;
	assert_false(principal_may(&p, "storefront", "S1"));
	p.role = ROLE_STORE;
	assert_false(principal_may(&p, "location", "L1"));
	p.role = ROLE_FINANCE;
	assert_true(principal_may(&p, "dealer", "D1"));
	p.scope_count = 1; /* narrowed to one storefront, not as to dealers */
	assert_false(principal_may(&p, "storefront", "S2"));
	assert_true(principal_may(&p, "dealer", "D1"));
}

static void
test_roles(void **state)
{
	(void)state;
	assert_int_equal(role_parse("admin"), ROLE_ADMIN);
	assert_int_equal(role_parse("Admin"), 0);
	assert_int_equal(role_parse(""), 0);
	for (unsigned r = 1; r <= ROLE_ADMIN; r *= 2)
		assert_int_equal(role_parse(role_word((enum role)r)), r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_bad_rows),
	    cmocka_unit_test(test_scopes),
	    cmocka_unit_test(test_may),
	    cmocka_unit_test(test_roles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
