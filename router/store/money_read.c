#include "store/money_read.h"

#include "store/order_read_row.h"

#define UNIT_NUMBERS 7 /* of a range in journal.units */

/* ---- Decisions ---------------------------------------------------------------------------------- */

/* Behind the columns of ORDER_DECISION: the rows of its legs, the order's lines. */
enum { D_LEG_ROW = 9, D_LINE_OF };

static enum err
decision_more_read(struct arena *a, const PGresult *r, int row, struct decision_read *d)
{
	struct col_array leg_row, line_of;
	int16_t *lines;

	d->rows_known = !col_null(r, row, D_LEG_ROW);
	(void)col_array_open(r, row, D_LEG_ROW, &leg_row);
	for (int i = 0; d->rows_known && i < d->leg_count; i++)
		d->legs[i].row = array_i16(&leg_row);
	d->line_of_count = col_array_open(r, row, D_LINE_OF, &line_of);
	lines = arena_array(a, (size_t)d->line_of_count, sizeof(*lines));
	if (lines == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < d->line_of_count; i++)
		lines[i] = array_i16(&line_of);
	d->line_of = lines;
	return ERR_OK;
}

static enum err
decisions_read(struct arena *a, const PGresult *r, struct money_read *m)
{
	struct order_read one = {0};
	enum err e = ERR_OK;

	m->decision_count = PQntuples(r);
	m->decisions = arena_array(a, (size_t)m->decision_count, sizeof(*m->decisions));
	if (m->decisions == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; e == ERR_OK && i < m->decision_count; i++) {
		e = decision_row_read(a, r, i, &one);
		if (e == ERR_OK)
			e = decision_more_read(a, r, i, one.decision);
		if (e == ERR_OK)
			m->decisions[i] = *one.decision;
	}
	return e;
}

/* ---- The journal -------------------------------------------------------------------------------- */

enum {
	J_EVENT,
	J_NO,
	J_NUMBER,
	J_ACCOUNTS,
	J_AMOUNTS,
	J_KINDS,
	J_UNITS,
	J_AT,
	J_POSTED,
	J_PERIOD,
	J_REF
};

static enum err
units_read(struct arena *a, const PGresult *r, int row, struct money_row *out)
{
	struct col_array n;
	struct posting_units *u;

	out->unit_count = col_array_open(r, row, J_UNITS, &n) / UNIT_NUMBERS;
	u = arena_array(a, (size_t)out->unit_count, sizeof(*u));
	if (u == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < out->unit_count; i++) {
		u[i].line = (int16_t)array_i32(&n);
		u[i].from = array_i32(&n);
		u[i].count = array_i32(&n);
		u[i].attempt = (int16_t)array_i32(&n);
		u[i].part = (int16_t)array_i32(&n);
		u[i].row = (int16_t)array_i32(&n);
		u[i].row_from = array_i32(&n);
	}
	out->units = u;
	return ERR_OK;
}

enum err
money_row_read(struct arena *a, const PGresult *r, int row, struct money_row *out)
{
	struct col_array account, fen, kind;
	int64_t *accounts, *amounts;
	int16_t *kinds;

	out->event = (enum journal_event)col_i16(r, row, J_EVENT);
	out->event_no = col_i32(r, row, J_NO);
	out->number = col_i16(r, row, J_NUMBER);
	out->leg_count = col_array_open(r, row, J_ACCOUNTS, &account);
	(void)col_array_open(r, row, J_AMOUNTS, &fen);
	(void)col_array_open(r, row, J_KINDS, &kind);
	accounts = arena_array(a, (size_t)out->leg_count, sizeof(*accounts));
	amounts = arena_array(a, (size_t)out->leg_count, sizeof(*amounts));
	kinds = arena_array(a, (size_t)out->leg_count, sizeof(*kinds));
	if (accounts == NULL || amounts == NULL || kinds == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < out->leg_count; i++) {
		accounts[i] = array_i64(&account);
		amounts[i] = array_i64(&fen);
		kinds[i] = array_i16(&kind);
	}
	out->account = accounts;
	out->fen = amounts;
	out->kind = kinds;
	return units_read(a, r, row, out);
}

static enum err
rows_read(struct arena *a, const PGresult *r, struct money_read *m)
{
	enum err e = ERR_OK;

	m->row_count = PQntuples(r);
	m->rows = arena_array(a, (size_t)m->row_count, sizeof(*m->rows));
	m->metas = arena_array(a, (size_t)m->row_count, sizeof(*m->metas));
	if (m->rows == NULL || m->metas == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; e == ERR_OK && i < m->row_count; i++) {
		m->metas[i] = (struct money_row_meta){.event_us = col_time(r, i, J_AT),
		    .posted_us = col_time(r, i, J_POSTED),
		    .period = col_i32(r, i, J_PERIOD),
		    .provider_ref = arena_strdup(a, col_text(r, i, J_REF))};
		e = m->metas[i].provider_ref != NULL ? money_row_read(a, r, i, &m->rows[i])
		                                     : ERR_NO_MEMORY;
	}
	return e;
}

/* ---- What follows from it ------------------------------------------------------------------------ */

static enum err
settlements_read(struct arena *a, const PGresult *r, struct money_read *m)
{
	m->settlement_count = PQntuples(r);
	m->settlements = arena_array(a, (size_t)m->settlement_count, sizeof(*m->settlements));
	if (m->settlements == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < m->settlement_count; i++)
		m->settlements[i] = (struct settlement_read){.number = col_i16(r, i, 0),
		    .due_us = col_time(r, i, 1),
		    .ended_us = col_time(r, i, 2),
		    .changes = col_i32(r, i, 3)};
	return ERR_OK;
}

/* Rows of account and amount. */
static enum err
sums_read(struct arena *a, const PGresult *r, struct money_balance **out, int *count)
{
	*count = PQntuples(r);
	*out = arena_array(a, (size_t)*count, sizeof(**out));
	if (*out == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < *count; i++)
		(*out)[i] =
		    (struct money_balance){.account = col_i64(r, i, 0), .fen = col_i64(r, i, 1)};
	return ERR_OK;
}

static enum err
balances_read(struct arena *a, const PGresult *r, struct money_read *m)
{
	return sums_read(a, r, &m->balances, &m->balance_count);
}

static enum err
refunds_read(struct arena *a, const PGresult *r, struct money_read *m)
{
	m->refund_count = PQntuples(r);
	m->refunds = arena_array(a, (size_t)m->refund_count, sizeof(*m->refunds));
	if (m->refunds == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < m->refund_count; i++) {
		m->refunds[i] = (struct refund_read){.refund_no = col_i32(r, i, 0),
		    .part_no = col_i16(r, i, 1),
		    .state = col_i16(r, i, 2),
		    .provider = (enum provider)col_i16(r, i, 3),
		    .payment_number = arena_strdup(a, col_text(r, i, 4)),
		    .fen = col_i64(r, i, 5),
		    .rebate_fen = col_i64(r, i, 6)};
		if (m->refunds[i].payment_number == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static enum err
split_paid_read(struct arena *a, const PGresult *r, struct money_read *m)
{
	m->split_paid_count = PQntuples(r);
	m->split_paid = arena_array(a, (size_t)m->split_paid_count, sizeof(*m->split_paid));
	if (m->split_paid == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < m->split_paid_count; i++)
		m->split_paid[i] =
		    (struct split_paid_read){.party = col_i32(r, i, 0), .fen = col_i64(r, i, 1)};
	return ERR_OK;
}

typedef enum err read_fn(struct arena *a, const PGresult *r, struct money_read *m);

/* In the order they are asked for. */
static const struct {
	enum stmt ask;
	read_fn *read;
} reads[] = {
    {STMT_MONEY_SETTLEMENTS, settlements_read},
    {STMT_MONEY_ROWS, rows_read},
    {STMT_MONEY_DECISIONS, decisions_read},
    {STMT_MONEY_BALANCES, balances_read},
    {STMT_MONEY_REFUNDS, refunds_read},
    {STMT_MONEY_SPLIT_PAID, split_paid_read},
};
#define READ_COUNT ((int)(sizeof(reads) / sizeof(reads[0])))

int
money_result_count(unsigned with)
{
	return ((with & READ_MONEY) != 0 ? READ_COUNT : 0) + ((with & READ_POSTED) != 0);
}

static void
ask(struct tx *t, const struct uuid *order_id, enum stmt s)
{
	args_uuid(tx_args(t), order_id);
	tx_add(t, s);
}

void
money_ask(struct tx *t, const struct uuid *order_id, unsigned with)
{
	for (int i = 0; (with & READ_MONEY) != 0 && i < READ_COUNT; i++)
		ask(t, order_id, reads[i].ask);
	if ((with & READ_POSTED) != 0)
		ask(t, order_id, STMT_MONEY_POSTED);
}

static enum err
money_read_all(struct arena *a, struct tx *t, int at, struct order_read *o)
{
	struct money_read *m = arena_zalloc(a, sizeof(*m));
	enum err e = ERR_OK;

	if (m == NULL)
		return ERR_NO_MEMORY;
	o->money = m;
	for (int i = 0; e == ERR_OK && i < READ_COUNT; i++)
		e = reads[i].read(a, tx_result(t, at + i), m);
	return e;
}

enum err
money_rows_read(struct arena *a, struct tx *t, int at, unsigned with, struct order_read *o)
{
	enum err e = ERR_OK;

	if ((with & READ_MONEY) != 0)
		e = money_read_all(a, t, at, o);
	at += (with & READ_MONEY) != 0 ? READ_COUNT : 0;
	if (e == ERR_OK && (with & READ_POSTED) != 0)
		e = sums_read(a, tx_result(t, at), &o->posted, &o->posted_count);
	return e;
}
