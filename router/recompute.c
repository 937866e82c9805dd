#include "recompute.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/compile.h"
#include "flow/known.h"
#include "store/audit_page.h"
#include "store/catalog.h"

#define SHOWN_MAX 20
#define PAGE_MAX 1000
#define SLOTS_MAX 16
#define ARENA_MAX ((size_t)32 << 20)
#define PAGE_ARENA_MAX ((size_t)1 << 20)

/* An order under way. */
struct slot {
	struct run *run;
	struct arena *arena;
	struct uuid id;
	bool busy, again;
};

struct run {
	FILE *to;
	struct event_base *base;
	struct pool *pool;
	struct catalog *catalog;
	struct recompute_total total;
	enum err err;
	const char *at; /* what failed */
	bool done;      /* of what is waited for */

	struct arena *page_arena;
	const struct uuid *ids;
	int count, next;
	struct slot slots[SLOTS_MAX];
	int busy;

	int64_t from_us; /* the catalog is of then */
	int64_t later;   /* orders that came behind it and may name what it lacks */
	int64_t shown, began_us, told_us;
	bool tty;
};

/* ---- Telling ---------------------------------------------------------------------------------------- */

static void
progress(struct run *x, bool last)
{
	int64_t now_us = clock_mono_us(), us = now_us - x->began_us;

	if (!last && now_us - x->told_us < US_PER_S)
		return;
	x->told_us = now_us;
	fprintf(stderr,
	    "%srecompute: %" PRId64 " orders, %" PRId64 " decisions, %" PRId64 " rows, %" PRId64
	    " differ, %" PRId64 " orders/s%s",
	    x->tty ? "\r" : "", x->total.orders, x->total.decisions, x->total.rows, x->total.differ,
	    us > 0 ? x->total.orders * US_PER_S / us : 0, x->tty && !last ? "" : "\n");
}

static void
tell(void *ctx, const char *what)
{
	struct run *x = ctx;

	if (++x->shown <= SHOWN_MAX)
		fprintf(x->to, "%saudit: recompute: %s\n", x->tty ? "\r\033[K" : "", what);
}

static void
tell_nobody(void *ctx, const char *what)
{
	(void)ctx;
	(void)what;
}

static void
failed(struct run *x, const char *at, enum err e)
{
	if (x->err != ERR_OK)
		return;
	x->err = e;
	x->at = at;
}

/* ---- Orders ----------------------------------------------------------------------------------------- */

static void slot_read(struct slot *s);

static void
slot_end(struct slot *s)
{
	s->busy = false;
	s->run->busy--;
}

/* An order may change between the reads of its rows and its fulfilments: what differs is read once more. */
static void
order_done(void *ctx, enum err e, struct order_read *o)
{
	struct slot *s = ctx;
	struct run *x = s->run;
	const struct world *w = catalog_world(x->catalog);
	struct recompute_total t = x->total;
	bool later;

	if (e != ERR_OK) {
		failed(x, "reading an order", e);
		slot_end(s);
		return;
	}
	later = o->created_us >= x->from_us && !order_is_known(w, o, s->arena);
	e = recompute_order(x->catalog, w, o, s->arena, &t, s->again && !later ? tell : tell_nobody,
	    x);
	if (e == ERR_OK && t.differ > x->total.differ && !s->again) {
		s->again = true;
		slot_read(s);
		return;
	}
	if (e != ERR_OK) {
		failed(x, "an order", e);
	} else if (t.differ > x->total.differ && later) {
		x->later++;
	} else {
		x->total = t;
	}
	slot_end(s);
}

static void
slot_read(struct slot *s)
{
	struct order_key key = {.order_id = s->id};
	enum err e;

	arena_reset(s->arena);
	e = order_read_one(s->run->pool, s->arena, &key, READ_MONEY | READ_DEPOSIT, order_done, s);
	if (e != ERR_OK) {
		failed(s->run, "reading an order", e);
		slot_end(s);
	}
}

static void
slots_fill(struct run *x)
{
	for (int i = 0; i < SLOTS_MAX && x->next < x->count && x->err == ERR_OK; i++) {
		struct slot *s = &x->slots[i];

		if (s->busy)
			continue;
		s->busy = true;
		s->again = false;
		s->id = x->ids[x->next++];
		x->busy++;
		slot_read(s);
	}
}

static void
page_done(void *ctx, enum err e, const struct uuid *ids, int count)
{
	struct run *x = ctx;

	if (e != ERR_OK)
		failed(x, "listing orders", e);
	x->ids = ids;
	x->count = count;
	x->next = 0;
	x->done = true;
}

static void
orders(struct run *x)
{
	struct uuid after = {{0}};
	enum err e;

	x->count = PAGE_MAX;
	while (x->err == ERR_OK && x->count == PAGE_MAX) {
		x->done = false;
		arena_reset(x->page_arena);
		e = audit_page(x->pool, x->page_arena, &after, PAGE_MAX, page_done, x);
		if (e != ERR_OK)
			failed(x, "listing orders", e);
		while (x->err == ERR_OK && !x->done)
			(void)event_base_loop(x->base, EVLOOP_ONCE);
		if (x->err == ERR_OK && x->count > 0)
			after = x->ids[x->count - 1];
		do {
			slots_fill(x);
			if (x->busy > 0)
				(void)event_base_loop(x->base, EVLOOP_ONCE);
			progress(x, false);
		} while (x->busy > 0 || (x->next < x->count && x->err == ERR_OK));
	}
}

/* ---- All of it --------------------------------------------------------------------------------------- */

static void
catalog_done(void *ctx, enum err e)
{
	struct run *x = ctx;

	if (e != ERR_OK)
		failed(x, "reading the catalog", e);
	x->done = true;
}

static enum err
make(struct run *x, const struct conf *conf)
{
	int connections = (int)conf->db_query_connections;
	enum err e;

	x->base = event_base_new();
	x->page_arena = arena_new(PAGE_ARENA_MAX);
	if (x->base == NULL || x->page_arena == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < SLOTS_MAX; i++) {
		x->slots[i].run = x;
		x->slots[i].arena = arena_new(ARENA_MAX);
		if (x->slots[i].arena == NULL)
			return ERR_NO_MEMORY;
	}
	e = pool_new(&x->pool, x->base, conf, POOL_QUERY, connections, 2 * SLOTS_MAX);
	return e == ERR_OK ? catalog_new(&x->catalog, x->base, conf, x->pool, &flow_compile) : e;
}

static void
unmake(struct run *x)
{
	if (x->pool != NULL)
		pool_free(x->pool);
	if (x->catalog != NULL)
		catalog_free(x->catalog);
	for (int i = 0; i < SLOTS_MAX; i++)
		arena_free(x->slots[i].arena);
	arena_free(x->page_arena);
	if (x->base != NULL)
		event_base_free(x->base);
}

enum err
recompute(const struct conf *conf, FILE *to, struct recompute_total *out, struct reason *r)
{
	struct run *x = calloc(1, sizeof(*x));
	enum err e;

	*out = (struct recompute_total){0};
	if (x == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	x->to = to;
	x->tty = isatty(STDERR_FILENO) == 1;
	x->began_us = x->told_us = clock_mono_us();
	x->from_us = clock_wall_us();
	log_level_max = LOG_LEVEL_WARN;
	e = make(x, conf);
	if (e == ERR_OK)
		e = catalog_load(x->catalog, catalog_done, x);
	if (e != ERR_OK)
		failed(x, "starting", e);
	while (x->err == ERR_OK && !x->done)
		(void)event_base_loop(x->base, EVLOOP_ONCE);
	x->began_us = clock_mono_us();
	if (x->err == ERR_OK)
		orders(x);
	progress(x, true);
	if (x->later > 0)
		fprintf(stderr, "recompute: %" PRId64 " orders came meanwhile and are passed by\n",
		    x->later);
	*out = x->total;
	e = x->err;
	if (e != ERR_OK)
		(void)reason_set(r, e, NULL, "%s failed: %s", x->at, err_text(e));
	unmake(x);
	free(x);
	return e;
}
