#include "store/batch_write.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "domain/policy.h"

static bool
has_campaign(const struct order_row *r)
{
	const struct request *q = &r->frozen->request;

	for (int l = 0; l < q->line_count; l++)
		if (q->lines[l].campaign != NONE)
			return true;
	return false;
}

/* A column's array over ${count} things; n is the index. */
#define ROW_ARRAY(type, elem, count, expr) \
	do { \
		row_array(a, type); \
		for (int n = 0; n < (count); n++) \
			elem(a, expr); \
		row_array_end(a); \
	} while (0)

static void
order_lines(struct pg_args *a, const struct order_row *r)
{
	const struct order_line *l = r->frozen->request.lines;
	const struct world *w = r->world;
	int count = r->frozen->request.line_count;

	ROW_ARRAY(ELEM_I32, elem_i32, count, w->skus[l[n].sku].id);
	ROW_ARRAY(ELEM_I32, elem_i32, count, l[n].quantity);
	ROW_ARRAY(ELEM_I64, elem_i64, count, l[n].price_fen);
	ROW_ARRAY(ELEM_I64, elem_i64, count, r->frozen->totals.cost_unit_fen[n]);
	if (!has_campaign(r)) {
		row_array_null(a, ELEM_I64);
		row_array_null(a, ELEM_I32);
		return;
	}
	ROW_ARRAY(ELEM_I64, elem_i64, count, l[n].discount_fen);
	ROW_ARRAY(ELEM_I32, elem_i32, count,
	    l[n].campaign != NONE ? w->campaigns[l[n].campaign].id : 0);
}

/* Columns in the order of type new_order. */
static void
order_row(struct pg_args *a, const struct order_row *r)
{
	const struct frozen *f = r->frozen;
	const struct owner *o = &f->decision.owner;

	row_open(a);
	elem_uuid(a, &r->order_id);
	elem_i32(a, o->dealer);
	elem_i32(a, r->storefront);
	elem_i32(a, o->store);
	elem_i32(a, o->staff);
	elem_i32(a, f->decision.policy_version);
	elem_i32(a, f->split_version);
	elem_i32(a, f->collector);
	elem_i64(a, (int64_t)f->request.customer);
	elem_i64(a, f->totals.goods_fen);
	elem_i64(a, f->totals.delivery_fee_fen);
	elem_i64(a, f->totals.funded_fen);
	elem_i64(a, f->totals.provider_fee_fen);
	elem_i64(a, f->totals.owner_margin_fen);
	elem_time(a, r->created_us);
	elem_time_or_null(a, r->payment == NULL ? r->pay_by_us : 0);
	elem_time_or_null(a, r->payment != NULL ? r->payment->paid_at_us : 0);
	elem_time_or_null(a, o->since_min * US_PER_MIN);
	elem_i16(a, (int16_t)o->source);
	elem_i16(a, r->payment != NULL ? MARK_OPEN : MARK_AWAITING_PAYMENT);
	elem_i16(a, (int16_t)f->decision.options[0].way);
	elem_bool(a, f->request.accept_other_way);
	elem_text(a, r->order_ref);
	order_lines(a, r);
	row_close(a);
}

void
write_orders(struct tx *t, const struct order_write *w, int count)
{
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	args_rows(a, ROW_ORDER);
	for (int i = 0; i < count; i++)
		order_row(a, w[i].row);
	args_array_end(a);
	tx_add(t, STMT_ORDER_INSERT);
}

/* The order's own number of a line that was decided on; -1 stays. */
static int16_t
line_of(const struct order_row *r, int line)
{
	return line < 0 || r->line_of == NULL ? (int16_t)line : r->line_of[line];
}

/* ---- Fulfilments ------------------------------------------------------------------------------ */

/* One part of one order, with what its columns are made of. */
struct part_row {
	const struct order_row *r;
	const struct part *p;
	const struct location *loc;
	int number, attempt;
	bool slot;
};

static struct part_row
part_row(const struct order_write *w, int n)
{
	const struct world *world = w->row->world;
	const struct part *p = &w->row->frozen->decision.options[0].parts[n];

	assert(p->location > 0 && p->location < world->location_id_max);
	return (struct part_row){.r = w->row,
	    .p = p,
	    .loc = &world->locations[world->location_by_id[p->location]],
	    .number = w->number_first + n,
	    .attempt = w->attempt,
	    .slot = p->takes_slot};
}

static enum fulfilment_state
part_state(const struct part_row *x)
{
	if (x->r->payment == NULL)
		return FUL_PLANNED;
	return x->loc->kind == LOC_STORE ? FUL_OFFERED : FUL_ACCEPTED;
}

static void
elem_minute(struct pg_args *a, const struct part_row *x, int16_t minute)
{
	if (x->slot)
		elem_i16(a, minute);
	else
		elem_null(a, ELEM_I16);
}

static void
elem_day(struct pg_args *a, const struct part_row *x)
{
	if (x->slot)
		elem_date(a, x->r->frozen->request.slot_day);
	else if (x->p->takes_capacity)
		elem_date(a, x->p->capacity_day);
	else
		elem_null(a, ELEM_DATE);
}

/* Open minutes the store will have to answer once the order is paid. */
static int32_t
accept_min(const struct part_row *x)
{
	const struct world *w = x->r->world;

	if (x->loc->kind != LOC_STORE || x->loc->accept_min != 0)
		return x->loc->kind == LOC_STORE ? x->loc->accept_min : 0;
	for (int i = 0; i < w->policy_count; i++)
		if (w->policies[i]->version == x->r->frozen->decision.policy_version)
			return w->policies[i]->accept_open_min;
	return 0;
}

/* The take of the owner's entitlement that covers line ${l}, if any. */
static bool
is_entitled(const struct part_row *x, const struct part_line *l)
{
	int32_t sku = x->r->world->skus[x->r->frozen->request.lines[l->line].sku].id;

	if (x->loc->kind != LOC_CLOUD || !l->stocked)
		return false;
	for (int i = 0; i < x->r->take_count; i++)
		if (x->r->takes[i].kind == TAKE_ENTITLEMENT && x->r->takes[i].sku == sku)
			return true;
	return false;
}

static int32_t
sku_id(const struct part_row *x, const struct part_line *l)
{
	return x->r->world->skus[x->r->frozen->request.lines[l->line].sku].id;
}

/* Null: none of its lines is entitled. */
static void
part_entitled(struct pg_args *a, const struct part_row *x)
{
	bool any = false;

	for (int n = 0; n < x->p->line_count; n++) {
		if (!is_entitled(x, &x->p->lines[n]))
			continue;
		if (!any)
			row_array(a, ELEM_I32);
		any = true;
		elem_i32(a, sku_id(x, &x->p->lines[n]));
	}
	if (any)
		row_array_end(a);
	else
		row_array_null(a, ELEM_I32);
}

/* Columns in the order of type new_fulfilment. */
static void
fulfilment_row(struct pg_args *a, const struct part_row *x)
{
	const struct request *q = &x->r->frozen->request;
	const struct part *p = x->p;

	row_open(a);
	elem_uuid(a, &x->r->order_id);
	elem_i16(a, (int16_t)x->number);
	elem_i16(a, (int16_t)x->attempt);
	elem_i32(a, x->loc->party);
	elem_i32(a, x->loc->id);
	elem_i32(a, p->distance_m);
	elem_i16(a, (int16_t)p->way);
	elem_i16(a, (int16_t)part_state(x));
	elem_minute(a, x, q->slot_from_min);
	elem_minute(a, x, q->slot_to_min);
	elem_day(a, x);
	elem_bool(a, p->takes_capacity);
	elem_time(a, p->promise_from_us);
	elem_time(a, p->promise_to_us);
	elem_time_or_null(a, part_state(x) == FUL_OFFERED ? p->offer_deadline_us : 0);
	elem_i32(a, accept_min(x));
	ROW_ARRAY(ELEM_I16, elem_i16, p->line_count, line_of(x->r, p->lines[n].line));
	ROW_ARRAY(ELEM_I32, elem_i32, p->line_count, sku_id(x, &p->lines[n]));
	ROW_ARRAY(ELEM_I32, elem_i32, p->line_count, p->lines[n].quantity);
	ROW_ARRAY(ELEM_I32, elem_i32, p->line_count,
	    p->lines[n].stocked ? p->lines[n].goods_owner : 0);
	part_entitled(a, x);
	row_close(a);
}

void
write_fulfilments(struct tx *t, const struct order_write *w, int count)
{
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	args_rows(a, ROW_FULFILMENT);
	for (int i = 0; i < count; i++) {
		for (int n = 0; n < w[i].row->frozen->decision.options[0].part_count; n++) {
			struct part_row x = part_row(&w[i], n);

			fulfilment_row(a, &x);
			if (x.r->payment != NULL)
				tx_task(t, x.loc->id);
		}
	}
	args_array_end(a);
	tx_add(t, STMT_FULFILMENT_INSERT);
}

/* ---- Decisions -------------------------------------------------------------------------------- */

/* Columns in the order of type placed_decision. */
static void
decision_row(struct pg_args *a, const struct order_write *w)
{
	const struct order_row *r = w->row;
	const struct split *s = r->split;

	row_open(a);
	elem_uuid(a, &r->order_id);
	elem_i16(a, (int16_t)w->attempt);
	elem_i32(a, r->frozen->decision.owner.dealer);
	elem_bytes(a, r->record, r->record_len);
	ROW_ARRAY(ELEM_I16, elem_i16, s->leg_count, (int16_t)s->legs[n].kind);
	ROW_ARRAY(ELEM_I32, elem_i32, s->leg_count, s->legs[n].party);
	ROW_ARRAY(ELEM_I64, elem_i64, s->leg_count, s->legs[n].fen);
	ROW_ARRAY(ELEM_I16, elem_i16, s->leg_count, s->legs[n].line);
	ROW_ARRAY(ELEM_I16, elem_i16, s->leg_count, s->legs[n].part);
	ROW_ARRAY(ELEM_I16, elem_i16, s->leg_count, s->legs[n].row);
	if (s->funding_count > 0) {
		ROW_ARRAY(ELEM_I32, elem_i32, s->funding_count, s->funding[n].party);
		ROW_ARRAY(ELEM_I64, elem_i64, s->funding_count, s->funding[n].fen);
	} else {
		row_array_null(a, ELEM_I32);
		row_array_null(a, ELEM_I64);
	}
	if (r->line_of != NULL)
		ROW_ARRAY(ELEM_I16, elem_i16, r->frozen->request.line_count, r->line_of[n]);
	else
		row_array_null(a, ELEM_I16);
	row_close(a);
}

void
write_decisions(struct tx *t, const struct order_write *w, int count)
{
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	args_rows(a, ROW_DECISION);
	for (int i = 0; i < count; i++)
		decision_row(a, &w[i]);
	args_array_end(a);
	tx_add(t, STMT_DECISION_INSERT);
}

#define DEPOSITS(type, elem, ...) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < count; i++) { \
			const struct order_row *r = w[i].row; \
			if (r->deposit_fen != 0) \
				elem(a, __VA_ARGS__); \
		} \
		args_array_end(a); \
	} while (0)

void
write_deposits(struct tx *t, const struct order_write *w, int count)
{
	struct pg_args *a;
	bool any = false;

	for (int i = 0; i < count; i++)
		any = any || w[i].row->deposit_fen != 0;
	if (!any)
		return;
	a = tx_args(t);
	DEPOSITS(ELEM_UUID, elem_uuid, &r->order_id);
	DEPOSITS(ELEM_I32, elem_i32, r->frozen->decision.owner.dealer);
	DEPOSITS(ELEM_I64, elem_i64, r->deposit_fen);
	DEPOSITS(ELEM_I64, elem_i64, r->frozen->totals.total_fen - r->deposit_fen);
	tx_add(t, STMT_DEPOSIT_INSERT);
}

/* ---- The smaller tables ----------------------------------------------------------------------- */

#define CONTACTS(type, elem, ...) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < count; i++) { \
			const struct order_row *r = w[i].row; \
			const struct contact_row *c = r->contact; \
			if (c != NULL) \
				elem(a, __VA_ARGS__); \
		} \
		args_array_end(a); \
	} while (0)

static void
elem_position(struct pg_args *a, const struct contact_row *c, int32_t v)
{
	if (c->has_position)
		elem_i32(a, v);
	else
		elem_null(a, ELEM_I32);
}

void
write_contacts(struct tx *t, const struct order_write *w, int count)
{
	struct pg_args *a;
	bool any;

	any = false;
	for (int i = 0; i < count && !any; i++)
		any = w[i].row->contact != NULL;
	if (!any)
		return;
	a = tx_args(t);
	CONTACTS(ELEM_UUID, elem_uuid, &r->order_id);
	CONTACTS(ELEM_I32, elem_i32, r->frozen->decision.owner.dealer);
	CONTACTS(ELEM_TEXT, elem_text, c->name);
	CONTACTS(ELEM_TEXT, elem_text, c->phone);
	CONTACTS(ELEM_TEXT, elem_text, c->street);
	CONTACTS(ELEM_TEXT, elem_text, c->region);
	CONTACTS(ELEM_I32, elem_position, c, c->lat_e6);
	CONTACTS(ELEM_I32, elem_position, c, c->lon_e6);
	tx_add(t, STMT_CONTACT_INSERT);
}

int
payment_compare(const struct payment_row *x, const struct payment_row *y)
{
	if (x->provider != y->provider)
		return x->provider < y->provider ? -1 : 1;
	return strcmp(x->number, y->number);
}

void
write_payments(struct tx *t, const struct payment_write *w, int count)
{
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)w[i].payment->provider);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, count, w[i].payment->number);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &w[i].order_id);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, w[i].dealer);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, w[i].payment->amount_fen);
	ARGS_ARRAY(a, ELEM_TIME, elem_time, count, w[i].payment->paid_at_us);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)w[i].outcome);
	tx_add(t, STMT_PAYMENT_CLAIM);
}

#define JOURNAL_LEGS(type, elem, member) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < count; i++) \
			for (int n = 0; n < w[i].posting->leg_count; n++) \
				elem(a, w[i].posting->member[n]); \
		args_array_end(a); \
	} while (0)

int32_t
period_of(int64_t us)
{
	int32_t y, m, d;

	civil_from_days(day_in_china(us), &y, &m, &d);
	return y * 100 + m;
}

void
write_journal(struct tx *t, const struct journal_write *w, int count, int64_t now_us)
{
	struct pg_args *a;
	int at;

	if (count == 0)
		return;
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &w[i].object);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)w[i].posting->event);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, w[i].event_no);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, w[i].dealer);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, w[i].split_version);
	ARGS_ARRAY(a, ELEM_TIME, elem_time, count, w[i].event_at_us);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, count, w[i].provider_ref);
	args_i64(a, tx_stream(t));
	args_i64(a, tx_seq(t));
	args_i32(a, period_of(now_us));
	args_time(a, now_us);
	JOURNAL_LEGS(ELEM_I64, elem_i64, account);
	JOURNAL_LEGS(ELEM_I64, elem_i64, fen);
	JOURNAL_LEGS(ELEM_I16, elem_i16, kind);
	at = 0;
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count,
	    (at += w[i].posting->leg_count) - w[i].posting->leg_count + 1);
	at = 0;
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, at += w[i].posting->leg_count);
	tx_add(t, STMT_JOURNAL_INSERT);
}

void
write_outbox(struct tx *t, const struct outbox_write *w, int count, int64_t now_us)
{
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	args_array(a, ELEM_UUID);
	for (int i = 0; i < count; i++) {
		struct uuid id = uuid_v7(now_us);

		elem_uuid(a, &id);
	}
	args_array_end(a);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, w[i].dealer);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)w[i].kind);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, count, &w[i].order_id);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)w[i].number);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, w[i].location);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, count, w[i].amount_fen);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)w[i].reason);
	tx_add(t, STMT_OUTBOX_INSERT);
}

void
write_change(struct tx *t, struct buf *changes)
{
	struct pg_args *a;

	changed_tasks_pack(tx_tasks(t), changes);
	a = tx_args(t);
	args_i64(a, tx_stream(t));
	args_i64(a, tx_seq(t));
	args_bytes(a, changes->data, changes->len);
	tx_add(t, STMT_CHANGE_INSERT);
}
