#include "flow/courier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "edge/json_read.h"
#include "edge/json_write.h"
#include "edge/signature.h"
#include "yuncang/v1/courier.pb-c.h"

#define ANSWER_MAX 262144
#define ARENA_MAX ((size_t)4 << 20)
#define BODY_MAX ((size_t)16384)
#define URL_MAX 600

struct courier_http {
	struct courier courier;
	const struct conf *conf;
	struct client *client;
	struct signature_secret secret;
};

enum question { ASK_QUOTE, ASK_BOOK, ASK_NEWS };

static const struct {
	const char *path;
	const ProtobufCMessageDescriptor *answer;
} questions[] = {
    [ASK_QUOTE] = {"/quote", &yuncang__v1__courier_quote_response__descriptor},
    [ASK_BOOK] = {"/book", &yuncang__v1__courier_book_response__descriptor},
    [ASK_NEWS] = {"/news", &yuncang__v1__courier_news_response__descriptor},
};

struct courier_call {
	struct client_send *send;
	enum question question;
	courier_fn *done;
	void *ctx;
};

/* ---- Answers ------------------------------------------------------------------------------------- */

static int64_t
time_of(const Google__Protobuf__Timestamp *t)
{
	return t != NULL ? t->seconds * US_PER_S + t->nanos / 1000 : 0;
}

static enum err
read_quote(const Yuncang__V1__CourierQuoteResponse *m, struct arena *a, struct courier_reply *out)
{
	struct courier_quote *q = arena_zalloc(a, sizeof(*q));

	if (q == NULL)
		return ERR_NO_MEMORY;
	q->available = m->available;
	q->fee_fen = m->fee_fen;
	q->pickup_by_us = time_of(m->pickup_by);
	q->deliver_by_us = time_of(m->deliver_by);
	out->quote = q;
	return q->fee_fen >= 0 ? ERR_OK : ERR_BAD_BODY;
}

static bool
copy_tracking(char out[COURIER_TRACKING_SIZE], const char *text)
{
	size_t len = strlen(text);

	if (len >= COURIER_TRACKING_SIZE)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

static enum err
read_booking(const Yuncang__V1__CourierBookResponse *m, struct arena *a, struct courier_reply *out)
{
	struct courier_booking *b = arena_zalloc(a, sizeof(*b));

	if (b == NULL)
		return ERR_NO_MEMORY;
	b->fee_fen = m->fee_fen;
	b->state = (enum parcel_state)m->state;
	out->booking = b;
	if (m->tracking[0] == '\0' || !copy_tracking(b->tracking, m->tracking) || b->fee_fen < 0 ||
	    m->state == YUNCANG__V1__PARCEL_STATE__PARCEL_STATE_UNSPECIFIED)
		return ERR_BAD_BODY;
	return ERR_OK;
}

/* One piece of news that cannot be read must not stop those behind it: it is left out. */
static enum err
read_news(const Yuncang__V1__CourierNewsResponse *m, struct arena *a, struct courier_reply *out)
{
	struct courier_news *list = arena_array(a, m->n_news, sizeof(*list));
	int count = 0;

	if (list == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < m->n_news; i++) {
		const Yuncang__V1__ParcelNews *n = m->news[i];
		struct courier_news *to = &list[count];

		*to = (struct courier_news){.fulfilment = n->fulfilment,
		    .attempt = n->attempt,
		    .state = (enum parcel_state)n->state,
		    .at_us = time_of(n->at)};
		if (uuid_parse(n->order_id, &to->order_id) == ERR_OK &&
		    copy_tracking(to->tracking, n->tracking) && n->state != 0)
			count++;
		else
			log_warn(LOG_MSG("the courier's news name no parcel of ours"),
			    LOG_INT("at", i));
	}
	out->news = list;
	out->news_count = count;
	out->cursor = m->cursor;
	return strlen(m->cursor) < COURIER_CURSOR_SIZE ? ERR_OK : ERR_BAD_BODY;
}

static enum err
read_answer(const struct courier_call *call, const struct client_answer *a, struct arena *arena,
    struct courier_reply *out)
{
	static const struct wire_limits limits = {.repeated_max = 10 * COURIER_NEWS_MAX,
	    .values_max = 100 * COURIER_NEWS_MAX};
	struct reason r = {0};
	ProtobufCMessage *m;
	enum err e;

	e = json_read(questions[call->question].answer, (const uint8_t *)a->body, a->body_len,
	    &limits, arena, &m, &r);
	if (e != ERR_OK) {
		log_warn(LOG_MSG("the courier's answer cannot be read"),
		    LOG_STR("path", questions[call->question].path), LOG_STR("field", r.field),
		    LOG_STR("why", r.text));
		return ERR_BAD_BODY;
	}
	switch (call->question) {
	case ASK_QUOTE:
		return read_quote((const Yuncang__V1__CourierQuoteResponse *)m, arena, out);
	case ASK_BOOK:
		return read_booking((const Yuncang__V1__CourierBookResponse *)m, arena, out);
	default:
		return read_news((const Yuncang__V1__CourierNewsResponse *)m, arena, out);
	}
}

/* 408 and 429 are a courier's bad moment, other 4xx his word. */
static enum err
status_err(int status)
{
	if (status == 200)
		return ERR_OK;
	if (status == 408 || status == 429 || status >= 500)
		return ERR_BUSY;
	return status >= 400 ? ERR_REFUSED_BY_RULE : ERR_IO;
}

static void
call_done(void *ctx, const struct client_answer *a)
{
	struct courier_call *call = ctx;
	struct arena *arena = arena_new(ARENA_MAX);
	struct courier_reply r = {.err = a->err, .cursor = ""};

	if (arena == NULL)
		r.err = ERR_NO_MEMORY;
	else if (r.err == ERR_OK)
		r.err = status_err(a->status);
	if (r.err == ERR_OK)
		r.err = read_answer(call, a, arena, &r);
	if (r.err != ERR_OK) {
		metric_add(METRIC_courier_failed_total, 1);
		log_warn(LOG_MSG("the courier did not do what it was asked"),
		    LOG_STR("path", questions[call->question].path),
		    LOG_STR("err", err_name(r.err)), LOG_INT("status", a->status),
		    LOG_STR("why", a->why));
	}
	call->done(call->ctx, &r);
	arena_free(arena);
	free(call);
}

/* ---- Questions ------------------------------------------------------------------------------------ */

static enum err
call_send(struct courier_http *h, struct courier_call *call, const struct buf *body)
{
	struct client_request q = {.body = body->data,
	    .body_len = body->len,
	    .timeout_ms = h->conf->courier_timeout_ms,
	    .answer_max = ANSWER_MAX,
	    .private_allowed = true, /* the setting is the operator's own word */
	    .http_allowed = true};
	int64_t now_us = clock_wall_us() - clock_offset_us();
	struct uuid id = uuid_v7(clock_wall_us());
	char url[URL_MAX], id_text[UUID_TEXT_SIZE];
	struct signed_headers headers;
	enum err e;

	(void)snprintf(url, sizeof(url), "%s%s", h->conf->courier_url,
	    questions[call->question].path);
	uuid_format(&id, id_text);
	q.url = url;
	e = signed_headers_make(&headers, id_text, now_us / US_PER_S, body->data, body->len,
	    &h->secret, 1);
	q.headers = headers.lines;
	if (e == ERR_OK)
		e = client_start(h->client, &q, call_done, call, &call->send);
	signed_headers_release(&headers);
	if (e == ERR_OK)
		metric_add(METRIC_courier_calls_total, 1);
	return e;
}

static enum err
ask(struct courier *c, enum question question, const ProtobufCMessage *m, courier_fn *done,
    void *ctx, struct courier_call **out)
{
	struct courier_call *call = calloc(1, sizeof(*call));
	struct buf body;
	enum err e;

	if (call == NULL)
		return ERR_NO_MEMORY;
	*call = (struct courier_call){.question = question, .done = done, .ctx = ctx};
	buf_init(&body, BODY_MAX);
	json_write(&body, m);
	e = buf_err(&body);
	if (e == ERR_OK)
		e = call_send((struct courier_http *)c, call, &body);
	buf_release(&body);
	if (e == ERR_OK)
		*out = call;
	else
		free(call);
	return e;
}

static char *
text(const char *s)
{
	/* protobuf-c's messages have no const. */
	return (char *)(uintptr_t)s;
}

struct parcel_message {
	Yuncang__V1__Parcel parcel;
	Yuncang__V1__Position from, to_position;
	Yuncang__V1__Address to;
	Yuncang__V1__TimeWindow promise;
	Google__Protobuf__Timestamp promise_from, promise_to;
	char order_id[UUID_TEXT_SIZE];
};

static void
fill_place(struct parcel_message *m, const struct parcel *p)
{
	yuncang__v1__position__init(&m->from);
	yuncang__v1__position__init(&m->to_position);
	yuncang__v1__address__init(&m->to);
	m->from.latitude = p->lat_e6 / 1e6;
	m->from.longitude = p->lon_e6 / 1e6;
	m->parcel.from = &m->from;
	if (p->to == NULL)
		return;
	m->to.name = text(p->to->name);
	m->to.phone = text(p->to->phone);
	m->to.street = text(p->to->street);
	m->to.region = text(p->to->region);
	if (p->to->has_position) {
		m->to_position.latitude = p->to->lat_e6 / 1e6;
		m->to_position.longitude = p->to->lon_e6 / 1e6;
		m->to.position = &m->to_position;
	}
	m->parcel.to = &m->to;
}

static void
fill_parcel(struct parcel_message *m, const struct parcel *p)
{
	yuncang__v1__parcel__init(&m->parcel);
	yuncang__v1__time_window__init(&m->promise);
	google__protobuf__timestamp__init(&m->promise_from);
	google__protobuf__timestamp__init(&m->promise_to);
	uuid_format(&p->order_id, m->order_id);
	m->parcel.order_id = m->order_id;
	m->parcel.fulfilment = p->fulfilment;
	m->parcel.attempt = p->attempt;
	m->parcel.location = text(p->location);
	m->parcel.pieces = p->pieces;
	m->promise_from.seconds = p->promise_from_us / US_PER_S;
	m->promise_to.seconds = p->promise_to_us / US_PER_S;
	m->promise.from = &m->promise_from;
	m->promise.to = &m->promise_to;
	m->parcel.promise = &m->promise;
	fill_place(m, p);
}

static enum err
http_quote(struct courier *c, const struct parcel *p, courier_fn *done, void *ctx,
    struct courier_call **out)
{
	Yuncang__V1__CourierQuoteRequest m = YUNCANG__V1__COURIER_QUOTE_REQUEST__INIT;
	struct parcel_message parcel;

	fill_parcel(&parcel, p);
	m.parcel = &parcel.parcel;
	return ask(c, ASK_QUOTE, &m.base, done, ctx, out);
}

static enum err
http_book(struct courier *c, const struct parcel *p, courier_fn *done, void *ctx,
    struct courier_call **out)
{
	Yuncang__V1__CourierBookRequest m = YUNCANG__V1__COURIER_BOOK_REQUEST__INIT;
	struct parcel_message parcel;

	fill_parcel(&parcel, p);
	m.parcel = &parcel.parcel;
	return ask(c, ASK_BOOK, &m.base, done, ctx, out);
}

static enum err
http_track(struct courier *c, const char *cursor, courier_fn *done, void *ctx,
    struct courier_call **out)
{
	Yuncang__V1__CourierNewsRequest m = YUNCANG__V1__COURIER_NEWS_REQUEST__INIT;

	m.cursor = text(cursor);
	m.limit = COURIER_NEWS_MAX;
	return ask(c, ASK_NEWS, &m.base, done, ctx, out);
}

static void
http_cancel(struct courier_call *call)
{
	client_cancel(call->send);
	free(call);
}

static void
http_free(struct courier *c)
{
	struct courier_http *h = (struct courier_http *)c;

	explicit_bzero(&h->secret, sizeof(h->secret));
	free(h);
}

static const struct courier_ops http_ops = {.quote = http_quote,
    .book = http_book,
    .track = http_track,
    .cancel = http_cancel,
    .free = http_free};

/* ---- Made and unmade ------------------------------------------------------------------------------ */

static enum err
read_secret(const char *path, struct signature_secret *out, struct reason *r)
{
	char line[SIGNATURE_TEXT_SIZE + 2] = "";
	FILE *f = fopen(path, "re");
	enum err e;

	if (f == NULL)
		return reason_set(r, ERR_CONF, "courier_secret_file", "cannot be read: %s",
		    strerror(errno));
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	(void)fclose(f);
	line[strcspn(line, "\r\n")] = '\0';
	e = signature_secret_read(line, out);
	explicit_bzero(line, sizeof(line));
	if (e != ERR_OK)
		return reason_set(r, ERR_CONF, "courier_secret_file",
		    "holds no secret: whsec_ and base64 of 24 to 64 bytes");
	return ERR_OK;
}

enum err
courier_http_new(struct courier **out, const struct conf *conf, struct client *client,
    struct reason *r)
{
	struct courier_http *h;
	struct reason why = {0};
	enum err e;

	*out = NULL;
	if (conf->courier_url[0] == '\0')
		return ERR_OK;
	if (client_url_check(conf->courier_url, true, &why) != ERR_OK ||
	    strlen(conf->courier_url) > URL_MAX - 16)
		return reason_set(r, ERR_CONF, "courier_url", "%s",
		    why.text[0] != '\0' ? why.text : "is too long");
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	h->courier.ops = &http_ops;
	h->conf = conf;
	h->client = client;
	e = read_secret(conf->courier_secret_file, &h->secret, r);
	if (e != ERR_OK) {
		http_free(&h->courier);
		return e;
	}
	*out = &h->courier;
	return ERR_OK;
}

void
courier_free(struct courier *c)
{
	if (c != NULL)
		c->ops->free(c);
}
