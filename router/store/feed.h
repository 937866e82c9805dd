#ifndef ROUTER_STORE_FEED_H
#define ROUTER_STORE_FEED_H

/*
 * feed: what other instances changed, within feed_poll_ms: stock_change rows by stream position, catalog
 * parts by version.  Also deletes feed rows older than feed_keep_ms.
 */
#include "store/batch.h"
#include "store/catalog.h"

struct feed;

/* ${keys_changed} runs when the keys part's version rose; the catalog itself is told by catalog_refresh(). */
enum err feed_new(struct feed **out, struct event_base *base, const struct conf *conf, struct pool *pool,
    struct catalog *catalog, void (*keys_changed)(void *ctx), void *ctx) MUST_CHECK;
void feed_free(struct feed *f);
/* Ask for a poll now (after own catalog writes), not at the next tick. */
void feed_poke(struct feed *f);

#endif
