#ifndef ROUTER_STORE_EXPIRY_H
#define ROUTER_STORE_EXPIRY_H

/*
 * expiry: every expiry_poll_ms, unpaid orders past their pay_by are cancelled in sets, and what they held is
 * given back: reserved stock, capacity, slots, entitlements, budgets.  Any number of instances may run it;
 * the row of an order says who was first, so each is released once.
 */
#include "store/hints_memory.h"
#include "store/tx.h"

struct expiry;

enum err expiry_new(struct expiry **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, struct hints_memory *hints) MUST_CHECK;
/* A set under way goes on without telling; its memory goes with the pool's last word. */
void expiry_free(struct expiry *x);

#endif
