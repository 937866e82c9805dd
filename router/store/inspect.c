#include "store/inspect.h"

#include "store/admin.h"

#define SQL_SIZE 512

int
inspect_libpq(void)
{
	return PQlibVersion();
}

/* One statement on a connection of its own; PQclear() the result. */
static enum err
ask(const char *db, const char *sql, const char *const *args, int count, PGresult **rows,
    struct reason *r)
{
	PGconn *c;
	enum err e;

	e = admin_connect(&c, db, r);
	if (e != ERR_OK)
		return e;
	e = admin_run(c, sql, args, count, rows, r);
	admin_close(c);
	return e;
}

enum err
inspect_durability(const char *db, FILE *to, struct reason *r)
{
	PGresult *rows;
	enum err e;

	e = ask(db,
	    "select current_setting('synchronous_standby_names') = '' "
	    "and exists (select from pg_stat_replication), "
	    "current_setting('fsync') = 'off', current_setting('synchronous_commit') = 'off'",
	    NULL, 0, &rows, r);
	if (e != ERR_OK)
		return e;
	/* A standby that commits do not wait for may take over without the last of them. */
	if (PQgetvalue(rows, 0, 0)[0] == 't')
		fprintf(to,
		    "warning: the database has a standby, but synchronous_standby_names is "
		    "empty: a failover may lose acknowledged orders\n");
	for (int i = 1; i <= 2; i++)
		if (PQgetvalue(rows, 0, i)[0] == 't')
			fprintf(to, "warning: %s is off: a crash may lose acknowledged orders\n",
			    i == 1 ? "fsync" : "synchronous_commit");
	PQclear(rows);
	return ERR_OK;
}

static void
print_rows(PGresult *rows, FILE *to)
{
	for (int i = 0; i < PQntuples(rows); i++)
		fprintf(to, "%s\n", PQgetvalue(rows, i, 0));
	PQclear(rows);
}

static const char *
table(bool split)
{
	return split ? "split_rule_book" : "routing_policy";
}

enum err
inspect_policy_list(const char *db, bool split, FILE *to, struct reason *r)
{
	char sql[SQL_SIZE];
	PGresult *rows;
	enum err e;

	(void)snprintf(sql, sizeof(sql),
	    "select concat_ws(e'\\t', version, (array['draft', 'active', 'archived'])[state], "
	    "to_char(effective_from at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), note) "
	    "from %s order by version",
	    table(split));
	e = ask(db, sql, NULL, 0, &rows, r);
	if (e == ERR_OK)
		print_rows(rows, to);
	return e;
}

enum err
inspect_policy_show(const char *db, bool split, const char *version, FILE *to, struct reason *r)
{
	const char *args[1] = {version};
	char sql[SQL_SIZE];
	PGresult *rows;
	enum err e;

	(void)snprintf(sql, sizeof(sql),
	    "select jsonb_pretty(body) from %s where case when $1::text is null "
	    "then state = 2 and effective_from <= now() else version = $1::text::int8 end "
	    "order by effective_from desc, version desc limit 1",
	    table(split));
	e = ask(db, sql, args, 1, &rows, r);
	if (e != ERR_OK)
		return e;
	if (PQntuples(rows) == 0)
		e = reason_set(r, ERR_NOT_FOUND, NULL, "there is no %s",
		    version != NULL ? "such version" : "version in force");
	print_rows(rows, to);
	return e;
}
