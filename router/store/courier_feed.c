#include "store/courier_feed.h"

static enum tx_next
claim_step(struct tx *t, void *ctx)
{
	const struct courier_feed *f = ctx;
	struct pg_args *a = tx_args(t);

	args_uuid(a, &f->self);
	args_i64(a, f->lease_ms);
	tx_add(t, STMT_COURIER_CLAIM);
	return TX_COMMIT;
}

static void
claim_done(struct tx *t, void *ctx, enum err e)
{
	const struct courier_feed *f = ctx;
	const char *cursor = "";

	if (e == ERR_OK && PQntuples(tx_result(t, 0)) == 0)
		e = ERR_WRONG_STATE;
	if (e == ERR_OK)
		cursor = col_text(tx_result(t, 0), 0, 0);
	f->done(f->ctx, e, cursor);
}

enum err
courier_feed_claim(struct courier_feed *f)
{
	return tx_start(f->pool, claim_step, claim_done, f);
}

static enum tx_next
save_step(struct tx *t, void *ctx)
{
	const struct courier_feed *f = ctx;
	struct pg_args *a = tx_args(t);

	args_uuid(a, &f->self);
	args_text(a, f->cursor);
	tx_add(t, STMT_COURIER_SAVE);
	return TX_COMMIT;
}

static void
save_done(struct tx *t, void *ctx, enum err e)
{
	const struct courier_feed *f = ctx;

	if (e == ERR_OK && tx_affected(t, 0) == 0)
		e = ERR_WRONG_STATE;
	f->done(f->ctx, e, f->cursor);
}

enum err
courier_feed_save(struct courier_feed *f)
{
	return tx_start(f->pool, save_step, save_done, f);
}
