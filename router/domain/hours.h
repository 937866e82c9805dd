#ifndef ROUTER_DOMAIN_HOURS_H
#define ROUTER_DOMAIN_HOURS_H

/*
 * hours: a location's local time and its open minutes.  Weekly hours, one row a day, none over midnight;
 * zones have a fixed offset, so a week looks like every other week.
 */
#include "domain/world.h"

/* The local date (days since 1970) and the minute after local midnight of an instant. */
int32_t hours_day(const struct location *l, int64_t at_us);
int32_t hours_minute(const struct location *l, int64_t at_us);
/* The instant of a local date and minute; 1440 is the next midnight. */
int64_t hours_at(const struct location *l, int32_t day, int32_t minute);

/*
 * The instant at which ${minutes} open minutes have passed since ${from_us}.  0 minutes: ${from_us} itself
 * when open, else the next opening.  Ends at a closing time where the last minute does.  This is how offer
 * deadlines, prepare-by times and promises are counted.
 * false: the location never opens; ${*out_us} is untouched.
 */
bool hours_add_open(const struct location *l, int64_t from_us, int32_t minutes, int64_t *out_us);

#endif
