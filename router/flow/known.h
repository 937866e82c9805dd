#ifndef ROUTER_FLOW_KNOWN_H
#define ROUTER_FLOW_KNOWN_H

/*
 * known: does this instance's catalog know all that was read?
 *
 * An order that another instance took may name what this one has not read yet; the catalog is then read again before
 * the order is answered.
 */
#include "flow/app.h"
#include "store/order_read.h"

/* Does ${w} know every id that ${o} names, in its record too? */
bool order_is_known(const struct world *w, const struct order_read *o, struct arena *a);

/**
 * known_wait(app, arena, req, is_known, done, ctx):
 * ${is_known}(${ctx}) was false: read the catalog again, then ask again.  ${req}, for the log, is the call's
 * id, or "" of a timer.
 *
 * OK: ${done} once, later: OK; INTERNAL, logged, when it is false still; or why the catalog could not be read.
 * NO_MEMORY: ${done} never runs.
 */
enum err known_wait(struct app *app, struct arena *arena, const char *req,
    bool (*is_known)(void *ctx), void (*done)(void *ctx, enum err e), void *ctx) MUST_CHECK;

#endif
