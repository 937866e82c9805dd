#include "store/pay_batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/batch_write.h"
#include "store/group.h"
#include "store/takes.h"

struct pay_batch {
	struct group *group;
};

struct pay_entry {
	struct group_entry entry;
	const struct payment_in *in;
	payment_fn *done;
	void *ctx;

	/* of the try under way */
	int at;       /* in order of arrival */
	bool twin;    /* an earlier one of the run pays the same order: it is not sent */
	bool claimed; /* its number was free */
	bool won;     /* its order was opened */
	int opened;   /* fulfilments */
};

struct pay_run {
	struct group_run run;

	/* of the try under way */
	int count; /* in the next two: all but twins */
	struct pay_entry **by_order, **by_number;
	struct pay_entry **of_fulfilment; /* of each that was sent, whose it is */
	int fulfilment_count;
	struct takes takes;
	struct pay_entry **asked; /* whose number is read, in the second trip */
	int asked_count;
	int read_at; /* that result */
};

/* ---- Trip 1: claim the numbers, open the orders ----------------------------------------------- */

static int
by_order(const void *a, const void *b)
{
	const struct pay_entry *x = *(struct pay_entry *const *)a;
	const struct pay_entry *y = *(struct pay_entry *const *)b;
	int c = memcmp(x->in->order_id.b, y->in->order_id.b, sizeof(x->in->order_id.b));

	return c != 0 ? c : (x->at > y->at) - (x->at < y->at);
}

static int
by_number(const void *a, const void *b)
{
	return payment_compare((*(struct pay_entry *const *)a)->in->payment,
	    (*(struct pay_entry *const *)b)->in->payment);
}

/* Of those that pay one order the first goes; sorted as every writer locks. */
static enum err
prepare(struct pay_run *r)
{
	const int all = r->run.count;
	struct arena *arena = r->run.arena;

	r->by_order = arena_array(arena, (size_t)all, sizeof(struct pay_entry *));
	r->by_number = arena_array(arena, (size_t)all, sizeof(struct pay_entry *));
	r->asked = arena_array(arena, (size_t)all, sizeof(struct pay_entry *));
	if (r->by_order == NULL || r->by_number == NULL || r->asked == NULL)
		return ERR_NO_MEMORY;
	r->fulfilment_count = r->asked_count = 0;
	for (int i = 0; i < all; i++) {
		struct pay_entry *x = (struct pay_entry *)r->run.entries[i];

		x->at = i;
		x->twin = x->claimed = x->won = false;
		x->opened = 0;
		r->by_order[i] = x;
	}
	qsort(r->by_order, (size_t)all, sizeof(*r->by_order), by_order);
	r->count = 0;
	for (int i = 0; i < all; i++) {
		struct pay_entry *x = r->by_order[i];

		x->twin = r->count > 0 &&
		    uuid_equal(&x->in->order_id, &r->by_order[r->count - 1]->in->order_id);
		if (x->twin)
			continue;
		r->fulfilment_count += x->in->fulfilment_count;
		r->by_order[r->count++] = x;
	}
	memcpy(r->by_number, r->by_order, (size_t)r->count * sizeof(*r->by_number));
	qsort(r->by_number, (size_t)r->count, sizeof(*r->by_number), by_number);
	r->of_fulfilment =
	    arena_array(arena, (size_t)r->fulfilment_count, sizeof(struct pay_entry *));
	return r->of_fulfilment != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static enum err
send_claims(struct pay_run *r, struct tx *t)
{
	struct payment_write *w;

	w = arena_array(r->run.arena, (size_t)r->count, sizeof(*w));
	if (w == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < r->count; i++) {
		const struct payment_in *in = r->by_number[i]->in;

		w[i] = (struct payment_write){.order_id = in->order_id,
		    .dealer = in->dealer,
		    .payment = in->payment,
		    .outcome = PAID_OPENED};
	}
	write_payments(t, w, r->count);
	return ERR_OK;
}

static void
send_orders(struct pay_run *r, struct tx *t)
{
	struct pg_args *a;

	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, r->count, &r->by_order[i]->in->order_id);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, r->count, r->by_order[i]->in->dealer);
	ARGS_ARRAY(a, ELEM_I64, elem_i64, r->count, r->by_order[i]->in->payment->amount_fen);
	ARGS_ARRAY(a, ELEM_TIME, elem_time, r->count, r->by_order[i]->in->payment->paid_at_us);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, r->count, (int16_t)r->by_order[i]->in->payment->provider);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, r->count, r->by_order[i]->in->payment->number);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, r->count, (int16_t)r->by_order[i]->in->changes);
	tx_add(t, STMT_ORDER_OPEN);
}

/* One array parameter with ${expr} of each fulfilment f of each entry. */
#define FULFILMENTS(type, elem, expr) \
	do { \
		args_array(a, type); \
		for (int i = 0; i < r->count; i++) { \
			const struct payment_in *in = r->by_order[i]->in; \
			for (int n = 0; n < in->fulfilment_count; n++) { \
				const struct payment_fulfilment *f = &in->fulfilments[n]; \
				(void)f; \
				elem(a, expr); \
			} \
		} \
		args_array_end(a); \
	} while (0)

static void
send_fulfilments(struct pay_run *r, struct tx *t)
{
	struct pg_args *a;
	int at;

	if (r->fulfilment_count == 0)
		return;
	at = 0;
	for (int i = 0; i < r->count; i++)
		for (int n = 0; n < r->by_order[i]->in->fulfilment_count; n++)
			r->of_fulfilment[at++] = r->by_order[i];
	a = tx_args(t);
	FULFILMENTS(ELEM_UUID, elem_uuid, &in->order_id);
	FULFILMENTS(ELEM_I32, elem_i32, in->dealer);
	FULFILMENTS(ELEM_I16, elem_i16, (int16_t)f->number);
	FULFILMENTS(ELEM_I32, elem_i32, f->dealer);
	FULFILMENTS(ELEM_I16, elem_i16, (int16_t)f->state);
	FULFILMENTS(ELEM_TIME, elem_time_or_null, f->offer_deadline_us);
	tx_add(t, STMT_FULFILMENT_OPEN);
}

/* ---- Between the trips ------------------------------------------------------------------------ */

/*
 * Rows come back in the order they were sent, less those whose number was there before.  Each order is there
 * once, so that its id tells which number it is.
 */
static void
read_claims(struct pay_run *r, const PGresult *res)
{
	struct uuid id;
	int row;

	row = 0;
	for (int i = 0; i < r->count && row < PQntuples(res); i++) {
		id = col_uuid(res, row, 0);
		if (!uuid_equal(&id, &r->by_number[i]->in->order_id))
			continue;
		r->by_number[i]->claimed = true;
		row++;
	}
	assert(row == PQntuples(res));
}

/* Columns of FULFILMENT_OPEN. */
enum { F_I, F_DEALER, F_LOCATION, F_SKU, F_QTY, F_GOODS_OWNER };

/* What was reserved becomes allocated; ATP does not change, so no hint does. */
static void
move_lines(struct pay_run *r, const PGresult *res, int row)
{
	struct col_array sku, qty, owner;
	struct take take = {.kind = TAKE_STOCK,
	    .dealer = col_i32(res, row, F_DEALER),
	    .location = col_i32(res, row, F_LOCATION)};

	(void)col_array_open(res, row, F_QTY, &qty);
	(void)col_array_open(res, row, F_GOODS_OWNER, &owner);
	for (int n = col_array_open(res, row, F_SKU, &sku); n > 0; n--) {
		take.sku = array_i32(&sku);
		take.quantity = array_i32(&qty);
		take.goods_owner = array_i32(&owner);
		if (take.goods_owner == 0)
			continue; /* made to order */
		takes_add(&r->takes, &take, PART_ALLOCATED, NULL);
		take.quantity = -take.quantity;
		takes_add(&r->takes, &take, PART_RESERVED, NULL);
	}
}

static enum err
read_fulfilments(struct pay_run *r, struct tx *t, const PGresult *res)
{
	struct col_array sku;
	int line_count;
	enum err e;

	line_count = 0;
	for (int row = 0; row < PQntuples(res); row++)
		line_count += col_array_open(res, row, F_SKU, &sku);
	e = takes_init(&r->takes, r->run.arena, 2 * line_count);
	if (e != ERR_OK)
		return e;
	for (int row = 0; row < PQntuples(res); row++) {
		int32_t i = col_i32(res, row, F_I);

		assert(i >= 1 && i <= r->fulfilment_count);
		r->of_fulfilment[i - 1]->opened++;
		move_lines(r, res, row);
		tx_task(t, col_i32(res, row, F_LOCATION));
	}
	return takes_seal(&r->takes);
}

static enum err
read_first_trip(struct pay_run *r, struct tx *t)
{
	const PGresult *res;
	enum err e;

	read_claims(r, tx_result(t, 0));
	res = tx_result(t, 1);
	for (int row = 0; row < PQntuples(res); row++) {
		int32_t i = col_i32(res, row, 0);

		assert(i >= 1 && i <= r->count);
		r->by_order[i - 1]->won = true;
	}
	e = r->fulfilment_count > 0 ? read_fulfilments(r, t, tx_result(t, 2))
	                            : takes_init(&r->takes, r->run.arena, 0);
	/* An order that awaits payment has its fulfilments planned: BAD_FIELD finds the one that does not. */
	for (int i = 0; e == ERR_OK && i < r->count; i++) {
		const struct pay_entry *x = r->by_order[i];

		if (x->opened != (x->won ? x->in->fulfilment_count : 0))
			e = ERR_BAD_FIELD;
	}
	return e;
}

/* ---- Trip 2: stock, books, commit ------------------------------------------------------------- */

/* Sends the numbers of the entries for which (claimed, won) is as asked; returns how many. */
static int
send_numbers(struct pay_run *r, struct tx *t, bool claimed, enum stmt s)
{
	struct pay_entry **list = r->asked;
	struct pg_args *a;
	int count;

	count = 0;
	for (int i = 0; i < r->count; i++)
		if (r->by_number[i]->claimed == claimed && !r->by_number[i]->won)
			list[count++] = r->by_number[i];
	if (count == 0)
		return 0;
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)list[i]->in->payment->provider);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, count, list[i]->in->payment->number);
	tx_add(t, s);
	return count;
}

static enum err
send_books(struct pay_run *r, struct tx *t)
{
	struct journal_write *j;
	struct outbox_write *o;
	int64_t now_us;
	int journals, events;

	j = arena_array(r->run.arena, 2 * (size_t)r->count, sizeof(*j));
	o = arena_array(r->run.arena, (size_t)r->count, sizeof(*o));
	if (j == NULL || o == NULL)
		return ERR_NO_MEMORY;
	journals = events = 0;
	for (int i = 0; i < r->count; i++) {
		const struct payment_in *in = r->by_order[i]->in;
		const struct posting *const postings[] = {in->e1, in->e2};

		if (!r->by_order[i]->won)
			continue;
		for (size_t p = 0; p < 2; p++)
			if (postings[p] != NULL && postings[p]->leg_count > 0)
				j[journals++] = (struct journal_write){.object = in->order_id,
				    .dealer = in->dealer,
				    .split_version = in->split_version,
				    .event_no = 1, /* it was never paid before */
				    .event_at_us = in->payment->paid_at_us,
				    .provider_ref = in->payment->number,
				    .posting = postings[p]};
		o[events++] = (struct outbox_write){.order_id = in->order_id,
		    .dealer = in->dealer,
		    .kind = OUTBOX_PAID};
	}
	now_us = clock_wall_us();
	write_journal(t, j, journals, now_us);
	write_outbox(t, o, events, now_us);
	/* Journal rows name its number, so it must be there. */
	if (events > 0)
		write_change(t, &r->run.changes);
	return ERR_OK;
}

static enum tx_next
first_trip(struct pay_run *r, struct tx *t)
{
	enum err e;

	e = prepare(r);
	if (e == ERR_OK)
		e = send_claims(r, t);
	if (e != ERR_OK) {
		tx_fail(t, e);
		return TX_ROLLBACK;
	}
	send_orders(r, t);
	send_fulfilments(r, t);
	return TX_TRIP;
}

static enum tx_next
second_trip(struct pay_run *r, struct tx *t)
{
	enum err e;

	e = read_first_trip(r, t);
	if (e == ERR_OK) {
		(void)send_numbers(r, t, true, STMT_PAYMENT_DELETE);
		r->read_at = tx_added(t);
		r->asked_count = send_numbers(r, t, false, STMT_PAYMENTS_READ);
		e = send_books(r, t);
	}
	/* last, so that others wait for its locks no longer than the commit takes */
	if (e == ERR_OK && r->takes.key_count > 0) {
		takes_turn(t);
		(void)takes_send(&r->takes, t, TAKES_GIVE);
	}
	if (e == ERR_OK)
		return TX_COMMIT;
	tx_fail(t, e);
	return TX_ROLLBACK;
}

static enum tx_next
step(struct group_run *run, struct tx *t)
{
	struct pay_run *r = (struct pay_run *)run;

	return tx_trip(t) == 0 ? first_trip(r, t) : second_trip(r, t);
}

/* ---- After the commit ------------------------------------------------------------------------- */

static void
tell(struct pay_entry *x, enum err e, enum payment_outcome outcome)
{
	if (x->won && e == ERR_OK) {
		metric_add(METRIC_payments_total, 1);
		metric_observe(METRIC_pay_commit_us, clock_mono_us() - x->entry.queued_us);
	}
	x->done(x->ctx, e, outcome);
	free(x);
}

/* Its number was used before: the first outcome for the same payment, else EXISTS_DIFFERS. */
static void
tell_known(struct pay_entry *x, const PGresult *res, int row)
{
	struct uuid id = col_uuid(res, row, 1);
	bool same = uuid_equal(&id, &x->in->order_id) &&
	    col_i64(res, row, 2) == x->in->payment->amount_fen;

	tell(x, same ? ERR_OK : ERR_EXISTS_DIFFERS, (enum payment_outcome)col_i16(res, row, 3));
}

static void
committed(struct group_run *run, struct tx *t)
{
	struct pay_run *r = (struct pay_run *)run;
	const PGresult *res;

	res = r->asked_count > 0 ? tx_result(t, r->read_at) : NULL;
	for (int row = 0; row < (res != NULL ? PQntuples(res) : 0); row++) {
		struct pay_entry **x = &r->asked[col_i32(res, row, 0) - 1];

		run->entries[(*x)->at] = NULL;
		tell_known(*x, res, row);
	}
	for (int i = 0; i < run->count; i++) {
		struct pay_entry *x = (struct pay_entry *)run->entries[i];

		if (x == NULL)
			continue;
		if (x->won)
			tell(x, ERR_OK, PAID_OPENED);
		else
			/* Gone when read: the one who had claimed its number took it back. */
			tell(x, x->twin || x->claimed ? ERR_WRONG_STATE : ERR_CONTENDED, 0);
	}
}

static void
failed(void *owner, struct group_entry *entry, enum err e)
{
	(void)owner;
	tell((struct pay_entry *)entry, e, 0);
}

static void
print(const struct group_entry *entry, char out[UUID_TEXT_SIZE])
{
	const struct pay_entry *x = (const struct pay_entry *)entry;

	uuid_format(&x->in->order_id, out);
}

static const struct group_kind payments = {.name = "payment",
    .run_size = sizeof(struct pay_run),
    .step = step,
    .committed = committed,
    .failed = failed,
    .print = print,
    .queue = METRIC_pay_batch_queue,
    .runs = METRIC_pay_batches_total,
    .entries = METRIC_pay_batch_payments_total,
    .retries = METRIC_pay_batch_retries_total,
    .splits = METRIC_pay_batch_splits_total,
    .bad = METRIC_pay_batch_bad_total};

enum err
pay_batch_add(struct pay_batch *b, const struct payment_in *in, payment_fn *done, void *ctx)
{
	struct pay_entry *x;
	enum err e;

	assert(in->r1 == NULL);
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return ERR_BUSY;
	*x = (struct pay_entry){.in = in, .done = done, .ctx = ctx};
	e = group_add(b->group, &x->entry);
	if (e != ERR_OK)
		free(x);
	return e;
}

int
pay_batch_waiting(const struct pay_batch *b)
{
	return group_waiting(b->group);
}

enum err
pay_batch_new(struct pay_batch **out, struct event_base *base, const struct conf *conf,
    struct pool *pool)
{
	struct pay_batch *b;
	enum err e;

	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return ERR_NO_MEMORY;
	e = group_new(&b->group, base, conf, pool, &payments, b, (int)conf->db_batch_connections);
	if (e != ERR_OK) {
		free(b);
		return e;
	}
	*out = b;
	return ERR_OK;
}

void
pay_batch_free(struct pay_batch *b)
{
	if (b == NULL)
		return;
	group_free(b->group);
	free(b);
}
