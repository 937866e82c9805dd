#include "store/batch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/batch_run.h"

struct batch {
	struct hints_memory *hints;
	struct group *group;
};

static void
tell(struct batch *b, struct batch_entry *x)
{
	for (int i = 0; i < x->row->take_count; i++)
		take_inflight(b->hints, &x->row->takes[i], -1);
	if (x->outcome.err == ERR_OK) {
		metric_add(METRIC_orders_committed_total, 1);
		metric_observe(METRIC_commit_us, clock_mono_us() - x->entry.queued_us);
	}
	x->row = NULL;
	x->done(x->ctx, &x->outcome);
	free(x);
}

static enum tx_next
step(struct group_run *run, struct tx *t)
{
	struct batch_run *r = (struct batch_run *)run;
	const struct batch *b = run->owner;

	r->hints = &b->hints->hints;
	return batch_run_step(t, r);
}

static void
committed(struct group_run *run, struct tx *t)
{
	struct batch_run *r = (struct batch_run *)run;
	struct batch *b = run->owner;
	int64_t now_us;

	batch_run_finish(r, t);
	takes_apply(&r->takes, b->hints, true);
	now_us = clock_wall_us();
	for (int i = 0; i < run->count; i++) {
		r->entries[i]->outcome.committed_us = now_us;
		tell(b, r->entries[i]);
	}
}

static void
failed(void *owner, struct group_entry *entry, enum err e)
{
	struct batch_entry *x = (struct batch_entry *)entry;

	x->outcome =
	    (struct batch_outcome){.err = e, .order_id = x->row->order_id, .lost_take = -1};
	tell(owner, x);
}

static void
print(const struct group_entry *entry, char out[UUID_TEXT_SIZE])
{
	const struct batch_entry *x = (const struct batch_entry *)entry;

	uuid_format(&x->row->order_id, out);
}

static const struct group_kind orders = {.name = "order",
    .run_size = sizeof(struct batch_run),
    .step = step,
    .committed = committed,
    .failed = failed,
    .print = print,
    .queue = METRIC_batch_queue,
    .runs = METRIC_batches_total,
    .entries = METRIC_batch_orders_total,
    .retries = METRIC_batch_retries_total,
    .splits = METRIC_batch_splits_total,
    .bad = METRIC_batch_bad_orders_total};

enum err
batch_add(struct batch *b, const struct order_row *row, batch_fn *done, void *ctx)
{
	struct batch_entry *x;
	enum err e;

	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return ERR_BUSY;
	*x = (struct batch_entry){.row = row, .done = done, .ctx = ctx};
	e = group_add(b->group, &x->entry);
	if (e != ERR_OK) {
		free(x);
		return e;
	}
	for (int i = 0; i < row->take_count; i++)
		take_inflight(b->hints, &row->takes[i], 1);
	return ERR_OK;
}

int
batch_waiting(const struct batch *b)
{
	return group_waiting(b->group);
}

enum err
batch_new(struct batch **out, struct event_base *base, const struct conf *conf, struct pool *pool,
    struct hints_memory *hints)
{
	struct batch *b;
	enum err e;

	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return ERR_NO_MEMORY;
	b->hints = hints;
	e = group_new(&b->group, base, conf, pool, &orders, b, (int)conf->db_batch_connections);
	if (e != ERR_OK) {
		free(b);
		return e;
	}
	*out = b;
	return ERR_OK;
}

void
batch_free(struct batch *b)
{
	if (b == NULL)
		return;
	group_free(b->group);
	free(b);
}
