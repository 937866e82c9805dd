#ifndef ROUTER_STORE_STOCK_REPORT_H
#define ROUTER_STORE_STOCK_REPORT_H

/*
 * stock_report: stock as the world outside tells it: counts and deltas, one transaction for all rows of a
 * report.  Behind StoreService.ReportStock, CatalogService's bulk writes and `yuncang import stock` alike.
 * What the figures become is domain/level.h's to say, from levels this transaction holds.
 *
 * Order of locks: (source, sequence) of deltas, then stock rows, each sorted by key.  Fulfilments are read, not
 * locked.  A report is judged row by row: an older count, a delta that was told before, one that names an order
 * of ours, one that a later count had already are each said and leave nothing; the others are written.  An
 * unknown code or a value that cannot be refuses the whole report.
 */
#include "base/uuid.h"
#include "store/catalog_write.h"

enum row_outcome {
	ROW_WRITTEN,
	ROW_OLDER,    /* count: an equal or later one is stored */
	ROW_REPEATED, /* delta: told before */
	ROW_DIFFERS,  /* delta: its sequence was told before, of something else; not booked */
	ROW_OURS,     /* delta: an order of ours, whose hand-over moves the stock; not booked */
	ROW_COUNTED   /* delta: it happened before the stored count; not booked again */
};

/* A level that the report named, as it stands now; ${row} is the first that named it. */
struct level_told {
	int row;
	int32_t on_hand, available;
	int32_t missing; /* of paid orders' units */
};
/* Rows are counted through: all counts, then all deltas. */
struct stock_told {
	const enum row_outcome *rows;
	const int64_t *stored_us; /* of OLDER: when the stored count was made */
	const struct level_told *levels;
	int level_count;
};

struct stock_report {
	const struct count_row *counts;
	const struct delta_row *deltas;
	int count_count, delta_count;
	/* of the last event of ours that the counts' source had booked; 0: shelves were counted */
	int64_t seen_us;
	const struct uuid *booked; /* orders that the source has taken off its figures already */
	int booked_count;
	int64_t now_us; /* when it reached us */
	bool dry;       /* judge everything, write nothing */
};

/*
 * The result's ${stock} is set; gaps are told to the outbox, and so are the fulfilments that are short of
 * units now.  ${r} and what it points to live until done.
 */
enum err write_stock(const struct writer *w, const struct stock_report *r) MUST_CHECK;

#endif
