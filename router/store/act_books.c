#include "store/act_books.h"

#include "store/ledger.h"

#define REFUND_DUE 1
#define CLAWBACK_DUE 1

static void
head(struct pg_args *a, const struct books_of *of)
{
	args_uuid(a, &of->order_id);
	args_i32(a, of->dealer);
	args_i32(a, of->collector);
	args_time(a, of->now_us);
}

int
books_guard(const struct act_books *b, const struct books_of *of, struct tx *t)
{
	const struct act_settled *s = b->settled;
	const int count = b->settled_count;
	struct pg_args *a;

	if (count == 0)
		return 0;
	a = tx_args(t);
	args_uuid(a, &of->order_id);
	args_i32(a, of->dealer);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)s[i].number);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, s[i].changes);
	ARGS_ARRAY(a, ELEM_BOOL, elem_bool, count, s[i].ended);
	tx_add(t, STMT_SETTLEMENT_CHANGE);
	return count;
}

static void
settlements_send(const struct act_books *b, const struct books_of *of, struct tx *t)
{
	const struct act_settlement *s = b->settlements;
	const int count = b->settlement_count;
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	head(a, of);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)s[i].number);
	ARGS_ARRAY(a, ELEM_TIME, elem_time, count, s[i].due_us);
	tx_add(t, STMT_SETTLEMENT_INSERT);
}

void
books_refund_send(const struct act_refund *r, int count, const struct books_of *of, struct tx *t)
{
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	head(a, of);
	args_i16(a, REFUND_DUE);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, r[i].refund_no);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)r[i].part_no);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)r[i].provider);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, count, r[i].payment_number);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, r[i].fen);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, r[i].rebate_fen);
	tx_add(t, STMT_REFUND_INSERT);
}

static void
payables_send(const struct act_books *b, const struct books_of *of, struct tx *t)
{
	const struct act_payable *p = b->payables;
	const int count = b->payable_count;
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	head(a, of);
	args_i16(a, EVENT_R1_REFUND);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, p[i].event_no);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, p[i].account);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, p[i].party);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, p[i].fen);
	tx_add(t, STMT_PAYABLE_TAKE);
}

static void
clawbacks_send(const struct act_books *b, const struct books_of *of, struct tx *t)
{
	const struct act_clawback *c = b->clawbacks;
	const int count = b->clawback_count;
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	head(a, of);
	args_i16(a, CLAWBACK_DUE);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, c[i].refund_no);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, c[i].party);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, c[i].creditor);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, c[i].fen);
	tx_add(t, STMT_CLAWBACK_INSERT);
}

enum err
books_send(const struct act_books *b, const struct books_of *of, struct arena *arena, struct tx *t)
{
	struct ledger_row rows[ACT_POSTINGS_MAX];

	settlements_send(b, of, t);
	books_refund_send(b->refunds, b->refund_count, of, t);
	payables_send(b, of, t);
	clawbacks_send(b, of, t);
	for (int i = 0; i < b->posting_count; i++)
		rows[i] = (struct ledger_row){.object = of->order_id,
		    .dealer = of->dealer,
		    .split_version = of->split_version,
		    .event_no = b->postings[i].event_no,
		    .event_at_us = of->now_us,
		    .provider_ref = "",
		    .posting = b->postings[i].posting};
	return ledger_send(t, arena, rows, b->posting_count, of->now_us);
}
