#include "flow/return_list.h"

#include <string.h>

#include "flow/known.h"
#include "flow/page.h"
#include "flow/return_message.h"
#include "flow/task_list.h"
#include "flow/thaw.h"
#include "yuncang/v1/store.pb-c.h"

/* Where the next page begins: behind this one. */
struct cursor {
	int64_t asked_us;
	struct uuid order_id;
	int16_t number;
	uint8_t unused[6]; /* no padding: these bytes are signed */
};
_Static_assert(sizeof(struct cursor) == 32, "a cursor is compared as bytes");

struct list {
	struct call *call;
	struct return_query query;
	struct page_scope page;
	struct return_row *rows;
	int count;
	bool more;
};

static const struct world *
world_of(const struct list *l)
{
	return catalog_world(call_app(l->call)->catalog);
}

/* ---- The answer -------------------------------------------------------------------------------- */

static Yuncang__V1__ReturnTask *
task_message(const struct world *w, const struct return_row *r, struct arena *a)
{
	Yuncang__V1__ReturnTask *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__return_task__init(m);
	m->order_id = arena_alloc(a, UUID_TEXT_SIZE);
	m->goods = return_message(w, &r->ret, r->skus, a);
	if (m->order_id == NULL || m->goods == NULL)
		return NULL;
	uuid_format(&r->order_id, m->order_id);
	return m;
}

static void
answer(struct list *l)
{
	Yuncang__V1__ListReturnsResponse m = YUNCANG__V1__LIST_RETURNS_RESPONSE__INIT;
	struct arena *a = l->call->arena;
	struct cursor cursor = {0};
	int i = 0;

	m.returns = arena_array(a, (size_t)l->count, sizeof(*m.returns));
	for (; m.returns != NULL && i < l->count; i++) {
		m.returns[i] = task_message(world_of(l), &l->rows[i], a);
		if (m.returns[i] == NULL)
			break;
	}
	m.n_returns = (size_t)l->count;
	if (l->more && i == l->count) {
		const struct return_row *last = &l->rows[l->count - 1];

		cursor.asked_us = last->ret.asked_us;
		cursor.order_id = last->order_id;
		cursor.number = (int16_t)last->ret.number;
		m.next_page_token = page_token_make(&l->page, &cursor, sizeof(cursor), a);
	}
	if (m.returns == NULL || i < l->count || m.next_page_token == NULL)
		call_fail_err(l->call, ERR_NO_MEMORY);
	else
		call_reply(l->call, &m.base);
}

static bool
all_known(void *ctx)
{
	const struct list *l = ctx;

	for (int i = 0; i < l->count; i++)
		for (int n = 0; n < l->rows[i].ret.line_count; n++)
			if (world_sku(world_of(l), l->rows[i].skus[n]) == NONE)
				return false;
	return true;
}

static void
known_done(void *ctx, enum err e)
{
	struct list *l = ctx;

	if (e == ERR_OK)
		answer(l);
	else
		call_fail_err(l->call, e);
}

static void
list_done(void *ctx, enum err e, struct return_row *rows, int count, bool more)
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

/* ---- The question ------------------------------------------------------------------------------ */

static enum err
query_fill(struct list *l, const Yuncang__V1__ListReturnsRequest *q)
{
	struct call *c = l->call;
	struct cursor cursor;
	char *filter;
	enum err e;

	e = task_location(c, q->location, &l->query.location);
	if (e != ERR_OK)
		return e;
	if (q->state < 0 || q->state >= (int)RETURN_STATE_COUNT)
		return reason_set(&c->reason, ERR_BAD_FIELD, "state", "not a state");
	e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &l->query.count_max,
	    &c->reason);
	if (e != ERR_OK)
		return e;
	l->query.state = (enum return_state)q->state;
	filter = arena_printf(c->arena, "%d %s", (int)q->state, q->location);
	if (filter == NULL)
		return ERR_NO_MEMORY;
	l->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = "ListReturns",
	    .filter = filter,
	    .filter_len = strlen(filter)};
	if (q->page_token[0] == '\0')
		return ERR_OK;
	e = page_token_read(&l->page, q->page_token, &cursor, sizeof(cursor), &c->reason);
	if (e != ERR_OK)
		return e;
	l->query.after_us = cursor.asked_us;
	l->query.after_order = cursor.order_id;
	l->query.after_number = cursor.number;
	return ERR_OK;
}

void
list_returns_start(struct call *c, const ProtobufCMessage *request)
{
	struct list *l = arena_zalloc(c->arena, sizeof(*l));
	enum err e;

	if (l == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	l->call = c;
	e = query_fill(l, (const Yuncang__V1__ListReturnsRequest *)request);
	if (e == ERR_OK)
		e = returns_list(call_app(c)->query_pool, c->arena, &l->query, list_done, l);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
