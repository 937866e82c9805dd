#include "unit.h"

#include "base/arena.h"
#include "flow/page.h"

static const uint8_t secret[DIGEST_SIZE] = {1, 2, 3};
static const uint8_t other_secret[DIGEST_SIZE] = {1, 2, 4};
static const int64_t filter[2] = {7, 8};
static const int64_t other_filter[2] = {7, 9};
static const uint8_t cursor[16] = {0xde, 0xad, 0xbe, 0xef};

static const struct page_scope scope = {.secret = secret,
    .method = "ListOrders",
    .filter = filter,
    .filter_len = sizeof(filter)};

/* A token opens the list it was made for and no other. */
static void
token_is_bound(void **state)
{
	static const struct {
		const char *label;
		struct page_scope scope;
		size_t len;
		enum err want;
	} rows[] = {
	    {"the same list", {secret, "ListOrders", filter, sizeof(filter)}, 16, ERR_OK},
	    {"another secret", {other_secret, "ListOrders", filter, sizeof(filter)}, 16,
	        ERR_BAD_TOKEN},
	    {"another method", {secret, "ListTasks", filter, sizeof(filter)}, 16, ERR_BAD_TOKEN},
	    {"another filter", {secret, "ListOrders", other_filter, sizeof(filter)}, 16,
	        ERR_BAD_TOKEN},
	    {"a shorter filter", {secret, "ListOrders", filter, sizeof(filter[0])}, 16,
	        ERR_BAD_TOKEN},
	    {"no filter", {secret, "ListOrders", filter, 0}, 16, ERR_BAD_TOKEN},
	    {"another length", {secret, "ListOrders", filter, sizeof(filter)}, 15, ERR_BAD_TOKEN},
	};
	struct arena *a = arena_new(65536);
	uint8_t got[PAGE_CURSOR_MAX];
	struct reason r;
	char *token;

	(void)state;
	token = page_token_make(&scope, cursor, sizeof(cursor), a);
	assert_non_null(token);
	for (size_t i = 0; i < ROWS(rows); i++) {
		enum err e;

		memset(got, 0, sizeof(got));
		e = page_token_read(&rows[i].scope, token, got, rows[i].len, &r);
		row_equal(rows[i].label, e, rows[i].want);
		if (e == ERR_OK)
			row_equal(rows[i].label, memcmp(got, cursor, sizeof(cursor)), 0);
		else
			row_text(rows[i].label, r.field, "page_token");
	}
	arena_free(a);
}

/* Each character counts: changing any of them makes it another text or no token. */
static void
token_has_no_slack(void **state)
{
	struct arena *a = arena_new(65536);
	uint8_t got[16];
	struct reason r;
	char *token;

	(void)state;
	token = page_token_make(&scope, cursor, sizeof(cursor), a);
	assert_non_null(token);
	for (size_t i = 0; token[i] != '\0'; i++) {
		char kept = token[i];

		token[i] = kept == 'A' ? 'B' : 'A';
		if (page_token_read(&scope, token, got, sizeof(got), &r) != ERR_BAD_TOKEN)
			fail_msg("character %zu changed and the token still opens", i);
		token[i] = kept;
	}
	assert_int_equal(page_token_read(&scope, token, got, sizeof(got), &r), ERR_OK);
	arena_free(a);
}

static void
token_refuses_rubbish(void **state)
{
	static const struct {
		const char *label, *text;
	} rows[] = {
	    {"a word", "next"},
	    {"padding", "AAAA===="},
	    {"too long",
	        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
	    {"zeros of the right length", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
	};
	uint8_t got[16];
	struct reason r;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		row_equal(rows[i].label,
		    page_token_read(&scope, rows[i].text, got, sizeof(got), &r), ERR_BAD_TOKEN);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(token_is_bound),
	    cmocka_unit_test(token_has_no_slack),
	    cmocka_unit_test(token_refuses_rubbish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
