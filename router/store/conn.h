#ifndef ROUTER_STORE_CONN_H
#define ROUTER_STORE_CONN_H

/*
 * conn: one connection of a pool on the event loop, in pipeline mode, binary both ways; seen by store/tx.c alone.
 * It is DOWN, CONNECTING, in SETUP, IDLE or BUSY; it leaves DOWN by itself, after a pause that grows.  SETUP does
 * SET ROLE yuncang_service, sets conn_settings, prepares the statements of its kind and takes a stream of the
 * change feed.  PQexec and PQconnectdb are for start-up and command line only (store/admin.c).
 *
 * A trip is: conn_send() for each statement, then conn_end_trip(); when the results of all are in, the
 * trip hook runs and they stay readable until the next conn_send().
 *
 * PQconnectStart() asks getaddrinfo() for a host's name, which blocks: name hosts by number or use a unix
 * socket.
 */
#include <event2/event.h>

#include "base/conf.h"
#include "store/pg.h"
#include "store/statements.h"

#define TRIP_STATEMENTS_MAX 512

/* What a connection is set to: $1 to $3 are time-outs in ms.  Tests read plans with it. */
extern const char conn_settings[];

struct conn;
enum conn_state { CONN_DOWN, CONN_CONNECTING, CONN_SETUP, CONN_IDLE, CONN_BUSY };

struct conn_hooks {
	void (*up)(void *ctx, struct conn *c);   /* it is IDLE now */
	void (*trip)(void *ctx, struct conn *c); /* the results of a trip are in */
	void (*down)(void *ctx, struct conn *c); /* it was lost; state is already DOWN */
	void *ctx;
};

enum err conn_new(struct conn **out, struct event_base *base, const struct conf *conf, int pools,
    const struct conn_hooks *hooks) MUST_CHECK;
void conn_free(struct conn *c); /* no hook runs */

enum conn_state conn_state(const struct conn *c);
void conn_take(struct conn *c);    /* IDLE → BUSY */
void conn_release(struct conn *c); /* BUSY → IDLE; a stream older than a day is changed first */

/* ${name}: a prepared statement.  ${args} NULL: none.  DB_DOWN: the connection broke; see conn_lost(). */
enum err conn_send(struct conn *c, const char *name, const struct pg_args *args) MUST_CHECK;
/* ${sync}: ends the pipeline's error state, too; else the server is only asked to flush. */
enum err conn_end_trip(struct conn *c, bool sync) MUST_CHECK;
/* Drops the connection, calls the down hook, and connects again after a pause. */
void conn_lost(struct conn *c, const char *why);

bool conn_in_transaction(const struct conn *c); /* after a trip that ended with a sync */
int conn_result_count(const struct conn *c);
const PGresult *conn_result(const struct conn *c, int i);
const PGresult *conn_first_error(const struct conn *c); /* NULL: all are fine */
struct pg_args *conn_args(struct conn *c); /* scratch of the one who holds the connection */

/* The change feed: rows of a stream are numbered without gaps, so a number counts once it is committed. */
int64_t conn_stream(const struct conn *c);
int64_t conn_seq(const struct conn *c); /* the last one committed */
void conn_seq_commit(struct conn *c);

#endif
