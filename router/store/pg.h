#ifndef ROUTER_STORE_PG_H
#define ROUTER_STORE_PG_H

/* pg: what comes back from PostgreSQL, binary: columns, arrays, and what an error means. */
#include <libpq-fe.h>
#include <stdint.h>

#include "store/args.h"

/* Columns of a binary result; asserts the column's size.  Null reads as 0, "" or false. */
bool col_null(const PGresult *r, int row, int col);
bool col_bool(const PGresult *r, int row, int col);
int16_t col_i16(const PGresult *r, int row, int col);
int32_t col_i32(const PGresult *r, int row, int col);
int64_t col_i64(const PGresult *r, int row, int col);
const char *col_text(const PGresult *r, int row, int col); /* lives as long as ${r} */
const uint8_t *col_bytes(const PGresult *r, int row, int col, size_t *len);
struct uuid col_uuid(const PGresult *r, int row, int col);
int64_t col_time(const PGresult *r, int row, int col); /* µs since 1970; 0: null */
int32_t col_date(const PGresult *r, int row, int col);
/* A cursor over a binary array; next returns false at the end.  Elements are read with rd_* of base/buf.h. */
struct col_array {
	struct rd rd;
	int32_t left;
};
int32_t col_array_open(const PGresult *r, int row, int col,
    struct col_array *out); /* count; 0 for null */
bool col_array_next(struct col_array *a, struct rd *elem, bool *null);
bool col_array_has_i32(const PGresult *r, int row, int col, int32_t v); /* false for null */
int32_t array_i32(struct col_array *a);
int64_t array_i64(struct col_array *a);
int16_t array_i16(struct col_array *a);

/*
 * What an SQLSTATE means to us: 40P01 40001 → CONTENDED; 55P03 57014 53* → BUSY; none, 08* 57P* 25P* 25006 → DB_DOWN;
 * 22* 23* → BAD_FIELD (data); else INTERNAL.
 */
enum err pg_state_err(const char *s);

#endif
