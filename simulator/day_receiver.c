#include "simulator/day_receiver.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "simulator/day_clock.h"
#include "simulator/day_courier.h"
#include "simulator/day_customer.h"
#include "simulator/day_rpc.h"
#include "yuncang/v1/admin.pb-c.h"

#define BODY_SIZE_MAX 65536
#define IDS_FIRST 4096
#define STALL_US (3 * US_PER_S) /* longer than the demo's webhook_timeout_ms */
#define REPLAY_EVERY_US (2 * US_PER_S)
#define EVENT_STOREFRONT "OFFICIAL"

enum temper { FINE, FAILS, STALLS, REPEATS, LATE };

static const struct {
	const char *code;
	enum temper temper;
	int concurrency;
	const char *storefront; /* "": hears of all */
} endpoints[] = {
    {"day-fine", FINE, 8, ""},
    {"day-fails", FAILS, 4, ""},
    {"day-stalls", STALLS, 16, ""},
    {"day-repeats", REPEATS, 4, ""},
    {"day-official", LATE, 1, EVENT_STOREFRONT},
};
#define ENDPOINTS ((int)(sizeof(endpoints) / sizeof(endpoints[0])))

struct receiver {
	struct day_receivers *all;
	int at;
	struct sign_key key;
	struct uuid *ids; /* taken; open addressing, a free one is zero */
	size_t id_count, id_size;
	struct rng rng;
	struct day_genuine genuine;
	int64_t seen, refused;
};

struct day_receivers {
	struct day *day;
	struct evhttp *http;
	uint16_t port;
	struct receiver receiver[ENDPOINTS];
	int made;
	bool mended;
	struct event *replay;
	void (*ready)(void *ctx);
	void *ctx;
};

/* An answer that comes late, or never. */
struct held {
	struct evhttp_request *request;
	struct event *timer;
	int status;
};

/* ---- The ids that were taken ---------------------------------------------------------------------- */

static bool
is_zero(const struct uuid *id)
{
	static const struct uuid zero;

	return memcmp(id, &zero, sizeof(zero)) == 0;
}

static struct uuid *
id_slot(struct receiver *r, const struct uuid *id)
{
	uint64_t hash;
	size_t i;

	memcpy(&hash, id->b + 8, sizeof(hash));
	i = (size_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (r->id_size - 1);
	while (!is_zero(&r->ids[i]) && memcmp(&r->ids[i], id, sizeof(*id)) != 0)
		i = (i + 1) & (r->id_size - 1);
	return &r->ids[i];
}

static bool
ids_grow(struct receiver *r)
{
	struct uuid *old = r->ids;
	size_t size = r->id_size;

	if (r->id_count * 2 < r->id_size)
		return true;
	r->id_size = size == 0 ? IDS_FIRST : size * 2;
	r->ids = calloc(r->id_size, sizeof(*r->ids));
	if (r->ids == NULL) {
		r->ids = old;
		r->id_size = size;
		return false;
	}
	for (size_t i = 0; i < size; i++)
		if (!is_zero(&old[i]))
			*id_slot(r, &old[i]) = old[i];
	free(old);
	return true;
}

/* false: it was there. */
static bool
id_take(struct receiver *r, const struct uuid *id)
{
	struct uuid *slot;

	if (!ids_grow(r))
		return false;
	slot = id_slot(r, id);
	if (!is_zero(slot))
		return false;
	*slot = *id;
	r->id_count++;
	return true;
}

/* ---- Answers ---------------------------------------------------------------------------------------- */

static void
on_held(evutil_socket_t fd, short what, void *ctx)
{
	struct held *h = ctx;

	(void)fd;
	(void)what;
	/* Who waited has gone meanwhile, or is told at last. */
	evhttp_send_reply(h->request, h->status, "late", NULL);
	event_free(h->timer);
	free(h);
}

static void
reply_later(struct receiver *r, struct evhttp_request *q, int status, int64_t us)
{
	struct timeval tv = {.tv_sec = us / US_PER_S, .tv_usec = us % US_PER_S};
	struct held *h = calloc(1, sizeof(*h));

	if (h != NULL)
		h->timer = event_new(r->all->day->base, -1, 0, on_held, h);
	if (h == NULL || h->timer == NULL || event_add(h->timer, &tv) != 0) {
		if (h != NULL && h->timer != NULL)
			event_free(h->timer);
		free(h);
		evhttp_send_reply(q, status, "now", NULL);
		return;
	}
	h->request = q;
	h->status = status;
}

/* What becomes of a genuine delivery; true: it is taken. */
static bool
answer_by_temper(struct receiver *r, struct evhttp_request *q)
{
	int64_t draw = r->all->mended ? 100 : rng_below(&r->rng, 100);

	switch (endpoints[r->at].temper) {
	case FAILS:
		if (draw < 25) {
			evhttp_send_reply(q, draw < 20 ? 500 : 503, "failed", NULL);
			return false;
		}
		break;
	case STALLS:
		if (draw < 2) {
			reply_later(r, q, 204, STALL_US);
			return false;
		}
		break;
	case REPEATS: /* took it, and then answers as if not: it comes again */
		if (draw < 15) {
			evhttp_send_reply(q, 502, "lost", NULL);
			return true;
		}
		break;
	case LATE:
		if (draw < 30) {
			reply_later(r, q, 202, rng_between(&r->rng, 10, 200) * US_PER_MS);
			return true;
		}
		break;
	case FINE:
		break;
	}
	evhttp_send_reply(q, 204, "taken", NULL);
	return true;
}

static void
genuine_keep(struct receiver *r, const struct sign_parts *p)
{
	struct day_genuine *g = &r->genuine;

	/* a fresh one now and then, so that replays are of some age */
	if (p->body_len > sizeof(g->body) ||
	    (g->at_us != 0 && clock_mono_us() - g->at_us < 2 * SIGN_TOLERANCE_S * US_PER_S))
		return;
	(void)snprintf(g->path, sizeof(g->path), "/hook/%d", r->at);
	(void)snprintf(g->id, sizeof(g->id), "%s", p->id);
	(void)snprintf(g->timestamp, sizeof(g->timestamp), "%s", p->timestamp);
	(void)snprintf(g->signature, sizeof(g->signature), "%s", p->signature);
	memcpy(g->body, p->body, p->body_len);
	g->body_len = p->body_len;
	g->at_us = clock_mono_us();
}

/* An event in JSON, as far as customers care: what happened to which part of which order. */
static void
event_tell(struct receiver *r, const struct sign_parts *p)
{
	json_t *root = json_loadb(p->body, p->body_len, 0, NULL);
	const char *id = json_string_value(json_object_get(root, "id"));
	const char *type = json_string_value(json_object_get(root, "type"));
	const char *order = json_string_value(json_object_get(root, "orderId"));
	json_int_t number = json_integer_value(json_object_get(root, "fulfilment"));

	if (id == NULL || strcmp(id, p->id) != 0 || type == NULL)
		model_violation(&r->all->day->shop.model, "lost",
		    "%s was told an event whose body is not that of webhook-id %s",
		    endpoints[r->at].code, p->id);
	else if (endpoints[r->at].temper == FINE && order != NULL)
		day_customers_told(r->all->day->customers, type, order, (int)number);
	if (root != NULL)
		json_decref(root);
}

static void
event_take(struct receiver *r, const struct sign_parts *p, const struct uuid *id)
{
	struct day *d = r->all->day;

	if (!id_take(r, id)) {
		d->tally.told_again++;
		return;
	}
	d->tally.told++;
	model_told(&d->shop.model, endpoints[r->at].code, p->id);
	event_tell(r, p);
}

static void
on_hook(struct evhttp_request *q, void *ctx)
{
	struct receiver *r = ctx;
	struct evkeyvalq *h = evhttp_request_get_input_headers(q);
	struct evbuffer *in = evhttp_request_get_input_buffer(q);
	struct sign_parts p = {.id = evhttp_find_header(h, "webhook-id"),
	    .timestamp = evhttp_find_header(h, "webhook-timestamp"),
	    .signature = evhttp_find_header(h, "webhook-signature"),
	    .body_len = evbuffer_get_length(in)};
	struct uuid id;
	enum sign_verdict v;

	p.body = evbuffer_pullup(in, -1);
	if (p.body == NULL)
		p.body = "";
	r->seen++;
	v = sign_verify(&r->key, &p, day_real_us() / US_PER_S);
	if (v != SIGN_GOOD || uuid_parse(p.id, &id) != ERR_OK) {
		r->refused++;
		evhttp_send_reply(q, v == SIGN_GOOD ? 400 : 401, "not from who it says", NULL);
		return;
	}
	genuine_keep(r, &p);
	if (answer_by_temper(r, q))
		event_take(r, &p, &id);
}

/* ---- The endpoints ---------------------------------------------------------------------------------- */

static void
endpoint_made(void *ctx, const struct rpc_answer *a)
{
	struct receiver *r = ctx;
	struct day_receivers *all = r->all;
	const Yuncang__V1__UpsertWebhookEndpointResponse *m = (const void *)a->message;

	if (a->outcome != RPC_OK || !sign_key_parse(&r->key, m->secret)) {
		log_error(LOG_MSG("no webhook endpoint"), LOG_STR("code", endpoints[r->at].code),
		    LOG_STR("reason", a->reason), LOG_STR("text", a->text));
		day_fail(all->day, "a webhook endpoint could not be made");
		return;
	}
	if (++all->made == ENDPOINTS && all->ready != NULL)
		all->ready(all->ctx);
}

void
day_receivers_begin(struct day_receivers *all, void (*ready)(void *ctx), void *ctx)
{
	all->ready = ready;
	all->ctx = ctx;
	for (int i = 0; i < ENDPOINTS; i++) {
		Yuncang__V1__WebhookEndpoint e = YUNCANG__V1__WEBHOOK_ENDPOINT__INIT;
		Yuncang__V1__UpsertWebhookEndpointRequest q =
		    YUNCANG__V1__UPSERT_WEBHOOK_ENDPOINT_REQUEST__INIT;
		char code[32], front[32], url[64];

		(void)snprintf(code, sizeof(code), "%s", endpoints[i].code);
		(void)snprintf(front, sizeof(front), "%s", endpoints[i].storefront);
		(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook/%d", (unsigned)all->port,
		    i);
		e.code = code;
		e.storefront = front;
		e.url = url;
		e.concurrency = endpoints[i].concurrency;
		q.endpoint = &e;
		day_call(all->day, DAY_UpsertWebhookEndpoint, &q.base, endpoint_made,
		    &all->receiver[i]);
	}
}

static void
replayed(void *ctx, const struct rpc_answer *a)
{
	struct receiver *r = ctx;

	if (a->outcome == RPC_REFUSED)
		log_warn(LOG_MSG("dead letters are not told again"),
		    LOG_STR("code", endpoints[r->at].code), LOG_STR("reason", a->reason),
		    LOG_STR("text", a->text));
}

static void
on_replay(evutil_socket_t fd, short what, void *ctx)
{
	struct day_receivers *all = ctx;

	(void)fd;
	(void)what;
	for (int i = 0; i < ENDPOINTS; i++) {
		Yuncang__V1__ReplayDeadLettersRequest q =
		    YUNCANG__V1__REPLAY_DEAD_LETTERS_REQUEST__INIT;
		char code[32];

		(void)snprintf(code, sizeof(code), "%s", endpoints[i].code);
		q.endpoint = code;
		day_call(all->day, DAY_ReplayDeadLetters, &q.base, replayed, &all->receiver[i]);
	}
}

void
day_receivers_mend(struct day_receivers *all)
{
	struct timeval tv = {.tv_sec = REPLAY_EVERY_US / US_PER_S};

	if (all->mended)
		return;
	all->mended = true;
	all->replay = event_new(all->day->base, -1, EV_PERSIST, on_replay, all);
	if (all->replay == NULL || event_add(all->replay, &tv) != 0)
		day_fail(all->day, "no memory to ask for dead letters");
}

static enum err
listen_on(struct day_receivers *all)
{
	const struct options *o = all->day->o;
	struct evhttp_bound_socket *s =
	    evhttp_bind_socket_with_handle(all->http, "127.0.0.1", (ev_uint16_t)o->listen);
	struct sockaddr_in at = {0};
	socklen_t len = sizeof(at);

	if (s == NULL ||
	    getsockname(evhttp_bound_socket_get_fd(s), (struct sockaddr *)&at, &len) != 0) {
		log_error(LOG_MSG("cannot listen for webhooks"), LOG_INT("port", o->listen));
		return ERR_IO;
	}
	all->port = ntohs(at.sin_port);
	return ERR_OK;
}

enum err
day_receivers_new(struct day_receivers **out, struct day *d)
{
	struct day_receivers *all = calloc(1, sizeof(*all));
	char path[32];

	if (all == NULL)
		return ERR_NO_MEMORY;
	*out = all;
	all->day = d;
	all->http = evhttp_new(d->base);
	if (all->http == NULL)
		return ERR_NO_MEMORY;
	evhttp_set_max_body_size(all->http, BODY_SIZE_MAX);
	evhttp_set_allowed_methods(all->http, EVHTTP_REQ_POST);
	for (int i = 0; i < ENDPOINTS; i++) {
		struct receiver *r = &all->receiver[i];

		r->all = all;
		r->at = i;
		day_rng(d, endpoints[i].code, 0, &r->rng);
		(void)snprintf(path, sizeof(path), "/hook/%d", i);
		if (evhttp_set_cb(all->http, path, on_hook, r) != 0)
			return ERR_NO_MEMORY;
	}
	if (!day_courier_serve(d->courier, all->http))
		return ERR_NO_MEMORY;
	return listen_on(all);
}

void
day_receivers_free(struct day_receivers *all)
{
	if (all == NULL)
		return;
	if (all->replay != NULL)
		event_free(all->replay);
	if (all->http != NULL)
		evhttp_free(all->http);
	for (int i = 0; i < ENDPOINTS; i++)
		free(all->receiver[i].ids);
	free(all);
}

int
day_receiver_count(const struct day_receivers *all)
{
	(void)all;
	return ENDPOINTS;
}

const struct day_genuine *
day_receiver_genuine(const struct day_receivers *all, int at)
{
	assert(at >= 0 && at < ENDPOINTS);
	return &all->receiver[at].genuine;
}

const struct sign_key *
day_receiver_key(const struct day_receivers *all, int at)
{
	assert(at >= 0 && at < ENDPOINTS);
	return &all->receiver[at].key;
}

uint16_t
day_receivers_port(const struct day_receivers *all)
{
	return all->port;
}
