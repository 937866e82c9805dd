#include "store/act_write.h"

#include "store/batch_write.h"

static void
elem_text_or_null(struct pg_args *a, const char *s)
{
	if (s != NULL)
		elem_text(a, s);
	else
		elem_null(a, ELEM_TEXT);
}

static void
elem_hash_or_null(struct pg_args *a, const uint8_t *hash)
{
	if (hash != NULL)
		elem_bytes(a, hash, BODY_HASH_SIZE);
	else
		elem_null(a, ELEM_BYTES);
}

void
write_acts(struct tx *t, const struct act_in *in)
{
	const struct act_row *r = in->acts;
	int count = in->act_count;
	struct pg_args *a;

	a = tx_args(t);
	args_uuid(a, &in->order->order_id);
	args_i32(a, in->order->dealer);
	args_time(a, in->at_us);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, in->order->act_count + 1 + i);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)r[i].kind);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)r[i].number);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, r[i].party);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, r[i].location);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, r[i].staff);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, r[i].key_id);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)r[i].state);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)r[i].reason);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, i == 0 ? in->refund_add_fen : 0);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, r[i].waited_s);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text_or_null, count, r[i].ref);
	ARGS_ARRAY(a, ELEM_BYTES, elem_hash_or_null, count, r[i].body_hash);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text_or_null, count, r[i].note);
	tx_add(t, STMT_ACT_INSERT);
}

void
write_acted_order(struct tx *t, const struct act_in *in)
{
	struct pg_args *a;

	if (!in->order_changes)
		return;
	a = tx_args(t);
	args_uuid(a, &in->order->order_id);
	args_i32(a, in->order->dealer);
	args_i16(a, (int16_t)in->order->mark);
	args_i16(a, (int16_t)in->mark);
	if (in->due_us != 0)
		args_time(a, in->due_us);
	else
		args_null(a);
	args_i64(a, in->refund_add_fen);
	args_i16(a, in->row != NULL ? 1 : 0);
	tx_add(t, STMT_ACT_ORDER);
}

void
write_acted_contact(struct tx *t, const struct act_in *in)
{
	const struct contact_row *c = in->contact;
	struct pg_args *a;

	if (c == NULL)
		return;
	a = tx_args(t);
	args_uuid(a, &in->order->order_id);
	args_i32(a, in->order->dealer);
	args_text(a, c->name);
	args_text(a, c->phone);
	args_text(a, c->street);
	args_text(a, c->region);
	if (c->has_position) {
		args_i32(a, c->lat_e6);
		args_i32(a, c->lon_e6);
	} else {
		args_null(a);
		args_null(a);
	}
	tx_add(t, STMT_ACT_CONTACT);
}

/* ---- Fulfilments ------------------------------------------------------------------------------ */

static void
i16_or_null(struct pg_args *a, int v)
{
	if (v != 0)
		elem_i16(a, (int16_t)v);
	else
		elem_null(a, ELEM_I16);
}

#define ROW_LINES(type, elem, expr) \
	do { \
		row_array(a, type); \
		for (int n = 0; n < f->line_count; n++) \
			elem(a, expr); \
		row_array_end(a); \
	} while (0)

static void
lines(struct pg_args *a, const struct fulfilment_read *f)
{
	bool entitled = false;

	ROW_LINES(ELEM_I16, elem_i16, (int16_t)f->lines[n].line);
	ROW_LINES(ELEM_I32, elem_i32, f->lines[n].sku);
	ROW_LINES(ELEM_I32, elem_i32, f->lines[n].quantity);
	ROW_LINES(ELEM_I32, elem_i32, f->lines[n].goods_owner);
	for (int n = 0; n < f->line_count; n++) {
		if (!f->lines[n].entitled)
			continue;
		if (!entitled)
			row_array(a, ELEM_I32);
		entitled = true;
		elem_i32(a, f->lines[n].sku);
	}
	if (entitled)
		row_array_end(a);
	else
		row_array_null(a, ELEM_I32);
}

/* Columns in the order of type acted_fulfilment. */
static void
acted_row(struct pg_args *a, const struct order_read *o, const struct act_fulfilment *x)
{
	const struct fulfilment_read *f = &x->is;

	row_open(a);
	elem_uuid(a, &o->order_id);
	elem_i16(a, (int16_t)f->number);
	elem_i32(a, f->dealer);
	elem_i16(a, (int16_t)x->from);
	elem_i16(a, (int16_t)f->state);
	elem_bool(a, f->takes_capacity);
	elem_time_or_null(a, f->offer_deadline_us);
	elem_time_or_null(a, f->due_us);
	elem_time(a, f->promise_from_us);
	elem_time(a, f->promise_to_us);
	i16_or_null(a, f->code_no);
	i16_or_null(a, f->wrong_tries);
	elem_time_or_null(a, f->locked_until_us);
	elem_time_or_null(a, f->handed_us);
	elem_time_or_null(a, f->overdue_us);
	elem_text_or_null(a, f->tracking[0] != '\0' ? f->tracking : NULL);
	i16_or_null(a, f->moved_to);
	lines(a, f);
	row_close(a);
}

static int
acted_rows(struct pg_args *a, const struct act_in *in, bool split_off)
{
	int count = 0;

	args_rows(a, ROW_ACTED);
	for (int i = 0; i < in->fulfilment_count; i++) {
		if ((in->fulfilments[i].was == NULL) != split_off)
			continue;
		acted_row(a, in->order, &in->fulfilments[i]);
		count++;
	}
	args_array_end(a);
	return count;
}

static int
count_of(const struct act_in *in, bool split_off)
{
	int count = 0;

	for (int i = 0; i < in->fulfilment_count; i++)
		count += (in->fulfilments[i].was == NULL) == split_off;
	return count;
}

int
write_acted_fulfilments(struct tx *t, const struct act_in *in)
{
	int count = count_of(in, false);

	if (count == 0)
		return 0;
	(void)acted_rows(tx_args(t), in, false);
	tx_add(t, STMT_ACT_FULFILMENT);
	return count;
}

int
write_split_off(struct tx *t, const struct act_in *in)
{
	struct pg_args *a;
	int count = count_of(in, true);

	if (count == 0)
		return 0;
	a = tx_args(t);
	(void)acted_rows(a, in, true);
	args_array(a, ELEM_I16);
	for (int i = 0; i < in->fulfilment_count; i++)
		if (in->fulfilments[i].was == NULL)
			elem_i16(a, (int16_t)in->fulfilments[i].is.split_from);
	args_array_end(a);
	tx_add(t, STMT_ACT_SPLIT_OFF);
	return count;
}

/* ---- What is given back or handed out --------------------------------------------------------- */

static void
add(struct takes *g, struct take *t, enum take_part part, int64_t quantity)
{
	if (quantity == 0)
		return;
	t->quantity = quantity;
	takes_add(g, t, part, NULL);
}

static void
line_gives(struct takes *g, const struct order_read *o, const struct fulfilment_read *f,
    const struct fulfilment_line_read *l, const struct stock_effect *e)
{
	struct take stock = {.kind = TAKE_STOCK,
	    .dealer = f->dealer,
	    .location = f->location,
	    .sku = l->sku,
	    .goods_owner = l->goods_owner};
	struct take entitled = {.kind = TAKE_ENTITLEMENT, .dealer = o->dealer, .sku = l->sku};

	if (l->goods_owner == 0) /* made to order */
		return;
	add(g, &stock, PART_ALLOCATED, (int64_t)e->allocated * l->quantity);
	add(g, &stock, PART_RESERVED, (int64_t)e->reserved * l->quantity);
	add(g, &stock, PART_ON_HAND, (int64_t)e->on_hand * l->quantity);
	if (l->entitled && e->entitlement_back)
		add(g, &entitled, PART_ALLOCATED, -l->quantity);
}

static void
fulfilment_gives(struct takes *g, const struct order_read *o, const struct act_fulfilment *x)
{
	const struct fulfilment_read *f = &x->is;
	struct stock_effect e = fulfilment_stock_effect(x->from, f->state);
	struct take t = {.kind = TAKE_CAPACITY,
	    .dealer = f->dealer,
	    .location = f->location,
	    .day = f->capacity_day,
	    .from_min = f->slot_from_min,
	    .to_min = f->slot_to_min};

	for (int n = 0; n < f->line_count; n++)
		line_gives(g, o, f, &f->lines[n], &e);
	/* One of a day and a slot each, which stays with the units that go on. */
	if (x->was == NULL || !fulfilment_frees_capacity(x->from, f->state))
		return;
	if (f->takes_capacity && f->has_capacity_day)
		add(g, &t, PART_ALLOCATED, -1);
	t.kind = TAKE_SLOT;
	if (f->has_slot)
		add(g, &t, PART_ALLOCATED, -1);
}

enum err
act_gives(const struct act_in *in, struct arena *arena, struct takes *g)
{
	int most = in->give_count + in->back_count;
	enum err e;

	for (int i = 0; i < in->fulfilment_count; i++)
		most += 4 * in->fulfilments[i].is.line_count + 2;
	e = takes_init(g, arena, most);
	if (e != ERR_OK)
		return e;
	for (int i = 0; i < in->fulfilment_count; i++)
		fulfilment_gives(g, in->order, &in->fulfilments[i]);
	for (int i = 0; i < in->give_count; i++)
		takes_add(g, &in->gives[i], PART_ALLOCATED, NULL);
	for (int i = 0; i < in->back_count; i++)
		takes_add(g, &in->backs[i].key, PART_ON_HAND, NULL);
	g->moved_us = in->at_us;
	return takes_seal(g);
}
