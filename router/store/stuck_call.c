#include "store/stuck_call.h"

#include "base/arena.h"
#include "base/log.h"

/* ---- The list -------------------------------------------------------------------------------------- */

struct listing {
	struct arena *arena;
	const struct stuck_query *query;
	stuck_list_fn *done;
	void *ctx;
};

static enum tx_next
list_step(struct tx *t, void *ctx)
{
	const struct listing *x = ctx;
	struct pg_args *a = tx_args(t);

	args_text(a, x->query->after);
	args_i16(a, (int16_t)x->query->after_item);
	args_i64(a, x->query->count_max + 1);
	tx_add(t, STMT_STUCK_LIST);
	return TX_COMMIT;
}

static bool
row_read(const PGresult *r, int row, struct arena *a, struct stuck_call *out)
{
	*out = (struct stuck_call){.call = {.number = arena_strdup(a, col_text(r, row, 0)),
	                               .kind = (enum provider_call_kind)col_i16(r, row, 1),
	                               .collector = col_i32(r, row, 2),
	                               .order_id = col_uuid(r, row, 3),
	                               .payment_number = arena_strdup(a, col_text(r, row, 4)),
	                               .made_us = col_time(r, row, 5),
	                               .deadline_us = col_time(r, row, 6)},
	    .why = arena_strdup(a, col_text(r, row, 7)),
	    .item = {.item_no = col_i16(r, row, 8),
	        .party = col_i32(r, row, 9),
	        .receiver = arena_strdup(a, col_text(r, row, 10)),
	        .fen = col_i64(r, row, 11)}};
	return out->call.number != NULL && out->call.payment_number != NULL && out->why != NULL &&
	    out->item.receiver != NULL;
}

static void
list_done(struct tx *t, void *ctx, enum err e)
{
	const struct listing *x = ctx;
	struct stuck_call *rows = NULL;
	bool more = false;
	int count = 0;

	if (e == ERR_OK) {
		/* one row more was asked for than a page holds */
		more = PQntuples(tx_result(t, 0)) > x->query->count_max;
		count = more ? x->query->count_max : PQntuples(tx_result(t, 0));
		rows = arena_array(x->arena, (size_t)count, sizeof(*rows));
		e = rows != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	for (int i = 0; e == ERR_OK && i < count; i++)
		if (!row_read(tx_result(t, 0), i, x->arena, &rows[i]))
			e = ERR_NO_MEMORY;
	x->done(x->ctx, e, rows, count, more);
}

enum err
stuck_list(struct pool *p, struct arena *a, const struct stuck_query *q, stuck_list_fn *done,
    void *ctx)
{
	const struct listing like = {.arena = a, .query = q, .done = done, .ctx = ctx};
	struct listing *x = arena_memdup(a, &like, sizeof(like));

	return x != NULL ? tx_start(p, list_step, list_done, x) : ERR_NO_MEMORY;
}

/* ---- The end --------------------------------------------------------------------------------------- */

struct ending {
	const struct stuck_end *in;
	stuck_end_fn *done;
	void *ctx;
};

static enum tx_next
end_step(struct tx *t, void *ctx)
{
	const struct ending *x = ctx;
	const struct stuck_end *in = x->in;
	struct pg_args *a;

	if (tx_trip(t) == 1)
		return tx_affected(t, 0) == 1 ? TX_COMMIT : tx_undo(t, ERR_NOT_FOUND);
	a = tx_args(t);
	args_text(a, in->number);
	args_text(a, in->receiver);
	args_i64(a, in->fen);
	args_i16(a, (int16_t)in->result);
	args_time(a, in->at_us);
	tx_add(t, STMT_STUCK_END_ITEM);
	a = tx_args(t);
	args_text(a, in->number);
	args_time(a, in->now_us);
	tx_add(t, STMT_STUCK_END_CALL);
	proposal_send(t, in->mark);
	return TX_TRIP;
}

static void
end_done(struct tx *t, void *ctx, enum err e)
{
	const struct ending *x = ctx;

	e = proposal_err(t, e);
	if (e == ERR_INTERNAL)
		log_error(LOG_MSG("the end of a call not recorded"),
		    LOG_STR("number", x->in->number), LOG_STR("server", tx_sql_error(t)));
	x->done(x->ctx, e);
}

enum err
stuck_end_start(struct pool *p, struct arena *a, const struct stuck_end *in, stuck_end_fn *done,
    void *ctx)
{
	const struct ending like = {.in = in, .done = done, .ctx = ctx};
	struct ending *x = arena_memdup(a, &like, sizeof(like));

	return x != NULL ? tx_start(p, end_step, end_done, x) : ERR_NO_MEMORY;
}
