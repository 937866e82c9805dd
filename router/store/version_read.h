#ifndef ROUTER_STORE_VERSION_READ_H
#define ROUTER_STORE_VERSION_READ_H

/* version_read: a split rule book as it is stored, a DRAFT too; the catalog holds those that were in force. */
#include "base/arena.h"
#include "store/tx.h"

struct version_read {
	int state; /* VersionState of the proto */
	int64_t effective_from_us;
	const char *json;
};

/**
 * book_read(p, arena, version, done, ctx):
 *
 * OK: ${done} follows once, later, from the loop: OK with the row in ${arena}, NOT_FOUND, or the database's
 * error.  BUSY, NO_MEMORY: ${done} never runs.
 */
typedef void version_read_fn(void *ctx, enum err e, const struct version_read *v);
enum err book_read(struct pool *p, struct arena *arena, int32_t version, version_read_fn *done,
    void *ctx) MUST_CHECK;

#endif
