#ifndef ROUTER_FLOW_PAYOUT_JOB_H
#define ROUTER_FLOW_PAYOUT_JOB_H

/*
 * payout_job: payouts that prepare themselves.  Every payout_prepare_ms one instance does for each collector and rail of
 * which something is owed what PreparePayouts does: a batch, instructed at once below approval_min_fen, else a proposal
 * that waits, then for two persons (flow/proposal.h).  So what finance forgets is on its way, or on the list of
 * proposals, long before the provider releases what was frozen for it.
 *
 * Batches that a dead instance, or a client that did not come back, left between the two are taken up again.
 */
#include "flow/app.h"

struct payout_job;

enum err payout_job_new(struct payout_job **out, struct app *app) MUST_CHECK;
/* No more is begun; what is under way ends, and its memory goes with it.  NULL is fine. */
void payout_job_free(struct payout_job *j);

#endif
