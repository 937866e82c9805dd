#ifndef ROUTER_STORE_BATCH_RUN_H
#define ROUTER_STORE_BATCH_RUN_H

/*
 * batch_run: one group commit under way; used by store/batch.c alone.  Three trips:
 *
 *   claim   submissions, payment numbers; reads which skus are scarce
 *   take    savepoint; the rows of all that have their claims, journal rows too; then the takes
 *   commit  what is left over goes back, losers' claims go, one stock_change row, commit
 *
 * Rows are written before the takes, in the hope that all win, because the locks on stock are what another
 * batch waits for: so they are held for the takes and the commit, not for the inserts as well, and a third
 * connection pays (bulk submits 17,000 to 20,000 orders/s, where takes before the inserts gave 17,000 with two
 * connections and no more with three).  Where somebody does lose, rows and takes are rolled back to the
 * savepoint, what there is is taken once more, and the winners' rows are written after it: a fourth trip.
 * That is rare, for deciding knows the stock: losers come of races between instances.
 */
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
	struct batch_entry **ready; /* those with their claims; they take, in order of arrival */
	int ready_count;
	int taken_at;                              /* result of the first take */
	bool is_again;                             /* somebody lost: no rows are written yet */
	struct batch_entry **by_ref, **by_payment; /* sorted as they are claimed */
	int payment_count;
	struct scarce scarce;
	bool scarce_asked;
	int figures_at;             /* of the last trip; -1: none asked for */
	int submission_at;          /* the same */
	struct batch_entry **asked; /* whose submission is read */
};

/* The steps of its transaction. */
enum tx_next batch_run_step(struct tx *t, void *ctx);
/* After the commit: reads what the last trip brought, sets outcomes that were open. */
void batch_run_finish(struct batch_run *r, struct tx *t);

#endif
