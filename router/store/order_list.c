#include "store/order_list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/order_read_row.h"

#define TIME_MAX_US INT64_C(253402300799000000) /* 9999-12-31 */

/* ---- A page of orders -------------------------------------------------------------------------- */

struct list {
	struct arena *arena;
	struct order_query query;
	order_list_fn *done;
	void *ctx;
	struct order_read *orders;
	int count;
};

/* The lowest id that could have been made in the millisecond of ${us}. */
static struct uuid
uuid_floor(int64_t us)
{
	struct uuid u = {{0}};
	uint64_t ms;
	int i;

	ms = us < 0 ? 0 : (uint64_t)(us / US_PER_MS);
	for (i = 0; i < 6; i++)
		u.b[i] = (uint8_t)(ms >> (40 - 8 * i));
	return u;
}

static void
list_ask(const struct list *l, struct tx *t)
{
	const struct order_query *q = &l->query;
	struct uuid from, before, to;
	struct pg_args *a;
	enum stmt s;

	from = uuid_floor(q->from_us);
	before = q->before;
	to = uuid_floor(q->to_us == 0 ? TIME_MAX_US : q->to_us);
	if (uuid_is_zero(&before) || memcmp(&to, &before, sizeof(to)) < 0)
		before = to;
	s = q->dealer == 0       ? STMT_ORDER_LIST_STOREFRONT
	    : q->storefront == 0 ? STMT_ORDER_LIST_DEALER
	                         : STMT_ORDER_LIST_BOTH;
	a = tx_args(t);
	args_i32(a, q->storefront != 0 ? q->storefront : q->dealer);
	args_uuid(a, &from);
	args_uuid(a, &before);
	args_i64(a, q->count_max + 1);
	if (s == STMT_ORDER_LIST_BOTH)
		args_i32(a, q->dealer);
	tx_add(t, s);
}

static enum err
list_read(struct list *l, const PGresult *r)
{
	enum err e;
	int i;

	l->count = PQntuples(r);
	l->orders = arena_array(l->arena, (size_t)l->count, sizeof(*l->orders));
	if (l->orders == NULL)
		return ERR_NO_MEMORY;
	for (i = 0, e = ERR_OK; e == ERR_OK && i < l->count; i++)
		e = order_row_read(l->arena, r, i, &l->orders[i]);
	return e;
}

static enum tx_next
list_step(struct tx *t, void *ctx)
{
	struct list *l = ctx;
	struct pg_args *a;
	enum err e;
	int i;

	if (tx_trip(t) == 0) {
		list_ask(l, t);
		return TX_TRIP;
	}
	if (tx_trip(t) == 1) {
		e = list_read(l, tx_result(t, 0));
		if (e == ERR_OK && l->count == 0)
			return TX_COMMIT;
		if (e == ERR_OK) {
			a = tx_args(t);
			args_array(a, ELEM_UUID);
			for (i = 0; i < l->count; i++)
				elem_uuid(a, &l->orders[i].order_id);
			args_array_end(a);
			tx_add(t, STMT_ORDER_FULFILMENTS);
			return TX_TRIP;
		}
	} else {
		e = fulfilments_read(l->arena, tx_result(t, 0), l->orders, l->count);
	}
	if (e == ERR_OK)
		return TX_COMMIT;
	tx_fail(t, e);
	return TX_ROLLBACK;
}

static void
list_done(struct tx *t, void *ctx, enum err e)
{
	struct list *l = ctx;
	bool more;

	read_told(t, e);
	more = e == ERR_OK && l->count > l->query.count_max;
	if (more)
		l->count = l->query.count_max;
	l->done(l->ctx, e, l->orders, e == ERR_OK ? l->count : 0, more);
}

enum err
order_read_list(struct pool *p, struct arena *arena, const struct order_query *q,
    order_list_fn *done, void *ctx)
{
	struct list *l;

	assert(q->storefront != 0 || q->dealer != 0);
	l = arena_zalloc(arena, sizeof(*l));
	if (l == NULL)
		return ERR_NO_MEMORY;
	*l = (struct list){.arena = arena, .query = *q, .done = done, .ctx = ctx};
	return tx_start(p, list_step, list_done, l);
}

/* ---- Tasks of a location ----------------------------------------------------------------------- */

/* No padding: compared as bytes. */
struct task_level {
	int32_t dealer, location, sku, goods_owner;
};
struct task_list {
	struct arena *arena;
	struct task_query query;
	task_list_fn *done;
	void *ctx;
	struct task_read *tasks;
	int count;
	bool more;
};

static void
tasks_ask(const struct task_list *l, struct tx *t)
{
	const struct task_query *q = &l->query;
	struct pg_args *a;

	a = tx_args(t);
	args_i32(a, q->location);
	args_array(a, ELEM_I16);
	if (q->state != 0) {
		elem_i16(a, (int16_t)q->state);
	} else {
		elem_i16(a, FUL_OFFERED);
		elem_i16(a, FUL_ACCEPTED);
	}
	args_array_end(a);
	args_time(a, q->after_due_us);
	args_uuid(a, &q->after_order);
	args_i16(a, (int16_t)q->after_number);
	args_i64(a, q->count_max + 1);
	tx_add(t, STMT_ORDER_TASKS);
}

static enum err
tasks_read(struct task_list *l, const PGresult *r)
{
	enum err e = ERR_OK;

	l->more = PQntuples(r) > l->query.count_max;
	l->count = l->more ? l->query.count_max : PQntuples(r);
	l->tasks = arena_array(l->arena, (size_t)l->count, sizeof(*l->tasks));
	if (l->tasks == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; e == ERR_OK && i < l->count; i++) {
		l->tasks[i].order_id = col_uuid(r, i, 0);
		l->tasks[i].due_us = col_time(r, i, FULFILMENT_COLUMN_COUNT);
		l->tasks[i].created_us = col_time(r, i, FULFILMENT_COLUMN_COUNT + 1);
		e = fulfilment_row_read(l->arena, r, i, &l->tasks[i].fulfilment);
	}
	return e;
}

static int
level_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct task_level));
}

/* Which units the page's levels lack, each once. */
static void
missing_ask(struct task_list *l, struct tx *t)
{
	struct task_level *levels;
	int most = 0, count = 0, kept = 0;
	struct pg_args *a;

	for (int i = 0; i < l->count; i++)
		most += l->tasks[i].fulfilment.line_count;
	levels = arena_array(l->arena, (size_t)most, sizeof(*levels));
	for (int i = 0; levels != NULL && i < l->count; i++) {
		const struct fulfilment_read *f = &l->tasks[i].fulfilment;

		for (int n = 0; n < f->line_count; n++)
			if (f->lines[n].goods_owner != 0)
				levels[count++] = (struct task_level){f->dealer, f->location,
				    f->lines[n].sku, f->lines[n].goods_owner};
	}
	if (count == 0)
		return;
	qsort(levels, (size_t)count, sizeof(*levels), level_order);
	for (int i = 0; i < count; i++)
		if (kept == 0 || level_order(&levels[kept - 1], &levels[i]) != 0)
			levels[kept++] = levels[i];
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, kept, levels[i].dealer);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, kept, levels[i].location);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, kept, levels[i].sku);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, kept, levels[i].goods_owner);
	tx_add(t, STMT_TASK_SHORT);
}

static enum tx_next
tasks_step(struct tx *t, void *ctx)
{
	struct task_list *l = ctx;
	enum err e;

	if (tx_trip(t) == 0) {
		tasks_ask(l, t);
		return TX_TRIP;
	}
	e = tasks_read(l, tx_result(t, 0));
	if (e == ERR_OK) {
		missing_ask(l, t);
		return TX_COMMIT;
	}
	tx_fail(t, e);
	return TX_ROLLBACK;
}

static enum err
missing_read(struct task_list *l, const PGresult *r, struct task_read *task)
{
	struct uuid id;

	task->missing =
	    arena_array(l->arena, (size_t)task->fulfilment.line_count, sizeof(*task->missing));
	if (task->missing == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(r); i++) {
		id = col_uuid(r, i, 0);
		if (col_i16(r, i, 1) != task->fulfilment.number ||
		    !uuid_equal(&id, &task->order_id))
			continue;
		assert(task->missing_count < task->fulfilment.line_count);
		task->missing[task->missing_count++] =
		    (struct task_missing){col_i16(r, i, 2), col_i32(r, i, 3)};
	}
	return ERR_OK;
}

static void
tasks_done(struct tx *t, void *ctx, enum err e)
{
	struct task_list *l = ctx;
	const PGresult *r = NULL;

	read_told(t, e);
	if (e == ERR_OK && tx_result_count(t) > 0)
		r = tx_result(t, 0);
	/* Few levels lack anything, mostly none. */
	for (int i = 0; e == ERR_OK && r != NULL && PQntuples(r) > 0 && i < l->count; i++)
		e = missing_read(l, r, &l->tasks[i]);
	l->done(l->ctx, e, l->tasks, e == ERR_OK ? l->count : 0, e == ERR_OK && l->more);
}

enum err
order_read_tasks(struct pool *p, struct arena *arena, const struct task_query *q,
    task_list_fn *done, void *ctx)
{
	struct task_list *l;

	l = arena_zalloc(arena, sizeof(*l));
	if (l == NULL)
		return ERR_NO_MEMORY;
	*l = (struct task_list){.arena = arena, .query = *q, .done = done, .ctx = ctx};
	return tx_start(p, tasks_step, tasks_done, l);
}
