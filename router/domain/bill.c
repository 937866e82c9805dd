#include "domain/bill.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/money.h"
#include "base/parse.h"

#define KEY_SIZE 600

static const char *const field_words[] = {
#define X(name, word) word,
    BILL_FIELD_TABLE(X)
#undef X
};
static const char *const class_words[] = {
#define X(name, word) word,
    BILL_CLASS_TABLE(X)
#undef X
};

static const char *const kind_words[] = {"", "trade", "split", "fund"};

enum bill_kind
bill_kind_parse(const char *word)
{
	for (int k = BILL_KIND_TRADE; k <= BILL_KIND_FUND; k++)
		if (strcmp(kind_words[k], word) == 0)
			return (enum bill_kind)k;
	return 0;
}

const char *
bill_kind_word(enum bill_kind k)
{
	return kind_words[k];
}

enum bill_field
bill_field_parse(const char *word)
{
	int f = 0;

	while (f < BILL_FIELD_COUNT && strcmp(field_words[f], word) != 0)
		f++;
	return (enum bill_field)f;
}

enum bill_class
bill_class_parse(const char *word)
{
	int c = 0;

	while (c < BILL_CLASS_COUNT && strcmp(class_words[c], word) != 0)
		c++;
	return (enum bill_class)c;
}

const char *
bill_class_word(enum bill_class c)
{
	return class_words[c];
}

const char *
bill_text(const char *text)
{
	return text[0] == '`' ? text + 1 : text;
}

/* ---- Headers ----------------------------------------------------------------------------------- */

static const struct bill_column *
find_column(const struct bill_map *m, bool summary, const char *name)
{
	for (int i = 0; i < m->column_count; i++)
		if (m->columns[i].summary == summary && strcmp(m->columns[i].name, name) == 0)
			return &m->columns[i];
	return NULL;
}

bool
bill_is_header(const struct bill_map *m, bool summary, const char *first)
{
	return find_column(m, summary, bill_text(first)) != NULL;
}

static enum err
check_needed(const struct bill_map *m, bool summary, const struct bill_layout *l, struct reason *r)
{
	for (int i = 0; i < m->column_count; i++)
		if (m->columns[i].summary == summary && m->columns[i].needed &&
		    l->at[m->columns[i].field] < 0)
			return reason_set(r, ERR_BAD_BODY, NULL, "the column \"%s\" is missing",
			    m->columns[i].name);
	return ERR_OK;
}

enum err
bill_header(const struct bill_map *m, bool summary, char *const *fields, int count,
    struct bill_layout *out, struct reason *r)
{
	const struct bill_column *c;
	const char *name;

	out->field_count = count;
	for (int f = 0; f < BILL_FIELD_COUNT; f++)
		out->at[f] = -1;
	for (int i = 0; i < count; i++) {
		name = bill_text(fields[i]);
		c = find_column(m, summary, name);
		if (c == NULL)
			return reason_set(r, ERR_BAD_BODY, NULL, "there is no column \"%s\"", name);
		for (int n = 0; n < i; n++)
			if (strcmp(bill_text(fields[n]), name) == 0)
				return reason_set(r, ERR_BAD_BODY, NULL,
				    "the column \"%s\" stands twice", name);
		if (c->field == BILL_IGNORED)
			continue;
		if (out->at[c->field] >= 0)
			return reason_set(r, ERR_BAD_BODY, NULL,
			    "the columns \"%s\" and \"%s\" are the same",
			    bill_text(fields[out->at[c->field]]), name);
		out->at[c->field] = i;
	}
	return check_needed(m, summary, out, r);
}

/* ---- Cells ------------------------------------------------------------------------------------- */

struct reading {
	const struct bill_map *map;
	const struct bill_layout *layout;
	char *const *fields;
	struct reason *r;
};

static const char *
cell(const struct reading *x, enum bill_field f)
{
	return x->layout->at[f] < 0 ? "" : bill_text(x->fields[x->layout->at[f]]);
}

/* A number; where there is none bills have "0". */
static const char *
number_cell(const struct reading *x, enum bill_field f)
{
	const char *text = cell(x, f);

	return strcmp(text, "0") == 0 ? "" : text;
}

static enum err
bad(const struct reading *x, enum bill_field f, const char *what)
{
	return reason_set(x->r, ERR_BAD_BODY, NULL, "%s: \"%.60s\" %s", field_words[f], cell(x, f),
	    what);
}

/* Without the column, or with nothing in it: 0. */
static enum err
yuan(const struct reading *x, enum bill_field f, int64_t *out)
{
	*out = 0;
	if (cell(x, f)[0] != '\0' && parse_yuan(cell(x, f), out) != ERR_OK)
		return bad(x, f, "is not yuan to the fen");
	return ERR_OK;
}

/* "2026-09-01 10:00:00", as in China, or RFC 3339. */
static enum err
moment(const struct reading *x, int64_t *out)
{
	const char *text = cell(x, BILL_TIME);
	char full[TIME_TEXT_SIZE];

	(void)snprintf(full, sizeof(full), "%.30s", text);
	if (strlen(text) == 19 && text[10] == ' ') {
		(void)snprintf(full, sizeof(full), "%s+08:00", text);
		full[10] = 'T';
	}
	if (parse_time(full, out) != ERR_OK)
		return bad(x, BILL_TIME, "is not a time like 2026-09-01 10:00:00");
	if (day_in_china(*out) != x->map->day)
		return bad(x, BILL_TIME, "lies on another day");
	return ERR_OK;
}

/* What the payer "splits" to himself is released. */
static enum err
class_of(const struct reading *x, enum bill_class *out)
{
	const char *word = cell(x, BILL_TYPE), *payer = cell(x, BILL_MERCHANT);

	for (int i = 0; i < x->map->word_count; i++) {
		if (strcmp(x->map->words[i].word, word) != 0)
			continue;
		*out = x->map->words[i].class;
		if (*out == CLASS_SPLIT && payer[0] != '\0' &&
		    strcmp(cell(x, BILL_RECEIVER), payer) == 0)
			*out = CLASS_RELEASE;
		return ERR_OK;
	}
	return bad(x, BILL_TYPE, "is no word that is known");
}

/* ---- What a line is ---------------------------------------------------------------------------- */

static enum err
set_ref(const struct reading *x, struct bill_line *out)
{
	const char *number = number_cell(x, BILL_NUMBER), *receiver = "";
	enum bill_field f = BILL_NUMBER;
	int len;

	/* A release by the provider himself, when he may keep it no longer, has no number of ours. */
	if (out->class == CLASS_PAYMENT || out->class == CLASS_FEE ||
	    (out->class == CLASS_RELEASE && number[0] == '\0')) {
		f = BILL_TRANSACTION;
		number = number_cell(x, f);
	} else if (out->class == CLASS_SPLIT) {
		receiver = cell(x, BILL_RECEIVER);
	}
	if (number[0] == '\0' && (out->class == CLASS_WITHDRAWAL || out->class == CLASS_OTHER))
		number = cell(x, f = BILL_LINE);
	if (number[0] == '\0')
		return bad(x, f, "must be set");
	len = snprintf(out->ref, sizeof(out->ref), "%s%s%s", number, receiver[0] != '\0' ? ":" : "",
	    receiver);
	return len < BILL_REF_SIZE ? ERR_OK : bad(x, f, "is too long");
}

static const char *
merchant_of(const struct reading *x)
{
	const char *sub = number_cell(x, BILL_SUB_MERCHANT);

	if (sub[0] != '\0')
		return sub;
	return x->layout->at[BILL_MERCHANT] < 0 ? x->map->merchant : cell(x, BILL_MERCHANT);
}

/* The provider's own number of the line if it has one, else all that names it. */
static enum err
set_id(const struct reading *x, struct bill_line *out)
{
	uint8_t hash[DIGEST_SIZE];
	char key[KEY_SIZE];
	const char *merchant = merchant_of(x);
	int len;

	if (number_cell(x, BILL_LINE)[0] != '\0')
		len = snprintf(key, sizeof(key), "%d %d %s %s", (int)x->map->kind, (int)out->class,
		    merchant, number_cell(x, BILL_LINE));
	else
		len = snprintf(key, sizeof(key), "%d %d %s %s %s %s", (int)x->map->kind,
		    (int)out->class, merchant, number_cell(x, BILL_TRANSACTION),
		    number_cell(x, BILL_NUMBER), cell(x, BILL_RECEIVER));
	if (len >= KEY_SIZE)
		return bad(x, BILL_LINE, "is too long");
	digest_sha256(key, (size_t)len, hash);
	memcpy(out->id.b, hash, sizeof(out->id.b));
	/* RFC 9562: version 8, our own making */
	out->id.b[6] = (uint8_t)((out->id.b[6] & 0x0f) | 0x80);
	out->id.b[8] = (uint8_t)((out->id.b[8] & 0x3f) | 0x80);
	return ERR_OK;
}

static bool
add(int64_t *sum, int64_t fen)
{
	return fen_add(*sum, fen, sum);
}

/* A fund bill says which way its money went, the others what it was for. */
static enum err
fund_amount(const struct reading *x, int64_t amount_fen, struct bill_line *out,
    struct bill_total *total)
{
	const char *way = cell(x, BILL_DIRECTION);
	bool in = strcmp(way, "收入") == 0;

	if (amount_fen < 0)
		return bad(x, BILL_AMOUNT, "is below zero");
	if (!in && strcmp(way, "支出") != 0)
		return bad(x, BILL_DIRECTION, "is neither in nor out");
	out->gross_fen = in ? amount_fen : -amount_fen;
	out->fee_fen = 0;
	/* Of whom others split to: what came is his own, and none of our business. */
	if ((out->class == CLASS_SPLIT && in) || (out->class == CLASS_RETURN && !in))
		out->class = CLASS_IGNORED;
	if (in)
		total->in_rows++;
	else
		total->out_rows++;
	return add(in ? &total->in_fen : &total->out_fen, amount_fen) ? ERR_OK : ERR_OVERFLOW;
}

static enum err
amounts(const struct reading *x, struct bill_line *out, struct bill_total *total)
{
	int64_t amount_fen, refund_fen, fee_fen;
	enum err e;

	if (cell(x, BILL_AMOUNT)[0] == '\0')
		return bad(x, BILL_AMOUNT, "must be set");
	e = yuan(x, BILL_AMOUNT, &amount_fen);
	if (e == ERR_OK)
		e = yuan(x, BILL_REFUND, &refund_fen);
	if (e == ERR_OK)
		e = yuan(x, BILL_FEE, &fee_fen);
	if (e != ERR_OK)
		return e;
	/* What was given back is summed apart, also where it has no column of its own. */
	if (!add(out->class == CLASS_RETURN ? &total->refund_fen : &total->amount_fen,
	        amount_fen) ||
	    !add(&total->refund_fen, refund_fen) || !add(&total->fee_fen, fee_fen))
		return reason_set(x->r, ERR_OVERFLOW, NULL, "%s", err_text(ERR_OVERFLOW));
	if (x->layout->at[BILL_DIRECTION] >= 0)
		return fund_amount(x, amount_fen, out, total);
	out->fee_fen = out->class == CLASS_IGNORED ? 0 : -fee_fen;
	switch (out->class) {
	case CLASS_IGNORED:
		return ERR_OK;
	case CLASS_PAYMENT:
	case CLASS_RETURN:
	case CLASS_RELEASE: /* nothing comes in: how much is not frozen any more */
		out->gross_fen = amount_fen;
		return ERR_OK;
	case CLASS_REFUND:
		out->gross_fen = x->layout->at[BILL_REFUND] >= 0 ? -refund_fen : -amount_fen;
		return ERR_OK;
	case CLASS_SPLIT:
		out->gross_fen = -amount_fen;
		return ERR_OK;
	default:
		return bad(x, BILL_TYPE, "does not say which way the money went");
	}
}

enum err
bill_line(const struct bill_map *m, const struct bill_layout *l, char *const *fields, int count,
    struct bill_line *out, struct bill_total *total, struct reason *r)
{
	const struct reading x = {m, l, fields, r};
	uint32_t party;
	enum err e;

	if (count != l->field_count)
		return reason_set(r, ERR_BAD_BODY, NULL, "%d fields, not %d", count,
		    l->field_count);
	*out = (struct bill_line){.transaction = cell(&x, BILL_TRANSACTION)};
	party = strmap_get(m->merchants, merchant_of(&x));
	out->collector = party == STRMAP_NONE ? 0 : (int32_t)party;
	total->rows++;
	e = class_of(&x, &out->class);
	if (e == ERR_OK && out->class != CLASS_IGNORED)
		e = moment(&x, &out->at_us);
	if (e == ERR_OK && out->class != CLASS_IGNORED)
		e = set_ref(&x, out);
	if (e == ERR_OK && cell(&x, BILL_CURRENCY)[0] != '\0' &&
	    strcmp(cell(&x, BILL_CURRENCY), "CNY") != 0)
		e = bad(&x, BILL_CURRENCY, "is not CNY");
	if (e == ERR_OK)
		e = set_id(&x, out);
	return e == ERR_OK ? amounts(&x, out, total) : e;
}

/* ---- The summary ------------------------------------------------------------------------------- */

static enum err
check_fen(const struct reading *x, enum bill_field f, int64_t want_fen)
{
	int64_t fen;
	enum err e;

	if (x->layout->at[f] < 0)
		return ERR_OK;
	e = yuan(x, f, &fen);
	if (e == ERR_OK && fen != want_fen)
		e = reason_set(x->r, ERR_BAD_BODY, NULL,
		    "the summary's \"%s\" is %" PRId64 " fen, its lines add up to %" PRId64,
		    field_words[f], fen, want_fen);
	return e;
}

static enum err
check_rows(const struct reading *x, enum bill_field f, int64_t want)
{
	int64_t rows = 0;

	if (x->layout->at[f] < 0)
		return ERR_OK;
	if (parse_i64(cell(x, f), 0, INT64_MAX, &rows) != ERR_OK)
		return bad(x, f, "is not a number");
	if (rows == want)
		return ERR_OK;
	return reason_set(x->r, ERR_BAD_BODY, NULL,
	    "the summary's \"%s\" is %" PRId64 ", there are %" PRId64, field_words[f], rows, want);
}

enum err
bill_summary(const struct bill_map *m, const struct bill_layout *l, char *const *fields, int count,
    const struct bill_total *total, struct reason *r)
{
	const struct reading x = {m, l, fields, r};
	enum err e;

	if (count != l->field_count)
		return reason_set(r, ERR_BAD_BODY, NULL, "%d fields, not %d", count,
		    l->field_count);
	e = check_rows(&x, BILL_ROWS, total->rows);
	if (e == ERR_OK)
		e = check_rows(&x, BILL_IN_ROWS, total->in_rows);
	if (e == ERR_OK)
		e = check_rows(&x, BILL_OUT_ROWS, total->out_rows);
	if (e == ERR_OK)
		e = check_fen(&x, BILL_AMOUNT, total->amount_fen);
	if (e == ERR_OK)
		e = check_fen(&x, BILL_REFUND, total->refund_fen);
	if (e == ERR_OK)
		e = check_fen(&x, BILL_FEE, total->fee_fen);
	if (e == ERR_OK)
		e = check_fen(&x, BILL_IN, total->in_fen);
	return e == ERR_OK ? check_fen(&x, BILL_OUT, total->out_fen) : e;
}
