#include "simulator/bench_orders.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/log.h"
#include "simulator/rpc.h"
#include "yuncang/v1/catalog.pb-c.h"

#define ASK_MEMORY (64 * 1024)
#define FAILURES_MAX 100 /* quotes without an answer, one after the other */
#define HOT_STOCK 100000000

struct take {
	struct bench_orders *out;
	const struct bench_mix *mix;
	struct event_base *base;
	struct http_client *client;
	size_t want;
	int open, at_once, failures;
	uint64_t next;
	enum err err;
};

struct ask {
	struct take *take;
	struct http_call call;
	uint64_t index;
	bool prepaid;
	uint8_t *body;
};

static void take_more(struct take *t);

static void
order_add(struct take *t, uint64_t index, int64_t total_fen, const char *token)
{
	struct bench_order *o = &t->out->order[t->out->count++];

	*o = (struct bench_order){.index = index, .total_fen = total_fen};
	if (token != NULL) {
		o->token = strdup(token);
		if (o->token == NULL)
			t->err = ERR_NO_MEMORY;
	}
}

static void
ask_done(struct http_call *call, int status, const uint8_t *body, size_t len)
{
	struct ask *k = call->ctx;
	struct take *t = k->take;
	const Yuncang__V1__QuoteResponse *r;
	struct rpc_answer a;

	rpc_judge(&a, &yuncang__v1__quote_response__descriptor, status, body, len);
	r = (const void *)a.message;
	t->open--;
	t->failures = a.outcome == RPC_AGAIN ? t->failures + 1 : 0;
	if (a.outcome == RPC_OK && r->n_options > 0)
		order_add(t, k->index, r->options[0]->total_fen,
		    k->prepaid ? NULL : r->options[0]->token);
	else
		t->out->left_out++;
	if (t->failures > FAILURES_MAX && t->err == ERR_OK) {
		log_error(LOG_MSG("the service does not answer quotes"), LOG_INT("status", status),
		    LOG_STR("reason", a.reason), LOG_STR("text", a.text));
		t->err = ERR_IO;
	}
	rpc_answer_release(&a);
	free(k->body);
	free(k);
	take_more(t);
}

static enum err
ask_send(struct take *t, uint64_t index, const struct plan *p, struct arena *a)
{
	Yuncang__V1__QuoteRequest *q = mix_quote(&t->mix->mix, p, a);
	struct ask *k = calloc(1, sizeof(*k));

	if (q == NULL || k == NULL) {
		free(k);
		return ERR_NO_MEMORY;
	}
	k->take = t;
	k->index = index;
	k->prepaid = p->prepaid;
	k->body = rpc_pack(&q->base, &k->call.body_len);
	if (k->body == NULL) {
		free(k);
		return ERR_NO_MEMORY;
	}
	k->call.path = "/yuncang.v1.OrderService/Quote";
	k->call.body = k->body;
	k->call.cut_after_us = -1;
	k->call.done = ask_done;
	k->call.ctx = k;
	t->open++;
	t->out->quotes++;
	http_client_send(t->client, &k->call);
	return ERR_OK;
}

/* Plans without a quote are taken at once; those with one as long as few enough are under way. */
static void
take_more(struct take *t)
{
	struct arena *a = arena_new(ASK_MEMORY);
	struct plan p;

	if (a == NULL)
		t->err = ERR_NO_MEMORY;
	while (t->err == ERR_OK && (t->at_once == 0 || t->open < t->at_once) &&
	    t->out->count + (size_t)t->open < t->want) {
		uint64_t index = t->next++;

		bench_plan(t->mix, index, &p);
		if (t->at_once == 0 || !p.quote_first) {
			order_add(t, index, 0, NULL);
			continue;
		}
		arena_reset(a);
		t->err = ask_send(t, index, &p, a);
	}
	arena_free(a);
	if (t->open == 0)
		(void)event_base_loopbreak(t->base);
}

enum err
bench_orders_take(struct bench_orders *o, const struct bench_mix *m, struct event_base *base,
    struct http_client *client, size_t count, int at_once)
{
	struct take t =
	    {.out = o, .mix = m, .base = base, .client = client, .want = count, .at_once = at_once};

	*o = (struct bench_orders){.order = calloc(count, sizeof(*o->order))};
	if (o->order == NULL)
		return ERR_NO_MEMORY;
	take_more(&t);
	if (t.open > 0)
		(void)event_base_dispatch(base);
	return t.err;
}

void
bench_orders_release(struct bench_orders *o)
{
	for (size_t i = 0; i < o->count; i++)
		free(o->order[i].token);
	free(o->order);
	*o = (struct bench_orders){0};
}

/* ---- Stock of the hot sku ---------------------------------------------------------------------- */

struct fill {
	struct http_call call;
	struct event_base *base;
	enum err err;
};

static void
fill_done(struct http_call *call, int status, const uint8_t *body, size_t len)
{
	struct fill *f = call->ctx;
	struct rpc_answer a;

	rpc_judge(&a, &yuncang__v1__set_stock_counts_response__descriptor, status, body, len);
	f->err = a.outcome == RPC_OK ? ERR_OK : ERR_IO;
	if (f->err != ERR_OK)
		log_error(LOG_MSG("the hot sku's stock cannot be counted anew"),
		    LOG_INT("status", status), LOG_STR("reason", a.reason),
		    LOG_STR("text", a.text));
	rpc_answer_release(&a);
	(void)event_base_loopbreak(f->base);
}

enum err
bench_stock_fill(const struct bench_mix *m, struct event_base *base, struct http_client *client)
{
	Yuncang__V1__SetStockCountsRequest q = YUNCANG__V1__SET_STOCK_COUNTS_REQUEST__INIT;
	Yuncang__V1__StockCount count = YUNCANG__V1__STOCK_COUNT__INIT, *counts[] = {&count};
	char store[WORLD_CODE_SIZE], sku[WORLD_CODE_SIZE];
	struct fill f = {.base = base, .err = ERR_IO};
	uint8_t *body;

	(void)world_code(store, 'S', m->hot_store);
	(void)world_code(sku, 'K', m->hot_sku);
	count.location = store;
	count.sku = sku;
	count.count = HOT_STOCK;
	q.n_counts = 1;
	q.counts = counts;
	body = rpc_pack(&q.base, &f.call.body_len);
	if (body == NULL)
		return ERR_NO_MEMORY;
	f.call.path = "/yuncang.v1.CatalogService/SetStockCounts";
	f.call.body = body;
	f.call.cut_after_us = -1;
	f.call.done = fill_done;
	f.call.ctx = &f;
	http_client_send(client, &f.call);
	(void)event_base_dispatch(base);
	free(body);
	return f.err;
}
