#ifndef SIMULATOR_SCREENS_H
#define SIMULATOR_SCREENS_H

/*
 * screens: stores whose screens wait for tasks.  So many connections, each a store's, ask ListTasks with what they
 * have seen: first for a while in which nothing happens, then while paid orders come for those stores.  Measured are
 * what waiting costs the service, and how long an acknowledged order takes to its screen.
 */
#include "simulator/options.h"

/**
 * screens_run(o, w, violations):
 * One line of JSON on stdout (README.md has its keys).
 *
 * *violations: acknowledged orders that no screen has shown.  ERR_IO: no service, or no order; logged.
 */
enum err screens_run(const struct options *o, const struct world *w,
    int64_t *violations) MUST_CHECK;

#endif
