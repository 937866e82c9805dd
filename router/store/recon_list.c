/* recon_list: bills and exceptions as they stand.  See recon_case.h. */
#include <string.h>

#include "store/recon_case.h"
#include "store/recon_case_row.h"

/* ---- Bills ---------------------------------------------------------------------------------------- */

struct bill_ask {
	struct arena *arena;
	const struct bill_query *q;
	bill_list_fn *done;
	void *ctx;
};

static void
args_uuid_or_null(struct pg_args *a, const struct uuid *u)
{
	if (u == NULL)
		args_null(a);
	else
		args_uuid(a, u);
}

static enum tx_next
bill_step(struct tx *t, void *ctx)
{
	const struct bill_query *q = ((const struct bill_ask *)ctx)->q;
	struct pg_args *a = tx_args(t);

	args_uuid_or_null(a, q->one);
	args_i32(a, q->collector);
	args_i16(a, (int16_t)q->kind);
	if (q->behind)
		args_date(a, q->day);
	else
		args_null(a);
	args_uuid(a, &q->id);
	args_i64(a, q->count_max + 1);
	tx_add(t, STMT_BILL_LIST);
	return TX_COMMIT;
}

static const char *
kept(struct arena *arena, const PGresult *r, int row, int col, bool *ok)
{
	const char *text = arena_strdup(arena, col_text(r, row, col));

	*ok = *ok && text != NULL;
	return text;
}

static enum err
read_bill(const PGresult *r, int row, struct arena *arena, struct bill_row *out)
{
	const uint8_t *sum;
	bool ok = true;
	size_t len;
	int c = 0;

	out->id = col_uuid(r, row, c++);
	out->collector = col_i32(r, row, c++);
	out->kind = (enum bill_kind)col_i16(r, row, c++);
	out->day = col_date(r, row, c++);
	out->rows = col_i64(r, row, c++);
	out->other_rows = col_i64(r, row, c++);
	out->gross_fen = col_i64(r, row, c++);
	out->fee_fen = col_i64(r, row, c++);
	sum = col_bytes(r, row, c++, &len);
	if (len == SHA1_SIZE)
		memcpy(out->sha1, sum, len);
	out->imported_us = col_time(r, row, c++);
	out->matched_us = col_time(r, row, c++);
	out->matched = col_i64(r, row, c++);
	out->matched_fen = col_i64(r, row, c++);
	out->rounded = col_i64(r, row, c++);
	out->exceptions = col_i64(r, row, c++);
	out->next_us = col_time(r, row, c++);
	out->error = kept(arena, r, row, c++, &ok);
	return ok ? ERR_OK : ERR_NO_MEMORY;
}

static void
bill_done(struct tx *t, void *ctx, enum err e)
{
	struct bill_ask *x = ctx;
	struct bill_row *rows = NULL;
	int count = 0;

	if (e == ERR_OK) {
		count = PQntuples(tx_result(t, 0));
		rows = arena_array(x->arena, (size_t)count, sizeof(*rows));
		e = rows == NULL ? ERR_NO_MEMORY : ERR_OK;
	}
	for (int i = 0; e == ERR_OK && i < count; i++)
		e = read_bill(tx_result(t, 0), i, x->arena, &rows[i]);
	if (e == ERR_OK && count > x->q->count_max)
		x->done(x->ctx, e, rows, x->q->count_max, true);
	else
		x->done(x->ctx, e, rows, e == ERR_OK ? count : 0, false);
}

enum err
bill_list(struct pool *p, struct arena *arena, const struct bill_query *q, bill_list_fn *done,
    void *ctx)
{
	struct bill_ask *x = arena_alloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct bill_ask){arena, q, done, ctx};
	return tx_start(p, bill_step, bill_done, x);
}

/* ---- Exceptions ----------------------------------------------------------------------------------- */

struct case_ask {
	struct arena *arena;
	const struct case_query *q;
	struct case_list list;
	case_list_fn *done;
	void *ctx;
};

void
case_ask(struct tx *t, const struct case_query *q)
{
	struct pg_args *a = tx_args(t);

	args_uuid_or_null(a, q->one);
	args_i32(a, q->collector);
	args_i16(a, (int16_t)q->reason);
	args_text(a, q->owner != NULL ? q->owner : "");
	args_uuid_or_null(a, q->bill);
	args_time(a, q->opened_us_max);
	args_bool(a, q->closed);
	if (q->behind)
		args_time(a, q->opened_us);
	else
		args_null(a);
	args_uuid(a, &q->id);
	args_i64(a, q->count_max + 1);
	tx_add(t, STMT_CASE_LIST);
}

enum err
case_read(const PGresult *r, int row, struct arena *arena, struct recon_case *out)
{
	bool ok = true;
	int c = 0;

	memset(out, 0, sizeof(*out));
	out->id = col_uuid(r, row, c++);
	out->what.provider = (enum provider)col_i16(r, row, c++);
	out->what.collector = col_i32(r, row, c++);
	out->kind = (enum bill_kind)col_i16(r, row, c++);
	out->bill_id = col_uuid(r, row, c++);
	out->line = col_i32(r, row, c++);
	out->what.class = (enum bill_class)col_i16(r, row, c++);
	out->ref = kept(arena, r, row, c++, &ok);
	out->what.reason = (enum recon_reason)col_i16(r, row, c++);
	out->what.fen = col_i64(r, row, c++);
	out->what.recon_fen = col_i64(r, row, c++);
	out->what.rebate_fen = col_i64(r, row, c++);
	out->day = col_date(r, row, c++);
	out->event_us = col_time(r, row, c++);
	out->opened_us = col_time(r, row, c++);
	out->period = col_i32(r, row, c++);
	out->owner = kept(arena, r, row, c++, &ok);
	out->note = kept(arena, r, row, c++, &ok);
	out->resolution = (enum recon_resolution)col_i16(r, row, c++);
	if (!col_null(r, row, c))
		out->order_id = col_uuid(r, row, c);
	c++;
	out->closed_us = col_time(r, row, c++);
	out->closed_by = kept(arena, r, row, c++, &ok);
	out->raw = kept(arena, r, row, c++, &ok);
	out->event_no = col_i32(r, row, c++);
	return ok ? ERR_OK : ERR_NO_MEMORY;
}

static enum tx_next
case_step(struct tx *t, void *ctx)
{
	const struct case_ask *x = ctx;

	case_ask(t, x->q);
	(void)tx_args(t);
	tx_add(t, STMT_CASE_OPEN);
	return TX_COMMIT;
}

static void
case_done(struct tx *t, void *ctx, enum err e)
{
	struct case_ask *x = ctx;
	struct recon_case *rows;

	if (e == ERR_OK) {
		x->list.count = PQntuples(tx_result(t, 0));
		rows = arena_array(x->arena, (size_t)x->list.count, sizeof(*rows));
		e = rows == NULL ? ERR_NO_MEMORY : ERR_OK;
		for (int i = 0; e == ERR_OK && i < x->list.count; i++)
			e = case_read(tx_result(t, 0), i, x->arena, &rows[i]);
		x->list.rows = rows;
		x->list.open = col_i64(tx_result(t, 1), 0, 0);
		x->list.open_recon_fen = col_i64(tx_result(t, 1), 0, 1);
		x->list.more = x->list.count > x->q->count_max;
		if (x->list.more)
			x->list.count = x->q->count_max;
	}
	x->done(x->ctx, e, &x->list);
}

enum err
case_list(struct pool *p, struct arena *arena, const struct case_query *q, case_list_fn *done,
    void *ctx)
{
	struct case_ask *x = arena_zalloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	x->arena = arena;
	x->q = q;
	x->done = done;
	x->ctx = ctx;
	return tx_start(p, case_step, case_done, x);
}
