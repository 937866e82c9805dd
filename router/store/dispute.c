#include "store/dispute.h"

#include <string.h>

#include "store/order_read_row.h"

#define TIME_MAX_US INT64_C(253402300799000000) /* 9999-12-31 */

struct ask {
	struct arena *arena;
	struct dispute_query query;
	struct dispute_end end;
	bool resolves;
	dispute_list_fn *done;
	void *ctx;
};

static void
list_ask(const struct dispute_query *q, struct tx *t)
{
	struct pg_args *a = tx_args(t);
	struct uuid last;

	memset(&last, 0xff, sizeof(last));
	if (q->dealers != NULL)
		ARGS_ARRAY(a, ELEM_I32, elem_i32, q->dealer_count, q->dealers[i]);
	else
		args_null(a);
	args_bool(a, q->open_only);
	args_time(a, q->before_us != 0 ? q->before_us : TIME_MAX_US);
	args_uuid(a, q->before_us != 0 ? &q->before_order : &last);
	args_i16(a, (int16_t)(q->before_us != 0 ? q->before_number : INT16_MAX));
	args_i64(a, q->count_max + 1);
	tx_add(t, STMT_DISPUTE_LIST);
}

static void
end_ask(const struct dispute_end *in, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_uuid(a, &in->order_id);
	args_i16(a, (int16_t)in->number);
	args_time(a, in->at_us);
	args_i64(a, in->key_id);
	args_text(a, in->note);
	tx_add(t, STMT_DISPUTE_RESOLVE);
	a = tx_args(t);
	args_uuid(a, &in->order_id);
	args_i16(a, (int16_t)in->number);
	tx_add(t, STMT_DISPUTE_READ);
}

static enum tx_next
step(struct tx *t, void *ctx)
{
	const struct ask *x = ctx;

	if (x->resolves)
		end_ask(&x->end, t);
	else
		list_ask(&x->query, t);
	return TX_COMMIT;
}

/* A row of SQL_DISPUTE_COLUMNS. */
static enum err
row_read(struct arena *a, const PGresult *r, int row, struct dispute_read *d)
{
	*d = (struct dispute_read){.order_id = col_uuid(r, row, 0),
	    .number = col_i16(r, row, 1),
	    .dealer = col_i32(r, row, 2),
	    .territory = col_i32(r, row, 3),
	    .territory_dealer = col_i32(r, row, 4),
	    .location = col_i32(r, row, 5),
	    .way = (enum way)col_i16(r, row, 6),
	    .region = arena_strdup(a, col_text(r, row, 7)),
	    .owner_source = (enum owner_source)col_i16(r, row, 8),
	    .owner_since_us = col_time(r, row, 9),
	    .flagged_us = col_time(r, row, 10),
	    .resolved_us = col_time(r, row, 11),
	    .note = arena_strdup(a, col_text(r, row, 12))};
	return d->region != NULL && d->note != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static void
ask_done(struct tx *t, void *ctx, enum err e)
{
	struct ask *x = ctx;
	struct dispute_read *rows = NULL;
	const PGresult *r;
	bool more = false;
	int count = 0;

	read_told(t, e);
	if (e == ERR_OK) {
		r = tx_result(t, x->resolves ? 1 : 0);
		count = PQntuples(r);
		more = !x->resolves && count > x->query.count_max;
		count = more ? x->query.count_max : count;
		rows = arena_array(x->arena, (size_t)count, sizeof(*rows));
		if (rows == NULL)
			e = ERR_NO_MEMORY;
		for (int i = 0; e == ERR_OK && i < count; i++)
			e = row_read(x->arena, r, i, &rows[i]);
	}
	x->done(x->ctx, e, rows, e == ERR_OK ? count : 0, more);
}

static enum err
start(struct pool *p, const struct ask *like)
{
	struct ask *x = arena_memdup(like->arena, like, sizeof(*like));

	return x != NULL ? tx_start(p, step, ask_done, x) : ERR_NO_MEMORY;
}

enum err
disputes_list(struct pool *p, struct arena *arena, const struct dispute_query *q,
    dispute_list_fn *done, void *ctx)
{
	return start(p, &(struct ask){.arena = arena, .query = *q, .done = done, .ctx = ctx});
}

enum err
dispute_resolve(struct pool *p, struct arena *arena, const struct dispute_end *in,
    dispute_list_fn *done, void *ctx)
{
	return start(p,
	    &(struct ask){.arena = arena, .end = *in, .resolves = true, .done = done, .ctx = ctx});
}
