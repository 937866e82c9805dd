#include "simulator/day_courier.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "simulator/day_clock.h"
#include "simulator/day_sign.h"

#define NEWS_MAX 100 /* in one answer, whatever is asked for */
#define SECRET_SIZE 256

struct news {
	char order_id[40], tracking[DAY_REF_SIZE];
	const char *state;
	int fulfilment, attempt;
	int64_t at_us;
};

struct parcel {
	struct day_courier *courier;
	struct parcel *next;
	struct news about;
	const char *end; /* the state it comes to; NULL: nobody hears of it again */
};

struct day_courier {
	struct day *day;
	struct sign_key key;
	struct news *news;
	size_t count, size;
	struct parcel *parcels;
	int64_t refused;
};

/* ---- What happens to parcels ------------------------------------------------------------------------ */

static void
news_add(struct parcel *p, const char *state)
{
	struct day_courier *c = p->courier;

	if (c->count == c->size) {
		size_t size = c->size == 0 ? 256 : c->size * 2;
		struct news *bigger = realloc(c->news, size * sizeof(*bigger));

		if (bigger == NULL) {
			day_fail(c->day, "no memory for the courier's news");
			return;
		}
		c->news = bigger;
		c->size = size;
	}
	c->news[c->count] = p->about;
	c->news[c->count].state = state;
	c->news[c->count++].at_us = day_now_us(c->day);
}

static void
on_arrival(void *ctx)
{
	struct parcel *p = ctx;

	news_add(p, p->end);
}

/* A rider will fetch it: what becomes of it follows by itself.  Told again it is the same parcel. */
static void
parcel_take(struct day_courier *c, const char *order_id, int fulfilment, int attempt,
    const char *tracking)
{
	static const struct {
		int upto;
		const char *state;
	} ends[] = {{78, "PARCEL_STATE_DELIVERED"}, {90, "PARCEL_STATE_FAILED"},
	    {95, "PARCEL_STATE_RETURNED"}, {96, "PARCEL_STATE_LOST"}, {100, NULL}};
	struct parcel *p = c->parcels;
	struct rng r;
	int64_t draw;
	size_t i = 0;

	while (p != NULL && strcmp(p->about.tracking, tracking) != 0)
		p = p->next;
	if (p != NULL)
		return;
	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		day_fail(c->day, "no memory for another parcel");
		return;
	}
	p->courier = c;
	p->next = c->parcels;
	c->parcels = p;
	(void)snprintf(p->about.order_id, sizeof(p->about.order_id), "%s", order_id);
	(void)snprintf(p->about.tracking, sizeof(p->about.tracking), "%s", tracking);
	p->about.fulfilment = fulfilment;
	p->about.attempt = attempt;
	c->day->tally.parcels++;
	day_rng(c->day, tracking, 0, &r);
	draw = rng_below(&r, 100);
	while (draw >= ends[i].upto)
		i++;
	p->end = ends[i].state;
	news_add(p, "PARCEL_STATE_PICKED_UP");
	if (p->end != NULL)
		day_after(c->day, rng_between(&r, 20, 120) * DAY_MIN, on_arrival, p);
	else
		c->day->tally.silent++;
}

/* ---- The server ------------------------------------------------------------------------------------- */

static void
answer(struct evhttp_request *q, int status, json_t *m)
{
	char *text = m != NULL ? json_dumps(m, JSON_COMPACT) : NULL;
	struct evbuffer *out = evbuffer_new();

	if (m != NULL)
		json_decref(m);
	if (text != NULL && out != NULL) {
		(void)evhttp_add_header(evhttp_request_get_output_headers(q), "content-type",
		    "application/json");
		(void)evbuffer_add(out, text, strlen(text));
	}
	evhttp_send_reply(q, status, "", out);
	if (out != NULL)
		evbuffer_free(out);
	free(text);
}

/* The body of a call that is signed as it must be; NULL: it was answered. */
static json_t *
request_read(struct day_courier *c, struct evhttp_request *q)
{
	struct evkeyvalq *h = evhttp_request_get_input_headers(q);
	struct evbuffer *in = evhttp_request_get_input_buffer(q);
	struct sign_parts p = {.id = evhttp_find_header(h, "webhook-id"),
	    .timestamp = evhttp_find_header(h, "webhook-timestamp"),
	    .signature = evhttp_find_header(h, "webhook-signature"),
	    .body_len = evbuffer_get_length(in)};
	json_t *root;

	p.body = evbuffer_pullup(in, -1);
	if (p.body == NULL)
		p.body = "";
	if (sign_verify(&c->key, &p, day_real_us() / US_PER_S) != SIGN_GOOD) {
		c->refused++;
		answer(q, 401, NULL);
		return NULL;
	}
	root = json_loadb(p.body, p.body_len, 0, NULL);
	if (root == NULL)
		answer(q, 400, NULL);
	return root;
}

static void
time_print(int64_t us, char out[32])
{
	int32_t y, m, d;
	int64_t s = us / US_PER_S;

	civil_from_days((int32_t)(s / 86400), &y, &m, &d);
	s %= 86400;
	(void)snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ", y, m, d, (int)(s / 3600),
	    (int)(s / 60 % 60), (int)(s % 60));
}

static void
on_quote(struct evhttp_request *q, void *ctx)
{
	struct day_courier *c = ctx;
	json_t *root = request_read(c, q);
	char by[32];

	if (root == NULL)
		return;
	json_decref(root);
	time_print(day_now_us(c->day) + 2 * DAY_HOUR, by);
	answer(q, 200,
	    json_pack("{s:b, s:s, s:s}", "available", 1, "feeFen", "800", "deliverBy", by));
}

/* The three names of a parcel make its number: booked again it is the same. */
static void
on_book(struct evhttp_request *q, void *ctx)
{
	struct day_courier *c = ctx;
	json_t *root = request_read(c, q), *p = json_object_get(root, "parcel");
	const char *order = json_string_value(json_object_get(p, "orderId"));
	char tracking[DAY_REF_SIZE];
	int fulfilment, attempt;

	if (root == NULL)
		return;
	if (order == NULL || strlen(order) != 36) {
		json_decref(root);
		answer(q, 400, NULL);
		return;
	}
	fulfilment = (int)json_integer_value(json_object_get(p, "fulfilment"));
	attempt = (int)json_integer_value(json_object_get(p, "attempt"));
	(void)snprintf(tracking, sizeof(tracking), "C%.24s-%d-%d", order + 12, fulfilment, attempt);
	parcel_take(c, order, fulfilment, attempt, tracking);
	json_decref(root);
	answer(q, 200,
	    json_pack("{s:s, s:s, s:s}", "tracking", tracking, "feeFen", "800", "state",
	        "PARCEL_STATE_BOOKED"));
}

static void
on_news(struct evhttp_request *q, void *ctx)
{
	struct day_courier *c = ctx;
	json_t *root = request_read(c, q), *list = json_array();
	const char *cursor = json_string_value(json_object_get(root, "cursor"));
	json_int_t limit = json_integer_value(json_object_get(root, "limit"));
	int64_t from = 0;
	char text[32];

	if (root == NULL || list == NULL) {
		if (list != NULL)
			json_decref(list);
		if (root != NULL) {
			json_decref(root);
			answer(q, 500, NULL);
		}
		return;
	}
	if (cursor != NULL && cursor[0] != '\0' &&
	    parse_i64(cursor, 0, (int64_t)c->count, &from) != ERR_OK)
		from = 0;
	json_decref(root);
	if (limit < 1 || limit > NEWS_MAX)
		limit = NEWS_MAX;
	for (; limit > 0 && (size_t)from < c->count; limit--, from++) {
		const struct news *n = &c->news[from];

		time_print(n->at_us, text);
		(void)json_array_append_new(list,
		    json_pack("{s:s, s:i, s:i, s:s, s:s, s:s}", "orderId", n->order_id,
		        "fulfilment", n->fulfilment, "attempt", n->attempt, "tracking", n->tracking,
		        "state", n->state, "at", text));
	}
	(void)snprintf(text, sizeof(text), "%lld", (long long)from);
	answer(q, 200, json_pack("{s:o, s:s}", "news", list, "cursor", text));
}

bool
day_courier_serve(struct day_courier *c, struct evhttp *http)
{
	if (c == NULL)
		return true;
	return evhttp_set_cb(http, "/courier/quote", on_quote, c) == 0 &&
	    evhttp_set_cb(http, "/courier/book", on_book, c) == 0 &&
	    evhttp_set_cb(http, "/courier/news", on_news, c) == 0;
}

enum err
day_courier_new(struct day_courier **out, struct day *d)
{
	char secret[SECRET_SIZE] = "";
	struct day_courier *c;
	FILE *f;

	*out = NULL;
	if (d->o->courier_secret[0] == '\0') /* there is no courier */
		return ERR_OK;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ERR_NO_MEMORY;
	*out = c;
	c->day = d;
	f = fopen(d->o->courier_secret, "r");
	if (f != NULL) {
		if (fgets(secret, sizeof(secret), f) == NULL)
			secret[0] = '\0';
		(void)fclose(f);
	}
	secret[strcspn(secret, "\r\n")] = '\0';
	if (sign_key_parse(&c->key, secret))
		return ERR_OK;
	log_error(LOG_MSG("not a courier's secret"), LOG_STR("file", d->o->courier_secret));
	return ERR_IO;
}

void
day_courier_free(struct day_courier *c)
{
	if (c == NULL)
		return;
	while (c->parcels != NULL) {
		struct parcel *p = c->parcels;

		c->parcels = p->next;
		free(p);
	}
	free(c->news);
	free(c);
}
