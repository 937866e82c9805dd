#include "flow/store_flow.h"

#include <string.h>

#include "flow/known.h"
#include "flow/order_message.h"
#include "flow/page.h"
#include "store/order_list.h"
#include "yuncang/v1/store.pb-c.h"

#define PAGE_SIZE_DEFAULT 50

/* Where the next page begins: behind this task. */
struct cursor {
	int64_t due_us;
	struct uuid order_id;
	int16_t number;
	uint8_t unused[6]; /* no padding: these bytes are signed */
};
_Static_assert(sizeof(struct cursor) == 32, "a cursor is compared as bytes");

struct list_tasks {
	struct call *call;
	struct task_query query;
	struct page_scope page;
	struct task_read *tasks;
	int count;
	bool more;
};

/* ---- The answer -------------------------------------------------------------------------------- */

static const struct world *
world_of(const struct list_tasks *l)
{
	return catalog_world(call_app(l->call)->catalog);
}

static bool
all_known(void *ctx)
{
	const struct list_tasks *l = ctx;
	const struct world *w = world_of(l);
	const struct fulfilment_read *f;
	int i, n;

	for (i = 0; i < l->count; i++) {
		f = &l->tasks[i].fulfilment;
		for (n = 0; n < f->line_count; n++)
			if (world_sku(w, f->lines[n].sku) == NONE ||
			    (f->lines[n].goods_owner != 0 &&
			        world_party(w, f->lines[n].goods_owner) == NONE))
				return false;
	}
	return true;
}

/* An order's lines as far as this fulfilment has them: what its message is made from. */
static enum err
lines_of(const struct world *w, const struct fulfilment_read *f, struct arena *a, struct request *q)
{
	int i;

	*q = (struct request){0};
	for (i = 0; i < f->line_count; i++)
		if (f->lines[i].line >= q->line_count)
			q->line_count = f->lines[i].line + 1;
	q->lines = arena_array(a, (size_t)q->line_count, sizeof(*q->lines));
	if (q->lines == NULL)
		return ERR_NO_MEMORY;
	for (i = 0; i < f->line_count; i++)
		q->lines[f->lines[i].line].sku = world_sku(w, f->lines[i].sku);
	return ERR_OK;
}

static Yuncang__V1__Task *
task_message(const struct world *w, const struct task_read *t, struct arena *a)
{
	Yuncang__V1__Task *m;
	struct request q;

	m = arena_alloc(a, sizeof(*m));
	if (m == NULL || lines_of(w, &t->fulfilment, a, &q) != ERR_OK)
		return NULL;
	yuncang__v1__task__init(m);
	m->order_id = arena_alloc(a, UUID_TEXT_SIZE);
	m->fulfilment = fulfilment_message(w, &q, &t->fulfilment, a);
	m->created_at = time_message(t->created_us, a);
	if (m->order_id == NULL || m->fulfilment == NULL || m->created_at == NULL)
		return NULL;
	uuid_format(&t->order_id, m->order_id);
	return m;
}

static void
answer(struct list_tasks *l)
{
	Yuncang__V1__ListTasksResponse m = YUNCANG__V1__LIST_TASKS_RESPONSE__INIT;
	struct arena *a = l->call->arena;
	const struct task_read *last;
	struct cursor cursor = {0};
	int i;

	m.tasks = arena_array(a, (size_t)l->count, sizeof(*m.tasks));
	for (i = 0; m.tasks != NULL && i < l->count; i++) {
		m.tasks[i] = task_message(world_of(l), &l->tasks[i], a);
		if (m.tasks[i] == NULL)
			break;
	}
	m.n_tasks = (size_t)l->count;
	if (l->more && i == l->count) {
		last = &l->tasks[l->count - 1];
		cursor.due_us = last->due_us;
		cursor.order_id = last->order_id;
		cursor.number = (int16_t)last->fulfilment.number;
		m.next_page_token = page_token_make(&l->page, &cursor, sizeof(cursor), a);
	}
	if (m.tasks == NULL || i < l->count || m.next_page_token == NULL)
		call_fail_err(l->call, ERR_NO_MEMORY);
	else
		call_reply(l->call, &m.base);
}

static void
known_done(void *ctx, enum err e)
{
	struct list_tasks *l = ctx;

	if (e == ERR_OK)
		answer(l);
	else
		call_fail_err(l->call, e);
}

static void
tasks_done(void *ctx, enum err e, struct task_read *tasks, int count, bool more)
{
	struct list_tasks *l = ctx;

	l->tasks = tasks;
	l->count = count;
	l->more = more;
	if (e == ERR_OK && !all_known(l)) {
		e = known_wait(call_app(l->call), l->call->arena, l->call->id, all_known, known_done, l);
		if (e == ERR_OK)
			return;
	}
	known_done(l, e);
}

/* ---- The question ------------------------------------------------------------------------------ */

static enum err
location_find(struct call *c, const char *code, int32_t *id)
{
	const struct world *w = catalog_world(call_app(c)->catalog);
	uint32_t at;

	if (code[0] == '\0')
		return reason_set(&c->reason, ERR_BAD_FIELD, "location", "must be set");
	at = strmap_get(&w->location_code, code);
	if (at == STRMAP_NONE || !principal_may(c->principal, "location", code))
		return reason_set(&c->reason, ERR_NOT_FOUND, "location", "%s",
		    err_text(ERR_NOT_FOUND));
	*id = w->locations[at].id;
	return ERR_OK;
}

static enum err
query_fill(struct list_tasks *l, const Yuncang__V1__ListTasksRequest *q)
{
	struct call *c = l->call;
	int64_t rows_max = call_app(c)->conf->list_rows_max;
	struct cursor cursor;
	char *filter;
	enum err e;

	e = location_find(c, q->location, &l->query.location);
	if (e != ERR_OK)
		return e;
	if (q->state < 0 || q->state >= (int)FUL_STATE_COUNT)
		return reason_set(&c->reason, ERR_BAD_FIELD, "state", "not a state");
	if (q->page_size < 0 || q->page_size > rows_max)
		return reason_set(&c->reason, ERR_BAD_FIELD, "page_size", "must be 0 to %lld",
		    (long long)rows_max);
	l->query.state = (enum fulfilment_state)q->state;
	l->query.count_max = q->page_size != 0 ? q->page_size : PAGE_SIZE_DEFAULT;
	if (l->query.count_max > rows_max)
		l->query.count_max = (int)rows_max;
	filter = arena_printf(c->arena, "%d %s", (int)q->state, q->location);
	if (filter == NULL)
		return ERR_NO_MEMORY;
	l->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = "ListTasks",
	    .filter = filter,
	    .filter_len = strlen(filter)};
	if (q->page_token[0] == '\0')
		return ERR_OK;
	e = page_token_read(&l->page, q->page_token, &cursor, sizeof(cursor), &c->reason);
	if (e != ERR_OK)
		return e;
	l->query.after_due_us = cursor.due_us;
	l->query.after_order = cursor.order_id;
	l->query.after_number = cursor.number;
	return ERR_OK;
}

void
list_tasks_start(struct call *c, const ProtobufCMessage *request)
{
	struct list_tasks *l;
	enum err e;

	l = arena_zalloc(c->arena, sizeof(*l));
	if (l == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	l->call = c;
	e = query_fill(l, (const Yuncang__V1__ListTasksRequest *)request);
	if (e == ERR_OK)
		e = order_read_tasks(call_app(c)->query_pool, c->arena, &l->query, tasks_done, l);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
