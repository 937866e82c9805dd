#ifndef ROUTER_STORE_STOCK_ROWS_H
#define ROUTER_STORE_STOCK_ROWS_H

/* stock_rows: the rows of a stock report under way: its levels, each once and sorted, and its deltas; stock_report.c's own. */
#include "domain/level.h"
#include "store/catalog_writing.h"
#include "store/stock_report.h"

/* Keys without padding, in the order every writer sorts them. */
struct stock_ids {
	int32_t dealer, location, sku, goods_owner;
};

struct level_key {
	struct stock_ids id;
	int row; /* the first that names it */
	bool counted, changed;
	struct count count;
	struct level level; /* as locked, then as it becomes */
	int64_t missing;    /* as locked */
};

/* A location that is counted: what happened later than this may have to be put to its figures. */
struct place_since {
	int32_t dealer, location;
	int64_t handed_us, told_us;
};

enum report_step { REPORT_BEGIN, REPORT_LOCK, REPORT_JUDGE, REPORT_WRITE, REPORT_TELL };
struct report {
	const struct stock_report *r;
	enum report_step at;
	const struct stock_ids *delta_ids;
	const struct delta_row **by; /* deltas by (source, sequence) */
	enum row_outcome *outcome;   /* of each row */
	int64_t *stored_us;          /* of each count */
	bool *told_before;           /* of each delta */
	int *key_of_row, *gap_row;
	struct level_key *keys;
	int key_count;
	struct place_since *places;
	int place_count;
	int levels_at; /* that result */
	bool ours_asked, moves_asked, short_asked;
};

/* Names the codes of all rows. */
enum err report_refer(struct write *w) MUST_CHECK;
/* Makes w->mine anew, once codes are ids; false: refused. */
bool report_begin(struct write *w) MUST_CHECK;
/* The levels of all counts and of all deltas but OURS; false: one is counted twice. */
bool report_keys(struct write *w) MUST_CHECK;
void report_key_args(const struct report *x, struct pg_args *a);
/* NULL: not of this report. */
struct level_key *report_key_find(const struct report *x, const struct stock_ids *id);
struct count report_count(const struct report *x, int row);
/* Rows of (source, sequence) that were not there before. */
void report_fresh(struct report *x, const PGresult *r);
/* The locations of the levels counted now. */
void report_places(struct report *x);
/* Fills in what the writer is told. */
enum err report_told(struct write *w) MUST_CHECK;

#endif
