#include "unit.h"

#include "base/clock.h"
#include "base/parse.h"

#define BAD ERR_BAD_FIELD

static void
test_integers(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max;
		enum err want;
		int64_t value;
	} rows[] = {
	    {"0", -9, 9, ERR_OK, 0},
	    {"-9", -9, 9, ERR_OK, -9},
	    {"9", -9, 9, ERR_OK, 9},
	    {"10", -9, 9, BAD, 0},
	    {"-10", -9, 9, BAD, 0},
	    {"007", -9, 9, ERR_OK, 7},
	    {"-0", -9, 9, ERR_OK, 0},
	    {"", -9, 9, BAD, 0},
	    {"-", -9, 9, BAD, 0},
	    {"+1", -9, 9, BAD, 0},
	    {" 1", -9, 9, BAD, 0},
	    {"1 ", -9, 9, BAD, 0},
	    {"1.0", -9, 9, BAD, 0},
	    {"0x1", -9, 9, BAD, 0},
	    {"--1", -9, 9, BAD, 0},
	    {"9223372036854775807", INT64_MIN, INT64_MAX, ERR_OK, INT64_MAX},
	    {"9223372036854775808", INT64_MIN, INT64_MAX, BAD, 0},
	    {"-9223372036854775808", INT64_MIN, INT64_MAX, ERR_OK, INT64_MIN},
	    {"-9223372036854775809", INT64_MIN, INT64_MAX, BAD, 0},
	    {"18446744073709551616", INT64_MIN, INT64_MAX, BAD, 0},
	    {"99999999999999999999999", INT64_MIN, INT64_MAX, BAD, 0},
	};
	int64_t v;
	uint64_t u;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		v = 77;
		row_equal(rows[i].text, parse_i64(rows[i].text, rows[i].min, rows[i].max, &v),
		    rows[i].want);
		row_equal(rows[i].text, v, rows[i].want == ERR_OK ? rows[i].value : 77);
	}
	assert_int_equal(parse_u64("18446744073709551615", UINT64_MAX, &u), ERR_OK);
	assert_true(u == UINT64_MAX);
	assert_int_equal(parse_u64("18446744073709551616", UINT64_MAX, &u), BAD);
	assert_int_equal(parse_u64("8", 7, &u), BAD);
	assert_int_equal(parse_u64("-1", 7, &u), BAD);
	assert_int_equal(parse_u64("", 7, &u), BAD);
}

static void
test_yuan(void **state)
{
	static const struct {
		const char *text;
		enum err want;
		int64_t fen;
	} rows[] = {
	    {"0", ERR_OK, 0}, {"0.00", ERR_OK, 0}, {"-0.00", ERR_OK, 0}, {"12.3", ERR_OK, 1230},
	    {"12.34", ERR_OK, 1234}, {"-12.34", ERR_OK, -1234}, {"007.05", ERR_OK, 705},
	    {"5.80000", ERR_OK, 580}, {"-5.80000", ERR_OK, -580},
	    {"0.29", ERR_OK, 29}, /* 28.999… as a double */
	    {"1.15", ERR_OK, 115}, {"10000000000000.00", ERR_OK, INT64_C(1000000000000000)},
	    {"10000000000000.01", BAD, 0}, {"10000000000001", BAD, 0},
	    {"99999999999999999999999", BAD, 0}, {"5.80100", BAD, 0}, /* less than a fen */
	    {"5.80001", BAD, 0}, {"0.001", BAD, 0}, {"1.000000000", BAD, 0}, {"", BAD, 0},
	    {"-", BAD, 0}, {".5", BAD, 0}, {"5.", BAD, 0}, {"+5", BAD, 0}, {"--5", BAD, 0},
	    {"1,000.00", BAD, 0}, {"1e3", BAD, 0}, {"0x10", BAD, 0}, {" 1", BAD, 0}, {"1 ", BAD, 0},
	    {"1.2.3", BAD, 0}, {"`1.00", BAD, 0}, {"\xef\xbc\x91", BAD, 0}, /* a full-width 1 */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t v = 77;

		row_equal(rows[i].text, parse_yuan(rows[i].text, &v), rows[i].want);
		row_equal(rows[i].text, v, rows[i].want == ERR_OK ? rows[i].fen : 77);
	}
}

static void
test_doubles(void **state)
{
	static const struct {
		const char *text;
		enum err want;
		double value;
	} rows[] = {
	    {"0", ERR_OK, 0},
	    {"-1.5", ERR_OK, -1.5},
	    {"116.4074", ERR_OK, 116.4074},
	    {"1e3", ERR_OK, 1000},
	    {"1E-3", ERR_OK, 0.001},
	    {"1e400", BAD, 0},
	    {"nan", BAD, 0},
	    {"inf", BAD, 0},
	    {"0x10", BAD, 0},
	    {"", BAD, 0},
	    {"-", BAD, 0},
	    {"+1", BAD, 0},
	    {"1,5", BAD, 0},
	    {" 1", BAD, 0},
	    {"1e", BAD, 0},
	    {"1.2.3", BAD, 0},
	};
	double v;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		v = 77;
		row_equal(rows[i].text, parse_double(rows[i].text, &v), rows[i].want);
		row_equal(rows[i].text, v * 1e6,
		    (rows[i].want == ERR_OK ? rows[i].value : 77) * 1e6);
	}
}

static void
test_bools(void **state)
{
	static const char *const on[] = {"on", "true", "yes", "1"};
	static const char *const off[] = {"off", "false", "no", "0"};
	static const char *const bad[] = {"", "ON", "o", "2", "true ", "10"};
	size_t i;
	bool v;

	(void)state;
	for (i = 0; i < ROWS(on); i++) {
		v = false;
		row_equal(on[i], parse_bool(on[i], &v), ERR_OK);
		row_equal(on[i], v, true);
		v = true;
		row_equal(off[i], parse_bool(off[i], &v), ERR_OK);
		row_equal(off[i], v, false);
	}
	for (i = 0; i < ROWS(bad); i++)
		row_equal(bad[i], parse_bool(bad[i], &v), BAD);
}

static void
test_units(void **state)
{
	static const struct {
		const char *text;
		enum err want;
		int64_t value;
	} durations[] =
	    {
	        {"500ms", ERR_OK, 500},
	        {"10s", ERR_OK, 10000},
	        {"15min", ERR_OK, 900000},
	        {"2h", ERR_OK, 7200000},
	        {"7d", ERR_OK, 604800000},
	        {"3", ERR_OK, 3000},
	        {"0", ERR_OK, 0},
	        {"", BAD, 0},
	        {"ms", BAD, 0},
	        {"10 s", BAD, 0},
	        {"10S", BAD, 0},
	        {"10m", BAD, 0},
	        {"-1s", BAD, 0},
	        {"1.5s", BAD, 0},
	        {"9223372036854775807ms", ERR_OK, INT64_MAX},
	        {"9223372036854775807s", BAD, 0},
	        {"106751991168d", BAD, 0},
	    },
	  sizes[] = {
	      {"0", ERR_OK, 0},
	      {"4096", ERR_OK, 4096},
	      {"256KiB", ERR_OK, 262144},
	      {"64MiB", ERR_OK, 67108864},
	      {"1GiB", ERR_OK, 1073741824},
	      {"2TiB", ERR_OK, INT64_C(2199023255552)},
	      {"64MB", BAD, 0},
	      {"64M", BAD, 0},
	      {"64mib", BAD, 0},
	      {"-1", BAD, 0},
	      {"8388607TiB", ERR_OK, INT64_C(9223370937343148032)},
	      {"8388608TiB", BAD, 0},
	  };
	int64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(durations); i++) {
		v = 77;
		row_equal(durations[i].text, parse_duration_ms(durations[i].text, 1000, &v),
		    durations[i].want);
		row_equal(durations[i].text, v,
		    durations[i].want == ERR_OK ? durations[i].value : 77);
	}
	for (i = 0; i < ROWS(sizes); i++) {
		v = 77;
		row_equal(sizes[i].text, parse_size(sizes[i].text, &v), sizes[i].want);
		row_equal(sizes[i].text, v, sizes[i].want == ERR_OK ? sizes[i].value : 77);
	}
}

static void
test_times(void **state)
{
	static const struct {
		const char *text;
		enum err want;
		int64_t us;
		const char *back; /* NULL: as it came */
	} rows[] = {
	    {"1970-01-01T00:00:00Z", ERR_OK, 0, NULL},
	    {"1969-12-31T23:59:59.999Z", ERR_OK, -1000, NULL},
	    {"2026-11-21T08:00:00Z", ERR_OK, INT64_C(1795248000000000), NULL},
	    {"2026-11-21T16:00:00+08:00", ERR_OK, INT64_C(1795248000000000),
	        "2026-11-21T08:00:00Z"},
	    {"2026-11-21T08:00:00-00:00", ERR_OK, INT64_C(1795248000000000),
	        "2026-11-21T08:00:00Z"},
	    {"2026-11-21T07:30:00-00:30", ERR_OK, INT64_C(1795248000000000),
	        "2026-11-21T08:00:00Z"},
	    {"2026-11-21t08:00:00z", ERR_OK, INT64_C(1795248000000000), "2026-11-21T08:00:00Z"},
	    {"2026-11-21T08:00:00.25Z", ERR_OK, INT64_C(1795248000250000),
	        "2026-11-21T08:00:00.250Z"},
	    {"2026-11-21T08:00:00.000001Z", ERR_OK, INT64_C(1795248000000001), NULL},
	    {"2026-11-21T08:00:00.123456789Z", ERR_OK, INT64_C(1795248000123456),
	        "2026-11-21T08:00:00.123456Z"},
	    {"2000-02-29T00:00:00Z", ERR_OK, INT64_C(951782400000000), NULL},
	    {"0001-01-01T00:00:00Z", ERR_OK, INT64_C(-62135596800000000), NULL},
	    {"9999-12-31T23:59:59.999999Z", ERR_OK, INT64_C(253402300799999999), NULL},
	    {"0001-01-01T00:00:00+00:01", BAD, 0, NULL},
	    {"9999-12-31T23:59:59-00:01", BAD, 0, NULL},
	    {"0000-01-01T00:00:00Z", BAD, 0, NULL},
	    {"1900-02-29T00:00:00Z", BAD, 0, NULL},
	    {"2026-02-30T00:00:00Z", BAD, 0, NULL},
	    {"2026-04-31T00:00:00Z", BAD, 0, NULL},
	    {"2026-13-01T00:00:00Z", BAD, 0, NULL},
	    {"2026-00-01T00:00:00Z", BAD, 0, NULL},
	    {"2026-01-00T00:00:00Z", BAD, 0, NULL},
	    {"2026-01-01T24:00:00Z", BAD, 0, NULL},
	    {"2026-01-01T00:60:00Z", BAD, 0, NULL},
	    {"2026-01-01T00:00:60Z", BAD, 0, NULL},
	    {"2026-01-01T00:00:00", BAD, 0, NULL},
	    {"2026-01-01T00:00:00.Z", BAD, 0, NULL},
	    {"2026-01-01T00:00:00.1234567890Z", BAD, 0, NULL},
	    {"2026-01-01T00:00:00+0800", BAD, 0, NULL},
	    {"2026-01-01T00:00:00+24:00", BAD, 0, NULL},
	    {"2026-01-01T00:00:00Zx", BAD, 0, NULL},
	    {"2026-01-01 00:00:00Z", BAD, 0, NULL},
	    {"2026-1-01T00:00:00Z", BAD, 0, NULL},
	    {"26-01-01T00:00:00Z", BAD, 0, NULL},
	    {"2026-01-01", BAD, 0, NULL},
	    {"-026-01-01T00:00:00Z", BAD, 0, NULL},
	    {"", BAD, 0, NULL},
	};
	char text[TIME_TEXT_SIZE];
	int64_t us;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		us = 77;
		row_equal(rows[i].text, parse_time(rows[i].text, &us), rows[i].want);
		row_equal(rows[i].text, us, rows[i].want == ERR_OK ? rows[i].us : 77);
		if (rows[i].want != ERR_OK)
			continue;
		format_time(us, text);
		row_text(rows[i].text, text, rows[i].back != NULL ? rows[i].back : rows[i].text);
	}
}

static void
test_day_text(void **state)
{
	static const struct {
		const char *text;
		enum err want;
		int32_t day;
	} rows[] = {
	    {"1970-01-01", ERR_OK, 0},
	    {"2026-09-01", ERR_OK, 20697},
	    {"0001-01-01", ERR_OK, -719162},
	    {"9999-12-31", ERR_OK, 2932896},
	    {"2026-02-29", ERR_BAD_FIELD, 77},
	    {"2026-9-1", ERR_BAD_FIELD, 77},
	    {"2026-09-01 ", ERR_BAD_FIELD, 77},
	    {"2026-09-01T00:00:00Z", ERR_BAD_FIELD, 77},
	    {"2026-13-01", ERR_BAD_FIELD, 77},
	    {"0000-01-01", ERR_BAD_FIELD, 77},
	    {"", ERR_BAD_FIELD, 77},
	};
	char text[DAY_TEXT_SIZE];
	int32_t day;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		day = 77;
		row_equal(rows[i].text, parse_day(rows[i].text, &day), rows[i].want);
		row_equal(rows[i].text, day, rows[i].day);
		if (rows[i].want != ERR_OK)
			continue;
		format_day(day, text);
		row_text(rows[i].text, text, rows[i].text);
	}
}

/* Every day of 9999 years, one after the other. */
static void
test_days(void **state)
{
	static const int32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int32_t y, m, d, length, days, y2, m2, d2;

	(void)state;
	assert_int_equal(days_from_civil(1970, 1, 1), 0);
	assert_int_equal(days_from_civil(2026, 11, 21), 20778);
	days = days_from_civil(1, 1, 1);
	for (y = 1; y <= 9999; y++) {
		for (m = 1; m <= 12; m++) {
			length = lengths[m - 1];
			if (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
				length = 29;
			for (d = 1; d <= length; d++, days++) {
				civil_from_days(days, &y2, &m2, &d2);
				if (days_from_civil(y, m, d) != days || y2 != y || m2 != m ||
				    d2 != d)
					fail_msg("%04d-%02d-%02d", y, m, d);
			}
		}
	}
}

static void
test_utf8(void **state)
{
	static const struct {
		const char *label;
		const char *bytes;
		bool valid;
	} rows[] = {
	    {"empty", "", true},
	    {"ASCII", "order 1\t\n\x7f", true},
	    {"two bytes", "\xc2\x80\xdf\xbf", true},
	    {"three bytes", "云仓\xe0\xa0\x80\xef\xbf\xbf", true},
	    {"either side of the surrogates", "\xed\x9f\xbf\xee\x80\x80", true},
	    {"four bytes", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true},
	    {"a continuation alone", "\x80", false},
	    {"overlong NUL", "\xc0\x80", false},
	    {"overlong slash", "\xc0\xaf", false},
	    {"overlong in three", "\xe0\x9f\xbf", false},
	    {"overlong in four", "\xf0\x8f\xbf\xbf", false},
	    {"a surrogate", "\xed\xa0\x80", false},
	    {"the last surrogate", "\xed\xbf\xbf", false},
	    {"beyond Unicode", "\xf4\x90\x80\x80", false},
	    {"f5", "\xf5\x80\x80\x80", false},
	    {"ff", "\xff", false},
	    {"cut after one of two", "\xc3", false},
	    {"cut after two of three", "\xe4\xba", false},
	    {"cut after three of four", "\xf0\x90\x80", false},
	    {"ASCII in place of a continuation",
	        "\xe4\xba"
	        "A",
	        false},
	    {"a lead in place of a continuation", "\xe4\xe4\xba\x91", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++)
		row_equal(rows[i].label, utf8_valid(rows[i].bytes, strlen(rows[i].bytes)),
		    rows[i].valid);
	row_equal("NUL", utf8_valid("a\0b", 3), false);
}

static void
test_ref(void **state)
{
	static const struct {
		const char *ref;
		bool valid;
	} rows[] = {{"", false}, {"a", true}, {"web-1:x", true}, {"12345678", true},
	    {"123456789", false}, {"a b", false}, {" a", false}, {"a\t", false}, {"a\n", false},
	    {"a\x7f", false}, {"\x1f", false}, {"订单", true}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		row_equal(rows[i].ref, ref_valid(rows[i].ref, 8), rows[i].valid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_integers),
	    cmocka_unit_test(test_yuan),
	    cmocka_unit_test(test_doubles),
	    cmocka_unit_test(test_bools),
	    cmocka_unit_test(test_units),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_day_text),
	    cmocka_unit_test(test_days),
	    cmocka_unit_test(test_utf8),
	    cmocka_unit_test(test_ref),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
