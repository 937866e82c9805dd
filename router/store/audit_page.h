#ifndef ROUTER_STORE_AUDIT_PAGE_H
#define ROUTER_STORE_AUDIT_PAGE_H

/* audit_page: the paid orders, page by page in the order of their ids, for who looks at each. */
#include "base/arena.h"
#include "base/uuid.h"
#include "store/tx.h"

/* ${ids} live in the arena; fewer than were asked for: there are no more. */
typedef void audit_page_fn(void *ctx, enum err e, const struct uuid *ids, int count);
/* Behind ${after}.  OK: ${done} once, later.  BUSY, NO_MEMORY: never. */
enum err audit_page(struct pool *p, struct arena *arena, const struct uuid *after, int max,
    audit_page_fn *done, void *ctx) MUST_CHECK;

#endif
