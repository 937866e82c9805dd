#ifndef ROUTER_STORE_BILL_H
#define ROUTER_STORE_BILL_H

/*
 * bill: a provider's bill written: all of it in one transaction, or nothing.
 *
 * Lines are pulled as they are written, BILL_CHUNK_LINES a trip, so that a bill of any length needs the memory of
 * one chunk.  The first trip claims (collector, provider, kind, day); who comes second waits for the first, then
 * reads its own file to the end and hears whether it was the same one.  Another one takes the place of a bill whose match
 * was refused (store/recon.h): nothing of that is booked.
 */
#include "base/arena.h"
#include "base/digest.h"
#include "domain/bill.h"
#include "domain/world.h"
#include "store/tx.h"

#define BILL_CHUNK_LINES 2000

/* ---- How it is read ------------------------------------------------------------------------------ */

struct bill_terms {
	int32_t collector; /* party id; 0: there is none of that code */
	enum provider provider;
	bool everybody; /* the brand's trade and split bills have the lines of all it signs for */
	struct bill_map map; /* its day is the caller's to set */
};
struct bill_party {
	const char *code; /* "": by the others */
	enum provider provider;
	const char *merchant;
};
typedef void bill_terms_fn(void *ctx, enum err e, struct bill_terms *terms);
/* Of that collector.  All of it lives in ${arena}; texts of ${who} are borrowed until ${done}.  INTERNAL: the tables hold a word that is none. */
enum err bill_terms_read(struct pool *p, struct arena *arena, const struct bill_party *who,
    enum bill_kind kind, bill_terms_fn *done, void *ctx) MUST_CHECK;

/* ---- Writing it ---------------------------------------------------------------------------------- */

struct bill_chunk {
	int count;
	struct {
		struct uuid id;
		int32_t number, collector;
		enum bill_class class;
		const char *ref, *transaction, *raw;
		int64_t at_us, gross_fen, fee_fen;
	} line[BILL_CHUNK_LINES];
};
struct bill_sums {
	int64_t bytes, rows, other_rows, gross_fen, fee_fen;
	uint8_t sha1[SHA1_SIZE], sha256[DIGEST_SIZE];
};

/* Where its lines come from; each may refuse with ${r}. */
struct bill_source {
	/* at the first line again: a transaction may be run anew */
	enum err (*restart)(void *ctx, struct reason *r);
	/* up to BILL_CHUNK_LINES, whose texts live until the next call; ${*end}: none behind them */
	enum err (*read)(void *ctx, struct bill_chunk *to, bool *end, struct reason *r);
	enum err (*sums)(void *ctx, struct bill_sums *out, struct reason *r); /* behind the end */
	void *ctx;
};

struct bill_import {
	struct uuid id;
	int32_t collector;
	enum provider provider;
	enum bill_kind kind;
	int32_t day;
	bool everybody;
	int64_t key_id, now_us;
};
/* ${r}->err: BAD_BODY and its like are the source's; BAD_FIELD: a line stands twice; EXISTS_DIFFERS: another file. */
struct bill_outcome {
	struct reason reason;
	bool repeated; /* the same file was imported before, as ${id} */
	struct uuid id;
	struct bill_sums sums;
};
typedef void bill_import_fn(void *ctx, const struct bill_outcome *o);
/* OK: ${done} once, later.  ${in} and ${source} are borrowed until then; what is needed lives in ${arena}. */
enum err bill_import(struct pool *p, struct arena *arena, const struct bill_import *in,
    const struct bill_source *source, bill_import_fn *done, void *ctx) MUST_CHECK;

#endif
