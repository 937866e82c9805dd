/* The judge counts what came within the window, and sees each answer that cannot be. */
#include "unit.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "simulator/bench_judge.h"

#define CITIES "simulator/data/china-cities.csv"
#define QUOTED_FEN 1234

static struct world *world;
static struct bench_mix mix;
static struct bench_order order[2] = {{.index = 0, .total_fen = QUOTED_FEN}, {.index = 1}};
static struct bench_orders orders = {.order = order, .count = 2};

static int
setup(void **state)
{
	(void)state;
	if (world_make(&world, CITIES, WORLD_SMALL, 1) != ERR_OK)
		return -1;
	bench_mix_init(&mix, world, BENCH_MIX, "t");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	world_free(world);
	return 0;
}

static char *
word(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* What the service might say to one order; ${ref} NULL: the one that was asked for. */
struct said {
	const char *ref;
	int64_t total_fen;
	bool option;
};

/* ---- An answer, as bytes of a store ------------------------------------------------------------- */

struct answer {
	uint8_t *bytes;
	struct bench_answer one;
	struct bench_request request;
};

static void
answer_pack(struct answer *a, const ProtobufCMessage *m, uint32_t order_count)
{
	size_t len = protobuf_c_message_get_packed_size(m);

	*a = (struct answer){.bytes = malloc(len + 1),
	    .one = {.body_len = (uint32_t)len, .status = 200, .inside = true},
	    .request = {.order_count = order_count}};
	assert(a->bytes != NULL);
	assert_int_equal(protobuf_c_message_pack(m, a->bytes), len);
}

static void
answer_text(struct answer *a, int16_t status, const char *text)
{
	*a = (struct answer){.bytes = (uint8_t *)strdup(text),
	    .one = {.body_len = (uint32_t)strlen(text), .status = status, .inside = true},
	    .request = {.order_count = 1}};
	assert(a->bytes != NULL);
}

static void
answer_judge(struct answer *a, enum bench_kind kind, struct bench_tally *t)
{
	struct bench_bodies bodies = {.request = &a->request, .count = 1};
	struct bench_loop_out loop = {.store = a->bytes, .answer = &a->one, .answer_count = 1};
	struct model model = {0};
	struct bench_judge_in in = {.kind = kind,
	    .mix = &mix,
	    .orders = &orders,
	    .bodies = &bodies,
	    .loop = &loop,
	    .model = bench_kinds[kind].orders ? &model : NULL};
	char path[64];

	if (in.model != NULL) {
		(void)snprintf(path, sizeof(path), "/tmp/test_bench_judge.%ld", (long)getpid());
		assert_int_equal(model_open(&model, path), ERR_OK);
	}
	bench_judge(&in, t);
	if (in.model != NULL) {
		assert_int_equal(model_close(&model), ERR_OK);
		(void)unlink(path);
	}
	free(a->bytes);
}

/* Submit answers with room for what they point to. */
struct response {
	Yuncang__V1__Option option;
	Yuncang__V1__Owner owner;
	Yuncang__V1__SubmitOrderResponse r;
	char ref[REF_SIZE];
};

static Yuncang__V1__SubmitOrderResponse *
response_make(struct response *x, size_t at, const struct said *s)
{
	struct plan p;

	bench_plan(&mix, order[at].index, &p);
	x->option = (Yuncang__V1__Option)YUNCANG__V1__OPTION__INIT;
	x->owner = (Yuncang__V1__Owner)YUNCANG__V1__OWNER__INIT;
	x->r = (Yuncang__V1__SubmitOrderResponse)YUNCANG__V1__SUBMIT_ORDER_RESPONSE__INIT;
	x->option.total_fen = s->total_fen;
	x->r.option = s->option ? &x->option : NULL;
	x->r.owner = &x->owner;
	x->r.order_id = word("id");
	x->r.order_ref = s->ref != NULL ? word(s->ref) : x->ref;
	(void)mix_ref(&mix.mix, p.number, x->ref);
	return &x->r;
}

/* ---- Tests ------------------------------------------------------------------------------------- */

static void
test_submit(void **state)
{
	static const struct {
		const char *label;
		struct said said;
		bool late;
		int orders, violations;
	} rows[] = {
	    {"as quoted", {NULL, QUOTED_FEN, true}, false, 1, 0},
	    {"after the window", {NULL, QUOTED_FEN, true}, true, 0, 0},
	    {"another reference", {"other", QUOTED_FEN, true}, false, 1, 1},
	    {"another total", {NULL, QUOTED_FEN + 1, true}, false, 1, 1},
	    {"another total after the window", {NULL, 1, true}, true, 0, 1},
	    {"no option", {NULL, QUOTED_FEN, false}, false, 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct bench_tally t;
		struct response x;
		struct answer a;

		answer_pack(&a, &response_make(&x, 0, &rows[i].said)->base, 1);
		a.one.inside = !rows[i].late;
		answer_judge(&a, BENCH_SUBMIT, &t);
		row_equal(rows[i].label, t.orders, rows[i].orders);
		row_equal(rows[i].label, t.violations, rows[i].violations);
		row_equal(rows[i].label, t.refused, 0);
	}
}

static void
test_refusals(void **state)
{
	static const struct {
		const char *label, *text;
		int16_t status;
		const char *reason;
	} rows[] = {
	    {"by code", "{\"code\":\"unauthenticated\"}", 401, "unauthenticated"},
	    {"to be sent again", "{\"code\":\"unavailable\"}", 503, "unavailable"},
	    {"not a message", "\xff\xff", 200, "unreadable_answer"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (int k = BENCH_SUBMIT; k < BENCH_CONSTANT; k++) {
			struct bench_tally t;
			struct answer a;

			answer_text(&a, rows[i].status, rows[i].text);
			answer_judge(&a, (enum bench_kind)k, &t);
			row_equal(rows[i].label, t.refused, 1);
			row_equal(rows[i].label, t.orders + t.options + t.violations, 0);
			assert_int_equal(t.reason_count, 1);
			row_text(rows[i].label, t.reason[0].reason, rows[i].reason);
			row_equal(rows[i].label, t.reason[0].count, 1);
		}
}

static void
test_bulk(void **state)
{
	static const struct {
		const char *label;
		size_t results;
		bool order, error; /* in the second result */
		int orders, refused, violations;
	} rows[] = {
	    {"both taken", 2, true, false, 2, 0, 0},
	    {"one refused", 2, false, true, 1, 1, 0},
	    {"neither taken nor refused", 2, false, false, 1, 0, 1},
	    {"one result too few", 1, true, false, 0, 0, 1},
	};
	static const struct said good = {NULL, QUOTED_FEN, true};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		Yuncang__V1__SubmitOrdersResponse all = YUNCANG__V1__SUBMIT_ORDERS_RESPONSE__INIT;
		Yuncang__V1__SubmitOrderResult first = YUNCANG__V1__SUBMIT_ORDER_RESULT__INIT,
		                               second = YUNCANG__V1__SUBMIT_ORDER_RESULT__INIT;
		Yuncang__V1__SubmitOrderResult *results[] = {&first, &second};
		Yuncang__V1__ErrorDetail error = YUNCANG__V1__ERROR_DETAIL__INIT;
		struct response x, y;
		struct bench_tally t;
		struct answer a;

		error.reason = word("out_of_stock");
		first.order = response_make(&x, 0, &good);
		second.order = rows[i].order ? response_make(&y, 1, &good) : NULL;
		second.error = rows[i].error ? &error : NULL;
		all.results = results;
		all.n_results = rows[i].results;
		answer_pack(&a, &all.base, 2);
		answer_judge(&a, BENCH_BULK, &t);
		row_equal(rows[i].label, t.orders, rows[i].orders);
		row_equal(rows[i].label, t.refused, rows[i].refused);
		row_equal(rows[i].label, t.violations, rows[i].violations);
	}
}

static void
test_quotes(void **state)
{
	static const struct {
		const char *label;
		size_t options;
		bool refusal;
		const char *json;
		int refused, violations;
	} rows[] = {
	    {"two options", 2, false, "{\"options\":[{},{}]}", 0, 0},
	    {"refused", 0, true, "{\"refusals\":[{\"reason\":\"out_of_stock\"}]}", 1, 0},
	    {"options and a refusal", 1, true,
	        "{\"options\":[{}],\"refusals\":[{\"reason\":\"out_of_stock\"}]}", 0, 0},
	    {"neither", 0, false, "{}", 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		Yuncang__V1__QuoteResponse q = YUNCANG__V1__QUOTE_RESPONSE__INIT;
		Yuncang__V1__Option option = YUNCANG__V1__OPTION__INIT,
		                    *list[] = {&option, &option};
		Yuncang__V1__Refusal refusal = YUNCANG__V1__REFUSAL__INIT, *refusals[] = {&refusal};
		struct bench_tally t, json;
		struct answer a;

		refusal.reason = word("out_of_stock");
		q.options = list;
		q.n_options = rows[i].options;
		q.refusals = refusals;
		q.n_refusals = rows[i].refusal ? 1 : 0;
		answer_pack(&a, &q.base, 1);
		answer_judge(&a, BENCH_QUOTE, &t);
		answer_text(&a, 200, rows[i].json);
		answer_judge(&a, BENCH_QUOTE_JSON, &json);
		row_equal(rows[i].label, t.options, rows[i].options);
		row_equal(rows[i].label, t.refused, rows[i].refused);
		row_equal(rows[i].label, t.violations, rows[i].violations);
		row_equal(rows[i].label, json.options, t.options);
		row_equal(rows[i].label, json.refused, t.refused);
		row_equal(rows[i].label, json.violations, t.violations);
	}
}

/* The timed part has compared them; each that differed is one that cannot be. */
static void
test_constant(void **state)
{
	struct bench_loop_out loop = {.answers_inside = 9, .differing = 3};
	struct bench_judge_in in = {.kind = BENCH_CONSTANT, .loop = &loop};
	struct bench_tally t;

	(void)state;
	bench_judge(&in, &t);
	row_equal("differing", t.violations, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_submit),
	    cmocka_unit_test(test_refusals), cmocka_unit_test(test_bulk),
	    cmocka_unit_test(test_quotes), cmocka_unit_test(test_constant)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
