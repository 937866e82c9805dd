#ifndef ROUTER_FLOW_RECON_JOB_H
#define ROUTER_FLOW_RECON_JOB_H

/*
 * recon_job: what reconciles by itself.  Bills that the provider's queue fetched are imported; bills that wait to be
 * matched, whoever imported them, are matched as soon as the books are sealed.  Any number of instances: a bill's row
 * is locked while it is matched, and matched once.
 *
 * It has a connection of its own, whose statements may take minutes.
 */
#include "base/arena.h"
#include "flow/bill_job.h"

struct app;
struct recon_job;

/* The settings of such a connection: ${c} with the time-outs of reconciliation. */
struct conf recon_conf(const struct conf *c);

/* ${app}->provider is there by now, if there is to be one. */
enum err recon_job_new(struct recon_job **out, struct app *app) MUST_CHECK;
/* For calls about bills; ready when the connection is. */
struct bill_env recon_job_env(const struct recon_job *j);
void recon_job_free(struct recon_job *j); /* what is under way is told DB_DOWN; NULL is fine */

#endif
