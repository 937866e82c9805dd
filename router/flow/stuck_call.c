#include "flow/stuck_call.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/money.h"
#include "flow/convert.h"
#include "flow/page.h"
#include "flow/settle.h"
#include "flow/thaw.h"
#include "store/stuck_call.h"
#include "yuncang/v1/provider.pb-c.h"

/* ---- ListStuckCalls -------------------------------------------------------------------------------- */

/* Behind this one; numbers of ours are shorter, see provider_number(). */
struct stuck_place {
	char number[PAGE_CURSOR_MAX - 1];
	uint8_t item;
};

struct stuck_page {
	struct call *call;
	const struct world *world;
	struct page_scope scope;
	struct stuck_place after;
	struct stuck_query query;
};

static const char *
code_of(const struct world *w, int32_t party)
{
	const struct party *p = world_party_row(w, party);

	return p != NULL ? p->code : ""; /* the world does not know him yet */
}

static Yuncang__V1__StuckCall *
row_message(const struct world *w, const struct stuck_call *r, struct arena *a)
{
	static const char *const kinds[CALL_KIND_COUNT] = {[CALL_SPLIT] = "split",
	    [CALL_UNFREEZE] = "unfreeze",
	    [CALL_RETURN] = "return",
	    [CALL_REFUND] = "refund"};
	Yuncang__V1__StuckCall *m = arena_alloc(a, sizeof(*m));

	if (m == NULL)
		return NULL;
	yuncang__v1__stuck_call__init(m);
	m->number = message_text(r->call.number);
	m->kind = message_text(kinds[r->call.kind]);
	m->receiver = message_text(r->item.receiver);
	m->party = message_text(code_of(w, r->item.party));
	m->collector = message_text(code_of(w, r->call.collector));
	m->order_id = arena_alloc(a, UUID_TEXT_SIZE);
	m->payment_number = message_text(r->call.payment_number);
	m->amount_fen = r->item.fen;
	m->why = message_text(r->why);
	m->made_at = time_message(r->call.made_us, a);
	m->deadline = time_message(r->call.deadline_us, a);
	if (m->order_id == NULL || m->made_at == NULL || m->deadline == NULL)
		return NULL;
	uuid_format(&r->call.order_id, m->order_id);
	return m;
}

static enum err
page_answer(struct stuck_page *p, const struct stuck_call *rows, int count, bool more)
{
	Yuncang__V1__ListStuckCallsResponse m = YUNCANG__V1__LIST_STUCK_CALLS_RESPONSE__INIT;
	struct arena *a = p->call->arena;
	struct stuck_place last = {0};

	m.n_calls = (size_t)count;
	m.calls = arena_array(a, (size_t)count, sizeof(struct Yuncang__V1__StuckCall *));
	if (m.calls == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < count; i++) {
		m.calls[i] = row_message(p->world, &rows[i], a);
		if (m.calls[i] == NULL)
			return ERR_NO_MEMORY;
	}
	if (more) {
		(void)snprintf(last.number, sizeof(last.number), "%s", rows[count - 1].call.number);
		last.item = (uint8_t)rows[count - 1].item.item_no;
		m.next_page_token = page_token_make(&p->scope, &last, sizeof(last), a);
		if (m.next_page_token == NULL)
			return ERR_NO_MEMORY;
	}
	call_reply(p->call, &m.base);
	return ERR_OK;
}

static void
listed(void *ctx, enum err e, const struct stuck_call *rows, int count, bool more)
{
	struct stuck_page *p = ctx;

	if (e == ERR_OK)
		e = page_answer(p, rows, count, more);
	if (e != ERR_OK)
		call_fail_err(p->call, e);
}

void
list_stuck_calls_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ListStuckCallsRequest *q =
	    (const Yuncang__V1__ListStuckCallsRequest *)request;
	struct stuck_page *p = arena_zalloc(c->arena, sizeof(*p));
	enum err e = p != NULL ? all_dealers_needed(c->principal) : ERR_NO_MEMORY;

	if (e != ERR_OK) {
		call_fail_err(c, e);
		return;
	}
	*p = (struct stuck_page){.call = c,
	    .world = call_world(c),
	    .scope = {.secret = call_app(c)->token_secret,
	        .method = "ListStuckCalls",
	        .filter = "",
	        .filter_len = 0}};
	e = p->world == NULL ? ERR_NO_MEMORY
	                     : page_rows(q->page_size, call_app(c)->conf->list_rows_max,
	                           &p->query.count_max, &c->reason);
	if (e == ERR_OK && q->page_token[0] != '\0')
		e = page_token_read(&p->scope, q->page_token, &p->after, sizeof(p->after),
		    &c->reason);
	p->query.after = p->after.number;
	p->query.after_item = p->after.item;
	if (e == ERR_OK)
		e = stuck_list(call_app(c)->query_pool, c->arena, &p->query, listed, p);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

/* ---- EndStuckCall ---------------------------------------------------------------------------------- */

static enum err
end_fill(struct call *c, const Yuncang__V1__EndStuckCallRequest *q, struct stuck_end *out)
{
	enum err e;

	*out = (struct stuck_end){.number = q->number,
	    .receiver = q->receiver,
	    .fen = q->amount_fen,
	    .result = q->outcome == YUNCANG__V1__CALL_OUTCOME__CALL_OUTCOME_DONE ? RESULT_SUCCESS
	                                                                         : RESULT_CLOSED,
	    .now_us = clock_wall_us()};
	if (q->number[0] == '\0')
		return reason_set(&c->reason, ERR_BAD_FIELD, "number",
		    "must be the number of a call to the provider");
	if (q->outcome != YUNCANG__V1__CALL_OUTCOME__CALL_OUTCOME_DONE &&
	    q->outcome != YUNCANG__V1__CALL_OUTCOME__CALL_OUTCOME_CLOSED)
		return reason_set(&c->reason, ERR_BAD_FIELD, "outcome", "must be DONE or CLOSED");
	e = convert_range(&c->reason, AT("", "amount_fen"), q->amount_fen, 0, FEN_MAX);
	if (e == ERR_OK)
		e = convert_time(&c->reason, AT("", "at"), q->at, &out->at_us);
	if (e == ERR_OK && out->at_us > out->now_us)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "at", "has not come yet");
	if (out->at_us == 0)
		out->at_us = out->now_us;
	return e;
}

void
end_stuck_call_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__EndStuckCallRequest *q =
	    (const Yuncang__V1__EndStuckCallRequest *)request;
	struct stuck_end in;
	enum err e = all_dealers_needed(c->principal);

	if (e == ERR_OK)
		e = end_fill(c, q, &in);
	if (e == ERR_OK)
		proposal_ask(c, request,
		    &(struct proposal_ask){.kind = PROPOSAL_STUCK_CALL,
		        .ref = q->ref,
		        .fen = q->amount_fen,
		        .always = true,
		        .about = arena_printf(c->arena, "call %s to the provider", q->number)});
	else
		call_fail_err(c, e);
}

static void
ended(void *ctx, enum err e)
{
	struct proposal_run *x = ctx;

	if (e == ERR_OK)
		settle_poke(call_app(x->call)->settle);
	if (e == ERR_NOT_FOUND)
		(void)reason_set(&x->call->reason, e, "number",
		    "no call of that number, receiver and amount is stuck");
	proposal_done(x, e);
}

void
stuck_call_execute(struct proposal_run *x)
{
	struct stuck_end *in = arena_alloc(x->call->arena, sizeof(*in));
	enum err e = ERR_NO_MEMORY;

	if (in != NULL)
		e = end_fill(x->call, (const Yuncang__V1__EndStuckCallRequest *)x->request, in);
	if (e == ERR_OK) {
		in->mark = &x->mark;
		e = stuck_end_start(call_app(x->call)->query_pool, x->call->arena, in, ended, x);
	}
	if (e != ERR_OK)
		proposal_done(x, e);
}
