#include "store/statement_read.h"

#include "store/export_page.h"
#include "store/order_read_row.h"

/* ---- A statement --------------------------------------------------------------------------------- */

struct ask {
	struct arena *arena;
	struct export_page scope; /* looks for the accounts, and what is sealed */
	struct statement_cursor after;
	int count_max;
	struct reason why;
	statement_page_fn *done;
	void *ctx;
};

static bool
is_first(const struct ask *x)
{
	return x->after.account == INT64_MIN;
}

static void
add_page(struct ask *x, struct tx *t)
{
	struct pg_args *a;

	if (is_first(x)) {
		export_page_scope(&x->scope, tx_args(t));
		tx_add(t, STMT_STATEMENT_SUMS);
	}
	a = tx_args(t);
	export_page_scope(&x->scope, a);
	args_i64(a, x->after.account);
	args_i32(a, x->after.period);
	args_i64(a, x->after.batch_no);
	args_i32(a, x->after.entry_no);
	args_i64(a, x->count_max + 1);
	tx_add(t, STMT_STATEMENT_PAGE);
}

static enum tx_next
step(struct tx *t, void *ctx)
{
	struct ask *x = ctx;
	const void *p;
	size_t len;
	enum err e;

	if (tx_trip(t) == 0) {
		x->scope.step = STEP_BOUNDS;
		tx_add(t, export_page_ask(&x->scope, tx_args(t)));
		return TX_TRIP;
	}
	e = export_page_got(&x->scope, tx_result(t, 0), &p, &len, &x->why);
	if (e != ERR_OK) {
		tx_fail(t, e);
		return TX_ROLLBACK;
	}
	add_page(x, t);
	return TX_COMMIT;
}

static enum err
fill(struct ask *x, struct tx *t, struct statement_page *p)
{
	const PGresult *r = tx_result(t, is_first(x) ? 1 : 0);

	p->batch_to = x->scope.reach;
	p->closed = x->scope.closed;
	if (is_first(x)) {
		p->sums = arena_strdup(x->arena, col_text(tx_result(t, 0), 0, 0));
		if (p->sums == NULL)
			return ERR_NO_MEMORY;
	}
	p->entries = arena_strdup(x->arena, col_text(r, 0, 0));
	p->more = col_i64(r, 0, 1) > x->count_max;
	p->last = (struct statement_cursor){.account = col_i64(r, 0, 2),
	    .period = col_i32(r, 0, 3),
	    .batch_no = col_i64(r, 0, 4),
	    .entry_no = col_i32(r, 0, 5)};
	return p->entries != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static void
ask_done(struct tx *t, void *ctx, enum err e)
{
	struct ask *x = ctx;
	struct statement_page p = {0};

	if (x->why.err == ERR_OK)
		read_told(t, e);
	if (e == ERR_OK)
		e = fill(x, t, &p);
	if (e != ERR_OK && x->why.err == ERR_OK)
		(void)reason_set(&x->why, e, NULL, "%s", err_text(e));
	export_page_release(&x->scope);
	x->done(x->ctx, &x->why, &p);
}

enum err
statement_read(struct pool *p, struct arena *arena, const struct export_spec *spec,
    const struct statement_cursor *after, int count_max, statement_page_fn *done, void *ctx)
{
	struct ask *x = arena_zalloc(arena, sizeof(*x));
	enum err e;

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct ask){.arena = arena,
	    .after = *after,
	    .count_max = count_max,
	    .done = done,
	    .ctx = ctx};
	export_page_init(&x->scope, spec);
	e = tx_start(p, step, ask_done, x);
	if (e != ERR_OK)
		export_page_release(&x->scope);
	return e;
}

/* ---- A timeline ---------------------------------------------------------------------------------- */

struct look {
	struct arena *arena;
	struct uuid order_id;
	int rows_max;
	timeline_fn *done;
	void *ctx;
};

static enum tx_next
look_step(struct tx *t, void *ctx)
{
	static const enum stmt both[] = {STMT_TIMELINE, STMT_TIMELINE_PAID};
	const struct look *x = ctx;
	struct pg_args *a;

	for (int i = 0; i < 2; i++) {
		a = tx_args(t);
		args_uuid(a, &x->order_id);
		args_i64(a, x->rows_max);
		tx_add(t, both[i]);
	}
	return TX_COMMIT;
}

static void
look_done(struct tx *t, void *ctx, enum err e)
{
	struct look *x = ctx;
	struct timeline l = {0};
	const PGresult *r;

	read_told(t, e);
	if (e == ERR_OK) {
		r = tx_result(t, 0);
		if (PQntuples(r) == 0) {
			e = ERR_NOT_FOUND;
		} else {
			l.owner = arena_strdup(x->arena, col_text(r, 0, 0));
			l.rows = arena_strdup(x->arena, col_text(r, 0, 1));
			l.paid = arena_strdup(x->arena, col_text(tx_result(t, 1), 0, 0));
			if (l.owner == NULL || l.rows == NULL || l.paid == NULL)
				e = ERR_NO_MEMORY;
		}
	}
	x->done(x->ctx, e, &l);
}

enum err
timeline_read(struct pool *p, struct arena *arena, const struct uuid *order_id, int rows_max,
    timeline_fn *done, void *ctx)
{
	struct look *x = arena_zalloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct look){.arena = arena,
	    .order_id = *order_id,
	    .rows_max = rows_max,
	    .done = done,
	    .ctx = ctx};
	return tx_start(p, look_step, look_done, x);
}
