/* CustomerService: who owns a customer now, and customers moved by an operator. */
#include <string.h>

#include "base/log.h"
#include "domain/ownership.h"
#include "domain/policy.h"
#include "flow/app.h"
#include "flow/basket.h"
#include "flow/catalog_check.h"
#include "flow/customer_flow.h"
#include "flow/known.h"
#include "flow/order_message.h"
#include "flow/thaw.h"

#define REF_LEN_MAX 64
#define REASON_LEN_MAX 200
#define CLAIM_TABLE_SIZE 128 /* a power of two, for CLAIMS_READ_MAX rows at most 4/5 full */

/* ---- GetOwner ---- */

struct owner_flow {
	struct call *call;
	const Yuncang__V1__GetOwnerRequest *request;
	const struct claim_read *claims;
	uint64_t customer;
	int count;
};

static const struct world *
world_of(const struct owner_flow *f)
{
	return catalog_world(call_app(f->call)->catalog);
}

static bool
all_known(void *ctx)
{
	const struct owner_flow *f = ctx;
	const struct world *w = world_of(f);

	for (int i = 0; i < f->count; i++)
		if (world_location(w, f->claims[i].location) == NONE ||
		    (f->claims[i].staff != 0 && world_party(w, f->claims[i].staff) == NONE))
			return false;
	return true;
}

/* As an order submitted now would be judged, from the claims just read; ${*best} is the one that decided, or NONE. */
static enum err
judge(struct owner_flow *f, const struct policy *policy, struct owner *owner, int *best)
{
	const struct world *w = world_of(f);
	struct request q = {.now_us = f->call->received_us,
	    .customer = f->customer,
	    .location = NONE,
	    .serving_store = NONE};
	struct claim a, b = {0};
	struct hints h = {0};
	struct claim *table;

	table = arena_array(f->call->arena, CLAIM_TABLE_SIZE, sizeof(*table));
	if (table == NULL)
		return ERR_NO_MEMORY;
	hints_claim_rehash(&h, table, CLAIM_TABLE_SIZE);
	*best = NONE;
	for (int i = 0; i < f->count; i++) {
		a = claim_hint(f->customer, &f->claims[i]);
		if (hints_claim_put(&h, &a) == NULL)
			return ERR_INTERNAL;
		if (ownership_standing(w, &a, q.now_us) != CLAIM_LIVE ||
		    (*best != NONE && !ownership_stronger(&a, &b)))
			continue;
		b = a;
		*best = i;
	}
	q.storefront = (int32_t)strmap_get(&w->storefront_code, f->request->storefront);
	q.territory = world_region(w, f->request->region);
	ownership_find(w, &h, policy, &q, owner);
	return ERR_OK;
}

static Yuncang__V1__ClaimEvidence *
evidence_message(const struct owner_flow *f, const struct claim_read *c)
{
	Yuncang__V1__ClaimEvidence *m = claim_message(world_of(f), c, f->call->arena);
	struct claim hint = claim_hint(f->customer, c);

	if (m != NULL)
		m->standing = (Yuncang__V1__ClaimStanding)ownership_standing(world_of(f), &hint,
		    f->call->received_us);
	return m;
}

/* The others, to those who settle disputes; a key of one dealer's sees that dealer's. */
static enum err
add_runners_up(const struct owner_flow *f, int best, Yuncang__V1__GetOwnerResponse *m)
{
	const struct world *w = world_of(f);
	const struct location *l;

	m->runners_up = arena_array(f->call->arena, (size_t)f->count, sizeof(*m->runners_up));
	if (m->runners_up == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < f->count && m->n_runners_up < CLAIMS_READ_MAX - 1; i++) {
		l = world_location_row(w, f->claims[i].location);
		if (i == best || !may_see_dealer(f->call->principal, w, l->party))
			continue;
		m->runners_up[m->n_runners_up] = evidence_message(f, &f->claims[i]);
		if (m->runners_up[m->n_runners_up++] == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static enum err
owner_answer(struct owner_flow *f, Yuncang__V1__GetOwnerResponse *m)
{
	const struct world *w = world_of(f);
	const struct policy *policy = policy_at(w, f->call->received_us);
	struct call *c = f->call;
	struct first_offer first;
	struct owner owner;
	int best;
	enum err e;

	if (policy == NULL)
		return ERR_NO_POLICY;
	e = judge(f, policy, &owner, &best);
	if (e != ERR_OK)
		return e;
	if (c->principal->role != ROLE_STOREFRONT && !may_see_dealer(c->principal, w, owner.dealer))
		return ERR_NOT_FOUND;
	m->owner = owner_message(w, &owner, c->arena);
	if (m->owner == NULL)
		return ERR_NO_MEMORY;
	if (best != NONE) {
		m->evidence = evidence_message(f, &f->claims[best]);
		if (m->evidence == NULL)
			return ERR_NO_MEMORY;
	}
	if (c->principal->role == ROLE_STOREFRONT)
		return ERR_OK;
	first = ownership_first_offer(w, policy, owner.dealer);
	m->first_offer = first_offer_message(&first, c->arena);
	return m->first_offer == NULL ? ERR_NO_MEMORY : add_runners_up(f, best, m);
}

static void
owner_reply(void *ctx, enum err e)
{
	Yuncang__V1__GetOwnerResponse m = YUNCANG__V1__GET_OWNER_RESPONSE__INIT;
	struct owner_flow *f = ctx;

	if (e == ERR_OK)
		e = owner_answer(f, &m);
	if (e != ERR_OK)
		call_fail_err(f->call, e);
	else
		call_reply(f->call, &m.base);
}

/* A claim made through another instance may name what this one has not read yet. */
static void
claims_done(void *ctx, enum err e, const struct claim_read *claims, int count)
{
	struct owner_flow *f = ctx;

	f->claims = claims;
	f->count = count;
	if (e == ERR_OK && !all_known(f)) {
		e = known_wait(call_app(f->call), f->call->arena, f->call->id, all_known,
		    owner_reply, f);
		if (e == ERR_OK)
			return;
	}
	owner_reply(f, e);
}

void
get_owner_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__GetOwnerRequest *q = (const Yuncang__V1__GetOwnerRequest *)request;
	const struct app *app = call_app(c);
	struct owner_flow *f;
	enum err e;

	e = check_length(c, "customer", q->customer, 0, CUSTOMER_BYTES_MAX);
	if (e == ERR_OK)
		e = check_length(c, "storefront", q->storefront, 1, 64);
	if (e == ERR_OK && !principal_may(c->principal, "storefront", q->storefront))
		e = reason_set(&c->reason, ERR_PERMISSION_DENIED, "storefront",
		    "this key may not ask for storefront %s", q->storefront);
	if (e == ERR_OK &&
	    strmap_get(&catalog_world(app->catalog)->storefront_code, q->storefront) == STRMAP_NONE)
		e = reason_set(&c->reason, ERR_UNKNOWN_ID, "storefront",
		    "\"%.64s\" is not in the catalog", q->storefront);
	f = e == ERR_OK ? arena_zalloc(c->arena, sizeof(*f)) : NULL;
	if (e == ERR_OK && f == NULL)
		e = ERR_NO_MEMORY;
	if (e == ERR_OK) {
		f->call = c;
		f->request = q;
		f->customer = customer_hash(q->customer);
		e = claims_read(app->query_pool, c->arena, f->customer, c->received_us, claims_done,
		    f);
	}
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- TransferOwnership ---- */

struct transfer_flow {
	struct call *call;
	struct transfer_put put;
	struct transfer_done stands;
};

static void
transfer_done(void *ctx, const struct write_result *r)
{
	Yuncang__V1__TransferOwnershipResponse m = YUNCANG__V1__TRANSFER_OWNERSHIP_RESPONSE__INIT;
	struct transfer_flow *f = ctx;

	if (r->reason.err != ERR_OK) {
		call_fail(f->call, &r->reason, NULL);
		return;
	}
	m.transfer = f->stands.number;
	m.moved = f->stands.moved;
	m.more = f->stands.more;
	m.at = time_message(f->stands.at_us, f->call->arena);
	if (m.at == NULL) {
		call_fail_err(f->call, ERR_NO_MEMORY);
		return;
	}
	log_info(LOG_MSG("customers moved"), LOG_STR("req", f->call->id),
	    LOG_INT("transfer", m.transfer), LOG_INT("moved", m.moved));
	call_reply(f->call, &m.base);
}

/* The stores that are moved from, but for the one that is moved to. */
static enum err
from_stores(struct transfer_flow *f, const struct world *w, int32_t party_idx, int32_t to)
{
	int32_t first = w->party_first[party_idx], end = w->party_first[party_idx + 1];
	int32_t *ids = arena_array(f->call->arena, (size_t)(end - first), sizeof(*ids));

	if (ids == NULL)
		return ERR_NO_MEMORY;
	for (int32_t i = first; i < end; i++)
		if (w->party_stores[i] != to)
			ids[f->put.from_count++] = w->locations[w->party_stores[i]].id;
	f->put.from = ids;
	return ERR_OK;
}

/* Who is moved: one customer, or all of a store or a dealer, whether or not these are still open. */
static enum err
find_from(struct transfer_flow *f, const struct world *w,
    const Yuncang__V1__TransferOwnershipRequest *q, int32_t to)
{
	struct call *c = f->call;
	uint32_t at;

	if ((q->customer[0] != '\0') + (q->from_store[0] != '\0') + (q->from_dealer[0] != '\0') !=
	    1)
		return reason_set(&c->reason, ERR_BAD_FIELD, "customer",
		    "one of customer, from_store and from_dealer must be set");
	f->put.customer = customer_hash(q->customer);
	if (q->customer[0] != '\0')
		return check_length(c, "customer", q->customer, 1, CUSTOMER_BYTES_MAX);
	if (q->from_dealer[0] != '\0') {
		at = strmap_get(&w->party_code, q->from_dealer);
		if (at == STRMAP_NONE)
			return reason_set(&c->reason, ERR_UNKNOWN_ID, "from_dealer",
			    "\"%.64s\" is not in the catalog", q->from_dealer);
		return from_stores(f, w, (int32_t)at, to);
	}
	at = strmap_get(&w->location_code, q->from_store);
	if (at == STRMAP_NONE)
		return reason_set(&c->reason, ERR_UNKNOWN_ID, "from_store",
		    "\"%.64s\" is not in the catalog", q->from_store);
	if ((int32_t)at == to)
		return reason_set(&c->reason, ERR_BAD_FIELD, "to_store", "is from_store");
	f->put.from = &w->locations[at].id;
	f->put.from_count = 1;
	return ERR_OK;
}

static enum err
transfer_fill(struct transfer_flow *f, const struct world *w,
    const Yuncang__V1__TransferOwnershipRequest *q)
{
	struct call *c = f->call;
	int32_t to = NONE, staff;
	enum err e;

	f->put.ref = q->ref;
	f->put.at_us = c->received_us;
	f->put.key_id = c->principal->key_id;
	f->put.rows_max = (int)call_app(c)->conf->upsert_rows_max;
	f->put.store = q->to_store;
	f->put.staff = q->to_staff;
	f->put.reason = q->reason;
	f->put.out = &f->stands;
	e = check_length(c, "ref", q->ref, 1, REF_LEN_MAX);
	if (e == ERR_OK)
		e = check_length(c, "reason", q->reason, 1, REASON_LEN_MAX);
	if (e == ERR_OK)
		e = find_store(c, w, "to_store", q->to_store, &to);
	if (e == ERR_OK)
		e = find_staff(c, w, "to_staff", q->to_staff, to, &staff);
	return e == ERR_OK ? find_from(f, w, q, to) : e;
}

void
transfer_ownership_start(struct call *c, const ProtobufCMessage *request)
{
	const struct app *app = call_app(c);
	struct transfer_flow *f = arena_zalloc(c->arena, sizeof(*f));
	const struct world *w = call_world(c);
	enum err e = ERR_NO_MEMORY;

	if (f != NULL && w != NULL) {
		struct writer writer = {.pool = app->query_pool,
		    .catalog = app->catalog,
		    .arena = c->arena,
		    .done = transfer_done,
		    .ctx = f};

		f->call = c;
		e = transfer_fill(f, w, (const Yuncang__V1__TransferOwnershipRequest *)request);
		if (e == ERR_OK)
			e = request_hash(c, request, f->put.body_hash);
		if (e == ERR_OK)
			e = write_transfer(&writer, &f->put);
	}
	if (e != ERR_OK)
		call_fail_err(c, e);
}
