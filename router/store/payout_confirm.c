/* payout_confirm: what people say became of payouts, refunds and the collector's own money. */
#include <string.h>

#include "base/log.h"
#include "domain/payout.h"
#include "store/ledger.h"
#include "store/payout_rows.h"

/* ${like} lives in ${arena} from now on. */
static enum err
start(struct pool *p, struct arena *arena, const void *like, size_t size, tx_step_fn *step,
    tx_done_fn *done)
{
	void *x = arena_memdup(arena, like, size);

	return x != NULL ? tx_start(p, step, done, x) : ERR_NO_MEMORY;
}

/* ---- Payouts ------------------------------------------------------------------------------------- */

struct confirming {
	struct arena *arena;
	const struct payout_confirm *in;
	struct payout_row row;
	struct posting posting;
	payout_confirm_fn *done;
	void *ctx;
};

static enum err
judge(const struct confirming *x, bool *again)
{
	const struct payout_row *r = &x->row;
	const enum payout_state to = x->in->paid ? PAYOUT_PAID : PAYOUT_CLOSED;

	*again = r->state == to && r->rail != RAIL_SPLIT && r->fen > 0 &&
	    strcmp(r->reason, x->in->reason) == 0;
	if (*again)
		return ERR_OK;
	return r->rail != RAIL_SPLIT && r->state == PAYOUT_INSTRUCTED ? ERR_OK : ERR_WRONG_STATE;
}

/* Of each order that is in it. */
static enum err
confirm_tell(struct confirming *x, struct tx *t)
{
	const PGresult *r = tx_result(t, 1);
	const enum outbox_kind kind = x->in->paid ? OUTBOX_PAYOUT_PAID : OUTBOX_PAYOUT_CLOSED;
	struct outbox_write *o = arena_array(x->arena, (size_t)PQntuples(r), sizeof(*o));

	if (o == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(r); i++)
		o[i] = payout_event(r, i, kind);
	write_outbox(t, o, PQntuples(r), x->in->now_us);
	return ERR_OK;
}

static enum err
confirm_write(struct confirming *x, struct tx *t)
{
	const struct payout_confirm *in = x->in;
	struct payout_row *r = &x->row;
	struct ledger_row row = {.object = r->id,
	    .dealer = r->party,
	    .event_no = 1,
	    .event_at_us = in->at_us,
	    .provider_ref = "",
	    .posting = &x->posting};
	struct pg_args *a = tx_args(t);

	r->state = in->paid ? PAYOUT_PAID : PAYOUT_CLOSED;
	r->done_us = in->now_us;
	r->reason = in->reason;
	args_uuid(a, &r->id);
	args_i16(a, (int16_t)r->state);
	args_time(a, in->now_us);
	args_text(a, in->reason);
	tx_add(t, STMT_PAYOUT_CONFIRM);
	if (!in->paid) {
		args_uuid(tx_args(t), &r->id);
		tx_add(t, STMT_PAYOUT_OPEN_AGAIN);
	}
	args_uuid(tx_args(t), &r->batch);
	tx_add(t, STMT_PAYOUT_BATCH_DONE);
	if (in->paid)
		payout_paid(r->account, payout_cash(in->world, r->rail), r->fen, &x->posting);
	else
		payout_closed(r->account, r->fen, &x->posting);
	return ledger_post(t, x->arena, &row, 1, in->now_us);
}

static enum tx_next
confirm_step(struct tx *t, void *ctx)
{
	struct confirming *x = ctx;
	bool again;
	enum err e;

	if (tx_trip(t) == 0) {
		args_uuid(tx_args(t), &x->in->id);
		tx_add(t, STMT_PAYOUT_READ);
		args_uuid(tx_args(t), &x->in->id);
		tx_add(t, STMT_PAYOUT_SHARES);
		return TX_TRIP;
	}
	if (PQntuples(tx_result(t, 0)) == 0)
		return tx_undo(t, ERR_NOT_FOUND);
	e = payout_read(tx_result(t, 0), 0, x->arena, &x->row);
	if (e == ERR_OK)
		e = judge(x, &again);
	if (e == ERR_OK && !again)
		e = confirm_tell(x, t);
	if (e == ERR_OK && !again)
		e = confirm_write(x, t);
	return e == ERR_OK ? TX_COMMIT : tx_undo(t, e);
}

static void
confirm_done(struct tx *t, void *ctx, enum err e)
{
	struct confirming *x = ctx;

	e = ledger_err(t, e);
	if (e == ERR_INTERNAL)
		log_error(LOG_MSG("payout not confirmed"), LOG_STR("server", tx_sql_error(t)));
	x->done(x->ctx, e, &x->row);
}

enum err
payout_confirm_start(struct pool *p, struct arena *arena, const struct payout_confirm *in,
    payout_confirm_fn *done, void *ctx)
{
	const struct confirming like = {.arena = arena, .in = in, .done = done, .ctx = ctx};

	return start(p, arena, &like, sizeof(like), confirm_step, confirm_done);
}

/* ---- Withdrawals --------------------------------------------------------------------------------- */

struct withdrawing {
	struct arena *arena;
	const struct payout_withdraw *in;
	struct posting posting;
	payout_done_fn *done;
	void *ctx;
};

static enum tx_next
withdraw_step(struct tx *t, void *ctx)
{
	struct withdrawing *x = ctx;
	const struct payout_withdraw *in = x->in;
	struct ledger_row row = {.object = in->mark->row->id,
	    .dealer = in->collector,
	    .event_no = 1,
	    .event_at_us = in->at_us,
	    .provider_ref = in->mark->row->ref,
	    .posting = &x->posting};
	enum err e;

	payout_withdrawn(in->provider, in->collector, in->fen, &x->posting);
	proposal_send(t, in->mark);
	e = ledger_post(t, x->arena, &row, 1, in->now_us);
	return e == ERR_OK ? TX_COMMIT : tx_undo(t, e);
}

static void
withdraw_done(struct tx *t, void *ctx, enum err e)
{
	struct withdrawing *x = ctx;

	e = ledger_err(t, proposal_err(t, e));
	if (e == ERR_INTERNAL)
		log_error(LOG_MSG("withdrawal not recorded"), LOG_STR("server", tx_sql_error(t)));
	x->done(x->ctx, e);
}

enum err
payout_withdraw_start(struct pool *p, struct arena *arena, const struct payout_withdraw *in,
    payout_done_fn *done, void *ctx)
{
	const struct withdrawing like = {.arena = arena, .in = in, .done = done, .ctx = ctx};

	return start(p, arena, &like, sizeof(like), withdraw_step, withdraw_done);
}

/* ---- Refunds ------------------------------------------------------------------------------------- */

struct refunding {
	struct arena *arena;
	const struct refund_confirm *in;
	struct refund_row row;
	refund_confirm_fn *done;
	void *ctx;
};

static enum tx_next
refund_step(struct tx *t, void *ctx)
{
	struct refunding *x = ctx;
	const struct refund_confirm *in = x->in;
	struct refund_row *r = &x->row;
	struct pg_args *a = tx_args(t);

	if (tx_trip(t) == 0) {
		args_uuid(a, &in->order);
		args_i32(a, in->refund_no);
		args_i16(a, (int16_t)in->part_no);
		tx_add(t, STMT_REFUND_READ);
		return TX_TRIP;
	}
	if (PQntuples(tx_result(t, 0)) == 0)
		return tx_undo(t, ERR_NOT_FOUND);
	if (refund_row_read(tx_result(t, 0), 0, x->arena, r) != ERR_OK)
		return tx_undo(t, ERR_NO_MEMORY);
	if ((r->state == REFUND_CONFIRMED || r->state == REFUND_DONE) &&
	    strcmp(r->number, in->number) == 0)
		return TX_COMMIT;
	if (r->state == REFUND_CONFIRMED || r->state == REFUND_DONE ||
	    (r->state == REFUND_ASKED && r->number[0] != '\0'))
		return tx_undo(t, ERR_WRONG_STATE);
	r->state = REFUND_CONFIRMED;
	r->number = in->number;
	r->due_us = in->now_us;
	args_uuid(a, &in->order);
	args_i32(a, in->refund_no);
	args_i16(a, (int16_t)in->part_no);
	args_text(a, in->number);
	args_time(a, in->now_us);
	tx_add(t, STMT_REFUND_CONFIRM);
	return TX_COMMIT;
}

static void
refund_done(struct tx *t, void *ctx, enum err e)
{
	struct refunding *x = ctx;

	if (e == ERR_BAD_FIELD)
		e = ERR_INTERNAL;
	if (e == ERR_INTERNAL)
		log_error(LOG_MSG("refund not confirmed"), LOG_STR("server", tx_sql_error(t)));
	x->done(x->ctx, e, &x->row);
}

enum err
refund_confirm_start(struct pool *p, struct arena *arena, const struct refund_confirm *in,
    refund_confirm_fn *done, void *ctx)
{
	const struct refunding like = {.arena = arena, .in = in, .done = done, .ctx = ctx};

	return start(p, arena, &like, sizeof(like), refund_step, refund_done);
}
