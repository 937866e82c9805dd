#ifndef ROUTER_DOMAIN_CANDIDATE_H
#define ROUTER_DOMAIN_CANDIDATE_H

/*
 * candidate: the half of deciding that reads the world and the hints.  Who is examined, the first reason
 * that rules each out, and the figures that place needs of the first sixteen.
 *
 * Who: the steps of a run in their order, each with its nearest, together at most scan_max.
 *   REQUESTED     the location the request names, whatever its kind
 *   OWNER_STORE   the store that owns the customer
 *   OWNER_STORES  the owning dealer's other stores, wherever they are
 *   OTHER_STORES  other dealers' stores within the policy's radius of the customer; none without a position
 *   CLOUD, SITE   all of them
 * Where the owner has lost the first offer (domain/ownership.h) OWNER_STORE and OWNER_STORES are examined all the
 * same, but rank as OTHER_STORES does, if the run has that step.
 * When the request names a location and asks for that way (or none), PICKUP and DELIVER examine this
 * location only, in the first step it belongs to.
 *
 * Reasons, in the order of enum reason_code; the first that holds is told:
 *   DISABLED      the location, or who runs it
 *   CAPABILITY    it does not do this way
 *   EXCLUDED      the request says so
 *   RADIUS        DELIVER: beyond the location's own radius (or the policy's), or no position is known;
 *                 PICKUP: beyond the policy's, unless the customer named it
 *   TERRITORY     another dealer's store in a third party's territory, when territories are exclusive
 *   GRADE         another dealer's store of a worse grade than the policy takes
 *   NOT_STOCKED   it never had any line's sku
 *   STOCK, SAFETY, STALE, SUSPECT   after each of these filters no row of any line is left
 *   CAPACITY      nothing left on the promise's local date
 *   SLOT          no such slot, full, or over
 *   CLOSED        it never opens; DELIVER, and PICKUP where the customer did not name it: accept time and
 *                 lead time, both in open minutes, end after the promise (the slot's end; for DELIVER
 *                 without a slot today's cut-off, where the location has one)
 *   ENTITLEMENT   CLOUD: the owner may sell no more of any line it has
 *   SPLIT_OFF     max_parcels is 1, the policy is not partial, and it cannot fill the group alone
 *   PARCEL_MIN    it cannot fill the group alone, and all it can give is worth less than parcel_min
 *
 * Promise.  A location starts now, in whole minutes, or past its cut-off at the next local midnight.  A store has
 * accept_min to answer, SITE and CLOUD none; then the lead time: ready, both in open minutes.  Made to order
 * adds made_to_order_days.  SHIP: from ready to ready + cloud_promise_hours (CLOUD) or
 * site_promise_hours.  PICKUP: at ready.  DELIVER: from ready to ready + deliver_window_min.  With a slot,
 * PICKUP and DELIVER promise the slot.
 */
#include "domain/decide.h"

/* The lines of a group that ask for one sku: they share its stock. */
struct demand {
	int32_t sku; /* index */
	int32_t sku_id;
	int32_t need;
	int32_t entitlement_left; /* -1: open */
	int64_t price_fen;        /* the dearest line's */
	bool stocked;
};

/* Lines under one rule. */
struct group {
	int number;
	bool made_to_order; /* at least one line */
	int line_count, demand_count;
	int32_t line[ORDER_LINES_MAX];      /* index in the request */
	int32_t demand_of[ORDER_LINES_MAX]; /* by position in line[] */
	struct demand demand[ORDER_LINES_MAX];
};

/* Neighbouring steps of one way. */
struct run_steps {
	enum way way;
	int count;
	enum source source[RULE_STEPS_MAX];
};

/* One examined location while it is judged. */
struct probe {
	int32_t idx;
	int32_t distance_m;
	int32_t step; /* of the run; where the owner lost the first offer, that of OTHER_STORES */
	enum source source;
	enum reason_code out;
	int32_t capacity_left, capacity_limit, capacity_day;
	int64_t promise_from_us, promise_to_us, offer_deadline_us;
	int64_t available; /* units of all lines */
	int64_t cover;     /* of the line that has least; see rank.h */
	int64_t worth_fen; /* at most */
	bool alone;        /* it can fill the group */
};

struct judged {
	int count;
	/* with no_record: examined, hold none of it, and are nowhere else; told NOT_STOCKED */
	int absent;
	int32_t beyond;
	struct probe probe[SCAN_MAX];
};

/* Splits a rule's steps into runs, with ${central_only} those of CLOUD and SITE; returns how many. */
int candidate_runs(const struct rule *r, bool central_only, struct run_steps out[RULE_STEPS_MAX]);

/* Examines a run's locations.  ${j} needs no initialising. */
void candidate_judge(const struct decide_in *in, const struct group *g, const struct run_steps *s,
    struct judged *j);

/*
 * Judges, ranks, and keeps the first CANDIDATES_MAX: survivors in ranking order, then the nearest others.  With
 * no_record survivors only, without their keys; the others are among rest, who holds nothing of the group as
 * NOT_STOCKED whatever else there is to say.
 */
enum err candidate_gather(const struct decide_in *in, const struct group *g,
    const struct run_steps *s, struct arena *arena, struct step_run *out) MUST_CHECK;

#endif
