#include "store/export.h"

#include <assert.h>
#include <stdlib.h>

#include "store/export_page.h"

const char *const export_words[EXPORT_KIND_COUNT] =
    {[EXPORT_ENTRIES] = "entries", [EXPORT_STATEMENT] = "statement", [EXPORT_JOURNAL] = "journal"};

struct export
{
	struct export_page page;
	struct pool *pool;
	export_piece_fn *piece;
	void *ctx;
	bool asking; /* a transaction is under way */
	bool freed;  /* and nobody waits for it */
};

enum err
export_new(struct export **out, struct pool *p, const struct export_spec *spec,
    export_piece_fn *piece, void *ctx)
{
	struct export *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	export_page_init(&x->page, spec);
	x->pool = p;
	x->piece = piece;
	x->ctx = ctx;
	*out = x;
	return ERR_OK;
}

void
export_free(struct export *x)
{
	if (x == NULL)
		return;
	x->freed = true;
	if (x->asking)
		return;
	export_page_release(&x->page);
	free(x);
}

static enum tx_next
step(struct tx *t, void *ctx)
{
	const struct export *x = ctx;

	tx_add(t, export_page_ask(&x->page, tx_args(t)));
	return TX_COMMIT;
}

static void
done(struct tx *t, void *ctx, enum err e)
{
	struct export *x = ctx;
	struct reason r = {.err = ERR_OK};
	const void *p = NULL;
	size_t len = 0;
	bool last;

	x->asking = false;
	if (x->freed) {
		export_free(x);
		return;
	}
	if (e == ERR_OK)
		e = export_page_got(&x->page, tx_result(t, 0), &p, &len, &r);
	if (e != ERR_OK && r.err == ERR_OK)
		(void)reason_set(&r, e, NULL, "%s", err_text(e));
	last = x->page.step == STEP_END;
	x->piece(x->ctx, &r, p, len, last);
}

enum err
export_next(struct export *x)
{
	enum err e;

	assert(!x->asking && x->page.step != STEP_END);
	e = tx_start(x->pool, step, done, x);
	x->asking = e == ERR_OK;
	return e;
}

int64_t
export_lines(const struct export *x)
{
	return x->page.lines;
}
