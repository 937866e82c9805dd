#include "store/finance.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "domain/party.h"
#include "store/ledger.h"

struct run {
	struct finance_write in;
	struct finance_read read;
	struct finance_plan plan;
	struct ledger_row rows[FINANCE_ROWS_MAX];
	enum err refused;
};

static bool
of_order(const struct run *x)
{
	return !uuid_is_zero(&x->in.order_id);
}

/* ---- Reading -------------------------------------------------------------------------------------------- */

enum result { R_LOCK, R_ORDER, R_PAYMENT, R_SUMS, R_NUMBER, R_ORDER_COUNT };

static void
send_order(struct run *x, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_array(a, ELEM_UUID);
	elem_uuid(a, &x->in.order_id);
	args_array_end(a);
	args_time(a, x->in.now_us);
	tx_add(t, STMT_SETTLE_LOCK);
	for (int i = R_ORDER; i < R_ORDER_COUNT; i++) {
		static const enum stmt stmts[] = {[R_ORDER] = STMT_FINANCE_ORDER,
		    [R_PAYMENT] = STMT_FINANCE_PAYMENT,
		    [R_SUMS] = STMT_FINANCE_SUMS,
		    [R_NUMBER] = STMT_FINANCE_NUMBER};

		a = tx_args(t);
		args_uuid(a, &x->in.order_id);
		if (i == R_NUMBER)
			args_i16(a, (int16_t)x->in.event);
		tx_add(t, stmts[i]);
	}
}

static void
send_corrected(struct run *x, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	args_uuid(a, &x->in.object);
	args_i16(a, (int16_t)x->in.object_event);
	args_i32(a, x->in.object_event_no);
	tx_add(t, STMT_FINANCE_CORRECTED);
}

static enum err
read_sums(struct run *x, const PGresult *r)
{
	const int count = PQntuples(r);
	struct finance_sum *sums = arena_array(x->in.arena, (size_t)count, sizeof(*sums));

	if (sums == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++)
		sums[i] = (struct finance_sum){.event = (enum journal_event)col_i16(r, i, 0),
		    .account = col_i64(r, i, 1),
		    .fen = col_i64(r, i, 2)};
	x->read.books.sums = sums;
	x->read.books.sum_count = count;
	return ERR_OK;
}

static enum err
read_order(struct run *x, struct tx *t)
{
	const PGresult *o = tx_result(t, R_ORDER), *p = tx_result(t, R_PAYMENT);
	struct finance_read *f = &x->read;

	f->found = PQntuples(o) == 1;
	if (!f->found)
		return ERR_OK;
	f->dealer = col_i32(o, 0, 0);
	f->collector = col_i32(o, 0, 1);
	f->split_version = col_i32(o, 0, 2);
	f->paid_us = col_time(o, 0, 3);
	f->event_no_next = col_i32(tx_result(t, R_NUMBER), 0, 0) + 1;
	f->books.world = x->in.world;
	f->books.collector = f->collector;
	f->books.owner = f->dealer;
	if (PQntuples(p) == 1)
		f->books.provider = (enum provider)col_i16(p, 0, 0);
	return read_sums(x, tx_result(t, R_SUMS));
}

static void
read_corrected(struct run *x, const PGresult *r)
{
	struct finance_read *f = &x->read;

	f->event_no_next = 1;
	f->corrected = PQntuples(r) == 1;
	if (!f->corrected)
		return;
	f->corrected_us = col_time(r, 0, 0);
	f->corrected_dealer = col_i32(r, 0, 1);
	f->corrected_split = col_i32(r, 0, 2);
	f->corrected_order = col_uuid(r, 0, 3);
	f->collector = col_i32(r, 0, 4);
	f->books.world = x->in.world;
}

static int
account_order(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static enum err
ask_balances(struct run *x, struct tx *t)
{
	int64_t accounts[FINANCE_ACCOUNTS_MAX];
	struct pg_args *a;
	int count = 0;
	enum err e = x->in.judge(x->in.ctx, &x->read, accounts, &count);

	if (e != ERR_OK)
		return e;
	qsort(accounts, (size_t)count, sizeof(accounts[0]), account_order);
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, accounts[i]);
	tx_add(t, STMT_FINANCE_BALANCES);
	return ERR_OK;
}

static enum err
read_balances(struct run *x, const PGresult *r)
{
	const int count = PQntuples(r);
	struct money_balance *b = arena_array(x->in.arena, (size_t)count, sizeof(*b));

	if (b == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++)
		b[i] = (struct money_balance){.account = col_i64(r, i, 0), .fen = col_i64(r, i, 1)};
	x->read.books.balances = b;
	x->read.books.balance_count = count;
	return ERR_OK;
}

/* ---- Writing ---------------------------------------------------------------------------------------------- */

/* What else the order's tables say of accounts that can be paid out. */
struct payables {
	int count;
	int event_no[FINANCE_ROWS_MAX * POSTING_LEGS_MAX];
	int64_t account[FINANCE_ROWS_MAX * POSTING_LEGS_MAX];
	int64_t fen[FINANCE_ROWS_MAX * POSTING_LEGS_MAX];
};

static bool
is_payable(int64_t account)
{
	return account_staged(account) && account_stage(account) == STAGE_AVAIL;
}

static void
payables_add(struct payables *p, const struct posting *row, int event_no)
{
	const int first = p->count;

	for (int i = 0; i < row->leg_count; i++) {
		int k;

		if (!is_payable(row->account[i]))
			continue;
		for (k = first; k < p->count && p->account[k] != row->account[i]; k++)
			;
		if (k == p->count) {
			p->event_no[k] = event_no;
			p->account[k] = row->account[i];
			p->fen[k] = -posting_sum(row, row->account[i]);
			p->count += p->fen[k] != 0;
		}
	}
}

static int32_t
party_of(const struct run *x, int64_t account)
{
	return account_party(account) != 0 ? account_party(account)
	                                   : party_of_kind(x->in.world, PARTY_PLATFORM);
}

static int32_t
collector_of(const struct run *x, int64_t account)
{
	if (account_other(account) != 0)
		return account_other(account);
	return x->read.collector != 0 ? x->read.collector : x->in.world->brand;
}

static const struct uuid *
object_of(const struct run *x)
{
	return of_order(x) ? &x->in.order_id : &x->in.mark->row->id;
}

static int32_t
dealer_of(const struct run *x)
{
	return of_order(x) ? x->read.dealer : x->read.corrected_dealer;
}

static void
send_payables(struct run *x, struct tx *t, const struct payables *p)
{
	struct pg_args *a;

	if (p->count == 0)
		return;
	a = tx_args(t);
	args_uuid(a, object_of(x));
	args_i32(a, dealer_of(x));
	args_time(a, x->in.now_us);
	args_i16(a, (int16_t)x->in.event);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, p->count, p->event_no[i]);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, p->count, p->account[i]);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, p->count, collector_of(x, p->account[i]));
	ARGS_ARRAY(a, ELEM_I32, elem_i32, p->count, party_of(x, p->account[i]));
	ARGS_ARRAY(a, ELEM_I64, elem_i64, p->count, p->fen[i]);
	tx_add(t, STMT_FINANCE_PAYABLE);
}

static void
send_holds(struct run *x, struct tx *t)
{
	struct pg_args *a;

	if (x->plan.holds == HOLDS_STAY)
		return;
	a = tx_args(t);
	args_uuid(a, &x->in.order_id);
	tx_add(t, x->plan.holds == HOLDS_STOP ? STMT_FINANCE_HOLDS_STOP : STMT_FINANCE_HOLDS_GO_ON);
}

static enum err
send_all(struct run *x, struct tx *t)
{
	struct payables payables = {0};
	int count = 0;

	for (int i = 0; i < x->plan.row_count; i++) {
		struct ledger_row *r = &x->rows[count];

		if (x->plan.rows[i].leg_count == 0)
			continue;
		*r = (struct ledger_row){.object = *object_of(x),
		    .dealer = dealer_of(x),
		    .split_version = of_order(x) ? x->read.split_version : x->read.corrected_split,
		    .event_no = x->read.event_no_next + count,
		    .event_at_us = x->plan.event_us,
		    .provider_ref = "",
		    .posting = &x->plan.rows[i]};
		if (x->in.corrects) {
			r->corrects = &x->in.object;
			r->corrects_event = x->in.object_event;
			r->corrects_no = x->in.object_event_no;
			if (!uuid_is_zero(&x->read.corrected_order))
				r->order_id = &x->read.corrected_order;
		}
		payables_add(&payables, r->posting, r->event_no);
		count++;
	}
	send_payables(x, t, &payables);
	send_holds(x, t);
	proposal_send(t, x->in.mark);
	return ledger_post(t, x->in.arena, x->rows, count, x->in.now_us);
}

/* ---- The transaction ----------------------------------------------------------------------------------------- */

static enum tx_next
refuse(struct run *x, struct tx *t, enum err e)
{
	x->refused = e;
	tx_fail(t, e);
	return TX_ROLLBACK;
}

static enum tx_next
step(struct tx *t, void *ctx)
{
	struct run *x = ctx;
	enum err e = ERR_OK;

	switch (tx_trip(t)) {
	case 0:
		memset(&x->read, 0, sizeof(x->read));
		memset(&x->plan, 0, sizeof(x->plan));
		x->refused = ERR_OK;
		if (of_order(x))
			send_order(x, t);
		if (x->in.corrects)
			send_corrected(x, t);
		return TX_TRIP;
	case 1:
		if (of_order(x))
			e = read_order(x, t);
		if (x->in.corrects)
			read_corrected(x, tx_result(t, of_order(x) ? R_ORDER_COUNT : 0));
		if (e == ERR_OK)
			e = ask_balances(x, t);
		return e == ERR_OK ? TX_TRIP : refuse(x, t, e);
	default:
		e = read_balances(x, tx_result(t, 0));
		if (e == ERR_OK)
			e = x->in.plan(x->in.ctx, &x->read, &x->plan);
		if (e == ERR_OK)
			e = send_all(x, t);
		return e == ERR_OK ? TX_COMMIT : refuse(x, t, e);
	}
}

static void
done(struct tx *t, void *ctx, enum err e)
{
	struct run *x = ctx;

	if (e != ERR_OK && x->refused == ERR_OK)
		log_info(LOG_MSG("a write of finance did not go through"),
		    LOG_STR("err", err_name(e)), LOG_STR("constraint", tx_constraint(t)),
		    LOG_STR("server", tx_sql_error(t)));
	if (x->refused == ERR_OK)
		e = ledger_err(t, proposal_err(t, e));
	/* The event has its number already: others posted meanwhile. */
	if (e == ERR_WRONG_STATE && x->refused == ERR_OK)
		e = ERR_CONTENDED;
	x->in.done(x->in.done_ctx, e);
}

enum err
finance_start(struct pool *p, const struct finance_write *w)
{
	struct run *x = arena_zalloc(w->arena, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	x->in = *w;
	return tx_start(p, step, done, x);
}
