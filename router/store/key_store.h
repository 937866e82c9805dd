#ifndef ROUTER_STORE_KEY_STORE_H
#define ROUTER_STORE_KEY_STORE_H

/*
 * key_store: the API keys that are not revoked, for edge's table of who may call; made and revoked by
 * store/key_admin.h.
 */
#include "base/digest.h"
#include "store/tx.h"

struct key_row {
	int64_t key_id;
	const uint8_t *hash; /* DIGEST_SIZE bytes */
	const char *role;    /* a word of the database: "storefront", … */
	const char *const *scopes;
	int scope_count;
};

/* ${rows} live until this returns; a failed read gives none, and the old table stays good. */
typedef void key_store_fn(void *ctx, enum err e, const struct key_row *rows, int count);

/* OK: ${done} once, later.  BUSY, NO_MEMORY: never. */
enum err key_store_load(struct pool *p, key_store_fn *done, void *ctx) MUST_CHECK;

#endif
