#include "store/catalog.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/metric.h"
#include "store/catalog_load.h"

#define RETRY_MS 500 /* after a refresh that failed */

/* Somebody who waits for the load that began after his call. */
struct waiter {
	struct waiter *next;
	void (*done)(void *ctx, enum err e);
	void *ctx;
};

struct catalog {
	struct pool *pool;
	struct event *timer; /* begins a load from the loop */
	struct catalog_compile compile;
	struct class_list classes;
	struct compiled_list compiled;
	struct hints_memory hints;
	struct part *parts[PART_COUNT];
	struct snapshot *now;
	struct snapshot *older; /* still pinned by somebody */
	struct feed_position *positions;
	int position_count;
	bool loading, again;
	bool hints_due;         /* the next load reads the hints as well */
	bool hints_read;        /* the load under way does */
	struct waiter *waiting; /* for the next load */
	struct waiter *served;  /* by the load under way */
};

static void on_timer(evutil_socket_t fd, short what, void *ctx);
static void on_loaded(void *ctx, enum err e, const struct load_out *out);

enum err
catalog_new(struct catalog **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, const struct catalog_compile *compile)
{
	struct catalog *c;
	enum err e;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ERR_NO_MEMORY;
	c->pool = pool;
	c->compile = *compile;
	c->hints_due = true;
	c->compiled.compile = &c->compile;
	c->compiled.rows.row_size = sizeof(struct compiled);
	e = hints_memory_init(&c->hints, conf->claims_max);
	if (e != ERR_OK)
		goto free_catalog;
	e = class_list_init(&c->classes);
	if (e != ERR_OK)
		goto release_classes;
	c->timer = event_new(base, -1, 0, on_timer, c);
	if (c->timer == NULL) {
		e = ERR_NO_MEMORY;
		goto release_classes;
	}
	*out = c;
	return ERR_OK;

release_classes:
	class_list_release(&c->classes);
	hints_memory_release(&c->hints);
free_catalog:
	free(c);
	return e;
}

static void
waiters_tell(struct waiter *w, enum err e)
{
	struct waiter *next;

	for (; w != NULL; w = next) {
		next = w->next;
		w->done(w->ctx, e);
		free(w);
	}
}

void
catalog_free(struct catalog *c)
{
	struct snapshot *s, *older;
	struct waiter *waiting;
	int i;

	if (c == NULL)
		return;
	assert(!c->loading);
	waiting = c->waiting;
	c->waiting = NULL;
	waiters_tell(waiting, ERR_NOT_READY);
	for (s = c->older; s != NULL; s = older) {
		older = s->older;
		snapshot_free(s);
	}
	snapshot_free(c->now);
	for (i = 0; i < PART_COUNT; i++)
		part_drop(c->parts[i]);
	compiled_release(&c->compiled);
	class_list_release(&c->classes);
	hints_memory_release(&c->hints);
	event_free(c->timer);
	free(c->positions);
	free(c);
}

/* ---- Loading ----------------------------------------------------------------------------------- */

static void
schedule(struct catalog *c, int ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)event_add(c->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct catalog *c = ctx;
	struct load_in in = {
	    .pool = c->pool,
	    .parts = c->parts,
	    .classes = &c->classes,
	    .compiled = &c->compiled,
	    .hints = c->hints_due ? &c->hints : NULL,
	};
	enum err e;

	(void)fd;
	(void)what;
	if (c->loading) {
		c->again = true;
		return;
	}
	c->again = false;
	e = load_start(&in, on_loaded, c);
	if (e != ERR_OK) {
		schedule(c, RETRY_MS);
		return;
	}
	c->loading = true;
	c->hints_read = c->hints_due;
	c->hints_due = false;
	c->served = c->waiting;
	c->waiting = NULL;
}

static void
drop_unpinned(struct catalog *c)
{
	struct snapshot **at, *s;

	for (at = &c->older; (s = *at) != NULL;) {
		if (s->pins > 0) {
			at = &s->older;
			continue;
		}
		*at = s->older;
		snapshot_free(s);
	}
}

static void
swap(struct catalog *c, struct snapshot *s)
{
	int i;

	for (i = 0; i < PART_COUNT; i++) {
		part_drop(c->parts[i]);
		c->parts[i] = part_keep(s->parts[i]);
	}
	if (c->now != NULL) {
		c->now->pins--;
		c->now->older = c->older;
		c->older = c->now;
	}
	c->now = s;
	drop_unpinned(c);
}

static void
on_loaded(void *ctx, enum err e, const struct load_out *out)
{
	struct catalog *c = ctx;
	struct waiter *served;

	c->loading = false;
	if (e == ERR_OK && out->snapshot != NULL) {
		swap(c, out->snapshot);
		metric_add(METRIC_catalog_loads_total, 1);
		metric_set(METRIC_catalog_load_us, out->built_us);
		log_info(LOG_MSG("catalog"), LOG_INT("version", c->now->world.version),
		    LOG_INT("locations", c->now->world.location_count),
		    LOG_INT("skus", c->now->world.sku_count), LOG_INT("build_us", out->built_us));
	}
	if (e == ERR_OK && out->positions != NULL) {
		free(c->positions);
		c->positions = out->positions;
		c->position_count = out->position_count;
	}
	if (e != ERR_OK)
		c->hints_due |= c->hints_read;
	served = c->served;
	c->served = NULL;
	/* Who waits may free nothing of ours here, but may well ask for the next refresh. */
	waiters_tell(served, e);
	/* The first load is tried again by who asked for it. */
	if (e != ERR_OK && c->now != NULL)
		schedule(c, RETRY_MS);
	else if (c->again || c->waiting != NULL)
		schedule(c, 0);
}

enum err
catalog_refresh_then(struct catalog *c, void (*done)(void *ctx, enum err e), void *ctx)
{
	struct waiter *w, **end;

	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return ERR_NO_MEMORY;
	w->done = done;
	w->ctx = ctx;
	for (end = &c->waiting; *end != NULL; end = &(*end)->next)
		;
	*end = w;
	catalog_refresh(c);
	return ERR_OK;
}

enum err
catalog_reload_then(struct catalog *c, void (*done)(void *ctx, enum err e), void *ctx)
{
	c->hints_due = true;
	return catalog_refresh_then(c, done, ctx);
}

enum err
catalog_load(struct catalog *c, void (*done)(void *ctx, enum err e), void *ctx)
{
	return catalog_refresh_then(c, done, ctx);
}

void
catalog_refresh(struct catalog *c)
{
	if (c->loading)
		c->again = true;
	else
		schedule(c, 0);
}

/* ---- Reading ----------------------------------------------------------------------------------- */

const struct world *
catalog_world(const struct catalog *c)
{
	return c->now == NULL ? NULL : &c->now->world;
}

const struct world *
catalog_pin(struct catalog *c)
{
	assert(c->now != NULL);
	c->now->pins++;
	return &c->now->world;
}

void
catalog_unpin(struct catalog *c, const struct world *w)
{
	struct snapshot *s;

	if (c->now != NULL && w == &c->now->world) {
		assert(c->now->pins > 1);
		c->now->pins--;
		return;
	}
	for (s = c->older; s != NULL && &s->world != w; s = s->older)
		;
	assert(s != NULL && s->pins > 0);
	s->pins--;
	drop_unpinned(c);
}

struct hints_memory *
catalog_hints(struct catalog *c)
{
	return &c->hints;
}

const struct policy *
catalog_policy(const struct catalog *c, int32_t version)
{
	const struct compiled *k;

	k = compiled_find(&c->compiled, false, version);
	return k == NULL ? NULL : k->policy;
}

const struct split_book *
catalog_book(const struct catalog *c, int32_t version)
{
	const struct compiled *k;

	k = compiled_find(&c->compiled, true, version);
	return k == NULL ? NULL : k->split_book;
}

int
catalog_feed_positions(const struct catalog *c, const struct feed_position **out)
{
	*out = c->positions;
	return c->position_count;
}

enum err
catalog_compile_try(const struct catalog *c, bool book, int64_t effective_from_us, const char *json,
    struct reason *r)
{
	const struct catalog_compile *k = &c->compile;
	struct split_book *b;
	struct policy *p;
	enum err e;

	if (c->now == NULL)
		return reason_set(r, ERR_NOT_READY, NULL, "the catalog is not loaded yet");
	if (book) {
		e = k->book(k->ctx, &c->now->world, 0, effective_from_us, json, &b, r);
		if (e == ERR_OK)
			k->book_free(b);
	} else {
		e = k->policy(k->ctx, &c->now->world, 0, effective_from_us, json, &p, r);
		if (e == ERR_OK)
			k->policy_free(p);
	}
	return e;
}
