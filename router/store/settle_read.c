/* settle_read: orders' money, many at once, as domain/payout_plan.h wants it. */
#include <string.h>

#include "store/money_read.h"
#include "store/settle.h"

/* Results of trip 0, in the order they are asked for. */
enum {
	R_LOCK,
	R_HOLDS,
	R_ORDERS,
	R_ROWS,
	R_PAYMENTS,
	R_PAYABLES,
	R_PAYOUTS,
	R_CALLS,
	R_REFUNDS,
	R_CLAWBACKS,
	R_PAYEES,
	R_BALANCES
};

static void
ask_orders(struct tx *t, const struct uuid *orders, int count, enum stmt s, const int32_t *brand)
{
	struct pg_args *a = tx_args(t);

	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &orders[i]);
	if (brand != NULL)
		args_i32(a, *brand);
	tx_add(t, s);
}

void
settle_ask(struct tx *t, const struct payout_terms *terms, const struct uuid *orders, int count)
{
	static const enum stmt reads[] = {STMT_SETTLE_HOLDS, STMT_SETTLE_ORDERS, STMT_SETTLE_ROWS,
	    STMT_SETTLE_PAYMENTS, STMT_SETTLE_PAYABLES, STMT_SETTLE_PAYOUTS, STMT_SETTLE_CALLS,
	    STMT_SETTLE_REFUNDS, STMT_SETTLE_CLAWBACKS, STMT_SETTLE_PAYEES};
	struct pg_args *a = tx_args(t);

	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &orders[i]);
	args_time(a, terms->now_us);
	tx_add(t, STMT_SETTLE_LOCK);
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		ask_orders(t, orders, count, reads[i], NULL);
	ask_orders(t, orders, count, STMT_SETTLE_BALANCES, &terms->world->brand);
}

/* Rows of one order: they stand together, and orders come in their order. */
struct rows {
	const PGresult *r;
	int at, count;
};

static void
rows_of(struct rows *x, int col, const struct uuid *id)
{
	x->at += x->count;
	x->count = 0;
	while (x->at + x->count < PQntuples(x->r)) {
		struct uuid is = col_uuid(x->r, x->at + x->count, col);

		if (!uuid_equal(&is, id))
			break;
		x->count++;
	}
}

/* One array of an order: ${n} rows of ${what}, or the error. */
#define TAKE(o, what, n) \
	do { \
		(o)->what##_count = (n); \
		(o)->what##s = arena_array(a, (size_t)(n), sizeof(*(o)->what##s)); \
		if ((o)->what##s == NULL) \
			return ERR_NO_MEMORY; \
	} while (0)

/* As it was read before: nobody has posted since if there are as many rows. */
static void
take_whole(const struct order_money *whole, struct payout_order *o)
{
	const struct money_row *rows = o->money.rows;

	if (whole == NULL || whole->row_count != o->money.row_count)
		return;
	o->money = *whole;
	o->money.rows = rows;
	o->whole = true;
}

static enum err
read_journal(struct arena *a, const struct rows *x, struct payout_order *o)
{
	struct money_row *rows = arena_array(a, (size_t)x->count, sizeof(*rows));
	enum err e = rows != NULL ? ERR_OK : ERR_NO_MEMORY;

	for (int i = 0; e == ERR_OK && i < x->count; i++)
		e = money_row_read(a, x->r, x->at + i, &rows[i]);
	o->money.rows = rows;
	o->money.row_count = x->count;
	return e;
}

/* Which of the order's first payments it is: E1 names the number. */
static int
ordinal(const struct rows *journal, const struct payout_order *o, const char *number)
{
	for (int i = 0; i < journal->count; i++)
		if (o->money.rows[i].event == EVENT_E1_PAID &&
		    strcmp(col_text(journal->r, journal->at + i, 10), number) == 0)
			return o->money.rows[i].event_no;
	return 0;
}

static enum err
read_payments(struct arena *a, const struct rows *x, const struct rows *journal,
    struct payout_order *o)
{
	TAKE(o, payment, x->count);
	for (int i = 0, n = x->at; i < x->count; i++, n++) {
		struct payout_payment *p = &o->payments[i];

		*p = (struct payout_payment){.provider = (enum provider)col_i16(x->r, n, 1),
		    .number = arena_strdup(a, col_text(x->r, n, 2)),
		    .fen = col_i64(x->r, n, 3),
		    .paid_us = col_time(x->r, n, 4),
		    .released = col_bool(x->r, n, 5)};
		if (p->number == NULL)
			return ERR_NO_MEMORY;
		p->ordinal = ordinal(journal, o, p->number);
	}
	return ERR_OK;
}

static enum err
read_holds(struct arena *a, const struct rows *x, struct payout_order *o)
{
	TAKE(o, settlement, x->count);
	for (int i = 0, n = x->at; i < x->count; i++, n++)
		o->settlements[i] = (struct payout_settlement){.number = col_i16(x->r, n, 1),
		    .due_us = col_time(x->r, n, 2),
		    .ended = col_bool(x->r, n, 3)};
	return ERR_OK;
}

static enum err
read_payables(struct arena *a, const struct rows *x, struct payout_order *o)
{
	TAKE(o, payable, x->count);
	o->payable_max = x->count;
	for (int i = 0, n = x->at; i < x->count; i++, n++) {
		struct payout_payable *p = &o->payables[i];

		*p = (struct payout_payable){.event = col_i16(x->r, n, 1),
		    .event_no = col_i32(x->r, n, 2),
		    .account = col_i64(x->r, n, 3),
		    .party = col_i32(x->r, n, 4),
		    .fen = col_i64(x->r, n, 5),
		    .rail = (enum rail)col_i16(x->r, n, 6),
		    .not_before_us = col_time(x->r, n, 7)};
		if (!col_null(x->r, n, 8))
			p->batch = col_uuid(x->r, n, 8);
		p->state = (enum batch_state)col_i16(x->r, n, 9);
	}
	return ERR_OK;
}

static enum err
read_payouts(struct arena *a, const struct rows *x, struct payout_order *o)
{
	TAKE(o, payout, x->count);
	for (int i = 0, n = x->at; i < x->count; i++, n++)
		o->payouts[i] = (struct payout_payout){.id = col_uuid(x->r, n, 1),
		    .payout_no = col_i32(x->r, n, 2),
		    .account = col_i64(x->r, n, 3),
		    .party = col_i32(x->r, n, 4),
		    .fen = col_i64(x->r, n, 5),
		    .state = (enum payout_state)col_i16(x->r, n, 6),
		    .fail_reason = ""};
	return ERR_OK;
}

static int
payment_of(const struct payout_order *o, const char *number)
{
	for (int i = 0; i < o->payment_count; i++)
		if (strcmp(o->payments[i].number, number) == 0)
			return i;
	return -1;
}

static enum err
read_item(struct arena *a, const PGresult *r, int row, const struct payout_order *o,
    struct payout_item *out)
{
	struct uuid payout;

	*out = (struct payout_item){.item_no = col_i16(r, row, 6),
	    .party = col_i32(r, row, 7),
	    .receiver = arena_strdup(a, col_text(r, row, 8)),
	    .personal = col_bool(r, row, 9),
	    .fen = col_i64(r, row, 10),
	    .payout = -1,
	    .result = (enum provider_result)col_i16(r, row, 12),
	    .posted = col_bool(r, row, 13),
	    .fail_reason = arena_strdup(a, col_text(r, row, 14)),
	    .finished_us = col_time(r, row, 15)};
	if (!col_null(r, row, 11)) {
		payout = col_uuid(r, row, 11);
		for (int i = 0; i < o->payout_count; i++)
			if (uuid_equal(&o->payouts[i].id, &payout))
				out->payout = i;
	}
	return out->receiver != NULL && out->fail_reason != NULL ? ERR_OK : ERR_NO_MEMORY;
}

/* Calls with their items: a call's rows stand together. */
static enum err
read_calls(struct arena *a, const struct rows *x, struct payout_order *o)
{
	enum err e = ERR_OK;

	TAKE(o, call, x->count);
	o->call_count = 0;
	for (int i = 0, n = x->at; e == ERR_OK && i < x->count; i++, n++) {
		const char *number = col_text(x->r, n, 1);
		struct payout_call *c = o->call_count > 0 ? &o->calls[o->call_count - 1] : NULL;

		if (c == NULL || strcmp(c->number, number) != 0) {
			c = &o->calls[o->call_count++];
			*c = (struct payout_call){.number = arena_strdup(a, number),
			    .split_number = arena_strdup(a, col_text(x->r, n, 5)),
			    .kind = (enum provider_call_kind)col_i16(x->r, n, 2),
			    .state = (enum provider_call_state)col_i16(x->r, n, 3),
			    .payment = payment_of(o, col_text(x->r, n, 4)),
			    .items = arena_array(a, (size_t)(x->count - i), sizeof(*c->items))};
			if (c->number == NULL || c->split_number == NULL || c->items == NULL)
				return ERR_NO_MEMORY;
		}
		if (c->payment < 0) /* of a payment that is not the order's: an orphan */
			return ERR_INTERNAL;
		e = read_item(a, x->r, n, o, &c->items[c->item_count++]);
	}
	return e;
}

static enum err
read_refunds(struct arena *a, const struct rows *x, struct payout_order *o)
{
	TAKE(o, refund, x->count);
	for (int i = 0, n = x->at; i < x->count; i++, n++) {
		struct payout_refund *r = &o->refunds[i];

		*r = (struct payout_refund){.refund_no = col_i32(x->r, n, 1),
		    .part_no = col_i16(x->r, n, 2),
		    .payment = payment_of(o, col_text(x->r, n, 3)),
		    .fen = col_i64(x->r, n, 4),
		    .rebate_fen = col_i64(x->r, n, 5),
		    .state = (enum refund_state)col_i16(x->r, n, 6),
		    .number = arena_strdup(a, col_text(x->r, n, 7)),
		    .due_us = col_time(x->r, n, 8)};
		if (r->number == NULL)
			return ERR_NO_MEMORY;
		if (r->payment < 0)
			return ERR_INTERNAL;
	}
	return ERR_OK;
}

static enum err
read_clawbacks(struct arena *a, const struct rows *x, struct payout_order *o)
{
	TAKE(o, clawback, x->count);
	for (int i = 0, n = x->at; i < x->count; i++, n++) {
		struct payout_clawback *c = &o->clawbacks[i];

		*c = (struct payout_clawback){.refund_no = col_i32(x->r, n, 1),
		    .party = col_i32(x->r, n, 2),
		    .creditor = col_i32(x->r, n, 3),
		    .fen = col_i64(x->r, n, 4),
		    .state = (enum clawback_state)col_i16(x->r, n, 5),
		    .number = arena_strdup(a, col_text(x->r, n, 6))};
		if (c->number == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

/* Shared by all orders of the set. */
static enum err
read_payees(struct arena *a, const PGresult *r, struct payout_payee **out)
{
	struct payout_payee *p = arena_array(a, (size_t)PQntuples(r), sizeof(*p));

	if (p == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < PQntuples(r); i++) {
		p[i] = (struct payout_payee){.party = col_i32(r, i, 0),
		    .kind = (enum party_kind)col_i16(r, i, 1),
		    .provider = (enum provider)col_i16(r, i, 2),
		    .merchant = arena_strdup(a, col_text(r, i, 3)),
		    .openid = arena_strdup(a, col_text(r, i, 4)),
		    .bank = col_bool(r, i, 5),
		    .flying_fen = col_i64(r, i, 6)};
		if (p[i].merchant == NULL || p[i].openid == NULL)
			return ERR_NO_MEMORY;
	}
	*out = p;
	return ERR_OK;
}

static enum err
read_balances(struct arena *a, const PGresult *r, struct payout_balances *out)
{
	out->count = out->max = PQntuples(r);
	out->rows = arena_array(a, (size_t)out->count, sizeof(*out->rows));
	if (out->rows == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < out->count; i++)
		out->rows[i] =
		    (struct money_balance){.account = col_i64(r, i, 0), .fen = col_i64(r, i, 1)};
	return ERR_OK;
}

/* All of one order; each cursor moves on to the next. */
static enum err
read_order(struct arena *a, struct rows x[], struct payout_order *o)
{
	enum err e;

	for (int i = R_HOLDS; i <= R_CLAWBACKS; i++)
		if (i != R_ORDERS)
			rows_of(&x[i], i == R_ROWS ? 11 : 0, &o->order_id);
	e = read_journal(a, &x[R_ROWS], o);
	if (e == ERR_OK)
		e = read_payments(a, &x[R_PAYMENTS], &x[R_ROWS], o);
	if (e == ERR_OK)
		e = read_holds(a, &x[R_HOLDS], o);
	if (e == ERR_OK)
		e = read_payables(a, &x[R_PAYABLES], o);
	if (e == ERR_OK)
		e = read_payouts(a, &x[R_PAYOUTS], o);
	if (e == ERR_OK)
		e = read_calls(a, &x[R_CALLS], o);
	if (e == ERR_OK)
		e = read_refunds(a, &x[R_REFUNDS], o);
	if (e == ERR_OK)
		e = read_clawbacks(a, &x[R_CLAWBACKS], o);
	return e;
}

enum err
settle_read(struct tx *t, struct settle_set *s)
{
	const PGresult *r = tx_result(t, R_ORDERS);
	struct rows x[R_BALANCES + 1];
	struct payout_payee *payees = NULL;
	enum err e;

	for (int i = 0; i <= R_BALANCES; i++)
		x[i] = (struct rows){.r = tx_result(t, i)};
	s->count = PQntuples(r);
	s->orders = arena_array(s->arena, (size_t)s->count, sizeof(*s->orders));
	if (s->orders == NULL)
		return ERR_NO_MEMORY;
	e = read_payees(s->arena, tx_result(t, R_PAYEES), &payees);
	if (e == ERR_OK)
		e = read_balances(s->arena, tx_result(t, R_BALANCES), &s->balances);
	for (int i = 0; e == ERR_OK && i < s->count; i++) {
		struct payout_order *o = &s->orders[i];

		*o = (struct payout_order){.order_id = col_uuid(r, i, 0),
		    .dealer = col_i32(r, i, 1),
		    .split_version = col_i32(r, i, 2),
		    .collector = col_i32(r, i, 3),
		    .payee_count = PQntuples(tx_result(t, R_PAYEES)),
		    .payees = payees};
		o->money.world = s->terms->world;
		o->money.collector = o->collector;
		o->money.owner = o->dealer;
		/* a catalog older than the order: the next pass has another */
		if (world_party_row(s->terms->world, o->dealer) == NULL ||
		    world_party_row(s->terms->world, o->collector) == NULL)
			return ERR_NOT_READY;
		e = read_order(s->arena, x, o);
		take_whole(s->whole, o);
	}
	return e;
}
