#ifndef ROUTER_STORE_STATEMENT_READ_H
#define ROUTER_STORE_STATEMENT_READ_H

/*
 * statement_read: a statement as its reader wants it, page by page, and the timeline of an order's money; both as
 * the proto3 JSON of their responses, which the database makes.  The rules of store/order_read.h hold.
 */
#include "base/arena.h"
#include "base/uuid.h"
#include "store/export.h"

/* Behind this entry; all zero with account INT64_MIN: the first. */
struct statement_cursor {
	int64_t account, batch_no;
	int32_t period, entry_no;
};

struct statement_page {
	int64_t batch_to; /* that it reaches to */
	bool closed;
	const char *sums; /* accounts and entryCount; NULL: not the first page */
	const char *entries;
	bool more;
	struct statement_cursor last;
};
/* BAD_FIELD: batch_to is not sealed, or batch_from behind it; ${r} says so. */
typedef void statement_page_fn(void *ctx, const struct reason *r, const struct statement_page *p);
enum err statement_read(struct pool *p, struct arena *arena, const struct export_spec *spec,
    const struct statement_cursor *after, int count_max, statement_page_fn *done,
    void *ctx) MUST_CHECK;

/* Parts of a GetMoneyTimelineResponse: the journal, holds and refunds; payouts and calls.  NOT_FOUND. */
struct timeline {
	const char *owner; /* code of the order's dealer */
	const char *rows, *paid;
};
typedef void timeline_fn(void *ctx, enum err e, const struct timeline *l);
enum err timeline_read(struct pool *p, struct arena *arena, const struct uuid *order_id,
    int rows_max, timeline_fn *done, void *ctx) MUST_CHECK;

#endif
