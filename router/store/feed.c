#include "store/feed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"

#define ROWS_MAX 256 /* of one stream a poll */
#define OWN_MAX 64
#define PART_NAME_MAX 32
#define PARTS_MAX 32
#define CLEAN_PER_KEEP 4 /* cleanings in feed_keep_ms */
#define WAITERS_MAX 20000

/* Who wants to be told when a poll that began later has read everything. */
struct feed_waiters {
	struct feed_waiter {
		feed_fn *done;
		void *ctx;
	} * list;
	int count, size;
};

struct feed {
	const struct conf *conf;
	struct pool *pool;
	const struct pool *own;
	struct catalog *catalog;
	void (*keys_changed)(void *ctx);
	void *ctx;
	struct changed_tasks_listener listener;
	struct event *timer, *clean_timer;
	bool polling, cleaning, poked, closing, reloading;
	bool stale;        /* a reload failed: again after the next poll */
	bool moved;        /* the poll under way asked from positions that are no longer ours */
	bool claims_full;  /* said once */
	int64_t polled_us; /* of the last poll that worked, by clock_mono_us() */

	struct feed_position *positions; /* no order */
	int position_count, position_size;
	struct {
		char name[PART_NAME_MAX];
		int64_t version;
	} parts[PARTS_MAX];
	int part_count;

	struct feed_waiters next, running; /* running: of the poll under way, or its continuation */
};

static void
schedule(struct event *timer, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	(void)event_add(timer, &tv);
}

static void
free_if_quiet(struct feed *f)
{
	if (f->polling || f->cleaning || f->reloading)
		return;
	free(f->positions);
	free(f);
}

/* ---- Waiters ---------------------------------------------------------------------------------- */

static enum err
waiters_add(struct feed_waiters *w, feed_fn *done, void *ctx)
{
	struct feed_waiter *place;
	int size;

	if (w->count == WAITERS_MAX)
		return ERR_BUSY;
	if (w->count == w->size) {
		size = w->size > 0 ? 2 * w->size : 64;
		place = realloc(w->list, (size_t)size * sizeof(*place));
		if (place == NULL)
			return ERR_BUSY;
		w->list = place;
		w->size = size;
	}
	w->list[w->count++] = (struct feed_waiter){.done = done, .ctx = ctx};
	return ERR_OK;
}

/* Who is told may wait again: the list is taken off first. */
static void
waiters_tell(struct feed_waiters *w, enum err e)
{
	struct feed_waiters told = *w;

	*w = (struct feed_waiters){0};
	for (int i = 0; i < told.count; i++)
		told.list[i].done(told.list[i].ctx, e);
	free(told.list);
}

/* ---- Positions -------------------------------------------------------------------------------- */

static struct feed_position *
position_find(struct feed *f, int64_t stream_id)
{
	for (int i = 0; i < f->position_count; i++)
		if (f->positions[i].stream_id == stream_id)
			return &f->positions[i];
	return NULL;
}

static enum err
position_add(struct feed *f, int64_t stream_id, int64_t seq)
{
	struct feed_position *place;
	int size;

	if (f->position_count == f->position_size) {
		size = f->position_size > 0 ? 2 * f->position_size : 32;
		place = realloc(f->positions, (size_t)size * sizeof(*place));
		if (place == NULL)
			return ERR_NO_MEMORY;
		f->positions = place;
		f->position_size = size;
	}
	f->positions[f->position_count++] =
	    (struct feed_position){.stream_id = stream_id, .seq = seq};
	return ERR_OK;
}

static enum err
positions_begin(struct feed *f)
{
	const struct feed_position *from;
	enum err e;
	int count;

	f->position_count = 0;
	count = catalog_feed_positions(f->catalog, &from);
	e = ERR_OK;
	for (int i = 0; i < count && e == ERR_OK; i++)
		e = position_add(f, from[i].stream_id, from[i].seq);
	f->polled_us = clock_mono_us();
	return e;
}

/* ---- Falling behind --------------------------------------------------------------------------- */

static void
tell_task(struct feed *f, int32_t location)
{
	if (f->listener.fn != NULL)
		f->listener.fn(f->listener.ctx, &location, 1);
}

static void
reloaded(void *ctx, enum err e)
{
	struct feed *f = ctx;

	f->reloading = false;
	if (f->closing) {
		free_if_quiet(f);
		return;
	}
	if (e == ERR_OK)
		e = positions_begin(f);
	f->moved = f->polling;
	tell_task(f, ANY_LOCATION); /* of rows that are passed over now */
	f->stale = e != ERR_OK;
	if (f->stale)
		log_warn(LOG_MSG("the hints could not be read anew"), LOG_STR("err", err_name(e)));
}

static void
reload(struct feed *f, const char *why)
{
	if (f->reloading)
		return;
	tell_task(f, ANY_LOCATION);
	log_warn(LOG_MSG("the change feed was lost; reading all hints anew"), LOG_STR("why", why));
	f->reloading = catalog_reload_then(f->catalog, reloaded, f) == ERR_OK;
}

/* ---- A poll ----------------------------------------------------------------------------------- */

static void
send_poll(struct feed *f, struct tx *t)
{
	int64_t own[OWN_MAX];
	struct pg_args *a;
	int count;

	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, f->position_count, f->positions[i].stream_id);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, f->position_count, f->positions[i].seq);
	count = f->own != NULL ? pool_streams(f->own, own, OWN_MAX) : 0;
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, own[i]);
	args_i64(a, ROWS_MAX);
	tx_add(t, STMT_FEED_READ);
	(void)tx_args(t);
	tx_add(t, STMT_CATALOG_STATE);
}

static enum tx_next
poll_step(struct tx *t, void *ctx)
{
	struct feed *f = ctx;

	if (f->closing) {
		tx_fail(t, ERR_NOT_READY);
		return TX_ROLLBACK;
	}
	send_poll(f, t);
	return TX_COMMIT;
}

static void
apply_row(struct feed *f, const uint8_t *bytes, size_t len, bool is_own)
{
	struct hints_memory *m = catalog_hints(f->catalog);
	struct change c;
	struct rd rd;

	rd_init(&rd, bytes, len);
	while (change_unpack(&rd, &c)) {
		if (c.kind == CHANGE_TASK && !is_own)
			tell_task(f, c.location);
		if (change_apply(m, &c) == ERR_OK || f->claims_full)
			continue;
		f->claims_full = true;
		log_error(LOG_MSG("a change finds no place in memory; see claims_max"),
		    LOG_INT("kind", c.kind));
	}
	if (!rd.ok)
		log_error(LOG_MSG("a row of the change feed cannot be read; another version's?"));
}

static bool
is_among(const int64_t *streams, int count, int64_t stream_id)
{
	for (int i = 0; i < count; i++)
		if (streams[i] == stream_id)
			return true;
	return false;
}

/* Applies the rows, in order of (stream, seq).  true: there may be more at once. */
static bool
read_rows(struct feed *f, const PGresult *r)
{
	int64_t own[OWN_MAX];
	int own_count = pool_streams(f->pool, own, OWN_MAX);
	struct feed_position *p;
	int64_t stream_id, seq;
	const uint8_t *bytes;
	size_t len;
	int in_row;
	bool more;

	more = false;
	in_row = 0;
	p = NULL;
	for (int row = 0; row < PQntuples(r); row++) {
		stream_id = col_i64(r, row, 0);
		seq = col_i64(r, row, 1);
		if (p == NULL || p->stream_id != stream_id) {
			p = position_find(f, stream_id);
			in_row = 0;
			/* A stream that is new may have lost its first rows only if we slept. */
			if (p == NULL && position_add(f, stream_id, seq - 1) != ERR_OK)
				return false;
			p = position_find(f, stream_id);
		}
		if (seq != p->seq + 1)
			reload(f, "a row was deleted before it was read");
		bytes = col_bytes(r, row, 2, &len);
		apply_row(f, bytes, len, is_among(own, own_count, stream_id));
		p->seq = seq;
		more = ++in_row == ROWS_MAX || more;
	}
	metric_add(METRIC_feed_rows_total, PQntuples(r));
	return more;
}

/* The part's version was not this one; the first time nothing is known, and all is new. */
static bool
part_changed(struct feed *f, const char *name, int64_t version)
{
	int i;

	for (i = 0; i < f->part_count && strcmp(f->parts[i].name, name) != 0;)
		i++;
	if (i == f->part_count) {
		if (i == PARTS_MAX || strlen(name) >= PART_NAME_MAX)
			return false;
		memcpy(f->parts[i].name, name, strlen(name) + 1);
		f->parts[i].version = -1;
		f->part_count++;
	}
	if (f->parts[i].version == version)
		return false;
	f->parts[i].version = version;
	return true;
}

static void
read_parts(struct feed *f, const PGresult *r)
{
	bool catalog, keys;

	catalog = keys = false;
	for (int row = 0; row < PQntuples(r); row++) {
		const char *name = col_text(r, row, 0);

		if (!part_changed(f, name, col_i64(r, row, 1)))
			continue;
		if (strcmp(name, "keys") == 0)
			keys = true;
		else
			catalog = true;
	}
	if (catalog)
		catalog_refresh(f->catalog);
	if (keys)
		f->keys_changed(f->ctx);
}

static void
poll_done(struct tx *t, void *ctx, enum err e)
{
	struct feed *f = ctx;
	bool more;

	f->polling = false;
	if (f->closing) {
		free_if_quiet(f);
		return;
	}
	more = false;
	if (e == ERR_OK) {
		if ((clock_mono_us() - f->polled_us) / US_PER_MS > f->conf->feed_keep_ms / 2)
			reload(f, "not polled for too long");
		f->polled_us = clock_mono_us();
		if (f->stale)
			reload(f, "the last reading failed");
		more = f->moved || read_rows(f, tx_result(t, 0));
		read_parts(f, tx_result(t, 1));
	} else {
		log_warn(LOG_MSG("reading the change feed failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	}
	schedule(f->timer, more || f->poked ? 0 : f->conf->feed_poll_ms);
	f->poked = false;
	f->moved = false;
	if (!more)
		waiters_tell(&f->running, e);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct feed *f = ctx;

	(void)fd;
	(void)what;
	assert(!f->polling);
	f->polling = tx_start(f->pool, poll_step, poll_done, f) == ERR_OK;
	if (!f->polling) {
		schedule(f->timer, f->conf->feed_poll_ms);
		return;
	}
	if (f->running.count == 0) {
		struct feed_waiters empty = f->running;

		f->running = f->next;
		f->next = empty;
	}
}

enum err
feed_catch_up(struct feed *f, feed_fn *done, void *ctx)
{
	enum err e = waiters_add(&f->next, done, ctx);

	if (e == ERR_OK)
		feed_poke(f);
	return e;
}

void
feed_poke(struct feed *f)
{
	if (f->polling)
		f->poked = true;
	else
		schedule(f->timer, 0);
}

/* ---- Cleaning --------------------------------------------------------------------------------- */

static enum tx_next
clean_step(struct tx *t, void *ctx)
{
	struct feed *f = ctx;

	if (f->closing) {
		tx_fail(t, ERR_NOT_READY);
		return TX_ROLLBACK;
	}
	args_i64(tx_args(t), f->conf->feed_keep_ms);
	tx_add(t, STMT_FEED_CLEAN);
	(void)tx_args(t);
	tx_add(t, STMT_FEED_CLEAN_STREAMS);
	(void)tx_args(t);
	tx_add(t, STMT_FEED_STREAMS);
	return TX_COMMIT;
}

/* Positions of streams that are no more. */
static void
forget(struct feed *f, const PGresult *r)
{
	int kept;

	kept = 0;
	for (int i = 0; i < f->position_count; i++) {
		bool there = false;

		for (int row = 0; row < PQntuples(r) && !there; row++)
			there = col_i64(r, row, 0) == f->positions[i].stream_id;
		if (there)
			f->positions[kept++] = f->positions[i];
	}
	f->position_count = kept;
}

static void
clean_done(struct tx *t, void *ctx, enum err e)
{
	struct feed *f = ctx;

	f->cleaning = false;
	if (f->closing) {
		free_if_quiet(f);
		return;
	}
	if (e == ERR_OK)
		forget(f, tx_result(t, 2));
	else
		log_warn(LOG_MSG("cleaning the change feed failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	schedule(f->clean_timer, f->conf->feed_keep_ms / CLEAN_PER_KEEP);
}

static void
on_clean(evutil_socket_t fd, short what, void *ctx)
{
	struct feed *f = ctx;

	(void)fd;
	(void)what;
	f->cleaning = tx_start(f->pool, clean_step, clean_done, f) == ERR_OK;
	if (!f->cleaning)
		schedule(f->clean_timer, f->conf->feed_poll_ms);
}

/* ---- Life ------------------------------------------------------------------------------------- */

enum err
feed_new(struct feed **out, struct event_base *base, const struct conf *conf, struct pool *pool,
    struct catalog *catalog, void (*keys_changed)(void *ctx), void *ctx)
{
	struct feed *f;

	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return ERR_NO_MEMORY;
	*f = (struct feed){.conf = conf,
	    .pool = pool,
	    .catalog = catalog,
	    .keys_changed = keys_changed,
	    .ctx = ctx};
	f->timer = evtimer_new(base, on_timer, f);
	f->clean_timer = evtimer_new(base, on_clean, f);
	if (f->timer == NULL || f->clean_timer == NULL || positions_begin(f) != ERR_OK) {
		feed_free(f);
		return ERR_NO_MEMORY;
	}
	schedule(f->timer, 0);
	schedule(f->clean_timer, conf->feed_keep_ms / CLEAN_PER_KEEP);
	*out = f;
	return ERR_OK;
}

void
feed_skip(struct feed *f, const struct pool *own)
{
	f->own = own;
}

void
feed_on_tasks(struct feed *f, struct changed_tasks_listener listener)
{
	f->listener = listener;
}

void
feed_free(struct feed *f)
{
	if (f == NULL)
		return;
	if (f->timer != NULL)
		event_free(f->timer);
	if (f->clean_timer != NULL)
		event_free(f->clean_timer);
	f->timer = f->clean_timer = NULL;
	f->closing = true;
	waiters_tell(&f->running, ERR_NOT_READY);
	waiters_tell(&f->next, ERR_NOT_READY);
	free_if_quiet(f);
}
