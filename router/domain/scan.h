#ifndef ROUTER_DOMAIN_SCAN_H
#define ROUTER_DOMAIN_SCAN_H

/* scan: the first half of candidate.c, and nobody else's: who is examined; see candidate.h. */
#include "domain/candidate.h"
#include "domain/geo.h"

/* What does not change from candidate to candidate. */
struct judge {
	const struct decide_in *in;
	const struct group *g;
	const struct run_steps *steps;
	struct judged *out;
	struct geo_point point;
	int32_t named;                 /* the only location examined; NONE: any */
	int32_t own;                   /* the owner's store; NONE */
	int rank_step[RULE_STEPS_MAX]; /* as which step a step's candidates are ranked */
	bool slot;
	int location_of_promise; /* index of who the kept promise is of; NONE */
	struct probe promise;
	struct geo_nearest *nearest;
};

/* Collects the locations of ${x}->steps in ${x}->out, whose counts it clears. */
void scan(struct judge *x);
/* Has the location of that id never held any of the group's skus?  Else its rows are on their way. */
bool scan_absent(const struct judge *x, int32_t id);

#endif
