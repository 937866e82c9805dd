#include "flow/statement.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/statement.h"
#include "edge/json_read.h"
#include "flow/app.h"
#include "flow/export_http.h"
#include "flow/page.h"
#include "flow/thaw.h"
#include "store/statement_read.h"
#include "yuncang/v1/statement.pb-c.h"

#define TIMELINE_ROWS_MAX 1000
#define TIMELINE_VALUES_MAX 200000

typedef Yuncang__V1__GetStatementResponse response;

/* Where the next page begins; no padding: these bytes are signed. */
struct cursor {
	struct statement_cursor after;
	int64_t batch_to; /* that the first page reached to */
};
_Static_assert(sizeof(struct cursor) == 32, "a cursor is compared as bytes");

/* A statement being told. */
struct told {
	struct call *call;
	struct export_spec spec;
	struct statement_cursor after;
	int count_max;
	struct page_scope page;
	response *answer;
	struct statement_page got;
	/* the hash of the first page */
	struct export *export;
	struct digest_sum *digest;
	int64_t asked_us; /* monotonic: for the piece that is awaited */
};

/* What the database wrote of a response in JSON. */
static enum err
read_json(struct call *c, const char *json, ProtobufCMessage **out)
{
	static const struct wire_limits limits = {TIMELINE_VALUES_MAX, TIMELINE_VALUES_MAX};
	struct reason why;
	enum err e = json_read(c->method->response, (const uint8_t *)json, strlen(json), &limits,
	    c->arena, out, &why);

	if (e == ERR_OK || e == ERR_NO_MEMORY)
		return e;
	log_error(LOG_MSG("what was read is no response"), LOG_STR("req", c->id),
	    LOG_STR("field", why.field), LOG_STR("why", why.text));
	return e == ERR_TOO_LARGE ? e : ERR_INTERNAL;
}

/* ---- A statement's answer ------------------------------------------------------------------------- */

static void
finish(struct told *s, enum err e)
{
	if (e == ERR_OK)
		call_reply(s->call, &s->answer->base);
	else
		call_fail_err(s->call, e);
}

static void
hash_end(struct told *s, enum err e)
{
	uint8_t sha1[SHA1_SIZE], sha256[DIGEST_SIZE];

	digest_sum_end(s->digest, sha1, sha256);
	digest_sum_free(s->digest);
	export_free(s->export);
	if (e == ERR_OK) {
		s->answer->hash = arena_alloc(s->call->arena, 2 * DIGEST_SIZE + 1);
		if (s->answer->hash == NULL)
			e = ERR_NO_MEMORY;
		else
			hex_encode(sha256, DIGEST_SIZE, s->answer->hash);
	}
	finish(s, e);
}

static void
hash_next(struct told *s)
{
	enum err e = export_next(s->export);

	s->asked_us = clock_mono_us();
	if (e != ERR_OK)
		hash_end(s, e);
}

/* The deadline will pass before two pieces more: better an answer that helps than none. */
static enum err
judge_time(struct told *s)
{
	const int64_t now_us = clock_mono_us();

	if (now_us + 2 * (now_us - s->asked_us) < s->call->deadline_us)
		return ERR_OK;
	return reason_set(&s->call->reason, ERR_TOO_LARGE, "party",
	    "its statement has %" PRId64 " entries, too many to be hashed while a request waits; "
	    "GET /export/statement and `yuncang export statement` take their time",
	    s->answer->entry_count);
}

/* The file that an export of it would be goes through the digest, piece by piece. */
static void
hash_piece(void *ctx, const struct reason *r, const void *p, size_t len, bool last)
{
	struct told *s = ctx;
	enum err e = r->err;

	if (e == ERR_OK && len > 0)
		digest_sum_add(s->digest, p, len);
	if (e == ERR_OK && !last)
		e = judge_time(s);
	if (e != ERR_OK || last)
		hash_end(s, e);
	else
		hash_next(s);
}

static enum err
hash_begin(struct told *s)
{
	struct app *app = call_app(s->call);
	enum err e;

	s->spec.batch_to = s->got.batch_to;
	s->digest = digest_sum_new();
	if (s->digest == NULL)
		return ERR_NO_MEMORY;
	e = export_new(&s->export, app->query_pool, &s->spec, hash_piece, s);
	if (e != ERR_OK) {
		digest_sum_free(s->digest);
		return e;
	}
	hash_next(s);
	return ERR_OK;
}

static enum err
answer_fill(struct told *s)
{
	const struct statement_page *p = &s->got;
	struct cursor next = {.after = p->last, .batch_to = p->batch_to};
	ProtobufCMessage *sums = NULL, *entries = NULL;
	response *m;
	enum err e;

	e = read_json(s->call, p->entries, &entries);
	if (e == ERR_OK && p->sums != NULL)
		e = read_json(s->call, p->sums, &sums);
	if (e != ERR_OK)
		return e;
	m = (response *)entries;
	if (sums != NULL) {
		m->n_accounts = ((response *)sums)->n_accounts;
		m->accounts = ((response *)sums)->accounts;
		m->entry_count = ((response *)sums)->entry_count;
	}
	m->party = s->spec.party;
	m->period = s->spec.period;
	m->batch_from = s->spec.batch_from;
	m->batch_to = p->batch_to;
	m->closed = p->closed;
	if (p->more) {
		m->next_page_token = page_token_make(&s->page, &next, sizeof(next), s->call->arena);
		if (m->next_page_token == NULL)
			return ERR_NO_MEMORY;
	}
	s->answer = m;
	return ERR_OK;
}

static void
statement_done(void *ctx, const struct reason *r, const struct statement_page *p)
{
	struct told *s = ctx;
	enum err e = r->err;

	if (e != ERR_OK) {
		call_fail(s->call, r, NULL);
		return;
	}
	s->got = *p;
	e = answer_fill(s);
	if (e == ERR_OK && p->sums != NULL) {
		e = hash_begin(s);
		if (e == ERR_OK)
			return;
	}
	finish(s, e);
}

/* ---- A statement's question ----------------------------------------------------------------------- */

static enum err
page_fill(struct told *s, const Yuncang__V1__GetStatementRequest *q)
{
	struct call *c = s->call;
	struct cursor cursor;
	char *filter;
	enum err e;

	e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &s->count_max, &c->reason);
	if (e != ERR_OK)
		return e;
	filter = arena_printf(c->arena, "%s %d %lld %lld", q->party, (int)q->period,
	    (long long)q->batch_from, (long long)q->batch_to);
	if (filter == NULL)
		return ERR_NO_MEMORY;
	s->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = "GetStatement",
	    .filter = filter,
	    .filter_len = strlen(filter)};
	s->after.account = INT64_MIN;
	if (q->page_token[0] == '\0')
		return ERR_OK;
	e = page_token_read(&s->page, q->page_token, &cursor, sizeof(cursor), &c->reason);
	if (e != ERR_OK)
		return e;
	s->after = cursor.after;
	s->spec.batch_to = cursor.batch_to;
	return ERR_OK;
}

static enum err
take(struct told *s, const Yuncang__V1__GetStatementRequest *q)
{
	struct call *c = s->call;
	enum err e;

	if (q->party[0] == '\0')
		return reason_set(&c->reason, ERR_BAD_FIELD, "party", "must be set");
	if (!statement_period_valid(q->period))
		return reason_set(&c->reason, ERR_BAD_FIELD, "period",
		    "must be a month like 202611, or 0");
	if (q->batch_from < 0 || q->batch_to < 0)
		return reason_set(&c->reason, ERR_BAD_FIELD,
		    q->batch_from < 0 ? "batch_from" : "batch_to", "must not be below 0");
	s->spec = (struct export_spec){.kind = EXPORT_STATEMENT,
	    .period = q->period,
	    .batch_from = q->batch_from,
	    .batch_to = q->batch_to};
	e = export_party(catalog_world(call_app(c)->catalog), c->principal, q->party, &s->spec,
	    &c->reason);
	return e == ERR_OK ? page_fill(s, q) : e;
}

void
get_statement_start(struct call *c, const ProtobufCMessage *request)
{
	struct told *s = arena_zalloc(c->arena, sizeof(*s));
	enum err e;

	if (s == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	s->call = c;
	e = take(s, (const Yuncang__V1__GetStatementRequest *)request);
	if (e == ERR_OK)
		e = statement_read(call_app(c)->query_pool, c->arena, &s->spec, &s->after,
		    s->count_max, statement_done, s);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- An order's money ----------------------------------------------------------------------------- */

static enum err
timeline_fill(struct call *c, const struct timeline *l, ProtobufCMessage **out)
{
	ProtobufCMessage *rows = NULL, *paid = NULL;
	Yuncang__V1__GetMoneyTimelineResponse *m, *other;
	enum err e = read_json(c, l->rows, &rows);

	if (e == ERR_OK)
		e = read_json(c, l->paid, &paid);
	if (e != ERR_OK)
		return e;
	m = (Yuncang__V1__GetMoneyTimelineResponse *)rows;
	other = (Yuncang__V1__GetMoneyTimelineResponse *)paid;
	m->n_payouts = other->n_payouts;
	m->payouts = other->payouts;
	m->n_clawbacks = other->n_clawbacks;
	m->clawbacks = other->clawbacks;
	m->n_calls = other->n_calls;
	m->calls = other->calls;
	*out = rows;
	return ERR_OK;
}

static void
timeline_done(void *ctx, enum err e, const struct timeline *l)
{
	struct call *c = ctx;
	ProtobufCMessage *m = NULL;

	if (e == ERR_NOT_FOUND)
		e = reason_set(&c->reason, e, "order_id", "there is no such order");
	if (e == ERR_OK && !principal_may(c->principal, "dealer", l->owner))
		e = reason_set(&c->reason, ERR_PERMISSION_DENIED, "order_id",
		    "is not an order of this key's dealers");
	if (e == ERR_OK)
		e = timeline_fill(c, l, &m);
	if (e == ERR_OK)
		call_reply(c, m);
	else
		call_fail_err(c, e);
}

void
get_money_timeline_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__GetMoneyTimelineRequest *q =
	    (const Yuncang__V1__GetMoneyTimelineRequest *)request;
	struct uuid order_id;
	enum err e;

	if (uuid_parse(q->order_id, &order_id) != ERR_OK)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "order_id", "must be an order's id");
	else
		e = timeline_read(call_app(c)->query_pool, c->arena, &order_id, TIMELINE_ROWS_MAX,
		    timeline_done, c);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
