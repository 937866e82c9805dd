#include "store/payout_run.h"

#include "base/log.h"

struct run {
	struct arena *arena;
	int64_t now_us, last_us;
	bool leased;
	payout_run_fn *done;
	void *ctx;
};

static enum tx_next
run_step(struct tx *t, void *ctx)
{
	struct run *x = ctx;
	struct pg_args *a = tx_args(t);

	if (tx_trip(t) == 0) {
		args_time(a, x->now_us);
		args_time(a, x->last_us);
		tx_add(t, STMT_PAYOUT_RUN_LEASE);
		return TX_TRIP;
	}
	x->leased = tx_affected(t, 0) > 0;
	if (!x->leased)
		return TX_COMMIT;
	/* what was refused is owed again, and due at once */
	args_time(a, x->now_us);
	tx_add(t, STMT_PAYOUT_REFUSED);
	args_time(tx_args(t), x->now_us);
	tx_add(t, STMT_PAYOUT_RUN_DUE);
	return TX_COMMIT;
}

static enum err
read_due(const struct run *x, const PGresult *r, struct payout_due **out)
{
	struct payout_due *due = arena_array(x->arena, (size_t)PQntuples(r), sizeof(*due));

	if (due == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(r); i++) {
		due[i] = (struct payout_due){.collector = col_i32(r, i, 0),
		    .code = arena_strdup(x->arena, col_text(r, i, 1)),
		    .rail = (enum rail)col_i16(r, i, 2),
		    .ref = arena_strdup(x->arena, col_text(r, i, 3))};
		if (due[i].code == NULL || due[i].ref == NULL)
			return ERR_NO_MEMORY;
	}
	*out = due;
	return ERR_OK;
}

static void
run_done(struct tx *t, void *ctx, enum err e)
{
	struct run *x = ctx;
	struct payout_due *due = NULL;
	int count = 0;

	if (e == ERR_OK && x->leased) {
		count = PQntuples(tx_result(t, 1));
		e = read_due(x, tx_result(t, 1), &due);
	}
	if (e != ERR_OK)
		log_warn(LOG_MSG("payouts that are due could not be read"),
		    LOG_STR("err", err_name(e)), LOG_STR("server", tx_sql_error(t)));
	x->done(x->ctx, e, x->leased, due, e == ERR_OK ? count : 0);
}

enum err
payout_run_start(struct pool *p, struct arena *arena, int64_t now_us, int64_t last_us,
    payout_run_fn *done, void *ctx)
{
	struct run *x = arena_alloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct run){.arena = arena,
	    .now_us = now_us,
	    .last_us = last_us,
	    .done = done,
	    .ctx = ctx};
	return tx_start(p, run_step, run_done, x);
}
