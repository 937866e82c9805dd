#include "flow/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/strmap.h"
#include "flow/app.h"
#include "flow/provider_inside.h"

#define LEASE_SPARE_MS 1000
#define BURST 4 /* requests that may go at once before the rate holds */
#define BUSY_MS_MIN 250
#define BUSY_MS_MAX 30000
#define LATER_MS_MAX 600000
#define LATER_DOUBLINGS_MAX 16
#define PAYER_HASH 64

/* ---- Rates ------------------------------------------------------------------------------------------ */

static struct provider_payer *
payer_find(struct provider_queue *q, const char *number, int32_t collector)
{
	size_t len = strlen(number);
	struct provider_payer **chain = &q->payers[hash64(number, len, 0) % PAYER_HASH], *p;

	for (p = *chain; p != NULL; p = p->next)
		if (strcmp(p->number, number) == 0)
			return p;
	p = calloc(1, sizeof(*p) + len + 1);
	if (p == NULL)
		return NULL;
	memcpy(p->number, number, len + 1);
	p->collector = collector;
	p->next = *chain;
	*chain = p;
	return p;
}

/* When ${job} may ask; questions that change nothing have ten times the rate and only heed 429. */
static int64_t
ask_time(const struct provider_job *job, int64_t now_us)
{
	int64_t every_us = US_PER_S / job->queue->conf->wechat_rate;
	int64_t at_us = job->payer->due_us - BURST * every_us;

	if (job->wants == ASK_AMOUNTS || job->wants == ASK_QUERY || at_us < now_us)
		at_us = now_us;
	return at_us > job->payer->paused_us ? at_us : job->payer->paused_us;
}

static void
ask_count(struct provider_job *job, int64_t now_us)
{
	int64_t every_us = US_PER_S / job->queue->conf->wechat_rate;
	struct provider_payer *p = job->payer;

	if (job->wants == ASK_AMOUNTS || job->wants == ASK_QUERY)
		return;
	p->due_us = (p->due_us > now_us ? p->due_us : now_us) + every_us;
}

/* 0 to ${ms}. */
static int64_t
jitter(int64_t ms)
{
	uint32_t r;

	random_bytes(&r, sizeof(r));
	return ms * (int64_t)(r >> 1) / (INT64_C(1) << 31);
}

void
provider_payer_busy(struct provider_payer *p, int64_t after_s)
{
	int64_t now_us = clock_mono_us(), ms;

	/* Others of this moment do not make it longer. */
	if (p->paused_us > now_us)
		return;
	p->pause_ms = p->pause_ms == 0 ? BUSY_MS_MIN : 2 * p->pause_ms;
	if (p->pause_ms > BUSY_MS_MAX)
		p->pause_ms = BUSY_MS_MAX;
	ms = p->pause_ms / 2 + jitter(p->pause_ms);
	if (after_s > 0 && after_s * 1000 > ms)
		ms = after_s * 1000 < BUSY_MS_MAX ? after_s * 1000 : BUSY_MS_MAX;
	p->paused_us = now_us + ms * US_PER_MS;
}

void
provider_payer_well(struct provider_payer *p)
{
	p->pause_ms = 0;
}

int64_t
provider_later_us(const struct provider_queue *q, int tries)
{
	int64_t ms = q->conf->wechat_poll_ms;

	for (int i = 0; i < tries && i < LATER_DOUBLINGS_MAX && ms < LATER_MS_MAX; i++)
		ms *= 2;
	if (ms > LATER_MS_MAX)
		ms = LATER_MS_MAX;
	return clock_wall_us() + (ms + jitter(ms / 4)) * US_PER_MS;
}

/* ---- Jobs ------------------------------------------------------------------------------------------- */

static void
arm(struct event *timer, int64_t us)
{
	struct timeval tv;

	if (us < 0)
		us = 0;
	tv = (struct timeval){.tv_sec = us / US_PER_S, .tv_usec = (int)(us % US_PER_S)};
	(void)event_add(timer, &tv);
}

/* The pump runs from the loop alone, so that a step may want something at any time. */
void
provider_pump(struct provider_queue *q)
{
	if (!q->closing)
		event_active(q->pump_timer, 0, 0);
}

void
provider_look(struct provider_queue *q)
{
	q->look = true;
	if (!q->turning && !q->closing)
		event_active(q->turn_timer, 0, 0);
}

static void
on_pump(evutil_socket_t fd, short what, void *ctx)
{
	struct provider_queue *q = ctx;
	int64_t now_us = clock_mono_us(), next_us = INT64_MAX, at_us;

	(void)fd;
	(void)what;
	for (struct provider_job *job = q->jobs, *next; job != NULL; job = next) {
		next = job->next;
		if (job->wants == ASK_NONE)
			continue;
		if (q->draining) {
			provider_job_end(job);
			continue;
		}
		at_us = ask_time(job, now_us);
		if (at_us <= now_us && q->ask_count < q->conf->wechat_sends_max) {
			ask_count(job, now_us);
			provider_job_ask(job);
		} else if (at_us < next_us) {
			next_us = at_us;
		}
	}
	/* With all requests under way, an answer comes back here. */
	if (next_us != INT64_MAX && q->ask_count < q->conf->wechat_sends_max)
		arm(q->pump_timer, next_us - now_us);
}

static void
job_free(struct provider_job *job)
{
	buf_release(&job->body);
	arena_free(job->due->arena);
	free(job);
}

void
provider_job_end(struct provider_job *job)
{
	struct provider_queue *q = job->queue;
	struct provider_job **link = &q->jobs;

	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	q->job_count--;
	job->payer->job_count--;
	metric_set(METRIC_provider_calls, q->job_count);
	job_free(job);
	if (q->draining)
		provider_look(q);
}

/* Of one payment one call at a time. */
static bool
in_hand(const struct provider_queue *q, const struct provider_due *d)
{
	for (const struct provider_job *job = q->jobs; job != NULL; job = job->next)
		if (strcmp(job->due->call.payment_number, d->call.payment_number) == 0)
			return true;
	return false;
}

static void
turn_take(void *ctx, struct provider_due *d)
{
	struct provider_queue *q = ctx;
	struct provider_payer *payer = payer_find(q, d->payer, d->call.collector);
	struct provider_job *job = NULL, **link = &q->jobs;

	if (payer != NULL && !q->draining && !q->closing && q->job_count < PROVIDER_JOBS_MAX &&
	    !in_hand(q, d))
		job = calloc(1, sizeof(*job));
	if (job == NULL) {
		arena_free(d->arena);
		return;
	}
	*job = (struct provider_job){.queue = q, .due = d, .payer = payer};
	while (*link != NULL && (*link)->due->call.deadline_us <= d->call.deadline_us)
		link = &(*link)->next;
	job->next = *link;
	*link = job;
	q->job_count++;
	payer->job_count++;
	q->taken++;
	metric_set(METRIC_provider_calls, q->job_count);
	job->fresh = true;
}

/* ---- Turns ------------------------------------------------------------------------------------------ */

static void
queue_free(struct provider_queue *q)
{
	for (struct provider_job *job = q->jobs, *next; job != NULL; job = next) {
		next = job->next;
		job_free(job);
	}
	for (int i = 0; i < PAYER_HASH; i++)
		while (q->payers[i] != NULL) {
			struct provider_payer *p = q->payers[i];

			q->payers[i] = p->next;
			free(p);
		}
	provider_bills_free(q->bill);
	if (q->turn_timer != NULL)
		event_free(q->turn_timer);
	if (q->pump_timer != NULL)
		event_free(q->pump_timer);
	if (q->api != NULL)
		q->api->ops->free(q->api);
	client_free(q->client);
	free(q);
}

bool
provider_back(struct provider_queue *q)
{
	q->pending--;
	if (!q->closing)
		return true;
	if (q->pending == 0)
		queue_free(q);
	return false;
}

static void
told_late(struct provider_queue *q, int64_t late)
{
	metric_set(METRIC_provider_overdue, late);
	if (late > q->late)
		log_error(LOG_MSG("calls to the provider are past their deadline"),
		    LOG_INT("calls", late));
	q->late = late;
}

static void
turn_done(void *ctx, enum err e, bool leased, int64_t late)
{
	struct provider_queue *q = ctx;

	if (!provider_back(q))
		return;
	q->turning = false;
	if (q->draining) {
		q->released = q->released || q->turn.max == 0;
	} else if (e == ERR_OK) {
		if (leased && q->turn.lease_ms > 0)
			q->lease_until_us = q->turn_sent_us + q->turn.lease_ms * US_PER_MS;
		q->leased = leased;
		told_late(q, leased ? late : 0);
	}
	for (struct provider_job *job = q->jobs, *next; job != NULL; job = next) {
		next = job->next;
		if (!job->fresh)
			continue;
		job->fresh = false;
		provider_job_begin(job);
	}
	if (q->leased && !q->draining)
		provider_bills_look(q->bill);
	q->look = q->look || q->taken == PROVIDER_TURN_MAX;
	if (q->look || (q->draining && !q->released))
		provider_look(q);
	else if (!q->draining)
		arm(q->turn_timer, q->conf->wechat_poll_ms * US_PER_MS);
}

static int64_t
lease_ms(const struct provider_queue *q)
{
	return 3 * q->conf->wechat_timeout_ms + 2 * q->conf->wechat_poll_ms + LEASE_SPARE_MS;
}

/* Who has as many calls in hand as one payer may. */
static int
payers_full(struct provider_queue *q)
{
	int n = 0;

	for (int i = 0; i < PAYER_HASH; i++)
		for (const struct provider_payer *p = q->payers[i]; p != NULL; p = p->next)
			if (p->job_count >= PROVIDER_PAYER_JOBS_MAX && n < PROVIDER_PAYERS_FULL_MAX)
				q->full[n++] = p->collector;
	return n;
}

static void
turn_start(struct provider_queue *q)
{
	int64_t now_us = clock_mono_us();
	int n = 0, room;

	for (struct provider_job *job = q->jobs; job != NULL; job = job->next) {
		(void)snprintf(q->in_hand_text[n], sizeof(q->in_hand_text[n]), "%s",
		    job->due->call.number);
		q->in_hand[n] = q->in_hand_text[n];
		n++;
	}
	q->turn = (struct provider_turn){.pool = q->pool,
	    .provider = q->api->provider,
	    .self = q->self,
	    .now_us = clock_wall_us(),
	    .in_hand = q->in_hand,
	    .in_hand_count = n,
	    .full = q->full,
	    .full_count = payers_full(q),
	    .take = turn_take,
	    .done = turn_done,
	    .ctx = q};
	room = PROVIDER_JOBS_MAX - n;
	q->turn.max = room < PROVIDER_TURN_MAX ? room : PROVIDER_TURN_MAX;
	q->taken = 0;
	/* A third is left when it is taken again. */
	if (!q->leased || q->lease_until_us - now_us < lease_ms(q) * US_PER_MS * 2 / 3)
		q->turn.lease_ms = lease_ms(q);
	q->turn_sent_us = now_us;
	q->look = false;
	if (!q->draining && provider_turn_start(&q->turn) == ERR_OK) {
		q->turning = true;
		q->pending++;
	} else if (!q->draining) {
		arm(q->turn_timer, q->conf->wechat_poll_ms * US_PER_MS);
	}
}

static void
release_start(struct provider_queue *q)
{
	if (q->released || q->job_count > 0)
		return;
	if (!q->leased) {
		q->released = true;
		return;
	}
	q->turn.max = 0;
	if (provider_lease_release(&q->turn) == ERR_OK) {
		q->turning = true;
		q->pending++;
	}
}

static void
on_turn(evutil_socket_t fd, short what, void *ctx)
{
	struct provider_queue *q = ctx;

	(void)fd;
	(void)what;
	if (q->turning)
		return;
	if (q->draining)
		release_start(q);
	else
		turn_start(q);
}

/* ---- Made and unmade -------------------------------------------------------------------------------- */

void
provider_on_results(struct provider_queue *q, void (*fn)(void *ctx), void *ctx)
{
	q->results = fn;
	q->results_ctx = ctx;
}

void
provider_poke(struct provider_queue *q)
{
	if (q != NULL)
		provider_look(q);
}

void
provider_drain(struct provider_queue *q)
{
	q->draining = true;
	provider_bills_cancel(q->bill);
	provider_pump(q);
	provider_look(q);
}

bool
provider_drained(const struct provider_queue *q)
{
	return q->released;
}

void
provider_free(struct provider_queue *q)
{
	if (q == NULL)
		return;
	q->closing = true;
	for (struct provider_job *job = q->jobs; job != NULL; job = job->next)
		if (job->ask != NULL) {
			q->api->ops->cancel(job->ask);
			job->ask = NULL;
		}
	provider_bills_cancel(q->bill);
	(void)event_del(q->turn_timer);
	(void)event_del(q->pump_timer);
	if (q->pending == 0)
		queue_free(q);
}

static enum err
make(struct provider_queue *q, struct app *app, struct reason *r)
{
	const struct client_limits limits = {.sends_max = (int)app->conf->wechat_sends_max + 1,
	    .ca_file = app->conf->wechat_ca_file};
	enum err e;

	*q = (struct provider_queue){.base = app->base, .conf = app->conf, .pool = app->query_pool};
	random_bytes(q->self.b, sizeof(q->self.b));
	q->turn_timer = evtimer_new(q->base, on_turn, q);
	q->pump_timer = evtimer_new(q->base, on_pump, q);
	if (q->turn_timer == NULL || q->pump_timer == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	e = client_new(&q->client, q->base, &limits);
	if (e != ERR_OK)
		return reason_set(r, e, NULL, "%s", err_text(e));
	e = wechat_new(&q->api, q->conf, q->client, r);
	if (e == ERR_OK)
		e = provider_bills_new(&q->bill, q);
	return e;
}

enum err
provider_start(struct provider_queue **out, struct app *app)
{
	struct provider_queue *q;
	struct reason r = {0};
	enum err e;

	*out = NULL;
	if (app->conf->wechat_url[0] == '\0')
		return ERR_OK;
	q = calloc(1, sizeof(*q));
	if (q == NULL)
		return ERR_NO_MEMORY;
	e = make(q, app, &r);
	if (e != ERR_OK) {
		log_error(LOG_MSG("no payment provider"), LOG_STR("setting", r.field),
		    LOG_STR("why", r.text));
		queue_free(q);
		return e;
	}
	provider_look(q);
	*out = q;
	return ERR_OK;
}
