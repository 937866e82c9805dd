#include "store/batch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "store/batch_run.h"

#define ARENA_MAX ((size_t)64 << 20)
#define CHANGES_MAX ((size_t)16 << 20)
#define RUN_TRIES_MAX \
	10 /* after deadlocks and lock time-outs; lost connections are bounded by time */

struct batch {
	struct event_base *base;
	const struct conf *conf;
	struct pool *pool;
	struct hints_memory *hints;
	struct event *poke;
	struct batch_entry *head, **tail; /* orders that wait, in order of arrival */
	int waiting;
	struct batch_run *again, **again_tail; /* batches to run again, before what waits */
	struct batch_run *running;             /* transactions under way */
	int running_count, running_max;
	bool closing;
};

static void run_done(struct tx *t, void *ctx, enum err e);

/* ---- Batches ---------------------------------------------------------------------------------- */

static void
run_free(struct batch_run *r)
{
	if (r == NULL)
		return;
	arena_free(r->arena);
	buf_release(&r->changes);
	free(r->entries);
	free(r);
}

static struct batch_run *
run_new(struct batch *b, int count)
{
	struct batch_run *r;

	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	r->batch = b;
	r->hints = &b->hints->hints;
	r->first_us = clock_mono_us();
	buf_init(&r->changes, CHANGES_MAX);
	r->entries = calloc((size_t)count, sizeof(struct batch_entry *));
	r->arena = arena_new(ARENA_MAX);
	if (r->entries == NULL || r->arena == NULL) {
		run_free(r);
		return NULL;
	}
	return r;
}

static void
tell(struct batch *b, struct batch_entry *x)
{
	for (int i = 0; i < x->row->take_count; i++)
		take_inflight(b->hints, &x->row->takes[i], -1);
	if (x->outcome.err == ERR_OK) {
		metric_add(METRIC_orders_committed_total, 1);
		metric_observe(METRIC_commit_us, clock_mono_us() - x->queued_us);
	}
	x->row = NULL;
	x->done(x->ctx, &x->outcome);
	free(x);
}

/* The batch is over with one error for all its orders. */
static void
tell_all(struct batch_run *r, enum err e)
{
	for (int i = 0; i < r->count; i++) {
		r->entries[i]->outcome = (struct batch_outcome){.err = e,
		    .order_id = r->entries[i]->row->order_id,
		    .lost_take = -1};
		tell(r->batch, r->entries[i]);
	}
	run_free(r);
}

static void
run_start(struct batch *b, struct batch_run *r)
{
	enum err e;

	r->tries++;
	e = tx_start(b->pool, batch_run_step, run_done, r);
	if (e != ERR_OK) {
		tell_all(r, r->unknown ? ERR_TIMEOUT : e);
		return;
	}
	r->next = b->running;
	b->running = r;
	b->running_count++;
}

static struct batch_run *
take_waiting(struct batch *b)
{
	struct batch_run *r;
	int count;

	count = b->waiting < b->conf->batch_orders_max ? b->waiting
	                                               : (int)b->conf->batch_orders_max;
	r = run_new(b, count);
	if (r == NULL)
		return NULL;
	while (r->count < count) {
		r->entries[r->count++] = b->head;
		b->head = b->head->next;
	}
	if (b->head == NULL)
		b->tail = &b->head;
	b->waiting -= count;
	metric_set(METRIC_batch_queue, b->waiting);
	metric_add(METRIC_batches_total, 1);
	metric_add(METRIC_batch_orders_total, count);
	return r;
}

/* Once a turn: all orders that came with it share a commit. */
static void
on_poke(evutil_socket_t fd, short what, void *ctx)
{
	struct batch *b = ctx;
	struct batch_run *r;

	(void)fd;
	(void)what;
	while (b->running_count < b->running_max && (b->again != NULL || b->waiting > 0)) {
		r = b->again;
		if (r != NULL) {
			b->again = r->next;
			if (b->again == NULL)
				b->again_tail = &b->again;
		} else {
			r = take_waiting(b);
		}
		if (r == NULL)
			return; /* no memory: the next commit's end pokes again */
		run_start(b, r);
	}
}

static void
run_again(struct batch_run *r)
{
	struct batch *b = r->batch;

	r->next = NULL;
	*b->again_tail = r;
	b->again_tail = &r->next;
}

/* ---- When a transaction ends ------------------------------------------------------------------ */

static void
committed(struct batch_run *r, struct tx *t)
{
	struct batch *b = r->batch;
	int64_t now_us;

	batch_run_finish(r, t);
	takes_apply(&r->takes, b->hints, true);
	now_us = clock_wall_us();
	for (int i = 0; i < r->count; i++) {
		r->entries[i]->outcome.committed_us = now_us;
		tell(b, r->entries[i]);
	}
	run_free(r);
}

/* A row broke a constraint: half of the batch at a time, down to the one order. */
static void
split_run(struct batch_run *r, struct tx *t)
{
	struct batch_run *right;
	char id[UUID_TEXT_SIZE];
	int half;

	if (r->count == 1) {
		uuid_format(&r->entries[0]->row->order_id, id);
		metric_add(METRIC_batch_bad_orders_total, 1);
		log_error(LOG_MSG(
		              "an order broke a constraint; validation must make that impossible"),
		    LOG_STR("order", id), LOG_STR("server", tx_sql_error(t)));
		tell_all(r, ERR_INTERNAL);
		return;
	}
	half = r->count / 2;
	right = run_new(r->batch, r->count - half);
	if (right == NULL) {
		tell_all(r, ERR_BUSY);
		return;
	}
	metric_add(METRIC_batch_splits_total, 1);
	for (int i = half; i < r->count; i++)
		right->entries[right->count++] = r->entries[i];
	right->unknown = r->unknown;
	right->first_us = r->first_us;
	r->count = half;
	run_again(r);
	run_again(right);
}

/* Deadlock, lock time-out or a lost connection: the same batch again, while that may help. */
static void
retry(struct batch_run *r, enum err e)
{
	bool lost;

	lost = e == ERR_DB_DOWN || e == ERR_TIMEOUT;
	r->unknown = r->unknown || e == ERR_TIMEOUT;
	if (!r->batch->closing && (lost || r->tries < RUN_TRIES_MAX) &&
	    clock_mono_us() - r->first_us < r->batch->conf->db_statement_ms_max * US_PER_MS) {
		metric_add(METRIC_batch_retries_total, 1);
		run_again(r);
		return;
	}
	tell_all(r, r->unknown ? ERR_TIMEOUT : e);
}

static void
not_running(struct batch_run *r)
{
	struct batch_run **at;

	for (at = &r->batch->running; *at != r; at = &(*at)->next)
		assert(*at != NULL);
	*at = r->next;
	r->batch->running_count--;
}

static void
run_done(struct tx *t, void *ctx, enum err e)
{
	struct batch_run *r = ctx;
	struct batch *b = r->batch;

	if (r->abandoned) {
		run_free(r);
		return;
	}
	not_running(r);
	switch (e) {
	case ERR_OK:
		committed(r, t);
		break;
	case ERR_TIMEOUT:
	case ERR_DB_DOWN:
	case ERR_CONTENDED:
	case ERR_BUSY:
		retry(r, e);
		break;
	case ERR_BAD_FIELD:
	case ERR_TOO_LARGE:
		split_run(r, t);
		break;
	default:
		log_error(LOG_MSG("a group commit failed"), LOG_STR("err", err_name(e)),
		    LOG_INT("orders", r->count), LOG_STR("server", tx_sql_error(t)));
		tell_all(r, r->unknown ? ERR_TIMEOUT : ERR_INTERNAL);
		break;
	}
	if (!b->closing)
		event_active(b->poke, 0, 0);
}

/* ---- The queue -------------------------------------------------------------------------------- */

enum err
batch_add(struct batch *b, const struct order_row *row, batch_fn *done, void *ctx)
{
	struct batch_entry *x;

	if (b->waiting >= b->conf->batch_queue_max)
		return ERR_BUSY;
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return ERR_BUSY;
	*x = (struct batch_entry){.row = row,
	    .done = done,
	    .ctx = ctx,
	    .queued_us = clock_mono_us()};
	for (int i = 0; i < row->take_count; i++)
		take_inflight(b->hints, &row->takes[i], 1);
	*b->tail = x;
	b->tail = &x->next;
	b->waiting++;
	metric_set(METRIC_batch_queue, b->waiting);
	event_active(b->poke, 0, 0);
	return ERR_OK;
}

int
batch_waiting(const struct batch *b)
{
	return b->waiting;
}

enum err
batch_new(struct batch **out, struct event_base *base, const struct conf *conf, struct pool *pool,
    struct hints_memory *hints)
{
	struct batch *b;

	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return ERR_NO_MEMORY;
	*b = (struct batch){.base = base,
	    .conf = conf,
	    .pool = pool,
	    .hints = hints,
	    .running_max = (int)conf->db_batch_connections};
	b->tail = &b->head;
	b->again_tail = &b->again;
	b->poke = event_new(base, -1, 0, on_poke, b);
	if (b->poke == NULL) {
		free(b);
		return ERR_NO_MEMORY;
	}
	*out = b;
	return ERR_OK;
}

void
batch_free(struct batch *b)
{
	struct batch_run *r;
	struct batch_entry *x;

	if (b == NULL)
		return;
	b->closing = true;
	/* What is under way may commit; nobody is there to hear of it. */
	for (r = b->running; r != NULL; r = r->next) {
		r->abandoned = true;
		for (int i = 0; i < r->count; i++) {
			r->entries[i]->outcome =
			    (struct batch_outcome){.err = ERR_TIMEOUT, .lost_take = -1};
			tell(b, r->entries[i]);
		}
		r->count = 0;
	}
	while ((r = b->again) != NULL) {
		b->again = r->next;
		tell_all(r, r->unknown ? ERR_TIMEOUT : ERR_NOT_READY);
	}
	while ((x = b->head) != NULL) {
		b->head = x->next;
		x->outcome = (struct batch_outcome){.err = ERR_NOT_READY, .lost_take = -1};
		tell(b, x);
	}
	event_free(b->poke);
	free(b);
}
