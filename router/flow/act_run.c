#include "flow/act_run.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "flow/act_after.h"
#include "flow/known.h"
#include "flow/recheck.h"
#include "flow/rehome.h"
#include "flow/timer_flow.h"

static void read_order(struct act_run *r);

static void
finish(struct act_run *r, enum err e)
{
	struct catalog *catalog = r->app->catalog;
	const struct world *w = r->world;

	if (e != ERR_OK && r->reason->err != e)
		(void)reason_set(r->reason, e, NULL, "%s", err_text(e));
	r->done(r, e);
	if (w != NULL)
		catalog_unpin(catalog, w);
}

static bool
lost(enum err e)
{
	return e == ERR_WRONG_STATE || e == ERR_OUT_OF_STOCK || e == ERR_ENTITLEMENT_USED ||
	    e == ERR_SLOT_FULL || e == ERR_CONTENDED;
}

/* Units that were refused need not wait for the next tick to get another home. */
static void
look_for_homes(const struct act_run *r)
{
	for (int i = 0; i < r->in.fulfilment_count; i++)
		if (fulfilment_homeless(&r->in.fulfilments[i].is) &&
		    r->in.fulfilments[i].is.due_us != 0)
			timers_poke(r->app->timers);
}

static void
written(void *ctx, enum err e)
{
	struct act_run *r = ctx;

	if (e == ERR_OK)
		look_for_homes(r);
	if (!lost(e))
		finish(r, e);
	else if (++r->tries < r->app->conf->decide_tries_max)
		read_order(r);
	else
		finish(r, ERR_CONTENDED);
}

bool
act_run_may_try(const struct act_run *r)
{
	return r->tries + 1 < r->app->conf->decide_tries_max;
}

static void plan_order(struct act_run *r);

static void
rechecked(void *ctx, enum err e)
{
	struct act_run *r = ctx;

	if (e == ERR_OK)
		plan_order(r);
	else
		finish(r, e);
}

/* What follows from the act; true: the order is read again first. */
static bool
behind(struct act_run *r, enum err *e)
{
	*e = act_after(r);
	if (*e == ERR_OK && r->wants_money)
		r->with |= READ_MONEY;
	else if (*e == ERR_WRONG_STATE && act_run_may_try(r))
		r->tries++;
	else
		return false;
	read_order(r);
	return true;
}

static void
plan_order(struct act_run *r)
{
	enum err e;

	if (r->world != NULL)
		catalog_unpin(r->app->catalog, r->world);
	r->world = catalog_pin(r->app->catalog);
	(void)reason_set(r->reason, ERR_OK, NULL, "%s", "");
	r->wants_money = false;
	memset(&r->in, 0, sizeof(r->in));
	memset(&r->last, 0, sizeof(r->last));
	r->give = NULL;
	r->keep_fen = 0;
	r->in.order = r->order;
	r->in.at_us = r->now_us;
	r->in.reason = r->reason;
	r->in.mark = r->order->mark;
	e = r->plan(r);
	/*
	 * The acts were read first, so what refuses may be this very act, sent twice at once: its row is among the
	 * acts now, and what it did was read with the rest.
	 */
	if ((e == ERR_WRONG_STATE || e == ERR_BAD_FIELD) && !r->refused) {
		r->refused = true;
		read_order(r);
		return;
	}
	if (e == ERR_CONTENDED && r->last.world != NULL && !r->probed) {
		r->probed = true;
		e = recheck(r->app, &r->last, r->last_err, rechecked, r);
		if (e == ERR_OK)
			return;
	}
	if (e == ERR_OK && r->in.act_count > 0 && behind(r, &e))
		return;
	if (e == ERR_OK && r->in.act_count > 0)
		e = act_start(r->app->query_pool, catalog_hints(r->app->catalog), &r->in, written,
		    r);
	else if (e == ERR_OK)
		finish(r, ERR_OK);
	if (e != ERR_OK)
		finish(r, e);
}

static void
order_known(struct act_run *r)
{
	r->probed = false;
	plan_order(r);
}

static bool
is_known(void *ctx)
{
	const struct act_run *r = ctx;

	return order_is_known(catalog_world(r->app->catalog), r->order, r->arena);
}

static void
known_done(void *ctx, enum err e)
{
	struct act_run *r = ctx;

	if (e == ERR_OK)
		order_known(r);
	else
		finish(r, e);
}

static void
read_done(void *ctx, enum err e, struct order_read *o)
{
	struct act_run *r = ctx;

	r->order = o;
	if (e == ERR_OK && !is_known(r)) {
		e = known_wait(r->app, r->arena, r->req, is_known, known_done, r);
		if (e == ERR_OK)
			return;
	}
	known_done(r, e);
}

static enum err
read_start(struct act_run *r)
{
	struct order_key key = {.order_id = r->order_id, .attempt = r->attempt};

	return order_read_one(r->app->query_pool, r->arena, &key,
	    r->with | READ_ACTS | READ_DEPOSIT, read_done, r);
}

static void
read_order(struct act_run *r)
{
	enum err e = read_start(r);

	if (e != ERR_OK)
		finish(r, e);
}

enum err
act_run_start(struct act_run *r)
{
	r->world = NULL;
	r->tries = 0;
	r->refused = false;
	return read_start(r);
}

/* ---- For plans ---------------------------------------------------------------------------------- */

struct fulfilment_read *
act_fulfilment_of(const struct act_run *r, int number)
{
	return order_fulfilment(r->order, number);
}

struct fulfilment_read *
act_change(struct act_run *r, const struct fulfilment_read *was)
{
	struct act_fulfilment *x;

	/* room for each of the order's, and for one that parts from each */
	if (r->in.fulfilments == NULL)
		r->in.fulfilments = arena_array(r->arena, (size_t)r->order->fulfilment_count * 2,
		    sizeof(*r->in.fulfilments));
	if (r->in.fulfilments == NULL)
		return NULL;
	assert(r->in.fulfilment_count < r->order->fulfilment_count * 2);
	x = &r->in.fulfilments[r->in.fulfilment_count++];
	*x = (struct act_fulfilment){.was = was, .from = was->state, .is = *was};
	return &x->is;
}

enum err
act_step(struct act_run *r, enum act_kind kind, struct fulfilment_read *is)
{
	enum fulfilment_state from = is->state;
	char allowed[REASON_TEXT_MAX];

	if (fulfilment_step(kind, is->way, from, &is->state))
		return ERR_OK;
	fulfilment_allowed(is->way, from, allowed, sizeof(allowed));
	return reason_set(r->reason, ERR_WRONG_STATE, "act.fulfilment",
	    "%s: fulfilment %d is %s; allowed: %s", act_word(kind), is->number,
	    fulfilment_state_word(from), allowed);
}

struct act_row *
act_row_add(struct act_run *r, enum act_kind kind, const struct fulfilment_read *f, int state)
{
	struct act_row *row;

	assert(r->in.act_count < ACT_ROWS_MAX);
	row = &r->in.acts[r->in.act_count++];
	*row = (struct act_row){.kind = kind, .state = state, .waited_s = -1};
	if (f != NULL) {
		row->number = f->number;
		row->party = f->dealer;
		row->location = f->location;
	}
	return row;
}

struct act_event *
act_event_add(struct act_run *r, enum outbox_kind kind, const struct fulfilment_read *f)
{
	struct act_event *e;

	assert(r->in.event_count < ACT_EVENTS_MAX);
	e = &r->in.events[r->in.event_count++];
	*e = (struct act_event){.kind = kind,
	    .number = f != NULL ? f->number : 0,
	    .location = f != NULL ? f->location : 0};
	return e;
}

struct act_more *
act_more_of(struct act_run *r)
{
	if (r->in.more == NULL)
		r->in.more = arena_zalloc(r->arena, sizeof(*r->in.more));
	return r->in.more;
}

void
act_suspect(struct act_run *r, const struct fulfilment_read *is)
{
	for (int i = 0; i < r->in.fulfilment_count; i++)
		if (&r->in.fulfilments[i].is == is)
			r->in.fulfilments[i].suspect = true;
	act_event_add(r, OUTBOX_STOCK_SUSPECT, is);
}

int
act_waited_s(const struct act_run *r, const struct fulfilment_read *f)
{
	const struct order_read *o = r->order;
	int64_t since_us = o->paid_at_us != 0 ? o->paid_at_us : o->created_us;

	for (int i = 0; f->attempt > 1 && i < o->act_count; i++)
		if (o->acts[i].kind == ACT_REHOME || o->acts[i].kind == ACT_CHOOSE ||
		    o->acts[i].kind == ACT_CHANGE)
			since_us = o->acts[i].at_us > since_us ? o->acts[i].at_us : since_us;
	return r->now_us > since_us ? (int)((r->now_us - since_us) / US_PER_S) : 0;
}
