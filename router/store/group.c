#include "store/group.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"

#define ARENA_MAX ((size_t)64 << 20)
#define CHANGES_MAX ((size_t)16 << 20)
#define RUN_TRIES_MAX \
	10 /* after deadlocks and lock time-outs; lost connections are bounded by time */

/*
 * A run costs PostgreSQL 0.5 ms beside 0.05 ms for each order.  So another one beside those under way is for
 * this many entries, or for the first of fewer that has waited this long: at half the highest rate the machine
 * was 73 % busy with runs of ten.
 */
#define BESIDE_COUNT 32
#define BESIDE_US (5 * US_PER_MS)

struct group {
	struct event_base *base;
	const struct conf *conf;
	struct pool *pool;
	const struct group_kind *kind;
	void *owner;
	struct event *poke;
	struct group_entry *head, **tail; /* entries that wait, in order of arrival */
	int waiting;
	struct group_run *again, **again_tail; /* runs to run again, before what waits */
	struct group_run *running;             /* transactions under way */
	int running_count, running_max;
	int empty_count; /* of these, not filled yet */
	bool closing;
};

static void run_done(struct tx *t, void *ctx, enum err e);

/* METRIC_COUNT is none: not every kind counts all. */
static void
count(enum metric m, int64_t n)
{
	if (m != METRIC_COUNT)
		metric_add(m, n);
}

/* ---- Runs ------------------------------------------------------------------------------------- */

static void
run_free(struct group_run *r)
{
	if (r == NULL)
		return;
	arena_free(r->arena);
	buf_release(&r->changes);
	free(r->entries);
	free(r);
}

static struct group_run *
run_new(struct group *g, int count_max)
{
	struct group_run *r;

	r = calloc(1, g->kind->run_size);
	if (r == NULL)
		return NULL;
	r->group = g;
	r->owner = g->owner;
	r->first_us = clock_mono_us();
	r->count_max = count_max;
	buf_init(&r->changes, CHANGES_MAX);
	r->entries = calloc((size_t)count_max, sizeof(struct group_entry *));
	r->arena = arena_new(ARENA_MAX);
	if (r->entries == NULL || r->arena == NULL) {
		run_free(r);
		return NULL;
	}
	return r;
}

/* The run is over with one error for all its entries. */
static void
tell_all(struct group_run *r, enum err e)
{
	for (int i = 0; i < r->count; i++)
		r->group->kind->failed(r->owner, r->entries[i], e);
	run_free(r);
}

/* What waits by now goes along. */
static void
fill(struct group_run *r)
{
	struct group *g = r->group;

	assert(!r->filled);
	r->filled = true;
	g->empty_count--;
	while (g->head != NULL && r->count < r->count_max) {
		r->entries[r->count++] = g->head;
		g->head = g->head->next;
	}
	if (r->count == 0)
		return; /* an earlier run took all that waited */
	if (g->head == NULL)
		g->tail = &g->head;
	g->waiting -= r->count;
	metric_set(g->kind->queue, g->waiting);
	count(g->kind->runs, 1);
	count(g->kind->entries, r->count);
}

static enum tx_next
run_step(struct tx *t, void *ctx)
{
	struct group_run *r = ctx;

	if (r->abandoned) {
		tx_fail(t, ERR_NOT_READY);
		return TX_ROLLBACK;
	}
	if (!r->filled)
		fill(r);
	if (r->count == 0)
		return TX_COMMIT;
	if (tx_trip(t) == 0) {
		arena_reset(r->arena);
		buf_reset(&r->changes);
	}
	return r->group->kind->step(r, t);
}

static void
run_start(struct group *g, struct group_run *r)
{
	enum err e;

	r->tries++;
	if (!r->filled)
		g->empty_count++;
	e = tx_start(g->pool, run_step, run_done, r);
	if (e != ERR_OK) {
		if (!r->filled)
			fill(r);
		tell_all(r, r->unknown ? ERR_TIMEOUT : e);
		return;
	}
	r->next = g->running;
	g->running = r;
	g->running_count++;
}

/*
 * More wait than the runs that have no entries yet will take; and either none is under way, or it is worth
 * another one beside it.
 */
static bool
run_wanted(const struct group *g)
{
	int64_t more = g->waiting - g->empty_count * g->conf->batch_orders_max;

	if (g->again != NULL || more <= 0)
		return g->again != NULL;
	return g->running_count == 0 || more >= BESIDE_COUNT ||
	    clock_mono_us() - g->head->queued_us >= BESIDE_US;
}

static void
on_poke(evutil_socket_t fd, short what, void *ctx)
{
	struct group *g = ctx;
	struct group_run *r;

	(void)fd;
	(void)what;
	while (g->running_count < g->running_max && run_wanted(g)) {
		r = g->again;
		if (r != NULL) {
			g->again = r->next;
			if (g->again == NULL)
				g->again_tail = &g->again;
		} else {
			r = run_new(g, (int)g->conf->batch_orders_max);
		}
		if (r == NULL)
			return; /* no memory: the next commit's end pokes again */
		run_start(g, r);
	}
}

static void
run_again(struct group_run *r)
{
	struct group *g = r->group;

	r->next = NULL;
	*g->again_tail = r;
	g->again_tail = &r->next;
}

/* ---- When a transaction ends ------------------------------------------------------------------ */

/* A row broke a constraint: half of the run at a time, down to the one entry. */
static void
split_run(struct group_run *r, struct tx *t)
{
	const struct group_kind *kind = r->group->kind;
	struct group_run *right;
	char id[UUID_TEXT_SIZE];
	int half;

	if (r->count == 1) {
		kind->print(r->entries[0], id);
		count(kind->bad, 1);
		log_error(LOG_MSG("broke a constraint; validation must make that impossible"),
		    LOG_STR(kind->name, id), LOG_STR("server", tx_sql_error(t)));
		tell_all(r, ERR_INTERNAL);
		return;
	}
	half = r->count / 2;
	right = run_new(r->group, r->count - half);
	if (right == NULL) {
		tell_all(r, ERR_BUSY);
		return;
	}
	count(kind->splits, 1);
	for (int i = half; i < r->count; i++)
		right->entries[right->count++] = r->entries[i];
	right->filled = true;
	right->unknown = r->unknown;
	right->first_us = r->first_us;
	r->count = half;
	run_again(r);
	run_again(right);
}

/* Deadlock, lock time-out or a lost connection: the same entries again, while that may help. */
static void
retry(struct group_run *r, enum err e)
{
	struct group *g = r->group;
	bool lost;

	lost = e == ERR_DB_DOWN || e == ERR_TIMEOUT;
	r->unknown = r->unknown || e == ERR_TIMEOUT;
	if (!g->closing && (lost || r->tries < RUN_TRIES_MAX) &&
	    clock_mono_us() - r->first_us < g->conf->db_statement_ms_max * US_PER_MS) {
		count(g->kind->retries, 1);
		run_again(r);
		return;
	}
	tell_all(r, r->unknown ? ERR_TIMEOUT : e);
}

static void
not_running(struct group_run *r)
{
	struct group_run **at;

	for (at = &r->group->running; *at != r; at = &(*at)->next)
		assert(*at != NULL);
	*at = r->next;
	r->group->running_count--;
}

static void
run_ended(struct group_run *r, struct tx *t, enum err e)
{
	switch (e) {
	case ERR_OK:
		r->group->kind->committed(r, t);
		run_free(r);
		break;
	case ERR_TIMEOUT:
	case ERR_DB_DOWN:
	case ERR_CONTENDED:
	case ERR_BUSY:
		retry(r, e);
		break;
	case ERR_BAD_FIELD:
	case ERR_TOO_LARGE:
		split_run(r, t);
		break;
	default:
		log_error(LOG_MSG("a group commit failed"), LOG_STR("of", r->group->kind->name),
		    LOG_STR("err", err_name(e)), LOG_INT("entries", r->count),
		    LOG_STR("server", tx_sql_error(t)));
		tell_all(r, r->unknown ? ERR_TIMEOUT : ERR_INTERNAL);
		break;
	}
}

static void
run_done(struct tx *t, void *ctx, enum err e)
{
	struct group_run *r = ctx;
	struct group *g = r->group;

	if (r->abandoned) {
		run_free(r);
		return;
	}
	not_running(r);
	/* It never had a connection: those that wait for one hear of it. */
	if (!r->filled)
		fill(r);
	if (r->count > 0)
		run_ended(r, t, e);
	else
		run_free(r);
	if (!g->closing)
		event_active(g->poke, 0, 0);
}

/* ---- The queue -------------------------------------------------------------------------------- */

enum err
group_add(struct group *g, struct group_entry *x)
{
	if (g->waiting >= g->conf->batch_queue_max)
		return ERR_BUSY;
	x->next = NULL;
	x->queued_us = clock_mono_us();
	*g->tail = x;
	g->tail = &x->next;
	g->waiting++;
	metric_set(g->kind->queue, g->waiting);
	event_active(g->poke, 0, 0);
	return ERR_OK;
}

int
group_waiting(const struct group *g)
{
	return g->waiting;
}

enum err
group_new(struct group **out, struct event_base *base, const struct conf *conf, struct pool *pool,
    const struct group_kind *kind, void *owner, int running_max)
{
	struct group *g;

	assert(kind->run_size >= sizeof(struct group_run) && running_max > 0);
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return ERR_NO_MEMORY;
	*g = (struct group){.base = base,
	    .conf = conf,
	    .pool = pool,
	    .kind = kind,
	    .owner = owner,
	    .running_max = running_max};
	g->tail = &g->head;
	g->again_tail = &g->again;
	g->poke = event_new(base, -1, 0, on_poke, g);
	if (g->poke == NULL) {
		free(g);
		return ERR_NO_MEMORY;
	}
	*out = g;
	return ERR_OK;
}

void
group_free(struct group *g)
{
	struct group_run *r;
	struct group_entry *x;

	if (g == NULL)
		return;
	g->closing = true;
	/* What is under way may commit; nobody is there to hear of it. */
	for (r = g->running; r != NULL; r = r->next) {
		r->abandoned = true;
		for (int i = 0; i < r->count; i++)
			g->kind->failed(g->owner, r->entries[i], ERR_TIMEOUT);
		r->count = 0;
	}
	while ((r = g->again) != NULL) {
		g->again = r->next;
		tell_all(r, r->unknown ? ERR_TIMEOUT : ERR_NOT_READY);
	}
	while ((x = g->head) != NULL) {
		g->head = x->next;
		g->kind->failed(g->owner, x, ERR_NOT_READY);
	}
	event_free(g->poke);
	free(g);
}
