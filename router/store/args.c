#include <assert.h>
#include <string.h>

#include "store/pg.h"

/* PostgreSQL counts time in µs and dates in days since 2000-01-01. */
#define EPOCH_2000_US INT64_C(946684800000000)
#define EPOCH_2000_DAYS 10957

void
args_init(struct pg_args *a, size_t size_max)
{
	*a = (struct pg_args){0};
	buf_init(&a->data, size_max);
}

void
args_release(struct pg_args *a)
{
	buf_release(&a->data);
}

void
args_reset(struct pg_args *a)
{
	buf_reset(&a->data);
	a->count = 0;
	a->array_at = a->row_at = a->inner_at = 0;
}

enum err
args_err(const struct pg_args *a)
{
	assert(a->array_at == 0);
	return buf_err(&a->data);
}

/* Begins the next parameter; its length is set by arg_end(). */
static void
arg_begin(struct pg_args *a)
{
	assert(a->array_at == 0 && a->count < PG_ARGS_MAX);
	a->arg[a->count].at = a->data.len;
	a->arg[a->count].null = false;
}

static void
arg_end(struct pg_args *a)
{
	a->arg[a->count].len = a->data.len - a->arg[a->count].at;
	a->count++;
}

void
args_null(struct pg_args *a)
{
	arg_begin(a);
	a->arg[a->count].null = true;
	arg_end(a);
}

void
args_bool(struct pg_args *a, bool v)
{
	arg_begin(a);
	buf_byte(&a->data, v);
	arg_end(a);
}

void
args_i16(struct pg_args *a, int16_t v)
{
	arg_begin(a);
	buf_be16(&a->data, (uint16_t)v);
	arg_end(a);
}

void
args_i32(struct pg_args *a, int32_t v)
{
	arg_begin(a);
	buf_be32(&a->data, (uint32_t)v);
	arg_end(a);
}

void
args_i64(struct pg_args *a, int64_t v)
{
	arg_begin(a);
	buf_be64(&a->data, (uint64_t)v);
	arg_end(a);
}

void
args_text(struct pg_args *a, const char *s)
{
	args_bytes(a, s, strlen(s));
}

void
args_bytes(struct pg_args *a, const void *p, size_t len)
{
	arg_begin(a);
	buf_add(&a->data, p, len);
	arg_end(a);
}

void
args_uuid(struct pg_args *a, const struct uuid *u)
{
	args_bytes(a, u->b, sizeof(u->b));
}

void
args_time(struct pg_args *a, int64_t us)
{
	args_i64(a, us - EPOCH_2000_US);
}

void
args_date(struct pg_args *a, int32_t days)
{
	args_i32(a, days - EPOCH_2000_DAYS);
}

/* What stands before the elements; all but the type is right for an array of none and patched at its end. */
static void
array_head(struct pg_args *a, uint32_t type)
{
	buf_be32(&a->data, 1);
	buf_be32(&a->data, 0);
	buf_be32(&a->data, type);
	buf_be32(&a->data, 0);
	buf_be32(&a->data, 1);
}

/* ${at}: where its head stands. */
static void
array_patch(struct pg_args *a, size_t at, uint32_t count, bool nulls)
{
	if (buf_err(&a->data) != ERR_OK)
		return;
	if (count == 0) {
		/* An empty array has no dimension. */
		buf_patch_be32(&a->data, at, 0);
		a->data.len = at + 12;
	} else {
		buf_patch_be32(&a->data, at + 4, nulls);
		buf_patch_be32(&a->data, at + 12, count);
	}
}

static void
array_open(struct pg_args *a, uint32_t type)
{
	arg_begin(a);
	array_head(a, type);
	a->array_at = a->arg[a->count].at + 1; /* + 1: zero says that none is open */
	a->array_count = 0;
	a->array_nulls = false;
}

void
args_array(struct pg_args *a, enum pg_elem type)
{
	array_open(a, (uint32_t)type);
}

void
args_array_end(struct pg_args *a)
{
	assert(a->array_at != 0 && a->row_at == 0);
	array_patch(a, a->array_at - 1, a->array_count, a->array_nulls);
	a->array_at = 0;
	arg_end(a);
}

/* ---- Rows ------------------------------------------------------------------------------------- */

static const int row_columns[] = {
#define X(name, type, columns) [ROW_##name] = columns,
    ROW_TABLE(X)
#undef X
};

void
args_rows(struct pg_args *a, enum pg_row type)
{
	assert(a->row_type[type] != 0);
	array_open(a, a->row_type[type]);
	a->row = type;
}

/* Sets the length, ${at} bytes into the data, of what follows it. */
static void
length_patch(struct pg_args *a, size_t at)
{
	if (buf_err(&a->data) == ERR_OK)
		buf_patch_be32(&a->data, at, (uint32_t)(a->data.len - at - 4));
}

void
row_open(struct pg_args *a)
{
	assert(a->array_at != 0 && a->row_at == 0);
	a->array_count++;
	a->row_at = a->data.len + 1; /* + 1, here and below: zero says that none is open */
	a->row_left = row_columns[a->row];
	buf_be32(&a->data, 0);
	buf_be32(&a->data, (uint32_t)a->row_left);
}

void
row_close(struct pg_args *a)
{
	assert(a->row_at != 0 && a->inner_at == 0 && a->row_left == 0);
	length_patch(a, a->row_at - 1);
	a->row_at = 0;
}

/* A column names its type. */
static void
column_begin(struct pg_args *a, uint32_t type)
{
	a->row_left--;
	buf_be32(&a->data, type);
}

static uint32_t
array_type(enum pg_elem type)
{
	switch (type) {
	case ELEM_I16:
		return 1005;
	case ELEM_I32:
		return 1007;
	default:
		assert(type == ELEM_I64);
		return 1016;
	}
}

void
row_array(struct pg_args *a, enum pg_elem type)
{
	assert(a->row_at != 0 && a->inner_at == 0);
	column_begin(a, array_type(type));
	a->inner_at = a->data.len + 1;
	a->inner_count = 0;
	buf_be32(&a->data, 0);
	array_head(a, (uint32_t)type);
}

void
row_array_end(struct pg_args *a)
{
	assert(a->inner_at != 0);
	array_patch(a, a->inner_at - 1 + 4, a->inner_count, false);
	length_patch(a, a->inner_at - 1);
	a->inner_at = 0;
}

void
row_array_null(struct pg_args *a, enum pg_elem type)
{
	assert(a->row_at != 0 && a->inner_at == 0);
	column_begin(a, array_type(type));
	buf_be32(&a->data, UINT32_MAX);
}

/* ---- Elements of arrays, columns of rows ------------------------------------------------------ */

static void
elem_begin(struct pg_args *a, enum pg_elem type, size_t len)
{
	assert(a->array_at != 0 && len <= INT32_MAX);
	if (a->inner_at != 0)
		a->inner_count++;
	else if (a->row_at != 0)
		column_begin(a, (uint32_t)type);
	else
		a->array_count++;
	buf_be32(&a->data, (uint32_t)len);
}

void
elem_null(struct pg_args *a, enum pg_elem type)
{
	assert(a->array_at != 0 && a->inner_at == 0);
	if (a->row_at != 0) {
		column_begin(a, (uint32_t)type);
	} else {
		a->array_count++;
		a->array_nulls = true;
	}
	buf_be32(&a->data, UINT32_MAX);
}

void
elem_bool(struct pg_args *a, bool v)
{
	elem_begin(a, ELEM_BOOL, 1);
	buf_byte(&a->data, v);
}

void
elem_i16(struct pg_args *a, int16_t v)
{
	elem_begin(a, ELEM_I16, 2);
	buf_be16(&a->data, (uint16_t)v);
}

void
elem_i32(struct pg_args *a, int32_t v)
{
	elem_begin(a, ELEM_I32, 4);
	buf_be32(&a->data, (uint32_t)v);
}

void
elem_i64(struct pg_args *a, int64_t v)
{
	elem_begin(a, ELEM_I64, 8);
	buf_be64(&a->data, (uint64_t)v);
}

static void
elem_data(struct pg_args *a, enum pg_elem type, const void *p, size_t len)
{
	elem_begin(a, type, len);
	buf_add(&a->data, p, len);
}

void
elem_text(struct pg_args *a, const char *s)
{
	elem_data(a, ELEM_TEXT, s, strlen(s));
}

void
elem_bytes(struct pg_args *a, const void *p, size_t len)
{
	elem_data(a, ELEM_BYTES, p, len);
}

void
elem_uuid(struct pg_args *a, const struct uuid *u)
{
	elem_data(a, ELEM_UUID, u->b, sizeof(u->b));
}

void
elem_time(struct pg_args *a, int64_t us)
{
	elem_begin(a, ELEM_TIME, 8);
	buf_be64(&a->data, (uint64_t)(us - EPOCH_2000_US));
}

void
elem_date(struct pg_args *a, int32_t days)
{
	elem_begin(a, ELEM_DATE, 4);
	buf_be32(&a->data, (uint32_t)(days - EPOCH_2000_DAYS));
}

void
elem_time_or_null(struct pg_args *a, int64_t us)
{
	if (us != 0)
		elem_time(a, us);
	else
		elem_null(a, ELEM_TIME);
}

void
elem_uuid_or_null(struct pg_args *a, const struct uuid *u)
{
	if (u != NULL && !uuid_is_zero(u))
		elem_uuid(a, u);
	else
		elem_null(a, ELEM_UUID);
}

/* The cursor over one value; false: it is null. */
static bool
col_open(const PGresult *r, int row, int col, int size, struct rd *rd)
{
	assert(row >= 0 && row < PQntuples(r) && col >= 0 && col < PQnfields(r));
	assert(PQfformat(r, col) == 1);
	if (PQgetisnull(r, row, col))
		return false;
	assert(size < 0 || PQgetlength(r, row, col) == size);
	rd_init(rd, PQgetvalue(r, row, col), (size_t)PQgetlength(r, row, col));
	return true;
}

bool
col_null(const PGresult *r, int row, int col)
{
	return PQgetisnull(r, row, col) != 0;
}

bool
col_bool(const PGresult *r, int row, int col)
{
	struct rd rd;

	return col_open(r, row, col, 1, &rd) && rd_byte(&rd) != 0;
}

int16_t
col_i16(const PGresult *r, int row, int col)
{
	struct rd rd;

	return col_open(r, row, col, 2, &rd) ? (int16_t)rd_be16(&rd) : 0;
}

int32_t
col_i32(const PGresult *r, int row, int col)
{
	struct rd rd;

	return col_open(r, row, col, 4, &rd) ? (int32_t)rd_be32(&rd) : 0;
}

int64_t
col_i64(const PGresult *r, int row, int col)
{
	struct rd rd;

	return col_open(r, row, col, 8, &rd) ? (int64_t)rd_be64(&rd) : 0;
}

const char *
col_text(const PGresult *r, int row, int col)
{
	/* libpq puts a NUL behind every value, and the value of a null is "". */
	return PQgetvalue(r, row, col);
}

const uint8_t *
col_bytes(const PGresult *r, int row, int col, size_t *len)
{
	struct rd rd;

	*len = 0;
	if (!col_open(r, row, col, -1, &rd))
		return (const uint8_t *)"";
	*len = (size_t)(rd.end - rd.at);
	return rd.at;
}

struct uuid
col_uuid(const PGresult *r, int row, int col)
{
	struct uuid u = {0};
	struct rd rd;

	if (col_open(r, row, col, sizeof(u.b), &rd))
		memcpy(u.b, rd.at, sizeof(u.b));
	return u;
}

int64_t
col_time(const PGresult *r, int row, int col)
{
	struct rd rd;
	int64_t us;

	if (!col_open(r, row, col, 8, &rd))
		return 0;
	us = (int64_t)rd_be64(&rd);
	/* 'infinity' and '-infinity' are the ends of the range. */
	if (us > INT64_MAX - EPOCH_2000_US)
		return INT64_MAX;
	return us + EPOCH_2000_US;
}

int32_t
col_date(const PGresult *r, int row, int col)
{
	struct rd rd;

	return col_open(r, row, col, 4, &rd) ? (int32_t)rd_be32(&rd) + EPOCH_2000_DAYS : 0;
}

int32_t
col_array_open(const PGresult *r, int row, int col, struct col_array *out)
{
	uint32_t dims;

	*out = (struct col_array){0};
	rd_init(&out->rd, "", 0);
	if (!col_open(r, row, col, -1, &out->rd))
		return 0;
	dims = rd_be32(&out->rd);
	(void)rd_be32(&out->rd);
	(void)rd_be32(&out->rd);
	if (dims == 0)
		return 0;
	assert(dims == 1);
	out->left = (int32_t)rd_be32(&out->rd);
	(void)rd_be32(&out->rd);
	assert(out->rd.ok);
	return out->left;
}

bool
col_array_next(struct col_array *a, struct rd *elem, bool *null)
{
	uint32_t len;

	if (a->left == 0)
		return false;
	a->left--;
	len = rd_be32(&a->rd);
	*null = len == UINT32_MAX;
	rd_init(elem, *null ? a->rd.at : rd_bytes(&a->rd, len), *null ? 0 : len);
	assert(a->rd.ok);
	return true;
}

static void
array_elem(struct col_array *a, struct rd *elem, ptrdiff_t size)
{
	bool null;

	if (!col_array_next(a, elem, &null))
		assert(!"read past the end of an array");
	assert(null || elem->end - elem->at == size);
}

int32_t
array_i32(struct col_array *a)
{
	struct rd elem;

	array_elem(a, &elem, 4);
	return (int32_t)rd_be32(&elem);
}

int64_t
array_i64(struct col_array *a)
{
	struct rd elem;

	array_elem(a, &elem, 8);
	return (int64_t)rd_be64(&elem);
}

int16_t
array_i16(struct col_array *a)
{
	struct rd elem;

	array_elem(a, &elem, 2);
	return (int16_t)rd_be16(&elem);
}

enum err
pg_state_err(const char *s)
{
	static const struct {
		const char *prefix;
		enum err err;
	} table[] = {
	    {"40P01", ERR_CONTENDED},
	    {"40001", ERR_CONTENDED},
	    {"55P03", ERR_BUSY},
	    {"57014", ERR_BUSY},
	    {"53", ERR_BUSY},
	    {"08", ERR_DB_DOWN},
	    {"57P", ERR_DB_DOWN},
	    {"25P", ERR_DB_DOWN},   /* idle too long, or our place in a transaction is lost */
	    {"25006", ERR_DB_DOWN}, /* a standby: connect again and find the primary */
	    {"22", ERR_BAD_FIELD},
	    {"23", ERR_BAD_FIELD},
	};

	if (s == NULL || s[0] == '\0')
		return ERR_DB_DOWN; /* libpq itself: the connection broke */
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strncmp(s, table[i].prefix, strlen(table[i].prefix)) == 0)
			return table[i].err;
	return ERR_INTERNAL;
}

bool
col_array_has_i32(const PGresult *r, int row, int col, int32_t v)
{
	struct col_array a;

	for (int n = col_array_open(r, row, col, &a); n > 0; n--)
		if (array_i32(&a) == v)
			return true;
	return false;
}
