#ifndef ROUTER_STORE_RECON_H
#define ROUTER_STORE_RECON_H

/*
 * recon: an imported bill held against the books, in sets; no line is looked at by itself.
 *
 * Lines that name the same thing (ref) are a group; what the entries of the collector's accounts at the provider say
 * of that ref is its other side:
 *   one line and one entry · many, on either side, by their sums · a line net of its fee or rebate.
 * They differ by at most recon_tolerance_fen a line: K1 books it, K2 takes it to X:rounding.  Else K1 (the provider's
 * truth: …:available against C:recon; a fee given back against …:fee_rebate) and an exception.  What the books have
 * of that day and no bill has is an exception without a posting; a later bill that brings it closes it.  What came
 * to the books after K1 closes its exception, K1 mirrored.
 *
 * What fails but for the books that lag behind is put off, longer each time up to a day, and its bill says why.
 *
 * K rows have the first line's id as object: event_no 1 is K1, 2 K2, 3 the fee given back, then resolutions.
 */
#include "base/arena.h"
#include "base/err.h"
#include "store/tx.h"

struct recon_result {
	bool waits; /* rows of the journal are not sealed yet: nothing was done, ask again */
	char why[REASON_TEXT_MAX]; /* it failed, and is put off: as its bill has it, too; else "" */
	int64_t lines, groups, matched, matched_fen, rounded;
	int64_t opened, missing, closed; /* exceptions: with a posting, without, closed */
};
/* NOT_FOUND: there is no such bill, or it was matched before.  WRONG_STATE: more than ${exceptions_max}. */
typedef void recon_fn(void *ctx, enum err e, const struct recon_result *r);
struct recon_ask {
	struct uuid bill_id;
	int64_t now_us, tolerance_fen, exceptions_max, work_mem;
	int64_t sealed_us;    /* what was posted until then must be in the books */
	int64_t statement_ms; /* what one statement may take, of the pool */
};
/* OK: ${done} once, later; ${arena} holds what is needed until then. */
enum err recon_match(struct pool *p, struct arena *arena, const struct recon_ask *in,
    recon_fn *done, void *ctx) MUST_CHECK;

/* Settings of a transaction of big sets, joined once: not what the loop's connections are set for. */
void recon_settings(struct tx *t, int64_t work_mem, int64_t statement_ms);

/* Bills that wait to be matched and may be, oldest first; at most ${max} into ${arena}. */
typedef void recon_waiting_fn(void *ctx, enum err e, const struct uuid *bills, int count);
enum err recon_waiting(struct pool *p, struct arena *arena, int64_t now_us, int max,
    recon_waiting_fn *done, void *ctx) MUST_CHECK;

#endif
