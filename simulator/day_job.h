#ifndef SIMULATOR_DAY_JOB_H
#define SIMULATOR_DAY_JOB_H

/*
 * day_job: one fulfilment in the hands of a store or warehouse, from its offer until it is out of their hands.
 * A job goes on by the state its fulfilment is in; refused because it is in another one, it asks which.
 */
#include "simulator/day.h"
#include "yuncang/v1/store.pb-c.h"

struct day_jobs;

enum err day_jobs_new(struct day_jobs **out, struct day *d) MUST_CHECK;
void day_jobs_free(struct day_jobs *all);
/* A screen shows it. */
void day_jobs_seen(struct day_jobs *all, const Yuncang__V1__Task *t);

#endif
