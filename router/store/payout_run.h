#ifndef ROUTER_STORE_PAYOUT_RUN_H
#define ROUTER_STORE_PAYOUT_RUN_H

/* payout_run: what the service prepares payouts of by itself (flow/payout_job.h), and its lease. */
#include "base/arena.h"
#include "domain/payout.h"
#include "store/tx.h"

struct payout_due {
	int32_t collector;
	const char *code; /* of the collector */
	enum rail rail;
	/* of a batch that is prepared, and nobody was asked about it; "": to be prepared */
	const char *ref;
};
/* ${leased}: the run is this instance's; else there is nothing in ${due}, which lives in the arena. */
typedef void payout_run_fn(void *ctx, enum err e, bool leased, const struct payout_due *due,
    int count);
/**
 * payout_run_start(p, arena, now_us, last_us, done, ctx):
 * Takes the run of ${now_us} if none began since ${last_us}, any instance's, and lists what is due.
 *
 * OK: ${done} once, later.  BUSY, NO_MEMORY: never.
 */
enum err payout_run_start(struct pool *p, struct arena *arena, int64_t now_us, int64_t last_us,
    payout_run_fn *done, void *ctx) MUST_CHECK;

#endif
