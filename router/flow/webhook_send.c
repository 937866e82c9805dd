#include "flow/webhook_lane.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/metric.h"
#include "domain/retry.h"
#include "flow/webhook_event.h"

#define BODY_MAX ((size_t)8192) /* an event has 1 kB at most */
#define ANSWER_MAX 65536        /* read and thrown away */
#define RETRY_AFTER_S_MAX 3600
#define STATUS_GONE 410

/* ---- Results ------------------------------------------------------------------------------------ */

static struct webhook_result *
add_result(struct lane *l, const struct delivery *d, enum webhook_outcome outcome)
{
	struct webhook *w = l->endpoint->webhook;
	struct webhook_result *r;

	assert(w->result_count < WEBHOOK_RESULTS_MAX);
	r = &w->results[w->result_count++];
	*r = (struct webhook_result){.endpoint = l->endpoint->id,
	    .lane = l->number,
	    .position = d->due.event.position,
	    .outcome = outcome,
	    .attempts = d->due.attempts};
	l->unwritten = true;
	if (w->turn_next_us > clock_mono_us() + WEBHOOK_GATHER_MS * US_PER_MS)
		w->turn_next_us = clock_mono_us() + WEBHOOK_GATHER_MS * US_PER_MS;
	return r;
}

/* Status and words of a failure, for the operator; what the receiver wrote is not ours to keep. */
static void
set_error(struct webhook_result *r, const struct client_answer *a)
{
	r->status = a->status;
	if (a->err == ERR_OK)
		(void)snprintf(r->error, sizeof(r->error), "answered %d", a->status);
	else
		(void)snprintf(r->error, sizeof(r->error), "%s: %s", err_name(a->err), a->why);
}

static void
taken(struct lane *l, const struct delivery *d)
{
	(void)add_result(l, d, WEBHOOK_TAKEN);
	metric_add(METRIC_webhook_delivered_total, 1);
	l->next++;
}

static void
failed(struct lane *l, struct delivery *d, const struct client_answer *a)
{
	struct webhook *w = l->endpoint->webhook;
	const struct conf *c = w->conf;
	int64_t now_us = clock_mono_us(), pause_ms, after_s;
	struct webhook_result *r;
	uint32_t random;

	metric_add(METRIC_webhook_failed_total, 1);
	if (retry_over(d->due.attempts, (int)c->webhook_tries_max,
	        d->due.age_ms + (now_us - d->read_us) / US_PER_MS, c->webhook_retry_ms)) {
		r = add_result(l, d, WEBHOOK_GIVEN_UP);
		set_error(r, a);
		metric_add(METRIC_webhook_dead_total, 1);
		log_warn(LOG_MSG("webhook delivery given up"),
		    LOG_STR("endpoint", l->endpoint->code),
		    LOG_INT("sequence", d->due.event.position), LOG_STR("why", r->error));
		l->next++;
		return;
	}
	random_bytes(&random, sizeof(random));
	pause_ms = retry_pause_ms(d->due.attempts, c->webhook_retry_ms, random);
	after_s = a->retry_after_s < RETRY_AFTER_S_MAX ? a->retry_after_s : RETRY_AFTER_S_MAX;
	if (pause_ms < after_s * 1000)
		pause_ms = after_s * 1000;
	d->due_us = now_us + pause_ms * US_PER_MS;
	r = add_result(l, d, WEBHOOK_AGAIN);
	r->pause_ms = pause_ms;
	set_error(r, a);
	log_info(LOG_MSG("webhook delivery failed"), LOG_STR("endpoint", l->endpoint->code),
	    LOG_INT("sequence", d->due.event.position), LOG_INT("try", d->due.attempts),
	    LOG_INT("again_ms", pause_ms), LOG_STR("why", r->error));
}

/* It does not want to hear from us any more: the rest waits until somebody enables it again. */
static void
gone(struct endpoint *p)
{
	struct webhook *w = p->webhook;

	webhook_forget(p);
	metric_add(METRIC_webhook_disabled_total, 1);
	log_error(LOG_MSG("webhook endpoint disabled: it answered 410"),
	    LOG_STR("endpoint", p->code));
	for (int i = 0; i < w->gone_count; i++)
		if (w->gone[i] == p->id)
			return;
	if (w->gone_count < WEBHOOK_ENDPOINTS_MAX)
		w->gone[w->gone_count++] = p->id;
}

static void
send_done(void *ctx, const struct client_answer *a)
{
	struct lane *l = ctx;
	struct endpoint *p = l->endpoint;
	struct webhook *w = p->webhook;
	struct delivery *d = &l->list[l->next];
	bool ok = a->err == ERR_OK || a->err == ERR_TOO_LARGE;

	l->send = NULL;
	d->due.attempts++;
	metric_observe(METRIC_webhook_us, clock_mono_us() - l->started_us);
	if (ok && a->status >= 200 && a->status < 300)
		taken(l, d);
	else
		failed(l, d, a);
	if (ok && a->status == STATUS_GONE)
		gone(p);
	if (l->next >= l->count)
		w->look = true;
	webhook_pump(w);
}

/* ---- Sending ------------------------------------------------------------------------------------ */

static enum err
send_one(struct lane *l)
{
	struct endpoint *p = l->endpoint;
	struct webhook *w = p->webhook;
	const struct conf *c = w->conf;
	const struct event_row *event = &l->list[l->next].due.event;
	int64_t real_us = clock_wall_us() - clock_offset_us();
	struct client_request q = {.url = p->url,
	    .timeout_ms = c->webhook_timeout_ms,
	    .answer_max = ANSWER_MAX,
	    .private_allowed = c->webhook_private_allowed,
	    .http_allowed = c->webhook_http_allowed};
	struct signed_headers h;
	char id[UUID_TEXT_SIZE];
	struct buf body;
	enum err e;

	buf_init(&body, BODY_MAX);
	uuid_format(&event->event_id, id);
	e = event_json(event, &body);
	if (e == ERR_OK) {
		e = signed_headers_make(&h, id, real_us / US_PER_S, body.data, body.len, p->secrets,
		    p->secret_count);
		q.headers = h.lines;
		q.body = body.data;
		q.body_len = body.len;
		if (e == ERR_OK)
			e = client_start(w->client, &q, send_done, l, &l->send);
		signed_headers_release(&h);
	}
	buf_release(&body);
	return e;
}

/* A URL that was allowed when it was registered and is no more. */
static void
cannot_send(struct lane *l, enum err e)
{
	const struct client_answer a = {.err = e, .why = "this URL may not be asked"};
	struct delivery *d = &l->list[l->next];

	d->due.attempts++;
	failed(l, d, &a);
}

int64_t
webhook_lane_time(const struct lane *l, int64_t now_us)
{
	const struct endpoint *p = l->endpoint;
	const struct webhook *w = p->webhook;
	int64_t at_us;

	if (l->send != NULL || l->next >= l->count || !p->owned || w->draining)
		return INT64_MAX;
	/* Room for its result, and for those of all that is under way. */
	if (w->result_count + client_sends(w->client) >= WEBHOOK_RESULTS_MAX ||
	    client_sends(w->client) >= w->conf->webhook_sends_max)
		return INT64_MAX;
	at_us = l->list[l->next].due_us;
	if (at_us < now_us)
		at_us = now_us;
	if (p->rate_per_s > 0 && at_us < p->rate_next_us)
		at_us = p->rate_next_us;
	/* No try is begun that could outlast the lease. */
	if (at_us + w->conf->webhook_timeout_ms * US_PER_MS > p->lease_until_us)
		return INT64_MAX;
	return at_us;
}

void
webhook_lane_send(struct lane *l, int64_t now_us)
{
	struct endpoint *p = l->endpoint;
	enum err e;

	if (p->secret_count == 0)
		e = ERR_BAD_FIELD;
	else
		e = send_one(l);
	if (e == ERR_OK) {
		l->started_us = now_us;
		if (p->rate_per_s > 0)
			p->rate_next_us = (p->rate_next_us > now_us ? p->rate_next_us : now_us) +
			    US_PER_S / p->rate_per_s;
		metric_add(METRIC_webhook_tries_total, 1);
	} else if (e == ERR_BAD_FIELD) {
		cannot_send(l, e);
	} else { /* no memory, or no room: soon again */
		l->list[l->next].due_us = now_us + WEBHOOK_GATHER_MS * US_PER_MS;
	}
}
