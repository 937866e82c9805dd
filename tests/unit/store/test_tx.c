/* Transactions over a real server: trips, refusals, lost connections, deadlocks, full queues. */
#include <stdlib.h>

#include "base/metric.h"
#include "store/batch_write.h"
#include "unit.h"

#include "catalog_fixture.h"

static struct instance s;

static int
start(void **state)
{
	if (cluster_start(state) != 0)
		return -1;
	small_catalog(&s, "tx");
	return 0;
}

static int
stop(void **state)
{
	instance_stop(&s);
	return cluster_stop(state);
}

struct run {
	enum {
		BARE,
		TRIPS,
		UNDONE,
		TWICE,
		BROKEN_UNDONE,
		KILLED,
		DEAD,
		CROSS_A,
		CROSS_B,
		TASKS
	} what;
	struct uuid id;
	int steps;
	bool done;
	enum err err;
	int affected;
	char sql_error[64];
	struct run *other; /* CROSS: who locks the other part first */
	bool locked;
	int first_trips;
};

static void
event_row(struct run *r, struct tx *t)
{
	struct outbox_write w = {.order_id = r->id, .dealer = 1, .kind = OUTBOX_CREATED};

	write_outbox(t, &w, 1, 1);
}

/* libpq writes whole 8 kB as they come, and the rest at the end. */
static void
big_trip(struct run *r, struct tx *t)
{
	struct outbox_write w[200];

	for (size_t i = 0; i < ROWS(w); i++)
		w[i] =
		    (struct outbox_write){.order_id = r->id, .dealer = 1, .kind = OUTBOX_CREATED};
	for (int i = 0; i < 2; i++)
		write_outbox(t, w, ROWS(w), 1);
}

static void
feed_row(struct tx *t)
{
	struct buf none;

	buf_init(&none, 100);
	write_change(t, &none);
	buf_release(&none);
}

/* The same event id again: it breaks the primary key. */
static void
contact_twice(struct run *r, struct tx *t)
{
	const struct payment_row p = {.provider = PROVIDER_WECHAT, .number = "X", .amount_fen = 0};
	const struct payment_write w = {.order_id = r->id, .dealer = 1, .payment = &p};

	write_payments(t, &w, 1); /* amount_fen > 0 says the table */
}

static void
bump(struct tx *t, const char *part)
{
	args_text(tx_args(t), part);
	tx_add(t, STMT_CATALOG_BUMP);
}

/*
 * Locks one part, and when the other transaction has locked the other one, that too; run again, it locks in
 * the other's order, so that one deadlock is all there is.
 */
static enum tx_next
cross(struct run *r, struct tx *t)
{
	bool skus_first;

	r->first_trips += tx_trip(t) == 0;
	skus_first = (r->what == CROSS_A) == (r->first_trips == 1);
	if (tx_trip(t) == 0) {
		bump(t, skus_first ? "skus" : "parties");
		return TX_TRIP;
	}
	r->locked = true;
	if (!r->other->locked) {
		(void)tx_args(t);
		tx_add(t, STMT_FEED_STREAMS);
		return TX_TRIP;
	}
	bump(t, skus_first ? "parties" : "skus");
	return TX_COMMIT;
}

static enum tx_next
step(struct tx *t, void *ctx)
{
	struct run *r = ctx;
	int trip = tx_trip(t);

	r->steps++;
	switch (r->what) {
	case BARE:
		event_row(r, t);
		return TX_COMMIT;
	case TRIPS:
		if (trip == 0) {
			event_row(r, t);
			feed_row(t);
			return TX_TRIP;
		}
		assert_int_equal(tx_result_count(t), 2);
		assert_int_equal(tx_affected(t, 0), 1);
		event_row(r, t);
		return TX_COMMIT;
	case UNDONE:
		event_row(r, t);
		feed_row(t);
		if (trip == 0)
			return TX_TRIP;
		tx_fail(t, ERR_OUT_OF_STOCK);
		return TX_ROLLBACK;
	case TWICE:
		event_row(r, t);
		contact_twice(r, t);
		event_row(r, t);
		return TX_COMMIT;
	case BROKEN_UNDONE: /* the rollback travels behind a statement that fails */
		event_row(r, t);
		if (trip == 0)
			return TX_TRIP;
		contact_twice(r, t);
		tx_fail(t, ERR_OUT_OF_STOCK);
		return TX_ROLLBACK;
	case KILLED:
	case DEAD:
		if (trip > 0)
			sql_run(small_db(),
			    "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
			    "where application_name = 'yuncang' and backend_xid is not null");
		if (r->what == DEAD)
			big_trip(r, t);
		else
			event_row(r, t);
		return r->what == KILLED && trip > 0 ? TX_COMMIT : TX_TRIP;
	case CROSS_A:
	case CROSS_B:
		return cross(r, t);
	case TASKS: /* ${other} set: undone */
		tx_task(t, 12);
		tx_task(t, 11);
		tx_task(t, 12);
		feed_row(t);
		if (r->other == NULL)
			return TX_COMMIT;
		tx_fail(t, ERR_OUT_OF_STOCK);
		return TX_ROLLBACK;
	}
	return TX_ROLLBACK;
}

static void
done(struct tx *t, void *ctx, enum err e)
{
	struct run *r = ctx;

	r->done = true;
	r->err = e;
	if (e == ERR_OK)
		r->affected = tx_affected(t, 0);
	(void)snprintf(r->sql_error, sizeof(r->sql_error), "%s", tx_sql_error(t));
}

static struct run
run(int what)
{
	struct run r = {.what = what, .id = uuid_v7(1)};

	assert_int_equal(tx_start(s.pool, step, done, &r), ERR_OK);
	assert_int_equal(r.steps, 0); /* never from inside the call */
	instance_wait(&s, &r.done);
	return r;
}

static int64_t
events(void)
{
	return sql_number(small_db(), "select count(*) from outbox");
}

static void
test_outcomes(void **state)
{
	static const struct {
		const char *label;
		int what;
		enum err want;
		int events, feed;
		const char *sql_error;
	} rows[] = {
	    {"one statement, no begin", BARE, ERR_OK, 1, 0, ""},
	    {"two trips", TRIPS, ERR_OK, 2, 1, ""},
	    {"undone by its step", UNDONE, ERR_OUT_OF_STOCK, 0, 0, ""},
	    {"a constraint", TWICE, ERR_BAD_FIELD, 0, 0, "23514"},
	    {"undone, and a constraint", BROKEN_UNDONE, ERR_OUT_OF_STOCK, 0, 0, ""},
	    {"the connection is as good as before", TRIPS, ERR_OK, 2, 1, ""},
	    {"also for one statement", BARE, ERR_OK, 1, 0, ""},
	};
	int64_t had, had_feed;
	struct run r;

	(void)state;
	for (int again = 0; again < 3; again++) {
		for (size_t i = 0; i < ROWS(rows); i++) {
			had = events();
			had_feed = sql_number(small_db(), "select count(*) from stock_change");
			r = run(rows[i].what);
			row_equal(rows[i].label, r.err, rows[i].want);
			row_equal(rows[i].label, events() - had, rows[i].events);
			row_equal(rows[i].label,
			    sql_number(small_db(), "select count(*) from stock_change") - had_feed,
			    rows[i].feed);
			row_equal(rows[i].label,
			    strncmp(r.sql_error, rows[i].sql_error, strlen(rows[i].sql_error)), 0);
			if (r.err == ERR_OK)
				row_equal(rows[i].label, r.affected, 1);
		}
	}
	/* Numbers of what was undone were not used: a stream has no gap. */
	assert_int_equal(sql_number(small_db(),
	                     "select count(*) from (select from stock_change group by stream_id "
	                     "having max(seq) <> count(*)) x"),
	    0);
}

static int heard, heard_sum;

static void
hear(void *ctx, const int32_t *locations, int count)
{
	assert_true(((const struct run *)ctx)->done);
	heard = count;
	for (int i = 0; i < count; i++)
		heard_sum += locations[i];
}

/* Who waits for tasks hears of them once they are committed, and only then. */
static void
test_tasks_told(void **state)
{
	struct run r = {.what = TASKS}, undone = {.what = TASKS, .other = &undone};

	(void)state;
	pool_on_tasks(s.pool, (struct changed_tasks_listener){.fn = hear, .ctx = &r});
	assert_int_equal(tx_start(s.pool, step, done, &r), ERR_OK);
	instance_wait(&s, &r.done);
	assert_int_equal(r.err, ERR_OK);
	assert_int_equal(heard, 2);
	assert_int_equal(heard_sum, 23);
	assert_int_equal(tx_start(s.pool, step, done, &undone), ERR_OK);
	instance_wait(&s, &undone.done);
	assert_int_equal(undone.err, ERR_OUT_OF_STOCK);
	assert_int_equal(heard_sum, 23);
	pool_on_tasks(s.pool, (struct changed_tasks_listener){0});
	assert_int_equal(sql_number(small_db(),
	                     "select count(*) from stock_change where length(changes) = 4"),
	    1); /* two of two bytes each */
}

static void
test_connection_lost(void **state)
{
	int64_t had = events(), reconnects = metric_get(METRIC_db_reconnects_total);
	struct run r;

	(void)state;
	r = run(KILLED);
	assert_true(r.err == ERR_TIMEOUT); /* the commit was sent: who knows */
	assert_int_equal(events(), had);
	/* libpq meets the end with its last write, and closes the socket that we listen on. */
	assert_int_equal(run(DEAD).err, ERR_DB_DOWN);
	assert_int_equal(events(), had);
	for (int i = 0; i < 4; i++)
		assert_int_equal(run(BARE).err, ERR_OK);
	assert_int_equal(events(), had + 4);
	for (int i = 0; i < 100 && metric_get(METRIC_db_reconnects_total) < reconnects + 2; i++) {
		const struct timeval tick = {.tv_usec = 20000};

		(void)event_base_loopexit(s.base, &tick);
		(void)event_base_loop(s.base, 0);
	}
	assert_int_equal(metric_get(METRIC_db_reconnects_total), reconnects + 2);
}

/* Two that lock crosswise: the server ends one, which is run again and knows nothing of it. */
static void
test_deadlock(void **state)
{
	struct run a = {.what = CROSS_A}, b = {.what = CROSS_B, .other = &a};
	int64_t had =
	    sql_number(small_db(), "select version from catalog_state where part = 'skus'");

	(void)state;
	a.other = &b;
	assert_int_equal(tx_start(s.pool, step, done, &a), ERR_OK);
	assert_int_equal(tx_start(s.pool, step, done, &b), ERR_OK);
	instance_wait(&s, &a.done);
	instance_wait(&s, &b.done);
	assert_int_equal(a.err, ERR_OK);
	assert_int_equal(b.err, ERR_OK);
	assert_int_equal(a.first_trips + b.first_trips, 3); /* one of them twice */
	assert_int_equal(sql_number(small_db(),
	                     "select version from catalog_state where part = 'skus'"),
	    had + 2);
}

static void
test_full(void **state)
{
	static struct run r[101];
	int accepted = 0;

	(void)state;
	for (size_t i = 0; i < ROWS(r); i++) {
		r[i] = (struct run){.what = BARE, .id = uuid_v7(1)};
		accepted += tx_start(s.pool, step, done, &r[i]) == ERR_OK;
	}
	assert_int_equal(accepted, 100); /* the fixture's queue_max */
	for (int i = 0; i < accepted; i++)
		instance_wait(&s, &r[i].done);
	assert_false(r[100].done);
}

/* Nobody there: told within db_connect_ms_max; and what waits when the pool goes is told, too. */
static void
test_nobody(void **state)
{
	struct conf conf = s.conf;
	char nowhere[] = "host=/nonexistent";
	struct run r = {.what = BARE}, late = {.what = BARE};
	struct pool *p;

	(void)state;
	conf.db = nowhere;
	conf.db_connect_ms_max = 150;
	assert_int_equal(pool_new(&p, s.base, &conf, POOL_QUERY, 1, 10), ERR_OK);
	assert_int_equal(tx_start(p, step, done, &r), ERR_OK);
	instance_wait(&s, &r.done);
	assert_int_equal(r.err, ERR_DB_DOWN);
	assert_false(pool_up(p));
	assert_int_equal(tx_start(p, step, done, &late), ERR_OK);
	pool_free(p);
	assert_true(late.done);
	assert_int_equal(late.err, ERR_DB_DOWN);
	assert_int_equal(r.steps + late.steps, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_outcomes),
	    cmocka_unit_test(test_tasks_told),
	    cmocka_unit_test(test_connection_lost),
	    cmocka_unit_test(test_deadlock),
	    cmocka_unit_test(test_full),
	    cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
