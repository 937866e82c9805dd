#ifndef SIMULATOR_DAY_RETURN_H
#define SIMULATOR_DAY_RETURN_H

/* day_return: a customer brings something back: asks, comes or does not, and the store inspects it. */
#include "simulator/day.h"

void day_return_begin(struct day *d, const char *order_id, int fulfilment);

#endif
