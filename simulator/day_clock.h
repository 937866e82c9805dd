#ifndef SIMULATOR_DAY_CLOCK_H
#define SIMULATOR_DAY_CLOCK_H

/*
 * day_clock: business time.  Ten times a second every instance is told to move on to the same moment; then
 * what is due at that moment is done.  The simulator's own clock_wall_us() is moved as well, so that what it
 * writes into messages fits.
 */
#include "simulator/day.h"

typedef void day_timer_fn(void *ctx);

/* How far a step goes. */
enum day_pace { PACE_STILL, PACE_DAY, PACE_NIGHT, PACE_TAIL };

/**
 * day_clock_new(out, d):
 * One connection to each instance.  Time stands still until day_clock_begin().
 */
enum err day_clock_new(struct day_clock **out, struct day *d) MUST_CHECK;
void day_clock_free(struct day_clock *c);

/**
 * day_clock_begin(c, to_us, ready, ctx):
 * Moves all clocks to ${to_us}, says ready, and then goes on by itself.
 */
void day_clock_begin(struct day_clock *c, int64_t to_us, day_timer_fn *ready, void *ctx);
void day_clock_pace(struct day_clock *c, enum day_pace p);
int64_t day_now_us(const struct day *d);
/* What the wall shows outside the play. */
int64_t day_real_us(void);

/* ${fn}(${ctx}) runs ${after_us} of business time from now.  No memory ends the day. */
void day_after(struct day *d, int64_t after_us, day_timer_fn *fn, void *ctx);

#endif
