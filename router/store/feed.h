#ifndef ROUTER_STORE_FEED_H
#define ROUTER_STORE_FEED_H

/*
 * feed: what other instances changed, within feed_poll_ms: stock_change rows by stream position, catalog
 * parts by version.  Also deletes feed rows older than feed_keep_ms, and streams that nobody writes any
 * more: connections change theirs once a day.  An instance that fell behind, or finds a row gone that it
 * has not read, has the hints read anew.
 */
#include "store/batch.h"
#include "store/catalog.h"

struct feed;

/* Starts with the positions of the catalog, which is loaded.  ${keys_changed} runs when the keys part's version rose; the catalog itself is told by catalog_refresh(). */
enum err feed_new(struct feed **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, struct catalog *catalog, void (*keys_changed)(void *ctx),
    void *ctx) MUST_CHECK;
void feed_free(
    struct feed *f); /* a poll under way ends unheard; its memory goes with the pool's last word */
/* Rows that connections of ${own} wrote need not be read: their figures are in the hints already. */
void feed_skip(struct feed *f, const struct pool *own);
/*
 * Who hears of tasks that others changed; ANY_LOCATION when rows were lost.  Connections of the feed's own pool
 * and of feed_skip()'s have told of theirs already, when they committed.
 */
void feed_on_tasks(struct feed *f, struct changed_tasks_listener listener);
/* Ask for a poll now (after own catalog writes), not at the next tick. */
void feed_poke(struct feed *f);

typedef void feed_fn(void *ctx, enum err e);
/**
 * feed_catch_up(f, done, ctx):
 * Read on until the hints hold all that was committed when this was called; all who wait share a poll.
 *
 * OK: ${done} once, later.  BUSY: too many wait, ${done} never runs.
 */
enum err feed_catch_up(struct feed *f, feed_fn *done, void *ctx) MUST_CHECK;

#endif
