#ifndef ROUTER_STORE_BATCH_RUN_H
#define ROUTER_STORE_BATCH_RUN_H

/* batch_run: one group commit under way, its two trips; used by store/batch.c alone. */
#include "store/batch.h"
#include "store/group.h"
#include "store/scarce.h"
#include "store/takes.h"

struct batch_entry {
	struct group_entry entry;
	const struct order_row *row; /* NULL once the caller was told */
	batch_fn *done;
	void *ctx;

	/* of the try under way */
	bool claimed, payment_claimed;
	bool won;
	int32_t *places; /* of its takes */
	struct batch_outcome outcome;
};

struct batch_run {
	struct group_run run;

	/* of the try under way */
	const struct hints *hints;
	struct batch_entry **entries; /* the run's, in order of arrival */
	struct takes takes;
	struct batch_entry **by_ref, **by_payment; /* sorted as they are claimed */
	int payment_count;
	bool ensured;
	struct scarce scarce;
	bool scarce_asked;
	int figures_at;             /* result of the second trip; -1: none asked for */
	int submission_at;          /* the same */
	struct batch_entry **asked; /* whose submission is read */
};

/* The steps of its transaction. */
enum tx_next batch_run_step(struct tx *t, void *ctx);
/* After the commit: reads what the second trip brought, sets outcomes that were open. */
void batch_run_finish(struct batch_run *r, struct tx *t);

#endif
