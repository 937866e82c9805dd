#ifndef SIMULATOR_LOAD_H
#define SIMULATOR_LOAD_H

/* load: the whole world through the CatalogService RPCs, in chunks, with a progress line. */
#include "simulator/world.h"

struct http_client;
struct event_base;

/**
 * load_run(w, base, client, outage_us, quiet):
 * Kind by kind; a chunk that got no answer is sent again until ${outage_us} have passed.
 *
 * ERR_IO: the service refused a chunk, or stayed away; the reason is on stderr.
 */
enum err load_run(const struct world *w, struct event_base *base, struct http_client *client,
    int64_t outage_us, bool quiet) MUST_CHECK;

#endif
