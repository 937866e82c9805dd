#ifndef ROUTER_STORE_TAKES_H
#define ROUTER_STORE_TAKES_H

/*
 * takes: the keys that one transaction takes from or gives back to, each once, summed and sorted as every
 * writer sorts them: stock, capacity, slots, entitlements, budgets; each by key.
 *
 *   takes_add() for each take, takes_seal() once, then either
 *   taking: takes_send(TAKES_TAKE); takes_read() in the next step; takes_grant() order by order; then
 *           takes_send(TAKES_CORRECT) for what is left over and takes_send(TAKES_FIGURES) for what was empty;
 *   giving: takes_send(TAKES_GIVE); takes_read().
 *
 * The statements of one takes_send() stand one behind the other in the trip; takes_read() is told where.
 */
#include "base/arena.h"
#include "store/change.h"
#include "store/order_row.h"
#include "store/tx.h"

enum take_part {
	PART_ALLOCATED,
	PART_RESERVED,
	PART_ON_HAND, /* TAKES_GIVE only: goods that leave (negative) or come back */
	PART_COUNT
}; /* of stock; all else is PART_ALLOCATED */

struct take_key {
	struct take key; /* fields that its kind does not have are 0 */
	int64_t want[PART_COUNT];
	int64_t used[PART_COUNT]; /* by takes_grant() */
	int64_t grant;            /* what the row gave */
	bool seen;                /* the database told its figures */
	bool granted;             /* its row was changed by TAKES_TAKE */
	struct change figures;    /* as of then; after TAKES_CORRECT: with that */
};

struct takes {
	struct arena *arena;
	int add_count, add_max;
	struct take_add {
		struct take key;
		enum take_part part;
		int32_t *place;
	} * adds;
	/* when what is given left the shelf or came back to it; 0: nothing does */
	int64_t moved_us;
	int key_count;
	struct take_key *keys;
	int32_t
	    *sent; /* keys of the last takes_send() whose results are read, by kind in first[] */
	int first[TAKE_BUDGET + 2]; /* keys of kind k are first[k] .. first[k + 1] - 1 */
};

/* Lives in ${arena}; ${max}: how many takes_add() may follow. */
enum err takes_init(struct takes *t, struct arena *arena, int max) MUST_CHECK;
/* ${place} (may be NULL) gets the index of its key when sealed. */
void takes_add(struct takes *t, const struct take *take, enum take_part part, int32_t *place);
enum err takes_seal(struct takes *t) MUST_CHECK;

enum takes_op { TAKES_TAKE, TAKES_CORRECT, TAKES_FIGURES, TAKES_GIVE };

/* One statement: what follows waits until no other batch of this process takes; until the commit. */
void takes_turn(struct tx *tx);
/* Adds the statements that have rows; returns how many. */
int takes_send(struct takes *t, struct tx *tx, enum takes_op op);
/* Days whose capacity rows the hints do not know to be there are made; 0 or 1 statement. */
int takes_send_ensure(const struct takes *t, struct tx *tx, const struct hints *h);
/* Reads the results of takes_send(${op}) from the trip's result ${at} on; returns the next result's index. */
int takes_read(struct takes *t, struct tx *tx, int at, enum takes_op op);

/*
 * All or nothing: true, and what is left is less by ${takes}; false: ${short_at} is the first that was short.
 * ${places} are what takes_add() filled.
 */
bool takes_grant(struct takes *t, const struct take *takes, const int32_t *places, int count,
    enum take_part part, int *short_at);
/* What an order that was refused for this take hears. */
enum err take_err(enum take_kind k);

/* The changed keys with their last figures, for the stock_change row; true: there are any. */
bool takes_pack(const struct takes *t, struct buf *out);
/*
 * After the commit: all figures seen go to the hints.  ${committed} false: the transaction was undone, the
 * figures are those before it.
 */
void takes_apply(const struct takes *t, struct hints_memory *m, bool committed);
/* Own demand on the way to a commit: ${sign} 1 when queued, -1 when done. */
void take_inflight(struct hints_memory *m, const struct take *t, int sign);

#endif
