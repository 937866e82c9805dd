#ifndef ROUTER_FLOW_KEYS_FLOW_H
#define ROUTER_FLOW_KEYS_FLOW_H

/* keys_flow: the API keys of the database as the table edge/auth asks; swapped whole. */
#include "flow/app.h"

/* The first load.  OK: ${done} follows once, later; any error: it never runs. */
enum err keys_load(struct app *app, void (*done)(void *ctx, enum err e), void *ctx) MUST_CHECK;
/*
 * Again, because a key was made or revoked; what is loading meanwhile is loaded once more.  A failure is
 * tried again after a pause: until then the old table holds.
 */
void keys_reload(struct app *app);

#endif
