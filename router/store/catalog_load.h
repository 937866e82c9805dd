#ifndef ROUTER_STORE_CATALOG_LOAD_H
#define ROUTER_STORE_CATALOG_LOAD_H

/*
 * catalog_load: one reading of the database: the parts whose version rose, and, the first time, the hints.
 *
 * One repeatable-read transaction, a fetch of 10,000 rows a trip, so that no turn of the loop takes long
 * and no result grows with the world.
 */
#include "store/catalog_world.h"

struct load;

struct load_in {
	struct pool *pool;
	struct part *const *parts; /* of now; NULL rows: everything is to be read */
	struct class_list *classes;
	struct compiled_list *compiled;
	struct hints_memory *hints; /* NULL: parts only */
};

/* What was read; snapshot NULL: nothing had changed.  positions is malloc'd and the caller's. */
struct load_out {
	struct snapshot *snapshot;
	struct feed_position *positions; /* with hints */
	int position_count;
	int64_t built_us; /* how long building held the loop */
};
typedef void load_fn(void *ctx, enum err e, const struct load_out *out);

/* OK: ${done} once, later.  BUSY, NO_MEMORY: never. */
enum err load_start(const struct load_in *in, load_fn *done, void *ctx) MUST_CHECK;

#endif
