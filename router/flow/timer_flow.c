#include "flow/timer_flow.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "flow/production.h"
#include "flow/rehome.h"
#include "flow/return_act.h"
#include "store/timers.h"

#define ARENA_MAX ((size_t)16 << 20)
#define PASSES_MAX 16 /* of one order: each fires something */

/* One order's timers under way. */
struct timer_run {
	struct act_run act; /* first: act_run hands it back */
	struct timers *timers;
	struct arena *arena;
	struct reason reason;
	int passes;
	bool used, more;
};

struct timers {
	struct app *app;
	struct event *tick;
	struct arena *arena; /* of a lease under way */
	bool leasing, again, closing;
	int run_count, run_max;
	struct timer_run *runs;
};

static void
schedule(struct timers *t, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	if (!t->closing)
		(void)event_add(t->tick, &tv);
}

static void
release(struct timers *t)
{
	for (int i = 0; i < t->run_max; i++)
		arena_free(t->runs[i].arena);
	arena_free(t->arena);
	free(t->runs);
	free(t);
}

/* ---- Fulfilments --------------------------------------------------------------------------------- */

static const struct {
	enum act_kind act;
	enum outbox_kind event;
} ends[FUL_STATE_COUNT] = {
    [FUL_OFFERED] = {ACT_LAPSE, OUTBOX_LAPSED},
    [FUL_ACCEPTED] = {ACT_OVERDUE, OUTBOX_OVERDUE},
    [FUL_READY_FOR_PICKUP] = {ACT_HOLD_OVER, OUTBOX_NOT_COLLECTED},
    [FUL_NOT_COLLECTED] = {ACT_RESTOCK, OUTBOX_RESTOCKED},
    [FUL_OUT_FOR_DELIVERY] = {ACT_SILENCE, OUTBOX_DELIVERED},
    [FUL_SHIPPED] = {ACT_SILENCE, OUTBOX_DELIVERED},
    [FUL_DELIVERY_FAILED] = {ACT_TURN_BACK, OUTBOX_RETURNING},
    [FUL_RETURNING] = {ACT_LOSE, OUTBOX_LOST},
};

static bool
is_due(const struct act_run *r, const struct fulfilment_read *f)
{
	int64_t at_us = f->state == FUL_OFFERED ? f->offer_deadline_us : f->due_us;

	return at_us != 0 && at_us <= r->now_us && ends[f->state].act != 0;
}

static enum err
fire(struct act_run *r, const struct fulfilment_read *f)
{
	struct fulfilment_read *is = act_change(r, f);
	enum act_kind act = ends[f->state].act;
	struct act_row *row;
	enum err e = ERR_OK;

	if (is == NULL)
		return ERR_NO_MEMORY;
	is->due_us = 0;
	if (act == ACT_OVERDUE)
		is->overdue_us = r->now_us;
	else
		e = act_step(r, act, is);
	if (e != ERR_OK)
		return e;
	if (act == ACT_LAPSE)
		rehome_wanted(r, is);
	if (is->state == FUL_NOT_COLLECTED)
		is->due_us = r->now_us;
	if (is->state == FUL_RETURNING)
		is->due_us = r->now_us + r->app->conf->returning_ms_max * US_PER_MS;
	row = act_row_add(r, act, is, (int)is->state);
	if (act == ACT_LAPSE)
		row->waited_s = act_waited_s(r, f);
	act_event_add(r, ends[f->state].event, is);
	return ERR_OK;
}

/* ---- The order's own ------------------------------------------------------------------------------ */

/* Nobody came: what has no home is cancelled, the rest goes on. */
static enum err
end_wait(struct act_run *r)
{
	const struct order_read *o = r->order;
	bool alive = false;

	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *f = &o->fulfilments[i];
		struct fulfilment_read *is;
		enum err e;

		alive = alive || fulfilment_holding(f->state) != HELD_NOWHERE ||
		    f->state == FUL_RESTOCKED;
		if (!fulfilment_homeless(f))
			continue;
		is = act_change(r, f);
		e = is != NULL ? act_step(r, ACT_CANCEL, is) : ERR_NO_MEMORY;
		if (e != ERR_OK)
			return e;
		is->due_us = 0;
	}
	r->in.order_changes = true;
	r->in.mark = alive ? MARK_OPEN : MARK_CANCELLED;
	(void)act_row_add(r, ACT_CANCEL, NULL, (int)r->in.mark);
	return ERR_OK;
}

/* All that is due, as far as one transaction carries it; else another home for what lacks one. */
static enum err
plan(struct act_run *r)
{
	struct timer_run *x = (struct timer_run *)r;
	const struct order_read *o = r->order;
	bool waits = o->mark == MARK_AWAITING_CUSTOMER || o->mark == MARK_UNFILLABLE;
	enum err e = ERR_OK;

	x->more = true;
	for (int i = 0; e == ERR_OK && i < o->fulfilment_count; i++)
		if (r->in.act_count < ACT_ROWS_MAX && is_due(r, &o->fulfilments[i]))
			e = fire(r, &o->fulfilments[i]);
	/* one a transaction: each is written whole */
	for (int i = 0; e == ERR_OK && r->in.act_count == 0 && i < o->return_count; i++)
		e = return_due_plan(r, o->returns[i].number);
	if (e != ERR_OK || r->in.act_count > 0)
		return e;
	e = balance_due_plan(r);
	if (e != ERR_OK || r->in.act_count > 0)
		return e;
	if (waits && o->due_us != 0 && o->due_us <= r->now_us)
		return end_wait(r);
	x->more = false;
	return rehome_plan(r);
}

/* ---- Runs ---------------------------------------------------------------------------------------- */

static void run_order(struct timer_run *x);

static void
run_end(struct timer_run *x)
{
	struct timers *t = x->timers;

	x->used = false;
	t->run_count--;
	if (t->closing && t->run_count == 0 && !t->leasing)
		release(t);
	else if (t->run_count == 0 && t->again)
		schedule(t, 0);
}

/* Asks the next pass from a fresh stack: this one's arena is still in use. */
static void
next_pass(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	run_order(ctx);
}

static void
run_done(struct act_run *r, enum err e)
{
	static const struct timeval at_once = {0};
	struct timer_run *x = (struct timer_run *)r;

	if (e == ERR_OK) {
		metric_add(METRIC_timers_fired_total, r->in.act_count);
	} else {
		char id[UUID_TEXT_SIZE];

		uuid_format(&r->order_id, id);
		log_warn(LOG_MSG("a timer was not fired"), LOG_STR("order", id),
		    LOG_STR("err", err_name(e)), LOG_STR("why", x->reason.text));
	}
	if (e != ERR_OK || !x->more || r->in.act_count == 0 || ++x->passes == PASSES_MAX ||
	    x->timers->closing ||
	    event_base_once(r->app->base, -1, EV_TIMEOUT, next_pass, x, &at_once) != 0)
		run_end(x);
}

static void
run_order(struct timer_run *x)
{
	struct uuid id = x->act.order_id;
	int64_t now_us = x->act.now_us;

	arena_reset(x->arena);
	x->act = (struct act_run){.app = x->timers->app,
	    .arena = x->arena,
	    .order_id = id,
	    .with = REHOME_READ | READ_RETURNS,
	    .now_us = now_us,
	    .req = "",
	    .reason = &x->reason,
	    .plan = plan,
	    .done = run_done};
	if (act_run_start(&x->act) != ERR_OK)
		run_end(x);
}

static void
leased(void *ctx, enum err e, const struct uuid *orders, int count)
{
	struct timers *t = ctx;
	int64_t now_us = clock_wall_us();
	int n = 0;

	t->leasing = false;
	if (t->closing) {
		if (t->run_count == 0)
			release(t);
		return;
	}
	/* a full hand: there may be more */
	t->again = t->again || (e == ERR_OK && count >= t->run_max - t->run_count);
	for (int i = 0; i < t->run_max && n < count; i++) {
		struct timer_run *x = &t->runs[i];

		if (x->used)
			continue;
		x->used = true;
		x->passes = 0;
		x->act.order_id = orders[n++];
		x->act.now_us = now_us;
		t->run_count++;
		run_order(x);
	}
	/* what found no free run is leased again when its lease is over */
	schedule(t, t->again && t->run_count == 0 ? 0 : t->app->conf->timer_poll_ms);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct timers *t = ctx;
	struct conf *c = t->app->conf;
	int64_t now_us = clock_wall_us();
	struct timers_lease l = {.now_us = now_us,
	    .until_us = now_us + c->timer_lease_ms * US_PER_MS,
	    .max = (t->run_max - t->run_count) / TIMER_KINDS};

	(void)fd;
	(void)what;
	t->again = false;
	if (t->leasing || l.max == 0 || t->app->draining) {
		t->again = l.max == 0;
		schedule(t, c->timer_poll_ms);
		return;
	}
	arena_reset(t->arena);
	t->leasing = timers_lease(t->app->query_pool, t->arena, &l, leased, t) == ERR_OK;
	if (!t->leasing)
		schedule(t, c->timer_poll_ms);
}

void
timers_poke(struct timers *t)
{
	if (t->leasing)
		t->again = true;
	else
		schedule(t, 0);
}

enum err
timers_new(struct timers **out, struct app *app)
{
	struct timers *t = calloc(1, sizeof(*t));
	bool ok;

	if (t == NULL)
		return ERR_NO_MEMORY;
	t->app = app;
	t->run_max = (int)app->conf->timer_runs_max * TIMER_KINDS;
	t->runs = calloc((size_t)t->run_max, sizeof(*t->runs));
	t->arena = arena_new(ARENA_MAX);
	t->tick = evtimer_new(app->base, on_tick, t);
	ok = t->runs != NULL && t->arena != NULL && t->tick != NULL;
	for (int i = 0; ok && i < t->run_max; i++) {
		t->runs[i].timers = t;
		t->runs[i].arena = arena_new(ARENA_MAX);
		ok = t->runs[i].arena != NULL;
	}
	if (!ok) {
		if (t->runs == NULL)
			t->run_max = 0;
		if (t->tick != NULL)
			event_free(t->tick);
		release(t);
		return ERR_NO_MEMORY;
	}
	schedule(t, app->conf->timer_poll_ms);
	*out = t;
	return ERR_OK;
}

void
timers_free(struct timers *t)
{
	event_free(t->tick);
	t->closing = true;
	if (t->run_count == 0 && !t->leasing)
		release(t);
}
