#ifndef SIMULATOR_DAY_COLLECT_H
#define SIMULATOR_DAY_COLLECT_H

/* day_collect: one customer at a store's counter, with the right code or a wrong one. */
#include "simulator/day.h"

/* The customer comes when he likes; what he does there is drawn from the order. */
void day_collect_begin(struct day *d, const char *order_id, int number);

#endif
