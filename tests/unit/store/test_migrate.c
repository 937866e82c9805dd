/* The migrations: applied once, in order, one at a time, and never over a database that is not ours. */
#include <sys/wait.h>
#include <unistd.h>

#include "store/embedded.h"
#include "store/migrate.h"
#include "unit.h"

#include "db_fixture.h"

static char db[512];

static void
fresh(const char *name)
{
	(void)snprintf(db, sizeof(db), "%s", database_make(name));
}

static int
files(void)
{
	int i, n;

	for (i = n = 0; embedded_files[i].name != NULL; i++)
		n += strstr(embedded_files[i].name, ".sql") != NULL;
	return n;
}

static enum err
run(struct reason *r)
{
	enum err e;
	FILE *null;

	null = fopen("/dev/null", "w");
	assert_non_null(null);
	e = migrate(db, null, r);
	fclose(null);
	return e;
}

static void
test_fresh(void **state)
{
	struct reason r = {0};

	(void)state;
	fresh("fresh");
	row_equal("status of nothing", migrate_status(db, &r), ERR_CONF);
	assert_non_null(strstr(r.text, "yuncang migrate"));
	row_equal("first", run(&r), ERR_OK);
	row_equal("status", migrate_status(db, &r), ERR_OK);
	row_equal("files", sql_number(db, "select count(*) from schema_migration"), files());
	row_equal("policy",
	    sql_number(db,
	        "select count(*) from routing_policy where state = 2 and "
	        "effective_from = '2000-01-01T00:00:00Z' and jsonb_typeof(body) = 'object'"),
	    1);
	row_equal("book",
	    sql_number(db,
	        "select count(*) from split_rule_book where state = 2 and "
	        "effective_from = '2000-01-01T00:00:00Z'"),
	    1);
	row_equal("again", run(&r), ERR_OK);
	row_equal("no second policy", sql_number(db, "select count(*) from routing_policy"), 1);
}

/* What there is of policies is left alone, also when all of it is archived. */
static void
test_own_policy(void **state)
{
	struct reason r = {0};

	(void)state;
	fresh("own_policy");
	row_equal("first", run(&r), ERR_OK);
	sql_run(db, "update routing_policy set state = 3");
	row_equal("again", run(&r), ERR_OK);
	row_equal("none put", sql_number(db, "select count(*) from routing_policy"), 1);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *label, *sql, *names;
		enum err migrate;
	} rows[] = {
	    {"changed", "update schema_migration set sha256 = sha256('x') where name like '0002%'",
	        "0002_stock.sql was changed", ERR_CONF},
	    {"newer",
	        "insert into schema_migration (name, sha256) values ('9999_x.sql', sha256('x'))",
	        "9999_x.sql", ERR_CONF},
	};
	struct reason r = {0};
	char name[32];
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		(void)snprintf(name, sizeof(name), "refused_%zu", i);
		fresh(name);
		row_equal(rows[i].label, run(&r), ERR_OK);
		sql_run(db, rows[i].sql);
		row_equal(rows[i].label, run(&r), rows[i].migrate);
		if (strstr(r.text, rows[i].names) == NULL)
			fail_msg("%s: \"%s\"", rows[i].label, r.text);
		row_equal(rows[i].label, migrate_status(db, &r), ERR_CONF);
	}
}

static void
test_older(void **state)
{
	struct reason r = {0};

	(void)state;
	fresh("older");
	row_equal("first", run(&r), ERR_OK);
	sql_run(db, "delete from schema_migration where name like '0004%'");
	row_equal("status", migrate_status(db, &r), ERR_CONF);
	assert_non_null(strstr(r.text, "0004_journal.sql"));
}

/* A migration that fails leaves nothing of itself, and those before it stand. */
static void
test_undone(void **state)
{
	struct reason r = {0};

	(void)state;
	fresh("undone");
	sql_run(db, "create table journal (x int)");
	row_equal("fails", run(&r), ERR_INTERNAL);
	assert_non_null(strstr(r.text, "0004_journal.sql"));
	row_equal("before it", sql_number(db, "select count(*) from schema_migration"), 3);
	row_equal("of itself",
	    sql_number(db, "select count(*) from pg_proc where proname = 'journal_balanced'"), 0);
	sql_run(db, "drop table journal");
	row_equal("then", run(&r), ERR_OK);
	row_equal("status", migrate_status(db, &r), ERR_OK);
}

static void
test_two_at_once(void **state)
{
	struct reason r = {0};
	pid_t child[2];
	int i, status;

	(void)state;
	fresh("two");
	for (i = 0; i < 2; i++) {
		child[i] = fork();
		assert_int_not_equal(child[i], -1);
		if (child[i] == 0)
			_exit(run(&r) == ERR_OK ? 0 : 1);
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		row_equal("child", status, 0);
	}
	row_equal("status", migrate_status(db, &r), ERR_OK);
	row_equal("policies", sql_number(db, "select count(*) from routing_policy"), 1);
}

static void
test_no_database(void **state)
{
	struct reason r = {0};

	(void)state;
	(void)snprintf(db, sizeof(db), "host=/nowhere dbname=x connect_timeout=2");
	row_equal("migrate", run(&r), ERR_DB_DOWN);
	row_equal("status", migrate_status(db, &r), ERR_DB_DOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fresh),
	    cmocka_unit_test(test_own_policy),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_older),
	    cmocka_unit_test(test_undone),
	    cmocka_unit_test(test_two_at_once),
	    cmocka_unit_test(test_no_database),
	};

	return cmocka_run_group_tests(tests, cluster_start, cluster_stop);
}
