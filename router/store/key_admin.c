#include "store/key_admin.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/parse.h"
#include "store/admin.h"

#define SCOPES_TEXT_MAX 65536
#define BUMP "update catalog_state set version = version + 1 where part = 'keys'"
#define TIME(column) "to_char(" column " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

/* Runs ${sql} and the bump in one transaction; the first value of its result goes to ${id}. */
static enum err
write_key(const char *db, const char *sql, const char *const *args, int count, int64_t *id,
    struct reason *r)
{
	PGresult *rows = NULL;
	PGconn *c;
	enum err e;

	e = admin_connect(&c, db, r);
	if (e != ERR_OK)
		return e;
	e = admin_run(c, "begin", NULL, 0, NULL, r);
	if (e == ERR_OK)
		e = admin_run(c, sql, args, count, &rows, r);
	if (e == ERR_OK && PQntuples(rows) != 1)
		e = reason_set(r, ERR_NOT_FOUND, NULL, "there is no such key that is not revoked");
	if (e == ERR_OK)
		e = parse_i64(PQgetvalue(rows, 0, 0), 1, INT64_MAX, id);
	if (e == ERR_OK)
		e = admin_run(c, BUMP, NULL, 0, NULL, r);
	if (e == ERR_OK)
		e = admin_run(c, "commit", NULL, 0, NULL, r);
	PQclear(rows);
	admin_close(c);
	return e;
}

enum err
key_admin_create(const char *db, const char *name, const char *role, const char *const *scopes,
    int scope_count, const uint8_t hash[DIGEST_SIZE], int64_t *key_id, struct reason *r)
{
	char hex[2 * DIGEST_SIZE + 1];
	const char *args[4];
	struct buf list;
	enum err e;

	hex_encode(hash, DIGEST_SIZE, hex);
	/* An array's text; a valid scope has nothing in it that would need quoting. */
	buf_init(&list, SCOPES_TEXT_MAX);
	buf_str(&list, "{");
	for (int i = 0; i < scope_count; i++)
		buf_printf(&list, "%s\"%s\"", i > 0 ? "," : "", scopes[i]);
	buf_str(&list, "}");
	args[0] = hex;
	args[1] = name;
	args[2] = role;
	args[3] = buf_cstr(&list);
	e = buf_err(&list);
	if (e == ERR_OK)
		e = write_key(db,
		    "insert into api_key (hash, name, role, scopes) "
		    "values (decode($1, 'hex'), $2, $3, $4) returning key_id",
		    args, 4, key_id, r);
	else
		(void)reason_set(r, e, NULL, "%s", err_text(e));
	buf_release(&list);
	return e;
}

enum err
key_admin_list(const char *db, FILE *to, struct reason *r)
{
	PGresult *rows;
	PGconn *c;
	enum err e;

	e = admin_connect(&c, db, r);
	if (e != ERR_OK)
		return e;
	e = admin_run(c,
	    "select concat_ws(e'\\t', key_id, role, coalesce(nullif(name, ''), '-'), "
	    "coalesce(nullif(array_to_string(scopes, ','), ''), '-'), " TIME(
	        "created_at") ", "
	                      "'revoked ' || " TIME("revoked_at") ") from api_key order by key_id",
	    NULL, 0, &rows, r);
	if (e == ERR_OK) {
		for (int i = 0; i < PQntuples(rows); i++)
			fprintf(to, "%s\n", PQgetvalue(rows, i, 0));
		PQclear(rows);
	}
	admin_close(c);
	return e;
}

enum err
key_admin_revoke(const char *db, int64_t key_id, struct reason *r)
{
	char id[24];
	const char *args[1] = {id};

	(void)snprintf(id, sizeof(id), "%" PRId64, key_id);
	return write_key(db,
	    "update api_key set revoked_at = now() where key_id = $1 and revoked_at is null "
	    "returning key_id",
	    args, 1, &key_id, r);
}
