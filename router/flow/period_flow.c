#include "flow/period_flow.h"

#include <inttypes.h>
#include <string.h>

#include "domain/statement.h"
#include "flow/app.h"
#include "flow/page.h"
#include "flow/recon_job.h"
#include "flow/thaw.h"
#include "store/batch_write.h"
#include "store/period.h"
#include "yuncang/v1/ledger.pb-c.h"

struct period_flow {
	struct call *call;
	int32_t period; /* ClosePeriod's; 0: a list */
	struct page_scope page;
};

/* ---- The answer ---- */

static Yuncang__V1__Period *
period_message(const struct period_read *p, struct arena *a)
{
	Yuncang__V1__Period *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__period__init(m);
	m->period = p->period;
	m->closed_at = time_message(p->closed_us, a);
	m->closed_by = message_text(p->closed_by);
	m->rows = p->rows;
	m->entries = p->entries;
	m->debit_fen = p->debit_fen;
	m->hash = arena_alloc(a, 2 * DIGEST_SIZE + 1);
	m->batch_no = p->batch_last;
	if (m->closed_at == NULL || m->hash == NULL)
		return NULL;
	hex_encode(p->hash, DIGEST_SIZE, m->hash);
	return m;
}

static Yuncang__V1__OpenPeriod *
open_message(const struct period_open *o, struct arena *a)
{
	Yuncang__V1__OpenPeriod *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__open_period__init(m);
	m->period = o->next;
	m->rows = o->rows;
	m->unsealed = o->unsealed;
	m->recon_fen = o->recon_fen;
	m->open_exceptions = o->exceptions;
	return m;
}

static enum err
answer_list(struct period_flow *f, const struct periods *p)
{
	Yuncang__V1__ListPeriodsResponse m = YUNCANG__V1__LIST_PERIODS_RESPONSE__INIT;
	struct arena *a = f->call->arena;

	m.open_period = p->open.open;
	m.periods = arena_array(a, (size_t)p->count, sizeof(*m.periods));
	if (m.periods == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < p->count; i++) {
		m.periods[i] = period_message(&p->rows[i], a);
		if (m.periods[i] == NULL)
			return ERR_NO_MEMORY;
	}
	m.n_periods = (size_t)p->count;
	if (p->open.next != 0) {
		m.next = open_message(&p->open, a);
		if (m.next == NULL)
			return ERR_NO_MEMORY;
	}
	if (p->more) {
		const int32_t *last = &p->rows[p->count - 1].period;

		m.next_page_token = page_token_make(&f->page, last, sizeof(*last), a);
		if (m.next_page_token == NULL)
			return ERR_NO_MEMORY;
	}
	call_reply(f->call, &m.base);
	return ERR_OK;
}

static enum err
answer_closed(struct period_flow *f, const struct periods *p)
{
	Yuncang__V1__ClosePeriodResponse m = YUNCANG__V1__CLOSE_PERIOD_RESPONSE__INIT;

	m.period = period_message(&p->rows[0], f->call->arena);
	if (m.period == NULL)
		return ERR_NO_MEMORY;
	call_reply(f->call, &m.base);
	return ERR_OK;
}

/* "bills of it are not reconciled: trade of BRAND of 2026-11-03 (not imported), … and 12 more" */
static enum err
refuse_bills(struct period_flow *f, const struct periods *p)
{
	static const char *const words[] = {[BILL_NOT_IMPORTED] = "not imported",
	    [BILL_NOT_MATCHED] = "imported, not matched",
	    [BILL_NOT_FETCHED] = "not fetched yet"};
	struct buf text;

	buf_init(&text, REASON_TEXT_MAX);
	for (int i = 0; i < p->bill_count; i++) {
		const struct period_bill *b = &p->bills[i];
		const char *day = day_message(b->day, f->call->arena);

		buf_printf(&text, "%s%s of %s of %s (%s)", i > 0 ? ", " : "",
		    bill_kind_word(b->kind), b->collector, day != NULL ? day : "?", words[b->why]);
	}
	if (p->bills_all > p->bill_count)
		buf_printf(&text, " and %" PRId64 " more", p->bills_all - p->bill_count);
	(void)reason_set(&f->call->reason, ERR_WRONG_STATE, "period",
	    "bills of it are not reconciled: %s",
	    buf_err(&text) == ERR_OK ? buf_cstr(&text) : "see ListBills");
	buf_release(&text);
	return ERR_WRONG_STATE;
}

/* What stands in the way.  The books catch up by themselves: the same again, in a moment. */
static enum err
refuse(struct period_flow *f, const struct periods *p)
{
	struct reason *r = &f->call->reason;

	switch (p->outcome) {
	case PERIOD_NOT_NEXT:
		return reason_set(r, ERR_WRONG_STATE, "period",
		    "is not the next: %d is, or it was passed by", (int)p->open.next);
	case PERIOD_RECON:
		return reason_set(r, ERR_WRONG_STATE, "period",
		    "C:recon stands at %lld fen; resolve its exceptions first",
		    (long long)p->open.recon_fen);
	case PERIOD_EXCEPTIONS:
		return reason_set(r, ERR_WRONG_STATE, "period",
		    "%lld exceptions of reconciliation are open", (long long)p->open.exceptions);
	case PERIOD_BILLS:
		return refuse_bills(f, p);
	case PERIOD_NOT_SEALED:
	case PERIOD_CLOSED:
		break;
	}
	if (call_app(f->call)->seal != NULL)
		seal_poke(call_app(f->call)->seal);
	return reason_set(r, ERR_NOT_READY, "period", "rows of it are not sealed yet; try again");
}

static void
periods_done(void *ctx, enum err e, const struct periods *p)
{
	struct period_flow *f = ctx;

	if (e == ERR_OK && f->period == 0)
		e = answer_list(f, p);
	else if (e == ERR_OK && p->outcome == PERIOD_CLOSED)
		e = answer_closed(f, p);
	else if (e == ERR_OK)
		e = refuse(f, p);
	if (e != ERR_OK)
		call_fail_err(f->call, e);
}

/* ---- The questions ---- */

static enum err
list_ask(struct period_flow *f, const Yuncang__V1__ListPeriodsRequest *q)
{
	struct call *c = f->call;
	int32_t before = 0;
	int size;
	enum err e;

	e = page_rows(q->page_size, call_app(c)->conf->list_rows_max, &size, &c->reason);
	if (e != ERR_OK)
		return e;
	f->page = (struct page_scope){.secret = call_app(c)->token_secret,
	    .method = "ListPeriods",
	    .filter = ""};
	if (q->page_token[0] != '\0') {
		e = page_token_read(&f->page, q->page_token, &before, sizeof(before), &c->reason);
		if (e != ERR_OK)
			return e;
	}
	return periods_list(call_app(c)->query_pool, c->arena, before, size, periods_done, f);
}

static enum err
close_ask(struct period_flow *f, const Yuncang__V1__ClosePeriodRequest *q)
{
	struct call *c = f->call;
	struct bill_env env = recon_job_env(call_app(c)->recon_job);

	if (q->period == 0 || !statement_period_valid(q->period))
		return reason_set(&c->reason, ERR_BAD_FIELD, "period",
		    "must be a year and a month, like 202611");
	if (all_dealers_needed(c->principal) != ERR_OK)
		return ERR_PERMISSION_DENIED;
	if (q->period >= period_of(c->received_us))
		return reason_set(&c->reason, ERR_WRONG_STATE, "period", "is not over");
	f->period = q->period;
	/* It may take as long as a bill's match. */
	return period_close(env.pool, c->arena,
	    &(struct period_ask){.period = q->period,
	        .now_us = c->received_us,
	        .key_id = c->principal->key_id,
	        .work_mem = env.conf->recon_memory,
	        .statement_ms = env.conf->recon_statement_ms_max},
	    periods_done, f);
}

void
list_periods_start(struct call *c, const ProtobufCMessage *request)
{
	struct period_flow *f = arena_zalloc(c->arena, sizeof(*f));
	enum err e = ERR_NO_MEMORY;

	if (f != NULL) {
		f->call = c;
		e = list_ask(f, (const Yuncang__V1__ListPeriodsRequest *)request);
	}
	if (e != ERR_OK)
		call_fail_err(c, e);
}

void
close_period_start(struct call *c, const ProtobufCMessage *request)
{
	struct period_flow *f = arena_zalloc(c->arena, sizeof(*f));
	enum err e = ERR_NO_MEMORY;

	if (f != NULL) {
		f->call = c;
		e = close_ask(f, (const Yuncang__V1__ClosePeriodRequest *)request);
	}
	if (e != ERR_OK)
		call_fail_err(c, e);
}
