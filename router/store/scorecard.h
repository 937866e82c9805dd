#ifndef ROUTER_STORE_SCORECARD_H
#define ROUTER_STORE_SCORECARD_H

/*
 * scorecard: how dealers answer the offers they get, counted from the trail of acts (order_act) a day at a time,
 * in UTC; and what decisions use of it, party.accept_bps.
 *
 * Every scorecard_poll_ms one instance, whoever gets the lease, counts the days since the last count anew,
 * works the accept rate of the policy's last scorecard_days out, and raises the catalog's version only if a
 * rate changed.  Rates are in whole per cent; with fewer than scorecard_offers_min answers it is 10000.
 */
#include "base/arena.h"
#include "store/catalog.h"

struct scorecard;

enum err scorecard_new(struct scorecard **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, struct catalog *catalog) MUST_CHECK;
void scorecard_free(struct scorecard *s); /* a count under way ends unheard */

#define SCORE_CLASS_COUNT 12

struct score_read {
	int32_t party; /* id */
	int64_t accepts, rejects, lapses, shorts, waited_s;
	int64_t waits[SCORE_CLASS_COUNT];
};
typedef void scores_fn(void *ctx, enum err e, const struct score_read *scores, int count,
    int64_t counted_us);
/* Of ${party_count} ids, which live until ${done}; who has none in these days is not among them. */
enum err scores_read(struct pool *p, struct arena *arena, const int32_t *parties, int party_count,
    int32_t from_day, int32_t to_day, scores_fn *done, void *ctx) MUST_CHECK;

/* Half of the accepts took at most so many seconds; 0: there are none, or it is beyond all classes. */
int32_t score_median_s(const struct score_read *s);

#endif
