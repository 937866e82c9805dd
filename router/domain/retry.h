#ifndef ROUTER_DOMAIN_RETRY_H
#define ROUTER_DOMAIN_RETRY_H

/*
 * retry: when what could not be delivered is tried again.
 *
 * Pauses in units of the first one, webhook_retry_ms; behind them what it is with 5 s:
 *
 *   1 (5 s)  6 (30 s)  24 (2 min)  120 (10 min)  360 (30 min)  720 (1 h)  1440 (2 h)  2880 (4 h)
 *   5760 (8 h)  5760 (8 h): eleven tries over a day, less by a quarter of an hour
 *
 * Each pause is drawn from 80 to 120 % of it, so that what failed together does not come back together.
 */
#include <stdbool.h>
#include <stdint.h>

#define RETRY_TRIES_MAX 11
#define RETRY_UNITS 17071 /* all pauses together */

/* Another row: ${first}, then twice as long each time, at most ${most}; ${tries} from 1. */
int64_t retry_doubled(int tries, int64_t first, int64_t most);

/* The pause behind try ${tries}, from 1; ${random} is any number. */
int64_t retry_pause_ms(int tries, int64_t unit_ms, uint32_t random);

/*
 * Is it given up?  After ${tries} of at most ${tries_max}; or when it has waited as long as all the pauses
 * take: what stands behind others in a queue has then waited its day, and one try tells whether to go on.
 */
bool retry_over(int tries, int tries_max, int64_t age_ms, int64_t unit_ms);

#endif
