/* Prepared requests are what a client would send: each body unpacks to the order of its plan. */
#include "unit.h"

#include <assert.h>

#include <jansson.h>

#include "base/parse.h"
#include "simulator/bench_bodies.h"

#define CITIES "simulator/data/china-cities.csv"
#define ORDERS 250

struct fixture {
	struct world *world;
	struct bench_orders orders;
};

static int
setup(void **state)
{
	static struct fixture f;
	static struct bench_order order[ORDERS];
	static char token[] = "a token";

	for (uint64_t i = 0; i < ORDERS; i++)
		order[i] = (struct bench_order){.index = i,
		    .total_fen = 1234,
		    .token = i % 7 == 0 ? token : NULL};
	f.orders = (struct bench_orders){.order = order, .count = ORDERS};
	*state = &f;
	return world_make(&f.world, CITIES, WORLD_SMALL, 1) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	world_free(f->world);
	return 0;
}

/* The body of a request, whose head must say its length. */
static const uint8_t *
body_of(const struct bench_bodies *b, const struct bench_request *r, size_t *len)
{
	static const char name[] = "content-length: ";
	const char *head = (const char *)b->bytes.data + r->at, *end, *at;
	char digits[16];
	int64_t said;

	end = memmem(head, r->len, "\r\n\r\n", 4);
	at = memmem(head, r->len, name, strlen(name));
	assert_true(end != NULL && at != NULL && at < end);
	at += strlen(name);
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)(end - at), at);
	assert_int_equal(parse_i64(digits, 0, INT32_MAX, &said), ERR_OK);
	*len = r->len - (size_t)(end + 4 - head);
	assert_int_equal(said, *len);
	return (const uint8_t *)end + 4;
}

static void
bodies_make(const struct fixture *f, struct bench_mix *m, enum bench_kind kind,
    struct bench_bodies *out)
{
	bench_mix_init(m, f->world, BENCH_MIX, "t");
	assert_int_equal(bench_bodies_make(out, m, &f->orders, kind, "h:1", "k"), ERR_OK);
}

static void
order_equal(const struct fixture *f, const struct bench_mix *m, size_t at,
    const Yuncang__V1__SubmitOrderRequest *q)
{
	const struct bench_order *o = &f->orders.order[at];
	char ref[REF_SIZE];
	struct plan p;

	bench_plan(m, o->index, &p);
	assert_non_null(q);
	row_text("reference", q->order_ref, mix_ref(&m->mix, p.number, ref));
	row_text("storefront", q->basket->storefront, p.storefront);
	row_equal("lines", q->basket->n_lines, p.line_count);
	row_text("token", q->quote_token, o->token != NULL ? o->token : "");
	row_equal("paid", q->payment != NULL, p.prepaid);
	if (p.prepaid && q->payment != NULL)
		row_equal("amount", q->payment->amount_fen, 1234);
}

static void
test_submit(void **state)
{
	struct fixture *f = *state;
	struct bench_bodies b;
	struct bench_mix m;

	bodies_make(f, &m, BENCH_SUBMIT, &b);
	row_equal("requests", b.count, ORDERS);
	for (size_t i = 0; i < b.count; i++) {
		Yuncang__V1__SubmitOrderRequest *q;
		size_t len;
		const uint8_t *body = body_of(&b, &b.request[i], &len);

		q = yuncang__v1__submit_order_request__unpack(NULL, len, body);
		order_equal(f, &m, i, q);
		yuncang__v1__submit_order_request__free_unpacked(q, NULL);
	}
	bench_bodies_release(&b);
}

static void
test_bulk(void **state)
{
	struct fixture *f = *state;
	struct bench_bodies b;
	struct bench_mix m;

	bodies_make(f, &m, BENCH_BULK, &b);
	row_equal("requests", b.count, 3);
	for (size_t i = 0, at = 0; i < b.count; i++) {
		Yuncang__V1__SubmitOrdersRequest *q;
		size_t len;
		const uint8_t *body = body_of(&b, &b.request[i], &len);

		q = yuncang__v1__submit_orders_request__unpack(NULL, len, body);
		assert_non_null(q);
		row_equal("first", b.request[i].order_first, at);
		row_equal("orders", q->n_orders, i < 2 ? BULK_ORDERS : ORDERS - 2 * BULK_ORDERS);
		row_equal("counted", q->n_orders, b.request[i].order_count);
		for (size_t k = 0; k < q->n_orders; k++)
			order_equal(f, &m, at++, q->orders[k]);
		yuncang__v1__submit_orders_request__free_unpacked(q, NULL);
	}
	bench_bodies_release(&b);
}

static const Yuncang__V1__Way ways[MIX_WAYS] = {[MIX_SHIP] = YUNCANG__V1__WAY__WAY_SHIP,
    [MIX_CLOUD] = YUNCANG__V1__WAY__WAY_SHIP,
    [MIX_PICKUP] = YUNCANG__V1__WAY__WAY_PICKUP,
    [MIX_DELIVER] = YUNCANG__V1__WAY__WAY_DELIVER};

/* The two quotes of a plan, binary and JSON, ask the same: its way, at no store that is named. */
static void
test_quotes(void **state)
{
	struct fixture *f = *state;
	struct bench_bodies b, j;
	struct bench_mix m;

	bodies_make(f, &m, BENCH_QUOTE, &b);
	bodies_make(f, &m, BENCH_QUOTE_JSON, &j);
	for (size_t i = 0; i < ORDERS; i++) {
		size_t len;
		const uint8_t *body = body_of(&b, &b.request[i], &len);
		Yuncang__V1__QuoteRequest *q = yuncang__v1__quote_request__unpack(NULL, len, body);
		json_t *root, *basket, *lines;
		struct plan p;

		body = body_of(&j, &j.request[i], &len);
		root = json_loadb((const char *)body, len, 0, NULL);
		basket = json_object_get(root, "basket");
		lines = json_object_get(basket, "lines");
		assert(q != NULL && q->basket->address != NULL);
		assert_non_null(basket);
		bench_plan(&m, f->orders.order[i].index, &p);
		row_equal("way", q->basket->way, ways[p.way]);
		row_text("way", json_string_value(json_object_get(basket, "way")),
		    protobuf_c_enum_descriptor_get_value(&yuncang__v1__way__descriptor,
		        (int)ways[p.way])
		        ->name);
		row_text("store", q->basket->location, "");
		row_equal("lines", json_array_size(lines), q->basket->n_lines);
		for (size_t k = 0; k < q->basket->n_lines; k++) {
			const Yuncang__V1__OrderLine *l = q->basket->lines[k];
			json_t *x = json_array_get(lines, k);

			row_text("sku", json_string_value(json_object_get(x, "sku")), l->sku);
			row_equal("price", json_integer_value(json_object_get(x, "unitPriceFen")),
			    l->unit_price_fen);
			row_equal("discount", json_integer_value(json_object_get(x, "discountFen")),
			    l->discount_fen);
		}
		row_text("street",
		    json_string_value(
		        json_object_get(json_object_get(basket, "address"), "street")),
		    q->basket->address->street);
		json_decref(root);
		yuncang__v1__quote_request__free_unpacked(q, NULL);
	}
	bench_bodies_release(&b);
	bench_bodies_release(&j);
}

/* Who names no way is offered all: only then is it left open, and all else is the same. */
static void
test_open_quotes(void **state)
{
	struct fixture *f = *state;
	struct bench_bodies b, o;
	struct bench_mix m;

	bodies_make(f, &m, BENCH_QUOTE, &b);
	bodies_make(f, &m, BENCH_QUOTE_OPEN, &o);
	for (size_t i = 0; i < ORDERS; i++) {
		size_t len, b_len;
		const uint8_t *body = body_of(&o, &o.request[i], &len);
		const uint8_t *b_body = body_of(&b, &b.request[i], &b_len);
		Yuncang__V1__QuoteRequest *q = yuncang__v1__quote_request__unpack(NULL, len, body);
		uint8_t *again;
		struct plan p;

		assert_non_null(q);
		row_equal("way", q->basket->way, YUNCANG__V1__WAY__WAY_UNSPECIFIED);
		assert_non_null(q->basket->address);
		bench_plan(&m, f->orders.order[i].index, &p);
		q->basket->way = ways[p.way];
		len = yuncang__v1__quote_request__get_packed_size(q);
		again = malloc(len);
		assert_non_null(again);
		row_equal("bytes", len, b_len);
		assert_int_equal(yuncang__v1__quote_request__pack(q, again), len);
		assert_memory_equal(again, b_body, len);
		free(again);
		yuncang__v1__quote_request__free_unpacked(q, NULL);
	}
	bench_bodies_release(&b);
	bench_bodies_release(&o);
}

/* HOT is one row; SPREAD many, of stores that nothing but stock limits. */
static void
test_targets(void **state)
{
	struct fixture *f = *state;
	struct bench_mix hot, spread;
	int changes = 0;
	int32_t before = -1;

	bench_mix_init(&hot, f->world, BENCH_HOT, "t");
	bench_mix_init(&spread, f->world, BENCH_SPREAD, "t");
	for (uint64_t i = 0; i < ORDERS; i++) {
		struct plan h, s;

		bench_plan(&hot, i, &h);
		bench_plan(&spread, i, &s);
		row_equal("way", h.way, MIX_PICKUP);
		row_equal("store", h.store, hot.hot_store);
		row_equal("sku", h.line[0].sku, hot.hot_sku);
		row_equal("one piece", h.line_count == 1 && h.line[0].quantity == 1, 1);
		row_equal("the same shape", s.way == h.way && s.line_count == 1, 1);
		row_equal("capacity", f->world->stores[s.store].capacity_day, 0);
		row_equal("slots", f->world->stores[s.store].slots, 0);
		changes += s.store != before;
		before = s.store;
	}
	if (changes < ORDERS / 2)
		fail_msg("only %d changes of store", changes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_submit),
	    cmocka_unit_test(test_bulk), cmocka_unit_test(test_quotes),
	    cmocka_unit_test(test_open_quotes), cmocka_unit_test(test_targets)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
