#include "store/act_more.h"

#define LINES(type, elem, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < r->line_count; i++) \
			elem(a, expr); \
		args_array_end(a); \
	} while (0)

static void
time_or_null(struct pg_args *a, int64_t us)
{
	if (us != 0)
		args_time(a, us);
	else
		args_null(a);
}

static void
return_insert(struct tx *t, const struct act_in *in, const struct return_read *r)
{
	struct pg_args *a = tx_args(t);

	args_uuid(a, &in->order->order_id);
	args_i16(a, (int16_t)r->number);
	args_i32(a, in->order->dealer);
	args_i16(a, (int16_t)r->fulfilment);
	args_i16(a, (int16_t)r->state);
	args_i32(a, r->location);
	args_i16(a, (int16_t)r->reason);
	args_time(a, r->asked_us);
	time_or_null(a, r->due_us);
	LINES(ELEM_I16, elem_i16, (int16_t)r->lines[i].line);
	LINES(ELEM_I32, elem_i32, r->lines[i].quantity);
	tx_add(t, STMT_RETURN_INSERT);
}

static void
return_update(struct tx *t, const struct act_in *in, const struct return_read *r,
    enum return_state was)
{
	struct pg_args *a = tx_args(t);

	args_uuid(a, &in->order->order_id);
	args_i16(a, (int16_t)r->number);
	args_i32(a, in->order->dealer);
	args_i16(a, (int16_t)was);
	args_i16(a, (int16_t)r->state);
	args_i32(a, r->location);
	time_or_null(a, r->received_us);
	time_or_null(a, r->decided_us);
	time_or_null(a, r->due_us);
	args_i64(a, r->refund_fen);
	if (r->state == RETURN_ACCEPTED || r->state == RETURN_REFUSED) {
		LINES(ELEM_I32, elem_i32, r->lines[i].sellable);
		LINES(ELEM_I32, elem_i32, r->lines[i].damaged);
		LINES(ELEM_I32, elem_i32, r->lines[i].refused);
	} else {
		args_null(a);
		args_null(a);
		args_null(a);
	}
	tx_add(t, STMT_RETURN_UPDATE);
}

/* The house that takes goods back may never have had any of them. */
static void
levels_send(struct tx *t, const struct act_in *in)
{
	struct pg_args *a = tx_args(t);

	ARGS_ARRAY(a, ELEM_I32, elem_i32, in->back_count, in->backs[i].key.dealer);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, in->back_count, in->backs[i].key.location);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, in->back_count, in->backs[i].key.sku);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, in->back_count, in->backs[i].key.goods_owner);
	tx_add(t, STMT_STOCK_LOCK);
}

static void
dispute_send(struct tx *t, const struct act_in *in, const struct act_dispute *d)
{
	const struct order_read *o = in->order;
	struct pg_args *a = tx_args(t);

	args_uuid(a, &o->order_id);
	args_i16(a, (int16_t)d->number);
	args_i32(a, o->dealer);
	args_i32(a, d->territory);
	args_i32(a, d->territory_dealer);
	args_i32(a, d->location);
	args_i16(a, (int16_t)d->way);
	args_text(a, d->region);
	args_i16(a, (int16_t)o->owner_source);
	time_or_null(a, o->owner_since_us);
	args_time(a, in->at_us);
	tx_add(t, STMT_DISPUTE_INSERT);
}

void
act_more_send(struct tx *t, const struct act_in *in)
{
	const struct act_more *m = in->more;
	struct pg_args *a;

	if (m == NULL)
		return;
	if (m->proposal != NULL)
		proposal_send(t, m->proposal);
	if (m->ret != NULL && m->ret_was == 0)
		return_insert(t, in, m->ret);
	else if (m->ret != NULL)
		return_update(t, in, m->ret, m->ret_was);
	if (m->balance_by_us != 0 || m->balance_less_fen != 0) {
		a = tx_args(t);
		args_uuid(a, &in->order->order_id);
		args_i32(a, in->order->dealer);
		time_or_null(a, m->balance_by_us);
		args_i64(a, m->balance_less_fen);
		tx_add(t, STMT_DEPOSIT_ACTED);
	}
	for (const struct act_dispute *d = m->dispute; d != NULL; d = d->next)
		dispute_send(t, in, d);
	if (m->ret != NULL && in->back_count > 0)
		levels_send(t, in);
}
