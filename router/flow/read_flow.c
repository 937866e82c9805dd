#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/collection_code.h"
#include "flow/known.h"
#include "flow/order_message.h"
#include "flow/page.h"
#include "flow/read_flow.h"
#include "flow/return_message.h"
#include "store/money_read.h"
#include "store/order_list.h"

#define ACCOUNT_TEXT_MAX 256

/* One read under way; lives in the call's arena. */
struct read_flow {
	struct call *call;
	struct order_read *orders;
	int order_count;
	bool more;
	int32_t policy_version;              /* that the answer needs too, or 0 */
	void (*answer)(struct read_flow *f); /* when the world knows all that was read */
	struct page_scope page;
	int attempt;
};

static const struct world *
world_of(const struct read_flow *f)
{
	return catalog_world(call_app(f->call)->catalog);
}

static void
fail(struct read_flow *f, enum err e, const char *field, const char *why)
{
	struct reason *r = &f->call->reason;

	(void)reason_set(r, e, field, "%s", why);
	call_fail(f->call, r, NULL);
}

static void
fail_plain(struct read_flow *f, enum err e)
{
	fail(f, e, NULL, err_text(e));
}

/* ---- Who may see it ---- */

bool
may_see_order(const struct principal *p, const struct world *w, const struct order_read *o)
{
	switch (p->role) {
	case ROLE_STOREFRONT:
		return principal_may(p, "storefront",
		    w->storefronts[world_storefront(w, o->storefront)].code);
	case ROLE_STORE:
		for (int i = 0; i < o->fulfilment_count; i++)
			if (principal_may(p, "location",
			        location_code_of(w, o->fulfilments[i].location)))
				return true;
		return false;
	case ROLE_FINANCE:
	case ROLE_OPERATOR:
	case ROLE_ADMIN:
		return principal_may(p, "dealer", party_code_of(w, o->dealer)) &&
		    principal_may(p, "storefront",
		        w->storefronts[world_storefront(w, o->storefront)].code);
	}
	return false;
}

enum order_state
order_state_of(const struct order_read *o)
{
	struct state_units s = {{0}};
	int64_t ordered = 0;

	for (int i = 0; i < o->line_count; i++)
		ordered += o->lines[i].quantity;
	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *f = &o->fulfilments[i];

		assert(f->state > 0 && f->state < FUL_STATE_COUNT);
		if (f->moved_to != 0)
			continue; /* its units are another's now */
		for (int j = 0; j < f->line_count; j++)
			s.units[f->state] += f->lines[j].quantity;
	}
	return order_state_derive(o->mark, ordered, &s);
}

/* ---- A read, from the call to its answer ---- */

static bool
all_known(void *ctx)
{
	struct read_flow *f = ctx;

	for (int i = 0; i < f->order_count; i++)
		if (!order_is_known(world_of(f), &f->orders[i], f->call->arena))
			return false;
	return f->policy_version == 0 ||
	    catalog_policy(call_app(f->call)->catalog, f->policy_version) != NULL;
}

static void
known_done(void *ctx, enum err e)
{
	struct read_flow *f = ctx;

	if (e == ERR_OK)
		f->answer(f);
	else
		fail_plain(f, e);
}

static void
answer_when_known(struct read_flow *f)
{
	enum err e = ERR_OK;

	if (!all_known(f)) {
		e = known_wait(call_app(f->call), f->call->arena, f->call->id, all_known,
		    known_done, f);
		if (e == ERR_OK)
			return;
	}
	known_done(f, e);
}

static struct read_flow *
flow_new(struct call *c, void (*answer)(struct read_flow *f))
{
	struct read_flow *f;

	f = arena_zalloc(c->arena, sizeof(*f));
	if (f == NULL) {
		(void)reason_set(&c->reason, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
		call_fail(c, &c->reason, NULL);
		return NULL;
	}
	f->call = c;
	f->answer = answer;
	return f;
}

static void
one_done(void *ctx, enum err e, struct order_read *o)
{
	struct read_flow *f = ctx;

	if (e != ERR_OK) {
		fail_plain(f, e);
		return;
	}
	f->orders = o;
	f->order_count = 1;
	if (f->attempt != 0)
		f->policy_version = o->policy_version;
	answer_when_known(f);
}

/* ---- GetOrder ---- */

/* For the customer's eyes: only who sells to him is told; see collection_code.h. */
static enum err
add_codes(const struct read_flow *f, Yuncang__V1__Order *m)
{
	const struct order_read *o = f->orders;

	for (int i = 0; i < o->fulfilment_count; i++) {
		char *code = arena_alloc(f->call->arena, COLLECTION_CODE_SIZE);

		if (code == NULL)
			return ERR_NO_MEMORY;
		collection_code_shown(call_app(f->call)->collection_secret, &o->order_id,
		    &o->fulfilments[i], code);
		m->fulfilments[i]->collection_code = code;
	}
	return ERR_OK;
}

/* What the journal says of the order so far. */
static enum err
add_posted(const struct world *w, const struct order_read *o, struct arena *a,
    Yuncang__V1__Money *m)
{
	Yuncang__V1__Posted *rows = arena_array(a, (size_t)o->posted_count, sizeof(*rows));
	enum err e = ERR_OK;
	struct buf text;

	m->posted = arena_array(a, (size_t)o->posted_count, sizeof(*m->posted));
	if (rows == NULL || m->posted == NULL)
		return ERR_NO_MEMORY;
	buf_init(&text, ACCOUNT_TEXT_MAX);
	for (int i = 0; e == ERR_OK && i < o->posted_count; i++) {
		buf_reset(&text);
		account_print(w, o->posted[i].account, &text);
		yuncang__v1__posted__init(&rows[i]);
		rows[i].account = arena_strndup(a, (const char *)text.data, text.len);
		rows[i].amount_fen = o->posted[i].fen;
		m->posted[i] = &rows[i];
		e = rows[i].account != NULL ? buf_err(&text) : ERR_NO_MEMORY;
	}
	m->n_posted = (size_t)o->posted_count;
	buf_release(&text);
	return e;
}

static void
get_answer(struct read_flow *f)
{
	const struct world *w = world_of(f);
	struct order_read *o = f->orders;
	struct owner owner = order_owner(o);
	struct arena *a = f->call->arena;
	Yuncang__V1__GetOrderResponse m = YUNCANG__V1__GET_ORDER_RESPONSE__INIT;
	struct frozen *frozen;
	struct split *split;
	enum err e;

	if (!may_see_order(f->call->principal, w, o)) {
		fail_plain(f, ERR_NOT_FOUND);
		return;
	}
	m.order = order_message(w, o, true, a);
	if (m.order == NULL || order_returns_add(w, o, m.order, a) != ERR_OK ||
	    (f->call->principal->role == ROLE_STOREFRONT && add_codes(f, m.order) != ERR_OK)) {
		fail_plain(f, ERR_NO_MEMORY);
		return;
	}
	if (o->decision != NULL && may_see_money(f->call->principal, w, &owner)) {
		e = thaw_decision(w, o->decision, a, &frozen, &split);
		if (e == ERR_OK) {
			m.order->money = money_message(w, split, a);
			e = m.order->money != NULL ? add_posted(w, o, a, m.order->money)
			                           : ERR_NO_MEMORY;
		}
		if (e != ERR_OK) {
			fail_plain(f, e);
			return;
		}
	}
	call_reply(f->call, &m.base);
}

/* By id, or by storefront and reference; what the catalog does not know is not found either. */
static enum err
get_key(struct call *c, const Yuncang__V1__GetOrderRequest *q, struct order_key *key)
{
	const struct world *w = catalog_world(call_app(c)->catalog);
	struct reason *r = &c->reason;
	uint32_t front;

	*key = (struct order_key){.order_ref = q->order_ref};
	if (*q->order_id != '\0') {
		if (*q->storefront != '\0' || *q->order_ref != '\0')
			return reason_set(r, ERR_BAD_FIELD, "order_id",
			    "give order_id, or storefront and order_ref, not both");
		if (uuid_parse(q->order_id, &key->order_id) != ERR_OK ||
		    uuid_is_zero(&key->order_id))
			return reason_set(r, ERR_BAD_FIELD, "order_id", "is not an order id");
		return ERR_OK;
	}
	if (*q->storefront == '\0')
		return reason_set(r, ERR_BAD_FIELD, "order_id",
		    "give order_id, or storefront and order_ref");
	if (*q->order_ref == '\0')
		return reason_set(r, ERR_BAD_FIELD, "order_ref", "is needed with storefront");
	front = strmap_get(&w->storefront_code, q->storefront);
	if (front == STRMAP_NONE)
		return reason_set(r, ERR_NOT_FOUND, NULL, "%s", err_text(ERR_NOT_FOUND));
	key->storefront = w->storefronts[front].id;
	return ERR_OK;
}

void
get_order_start(struct call *c, const ProtobufCMessage *request)
{
	struct order_key key;
	struct read_flow *f;
	enum err e;

	if (get_key(c, (const Yuncang__V1__GetOrderRequest *)request, &key) != ERR_OK) {
		call_fail(c, &c->reason, NULL);
		return;
	}
	f = flow_new(c, get_answer);
	if (f == NULL)
		return;
	e = order_read_one(call_app(c)->query_pool, c->arena, &key,
	    READ_DECISION | READ_RETURNS | READ_DEPOSIT |
	        (c->principal->sees_money ? READ_POSTED : 0u),
	    one_done, f);
	if (e != ERR_OK)
		fail_plain(f, e);
}

/* ---- ExplainOrder ---- */

static enum err
explain_fill(struct read_flow *f, const struct frozen *frozen, const struct split *split,
    bool money, Yuncang__V1__ExplainOrderResponse *m)
{
	const struct world *w = world_of(f);
	const struct decision *d = &frozen->decision;
	const struct policy *policy = catalog_policy(call_app(f->call)->catalog, d->policy_version);
	struct arena *a = f->call->arena;

	if (policy == NULL)
		return ERR_INTERNAL;
	m->n_ways = (size_t)d->run_count;
	m->ways = arena_array(a, m->n_ways, sizeof(*m->ways));
	m->decided_at = time_message(frozen->request.now_us, a);
	m->first_offer = first_offer_message(&d->first_offer, a);
	m->option =
	    option_message(w, &frozen->request, frozen->collector, &d->options[0], split, money, a);
	if (m->ways == NULL || m->decided_at == NULL || m->option == NULL || m->first_offer == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < d->run_count; i++) {
		int lines = 0;

		for (int j = 0; j < frozen->request.line_count; j++)
			lines += d->group_of_line[j] == d->runs[i].group;
		m->ways[i] = way_message(w, &d->runs[i], lines, policy->rank_count, a);
		if (m->ways[i] == NULL)
			return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static enum err
explain_replay(struct read_flow *f, Yuncang__V1__ExplainOrderResponse *m)
{
	const struct decision_read *d = f->orders->decision;
	const struct policy *policy;
	bool equal = false;
	enum err e;

	policy = catalog_policy(call_app(f->call)->catalog, m->policy_version);
	assert(policy != NULL);
	e = record_replay(world_of(f), policy, d->record, d->record_len, f->call->arena, &equal);
	if (e == ERR_NO_MEMORY)
		return e;
	if (e != ERR_OK || !equal)
		log_error(LOG_MSG("a decision replayed came out different"),
		    LOG_STR("order", m->order_id), LOG_INT("attempt", m->attempt),
		    LOG_STR("err", err_name(e)));
	m->replay_equal = e == ERR_OK && equal;
	return ERR_OK;
}

/* The record's bytes hold costs and margin, so they go only to who may see money. */
static void
explain_answer(struct read_flow *f)
{
	const struct world *w = world_of(f);
	struct order_read *o = f->orders;
	struct owner owner = order_owner(o);
	Yuncang__V1__ExplainOrderResponse m = YUNCANG__V1__EXPLAIN_ORDER_RESPONSE__INIT;
	char id[UUID_TEXT_SIZE];
	struct frozen *frozen;
	struct split *split;
	bool money;
	enum err e;

	if (!may_see_order(f->call->principal, w, o)) {
		fail_plain(f, ERR_NOT_FOUND);
		return;
	}
	if (o->decision == NULL) {
		fail(f, ERR_NOT_FOUND, "attempt", "the order has no decision of that attempt");
		return;
	}
	e = thaw_decision(w, o->decision, f->call->arena, &frozen, &split);
	if (e == ERR_OK) {
		money = may_see_money(f->call->principal, w, &owner);
		uuid_format(&o->order_id, id);
		m.order_id = id;
		m.attempt = o->decision->attempt;
		m.policy_version = frozen->decision.policy_version;
		if (money) {
			m.record.len = o->decision->record_len;
			m.record.data = (uint8_t *)(uintptr_t)o->decision->record;
		}
		e = explain_fill(f, frozen, split, money, &m);
	}
	if (e == ERR_OK)
		e = explain_replay(f, &m);
	if (e != ERR_OK) {
		fail_plain(f, e);
		return;
	}
	call_reply(f->call, &m.base);
}

void
explain_order_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ExplainOrderRequest *q =
	    (const Yuncang__V1__ExplainOrderRequest *)request;
	struct order_key key = {0};
	struct read_flow *f;
	enum err e = ERR_OK;

	if (uuid_parse(q->order_id, &key.order_id) != ERR_OK || uuid_is_zero(&key.order_id))
		e = reason_set(&c->reason, ERR_BAD_FIELD, "order_id", "is not an order id");
	else if (q->attempt < 0 || q->attempt > INT16_MAX)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "attempt", "is not 0 to %d", INT16_MAX);
	if (e != ERR_OK) {
		call_fail(c, &c->reason, NULL);
		return;
	}
	f = flow_new(c, explain_answer);
	if (f == NULL)
		return;
	key.attempt = f->attempt = q->attempt != 0 ? q->attempt : 1;
	e = order_read_one(call_app(c)->query_pool, c->arena, &key, READ_DECISION, one_done, f);
	if (e != ERR_OK)
		fail_plain(f, e);
}

/* ---- ListOrders ---- */

static void
list_answer(struct read_flow *f)
{
	const struct world *w = world_of(f);
	struct arena *a = f->call->arena;
	Yuncang__V1__ListOrdersResponse m = YUNCANG__V1__LIST_ORDERS_RESPONSE__INIT;

	m.orders = arena_array(a, (size_t)f->order_count, sizeof(*m.orders));
	if (m.orders == NULL)
		goto no_memory;
	for (int i = 0; i < f->order_count; i++) {
		/* The scopes were checked against the filter; this holds whatever the filter. */
		if (!may_see_order(f->call->principal, w, &f->orders[i]))
			continue;
		m.orders[m.n_orders] = order_message(w, &f->orders[i], false, a);
		if (m.orders[m.n_orders] == NULL)
			goto no_memory;
		m.n_orders++;
	}
	if (f->more && f->order_count > 0) {
		const struct uuid *last = &f->orders[f->order_count - 1].order_id;

		m.next_page_token = page_token_make(&f->page, last->b, sizeof(last->b), a);
		if (m.next_page_token == NULL)
			goto no_memory;
	}
	call_reply(f->call, &m.base);
	return;

no_memory:
	fail_plain(f, ERR_NO_MEMORY);
}

static void
list_done(void *ctx, enum err e, struct order_read *orders, int count, bool more)
{
	struct read_flow *f = ctx;

	if (e != ERR_OK) {
		fail_plain(f, e);
		return;
	}
	f->orders = orders;
	f->order_count = count;
	f->more = more;
	answer_when_known(f);
}

/* A key with scopes of a kind must narrow the list by one of them. */
static enum err
list_scope(struct call *c, const Yuncang__V1__ListOrdersRequest *q)
{
	const struct principal *p = c->principal;
	bool front = *q->storefront != '\0', dealer = *q->dealer != '\0';

	if (p->role == ROLE_STOREFRONT) {
		if (!front || !principal_may(p, "storefront", q->storefront))
			return reason_set(&c->reason, ERR_PERMISSION_DENIED, "storefront",
			    "must be one of this key's storefronts");
		return ERR_OK;
	}
	/* "" is no dealer's code: only a key that may see all dealers passes with it. */
	if (!principal_may(p, "dealer", q->dealer))
		return reason_set(&c->reason, ERR_PERMISSION_DENIED, "dealer",
		    "must be one of this key's dealers");
	if (!principal_may(p, "storefront", q->storefront))
		return reason_set(&c->reason, ERR_PERMISSION_DENIED, "storefront",
		    "must be one of this key's storefronts");
	if (!front && !dealer)
		return reason_set(&c->reason, ERR_BAD_FIELD, "storefront",
		    "give a storefront or a dealer");
	return ERR_OK;
}

static enum err
list_codes(struct call *c, const Yuncang__V1__ListOrdersRequest *q, struct order_query *out)
{
	const struct world *w = catalog_world(call_app(c)->catalog);
	uint32_t i;

	if (*q->storefront != '\0') {
		i = strmap_get(&w->storefront_code, q->storefront);
		if (i == STRMAP_NONE)
			return reason_set(&c->reason, ERR_UNKNOWN_ID, "storefront",
			    "no storefront has this code");
		out->storefront = w->storefronts[i].id;
	}
	if (*q->dealer != '\0') {
		i = strmap_get(&w->party_code, q->dealer);
		if (i == STRMAP_NONE)
			return reason_set(&c->reason, ERR_UNKNOWN_ID, "dealer",
			    "no dealer has this code");
		out->dealer = w->parties[i].id;
	}
	return ERR_OK;
}

static int64_t
time_of(const Google__Protobuf__Timestamp *t)
{
	return t == NULL ? 0 : t->seconds * US_PER_S + t->nanos / 1000;
}

/* What the client narrowed the list by, as bytes: a page token is bound to it. */
static enum err
list_page(struct call *c, const char *token, struct page_scope *page, struct order_query *q)
{
	int64_t *filter;

	filter = arena_array(c->arena, 4, sizeof(*filter));
	if (filter == NULL)
		return reason_set(&c->reason, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	filter[0] = q->storefront;
	filter[1] = q->dealer;
	filter[2] = q->from_us;
	filter[3] = q->to_us;
	*page = (struct page_scope){
	    .secret = call_app(c)->token_secret,
	    .method = "ListOrders",
	    .filter = filter,
	    .filter_len = 4 * sizeof(*filter),
	};
	if (*token == '\0')
		return ERR_OK;
	return page_token_read(page, token, q->before.b, sizeof(q->before.b), &c->reason);
}

static enum err
list_query(struct call *c, const Yuncang__V1__ListOrdersRequest *q, struct page_scope *page,
    struct order_query *out)
{
	enum err e;

	*out = (struct order_query){.from_us = time_of(q->from), .to_us = time_of(q->to)};
	e = list_scope(c, q);
	if (e == ERR_OK)
		e = list_codes(c, q, out);
	if (e == ERR_OK)
		e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &out->count_max,
		    &c->reason);
	if (e != ERR_OK)
		return e;
	if (q->from != NULL && q->to != NULL && out->from_us >= out->to_us)
		return reason_set(&c->reason, ERR_BAD_FIELD, "to", "is not after from");
	return list_page(c, q->page_token, page, out);
}

void
list_orders_start(struct call *c, const ProtobufCMessage *request)
{
	struct order_query query;
	struct page_scope page;
	struct read_flow *f;
	enum err e;

	e = list_query(c, (const Yuncang__V1__ListOrdersRequest *)request, &page, &query);
	if (e != ERR_OK) {
		call_fail(c, &c->reason, NULL);
		return;
	}
	f = flow_new(c, list_answer);
	if (f == NULL)
		return;
	f->page = page;
	e = order_read_list(call_app(c)->query_pool, c->arena, &query, list_done, f);
	if (e != ERR_OK)
		fail_plain(f, e);
}
