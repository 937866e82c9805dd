#include "simulator/day_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "simulator/day_job.h"
#include "simulator/day_rpc.h"

#define WAIT_MS 10000
#define PAGE_SIZE 100
#define PAUSE_STORE_US (50 * US_PER_MS)
#define PAUSE_CENTRAL_US (400 * US_PER_MS) /* their pages are long */

struct screen {
	struct day_stores *all;
	struct event *pause;
	char location[WORLD_CODE_SIZE];
	bool central;
	char *seen; /* of the last answer; NULL: none */
};

struct day_stores {
	struct day *day;
	struct day_jobs *jobs;
	struct screen *screen;
	int count;
};

static void screen_ask(struct screen *s);

static void
on_pause(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	screen_ask(ctx);
}

static void
screen_answered(void *ctx, const struct rpc_answer *a)
{
	struct screen *s = ctx;
	const Yuncang__V1__ListTasksResponse *m = (const void *)a->message;
	struct timeval tv = {.tv_usec = s->central ? PAUSE_CENTRAL_US : PAUSE_STORE_US};

	if (a->outcome == RPC_OK) {
		for (size_t i = 0; i < m->n_tasks; i++)
			day_jobs_seen(s->all->jobs, m->tasks[i]);
		free(s->seen);
		s->seen = strdup(m->seen);
	} else if (a->outcome == RPC_REFUSED) {
		model_violation(&s->all->day->shop.model, "lost",
		    "the screen of %s was refused: %s %s", s->location, a->reason, a->text);
		return;
	}
	if (event_add(s->pause, &tv) != 0)
		day_fail(s->all->day, "a screen cannot wait");
}

static void
screen_ask(struct screen *s)
{
	Yuncang__V1__ListTasksRequest q = YUNCANG__V1__LIST_TASKS_REQUEST__INIT;
	char empty[] = "";

	q.location = s->location;
	q.page_size = PAGE_SIZE;
	q.seen = s->seen != NULL ? s->seen : empty;
	q.wait_ms = s->seen != NULL ? WAIT_MS : 0;
	day_call(s->all->day, DAY_ListTasks, &q.base, screen_answered, s);
}

void
day_stores_begin(struct day_stores *s)
{
	for (int i = 0; i < s->count; i++)
		screen_ask(&s->screen[i]);
}

enum err
day_stores_new(struct day_stores **out, struct day *d)
{
	struct day_stores *s = calloc(1, sizeof(*s));
	int count = CENTRAL_COUNT + (int)d->world->store_count;
	enum err e;

	if (s == NULL)
		return ERR_NO_MEMORY;
	*out = s;
	s->day = d;
	s->screen = calloc((size_t)count, sizeof(*s->screen));
	if (s->screen == NULL)
		return ERR_NO_MEMORY;
	e = day_jobs_new(&s->jobs, d);
	for (int i = 0; e == ERR_OK && i < count; i++) {
		struct screen *x = &s->screen[s->count];

		x->all = s;
		x->central = i < CENTRAL_COUNT;
		if (x->central)
			(void)snprintf(x->location, sizeof(x->location), "%s",
			    world_central_code(i));
		else
			(void)world_code(x->location, 'S', i - CENTRAL_COUNT);
		x->pause = event_new(d->base, -1, 0, on_pause, x);
		e = x->pause != NULL ? ERR_OK : ERR_NO_MEMORY;
		s->count += e == ERR_OK;
	}
	return e;
}

void
day_stores_free(struct day_stores *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < s->count; i++) {
		event_free(s->screen[i].pause);
		free(s->screen[i].seen);
	}
	day_jobs_free(s->jobs);
	free(s->screen);
	free(s);
}
