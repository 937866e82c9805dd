#ifndef ROUTER_STORE_ARGS_H
#define ROUTER_STORE_ARGS_H

/* args: the arguments of one statement, binary. */
#include "base/buf.h"
#include "base/err.h"
#include "base/uuid.h"
#include "store/pg_row.h"

/*
 * Built column by column, kept until sent.  Arrays are one-dimensional binary arrays; start one, add its
 * elements, and go on with the next parameter.  The elements of an array of rows are row_open(), a value or an
 * array for each column of its type, row_close().
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
void elem_time_or_null(struct pg_args *a, int64_t us);           /* 0: null */
void elem_uuid_or_null(struct pg_args *a, const struct uuid *u); /* NULL or zero: null */
/* One array parameter: ${elem}(${a}, ${expr}) for each i from 0 to ${count} - 1. */
#define ARGS_ARRAY(a, type, elem, count, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < (count); i++) \
			elem(a, expr); \
		args_array_end(a); \
	} while (0)
enum err args_err(const struct pg_args *a); /* TOO_LARGE when the cap was passed */

#endif
