#ifndef ROUTER_FLOW_BILL_READ_H
#define ROUTER_FLOW_BILL_READ_H

/*
 * bill_read: a bill as a stream of lines: its header, its lines, the header of its summary, the summary, which
 * must say what the lines add up to.  One line in memory.  A line that begins with a backtick has one before each value,
 * which may hold commas and quotes; any other line is CSV.  A file that ends before its summary was cut off, where
 * the map needs one.
 */
#include "base/csv.h"
#include "domain/bill.h"

struct bill_read {
	const struct bill_map *map; /* borrowed */
	enum { BILL_AT_HEADER, BILL_AT_LINES, BILL_AT_END } at;
	struct bill_layout lines, summary;
	struct bill_total total; /* of all lines so far, others' too */
	struct csv csv;
	char raw[CSV_LINE_BYTES_MAX + 1]; /* the line in hand, as it came */
};

/* ${file} is borrowed. */
void bill_read_init(struct bill_read *b, const struct bill_map *map, FILE *file);

/**
 * bill_read_next(b, out, end, r):
 * The next line; its texts live until the next one.  ${*end}: there is none, and the summary agreed.
 *
 * BAD_BODY, TOO_LARGE, OVERFLOW: ${r} begins with "line 17: "; IO: the file's stream knows why.
 */
enum err bill_read_next(struct bill_read *b, struct bill_line *out, bool *end,
    struct reason *r) MUST_CHECK;

#endif
