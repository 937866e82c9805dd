#include "store/payout_list.h"

#include <string.h>

#include "store/payout_rows.h"

static void
args_uuid_or_null(struct pg_args *a, const struct uuid *u)
{
	if (u == NULL)
		args_null(a);
	else
		args_uuid(a, u);
}

static void
args_behind(struct pg_args *a, int64_t before_us, const struct uuid *id)
{
	if (before_us == 0)
		args_null(a);
	else
		args_time(a, before_us);
	args_uuid(a, id);
}

/* ---- Lists --------------------------------------------------------------------------------------- */

/* What one list asks for, and reads. */
struct kind {
	void (*ask)(struct tx *t, const void *in);
	enum err (*read)(const PGresult *r, int row, struct arena *a, void *out);
	size_t row_size;
};
struct listing {
	const struct kind *kind;
	struct arena *arena;
	const void *in;
	int count_max;
	payout_list_fn *done;
	void *ctx;
};

static enum tx_next
list_step(struct tx *t, void *ctx)
{
	const struct listing *x = ctx;

	x->kind->ask(t, x->in);
	return TX_COMMIT;
}

static void
list_done(struct tx *t, void *ctx, enum err e)
{
	const struct listing *x = ctx;
	char *rows = NULL;
	bool more = false;
	int count = 0;

	if (e == ERR_OK) {
		/* one row more was asked for than a page holds */
		more = PQntuples(tx_result(t, 0)) > x->count_max;
		count = more ? x->count_max : PQntuples(tx_result(t, 0));
		rows = arena_array(x->arena, (size_t)count, x->kind->row_size);
		e = rows != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	for (int i = 0; e == ERR_OK && i < count; i++)
		e = x->kind->read(tx_result(t, 0), i, x->arena,
		    rows + (size_t)i * x->kind->row_size);
	x->done(x->ctx, e, rows, count, more);
}

static enum err
list_start(struct pool *p, const struct listing *like)
{
	struct listing *x = arena_memdup(like->arena, like, sizeof(*like));

	return x != NULL ? tx_start(p, list_step, list_done, x) : ERR_NO_MEMORY;
}

static void
ask_payouts(struct tx *t, const void *in)
{
	const struct payout_query *q = in;
	struct pg_args *a = tx_args(t);

	args_i16(a, (int16_t)q->state);
	args_uuid_or_null(a, q->batch);
	if (q->parties == NULL)
		args_null(a);
	else
		ARGS_ARRAY(a, ELEM_I32, elem_i32, q->party_count, q->parties[i]);
	args_behind(a, q->before_us, &q->before_id);
	args_i64(a, q->count_max + 1);
	tx_add(t, STMT_PAYOUT_LIST);
}

enum err
payout_list(struct pool *p, struct arena *arena, const struct payout_query *in,
    payout_list_fn *done, void *ctx)
{
	static const struct kind kind = {ask_payouts, payout_read, sizeof(struct payout_row)};

	return list_start(p, &(struct listing){&kind, arena, in, in->count_max, done, ctx});
}

static void
ask_batches(struct tx *t, const void *in)
{
	const struct payout_batch_query *q = in;
	struct pg_args *a = tx_args(t);

	args_i16(a, (int16_t)q->state);
	args_text(a, q->ref);
	args_behind(a, q->before_us, &q->before_id);
	args_i64(a, q->count_max + 1);
	tx_add(t, STMT_PAYOUT_BATCH_LIST);
}

enum err
payout_batch_list(struct pool *p, struct arena *arena, const struct payout_batch_query *in,
    payout_list_fn *done, void *ctx)
{
	static const struct kind kind = {ask_batches, payout_batch_read,
	    sizeof(struct payout_batch_row)};

	return list_start(p, &(struct listing){&kind, arena, in, in->count_max, done, ctx});
}

static void
ask_refunds(struct tx *t, const void *in)
{
	const struct refund_query *q = in;
	struct pg_args *a = tx_args(t);

	args_i16(a, (int16_t)q->state);
	args_uuid_or_null(a, q->order);
	args_uuid(a, &q->after_order);
	args_i32(a, q->after_no);
	args_i16(a, (int16_t)q->after_part);
	args_i64(a, q->count_max + 1);
	tx_add(t, STMT_REFUND_LIST);
}

enum err
refund_list(struct pool *p, struct arena *arena, const struct refund_query *in,
    payout_list_fn *done, void *ctx)
{
	static const struct kind kind = {ask_refunds, refund_row_read, sizeof(struct refund_row)};

	return list_start(p, &(struct listing){&kind, arena, in, in->count_max, done, ctx});
}

/* ---- A bank file --------------------------------------------------------------------------------- */

struct exporting {
	struct arena *arena;
	const struct payout_exporting *in;
	uint8_t first[DIGEST_SIZE];
};

static enum err
read_export(struct exporting *x, struct tx *t, struct payout_export *out)
{
	const PGresult *r = tx_result(t, 1);
	struct payout_export_row *rows;
	enum err e;

	if (PQntuples(tx_result(t, 0)) == 0)
		return ERR_NOT_FOUND;
	e = payout_batch_read(tx_result(t, 0), 0, x->arena, &out->batch);
	if (e != ERR_OK)
		return e;
	if (out->batch.rail != RAIL_BANK ||
	    (out->batch.state != BATCH_INSTRUCTED && out->batch.state != BATCH_DONE))
		return ERR_WRONG_STATE;
	out->count = PQntuples(r);
	rows = arena_array(x->arena, (size_t)out->count, sizeof(*rows));
	if (rows == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < out->count; i++) {
		rows[i] = (struct payout_export_row){.id = col_uuid(r, i, 0),
		    .party = arena_strdup(x->arena, col_text(r, i, 1)),
		    .name = arena_strdup(x->arena, col_text(r, i, 2)),
		    .bank = arena_strdup(x->arena, col_text(r, i, 3)),
		    .account_name = arena_strdup(x->arena, col_text(r, i, 4)),
		    .account = arena_strdup(x->arena, col_text(r, i, 5)),
		    .fen = col_i64(r, i, 6)};
		if (rows[i].party == NULL || rows[i].name == NULL || rows[i].bank == NULL ||
		    rows[i].account_name == NULL || rows[i].account == NULL)
			return ERR_NO_MEMORY;
	}
	out->rows = rows;
	return ERR_OK;
}

static enum tx_next
export_step(struct tx *t, void *ctx)
{
	struct exporting *x = ctx;
	struct payout_export made;
	uint8_t hash[DIGEST_SIZE];
	struct pg_args *a;
	enum err e;

	if (tx_trip(t) == 0) {
		args_uuid(tx_args(t), &x->in->batch);
		tx_add(t, STMT_PAYOUT_EXPORT_BATCH);
		args_uuid(tx_args(t), &x->in->batch);
		tx_add(t, STMT_PAYOUT_EXPORT);
		return TX_TRIP;
	}
	e = read_export(x, t, &made);
	if (e == ERR_OK)
		e = x->in->make(x->in->ctx, &made, hash);
	if (e != ERR_OK)
		return tx_undo(t, e);
	a = tx_args(t);
	args_uuid(a, &x->in->batch);
	args_time(a, x->in->now_us);
	args_bytes(a, hash, sizeof(hash));
	tx_add(t, STMT_PAYOUT_EXPORTED);
	return TX_COMMIT;
}

static void
export_done(struct tx *t, void *ctx, enum err e)
{
	struct exporting *x = ctx;
	const uint8_t *hash;
	size_t len = 0;

	if (e == ERR_OK) {
		hash = col_bytes(tx_result(t, 0), 0, 0, &len);
		if (len == DIGEST_SIZE)
			memcpy(x->first, hash, DIGEST_SIZE);
	}
	x->in->done(x->in->ctx, e, x->first);
}

enum err
payout_export_start(struct pool *p, struct arena *arena, const struct payout_exporting *in)
{
	struct exporting *x = arena_zalloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	x->arena = arena;
	x->in = in;
	return tx_start(p, export_step, export_done, x);
}
