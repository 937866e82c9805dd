#include "store/timers.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct leasing {
	struct arena *arena;
	struct timers_lease in;
	timers_fn *done;
	void *ctx;
	struct uuid *orders;
	int count;
};

static const enum stmt STATEMENTS[TIMER_KINDS] = {STMT_TIMER_OFFERS, STMT_TIMER_ENDS,
    STMT_TIMER_ORDERS, STMT_TIMER_RETURNS, STMT_TIMER_BALANCES};

static int
id_order(const void *a, const void *b)
{
	return memcmp(((const struct uuid *)a)->b, ((const struct uuid *)b)->b,
	    sizeof(((const struct uuid *)a)->b));
}

static enum err
orders_read(struct leasing *l, struct tx *t)
{
	size_t rows = 0;
	int n = 0;

	for (int s = 0; s < TIMER_KINDS; s++)
		rows += (size_t)PQntuples(tx_result(t, s));
	l->orders = arena_array(l->arena, rows, sizeof(*l->orders));
	if (l->orders == NULL)
		return ERR_NO_MEMORY;
	for (int s = 0; s < TIMER_KINDS; s++)
		for (int i = 0; i < PQntuples(tx_result(t, s)); i++)
			l->orders[n++] = col_uuid(tx_result(t, s), i, 0);
	if (n > 1)
		qsort(l->orders, (size_t)n, sizeof(*l->orders), id_order);
	l->count = 0;
	for (int i = 0; i < n; i++)
		if (i == 0 || id_order(&l->orders[i], &l->orders[i - 1]) != 0)
			l->orders[l->count++] = l->orders[i];
	return ERR_OK;
}

static enum tx_next
lease_step(struct tx *t, void *ctx)
{
	struct leasing *l = ctx;
	enum err e;

	if (tx_trip(t) == 0) {
		for (int s = 0; s < TIMER_KINDS; s++) {
			struct pg_args *a = tx_args(t);

			args_time(a, l->in.now_us);
			args_time(a, l->in.until_us);
			args_i64(a, l->in.max);
			tx_add(t, STATEMENTS[s]);
		}
		return TX_TRIP;
	}
	e = orders_read(l, t);
	if (e == ERR_OK)
		return TX_COMMIT;
	tx_fail(t, e);
	return TX_ROLLBACK;
}

static void
lease_done(struct tx *t, void *ctx, enum err e)
{
	struct leasing *l = ctx;

	if (e != ERR_OK)
		log_warn(LOG_MSG("leasing timers failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	l->done(l->ctx, e, l->orders, e == ERR_OK ? l->count : 0);
}

enum err
timers_lease(struct pool *p, struct arena *arena, const struct timers_lease *in, timers_fn *done,
    void *ctx)
{
	struct leasing *l = arena_zalloc(arena, sizeof(*l));

	if (l == NULL)
		return ERR_NO_MEMORY;
	*l = (struct leasing){.arena = arena, .in = *in, .done = done, .ctx = ctx};
	return tx_start(p, lease_step, lease_done, l);
}
