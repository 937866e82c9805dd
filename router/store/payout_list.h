#ifndef ROUTER_STORE_PAYOUT_LIST_H
#define ROUTER_STORE_PAYOUT_LIST_H

/* payout_list: payouts, batches, refunds as they stand; a bank file's rows; refunds that a person gave back. */
#include "base/digest.h"
#include "store/payout.h"

/* ${rows}: as many as ${count} of the list's own, in the arena; ${more}: there are others behind them. */
typedef void payout_list_fn(void *ctx, enum err e, const void *rows, int count, bool more);

struct payout_query {             /* rows: struct payout_row */
	int state;                /* 0: any */
	const struct uuid *batch; /* NULL: any */
	const int32_t *parties;   /* NULL: any */
	int party_count;
	int64_t before_us; /* the last one of the page before; 0: the first page */
	struct uuid before_id;
	int count_max;
};
enum err payout_list(struct pool *p, struct arena *arena, const struct payout_query *in,
    payout_list_fn *done, void *ctx) MUST_CHECK;

struct payout_batch_query { /* rows: struct payout_batch_row */
	int state;          /* 0: any */
	const char *ref;    /* "": any */
	int64_t before_us;
	struct uuid before_id;
	int count_max;
};
enum err payout_batch_list(struct pool *p, struct arena *arena, const struct payout_batch_query *in,
    payout_list_fn *done, void *ctx) MUST_CHECK;

struct refund_query {             /* rows: struct refund_row */
	int state;                /* 0: all that are not done */
	const struct uuid *order; /* NULL: any */
	struct uuid after_order;
	int after_no, after_part;
	int count_max;
};
enum err refund_list(struct pool *p, struct arena *arena, const struct refund_query *in,
    payout_list_fn *done, void *ctx) MUST_CHECK;

/* What is in a batch's bank file. */
struct payout_export_row {
	struct uuid id;
	const char *party, *name, *bank, *account_name, *account;
	int64_t fen;
};
struct payout_export {
	struct payout_batch_row batch;
	const struct payout_export_row *rows;
	int count;
};
/*
 * Makes ${out}'s file of what was read; its hash is kept, unless one is.  NOT_FOUND: no such batch;
 * WRONG_STATE: not instructed, or not the bank's.
 */
struct payout_exporting {
	struct uuid batch;
	int64_t now_us;
	enum err (*make)(void *ctx, const struct payout_export *x, uint8_t hash[DIGEST_SIZE]);
	void (*done)(void *ctx, enum err e, const uint8_t first[DIGEST_SIZE]);
	void *ctx;
};
enum err payout_export_start(struct pool *p, struct arena *arena,
    const struct payout_exporting *in) MUST_CHECK;

struct refund_confirm {
	struct uuid order;
	int refund_no, part_no;
	const char *number;
	int64_t now_us;
};
/* CONFIRMED from now on, until the settle job posts R2; the same again is OK.  NOT_FOUND; WRONG_STATE: it was asked of the
 * provider, or is done otherwise. */
typedef void refund_confirm_fn(void *ctx, enum err e, const struct refund_row *row);
enum err refund_confirm_start(struct pool *p, struct arena *arena, const struct refund_confirm *in,
    refund_confirm_fn *done, void *ctx) MUST_CHECK;

#endif
