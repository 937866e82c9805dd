#include "flow/trail_flow.h"

#include "flow/known.h"
#include "flow/page.h"
#include "flow/read_flow.h"
#include "flow/thaw.h"

struct trail_flow {
	struct call *call;
	const struct order_read *order;
	struct page_scope page;
	int32_t after; /* the last act of the page before */
	int size;
};

/* ---- Who sees what -------------------------------------------------------------------------------- */

static bool
own_act(const struct trail_flow *f, const struct world *w, const struct act_read *a)
{
	const struct principal *p = f->call->principal;

	return p->role != ROLE_STORE || a->location == 0 ||
	    (world_location_row(w, a->location) != NULL &&
	        principal_may(p, "location", location_code_of(w, a->location)));
}

/* A party or place that the catalog does not know yet has no code yet. */
static const char *
party_or_none(const struct world *w, int32_t id)
{
	return id != 0 && world_party(w, id) != NONE ? party_code_of(w, id) : "";
}

static Yuncang__V1__TrailRow *
row_message(const struct trail_flow *f, const struct world *w, const struct act_read *a)
{
	Yuncang__V1__TrailRow *m = arena_alloc(f->call->arena, sizeof(*m));
	enum role role = f->call->principal->role;

	if (m == NULL)
		return NULL;
	yuncang__v1__trail_row__init(m);
	m->act_number = a->act_no;
	m->kind = (Yuncang__V1__ActKind)a->kind;
	m->fulfilment = a->number;
	m->at = time_message(a->at_us, f->call->arena);
	m->party = message_text(party_or_none(w, a->party));
	if (a->location != 0 && world_location_row(w, a->location) != NULL)
		m->location = message_text(location_code_of(w, a->location));
	m->state = a->number != 0 ? (Yuncang__V1__FulfilmentState)a->state : 0;
	m->reason = a->reason;
	if (role != ROLE_STOREFRONT && (role != ROLE_STORE || a->location != 0)) {
		m->staff = message_text(party_or_none(w, a->staff));
		m->note = message_text(a->note);
		m->ref = message_text(a->ref);
	}
	return m->at != NULL ? m : NULL;
}

/* ---- From the call to its answer ------------------------------------------------------------------ */

static void
answer(struct trail_flow *f)
{
	Yuncang__V1__ListActsResponse m = YUNCANG__V1__LIST_ACTS_RESPONSE__INIT;
	const struct world *w = catalog_world(call_app(f->call)->catalog);
	const struct order_read *o = f->order;
	int i = 0;

	if (!may_see_order(f->call->principal, w, o)) {
		call_fail_err(f->call, ERR_NOT_FOUND);
		return;
	}
	m.acts = arena_array(f->call->arena, (size_t)f->size, sizeof(*m.acts));
	for (; m.acts != NULL && i < o->act_count && (int)m.n_acts < f->size; i++) {
		if (o->acts[i].act_no <= f->after || !own_act(f, w, &o->acts[i]))
			continue;
		m.acts[m.n_acts] = row_message(f, w, &o->acts[i]);
		if (m.acts[m.n_acts++] == NULL)
			m.acts = NULL;
	}
	if (m.acts != NULL && i < o->act_count)
		m.next_page_token = page_token_make(&f->page, &o->acts[i - 1].act_no,
		    sizeof(o->acts[i - 1].act_no), f->call->arena);
	if (m.acts == NULL || m.next_page_token == NULL)
		call_fail_err(f->call, ERR_NO_MEMORY);
	else
		call_reply(f->call, &m.base);
}

static bool
is_known(void *ctx)
{
	const struct trail_flow *f = ctx;

	return order_is_known(catalog_world(call_app(f->call)->catalog), f->order, f->call->arena);
}

static void
known_done(void *ctx, enum err e)
{
	struct trail_flow *f = ctx;

	if (e == ERR_OK)
		answer(f);
	else
		call_fail_err(f->call, e);
}

static void
read_done(void *ctx, enum err e, struct order_read *o)
{
	struct trail_flow *f = ctx;

	f->order = o;
	if (e == ERR_OK && !is_known(f)) {
		e = known_wait(call_app(f->call), f->call->arena, f->call->id, is_known, known_done,
		    f);
		if (e == ERR_OK)
			return;
	}
	known_done(f, e);
}

static enum err
read_request(struct trail_flow *f, const Yuncang__V1__ListActsRequest *q, struct order_key *key)
{
	struct call *c = f->call;
	enum err e;

	if (uuid_parse(q->order_id, &key->order_id) != ERR_OK || uuid_is_zero(&key->order_id))
		return reason_set(&c->reason, ERR_BAD_FIELD, "order_id", "is not an order id");
	e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &f->size, &c->reason);
	if (e != ERR_OK)
		return e;
	f->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = "ListActs",
	    .filter = arena_memdup(c->arena, key->order_id.b, sizeof(key->order_id.b)),
	    .filter_len = sizeof(key->order_id.b)};
	if (f->page.filter == NULL)
		return reason_set(&c->reason, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	if (*q->page_token == '\0')
		return ERR_OK;
	return page_token_read(&f->page, q->page_token, &f->after, sizeof(f->after), &c->reason);
}

void
list_acts_start(struct call *c, const ProtobufCMessage *request)
{
	struct trail_flow *f = arena_zalloc(c->arena, sizeof(*f));
	struct order_key key = {0};
	enum err e = ERR_NO_MEMORY;

	if (f != NULL) {
		f->call = c;
		e = read_request(f, (const Yuncang__V1__ListActsRequest *)request, &key);
	}
	if (e == ERR_OK)
		e = order_read_one(call_app(c)->query_pool, c->arena, &key, READ_ACTS, read_done,
		    f);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
