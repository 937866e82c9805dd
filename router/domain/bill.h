#ifndef ROUTER_DOMAIN_BILL_H
#define ROUTER_DOMAIN_BILL_H

/*
 * bill: lines of a payment provider's bill: which column is what, which word means what, and what a line does to
 * the collector's money.  Columns and words are data (tables bill_column and bill_word): what they do not know is
 * refused, never guessed.  Amounts are yuan as text, to the fen; a backtick before a value, in front or behind quotes,
 * is the provider's and is taken off.
 *
 * Source: research on WeChat Pay v3's bills, section "Bills"; design "Finance's work".
 */
#include "base/err.h"
#include "base/strmap.h"
#include "base/uuid.h"

enum bill_kind { BILL_KIND_TRADE = 1, BILL_KIND_SPLIT, BILL_KIND_FUND };
enum bill_kind bill_kind_parse(const char *word); /* "trade", "split", "fund"; 0: none of them */
const char *bill_kind_word(enum bill_kind k);

/* Words of bill_column.field. */
/* clang-format off */
#define BILL_FIELD_TABLE(X) \
	X(IGNORED, "ignored") X(TIME, "time") X(LINE, "line") X(TRANSACTION, "transaction") X(ORDER, "order") \
	X(NUMBER, "number") X(RECEIVER, "receiver") X(AMOUNT, "amount") X(REFUND, "refund") X(FEE, "fee") \
	X(TYPE, "type") X(DIRECTION, "direction") X(CURRENCY, "currency") \
	X(MERCHANT, "merchant") X(SUB_MERCHANT, "sub_merchant") \
	X(ROWS, "rows") X(IN_ROWS, "in_rows") X(OUT_ROWS, "out_rows") X(IN, "in") X(OUT, "out")
/* Words of bill_word.class. */
#define BILL_CLASS_TABLE(X) \
	X(IGNORED, "ignored") X(PAYMENT, "payment") X(REFUND, "refund") X(SPLIT, "split") X(RETURN, "return") \
	X(RELEASE, "release") X(FEE, "fee") X(REBATE, "rebate") X(WITHDRAWAL, "withdrawal") X(OTHER, "other")
/* clang-format on */
enum bill_field {
#define X(name, word) BILL_##name,
	BILL_FIELD_TABLE(X)
#undef X
	    BILL_FIELD_COUNT
};
enum bill_class {
#define X(name, word) CLASS_##name,
	BILL_CLASS_TABLE(X)
#undef X
	    BILL_CLASS_COUNT
};
/* The number of a word; BILL_FIELD_COUNT and BILL_CLASS_COUNT: it is none. */
enum bill_field bill_field_parse(const char *word);
enum bill_class bill_class_parse(const char *word);
const char *bill_class_word(enum bill_class c);

struct bill_column {
	const char *name;
	enum bill_field field;
	bool summary, needed;
};
struct bill_word {
	const char *word;
	enum bill_class class;
};
struct bill_map {
	enum bill_kind kind;
	/* numbers with their party ids: lines of others are passed over */
	const struct strmap *merchants;
	/* whose lines they are where the bill has no column of it */
	const char *merchant;
	int32_t day; /* days since 1970, in China: every line lies in it */
	int column_count, word_count;
	const struct bill_column *columns;
	const struct bill_word *words;
};

/* Where a section's fields stand in its rows; -1: nowhere. */
struct bill_layout {
	int field_count; /* of its header */
	int at[BILL_FIELD_COUNT];
};

/* ${text} without the backtick in front. */
const char *bill_text(const char *text);
/* Whether the row is the header of that section: it begins with a name of one of its columns. */
bool bill_is_header(const struct bill_map *m, bool summary, const char *first);
/**
 * bill_header(m, summary, fields, count, out, r):
 * BAD_BODY: a name that is no column, one twice, two for one field, a needed one missing (of names for the same
 *     field one is enough).
 */
enum err bill_header(const struct bill_map *m, bool summary, char *const *fields, int count,
    struct bill_layout *out, struct reason *r) MUST_CHECK;

#define BILL_REF_SIZE 200
struct bill_line {
	int64_t number;    /* in the file, from 1; set by the reader */
	int32_t collector; /* party id; 0: a merchant that is not known */
	enum bill_class class;
	struct uuid id; /* of what the provider calls it, by kind of bill */
	char ref[BILL_REF_SIZE];
	const char *transaction;
	int64_t at_us;
	int64_t gross_fen, fee_fen; /* signed: what comes in is positive */
};
/* Of all lines, as the summary counts them: without signs as printed. */
struct bill_total {
	int64_t rows, in_rows, out_rows;
	int64_t amount_fen, refund_fen, fee_fen, in_fen, out_fen;
};

/**
 * bill_line(m, l, fields, count, out, total, r):
 * Reads one line; adds it to ${total}.  Texts of ${out} live as long as ${fields}.
 *
 * BAD_BODY: ${r} names the column, and what is wrong with it.  OVERFLOW.
 */
enum err bill_line(const struct bill_map *m, const struct bill_layout *l, char *const *fields,
    int count, struct bill_line *out, struct bill_total *total, struct reason *r) MUST_CHECK;
/* BAD_BODY: the summary does not say what the lines add up to. */
enum err bill_summary(const struct bill_map *m, const struct bill_layout *l, char *const *fields,
    int count, const struct bill_total *total, struct reason *r) MUST_CHECK;

#endif
