#ifndef ROUTER_DOMAIN_FILL_H
#define ROUTER_DOMAIN_FILL_H

/* fill: the inner half of place: a run's survivors and what they hold, and filling those that were picked. */
#include "domain/place.h"

#define TRIES_MAX 1000 /* of laying together-lines, and of filling, in one run */

struct table {
	const struct place_in *in;
	const struct group *g;
	int count;                   /* of usable survivors */
	int16_t who[CANDIDATES_MAX]; /* index in the run's candidates */
	bool merges[CANDIDATES_MAX]; /* goes into a parcel already planned */
	bool cloud[CANDIDATES_MAX];
	int parcels_before, parcels_max;
	int32_t *need;  /* by position in the group, less what was placed before */
	int32_t *total; /* by demand */
	int32_t *open;  /* by demand: entitlement; -1: no bound */
	int32_t *pool;  /* by survivor, demand, pool: units */
	int64_t *avail; /* by survivor, demand */
	int16_t *first; /* by demand: position of its first line */
	int16_t *set;   /* positions of first lines of together-sets */
	int set_count;
	int hard; /* the demand that failed last: looked at first */
	int fills, tries;
	/* one filling */
	int pick_count;
	int pick[CANDIDATES_MAX]; /* survivors; more than PARCELS_MAX are never filled */
	int32_t *left;            /* by pick, demand, pool */
	int32_t *open_left;       /* by demand */
	int32_t *got;             /* by pick, position, pool */
};

/* Sets the table for a run, or (unless NONE) for its candidate ${only}; memory from the arena. */
enum err fill_table(struct table *t, const struct place_in *in, int only) MUST_CHECK;
/*
 * Fills pick[0 .. pick_count - 1] into got[].  ${whole}: everything must be laid, and every location be of
 * use; false: it could not, or TRIES_MAX is up.
 */
bool fill(struct table *t, bool whole);
/* Has a filled pick anything, and if the plan ${splits}, enough of it? */
bool fill_parcel_fits(const struct table *t, int pick, bool splits);
int fill_parcels_new(const struct table *t);

const struct candidate *fill_candidate(const struct table *t, int survivor);
/* Units got from a pick for a line, by pool. */
const int32_t *fill_got(const struct table *t, int pick, int pos);
/* The parcel of a plan that goods of ${c} can join; NONE. */
int fill_parcel_before(const struct plan *before, const struct candidate *c);

#endif
