/* Columns by name, words, and what a line of each kind does to the collector's money. */
#include <inttypes.h>

#include "base/parse.h"
#include "domain/bill.h"
#include "unit.h"

#define FIELDS 10

static const struct bill_column columns[] = {
    {"time", BILL_TIME, false, true},
    {"merchant", BILL_MERCHANT, false, false},
    {"sub", BILL_SUB_MERCHANT, false, false},
    {"payment", BILL_TRANSACTION, false, true},
    {"id", BILL_LINE, false, false},
    {"number", BILL_NUMBER, false, true},
    {"Number", BILL_NUMBER, false, true}, /* the same, spelt otherwise */
    {"to", BILL_RECEIVER, false, false},
    {"word", BILL_TYPE, false, true},
    {"amount", BILL_AMOUNT, false, true},
    {"back", BILL_REFUND, false, false},
    {"fee", BILL_FEE, false, false},
    {"way", BILL_DIRECTION, false, false},
    {"money", BILL_CURRENCY, false, false},
    {"text", BILL_IGNORED, false, false},
    {"lines", BILL_ROWS, true, true},
    {"sum", BILL_AMOUNT, true, true},
    {"back", BILL_REFUND, true, false},
    {"in", BILL_IN, true, false},
    {"out", BILL_OUT, true, false},
    {"ins", BILL_IN_ROWS, true, false},
};
static const struct bill_word words[] = {{"paid", CLASS_PAYMENT}, {"refund", CLASS_REFUND},
    {"split", CLASS_SPLIT}, {"return", CLASS_RETURN}, {"fee", CLASS_FEE}, {"none", CLASS_IGNORED},
    {"cash", CLASS_WITHDRAWAL}};

static struct strmap merchants;
static struct bill_map map = {.merchants = &merchants,
    .merchant = "1000",
    .column_count = ROWS(columns),
    .word_count = ROWS(words),
    .columns = columns,
    .words = words};

static int
setup(void **state)
{
	(void)state;
	map.day = days_from_civil(2026, 9, 1);
	map.kind = BILL_KIND_TRADE;
	assert_int_equal(strmap_init(&merchants, 2), ERR_OK);
	assert_int_equal(strmap_put(&merchants, "1000", 7, NULL), ERR_OK);
	return strmap_put(&merchants, "2001", 8, NULL);
}

static int
teardown(void **state)
{
	(void)state;
	strmap_release(&merchants);
	return 0;
}

/* Cuts ${text} at its bars. */
static int
cut(const char *text, char *copy, size_t size, char **fields)
{
	int count = 0;

	(void)snprintf(copy, size, "%s", text);
	for (char *at = copy; at != NULL; count++) {
		fields[count] = at;
		at = strchr(at, '|');
		if (at != NULL)
			*at++ = '\0';
	}
	return count;
}

static void
test_header(void **state)
{
	static const struct {
		const char *label, *text;
		bool summary;
		enum err want;
		const char *said;
	} rows[] = {
	    {"least", "time|payment|number|word|amount", false, ERR_OK, ""},
	    {"any order, ticked", "`amount|`word|`text|`number|`payment|`time", false, ERR_OK, ""},
	    {"either spelling", "time|payment|Number|word|amount", false, ERR_OK, ""},
	    {"both spellings", "time|payment|number|Number|word|amount", false, ERR_BAD_BODY,
	        "the columns \"number\" and \"Number\" are the same"},
	    {"unknown", "time|payment|number|word|amount|new", false, ERR_BAD_BODY,
	        "there is no column \"new\""},
	    {"of the summary", "time|payment|number|word|amount|lines", false, ERR_BAD_BODY,
	        "there is no column \"lines\""},
	    {"case counts", "Time|payment|number|word|amount", false, ERR_BAD_BODY,
	        "there is no column \"Time\""},
	    {"twice", "time|text|payment|number|word|amount|text", false, ERR_BAD_BODY,
	        "the column \"text\" stands twice"},
	    {"missing", "time|payment|number|amount", false, ERR_BAD_BODY,
	        "the column \"word\" is missing"},
	    {"summary", "lines|sum", true, ERR_OK, ""},
	    {"summary without its sum", "lines", true, ERR_BAD_BODY,
	        "the column \"sum\" is missing"},
	};
	struct bill_layout l;
	char copy[200], *fields[20];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct reason r = {0};
		int count = cut(rows[i].text, copy, sizeof(copy), fields);

		row_equal(rows[i].label, bill_header(&map, rows[i].summary, fields, count, &l, &r),
		    rows[i].want);
		row_text(rows[i].label, r.text, rows[i].said);
	}
	row_equal("lines begin a summary", bill_is_header(&map, true, "`lines"), true);
	row_equal("time does not", bill_is_header(&map, true, "time"), false);
}

#define HEAD "time|merchant|sub|payment|id|number|to|word|amount|back|fee|money"
#define FUND "time|payment|id|number|word|amount|way"
#define AT "2026-09-01 10:00:00|"

static enum err
read_line(const char *head, const char *text, struct bill_line *out, struct reason *r)
{
	static char copy[600];
	char heads[200], *fields[20];
	struct bill_total total = {0};
	struct bill_layout l;
	int count = cut(head, heads, sizeof(heads), fields);

	*r = (struct reason){0};
	assert_int_equal(bill_header(&map, false, fields, count, &l, r), ERR_OK);
	count = cut(text, copy, sizeof(copy), fields);
	return bill_line(&map, &l, fields, count, out, &total, r);
}

static void
test_lines(void **state)
{
	static const struct {
		const char *label, *head, *text;
		enum bill_class class;
		const char *ref;
		int64_t gross_fen, fee_fen;
		int32_t collector;
	} rows[] = {
	    {"payment", HEAD, AT "1000|0|P1||0||paid|10.00|0.00|0.06000|CNY", CLASS_PAYMENT, "P1",
	        1000, -6, 7},
	    {"ticked", HEAD, "`" AT "`1000|`0|`P1|`|`0|`|`paid|`10.00|`0.00|`0.06000|`CNY",
	        CLASS_PAYMENT, "P1", 1000, -6, 7},
	    {"refund, its fee given back", HEAD, AT "1000|0|P1|R9|B1||refund|0.00|10.00|-0.06|",
	        CLASS_REFUND, "B1", -1000, 6, 7},
	    {"split", HEAD, AT "1000||P1|d1|S1|2001|split|5.01|||", CLASS_SPLIT, "S1:2001", -501, 0,
	        7},
	    {"released: to the payer", HEAD, AT "1000||P1|d2|S1|1000|split|90|||", CLASS_RELEASE,
	        "S1", 9000, 0, 7},
	    {"released by the provider", HEAD, AT "1000||P1|d3|0|1000|split|90|||", CLASS_RELEASE,
	        "P1", 9000, 0, 7},
	    {"return", HEAD, AT "1000||P1|d4|T1|2001|return|5.01|||", CLASS_RETURN, "T1", 501, 0,
	        7},
	    {"a sub-merchant's", HEAD, AT "1000|2001|P2||0||paid|1|||", CLASS_PAYMENT, "P2", 100, 0,
	        8},
	    {"a stranger's", HEAD, AT "1000|3|P2||0||paid|1|||", CLASS_PAYMENT, "P2", 100, 0, 0},
	    {"money in", FUND, AT "P1|f1|o1|paid|10.00|收入", CLASS_PAYMENT, "P1", 1000, 0, 7},
	    {"fee out", FUND, AT "P1|f2|o1|fee|0.06|支出", CLASS_FEE, "P1", -6, 0, 7},
	    {"all receivers of a split", FUND, AT "x|f3|S1|split|7|支出", CLASS_SPLIT, "S1", -700,
	        0, 7},
	    {"what others split to him", FUND, AT "x|f4|S2|split|7|收入", CLASS_IGNORED, "S2", 700,
	        0, 7},
	    {"a withdrawal has no number", FUND, AT "|f5||cash|7|支出", CLASS_WITHDRAWAL, "f5",
	        -700, 0, 7},
	};
	struct bill_line line;
	struct reason r;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		row_equal(rows[i].label, read_line(rows[i].head, rows[i].text, &line, &r), ERR_OK);
		row_equal(rows[i].label, line.class, rows[i].class);
		row_text(rows[i].label, line.ref, rows[i].ref);
		row_equal(rows[i].label, line.gross_fen, rows[i].gross_fen);
		row_equal(rows[i].label, line.fee_fen, rows[i].fee_fen);
		row_equal(rows[i].label, line.collector, rows[i].collector);
	}
	row_equal("ignored", read_line(HEAD, "||||||| none||||", &line, &r), ERR_BAD_BODY);
	row_equal("ignored", read_line(HEAD, "|1000||||||none|1|||", &line, &r), ERR_OK);
	row_equal("ignored", line.class, CLASS_IGNORED);
	row_equal("ignored", line.gross_fen, 0);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *head, *text, *said;
	} rows[] = {
	    {HEAD, AT "1000|0|P1", "4 fields, not 12"},
	    {HEAD, "noon|1000|0|P1||0||paid|1|0|0|",
	        "time: \"noon\" is not a time like 2026-09-01 10:00:00"},
	    {HEAD, "2026-08-31 23:59:59|1000|0|P1||0||paid|1|0|0|",
	        "time: \"2026-08-31 23:59:59\" lies on another day"},
	    {HEAD, "2026-09-02 00:00:00|1000|0|P1||0||paid|1|0|0|",
	        "time: \"2026-09-02 00:00:00\" lies on another day"},
	    {HEAD, AT "1000|0|P1||0||PAID|1|0|0|", "type: \"PAID\" is no word that is known"},
	    {HEAD, AT "1000|0|0||0||paid|1|0|0|", "transaction: \"0\" must be set"},
	    {HEAD, AT "1000|0|P1||||refund|0|1|0|", "number: \"\" must be set"},
	    {HEAD, AT "1000|0|P1||0||paid||0|0|", "amount: \"\" must be set"},
	    {HEAD, AT "1000|0|P1||0||paid|1.005|0|0|", "amount: \"1.005\" is not yuan to the fen"},
	    {HEAD, AT "1000|0|P1||0||paid|1|x|0|", "refund: \"x\" is not yuan to the fen"},
	    {HEAD, AT "1000|0|P1||0||paid|1|0|0.00001|", "fee: \"0.00001\" is not yuan to the fen"},
	    {HEAD, AT "1000|0|P1||0||cash|1|0|0|", "line: \"\" must be set"},
	    {HEAD, AT "1000|0|P1|l1|0||cash|1|0|0|",
	        "type: \"cash\" does not say which way the money went"},
	    {HEAD, AT "1000|0|P1||0||paid|1|0|0|USD", "currency: \"USD\" is not CNY"},
	    {FUND, AT "P1|f1|o1|paid|10|both", "direction: \"both\" is neither in nor out"},
	    {FUND, AT "P1|f1|o1|paid|-10|收入", "amount: \"-10\" is below zero"},
	};
	struct bill_line line;
	struct reason r;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		row_equal(rows[i].text, read_line(rows[i].head, rows[i].text, &line, &r),
		    ERR_BAD_BODY);
		row_text(rows[i].text, r.text, rows[i].said);
	}
}

/* The same line has the same id, whatever stands around it; another one another. */
static void
test_ids(void **state)
{
	struct bill_line one, two;
	struct reason r;

	(void)state;
	assert_int_equal(read_line(HEAD, AT "1000|0|P1||0||paid|1|0|0|", &one, &r), ERR_OK);
	assert_int_equal(read_line(HEAD, "2026-09-01 11:00:00|1000||P1||||paid|2|0|0|", &two, &r),
	    ERR_OK);
	row_equal("same", uuid_equal(&one.id, &two.id), true);
	assert_int_equal(read_line(HEAD, AT "1000|0|P2||0||paid|1|0|0|", &two, &r), ERR_OK);
	row_equal("another payment", uuid_equal(&one.id, &two.id), false);
	assert_int_equal(read_line(HEAD, AT "2001|0|P1||0||paid|1|0|0|", &two, &r), ERR_OK);
	row_equal("another merchant", uuid_equal(&one.id, &two.id), false);
	map.kind = BILL_KIND_FUND;
	assert_int_equal(read_line(HEAD, AT "1000|0|P1||0||paid|1|0|0|", &two, &r), ERR_OK);
	row_equal("another kind", uuid_equal(&one.id, &two.id), false);
	map.kind = BILL_KIND_TRADE;
}

static void
test_summary(void **state)
{
	static const struct bill_total total = {.rows = 3,
	    .amount_fen = 1000,
	    .refund_fen = 50,
	    .in_rows = 2,
	    .in_fen = 70,
	    .out_fen = 9};
	static const struct {
		const char *head, *text, *said;
	} rows[] = {
	    {"lines|sum", "3|10.00", ""},
	    {"lines|sum", "`3|`10", ""},
	    {"lines|sum|back|in|out|ins", "3|10|0.50|0.70|0.09|2", ""},
	    {"lines|sum", "2|10.00", "the summary's \"rows\" is 2, there are 3"},
	    {"lines|sum", "3|10.01",
	        "the summary's \"amount\" is 1001 fen, its lines add up to 1000"},
	    {"lines|sum|back", "3|10|0",
	        "the summary's \"refund\" is 0 fen, its lines add up to 50"},
	    {"lines|sum|in", "3|10|0.71", "the summary's \"in\" is 71 fen, its lines add up to 70"},
	    {"lines|sum|out", "3|10|9", "the summary's \"out\" is 900 fen, its lines add up to 9"},
	    {"lines|sum|ins", "3|10|3", "the summary's \"in_rows\" is 3, there are 2"},
	    {"lines|sum", "x|10", "rows: \"x\" is not a number"},
	    {"lines|sum", "3|x", "amount: \"x\" is not yuan to the fen"},
	    {"lines|sum", "3", "1 fields, not 2"},
	};
	char heads[100], copy[100], *fields[FIELDS];
	struct bill_layout l;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct reason r = {0};
		int count = cut(rows[i].head, heads, sizeof(heads), fields);

		assert_int_equal(bill_header(&map, true, fields, count, &l, &r), ERR_OK);
		count = cut(rows[i].text, copy, sizeof(copy), fields);
		row_equal(rows[i].text, bill_summary(&map, &l, fields, count, &total, &r),
		    rows[i].said[0] == '\0' ? ERR_OK : ERR_BAD_BODY);
		row_text(rows[i].text, r.text, rows[i].said);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_header),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_summary),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
