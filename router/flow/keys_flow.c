#include <stdlib.h>

#include "base/log.h"
#include "flow/keys_flow.h"
#include "store/key_store.h"

static const struct timeval retry_after = {.tv_sec = 1};

struct keys_load {
	struct app *app;
	void (*done)(void *ctx, enum err e); /* NULL: a reload */
	void *ctx;
};

/* A row that no key may have is left out: one bad row must not lock everybody out. */
static enum err
make_table(const struct key_row *rows, int count, struct key_table **out)
{
	struct key_table *t;
	enum err e;

	t = key_table_new(count);
	if (t == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++) {
		e = key_table_add(t, rows[i].key_id, rows[i].hash, rows[i].role, rows[i].scopes,
		    rows[i].scope_count);
		if (e == ERR_NO_MEMORY) {
			key_table_free(t);
			return e;
		}
		if (e != ERR_OK)
			log_warn(LOG_MSG("a stored key is left out"),
			    LOG_INT("key", rows[i].key_id), LOG_STR("role", rows[i].role));
	}
	*out = t;
	return ERR_OK;
}

static void
on_retry(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	keys_reload(ctx);
}

static void
load_done(void *ctx, enum err e, const struct key_row *rows, int count)
{
	struct keys_load load = *(struct keys_load *)ctx;
	struct app *app = load.app;
	struct key_table *t;

	free(ctx);
	app->keys_loading = false;
	if (e == ERR_OK)
		e = make_table(rows, count, &t);
	if (e == ERR_OK) {
		rpc_keys_set(app->rpc, t);
		log_info(LOG_MSG("API keys read"), LOG_INT("keys", count));
	}
	if (load.done != NULL)
		load.done(load.ctx, e);
	else if (e != ERR_OK && !app->draining)
		(void)event_base_once(app->base, -1, EV_TIMEOUT, on_retry, app, &retry_after);
	if (e == ERR_OK && app->keys_again)
		keys_reload(app);
}

enum err
keys_load(struct app *app, void (*done)(void *ctx, enum err e), void *ctx)
{
	struct keys_load *load;
	enum err e;

	load = malloc(sizeof(*load));
	if (load == NULL)
		return ERR_NO_MEMORY;
	*load = (struct keys_load){app, done, ctx};
	app->keys_loading = true;
	app->keys_again = false;
	e = key_store_load(app->query_pool, load_done, load);
	if (e != ERR_OK) {
		app->keys_loading = false;
		free(load);
	}
	return e;
}

void
keys_reload(struct app *app)
{
	enum err e;

	if (app->keys_loading) {
		app->keys_again = true;
		return;
	}
	e = keys_load(app, NULL, NULL);
	if (e == ERR_OK)
		return;
	log_warn(LOG_MSG("API keys not read again yet"), LOG_STR("err", err_name(e)));
	(void)event_base_once(app->base, -1, EV_TIMEOUT, on_retry, app, &retry_after);
}
