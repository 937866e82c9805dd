#ifndef ROUTER_DOMAIN_DECIDE_H
#define ROUTER_DOMAIN_DECIDE_H

/*
 * decide: which locations fill which lines, by which way; the heart of the house.
 *
 * Two halves.  gather (domain/candidate.c) reads the world and the hints and writes down, for every
 * examined location, the figures a decision needs.  place (domain/decide.c) reads only request, policy
 * and those figures.  The record keeps the figures, so that place can be run again years later and must
 * give the same bytes.  Pure: no clock, no random; memory from the arena.  Who is a candidate, and why not:
 * domain/candidate.h; who goes first: domain/rank.h; how lines are laid: domain/place.h.
 *
 * Each line gets the first rule that fits it (lines that travel together the top-most among theirs); lines of
 * one rule are a group.  Groups are placed in the order of their first lines; what one takes the next does
 * not have, and max_parcels counts over all.  Neighbouring steps of one way are one run; the first run
 * that covers the group wins.  Under a partial policy what fits is laid down, run after run.
 *
 * Refused: REFUSED_BY_RULE with the rule's text; OUT_OF_STOCK when stock (safety, stale, suspect, too many
 * parcels) stood in the way at one candidate at least; ENTITLEMENT_USED when without entitlements it would be
 * covered or only they stood in the way; SLOT_FULL when only slots did; else NO_LOCATION (no rule fits, too).
 * Source: design "Deciding".
 */
#include "base/arena.h"
#include "base/err.h"
#include "domain/decision.h"
#include "domain/hints.h"
#include "domain/order.h"
#include "domain/policy.h"
#include "domain/world.h"

struct decide_in {
	const struct world *world;
	struct hints *hints;
	const struct policy *policy;
	const struct request *request;
	const struct owner *owner;
	/* reckon with what the database last said, own demand under way left out */
	bool ignore_inflight;
	int options_max; /* 1: only the best plan */
	/* only the options or the refusal are wanted: who was ruled out is counted, not written down */
	bool no_record;
	bool central_only; /* no stores: enough of them refused */
};

/**
 * decide(in, arena, out):
 * Decide ${in}; ${*out} and all it points to live in ${arena}.
 *
 * errors   NO_MEMORY: the arena is full.  A refusal is not an error: option_count is 0 and
 *          refusal says why.
 * cost     see tests/bench; 91 / 247 / 1,466 candidates took 1.1 / 2.5 / 12.5 µs in a prototype.
 */
enum err decide(const struct decide_in *in, struct arena *arena, struct decision **out) MUST_CHECK;

/* Takes option ${index} as the only one, and marks who was chosen.  decide() has marked those of the first. */
void decision_choose(struct decision *d, int index);

/*
 * The half that needs no world: ${d} has groups and runs with candidates as recorded, this makes the
 * options again.  Options are: each run's best plan, then (orders of one group) each other survivor that covers
 * it alone, in ranking order; with several groups only the best plan.
 */
enum err decide_again(const struct request *q, const struct policy *p, int options_max,
    struct arena *arena, struct decision *d) MUST_CHECK;

/*
 * The stock rows whose figures made decide() refuse or prefer another location: what a probe must read
 * again before "out of stock" may be said.  At most ${max} of them into ${keys}; returns how many.
 */
struct stock_key {
	int32_t location, sku, goods_owner;
}; /* ids; goods_owner 0: every owner's */
int decide_probe_keys(const struct decide_in *in, struct stock_key *keys, int max);

#endif
