#ifndef ROUTER_STORE_PERIOD_H
#define ROUTER_STORE_PERIOD_H

/* period: months of the ledger, closed and open; migrations/0016, ledger_close(). */
#include "base/arena.h"
#include "base/digest.h"
#include "store/tx.h"

struct period_read {
	int32_t period;
	int64_t closed_us;
	const char *closed_by;
	int64_t batch_last, rows, entries, debit_fen;
	uint8_t hash[DIGEST_SIZE]; /* zeros: of no rows */
};

/* What is open. */
struct period_open {
	int32_t open; /* the first that is not closed */
	int32_t next; /* the first of those with rows; 0: none has any */
	int64_t rows; /* of it, or of the one to be closed; the rest is about it, too */
	bool unsealed;
	int64_t recon_fen, exceptions;
};

enum period_close {
	PERIOD_CLOSED, /* now or before */
	PERIOD_NOT_NEXT,
	PERIOD_NOT_SEALED,
	PERIOD_RECON,
	PERIOD_EXCEPTIONS
};

struct periods {
	enum period_close outcome; /* of period_close() */
	struct period_open open;
	int count; /* of a list, or the one that was closed */
	struct period_read *rows;
	bool more;
};
typedef void periods_fn(void *ctx, enum err e, const struct periods *p);

/* OK: ${done} once, later; what it gets lives in ${arena}.  BUSY, NO_MEMORY: never. */
/* Closed periods before ${before} (0: all), the latest first, at most ${max}. */
enum err periods_list(struct pool *p, struct arena *arena, int32_t before, int max,
    periods_fn *done, void *ctx) MUST_CHECK;
/* ${now_us}, ${key_id}: when, and who. */
enum err period_close(struct pool *p, struct arena *arena, int32_t period, int64_t now_us,
    int64_t key_id, periods_fn *done, void *ctx) MUST_CHECK;

#endif
