#include "store/order_read_row.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "store/money_read.h"
#include "store/return_read.h"

/* ---- Rows -------------------------------------------------------------------------------------- */

static void *
copied(struct arena *a, const PGresult *r, int row, int col, size_t *len)
{
	const uint8_t *p;

	p = col_bytes(r, row, col, len);
	return arena_memdup(a, p, *len);
}

static enum err
lines_read(struct arena *a, const PGresult *r, int row, struct order_read *o)
{
	struct col_array sku, quantity, price, cost, discount, campaign;
	struct order_line_read *l;
	bool discounted;
	int i;

	o->line_count = col_array_open(r, row, 24, &sku);
	(void)col_array_open(r, row, 25, &quantity);
	(void)col_array_open(r, row, 26, &price);
	(void)col_array_open(r, row, 27, &cost);
	discounted = col_array_open(r, row, 28, &discount) > 0;
	(void)col_array_open(r, row, 29, &campaign);
	o->lines = arena_array(a, (size_t)o->line_count, sizeof(*o->lines));
	if (o->lines == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < o->line_count; i++) {
		l = &o->lines[i];
		l->sku = array_i32(&sku);
		l->quantity = array_i32(&quantity);
		l->price_fen = array_i64(&price);
		l->cost_fen = array_i64(&cost);
		if (!discounted)
			continue;
		l->discount_fen = array_i64(&discount);
		l->campaign = array_i32(&campaign);
	}
	return ERR_OK;
}

enum err
order_row_read(struct arena *a, const PGresult *r, int row, struct order_read *o)
{
	*o = (struct order_read){0};
	o->order_id = col_uuid(r, row, 0);
	o->dealer = col_i32(r, row, 1);
	o->storefront = col_i32(r, row, 2);
	o->owner_location = col_i32(r, row, 3);
	o->owner_staff = col_i32(r, row, 4);
	o->policy_version = col_i32(r, row, 5);
	o->split_version = col_i32(r, row, 6);
	o->collector = col_i32(r, row, 7);
	o->customer = (uint64_t)col_i64(r, row, 8);
	o->goods_fen = col_i64(r, row, 9);
	o->delivery_fee_fen = col_i64(r, row, 10);
	o->funded_fen = col_i64(r, row, 11);
	o->fee_fen = col_i64(r, row, 12);
	o->margin_fen = col_i64(r, row, 13);
	o->refund_due_fen = col_i64(r, row, 14);
	o->created_us = col_time(r, row, 15);
	o->pay_by_us = col_time(r, row, 16);
	o->paid_at_us = col_time(r, row, 17);
	o->owner_since_us = col_time(r, row, 18);
	o->owner_source = (enum owner_source)col_i16(r, row, 19);
	o->mark = (enum order_mark)col_i16(r, row, 20);
	o->way = (enum way)col_i16(r, row, 21);
	o->accept_other_way = col_bool(r, row, 22);
	o->due_us = col_time(r, row, 30);
	o->changes = col_i16(r, row, 31);
	o->order_ref = arena_strdup(a, col_text(r, row, 23));
	if (o->order_ref == NULL)
		return ERR_NO_MEMORY;
	return lines_read(a, r, row, o);
}

static enum err
fulfilment_lines_read(struct arena *a, const PGresult *r, int row, struct fulfilment_read *f)
{
	struct col_array line, sku, quantity, owner;
	int i;

	f->line_count = col_array_open(r, row, 16, &line);
	(void)col_array_open(r, row, 17, &sku);
	(void)col_array_open(r, row, 18, &quantity);
	(void)col_array_open(r, row, 19, &owner);
	f->lines = arena_array(a, (size_t)f->line_count, sizeof(*f->lines));
	if (f->lines == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < f->line_count; i++) {
		f->lines[i].line = array_i16(&line);
		f->lines[i].sku = array_i32(&sku);
		f->lines[i].quantity = array_i32(&quantity);
		f->lines[i].goods_owner = array_i32(&owner);
		f->lines[i].entitled = col_array_has_i32(r, row, 20, f->lines[i].sku);
	}
	return ERR_OK;
}

enum err
fulfilment_row_read(struct arena *a, const PGresult *r, int row, struct fulfilment_read *f)
{
	*f = (struct fulfilment_read){0};
	f->number = col_i16(r, row, 1);
	f->attempt = col_i16(r, row, 2);
	f->dealer = col_i32(r, row, 3);
	f->location = col_i32(r, row, 4);
	f->distance_m = col_i32(r, row, 5);
	f->way = (enum way)col_i16(r, row, 6);
	f->state = (enum fulfilment_state)col_i16(r, row, 7);
	f->has_slot = !col_null(r, row, 8);
	f->slot_from_min = col_i16(r, row, 8);
	f->slot_to_min = col_i16(r, row, 9);
	f->has_capacity_day = !col_null(r, row, 10);
	f->capacity_day = f->has_capacity_day ? col_date(r, row, 10) : 0;
	f->takes_capacity = col_bool(r, row, 11);
	f->promise_from_us = col_time(r, row, 12);
	f->promise_to_us = col_time(r, row, 13);
	f->offer_deadline_us = col_time(r, row, 14);
	f->accept_min = col_i32(r, row, 15);
	f->due_us = col_time(r, row, 21);
	f->split_from = col_i16(r, row, 22);
	f->hops = col_i16(r, row, 23);
	f->code_no = col_i16(r, row, 24);
	f->wrong_tries = col_i16(r, row, 25);
	f->locked_until_us = col_time(r, row, 26);
	f->handed_us = col_time(r, row, 27);
	f->overdue_us = col_time(r, row, 28);
	f->moved_to = col_i16(r, row, 30);
	f->delivery_fee_fen = col_null(r, row, 31) ? -1 : col_i64(r, row, 31);
	f->tracking = col_null(r, row, 29) ? "" : arena_strdup(a, col_text(r, row, 29));
	return f->tracking != NULL ? fulfilment_lines_read(a, r, row, f) : ERR_NO_MEMORY;
}

enum err
fulfilments_read(struct arena *a, const PGresult *r, struct order_read *orders, int count)
{
	struct fulfilment_read *all;
	struct order_read *o;
	struct uuid id;
	enum err e;
	int i, n;

	all = arena_array(a, (size_t)PQntuples(r), sizeof(*all));
	if (all == NULL)
		return ERR_NO_MEMORY;
	o = NULL;
	for (i = 0; i < PQntuples(r); i++) {
		e = fulfilment_row_read(a, r, i, &all[i]);
		if (e != ERR_OK)
			return e;
		id = col_uuid(r, i, 0);
		for (n = 0; (o == NULL || !uuid_equal(&o->order_id, &id)) && n < count; n++)
			o = &orders[n];
		assert(o != NULL && uuid_equal(&o->order_id, &id));
		if (o->fulfilment_count++ == 0)
			o->fulfilments = &all[i];
	}
	return ERR_OK;
}

static enum err
legs_read(struct arena *a, const PGresult *r, int row, struct decision_read *d)
{
	struct col_array kind, party, fen, line, part;
	int i;

	d->leg_count = col_array_open(r, row, 2, &kind);
	(void)col_array_open(r, row, 3, &party);
	(void)col_array_open(r, row, 4, &fen);
	(void)col_array_open(r, row, 5, &line);
	(void)col_array_open(r, row, 6, &part);
	d->legs = arena_array(a, (size_t)d->leg_count, sizeof(*d->legs));
	if (d->legs == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < d->leg_count; i++) {
		d->legs[i].kind = (enum leg_kind)array_i16(&kind);
		d->legs[i].party = array_i32(&party);
		d->legs[i].fen = array_i64(&fen);
		d->legs[i].line = array_i16(&line);
		d->legs[i].part = array_i16(&part);
	}
	d->funding_count = col_array_open(r, row, 7, &party);
	(void)col_array_open(r, row, 8, &fen);
	d->fundings = arena_array(a, (size_t)d->funding_count, sizeof(*d->fundings));
	if (d->fundings == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < d->funding_count; i++) {
		d->fundings[i].party = array_i32(&party);
		d->fundings[i].fen = array_i64(&fen);
	}
	return ERR_OK;
}

enum err
decision_row_read(struct arena *a, const PGresult *r, int row, struct order_read *o)
{
	struct decision_read *d;

	d = arena_zalloc(a, sizeof(*d));
	if (d == NULL)
		return ERR_NO_MEMORY;
	d->attempt = col_i16(r, row, 0);
	d->record = copied(a, r, row, 1, &d->record_len);
	if (d->record == NULL)
		return ERR_NO_MEMORY;
	o->decision = d;
	return legs_read(a, r, row, d);
}

static enum err
decision_read(struct arena *a, const PGresult *r, struct order_read *o)
{
	return PQntuples(r) > 0 ? decision_row_read(a, r, 0, o) : ERR_OK;
}

static enum err
payments_read(struct arena *a, const PGresult *r, struct order_read *o)
{
	struct payment_read *p;
	int i;

	o->payment_count = PQntuples(r);
	o->payments = arena_array(a, (size_t)o->payment_count, sizeof(*p));
	if (o->payments == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < o->payment_count; i++) {
		p = &o->payments[i];
		p->provider = (enum provider)col_i16(r, i, 0);
		p->number = arena_strdup(a, col_text(r, i, 1));
		p->amount_fen = col_i64(r, i, 2);
		p->paid_at_us = col_time(r, i, 3);
		p->outcome = (enum payment_outcome)col_i16(r, i, 4);
		if (p->number == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static enum err
acts_read(struct arena *a, const PGresult *r, struct order_read *o)
{
	o->act_count = PQntuples(r);
	o->acts = arena_array(a, (size_t)o->act_count, sizeof(*o->acts));
	if (o->acts == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < o->act_count; i++) {
		struct act_read *act = &o->acts[i];
		size_t len;

		*act = (struct act_read){.act_no = col_i32(r, i, 0),
		    .kind = (enum act_kind)col_i16(r, i, 1),
		    .number = col_i16(r, i, 2),
		    .at_us = col_time(r, i, 3),
		    .party = col_i32(r, i, 4),
		    .location = col_i32(r, i, 5),
		    .staff = col_i32(r, i, 6),
		    .key_id = col_i64(r, i, 7),
		    .state = col_i16(r, i, 8),
		    .reason = col_i16(r, i, 9),
		    .refund_fen = col_i64(r, i, 13)};
		act->ref = arena_strdup(a, col_text(r, i, 10));
		act->note = arena_strdup(a, col_text(r, i, 12));
		if (!col_null(r, i, 11)) {
			act->body_hash = copied(a, r, i, 11, &len);
			assert(act->body_hash == NULL || len == BODY_HASH_SIZE);
		}
		if (act->ref == NULL || act->note == NULL ||
		    (act->body_hash == NULL && !col_null(r, i, 11)))
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static enum err
contact_read(struct arena *a, const PGresult *r, struct order_read *o)
{
	struct contact_row *c;

	if (PQntuples(r) == 0)
		return ERR_OK;
	c = arena_zalloc(a, sizeof(*c));
	if (c == NULL)
		return ERR_NO_MEMORY;
	c->name = arena_strdup(a, col_text(r, 0, 0));
	c->phone = arena_strdup(a, col_text(r, 0, 1));
	c->street = arena_strdup(a, col_text(r, 0, 2));
	c->region = arena_strdup(a, col_text(r, 0, 3));
	c->has_position = !col_null(r, 0, 4);
	c->lat_e6 = col_i32(r, 0, 4);
	c->lon_e6 = col_i32(r, 0, 5);
	if (c->name == NULL || c->phone == NULL || c->street == NULL || c->region == NULL)
		return ERR_NO_MEMORY;
	o->contact = c;
	return ERR_OK;
}

static enum err
hash_read(struct arena *a, const PGresult *r, struct order_read *o)
{
	size_t len;

	if (PQntuples(r) == 0)
		return ERR_OK;
	o->body_hash = copied(a, r, 0, 0, &len);
	assert(len == BODY_HASH_SIZE);
	return o->body_hash == NULL ? ERR_NO_MEMORY : ERR_OK;
}

/* ---- One order --------------------------------------------------------------------------------- */

struct one {
	struct arena *arena;
	struct order_key key;
	unsigned with;
	order_read_fn *done;
	void *ctx;
	struct order_read *order; /* NULL: none found */
};

static void
one_ask(const struct one *o, struct tx *t)
{
	struct pg_args *a;

	if (o->with & READ_ACTS) {
		args_uuid(tx_args(t), &o->key.order_id);
		tx_add(t, STMT_ACTS_READ);
	}
	a = tx_args(t);
	if (uuid_is_zero(&o->key.order_id)) {
		args_i32(a, o->key.storefront);
		args_text(a, o->key.order_ref);
		tx_add(t, STMT_ORDER_BY_REF);
	} else {
		args_uuid(a, &o->key.order_id);
		tx_add(t, STMT_ORDER_BY_ID);
	}
}

static void
by_order(const struct one *o, struct tx *t, enum stmt s)
{
	args_uuid(tx_args(t), &o->order->order_id);
	tx_add(t, s);
}

static void
more_ask(const struct one *o, struct tx *t)
{
	struct pg_args *a;

	a = tx_args(t);
	args_array(a, ELEM_UUID);
	elem_uuid(a, &o->order->order_id);
	args_array_end(a);
	tx_add(t, STMT_ORDER_FULFILMENTS);
	if (o->with & READ_DECISION) {
		a = tx_args(t);
		args_uuid(a, &o->order->order_id);
		args_i16(a, (int16_t)o->key.attempt);
		tx_add(t, STMT_ORDER_DECISION);
	}
	if (o->with & (READ_PAYMENTS | READ_MONEY))
		by_order(o, t, STMT_ORDER_PAYMENTS);
	if (o->with & READ_CONTACT)
		by_order(o, t, STMT_ORDER_CONTACT);
	if (o->with & READ_HASH) {
		a = tx_args(t);
		args_i32(a, o->order->storefront);
		args_text(a, o->order->order_ref);
		tx_add(t, STMT_ORDER_HASH);
	}
	money_ask(t, &o->order->order_id, o->with);
	returns_ask(t, &o->order->order_id, o->with);
}

static enum err
more_read(const struct one *o, struct tx *t)
{
	enum err e;
	int at;

	at = 0;
	e = fulfilments_read(o->arena, tx_result(t, at++), o->order, 1);
	if (e == ERR_OK && o->with & READ_DECISION)
		e = decision_read(o->arena, tx_result(t, at++), o->order);
	if (e == ERR_OK && o->with & (READ_PAYMENTS | READ_MONEY))
		e = payments_read(o->arena, tx_result(t, at++), o->order);
	if (e == ERR_OK && o->with & READ_CONTACT)
		e = contact_read(o->arena, tx_result(t, at++), o->order);
	if (e == ERR_OK && o->with & READ_HASH)
		e = hash_read(o->arena, tx_result(t, at++), o->order);
	if (e == ERR_OK)
		e = money_rows_read(o->arena, t, at, o->with, o->order);
	at += money_result_count(o->with);
	return e == ERR_OK ? returns_read(o->arena, t, at, o->with, o->order) : e;
}

static enum tx_next
one_step(struct tx *t, void *ctx)
{
	struct one *o = ctx;
	int at = o->with & READ_ACTS ? 1 : 0; /* the order's result, behind the acts */
	enum err e;

	if (tx_trip(t) == 0) {
		o->order = NULL;
		one_ask(o, t);
		return TX_TRIP;
	}
	if (tx_trip(t) == 1) {
		if (PQntuples(tx_result(t, at)) == 0)
			return TX_COMMIT;
		o->order = arena_zalloc(o->arena, sizeof(*o->order));
		e = o->order == NULL ? ERR_NO_MEMORY
		                     : order_row_read(o->arena, tx_result(t, at), 0, o->order);
		if (e == ERR_OK && at > 0)
			e = acts_read(o->arena, tx_result(t, 0), o->order);
		if (e == ERR_OK) {
			more_ask(o, t);
			return TX_TRIP;
		}
	} else {
		e = more_read(o, t);
	}
	if (e == ERR_OK)
		return TX_COMMIT;
	tx_fail(t, e);
	return TX_ROLLBACK;
}

void
read_told(const struct tx *t, enum err e)
{
	if (e != ERR_OK)
		log_warn(LOG_MSG("reading orders failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("sql", tx_sql_error(t)));
}

static void
one_done(struct tx *t, void *ctx, enum err e)
{
	struct one *o = ctx;

	read_told(t, e);
	if (e == ERR_OK && o->order == NULL)
		e = ERR_NOT_FOUND;
	o->done(o->ctx, e, e == ERR_OK ? o->order : NULL);
}

struct fulfilment_read *
order_fulfilment(const struct order_read *o, int number)
{
	for (int i = 0; i < o->fulfilment_count; i++)
		if (o->fulfilments[i].number == number)
			return &o->fulfilments[i];
	return NULL;
}

enum err
order_read_one(struct pool *p, struct arena *arena, const struct order_key *key, unsigned with,
    order_read_fn *done, void *ctx)
{
	struct one *o;

	o = arena_zalloc(arena, sizeof(*o));
	if (o == NULL)
		return ERR_NO_MEMORY;
	*o = (struct one){.arena = arena, .key = *key, .with = with, .done = done, .ctx = ctx};
	return tx_start(p, one_step, one_done, o);
}
