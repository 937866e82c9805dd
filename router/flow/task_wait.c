#include "flow/task_wait.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/event_struct.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/metric.h"
#include "flow/known.h"

/* The answer leaves so long before the call's deadline. */
#define DEADLINE_SPARE_US (200 * US_PER_MS)
/* No connection was free for a read: again after this. */
#define AGAIN_US (100 * US_PER_MS)
#define PLACES_FIRST 1024

/* One screen. */
struct waiter {
	TAILQ_ENTRY(waiter) link; /* in its view, in order of arrival */
	struct view *view;
	struct call *call; /* with an empty arena */
	struct task_seen seen;
	int32_t page_size;
	struct event timer;
};
TAILQ_HEAD(waiter_list, waiter);

enum view_state {
	VIEW_QUIET,
	VIEW_DUE,    /* something changed; its location was read a moment ago */
	VIEW_READY,  /* to be read as soon as a read is free */
	VIEW_READING /* the only state without any waiter, when the last one has left */
};

/* One list that somebody waits for. */
struct view {
	struct task_wait *wait;
	struct view *next_of_place;
	TAILQ_ENTRY(view) link;   /* among all */
	TAILQ_ENTRY(view) queued; /* VIEW_DUE, VIEW_READY */
	struct waiter_list waiters;
	int32_t location;
	enum fulfilment_state filter_state;
	enum view_state state;
	bool again;         /* changed while it was read */
	int64_t changed_us; /* monotonic; when it was heard that something changed */
	int64_t again_us;   /* the same, for the next read */
	int64_t due_us;
	/* of the read */
	struct arena *arena;
	struct task_version version; /* before it began */
	struct task_page page;
};
TAILQ_HEAD(view_list, view);

struct place {
	uint64_t number; /* of its last change */
	int64_t read_us; /* monotonic; when its last read began */
	struct view *views;
};

struct task_wait {
	struct app *app;
	struct event *poke;  /* reads begin at the end of the turn, when all of it has been heard */
	struct event *timer; /* of the first that is due */
	uint64_t instance;
	struct place *places; /* by location id */
	int place_count;
	struct view_list views, due, ready;
	int waiting, reading;
	bool draining;
};

/* ---- Places ------------------------------------------------------------------------------------ */

static struct place *
place_make(struct task_wait *w, int32_t location)
{
	struct place *grown;
	int count = w->place_count > 0 ? w->place_count : PLACES_FIRST;

	assert(location > 0);
	if (location < w->place_count)
		return &w->places[location];
	while (count <= location)
		count = count > INT32_MAX / 2 ? INT32_MAX : 2 * count;
	grown = realloc(w->places, (size_t)count * sizeof(*grown));
	if (grown == NULL)
		return NULL;
	memset(grown + w->place_count, 0, (size_t)(count - w->place_count) * sizeof(*grown));
	w->places = grown;
	w->place_count = count;
	return &grown[location];
}

struct task_version
task_wait_version(const struct task_wait *w, int32_t location)
{
	return (struct task_version){.instance = w->instance,
	    .number = location < w->place_count ? w->places[location].number : 0};
}

/* ---- Views ------------------------------------------------------------------------------------- */

static void
view_dequeue(struct view *v)
{
	struct task_wait *w = v->wait;

	if (v->state == VIEW_DUE)
		TAILQ_REMOVE(&w->due, v, queued);
	else if (v->state == VIEW_READY)
		TAILQ_REMOVE(&w->ready, v, queued);
	v->state = VIEW_QUIET;
}

static void
view_free(struct view *v)
{
	struct task_wait *w = v->wait;
	struct view **at;

	assert(v->state != VIEW_READING);
	view_dequeue(v);
	for (at = &w->places[v->location].views; *at != v; at = &(*at)->next_of_place)
		assert(*at != NULL);
	*at = v->next_of_place;
	TAILQ_REMOVE(&w->views, v, link);
	free(v);
}

static struct view *
view_make(struct task_wait *w, const struct task_filter *f)
{
	struct place *place = place_make(w, f->location);
	struct view *v;

	if (place == NULL)
		return NULL;
	for (v = place->views; v != NULL; v = v->next_of_place)
		if ((int32_t)v->filter_state == f->state)
			return v;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return NULL;
	v->wait = w;
	v->location = f->location;
	v->filter_state = (enum fulfilment_state)f->state;
	TAILQ_INIT(&v->waiters);
	v->next_of_place = place->views;
	place->views = v;
	TAILQ_INSERT_TAIL(&w->views, v, link);
	return v;
}

/* Due after so long: most wait for the same time, so that the list is mostly in order from its end. */
static void
view_delay(struct view *v, int64_t due_us)
{
	struct task_wait *w = v->wait;
	struct view *before;

	v->state = VIEW_DUE;
	v->due_us = due_us;
	before = TAILQ_LAST(&w->due, view_list);
	while (before != NULL && before->due_us > due_us)
		before = TAILQ_PREV(before, view_list, queued);
	if (before != NULL)
		TAILQ_INSERT_AFTER(&w->due, before, v, queued);
	else
		TAILQ_INSERT_HEAD(&w->due, v, queued);
	event_active(w->poke, 0, 0);
}

/* Something of it may be new. */
static void
view_changed(struct view *v, int64_t now_us)
{
	struct task_wait *w = v->wait;
	int64_t due_us = w->places[v->location].read_us + w->app->conf->tasks_gather_ms * US_PER_MS;

	if (v->state == VIEW_READING) {
		if (!v->again)
			v->again_us = now_us;
		v->again = true;
		return;
	}
	if (v->state != VIEW_QUIET)
		return;
	v->changed_us = now_us;
	if (due_us > now_us) {
		view_delay(v, due_us);
		return;
	}
	v->state = VIEW_READY;
	TAILQ_INSERT_TAIL(&w->ready, v, queued);
	event_active(w->poke, 0, 0);
}

static void
all_changed(struct task_wait *w, int64_t now_us)
{
	struct view *v;

	random_bytes(&w->instance, sizeof(w->instance));
	TAILQ_FOREACH(v, &w->views, link)
		view_changed(v, now_us);
}

void
task_wait_changed(void *ctx, const int32_t *locations, int count)
{
	struct task_wait *w = ctx;
	int64_t now_us = clock_mono_us();
	struct place *place;

	for (int i = 0; i < count; i++) {
		place = locations[i] != ANY_LOCATION ? place_make(w, locations[i]) : NULL;
		if (place == NULL) {
			all_changed(w, now_us);
			continue;
		}
		place->number++;
		for (struct view *v = place->views; v != NULL; v = v->next_of_place)
			view_changed(v, now_us);
	}
}

/* ---- Waiters ----------------------------------------------------------------------------------- */

/* Out of its view, which may go with it; what is left is to answer the call. */
static struct call *
waiter_free(struct waiter *x)
{
	struct view *v = x->view;
	struct call *c = x->call;

	(void)event_del(&x->timer);
	TAILQ_REMOVE(&v->waiters, x, link);
	metric_set(METRIC_tasks_waiting, --v->wait->waiting);
	if (TAILQ_EMPTY(&v->waiters) && v->state != VIEW_READING)
		view_free(v);
	free(x);
	return c;
}

static void
reply_unchanged(struct task_wait *w, struct call *c, const struct task_filter *f,
    const struct task_seen *seen)
{
	Yuncang__V1__ListTasksResponse m = YUNCANG__V1__LIST_TASKS_RESPONSE__INIT;

	m.unchanged = true;
	m.seen = task_seen_make(w->app, f, seen, c->arena);
	if (m.seen != NULL)
		call_reply(c, &m.base);
	else
		call_fail_err(c, ERR_NO_MEMORY);
}

static struct task_filter
filter_of(const struct waiter *x)
{
	return (struct task_filter){.location = x->view->location,
	    .state = (int32_t)x->view->filter_state,
	    .page_size = x->page_size};
}

static void
waiter_over(evutil_socket_t fd, short what, void *ctx)
{
	struct waiter *x = ctx;
	struct task_wait *w = x->view->wait;
	struct task_filter f = filter_of(x);
	struct task_seen seen = x->seen;

	(void)fd;
	(void)what;
	reply_unchanged(w, waiter_free(x), &f, &seen);
}

enum err
task_wait_park(struct task_wait *w, struct call *c, const struct task_filter *f,
    const struct task_seen *seen, int64_t wait_ms)
{
	struct task_version now = task_wait_version(w, f->location);
	int64_t now_us = clock_mono_us(), wait_us = wait_ms * US_PER_MS;
	struct waiter *x;
	struct timeval tv;

	if (w->draining) {
		reply_unchanged(w, c, f, seen);
		return ERR_OK;
	}
	if (w->waiting >= w->app->conf->tasks_waiting_max)
		return reason_set(&c->reason, ERR_BUSY, "wait_ms",
		    "%d calls wait for tasks already (setting tasks_waiting_max); ask without",
		    w->waiting);
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return ERR_NO_MEMORY;
	x->view = view_make(w, f);
	if (x->view == NULL) {
		free(x);
		return ERR_NO_MEMORY;
	}
	x->call = c;
	x->seen = *seen;
	x->page_size = f->page_size;
	TAILQ_INSERT_TAIL(&x->view->waiters, x, link);
	metric_set(METRIC_tasks_waiting, ++w->waiting);
	if (wait_us > c->deadline_us - DEADLINE_SPARE_US - now_us)
		wait_us = c->deadline_us - DEADLINE_SPARE_US - now_us;
	if (wait_us < 0)
		wait_us = 0;
	tv = (struct timeval){.tv_sec = wait_us / US_PER_S, .tv_usec = wait_us % US_PER_S};
	event_assign(&x->timer, w->app->base, -1, 0, waiter_over, x);
	(void)event_add(&x->timer, &tv);
	if (!task_same_version(&seen->version, &now))
		view_changed(x->view, now_us);
	call_rest(c); /* ${f} and ${seen} may have lived in it */
	return ERR_OK;
}

/* ---- A read ------------------------------------------------------------------------------------ */

/* The list as this screen asked for it; true: it is another, and the screen has it. */
static enum err
waiter_look(struct waiter *x, bool *is_new)
{
	struct view *v = x->view;
	struct task_page page = v->page;
	Yuncang__V1__ListTasksResponse m;
	struct task_seen seen = {.version = v->version};
	struct call *c = x->call;
	enum err e;

	page.filter = filter_of(x);
	if (page.count > x->page_size) {
		page.count = x->page_size;
		page.more = true;
	}
	*is_new = false;
	e = task_page_message(v->wait->app, &page, c->arena, &m);
	if (e == ERR_OK)
		e = task_page_content(c, &m, &seen.content);
	if (e != ERR_OK)
		return e;
	if (seen.content == x->seen.content) {
		x->seen = seen;
		call_rest(c);
		return ERR_OK;
	}
	m.seen = task_seen_make(v->wait->app, &page.filter, &seen, c->arena);
	if (m.seen == NULL)
		return ERR_NO_MEMORY;
	*is_new = true;
	metric_observe(METRIC_tasks_wake_us, clock_mono_us() - v->changed_us);
	call_reply(waiter_free(x), &m.base);
	return ERR_OK;
}

/* ${v} is VIEW_READING still: it stays while its screens leave. */
static void
view_tell(struct view *v, enum err failed)
{
	struct waiter *x, *next;
	enum err e;
	bool is_new;

	for (x = TAILQ_FIRST(&v->waiters); x != NULL; x = next) {
		next = TAILQ_NEXT(x, link);
		e = failed;
		if (e == ERR_OK && task_same_version(&x->seen.version, &v->version))
			continue; /* came with just that */
		if (e == ERR_OK)
			e = waiter_look(x, &is_new);
		if (e != ERR_OK)
			call_fail_err(waiter_free(x), e);
	}
}

static void
view_read_over(void *ctx, enum err e)
{
	struct view *v = ctx;
	struct task_wait *w = v->wait;

	view_tell(v, e);
	arena_free(v->arena);
	v->arena = NULL;
	v->page = (struct task_page){0};
	v->state = VIEW_QUIET;
	w->reading--;
	if (TAILQ_EMPTY(&v->waiters)) {
		view_free(v);
	} else if (v->again) {
		v->again = false;
		view_changed(v, v->again_us);
	}
	event_active(w->poke, 0, 0);
}

static bool
view_known(void *ctx)
{
	const struct view *v = ctx;

	return task_page_known(catalog_world(v->wait->app->catalog), &v->page);
}

static void
view_read_done(void *ctx, enum err e, struct task_read *tasks, int count, bool more)
{
	struct view *v = ctx;

	v->page.tasks = tasks;
	v->page.count = count;
	v->page.more = more;
	if (e == ERR_OK && !view_known(v)) {
		e = known_wait(v->wait->app, v->arena, "", view_known, view_read_over, v);
		if (e == ERR_OK)
			return;
	}
	view_read_over(v, e);
}

static void
view_read(struct view *v)
{
	struct task_wait *w = v->wait;
	const struct waiter *x;
	enum err e = ERR_NO_MEMORY;

	view_dequeue(v);
	v->page.query = (struct task_query){.location = v->location, .state = v->filter_state};
	TAILQ_FOREACH(x, &v->waiters, link)
		if (x->page_size > v->page.query.count_max)
			v->page.query.count_max = x->page_size;
	v->version = task_wait_version(w, v->location);
	v->arena = arena_new((size_t)w->app->conf->request_memory_max);
	if (v->arena != NULL)
		e = order_read_tasks(w->app->query_pool, v->arena, &v->page.query, view_read_done,
		    v);
	if (e != ERR_OK) {
		arena_free(v->arena);
		v->arena = NULL;
		view_delay(v, clock_mono_us() + AGAIN_US);
		return;
	}
	v->state = VIEW_READING;
	w->places[v->location].read_us = clock_mono_us();
	w->reading++;
	metric_add(METRIC_tasks_reads_total, 1);
}

static void
on_poke(evutil_socket_t fd, short what, void *ctx)
{
	struct task_wait *w = ctx;
	int64_t now_us = clock_mono_us();
	struct timeval tv;
	struct view *v;

	(void)fd;
	(void)what;
	while ((v = TAILQ_FIRST(&w->due)) != NULL && v->due_us <= now_us) {
		view_dequeue(v);
		v->state = VIEW_READY;
		TAILQ_INSERT_TAIL(&w->ready, v, queued);
	}
	while (w->reading < w->app->conf->tasks_reads_max && (v = TAILQ_FIRST(&w->ready)) != NULL)
		view_read(v);
	v = TAILQ_FIRST(&w->due);
	if (v == NULL)
		return;
	now_us = v->due_us > now_us ? v->due_us - now_us : 0;
	tv = (struct timeval){.tv_sec = now_us / US_PER_S, .tv_usec = now_us % US_PER_S};
	(void)event_add(w->timer, &tv);
}

/* ---- Life -------------------------------------------------------------------------------------- */

enum err
task_wait_new(struct task_wait **out, struct app *app)
{
	struct task_wait *w;

	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return ERR_NO_MEMORY;
	w->app = app;
	random_bytes(&w->instance, sizeof(w->instance));
	TAILQ_INIT(&w->views);
	TAILQ_INIT(&w->due);
	TAILQ_INIT(&w->ready);
	w->poke = event_new(app->base, -1, 0, on_poke, w);
	w->timer = evtimer_new(app->base, on_poke, w);
	if (w->poke == NULL || w->timer == NULL) {
		task_wait_free(w);
		return ERR_NO_MEMORY;
	}
	*out = w;
	return ERR_OK;
}

void
task_wait_drain(struct task_wait *w)
{
	struct view *v, *next_view;
	struct waiter *x, *next;

	w->draining = true;
	for (v = TAILQ_FIRST(&w->views); v != NULL; v = next_view) {
		next_view = TAILQ_NEXT(v, link);
		for (x = TAILQ_FIRST(&v->waiters); x != NULL; x = next) {
			next = TAILQ_NEXT(x, link); /* the last one takes ${v} along */
			waiter_over(-1, 0, x);
		}
	}
}

void
task_wait_free(struct task_wait *w)
{
	struct view *v;

	if (w == NULL)
		return;
	assert(w->waiting == 0);
	while ((v = TAILQ_FIRST(&w->views)) != NULL) {
		TAILQ_REMOVE(&w->views, v, link);
		arena_free(v->arena);
		free(v);
	}
	if (w->poke != NULL)
		event_free(w->poke);
	if (w->timer != NULL)
		event_free(w->timer);
	free(w->places);
	free(w);
}
