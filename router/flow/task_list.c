#include "flow/task_list.h"

#include <string.h>

#include "flow/order_message.h"
#include "flow/page.h"

/* Where the next page begins: behind this task. */
struct cursor {
	int64_t due_us;
	struct uuid order_id;
	int16_t number;
	uint8_t unused[6]; /* no padding: these bytes are signed */
};
_Static_assert(sizeof(struct cursor) == 32, "a cursor is compared as bytes");

static struct page_scope
scope_of(const struct app *app, const char *method, const struct task_filter *f)
{
	return (struct page_scope){.secret = app->token_secret,
	    .method = method,
	    .filter = f,
	    .filter_len = sizeof(*f)};
}

/* ---- The question ------------------------------------------------------------------------------ */

enum err
task_location(struct call *c, const char *code, int32_t *id)
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

enum err
task_page_ask(struct call *c, const Yuncang__V1__ListTasksRequest *q, struct task_page *p)
{
	struct page_scope scope;
	struct cursor cursor;
	enum err e;

	*p = (struct task_page){0};
	e = task_location(c, q->location, &p->filter.location);
	if (e != ERR_OK)
		return e;
	if (q->state < 0 || q->state >= (int)FUL_STATE_COUNT)
		return reason_set(&c->reason, ERR_BAD_FIELD, "state", "not a state");
	e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &p->filter.page_size,
	    &c->reason);
	if (e != ERR_OK)
		return e;
	p->filter.state = (int32_t)q->state;
	p->query = (struct task_query){.location = p->filter.location,
	    .state = (enum fulfilment_state)p->filter.state,
	    .count_max = p->filter.page_size};
	if (q->page_token[0] == '\0')
		return ERR_OK;
	scope = scope_of(call_app(c), "ListTasks", &p->filter);
	e = page_token_read(&scope, q->page_token, &cursor, sizeof(cursor), &c->reason);
	if (e != ERR_OK)
		return e;
	p->query.after_due_us = cursor.due_us;
	p->query.after_order = cursor.order_id;
	p->query.after_number = cursor.number;
	return ERR_OK;
}

/* ---- The answer -------------------------------------------------------------------------------- */

bool
task_page_known(const struct world *w, const struct task_page *p)
{
	for (int i = 0; i < p->count; i++) {
		const struct fulfilment_read *f = &p->tasks[i].fulfilment;

		for (int n = 0; n < f->line_count; n++)
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
	*q = (struct request){0};
	for (int i = 0; i < f->line_count; i++)
		if (f->lines[i].line >= q->line_count)
			q->line_count = f->lines[i].line + 1;
	q->lines = arena_array(a, (size_t)q->line_count, sizeof(*q->lines));
	if (q->lines == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < f->line_count; i++)
		q->lines[f->lines[i].line].sku = world_sku(w, f->lines[i].sku);
	return ERR_OK;
}

static enum err
missing_message(const struct task_read *t, struct arena *a, Yuncang__V1__Task *m)
{
	Yuncang__V1__ShortLine *lines;

	if (t->missing_count == 0)
		return ERR_OK;
	lines = arena_array(a, (size_t)t->missing_count, sizeof(*lines));
	m->missing = arena_array(a, (size_t)t->missing_count, sizeof(*m->missing));
	if (lines == NULL || m->missing == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < t->missing_count; i++) {
		yuncang__v1__short_line__init(&lines[i]);
		lines[i].line = t->missing[i].line;
		lines[i].quantity = t->missing[i].quantity;
		m->missing[i] = &lines[i];
	}
	m->n_missing = (size_t)t->missing_count;
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
	if (m->order_id == NULL || m->fulfilment == NULL || m->created_at == NULL ||
	    missing_message(t, a, m) != ERR_OK)
		return NULL;
	uuid_format(&t->order_id, m->order_id);
	return m;
}

enum err
task_page_message(const struct app *app, const struct task_page *p, struct arena *a,
    Yuncang__V1__ListTasksResponse *m)
{
	const struct world *w = catalog_world(app->catalog);
	const struct page_scope scope = scope_of(app, "ListTasks", &p->filter);
	const struct task_read *last;
	struct cursor cursor = {0};

	yuncang__v1__list_tasks_response__init(m);
	m->tasks = arena_array(a, (size_t)p->count, sizeof(*m->tasks));
	if (m->tasks == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < p->count; i++) {
		m->tasks[i] = task_message(w, &p->tasks[i], a);
		if (m->tasks[i] == NULL)
			return ERR_NO_MEMORY;
	}
	m->n_tasks = (size_t)p->count;
	if (!p->more)
		return ERR_OK;
	last = &p->tasks[p->count - 1];
	cursor.due_us = last->due_us;
	cursor.order_id = last->order_id;
	cursor.number = (int16_t)last->fulfilment.number;
	m->next_page_token = page_token_make(&scope, &cursor, sizeof(cursor), a);
	return m->next_page_token != NULL ? ERR_OK : ERR_NO_MEMORY;
}

enum err
task_page_content(struct call *c, const Yuncang__V1__ListTasksResponse *m, uint64_t *content)
{
	const uint8_t *bytes;
	size_t len;
	enum err e;

	e = call_pack(c, &m->base, &bytes, &len);
	if (e == ERR_OK)
		*content = hash64(bytes, len, 0);
	return e;
}

/* ---- What was seen ----------------------------------------------------------------------------- */

char *
task_seen_make(const struct app *app, const struct task_filter *f, const struct task_seen *s,
    struct arena *a)
{
	const struct page_scope scope = scope_of(app, "ListTasks seen", f);

	return page_token_make(&scope, s, sizeof(*s), a);
}

enum err
task_seen_read(const struct app *app, const struct task_filter *f, const char *text,
    struct task_seen *s, struct reason *r)
{
	const struct page_scope scope = scope_of(app, "ListTasks seen", f);

	if (page_token_read(&scope, text, s, sizeof(*s), r) == ERR_OK)
		return ERR_OK;
	return reason_set(r, ERR_BAD_TOKEN, "seen", "is not what an answer to this question said");
}
