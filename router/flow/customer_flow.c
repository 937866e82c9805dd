/* CustomerService: what a store shows, and what a customer's scan, choice or presence claims. */
#include "flow/customer_flow.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "domain/geo.h"
#include "domain/policy.h"
#include "flow/app.h"
#include "flow/basket.h"
#include "flow/catalog_check.h"
#include "flow/catalog_scope.h"
#include "flow/contact.h"
#include "flow/store_code.h"
#include "flow/thaw.h"

#define REF_LEN_MAX 64
#define OWN_EVIDENCE_MAX 200 /* what we add to it has room within EVIDENCE_BYTES_MAX */

/* ---- Shared ---- */

enum err
request_hash(struct call *c, const ProtobufCMessage *request, uint8_t out[DIGEST_SIZE])
{
	const uint8_t *p;
	size_t len;
	enum err e;

	e = call_pack(c, request, &p, &len);
	if (e == ERR_OK)
		digest_sha256(p, len, out);
	return e;
}

enum err
check_length(struct call *c, const char *field, const char *text, size_t min, size_t max)
{
	size_t len = strlen(text);

	if (len >= min && len <= max)
		return ERR_OK;
	if (len == 0)
		return reason_set(&c->reason, ERR_BAD_FIELD, field, "must be set");
	return reason_set(&c->reason, ERR_BAD_FIELD, field, "%zu bytes; at most %zu", len, max);
}

static enum err
unknown(struct call *c, const char *field, const char *code)
{
	return reason_set(&c->reason, ERR_UNKNOWN_ID, field, "\"%.64s\" is not in the catalog",
	    code);
}

enum err
find_store(struct call *c, const struct world *w, const char *field, const char *code, int32_t *idx)
{
	const struct location *l;
	uint32_t at;

	if (code[0] == '\0')
		return reason_set(&c->reason, ERR_BAD_FIELD, field, "must be set");
	at = strmap_get(&w->location_code, code);
	if (at == STRMAP_NONE)
		return unknown(c, field, code);
	l = &w->locations[at];
	if (l->kind != LOC_STORE)
		return reason_set(&c->reason, ERR_BAD_FIELD, field, "%s is not a store", code);
	if (l->disabled || w->parties[l->party_idx].disabled)
		return reason_set(&c->reason, ERR_WRONG_STATE, field, "%s is disabled", code);
	*idx = (int32_t)at;
	return ERR_OK;
}

enum err
find_staff(struct call *c, const struct world *w, const char *field, const char *code,
    int32_t location, int32_t *id)
{
	const struct party *p;
	uint32_t at;

	*id = 0;
	if (code[0] == '\0')
		return ERR_OK;
	at = strmap_get(&w->party_code, code);
	if (at == STRMAP_NONE)
		return unknown(c, field, code);
	p = &w->parties[at];
	if (p->kind != PARTY_STAFF || p->disabled || p->employer != w->locations[location].party)
		return reason_set(&c->reason, ERR_BAD_FIELD, field,
		    "%s does not work for who runs %s", code, w->locations[location].code);
	*id = p->id;
	return ERR_OK;
}

Yuncang__V1__ClaimEvidence *
claim_message(const struct world *w, const struct claim_read *c, struct arena *a)
{
	const struct location *l = world_location_row(w, c->location);
	Yuncang__V1__ClaimEvidence *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__claim_evidence__init(m);
	m->kind = (Yuncang__V1__ClaimKind)c->kind;
	m->dealer = message_text(party_code_of(w, l->party));
	m->store = message_text(l->code);
	m->staff = message_text(party_code_of(w, c->staff));
	m->from = time_message(c->from_us, a);
	m->until = time_message(c->until_us, a);
	m->evidence = message_text(c->evidence);
	m->transfer = c->transfer;
	return m->from == NULL || (c->until_us != 0 && m->until == NULL) ? NULL : m;
}

/* ---- Claim ---- */

struct claim_flow {
	struct call *call;
	const struct world *world; /* pinned */
	struct claim_put put;
	struct claim_read stands;
	int32_t location; /* index */
};

static void
claim_done(void *ctx, const struct write_result *r)
{
	Yuncang__V1__ClaimResponse m = YUNCANG__V1__CLAIM_RESPONSE__INIT;
	struct claim_flow *f = ctx;

	if (r->reason.err != ERR_OK) {
		call_fail(f->call, &r->reason, NULL);
		return;
	}
	metric_add(METRIC_claims_total, 1);
	m.claim = claim_message(f->world, &f->stands, f->call->arena);
	if (m.claim == NULL)
		call_fail_err(f->call, ERR_NO_MEMORY);
	else
		call_reply(f->call, &m.base);
}

/* A code may name the store by itself, and says who of its staff was there. */
static enum err
read_code(struct claim_flow *f, const Yuncang__V1__ClaimRequest *q)
{
	struct store_code code = {.location = NONE};
	struct call *c = f->call;
	enum err e = ERR_OK;

	if (q->store[0] != '\0')
		e = find_store(c, f->world, "store", q->store, &code.location);
	else if (q->code[0] == '\0')
		e = reason_set(&c->reason, ERR_BAD_FIELD, "store", "must be set");
	if (e == ERR_OK && q->code[0] != '\0')
		e = store_code_read(call_app(c), f->world, q->code, f->put.row.from_us, "code",
		    &code, &c->reason);
	if (e == ERR_OK && q->store[0] == '\0')
		e = find_store(c, f->world, "code", f->world->locations[code.location].code,
		    &code.location);
	if (e != ERR_OK)
		return e;
	f->location = code.location;
	f->put.row.location = f->world->locations[code.location].code;
	f->put.row.staff = party_code_of(f->world, code.staff);
	return ERR_OK;
}

static enum err
check_staff(struct claim_flow *f, const Yuncang__V1__ClaimRequest *q)
{
	struct call *c = f->call;
	int32_t id;

	if (q->staff[0] == '\0')
		return ERR_OK;
	if (f->put.row.kind != CLAIM_BIND)
		return reason_set(&c->reason, ERR_BAD_FIELD, "staff",
		    "goes with BIND; that of a scan stands in its code");
	f->put.row.staff = q->staff;
	return find_staff(c, f->world, "staff", q->staff, f->location, &id);
}

/* Where the customer stands is looked at and forgotten; how far it was is kept. */
static enum err
check_presence(struct claim_flow *f, const Yuncang__V1__Position *p, const struct policy *policy)
{
	struct call *c = f->call;
	struct geo_point at;
	int32_t m;
	enum err e;

	if (p == NULL)
		return reason_set(&c->reason, ERR_BAD_FIELD, "position", "must be set");
	e = contact_check_position(p, NULL, &c->reason);
	if (e != ERR_OK)
		return e;
	geo_point_init(&at, (int32_t)lround(p->latitude * 1e6),
	    (int32_t)lround(p->longitude * 1e6));
	m = geo_distance_m(f->world, &at, f->location);
	if (m > policy->location_claim_radius_m)
		return reason_set(&c->reason, ERR_BAD_FIELD, "position",
		    "%d m from the store; at most %d", (int)m,
		    (int)policy->location_claim_radius_m);
	f->put.row.evidence = arena_printf(c->arena, "%s%s%d m from the store", f->put.row.evidence,
	    f->put.row.evidence[0] != '\0' ? "; " : "", (int)m);
	return f->put.row.evidence == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static enum err
check_kind(struct claim_flow *f, const Yuncang__V1__ClaimRequest *q)
{
	const struct policy *policy = policy_at(f->world, f->call->received_us);
	struct claim_row *row = &f->put.row;
	struct call *c = f->call;
	int32_t days = 0;
	enum err e = ERR_OK;

	if (policy == NULL)
		return reason_set(&c->reason, ERR_NO_POLICY, NULL, "%s", err_text(ERR_NO_POLICY));
	switch (row->kind) {
	case CLAIM_SCAN:
		e = check_length(c, "code", q->code, 1, STORE_CODE_SIZE_MAX);
		days = policy->scan_claim_days;
		break;
	case CLAIM_BIND:
		days = policy->bind_claim_days;
		break;
	case CLAIM_LOCATION:
		e = check_presence(f, q->position, policy);
		days = policy->location_claim_days;
		break;
	}
	row->until_us = days == 0 ? 0 : row->from_us + days * US_PER_DAY;
	return e;
}

static enum err
check_time(struct claim_flow *f, const Yuncang__V1__ClaimRequest *q)
{
	struct call *c = f->call;
	int64_t at_us = c->received_us;
	enum err e;

	if (q->at != NULL) {
		e = convert_time(&c->reason, AT("", "at"), q->at, &at_us);
		if (e == ERR_OK)
			e = claim_time_check(&c->reason, AT("", "at"), at_us, c->received_us,
			    call_app(c)->conf->claim_age_ms_max);
		if (e != ERR_OK)
			return e;
	}
	f->put.row.from_us = at_us < c->received_us ? at_us : c->received_us;
	return ERR_OK;
}

static enum err
claim_fill(struct claim_flow *f, const Yuncang__V1__ClaimRequest *q)
{
	struct claim_row *row = &f->put.row;
	struct call *c = f->call;
	enum err e;

	row->kind = (enum claim_kind)q->kind;
	row->evidence = q->evidence;
	f->put.ref = q->ref;
	e = check_length(c, "ref", q->ref, 1, REF_LEN_MAX);
	if (e == ERR_OK)
		e = check_length(c, "customer", q->customer, 1, CUSTOMER_BYTES_MAX);
	if (e == ERR_OK && ((int)q->kind < CLAIM_SCAN || (int)q->kind > CLAIM_LOCATION))
		e = reason_set(&c->reason, ERR_BAD_FIELD, "kind", "must be set");
	if (e == ERR_OK)
		e = check_length(c, "evidence", q->evidence, 0, OWN_EVIDENCE_MAX);
	if (e == ERR_OK)
		e = check_time(f, q);
	if (e == ERR_OK)
		e = read_code(f, q);
	if (e == ERR_OK && !scope_claims_for(c, row->location))
		e = reason_set(&c->reason, ERR_PERMISSION_DENIED, "store",
		    "this key may not claim for %s", row->location);
	if (e == ERR_OK)
		e = check_kind(f, q);
	if (e == ERR_OK)
		e = check_staff(f, q);
	row->customer = customer_hash(q->customer);
	return e;
}

void
claim_start(struct call *c, const ProtobufCMessage *request)
{
	const struct app *app = call_app(c);
	struct claim_flow *f = arena_zalloc(c->arena, sizeof(*f));
	const struct world *w = call_world(c);
	enum err e = ERR_NO_MEMORY;

	if (f != NULL && w != NULL) {
		struct writer writer = {.pool = app->query_pool,
		    .catalog = app->catalog,
		    .arena = c->arena,
		    .done = claim_done,
		    .ctx = f};

		f->call = c;
		f->world = w;
		f->put.out = &f->stands;
		e = claim_fill(f, (const Yuncang__V1__ClaimRequest *)request);
		if (e == ERR_OK)
			e = request_hash(c, request, f->put.body_hash);
		if (e == ERR_OK)
			e = write_claim_once(&writer, &f->put);
	}
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- GetStoreCode ---- */

void
get_store_code_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__GetStoreCodeRequest *q =
	    (const Yuncang__V1__GetStoreCodeRequest *)request;
	Yuncang__V1__GetStoreCodeResponse m = YUNCANG__V1__GET_STORE_CODE_RESPONSE__INIT;
	char code[STORE_CODE_SIZE_MAX], old[STORE_CODE_SIZE];
	const struct app *app = call_app(c);
	const struct world *w = catalog_world(app->catalog);
	struct store_code s = {.location = NONE};
	enum err e = ERR_OK;

	if (q->store[0] != '\0' && !principal_may(c->principal, "location", q->store))
		e = unknown(c, "store", q->store);
	if (e == ERR_OK)
		e = find_store(c, w, "store", q->store, &s.location);
	if (e == ERR_OK)
		e = find_staff(c, w, "staff", q->staff, s.location, &s.staff);
	if (e == ERR_OK && (q->valid_minutes < 0 || q->valid_minutes > STORE_CODE_MINUTES))
		e = reason_set(&c->reason, ERR_BAD_FIELD, "valid_minutes", "must be 0 to %d",
		    STORE_CODE_MINUTES);
	if (e == ERR_OK && q->valid_minutes > 0) {
		/* Whole minutes, and the one that has begun. */
		s.until_us = (c->received_us / US_PER_MIN + q->valid_minutes + 1) * US_PER_MIN;
		m.expires_at = time_message(s.until_us, c->arena);
		e = m.expires_at == NULL ? ERR_NO_MEMORY : ERR_OK;
	}
	if (e != ERR_OK) {
		call_fail_err(c, e);
		return;
	}
	store_code_make(app, w, &s, code);
	store_code_old(app, q->store, old);
	m.code = code;
	m.serving_code = old;
	call_reply(c, &m.base);
}
