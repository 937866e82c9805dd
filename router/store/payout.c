/* payout: batches prepared and instructed. */
#include "store/payout.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "domain/payout.h"
#include "store/ledger.h"
#include "store/payout_rows.h"

/* What a party owes that may be set off against ${gross}. */
static int64_t
set_off(int64_t gross, int64_t owes, int64_t flying)
{
	int64_t fen = owes - flying;

	if (fen > gross)
		fen = gross;
	return fen > 0 ? fen : 0;
}

/* ---- Preparing ----------------------------------------------------------------------------------- */

struct preparing {
	struct arena *arena;
	const struct payout_prepare *in;
	struct payout_batch_row batch;
	payout_prepare_fn *done;
	void *ctx;
};

static void
ask_batch(struct preparing *x, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_time(a, x->in->now_us);
	tx_add(t, STMT_PAYOUT_REFUSED);
	a = tx_args(t);
	args_text(a, x->in->ref);
	tx_add(t, STMT_PAYOUT_BATCH_BY_REF);
}

static void
make_batch(struct preparing *x, struct tx *t)
{
	const struct payout_prepare *in = x->in;
	struct pg_args *a = tx_args(t);

	x->batch = (struct payout_batch_row){.id = uuid_v7(in->now_us),
	    .ref = in->ref,
	    .collector = in->collector,
	    .rail = in->rail,
	    .state = BATCH_PREPARED,
	    .prepared_us = in->now_us};
	args_uuid(a, &x->batch.id);
	args_text(a, in->ref);
	args_i32(a, in->collector);
	args_i16(a, (int16_t)in->rail);
	args_time(a, in->now_us);
	args_i64(a, in->key);
	tx_add(t, STMT_PAYOUT_BATCH_INSERT);
	a = tx_args(t);
	args_uuid(a, &x->batch.id);
	args_i32(a, in->collector);
	args_i16(a, (int16_t)in->rail);
	tx_add(t, STMT_PAYABLE_TO_BATCH);
}

/* Columns of PAYABLE_TO_BATCH: account, party, gross, balance, owes, flying. */
static void
make_payouts(struct preparing *x, struct tx *t, const PGresult *r)
{
	const int count = PQntuples(r);
	const struct uuid none = {{0}};
	struct pg_args *a = tx_args(t);

	args_array(a, ELEM_UUID);
	for (int i = 0; i < count; i++) {
		struct uuid id = uuid_v7(x->in->now_us);

		elem_uuid(a, &id);
	}
	args_array_end(a);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &x->batch.id);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid_or_null, count, &none);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, 0);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, x->in->collector);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, col_i32(r, i, 1));
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, col_i64(r, i, 0));
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)x->in->rail);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, col_i64(r, i, 2));
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count,
	    set_off(col_i64(r, i, 2), col_i64(r, i, 4), col_i64(r, i, 5)));
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, PAYOUT_PREPARED);
	args_time(a, x->in->now_us);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, count, "");
	tx_add(t, STMT_PAYOUT_INSERT);
}

static enum tx_next
prepared_step(struct preparing *x, struct tx *t)
{
	const PGresult *r = tx_result(t, 1);
	struct pg_args *a;

	x->batch.payouts = PQntuples(r);
	if (x->batch.payouts == 0)
		return tx_undo(t, ERR_WRONG_STATE);
	for (int i = 0; i < x->batch.payouts; i++) {
		x->batch.fen += col_i64(r, i, 2);
		if (x->in->rail != RAIL_SPLIT)
			x->batch.fen -=
			    set_off(col_i64(r, i, 2), col_i64(r, i, 4), col_i64(r, i, 5));
	}
	/* the payouts of a split are made with it */
	if (x->in->rail != RAIL_SPLIT)
		make_payouts(x, t, r);
	a = tx_args(t);
	args_uuid(a, &x->batch.id);
	args_i64(a, x->batch.fen);
	args_i32(a, x->batch.payouts);
	tx_add(t, STMT_PAYOUT_BATCH_SUM);
	return TX_COMMIT;
}

static enum tx_next
prepare_step(struct tx *t, void *ctx)
{
	struct preparing *x = ctx;
	const PGresult *r;

	switch (tx_trip(t)) {
	case 0:
		ask_batch(x, t);
		return TX_TRIP;
	case 1:
		r = tx_result(t, 1);
		if (PQntuples(r) == 0) {
			make_batch(x, t);
			return TX_TRIP;
		}
		if (payout_batch_read(r, 0, x->arena, &x->batch) != ERR_OK)
			return tx_undo(t, ERR_NO_MEMORY);
		if (x->batch.collector != x->in->collector || x->batch.rail != x->in->rail)
			return tx_undo(t, ERR_EXISTS_DIFFERS);
		return TX_COMMIT;
	default:
		return prepared_step(x, t);
	}
}

static void
prepare_done(struct tx *t, void *ctx, enum err e)
{
	struct preparing *x = ctx;

	if (e == ERR_BAD_FIELD && strcmp(tx_constraint(t), "payout_batch_ref") == 0)
		e = ERR_CONTENDED; /* the same was asked for at once */
	else if (e == ERR_BAD_FIELD)
		e = ERR_INTERNAL;
	if (e == ERR_INTERNAL)
		log_error(LOG_MSG("payouts not prepared"), LOG_STR("server", tx_sql_error(t)));
	x->done(x->ctx, e, &x->batch);
}

enum err
payout_prepare_start(struct pool *p, struct arena *arena, const struct payout_prepare *in,
    payout_prepare_fn *done, void *ctx)
{
	struct preparing *x = arena_zalloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct preparing){.arena = arena, .in = in, .done = done, .ctx = ctx};
	return tx_start(p, prepare_step, prepare_done, x);
}

/* ---- Instructing --------------------------------------------------------------------------------- */

struct sending {
	struct uuid id;
	int32_t party;
	int64_t account, gross, netted;
	enum payout_state state;
	struct posting net, out;
};
struct instructing {
	struct arena *arena;
	const struct payout_instruct *in;
	struct payout_batch_row batch;
	int count;
	struct sending *sending;
	int64_t fen;
	payout_done_fn *done;
	void *ctx;
};

/* Columns of PAYOUT_BATCH_PAYOUTS: payout, party, account, gross, balance, owes, flying. */
static enum err
read_payouts(struct instructing *x, const PGresult *r)
{
	x->count = PQntuples(r);
	x->fen = 0;
	x->sending = arena_array(x->arena, (size_t)x->count, sizeof(*x->sending));
	if (x->sending == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < x->count; i++) {
		struct sending *s = &x->sending[i];

		*s = (struct sending){.id = col_uuid(r, i, 0),
		    .party = col_i32(r, i, 1),
		    .account = col_i64(r, i, 2),
		    .gross = col_i64(r, i, 3),
		    .state = PAYOUT_INSTRUCTED};
		s->netted = set_off(s->gross, col_i64(r, i, 5), col_i64(r, i, 6));
		/* A refund took of it since: it is owed as part of another batch. */
		if (s->gross <= 0 ||
		    (account_bounded(s->account) && -col_i64(r, i, 4) < s->gross)) {
			s->state = PAYOUT_CLOSED;
			continue;
		}
		if (s->netted == s->gross)
			s->state = PAYOUT_PAID;
		x->fen += s->gross - s->netted;
		payout_netted(s->account,
		    account_number(ACCOUNT_RECV_DEALER, PROVIDER_NONE, account_party(s->account),
		        account_other(s->account)),
		    s->netted, &s->net);
		payout_instructed(s->account, s->gross - s->netted, &s->out);
	}
	return ERR_OK;
}

#define SENDING(type, elem, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < x->count; i++) { \
			const struct sending *s = &x->sending[i]; \
			elem(a, expr); \
		} \
		args_array_end(a); \
	} while (0)
#define NETTED(type, elem, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < x->count; i++) { \
			const struct sending *s = &x->sending[i]; \
			(void)s; \
			if (s->state != PAYOUT_CLOSED && s->netted > 0) \
				elem(a, expr); \
		} \
		args_array_end(a); \
	} while (0)

/* So that the rows of a payout add up to what goes out. */
static void
send_netted(struct instructing *x, struct tx *t)
{
	struct pg_args *a;
	bool any = false;

	for (int i = 0; i < x->count; i++)
		any = any || (x->sending[i].state != PAYOUT_CLOSED && x->sending[i].netted > 0);
	if (!any)
		return;
	a = tx_args(t);
	NETTED(ELEM_UUID, elem_uuid, &s->id);
	NETTED(ELEM_I16, elem_i16, EVENT_E5_PAYOUT);
	NETTED(ELEM_I32, elem_i32, 1);
	NETTED(ELEM_I64, elem_i64, s->account);
	NETTED(ELEM_I32, elem_i32, s->party);
	NETTED(ELEM_I32, elem_i32, x->batch.collector);
	NETTED(ELEM_I32, elem_i32, s->party);
	NETTED(ELEM_I64, elem_i64, -s->netted);
	NETTED(ELEM_I16, elem_i16, (int16_t)x->batch.rail);
	NETTED(ELEM_UUID, elem_uuid, &s->id);
	args_time(a, x->in->now_us);
	tx_add(t, STMT_PAYABLE_INSERT);
}

static void
elem_sent(struct pg_args *a, const struct sending *s)
{
	if (s->state == PAYOUT_CLOSED)
		elem_null(a, ELEM_UUID);
	else
		elem_uuid(a, &s->id);
}

static void
send_payouts(struct instructing *x, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_uuid(a, &x->batch.id);
	SENDING(ELEM_I64, elem_i64, s->account);
	SENDING(ELEM_UUID, elem_sent, s);
	tx_add(t, STMT_PAYABLE_PAID_BY);
	send_netted(x, t);
	a = tx_args(t);
	SENDING(ELEM_UUID, elem_uuid, &s->id);
	SENDING(ELEM_I64, elem_i64, s->gross > 0 ? s->gross : 1);
	SENDING(ELEM_I64, elem_i64, s->netted);
	SENDING(ELEM_I16, elem_i16, (int16_t)s->state);
	SENDING(ELEM_TEXT, elem_text, s->state == PAYOUT_CLOSED ? "not sent" : "");
	args_time(a, x->in->now_us);
	tx_add(t, STMT_PAYOUT_BEGIN);
}

/* Of each order of what is set off whole: nobody confirms it. */
static enum err
send_events(struct instructing *x, struct tx *t, const PGresult *r)
{
	struct outbox_write *o = arena_array(x->arena, (size_t)PQntuples(r), sizeof(*o));
	int n = 0, at = 0;

	if (o == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(r); i++) {
		while (at < x->count && x->sending[at].account < col_i64(r, i, 3))
			at++;
		if (at < x->count && x->sending[at].account == col_i64(r, i, 3) &&
		    x->sending[at].state == PAYOUT_PAID)
			o[n++] = payout_event(r, i, OUTBOX_PAYOUT_PAID);
	}
	write_outbox(t, o, n, x->in->now_us);
	return ERR_OK;
}

static enum err
send_books(struct instructing *x, struct tx *t)
{
	struct ledger_row *rows = arena_array(x->arena, (size_t)x->count * 2, sizeof(*rows));
	int n = 0;

	if (rows == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < x->count; i++) {
		struct sending *s = &x->sending[i];
		struct ledger_row row = {.object = s->id,
		    .dealer = s->party,
		    .event_no = 1,
		    .event_at_us = x->in->now_us,
		    .provider_ref = "",
		    .posting = &s->net};

		if (s->state == PAYOUT_CLOSED)
			continue;
		rows[n++] = row;
		row.event_no = 2;
		row.posting = &s->out;
		rows[n++] = row;
	}
	return ledger_post(t, x->arena, rows, n, x->in->now_us);
}

static void
send_batch(struct instructing *x, struct tx *t)
{
	bool out = x->batch.rail == RAIL_SPLIT;
	struct pg_args *a;

	for (int i = 0; i < x->count; i++)
		out = out || x->sending[i].state == PAYOUT_INSTRUCTED;
	a = tx_args(t);
	args_uuid(a, &x->batch.id);
	args_i16(a, out ? BATCH_INSTRUCTED : BATCH_DONE);
	args_i64(a, x->batch.rail == RAIL_SPLIT ? x->batch.fen : x->fen);
	args_time(a, x->in->now_us);
	args_i64(a, x->in->key);
	tx_add(t, STMT_PAYOUT_BATCH_BEGIN);
	if (x->batch.rail != RAIL_SPLIT)
		return;
	a = tx_args(t);
	args_uuid(a, &x->batch.id);
	args_time(a, x->in->now_us);
	tx_add(t, STMT_PAYOUT_BATCH_WORK);
}

static enum tx_next
instruct_step(struct tx *t, void *ctx)
{
	struct instructing *x = ctx;
	enum err e;

	if (tx_trip(t) == 0) {
		args_text(tx_args(t), x->in->ref);
		tx_add(t, STMT_PAYOUT_BATCH_BY_REF);
		args_text(tx_args(t), x->in->ref);
		tx_add(t, STMT_PAYOUT_BATCH_PAYOUTS);
		args_text(tx_args(t), x->in->ref);
		tx_add(t, STMT_PAYABLE_SHARES);
		return TX_TRIP;
	}
	if (PQntuples(tx_result(t, 0)) == 0)
		return tx_undo(t, ERR_NOT_FOUND);
	e = payout_batch_read(tx_result(t, 0), 0, x->arena, &x->batch);
	if (e == ERR_OK && x->batch.state != BATCH_PREPARED)
		e = ERR_WRONG_STATE;
	if (e == ERR_OK)
		e = read_payouts(x, tx_result(t, 1));
	if (e != ERR_OK)
		return tx_undo(t, e);
	e = send_events(x, t, tx_result(t, 2));
	if (x->count > 0)
		send_payouts(x, t);
	send_batch(x, t);
	proposal_send(t, x->in->mark);
	if (e == ERR_OK)
		e = send_books(x, t);
	return e == ERR_OK ? TX_COMMIT : tx_undo(t, e);
}

static void
instruct_done(struct tx *t, void *ctx, enum err e)
{
	struct instructing *x = ctx;

	e = ledger_err(t, proposal_err(t, e));
	if (e == ERR_INTERNAL)
		log_error(LOG_MSG("payouts not instructed"), LOG_STR("server", tx_sql_error(t)));
	x->done(x->ctx, e);
}

enum err
payout_instruct_start(struct pool *p, struct arena *arena, const struct payout_instruct *in,
    payout_done_fn *done, void *ctx)
{
	struct instructing *x = arena_zalloc(arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct instructing){.arena = arena, .in = in, .done = done, .ctx = ctx};
	return tx_start(p, instruct_step, instruct_done, x);
}
