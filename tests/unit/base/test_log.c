#include "unit.h"

#include <unistd.h>

#include "base/log.h"

/* What one call writes to stderr, without its time. */
static const char *
capture(enum log_level lvl, const struct log_field *fields)
{
	static char line[8192];
	int ends[2], saved;
	ssize_t n;

	fflush(stderr);
	assert_int_equal(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	assert_true(saved >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
	log_write(lvl, fields);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(ends[1]);
	n = read(ends[0], line, sizeof(line) - 1);
	close(ends[0]);
	assert_true(n > 27);
	line[n] = '\0';
	/* t=2026-11-21T08:00:00.123Z and a blank */
	assert_memory_equal(line, "t=20", 4);
	assert_memory_equal(line + 25, "Z ", 2);
	assert_int_equal(line[21], '.');
	return line + 27;
}

static void
test_quoting(void **state)
{
	static const struct {
		const char *label;
		const char *value;
		const char *want;
	} rows[] = {
	    {"plain", "db_down", "lvl=warn v=db_down\n"},
	    {"empty", "", "lvl=warn v=\"\"\n"},
	    {"blank", "commit lost", "lvl=warn v=\"commit lost\"\n"},
	    {"quote", "a\"b", "lvl=warn v=\"a\\\"b\"\n"},
	    {"backslash", "a\\b", "lvl=warn v=\"a\\\\b\"\n"},
	    {"equals", "a=b", "lvl=warn v=\"a=b\"\n"},
	    {"a second line", "x\nlvl=error", "lvl=warn v=\"x\\nlvl=error\"\n"},
	    {"control", "\x1b[0m\x7f", "lvl=warn v=\"\\x1b[0m\\x7f\"\n"},
	    {"UTF-8", "云仓", "lvl=warn v=云仓\n"},
	    {"null", NULL, "lvl=warn v=\"\"\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++)
		row_text(rows[i].label,
		    capture(LOG_LEVEL_WARN,
		        (const struct log_field[]){LOG_STR("v", rows[i].value), {0}}),
		    rows[i].want);
	row_text("numbers",
	    capture(LOG_LEVEL_ERROR,
	        (const struct log_field[]){LOG_MSG("x"), LOG_INT("a", INT64_MIN), LOG_INT("b", 0),
	            {0}}),
	    "lvl=error msg=x a=-9223372036854775808 b=0\n");
}

static void
test_long(void **state)
{
	static char value[10000];
	const char *line;
	size_t len;

	(void)state;
	memset(value, 'y', sizeof(value) - 1);
	line = capture(LOG_LEVEL_INFO, (const struct log_field[]){LOG_STR("v", value), {0}});
	len = strlen(line);
	assert_int_equal(len, 4096 - 27);
	assert_int_equal(line[len - 1], '\n');
	assert_ptr_equal(strchr(line, '\n'), line + len - 1);
}

static void
test_level(void **state)
{
	enum log_level lvl;
	int calls;

	(void)state;
	assert_true(log_level_parse("error", &lvl) && lvl == LOG_LEVEL_ERROR);
	assert_true(log_level_parse("debug", &lvl) && lvl == LOG_LEVEL_DEBUG);
	assert_false(log_level_parse("loud", &lvl));
	assert_false(log_level_parse("", &lvl));
	/* A line that is not written costs nothing: its fields are not even made. */
	log_level_max = LOG_LEVEL_WARN;
	calls = 0;
	log_info(LOG_INT("n", ++calls));
	assert_int_equal(calls, 0);
	log_level_max = LOG_LEVEL_INFO;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_quoting),
	    cmocka_unit_test(test_long),
	    cmocka_unit_test(test_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
