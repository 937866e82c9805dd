#include "store/migrate.h"

#include <assert.h>
#include <string.h>

#include "base/digest.h"
#include "store/admin.h"
#include "store/embedded.h"

/* Any constant will do, as long as nothing else in the database takes it. */
#define LOCK_SQL "select pg_advisory_lock(6004119283364)"
#define UNLOCK_SQL "select pg_advisory_unlock(6004119283364)"
#define HASH_TEXT_SIZE (2 * DIGEST_SIZE + 1)

static bool
is_migration(const struct embedded_file *f)
{
	size_t len;

	len = strlen(f->name);
	return len > 4 && strcmp(f->name + len - 4, ".sql") == 0;
}

static const struct embedded_file *
file_find(const char *name)
{
	const struct embedded_file *f;

	for (f = embedded_files; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static void
file_hash(const struct embedded_file *f, char out[HASH_TEXT_SIZE])
{
	uint8_t digest[DIGEST_SIZE];

	digest_sha256(f->data, f->len, digest);
	hex_encode(digest, sizeof(digest), out);
}

/* Every applied row must be a file of ours, unchanged. */
static enum err
applied_check(const PGresult *rows, struct reason *r)
{
	const struct embedded_file *f;
	char hash[HASH_TEXT_SIZE];
	const char *name;
	int i;

	for (i = 0; i < PQntuples(rows); i++) {
		name = PQgetvalue(rows, i, 0);
		f = file_find(name);
		if (f == NULL || !is_migration(f))
			return reason_set(r, ERR_CONF, NULL,
			    "the database has migration %s, which this program does not know: "
			    "it is newer than the program",
			    name);
		file_hash(f, hash);
		if (strcmp(hash, PQgetvalue(rows, i, 1)) != 0)
			return reason_set(r, ERR_CONF, NULL,
			    "migration %s was changed after it was applied", name);
	}
	return ERR_OK;
}

static bool
applied(const PGresult *rows, const char *name)
{
	int i;

	for (i = 0; i < PQntuples(rows); i++)
		if (strcmp(PQgetvalue(rows, i, 0), name) == 0)
			return true;
	return false;
}

/* ${*rows} is NULL where schema_migration is not there yet. */
static enum err
applied_read(PGconn *c, PGresult **rows, struct reason *r)
{
	PGresult *there;
	enum err e;
	bool none;

	*rows = NULL;
	e = admin_run(c, "select to_regclass('schema_migration') is null", NULL, 0, &there, r);
	if (e != ERR_OK)
		return e;
	none = PQgetvalue(there, 0, 0)[0] == 't';
	PQclear(there);
	if (none)
		return ERR_OK;
	return admin_run(c,
	    "select name, encode(sha256, 'hex') from schema_migration order by name", NULL, 0, rows,
	    r);
}

static enum err
table_make(PGconn *c, struct reason *r)
{
	return admin_run(c,
	    "create table if not exists schema_migration ("
	    "name text primary key, "
	    "sha256 bytea not null check (length(sha256) = 32), "
	    "applied_at timestamptz not null default now())",
	    NULL, 0, NULL, r);
}

static enum err
apply(PGconn *c, const struct embedded_file *f, struct reason *r)
{
	const char *args[2];
	char hash[HASH_TEXT_SIZE];
	struct reason undo;
	enum err e;

	file_hash(f, hash);
	args[0] = f->name;
	args[1] = hash;
	e = admin_run(c, "begin", NULL, 0, NULL, r);
	if (e == ERR_OK)
		e = admin_run(c, (const char *)f->data, NULL, 0, NULL, r);
	if (e == ERR_OK)
		e = admin_run(c,
		    "insert into schema_migration (name, sha256) values ($1, decode($2, 'hex'))",
		    args, 2, NULL, r);
	if (e == ERR_OK)
		e = admin_run(c, "commit", NULL, 0, NULL, r);
	if (e == ERR_OK)
		return ERR_OK;
	if (admin_run(c, "rollback", NULL, 0, NULL, &undo) != ERR_OK)
		undo.err = e; /* the connection is gone, and the transaction with it */
	undo = *r;
	return reason_set(r, e, NULL, "%s: %.200s", f->name, undo.text);
}

static enum err
apply_missing(PGconn *c, const PGresult *rows, FILE *progress, struct reason *r)
{
	const struct embedded_file *f;
	enum err e;
	int count;

	count = 0;
	for (f = embedded_files; f->name != NULL; f++) {
		if (!is_migration(f) || (rows != NULL && applied(rows, f->name)))
			continue;
		e = apply(c, f, r);
		if (e != ERR_OK)
			return e;
		count++;
		fprintf(progress, "migrate: applied %s\n", f->name);
	}
	if (count == 0)
		fprintf(progress, "migrate: nothing to apply\n");
	return ERR_OK;
}

/* A service without policy refuses every order; so a new database gets the shipped ones. */
static enum err
ship(PGconn *c, const char *table, const char *name, FILE *progress, struct reason *r)
{
	const struct embedded_file *f;
	const char *args[1];
	PGresult *written;
	char sql[256];
	enum err e;

	f = file_find(name);
	if (f == NULL)
		return reason_set(r, ERR_INTERNAL, NULL, "%s is not in this program", name);
	args[0] = (const char *)f->data;
	snprintf(sql, sizeof(sql),
	    "insert into %s (state, effective_from, body, note) "
	    "select 2, '2000-01-01T00:00:00Z', $1::text::jsonb, 'shipped' "
	    "where not exists (select from %s)",
	    table, table);
	e = admin_run(c, sql, args, 1, &written, r);
	if (e != ERR_OK)
		return e;
	if (strcmp(PQcmdTuples(written), "1") == 0)
		fprintf(progress, "migrate: put in %s\n", name);
	PQclear(written);
	return ERR_OK;
}

static enum err
migrate_locked(PGconn *c, FILE *progress, struct reason *r)
{
	PGresult *rows;
	enum err e;

	e = table_make(c, r);
	if (e == ERR_OK)
		e = applied_read(c, &rows, r);
	if (e != ERR_OK)
		return e;
	assert(rows != NULL);
	e = applied_check(rows, r);
	if (e == ERR_OK)
		e = apply_missing(c, rows, progress, r);
	PQclear(rows);
	/* serve reads it before it changes role: a login that is only a member must be able to. */
	if (e == ERR_OK)
		e = admin_run(c, "grant select on schema_migration to yuncang_service", NULL, 0,
		    NULL, r);
	if (e == ERR_OK)
		e = ship(c, "routing_policy", "default-policy.json", progress, r);
	if (e == ERR_OK)
		e = ship(c, "split_rule_book", "default-split-rules.json", progress, r);
	return e;
}

enum err
migrate(const char *db, FILE *progress, struct reason *r)
{
	struct reason unlock;
	PGconn *c;
	enum err e;

	e = admin_connect(&c, db, r);
	if (e != ERR_OK)
		return e;
	e = admin_run(c, LOCK_SQL, NULL, 0, NULL, r);
	if (e == ERR_OK) {
		e = migrate_locked(c, progress, r);
		/* Closing the connection unlocks as well. */
		if (admin_run(c, UNLOCK_SQL, NULL, 0, NULL, &unlock) != ERR_OK && e == ERR_OK)
			fprintf(progress, "migrate: %s\n", unlock.text);
	}
	admin_close(c);
	return e;
}

static enum err
status_check(PGconn *c, struct reason *r)
{
	const struct embedded_file *f;
	PGresult *rows;
	enum err e;

	e = applied_read(c, &rows, r);
	if (e != ERR_OK)
		return e;
	if (rows == NULL)
		return reason_set(r, ERR_CONF, NULL,
		    "the database is empty: run yuncang migrate first");
	e = applied_check(rows, r);
	for (f = embedded_files; e == ERR_OK && f->name != NULL; f++)
		if (is_migration(f) && !applied(rows, f->name))
			e = reason_set(r, ERR_CONF, NULL,
			    "the database lacks migration %s: run yuncang migrate first", f->name);
	PQclear(rows);
	return e;
}

enum err
migrate_status(const char *db, struct reason *r)
{
	PGconn *c;
	enum err e;

	e = admin_connect(&c, db, r);
	if (e != ERR_OK)
		return e;
	e = status_check(c, r);
	admin_close(c);
	return e;
}
