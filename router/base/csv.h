#ifndef ROUTER_BASE_CSV_H
#define ROUTER_BASE_CSV_H

/*
 * csv: rows of a file as RFC 4180 has them: commas, "quoted ""fields""", CR LF or LF, an optional byte order
 * mark; a field may not hold a line end.  Empty lines are passed over.  UTF-8, no NUL.  One row in memory.
 */
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define CSV_LINE_BYTES_MAX 8192
#define CSV_FIELDS_MAX 64

struct csv {
	FILE *file;
	int64_t line; /* of the row in hand, from 1 */
	int field_count;
	char *field[CSV_FIELDS_MAX];
	char text[CSV_LINE_BYTES_MAX + 1];
};

void csv_init(struct csv *c, FILE *file); /* borrowed */

/**
 * csv_read(c, end, r):
 * The next row into ${c}->field; ${*end}: there is none.
 *
 * BAD_BODY: not CSV, with what is wrong; TOO_LARGE: a line or row over its limit; IO.  After either ${c} stands behind
 * that line and may read on.
 */
enum err csv_read(struct csv *c, bool *end, struct reason *r) MUST_CHECK;

/* The two halves of csv_read(): a line into ${c}->text, ${*len} bytes of it; its fields, cut in place. */
enum err csv_line(struct csv *c, size_t *len, bool *end, struct reason *r) MUST_CHECK;
enum err csv_split(struct csv *c, struct reason *r) MUST_CHECK;

/**
 * csv_header(c, names, count, column, r):
 * Maps the row in hand: ${column}[i] is where ${names}[i] stands, -1 where it is missing.
 *
 * BAD_BODY: a name that is not among them, or one twice.
 */
enum err csv_header(const struct csv *c, const char *const *names, int count, int *column,
    struct reason *r) MUST_CHECK;

#endif
