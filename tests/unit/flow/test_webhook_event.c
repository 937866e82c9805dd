/* What a receiver reads: the JSON of an event, and that it is the same whenever it is made. */
#include "base/arena.h"
#include "flow/webhook_event.h"
#include "unit.h"

static struct event_row
row(void)
{
	struct event_row r = {.position = INT64_C(9007199254740993),
	    .kind = 28,
	    .order_ref = "r \"1\"",
	    .storefront = "F-A1",
	    .dealer = "D1",
	    .number = 2,
	    .location = "A1",
	    .amount_fen = INT64_MAX,
	    .reason = 3};

	assert_int_equal(uuid_parse("019a0000-0000-7000-8000-00000000000a", &r.event_id), ERR_OK);
	assert_int_equal(uuid_parse("01920000-0000-7000-8000-000000000001", &r.order_id), ERR_OK);
	return r;
}

static void
written(void **state)
{
	static const char whole[] =
	    "{\"id\":\"019a0000-0000-7000-8000-00000000000a\","
	    "\"type\":\"EVENT_TYPE_FULFILMENT_DELIVERED\",\"schemaVersion\":1,"
	    "\"sequence\":\"9007199254740993\",\"occurredAt\":\"2025-10-20T05:03:11.360Z\","
	    "\"orderId\":\"01920000-0000-7000-8000-000000000001\",\"orderRef\":\"r \\\"1\\\"\","
	    "\"storefront\":\"F-A1\",\"dealer\":\"D1\",\"fulfilment\":2,\"location\":\"A1\","
	    "\"amountFen\":\"9223372036854775807\",\"reason\":3}";
	static const char of_no_order[] =
	    "{\"id\":\"019a0000-0000-7000-8000-00000000000a\",\"type\":\"EVENT_TYPE_STOCK_GAP\","
	    "\"schemaVersion\":1,\"sequence\":\"1\",\"occurredAt\":\"2025-10-20T05:03:11.360Z\","
	    "\"location\":\"A1\"}";
	struct event_row r = row(), bare = {.position = 1, .kind = 60, .location = "A1"};
	struct buf out;

	(void)state;
	buf_init(&out, 8192);
	for (int i = 0; i < 2; i++) {
		buf_reset(&out);
		row_equal("fits", event_json(&r, &out), ERR_OK);
		row_text("an order's", buf_cstr(&out), whole);
	}
	bare.event_id = r.event_id;
	buf_reset(&out);
	row_equal("fits", event_json(&bare, &out), ERR_OK);
	row_text("of no order", buf_cstr(&out), of_no_order);
	buf_release(&out);
}

/* The largest texts there are fit into the body that webhook_send.c makes. */
static void
largest(void **state)
{
	struct event_row r = row();
	struct buf out;

	(void)state;
	memset(r.order_ref, '"', sizeof(r.order_ref) - 1);
	memset(r.storefront, 'x', sizeof(r.storefront) - 1);
	memset(r.dealer, 'x', sizeof(r.dealer) - 1);
	memset(r.location, 'x', sizeof(r.location) - 1);
	buf_init(&out, 8192);
	row_equal("fits", event_json(&r, &out), ERR_OK);
	buf_release(&out);
	buf_init(&out, 100);
	row_equal("too small a buffer says so", event_json(&r, &out), ERR_TOO_LARGE);
	buf_release(&out);
}

static void
as_message(void **state)
{
	struct arena *a = arena_new(1 << 16);
	struct event_row r = row();
	Yuncang__V1__Event *m;

	(void)state;
	assert_non_null(a);
	m = event_message(&r, a);
	assert_non_null(m);
	row_text("id", m->id, "019a0000-0000-7000-8000-00000000000a");
	row_equal("at", event_at_us(&r), INT64_C(1760936591360000));
	row_equal("at", m->occurred_at->seconds, 1760936591);
	row_equal("at", m->occurred_at->nanos, 360000000);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(written),
	    cmocka_unit_test(largest),
	    cmocka_unit_test(as_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
