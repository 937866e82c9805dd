#ifndef ROUTER_FLOW_WEBHOOK_H
#define ROUTER_FLOW_WEBHOOK_H

/*
 * webhook: tells endpoints what happened, at least once, signed, in their order.
 *
 *   store/fanout:  outbox → event_log, and a delivery for each endpoint that hears of it
 *   here:          lease endpoints, read what stands first in each lane, send it, write what came of it
 *
 * An endpoint with concurrency n has n lanes, an order is always in the same one, and a lane sends the next only
 * when the one before was taken or given up.  2xx takes a delivery; 410 disables the endpoint; all else, an
 * answer too late or none is tried again as domain/retry.h says, later if the answer says Retry-After; what
 * is given up is a dead letter.
 *
 * One instance sends to an endpoint while it has its lease, a good three times webhook_timeout_ms; no try is begun
 * that could outlast it.  Time here is the monotonic clock and the database's, never business time, but for the
 * signature's timestamp, which is the machine's: receivers compare it with theirs.
 */
#include "base/conf.h"
#include "edge/client.h"
#include "store/tx.h"

struct webhook;

enum err webhook_new(struct webhook **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, struct client *client) MUST_CHECK;
/* What is under way is dropped, and sent again by whoever leases its endpoint. */
void webhook_free(struct webhook *w);
/* There is something new to send: look now. */
void webhook_poke(struct webhook *w);
/* Begin nothing more; write what came of the rest and give the leases back. */
void webhook_drain(struct webhook *w);
bool webhook_drained(const struct webhook *w);
int64_t webhook_lease_ms(const struct conf *c);

#endif
