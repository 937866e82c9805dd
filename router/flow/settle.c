#include "flow/settle.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "flow/known.h"
#include "flow/order_books.h"
#include "flow/provider.h"
#include "store/settle.h"

#define LEASE_ARENA_MAX ((size_t)4 << 20)
#define PASS_ARENA_MAX ((size_t)64 << 20)
#define ALONE_TRIES_MAX 3 /* of an order that others keep changing */
#define WHOLE_MAX 1000    /* settle_set_max's largest */
#define LATE_EVERY_US US_PER_MIN

struct settle {
	struct app *app;
	struct event *tick, *next;
	struct arena *lease, *pass; /* of the orders leased; of the pass under way */
	bool running, again, closing;
	int64_t late_us; /* when it was last looked what is late, monotonic */
	/* under way */
	struct payout_terms terms;
	const struct uuid *orders;
	int count, at, set; /* done up to ${at}; ${set} of them are in hand */
	int alone;          /* so many are gone over one by one */
	int tries;
	/* of the last set, those to be gone over with the order whole (flow/order_books.h) */
	struct uuid whole[WHOLE_MAX];
	int whole_count;
	struct order_books books;
};

static void pass(struct settle *s);
static void whole_read(struct settle *s);

static void
schedule(struct settle *s, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	if (!s->closing)
		(void)event_add(s->tick, &tv);
}

static void
release(struct settle *s)
{
	if (s->tick != NULL)
		event_free(s->tick);
	if (s->next != NULL)
		event_free(s->next);
	arena_free(s->lease);
	arena_free(s->pass);
	free(s);
}

static void
ended(struct settle *s)
{
	catalog_unpin(s->app->catalog, s->terms.world);
	s->running = false;
	if (s->closing)
		release(s);
	else
		schedule(s, s->again ? 0 : s->app->conf->settle_poll_ms);
}

/* The next pass from a fresh stack: the one that ended is still on this one. */
static void
next_pass(evutil_socket_t fd, short what, void *ctx)
{
	struct settle *s = ctx;

	(void)fd;
	(void)what;
	if (s->whole_count > 0)
		whole_read(s);
	else if (s->at == s->count)
		ended(s);
	else
		pass(s);
}

static void
pass_later(struct settle *s)
{
	static const struct timeval at_once = {0};

	if (s->closing || event_add(s->next, &at_once) != 0)
		ended(s);
}

/* A set that failed is gone over one by one; one alone is left to the end of its lease. */
static void
failed(struct settle *s, enum err e)
{
	char id[UUID_TEXT_SIZE];

	if (e == ERR_DB_DOWN || e == ERR_BUSY || e == ERR_TIMEOUT) {
		log_warn(LOG_MSG("orders' money did not go on"),
		    LOG_INT("orders", s->count - s->at), LOG_STR("err", err_name(e)));
		s->count = s->at; /* leases run out, and others or we ourselves begin anew */
		return;
	}
	if (s->set > 1) {
		s->alone = s->set;
		return;
	}
	if ((e == ERR_CONTENDED || e == ERR_WRONG_STATE) && ++s->tries < ALONE_TRIES_MAX)
		return;
	uuid_format(&s->orders[s->at], id);
	log_warn(LOG_MSG("an order's money did not go on"), LOG_STR("order", id),
	    LOG_STR("err", err_name(e)));
	metric_add(METRIC_settle_failed_total, 1);
	s->at++;
	s->tries = 0;
}

static void
passed(void *ctx, enum err e, const struct settle_done *what)
{
	struct settle *s = ctx;

	if (s->closing) {
		ended(s);
		return;
	}
	if (e == ERR_OK) {
		metric_add(METRIC_settled_total, s->set);
		metric_add(METRIC_settle_postings_total, what->posted);
		s->at += s->set;
		s->tries = 0;
		if (s->alone > 0)
			s->alone--;
		for (int i = 0; i < what->whole_count && i < WHOLE_MAX; i++)
			s->whole[s->whole_count++] = what->whole[i];
		if (what->calls > 0)
			provider_poke(s->app->provider);
	} else {
		failed(s, e);
	}
	pass_later(s);
}

static void
pass(struct settle *s)
{
	enum err e;

	s->set = s->count - s->at;
	if (s->set > s->app->conf->settle_set_max)
		s->set = (int)s->app->conf->settle_set_max;
	if (s->alone > 0)
		s->set = 1;
	arena_reset(s->pass);
	e = settle_start(s->app->query_pool, s->pass,
	    &(struct settle_in){.terms = &s->terms, .orders = &s->orders[s->at], .count = s->set},
	    passed, s);
	if (e != ERR_OK) {
		failed(s, ERR_BUSY);
		pass_later(s);
	}
}

/* ---- An order whole ------------------------------------------------------------------------------ */

/* What could not be read or had changed is due still: it is leased again. */
static void
whole_passed(void *ctx, enum err e, const struct settle_done *what)
{
	struct settle *s = ctx;
	char id[UUID_TEXT_SIZE];

	if (s->closing) {
		ended(s);
		return;
	}
	s->whole_count--;
	if (e != ERR_OK || what->whole_count > 0) {
		uuid_format(&s->whole[s->whole_count], id);
		log_warn(LOG_MSG("a hold did not end"), LOG_STR("order", id),
		    LOG_STR("err", err_name(e)));
		metric_add(METRIC_settle_failed_total, 1);
	} else {
		metric_add(METRIC_settle_postings_total, what->posted);
		if (what->calls > 0)
			provider_poke(s->app->provider);
	}
	pass_later(s);
}

static void
whole_got(void *ctx, enum err e, struct order_read *o)
{
	static const struct settle_done nothing;
	struct settle *s = ctx;

	if (e == ERR_OK && !order_is_known(s->terms.world, o, s->pass))
		e = ERR_NOT_READY;
	if (e == ERR_OK)
		e = order_books_make(s->terms.world, o, s->pass, &s->books);
	if (e == ERR_OK)
		e = settle_start(s->app->query_pool, s->pass,
		    &(struct settle_in){.terms = &s->terms,
		        .orders = &s->whole[s->whole_count - 1],
		        .count = 1,
		        .whole = &s->books.money},
		    whole_passed, s);
	if (e != ERR_OK)
		whole_passed(s, e, &nothing);
}

static void
whole_read(struct settle *s)
{
	static const struct settle_done nothing;
	struct order_key key = {.order_id = s->whole[s->whole_count - 1]};
	enum err e;

	arena_reset(s->pass);
	e = order_read_one(s->app->query_pool, s->pass, &key,
	    READ_DEPOSIT | READ_RETURNS | READ_MONEY, whole_got, s);
	if (e != ERR_OK)
		whole_passed(s, e, &nothing);
}

/* ---- Leases -------------------------------------------------------------------------------------- */

static void
leased(void *ctx, enum err e, const struct uuid *orders, int count)
{
	struct settle *s = ctx;

	if (s->closing) {
		ended(s);
		return;
	}
	s->orders = orders;
	s->count = e == ERR_OK ? count : 0;
	s->at = s->alone = s->tries = s->whole_count = 0;
	s->again = count >= s->app->conf->settle_orders_max;
	pass_later(s);
}

static void
make_terms(struct settle *s)
{
	const struct conf *c = s->app->conf;

	s->terms = (struct payout_terms){.world = catalog_pin(s->app->catalog),
	    .now_us = clock_wall_us(),
	    .freeze_us = c->split_freeze_days * US_PER_DAY,
	    .margin_us = c->split_margin_ms * US_PER_MS,
	    .retry_us = c->settle_retry_ms * US_PER_MS,
	    .return_us = c->split_return_days * US_PER_DAY,
	    .cap_bps = (int32_t)c->split_cap_bps,
	    .split_tries_max = (int)c->split_tries_max,
	    .approval_min_fen = c->approval_min_fen,
	    .connectors = s->app->provider != NULL ? 1u << PROVIDER_WECHAT : 0};
}

static void
lease(struct settle *s)
{
	const struct conf *c = s->app->conf;
	struct settle_lease in = {.now_us = s->terms.now_us,
	    .until_us = s->terms.now_us + c->settle_lease_ms * US_PER_MS,
	    .frozen_us = s->terms.now_us - s->terms.freeze_us,
	    .max = (int)c->settle_orders_max};

	if (settle_lease_start(s->app->query_pool, s->lease, &in, leased, s) != ERR_OK)
		ended(s);
}

static void
late_told(void *ctx, enum err e, int64_t fen, int64_t hold_us)
{
	struct settle *s = ctx;

	if (s->closing) {
		ended(s);
		return;
	}
	if (e == ERR_OK) {
		metric_set(METRIC_payables_late_fen, fen);
		metric_set(METRIC_hold_late_s,
		    hold_us != 0 ? (s->terms.now_us - hold_us) / US_PER_S : 0);
	}
	lease(s);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct settle *s = ctx;
	const struct conf *c = s->app->conf;

	(void)fd;
	(void)what;
	assert(!s->running);
	if (s->app->draining) {
		schedule(s, c->settle_poll_ms);
		return;
	}
	make_terms(s);
	if (s->terms.world->brand == 0) { /* nobody is known yet */
		catalog_unpin(s->app->catalog, s->terms.world);
		schedule(s, c->settle_poll_ms);
		return;
	}
	s->again = false;
	s->running = true;
	arena_reset(s->lease);
	if (s->late_us == 0 || clock_mono_us() - s->late_us >= LATE_EVERY_US) {
		s->late_us = clock_mono_us();
		if (settle_late_start(s->app->query_pool, s->lease, s->terms.now_us, late_told,
		        s) == ERR_OK)
			return;
	}
	lease(s);
}

void
settle_poke(struct settle *s)
{
	if (s == NULL)
		return;
	if (s->running)
		s->again = true;
	else
		schedule(s, 0);
}

enum err
settle_new(struct settle **out, struct app *app)
{
	struct settle *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NO_MEMORY;
	s->app = app;
	s->lease = arena_new(LEASE_ARENA_MAX);
	s->pass = arena_new(PASS_ARENA_MAX);
	s->tick = evtimer_new(app->base, on_tick, s);
	s->next = evtimer_new(app->base, next_pass, s);
	if (s->lease == NULL || s->pass == NULL || s->tick == NULL || s->next == NULL) {
		release(s);
		return ERR_NO_MEMORY;
	}
	schedule(s, app->conf->settle_poll_ms);
	*out = s;
	return ERR_OK;
}

void
settle_free(struct settle *s)
{
	if (s == NULL)
		return;
	(void)event_del(s->tick);
	s->closing = true;
	if (s->running && evtimer_pending(s->next, NULL))
		ended(s); /* nothing of it is with the database */
	else if (!s->running)
		release(s);
}
