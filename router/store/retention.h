#ifndef ROUTER_STORE_RETENTION_H
#define ROUTER_STORE_RETENTION_H

/*
 * retention: what is not kept for ever.  Contacts of orders submitted more than retention_days ago (the order's
 * id says when) are erased; orders, events and journal stay as they are, for they hold no personal data.  Dead
 * letters go after dead_letter_days, secrets of webhooks a day behind their end.  In sets, every
 * retention_poll_ms; any number of instances may run it.
 */
#include "store/tx.h"

struct retention;

enum err retention_new(struct retention **out, struct event_base *base, const struct conf *conf,
    struct pool *pool) MUST_CHECK;
void retention_free(struct retention *r);
/* The smallest id that an order submitted at ${at_us} may have. */
struct uuid retention_bound(int64_t at_us);

#endif
