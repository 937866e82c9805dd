#include "flow/webhook_lane.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/metric.h"

#define LEASE_SPARE_MS 1000

/* A third is left when it is taken again: a try, and what the turns before and behind it may take. */
int64_t
webhook_lease_ms(const struct conf *c)
{
	return 3 * c->webhook_timeout_ms + 2 * c->webhook_poll_ms + LEASE_SPARE_MS;
}

/* ---- Endpoints ---------------------------------------------------------------------------------- */

static void
endpoint_free(struct endpoint *p)
{
	for (int i = 0; i < p->lane_count; i++) {
		if (p->lanes[i].send != NULL)
			client_cancel(p->lanes[i].send);
		free(p->lanes[i].list);
	}
	free(p->code);
	free(p->url);
	explicit_bzero(p->secrets, sizeof(p->secrets));
	free(p);
}

static bool
endpoint_busy(const struct endpoint *p)
{
	for (int i = 0; i < p->lane_count; i++)
		if (p->lanes[i].send != NULL)
			return true;
	return false;
}

void
webhook_forget(struct endpoint *p)
{
	p->owned = false;
	for (int i = 0; i < p->lane_count; i++) {
		struct lane *l = &p->lanes[i];

		if (l->send != NULL) {
			l->count = l->next + 1;
			continue;
		}
		l->count = l->next = 0;
	}
}

/* Frees those that are another's by now and have nothing under way. */
static void
sweep(struct webhook *w)
{
	struct endpoint **link = &w->endpoints, *p;

	while ((p = *link) != NULL) {
		if (p->owned || endpoint_busy(p)) {
			link = &p->next;
			continue;
		}
		*link = p->next;
		endpoint_free(p);
	}
}

static struct endpoint *
endpoint_find(struct webhook *w, int32_t id)
{
	struct endpoint *p = w->endpoints;

	while (p != NULL && p->id != id)
		p = p->next;
	return p;
}

static struct endpoint *
endpoint_add(struct webhook *w, const struct webhook_owned *o)
{
	struct endpoint *p = calloc(1, sizeof(*p) + (size_t)o->concurrency * sizeof(p->lanes[0]));

	if (p == NULL)
		return NULL;
	p->webhook = w;
	p->id = o->endpoint;
	p->code = strdup(o->code);
	p->lane_count = o->concurrency;
	for (int i = 0; i < p->lane_count; i++) {
		p->lanes[i].endpoint = p;
		p->lanes[i].number = (int16_t)i;
	}
	if (p->code == NULL) {
		endpoint_free(p);
		return NULL;
	}
	p->next = w->endpoints;
	w->endpoints = p;
	return p;
}

/* The endpoint as it is now; false: not for now, it is looked at again in the next turn. */
static bool
endpoint_take(struct webhook *w, const struct webhook_owned *o)
{
	struct endpoint *p = endpoint_find(w, o->endpoint);
	char *url;

	if (p != NULL && p->lane_count != o->concurrency) {
		webhook_forget(p);
		return false;
	}
	if (p == NULL)
		p = endpoint_add(w, o);
	if (p == NULL)
		return false;
	if (p->url == NULL || strcmp(p->url, o->url) != 0) {
		url = strdup(o->url);
		if (url == NULL)
			return false;
		free(p->url);
		p->url = url;
	}
	p->owned = true;
	p->rate_per_s = o->rate_per_s;
	p->waiting = o->waiting;
	p->lease_until_us = w->turn_sent_us + o->lease_ms * US_PER_MS;
	p->secret_count = o->secret_count;
	for (int i = 0; i < o->secret_count; i++) {
		p->secrets[i].len = o->secrets[i].len;
		memcpy(p->secrets[i].bytes, o->secrets[i].bytes, o->secrets[i].len);
	}
	return true;
}

static void turn_start(struct webhook *w);

void
webhook_pump(struct webhook *w)
{
	int64_t now_us = clock_mono_us(), at_us, next_us = INT64_MAX;
	struct timeval tv;

	for (struct endpoint *p = w->endpoints; p != NULL; p = p->next) {
		for (int i = 0; i < p->lane_count; i++) {
			at_us = webhook_lane_time(&p->lanes[i], now_us);
			if (at_us <= now_us) {
				webhook_lane_send(&p->lanes[i], now_us);
				at_us = webhook_lane_time(&p->lanes[i], now_us);
			}
			if (at_us < next_us)
				next_us = at_us;
		}
	}
	metric_set(METRIC_webhook_sends, client_sends(w->client));
	if (!w->turning && (w->look || now_us >= w->turn_next_us))
		turn_start(w);
	if (!w->turning && next_us > w->turn_next_us)
		next_us = w->turn_next_us;
	if (next_us == INT64_MAX) /* the turn under way, or an answer, comes back here */
		return;
	at_us = next_us > now_us ? next_us - now_us : 0;
	tv = (struct timeval){.tv_sec = at_us / US_PER_S, .tv_usec = (int)(at_us % US_PER_S)};
	(void)event_add(w->timer, &tv);
}

/* ---- A turn with the database ------------------------------------------------------------------- */

static int
turn_owned(void *ctx, const struct webhook_owned *rows, int count, struct webhook_lane *out,
    int max)
{
	struct webhook *w = ctx;
	struct endpoint *p;
	struct lane *l;
	int i, n;

	for (p = w->endpoints; p != NULL; p = p->next)
		p->owned = false;
	for (i = 0; i < count; i++)
		(void)endpoint_take(w, &rows[i]);
	w->wanted_count = 0;
	for (p = w->endpoints; p != NULL; p = p->next) {
		if (!p->owned)
			webhook_forget(p);
		for (i = 0; i < p->lane_count; i++) {
			l = &p->lanes[i];
			/* What is told already but not written yet would be read again. */
			if (!p->owned || p->waiting == 0 || l->send != NULL || l->next < l->count ||
			    l->unwritten || w->wanted_count == max)
				continue;
			n = w->wanted_count++;
			w->wanted[n] = l;
			out[n] = (struct webhook_lane){.endpoint = p->id, .lane = l->number};
		}
	}
	return w->wanted_count;
}

/* Rows ${from} to ${to} are the lane's. */
static void
lane_fill(struct lane *l, const struct webhook_due *due, int from, int to)
{
	int64_t now_us = clock_mono_us();
	struct delivery *list = calloc((size_t)(to - from), sizeof(*list));

	if (list == NULL)
		return;
	for (int i = from; i < to; i++) {
		list[i - from].due = due[i];
		list[i - from].read_us = now_us;
		list[i - from].due_us = now_us + due[i].wait_ms * US_PER_MS;
	}
	free(l->list);
	l->list = list;
	l->count = to - from;
	l->next = 0;
}

static void
drop_written(struct webhook *w)
{
	w->result_count -= w->written_count;
	memmove(w->results, w->results + w->written_count,
	    (size_t)w->result_count * sizeof(*w->results));
	w->gone_count -= w->gone_written;
	memmove(w->gone, w->gone + w->gone_written, (size_t)w->gone_count * sizeof(*w->gone));
	w->written_count = w->gone_written = 0;
}

static void
webhook_release(struct webhook *w)
{
	while (w->endpoints != NULL) {
		struct endpoint *p = w->endpoints;

		w->endpoints = p->next;
		endpoint_free(p);
	}
	if (w->timer != NULL)
		event_free(w->timer);
	w->timer = NULL;
	w->closing = true;
	if (w->turning)
		return;
	free(w->results);
	free(w);
}

static void
turn_done(void *ctx, enum err e, const struct webhook_due *due, int count)
{
	struct webhook *w = ctx;
	int from, to;

	w->turning = false;
	if (w->closing) {
		webhook_release(w);
		return;
	}
	if (e == ERR_OK) {
		drop_written(w);
		if (w->turn.release)
			w->released = true;
		for (from = 0; from < count; from = to) {
			for (to = from; to < count && due[to].lane == due[from].lane; to++)
				;
			lane_fill(w->wanted[due[from].lane], due, from, to);
		}
	} else {
		/* The leases may be another's by now: the next turn tells. */
		for (struct endpoint *p = w->endpoints; p != NULL; p = p->next)
			webhook_forget(p);
	}
	sweep(w);
	w->written_count = w->gone_written = 0;
	w->turn_next_us = clock_mono_us() + w->conf->webhook_poll_ms * US_PER_MS;
	if (w->result_count > 0)
		w->turn_next_us = clock_mono_us() + WEBHOOK_GATHER_MS * US_PER_MS;
	webhook_pump(w);
}

static bool
sending(const struct webhook *w)
{
	for (const struct endpoint *p = w->endpoints; p != NULL; p = p->next)
		if (endpoint_busy(p))
			return true;
	return false;
}

static void
turn_start(struct webhook *w)
{
	w->look = false;
	w->turn_sent_us = clock_mono_us();
	w->turn_next_us = w->turn_sent_us + w->conf->webhook_poll_ms * US_PER_MS;
	if (w->released)
		return;
	w->turn = (struct webhook_turn){.self = w->self,
	    .lease_ms = webhook_lease_ms(w->conf),
	    .release = w->draining && !sending(w),
	    .results = w->results,
	    .result_count = w->result_count,
	    .gone = w->gone,
	    .gone_count = w->gone_count,
	    .owned = turn_owned,
	    .done = turn_done,
	    .ctx = w};
	for (struct endpoint *p = w->endpoints; p != NULL; p = p->next)
		for (int i = 0; i < p->lane_count; i++)
			p->lanes[i].unwritten = false;
	w->written_count = w->result_count;
	w->gone_written = w->gone_count;
	w->turning = webhook_turn_start(w->pool, &w->turn) == ERR_OK;
	if (!w->turning)
		w->written_count = w->gone_written = 0;
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	webhook_pump(ctx);
}

/* ---- Made and unmade ---------------------------------------------------------------------------- */

void
webhook_poke(struct webhook *w)
{
	w->look = true;
	event_active(w->timer, 0, 0);
}

void
webhook_drain(struct webhook *w)
{
	w->draining = true;
	webhook_poke(w);
}

bool
webhook_drained(const struct webhook *w)
{
	return w->released;
}

enum err
webhook_new(struct webhook **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, struct client *client)
{
	struct webhook *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return ERR_NO_MEMORY;
	*w = (struct webhook){.conf = conf, .pool = pool, .client = client};
	random_bytes(w->self.b, sizeof(w->self.b));
	w->results = calloc(WEBHOOK_RESULTS_MAX, sizeof(*w->results));
	w->timer = evtimer_new(base, on_timer, w);
	if (w->results == NULL || w->timer == NULL) {
		webhook_release(w);
		return ERR_NO_MEMORY;
	}
	webhook_poke(w);
	*out = w;
	return ERR_OK;
}

void
webhook_free(struct webhook *w)
{
	if (w != NULL)
		webhook_release(w);
}
