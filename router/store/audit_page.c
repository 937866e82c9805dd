#include "store/audit_page.h"

#include "base/log.h"

struct page {
	struct arena *arena;
	struct uuid after;
	int max;
	audit_page_fn *done;
	void *ctx;
};

static enum tx_next
step(struct tx *t, void *ctx)
{
	struct page *x = ctx;
	struct pg_args *a = tx_args(t);

	args_uuid(a, &x->after);
	args_i64(a, x->max);
	tx_add(t, STMT_AUDIT_PAGE);
	return TX_COMMIT;
}

static void
page_done(struct tx *t, void *ctx, enum err e)
{
	struct page *x = ctx;
	struct uuid *ids = NULL;
	int count = 0;

	if (e != ERR_OK) {
		log_warn(LOG_MSG("orders cannot be listed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	} else {
		count = PQntuples(tx_result(t, 0));
		ids = arena_array(x->arena, (size_t)count, sizeof(*ids));
		if (ids == NULL)
			e = ERR_NO_MEMORY;
		for (int i = 0; e == ERR_OK && i < count; i++)
			ids[i] = col_uuid(tx_result(t, 0), i, 0);
	}
	x->done(x->ctx, e, ids, e == ERR_OK ? count : 0);
}

enum err
audit_page(struct pool *p, struct arena *arena, const struct uuid *after, int max,
    audit_page_fn *done, void *ctx)
{
	struct page *x = arena_zalloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct page){.arena = arena, .after = *after, .max = max, .done = done, .ctx = ctx};
	return tx_start(p, step, page_done, x);
}
