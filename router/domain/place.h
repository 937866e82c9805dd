#ifndef ROUTER_DOMAIN_PLACE_H
#define ROUTER_DOMAIN_PLACE_H

/*
 * place: laying a group's lines on the candidates that were left.  Reads request, policy and recorded
 * figures only, never the world or the hints, so that a record can be placed again.
 *
 * Covering: the smallest k <= max_parcels such that some k of the survivors hold all lines; among those the
 * first in ranking order.  Each line is filled from its locations in that order, each location's pools in
 * their order.  Without fewest_parcels: the locations are filled up in ranking order, and only if that
 * needs too many parcels (or breaks a rule below) is the smallest k looked for.
 *
 * Lines of one sku share stock and entitlement.  Lines with the same `together` stand in one parcel whole;
 * they are laid first, tried over the k locations in order (TRIES_MAX trials).  When a plan splits, each parcel
 * is worth parcel_min_fen at least.  Goods from a location whose way and promise are those of a parcel
 * already planned go into that parcel.
 */
#include "domain/candidate.h"

struct place_in {
	const struct request *request;
	const struct policy *policy;
	const struct group *group;
	const struct step_run *run;
	const struct plan *before; /* what was placed already; NULL: nothing */
	struct arena *arena;
	bool no_entitlement; /* as if all were open: to learn what stood in the way */
};

/* ${*out} is a new plan: before and the group's lines; NULL: no cover. */
enum err place_cover(const struct place_in *in, struct plan **out) MUST_CHECK;
/* The same with the candidate at ${index} of the run alone. */
enum err place_alone(const struct place_in *in, int index, struct plan **out) MUST_CHECK;
/* As much as fits, in ranking order; NULL: nothing. */
enum err place_some(const struct place_in *in, struct plan **out) MUST_CHECK;

#endif
