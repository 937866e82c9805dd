#ifndef SIMULATOR_BENCH_PLAN_H
#define SIMULATOR_BENCH_PLAN_H

/*
 * bench_plan: the orders of a measurement, by index from 0; a pure function of (world, target, tag),
 * so that a plan can be made again when its answer is judged.
 *
 * The default mix without its mishaps: no cut replies, nothing sent twice, no payment afterwards.
 * HOT: each order collects one piece of one sku in one store; SPREAD: the same shape over all stores
 * and what they keep.  The stores of both have no daily capacity and no slots, so that they differ
 * in nothing but the row.
 */
#include "simulator/bench_kind.h"
#include "simulator/mix.h"

struct bench_mix {
	struct mix mix;
	enum bench_target target;
	/* Runs of other tags draw other orders: from the tag. */
	uint64_t number_first;
	int32_t hot_store;
	uint16_t hot_sku;
};

void bench_mix_init(struct bench_mix *m, const struct world *w, enum bench_target target,
    const char *tag);
void bench_plan(const struct bench_mix *m, uint64_t index, struct plan *p);

#endif
