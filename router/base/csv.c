#include "base/csv.h"

#include <string.h>

#include "base/parse.h"

void
csv_init(struct csv *c, FILE *file)
{
	c->file = file;
	c->line = 0;
	c->field_count = 0;
}

/* One line without its end; ${*len} beyond the limit: it was longer, and is skipped. */
static bool
line_read(struct csv *c, size_t *len)
{
	int b;

	*len = 0;
	b = getc_unlocked(c->file);
	if (b == EOF)
		return false;
	for (; b != EOF && b != '\n'; b = getc_unlocked(c->file)) {
		if (*len < CSV_LINE_BYTES_MAX)
			c->text[*len] = (char)b;
		if (*len <= CSV_LINE_BYTES_MAX)
			(*len)++;
	}
	c->line++;
	if (*len > CSV_LINE_BYTES_MAX)
		return true;
	if (*len > 0 && c->text[*len - 1] == '\r')
		(*len)--;
	if (c->line == 1 && *len >= 3 && memcmp(c->text, "\xef\xbb\xbf", 3) == 0) {
		*len -= 3;
		memmove(c->text, c->text + 3, *len);
	}
	c->text[*len] = '\0';
	return true;
}

/* Takes one field off ${*at}, unquoted in place; NULL: a quote is where none may be. */
static char *
field_take(char **at, bool *last)
{
	char *from = *at, *to = *at, *p = *at;
	bool closed = false;

	if (*p != '"') {
		p += strcspn(p, ",");
		if (memchr(from, '"', (size_t)(p - from)) != NULL)
			return NULL;
		to = p;
	} else {
		for (p++; *p != '\0' && !closed; p++) {
			if (*p == '"' && p[1] != '"')
				closed = true;
			else
				*to++ = *p == '"' ? *p++ : *p;
		}
		if (!closed || (*p != ',' && *p != '\0'))
			return NULL;
	}
	*last = *p == '\0';
	*at = *last ? p : p + 1;
	*to = '\0';
	return from;
}

enum err
csv_line(struct csv *c, size_t *len, bool *end, struct reason *r)
{
	*end = false;
	c->field_count = 0;
	do {
		if (!line_read(c, len)) {
			*end = true;
			return ferror(c->file) != 0 ? reason_set(r, ERR_IO, NULL, "reading failed")
			                            : ERR_OK;
		}
	} while (*len == 0);
	if (*len > CSV_LINE_BYTES_MAX)
		return reason_set(r, ERR_TOO_LARGE, NULL, "more than %d bytes in a line",
		    CSV_LINE_BYTES_MAX);
	if (!utf8_valid(c->text, *len))
		return reason_set(r, ERR_BAD_BODY, NULL, "not UTF-8");
	return ERR_OK;
}

enum err
csv_split(struct csv *c, struct reason *r)
{
	bool last = false;
	char *at;

	for (at = c->text; !last; c->field_count++) {
		if (c->field_count == CSV_FIELDS_MAX)
			return reason_set(r, ERR_TOO_LARGE, NULL, "more than %d fields",
			    CSV_FIELDS_MAX);
		c->field[c->field_count] = field_take(&at, &last);
		if (c->field[c->field_count] == NULL)
			return reason_set(r, ERR_BAD_BODY, NULL,
			    "field %d: a quote where none may be, or none at its end",
			    c->field_count + 1);
	}
	return ERR_OK;
}

enum err
csv_read(struct csv *c, bool *end, struct reason *r)
{
	size_t len;
	enum err e;

	e = csv_line(c, &len, end, r);
	return e != ERR_OK || *end ? e : csv_split(c, r);
}

enum err
csv_header(const struct csv *c, const char *const *names, int count, int *column, struct reason *r)
{
	int n;

	for (n = 0; n < count; n++)
		column[n] = -1;
	for (int i = 0; i < c->field_count; i++) {
		for (n = 0; n < count && strcmp(names[n], c->field[i]) != 0; n++)
			;
		if (n == count)
			return reason_set(r, ERR_BAD_BODY, NULL, "there is no column \"%s\"",
			    c->field[i]);
		if (column[n] != -1)
			return reason_set(r, ERR_BAD_BODY, NULL, "the column \"%s\" stands twice",
			    c->field[i]);
		column[n] = i;
	}
	return ERR_OK;
}
