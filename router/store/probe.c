#include "store/probe.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metric.h"
#include "store/change.h"

#define WAITERS_MAX 20000
#define KEYS_MAX 20000

struct probe_key {
	int32_t dealer, location, sku;
};

/* Probes that travel together. */
struct probe_set {
	struct probe_waiter {
		probe_fn *done;
		void *ctx;
	} * waiters;
	int waiter_count, waiter_size;
	struct probe_key *keys;
	int key_count, key_size;
};

struct probe {
	struct event_base *base;
	struct pool *pool;
	struct hints_memory *hints;
	struct event *poke;
	struct probe_set next, under_way;
	bool running;
	bool *gone; /* set by probe_free() while one is under way */
};

/* What outlives the probe: its transaction cannot be recalled. */
struct probe_run {
	struct probe *probe;
	bool gone;
};

static void
set_release(struct probe_set *s)
{
	free(s->waiters);
	free(s->keys);
	*s = (struct probe_set){0};
}

static int
key_order(const void *a, const void *b)
{
	const struct probe_key *x = a, *y = b;

	if (x->dealer != y->dealer)
		return x->dealer < y->dealer ? -1 : 1;
	if (x->location != y->location)
		return x->location < y->location ? -1 : 1;
	return (x->sku > y->sku) - (x->sku < y->sku);
}

static void
sort_unique(struct probe_set *s)
{
	int count;

	if (s->key_count < 2)
		return;
	qsort(s->keys, (size_t)s->key_count, sizeof(*s->keys), key_order);
	count = 1;
	for (int i = 1; i < s->key_count; i++)
		if (key_order(&s->keys[i], &s->keys[count - 1]) != 0)
			s->keys[count++] = s->keys[i];
	s->key_count = count;
}

static enum tx_next
probe_step(struct tx *t, void *ctx)
{
	struct probe_run *run = ctx;
	const struct probe_set *s;
	struct pg_args *a;

	if (run->gone) {
		tx_fail(t, ERR_NOT_READY);
		return TX_ROLLBACK;
	}
	s = &run->probe->under_way;
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, s->key_count, s->keys[i].dealer);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, s->key_count, s->keys[i].location);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, s->key_count, s->keys[i].sku);
	tx_add(t, STMT_PROBE_STOCK);
	return TX_COMMIT;
}

static enum err
apply(struct hints_memory *m, const PGresult *r)
{
	enum err e;

	e = ERR_OK;
	for (int row = 0; row < PQntuples(r) && e == ERR_OK; row++) {
		struct change c = {.kind = CHANGE_STOCK, .location = col_i32(r, row, 0)};

		c.row.stock = (struct stock_hint){.sku = col_i32(r, row, 1),
		    .goods_owner = col_i32(r, row, 2),
		    .version = col_i32(r, row, 3),
		    .atp = col_i32(r, row, 4),
		    .safety = col_i32(r, row, 5),
		    .counted_min = change_minutes(col_time(r, row, 6)),
		    .suspect_until_min = change_minutes(col_time(r, row, 7))};
		e = change_apply(m, &c);
	}
	return e;
}

static void
probe_done(struct tx *t, void *ctx, enum err e)
{
	struct probe_run *run = ctx;
	struct probe *p = run->probe;
	struct probe_set told;

	if (run->gone) {
		free(run);
		return;
	}
	free(run);
	p->gone = NULL;
	p->running = false;
	if (e == ERR_OK)
		e = apply(p->hints, tx_result(t, 0));
	else
		log_warn(LOG_MSG("a probe failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	told = p->under_way;
	p->under_way = (struct probe_set){0};
	if (p->next.waiter_count > 0)
		event_active(p->poke, 0, 0);
	for (int i = 0; i < told.waiter_count; i++)
		told.waiters[i].done(told.waiters[i].ctx, e);
	set_release(&told);
}

static void
tell_next(struct probe *p, enum err e)
{
	struct probe_set told;

	told = p->next;
	p->next = (struct probe_set){0};
	for (int i = 0; i < told.waiter_count; i++)
		told.waiters[i].done(told.waiters[i].ctx, e);
	set_release(&told);
}

static void
on_poke(evutil_socket_t fd, short what, void *ctx)
{
	struct probe *p = ctx;
	struct probe_run *run;

	(void)fd;
	(void)what;
	if (p->running || p->next.waiter_count == 0)
		return;
	run = calloc(1, sizeof(*run));
	if (run == NULL || tx_start(p->pool, probe_step, probe_done, run) != ERR_OK) {
		free(run);
		tell_next(p, ERR_BUSY);
		return;
	}
	run->probe = p;
	p->gone = &run->gone;
	p->running = true;
	p->under_way = p->next;
	p->next = (struct probe_set){0};
	sort_unique(&p->under_way);
	metric_add(METRIC_probes_total, 1);
}

/* Room for ${more} more; false: over the cap, or no memory. */
static bool
room(void **place, int *size, int count, int more, int max, size_t elem)
{
	void *grown;
	int want;

	if (count + more <= *size)
		return true;
	if (count + more > max)
		return false;
	want = *size > 0 ? *size : 64;
	while (want < count + more)
		want *= 2;
	grown = realloc(*place, (size_t)want * elem);
	if (grown == NULL)
		return false;
	*place = grown;
	*size = want;
	return true;
}

enum err
probe_add(struct probe *p, const struct world *w, const struct stock_key *keys, int count,
    probe_fn *done, void *ctx)
{
	struct probe_set *s = &p->next;
	void *waiters = s->waiters, *places = s->keys;
	bool ok;

	ok = room(&waiters, &s->waiter_size, s->waiter_count, 1, WAITERS_MAX, sizeof(*s->waiters));
	s->waiters = waiters;
	ok = ok && room(&places, &s->key_size, s->key_count, count, KEYS_MAX, sizeof(*s->keys));
	s->keys = places;
	if (!ok)
		return ERR_BUSY;
	for (int i = 0; i < count; i++) {
		int32_t at = keys[i].location > 0 && keys[i].location < w->location_id_max
		    ? w->location_by_id[keys[i].location]
		    : NONE;

		assert(at != NONE);
		s->keys[s->key_count++] = (struct probe_key){.dealer = w->locations[at].party,
		    .location = keys[i].location,
		    .sku = keys[i].sku};
	}
	s->waiters[s->waiter_count++] = (struct probe_waiter){done, ctx};
	event_active(p->poke, 0, 0);
	return ERR_OK;
}

enum err
probe_new(struct probe **out, struct event_base *base, struct pool *pool,
    struct hints_memory *hints)
{
	struct probe *p;

	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_NO_MEMORY;
	*p = (struct probe){.base = base, .pool = pool, .hints = hints};
	p->poke = event_new(base, -1, 0, on_poke, p);
	if (p->poke == NULL) {
		free(p);
		return ERR_NO_MEMORY;
	}
	*out = p;
	return ERR_OK;
}

void
probe_free(struct probe *p)
{
	if (p == NULL)
		return;
	if (p->gone != NULL)
		*p->gone = true;
	for (int i = 0; i < p->under_way.waiter_count; i++)
		p->under_way.waiters[i].done(p->under_way.waiters[i].ctx, ERR_NOT_READY);
	set_release(&p->under_way);
	tell_next(p, ERR_NOT_READY);
	event_free(p->poke);
	free(p);
}
