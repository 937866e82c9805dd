#include "store/expiry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "store/batch_write.h"
#include "store/takes.h"

#define SET_MAX 200
#define SKIP_MAX 64 /* orders that broke a constraint; a person must look at them */
#define ARENA_MAX ((size_t)32 << 20)
#define CHANGES_MAX ((size_t)16 << 20)

struct due {
	struct uuid order_id;
	int32_t dealer;
};

struct expiry {
	const struct conf *conf;
	struct pool *pool;
	struct hints_memory *hints;
	struct event *timer;
	bool running, closing;
	int set_max; /* one, after a set broke a constraint */
	struct uuid skip[SKIP_MAX];
	int skip_count;

	/* the set under way */
	struct arena *arena;
	struct buf changes;
	struct takes takes;
	struct due *due;
	int due_count;
	int64_t now_us;
};

static void
schedule(struct expiry *x, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

	(void)event_add(x->timer, &tv);
}

static bool
skipped(const struct expiry *x, const struct uuid *id)
{
	for (int i = 0; i < x->skip_count; i++)
		if (uuid_equal(&x->skip[i], id))
			return true;
	return false;
}

static int
due_order(const void *a, const void *b)
{
	const struct due *x = a, *y = b;

	return memcmp(x->order_id.b, y->order_id.b, sizeof(x->order_id.b));
}

/* Keeps (order_id, dealer_id) of each row, by order_id: the order in which all writers lock them. */
static enum err
keep(struct expiry *x, const PGresult *r, bool filter)
{
	x->due = arena_array(x->arena, (size_t)PQntuples(r), sizeof(*x->due));
	if (x->due == NULL)
		return ERR_NO_MEMORY;
	x->due_count = 0;
	for (int row = 0; row < PQntuples(r); row++) {
		struct due d = {.order_id = col_uuid(r, row, 0), .dealer = col_i32(r, row, 1)};

		if (x->due_count < x->set_max && (!filter || !skipped(x, &d.order_id)))
			x->due[x->due_count++] = d;
	}
	if (x->due_count > 1)
		qsort(x->due, (size_t)x->due_count, sizeof(*x->due), due_order);
	return ERR_OK;
}

static struct pg_args *
send_due(struct expiry *x, struct tx *t)
{
	struct pg_args *a;

	a = tx_args(t);
	ARGS_ARRAY(a, ELEM_UUID, elem_uuid, x->due_count, &x->due[i].order_id);
	ARGS_ARRAY(a, ELEM_I32, elem_i32, x->due_count, x->due[i].dealer);
	return a;
}

/* ---- What the fulfilments held ---------------------------------------------------------------- */

/* Columns of FULFILMENT_EXPIRE. */
enum {
	F_OWNER,
	F_DEALER,
	F_LOCATION,
	F_SKU,
	F_QTY,
	F_GOODS_OWNER,
	F_ENTITLED,
	F_TAKES_CAPACITY,
	F_DAY,
	F_SLOT_FROM,
	F_SLOT_TO,
	F_LINE,
	F_DISCOUNT,
	F_CAMPAIGN
};

/* At most, of one row: a line's stock, entitlement and budget; then capacity and slot. */
static int
takes_max(const PGresult *r)
{
	struct col_array a;
	int count;

	count = 0;
	for (int row = 0; row < PQntuples(r); row++)
		count += 3 * col_array_open(r, row, F_SKU, &a) + 2;
	return count;
}

/* Element ${at} of an array of the order's lines; 0 where the order has none. */
static int64_t
line_value(const PGresult *r, int row, int col, int at, bool wide)
{
	struct col_array a;
	int64_t v;

	if (col_array_open(r, row, col, &a) <= at)
		return 0;
	for (v = 0; at >= 0; at--)
		v = wide ? array_i64(&a) : array_i32(&a);
	return v;
}

static void
release_lines(struct expiry *x, const PGresult *r, int row)
{
	struct col_array sku, qty, owner, line;
	int64_t discount_fen;
	int32_t quantity;
	int at;

	(void)col_array_open(r, row, F_QTY, &qty);
	(void)col_array_open(r, row, F_GOODS_OWNER, &owner);
	(void)col_array_open(r, row, F_LINE, &line);
	for (int n = col_array_open(r, row, F_SKU, &sku); n > 0; n--) {
		struct take stock = {.kind = TAKE_STOCK,
		    .dealer = col_i32(r, row, F_DEALER),
		    .location = col_i32(r, row, F_LOCATION),
		    .sku = array_i32(&sku)};
		struct take entitled = {.kind = TAKE_ENTITLEMENT,
		    .dealer = col_i32(r, row, F_OWNER),
		    .sku = stock.sku};
		struct take budget = {.kind = TAKE_BUDGET};

		quantity = array_i32(&qty);
		stock.goods_owner = array_i32(&owner);
		at = array_i16(&line);
		stock.quantity = entitled.quantity = -quantity;
		if (stock.goods_owner != 0)
			takes_add(&x->takes, &stock, PART_RESERVED, NULL);
		if (stock.goods_owner != 0 && col_array_has_i32(r, row, F_ENTITLED, stock.sku))
			takes_add(&x->takes, &entitled, PART_ALLOCATED, NULL);
		discount_fen = line_value(r, row, F_DISCOUNT, at, true);
		if (discount_fen == 0)
			continue;
		budget.campaign = (int32_t)line_value(r, row, F_CAMPAIGN, at, false);
		budget.quantity = -discount_fen * quantity;
		takes_add(&x->takes, &budget, PART_ALLOCATED, NULL);
	}
}

static enum err
release(struct expiry *x, const PGresult *r)
{
	enum err e;

	e = takes_init(&x->takes, x->arena, takes_max(r));
	if (e != ERR_OK)
		return e;
	for (int row = 0; row < PQntuples(r); row++) {
		struct take t = {.kind = TAKE_CAPACITY,
		    .dealer = col_i32(r, row, F_DEALER),
		    .location = col_i32(r, row, F_LOCATION),
		    .day = col_date(r, row, F_DAY),
		    .quantity = -1};

		release_lines(x, r, row);
		if (col_bool(r, row, F_TAKES_CAPACITY))
			takes_add(&x->takes, &t, PART_ALLOCATED, NULL);
		if (col_null(r, row, F_SLOT_FROM))
			continue;
		t.kind = TAKE_SLOT;
		t.from_min = col_i16(r, row, F_SLOT_FROM);
		t.to_min = col_i16(r, row, F_SLOT_TO);
		takes_add(&x->takes, &t, PART_ALLOCATED, NULL);
	}
	return takes_seal(&x->takes);
}

/* ---- One set ---------------------------------------------------------------------------------- */

static enum tx_next
step_due(struct expiry *x, struct tx *t)
{
	struct pg_args *a;

	arena_reset(x->arena);
	buf_reset(&x->changes);
	x->takes = (struct takes){0};
	x->due_count = 0;
	x->now_us = clock_wall_us();
	a = tx_args(t);
	args_time(a, x->now_us);
	args_i64(a, x->set_max + x->skip_count);
	tx_add(t, STMT_EXPIRY_DUE);
	return TX_TRIP;
}

static enum tx_next
step_orders(struct expiry *x, struct tx *t)
{
	args_time(send_due(x, t), x->now_us);
	tx_add(t, STMT_ORDER_EXPIRE);
	return TX_TRIP;
}

static enum tx_next
step_commit(struct expiry *x, struct tx *t)
{
	struct outbox_write *o;

	o = arena_array(x->arena, (size_t)x->due_count, sizeof(*o));
	if (o == NULL) {
		tx_fail(t, ERR_NO_MEMORY);
		return TX_ROLLBACK;
	}
	for (int i = 0; i < x->due_count; i++)
		o[i] = (struct outbox_write){.order_id = x->due[i].order_id,
		    .dealer = x->due[i].dealer,
		    .kind = OUTBOX_EXPIRED};
	write_outbox(t, o, x->due_count, x->now_us);
	if (takes_pack(&x->takes, &x->changes))
		write_change(t, &x->changes);
	return TX_COMMIT;
}

static enum tx_next
expiry_step(struct tx *t, void *ctx)
{
	struct expiry *x = ctx;
	enum err e;

	switch (x->closing ? -1 : tx_trip(t)) {
	case 0:
		return step_due(x, t);
	case 1:
		e = keep(x, tx_result(t, 0), true);
		if (e == ERR_OK && x->due_count == 0)
			return TX_COMMIT;
		if (e == ERR_OK)
			return step_orders(x, t);
		break;
	case 2: /* only those that nobody paid or released meanwhile */
		e = keep(x, tx_result(t, 0), false);
		if (e == ERR_OK && x->due_count == 0)
			return TX_COMMIT;
		if (e == ERR_OK) {
			(void)send_due(x, t);
			tx_add(t, STMT_FULFILMENT_EXPIRE);
			return TX_TRIP;
		}
		break;
	case 3:
		e = release(x, tx_result(t, 0));
		if (e == ERR_OK && x->takes.key_count == 0)
			return step_commit(x, t);
		if (e == ERR_OK) {
			(void)takes_send(&x->takes, t, TAKES_GIVE);
			return TX_TRIP;
		}
		break;
	case 4:
		(void)takes_read(&x->takes, t, 0, TAKES_GIVE);
		return step_commit(x, t);
	default:
		e = ERR_NOT_READY;
		break;
	}
	tx_fail(t, e);
	return TX_ROLLBACK;
}

static void
release_memory(struct expiry *x)
{
	arena_free(x->arena);
	buf_release(&x->changes);
	free(x);
}

/* A row broke a constraint: the sets become one order each until it is found and left alone. */
static void
bad_set(struct expiry *x, struct tx *t)
{
	char id[UUID_TEXT_SIZE];

	if (x->set_max > 1 || x->due_count == 0 || x->skip_count == SKIP_MAX) {
		x->set_max = 1;
		return;
	}
	uuid_format(&x->due[0].order_id, id);
	log_error(LOG_MSG("an unpaid order cannot be released; it is left as it is"),
	    LOG_STR("order", id), LOG_STR("server", tx_sql_error(t)));
	x->skip[x->skip_count++] = x->due[0].order_id;
	x->set_max = SET_MAX;
}

static void
expiry_done(struct tx *t, void *ctx, enum err e)
{
	struct expiry *x = ctx;
	bool more;

	x->running = false;
	if (x->closing) {
		release_memory(x);
		return;
	}
	more = e == ERR_OK && x->due_count == x->set_max;
	if (e == ERR_OK) {
		if (x->due_count > 0)
			takes_apply(&x->takes, x->hints, true);
		metric_add(METRIC_orders_expired_total, x->due_count);
	} else if (e == ERR_BAD_FIELD) {
		bad_set(x, t);
		more = true;
	} else {
		log_warn(LOG_MSG("releasing unpaid orders failed"), LOG_STR("err", err_name(e)),
		    LOG_STR("server", tx_sql_error(t)));
	}
	schedule(x, more ? 0 : x->conf->expiry_poll_ms);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct expiry *x = ctx;

	(void)fd;
	(void)what;
	assert(!x->running);
	x->running = tx_start(x->pool, expiry_step, expiry_done, x) == ERR_OK;
	if (!x->running)
		schedule(x, x->conf->expiry_poll_ms);
}

enum err
expiry_new(struct expiry **out, struct event_base *base, const struct conf *conf, struct pool *pool,
    struct hints_memory *hints)
{
	struct expiry *x;

	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return ERR_NO_MEMORY;
	*x = (struct expiry){.conf = conf, .pool = pool, .hints = hints, .set_max = SET_MAX};
	buf_init(&x->changes, CHANGES_MAX);
	x->arena = arena_new(ARENA_MAX);
	x->timer = evtimer_new(base, on_timer, x);
	if (x->arena == NULL || x->timer == NULL) {
		release_memory(x);
		return ERR_NO_MEMORY;
	}
	schedule(x, conf->expiry_poll_ms);
	*out = x;
	return ERR_OK;
}

void
expiry_free(struct expiry *x)
{
	if (x == NULL)
		return;
	event_free(x->timer);
	x->timer = NULL;
	x->closing = true;
	if (!x->running)
		release_memory(x);
}
