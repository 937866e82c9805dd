#include "flow/bill_read.h"

#include <inttypes.h>
#include <string.h>

void
bill_read_init(struct bill_read *b, const struct bill_map *map, FILE *file)
{
	b->map = map;
	b->at = BILL_AT_HEADER;
	b->total = (struct bill_total){0};
	csv_init(&b->csv, file);
}

/* "line 17: " before what ${r} says. */
static enum err
at_line(const struct bill_read *b, enum err e, struct reason *r)
{
	char text[REASON_TEXT_MAX];

	if (e == ERR_OK || e == ERR_IO)
		return e;
	memcpy(text, r->text, sizeof(text));
	return reason_set(r, e, NULL, "line %" PRId64 ": %s", b->csv.line, text);
}

static bool
needs_summary(const struct bill_map *m)
{
	for (int i = 0; i < m->column_count; i++)
		if (m->columns[i].summary && m->columns[i].needed)
			return true;
	return false;
}

/* Values with a backtick each, whatever they hold: cut before every ",`". */
static enum err
split_ticked(struct csv *c, struct reason *r)
{
	for (char *at = c->text; at != NULL; c->field_count++) {
		if (c->field_count == CSV_FIELDS_MAX)
			return reason_set(r, ERR_TOO_LARGE, NULL, "more than %d fields",
			    CSV_FIELDS_MAX);
		c->field[c->field_count] = at;
		at = strstr(at, ",`");
		if (at != NULL)
			*at++ = '\0';
	}
	return ERR_OK;
}

static enum err
read_fields(struct bill_read *b, bool *end, struct reason *r)
{
	size_t len;
	enum err e;

	e = csv_line(&b->csv, &len, end, r);
	if (e != ERR_OK || *end)
		return e;
	memcpy(b->raw, b->csv.text, len + 1);
	return b->csv.text[0] == '`' ? split_ticked(&b->csv, r) : csv_split(&b->csv, r);
}

/* The row in hand is the summary's header: reads what is behind it. */
static enum err
read_summary(struct bill_read *b, struct reason *r)
{
	bool end;
	enum err e;

	e = bill_header(b->map, true, b->csv.field, b->csv.field_count, &b->summary, r);
	if (e == ERR_OK)
		e = read_fields(b, &end, r);
	if (e == ERR_OK && end)
		e = reason_set(r, ERR_BAD_BODY, NULL, "the file ends before its sums");
	if (e == ERR_OK)
		e = bill_summary(b->map, &b->summary, b->csv.field, b->csv.field_count, &b->total,
		    r);
	if (e == ERR_OK)
		e = read_fields(b, &end, r);
	if (e == ERR_OK && !end)
		e = reason_set(r, ERR_BAD_BODY, NULL, "there is more behind the summary");
	b->at = BILL_AT_END;
	return e;
}

static enum err
read_header(struct bill_read *b, struct reason *r)
{
	bool end;
	enum err e;

	e = read_fields(b, &end, r);
	if (e == ERR_OK && end)
		e = reason_set(r, ERR_BAD_BODY, NULL, "there is no header");
	if (e == ERR_OK)
		e = bill_header(b->map, false, b->csv.field, b->csv.field_count, &b->lines, r);
	b->at = BILL_AT_LINES;
	return e;
}

static enum err
read_line(struct bill_read *b, struct bill_line *out, bool *end, struct reason *r)
{
	enum err e = ERR_OK;

	if (b->at == BILL_AT_HEADER)
		e = read_header(b, r);
	if (e == ERR_OK)
		e = read_fields(b, end, r);
	if (e != ERR_OK)
		return e;
	if (*end)
		return needs_summary(b->map)
		    ? reason_set(r, ERR_BAD_BODY, NULL, "the file ends before its summary")
		    : ERR_OK;
	if (bill_is_header(b->map, true, b->csv.field[0])) {
		*end = true;
		return read_summary(b, r);
	}
	e = bill_line(b->map, &b->lines, b->csv.field, b->csv.field_count, out, &b->total, r);
	out->number = b->csv.line;
	return e;
}

enum err
bill_read_next(struct bill_read *b, struct bill_line *out, bool *end, struct reason *r)
{
	*end = b->at == BILL_AT_END;
	if (*end)
		return ERR_OK;
	return at_line(b, read_line(b, out, end, r), r);
}
