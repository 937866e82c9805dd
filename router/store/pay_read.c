#include "store/pay_read.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/group.h"
#include "store/order_read_row.h"

#define READS_MAX 2 /* at once; the other query connections are others' */

/* Behind the columns that order_read_row.h knows: which of the ids sent the row belongs to. */
enum { ORDER_I = ORDER_COLUMN_COUNT, FULFILMENT_I = FULFILMENT_COLUMN_COUNT, DECISION_I = 9 };

struct pay_read {
	struct group *group;
};

struct read_entry {
	struct group_entry entry;
	struct arena *arena;
	struct uuid order_id;
	const struct payment_row *payment;
	pay_read_fn *done;
	void *ctx;

	/* of the try under way */
	enum err err;
	struct order_read *order; /* NULL: none found */
	struct pay_known *known;
};

static int
by_order(const void *a, const void *b)
{
	const struct read_entry *x = *(struct read_entry *const *)a;
	const struct read_entry *y = *(struct read_entry *const *)b;

	return memcmp(x->order_id.b, y->order_id.b, sizeof(x->order_id.b));
}

static struct read_entry *
entry_at(const struct group_run *run, int i)
{
	return (struct read_entry *)run->entries[i];
}

/* One trip; entries are looked up in the order of the index, twins twice. */
static enum tx_next
step(struct group_run *run, struct tx *t)
{
	static const enum stmt by_id[] = {STMT_ORDERS_BY_ID, STMT_FULFILMENTS_BY_ORDER,
	    STMT_DECISIONS_BY_ORDER};
	struct pg_args *a;

	qsort(run->entries, (size_t)run->count, sizeof(*run->entries), by_order);
	for (size_t s = 0; s < sizeof(by_id) / sizeof(by_id[0]); s++) {
		a = tx_args(t);
		ARGS_ARRAY(a, ELEM_UUID, elem_uuid, run->count, &entry_at(run, i)->order_id);
		tx_add(t, by_id[s]);
	}
	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_I16, elem_i16, run->count, (int16_t)entry_at(run, i)->payment->provider);
	ARGS_ARRAY(a, ELEM_TEXT, elem_text, run->count, entry_at(run, i)->payment->number);
	tx_add(t, STMT_PAYMENTS_READ);
	return TX_COMMIT;
}

/* Of which entry is the row?  Counts from 1. */
static struct read_entry *
entry_of(const struct group_run *run, const PGresult *res, int row, int col)
{
	int32_t i = col_i32(res, row, col);

	assert(i >= 1 && i <= run->count);
	return entry_at(run, i - 1);
}

static void
read_orders(struct group_run *run, const PGresult *res)
{
	for (int row = 0; row < PQntuples(res); row++) {
		struct read_entry *x = entry_of(run, res, row, ORDER_I);

		x->order = arena_zalloc(x->arena, sizeof(*x->order));
		x->err = x->order != NULL ? order_row_read(x->arena, res, row, x->order)
		                          : ERR_NO_MEMORY;
	}
}

/* Rows of an entry stand together, by number. */
static void
read_fulfilments(struct group_run *run, const PGresult *res)
{
	int end;

	for (int row = 0; row < PQntuples(res); row = end) {
		struct read_entry *x = entry_of(run, res, row, FULFILMENT_I);
		struct order_read *o = x->order;

		for (end = row + 1;
		     end < PQntuples(res) && entry_of(run, res, end, FULFILMENT_I) == x;)
			end++;
		if (o == NULL || x->err != ERR_OK)
			continue; /* committed between the two statements: NOT_FOUND */
		o->fulfilment_count = end - row;
		o->fulfilments =
		    arena_array(x->arena, (size_t)o->fulfilment_count, sizeof(*o->fulfilments));
		if (o->fulfilments == NULL)
			x->err = ERR_NO_MEMORY;
		for (int i = row; i < end && x->err == ERR_OK; i++)
			x->err = fulfilment_row_read(x->arena, res, i, &o->fulfilments[i - row]);
	}
}

static void
read_decisions(struct group_run *run, const PGresult *res)
{
	for (int row = 0; row < PQntuples(res); row++) {
		struct read_entry *x = entry_of(run, res, row, DECISION_I);

		if (x->order != NULL && x->err == ERR_OK)
			x->err = decision_row_read(x->arena, res, row, x->order);
	}
}

static void
read_known(struct group_run *run, const PGresult *res)
{
	for (int row = 0; row < PQntuples(res); row++) {
		struct read_entry *x = entry_of(run, res, row, 0);

		x->known = arena_alloc(x->arena, sizeof(*x->known));
		if (x->known == NULL)
			x->err = ERR_NO_MEMORY;
		else
			*x->known = (struct pay_known){.order_id = col_uuid(res, row, 1),
			    .amount_fen = col_i64(res, row, 2),
			    .outcome = (enum payment_outcome)col_i16(res, row, 3)};
	}
}

static void
tell(struct read_entry *x, enum err e)
{
	if (e == ERR_OK && x->order == NULL)
		e = ERR_NOT_FOUND;
	x->done(x->ctx, e, e == ERR_OK ? x->order : NULL, x->known);
	free(x);
}

static void
committed(struct group_run *run, struct tx *t)
{
	read_orders(run, tx_result(t, 0));
	read_fulfilments(run, tx_result(t, 1));
	read_decisions(run, tx_result(t, 2));
	read_known(run, tx_result(t, 3));
	for (int i = 0; i < run->count; i++) {
		struct read_entry *x = entry_at(run, i);

		tell(x, x->err);
	}
}

static void
failed(void *owner, struct group_entry *entry, enum err e)
{
	(void)owner;
	/* Nothing was written, so nothing is unknown. */
	tell((struct read_entry *)entry, e == ERR_TIMEOUT ? ERR_DB_DOWN : e);
}

static void
print(const struct group_entry *entry, char out[UUID_TEXT_SIZE])
{
	uuid_format(&((const struct read_entry *)entry)->order_id, out);
}

static const struct group_kind reads = {.name = "read",
    .run_size = sizeof(struct group_run),
    .step = step,
    .committed = committed,
    .failed = failed,
    .print = print,
    .queue = METRIC_pay_read_queue,
    .runs = METRIC_pay_reads_total,
    .entries = METRIC_pay_read_payments_total,
    .retries = METRIC_COUNT,
    .splits = METRIC_COUNT,
    .bad = METRIC_COUNT};

enum err
pay_read_add(struct pay_read *p, struct arena *arena, const struct uuid *id,
    const struct payment_row *payment, pay_read_fn *done, void *ctx)
{
	struct read_entry *x;
	enum err e;

	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct read_entry){.arena = arena,
	    .order_id = *id,
	    .payment = payment,
	    .done = done,
	    .ctx = ctx};
	e = group_add(p->group, &x->entry);
	if (e != ERR_OK)
		free(x);
	return e;
}

enum err
pay_read_new(struct pay_read **out, struct event_base *base, const struct conf *conf,
    struct pool *pool)
{
	struct pay_read *p;
	enum err e;

	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_NO_MEMORY;
	e = group_new(&p->group, base, conf, pool, &reads, p, READS_MAX);
	if (e != ERR_OK) {
		free(p);
		return e;
	}
	*out = p;
	return ERR_OK;
}

void
pay_read_free(struct pay_read *p)
{
	if (p == NULL)
		return;
	group_free(p->group);
	free(p);
}
