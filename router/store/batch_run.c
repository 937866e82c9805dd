#include "store/batch_run.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/batch_write.h"

/* ---- Claim -------------------------------------------------------------------------------------- */

static int
ref_order(const void *a, const void *b)
{
	const struct order_row *x = (*(struct batch_entry *const *)a)->row;
	const struct order_row *y = (*(struct batch_entry *const *)b)->row;

	if (x->storefront != y->storefront)
		return x->storefront < y->storefront ? -1 : 1;
	return strcmp(x->order_ref, y->order_ref);
}

static int
payment_order(const void *a, const void *b)
{
	return payment_compare((*(struct batch_entry *const *)a)->row->payment,
	    (*(struct batch_entry *const *)b)->row->payment);
}

static enum take_part
part_of(const struct order_row *r)
{
	return r->payment != NULL ? PART_ALLOCATED : PART_RESERVED;
}

/* Sorted lists: every writer claims in these orders. */
static enum err
prepare(struct batch_run *r)
{
	size_t count = (size_t)r->run.count;

	r->entries = arena_array(r->run.arena, count, sizeof(*r->entries));
	r->ready = arena_array(r->run.arena, count, sizeof(*r->ready));
	r->by_ref = arena_array(r->run.arena, count, sizeof(*r->by_ref));
	r->by_payment = arena_array(r->run.arena, count, sizeof(*r->by_payment));
	r->asked = arena_array(r->run.arena, count, sizeof(*r->asked));
	if (r->entries == NULL || r->ready == NULL || r->by_ref == NULL || r->by_payment == NULL ||
	    r->asked == NULL)
		return ERR_NO_MEMORY;
	r->payment_count = r->ready_count = 0;
	r->is_again = false;
	for (int i = 0; i < r->run.count; i++) {
		struct batch_entry *x = (struct batch_entry *)r->run.entries[i];

		x->claimed = x->payment_claimed = x->won = false;
		x->outcome = (struct batch_outcome){.order_id = x->row->order_id, .lost_take = -1};
		r->entries[i] = r->by_ref[i] = x;
		if (x->row->payment != NULL)
			r->by_payment[r->payment_count++] = x;
	}
	qsort(r->by_ref, count, sizeof(*r->by_ref), ref_order);
	if (r->payment_count > 1)
		qsort(r->by_payment, (size_t)r->payment_count, sizeof(*r->by_payment),
		    payment_order);
	return ERR_OK;
}

static void
send_refs(struct pg_args *a, struct batch_entry *const *list, int count)
{
	ARGS_ARRAY(a, ELEM_I32, elem_i32, count, list[i]->row->storefront);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, count, list[i]->row->order_ref);
}

static void
send_claims(struct batch_run *r, struct tx *t)
{
	struct pg_args *a;

	a = tx_args(t);
	send_refs(a, r->by_ref, r->run.count);
	args_array(a, ELEM_BYTES);
	for (int i = 0; i < r->run.count; i++)
		elem_bytes(a, r->by_ref[i]->row->body_hash, BODY_HASH_SIZE);
	args_array_end(a);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, r->run.count,
	    r->by_ref[i]->row->frozen->decision.owner.dealer);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, r->run.count, &r->by_ref[i]->row->order_id);
	tx_add(t, STMT_SUBMISSION_CLAIM);
}

static enum err
send_payments(struct batch_run *r, struct tx *t)
{
	struct payment_write *w;

	w = arena_array(r->run.arena, (size_t)r->payment_count, sizeof(*w));
	if (w == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < r->payment_count; i++) {
		const struct order_row *row = r->by_payment[i]->row;

		w[i] = (struct payment_write){.order_id = row->order_id,
		    .dealer = row->frozen->decision.owner.dealer,
		    .payment = row->payment,
		    .outcome = PAID_OPENED};
	}
	write_payments(t, w, r->payment_count);
	return ERR_OK;
}

static enum err
send_scarce(struct batch_run *r, struct tx *t)
{
	int take_count = 0;
	enum err e;

	for (int i = 0; i < r->run.count; i++)
		take_count += r->entries[i]->row->take_count;
	e = scarce_init(&r->scarce, r->run.arena, take_count);
	if (e != ERR_OK)
		return e;
	for (int i = 0; i < r->run.count; i++)
		scarce_add(&r->scarce, r->entries[i]->row);
	r->scarce_asked = scarce_send(&r->scarce, t) > 0;
	return ERR_OK;
}

static enum tx_next
claim_trip(struct batch_run *r, struct tx *t)
{
	enum err e;

	e = prepare(r);
	if (e == ERR_OK) {
		send_claims(r, t);
		e = send_payments(r, t);
	}
	if (e == ERR_OK)
		e = send_scarce(r, t);
	if (e == ERR_OK)
		return TX_TRIP;
	tx_fail(t, e);
	return TX_ROLLBACK;
}

/* ---- Write and take ----------------------------------------------------------------------------- */

/* Rows come back in the order they were sent, less those that were there before. */
static void
read_claims(struct batch_entry *const *list, int count, const PGresult *res, bool payment)
{
	struct uuid id;
	int row;

	row = 0;
	for (int i = 0; i < count && row < PQntuples(res); i++) {
		id = col_uuid(res, row, 0);
		if (!uuid_equal(&id, &list[i]->row->order_id))
			continue;
		if (payment)
			list[i]->payment_claimed = true;
		else
			list[i]->claimed = true;
		row++;
	}
	assert(row == PQntuples(res));
}

/* Those with all their claims; the others know what became of them, or will in the last trip. */
static void
read_claim_trip(struct batch_run *r, struct tx *t)
{
	int at = 0;

	read_claims(r->by_ref, r->run.count, tx_result(t, at++), false);
	if (r->payment_count > 0)
		read_claims(r->by_payment, r->payment_count, tx_result(t, at++), true);
	if (r->scarce_asked)
		scarce_read(&r->scarce, tx_result(t, at));
	for (int i = 0; i < r->run.count; i++) {
		struct batch_entry *x = r->entries[i];

		if (!x->claimed)
			continue; /* its submission row says what became of it */
		if (x->row->payment != NULL && !x->payment_claimed) {
			x->outcome.err = ERR_BAD_FIELD;
		} else if (scarce_hits(&r->scarce, x->row)) {
			x->outcome.err = ERR_CONTENDED;
			x->outcome.stale = true;
		} else {
			r->ready[r->ready_count++] = x;
		}
	}
}

/* Summed keys, sorted as every writer locks them. */
static enum err
sum_takes(struct batch_run *r)
{
	int count = 0;
	enum err e;

	for (int i = 0; i < r->ready_count; i++)
		count += r->ready[i]->row->take_count;
	e = takes_init(&r->takes, r->run.arena, count);
	for (int i = 0; i < r->ready_count && e == ERR_OK; i++) {
		struct batch_entry *x = r->ready[i];
		const struct order_row *row = x->row;

		x->places = arena_array(r->run.arena, (size_t)row->take_count, sizeof(*x->places));
		if (x->places == NULL)
			return ERR_NO_MEMORY;
		for (int k = 0; k < row->take_count; k++)
			takes_add(&r->takes, &row->takes[k], part_of(row), &x->places[k]);
	}
	return e == ERR_OK ? takes_seal(&r->takes) : e;
}

static enum err
send_takes(struct batch_run *r, struct tx *t)
{
	enum err e = sum_takes(r);

	if (e != ERR_OK)
		return e;
	takes_turn(t);
	(void)takes_send_ensure(&r->takes, t, r->hints);
	r->taken_at = tx_added(t);
	(void)takes_send(&r->takes, t, TAKES_TAKE);
	return ERR_OK;
}

/* The rows of ${count} orders of ${list}. */
static enum err
send_rows(struct batch_run *r, struct tx *t, struct batch_entry *const *list, int count)
{
	struct order_write *w;
	struct journal_write *j;
	struct outbox_write *o;
	int64_t now_us;
	int journals;

	w = arena_array(r->run.arena, (size_t)count, sizeof(*w));
	j = arena_array(r->run.arena, 2 * (size_t)count, sizeof(*j));
	o = arena_array(r->run.arena, (size_t)count, sizeof(*o));
	if (w == NULL || j == NULL || o == NULL)
		return ERR_NO_MEMORY;
	journals = 0;
	for (int i = 0; i < count; i++) {
		const struct order_row *row = list[i]->row;
		const struct posting *const postings[] = {row->e1, row->e2};

		w[i] = (struct order_write){.row = row, .attempt = 1, .number_first = 1};
		o[i] = (struct outbox_write){.order_id = row->order_id,
		    .dealer = row->frozen->decision.owner.dealer,
		    .kind = OUTBOX_CREATED};
		for (size_t p = 0; p < 2; p++)
			if (row->payment != NULL && postings[p] != NULL)
				j[journals++] = (struct journal_write){.object = row->order_id,
				    .dealer = row->frozen->decision.owner.dealer,
				    .split_version = row->frozen->split_version,
				    .event_no = 1,
				    .event_at_us = row->payment->paid_at_us,
				    .provider_ref = row->payment->number,
				    .posting = postings[p]};
	}
	now_us = clock_wall_us();
	write_orders(t, w, count);
	write_fulfilments(t, w, count);
	write_decisions(t, w, count);
	write_deposits(t, w, count);
	write_contacts(t, w, count);
	write_journal(t, j, journals, now_us);
	write_outbox(t, o, count, now_us);
	return ERR_OK;
}

static enum tx_next
take_trip(struct batch_run *r, struct tx *t)
{
	enum err e;

	(void)tx_args(t);
	tx_add(t, STMT_ORDERS_SAVE);
	e = send_rows(r, t, r->ready, r->ready_count);
	if (e == ERR_OK)
		e = send_takes(r, t);
	if (e == ERR_OK)
		return TX_TRIP;
	tx_fail(t, e);
	return TX_ROLLBACK;
}

static enum tx_next
take_again(struct batch_run *r, struct tx *t)
{
	enum err e;

	r->is_again = true;
	changed_tasks_clear(tx_tasks(t));
	(void)tx_args(t);
	tx_add(t, STMT_ORDERS_UNDO);
	e = send_takes(r, t);
	if (e == ERR_OK)
		return TX_TRIP;
	tx_fail(t, e);
	return TX_ROLLBACK;
}

/* ---- Who has won -------------------------------------------------------------------------------- */

/* In order of arrival, each all or nothing over its takes; how many won. */
static int
judge(struct batch_run *r)
{
	int won, short_at;

	won = 0;
	for (int i = 0; i < r->ready_count; i++) {
		struct batch_entry *x = r->ready[i];
		const struct order_row *row = x->row;

		x->won = takes_grant(&r->takes, row->takes, x->places, row->take_count,
		    part_of(row), &short_at);
		x->outcome.err = x->won ? ERR_OK : take_err(row->takes[short_at].kind);
		x->outcome.lost_take = x->won ? -1 : short_at;
		won += x->won;
	}
	return won;
}

/* ---- Give back, commit -------------------------------------------------------------------------- */

/* Losers leave no claim: what they asked for may be asked again. */
static void
send_deletes(struct batch_run *r, struct tx *t)
{
	struct batch_entry **list;
	struct pg_args *a;
	int count;

	list = r->asked; /* free until send_reads() */
	count = 0;
	for (int i = 0; i < r->run.count; i++)
		if (r->by_ref[i]->claimed && !r->by_ref[i]->won)
			list[count++] = r->by_ref[i];
	if (count > 0) {
		send_refs(tx_args(t), list, count);
		tx_add(t, STMT_SUBMISSION_DELETE);
	}
	count = 0;
	for (int i = 0; i < r->payment_count; i++)
		if (r->by_payment[i]->payment_claimed && !r->by_payment[i]->won)
			list[count++] = r->by_payment[i];
	if (count == 0)
		return;
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, count, (int16_t)list[i]->row->payment->provider);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, count, list[i]->row->payment->number);
	tx_add(t, STMT_PAYMENT_DELETE);
}

static bool
send_reads(struct batch_run *r, struct tx *t)
{
	int count;

	count = 0;
	for (int i = 0; i < r->run.count; i++)
		if (!r->by_ref[i]->claimed)
			r->asked[count++] = r->by_ref[i];
	if (count == 0)
		return false;
	send_refs(tx_args(t), r->asked, count);
	tx_add(t, STMT_SUBMISSION_READ);
	return true;
}

static enum tx_next
commit_trip(struct batch_run *r, struct tx *t, int won)
{
	struct batch_entry **winners = r->ready;
	enum err e = ERR_OK;
	int count = 0;

	(void)takes_send(&r->takes, t, TAKES_CORRECT);
	r->figures_at = tx_added(t);
	(void)takes_send(&r->takes, t, TAKES_FIGURES);
	send_deletes(r, t);
	r->submission_at = tx_added(t);
	if (!send_reads(r, t))
		r->submission_at = -1;
	if (r->is_again) {
		for (int i = 0; i < r->ready_count; i++)
			if (r->ready[i]->won)
				winners[count++] = r->ready[i];
		e = send_rows(r, t, winners, count);
	}
	/* Numbers of a stream have no gaps: one row for each that was used. */
	if (takes_pack(&r->takes, &r->run.changes) || won > 0)
		write_change(t, &r->run.changes);
	if (e == ERR_OK)
		e = buf_err(&r->run.changes);
	if (e == ERR_OK)
		return TX_COMMIT;
	tx_fail(t, e);
	return TX_ROLLBACK;
}

enum tx_next
batch_run_step(struct tx *t, void *ctx)
{
	struct batch_run *r = ctx;
	int won;

	if (tx_trip(t) == 0)
		return claim_trip(r, t);
	if (tx_trip(t) == 1) {
		read_claim_trip(r, t);
		if (r->ready_count > 0)
			return take_trip(r, t);
		if (takes_init(&r->takes, r->run.arena, 0) == ERR_OK)
			return commit_trip(r, t, 0);
		tx_fail(t, ERR_NO_MEMORY);
		return TX_ROLLBACK;
	}
	(void)takes_read(&r->takes, t, r->taken_at, TAKES_TAKE);
	won = judge(r);
	if (won < r->ready_count && !r->is_again)
		return take_again(r, t);
	return commit_trip(r, t, won);
}

/* ---- After the commit ------------------------------------------------------------------------- */

/* What is there under the reference of one that could not claim it. */
static void
read_submission(struct batch_entry *x, const PGresult *res, int row)
{
	const uint8_t *hash;
	struct uuid id;
	size_t len;

	hash = col_bytes(res, row, 1, &len);
	id = col_uuid(res, row, 2);
	if (len != BODY_HASH_SIZE || memcmp(hash, x->row->body_hash, len) != 0) {
		x->outcome.err = ERR_EXISTS_DIFFERS;
		return;
	}
	/* Our own id: a try whose answer was lost had committed. */
	x->outcome.err = uuid_equal(&id, &x->row->order_id) ? ERR_OK : ERR_WRONG_STATE;
	x->outcome.order_id = id;
}

void
batch_run_finish(struct batch_run *r, struct tx *t)
{
	const PGresult *res;

	(void)takes_read(&r->takes, t, r->figures_at, TAKES_FIGURES);
	/* Gone when read: the one who had claimed it lost and took it back.  Decide again. */
	for (int i = 0; i < r->run.count; i++)
		if (!r->entries[i]->claimed)
			r->entries[i]->outcome.err = ERR_CONTENDED;
	if (r->submission_at < 0)
		return;
	res = tx_result(t, r->submission_at);
	for (int row = 0; row < PQntuples(res); row++)
		read_submission(r->asked[col_i32(res, row, 0) - 1], res, row);
}
