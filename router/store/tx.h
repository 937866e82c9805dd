#ifndef ROUTER_STORE_TX_H
#define ROUTER_STORE_TX_H

/*
 * tx: one transaction as a list of trips, on one connection of a pool.
 *
 * ${step} is called to fill the first trip, and again with the results of each; it adds statements and
 * says what is next.  Statements of one trip travel in one flush.  A transaction of one statement and
 * TX_COMMIT is sent bare; others are wrapped in begin … commit.  Every writer takes claims, then
 * order rows, fulfilments, stock, capacity and slots, entitlement and budgets, in that order, each sorted by key.
 */
#include <event2/event.h>

#include "base/conf.h"
#include "store/changed_tasks.h"
#include "store/pg.h"
#include "store/statements.h"

struct pool;
struct tx;

enum tx_next { TX_TRIP, TX_COMMIT, TX_ROLLBACK };
typedef enum tx_next tx_step_fn(struct tx *t, void *ctx);
/*
 * OK: committed, durable.  TIMEOUT: the connection died with the commit under way, the outcome is unknown.
 * DB_DOWN, BUSY, CONTENDED, INTERNAL, BAD_FIELD (a constraint said no): nothing was done.
 * After TX_ROLLBACK: what tx_fail() was given.  Results of the last trip are readable until this returns.
 */
typedef void tx_done_fn(struct tx *t, void *ctx, enum err e);

enum pool_kind { POOL_QUERY, POOL_BATCH };

/* ${queue_max}: transactions that may wait. */
enum err pool_new(struct pool **out, struct event_base *base, const struct conf *conf,
    enum pool_kind kind, int connections, int queue_max) MUST_CHECK;
void pool_free(
    struct pool *p); /* done of what was pending is called with DB_DOWN or TIMEOUT first */
bool pool_up(const struct pool *p); /* at least one connection works */

/* The change feed's streams of the connections that are up, at most ${max} into ${out}; returns how many. */
int pool_streams(const struct pool *p, int64_t *out, int max);

/**
 * tx_start(p, step, done, ctx):
 * Run a transaction when a connection is free.
 *
 * OK: ${done} follows once, later, from the loop.  BUSY: the queue is full, ${done} never runs.
 * CONTENDED transactions (deadlock, serialization) are run again from the first trip, up to 5 times, before
 * ${done} hears of it: ${step} must be able to begin anew when tx_trip() is 0.
 */
enum err tx_start(struct pool *p, tx_step_fn *step, tx_done_fn *done, void *ctx) MUST_CHECK;

int tx_trip(const struct tx *t);        /* 0: fill the first trip, no results yet */
struct pg_args *tx_args(struct tx *t);  /* an empty argument list for the next statement */
void tx_add(struct tx *t, enum stmt s); /* adds ${s} with the arguments of the last tx_args() */
int tx_added(const struct tx *t); /* in this trip so far: where the next one's result will stand */
int tx_result_count(const struct tx *t);
const PGresult *tx_result(const struct tx *t, int i); /* of the trip that just came back */
int tx_affected(const struct tx *t, int i);
void tx_fail(struct tx *t, enum err e);        /* what done will hear after TX_ROLLBACK */
const char *tx_sql_error(const struct tx *t);  /* the server's message for the log, or "" */
const char *tx_constraint(const struct tx *t); /* the name of the constraint that said no, or "" */
/* The stream and the next seq of this connection: for one stock_change row of this transaction. */
int64_t tx_stream(const struct tx *t);
int64_t tx_seq(struct tx *t);
/*
 * The tasks of ${location} change: each fulfilment that is made for a location's screens, or leaves its state,
 * says so.  write_change() (batch_write.h), which must follow, carries it to the other instances.
 */
static inline void tx_task(struct tx *t, int32_t location);
struct changed_tasks *tx_tasks(struct tx *t);
/* Who hears, after done, of tasks that transactions of ${p} changed, once committed. */
void pool_on_tasks(struct pool *p, struct changed_tasks_listener listener);

/* A step's end: nothing of it stands, and done hears ${e}. */
static inline enum tx_next
tx_undo(struct tx *t, enum err e)
{
	tx_fail(t, e);
	return TX_ROLLBACK;
}

static inline void
tx_task(struct tx *t, int32_t location)
{
	changed_tasks_add(tx_tasks(t), location);
}

#endif
