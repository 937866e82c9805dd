#include "store/return_read.h"

#include <assert.h>

#include "store/order_read_row.h"
#include "store/statements.h"

/* ---- Of one order --------------------------------------------------------------------------------- */

/* A row of SQL_RETURN_COLUMNS. */
static enum err
return_row_read(struct arena *a, const PGresult *r, int row, struct return_read *out)
{
	struct col_array line, qty, sellable, damaged, refused;
	bool inspected = !col_null(r, row, 12);

	*out = (struct return_read){.number = col_i16(r, row, 0),
	    .fulfilment = col_i16(r, row, 1),
	    .state = (enum return_state)col_i16(r, row, 2),
	    .location = col_i32(r, row, 3),
	    .reason = col_i16(r, row, 4),
	    .asked_us = col_time(r, row, 5),
	    .received_us = col_time(r, row, 6),
	    .decided_us = col_time(r, row, 7),
	    .due_us = col_time(r, row, 8),
	    .refund_fen = col_i64(r, row, 9)};
	out->line_count = col_array_open(r, row, 10, &line);
	(void)col_array_open(r, row, 11, &qty);
	if (inspected) {
		(void)col_array_open(r, row, 12, &sellable);
		(void)col_array_open(r, row, 13, &damaged);
		(void)col_array_open(r, row, 14, &refused);
	}
	out->lines = arena_array(a, (size_t)out->line_count, sizeof(*out->lines));
	if (out->lines == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < out->line_count; i++) {
		struct return_line *l = &out->lines[i];

		*l = (struct return_line){.line = array_i16(&line), .quantity = array_i32(&qty)};
		if (!inspected)
			continue;
		l->sellable = array_i32(&sellable);
		l->damaged = array_i32(&damaged);
		l->refused = array_i32(&refused);
	}
	return ERR_OK;
}

static enum err
all_returns_read(struct arena *a, const PGresult *r, struct order_read *o)
{
	enum err e = ERR_OK;

	o->return_count = PQntuples(r);
	o->returns = arena_array(a, (size_t)o->return_count, sizeof(*o->returns));
	if (o->returns == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; e == ERR_OK && i < o->return_count; i++)
		e = return_row_read(a, r, i, &o->returns[i]);
	return e;
}

static enum err
serials_read(struct arena *a, const PGresult *r, struct order_read *o)
{
	o->serial_count = PQntuples(r);
	o->serials = arena_array(a, (size_t)o->serial_count, sizeof(*o->serials));
	if (o->serials == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < o->serial_count; i++) {
		struct serial_read *s = &o->serials[i];

		*s = (struct serial_read){.sku = col_i32(r, i, 0),
		    .text = arena_strdup(a, col_text(r, i, 1)),
		    .number = col_i16(r, i, 2)};
		if (s->text == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static enum err
deposit_read(struct arena *a, const PGresult *r, struct order_read *o)
{
	if (PQntuples(r) == 0)
		return ERR_OK;
	o->deposit = arena_alloc(a, sizeof(*o->deposit));
	if (o->deposit == NULL)
		return ERR_NO_MEMORY;
	*o->deposit = (struct deposit_read){.deposit_fen = col_i64(r, 0, 0),
	    .balance_fen = col_i64(r, 0, 1),
	    .balance_by_us = col_time(r, 0, 2),
	    .balance_paid_us = col_time(r, 0, 3)};
	return ERR_OK;
}

static void
ask(struct tx *t, const struct uuid *order_id, enum stmt s)
{
	args_uuid(tx_args(t), order_id);
	tx_add(t, s);
}

void
returns_ask(struct tx *t, const struct uuid *order_id, unsigned with)
{
	if (with & READ_RETURNS) {
		ask(t, order_id, STMT_ORDER_RETURNS);
		ask(t, order_id, STMT_ORDER_SERIALS);
	}
	if (with & READ_DEPOSIT)
		ask(t, order_id, STMT_ORDER_DEPOSIT);
}

enum err
returns_read(struct arena *a, struct tx *t, int at, unsigned with, struct order_read *o)
{
	enum err e = ERR_OK;

	if (with & READ_RETURNS) {
		e = all_returns_read(a, tx_result(t, at), o);
		if (e == ERR_OK)
			e = serials_read(a, tx_result(t, at + 1), o);
		at += 2;
	}
	if (e == ERR_OK && with & READ_DEPOSIT)
		e = deposit_read(a, tx_result(t, at), o);
	return e;
}

/* ---- A location's page ---------------------------------------------------------------------------- */

struct return_list {
	struct arena *arena;
	struct return_query query;
	return_list_fn *done;
	void *ctx;
};

static enum tx_next
list_step(struct tx *t, void *ctx)
{
	const struct return_list *l = ctx;
	const struct return_query *q = &l->query;
	struct pg_args *a = tx_args(t);

	args_i32(a, q->location);
	args_array(a, ELEM_I16);
	elem_i16(a, (int16_t)(q->state != 0 ? q->state : RETURN_REQUESTED));
	if (q->state == 0)
		elem_i16(a, RETURN_RECEIVED);
	args_array_end(a);
	args_time(a, q->after_us);
	args_uuid(a, &q->after_order);
	args_i16(a, (int16_t)q->after_number);
	args_i64(a, q->count_max + 1);
	tx_add(t, STMT_RETURN_LIST);
	return TX_COMMIT;
}

static enum err
list_row_read(struct arena *a, const PGresult *r, int row, struct return_row *out)
{
	struct col_array sku;
	enum err e = return_row_read(a, r, row, &out->ret);
	int count;

	if (e != ERR_OK)
		return e;
	out->order_id = col_uuid(r, row, RETURN_COLUMN_COUNT);
	count = col_array_open(r, row, RETURN_COLUMN_COUNT + 1, &sku);
	assert(count == out->ret.line_count);
	out->skus = arena_array(a, (size_t)count, sizeof(*out->skus));
	if (out->skus == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++)
		out->skus[i] = array_i32(&sku);
	return ERR_OK;
}

static void
list_done(struct tx *t, void *ctx, enum err e)
{
	struct return_list *l = ctx;
	struct return_row *rows = NULL;
	const PGresult *r;
	bool more = false;
	int count = 0;

	read_told(t, e);
	if (e == ERR_OK) {
		r = tx_result(t, 0);
		more = PQntuples(r) > l->query.count_max;
		count = more ? l->query.count_max : PQntuples(r);
		rows = arena_array(l->arena, (size_t)count, sizeof(*rows));
		if (rows == NULL)
			e = ERR_NO_MEMORY;
		for (int i = 0; e == ERR_OK && i < count; i++)
			e = list_row_read(l->arena, r, i, &rows[i]);
	}
	l->done(l->ctx, e, rows, e == ERR_OK ? count : 0, more);
}

enum err
returns_list(struct pool *p, struct arena *arena, const struct return_query *q,
    return_list_fn *done, void *ctx)
{
	struct return_list *l = arena_alloc(arena, sizeof(*l));

	if (l == NULL)
		return ERR_NO_MEMORY;
	*l = (struct return_list){.arena = arena, .query = *q, .done = done, .ctx = ctx};
	return tx_start(p, list_step, list_done, l);
}
