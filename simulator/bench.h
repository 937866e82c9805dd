#ifndef SIMULATOR_BENCH_H
#define SIMULATOR_BENCH_H

/* bench: one measurement: orders prepared, the timed window, answers judged, one line of JSON. */
#include "simulator/options.h"

/**
 * bench_run(o, w, violations):
 * Prints to stdout; the journal file of ${o} gets what was acknowledged and refused.
 *
 * *violations: answers that cannot be.  ERR_IO: no service, nothing was answered, or the journal
 * file; logged.
 */
enum err bench_run(const struct options *o, const struct world *w, int64_t *violations) MUST_CHECK;

#endif
