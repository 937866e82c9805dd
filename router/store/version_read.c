#include "store/version_read.h"

#include "store/order_read_row.h"

struct ask {
	struct arena *arena;
	int32_t version;
	version_read_fn *done;
	void *ctx;
};

static enum tx_next
step(struct tx *t, void *ctx)
{
	const struct ask *x = ctx;

	args_i32(tx_args(t), x->version);
	tx_add(t, STMT_BOOK_GET);
	return TX_COMMIT;
}

static void
ask_done(struct tx *t, void *ctx, enum err e)
{
	struct ask *x = ctx;
	struct version_read v = {0};
	const PGresult *r;

	read_told(t, e);
	if (e == ERR_OK) {
		r = tx_result(t, 0);
		if (PQntuples(r) == 0) {
			e = ERR_NOT_FOUND;
		} else {
			v.state = col_i16(r, 0, 0);
			v.effective_from_us = col_time(r, 0, 1);
			v.json = arena_strdup(x->arena, col_text(r, 0, 2));
			e = v.json != NULL ? ERR_OK : ERR_NO_MEMORY;
		}
	}
	x->done(x->ctx, e, &v);
}

enum err
book_read(struct pool *p, struct arena *arena, int32_t version, version_read_fn *done, void *ctx)
{
	struct ask *x = arena_zalloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct ask){.arena = arena, .version = version, .done = done, .ctx = ctx};
	return tx_start(p, step, ask_done, x);
}
