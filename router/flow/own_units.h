#ifndef ROUTER_FLOW_OWN_UNITS_H
#define ROUTER_FLOW_OWN_UNITS_H

/* own_units: what an order holds, as free for as long as it is decided on anew: the same commit gives it back. */
#include "domain/hints.h"
#include "store/order_read.h"

/*
 * ${sign} 1: stock, capacity, slots and entitlements that fulfilments of ${o} hold look free in ${h}; -1: they are
 * held again.  Both within one turn of the loop.
 */
void own_units_free(struct hints *h, const struct order_read *o, int sign);

#endif
