#include "flow/courier_act.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "flow/act_run.h"
#include "yuncang/v1/store.pb-c.h"

#define ARENA_MAX ((size_t)8 << 20)

struct courier_act {
	struct act_run run; /* first: act_run hands it back */
	struct app *app;
	struct arena *arena;
	struct event *next; /* a fresh stack for the next one */
	struct reason reason;
	struct courier_poll *poll;
	struct courier_news *news; /* COURIER_NEWS_MAX */
	int count, at;
	bool running, closing;
};

static void run_one(struct courier_act *a);

static void
release(struct courier_act *a)
{
	if (a->next != NULL)
		event_free(a->next);
	arena_free(a->arena);
	free(a->news);
	free(a);
}

/* ---- One piece of news --------------------------------------------------------------------------- */

/* Nothing comes of it: the act's table does not allow the step from where the fulfilment is now. */
static enum err
pass_over(struct act_run *r)
{
	r->reason->err = ERR_OK;
	return ERR_OK;
}

static enum err
deliver(struct act_run *r, struct fulfilment_read *is)
{
	if (act_step(r, ACT_DELIVER, is) != ERR_OK)
		return pass_over(r);
	is->due_us = 0;
	(void)act_row_add(r, ACT_DELIVER, is, (int)is->state);
	(void)act_event_add(r, OUTBOX_DELIVERED, is);
	return ERR_OK;
}

static enum err
fail(struct act_run *r, struct fulfilment_read *is, bool back)
{
	const int reason = YUNCANG__V1__DELIVERY_FAILURE__DELIVERY_FAILURE_OTHER;
	const struct conf *conf = r->app->conf;
	bool failed = is->state == FUL_DELIVERY_FAILED && back;
	enum act_kind kind = failed ? ACT_TURN_BACK : ACT_FAIL;

	if (act_step(r, kind, is) != ERR_OK)
		return pass_over(r);
	if (back && !failed && act_step(r, ACT_TURN_BACK, is) != ERR_OK)
		return pass_over(r);
	is->due_us = r->now_us +
	    (back ? conf->returning_ms_max : conf->silence_deliver_ms) * US_PER_MS;
	act_row_add(r, kind, is, (int)is->state)->reason = reason;
	if (!failed)
		act_event_add(r, OUTBOX_DELIVERY_FAILED, is)->reason = reason;
	if (back)
		(void)act_event_add(r, OUTBOX_RETURNING, is);
	return ERR_OK;
}

/* One act, by all the steps that lead there: silence would else make it delivered. */
static enum err
lose(struct act_run *r, struct fulfilment_read *is)
{
	enum err e = ERR_OK;

	if (is->state == FUL_OUT_FOR_DELIVERY)
		e = act_step(r, ACT_FAIL, is);
	if (e == ERR_OK && is->state == FUL_DELIVERY_FAILED)
		e = act_step(r, ACT_TURN_BACK, is);
	if (e != ERR_OK || act_step(r, ACT_LOSE, is) != ERR_OK)
		return pass_over(r);
	is->due_us = 0;
	(void)act_row_add(r, ACT_LOSE, is, (int)is->state);
	(void)act_event_add(r, OUTBOX_LOST, is);
	return ERR_OK;
}

static enum err
plan(struct act_run *r)
{
	const struct courier_act *a = (const struct courier_act *)r;
	const struct courier_news *n = &a->news[a->at];
	struct fulfilment_read *was = act_fulfilment_of(r, n->fulfilment), *is;

	if (was == NULL || was->way != WAY_DELIVER || was->handed_us == 0 ||
	    strcmp(was->tracking, n->tracking) != 0)
		return ERR_OK;
	is = act_change(r, was);
	if (is == NULL)
		return ERR_NO_MEMORY;
	switch (n->state) {
	case PARCEL_DELIVERED:
		return deliver(r, is);
	case PARCEL_FAILED:
		return fail(r, is, false);
	case PARCEL_RETURNED:
		return fail(r, is, true);
	case PARCEL_LOST:
		return lose(r, is);
	default:
		return pass_over(r);
	}
}

static bool
says_something(const struct courier_news *n)
{
	return n->state == PARCEL_DELIVERED || n->state == PARCEL_FAILED ||
	    n->state == PARCEL_RETURNED || n->state == PARCEL_LOST;
}

/* ---- One after the other -------------------------------------------------------------------------- */

/* The database's troubles pass, and then all of it comes again; the order's own word is final. */
static bool
is_trouble(enum err e)
{
	return err_retry(e) || e == ERR_INTERNAL || e == ERR_IO;
}

static void
one_done(struct act_run *r, enum err e)
{
	struct courier_act *a = (struct courier_act *)r;
	char id[UUID_TEXT_SIZE];

	a->running = false;
	if (a->closing) {
		release(a);
		return;
	}
	if (e != ERR_OK) {
		uuid_format(&r->order_id, id);
		log_warn(LOG_MSG("the courier's news were not taken in"), LOG_STR("order", id),
		    LOG_INT("fulfilment", a->news[a->at].fulfilment), LOG_STR("err", err_name(e)),
		    LOG_STR("why", a->reason.text));
	}
	if (is_trouble(e)) {
		courier_poll_taken(a->poll, e);
		return;
	}
	metric_add(METRIC_courier_news_total, 1);
	a->at++;
	event_active(a->next, 0, 0);
}

static void
run_one(struct courier_act *a)
{
	enum err e;

	while (a->at < a->count && !says_something(&a->news[a->at]))
		a->at++;
	if (a->at == a->count) {
		courier_poll_taken(a->poll, ERR_OK);
		return;
	}
	arena_reset(a->arena);
	a->reason = (struct reason){0};
	a->run = (struct act_run){.app = a->app,
	    .arena = a->arena,
	    .order_id = a->news[a->at].order_id,
	    .now_us = clock_wall_us(),
	    .req = "",
	    .reason = &a->reason,
	    .plan = plan,
	    .done = one_done};
	e = act_run_start(&a->run);
	a->running = e == ERR_OK;
	if (e != ERR_OK)
		courier_poll_taken(a->poll, e);
}

static void
on_next(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	run_one(ctx);
}

void
courier_act_take(void *ctx, struct courier_poll *p, const struct courier_news *news, int count)
{
	struct courier_act *a = ctx;

	assert(!a->running);
	a->poll = p;
	a->count = count < COURIER_NEWS_MAX ? count : COURIER_NEWS_MAX;
	a->at = 0;
	memcpy(a->news, news, (size_t)a->count * sizeof(*news));
	event_active(a->next, 0, 0);
}

enum err
courier_act_new(struct courier_act **out, struct app *app)
{
	struct courier_act *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NO_MEMORY;
	a->app = app;
	a->arena = arena_new(ARENA_MAX);
	a->news = calloc(COURIER_NEWS_MAX, sizeof(*a->news));
	a->next = evtimer_new(app->base, on_next, a);
	if (a->arena == NULL || a->news == NULL || a->next == NULL) {
		release(a);
		return ERR_NO_MEMORY;
	}
	*out = a;
	return ERR_OK;
}

void
courier_act_free(struct courier_act *a)
{
	if (a == NULL)
		return;
	event_free(a->next);
	a->next = NULL;
	a->closing = true;
	if (!a->running)
		release(a);
}
