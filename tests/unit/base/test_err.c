#include "unit.h"

#include "base/err.h"

/* Each row of the table, so that a new row without a test of its meaning is seen here. */
static void
test_table(void **state)
{
	enum err e;
	const char *name, *c;

	(void)state;
	for (e = 0; e < ERR_COUNT; e++) {
		name = err_name(e);
		assert_true(strlen(name) > 1);
		for (c = name; *c != '\0'; c++)
			assert_true((*c >= 'a' && *c <= 'z') || *c == '_');
		assert_ptr_equal(name, err_name(e));
		assert_true(strlen(err_text(e)) >= 8);
		assert_true(code_http(err_code(e)) >= 400 && code_http(err_code(e)) <= 599);
	}
}

static void
test_rows(void **state)
{
	static const struct {
		enum err err;
		const char *name;
		const char *word;
		int http;
		bool retry;
	} rows[] = {
	    {ERR_OUT_OF_STOCK, "out_of_stock", "failed_precondition", 400, false},
	    {ERR_WRONG_STATE, "wrong_state", "failed_precondition", 400, false},
	    {ERR_UNAUTHENTICATED, "unauthenticated", "unauthenticated", 401, false},
	    {ERR_PERMISSION_DENIED, "permission_denied", "permission_denied", 403, false},
	    {ERR_EXISTS_DIFFERS, "exists_differs", "already_exists", 409, false},
	    {ERR_NOT_FOUND, "not_found", "not_found", 404, false},
	    {ERR_BUSY, "busy", "resource_exhausted", 429, true},
	    {ERR_CONTENDED, "contended", "aborted", 409, true},
	    {ERR_TIMEOUT, "timeout", "deadline_exceeded", 504, true},
	    {ERR_DB_DOWN, "db_down", "unavailable", 503, true},
	    {ERR_NO_METHOD, "no_method", "unimplemented", 501, false},
	    {ERR_INTERNAL, "internal", "internal", 500, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		row_text(rows[i].name, err_name(rows[i].err), rows[i].name);
		row_text(rows[i].name, code_word(err_code(rows[i].err)), rows[i].word);
		row_equal(rows[i].name, code_http(err_code(rows[i].err)), rows[i].http);
		row_equal(rows[i].name, err_retry(rows[i].err), rows[i].retry);
	}
}

static void
test_reason(void **state)
{
	struct reason r;
	char text[REASON_TEXT_MAX + 10];
	size_t i;

	(void)state;
	row_equal("returns its error", reason_set(&r, ERR_BAD_FIELD, "a.b", "%d is odd", 3),
	    ERR_BAD_FIELD);
	row_text("field", r.field, "a.b");
	row_text("text", r.text, "3 is odd");
	reason_set(&r, ERR_BUSY, NULL, "x");
	row_text("no field", r.field, "");

	/* 3 bytes each: 255 is 85 whole ones, and one byte before them leaves 84 and a third. */
	text[0] = 'x';
	for (i = 1; i < REASON_TEXT_MAX; i += 3)
		(void)snprintf(text + i, sizeof(text) - i, "云");
	reason_set(&r, ERR_BUSY, text, "%s", text);
	row_equal("text cut between characters", strlen(r.text), 1 + 84 * 3);
	row_equal("field cut between characters", strlen(r.field), 1 + 31 * 3);
	reason_set(&r, ERR_BUSY, NULL, "%s", text + 1);
	row_equal("text that ends with its last character", strlen(r.text), 85 * 3);
	reason_set(&r, ERR_BUSY, "a\xff.b", "\"%.4s\" is not \xe4\xba", "云仓");
	row_text("text with half a character within", r.text, "\"云?\" is not ??");
	row_text("field with what is no character", r.field, "a?.b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
