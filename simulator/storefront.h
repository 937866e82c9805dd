#ifndef SIMULATOR_STOREFRONT_H
#define SIMULATOR_STOREFRONT_H

/*
 * storefront: one order's life as steps: quote, submit, the same again, something else under the
 * same reference, an old one again, pay, pay again.  Which of them an order takes is in its plan.
 * A step without an answer is sent again, the same bytes, until there is one.
 */
#include "simulator/shop.h"

/*
 * Starts the life of order ${number}; ${scheduled_us} (monotonic) is when it should have started:
 * its latency counts from there.  ERR_NO_MEMORY: it did not start.
 */
enum err storefront_order(struct shop *s, uint64_t number, bool hot,
    int64_t scheduled_us) MUST_CHECK;

#endif
