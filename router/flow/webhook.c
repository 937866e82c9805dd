#include "flow/webhook.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/metric.h"
#include "domain/retry.h"
#include "edge/signature.h"
#include "flow/webhook_event.h"
#include "store/webhook.h"

#define RESULTS_MAX 4096
#define GATHER_MS 20 /* results wait for others this long */
#define LEASE_SPARE_MS 1000
#define BODY_MAX ((size_t)8192) /* an event has 1 kB at most */
#define ANSWER_MAX 65536        /* read and thrown away */
#define RETRY_AFTER_S_MAX 3600
#define STATUS_GONE 410

struct delivery {
	struct webhook_due due;
	int64_t due_us;  /* monotonic: not before */
	int64_t read_us; /* when its age was read */
};

struct lane {
	struct endpoint *endpoint;
	int16_t number;
	bool unwritten; /* has results that the turn under way does not write */
	struct delivery *list;
	int count, next;          /* ${next} is sent, or is to be sent */
	struct client_send *send; /* NULL: nothing under way */
	int64_t started_us;
};

struct endpoint {
	struct webhook *webhook;
	struct endpoint *next;
	int32_t id;
	char *code, *url;
	int rate_per_s;
	int64_t lease_until_us, rate_next_us; /* monotonic */
	int64_t waiting;
	bool owned; /* by the last turn's word; without it nothing is begun */
	int secret_count;
	struct signature_secret secrets[WEBHOOK_SECRETS_MAX];
	int lane_count;
	struct lane lanes[];
};

struct webhook {
	const struct conf *conf;
	struct pool *pool;
	struct client *client;
	struct event *timer;
	struct uuid self;
	struct endpoint *endpoints;
	bool turning, draining, released, closing;
	bool look;            /* a turn is wanted as soon as there is none */
	int64_t turn_next_us; /* and then, in any case */
	int64_t turn_sent_us;
	struct webhook_turn turn;
	struct webhook_result *results; /* RESULTS_MAX; those of the turn under way come first */
	int result_count, written_count;
	int32_t gone[WEBHOOK_ENDPOINTS_MAX];
	int gone_count, gone_written;
	struct lane *wanted[WEBHOOK_WANTED_MAX];
	int wanted_count;
};

static void pump(struct webhook *w);

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

/* What was read may be stale once the lease is gone; what is under way is let finish. */
static void
endpoint_forget(struct endpoint *p)
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
		endpoint_forget(p);
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

/* ---- Results ------------------------------------------------------------------------------------ */

static struct webhook_result *
add_result(struct lane *l, const struct delivery *d, enum webhook_outcome outcome)
{
	struct webhook *w = l->endpoint->webhook;
	struct webhook_result *r;

	assert(w->result_count < RESULTS_MAX);
	r = &w->results[w->result_count++];
	*r = (struct webhook_result){.endpoint = l->endpoint->id,
	    .lane = l->number,
	    .position = d->due.event.position,
	    .outcome = outcome,
	    .attempts = d->due.attempts};
	l->unwritten = true;
	if (w->turn_next_us > clock_mono_us() + GATHER_MS * US_PER_MS)
		w->turn_next_us = clock_mono_us() + GATHER_MS * US_PER_MS;
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

	endpoint_forget(p);
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
	pump(w);
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

/* When the lane may send; INT64_MAX: not before something else happens. */
static int64_t
lane_time(const struct lane *l, int64_t now_us)
{
	const struct endpoint *p = l->endpoint;
	const struct webhook *w = p->webhook;
	int64_t at_us;

	if (l->send != NULL || l->next >= l->count || !p->owned || w->draining)
		return INT64_MAX;
	/* Room for its result, and for those of all that is under way. */
	if (w->result_count + client_sends(w->client) >= RESULTS_MAX ||
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

static void
lane_send(struct lane *l, int64_t now_us)
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
		l->list[l->next].due_us = now_us + GATHER_MS * US_PER_MS;
	}
}

static void turn_start(struct webhook *w);

/* Everything that may happen now happens; the timer is set for what may happen next. */
static void
pump(struct webhook *w)
{
	int64_t now_us = clock_mono_us(), at_us, next_us = INT64_MAX;
	struct timeval tv;

	for (struct endpoint *p = w->endpoints; p != NULL; p = p->next) {
		for (int i = 0; i < p->lane_count; i++) {
			at_us = lane_time(&p->lanes[i], now_us);
			if (at_us <= now_us) {
				lane_send(&p->lanes[i], now_us);
				at_us = lane_time(&p->lanes[i], now_us);
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
			endpoint_forget(p);
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
			endpoint_forget(p);
	}
	sweep(w);
	w->written_count = w->gone_written = 0;
	w->turn_next_us = clock_mono_us() + w->conf->webhook_poll_ms * US_PER_MS;
	if (w->result_count > 0)
		w->turn_next_us = clock_mono_us() + GATHER_MS * US_PER_MS;
	pump(w);
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
	pump(ctx);
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
	w->results = calloc(RESULTS_MAX, sizeof(*w->results));
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
