#ifndef ROUTER_STORE_CATALOG_H
#define ROUTER_STORE_CATALOG_H

/*
 * catalog: the world in memory.  The immutable part is read whole and built anew when a part's version
 * rose, then swapped; readers pin it.  Hints are loaded once and then kept by change rows.
 */
#include "domain/world.h"
#include "store/hints_memory.h"
#include "store/tx.h"

struct catalog;
/* Compiles bodies read from the database (proto3 JSON): given by flow/, which knows the messages. */
struct catalog_compile {
	enum err (*policy)(void *ctx, const struct world *w, int32_t version,
	    int64_t effective_from_us, const char *json, struct policy **out, struct reason *r);
	void (*policy_free)(struct policy *p);
	enum err (*book)(void *ctx, const struct world *w, int32_t version,
	    int64_t effective_from_us, const char *json, struct split_book **out, struct reason *r);
	void (*book_free)(struct split_book *b);
	void *ctx;
};

enum err catalog_new(struct catalog **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, const struct catalog_compile *compile) MUST_CHECK;
void catalog_free(
    struct catalog *c); /* after pool_free(), which ends a load under way; unpinned or not */
/* Loads everything: feed positions, the parts, the hints; once that was done, it is a refresh.  ${done} once. */
enum err catalog_load(struct catalog *c, void (*done)(void *ctx, enum err e), void *ctx) MUST_CHECK;
/* Reads the parts whose version rose and swaps; several calls while one runs make one more run. */
void catalog_refresh(struct catalog *c);
/* The same; ${done} once, later, when a refresh that began after this call has ended. */
enum err catalog_refresh_then(struct catalog *c, void (*done)(void *ctx, enum err e),
    void *ctx) MUST_CHECK;
/* The same, with the hints and the feed's positions read anew: the feed lost its place. */
enum err catalog_reload_then(struct catalog *c, void (*done)(void *ctx, enum err e),
    void *ctx) MUST_CHECK;

/* Where each stream of the change feed stood when the hints were read: the feed goes on behind these. */
struct feed_position {
	int64_t stream_id, seq;
};
int catalog_feed_positions(const struct catalog *c, const struct feed_position **out);

/* The world of now; NULL before the first load.  Pin what must outlive this turn of the loop. */
const struct world *catalog_world(const struct catalog *c);
const struct world *catalog_pin(struct catalog *c);
void catalog_unpin(struct catalog *c, const struct world *w);
struct hints_memory *catalog_hints(struct catalog *c);
/* Policies and books of any version ever ACTIVE or ARCHIVED, for replay: read once, then kept.  NULL: not there. */
const struct policy *catalog_policy(const struct catalog *c, int32_t version);
const struct split_book *catalog_book(const struct catalog *c, int32_t version);
/* Would ${json} compile against the world of now?  The compiler's error, with ${r}; NOT_READY. */
enum err catalog_compile_try(const struct catalog *c, bool book, int64_t effective_from_us,
    const char *json, struct reason *r) MUST_CHECK;

#endif
