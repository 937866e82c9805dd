#include "store/key_store.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"

#define KEYS_MEMORY_MAX ((size_t)64 << 20)

struct key_load {
	key_store_fn *done;
	void *ctx;
	struct arena *arena;
};

static enum tx_next
load_step(struct tx *t, void *ctx)
{
	(void)ctx;
	(void)tx_args(t);
	tx_add(t, STMT_CATALOG_KEYS);
	return TX_COMMIT;
}

static enum err
row_read(struct arena *a, const PGresult *r, int i, struct key_row *out)
{
	struct col_array array;
	struct rd elem;
	const char **scopes;
	size_t len;
	bool null;
	int n;

	out->key_id = col_i64(r, i, 0);
	out->hash = col_bytes(r, i, 1, &len);
	assert(len == DIGEST_SIZE);
	out->role = col_text(r, i, 2);
	out->scope_count = col_array_open(r, i, 3, &array);
	scopes = arena_array(a, (size_t)out->scope_count, sizeof(*scopes));
	if (scopes == NULL)
		return ERR_NO_MEMORY;
	out->scopes = scopes;
	for (n = 0; col_array_next(&array, &elem, &null); n++) {
		scopes[n] = arena_strndup(a, (const char *)elem.at, (size_t)(elem.end - elem.at));
		if (scopes[n] == NULL)
			return ERR_NO_MEMORY;
	}
	assert(n == out->scope_count);
	return ERR_OK;
}

static void
load_done(struct tx *t, void *ctx, enum err e)
{
	struct key_load *l = ctx;
	struct key_row *rows;
	const PGresult *r;
	int i, count;

	rows = NULL;
	count = 0;
	if (e == ERR_OK) {
		r = tx_result(t, 0);
		count = PQntuples(r);
		rows = arena_array(l->arena, (size_t)count, sizeof(*rows));
		if (rows == NULL)
			e = ERR_NO_MEMORY;
		for (i = 0; e == ERR_OK && i < count; i++)
			e = row_read(l->arena, r, i, &rows[i]);
	}
	if (e != ERR_OK)
		log_warn(LOG_MSG("reading the keys failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("sql", tx_sql_error(t)));
	l->done(l->ctx, e, rows, e == ERR_OK ? count : 0);
	arena_free(l->arena);
	free(l);
}

enum err
key_store_load(struct pool *p, key_store_fn *done, void *ctx)
{
	struct key_load *l;
	enum err e;

	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return ERR_NO_MEMORY;
	l->done = done;
	l->ctx = ctx;
	l->arena = arena_new(KEYS_MEMORY_MAX);
	e = l->arena == NULL ? ERR_NO_MEMORY : tx_start(p, load_step, load_done, l);
	if (e != ERR_OK) {
		arena_free(l->arena);
		free(l);
	}
	return e;
}
