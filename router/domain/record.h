#ifndef ROUTER_DOMAIN_RECORD_H
#define ROUTER_DOMAIN_RECORD_H

/*
 * record: a decision as bytes, for ever: the request, the owner, the policy's version, every recorded
 * candidate with its figures, the result and the prices.  A version byte, then varints; ids, never indexes.
 *
 * record_replay() decides again over the stored figures with the stored policy version and encodes again:
 * equal bytes or a bug.  (Counts of unrecorded candidates are carried over, not counted again.)  The option
 * that was committed may be any of those the policy offers; for one that was not the first,
 * decision_choose() must have marked it before encoding.
 *
 * Layout, fields in the order of the structs: request, owner, version, groups, runs, the plan, totals, what the
 * split looked up.
 * Numbers that are never negative are varints; -1 for "none" is stored one up; money and keys are zigzag;
 * a time is 0 for none, else 1 and its distance from the request's now; keys end at their last non-zero.
 * Of the customer it holds the hash and the neighbourhood: the position rounded to 0.01 degrees.
 */
#include "base/buf.h"
#include "domain/decide.h"
#include "domain/split.h"

/*
 * 2 says of each candidate how old its stock figures were; 3 what the split looked up.  Older records are read, and
 * replayed, as they are.
 */
#define RECORD_VERSION 3
#define FIRST_OFFER_SHIFT 4 /* above the owner's source; its figures follow where it is lost */

/* What an order froze at submit, as read back. */
struct frozen {
	struct request request;   /* indexes are of the world given to record_decode */
	struct decision decision; /* option_count is 1: the one committed */
	struct split_total totals;
	int32_t split_version;
	int32_t collector;         /* party id */
	int version;               /* of the record's layout; 0: RECORD_VERSION */
	struct split_basis *basis; /* NULL: not kept, before version 3 */
};

/* ERR_TOO_LARGE or NO_MEMORY of ${out}.  ${f} has one option. */
enum err record_encode(const struct world *w, const struct frozen *f, struct buf *out) MUST_CHECK;
/* ERR_BAD_BODY: not a record, or it names ids that ${w} does not know. */
enum err record_decode(const struct world *w, const void *p, size_t len, struct arena *arena,
    struct frozen **out) MUST_CHECK;
/* ${policy} is the stored version's.  ${equal} says whether the bytes came out the same. */
enum err record_replay(const struct world *w, const struct policy *policy, const void *p,
    size_t len, struct arena *arena, bool *equal) MUST_CHECK;
/*
 * The split of ${f} made again from nothing but what was frozen, and ${book}, its version.  As split(), and NO_POLICY
 * where the basis is not of that book; ${f} has a basis.
 */
enum err record_split(const struct world *w, const struct frozen *f, const struct split_book *book,
    struct arena *arena, struct split **out, struct reason *r) MUST_CHECK;

#endif
