#include "store/payment.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metric.h"
#include "store/act_books.h"
#include "store/batch_write.h"
#include "store/scarce.h"
#include "store/takes.h"

#define ARENA_MAX ((size_t)4 << 20)
#define CHANGES_MAX ((size_t)1 << 20)

enum pay_kind { PAY_LATE, PAY_UNFILLABLE, PAY_SECOND };

/* One payment's transaction. */
struct pay {
	enum pay_kind kind;
	struct hints_memory *hints;
	const struct payment_in *in;
	const struct order_row *row; /* PAY_LATE: the new attempt */
	payment_fn *done;
	void *ctx;

	enum err err; /* what ${done} hears of a transaction that was undone on purpose */
	enum payment_outcome outcome;
	struct arena *arena;
	struct takes takes;
	struct scarce scarce;
	int32_t *places;
	struct buf changes;
	bool judged;   /* the takes' figures are in */
	int scarce_at; /* result; 0: not asked */
	int takes_at;  /* the first result of the takes */
	int event_no;
	int attempt, number; /* PAY_LATE: the last ones there are */
};

static const enum payment_outcome OUTCOME[] =
    {[PAY_LATE] = PAID_REDECIDED, [PAY_UNFILLABLE] = PAID_UNFILLABLE, [PAY_SECOND] = PAID_SECOND};
static const enum stmt ORDER_UPDATE[] = {[PAY_LATE] = STMT_ORDER_PAY_LATE,
    [PAY_UNFILLABLE] = STMT_ORDER_UNFILLABLE,
    [PAY_SECOND] = STMT_ORDER_PAY_SECOND};

/* Results of the first trip. */
enum { R_CLAIM, R_READ, R_ORDER, R_COUNT, R_MORE };

static enum tx_next
undo(struct pay *p, struct tx *t, enum err e)
{
	p->err = e;
	tx_fail(t, ERR_WRONG_STATE);
	return TX_ROLLBACK;
}

/* ---- Trip 1: claim the number, change the order, take ----------------------------------------- */

static void
send_order(struct pay *p, struct tx *t)
{
	struct pg_args *a;

	a = tx_args(t);
	args_uuid(a, &p->in->order_id);
	args_i32(a, p->in->dealer);
	args_i64(a, p->in->payment->amount_fen);
	if (p->kind != PAY_SECOND)
		args_time(a, p->in->payment->paid_at_us);
	if (p->kind == PAY_LATE) {
		args_i32(a, p->row->frozen->decision.policy_version);
		args_i64(a, p->row->frozen->totals.owner_margin_fen);
		args_i16(a, (int16_t)p->row->frozen->decision.options[0].way);
	}
	if (p->kind == PAY_UNFILLABLE) {
		args_bool(a, p->in->withdrawn);
		if (p->in->due_us != 0)
			args_time(a, p->in->due_us);
		else
			args_null(a);
	}
	tx_add(t,
	    p->in->in_part && p->kind == PAY_LATE ? STMT_DEPOSIT_LATE : ORDER_UPDATE[p->kind]);
}

static void
send_by_order(struct pay *p, struct tx *t, enum stmt s)
{
	args_uuid(tx_args(t), &p->in->order_id);
	tx_add(t, s);
}

static enum err
send_takes(struct pay *p, struct tx *t)
{
	const struct order_row *row = p->row;
	enum err e;

	send_by_order(p, t, STMT_ATTEMPT_LAST);
	p->places = arena_array(p->arena, (size_t)row->take_count, sizeof(*p->places));
	if (p->places == NULL)
		return ERR_NO_MEMORY;
	e = takes_init(&p->takes, p->arena, row->take_count);
	if (e != ERR_OK)
		return e;
	for (int i = 0; i < row->take_count; i++)
		takes_add(&p->takes, &row->takes[i], PART_ALLOCATED, &p->places[i]);
	e = takes_seal(&p->takes);
	if (e != ERR_OK)
		return e;
	e = scarce_init(&p->scarce, p->arena, row->take_count);
	if (e != ERR_OK)
		return e;
	scarce_add(&p->scarce, row);
	p->scarce_at = scarce_send(&p->scarce, t) > 0 ? R_MORE + 1 : 0;
	p->takes_at = R_MORE + 1 + (p->scarce_at != 0) +
	    takes_send_ensure(&p->takes, t, &p->hints->hints);
	(void)takes_send(&p->takes, t, TAKES_TAKE);
	return ERR_OK;
}

static enum tx_next
first_trip(struct pay *p, struct tx *t)
{
	const struct payment_in *in = p->in;
	const struct payment_write w = {.order_id = in->order_id,
	    .dealer = in->dealer,
	    .payment = in->payment,
	    .outcome = OUTCOME[p->kind]};
	struct pg_args *a;
	enum err e;

	arena_reset(p->arena);
	buf_reset(&p->changes);
	p->err = ERR_OK;
	p->judged = false;
	write_payments(t, &w, 1);
	a = tx_args(t);
	args_i16(a, (int16_t)in->payment->provider);
	args_text(a, in->payment->number);
	tx_add(t, STMT_PAYMENT_READ);
	send_order(p, t);
	send_by_order(p, t, STMT_PAYMENT_COUNT);
	if (p->kind == PAY_LATE) {
		e = send_takes(p, t);
		if (e != ERR_OK)
			return undo(p, t, e);
	}
	return TX_TRIP;
}

/* ---- Between the trips ------------------------------------------------------------------------ */

enum err
payment_repeated(const struct payment_in *in, const PGresult *r, enum payment_outcome *outcome)
{
	struct uuid id;

	if (PQntuples(r) == 0)
		return ERR_CONTENDED; /* its claim was undone a moment ago */
	id = col_uuid(r, 0, 0);
	if (!uuid_equal(&id, &in->order_id) || col_i64(r, 0, 1) != in->payment->amount_fen)
		return ERR_EXISTS_DIFFERS;
	*outcome = (enum payment_outcome)col_i16(r, 0, 2);
	return ERR_OK;
}

/* ---- Trip 2: write, commit -------------------------------------------------------------------- */

/* What came too much is owed to the customer; the provider's fee comes back with it. */
static void
send_refund(const struct pay *p, struct tx *t)
{
	const struct payment_in *in = p->in;
	const struct books_of of = {.order_id = in->order_id,
	    .dealer = in->dealer,
	    .collector = in->collector,
	    .now_us = in->now_us};
	struct act_refund r = {.refund_no = p->event_no,
	    .part_no = 1,
	    .provider = in->payment->provider,
	    .payment_number = in->payment->number,
	    .fen = in->payment->amount_fen};

	if (in->r1 == NULL)
		return;
	for (int i = 0; i < in->r1->leg_count; i++)
		if (account_kind(in->r1->account[i]) == ACCOUNT_PSP_FEE_REBATE)
			r.rebate_fen += in->r1->fen[i];
	books_refund_send(&r, 1, &of, t);
}

static void
send_books(struct pay *p, struct tx *t)
{
	const struct payment_in *in = p->in;
	const struct posting *const postings[] = {in->e1, in->e2, in->r1};
	struct journal_write j[3];
	struct outbox_write o[2] = {{.number = 0}, {.number = 0}};
	int journals, events;

	journals = events = 0;
	for (int i = 0; i < 3; i++)
		if (postings[i] != NULL && postings[i]->leg_count > 0)
			j[journals++] = (struct journal_write){.object = in->order_id,
			    .dealer = in->dealer,
			    .split_version = in->split_version,
			    .event_no = p->event_no,
			    .event_at_us = in->payment->paid_at_us,
			    .provider_ref = in->payment->number,
			    .posting = postings[i]};
	if (p->kind == PAY_LATE)
		o[events++].kind = OUTBOX_PAID;
	if (p->kind == PAY_UNFILLABLE && !p->in->withdrawn)
		o[events++].kind = OUTBOX_UNFILLABLE;
	if (p->kind == PAY_UNFILLABLE || p->kind == PAY_SECOND)
		o[events++].kind = OUTBOX_REFUND_DUE;
	for (int i = 0; i < events; i++) {
		o[i].order_id = in->order_id;
		o[i].dealer = in->dealer;
	}
	write_journal(t, j, journals, in->now_us);
	send_refund(p, t);
	write_outbox(t, o, events, in->now_us);
	if (p->kind == PAY_LATE)
		(void)takes_pack(&p->takes, &p->changes);
	/* Journal rows name its number, so it must be there. */
	write_change(t, &p->changes);
}

/* What expired goes on as the fulfilments from ${number} on. */
static void
send_replaced(struct pay *p, struct tx *t, int number)
{
	struct pg_args *a = tx_args(t);

	args_uuid(a, &p->in->order_id);
	args_i16(a, (int16_t)number);
	tx_add(t, STMT_FULFILMENT_REPLACED);
}

static enum tx_next
late_lost(struct pay *p, struct tx *t)
{
	p->takes_at = 0;
	/* What granted nothing is read before all is undone, for the next decision. */
	if (takes_send(&p->takes, t, TAKES_FIGURES) > 0)
		return TX_TRIP;
	return undo(p, t, p->err);
}

static enum tx_next
second_trip(struct pay *p, struct tx *t)
{
	const struct order_write w = {.row = p->row,
	    .attempt = p->attempt + 1,
	    .number_first = p->number + 1};
	int short_at;

	if (p->kind == PAY_LATE) {
		if (p->scarce_at != 0)
			scarce_read(&p->scarce, tx_result(t, p->scarce_at));
		(void)takes_read(&p->takes, t, p->takes_at, TAKES_TAKE);
		p->judged = true;
		if (scarce_hits(&p->scarce, p->row))
			return undo(p, t, ERR_CONTENDED);
		if (!takes_grant(&p->takes, p->row->takes, p->places, p->row->take_count,
		        PART_ALLOCATED, &short_at)) {
			p->err = take_err(p->row->takes[short_at].kind);
			return late_lost(p, t);
		}
		send_replaced(p, t, w.number_first);
		write_fulfilments(t, &w, 1);
		write_decisions(t, &w, 1);
	}
	send_books(p, t);
	return TX_COMMIT;
}

static enum tx_next
pay_step(struct tx *t, void *ctx)
{
	struct pay *p = ctx;

	if (tx_trip(t) == 0)
		return first_trip(p, t);
	if (tx_trip(t) == 2) {
		(void)takes_read(&p->takes, t, 0, TAKES_FIGURES);
		return undo(p, t, p->err);
	}
	if (PQntuples(tx_result(t, R_CLAIM)) == 0)
		return undo(p, t, payment_repeated(p->in, tx_result(t, R_READ), &p->outcome));
	if (tx_affected(t, R_ORDER) == 0)
		return undo(p, t, ERR_WRONG_STATE);
	p->event_no = (int)col_i64(tx_result(t, R_COUNT), 0, 0);
	if (p->kind == PAY_LATE) {
		p->attempt = col_i16(tx_result(t, R_MORE), 0, 0);
		p->number = col_i16(tx_result(t, R_MORE), 0, 1);
	}
	return second_trip(p, t);
}

static void
pay_done(struct tx *t, void *ctx, enum err e)
{
	struct pay *p = ctx;
	payment_fn *done;
	void *done_ctx;
	enum payment_outcome outcome;

	if (e == ERR_WRONG_STATE)
		e = p->err; /* undone by us, and why */
	else if (e == ERR_OK)
		metric_add(METRIC_payments_total, 1);
	else
		log_warn(LOG_MSG("a payment failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	if (e == ERR_BAD_FIELD)
		e = ERR_INTERNAL; /* a constraint: validation must make that impossible */
	if (p->judged)
		takes_apply(&p->takes, p->hints, e == ERR_OK);
	done = p->done;
	done_ctx = p->ctx;
	outcome = p->outcome;
	arena_free(p->arena);
	buf_release(&p->changes);
	free(p);
	done(done_ctx, e, outcome);
}

static enum err
start(enum pay_kind kind, struct pool *pool, struct hints_memory *hints,
    const struct payment_in *in, const struct order_row *row, payment_fn *done, void *ctx)
{
	struct pay *p;
	enum err e;

	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_BUSY;
	*p = (struct pay){.kind = kind,
	    .hints = hints,
	    .in = in,
	    .row = row,
	    .done = done,
	    .ctx = ctx,
	    .outcome = OUTCOME[kind]};
	buf_init(&p->changes, CHANGES_MAX);
	p->arena = arena_new(ARENA_MAX);
	e = p->arena != NULL ? tx_start(pool, pay_step, pay_done, p) : ERR_BUSY;
	if (e == ERR_OK)
		return ERR_OK;
	arena_free(p->arena);
	free(p);
	return e;
}

enum err
payment_late(struct pool *p, struct hints_memory *h, const struct payment_in *in,
    const struct order_row *row, payment_fn *done, void *ctx)
{
	assert(row->payment != NULL); /* else its fulfilments would be PLANNED */
	return start(PAY_LATE, p, h, in, row, done, ctx);
}

enum err
payment_unfillable(struct pool *p, const struct payment_in *in, payment_fn *done, void *ctx)
{
	return start(PAY_UNFILLABLE, p, NULL, in, NULL, done, ctx);
}

enum err
payment_second(struct pool *p, const struct payment_in *in, payment_fn *done, void *ctx)
{
	return start(PAY_SECOND, p, NULL, in, NULL, done, ctx);
}
