#ifndef ROUTER_STORE_PG_H
#define ROUTER_STORE_PG_H

/*
 * pg: one PostgreSQL connection on the event loop, in pipeline mode, binary both ways.
 *
 * It connects and connects again by itself (with a growing pause), does SET ROLE yuncang_service, sets the
 * time-outs and what its kind asks for (batch connections: force_generic_plan, no hash and merge
 * join, jit off), prepares the statements of its kind, takes a stream of the change feed, and then says it
 * is up.  PQexec and PQconnectdb are for start-up and command line only (store/admin.c).
 */
#include <libpq-fe.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/uuid.h"
#include "store/pg_row.h"

struct conf;
struct event_base;

/*
 * Arguments of one statement: built column by column, kept until sent.  Arrays are one-dimensional binary
 * arrays; start one, add its elements, and go on with the next parameter.  The elements of an array of rows
 * are row_open(), a value or an array for each column of its type, row_close().
 */
#define PG_ARGS_MAX 64
struct pg_args {
	struct buf data;
	int count;
	struct {
		size_t at, len;
		bool null;
	} arg[PG_ARGS_MAX];
	size_t array_at; /* of the open array, 0: none */
	uint32_t array_count;
	bool array_nulls;
	uint32_t row_type[ROW_COUNT]; /* oids, as the connection found them */
	enum pg_row row;              /* of the open array of rows */
	size_t row_at;                /* of the open row, 0: none */
	int row_left;                 /* columns to come */
	size_t inner_at;              /* of the open array in it, 0: none */
	uint32_t inner_count;
};

void args_init(struct pg_args *a, size_t size_max);
void args_release(struct pg_args *a);
void args_reset(struct pg_args *a);
void args_null(struct pg_args *a);
void args_bool(struct pg_args *a, bool v);
void args_i16(struct pg_args *a, int16_t v);
void args_i32(struct pg_args *a, int32_t v);
void args_i64(struct pg_args *a, int64_t v);
void args_text(struct pg_args *a, const char *s);
void args_bytes(struct pg_args *a, const void *p, size_t len);
void args_uuid(struct pg_args *a, const struct uuid *u);
void args_time(struct pg_args *a, int64_t us);
void args_date(struct pg_args *a, int32_t days);

enum pg_elem {
	ELEM_BOOL = 16,
	ELEM_BYTES = 17,
	ELEM_I64 = 20,
	ELEM_I16 = 21,
	ELEM_I32 = 23,
	ELEM_TEXT = 25,
	ELEM_DATE = 1082,
	ELEM_TIME = 1184,
	ELEM_UUID = 2950
};
void args_array(struct pg_args *a, enum pg_elem type); /* opens an array */
void args_array_end(struct pg_args *a);
void args_rows(struct pg_args *a, enum pg_row type); /* opens an array of rows */
void row_open(struct pg_args *a);
/* opens a column's array, of I16, I32 or I64 */
void row_array(struct pg_args *a, enum pg_elem type);
void row_array_end(struct pg_args *a);
void row_close(struct pg_args *a);
void elem_null(struct pg_args *a, enum pg_elem type);
void row_array_null(struct pg_args *a, enum pg_elem type); /* a null instead of an array */
void elem_bool(struct pg_args *a, bool v);
void elem_i16(struct pg_args *a, int16_t v);
void elem_i32(struct pg_args *a, int32_t v);
void elem_i64(struct pg_args *a, int64_t v);
void elem_text(struct pg_args *a, const char *s);
void elem_bytes(struct pg_args *a, const void *p, size_t len);
void elem_uuid(struct pg_args *a, const struct uuid *u);
void elem_time(struct pg_args *a, int64_t us);
void elem_date(struct pg_args *a, int32_t days);
enum err args_err(const struct pg_args *a); /* TOO_LARGE when the cap was passed */

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

/* What an SQLSTATE means to us: 40P01 40001 → CONTENDED; 55P03 57014 → BUSY; 08*, 57P* → DB_DOWN; 22* 23* → BAD_FIELD (data); else INTERNAL. */
enum err pg_state_err(const char *s);

#endif
