#include "flow/webhook_flow.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "edge/signature.h"
#include "flow/app.h"
#include "flow/catalog_check.h"
#include "flow/convert.h"
#include "flow/page.h"
#include "flow/thaw.h"
#include "flow/webhook.h"
#include "flow/webhook_event.h"
#include "store/retention.h"
#include "store/webhook_admin.h"
#include "yuncang/v1/admin.pb-c.h"

#define URL_BYTES_MAX 500
#define CONCURRENCY_MAX 16
#define RATE_MAX 10000
#define KEEP_MIN_MAX 43200

struct webhook_flow {
	struct call *call;
	struct endpoint_ask ask;
	struct signature_secret secret;
	struct page_scope page;
	char cursor[PAGE_CURSOR_MAX];
};

static bool
may_handle(void *ctx, const struct endpoint_row *row)
{
	const struct webhook_flow *f = ctx;
	const struct principal *p = f->call->principal;

	/* What is not a dealer's is for those who may handle every dealer's. */
	return principal_may(p, "dealer", row->scope == SCOPE_OF_DEALER ? row->scope_code : "*");
}

static struct webhook_flow *
begin(struct call *c, enum endpoint_op op, endpoint_fn *done)
{
	struct webhook_flow *f = arena_zalloc(c->arena, sizeof(*f));

	if (f == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return NULL;
	}
	f->call = c;
	f->ask.op = op;
	f->ask.may = may_handle;
	f->ask.done = done;
	f->ask.ctx = f;
	return f;
}

static void
ask(struct webhook_flow *f, enum err e)
{
	if (e == ERR_OK)
		e = endpoint_start(call_app(f->call)->query_pool, f->call->arena, &f->ask);
	if (e != ERR_OK)
		call_fail_err(f->call, e);
}

static enum err
code_of(struct webhook_flow *f, const char *name, const char *code)
{
	const size_t len = strlen(code);

	if (len == 0 || len > 64)
		return reason_set(&f->call->reason, ERR_BAD_FIELD, name,
		    "must be an endpoint's code");
	f->ask.code = code;
	return ERR_OK;
}

/* Page size and token; the cursor has ${len} bytes. */
static enum err
page_of(struct webhook_flow *f, const char *method, const char *filter, int32_t size,
    const char *token, void *cursor, size_t len)
{
	struct call *c = f->call;
	enum err e = page_rows(size, call_app(c)->conf->list_rows_max, &f->ask.limit, &c->reason);

	if (e != ERR_OK)
		return e;
	f->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = method,
	    .filter = filter,
	    .filter_len = strlen(filter)};
	if (token[0] == '\0')
		return ERR_OK;
	return page_token_read(&f->page, token, cursor, len, &c->reason);
}

/* ---- Messages ------------------------------------------------------------------------------------ */

static Yuncang__V1__WebhookEndpoint *
endpoint_message(const struct endpoint_row *row, struct arena *a)
{
	Yuncang__V1__WebhookEndpoint *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__webhook_endpoint__init(m);
	m->code = message_text(row->code);
	if (row->scope == SCOPE_OF_DEALER)
		m->dealer = message_text(row->scope_code);
	if (row->scope == SCOPE_OF_STOREFRONT)
		m->storefront = message_text(row->scope_code);
	m->url = message_text(row->url);
	m->types = arena_array(a, (size_t)row->kind_count, sizeof(*m->types));
	if (m->types == NULL)
		return NULL;
	m->n_types = (size_t)row->kind_count;
	for (int i = 0; i < row->kind_count; i++)
		m->types[i] = (Yuncang__V1__EventType)row->kinds[i];
	m->state = (Yuncang__V1__WebhookState)row->state;
	m->concurrency = row->concurrency;
	m->rate_per_s = row->rate_per_s;
	m->why = message_text(row->why);
	m->waiting = row->waiting;
	m->delivered = row->delivered;
	m->secrets = row->secret_count;
	m->last_delivered_at = time_message(row->told_us, a);
	return m->last_delivered_at == NULL && row->told_us != 0 ? NULL : m;
}

static char *
secret_text(const struct webhook_flow *f)
{
	char *text = arena_alloc(f->call->arena, SIGNATURE_TEXT_SIZE);

	if (text != NULL)
		signature_secret_text(&f->secret, text);
	return text;
}

/* ---- Upsert -------------------------------------------------------------------------------------- */

static enum err
upsert_types(struct webhook_flow *f, const Yuncang__V1__WebhookEndpoint *m)
{
	struct reason *r = &f->call->reason;
	struct endpoint_row *row = &f->ask.row;

	if (m->n_types > ENDPOINT_KINDS_MAX)
		return convert_fail(r, ERR_BAD_FIELD, AT("endpoint", "types"), "at most %d",
		    ENDPOINT_KINDS_MAX);
	for (size_t i = 0; i < m->n_types; i++) {
		if (m->types[i] == YUNCANG__V1__EVENT_TYPE__EVENT_TYPE_UNSPECIFIED)
			return convert_fail(r, ERR_BAD_FIELD, AT_INDEX("endpoint", "types", (int)i),
			    "must be a type of event");
		row->kinds[row->kind_count++] = (int16_t)m->types[i];
	}
	return ERR_OK;
}

static enum err
upsert_url(struct webhook_flow *f, const char *url)
{
	const struct conf *conf = call_app(f->call)->conf;
	struct reason why = {0};
	enum err e;

	if (strlen(url) > URL_BYTES_MAX)
		return convert_fail(&f->call->reason, ERR_BAD_FIELD, AT("endpoint", "url"),
		    "%zu bytes; at most %d", strlen(url), URL_BYTES_MAX);
	e = client_url_check(url, conf->webhook_http_allowed, &why);
	if (e == ERR_OK)
		f->ask.row.url = url;
	else
		(void)convert_fail(&f->call->reason, e, AT("endpoint", "url"), "%s", why.text);
	return e;
}

static enum err
upsert_scope(struct webhook_flow *f, const Yuncang__V1__WebhookEndpoint *m, struct check *check)
{
	struct endpoint_row *row = &f->ask.row;
	enum err e = check_code_or_none(check, "dealer", m->dealer);

	if (e == ERR_OK)
		e = check_code_or_none(check, "storefront", m->storefront);
	if (e != ERR_OK)
		return e;
	if (m->dealer[0] != '\0' && m->storefront[0] != '\0')
		return convert_fail(check->r, ERR_BAD_FIELD, AT("endpoint", "storefront"),
		    "must not be set beside dealer");
	row->scope_code = m->dealer[0] != '\0' ? m->dealer : m->storefront;
	if (m->dealer[0] != '\0')
		row->scope = SCOPE_OF_DEALER;
	else if (m->storefront[0] != '\0')
		row->scope = SCOPE_OF_STOREFRONT;
	if (!may_handle(f, row))
		return convert_fail(check->r, ERR_PERMISSION_DENIED, AT("endpoint", "dealer"),
		    "this key may not handle its endpoints");
	return ERR_OK;
}

static enum err
upsert_fill(struct webhook_flow *f, const Yuncang__V1__UpsertWebhookEndpointRequest *q)
{
	const Yuncang__V1__WebhookEndpoint *m = q->endpoint;
	struct check check = {.r = &f->call->reason, .above = "endpoint"};
	struct endpoint_row *row = &f->ask.row;
	int64_t since_us = 0;
	enum err e;

	if (m == NULL)
		return reason_set(check.r, ERR_BAD_FIELD, "endpoint", "must be set");
	e = check_code(&check, "code", -1, m->code);
	if (e == ERR_OK)
		e = upsert_scope(f, m, &check);
	if (e == ERR_OK)
		e = upsert_url(f, m->url);
	if (e == ERR_OK)
		e = upsert_types(f, m);
	if (e == ERR_OK)
		e = convert_range(check.r, AT("endpoint", "concurrency"), m->concurrency, 0,
		    CONCURRENCY_MAX);
	if (e == ERR_OK)
		e = convert_range(check.r, AT("endpoint", "rate_per_s"), m->rate_per_s, 0,
		    RATE_MAX);
	if (e == ERR_OK)
		e = convert_time(check.r, AT("", "since"), q->since, &since_us);
	if (e != ERR_OK)
		return e;
	f->ask.code = m->code;
	row->state = (int)m->state;
	row->concurrency = m->concurrency != 0 ? m->concurrency : 1;
	row->rate_per_s = m->rate_per_s;
	f->ask.since = retention_bound(since_us != 0 ? since_us : clock_wall_us());
	f->ask.lease_ms = webhook_lease_ms(call_app(f->call)->conf);
	signature_secret_make(&f->secret);
	f->ask.secret = f->secret.bytes;
	f->ask.secret_len = f->secret.len;
	return ERR_OK;
}

static void
upsert_done(void *ctx, enum err e, const struct endpoint_answer *a)
{
	Yuncang__V1__UpsertWebhookEndpointResponse m =
	    YUNCANG__V1__UPSERT_WEBHOOK_ENDPOINT_RESPONSE__INIT;
	struct webhook_flow *f = ctx;
	struct call *c = f->call;
	const char *field = f->ask.row.scope == SCOPE_OF_STOREFRONT ? "endpoint.storefront"
	                                                            : "endpoint.dealer";

	if (e == ERR_OK) {
		m.endpoint = endpoint_message(&a->rows[0], c->arena);
		if (a->made)
			m.secret = secret_text(f);
		if (m.endpoint == NULL || m.secret == NULL)
			e = ERR_NO_MEMORY;
	}
	if (e == ERR_UNKNOWN_ID)
		(void)reason_set(&c->reason, e, field, "%s", err_text(e));
	if (e == ERR_EXISTS_DIFFERS)
		(void)reason_set(&c->reason, e, field,
		    "whose orders an endpoint hears of is fixed");
	if (e == ERR_OK) {
		log_info(LOG_MSG("webhook endpoint written"), LOG_STR("req", c->id),
		    LOG_STR("endpoint", f->ask.code), LOG_INT("new", a->made));
		call_reply(c, &m.base);
	} else {
		call_fail_err(c, e);
	}
}

void
upsert_webhook_endpoint_start(struct call *c, const ProtobufCMessage *request)
{
	struct webhook_flow *f = begin(c, ENDPOINT_UPSERT, upsert_done);

	if (f != NULL)
		ask(f, upsert_fill(f, (const Yuncang__V1__UpsertWebhookEndpointRequest *)request));
}

/* ---- List ---------------------------------------------------------------------------------------- */

static void
list_done(void *ctx, enum err e, const struct endpoint_answer *a)
{
	Yuncang__V1__ListWebhookEndpointsResponse m =
	    YUNCANG__V1__LIST_WEBHOOK_ENDPOINTS_RESPONSE__INIT;
	struct webhook_flow *f = ctx;
	struct arena *arena = f->call->arena;
	char cursor[PAGE_CURSOR_MAX] = {0};

	if (e == ERR_OK) {
		m.endpoints = arena_array(arena, (size_t)a->count, sizeof(*m.endpoints));
		if (m.endpoints == NULL)
			e = ERR_NO_MEMORY;
	}
	for (int i = 0; e == ERR_OK && i < a->count; i++) {
		if (!may_handle(f, &a->rows[i]))
			continue;
		m.endpoints[m.n_endpoints] = endpoint_message(&a->rows[i], arena);
		if (m.endpoints[m.n_endpoints++] == NULL)
			e = ERR_NO_MEMORY;
	}
	if (e == ERR_OK && a->more) {
		memcpy(cursor, a->rows[a->count - 1].code,
		    strnlen(a->rows[a->count - 1].code, sizeof(cursor)));
		m.next_page_token = page_token_make(&f->page, cursor, sizeof(cursor), arena);
		if (m.next_page_token == NULL)
			e = ERR_NO_MEMORY;
	}
	if (e != ERR_OK)
		call_fail_err(f->call, e);
	else
		call_reply(f->call, &m.base);
}

void
list_webhook_endpoints_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ListWebhookEndpointsRequest *q =
	    (const Yuncang__V1__ListWebhookEndpointsRequest *)request;
	struct webhook_flow *f = begin(c, ENDPOINT_LIST, list_done);
	enum err e;

	if (f == NULL)
		return;
	e = page_of(f, "ListWebhookEndpoints", "", q->page_size, q->page_token, f->cursor,
	    sizeof(f->cursor));
	f->ask.code = arena_strndup(c->arena, f->cursor, sizeof(f->cursor));
	if (f->ask.code == NULL)
		e = ERR_NO_MEMORY;
	ask(f, e);
}

/* ---- Secrets ------------------------------------------------------------------------------------- */

static void
rotate_done(void *ctx, enum err e, const struct endpoint_answer *a)
{
	Yuncang__V1__RotateWebhookSecretResponse m =
	    YUNCANG__V1__ROTATE_WEBHOOK_SECRET_RESPONSE__INIT;
	struct webhook_flow *f = ctx;

	(void)a;
	m.secret = secret_text(f);
	if (e == ERR_OK && m.secret == NULL)
		e = ERR_NO_MEMORY;
	if (e != ERR_OK) {
		call_fail_err(f->call, e);
		return;
	}
	log_info(LOG_MSG("webhook secret added"), LOG_STR("req", f->call->id),
	    LOG_STR("endpoint", f->ask.code), LOG_INT("keep_min", f->ask.keep_min));
	call_reply(f->call, &m.base);
}

void
rotate_webhook_secret_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__RotateWebhookSecretRequest *q =
	    (const Yuncang__V1__RotateWebhookSecretRequest *)request;
	struct webhook_flow *f = begin(c, ENDPOINT_ROTATE, rotate_done);
	enum err e;

	if (f == NULL)
		return;
	e = code_of(f, "code", q->code);
	if (e == ERR_OK && (q->keep_old_minutes < 0 || q->keep_old_minutes > KEEP_MIN_MAX))
		e = reason_set(&c->reason, ERR_BAD_FIELD, "keep_old_minutes", "must be 0 to %d",
		    KEEP_MIN_MAX);
	f->ask.keep_min = q->keep_old_minutes;
	signature_secret_make(&f->secret);
	f->ask.secret = f->secret.bytes;
	f->ask.secret_len = f->secret.len;
	ask(f, e);
}

/* ---- Dead letters -------------------------------------------------------------------------------- */

static Yuncang__V1__DeadLetter *
dead_message(const struct webhook_flow *f, const struct dead_row *row)
{
	struct arena *a = f->call->arena;
	Yuncang__V1__DeadLetter *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__dead_letter__init(m);
	m->endpoint = message_text(f->ask.code);
	m->event = event_message(&row->event, a);
	m->tries = row->attempts;
	m->status = row->status;
	m->error = message_text(row->error);
	m->died_at = time_message(row->died_us, a);
	return m->event != NULL && m->died_at != NULL ? m : NULL;
}

static void
dead_done(void *ctx, enum err e, const struct endpoint_answer *a)
{
	Yuncang__V1__ListDeadLettersResponse m = YUNCANG__V1__LIST_DEAD_LETTERS_RESPONSE__INIT;
	struct webhook_flow *f = ctx;
	struct arena *arena = f->call->arena;

	if (e == ERR_OK) {
		m.letters = arena_array(arena, (size_t)a->dead_count, sizeof(*m.letters));
		if (m.letters == NULL)
			e = ERR_NO_MEMORY;
	}
	for (int i = 0; e == ERR_OK && i < a->dead_count; i++) {
		m.letters[i] = dead_message(f, &a->dead[i]);
		m.n_letters++;
		if (m.letters[i] == NULL)
			e = ERR_NO_MEMORY;
	}
	if (e == ERR_OK && a->more) {
		m.next_page_token = page_token_make(&f->page,
		    &a->dead[a->dead_count - 1].event.position, sizeof(int64_t), arena);
		if (m.next_page_token == NULL)
			e = ERR_NO_MEMORY;
	}
	if (e != ERR_OK)
		call_fail_err(f->call, e);
	else
		call_reply(f->call, &m.base);
}

void
list_dead_letters_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ListDeadLettersRequest *q =
	    (const Yuncang__V1__ListDeadLettersRequest *)request;
	struct webhook_flow *f = begin(c, ENDPOINT_DEAD, dead_done);
	enum err e;

	if (f == NULL)
		return;
	e = code_of(f, "endpoint", q->endpoint);
	if (e == ERR_OK)
		e = page_of(f, "ListDeadLetters", q->endpoint, q->page_size, q->page_token,
		    &f->ask.after, sizeof(f->ask.after));
	ask(f, e);
}

static void
replay_done(void *ctx, enum err e, const struct endpoint_answer *a)
{
	Yuncang__V1__ReplayDeadLettersResponse m = YUNCANG__V1__REPLAY_DEAD_LETTERS_RESPONSE__INIT;
	struct webhook_flow *f = ctx;

	if (e != ERR_OK) {
		call_fail_err(f->call, e);
		return;
	}
	m.replayed = a->replayed;
	m.more = a->more;
	log_info(LOG_MSG("dead letters replayed"), LOG_STR("req", f->call->id),
	    LOG_STR("endpoint", f->ask.code), LOG_INT("count", a->replayed));
	webhook_poke(call_app(f->call)->webhook);
	call_reply(f->call, &m.base);
}

void
replay_dead_letters_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ReplayDeadLettersRequest *q =
	    (const Yuncang__V1__ReplayDeadLettersRequest *)request;
	int64_t rows_max = call_app(c)->conf->upsert_rows_max;
	struct webhook_flow *f = begin(c, ENDPOINT_REPLAY, replay_done);
	enum err e;

	if (f == NULL)
		return;
	e = code_of(f, "endpoint", q->endpoint);
	if (e == ERR_OK && (int64_t)q->n_sequences > rows_max)
		e = reason_set(&c->reason, ERR_TOO_LARGE, "sequences", "%zu; at most %lld",
		    q->n_sequences, (long long)rows_max);
	f->ask.positions = q->sequences;
	f->ask.position_count = (int)q->n_sequences;
	f->ask.limit = (int)rows_max;
	ask(f, e);
}
