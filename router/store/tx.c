#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "store/conn.h"
#include "store/tx.h"

#define TRIES_MAX 5
#define TICK_MS 50

/* What the results of the trip under way are for. */
enum tx_stage {
	STAGE_TRIP,     /* the step wants them */
	STAGE_COMMIT,   /* done wants them */
	STAGE_ROLLBACK, /* nobody does */
};

struct tx {
	struct pool *pool;
	struct tx *next;
	tx_step_fn *step;
	tx_done_fn *done;
	void *ctx;
	int64_t queued_us;
	struct conn *conn; /* NULL while it waits */
	int trip;
	int tries;
	enum tx_stage stage;
	bool begun;       /* begin was sent: the first result is not the caller's */
	bool commit_sent; /* with the trip under way */
	bool seq_used;
	int added; /* statements of this trip */
	bool held; /* first is kept back: what follows says whether it needs a begin */
	enum stmt first;
	enum err err; /* what done will hear, once something went wrong */
	struct changed_tasks tasks;
	char sql_error[512];
	char constraint[64];
};

struct pool {
	struct event_base *base;
	const struct conf *conf;
	enum pool_kind kind;
	int conn_count;
	struct conn **conns;
	struct tx **running; /* by connection */
	struct tx *head, **tail;
	int waiting, queue_max;
	struct event *poke; /* gives waiting transactions to idle connections, from the loop */
	struct event *tick;
	bool closing;
	struct changed_tasks_listener listener;
};

static int
conn_index(const struct pool *p, const struct conn *c)
{
	int i;

	for (i = 0; p->conns[i] != c; i++)
		assert(i + 1 < p->conn_count);
	return i;
}

static struct tx *
tx_of(const struct pool *p, const struct conn *c)
{
	struct tx *t;

	t = p->running[conn_index(p, c)];
	assert(t != NULL && t->conn == c);
	return t;
}

/* The transaction is over: lets the connection go, tells, frees. */
static void
finish(struct tx *t, enum err e)
{
	struct pool *p = t->pool;
	struct conn *c = t->conn;

	t->done(t, t->ctx, e);
	if (e == ERR_OK)
		changed_tasks_tell(&t->tasks, &p->listener);
	changed_tasks_release(&t->tasks);
	if (c != NULL) {
		p->running[conn_index(p, c)] = NULL;
		if (conn_state(c) == CONN_BUSY)
			conn_release(c);
	}
	free(t);
	if (!p->closing)
		event_active(p->poke, 0, 0);
}

/* The connection broke and its hook was not run yet, or the arguments did not fit. */
static void
broken(struct tx *t)
{
	conn_lost(t->conn, "cannot send");
}

/* ---- One trip --------------------------------------------------------------------------------- */

/* Sends ${name}; after the first failure nothing is sent any more. */
static void
send_named(struct tx *t, const char *name, const struct pg_args *args)
{
	if (t->err == ERR_OK)
		t->err = conn_send(t->conn, name, args);
}

/* Sends the statement that was held back, in a transaction block. */
static void
unhold(struct tx *t)
{
	if (!t->held)
		return;
	t->held = false;
	t->begun = true;
	send_named(t, "begin", NULL);
	send_named(t, statements[t->first].name, conn_args(t->conn));
}

struct pg_args *
tx_args(struct tx *t)
{
	unhold(t);
	args_reset(conn_args(t->conn));
	return conn_args(t->conn);
}

void
tx_add(struct tx *t, enum stmt s)
{
	if (t->err == ERR_OK)
		t->err = args_err(conn_args(t->conn));
	t->added++;
	if (t->trip == 0 && t->added == 1) {
		t->held = true;
		t->first = s;
		return;
	}
	assert(!t->held);
	send_named(t, statements[s].name, conn_args(t->conn));
}

static void
end_trip(struct tx *t, enum tx_stage stage)
{
	enum err e;

	t->stage = stage;
	e = conn_end_trip(t->conn, stage != STAGE_TRIP);
	if (e != ERR_OK)
		broken(t);
}

static void
rollback(struct tx *t, bool sync_first)
{
	enum err e;

	/* After an error the server skips all up to a sync. */
	e = sync_first ? conn_end_trip(t->conn, true) : ERR_OK;
	if (e == ERR_OK)
		e = conn_send(t->conn, "rollback", NULL);
	if (e != ERR_OK)
		broken(t);
	else
		end_trip(t, STAGE_ROLLBACK);
}

static void
commit(struct tx *t)
{
	bool begun = t->begun;

	assert(changed_tasks_settled(&t->tasks)); /* else others would not hear of them */
	if (t->added == 0 && !t->begun) {
		finish(t, ERR_OK);
		return;
	}
	if (t->held) {
		t->held = false;
		send_named(t, statements[t->first].name, conn_args(t->conn));
	} else {
		failpoint("commit_before");
		send_named(t, "commit", NULL);
	}
	t->commit_sent = true;
	if (t->err != ERR_OK)
		broken(t);
	else
		end_trip(t, STAGE_COMMIT);
	if (begun)
		failpoint("commit_sent");
}

static void
run_step(struct tx *t)
{
	enum tx_next next;

	t->added = 0;
	t->held = false;
	next = t->step(t, t->ctx);
	if (t->err == ERR_DB_DOWN) {
		broken(t);
		return;
	}
	/* Arguments over their cap: what was sent goes back. */
	if (t->err != ERR_OK)
		next = TX_ROLLBACK;
	switch (next) {
	case TX_TRIP:
		assert(t->added > 0);
		unhold(t);
		if (t->err != ERR_OK)
			broken(t);
		else
			end_trip(t, STAGE_TRIP);
		break;
	case TX_COMMIT:
		commit(t);
		break;
	case TX_ROLLBACK:
		if (t->err == ERR_OK)
			t->err = ERR_INTERNAL;
		if (t->begun)
			rollback(t, false);
		else
			finish(t, t->err);
		break;
	}
}

/* Nothing of it is left on the server: begin anew after a deadlock, else tell. */
static void
rolled_back(struct tx *t)
{
	if (t->err != ERR_CONTENDED || t->tries == TRIES_MAX || t->pool->closing) {
		finish(t, t->err);
		return;
	}
	t->tries++;
	t->trip = 0;
	t->begun = false;
	t->seq_used = false;
	changed_tasks_clear(&t->tasks);
	t->err = ERR_OK;
	run_step(t);
}

static void
trip_failed(struct tx *t, const PGresult *bad)
{
	const char *message, *state, *constraint;

	state = PQresultErrorField(bad, PG_DIAG_SQLSTATE);
	constraint = PQresultErrorField(bad, PG_DIAG_CONSTRAINT_NAME);
	message = PQresultErrorField(bad, PG_DIAG_MESSAGE_PRIMARY);
	t->err = pg_state_err(state);
	(void)snprintf(t->sql_error, sizeof(t->sql_error), "%s: %s", state != NULL ? state : "",
	    message != NULL ? message : PQresultErrorMessage(bad));
	(void)snprintf(t->constraint, sizeof(t->constraint), "%s",
	    constraint != NULL ? constraint : "");
	if (t->err == ERR_DB_DOWN) {
		/* The server is going, or is a standby; commit was not reached, or its word was lost. */
		conn_lost(t->conn, "refused by the server");
		return;
	}
	t->commit_sent = false; /* skipped by the server */
	if (t->begun)
		rollback(t, t->stage == STAGE_TRIP);
	else
		rolled_back(t);
}

static void
hook_trip(void *ctx, struct conn *c)
{
	struct pool *p = ctx;
	struct tx *t = tx_of(p, c);
	const PGresult *bad;

	if (t->stage == STAGE_ROLLBACK) {
		/* A statement sent before the rollback failed, and the rollback was skipped with it. */
		if (conn_in_transaction(c))
			rollback(t, false);
		else
			rolled_back(t);
		return;
	}
	bad = conn_first_error(c);
	if (bad != NULL) {
		trip_failed(t, bad);
		return;
	}
	if (t->stage == STAGE_COMMIT) {
		if (t->begun)
			failpoint("commit_done");
		if (t->seq_used)
			conn_seq_commit(c);
		finish(t, ERR_OK);
		return;
	}
	t->trip++;
	run_step(t);
}

static void
hook_down(void *ctx, struct conn *c)
{
	struct pool *p = ctx;
	struct tx *t = p->running[conn_index(p, c)];

	if (t == NULL)
		return;
	if (t->commit_sent)
		finish(t, ERR_TIMEOUT);
	else
		finish(t, t->err != ERR_OK ? t->err : ERR_DB_DOWN);
}

/* ---- The queue -------------------------------------------------------------------------------- */

static struct tx *
dequeue(struct pool *p)
{
	struct tx *t;

	t = p->head;
	p->head = t->next;
	if (p->head == NULL)
		p->tail = &p->head;
	p->waiting--;
	return t;
}

static void
on_poke(evutil_socket_t fd, short what, void *ctx)
{
	struct pool *p = ctx;
	struct tx *t;

	(void)fd;
	(void)what;
	for (int i = 0; i < p->conn_count && p->head != NULL; i++) {
		if (conn_state(p->conns[i]) != CONN_IDLE)
			continue;
		t = dequeue(p);
		conn_take(p->conns[i]);
		t->conn = p->conns[i];
		p->running[i] = t;
		run_step(t);
	}
}

static void
hook_up(void *ctx, struct conn *c)
{
	struct pool *p = ctx;

	(void)c;
	event_active(p->poke, 0, 0);
}

/* With no connection up, nobody waits longer than one attempt to connect may take. */
static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct pool *p = ctx;
	int64_t now_us;

	(void)fd;
	(void)what;
	if (pool_up(p))
		return;
	now_us = clock_mono_us();
	while (
	    p->head != NULL && now_us - p->head->queued_us > p->conf->db_connect_ms_max * US_PER_MS)
		finish(dequeue(p), ERR_DB_DOWN);
}

enum err
tx_start(struct pool *p, tx_step_fn *step, tx_done_fn *done, void *ctx)
{
	struct tx *t;

	if (p->waiting >= p->queue_max || p->closing)
		return ERR_BUSY;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return ERR_BUSY;
	t->pool = p;
	t->step = step;
	t->done = done;
	t->ctx = ctx;
	t->queued_us = clock_mono_us();
	*p->tail = t;
	p->tail = &t->next;
	p->waiting++;
	event_active(p->poke, 0, 0);
	return ERR_OK;
}

enum err
pool_new(struct pool **out, struct event_base *base, const struct conf *conf, enum pool_kind kind,
    int connections, int queue_max)
{
	struct conn_hooks hooks = {.up = hook_up, .trip = hook_trip, .down = hook_down};
	const struct timeval tick = {.tv_usec = TICK_MS * 1000};
	struct pool *p;
	enum err e;

	assert(connections > 0 && queue_max > 0);
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_NO_MEMORY;
	p->base = base;
	p->conf = conf;
	p->kind = kind;
	p->queue_max = queue_max;
	p->tail = &p->head;
	hooks.ctx = p;
	e = ERR_NO_MEMORY;
	p->conns = calloc((size_t)connections, sizeof(struct conn *));
	p->running = calloc((size_t)connections, sizeof(struct tx *));
	p->poke = event_new(base, -1, 0, on_poke, p);
	p->tick = event_new(base, -1, EV_PERSIST, on_tick, p);
	if (p->conns == NULL || p->running == NULL || p->poke == NULL || p->tick == NULL)
		goto free_pool;
	for (; p->conn_count < connections; p->conn_count++) {
		e = conn_new(&p->conns[p->conn_count], base, conf,
		    kind == POOL_BATCH ? ON_BATCH : ON_QUERY, &hooks);
		if (e != ERR_OK)
			goto free_pool;
	}
	(void)event_add(p->tick, &tick);
	*out = p;
	return ERR_OK;

free_pool:
	pool_free(p);
	return e;
}

void
pool_free(struct pool *p)
{
	struct tx *t;

	if (p == NULL)
		return;
	p->closing = true;
	while (p->head != NULL)
		finish(dequeue(p), ERR_DB_DOWN);
	assert(p->conn_count == 0 || (p->conns != NULL && p->running != NULL));
	for (int i = 0; i < p->conn_count; i++) {
		t = p->running[i];
		p->running[i] = NULL;
		conn_free(p->conns[i]);
		if (t == NULL)
			continue;
		t->conn = NULL;
		finish(t, t->commit_sent ? ERR_TIMEOUT : ERR_DB_DOWN);
	}
	if (p->poke != NULL)
		event_free(p->poke);
	if (p->tick != NULL)
		event_free(p->tick);
	free(p->running);
	free(p->conns);
	free(p);
}

bool
pool_up(const struct pool *p)
{
	for (int i = 0; i < p->conn_count; i++)
		if (conn_state(p->conns[i]) == CONN_IDLE || conn_state(p->conns[i]) == CONN_BUSY)
			return true;
	return false;
}

int
pool_streams(const struct pool *p, int64_t *out, int max)
{
	int count;

	count = 0;
	for (int i = 0; i < p->conn_count && count < max; i++)
		if (conn_stream(p->conns[i]) != 0)
			out[count++] = conn_stream(p->conns[i]);
	return count;
}

/* ---- What a step sees ------------------------------------------------------------------------- */

int
tx_trip(const struct tx *t)
{
	return t->trip;
}

int
tx_added(const struct tx *t)
{
	return t->added;
}

/* Results before the caller's: that of begin, in the first trip. */
static int
hidden(const struct tx *t)
{
	int first_trip;

	first_trip = t->stage == STAGE_TRIP ? 1 : 0;
	return t->begun && t->trip == first_trip;
}

int
tx_result_count(const struct tx *t)
{
	int count;

	if (t->conn == NULL)
		return 0;
	count = conn_result_count(t->conn) - hidden(t) - (t->stage == STAGE_COMMIT && t->begun);
	return count > 0 ? count : 0;
}

const PGresult *
tx_result(const struct tx *t, int i)
{
	return conn_result(t->conn, i + hidden(t));
}

int
tx_affected(const struct tx *t, int i)
{
	const char *s;
	int n;

	/* PQcmdTuples() is not const in its argument, and does not change it. */
	s = PQcmdTuples((PGresult *)(uintptr_t)tx_result(t, i));
	for (n = 0; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return n;
}

void
tx_fail(struct tx *t, enum err e)
{
	assert(e != ERR_OK);
	t->err = e;
}

const char *
tx_sql_error(const struct tx *t)
{
	return t->sql_error;
}

const char *
tx_constraint(const struct tx *t)
{
	return t->constraint;
}

int64_t
tx_stream(const struct tx *t)
{
	return conn_stream(t->conn);
}

int64_t
tx_seq(struct tx *t)
{
	t->seq_used = true;
	return conn_seq(t->conn) + 1;
}

struct changed_tasks *
tx_tasks(struct tx *t)
{
	return &t->tasks;
}

void
pool_on_tasks(struct pool *p, struct changed_tasks_listener listener)
{
	p->listener = listener;
}
