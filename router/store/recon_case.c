/* recon_case: what is done about an exception; which resolutions post what: domain/recon.h. */
#include "store/recon_case.h"

#include <string.h>

#include "store/batch_write.h"
#include "store/ledger.h"
#include "store/recon_case_row.h"

#define CHANGES_SIZE_MAX ((size_t)1 << 16)

struct changing {
	struct arena *arena;
	const struct case_change *in;
	struct buf changes;
	struct reason reason;
	struct recon_case row, after;
	/* RESOLVED_REFUND */
	int32_t dealer, split_version;
	int refund_no, part_no;
	struct recon_refund refund;
	/* RESOLVED_ENTRY */
	char *entry_ref;
	struct posting posting;
	case_change_fn *done;
	void *ctx;
};

static enum err
refuse(struct changing *x, enum err e, const char *field, const char *text)
{
	return reason_set(&x->reason, e, field, "%s", text);
}

/* ---- Asking ---------------------------------------------------------------------------------------- */

static enum tx_next
step_lock(struct changing *x, struct tx *t)
{
	args_uuid(tx_args(t), &x->in->id);
	tx_add(t, STMT_CASE_LOCK);
	case_ask(t, &(struct case_query){.one = &x->in->id, .count_max = 1});
	return TX_TRIP;
}

static enum err
read_locked(struct changing *x, struct tx *t)
{
	if (PQntuples(tx_result(t, 1)) == 0)
		return ERR_NOT_FOUND;
	return case_read(tx_result(t, 1), 0, x->arena, &x->row);
}

static bool
asks_more(const struct changing *x)
{
	return x->in->resolution == RESOLVED_REFUND || x->in->resolution == RESOLVED_ENTRY;
}

static void
send_more(const struct changing *x, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	if (x->in->resolution == RESOLVED_REFUND) {
		/* Behind this nobody asks for it: store/settle_read.c begins so, too. */
		ARGS_ARRAY(a, ELEM_UUID, elem_uuid, 1, &x->in->order_id);
		args_time(a, x->in->now_us);
		tx_add(t, STMT_SETTLE_LOCK);
		a = tx_args(t);
		args_uuid(a, &x->in->order_id);
		args_i32(a, x->row.what.collector);
		args_i64(a, x->row.what.recon_fen);
		args_i32(a, x->in->refund_no);
		args_uuid(a, &x->row.id);
		tx_add(t, STMT_CASE_REFUND);
		return;
	}
	args_uuid(a, &x->in->entry);
	args_i16(a, (int16_t)x->in->entry_event);
	args_i32(a, x->in->entry_event_no);
	args_i16(a, (int16_t)x->row.what.provider);
	args_i32(a, x->row.what.collector);
	tx_add(t, STMT_CASE_ENTRY);
}

static enum err
read_more(struct changing *x, const PGresult *r)
{
	const struct recon_difference *d = &x->row.what;

	if (x->in->resolution == RESOLVED_REFUND) {
		if (PQntuples(r) == 0)
			return refuse(x, ERR_WRONG_STATE, "order_id",
			    "has no refund of that amount which is approved and not yet asked for");
		x->dealer = col_i32(r, 0, 0);
		x->refund_no = col_i32(r, 0, 1);
		x->part_no = col_i16(r, 0, 2);
		x->refund.rebate_fen = col_i64(r, 0, 3);
		x->split_version = col_i32(r, 0, 4);
		x->refund.fen = col_i64(r, 0, 5);
		return ERR_OK;
	}
	if (PQntuples(r) == 0)
		return refuse(x, ERR_NOT_FOUND, "entry_object_id", "there is no such journal row");
	if (col_i64(r, 0, 0) != d->rebate_fen - d->recon_fen)
		return refuse(x, ERR_WRONG_STATE, "entry_object_id",
		    "moved another amount at the provider");
	x->entry_ref = arena_strdup(x->arena, col_text(r, 0, 1));
	return x->entry_ref != NULL ? ERR_OK : ERR_NO_MEMORY;
}

/* ---- Writing --------------------------------------------------------------------------------------- */

static void
send_close(struct changing *x, struct tx *t)
{
	const struct case_change *in = x->in;
	struct pg_args *a = tx_args(t);

	args_uuid(a, &x->row.id);
	args_time(a, in->now_us);
	args_i16(a, (int16_t)in->resolution);
	args_text(a, in->note);
	args_i64(a, in->key_id);
	if (uuid_is_zero(&in->order_id))
		args_null(a);
	else
		args_uuid(a, &in->order_id);
	args_i32(a, x->posting.leg_count > 0);
	tx_add(t, STMT_CASE_CLOSE);
}

static void
send_others(struct changing *x, struct tx *t)
{
	const struct case_change *in = x->in;
	struct pg_args *a;

	if (in->resolution == RESOLVED_REFUND) {
		a = tx_args(t);
		args_uuid(a, &in->order_id);
		args_i32(a, x->refund_no);
		args_i16(a, (int16_t)x->part_no);
		args_i32(a, x->dealer);
		args_text(a, x->row.ref);
		args_time(a, in->now_us);
		tx_add(t, STMT_CASE_REFUND_DONE);
	} else if (in->resolution == RESOLVED_ENTRY) {
		a = tx_args(t);
		args_i32(a, x->row.what.collector);
		args_i16(a, (int16_t)x->row.kind);
		args_text(a, x->entry_ref);
		args_time(a, in->now_us);
		args_text(a, in->note);
		args_i64(a, in->key_id);
		tx_add(t, STMT_CASE_CLOSE_OTHER);
	}
}

static enum err
send_all(struct changing *x, struct tx *t)
{
	struct ledger_row row = {.object = x->row.id,
	    .order_id = uuid_is_zero(&x->in->order_id) ? NULL : &x->in->order_id,
	    .dealer = x->dealer != 0 ? x->dealer : x->row.what.collector,
	    .split_version = x->split_version,
	    .event_no = x->row.event_no + 1,
	    .event_at_us = x->row.event_us,
	    .provider_ref = x->row.ref,
	    .posting = &x->posting,
	    .period = x->row.period};
	enum err e;

	e = recon_resolved(&x->row.what, x->in->resolution, &x->refund, &x->posting);
	if (e != ERR_OK)
		return e;
	proposal_send(t, x->in->mark);
	send_close(x, t);
	send_others(x, t);
	if (x->posting.leg_count > 0) {
		e = ledger_send(t, x->arena, &row, 1, x->in->now_us);
		if (e != ERR_OK)
			return e;
		write_change(t, &x->changes);
	}
	case_ask(t, &(struct case_query){.one = &x->in->id, .count_max = 1});
	return ERR_OK;
}

/* ---- The steps ------------------------------------------------------------------------------------- */

static enum tx_next
leave(struct tx *t, enum err e)
{
	tx_fail(t, e);
	return TX_ROLLBACK;
}

static enum tx_next
step_assign(struct changing *x, struct tx *t)
{
	struct pg_args *a;

	if (x->row.closed_us != 0)
		return leave(t, refuse(x, ERR_WRONG_STATE, "exception_id", "is closed"));
	a = tx_args(t);
	args_uuid(a, &x->in->id);
	args_text(a, x->in->owner);
	args_text(a, x->in->note);
	tx_add(t, STMT_CASE_ASSIGN);
	case_ask(t, &(struct case_query){.one = &x->in->id, .count_max = 1});
	return TX_TRIP;
}

static enum tx_next
step_judge(struct changing *x, struct tx *t)
{
	enum err e;

	if (x->row.closed_us != 0)
		return leave(t, refuse(x, ERR_WRONG_STATE, "exception_id", "was resolved before"));
	e = recon_judge(&x->row.what, x->in->resolution, &x->reason);
	if (e == ERR_OK && asks_more(x)) {
		send_more(x, t);
		return TX_TRIP;
	}
	if (e == ERR_OK)
		e = send_all(x, t);
	return e == ERR_OK ? TX_TRIP : leave(t, e);
}

static enum tx_next
step_more(struct changing *x, struct tx *t)
{
	enum err e = read_more(x, tx_result(t, tx_result_count(t) - 1));

	if (e == ERR_OK)
		e = send_all(x, t);
	return e == ERR_OK ? TX_TRIP : leave(t, e);
}

static enum tx_next
change_step(struct tx *t, void *ctx)
{
	struct changing *x = ctx;
	enum err e;

	if (tx_trip(t) == 0)
		return step_lock(x, t);
	if (tx_trip(t) == 1) {
		e = read_locked(x, t);
		if (e != ERR_OK)
			return leave(t, e);
		return x->in->owner != NULL ? step_assign(x, t) : step_judge(x, t);
	}
	if (tx_trip(t) == 2 && x->in->owner == NULL && asks_more(x))
		return step_more(x, t);
	/* As it stands now: the last result. */
	e = case_read(tx_result(t, tx_result_count(t) - 1), 0, x->arena, &x->after);
	return e == ERR_OK ? TX_COMMIT : leave(t, e);
}

static void
change_done(struct tx *t, void *ctx, enum err e)
{
	struct changing *x = ctx;

	buf_release(&x->changes);
	e = proposal_err(t, e);
	e = ledger_err(t, e);
	if (x->reason.err != e)
		(void)reason_set(&x->reason, e, NULL, "%s", err_text(e));
	x->done(x->ctx, e, &x->after, &x->reason);
}

enum err
case_change(struct pool *p, struct arena *arena, const struct case_change *in, case_change_fn *done,
    void *ctx)
{
	struct changing *x = arena_zalloc(arena, sizeof(*x));
	enum err e;

	if (x == NULL)
		return ERR_NO_MEMORY;
	x->arena = arena;
	x->in = in;
	x->done = done;
	x->ctx = ctx;
	buf_init(&x->changes, CHANGES_SIZE_MAX);
	e = tx_start(p, change_step, change_done, x);
	if (e != ERR_OK)
		buf_release(&x->changes);
	return e;
}
