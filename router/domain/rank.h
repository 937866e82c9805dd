#ifndef ROUTER_DOMAIN_RANK_H
#define ROUTER_DOMAIN_RANK_H

/*
 * rank: who goes first.  One small function per key, numbered as in the proto; each gives a number of
 * which the smaller is better, and the policy says in which order they are compared.  Keys are never
 * added up.  Last the location id, which cannot tie.
 *
 *  1 SOURCE         position of the step in its run
 *  2 DISTANCE_BAND  distance / distance_band_m; not measured: last
 *  3 PROMISE        end of the promise window
 *  4 GRADE          of who runs the location, 1 is best
 *  5 SCORECARD      accept rate, higher first
 *  6 LOAD           capacity left in per cent, more first; no limit: 100
 *  7 COVER          weeks of cover of the line that has least, more first: available / safety x 100, where
 *                   safety stock stands for a week's sales (none: 1 unit); made to order: does not matter
 *  8 COST           handling cost of the location
 *  9 PREFERENCE     the location's own number, lower first
 * 10 STOCK          units available, all lines, more first
 */
#include "domain/candidate.h"

/* All of the policy's keys of one location, in its order. */
void rank_keys(const struct world *w, const struct policy *p, const struct probe *c, int64_t *out);

/*
 * Puts the probes of ${j} that are not out into ranking order and gives the first ${max} of them in ${best}
 * (indexes into j->probe); returns how many.
 */
int rank_best(const struct world *w, const struct policy *p, const struct judged *j, int max,
    int16_t *best);

/* Is ${a} before ${b}?  By stored keys, as rank_best() would have it; for the record's replay. */
bool rank_before(const struct candidate *a, const struct candidate *b, int key_count);

#endif
