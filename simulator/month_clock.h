#ifndef SIMULATOR_MONTH_CLOCK_H
#define SIMULATOR_MONTH_CLOCK_H

/* month_clock: business days, one after the other; a day is over when nothing is left to do in it. */
#include "simulator/month.h"

/* Learns what time it is. */
enum err month_clock_read(struct month *m) MUST_CHECK;
/* Until half past ten of the next day, when bills are there; then until all that is due by then is done. */
enum err month_day(struct month *m) MUST_CHECK;
/* Waits for the service, without time going on. */
enum err month_quiet(struct month *m) MUST_CHECK;
/* The morning some days behind all that is still to come, and behind the month in which it began. */
enum err month_end(struct month *m, int64_t *us) MUST_CHECK;

#endif
