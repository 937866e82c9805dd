/* Binary arguments and columns: the bytes that PostgreSQL's formats ask for, and back. */
#include "base/clock.h"
#include "store/pg.h"
#include "unit.h"

/* The last argument of ${a} as a one-column, one-row binary result. */
static PGresult *
as_result(const struct pg_args *a)
{
	PGresAttDesc column = {.name = (char *)(uintptr_t) "c", .format = 1};
	PGresult *r = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	int i = a->count - 1;

	assert_non_null(r);
	assert_int_equal(PQsetResultAttrs(r, 1, &column), 1);
	assert_int_equal(PQsetvalue(r, 0, 0,
	                     a->arg[i].null ? NULL : (char *)a->data.data + a->arg[i].at,
	                     a->arg[i].null ? -1 : (int)a->arg[i].len),
	    1);
	return r;
}

static void
test_scalars(void **state)
{
	struct pg_args a;
	struct uuid u = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}, back;
	const uint8_t *bytes;
	PGresult *r;
	size_t len;

	(void)state;
	args_init(&a, 1000);
#define BACK(put, get, want) \
	do { \
		args_reset(&a); \
		put; \
		r = as_result(&a); \
		row_equal(#put, get, want); \
		PQclear(r); \
	} while (0)
	BACK(args_bool(&a, true), col_bool(r, 0, 0), true);
	BACK(args_i16(&a, -2), col_i16(r, 0, 0), -2);
	BACK(args_i32(&a, INT32_MIN), col_i32(r, 0, 0), INT32_MIN);
	BACK(args_i64(&a, INT64_MIN), col_i64(r, 0, 0), INT64_MIN);
	BACK(args_time(&a, 1), col_time(r, 0, 0), 1);
	BACK(args_date(&a, 20800), col_date(r, 0, 0), 20800);
	BACK(args_null(&a), col_null(r, 0, 0), true);
	BACK(args_null(&a), col_i32(r, 0, 0), 0);
	BACK(args_null(&a), col_time(r, 0, 0), 0);
	BACK(args_text(&a, "stock"), strcmp(col_text(r, 0, 0), "stock"), 0);
	args_reset(&a);
	args_uuid(&a, &u);
	r = as_result(&a);
	back = col_uuid(r, 0, 0);
	assert_true(uuid_equal(&u, &back));
	bytes = col_bytes(r, 0, 0, &len);
	assert_int_equal(len, 16);
	assert_memory_equal(bytes, u.b, 16);
	PQclear(r);
	/* 2000-01-01 is zero for PostgreSQL. */
	args_reset(&a);
	args_time(&a, INT64_C(946684800) * US_PER_S);
	args_date(&a, 10957);
	assert_memory_equal(a.data.data, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
	args_release(&a);
}

static void
test_arrays(void **state)
{
	struct col_array at;
	struct pg_args a;
	struct rd elem;
	PGresult *r;
	bool null;

	(void)state;
	args_init(&a, 1000);
	args_array(&a, ELEM_I32);
	elem_i32(&a, 7);
	elem_null(&a, ELEM_I32);
	elem_i32(&a, -1);
	args_array_end(&a);
	assert_memory_equal(a.data.data,
	    "\0\0\0\1\0\0\0\1\0\0\0\27\0\0\0\3\0\0\0\1\0\0\0\4\0\0\0\7\377\377\377\377\0\0\0\4\377\377\377\377",
	    40);
	r = as_result(&a);
	assert_int_equal(col_array_open(r, 0, 0, &at), 3);
	assert_int_equal(array_i32(&at), 7);
	assert_true(col_array_next(&at, &elem, &null));
	assert_true(null);
	assert_int_equal(array_i32(&at), -1);
	assert_false(col_array_next(&at, &elem, &null));
	PQclear(r);
	/* An array without elements has no dimension; what follows it stands right behind. */
	args_reset(&a);
	args_array(&a, ELEM_TEXT);
	args_array_end(&a);
	args_i16(&a, 3);
	assert_int_equal(a.count, 2);
	assert_int_equal(a.arg[0].len, 12);
	assert_int_equal(a.arg[1].at, 12);
	assert_memory_equal(a.data.data, "\0\0\0\0\0\0\0\0\0\0\0\31\0\3", 14);
	a.count = 1;
	r = as_result(&a);
	assert_int_equal(col_array_open(r, 0, 0, &at), 0);
	PQclear(r);
	args_release(&a);
}

/* A row: its length, its columns, for each its type's oid and its value; arrays have types of their own. */
static void
test_rows(void **state)
{
	struct pg_args a;
	struct uuid id = {{1}};
	struct col_array at;
	struct rd row;
	PGresult *r;
	bool null;

	(void)state;
	args_init(&a, 1000);
	a.row_type[ROW_DECISION] = 77777;
	args_rows(&a, ROW_DECISION);
	for (int i = 0; i < 2; i++) {
		row_open(&a);
		elem_uuid(&a, &id);
		elem_i16(&a, 1);
		elem_null(&a, ELEM_I32);
		elem_bytes(&a, "xyz", 3);
		row_array(&a, ELEM_I16);
		elem_i16(&a, 5);
		elem_i16(&a, 6);
		row_array_end(&a);
		row_array(&a, ELEM_I32);
		row_array_end(&a);
		for (int n = 0; n < 7; n++)
			row_array_null(&a, ELEM_I64);
		row_close(&a);
	}
	args_array_end(&a);
	assert_int_equal(args_err(&a), ERR_OK);
	assert_memory_equal(a.data.data + 8, "\0\1\57\321", 4); /* 77777 */
	r = as_result(&a);
	assert_int_equal(col_array_open(r, 0, 0, &at), 2);
	assert_true(col_array_next(&at, &row, &null));
	assert_true(col_array_next(&at, &row, &null));
	assert_int_equal(rd_be32(&row), 13);
	assert_int_equal(rd_be32(&row), ELEM_UUID); /* a column: type, length, value */
	assert_int_equal(rd_be32(&row), 16);
	assert_memory_equal(rd_bytes(&row, 16), id.b, 16);
	assert_int_equal(rd_be32(&row), ELEM_I16);
	assert_int_equal(rd_be32(&row), 2);
	assert_int_equal(rd_be16(&row), 1);
	assert_int_equal(rd_be32(&row), ELEM_I32);
	assert_int_equal(rd_be32(&row), UINT32_MAX);
	assert_int_equal(rd_be32(&row), ELEM_BYTES);
	assert_int_equal(rd_be32(&row), 3);
	assert_memory_equal(rd_bytes(&row, 3), "xyz", 3);
	assert_int_equal(rd_be32(&row), 1005);
	assert_int_equal(rd_be32(&row), 32);
	assert_memory_equal(rd_bytes(&row, 32),
	    "\0\0\0\1\0\0\0\0\0\0\0\25\0\0\0\2\0\0\0\1\0\0\0\2\0\5\0\0\0\2\0\6", 32);
	assert_int_equal(rd_be32(&row), 1007);
	assert_int_equal(rd_be32(&row), 12);
	assert_memory_equal(rd_bytes(&row, 12), "\0\0\0\0\0\0\0\0\0\0\0\27", 12);
	for (int n = 0; n < 7; n++) {
		assert_int_equal(rd_be32(&row), 1016);
		assert_int_equal(rd_be32(&row), UINT32_MAX);
	}
	assert_true(row.ok && row.at == row.end);
	PQclear(r);
	args_release(&a);
}

static void
test_cap(void **state)
{
	struct pg_args a;

	(void)state;
	args_init(&a, 64);
	args_array(&a, ELEM_I64);
	for (int i = 0; i < 100; i++)
		elem_i64(&a, i);
	args_array_end(&a);
	assert_int_equal(args_err(&a), ERR_TOO_LARGE);
	args_reset(&a);
	assert_int_equal(args_err(&a), ERR_OK);
	args_release(&a);
}

static void
test_states(void **state)
{
	static const struct {
		const char *label;
		enum err want;
	} rows[] = {
	    {"40P01", ERR_CONTENDED},
	    {"40001", ERR_CONTENDED},
	    {"55P03", ERR_BUSY},
	    {"57014", ERR_BUSY},
	    {"57P01", ERR_DB_DOWN},
	    {"08006", ERR_DB_DOWN},
	    {"53300", ERR_BUSY},
	    {"25006", ERR_DB_DOWN},
	    {"23505", ERR_BAD_FIELD},
	    {"23514", ERR_BAD_FIELD},
	    {"22003", ERR_BAD_FIELD},
	    {"42P01", ERR_INTERNAL},
	    {"", ERR_DB_DOWN},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		row_equal(rows[i].label, pg_state_err(rows[i].label), rows[i].want);
	assert_int_equal(pg_state_err(NULL), ERR_DB_DOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scalars),
	    cmocka_unit_test(test_arrays),
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_cap),
	    cmocka_unit_test(test_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
