#ifndef ROUTER_FLOW_CHOOSE_H
#define ROUTER_FLOW_CHOOSE_H

/*
 * choose: decide, then split each plan: the one road both Quote and SubmitOrder take.
 */
#include "flow/app.h"
#include "domain/decide.h"
#include "domain/split.h"

struct choice { /* one option with its money; plan and split live in the arena */
	const struct plan *plan;
	struct split *split;
	int32_t collector; /* party id */
};

struct choices {
	const struct split_book *book;
	struct decision *decision;
	int count; /* 0: refused, see choose()'s reason */
	struct choice choice[OPTIONS_MAX];
};

struct choose_in {
	const struct app *app;
	const struct world *world;
	const struct policy *policy;
	const struct request *request;
	const struct owner *owner;
	/* 0: the one in force; else fixed by a token or an earlier attempt */
	int32_t split_version;
	const struct split_book *book; /* not NULL: this one, whatever the version */
	int32_t collector;             /* party id; 0: whom the route decides */
	const int64_t *cost_unit_fen;  /* NULL: the catalog's; else frozen at submit */
	const int32_t *fee_bps;        /* so too the collector's rate */
	int options_max;
	bool central_only; /* see domain/decide.h */
	bool ignore_inflight;
	bool no_record; /* see domain/decide.h */
};

/**
 * choose(in, arena, out, r):
 * Every option of ${in}->request with its split, best first.
 *
 * A plan whose split is refused (margin below the floor) is left out.  When nothing is left the result is
 * the refusal, in ${r} too, and ${out}->decision tells what was looked at.  NO_POLICY, NO_MEMORY, OVERFLOW.
 */
enum err choose(const struct choose_in *in, struct arena *arena, struct choices *out,
    struct reason *r) MUST_CHECK;

/*
 * Its two halves, for who does not need every option: the plans, in ${out}->decision, and no choice
 * yet; then the split of the plan at ${index}, which becomes the next choice.
 */
enum err choose_plans(const struct choose_in *in, struct arena *arena, struct choices *out,
    struct reason *r) MUST_CHECK;
enum err choose_split(const struct choose_in *in, int index, struct arena *arena,
    struct choices *out, struct reason *r) MUST_CHECK;

#endif
