#include "flow/recon_flow.h"

#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "flow/app.h"
#include "flow/page.h"
#include "flow/recon_job.h"
#include "flow/thaw.h"
#include "store/recon_case.h"
#include "yuncang/v1/bill.pb-c.h"

/* ---- Shared ------------------------------------------------------------------------------------- */

enum err
recon_collector(struct call *c, const struct world *w, const char *code, int32_t *id)
{
	uint32_t at = strmap_get(&w->party_code, code);

	*id = 0;
	if (code[0] == '\0')
		return all_dealers_needed(c->principal) == ERR_OK
		    ? ERR_OK
		    : reason_set(&c->reason, ERR_BAD_FIELD, "collector", "must be set");
	if (at == STRMAP_NONE || !may_see_dealer(c->principal, w, w->parties[at].id))
		return reason_set(&c->reason, ERR_NOT_FOUND, "collector", "%s",
		    err_text(ERR_NOT_FOUND));
	*id = w->parties[at].id;
	return ERR_OK;
}

static Yuncang__V1__Bill *
bill_message(const struct world *w, const struct bill_row *b, struct arena *a)
{
	Yuncang__V1__Bill *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__bill__init(m);
	m->bill_id = arena_alloc(a, UUID_TEXT_SIZE);
	m->collector = message_text(party_code_of(w, b->collector));
	m->kind = (Yuncang__V1__BillKind)b->kind;
	m->date = day_message(b->day, a);
	m->lines = b->rows;
	m->other_lines = b->other_rows;
	m->gross_fen = b->gross_fen;
	m->fee_fen = b->fee_fen;
	m->sha1 = arena_alloc(a, 2 * SHA1_SIZE + 1);
	m->imported_at = time_message(b->imported_us, a);
	m->matched_at = time_message(b->matched_us, a);
	m->matched = b->matched;
	m->matched_fen = b->matched_fen;
	m->rounded = b->rounded;
	m->exceptions = b->exceptions;
	m->error = message_text(b->error);
	m->next_at = time_message(b->next_us, a);
	if (m->bill_id == NULL || m->date == NULL || m->sha1 == NULL || m->imported_at == NULL ||
	    (b->matched_us != 0 && m->matched_at == NULL) ||
	    (b->next_us != 0 && m->next_at == NULL))
		return NULL;
	uuid_format(&b->id, m->bill_id);
	hex_encode(b->sha1, SHA1_SIZE, m->sha1);
	return m;
}

/* ---- ImportBill, ReconcileBill -------------------------------------------------------------------- */

struct bill_flow {
	struct call *call;
	bool imports, repeated;
	struct bill_query query;
	struct uuid id;
};

static void
one_told(void *ctx, enum err e, const struct bill_row *rows, int count, bool more)
{
	Yuncang__V1__ReconcileBillResponse matched = YUNCANG__V1__RECONCILE_BILL_RESPONSE__INIT;
	Yuncang__V1__ImportBillResponse imported = YUNCANG__V1__IMPORT_BILL_RESPONSE__INIT;
	struct bill_flow *f = ctx;
	const struct world *w = call_world(f->call);
	Yuncang__V1__Bill *bill;

	(void)more;
	if (e == ERR_OK && count == 0)
		e = ERR_NOT_FOUND;
	if (e == ERR_OK) {
		bill = w != NULL ? bill_message(w, &rows[0], f->call->arena) : NULL;
		e = bill != NULL ? ERR_OK : ERR_NO_MEMORY;
		imported.bill = matched.bill = bill;
	}
	imported.repeated = f->repeated;
	if (e != ERR_OK)
		call_fail_err(f->call, e);
	else
		call_reply(f->call, f->imports ? &imported.base : &matched.base);
}

static void
tell_one(struct bill_flow *f)
{
	enum err e;

	f->query = (struct bill_query){.one = &f->id, .count_max = 1};
	e = bill_list(call_app(f->call)->query_pool, f->call->arena, &f->query, one_told, f);
	if (e != ERR_OK)
		call_fail_err(f->call, e);
}

/* Imported is imported: whether it is matched by now stands in the bill. */
static void
import_told(void *ctx, const struct bill_result *r)
{
	struct bill_flow *f = ctx;

	if (r->imported.reason.err != ERR_OK) {
		f->call->reason = r->imported.reason;
		call_fail_err(f->call, r->imported.reason.err);
		return;
	}
	f->id = r->imported.id;
	f->repeated = r->imported.repeated;
	tell_one(f);
}

static enum err
import_check(struct call *c, const Yuncang__V1__ImportBillRequest *q, struct bill_task *t)
{
	struct reason *r = &c->reason;
	enum err e = all_dealers_needed(c->principal);

	if (e != ERR_OK)
		return e;
	if (q->collector[0] == '\0')
		return reason_set(r, ERR_BAD_FIELD, "collector", "must be set");
	if (q->kind < YUNCANG__V1__BILL_KIND__BILL_KIND_TRADE ||
	    q->kind > YUNCANG__V1__BILL_KIND__BILL_KIND_FUND)
		return reason_set(r, ERR_BAD_FIELD, "kind", "must be set");
	if (q->content.len == 0)
		return reason_set(r, ERR_BAD_FIELD, "content", "must be set");
	if (q->sha1[0] != '\0' && strlen(q->sha1) != (size_t)2 * SHA1_SIZE)
		return reason_set(r, ERR_BAD_FIELD, "sha1", "is not a SHA-1 in hex");
	*t = (struct bill_task){.collector = q->collector,
	    .merchant = "",
	    .kind = (enum bill_kind)q->kind,
	    .bytes = q->content.data,
	    .len = q->content.len,
	    .sha1 = q->sha1,
	    .key_id = c->principal->key_id,
	    .done = import_told};
	if (parse_day(q->date, &t->day) != ERR_OK || t->day <= 0)
		return reason_set(r, ERR_BAD_FIELD, "date", "is not a day like 2026-09-01");
	return ERR_OK;
}

void
import_bill_start(struct call *c, const ProtobufCMessage *request)
{
	struct bill_flow *f = arena_zalloc(c->arena, sizeof(*f));
	struct bill_env env = recon_job_env(call_app(c)->recon_job);
	struct bill_task t;
	enum err e = ERR_NO_MEMORY;

	if (f != NULL) {
		f->call = c;
		f->imports = true;
		e = import_check(c, (const Yuncang__V1__ImportBillRequest *)request, &t);
		t.ctx = f;
	}
	if (e == ERR_OK)
		e = bill_job_start(&env, c->arena, &t);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

static void
match_told(void *ctx, enum err e, const struct recon_result *r)
{
	struct bill_flow *f = ctx;

	if (r->why[0] != '\0')
		e = reason_set(&f->call->reason, e, "bill_id", "%s", r->why);
	/* No bill that waits: matched before, or there is none, which the bill itself will say. */
	if (e == ERR_OK && r->waits)
		e = ERR_NOT_READY;
	if (e == ERR_OK || e == ERR_NOT_FOUND)
		tell_one(f);
	else
		call_fail_err(f->call, e);
}

void
reconcile_bill_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ReconcileBillRequest *q =
	    (const Yuncang__V1__ReconcileBillRequest *)request;
	struct bill_flow *f = arena_zalloc(c->arena, sizeof(*f));
	struct bill_env env = recon_job_env(call_app(c)->recon_job);
	enum err e = ERR_NO_MEMORY;

	if (f != NULL) {
		f->call = c;
		e = all_dealers_needed(c->principal);
	}
	if (e == ERR_OK && uuid_parse(q->bill_id, &f->id) != ERR_OK)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "bill_id", "is not a bill's id");
	if (e == ERR_OK)
		e = bill_match(&env, c->arena, &f->id, match_told, f);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- ListBills ------------------------------------------------------------------------------------ */

struct bills_cursor {
	struct uuid id;
	int32_t day;
};
_Static_assert(sizeof(struct bills_cursor) == 20, "a cursor is compared as bytes");

struct bills_flow {
	struct call *call;
	const struct world *world;
	struct bill_query query;
	struct page_scope page;
};

static enum err
bills_answer(struct bills_flow *f, const struct bill_row *rows, int count, bool more)
{
	Yuncang__V1__ListBillsResponse m = YUNCANG__V1__LIST_BILLS_RESPONSE__INIT;
	struct arena *a = f->call->arena;
	struct bills_cursor cursor;

	m.bills = arena_array(a, (size_t)count, sizeof(*m.bills));
	if (m.bills == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++) {
		m.bills[i] = bill_message(f->world, &rows[i], a);
		if (m.bills[i] == NULL)
			return ERR_NO_MEMORY;
	}
	m.n_bills = (size_t)count;
	if (more) {
		cursor.id = rows[count - 1].id;
		cursor.day = rows[count - 1].day;
		m.next_page_token = page_token_make(&f->page, &cursor, sizeof(cursor), a);
		if (m.next_page_token == NULL)
			return ERR_NO_MEMORY;
	}
	call_reply(f->call, &m.base);
	return ERR_OK;
}

static void
bills_told(void *ctx, enum err e, const struct bill_row *rows, int count, bool more)
{
	struct bills_flow *f = ctx;

	if (e == ERR_OK)
		e = bills_answer(f, rows, count, more);
	if (e != ERR_OK)
		call_fail_err(f->call, e);
}

static enum err
bills_fill(struct bills_flow *f, const Yuncang__V1__ListBillsRequest *q)
{
	struct call *c = f->call;
	struct bills_cursor cursor;
	char *filter;
	enum err e;

	e = recon_collector(c, f->world, q->collector, &f->query.collector);
	if (e == ERR_OK)
		e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &f->query.count_max,
		    &c->reason);
	if (e != ERR_OK)
		return e;
	f->query.kind = (enum bill_kind)q->kind;
	filter = arena_printf(c->arena, "%d %s", (int)q->kind, q->collector);
	if (filter == NULL)
		return ERR_NO_MEMORY;
	f->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = "ListBills",
	    .filter = filter,
	    .filter_len = strlen(filter)};
	f->query.behind = q->page_token[0] != '\0';
	if (!f->query.behind)
		return ERR_OK;
	e = page_token_read(&f->page, q->page_token, &cursor, sizeof(cursor), &c->reason);
	f->query.id = cursor.id;
	f->query.day = cursor.day;
	return e;
}

void
list_bills_start(struct call *c, const ProtobufCMessage *request)
{
	struct bills_flow *f = arena_zalloc(c->arena, sizeof(*f));
	const struct world *w = call_world(c);
	enum err e = ERR_NO_MEMORY;

	if (f != NULL && w != NULL) {
		f->call = c;
		f->world = w;
		e = bills_fill(f, (const Yuncang__V1__ListBillsRequest *)request);
		if (e == ERR_OK)
			e = bill_list(call_app(c)->query_pool, c->arena, &f->query, bills_told, f);
	}
	if (e != ERR_OK)
		call_fail_err(c, e);
}
