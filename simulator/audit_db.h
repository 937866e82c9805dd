#ifndef SIMULATOR_AUDIT_DB_H
#define SIMULATOR_AUDIT_DB_H

/*
 * audit_db: the auditor's own way to the tables: queries, and streams of rows in the order of their
 * first column, an order id.  It shares no code with the service's.  Blocking: the audit is a batch.
 */
#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define AUDIT_ID_SIZE 40

/* Text of a column; "" for null. */
const char *audit_text(const PGresult *r, int row, int column);
int64_t audit_int(const PGresult *r, int row, int column); /* 0 for null */

/* ERR_DB_DOWN: logged, *out is NULL.  PQfinish() it. */
enum err audit_connect(PGconn **out, const char *conninfo) MUST_CHECK;
/* NULL: failed, logged.  PQclear() it. */
PGresult *audit_query(PGconn *db, const char *sql) MUST_CHECK;
enum err audit_command(PGconn *db, const char *sql) MUST_CHECK;

/* Rows of a query, fetched in pieces by a cursor; the transaction must be open. */
struct audit_stream {
	PGconn *db;
	const char *name;
	PGresult *rows;
	int row; /* the current one, within rows */
	bool ended;
	enum err err;
};

/* ${sql} sorts by its first column. */
enum err audit_stream_open(struct audit_stream *s, PGconn *db, const char *name,
    const char *sql) MUST_CHECK;
/* The current row's id, or NULL at the end and on an error (then ->err says which). */
const char *audit_stream_id(struct audit_stream *s);
void audit_stream_next(struct audit_stream *s);
void audit_stream_close(struct audit_stream *s);
/* Columns of the current row. */
int64_t audit_stream_int(const struct audit_stream *s, int column);
const char *audit_stream_text(const struct audit_stream *s, int column);

struct audit_ints {
	int64_t *v;
	int count;
};

/* "{1,2,NULL}" of the current row, nulls as 0; empty for null.  ERR_NO_MEMORY, ERR_BAD_FIELD. */
enum err audit_stream_ints(const struct audit_stream *s, int column, struct arena *a,
    struct audit_ints *out) MUST_CHECK;

#endif
