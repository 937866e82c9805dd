/* exception_flow: ListExceptions, AssignException.  See recon_flow.h. */
#include <string.h>

#include "base/clock.h"
#include "flow/act_plan.h"
#include "flow/app.h"
#include "flow/page.h"
#include "flow/recon_flow.h"
#include "flow/thaw.h"
#include "store/recon_case.h"
#include "yuncang/v1/bill.pb-c.h"

#define OWNER_MAX 64
#define AGE_DAYS_MAX 36500

struct cases_cursor {
	int64_t opened_us;
	struct uuid id;
};
_Static_assert(sizeof(struct cases_cursor) == 24, "a cursor is compared as bytes");

struct cases_flow {
	struct call *call;
	const struct world *world;
	struct case_query query;
	struct uuid bill;
	struct page_scope page;
	struct case_change change; /* AssignException's */
};

static Yuncang__V1__Exception *
case_message(const struct cases_flow *f, const struct recon_case *x)
{
	struct arena *a = f->call->arena;
	Yuncang__V1__Exception *m = arena_alloc(a, sizeof(*m));
	char *ids = arena_alloc(a, 3 * (size_t)UUID_TEXT_SIZE);

	if (m == NULL || ids == NULL)
		return NULL;
	yuncang__v1__exception__init(m);
	m->exception_id = ids;
	m->bill_id = ids + UUID_TEXT_SIZE;
	uuid_format(&x->id, m->exception_id);
	uuid_format(&x->bill_id, m->bill_id);
	if (!uuid_is_zero(&x->order_id)) {
		m->order_id = ids + 2 * UUID_TEXT_SIZE;
		uuid_format(&x->order_id, m->order_id);
	}
	m->collector = message_text(party_code_of(f->world, x->what.collector));
	m->bill_kind = (Yuncang__V1__BillKind)x->kind;
	m->line = x->line;
	m->what = message_text(bill_class_word(x->what.class));
	m->ref = message_text(x->ref);
	m->reason = (Yuncang__V1__ExceptionReason)x->what.reason;
	m->fen = x->what.fen;
	m->recon_fen = x->what.recon_fen;
	m->rebate_fen = x->what.rebate_fen;
	m->date = day_message(x->day, a);
	m->event_at = time_message(x->event_us, a);
	m->opened_at = time_message(x->opened_us, a);
	m->age_days = (int32_t)((f->call->received_us - x->opened_us) / US_PER_DAY);
	m->period = x->period;
	m->owner = message_text(x->owner);
	m->note = message_text(x->note);
	m->resolution = (Yuncang__V1__Resolution)x->resolution;
	m->closed_at = time_message(x->closed_us, a);
	m->closed_by = message_text(x->closed_by);
	m->raw = message_text(x->raw);
	return m->date != NULL && m->event_at != NULL && m->opened_at != NULL &&
	        (x->closed_us == 0 || m->closed_at != NULL)
	    ? m
	    : NULL;
}

/* ---- ListExceptions ----------------------------------------------------------------------------- */

static enum err
answer(struct cases_flow *f, const struct case_list *l)
{
	Yuncang__V1__ListExceptionsResponse m = YUNCANG__V1__LIST_EXCEPTIONS_RESPONSE__INIT;
	struct arena *a = f->call->arena;
	struct cases_cursor cursor;

	m.exceptions = arena_array(a, (size_t)l->count, sizeof(*m.exceptions));
	if (m.exceptions == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < l->count; i++) {
		m.exceptions[i] = case_message(f, &l->rows[i]);
		if (m.exceptions[i] == NULL)
			return ERR_NO_MEMORY;
	}
	m.n_exceptions = (size_t)l->count;
	if (principal_may(f->call->principal, "dealer", "")) {
		m.open_count = l->open;
		m.open_recon_fen = l->open_recon_fen;
	}
	if (l->more) {
		cursor.opened_us = l->rows[l->count - 1].opened_us;
		cursor.id = l->rows[l->count - 1].id;
		m.next_page_token = page_token_make(&f->page, &cursor, sizeof(cursor), a);
		if (m.next_page_token == NULL)
			return ERR_NO_MEMORY;
	}
	call_reply(f->call, &m.base);
	return ERR_OK;
}

static void
cases_told(void *ctx, enum err e, const struct case_list *l)
{
	struct cases_flow *f = ctx;

	if (e == ERR_OK)
		e = answer(f, l);
	if (e != ERR_OK)
		call_fail_err(f->call, e);
}

static enum err
page_fill(struct cases_flow *f, const Yuncang__V1__ListExceptionsRequest *q)
{
	struct call *c = f->call;
	struct cases_cursor cursor;
	char *filter;
	enum err e;

	filter = arena_printf(c->arena, "%d %d %d %s %s %s", (int)q->reason, (int)q->age_days_min,
	    q->closed ? 1 : 0, q->collector, q->bill_id, q->owner);
	if (filter == NULL)
		return ERR_NO_MEMORY;
	f->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = "ListExceptions",
	    .filter = filter,
	    .filter_len = strlen(filter)};
	f->query.behind = q->page_token[0] != '\0';
	if (!f->query.behind)
		return ERR_OK;
	e = page_token_read(&f->page, q->page_token, &cursor, sizeof(cursor), &c->reason);
	f->query.opened_us = cursor.opened_us;
	f->query.id = cursor.id;
	return e;
}

static enum err
cases_fill(struct cases_flow *f, const Yuncang__V1__ListExceptionsRequest *q)
{
	struct call *c = f->call;
	enum err e;

	e = recon_collector(c, f->world, q->collector, &f->query.collector);
	if (e == ERR_OK)
		e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &f->query.count_max,
		    &c->reason);
	if (e != ERR_OK)
		return e;
	if (q->age_days_min < 0 || q->age_days_min > AGE_DAYS_MAX)
		return reason_set(&c->reason, ERR_BAD_FIELD, "age_days_min", "must be 0 to %d",
		    AGE_DAYS_MAX);
	if (q->bill_id[0] != '\0') {
		if (uuid_parse(q->bill_id, &f->bill) != ERR_OK)
			return reason_set(&c->reason, ERR_BAD_FIELD, "bill_id",
			    "is not a bill's id");
		f->query.bill = &f->bill;
	}
	f->query.reason = (enum recon_reason)q->reason;
	f->query.owner = q->owner;
	f->query.closed = q->closed;
	f->query.opened_us_max = c->received_us - q->age_days_min * US_PER_DAY;
	return page_fill(f, q);
}

static struct cases_flow *
flow_new(struct call *c)
{
	struct cases_flow *f = arena_zalloc(c->arena, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->call = c;
	f->world = call_world(c);
	return f->world != NULL ? f : NULL;
}

void
list_exceptions_start(struct call *c, const ProtobufCMessage *request)
{
	struct cases_flow *f = flow_new(c);
	enum err e = ERR_NO_MEMORY;

	if (f != NULL)
		e = cases_fill(f, (const Yuncang__V1__ListExceptionsRequest *)request);
	if (e == ERR_OK)
		e = case_list(call_app(c)->query_pool, c->arena, &f->query, cases_told, f);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- AssignException ---------------------------------------------------------------------------- */

static void
assigned(void *ctx, enum err e, const struct recon_case *row, const struct reason *r)
{
	Yuncang__V1__AssignExceptionResponse m = YUNCANG__V1__ASSIGN_EXCEPTION_RESPONSE__INIT;
	struct cases_flow *f = ctx;

	if (e == ERR_OK) {
		m.exception = case_message(f, row);
		e = m.exception == NULL ? ERR_NO_MEMORY : ERR_OK;
	}
	if (e == ERR_OK) {
		call_reply(f->call, &m.base);
		return;
	}
	f->call->reason = *r;
	call_fail_err(f->call, e);
}

static enum err
assign_fill(struct cases_flow *f, const Yuncang__V1__AssignExceptionRequest *q)
{
	struct call *c = f->call;
	enum err e = all_dealers_needed(c->principal);

	if (e != ERR_OK)
		return e;
	if (uuid_parse(q->exception_id, &f->change.id) != ERR_OK)
		return reason_set(&c->reason, ERR_BAD_FIELD, "exception_id",
		    "is not an exception's id");
	if (strlen(q->owner) > OWNER_MAX)
		return reason_set(&c->reason, ERR_BAD_FIELD, "owner", "more than %d bytes",
		    OWNER_MAX);
	f->change.owner = q->owner;
	f->change.note = q->note;
	f->change.now_us = c->received_us;
	return act_note_check(&c->reason, q->note, false);
}

void
assign_exception_start(struct call *c, const ProtobufCMessage *request)
{
	struct cases_flow *f = flow_new(c);
	enum err e = ERR_NO_MEMORY;

	if (f != NULL)
		e = assign_fill(f, (const Yuncang__V1__AssignExceptionRequest *)request);
	if (e == ERR_OK)
		e = case_change(call_app(c)->query_pool, c->arena, &f->change, assigned, f);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
