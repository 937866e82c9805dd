#ifndef ROUTER_FLOW_SETTLE_H
#define ROUTER_FLOW_SETTLE_H

/*
 * settle: the job by which orders' money goes on behind their hand-over: holds that end (E4), shares that go out by the
 * provider's split (E5), what he answered (E6, E7, R2, R3), refunds and returns asked for, releases.
 *
 * Orders are leased in sets and gone over in transactions of many (store/settle.h); one that breaks a constraint
 * is found by going over each alone.  What is due stands in the tables: any instance, and behind any crash.
 */
#include "flow/app.h"

struct settle;

enum err settle_new(struct settle **out, struct app *app) MUST_CHECK;
/* No more are leased; what is under way ends, and its memory goes with it.  NULL is fine. */
void settle_free(struct settle *s);
/* Something may be due at once.  NULL is fine. */
void settle_poke(struct settle *s);

#endif
