/* Rows as RFC 4180 has them, and what is refused, with its line. */
#include "base/csv.h"
#include "unit.h"

static struct csv c;

static FILE *
file_of(const char *text, size_t len)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	rewind(f);
	return f;
}

static const struct {
	const char *label, *text;
	const char *want; /* fields with | between, rows with ; behind */
} good[] = {
    {"plain", "a,b\n1,2\n", "a|b;1|2;"},
    {"no last line end", "a,b\n1,2", "a|b;1|2;"},
    {"CR LF", "a,b\r\n1,2\r\n", "a|b;1|2;"},
    {"byte order mark",
        "\xef\xbb\xbf"
        "a,b\n",
        "a|b;"},
    {"quoted", "\"a\",\"b,c\"\n\"say \"\"x\"\"\",\"\"\n", "a|b,c;say \"x\"|;"},
    {"empty fields", ",\n,,\n", "|;||;"},
    {"empty lines", "\n\na\n\r\n\nb\n\n", "a;b;"},
    {"one field", "a\n", "a;"},
    {"UTF-8", "店,件\n", "店|件;"},
    {"blanks stay", " a , b \n", " a | b ;"},
    {"nothing", "", ""},
};

static void
test_good(void **state)
{
	char got[200];
	struct reason r;
	bool end;

	(void)state;
	for (size_t i = 0; i < ROWS(good); i++) {
		FILE *f = file_of(good[i].text, strlen(good[i].text));
		size_t len = 0;

		csv_init(&c, f);
		for (;;) {
			row_equal(good[i].label, csv_read(&c, &end, &r), ERR_OK);
			if (end)
				break;
			for (int n = 0; n < c.field_count; n++)
				len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s",
				    n > 0 ? "|" : "", c.field[n]);
			len += (size_t)snprintf(got + len, sizeof(got) - len, ";");
		}
		got[len] = '\0';
		row_text(good[i].label, got, good[i].want);
		fclose(f);
	}
}

static const struct {
	const char *label, *text;
	size_t len;
	enum err want;
} bad[] = {
    {"quote within", "a\nb\"c\n", 6, ERR_BAD_BODY},
    {"no closing quote", "a\n\"b\n", 5, ERR_BAD_BODY},
    {"text behind the quote", "a\n\"b\"c\n", 7, ERR_BAD_BODY},
    {"a lonely quote", "a\n\"\n", 4, ERR_BAD_BODY},
    {"three quotes", "a\n\"\"\"\n", 6, ERR_BAD_BODY},
    {"NUL", "a\nb\0c\n", 6, ERR_BAD_BODY},
    {"not UTF-8", "a\n\xff\n", 4, ERR_BAD_BODY},
};

/* Told with its line, and the next row is read all the same. */
static void
test_bad(void **state)
{
	struct reason r;
	char text[100];
	bool end;

	(void)state;
	for (size_t i = 0; i < ROWS(bad); i++) {
		FILE *f;

		memcpy(text, bad[i].text, bad[i].len);
		memcpy(text + bad[i].len, "next\n", 5);
		f = file_of(text, bad[i].len + 5);
		csv_init(&c, f);
		row_equal(bad[i].label, csv_read(&c, &end, &r), ERR_OK);
		row_equal(bad[i].label, csv_read(&c, &end, &r), bad[i].want);
		row_equal(bad[i].label, c.line, 2);
		row_equal(bad[i].label, r.text[0] != '\0', true);
		row_equal(bad[i].label, csv_read(&c, &end, &r), ERR_OK);
		row_text(bad[i].label, c.field[0], "next");
		fclose(f);
	}
}

static void
test_limits(void **state)
{
	static char text[2 * CSV_LINE_BYTES_MAX];
	struct reason r;
	FILE *f;
	bool end;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[CSV_LINE_BYTES_MAX] = '\n';
	f = file_of(text, CSV_LINE_BYTES_MAX + 1);
	csv_init(&c, f);
	assert_int_equal(csv_read(&c, &end, &r), ERR_OK);
	row_equal("longest", strlen(c.field[0]), CSV_LINE_BYTES_MAX);
	fclose(f);
	text[CSV_LINE_BYTES_MAX] = 'x';
	memcpy(text + CSV_LINE_BYTES_MAX + 1, "\na\n", 3);
	f = file_of(text, CSV_LINE_BYTES_MAX + 4);
	csv_init(&c, f);
	row_equal("longer", csv_read(&c, &end, &r), ERR_TOO_LARGE);
	row_equal("longer", csv_read(&c, &end, &r), ERR_OK);
	row_text("the next", c.field[0], "a");
	fclose(f);
	memset(text, ',', CSV_FIELDS_MAX);
	f = file_of(text, CSV_FIELDS_MAX);
	csv_init(&c, f);
	row_equal("fields", csv_read(&c, &end, &r), ERR_TOO_LARGE);
	fclose(f);
}

static void
test_header(void **state)
{
	static const char *const names[] = {"sku", "count", "safety"};
	struct reason r;
	int column[3];
	FILE *f;
	bool end;

	(void)state;
	f = file_of("count,sku\nsku,price\nsku,sku\n", 29);
	csv_init(&c, f);
	assert_int_equal(csv_read(&c, &end, &r), ERR_OK);
	row_equal("header", csv_header(&c, names, 3, column, &r), ERR_OK);
	row_equal("sku", column[0], 1);
	row_equal("count", column[1], 0);
	row_equal("safety", column[2], -1);
	assert_int_equal(csv_read(&c, &end, &r), ERR_OK);
	row_equal("unknown", csv_header(&c, names, 3, column, &r), ERR_BAD_BODY);
	row_text("unknown", r.text, "there is no column \"price\"");
	assert_int_equal(csv_read(&c, &end, &r), ERR_OK);
	row_equal("twice", csv_header(&c, names, 3, column, &r), ERR_BAD_BODY);
	fclose(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
