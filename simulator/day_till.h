#ifndef SIMULATOR_DAY_TILL_H
#define SIMULATOR_DAY_TILL_H

/*
 * day_till: what stores sell over the counter, told by ReportStock: deltas with a number each, now and then the
 * same report again, now and then a number left out; and once in a while a shelf is counted.
 */
#include "simulator/day.h"

enum err day_tills_new(struct day_tills **out, struct day *d) MUST_CHECK;
void day_tills_free(struct day_tills *all);
/* Until the day is closing. */
void day_tills_begin(struct day_tills *all);

#endif
