#include "store/settle.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/ledger.h"

/* ---- Leases -------------------------------------------------------------------------------------- */

struct leasing {
	struct arena *arena;
	struct settle_lease in;
	settle_lease_fn *done;
	void *ctx;
};

static enum tx_next
lease_step(struct tx *t, void *ctx)
{
	const struct leasing *l = ctx;
	struct pg_args *a = tx_args(t);

	args_time(a, l->in.now_us);
	args_time(a, l->in.until_us);
	args_i64(a, l->in.max);
	args_time(a, l->in.frozen_us);
	tx_add(t, STMT_SETTLE_LEASE);
	return TX_COMMIT;
}

static int
id_order(const void *a, const void *b)
{
	return memcmp(((const struct uuid *)a)->b, ((const struct uuid *)b)->b,
	    sizeof(((const struct uuid *)a)->b));
}

static void
lease_done(struct tx *t, void *ctx, enum err e)
{
	struct leasing *l = ctx;
	struct uuid *orders = NULL;
	int count = e == ERR_OK ? PQntuples(tx_result(t, 0)) : 0;

	if (e == ERR_OK) {
		orders = arena_array(l->arena, (size_t)count, sizeof(*orders));
		if (orders == NULL)
			e = ERR_NO_MEMORY;
	} else {
		log_warn(LOG_MSG("leasing orders to settle failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	}
	for (int i = 0; e == ERR_OK && i < count; i++)
		orders[i] = col_uuid(tx_result(t, 0), i, 0);
	if (e == ERR_OK && count > 1)
		qsort(orders, (size_t)count, sizeof(*orders), id_order);
	l->done(l->ctx, e, orders, e == ERR_OK ? count : 0);
}

enum err
settle_lease_start(struct pool *p, struct arena *arena, const struct settle_lease *in,
    settle_lease_fn *done, void *ctx)
{
	struct leasing *l = arena_alloc(arena, sizeof(*l));

	if (l == NULL)
		return ERR_NO_MEMORY;
	*l = (struct leasing){.arena = arena, .in = *in, .done = done, .ctx = ctx};
	return tx_start(p, lease_step, lease_done, l);
}

/* ---- What is late -------------------------------------------------------------------------------- */

struct lateness {
	int64_t now_us;
	settle_late_fn *done;
	void *ctx;
};

static enum tx_next
late_step(struct tx *t, void *ctx)
{
	const struct lateness *l = ctx;

	args_time(tx_args(t), l->now_us);
	tx_add(t, STMT_SETTLE_LATE);
	return TX_COMMIT;
}

static void
late_done(struct tx *t, void *ctx, enum err e)
{
	const struct lateness *l = ctx;

	if (e == ERR_OK)
		l->done(l->ctx, e, col_i64(tx_result(t, 0), 0, 0), col_time(tx_result(t, 0), 0, 1));
	else
		l->done(l->ctx, e, 0, 0);
}

enum err
settle_late_start(struct pool *p, struct arena *arena, int64_t now_us, settle_late_fn *done,
    void *ctx)
{
	struct lateness *l = arena_alloc(arena, sizeof(*l));

	if (l == NULL)
		return ERR_NO_MEMORY;
	*l = (struct lateness){.now_us = now_us, .done = done, .ctx = ctx};
	return tx_start(p, late_step, late_done, l);
}

/* ---- A pass -------------------------------------------------------------------------------------- */

struct settling {
	struct settle_set set;
	struct settle_in in;
	int dropped;
	struct settle_done what;
	settle_fn *done;
	void *ctx;
};

/* Those of which something waits for the order whole. */
static enum err
list_whole(struct settling *x)
{
	struct uuid *whole = arena_array(x->set.arena, (size_t)x->set.count, sizeof(*whole));

	if (whole == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < x->set.count; i++)
		if (x->set.orders[i].needs_whole)
			whole[x->what.whole_count++] = x->set.orders[i].order_id;
	x->what.whole = whole;
	return ERR_OK;
}

static enum tx_next
write_step(struct settling *x, struct tx *t)
{
	enum err e = settle_write(t, &x->set, &x->what);

	if (e == ERR_OK)
		e = list_whole(x);

	return e == ERR_OK ? TX_COMMIT : tx_undo(t, e);
}

static enum tx_next
plan_step(struct settling *x, struct tx *t)
{
	enum err e = settle_read(t, &x->set);

	for (int i = 0; e == ERR_OK && i < x->set.count; i++)
		e = payout_plan(x->set.terms, &x->set.orders[i], &x->set.balances, x->set.arena);
	if (e != ERR_OK)
		return tx_undo(t, e);
	x->dropped = settle_drop(t, &x->set);
	return x->dropped > 0 ? TX_TRIP : write_step(x, t);
}

static enum tx_next
settle_step(struct tx *t, void *ctx)
{
	struct settling *x = ctx;

	switch (tx_trip(t)) {
	case 0:
		x->what = (struct settle_done){0};
		settle_ask(t, x->in.terms, x->in.orders, x->in.count);
		return TX_TRIP;
	case 1:
		return plan_step(x, t);
	default:
		/* the queue's worker was faster: its answer comes first */
		if (tx_affected(t, 0) != x->dropped)
			return tx_undo(t, ERR_WRONG_STATE);
		return write_step(x, t);
	}
}

static void
settle_ended(struct tx *t, void *ctx, enum err e)
{
	struct settling *x = ctx;

	e = ledger_err(t, e);
	if (e == ERR_INTERNAL)
		log_error(LOG_MSG("settling orders failed"), LOG_INT("orders", x->in.count),
		    LOG_STR("server", tx_sql_error(t)));
	x->done(x->ctx, e, &x->what);
}

enum err
settle_start(struct pool *p, struct arena *arena, const struct settle_in *in, settle_fn *done,
    void *ctx)
{
	struct settling *x = arena_alloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct settling){.set = {.terms = in->terms, .whole = in->whole, .arena = arena},
	    .in = *in,
	    .done = done,
	    .ctx = ctx};
	return tx_start(p, settle_step, settle_ended, x);
}
