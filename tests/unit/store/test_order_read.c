/* Orders read back: every column where it belongs, pages without gaps, tasks by deadline. */
#include <stdlib.h>

#include "base/clock.h"
#include "store/order_list.h"
#include "unit.h"

#include "catalog_fixture.h"

#define ORDERS 25

static struct instance s;
static struct uuid ids[ORDERS];

/* Orders a millisecond apart from 2026-01-01: of dealer 7 and storefront 3, odd ones of 8 and 4. */
static const char insert_orders[] =
    "insert into sales_order select "
    "  ('0000019b' || '7602a' || lpad(to_hex(i), 3, '0') || '7000800000000000' )::uuid, "
    "  7 + i % 2, 3 + i % 2, 21, 22, 5, 6, 9, -77, 1000 + i, 15, 30, 6, 111, 44, "
    "  timestamptz '2026-01-01Z' + i * interval '1 ms', timestamptz '2026-01-02Z', "
    "  case when i = 1 then timestamptz '2026-01-03Z' end, timestamptz '2025-12-01Z', 2, 1, 3, true, "
    "  'ref-' || i, '{1,2}', '{3,4}', '{500,600}', '{50,60}', "
    "  case when i = 1 then '{7,8}'::int8[] end, case when i = 1 then '{0,12}'::int4[] end "
    "from generate_series(0, 24) i";

static const char insert_rest[] =
    "insert into fulfilment select order_id, n, 2, 31, 32, 1234, 3, case when n = 1 then 2 else 3 end, "
    "  case when n = 1 then 600 end, case when n = 1 then 720 end, "
    "  case when n = 1 then date '2026-01-05' end, n = 1, created_at + interval '1 h', "
    "  created_at + interval '2 h', case when n = 1 then created_at + interval '30 min' end, 30, "
    "  '{1}', '{2}', '{4}', '{33}', case when n = 2 then '{2}'::int4[] end from sales_order, generate_series(1, 2) n; "
    "insert into submission select storefront_id, order_ref, '\\x01' || sha256(order_ref::bytea), "
    "  dealer_id, order_id from sales_order; "
    "insert into decision select order_id, a, dealer_id, '\\x0102', '{1,2}', '{9,7}', '{400,-5}', "
    "  '{0,-1}', '{0,-1}', case when a = 2 then '{9}'::int4[] end, case when a = 2 then '{30}'::int8[] end "
    "  from sales_order, generate_series(1, 2) a; "
    "insert into payment select 1, 'n-' || order_ref, order_id, dealer_id, 1016, "
    "  timestamptz '2026-01-03Z', 1 from sales_order where order_ref = 'ref-1'; "
    "insert into contact select order_id, dealer_id, 'Li', '1', 'Road', '23', 1, 2 "
    "  from sales_order where order_ref = 'ref-1'";

static int
orders_start(void **state)
{
	struct uuid u;
	int i;

	if (cluster_start(state) != 0)
		return -1;
	small_catalog(&s, "orders");
	sql_run(small_db(), insert_orders);
	sql_run(small_db(), insert_rest);
	for (i = 0; i < ORDERS; i++) {
		char text[UUID_TEXT_SIZE];

		(void)snprintf(text, sizeof(text), "0000019b-7602-a%03x-7000-800000000000",
		    (unsigned)i);
		if (uuid_parse(text, &u) != ERR_OK)
			return -1;
		ids[i] = u;
	}
	return 0;
}

static int
orders_stop(void **state)
{
	instance_stop(&s);
	return cluster_stop(state);
}

struct got {
	bool done, more;
	enum err e;
	struct order_read *orders;
	struct task_read *tasks;
	int count;
};

static void
on_one(void *ctx, enum err e, struct order_read *o)
{
	struct got *g = ctx;

	*g = (struct got){.done = true, .e = e, .orders = o};
}

static void
on_list(void *ctx, enum err e, struct order_read *orders, int count, bool more)
{
	struct got *g = ctx;

	*g = (struct got){.done = true, .more = more, .e = e, .orders = orders, .count = count};
}

static void
on_tasks(void *ctx, enum err e, struct task_read *tasks, int count, bool more)
{
	struct got *g = ctx;

	*g = (struct got){.done = true, .more = more, .e = e, .tasks = tasks, .count = count};
}

static struct got
one(const struct order_key *key, unsigned with)
{
	struct got g = {0};

	assert_int_equal(order_read_one(s.pool, s.arena, key, with, on_one, &g), ERR_OK);
	instance_wait(&s, &g.done);
	return g;
}

static void
check_order(const struct order_read *o)
{
	row_equal("id", uuid_equal(&o->order_id, &ids[1]), true);
	row_equal("dealer", o->dealer, 8);
	row_equal("storefront", o->storefront, 4);
	row_equal("owner_location", o->owner_location, 21);
	row_equal("owner_staff", o->owner_staff, 22);
	row_equal("policy", o->policy_version, 5);
	row_equal("split", o->split_version, 6);
	row_equal("collector", o->collector, 9);
	row_equal("customer", (int64_t)o->customer, -77);
	row_equal("goods", o->goods_fen, 1001);
	row_equal("fee", o->delivery_fee_fen, 15);
	row_equal("funded", o->funded_fen, 30);
	row_equal("provider fee", o->fee_fen, 6);
	row_equal("margin", o->margin_fen, 111);
	row_equal("refund", o->refund_due_fen, 44);
	row_equal("created", o->created_us, INT64_C(1767225600001000));
	row_equal("pay by", o->pay_by_us, INT64_C(1767312000000000));
	row_equal("paid", o->paid_at_us, INT64_C(1767398400000000));
	row_equal("source", o->owner_source, 2);
	row_equal("mark", o->mark, MARK_AWAITING_PAYMENT);
	row_equal("way", o->way, WAY_DELIVER);
	row_equal("other way", o->accept_other_way, true);
	row_text("ref", o->order_ref, "ref-1");
	row_equal("lines", o->line_count, 2);
	row_equal("sku", o->lines[1].sku, 2);
	row_equal("quantity", o->lines[1].quantity, 4);
	row_equal("price", o->lines[1].price_fen, 600);
	row_equal("cost", o->lines[1].cost_fen, 60);
	row_equal("discount", o->lines[1].discount_fen, 8);
	row_equal("campaign", o->lines[1].campaign, 12);
}

static void
check_fulfilments(const struct order_read *o)
{
	const struct fulfilment_read *f;

	row_equal("fulfilments", o->fulfilment_count, 2);
	f = &o->fulfilments[0];
	row_equal("number", f->number, 1);
	row_equal("dealer", f->dealer, 31);
	row_equal("location", f->location, 32);
	row_equal("distance", f->distance_m, 1234);
	row_equal("way", f->way, WAY_DELIVER);
	row_equal("state", f->state, FUL_OFFERED);
	row_equal("slot", f->has_slot && f->slot_from_min == 600 && f->slot_to_min == 720, true);
	row_equal("day", f->capacity_day, 20458);
	row_equal("capacity", f->takes_capacity, true);
	row_equal("promise", f->promise_to_us - f->promise_from_us, 60 * US_PER_MIN);
	row_equal("deadline", f->offer_deadline_us, o->created_us + 30 * US_PER_MIN);
	row_equal("accept", f->accept_min, 30);
	row_equal("entitled", f->lines[0].entitled, false);
	row_equal("lines", f->line_count, 1);
	row_equal("line", f->lines[0].line, 1);
	row_equal("sku", f->lines[0].sku, 2);
	row_equal("quantity", f->lines[0].quantity, 4);
	row_equal("owner", f->lines[0].goods_owner, 33);
	f = &o->fulfilments[1];
	row_equal("no slot", f->has_slot || f->has_capacity_day || f->offer_deadline_us != 0,
	    false);
	row_equal("entitled", f->lines[0].entitled, true);
}

static void
test_one(void **state)
{
	const unsigned all = READ_DECISION | READ_PAYMENTS | READ_CONTACT | READ_HASH;
	struct order_key by_id = {.order_id = ids[1]};
	struct order_key by_ref = {.storefront = 4, .order_ref = "ref-1", .attempt = 1};
	const struct order_read *o;
	struct got g;

	(void)state;
	g = one(&by_id, all);
	row_equal("by id", g.e, ERR_OK);
	o = g.orders;
	check_order(o);
	check_fulfilments(o);
	row_equal("latest attempt of the whole", o->decision->attempt, 2);
	row_equal("record", o->decision->record_len, 2);
	row_equal("legs", o->decision->leg_count, 2);
	row_equal("leg", o->decision->legs[1].fen, -5);
	row_equal("leg", o->decision->legs[1].line, -1);
	row_equal("funding", o->decision->funding_count, 1);
	row_equal("funding", o->decision->fundings[0].fen, 30);
	row_equal("payments", o->payment_count, 1);
	row_text("payment", o->payments[0].number, "n-ref-1");
	row_text("contact", o->contact->name, "Li");
	row_equal("contact", o->contact->lon_e6, 2);
	row_equal("hash", o->body_hash[0], 1);
	g = one(&by_ref, READ_DECISION);
	row_equal("by ref", g.e, ERR_OK);
	check_order(g.orders);
	row_equal("first attempt", g.orders->decision->attempt, 1);
	row_equal("no funding", g.orders->decision->funding_count, 0);
	row_equal("not asked", g.orders->contact == NULL && g.orders->body_hash == NULL, true);
}

static void
test_none(void **state)
{
	struct order_key key = {.order_id = {{1}}};
	struct order_key ref = {.storefront = 3, .order_ref = "ref-1"};
	struct order_key attempt = {.order_id = ids[2], .attempt = 9};
	struct got g;

	(void)state;
	row_equal("id", one(&key, 0).e, ERR_NOT_FOUND);
	row_equal("ref of another storefront", one(&ref, 0).e, ERR_NOT_FOUND);
	g = one(&attempt, READ_DECISION | READ_CONTACT | READ_PAYMENTS);
	row_equal("order", g.e, ERR_OK);
	row_equal("attempt", g.orders->decision == NULL, true);
	row_equal("contact", g.orders->contact == NULL, true);
	row_equal("payments", g.orders->payment_count, 0);
	row_equal("no discount", g.orders->lines[0].discount_fen, 0);
	row_equal("unpaid", g.orders->paid_at_us, 0);
}

static struct got
list(struct order_query *q)
{
	struct got g = {0};

	assert_int_equal(order_read_list(s.pool, s.arena, q, on_list, &g), ERR_OK);
	instance_wait(&s, &g.done);
	row_equal("list", g.e, ERR_OK);
	return g;
}

/* Newest first, five a page, each order once. */
static void
test_pages(void **state)
{
	struct order_query q = {.dealer = 7, .count_max = 5};
	int next, pages, i;
	struct got g;

	(void)state;
	next = 24;
	for (pages = 0; pages < 3; pages++) {
		g = list(&q);
		row_equal("more", g.more, pages < 2);
		for (i = 0; i < g.count; i++, next -= 2) {
			row_equal("order", uuid_equal(&g.orders[i].order_id, &ids[next]), true);
			row_equal("its fulfilments", g.orders[i].fulfilment_count, 2);
			row_equal("its lines", g.orders[i].line_count, 2);
		}
		q.before = g.orders[g.count - 1].order_id;
	}
	row_equal("all", next, -2);
	q = (struct order_query){.storefront = 4, .count_max = 100};
	row_equal("storefront", list(&q).count, 12);
	q.dealer = 7;
	row_equal("both", list(&q).count, 0);
	q.dealer = 8;
	row_equal("both", list(&q).count, 12);
}

static void
test_time_range(void **state)
{
	/* The ids' milliseconds, not created_at: both say the same of a real order. */
	int64_t base_us = INT64_C(0x0000019b7602) * US_PER_MS;
	struct order_query q = {.dealer = 7, .count_max = 100};

	(void)state;
	q.from_us = base_us;
	q.to_us = base_us + US_PER_MS;
	row_equal("in", list(&q).count, 13);
	q.from_us = base_us + US_PER_MS;
	q.to_us = 0;
	row_equal("after", list(&q).count, 0);
	q.from_us = 0;
	q.to_us = base_us;
	row_equal("before", list(&q).count, 0);
}

static struct got
tasks(struct task_query *q)
{
	struct got g = {0};

	assert_int_equal(order_read_tasks(s.pool, s.arena, q, on_tasks, &g), ERR_OK);
	instance_wait(&s, &g.done);
	row_equal("tasks", g.e, ERR_OK);
	return g;
}

static void
test_tasks(void **state)
{
	struct task_query q = {.location = 32, .count_max = 20};
	const struct task_read *last;
	int64_t due_us;
	int i, total;
	struct got g;

	(void)state;
	due_us = 0;
	total = 0;
	do {
		g = tasks(&q);
		for (i = 0; i < g.count; i++, total++) {
			row_equal("order", g.tasks[i].due_us >= due_us, true);
			due_us = g.tasks[i].due_us;
			/* Offers, due sooner, come before what was accepted. */
			row_equal("state", g.tasks[i].fulfilment.state,
			    total < ORDERS ? FUL_OFFERED : FUL_ACCEPTED);
			row_equal("created", g.tasks[i].created_us != 0, true);
		}
		last = &g.tasks[g.count - 1];
		q.after_due_us = last->due_us;
		q.after_order = last->order_id;
		q.after_number = last->fulfilment.number;
	} while (g.more);
	row_equal("all", total, 2 * ORDERS);
	q = (struct task_query){.location = 32, .state = FUL_ACCEPTED, .count_max = 200};
	row_equal("accepted", tasks(&q).count, ORDERS);
	q.state = FUL_SHIPPED;
	row_equal("not a task", tasks(&q).count, 0);
	q = (struct task_query){.location = 33, .count_max = 200};
	row_equal("elsewhere", tasks(&q).count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one),
	    cmocka_unit_test(test_none),
	    cmocka_unit_test(test_pages),
	    cmocka_unit_test(test_time_range),
	    cmocka_unit_test(test_tasks),
	};

	return cmocka_run_group_tests(tests, orders_start, orders_stop);
}
