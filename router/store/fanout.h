#ifndef ROUTER_STORE_FANOUT_H
#define ROUTER_STORE_FANOUT_H

/*
 * fanout: every webhook_poll_ms, events go from the outbox to event_log, with a delivery for each endpoint that
 * hears of them, and leave the outbox in the same commit; in sets, until it is empty.  Any number of instances
 * may run it; one at a time does.  While there is no endpoint, nothing is moved and nothing is written.
 *
 * Order: by event id within a set; sets in the order of their commits.  Of one order a later event was written by
 * somebody who had read the earlier one, so both come in their order as long as no instance's clock is
 * behind another's by more than one trip to the database.
 */
#include "store/tx.h"

struct fanout;
typedef void fanout_fn(void *ctx); /* there are new deliveries */

enum err fanout_new(struct fanout **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, fanout_fn *told, void *ctx) MUST_CHECK;
/* A set under way goes on without telling. */
void fanout_free(struct fanout *f);

#endif
