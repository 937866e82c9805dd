#include <string.h>

#include "flow/order_flow.h"
#include "flow/thaw.h"

static void
submit_done(struct order_flow *f, void *ctx)
{
	struct call *c = ctx;
	Yuncang__V1__SubmitOrderResponse *m = order_flow_result(f);

	if (m != NULL)
		call_reply(c, &m->base);
	else
		call_fail(c, order_flow_reason(f), order_flow_detail(f));
}

void
submit_start(struct call *c, const ProtobufCMessage *request)
{
	order_flow_start(c, (const Yuncang__V1__SubmitOrderRequest *)request, submit_done, c);
}

/* SubmitOrders: one flow an order, answered together when the last is done. */
struct many {
	struct call *call;
	int left;
	struct one *ones;
	Yuncang__V1__SubmitOrdersResponse answer;
};
struct one {
	struct many *many;
	Yuncang__V1__SubmitOrderResult result;
	Yuncang__V1__ErrorDetail error;
};

static char *
text_or_empty(struct arena *a, const char *s)
{
	char *t = arena_strdup(a, s);

	return t != NULL ? t : message_text("");
}

static void
many_done(struct order_flow *f, void *ctx)
{
	struct one *one = ctx;
	struct many *many = one->many;
	struct arena *a = many->call->arena;
	const struct reason *r = order_flow_reason(f);

	one->result.order = order_flow_result(f);
	if (one->result.order == NULL) {
		yuncang__v1__error_detail__init(&one->error);
		one->error.reason = text_or_empty(a, err_name(r->err));
		one->error.field = text_or_empty(a, r->field);
		one->error.text = text_or_empty(a, r->text);
		one->error.retry = err_retry(r->err);
		one->result.error = &one->error;
	}
	if (--many->left == 0)
		call_reply(many->call, &many->answer.base);
}

/* Everything the answer of ${count} orders needs but the orders; NULL: no memory. */
static struct many *
many_new(struct call *c, size_t count)
{
	struct many *many = arena_zalloc(c->arena, sizeof(*many));

	if (many == NULL)
		return NULL;
	many->ones = arena_array(c->arena, count, sizeof(*many->ones));
	yuncang__v1__submit_orders_response__init(&many->answer);
	many->answer.results = arena_array(c->arena, count, sizeof(*many->answer.results));
	if (many->ones == NULL || many->answer.results == NULL)
		return NULL;
	many->call = c;
	many->left = (int)count;
	many->answer.n_results = count;
	for (size_t i = 0; i < count; i++) {
		many->ones[i].many = many;
		yuncang__v1__submit_order_result__init(&many->ones[i].result);
		many->answer.results[i] = &many->ones[i].result;
	}
	return many;
}

void
submit_many_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__SubmitOrdersRequest *m =
	    (const Yuncang__V1__SubmitOrdersRequest *)request;
	int64_t most = call_app(c)->conf->submit_orders_max;
	size_t count = m->n_orders;
	struct many *many;

	if (count == 0 || (int64_t)count > most) {
		(void)reason_set(&c->reason, ERR_BAD_FIELD, "orders", "%zu orders; 1 to %lld",
		    count, (long long)most);
		call_fail(c, &c->reason, NULL);
		return;
	}
	many = many_new(c, count);
	if (many == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	/* The last to be done may be done at once and take the arena, m and many with it. */
	for (size_t i = 0; i < count; i++)
		order_flow_start(c, m->orders[i], many_done, &many->ones[i]);
}
