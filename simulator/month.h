#ifndef SIMULATOR_MONTH_H
#define SIMULATOR_MONTH_H

/*
 * month: the finance people's month behind a day (day.h).  Time goes on a business day at a time until no money waits
 * and a month is over: holds end, shares go out, what a split may not carry goes by bank, customers get money
 * back for goods that are paid for long ago, the provider's bills come in.  One of them differs from his books: it is
 * found and explained by two persons.  Then the periods are closed.
 *
 * month_books.h says whether it was right.
 */
#include <libpq-fe.h>

#include "simulator/month_ask.h"
#include "simulator/options.h"

/* What finance did, as the table at the end shows it. */
/* clang-format off */
#define MONTH_COUNTS(X) \
	X(days, "business days") \
	X(batches, "payout batches") \
	X(approved, "writes that a second person approved") \
	X(files, "bank files read, their lines and sums right") \
	X(paid, "payouts confirmed") \
	X(bounced, "payouts that came back") \
	X(refunds, "refunds given back by hand") \
	X(partial, "amounts given back of goods paid out long ago") \
	X(goodwill, "amounts given back out of goodwill") \
	X(withdrawn, "withdrawals") \
	X(planted, "differences planted in a bill") \
	X(explained, "differences found and explained") \
	X(closed, "periods closed")
/* clang-format on */

struct month_tally {
#define X(name, text) int64_t name;
	MONTH_COUNTS(X)
#undef X
};

struct month {
	const struct options *o;
	struct month_ask *ask;
	PGconn *db; /* read only: what waits, and for whom */
	int64_t start_us, now_us;
	char planted[16]; /* the day of the bill that differs; "": none yet */
	struct month_tally tally;
	int64_t violations;
};

/* *violations: what went other than it should; each is printed.  ERR_IO, ERR_DB_DOWN: nobody answers. */
enum err month_run(const struct options *o, int64_t *violations) MUST_CHECK;

/**
 * month_call(m, key, method, body, out):
 * "FinanceService/ListRefunds"; takes ${body}.  *out is the caller's.
 *
 * ERR_WRONG_STATE: refused, see month_ask_why().
 */
enum err month_call(struct month *m, const char *key, const char *method, json_t *body,
    json_t **out) MUST_CHECK;
/* The same where a refusal is a violation, which is counted; then *out is NULL and ERR_OK is returned. */
enum err month_must(struct month *m, const char *key, const char *method, json_t *body,
    json_t **out) MUST_CHECK;
enum err month_control(struct month *m, const char *what, json_t *body) MUST_CHECK;
void month_violation(struct month *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Rows of a query in which $1 is business time.  NULL: failed, logged. */
PGresult *month_query(struct month *m, const char *sql) MUST_CHECK;
/* The first number of the first row; -1: failed. */
int64_t month_number(struct month *m, const char *sql) MUST_CHECK;

/*
 * What finance answers with "acted": when it waits for a second person, he approves.  *done: it is done; else it was
 * refused, which is counted as a violation unless ${may_refuse}.  Takes ${body}.
 */
enum err month_act(struct month *m, const char *method, json_t *body, bool may_refuse,
    bool *done) MUST_CHECK;

/* "2026-12-01" in China. */
#define MONTH_DATE_SIZE 16
void month_date(int64_t us, char out[MONTH_DATE_SIZE]);

#endif
