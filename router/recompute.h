#ifndef ROUTER_RECOMPUTE_H
#define ROUTER_RECOMPUTE_H

/* recompute: yuncang audit --recompute: every paid order through flow/recompute.h, a few at a time, in flat memory. */
#include <stdio.h>

#include "base/conf.h"
#include "flow/recompute.h"

/* What differs on ${to}, a line each, the first ones; progress on stderr.  Errors of the database, with ${r}. */
enum err recompute(const struct conf *conf, FILE *to, struct recompute_total *out,
    struct reason *r) MUST_CHECK;

#endif
