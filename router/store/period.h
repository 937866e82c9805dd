#ifndef ROUTER_STORE_PERIOD_H
#define ROUTER_STORE_PERIOD_H

/*
 * period: months of the ledger, closed and open.  One is closed when it is the next, all of it is sealed, every movement at
 * the provider stands on a bill that was matched (sql_period.h), C:recon is zero and no exception is open (migrations/0016,
 * ledger_close()).
 */
#include "base/arena.h"
#include "base/digest.h"
#include "domain/bill.h"
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
	PERIOD_EXCEPTIONS,
	PERIOD_BILLS
};

/* A bill that must be reconciled before. */
enum bill_lack { BILL_NOT_IMPORTED = 1, BILL_NOT_MATCHED, BILL_NOT_FETCHED };
struct period_bill {
	const char *collector; /* code */
	enum bill_kind kind;
	int32_t day;
	enum bill_lack why;
};
#define PERIOD_BILLS_TOLD 3

struct periods {
	enum period_close outcome; /* of period_close() */
	struct period_open open;
	int count; /* of a list, or the one that was closed */
	struct period_read *rows;
	bool more;
	int bill_count; /* PERIOD_BILLS: the first of ${bills_all} */
	struct period_bill bills[PERIOD_BILLS_TOLD];
	int64_t bills_all;
};
typedef void periods_fn(void *ctx, enum err e, const struct periods *p);

/* OK: ${done} once, later; what it gets lives in ${arena}.  BUSY, NO_MEMORY: never. */
/* Closed periods before ${before} (0: all), the latest first, at most ${max}. */
enum err periods_list(struct pool *p, struct arena *arena, int32_t before, int max,
    periods_fn *done, void *ctx) MUST_CHECK;
struct period_ask {
	int32_t period;
	int64_t now_us, key_id;         /* when, and who */
	int64_t work_mem, statement_ms; /* recon_settings() */
};
/* Closes it, or says why not.  What came to the books behind its bill, and is not on it, is an exception then. */
enum err period_close(struct pool *p, struct arena *arena, const struct period_ask *in,
    periods_fn *done, void *ctx) MUST_CHECK;

#endif
