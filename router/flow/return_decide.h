#ifndef ROUTER_FLOW_RETURN_DECIDE_H
#define ROUTER_FLOW_RETURN_DECIDE_H

/* return_decide: what follows from the inspection of a return, for RPCs and timers alike. */
#include "flow/act_run.h"

/* Return ${number} of the order, or NULL. */
const struct return_read *return_of(const struct act_run *r, int number) MUST_CHECK;
/* A copy of ${was}, with lines of its own, that will be written: change it.  NULL: no memory. */
struct return_read *return_change(struct act_run *r, const struct return_read *was) MUST_CHECK;

/* What the units taken back bring: from the order's frozen lines.  OVERFLOW. */
enum err return_refund_of(const struct order_read *o, const struct return_line *lines, int count,
    int64_t *fen) MUST_CHECK;

/**
 * return_decide(r, ret, loc):
 * ${ret}, of return_change() and inspected, takes the state that follows, at ${loc}: refund, stock, events.
 * The trail's row is the caller's.
 */
enum err return_decide(struct act_run *r, struct return_read *ret,
    const struct location *loc) MUST_CHECK;

#endif
