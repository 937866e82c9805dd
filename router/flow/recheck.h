#ifndef ROUTER_FLOW_RECHECK_H
#define ROUTER_FLOW_RECHECK_H

/*
 * recheck: fresh figures before a refusal is said, for a submit and for a late payment alike.
 *
 * Hints may be behind what other instances committed.  Stock is read again row by row (store/probe); for
 * entitlement, slot and capacity the change feed is read to its end (store/feed).
 */
#include "domain/decide.h"
#include "flow/app.h"

/**
 * recheck(app, last, why, done, ctx):
 * Read again what deciding ${last} was refused for, with ${why}.
 *
 * OK: ${done} once, later; the hints then hold what was committed.  BUSY, NO_MEMORY: ${done} never runs.
 */
enum err recheck(struct app *app, const struct decide_in *last, enum err why,
    void (*done)(void *ctx, enum err e), void *ctx) MUST_CHECK;

#endif
