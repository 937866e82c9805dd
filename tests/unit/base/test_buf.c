#include "unit.h"

#include "base/buf.h"

static void
test_cap(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	buf_str(&b, "abc");
	buf_str(&b, "de");
	row_equal("at its maximum", buf_err(&b), ERR_OK);
	row_text("at its maximum", buf_cstr(&b), "abcde");
	buf_byte(&b, 'f');
	row_equal("beyond", buf_err(&b), ERR_TOO_LARGE);
	row_equal("contents are kept", b.len, 5);
	row_text("no text after an error", buf_cstr(&b), "");
	buf_add(&b, "", 0);
	assert_null(buf_reserve(&b, 1));
	row_equal("the error stays", buf_err(&b), ERR_TOO_LARGE);
	buf_reset(&b);
	row_equal("reset clears it", buf_err(&b), ERR_OK);
	buf_printf(&b, "%d", 123456);
	row_equal("printf beyond", buf_err(&b), ERR_TOO_LARGE);
	row_equal("printf adds all or nothing", b.len, 0);
	buf_release(&b);
	buf_init(&b, 0);
	row_text("empty", buf_cstr(&b), "");
	buf_byte(&b, 0);
	row_equal("no room at all", buf_err(&b), ERR_TOO_LARGE);
	buf_release(&b);
}

static void
test_grow(void **state)
{
	struct buf b;
	size_t i;
	uint8_t *p;

	(void)state;
	buf_init(&b, 1 << 20);
	for (i = 0; i < 100000; i++)
		buf_byte(&b, (uint8_t)i);
	assert_int_equal(buf_err(&b), ERR_OK);
	assert_int_equal(b.len, 100000);
	for (i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], (uint8_t)i);
	p = buf_reserve(&b, 500000);
	assert_non_null(p);
	memset(p, 1, 500000);
	assert_int_equal(b.len, 100000);
	buf_release(&b);
	assert_null(b.data);
}

static void
test_decimal(void **state)
{
	static const struct {
		int64_t v;
		const char *want;
	} rows[] = {
	    {0, "0"},
	    {7, "7"},
	    {-7, "-7"},
	    {1234567890123, "1234567890123"},
	    {INT64_MAX, "9223372036854775807"},
	    {INT64_MIN, "-9223372036854775808"},
	};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 100);
	for (i = 0; i < ROWS(rows); i++) {
		buf_reset(&b);
		buf_i64_dec(&b, rows[i].v);
		row_text(rows[i].want, buf_cstr(&b), rows[i].want);
	}
	buf_release(&b);
}

static void
test_bytes(void **state)
{
	static const uint8_t want[] = {0x12, 0x34, 0x89, 0xab, 0xcd, 0xef, 1, 2, 3, 4, 5, 6, 7, 8};
	struct buf b;
	struct rd r;

	(void)state;
	buf_init(&b, 100);
	buf_be16(&b, 0x1234);
	buf_be32(&b, 0);
	buf_be64(&b, UINT64_C(0x0102030405060708));
	buf_patch_be32(&b, 2, 0x89abcdef);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
	rd_init(&r, b.data, b.len);
	assert_int_equal(rd_be16(&r), 0x1234);
	assert_int_equal(rd_be32(&r), 0x89abcdef);
	assert_true(rd_be64(&r) == UINT64_C(0x0102030405060708));
	assert_true(r.ok);
	assert_non_null(rd_bytes(&r, 0));
	assert_int_equal(rd_byte(&r), 0);
	assert_false(r.ok);
	assert_null(rd_bytes(&r, 0));
	rd_init(&r, want, 3);
	assert_int_equal(rd_be32(&r), 0);
	assert_false(r.ok);
	assert_int_equal(rd_byte(&r), 0);
	rd_init(&r, NULL, 0);
	assert_non_null(rd_bytes(&r, 0));
	assert_true(r.ok);
	buf_release(&b);
}

static void
test_varint(void **state)
{
	static const struct {
		const char *label;
		uint64_t v;
		size_t len;
	} rows[] = {
	    {"zero", 0, 1},
	    {"one byte", 127, 1},
	    {"two bytes", 128, 2},
	    {"300", 300, 2},
	    {"33 bits", UINT64_C(1) << 32, 5},
	    {"63 bits", INT64_MAX, 9},
	    {"64 bits", UINT64_MAX, 10},
	};
	static const int64_t signed_rows[] = {0, -1, 1, -64, 64, INT64_MAX, INT64_MIN};
	struct buf b;
	struct rd r;
	size_t i;

	(void)state;
	buf_init(&b, 100);
	for (i = 0; i < ROWS(rows); i++) {
		buf_reset(&b);
		buf_varint(&b, rows[i].v);
		row_equal(rows[i].label, b.len, rows[i].len);
		rd_init(&r, b.data, b.len);
		row_equal(rows[i].label, rd_varint(&r) == rows[i].v, true);
		row_equal(rows[i].label, r.ok && r.at == r.end, true);
		rd_init(&r, b.data, b.len - 1);
		row_equal(rows[i].label, rd_varint(&r), 0);
		row_equal(rows[i].label, r.ok, false);
	}
	for (i = 0; i < ROWS(signed_rows); i++) {
		buf_reset(&b);
		buf_zigzag(&b, signed_rows[i]);
		rd_init(&r, b.data, b.len);
		row_equal("zigzag", rd_zigzag(&r), signed_rows[i]);
	}
	buf_reset(&b);
	buf_zigzag(&b, -64);
	row_equal("small negatives are small", b.len, 1);
	rd_init(&r, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
	row_equal("more than 64 bits", rd_varint(&r), 0);
	row_equal("more than 64 bits", r.ok, false);
	rd_init(&r, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
	row_equal("more than ten bytes", rd_varint(&r), 0);
	row_equal("more than ten bytes", r.ok, false);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cap),
	    cmocka_unit_test(test_grow),
	    cmocka_unit_test(test_decimal),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_varint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
