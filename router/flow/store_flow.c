#include "flow/store_flow.h"

#include "base/clock.h"
#include "flow/known.h"
#include "flow/task_wait.h"

struct list_tasks {
	struct call *call;
	struct task_page page;
	struct task_version version; /* before the read */
	bool has_seen;
	struct task_seen seen; /* what the caller has */
};

/* ---- The answer -------------------------------------------------------------------------------- */

/* A first page says what was seen; one that the caller has already says only that. */
static enum err
seen_say(struct list_tasks *l, Yuncang__V1__ListTasksResponse *m)
{
	const struct app *app = call_app(l->call);
	struct task_seen now = {.version = l->version};
	enum err e;

	if (l->page.query.after_due_us != 0)
		return ERR_OK;
	e = task_page_content(l->call, m, &now.content);
	if (e != ERR_OK)
		return e;
	if (l->has_seen && now.content == l->seen.content) {
		yuncang__v1__list_tasks_response__init(m);
		m->unchanged = true;
	}
	m->seen = task_seen_make(app, &l->page.filter, &now, l->call->arena);
	return m->seen != NULL ? ERR_OK : ERR_NO_MEMORY;
}

static void
known_done(void *ctx, enum err e)
{
	struct list_tasks *l = ctx;
	struct call *c = l->call;
	Yuncang__V1__ListTasksResponse m;

	if (e == ERR_OK)
		e = task_page_message(call_app(c), &l->page, c->arena, &m);
	if (e == ERR_OK)
		e = seen_say(l, &m);
	if (e == ERR_OK)
		call_reply(c, &m.base);
	else
		call_fail_err(c, e);
}

static bool
all_known(void *ctx)
{
	const struct list_tasks *l = ctx;

	return task_page_known(catalog_world(call_app(l->call)->catalog), &l->page);
}

static void
tasks_done(void *ctx, enum err e, struct task_read *tasks, int count, bool more)
{
	struct list_tasks *l = ctx;
	struct call *c = l->call;

	l->page.tasks = tasks;
	l->page.count = count;
	l->page.more = more;
	if (e == ERR_OK && !all_known(l)) {
		e = known_wait(call_app(c), c->arena, c->id, all_known, known_done, l);
		if (e == ERR_OK)
			return;
	}
	known_done(l, e);
}

/* ---- The question ------------------------------------------------------------------------------ */

static enum err
check_wait(struct list_tasks *l, const Yuncang__V1__ListTasksRequest *q)
{
	struct call *c = l->call;
	int64_t ms_max = call_app(c)->conf->tasks_wait_ms_max;

	if (q->wait_ms < 0 || q->wait_ms > ms_max)
		return reason_set(&c->reason, ERR_BAD_FIELD, "wait_ms", "must be 0 to %lld",
		    (long long)ms_max);
	if (q->page_token[0] != '\0' && q->wait_ms != 0)
		return reason_set(&c->reason, ERR_BAD_FIELD, "wait_ms",
		    "only a first page is waited for");
	if (q->page_token[0] != '\0' && q->seen[0] != '\0')
		return reason_set(&c->reason, ERR_BAD_FIELD, "seen", "is of a first page");
	l->has_seen = q->seen[0] != '\0';
	if (!l->has_seen)
		return ERR_OK;
	return task_seen_read(call_app(c), &l->page.filter, q->seen, &l->seen, &c->reason);
}

void
list_tasks_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ListTasksRequest *q = (const Yuncang__V1__ListTasksRequest *)request;
	struct task_wait *waits = call_app(c)->task_wait;
	struct list_tasks *l;
	enum err e;

	l = arena_zalloc(c->arena, sizeof(*l));
	if (l == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	l->call = c;
	e = task_page_ask(c, q, &l->page);
	if (e == ERR_OK)
		e = check_wait(l, q);
	if (e != ERR_OK) {
		call_fail_err(c, e);
		return;
	}
	l->version = task_wait_version(waits, l->page.filter.location);
	if (l->has_seen && (q->wait_ms > 0 || task_same_version(&l->version, &l->seen.version)))
		e = task_wait_park(waits, c, &l->page.filter, &l->seen, q->wait_ms);
	else
		e = order_read_tasks(call_app(c)->query_pool, c->arena, &l->page.query, tasks_done,
		    l);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
