#include "simulator/run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "simulator/storefront.h"

#define TICK_US (1 * US_PER_MS)
#define OPEN_MAX 50000 /* lives under way; beyond, an open loop starts late, its latency counts */
#define DRAIN_US (15 * US_PER_S) /* beside the outage, for orders under way at the end */

/* The flash sale: a window of the run, and the part of its orders that are for the hot sku. */
static const struct {
	double from, to, part;
} sale[] = {[MODE_STEADY] = {0.40, 0.55, 0.10},
    [MODE_PEAK] = {0.48, 0.56, 0.15},
    [MODE_HOT] = {0.20, 0.80, 0.90}};

struct run {
	const struct options *o;
	struct shop shop;
	struct event *tick, *second, *interrupt;
	int64_t started_us, end_us, drain_until_us;
	uint64_t next; /* order number */
	int64_t value_fen, lanes_idle;
	bool stopping, tty;
	int64_t seen_acknowledged, seconds_seen;
};

static int64_t
acknowledged(const struct shop *s)
{
	int64_t n = 0;

	for (int w = 0; w < MIX_WAYS; w++)
		n += s->tally.acknowledged[w];
	return n;
}

static bool
order_is_hot(const struct run *r, double t)
{
	enum mix_mode m = r->o->mode;
	struct rng g;

	if (t < sale[m].from || t >= sale[m].to)
		return false;
	rng_init(&g, (uint64_t)r->o->seed ^ 2, RNG_ORDER, r->next);
	return rng_chance(&g, sale[m].part);
}

/* false: the run is over, or memory ran out. */
static bool
order_start(struct run *r, int64_t scheduled_us)
{
	double t = (double)(clock_mono_us() - r->started_us) / (double)(r->end_us - r->started_us);
	bool hot;

	if (r->stopping || t >= 1.0 || (r->o->orders > 0 && r->next >= (uint64_t)r->o->orders)) {
		r->stopping = true;
		return false;
	}
	hot = order_is_hot(r, t);
	if (r->o->mode == MODE_PEAK) {
		struct plan p;

		mix_plan(&r->shop.mix, r->next, hot, &p);
		r->value_fen += p.list_fen;
	}
	return storefront_order(&r->shop, r->next++, hot, scheduled_us) == ERR_OK;
}

/* A closed loop's lane has its answer and takes the next order, from the loop. */
static void
on_answered(struct shop *s, void *ctx)
{
	struct run *r = ctx;

	(void)s;
	r->lanes_idle++;
	event_active(r->tick, EV_TIMEOUT, 0);
}

static void
open_loop(struct run *r)
{
	int64_t now = clock_mono_us(), since = now - r->started_us;

	if (r->o->mode == MODE_PEAK) {
		double t = (double)since / (double)(r->end_us - r->started_us);
		int64_t due = (int64_t)((double)PEAK_FEN * mix_peak_done(t));

		while (r->value_fen < due && r->shop.open < OPEN_MAX && order_start(r, now))
			continue;
		r->stopping = r->stopping || since >= r->end_us - r->started_us;
		return;
	}
	while (r->shop.open < OPEN_MAX) {
		int64_t at = r->started_us + (int64_t)r->next * US_PER_S / r->o->rate;

		if (at > now || !order_start(r, at))
			break;
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct run *r = ctx;

	(void)fd;
	(void)what;
	if (!r->stopping) {
		if (r->o->rate > 0 || r->o->mode == MODE_PEAK)
			open_loop(r);
		else
			while (r->lanes_idle > 0 && order_start(r, clock_mono_us()))
				r->lanes_idle--;
		if (r->stopping)
			r->drain_until_us = clock_mono_us() + r->shop.outage_us + DRAIN_US;
		return;
	}
	if (r->shop.open == 0 || clock_mono_us() > r->drain_until_us)
		(void)event_base_loopbreak(r->shop.base);
}

static void
progress(struct run *r)
{
	struct tally *t = &r->shop.tally;
	int64_t acked = acknowledged(&r->shop), refused = 0;

	for (int w = 0; w < MIX_WAYS; w++)
		refused += t->refused[w];
	(void)fprintf(stderr,
	    "%s%4lld s  orders %8lld  rate %6lld/s  p50 %7.1f ms  p99 %7.1f ms  retries %6lld  "
	    "refused %7lld  open %6lld%s",
	    r->tty ? "\r" : "", (long long)r->seconds_seen, (long long)acked,
	    (long long)(acked - r->seen_acknowledged),
	    (double)latency_quantile_us(&t->second, 0.5) / 1000,
	    (double)latency_quantile_us(&t->second, 0.99) / 1000, (long long)t->retries,
	    (long long)refused, (long long)r->shop.open, r->tty ? "" : "\n");
	(void)fflush(stderr);
	r->seen_acknowledged = acked;
	latency_reset(&t->second);
}

static void
on_second(evutil_socket_t fd, short what, void *ctx)
{
	struct run *r = ctx;

	(void)fd;
	(void)what;
	r->seconds_seen++;
	if (!r->o->quiet)
		progress(r);
}

static void
on_interrupt(evutil_socket_t fd, short what, void *ctx)
{
	struct run *r = ctx;

	(void)fd;
	(void)what;
	if (r->stopping) {
		(void)event_base_loopbreak(r->shop.base);
		return;
	}
	r->stopping = true;
	r->drain_until_us = clock_mono_us() + r->shop.outage_us + DRAIN_US;
}

static enum err
events_make(struct run *r)
{
	struct timeval tick = {.tv_usec = TICK_US}, second = {.tv_sec = 1};
	struct event_base *base = r->shop.base;

	r->tick = event_new(base, -1, EV_PERSIST, on_tick, r);
	r->second = event_new(base, -1, EV_PERSIST, on_second, r);
	r->interrupt = evsignal_new(base, SIGINT, on_interrupt, r);
	if (r->tick == NULL || r->second == NULL || r->interrupt == NULL)
		return ERR_NO_MEMORY;
	if (event_add(r->tick, &tick) != 0 || event_add(r->second, &second) != 0 ||
	    event_add(r->interrupt, NULL) != 0)
		return ERR_IO;
	return ERR_OK;
}

static void
events_free(struct run *r)
{
	if (r->tick != NULL)
		event_free(r->tick);
	if (r->second != NULL)
		event_free(r->second);
	if (r->interrupt != NULL)
		event_free(r->interrupt);
}

static void
run_begin(struct run *r)
{
	struct shop *s = &r->shop;

	if (r->o->tag != NULL)
		(void)snprintf(s->mix.tag, sizeof(s->mix.tag), "%s", r->o->tag);
	else
		(void)snprintf(s->mix.tag, sizeof(s->mix.tag), "r%llx",
		    (unsigned long long)(clock_wall_us() / 1000));
	s->mix.mode = r->o->mode;
	s->mix.pay_percent = (int)r->o->pay_percent;
	s->mix.started_us = clock_wall_us();
	s->outage_us = r->o->outage_s * US_PER_S;
	if (r->o->rate == 0 && r->o->mode != MODE_PEAK) {
		s->answered = on_answered;
		s->ctx = r;
		r->lanes_idle = r->o->connections;
	}
	r->started_us = clock_mono_us();
	r->end_us = r->started_us + r->o->seconds * US_PER_S;
}

enum err
run_storefronts(const struct options *o, const struct world *w, struct event_base *base,
    struct http_client *client, int64_t *violations)
{
	struct run *r = calloc(1, sizeof(*r));
	double seconds;
	enum err e, closed;

	if (r == NULL)
		return ERR_NO_MEMORY;
	r->o = o;
	r->tty = isatty(2) == 1;
	r->shop.base = base;
	r->shop.client = client;
	r->shop.mix.world = w;
	e = model_open(&r->shop.model, o->journal);
	if (e != ERR_OK)
		goto free_run;
	e = events_make(r);
	if (e != ERR_OK)
		goto close_model;
	run_begin(r);
	(void)event_base_dispatch(base);
	/* payments and repeats may go on after it; they sell nothing new */
	seconds = r->shop.tally.last_us > r->started_us
	    ? (double)(r->shop.tally.last_us - r->started_us) / 1e6
	    : 0;
	if (r->tty && !o->quiet)
		(void)fprintf(stderr, "\n");
	if (r->shop.open > 0)
		log_warn(LOG_MSG("orders still open when the run ended"),
		    LOG_INT("count", r->shop.open));
	shop_print(&r->shop, seconds, stdout);
	*violations = r->shop.model.violations;
	if (acknowledged(&r->shop) == 0) {
		log_error(LOG_MSG("no order was acknowledged"));
		e = ERR_IO;
	}

close_model:
	events_free(r);
	closed = model_close(&r->shop.model);
	if (e == ERR_OK)
		e = closed;
free_run:
	free(r);
	return e;
}
