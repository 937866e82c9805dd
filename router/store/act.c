#include "store/act.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metric.h"
#include "store/act_more.h"
#include "store/act_stock.h"
#include "store/act_write.h"
#include "store/batch_write.h"
#include "store/ledger.h"
#include "store/scarce.h"

#define ARENA_MAX ((size_t)8 << 20)
#define CHANGES_MAX ((size_t)1 << 20)

struct act {
	struct hints_memory *hints;
	const struct act_in *in;
	struct books_of of;
	act_fn *done;
	void *ctx;

	enum err err; /* what ${done} hears of a transaction that was undone on purpose */
	struct arena *arena;
	struct takes gives, takes;
	struct act_stock stock;
	struct scarce scarce;
	int32_t *places;
	struct buf changes;
	bool judged; /* the takes' figures are in */
	/* results of the second trip */
	int changed_at, split_at, gives_at, takes_at;
	int scarce_at; /* -1: not asked */
	int changed, split;
	int settled_at, settled;
};

static enum tx_next
undo(struct act *x, struct tx *t, enum err e)
{
	x->err = e;
	tx_fail(t, ERR_WRONG_STATE);
	return TX_ROLLBACK;
}

/* ---- Trip 1: the acts claim their numbers; who comes second must not touch a counter -------------- */

/* The order's mark as well: a payment and an expiry do not write into the trail. */

static enum tx_next
claim_trip(struct act *x, struct tx *t)
{
	arena_reset(x->arena);
	buf_reset(&x->changes);
	x->takes = (struct takes){0};
	x->err = ERR_OK;
	x->judged = false;
	write_acts(t, x->in);
	write_acted_order(t, x->in);
	return TX_TRIP;
}

/* ---- Trip 2: rows change, what they held goes back; takes ----------------------------------------- */

static enum err
send_takes(struct act *x, struct tx *t)
{
	const struct order_row *row = x->in->row;
	bool paid = row->payment != NULL;
	enum err e;

	x->places = arena_array(x->arena, (size_t)row->take_count, sizeof(*x->places));
	if (x->places == NULL)
		return ERR_NO_MEMORY;
	e = takes_init(&x->takes, x->arena, row->take_count);
	for (int i = 0; e == ERR_OK && i < row->take_count; i++)
		takes_add(&x->takes, &row->takes[i], paid ? PART_ALLOCATED : PART_RESERVED,
		    &x->places[i]);
	if (e == ERR_OK)
		e = takes_seal(&x->takes);
	if (e == ERR_OK)
		e = scarce_init(&x->scarce, x->arena, row->take_count);
	if (e != ERR_OK)
		return e;
	scarce_add(&x->scarce, row);
	x->scarce_at = tx_added(t);
	if (scarce_send(&x->scarce, t) == 0)
		x->scarce_at = -1;
	(void)takes_send_ensure(&x->takes, t, &x->hints->hints);
	x->takes_at = tx_added(t);
	(void)takes_send(&x->takes, t, TAKES_TAKE);
	return ERR_OK;
}

static enum tx_next
rows_trip(struct act *x, struct tx *t)
{
	const struct act_in *in = x->in;
	enum err e;

	if (PQntuples(tx_result(t, 0)) != in->act_count ||
	    (in->order_changes && tx_affected(t, 1) != 1))
		return undo(x, t, ERR_WRONG_STATE);
	e = act_gives(in, x->arena, &x->gives);
	if (e != ERR_OK)
		return undo(x, t, e);
	x->changed_at = tx_added(t);
	x->changed = write_acted_fulfilments(t, in);
	x->split_at = tx_added(t);
	x->split = write_split_off(t, in);
	e = act_serials_send(&x->stock, in, x->arena, t);
	act_more_send(t, in);
	write_acted_contact(t, in);
	x->settled_at = tx_added(t);
	x->settled = in->books != NULL ? books_guard(in->books, &x->of, t) : 0;
	x->gives_at = tx_added(t);
	(void)takes_send(&x->gives, t, TAKES_GIVE);
	if (e == ERR_OK)
		e = act_marks_send(&x->stock, in, x->arena, t);
	if (e == ERR_OK && in->row != NULL)
		e = send_takes(x, t);
	return e == ERR_OK ? TX_TRIP : undo(x, t, e);
}

/* ---- Trip 3: what is decided is written -------------------------------------------------------- */

static bool
alone(const struct act *x, struct tx *t)
{
	return (x->changed == 0 || tx_affected(t, x->changed_at) == x->changed) &&
	    (x->split == 0 || tx_affected(t, x->split_at) == x->split) &&
	    (x->settled == 0 || tx_affected(t, x->settled_at) == x->settled);
}

/* Of part ${n}: its legs of no line, but for what the brand adds to them. */
static int64_t
delivery_fee(const struct split *s, int n)
{
	int64_t fen = 0;

	for (int i = 0; i < s->leg_count; i++)
		if (s->legs[i].line < 0 && s->legs[i].part == n && s->legs[i].kind != LEG_SHORTFALL)
			fen += s->legs[i].fen;
	return fen;
}

static void
write_carried(const struct act *x, struct tx *t, int number_first)
{
	const struct act_in *in = x->in;
	int count = in->row->frozen->decision.options[0].part_count;
	struct pg_args *a = tx_args(t);

	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &in->order->order_id);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)(number_first + i));
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)in->hops);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, delivery_fee(in->row->split, i));
	tx_add(t, STMT_ACT_CARRY);
}

int
act_number_next(const struct order_read *o)
{
	int number = 0;

	for (int i = 0; i < o->fulfilment_count; i++)
		if (o->fulfilments[i].number > number)
			number = o->fulfilments[i].number;
	return number + 1;
}

/* The numbers behind those there are, split-offs of this act among them. */
static void
write_decided(const struct act *x, struct tx *t)
{
	const struct act_in *in = x->in;
	struct order_write w = {.row = in->row,
	    .number_first = act_number_next(in->order) + x->split,
	    .attempt = 1};

	for (int i = 0; i < in->order->fulfilment_count; i++)
		if (in->order->fulfilments[i].attempt >= w.attempt)
			w.attempt = in->order->fulfilments[i].attempt + 1;
	write_fulfilments(t, &w, 1);
	write_decisions(t, &w, 1);
	if (in->carries)
		write_carried(x, t, w.number_first);
}

static enum err
send_books(struct act *x, struct tx *t)
{
	const struct act_in *in = x->in;
	struct outbox_write o[ACT_EVENTS_MAX];
	enum err e = ERR_OK;

	assert(in->event_count <= ACT_EVENTS_MAX);
	for (int i = 0; i < in->event_count; i++)
		o[i] = (struct outbox_write){.order_id = in->order->order_id,
		    .dealer = in->order->dealer,
		    .kind = in->events[i].kind,
		    .number = in->events[i].number,
		    .location = in->events[i].location,
		    .amount_fen = in->events[i].amount_fen,
		    .reason = in->events[i].reason};
	write_outbox(t, o, in->event_count, in->at_us);
	(void)takes_pack(&x->gives, &x->changes);
	if (in->row != NULL)
		(void)takes_pack(&x->takes, &x->changes);
	for (int i = 0; i < in->fulfilment_count; i++)
		tx_task(t, in->fulfilments[i].is.location);
	/* last, so that others wait for a balance no longer than the commit takes */
	if (in->books != NULL)
		e = books_send(in->books, &x->of, x->arena, t);
	/* Journal rows name its number, so it must be there. */
	if (e == ERR_OK)
		write_change(t, &x->changes);
	return e;
}

static enum tx_next
finish(struct act *x, struct tx *t)
{
	enum err e = send_books(x, t);

	return e == ERR_OK ? TX_COMMIT : undo(x, t, e);
}

static enum tx_next
books_trip(struct act *x, struct tx *t)
{
	const struct order_row *row = x->in->row;
	bool paid = row != NULL && row->payment != NULL;
	int short_at;
	enum err e;

	if (!alone(x, t))
		return undo(x, t, ERR_WRONG_STATE);
	e = act_stock_read(&x->stock, x->in, x->arena, t, &x->changes);
	if (e != ERR_OK)
		return undo(x, t, e);
	(void)takes_read(&x->gives, t, x->gives_at, TAKES_GIVE);
	if (row == NULL)
		return finish(x, t);
	if (x->scarce_at >= 0)
		scarce_read(&x->scarce, tx_result(t, x->scarce_at));
	(void)takes_read(&x->takes, t, x->takes_at, TAKES_TAKE);
	x->judged = true;
	if (scarce_hits(&x->scarce, row))
		return undo(x, t, ERR_CONTENDED);
	if (takes_grant(&x->takes, row->takes, x->places, row->take_count,
	        paid ? PART_ALLOCATED : PART_RESERVED, &short_at)) {
		write_decided(x, t);
		return finish(x, t);
	}
	x->err = take_err(row->takes[short_at].kind);
	/* What granted nothing is read before all is undone, for the next decision. */
	x->takes_at = 0;
	return takes_send(&x->takes, t, TAKES_FIGURES) > 0 ? TX_TRIP : undo(x, t, x->err);
}

static enum tx_next
act_step(struct tx *t, void *ctx)
{
	struct act *x = ctx;
	enum tx_next next;

	switch (tx_trip(t)) {
	case 0:
		return claim_trip(x, t);
	case 1:
		next = rows_trip(x, t);
		/* An act may stand in the trail alone. */
		return next == TX_TRIP && tx_added(t) == 0 ? books_trip(x, t) : next;
	case 2:
		return books_trip(x, t);
	default:
		(void)takes_read(&x->takes, t, 0, TAKES_FIGURES);
		return undo(x, t, x->err);
	}
}

static void
act_done(struct tx *t, void *ctx, enum err e)
{
	struct act *x = ctx;
	act_fn *done = x->done;
	void *done_ctx = x->ctx;

	if (e == ERR_WRONG_STATE)
		e = x->err; /* undone by us, and why */
	else if (e == ERR_OK)
		metric_add(METRIC_acts_total, x->in->act_count);
	else if (ledger_err(t, proposal_err(t, e)) == ERR_CONTENDED)
		e = ERR_CONTENDED; /* a balance moved, and the plan with it; or it was done before */
	else
		log_warn(LOG_MSG("an act failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	if (e == ERR_BAD_FIELD)
		e = ERR_INTERNAL; /* a constraint: judging must make that impossible */
	if (e == ERR_OK) {
		takes_apply(&x->gives, x->hints, true);
		act_stock_apply(&x->stock, x->hints);
	}
	if (x->judged)
		takes_apply(&x->takes, x->hints, e == ERR_OK);
	arena_free(x->arena);
	buf_release(&x->changes);
	free(x);
	done(done_ctx, e);
}

enum err
act_start(struct pool *pool, struct hints_memory *hints, const struct act_in *in, act_fn *done,
    void *ctx)
{
	struct act *x;
	enum err e;

	assert(in->act_count > 0 && in->act_count <= ACT_ROWS_MAX);
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct act){.hints = hints,
	    .in = in,
	    .of = {.order_id = in->order->order_id,
	        .dealer = in->order->dealer,
	        .collector = in->order->collector,
	        .split_version = in->order->split_version,
	        .now_us = in->at_us},
	    .done = done,
	    .ctx = ctx};
	buf_init(&x->changes, CHANGES_MAX);
	x->arena = arena_new(ARENA_MAX);
	e = x->arena != NULL ? tx_start(pool, act_step, act_done, x) : ERR_NO_MEMORY;
	if (e == ERR_OK)
		return ERR_OK;
	arena_free(x->arena);
	free(x);
	return e;
}
