#ifndef SIMULATOR_BENCH_JUDGE_H
#define SIMULATOR_BENCH_JUDGE_H

/*
 * bench_judge: what the kept answers say, read when nothing is timed any more: counts of those that
 * came within the window, and for orders the journal of ack.h with all of them.
 *
 * A violation is an answer that cannot be: a reference not asked for, a total other than the quoted
 * or paid one, fewer results than orders, a quote that offers nothing and refuses nothing.
 */
#include "simulator/bench_loop.h"
#include "simulator/model.h"

#define BENCH_REASONS_MAX 48
#define BENCH_REASON_SIZE 48

struct bench_reason {
	char reason[BENCH_REASON_SIZE];
	int64_t count;
};

struct bench_tally {
	int64_t orders, options, refused; /* accepted, offered; refused orders or quotes */
	int64_t violations;
	struct bench_reason reason[BENCH_REASONS_MAX];
	int reason_count;
};

struct bench_judge_in {
	enum bench_kind kind;
	const struct bench_mix *mix;
	const struct bench_orders *orders;
	const struct bench_bodies *bodies;
	const struct bench_loop_out *loop;
	struct model *model; /* open; NULL for quotes */
};

void bench_judge(const struct bench_judge_in *in, struct bench_tally *t);

#endif
