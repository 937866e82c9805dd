#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "store/conn.h"

#define PAUSE_FIRST_MS 50
#define PAUSE_MAX_MS 2000
#define ARGS_SIZE_MAX ((size_t)256 << 20)
/* Beyond statement and lock time-out: then the server is not there, or the network is not. */
#define SILENCE_EXTRA_MS 5000

struct conn {
	struct event_base *base;
	const struct conf *conf;
	struct conn_hooks hooks;
	int pools; /* ON_QUERY or ON_BATCH */
	enum conn_state state;
	PGconn *pg;
	struct event *readable; /* NULL while down; made anew for each socket */
	struct event *writable;
	struct event *timer; /* DOWN: connect again; CONNECTING, SETUP, BUSY: give up */
	int pause_ms;
	bool was_up;
	bool watching_write;

	/* the trip under way */
	int expect; /* results to come, the sync's included */
	bool sync_expected;
	int result_count;
	PGresult *results[TRIP_STATEMENTS_MAX];
	struct pg_args args;

	/* the change feed */
	int64_t stream, seq;
	int64_t stream_since_us;
};

static void conn_connect(struct conn *c);
static void conn_flush(struct conn *c);
static void setup_done(struct conn *c);

static void
arm(struct conn *c, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	(void)event_add(c->timer, &tv);
}

static void
clear_results(struct conn *c)
{
	for (int i = 0; i < c->result_count; i++)
		PQclear(c->results[i]);
	c->result_count = 0;
}

/* Lets go of the socket; libpq may close it after this. */
static void
drop(struct conn *c)
{
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	c->readable = c->writable = NULL;
	c->watching_write = false;
	(void)event_del(c->timer);
	clear_results(c);
	c->expect = 0;
	c->sync_expected = false;
	c->stream = 0;
	PQfinish(c->pg);
	c->pg = NULL;
	c->state = CONN_DOWN;
}

void
conn_lost(struct conn *c, const char *why)
{
	enum conn_state was;

	was = c->state;
	assert(was != CONN_DOWN);
	log_warn(LOG_MSG("database connection lost"), LOG_STR("why", why),
	    LOG_STR("server", c->pg != NULL ? PQerrorMessage(c->pg) : ""),
	    LOG_INT("again_ms", c->pause_ms));
	drop(c);
	arm(c, c->pause_ms);
	c->pause_ms = c->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : c->pause_ms * 2;
	if (was == CONN_BUSY || was == CONN_IDLE)
		c->hooks.down(c->hooks.ctx, c);
}

/* Reads the results that are here.  false: the connection is broken. */
static bool
collect(struct conn *c)
{
	PGresult *r;

	while (c->expect > 0 && !PQisBusy(c->pg)) {
		r = PQgetResult(c->pg);
		if (r == NULL)
			return false;
		c->expect--;
		if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
			PQclear(r);
			c->sync_expected = false;
			continue;
		}
		assert(c->result_count < TRIP_STATEMENTS_MAX);
		c->results[c->result_count++] = r;
		if (PQstatus(c->pg) != CONNECTION_OK)
			return false;
		/* Behind each statement's result stands a NULL; it is here already. */
		r = PQgetResult(c->pg);
		assert(r == NULL);
	}
	return PQstatus(c->pg) == CONNECTION_OK;
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *c = ctx;
	bool waited, alive;

	(void)fd;
	(void)what;
	waited = c->expect > 0;
	alive = PQconsumeInput(c->pg) == 1;
	/* What arrived before the end may say why it ended. */
	if (waited)
		alive = collect(c) && alive;
	else if (alive)
		(void)PQisBusy(c->pg); /* parses notices and parameter changes */
	if (!alive || PQstatus(c->pg) != CONNECTION_OK) {
		conn_lost(c, waited ? "while a statement ran" : "while idle");
		return;
	}
	if (c->watching_write)
		conn_flush(c);
	if (!waited || c->expect > 0)
		return;
	(void)event_del(c->timer);
	if (c->state == CONN_SETUP)
		setup_done(c);
	else
		c->hooks.trip(c->hooks.ctx, c);
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *c = ctx;

	(void)fd;
	(void)what;
	c->watching_write = false;
	conn_flush(c);
}

/*
 * Writes what the socket takes.  When libpq meets the end while it writes it may read what the server still
 * said and close the socket.  Nothing will become readable then, and the descriptor is another's soon: it is let go
 * of, and the loop told to look.
 */
static void
conn_flush(struct conn *c)
{
	int rest;

	rest = PQflush(c->pg);
	if (rest < 0 || PQstatus(c->pg) != CONNECTION_OK) {
		(void)event_del(c->readable);
		(void)event_del(c->writable);
		event_active(c->readable, EV_READ, 0);
	} else if (rest == 1 && !c->watching_write) {
		c->watching_write = true;
		(void)event_add(c->writable, NULL);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *c = ctx;

	(void)fd;
	(void)what;
	if (c->state == CONN_DOWN)
		conn_connect(c);
	else
		conn_lost(c, c->state == CONN_BUSY ? "no answer" : "no answer to the connect");
}

enum err
conn_send(struct conn *c, const char *name, const struct pg_args *args)
{
	const char *values[PG_ARGS_MAX];
	int lengths[PG_ARGS_MAX], formats[PG_ARGS_MAX], count;

	if (c->expect == 0)
		clear_results(c);
	count = args != NULL ? args->count : 0;
	for (int i = 0; i < count; i++) {
		values[i] = args->arg[i].null ? NULL
		                              : (const char *)args->data.data + args->arg[i].at;
		lengths[i] = (int)args->arg[i].len;
		formats[i] = 1;
	}
	if (PQsendQueryPrepared(c->pg, name, count, values, lengths, formats, 1) != 1)
		return ERR_DB_DOWN;
	c->expect++;
	assert(c->expect <= TRIP_STATEMENTS_MAX);
	return ERR_OK;
}

enum err
conn_end_trip(struct conn *c, bool sync)
{
	if (sync) {
		if (PQpipelineSync(c->pg) != 1)
			return ERR_DB_DOWN;
		if (c->expect == 0)
			clear_results(c);
		c->expect++;
		c->sync_expected = true;
	} else if (PQsendFlushRequest(c->pg) != 1) {
		return ERR_DB_DOWN;
	}
	arm(c, c->conf->db_statement_ms_max + c->conf->db_lock_ms_max + SILENCE_EXTRA_MS);
	conn_flush(c);
	return ERR_OK;
}

/* ---- Coming up ------------------------------------------------------------------------------- */

static void
quiet(void *ctx, const PGresult *r)
{
	(void)ctx;
	log_debug(LOG_MSG("database notice"), LOG_STR("text", PQresultErrorMessage(r)));
}

/*
 * Writers must lock in key order: their plans are nested loops driven by a sorted unnest, never a scan of
 * the table, and are made once.  Once also means: perhaps while the table is empty, when a scan of it looks
 * cheapest.  It is not an hour later, so nobody scans (reads of orders fell from 6,900 to 2,800 orders/s
 * within 15 s of a new database); who means to read a whole table says so: CATALOG_SCANNER.
 *
 * Between two trips the server waits for us with locks held, and no time-out of its own runs (a pipeline
 * is not "idle in transaction" before its sync): keep-alives tell it when our machine is gone.
 */
const char conn_settings[] =
    "select set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false),"
    " set_config('idle_in_transaction_session_timeout', $3, false), set_config('jit', 'off', false),"
    " set_config('plan_cache_mode', 'force_generic_plan', false),"
    " set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false),"
    " set_config('enable_seqscan', 'off', false), set_config('TimeZone', 'UTC', false),"
    " set_config('client_encoding', 'UTF8', false), set_config('synchronous_commit', 'on', false),"
    " set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false)";

static bool
send_settings(struct conn *c)
{
	const char *values[3];
	char statement_ms[24], lock_ms[24], idle_ms[24];

	(void)snprintf(statement_ms, sizeof(statement_ms), "%" PRId64,
	    c->conf->db_statement_ms_max);
	(void)snprintf(lock_ms, sizeof(lock_ms), "%" PRId64, c->conf->db_lock_ms_max);
	(void)snprintf(idle_ms, sizeof(idle_ms), "%" PRId64, 2 * c->conf->db_statement_ms_max);
	values[0] = statement_ms;
	values[1] = lock_ms;
	values[2] = idle_ms;
	return PQsendQueryParams(c->pg, conn_settings, 3, NULL, values, NULL, NULL, 1) == 1;
}

/* All of it in one trip; the last statement takes a stream of the change feed. */
static bool
send_setup(struct conn *c)
{
	static const char *const ends[] = {"begin", "commit", "rollback"};
	int sent;

	sent = 2;
	if (PQsendQueryParams(c->pg, "set role yuncang_service", 0, NULL, NULL, NULL, NULL, 1) !=
	        1 ||
	    !send_settings(c))
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++, sent++)
		if (PQsendPrepare(c->pg, ends[i], ends[i], 0, NULL) != 1)
			return false;
	for (int i = 0; i < STMT_COUNT; i++) {
		if ((statements[i].pools & c->pools) == 0)
			continue;
		if (PQsendPrepare(c->pg, statements[i].name, statements[i].sql, 0, NULL) != 1)
			return false;
		sent++;
	}
	c->expect = sent;
	return true;
}

/* Oids are the database's own. */
static const char ROW_TYPES[] = "select "
#define X(name, type, columns) "'" type "'::regtype::oid::int8, "
    ROW_TABLE(X)
#undef X
        "0::int8";

static const char NEW_STREAM[] = "insert into feed_stream default values returning stream_id";

static void
start_setup(struct conn *c)
{
	c->state = CONN_SETUP;
	PQsetNoticeReceiver(c->pg, quiet, NULL);
	if (PQsetnonblocking(c->pg, 1) != 0 || PQenterPipelineMode(c->pg) != 1 || !send_setup(c) ||
	    PQsendQueryParams(c->pg, ROW_TYPES, 0, NULL, NULL, NULL, NULL, 1) != 1 ||
	    PQsendQueryParams(c->pg, NEW_STREAM, 0, NULL, NULL, NULL, NULL, 1) != 1) {
		conn_lost(c, "cannot send the set-up");
		return;
	}
	c->expect += 2;
	if (conn_end_trip(c, true) != ERR_OK)
		conn_lost(c, "cannot send the set-up");
}

static void
setup_done(struct conn *c)
{
	const PGresult *r;
	const char *message;

	for (int i = 0; i < c->result_count; i++) {
		r = c->results[i];
		if (PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK)
			continue;
		message = PQresultErrorMessage(r);
		log_error(LOG_MSG(
		              "the database refuses the set-up of a connection; is it migrated?"),
		    LOG_INT("statement", i), LOG_STR("server", message));
		conn_lost(c, "set-up refused");
		return;
	}
	r = c->results[c->result_count - 2];
	for (int i = 0; i < ROW_COUNT; i++)
		c->args.row_type[i] = (uint32_t)col_i64(r, 0, i);
	r = c->results[c->result_count - 1];
	c->stream = col_i64(r, 0, 0);
	c->stream_since_us = clock_mono_us();
	c->seq = 0;
	clear_results(c);
	c->pause_ms = PAUSE_FIRST_MS;
	if (c->was_up)
		metric_add(METRIC_db_reconnects_total, 1);
	c->was_up = true;
	c->state = CONN_IDLE;
	c->hooks.up(c->hooks.ctx, c);
}

static void connect_step(evutil_socket_t fd, short what, void *ctx);

/* One event for one step of the connect: libpq may take another socket with each. */
static void
watch_connect(struct conn *c, short what)
{
	if (c->readable != NULL)
		event_free(c->readable);
	c->readable = event_new(c->base, PQsocket(c->pg), what, connect_step, c);
	if (c->readable == NULL || event_add(c->readable, NULL) != 0)
		conn_lost(c, "no memory");
}

static void
connected(struct conn *c)
{
	event_free(c->readable);
	c->readable = event_new(c->base, PQsocket(c->pg), EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(c->base, PQsocket(c->pg), EV_WRITE, on_writable, c);
	if (c->readable == NULL || c->writable == NULL || event_add(c->readable, NULL) != 0) {
		conn_lost(c, "no memory");
		return;
	}
	start_setup(c);
}

static void
connect_step(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *c = ctx;

	(void)fd;
	(void)what;
	switch (PQconnectPoll(c->pg)) {
	case PGRES_POLLING_READING:
		watch_connect(c, EV_READ);
		break;
	case PGRES_POLLING_WRITING:
		watch_connect(c, EV_WRITE);
		break;
	case PGRES_POLLING_OK:
		connected(c);
		break;
	default:
		conn_lost(c, "cannot connect");
		break;
	}
}

static void
conn_connect(struct conn *c)
{
	const char *const names[] = {"dbname", "fallback_application_name", NULL};
	const char *const values[] = {c->conf->db, "yuncang", NULL};

	c->state = CONN_CONNECTING;
	c->pg = PQconnectStartParams(names, values, 1);
	if (c->pg == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
		conn_lost(c, "cannot connect");
		return;
	}
	arm(c, c->conf->db_connect_ms_max);
	watch_connect(c, EV_WRITE);
}

/* ---- Life ------------------------------------------------------------------------------------ */

enum err
conn_new(struct conn **out, struct event_base *base, const struct conf *conf, int pools,
    const struct conn_hooks *hooks)
{
	struct conn *c;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ERR_NO_MEMORY;
	*c = (struct conn){.base = base,
	    .conf = conf,
	    .pools = pools,
	    .hooks = *hooks,
	    .pause_ms = PAUSE_FIRST_MS};
	args_init(&c->args, ARGS_SIZE_MAX);
	c->timer = evtimer_new(base, on_timer, c);
	if (c->timer == NULL) {
		free(c);
		return ERR_NO_MEMORY;
	}
	arm(c, 0);
	*out = c;
	return ERR_OK;
}

void
conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	drop(c);
	event_free(c->timer);
	args_release(&c->args);
	free(c);
}

enum conn_state
conn_state(const struct conn *c)
{
	return c->state;
}

void
conn_take(struct conn *c)
{
	assert(c->state == CONN_IDLE && c->expect == 0);
	c->state = CONN_BUSY;
}

void
conn_release(struct conn *c)
{
	assert(c->state == CONN_BUSY && c->expect == 0 && !conn_in_transaction(c));
	clear_results(c);
	args_reset(&c->args);
	c->state = CONN_IDLE;
	/* Readers forget streams after two days: feed.c deletes their rows. */
	if (clock_mono_us() - c->stream_since_us < US_PER_DAY)
		return;
	c->state = CONN_SETUP;
	if (PQsendQueryParams(c->pg, NEW_STREAM, 0, NULL, NULL, NULL, NULL, 1) != 1) {
		conn_lost(c, "cannot send");
		return;
	}
	c->expect++;
	if (conn_end_trip(c, true) != ERR_OK)
		conn_lost(c, "cannot send");
}

bool
conn_in_transaction(const struct conn *c)
{
	return PQtransactionStatus(c->pg) != PQTRANS_IDLE;
}

int
conn_result_count(const struct conn *c)
{
	return c->result_count;
}

const PGresult *
conn_result(const struct conn *c, int i)
{
	assert(i >= 0 && i < c->result_count);
	return c->results[i];
}

const PGresult *
conn_first_error(const struct conn *c)
{
	for (int i = 0; i < c->result_count; i++) {
		ExecStatusType s = PQresultStatus(c->results[i]);

		if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK)
			return c->results[i];
	}
	return NULL;
}

struct pg_args *
conn_args(struct conn *c)
{
	return &c->args;
}

int64_t
conn_stream(const struct conn *c)
{
	return c->stream;
}

int64_t
conn_seq(const struct conn *c)
{
	return c->seq;
}

void
conn_seq_commit(struct conn *c)
{
	c->seq++;
}
