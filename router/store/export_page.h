#ifndef ROUTER_STORE_EXPORT_PAGE_H
#define ROUTER_STORE_EXPORT_PAGE_H

/* export_page: an export as questions and answers, for its two ways to the database; nobody else's. */
#include "store/export.h"

#define EXPORT_PAGE_LINES 4000 /* about a megabyte */

enum export_step { STEP_BOUNDS, STEP_SUMS, STEP_PAGES, STEP_END };
struct export_page {
	struct export_spec spec;
	enum export_step step;
	/* once the bounds are known */
	int64_t reach; /* the batch that it is told to reach to */
	bool closed;   /* the period is */
	int account_count;
	int64_t *accounts; /* with entries by now, in order; ours */
	int64_t batch_from, batch_to;
	/* behind this entry */
	int64_t account, batch_no;
	int32_t period, entry_no;
	int64_t lines;
	struct buf text;    /* a piece that is not the database's own */
	struct buf closing; /* the last lines, as they were known at first */
};

void export_page_init(struct export_page *x, const struct export_spec *spec);
void export_page_release(struct export_page *x);
/* The statement of the step it is at; not of STEP_END. */
enum stmt export_page_ask(const struct export_page *x, struct pg_args *a);
/* The arguments $1 .. $5 of sql_export.h, once the bounds are known. */
void export_page_scope(const struct export_page *x, struct pg_args *a);
/* Its answer.  What is to be written, maybe nothing, lives in ${r} or ${x} until the next one.  BAD_FIELD, NO_MEMORY. */
enum err export_page_got(struct export_page *x, const PGresult *r, const void **p, size_t *len,
    struct reason *why) MUST_CHECK;

#endif
