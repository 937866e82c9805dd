/* What acts leave about stock: late hand-overs, what came back, empty shelves, serial numbers; and counts meanwhile. */
#include <inttypes.h>

#include "base/clock.h"
#include "domain/level.h"
#include "store/act.h"
#include "store/stock_report.h"
#include "unit.h"

#include "catalog_fixture.h"
#include "draw.h"

static struct instance s;
static int orders; /* made so far */

static int
start(void **state)
{
	if (cluster_start(state) != 0)
		return -1;
	small_catalog(&s, "act_stock");
	return 0;
}

static int
stop(void **state)
{
	instance_stop(&s);
	return cluster_stop(state);
}

/* ---- An order of one fulfilment, acted on ------------------------------------------------------ */

/* ${qty} of A out of D1-1, allocated, in ${state}; its level has ${on_hand}, and nothing moved before. */
static struct uuid
order_make(int on_hand, int qty, enum fulfilment_state state)
{
	char sql[2000], id[UUID_TEXT_SIZE];
	struct uuid u;

	orders++;
	(void)snprintf(id, sizeof(id), "0000019b-7602-7%03x-8000-%012x", orders & 0xfff, orders);
	assert_int_equal(uuid_parse(id, &u), ERR_OK);
	(void)snprintf(sql, sizeof(sql),
	    "update fulfilment set handed_at = null; delete from stock_back; "
	    "insert into sales_order (order_id, dealer_id, storefront_id, policy_version, split_version, collector_id, "
	    "customer, goods_fen, delivery_fee_fen, funded_fen, fee_fen, margin_fen, created_at, paid_at, owner_source, "
	    "mark, way, accept_other_way, order_ref, line_sku, line_qty, line_price_fen, line_cost_fen) "
	    "select '%s', %d, 1, 1, 1, %d, 0, 100, 0, 0, 0, 0, now(), now(), 1, 0, 2, false, 'r', '{%d}', '{%d}', '{100}', "
	    "'{50}'; "
	    "insert into fulfilment (order_id, number, attempt, dealer_id, location_id, distance_m, way, state, "
	    "takes_capacity, promise_from, promise_to, line, sku_id, qty, goods_owner_id) "
	    "select '%s', 1, 1, %d, %d, 0, 2, %d, false, now(), now(), '{0}', '{%d}', '{%d}', '{%d}'; "
	    "insert into stock_level (dealer_id, location_id, sku_id, goods_owner_id, on_hand, allocated, counted_at) "
	    "select %d, %d, %d, %d, %d, %d, to_timestamp(1) on conflict (dealer_id, location_id, sku_id, goods_owner_id) "
	    "do update set on_hand = excluded.on_hand, allocated = excluded.allocated, reserved = 0, safety = 0, "
	    "counted_at = excluded.counted_at, counted_to = null, suspect_until = null, "
	    "version = stock_level.version + 1",
	    id, id_of(&s, "party", "D1"), id_of(&s, "party", "D1"), id_of(&s, "sku", "A"), qty, id,
	    id_of(&s, "party", "D1"), id_of(&s, "location", "D1-1"), (int)state,
	    id_of(&s, "sku", "A"), qty, id_of(&s, "party", "D1"), id_of(&s, "party", "D1"),
	    id_of(&s, "location", "D1-1"), id_of(&s, "sku", "A"), id_of(&s, "party", "D1"), on_hand,
	    qty);
	sql_run(small_db(), sql);
	return u;
}

struct got {
	bool done;
	enum err e;
	struct order_read *order;
};

static void
on_read(void *ctx, enum err e, struct order_read *o)
{
	*(struct got *)ctx = (struct got){true, e, o};
}

static void
on_act(void *ctx, enum err e)
{
	struct got *g = ctx;

	g->done = true;
	g->e = e;
}

struct acting {
	struct got got;
	struct act_in in;
	struct act_fulfilment ful;
	struct reason reason;
};

static void
act_prepare(struct acting *x, struct uuid id, enum act_kind kind, enum fulfilment_state to,
    int64_t at_us)
{
	struct order_key key = {.order_id = id};
	struct got g = {0};

	assert_int_equal(order_read_one(s.pool, s.arena, &key, READ_ACTS, on_read, &g), ERR_OK);
	instance_wait(&s, &g.done);
	assert_int_equal(g.e, ERR_OK);
	*x = (struct acting){.in = {.order = g.order, .at_us = at_us, .act_count = 1}};
	x->ful = (struct act_fulfilment){.was = &g.order->fulfilments[0],
	    .from = g.order->fulfilments[0].state,
	    .is = g.order->fulfilments[0]};
	x->ful.is.state = to;
	if (to == FUL_COLLECTED || to == FUL_OUT_FOR_DELIVERY)
		x->ful.is.handed_us = at_us;
	x->in.fulfilments = &x->ful;
	x->in.fulfilment_count = 1;
	x->in.reason = &x->reason;
	x->in.acts[0] =
	    (struct act_row){.kind = kind, .number = 1, .state = (int)to, .waited_s = -1};
}

static void
act_begin(struct acting *x)
{
	assert_int_equal(act_start(s.pool, catalog_hints(s.catalog), &x->in, on_act, &x->got),
	    ERR_OK);
}

static enum err
act_now(struct acting *x)
{
	act_begin(x);
	instance_wait(&s, &x->got.done);
	return x->got.e;
}

static const struct write_result *
count_now(int count, int64_t counted_us)
{
	static struct count_row row;
	static struct stock_report r;

	row = (struct count_row){"D1-1", "A", "", count, -1, counted_us};
	r = (struct stock_report){.counts = &row, .count_count = 1, .now_us = clock_wall_us()};
	return WRITE(&s, write_stock, &r);
}

static int64_t
level(const char *column)
{
	char sql[200];

	(void)snprintf(sql, sizeof(sql),
	    "select %s from stock_level where location_id = %d and sku_id = %d", column,
	    id_of(&s, "location", "D1-1"), id_of(&s, "sku", "A"));
	return sql_number(small_db(), sql);
}

static const struct stock_hint *
hint(void)
{
	return hints_stock(&catalog_hints(s.catalog)->hints, id_of(&s, "location", "D1-1"),
	    id_of(&s, "sku", "A"), id_of(&s, "party", "D1"));
}

/* ---- Counts and hand-overs --------------------------------------------------------------------- */

static void
test_hand_over_and_count(void **state)
{
	int64_t now = clock_wall_us();
	struct uuid id = order_make(10, 2, FUL_READY_FOR_PICKUP);
	struct acting x;

	(void)state;
	/* Counted before the goods left, told after. */
	act_prepare(&x, id, ACT_COLLECT, FUL_COLLECTED, now - 10 * US_PER_S);
	row_equal("act", act_now(&x), ERR_OK);
	row_equal("handed out", level("on_hand"), 8);
	row_equal("count", count_now(10, now - 20 * US_PER_S)->written, 1);
	row_equal("still handed out", level("on_hand"), 8);
	/* Counted after. */
	row_equal("count", count_now(8, now - 5 * US_PER_S)->written, 1);
	row_equal("in the count", level("on_hand"), 8);
	/* An older count than the stored one. */
	row_equal("older", count_now(99, now - 20 * US_PER_S)->older, 1);
	row_equal("as it was", level("on_hand"), 8);
	row_equal("nothing is held", level("allocated"), 0);
}

/* The goods had left when the shelf was counted; only the commit came late. */
static void
test_late_hand_over(void **state)
{
	int64_t now = clock_wall_us();
	struct uuid id = order_make(10, 2, FUL_READY_FOR_PICKUP);
	struct acting x;

	(void)state;
	act_prepare(&x, id, ACT_COLLECT, FUL_COLLECTED, now - 10 * US_PER_S);
	row_equal("count", count_now(8, now - 5 * US_PER_S)->written, 1);
	row_equal("act", act_now(&x), ERR_OK);
	row_equal("not twice", level("on_hand"), 8);
	row_equal("nothing is held", level("allocated"), 0);
	row_equal("hint", hint()->atp, 8);
}

/* Delivered, refused at the door, back on the shelf: a count of a moment in between knows what came back. */
static void
test_back_on_the_shelf(void **state)
{
	int64_t now = clock_wall_us();
	struct uuid id = order_make(10, 3, FUL_RETURNING);
	struct acting x;

	(void)state;
	sql_run(small_db(),
	    "update stock_level set on_hand = 7, allocated = 0, version = version + 1 where on_hand = 10");
	act_prepare(&x, id, ACT_RESTOCK, FUL_RESTOCKED, now - 10 * US_PER_S);
	row_equal("act", act_now(&x), ERR_OK);
	row_equal("on hand", level("on_hand"), 10);
	row_equal("noted", sql_number(small_db(), "select sum(qty) from stock_back"), 3);
	row_equal("count", count_now(7, now - 20 * US_PER_S)->written, 1);
	row_equal("with what came back", level("on_hand"), 10);
	row_equal("count", count_now(10, now - 5 * US_PER_S)->written, 1);
	row_equal("in the count", level("on_hand"), 10);
}

/* A figure out of books that follow our events. */
static void
test_books(void **state)
{
	int64_t now = clock_wall_us();
	struct uuid id = order_make(10, 2, FUL_READY_FOR_PICKUP), open;
	struct count_row row = {"D1-1", "A", "", 10, -1, now - 5 * US_PER_S};
	struct stock_report r = {.counts = &row,
	    .count_count = 1,
	    .seen_us = now - 20 * US_PER_S,
	    .now_us = now};
	struct acting x;

	(void)state;
	act_prepare(&x, id, ACT_COLLECT, FUL_COLLECTED, now - 10 * US_PER_S);
	row_equal("act", act_now(&x), ERR_OK);
	row_equal("not booked yet", WRITE(&s, write_stock, &r)->written, 1);
	row_equal("taken off", level("on_hand"), 8);
	row.count = 8;
	row.counted_us += 1;
	r.seen_us = now - 10 * US_PER_S;
	row_equal("booked", WRITE(&s, write_stock, &r)->written, 1);
	row_equal("not twice", level("on_hand"), 8);
	/* Taken off by the source at the sale, still on the shelf. */
	open = order_make(8, 1, FUL_ACCEPTED);
	row.count = 7;
	row.counted_us += 1;
	r.booked = &open;
	r.booked_count = 1;
	row_equal("named", WRITE(&s, write_stock, &r)->written, 1);
	row_equal("put on again", level("on_hand"), 8);
	row_equal("held", level("allocated"), 1);
	row_equal("hint", hint()->atp, 7);
}

#define ROUNDS 150
/* A hand-over and a count at once, on two connections: whoever is first, the level ends at what is there. */
static void
test_race(void **state)
{
	uint64_t seed = draw_seed("ACT_STOCK_SEED", 20261122);
	int64_t now, counted_us;
	struct written w;
	struct acting x;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct count_row row;
		struct stock_report r;
		struct writer writer;
		struct uuid id = order_make(10, 1, FUL_READY_FOR_PICKUP);
		bool act_first = draw(&seed) % 2 == 0, before = draw(&seed) % 2 == 0;

		arena_reset(s.arena);
		now = clock_wall_us();
		counted_us = now - US_PER_S;
		act_prepare(&x, id, ACT_COLLECT, FUL_COLLECTED, counted_us + (before ? -1 : 1));
		row = (struct count_row){"D1-1", "A", "", before ? 9 : 10, -1, counted_us};
		r = (struct stock_report){.counts = &row, .count_count = 1, .now_us = now};
		w = (struct written){0};
		writer = writer_for(&s, &w);
		if (act_first)
			act_begin(&x);
		assert_int_equal(write_stock(&writer, &r), ERR_OK);
		if (!act_first)
			act_begin(&x);
		instance_wait(&s, &x.got.done);
		instance_wait(&s, &w.done);
		row_equal("act", x.got.e, ERR_OK);
		row_equal("count", w.result.written, 1);
		if (level("on_hand") != 9 || level("allocated") != 0)
			fail_msg("round %d: on_hand %" PRId64, i, level("on_hand"));
	}
}

/* ---- Empty shelves ----------------------------------------------------------------------------- */

/* One refusal moves no figure and touches no other order: it hides the level until the next count. */
static void
test_suspect(void **state)
{
	int64_t now = clock_wall_us();
	struct uuid id = order_make(10, 2, FUL_OFFERED);
	struct acting x;

	(void)state;
	sql_run(small_db(),
	    "update stock_level set allocated = 5, version = version + 1 where on_hand = 10");
	act_prepare(&x, id, ACT_REJECT, FUL_REJECTED, now);
	x.ful.suspect = true;
	row_equal("act", act_now(&x), ERR_OK);
	row_equal("as it was", level("on_hand"), 10);
	row_equal("the others' units", level("allocated"), 3);
	row_equal("until", level("floor(extract(epoch from suspect_until))::int8"),
	    (now + SUSPECT_US) / US_PER_S);
	row_equal("hint", hint()->suspect_until_min, (now + SUSPECT_US) / US_PER_MIN);
	row_equal("hint", hint()->atp, 7);
	row_equal("version", hint()->version, level("version"));
	row_equal("count", count_now(9, now)->written, 1);
	row_equal("cleared", hint()->suspect_until_min, 0);
	row_equal("hint", hint()->atp, 6);
}

/* ---- Serial numbers ---------------------------------------------------------------------------- */

static enum err
hand_out(struct uuid id, const char *serial, struct acting *x)
{
	struct act_serial one = {id_of(&s, "sku", "A"), serial, 1};

	act_prepare(x, id, ACT_COLLECT, FUL_COLLECTED, clock_wall_us());
	x->in.serials = &one;
	x->in.serial_count = 1;
	return act_now(x);
}

static void
test_serials(void **state)
{
	struct uuid first = order_make(10, 1, FUL_READY_FOR_PICKUP), second;
	struct act_serial back = {id_of(&s, "sku", "A"), "SN-1", 1};
	struct acting x;

	(void)state;
	row_equal("out", hand_out(first, "SN-1", &x), ERR_OK);
	second = order_make(9, 1, FUL_READY_FOR_PICKUP);
	row_equal("once", hand_out(second, "SN-1", &x), ERR_EXISTS_DIFFERS);
	row_text("which", x.reason.text, "number SN-1 was handed out already");
	row_equal("nothing moved", level("on_hand"), 9);
	row_equal("nothing was done",
	    sql_number(small_db(),
	        "select count(*) from order_act where kind = 6 "
	        "and order_id = (select max(order_id::text)::uuid from sales_order)"),
	    0);
	row_equal("upper and lower case differ", hand_out(second, "sn-1", &x), ERR_OK);
	/* It comes back, and may go out again. */
	act_prepare(&x, first, ACT_RECEIVE_RETURN, FUL_COLLECTED, clock_wall_us());
	x.in.serials_back = &back;
	x.in.serial_back_count = 1;
	row_equal("back", act_now(&x), ERR_OK);
	first = order_make(8, 1, FUL_READY_FOR_PICKUP);
	row_equal("again", hand_out(first, "SN-1", &x), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hand_over_and_count),
	    cmocka_unit_test(test_late_hand_over),
	    cmocka_unit_test(test_back_on_the_shelf),
	    cmocka_unit_test(test_books),
	    cmocka_unit_test(test_race),
	    cmocka_unit_test(test_suspect),
	    cmocka_unit_test(test_serials),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
