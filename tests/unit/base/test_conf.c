#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"

static char path[] = "/tmp/yuncang-test-conf-XXXXXX";

static enum err
load(struct conf *c, const char *text, struct reason *r)
{
	FILE *f;

	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return conf_load(c, path, r);
}

static void
test_defaults(void **state)
{
	struct conf c;
	struct reason r;

	(void)state;
	assert_int_equal(conf_load(&c, NULL, &r), ERR_OK);
	assert_string_equal(c.listen, "127.0.0.1:8080");
	assert_int_equal(c.batch_orders_max, 256);
	assert_int_equal(c.body_size_max, 8 << 20);
	assert_int_equal(c.quote_ttl_ms, 600000);
	assert_string_equal(c.tls_cert_file, "");
	conf_release(&c);
	assert_null(c.listen);
}

static void
test_file(void **state)
{
	struct conf c;
	struct reason r;

	(void)state;
	assert_int_equal(load(&c,
	                     "# a comment = 1\n"
	                     "\n"
	                     "  batch_orders_max=100  \n"
	                     "db = dbname=x password='a#b = c'\r\n"
	                     "quote_ttl_ms\t=\t15min\n"
	                     "json_size_max = 512KiB\n"
	                     "tls_cert_file =\n"
	                     "log_level = debug",
	                     &r),
	    ERR_OK);
	assert_int_equal(c.batch_orders_max, 100);
	assert_string_equal(c.db, "dbname=x password='a#b = c'");
	assert_int_equal(c.quote_ttl_ms, 900000);
	assert_int_equal(c.json_size_max, 512 << 10);
	assert_string_equal(c.tls_cert_file, "");
	assert_string_equal(c.log_level, "debug");
	conf_release(&c);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* after the path */
	} rows[] = {
	    {"\n\nbatch_orders_max = 0\n", ":3: batch_orders_max: 0 is not 1 to 2000"},
	    {"batch_orders_max = 2001", ":1: batch_orders_max: 2001 is not 1 to 2000"},
	    {"batch_orders_max = many", ":1: batch_orders_max: many is not a whole number"},
	    {"batch_orders_max =", ":1: batch_orders_max:  is not a whole number"},
	    {"batch_orders_max = 9223372036854775808",
	        ":1: batch_orders_max: 9223372036854775808 is not a whole number"},
	    {"idle_ms_max = 2 min",
	        ":1: idle_ms_max: 2 min is not a duration such as 500ms, 10s, 15min"},
	    {"idle_ms_max = 1ms", ":1: idle_ms_max: 1ms is not 1s to 1h"},
	    {"head_size_max = 3MB", ":1: head_size_max: 3MB is not a size such as 512KiB, 64MiB"},
	    {"head_size_max = 1GiB", ":1: head_size_max: 1GiB is not 1KiB to 1MiB"},
	    {"log_level = loud", ":1: log_level: loud is not error, warn, info or debug"},
	    {"bach_orders_max = 1", ":1: bach_orders_max: no such setting"},
	    {"listen", ":1: not \"name = value\""},
	    {"listen = a:1\n# x\nlisten = a:1\n", ":3: listen: set twice"},
	    {" = 1", ":1: : no such setting"},
	};
	char want[REASON_TEXT_MAX];
	struct conf c;
	struct reason r;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		row_equal(rows[i].text, load(&c, rows[i].text, &r), ERR_CONF);
		(void)snprintf(want, sizeof(want), "%s%s", path, rows[i].want);
		row_text(rows[i].text, r.text, want);
		row_equal("nothing is left behind", c.listen == NULL, true);
	}
	row_equal("no file", conf_load(&c, "/nowhere/yuncang.conf", &r), ERR_CONF);
	row_text("no file", r.text, "/nowhere/yuncang.conf: No such file or directory");
	row_equal("a folder", conf_load(&c, "/tmp", &r), ERR_CONF);
}

static void
test_long_line(void **state)
{
	static char text[6000];
	struct conf c;
	struct reason r;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "db = ", 5);
	assert_int_equal(load(&c, text, &r), ERR_CONF);
	assert_non_null(strstr(r.text, ":1: longer than 4094 bytes"));
	text[4000] = '\0';
	assert_int_equal(load(&c, text, &r), ERR_OK);
	assert_int_equal(strlen(c.db), 3995);
	conf_release(&c);
}

static void
test_environment(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		const char *want;
	} rows[] = {
	    {"YUNCANG_BATCH_ORDERS_MAX", "0", "YUNCANG_BATCH_ORDERS_MAX: 0 is not 1 to 2000"},
	    {"YUNCANG_BACH", "1", "YUNCANG_BACH: no such setting"},
	    {"YUNCANG_listen", "x:1", "YUNCANG_listen: no such setting"},
	    {"YUNCANG_", "1", "YUNCANG_: no such setting"},
	};
	struct conf c;
	struct reason r;
	size_t i;

	(void)state;
	assert_int_equal(setenv("YUNCANG_BATCH_ORDERS_MAX", "7", 1), 0);
	assert_int_equal(load(&c, "batch_orders_max = 8\nbatch_queue_max = 9\n", &r), ERR_OK);
	row_equal("the environment wins", c.batch_orders_max, 7);
	row_equal("over its own setting only", c.batch_queue_max, 9);
	conf_release(&c);
	for (i = 0; i < ROWS(rows); i++) {
		assert_int_equal(setenv(rows[i].name, rows[i].value, 1), 0);
		row_equal(rows[i].name, conf_load(&c, NULL, &r), ERR_CONF);
		row_text(rows[i].name, r.text, rows[i].want);
		assert_int_equal(unsetenv(rows[i].name), 0);
	}
}

static void
test_reload(void **state)
{
	struct conf c, fresh;
	struct reason r;

	(void)state;
	assert_int_equal(conf_load(&c, NULL, &r), ERR_OK);
	assert_int_equal(load(&fresh, "batch_orders_max = 5\nlisten = [::1]:1\nlog_level = warn\n",
	                     &r),
	    ERR_OK);
	/* The warning about listen is not what this is about. */
	log_level_max = LOG_LEVEL_ERROR;
	conf_reload(&c, &fresh);
	log_level_max = LOG_LEVEL_INFO;
	conf_release(&fresh);
	row_equal("reloadable", c.batch_orders_max, 5);
	row_text("reloadable text", c.log_level, "warn");
	row_text("not reloadable", c.listen, "127.0.0.1:8080");
	conf_release(&c);
}

static void
test_print(void **state)
{
	struct conf c, again;
	struct reason r;
	char *text, *twice;
	size_t size;
	FILE *f;

	(void)state;
	assert_int_equal(load(&c,
	                     "quote_ttl_ms = 90s\nbody_size_max = 1025\nhead_size_max = 64KiB\n",
	                     &r),
	    ERR_OK);
	f = open_memstream(&text, &size);
	assert_non_null(f);
	conf_print(&c, f);
	assert_int_equal(fclose(f), 0);
	assert_non_null(strstr(text, "quote_ttl_ms = 90s\n"));
	assert_non_null(strstr(text, "body_size_max = 1025\n"));
	assert_non_null(strstr(text, "head_size_max = 64KiB\n"));
	/* It is a file that gives the same settings. */
	assert_int_equal(load(&again, text, &r), ERR_OK);
	f = open_memstream(&twice, &size);
	assert_non_null(f);
	conf_print(&again, f);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(text, twice);
	free(text);
	free(twice);
	conf_release(&c);
	conf_release(&again);
	f = open_memstream(&text, &size);
	assert_non_null(f);
	conf_print_man(f);
	assert_int_equal(fclose(f), 0);
	assert_non_null(strstr(text,
	    ".TP\n.B batch_orders_max\norders, or payments, in one group commit.\n"
	    ".br\nnumber, 1 to 2000; default: 256; reloadable\n"));
	assert_non_null(strstr(text, "; default: empty\n"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_long_line),
	    cmocka_unit_test(test_environment),
	    cmocka_unit_test(test_reload),
	    cmocka_unit_test(test_print),
	};
	int fd, rc;

	fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	return rc;
}
