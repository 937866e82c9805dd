#include "simulator/bench_bodies.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"

#define ORDER_MEMORY (64 * 1024)
#define BODY_SIZE_MAX ((size_t)8 << 20)
#define BYTES_MAX ((size_t)16 << 30)

struct maker {
	struct bench_bodies *out;
	const struct bench_mix *mix;
	const struct bench_orders *orders;
	enum bench_kind kind;
	const char *host, *key;
	struct arena *arena;
	struct buf body; /* of the request being made */
	int64_t paid_at_us;
};

/* ---- One order's part of a body ---------------------------------------------------------------- */

static void
message_add(struct buf *b, const ProtobufCMessage *m)
{
	size_t len = protobuf_c_message_get_packed_size(m);
	uint8_t *at = buf_reserve(b, len);

	if (at != NULL)
		b->len += protobuf_c_message_pack(m, at);
}

static enum err
submit_add(struct maker *k, const struct bench_order *o, const struct plan *p)
{
	Yuncang__V1__SubmitOrderRequest *q = mix_submit(&k->mix->mix, p, k->arena);

	if (q == NULL)
		return ERR_NO_MEMORY;
	if (o->token != NULL)
		q->quote_token = o->token;
	if (p->prepaid) {
		q->payment = mix_payment(&k->mix->mix, p, o->total_fen, k->paid_at_us, k->arena);
		if (q->payment == NULL)
			return ERR_NO_MEMORY;
	}
	if (k->kind == BENCH_BULK) { /* field 1 of SubmitOrdersRequest, length-delimited */
		buf_byte(&k->body, 1 << 3 | 2);
		buf_varint(&k->body, protobuf_c_message_get_packed_size(&q->base));
	}
	message_add(&k->body, &q->base);
	return buf_err(&k->body);
}

static json_t *
lines_json(const Yuncang__V1__Basket *b)
{
	json_t *all = json_array();

	for (size_t i = 0; i < b->n_lines; i++) {
		const Yuncang__V1__OrderLine *l = b->lines[i];
		json_t *line = json_pack("{s:s, s:i}", "sku", l->sku, "quantity", l->quantity);

		if (l->unit_price_fen > 0)
			(void)json_object_set_new(line, "unitPriceFen",
			    json_integer(l->unit_price_fen));
		if (l->campaign[0] != '\0') {
			(void)json_object_set_new(line, "campaign", json_string(l->campaign));
			(void)json_object_set_new(line, "discountFen",
			    json_integer(l->discount_fen));
		}
		(void)json_array_append_new(all, line);
	}
	return all;
}

/* json_pack() takes each %s as UTF-8; a NULL anywhere makes the whole NULL. */
static enum err
quote_json_add(struct buf *out, const Yuncang__V1__QuoteRequest *q)
{
	const Yuncang__V1__Basket *b = q->basket;
	const Yuncang__V1__Address *d = b->address;
	const ProtobufCEnumValue *way =
	    protobuf_c_enum_descriptor_get_value(&yuncang__v1__way__descriptor, (int)b->way);
	json_t *basket = way == NULL
	    ? NULL
	    : json_pack("{s:s, s:s, s:o, s:s}", "storefront", b->storefront, "customer",
	          b->customer, "lines", lines_json(b), "way", way->name);
	json_t *root;
	char *text;

	if (basket != NULL && d != NULL)
		(void)json_object_set_new(basket, "address",
		    json_pack("{s:s, s:s, s:s, s:s, s:{s:f, s:f}}", "name", d->name, "phone",
		        d->phone, "street", d->street, "region", d->region, "position", "latitude",
		        d->position->latitude, "longitude", d->position->longitude));
	root = json_pack("{s:o}", "basket", basket);
	text = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
	if (text != NULL)
		buf_str(out, text);
	json_decref(root);
	if (text == NULL)
		return ERR_NO_MEMORY;
	free(text);
	return buf_err(out);
}

static enum err
quote_add(struct maker *k, struct plan *p)
{
	Yuncang__V1__QuoteRequest *q;

	p->has_address = true;
	p->wants_slot = false;
	p->store = -1;
	q = mix_quote(&k->mix->mix, p, k->arena);
	if (q == NULL)
		return ERR_NO_MEMORY;
	if (k->kind == BENCH_QUOTE_OPEN)
		q->basket->way = YUNCANG__V1__WAY__WAY_UNSPECIFIED;
	if (k->kind == BENCH_QUOTE_JSON)
		return quote_json_add(&k->body, q);
	message_add(&k->body, &q->base);
	return buf_err(&k->body);
}

static enum err
order_add(struct maker *k, size_t at)
{
	const struct bench_order *o = &k->orders->order[at];
	struct plan p;

	arena_reset(k->arena);
	bench_plan(k->mix, o->index, &p);
	if (bench_kinds[k->kind].orders)
		return submit_add(k, o, &p);
	return quote_add(k, &p);
}

/* ---- Requests ---------------------------------------------------------------------------------- */

static void
request_add(struct maker *k, const struct bench_kind_row *row, struct bench_request *r)
{
	struct buf *b = &k->out->bytes;

	r->at = b->len;
	buf_printf(b,
	    "POST /yuncang.v1.OrderService/%s HTTP/1.1\r\nhost: %s\r\n"
	    "content-type: application/%s\r\nconnect-protocol-version: 1\r\n"
	    "authorization: Bearer %s\r\ncontent-length: %zu\r\n\r\n",
	    row->method, k->host, row->type, k->key, k->body.len);
	buf_add(b, k->body.data, k->body.len);
	r->len = (uint32_t)(b->len - r->at);
}

static void
constant_add(struct maker *k, struct bench_request *r)
{
	struct buf *b = &k->out->bytes;

	buf_printf(b, "GET /healthz HTTP/1.1\r\nhost: %s\r\n\r\n", k->host);
	r->len = (uint32_t)b->len;
}

static enum err
request_make(struct maker *k, size_t at)
{
	const struct bench_kind_row *row = &bench_kinds[k->kind];
	struct bench_request *r = &k->out->request[at];
	size_t first = at * row->each;
	size_t last = first + row->each < k->orders->count ? first + row->each : k->orders->count;
	enum err e;

	if (k->kind == BENCH_CONSTANT) {
		constant_add(k, r);
		return buf_err(&k->out->bytes);
	}
	buf_reset(&k->body);
	for (size_t i = first; i < last; i++) {
		e = order_add(k, i);
		if (e != ERR_OK)
			return e;
	}
	r->order_first = (uint32_t)first;
	r->order_count = (uint32_t)(last - first);
	request_add(k, row, r);
	return buf_err(&k->out->bytes);
}

enum err
bench_bodies_make(struct bench_bodies *b, const struct bench_mix *m, const struct bench_orders *o,
    enum bench_kind kind, const char *host, const char *key)
{
	struct maker k = {.out = b,
	    .mix = m,
	    .orders = o,
	    .kind = kind,
	    .host = host,
	    .key = key,
	    .arena = arena_new(ORDER_MEMORY),
	    .paid_at_us = clock_wall_us()};
	size_t each = bench_kinds[kind].each;
	size_t count = kind == BENCH_CONSTANT ? 1 : (o->count + each - 1) / each;
	enum err e = ERR_OK;

	*b = (struct bench_bodies){.request = calloc(count, sizeof(*b->request))};
	buf_init(&b->bytes, BYTES_MAX);
	buf_init(&k.body, BODY_SIZE_MAX);
	if (k.arena == NULL || b->request == NULL)
		e = ERR_NO_MEMORY;
	for (; e == ERR_OK && b->count < count; b->count++)
		e = request_make(&k, b->count);
	buf_release(&k.body);
	arena_free(k.arena);
	return e;
}

void
bench_bodies_release(struct bench_bodies *b)
{
	buf_release(&b->bytes);
	free(b->request);
	*b = (struct bench_bodies){0};
}
