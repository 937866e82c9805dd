/* dispute_list: territory disputes as people see and settle them.  See dispute.h. */
#include <string.h>

#include "base/clock.h"
#include "flow/act_plan.h"
#include "flow/dispute.h"
#include "flow/known.h"
#include "flow/page.h"
#include "flow/thaw.h"
#include "store/dispute.h"

/* Where the next page begins: behind this one. */
struct cursor {
	int64_t flagged_us;
	struct uuid order_id;
	int16_t number;
	uint8_t unused[6]; /* no padding: these bytes are signed */
};
_Static_assert(sizeof(struct cursor) == 32, "a cursor is compared as bytes");

struct list {
	struct call *call;
	const char *note; /* ResolveTerritoryDispute's; NULL: a list */
	struct dispute_query query;
	struct page_scope page;
	struct dispute_read *rows;
	int count;
	bool more;
};

static const struct world *
world_of(const struct list *l)
{
	return catalog_world(call_app(l->call)->catalog);
}

/* ---- The answer -------------------------------------------------------------------------------- */

static Yuncang__V1__TerritoryDispute *
dispute_message(const struct world *w, const struct dispute_read *d, struct arena *a)
{
	const struct owner owner = {.dealer = d->dealer,
	    .source = d->owner_source,
	    .since_min = (uint32_t)(d->owner_since_us / US_PER_MIN)};
	Yuncang__V1__TerritoryDispute *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__territory_dispute__init(m);
	m->order_id = arena_alloc(a, UUID_TEXT_SIZE);
	m->fulfilment = d->number;
	m->owner = owner_message(w, &owner, a);
	m->territory = message_text(w->territories[world_territory(w, d->territory)].code);
	m->territory_dealer = message_text(party_code_of(w, d->territory_dealer));
	m->location = message_text(location_code_of(w, d->location));
	m->way = (Yuncang__V1__Way)d->way;
	m->region = message_text(d->region);
	m->flagged_at = time_message(d->flagged_us, a);
	m->resolved_at = time_message(d->resolved_us, a);
	m->note = message_text(d->note);
	if (m->order_id == NULL || m->owner == NULL || m->flagged_at == NULL ||
	    (d->resolved_us != 0 && m->resolved_at == NULL))
		return NULL;
	uuid_format(&d->order_id, m->order_id);
	return m;
}

static void
answer_list(struct list *l)
{
	Yuncang__V1__ListTerritoryDisputesResponse m =
	    YUNCANG__V1__LIST_TERRITORY_DISPUTES_RESPONSE__INIT;
	struct arena *a = l->call->arena;
	struct cursor cursor = {0};
	int i = 0;

	m.disputes = arena_array(a, (size_t)l->count, sizeof(*m.disputes));
	for (; m.disputes != NULL && i < l->count; i++) {
		m.disputes[i] = dispute_message(world_of(l), &l->rows[i], a);
		if (m.disputes[i] == NULL)
			break;
	}
	m.n_disputes = (size_t)l->count;
	if (l->more && i == l->count) {
		const struct dispute_read *last = &l->rows[l->count - 1];

		cursor.flagged_us = last->flagged_us;
		cursor.order_id = last->order_id;
		cursor.number = (int16_t)last->number;
		m.next_page_token = page_token_make(&l->page, &cursor, sizeof(cursor), a);
	}
	if (m.disputes == NULL || i < l->count || m.next_page_token == NULL)
		call_fail_err(l->call, ERR_NO_MEMORY);
	else
		call_reply(l->call, &m.base);
}

static void
answer_resolved(struct list *l)
{
	Yuncang__V1__ResolveTerritoryDisputeResponse m =
	    YUNCANG__V1__RESOLVE_TERRITORY_DISPUTE_RESPONSE__INIT;

	if (strcmp(l->rows[0].note, l->note) != 0) {
		(void)reason_set(&l->call->reason, ERR_WRONG_STATE, "note",
		    "the dispute was resolved before, with another note");
		call_fail(l->call, &l->call->reason, NULL);
		return;
	}
	m.dispute = dispute_message(world_of(l), &l->rows[0], l->call->arena);
	if (m.dispute == NULL)
		call_fail_err(l->call, ERR_NO_MEMORY);
	else
		call_reply(l->call, &m.base);
}

static bool
all_known(void *ctx)
{
	const struct list *l = ctx;
	const struct world *w = world_of(l);

	for (int i = 0; i < l->count; i++)
		if (world_party_row(w, l->rows[i].dealer) == NULL ||
		    world_party_row(w, l->rows[i].territory_dealer) == NULL ||
		    world_location_row(w, l->rows[i].location) == NULL ||
		    world_territory(w, l->rows[i].territory) == NONE)
			return false;
	return true;
}

static void
known_done(void *ctx, enum err e)
{
	struct list *l = ctx;

	if (e == ERR_OK && l->note != NULL && l->count == 0)
		e = ERR_NOT_FOUND;
	if (e != ERR_OK)
		call_fail_err(l->call, e);
	else if (l->note != NULL)
		answer_resolved(l);
	else
		answer_list(l);
}

static void
rows_done(void *ctx, enum err e, struct dispute_read *rows, int count, bool more)
{
	struct list *l = ctx;

	l->rows = rows;
	l->count = count;
	l->more = more;
	if (e == ERR_OK && !all_known(l)) {
		e = known_wait(call_app(l->call), l->call->arena, l->call->id, all_known,
		    known_done, l);
		if (e == ERR_OK)
			return;
	}
	known_done(l, e);
}

/* ---- ListTerritoryDisputes ------------------------------------------------------------------------ */

/* Whose disputes: the dealer that is asked for, or all that the key may see. */
static enum err
dealers_fill(struct list *l, const char *dealer)
{
	const struct principal *p = l->call->principal;
	const struct world *w = world_of(l);
	uint32_t at = strmap_get(&w->party_code, dealer);
	int32_t *ids;
	int count = 0;

	if (dealer[0] == '\0' && principal_may(p, "dealer", ""))
		return ERR_OK;
	if (dealer[0] != '\0' &&
	    (at == STRMAP_NONE || w->parties[at].kind != PARTY_DEALER ||
	        !principal_may(p, "dealer", dealer)))
		return reason_set(&l->call->reason, ERR_NOT_FOUND, "dealer", "%s",
		    err_text(ERR_NOT_FOUND));
	ids = arena_array(l->call->arena, (size_t)w->party_count, sizeof(*ids));
	if (ids == NULL)
		return ERR_NO_MEMORY;
	if (dealer[0] != '\0')
		ids[count++] = w->parties[at].id;
	for (int32_t i = 0; dealer[0] == '\0' && i < w->party_count; i++)
		if (w->parties[i].kind == PARTY_DEALER &&
		    principal_may(p, "dealer", w->parties[i].code))
			ids[count++] = w->parties[i].id;
	l->query.dealers = ids;
	l->query.dealer_count = count;
	return ERR_OK;
}

static enum err
query_fill(struct list *l, const Yuncang__V1__ListTerritoryDisputesRequest *q)
{
	struct call *c = l->call;
	struct cursor cursor;
	char *filter;
	enum err e;

	e = dealers_fill(l, q->dealer);
	if (e != ERR_OK)
		return e;
	e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &l->query.count_max,
	    &c->reason);
	if (e != ERR_OK)
		return e;
	l->query.open_only = q->open_only;
	filter = arena_printf(c->arena, "%d %s", q->open_only ? 1 : 0, q->dealer);
	if (filter == NULL)
		return ERR_NO_MEMORY;
	l->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = "ListTerritoryDisputes",
	    .filter = filter,
	    .filter_len = strlen(filter)};
	if (q->page_token[0] == '\0')
		return ERR_OK;
	e = page_token_read(&l->page, q->page_token, &cursor, sizeof(cursor), &c->reason);
	if (e != ERR_OK)
		return e;
	l->query.before_us = cursor.flagged_us;
	l->query.before_order = cursor.order_id;
	l->query.before_number = cursor.number;
	return ERR_OK;
}

void
list_territory_disputes_start(struct call *c, const ProtobufCMessage *request)
{
	struct list *l = arena_zalloc(c->arena, sizeof(*l));
	enum err e;

	if (l == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	l->call = c;
	e = query_fill(l, (const Yuncang__V1__ListTerritoryDisputesRequest *)request);
	if (e == ERR_OK)
		e = disputes_list(call_app(c)->query_pool, c->arena, &l->query, rows_done, l);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- ResolveTerritoryDispute ---------------------------------------------------------------------- */

void
resolve_territory_dispute_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ResolveTerritoryDisputeRequest *q =
	    (const Yuncang__V1__ResolveTerritoryDisputeRequest *)request;
	struct list *l = arena_zalloc(c->arena, sizeof(*l));
	struct dispute_end end = {.number = q->fulfilment,
	    .at_us = c->received_us,
	    .key_id = c->principal->key_id,
	    .note = q->note};
	enum err e = ERR_OK;

	if (l == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	l->call = c;
	l->note = q->note;
	/* It is between two dealers: who acts for some of them only does not settle it. */
	if (all_dealers_needed(c->principal) != ERR_OK)
		e = ERR_PERMISSION_DENIED;
	else if (uuid_parse(q->order_id, &end.order_id) != ERR_OK)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "order_id", "is not an order id");
	else if (q->fulfilment < 1 || q->fulfilment > INT16_MAX)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "fulfilment",
		    "is not a fulfilment's number");
	else
		e = act_note_check(&c->reason, q->note, true);
	if (e == ERR_OK)
		e = dispute_resolve(call_app(c)->query_pool, c->arena, &end, rows_done, l);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
