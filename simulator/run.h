#ifndef SIMULATOR_RUN_H
#define SIMULATOR_RUN_H

/* run: the storefronts of a world order for some seconds, in a closed or an open loop. */
#include "simulator/options.h"

struct event_base;

/**
 * run_storefronts(o, w, base, client, violations):
 * Orders until the time or the number is up (SIGINT: at once), waits for those under way, prints
 * the table to stdout.
 *
 * *violations: what the storefronts themselves saw wrong (also in the journal file).
 * ERR_IO: the journal file, or no order at all was acknowledged.
 */
enum err run_storefronts(const struct options *o, const struct world *w, struct event_base *base,
    struct http_client *client, int64_t *violations) MUST_CHECK;

#endif
