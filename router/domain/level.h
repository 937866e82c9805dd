#ifndef ROUTER_DOMAIN_LEVEL_H
#define ROUTER_DOMAIN_LEVEL_H

/*
 * level: what a stock level becomes when it is counted, sold from over the counter, or handed out of.
 * Source: design "Stock from tills".
 *
 *   on_hand := count - units handed over since + units that came back since + deltas since
 *
 * reserved and allocated are columns of their own: a count says what lies on the shelf, held for somebody or
 * not, so what is held stays held.  "Since" is counted_at, or, for a figure out of books that follow our
 * events, the last event they had booked (seen_to).  An order those books have taken off already, although
 * its goods are still on the shelf, is named (booked): its units are put on again.
 *
 * Why a hand-over and a count come out right in either order.  The hand-over writes fulfilment.handed_at and
 * then the stock row, in one transaction.  The count locks the stock row first, and only then looks, with a new
 * snapshot, which hand-overs there are.  So
 * - a hand-over that committed before the count had the lock is seen by it: it is taken off if it was after
 *   the count's moment, and is in the count if not;
 * - one that comes to the row after the count finds counted_to in it, for PostgreSQL evaluates an UPDATE that
 *   had to wait on the row as it then is: it takes its units off, unless handed_at lies at or before counted_to.
 *   Then they were gone when the shelf was counted, and only the commit was late.
 * counted_to is never later than the moment the count reached us: with a till whose clock is fast, it would
 * otherwise swallow hand-overs to come.  A figure with seen_to has no counted_to: what commits later cannot
 * have been in the source's books.  (Two hand-overs of one location whose transactions overlap may be told in
 * the other order than they happened; a source that booked the first told only can be wrong by the other, until
 * its next figure.)
 */
#include <stdbool.h>
#include <stdint.h>

/* A level that a store found empty is left out until the next count, at most so long.  What it shows stays. */
#define SUSPECT_US (INT64_C(48) * 3600 * 1000000)

/* Times are µs since 1970; 0: none.  Pieces are wide, so that a sum is checked once at its end. */
struct level {
	int64_t on_hand, reserved, allocated, safety;
	int64_t counted_us;    /* 0: never counted */
	int64_t counted_to_us; /* 0: none */
};

struct count {
	int64_t count;
	int64_t safety; /* -1: as it was */
	int64_t counted_us;
	int64_t seen_us; /* of the last event its source had booked; 0: counted on the shelf */
	int64_t now_us;  /* when it reached us */
};

enum move {
	MOVE_OUT = 1, /* handed over */
	MOVE_BACK,    /* came back */
	MOVE_DELTA,   /* told by a till */
	MOVE_BOOKED   /* on the shelf, but the source took it off already */
};

/* Older counts than the stored one, and equally old ones, are refused. */
bool level_takes(const struct level *l, const struct count *c);
/* The figure itself; level_move() then adds what happened since. */
void level_count(struct level *l, const struct count *c);
/* Moves later than this are not in the figure. */
int64_t count_mark(const struct count *c, enum move kind);
void level_move(struct level *l, const struct count *c, enum move kind, int64_t at_us, int64_t qty);

/* A till's delta; ${at_us} 0: undated, which means now.  False: the count had it already. */
bool level_delta(struct level *l, int64_t at_us, int64_t delta);
/* Is a unit that leaves or comes back at ${at_us} in the count?  What the act's UPDATE asks in SQL. */
bool level_has(const struct level *l, int64_t at_us);

/* Units promised to paid orders that are not there. */
int64_t level_missing(const struct level *l);
/* Everything fits its column. */
bool level_fits(const struct level *l);

#endif
