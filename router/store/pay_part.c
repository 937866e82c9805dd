#include "store/pay_part.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/metric.h"
#include "store/batch_write.h"

#define CHANGES_MAX ((size_t)64 << 10)

struct pay {
	bool balance;
	const struct payment_in *in;
	int act_no; /* of the balance */
	payment_fn *done;
	void *ctx;
	enum err err; /* what ${done} hears of a transaction that was undone on purpose */
	enum payment_outcome outcome;
	struct buf changes;
	int order_at, count_at, open_at; /* results of the first trip */
};

static enum tx_next
undo(struct pay *p, struct tx *t, enum err e)
{
	p->err = e;
	tx_fail(t, ERR_WRONG_STATE);
	return TX_ROLLBACK;
}

/* ---- Trip 1: claim the number, change the order ------------------------------------------------- */

static void
send_act(const struct pay *p, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_uuid(a, &p->in->order_id);
	args_i32(a, p->act_no);
	args_i32(a, p->in->dealer);
	args_time(a, p->in->now_us);
	tx_add(t, STMT_BALANCE_ACT);
}

static void
send_order(const struct pay *p, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_uuid(a, &p->in->order_id);
	args_i32(a, p->in->dealer);
	args_i64(a, p->in->payment->amount_fen);
	args_time(a, p->in->payment->paid_at_us);
	if (!p->balance)
		args_i16(a, (int16_t)p->in->changes);
	tx_add(t, p->balance ? STMT_BALANCE_PAY : STMT_DEPOSIT_OPEN);
}

static void
send_fulfilments(const struct pay *p, struct tx *t)
{
	const struct payment_fulfilment *f = p->in->fulfilments;
	const int count = p->in->fulfilment_count;
	struct pg_args *a = tx_args(t);

	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &p->in->order_id);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, p->in->dealer);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)f[i].number);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, f[i].dealer);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)f[i].state);
	ARGS_ARRAY(a, ELEM_TIME, elem_time_or_null, count, f[i].offer_deadline_us);
	tx_add(t, STMT_FULFILMENT_OPEN);
}

static enum tx_next
first_trip(struct pay *p, struct tx *t)
{
	const struct payment_in *in = p->in;
	const struct payment_write w = {.order_id = in->order_id,
	    .dealer = in->dealer,
	    .payment = in->payment,
	    .outcome = p->balance ? PAID_BALANCE : PAID_OPENED};
	struct pg_args *a;

	p->err = ERR_OK;
	p->outcome = w.outcome;
	buf_reset(&p->changes);
	write_payments(t, &w, 1);
	a = tx_args(t);
	args_i16(a, (int16_t)in->payment->provider);
	args_text(a, in->payment->number);
	tx_add(t, STMT_PAYMENT_READ);
	if (p->balance)
		send_act(p, t);
	p->order_at = tx_added(t);
	send_order(p, t);
	p->count_at = tx_added(t);
	args_uuid(tx_args(t), &in->order_id);
	tx_add(t, STMT_PAYMENT_COUNT);
	p->open_at = tx_added(t);
	if (!p->balance)
		send_fulfilments(p, t);
	return TX_TRIP;
}

/* ---- Trip 2: the books -------------------------------------------------------------------------- */

static void
send_books(struct pay *p, struct tx *t)
{
	const struct payment_in *in = p->in;
	const struct posting *const postings[] = {in->e1, in->e2};
	struct outbox_write o = {.order_id = in->order_id,
	    .dealer = in->dealer,
	    .kind = p->balance ? OUTBOX_BALANCE_PAID : OUTBOX_PAID,
	    .amount_fen = in->payment->amount_fen};
	struct journal_write j[2];
	int count = 0;

	for (int i = 0; i < 2; i++)
		if (postings[i] != NULL && postings[i]->leg_count > 0)
			j[count++] = (struct journal_write){.object = in->order_id,
			    .dealer = in->dealer,
			    .split_version = in->split_version,
			    .event_no = (int)col_i64(tx_result(t, p->count_at), 0, 0),
			    .event_at_us = in->payment->paid_at_us,
			    .provider_ref = in->payment->number,
			    .posting = postings[i]};
	write_journal(t, j, count, in->now_us);
	write_outbox(t, &o, 1, in->now_us);
	/* Journal rows name its number, so it must be there. */
	write_change(t, &p->changes);
}

static enum tx_next
pay_step(struct tx *t, void *ctx)
{
	struct pay *p = ctx;
	const PGresult *open;

	if (tx_trip(t) == 0)
		return first_trip(p, t);
	if (PQntuples(tx_result(t, 0)) == 0)
		return undo(p, t, payment_repeated(p->in, tx_result(t, 1), &p->outcome));
	if (tx_affected(t, p->order_at) == 0 || (p->balance && tx_affected(t, 2) == 0))
		return undo(p, t, ERR_WRONG_STATE);
	if (!p->balance) {
		open = tx_result(t, p->open_at);
		if (PQntuples(open) != p->in->fulfilment_count)
			return undo(p, t, ERR_WRONG_STATE);
		for (int i = 0; i < PQntuples(open); i++)
			tx_task(t, col_i32(open, i, 2));
	}
	send_books(p, t);
	return TX_COMMIT;
}

static void
pay_done(struct tx *t, void *ctx, enum err e)
{
	struct pay *p = ctx;
	payment_fn *done = p->done;
	void *done_ctx = p->ctx;
	enum payment_outcome outcome = p->outcome;

	if (e == ERR_WRONG_STATE)
		e = p->err; /* undone by us, and why */
	else if (e == ERR_OK)
		metric_add(METRIC_payments_total, 1);
	else
		log_warn(LOG_MSG("a payment in part failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	if (e == ERR_BAD_FIELD)
		e = ERR_INTERNAL; /* a constraint: validation must make that impossible */
	buf_release(&p->changes);
	free(p);
	done(done_ctx, e, outcome);
}

static enum err
start(const struct pay *like, struct pool *pool)
{
	struct pay *p = malloc(sizeof(*p));
	enum err e;

	if (p == NULL)
		return ERR_BUSY;
	*p = *like;
	buf_init(&p->changes, CHANGES_MAX);
	e = tx_start(pool, pay_step, pay_done, p);
	if (e != ERR_OK)
		free(p);
	return e;
}

enum err
pay_deposit(struct pool *pool, const struct payment_in *in, payment_fn *done, void *ctx)
{
	return start(&(struct pay){.in = in, .done = done, .ctx = ctx}, pool);
}

enum err
pay_balance(struct pool *pool, const struct payment_in *in, int act_count, payment_fn *done,
    void *ctx)
{
	return start(&(struct pay){.balance = true,
	                 .in = in,
	                 .act_no = act_count + 1,
	                 .done = done,
	                 .ctx = ctx},
	    pool);
}
