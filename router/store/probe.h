#ifndef ROUTER_STORE_PROBE_H
#define ROUTER_STORE_PROBE_H

/*
 * probe: reads figures again before "out of stock" is said.  All probes that wait while one is under way
 * become the next, with equal keys once; what came back is in the hints when done runs.
 */
#include "domain/decide.h"
#include "store/batch.h"

struct probe;
typedef void probe_fn(void *ctx, enum err e);

enum err probe_new(struct probe **out, struct event_base *base, struct pool *pool,
    struct hints_memory *hints) MUST_CHECK;
void probe_free(struct probe *p);
/* OK: ${done} once, later.  BUSY: too many wait.  ${keys} are copied; dealer of each comes from ${w}. */
enum err probe_add(struct probe *p, const struct world *w, const struct stock_key *keys, int count,
    probe_fn *done, void *ctx) MUST_CHECK;

#endif
