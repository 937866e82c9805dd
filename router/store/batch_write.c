#include "store/batch_write.h"

#include <assert.h>

#include "base/clock.h"
#include "base/parse.h"
#include "domain/policy.h"

/* The books are kept in China: a period is a month there. */
#define PERIOD_OFFSET_US (8 * 60 * US_PER_MIN)

/* One array parameter with ${expr} of each row; r is the order_row of the row. */
#define COLUMN(type, elem, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < count; i++) { \
			const struct order_row *r = w[i].row; \
			elem(a, expr); \
		} \
		args_array_end(a); \
	} while (0)
#define COLUMN_OF(type, elem, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < count; i++) \
			elem(a, expr); \
		args_array_end(a); \
	} while (0)

void
elem_time_or_null(struct pg_args *a, int64_t us)
{
	if (us != 0)
		elem_time(a, us);
	else
		elem_null(a);
}

static bool
has_campaign(const struct order_row *r)
{
	const struct request *q = &r->frozen->request;

	for (int l = 0; l < q->line_count; l++)
		if (q->lines[l].campaign != NONE)
			return true;
	return false;
}

/* A flat array over all lines of all orders; l is the line, q its request. */
#define LINES(type, elem, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < count; i++) { \
			const struct order_row *r = w[i].row; \
			const struct request *q = &r->frozen->request; \
			for (int n = 0; n < q->line_count; n++) { \
				const struct order_line *l = &q->lines[n]; \
				elem(a, expr); \
			} \
		} \
		args_array_end(a); \
	} while (0)

static void
order_lines(struct pg_args *a, const struct order_write *w, int count)
{
	bool any;

	LINES(ELEM_I32, elem_i32, r->world->skus[l->sku].id);
	LINES(ELEM_I32, elem_i32, l->quantity);
	LINES(ELEM_I64, elem_i64, l->price_fen);
	LINES(ELEM_I64, elem_i64, r->frozen->totals.cost_unit_fen[l - q->lines]);
	any = false;
	for (int i = 0; i < count && !any; i++)
		any = has_campaign(w[i].row);
	if (any) {
		LINES(ELEM_I64, elem_i64, l->discount_fen);
		LINES(ELEM_I32, elem_i32,
		    l->campaign != NONE ? r->world->campaigns[l->campaign].id : 0);
	} else {
		args_array(a, ELEM_I64);
		args_array_end(a);
		args_array(a, ELEM_I32);
		args_array_end(a);
	}
}

static void
order_slices(struct pg_args *a, const struct order_write *w, int count)
{
	int at;

	at = 1;
	COLUMN(ELEM_I32, elem_i32,
	    (at += r->frozen->request.line_count) - r->frozen->request.line_count);
	at = 0;
	COLUMN(ELEM_I32, elem_i32, at += r->frozen->request.line_count);
	COLUMN(ELEM_BOOL, elem_bool, has_campaign(r));
}

void
write_orders(struct tx *t, const struct order_write *w, int count)
{
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	COLUMN(ELEM_UUID, elem_uuid, &r->order_id);
	COLUMN(ELEM_I32, elem_i32, r->frozen->decision.owner.dealer);
	COLUMN(ELEM_I32, elem_i32, r->storefront);
	COLUMN(ELEM_I32, elem_i32, r->frozen->decision.owner.store);
	COLUMN(ELEM_I32, elem_i32, r->frozen->decision.owner.staff);
	COLUMN(ELEM_I32, elem_i32, r->frozen->decision.policy_version);
	COLUMN(ELEM_I32, elem_i32, r->frozen->split_version);
	COLUMN(ELEM_I32, elem_i32, r->frozen->collector);
	COLUMN(ELEM_I64, elem_i64, (int64_t)r->frozen->request.customer);
	COLUMN(ELEM_I64, elem_i64, r->frozen->totals.goods_fen);
	COLUMN(ELEM_I64, elem_i64, r->frozen->totals.delivery_fee_fen);
	COLUMN(ELEM_I64, elem_i64, r->frozen->totals.funded_fen);
	COLUMN(ELEM_I64, elem_i64, r->frozen->totals.provider_fee_fen);
	COLUMN(ELEM_I64, elem_i64, r->frozen->totals.owner_margin_fen);
	COLUMN(ELEM_TIME, elem_time, r->created_us);
	COLUMN(ELEM_TIME, elem_time_or_null, r->payment == NULL ? r->pay_by_us : 0);
	COLUMN(ELEM_TIME, elem_time_or_null, r->payment != NULL ? r->payment->paid_at_us : 0);
	COLUMN(ELEM_TIME, elem_time_or_null, r->frozen->decision.owner.since_min * US_PER_MIN);
	COLUMN(ELEM_I16, elem_i16, (int16_t)r->frozen->decision.owner.source);
	COLUMN(ELEM_I16, elem_i16, r->payment != NULL ? MARK_OPEN : MARK_AWAITING_PAYMENT);
	COLUMN(ELEM_I16, elem_i16, (int16_t)r->frozen->decision.options[0].way);
	COLUMN(ELEM_BOOL, elem_bool, r->frozen->request.accept_other_way);
	COLUMN(ELEM_TEXT, elem_text, r->order_ref);
	order_lines(a, w, count);
	order_slices(a, w, count);
	tx_add(t, STMT_ORDER_INSERT);
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

/* Runs ${code} for each part x of each order, in order. */
#define EACH_PART(code) \
	for (int i = 0; i < count; i++) { \
		for (int n = 0; n < w[i].row->frozen->decision.options[0].part_count; n++) { \
			struct part_row x = part_row(&w[i], n); \
			code; \
		} \
	}
#define PARTS(type, elem, ...) \
	do { \
		args_array(a, type); \
		EACH_PART(elem(a, __VA_ARGS__)) \
		args_array_end(a); \
	} while (0)
#define PART_LINES(type, elem, expr) \
	do { \
		args_array(a, type); \
		EACH_PART(for (int k = 0; k < x.p->line_count; k++) { \
			const struct part_line *l = &x.p->lines[k]; \
			elem(a, expr); \
		}) \
		args_array_end(a); \
	} while (0)

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
		elem_null(a);
}

static void
elem_day(struct pg_args *a, const struct part_row *x)
{
	if (x->slot)
		elem_date(a, x->r->frozen->request.slot_day);
	else if (x->p->takes_capacity)
		elem_date(a, x->p->capacity_day);
	else
		elem_null(a);
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

static int
entitled_count(const struct part_row *x)
{
	int count;

	count = 0;
	for (int k = 0; k < x->p->line_count; k++)
		count += is_entitled(x, &x->p->lines[k]);
	return count;
}

static void
elem_entitled(struct pg_args *a, const struct part_row *x, const struct part_line *l)
{
	if (is_entitled(x, l))
		elem_i32(a, x->r->world->skus[x->r->frozen->request.lines[l->line].sku].id);
}

static void
part_slices(struct pg_args *a, const struct order_write *w, int count)
{
	int at;

	at = 0;
	PARTS(ELEM_I32, elem_i32, (at += x.p->line_count) - x.p->line_count + 1);
	at = 0;
	PARTS(ELEM_I32, elem_i32, at += x.p->line_count);
	at = 0;
	PARTS(ELEM_I32, elem_i32, (at += entitled_count(&x)) - entitled_count(&x) + 1);
	at = 0;
	PARTS(ELEM_I32, elem_i32, at += entitled_count(&x));
}

void
write_fulfilments(struct tx *t, const struct order_write *w, int count)
{
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	PARTS(ELEM_UUID, elem_uuid, &x.r->order_id);
	PARTS(ELEM_I16, elem_i16, (int16_t)x.number);
	PARTS(ELEM_I16, elem_i16, (int16_t)x.attempt);
	PARTS(ELEM_I32, elem_i32, x.loc->party);
	PARTS(ELEM_I32, elem_i32, x.loc->id);
	PARTS(ELEM_I32, elem_i32, x.p->distance_m);
	PARTS(ELEM_I16, elem_i16, (int16_t)x.p->way);
	PARTS(ELEM_I16, elem_i16, (int16_t)part_state(&x));
	PARTS(ELEM_I16, elem_minute, &x, x.r->frozen->request.slot_from_min);
	PARTS(ELEM_I16, elem_minute, &x, x.r->frozen->request.slot_to_min);
	PARTS(ELEM_DATE, elem_day, &x);
	PARTS(ELEM_BOOL, elem_bool, x.p->takes_capacity);
	PARTS(ELEM_TIME, elem_time, x.p->promise_from_us);
	PARTS(ELEM_TIME, elem_time, x.p->promise_to_us);
	PARTS(ELEM_TIME, elem_time_or_null,
	    part_state(&x) == FUL_OFFERED ? x.p->offer_deadline_us : 0);
	PARTS(ELEM_I32, elem_i32, accept_min(&x));
	PART_LINES(ELEM_I16, elem_i16, (int16_t)l->line);
	PART_LINES(ELEM_I32, elem_i32,
	    x.r->world->skus[x.r->frozen->request.lines[l->line].sku].id);
	PART_LINES(ELEM_I32, elem_i32, l->quantity);
	PART_LINES(ELEM_I32, elem_i32, l->stocked ? l->goods_owner : 0);
	args_array(a, ELEM_I32);
	EACH_PART(for (int k = 0; k < x.p->line_count; k++) elem_entitled(a, &x, &x.p->lines[k]))
	args_array_end(a);
	part_slices(a, w, count);
	tx_add(t, STMT_FULFILMENT_INSERT);
}

/* ---- Decisions -------------------------------------------------------------------------------- */

#define LEGS(type, elem, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < count; i++) { \
			const struct split *s = w[i].row->split; \
			for (int n = 0; n < s->leg_count; n++) { \
				const struct leg *l = &s->legs[n]; \
				elem(a, expr); \
			} \
		} \
		args_array_end(a); \
	} while (0)
#define FUNDINGS(type, elem, member) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < count; i++) { \
			const struct split *s = w[i].row->split; \
			for (int n = 0; n < s->funding_count; n++) \
				elem(a, s->funding[n].member); \
		} \
		args_array_end(a); \
	} while (0)

void
write_decisions(struct tx *t, const struct order_write *w, int count)
{
	struct pg_args *a;
	int at;

	if (count == 0)
		return;
	a = tx_args(t);
	COLUMN(ELEM_UUID, elem_uuid, &r->order_id);
	COLUMN_OF(ELEM_I16, elem_i16, (int16_t)w[i].attempt);
	COLUMN(ELEM_I32, elem_i32, r->frozen->decision.owner.dealer);
	args_array(a, ELEM_BYTES);
	for (int i = 0; i < count; i++)
		elem_bytes(a, w[i].row->record, w[i].row->record_len);
	args_array_end(a);
	LEGS(ELEM_I16, elem_i16, (int16_t)l->kind);
	LEGS(ELEM_I32, elem_i32, l->party);
	LEGS(ELEM_I64, elem_i64, l->fen);
	LEGS(ELEM_I16, elem_i16, l->line);
	LEGS(ELEM_I16, elem_i16, l->part);
	FUNDINGS(ELEM_I32, elem_i32, party);
	FUNDINGS(ELEM_I64, elem_i64, fen);
	at = 0;
	COLUMN(ELEM_I32, elem_i32, (at += r->split->leg_count) - r->split->leg_count + 1);
	at = 0;
	COLUMN(ELEM_I32, elem_i32, at += r->split->leg_count);
	at = 0;
	COLUMN(ELEM_I32, elem_i32, (at += r->split->funding_count) - r->split->funding_count + 1);
	at = 0;
	COLUMN(ELEM_I32, elem_i32, at += r->split->funding_count);
	tx_add(t, STMT_DECISION_INSERT);
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
		elem_null(a);
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

void
write_payments(struct tx *t, const struct payment_write *w, int count)
{
	struct pg_args *a;

	if (count == 0)
		return;
	a = tx_args(t);
	COLUMN_OF(ELEM_I16, elem_i16, (int16_t)w[i].payment->provider);
	COLUMN_OF(ELEM_TEXT, elem_text, w[i].payment->number);
	COLUMN_OF(ELEM_UUID, elem_uuid, &w[i].order_id);
	COLUMN_OF(ELEM_I32, elem_i32, w[i].dealer);
	COLUMN_OF(ELEM_I64, elem_i64, w[i].payment->amount_fen);
	COLUMN_OF(ELEM_TIME, elem_time, w[i].payment->paid_at_us);
	COLUMN_OF(ELEM_I16, elem_i16, (int16_t)w[i].outcome);
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

static int32_t
period_of(int64_t us)
{
	int32_t y, m, d;

	civil_from_days((int32_t)((us + PERIOD_OFFSET_US) / US_PER_DAY), &y, &m, &d);
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
	COLUMN_OF(ELEM_UUID, elem_uuid, &w[i].object);
	COLUMN_OF(ELEM_I16, elem_i16, (int16_t)w[i].posting->event);
	COLUMN_OF(ELEM_I32, elem_i32, w[i].event_no);
	COLUMN_OF(ELEM_I32, elem_i32, w[i].dealer);
	COLUMN_OF(ELEM_I32, elem_i32, w[i].split_version);
	COLUMN_OF(ELEM_TIME, elem_time, w[i].event_at_us);
	COLUMN_OF(ELEM_TEXT, elem_text, w[i].provider_ref);
	args_i64(a, tx_stream(t));
	args_i64(a, tx_seq(t));
	args_i32(a, period_of(now_us));
	args_time(a, now_us);
	JOURNAL_LEGS(ELEM_I64, elem_i64, account);
	JOURNAL_LEGS(ELEM_I64, elem_i64, fen);
	JOURNAL_LEGS(ELEM_I16, elem_i16, kind);
	at = 0;
	COLUMN_OF(ELEM_I32, elem_i32,
	    (at += w[i].posting->leg_count) - w[i].posting->leg_count + 1);
	at = 0;
	COLUMN_OF(ELEM_I32, elem_i32, at += w[i].posting->leg_count);
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
	COLUMN_OF(ELEM_I32, elem_i32, w[i].dealer);
	COLUMN_OF(ELEM_I16, elem_i16, (int16_t)w[i].kind);
	COLUMN_OF(ELEM_UUID, elem_uuid, &w[i].order_id);
	tx_add(t, STMT_OUTBOX_INSERT);
}

void
write_change(struct tx *t, const struct buf *changes)
{
	struct pg_args *a;

	a = tx_args(t);
	args_i64(a, tx_stream(t));
	args_i64(a, tx_seq(t));
	args_bytes(a, changes->data, changes->len);
	tx_add(t, STMT_CHANGE_INSERT);
}
