#include "flow/finance_act.h"

#include <stdio.h>
#include <string.h>

#include "base/money.h"
#include "flow/known.h"
#include "flow/order_books.h"
#include "yuncang/v1/finance_act.pb-c.h"

/* ---- What these files share ---------------------------------------------------------------------------- */

enum err
finance_order_id(struct call *c, const char *text, struct uuid *out)
{
	if (uuid_parse(text, out) != ERR_OK || uuid_is_zero(out))
		return reason_set(&c->reason, ERR_BAD_FIELD, "order_id", "is not an order id");
	return ERR_OK;
}

enum err
finance_fen(struct call *c, const char *field, int64_t fen)
{
	if (fen < 1 || fen > FEN_MAX)
		return reason_set(&c->reason, ERR_BAD_FIELD, field, "must be 1 to %lld",
		    (long long)FEN_MAX);
	return ERR_OK;
}

enum err
finance_note(struct call *c, const char *note, bool needed)
{
	if (needed && note[0] == '\0')
		return reason_set(&c->reason, ERR_BAD_FIELD, "note", "is needed: why");
	if (strlen(note) > PROPOSAL_NOTE_MAX)
		return reason_set(&c->reason, ERR_BAD_FIELD, "note", "must be at most %d bytes",
		    PROPOSAL_NOTE_MAX);
	return ERR_OK;
}

enum err
finance_party(struct call *c, const struct world *w, const char *field, const char *code,
    unsigned kinds, int32_t otherwise, int32_t *out)
{
	uint32_t at;

	if (code[0] == '\0') {
		*out = otherwise;
		return otherwise != 0 ? ERR_OK
		                      : reason_set(&c->reason, ERR_BAD_FIELD, field, "is needed");
	}
	at = strmap_get(&w->party_code, code);
	if (at == STRMAP_NONE)
		return reason_set(&c->reason, ERR_UNKNOWN_ID, field, "is not in the catalog");
	if ((kinds & 1u << w->parties[at].kind) == 0)
		return reason_set(&c->reason, ERR_BAD_FIELD, field, "is no party for this");
	*out = w->parties[at].id;
	return ERR_OK;
}

static void
run_done(void *ctx, enum err e)
{
	proposal_done(ctx, e);
}

void
finance_run(struct proposal_run *x, struct finance_write *w)
{
	enum err e;

	w->arena = x->call->arena;
	w->world = call_world(x->call);
	w->mark = &x->mark;
	w->now_us = x->call->received_us;
	w->done = run_done;
	w->done_ctx = x;
	e = w->world != NULL ? finance_start(call_app(x->call)->query_pool, w) : ERR_NO_MEMORY;
	if (e != ERR_OK)
		proposal_done(x, e);
}

enum err
finance_bounds(struct call *c, const struct finance_read *f, const struct finance_plan *p)
{
	int64_t account = finance_unbounded(&f->books, p->rows, p->row_count);
	struct buf text;
	enum err e;

	if (account == 0)
		return ERR_OK;
	buf_init(&text, 256);
	account_print(f->books.world, account, &text);
	e = reason_set(&c->reason, ERR_WRONG_STATE, NULL, "%s does not have so much",
	    buf_cstr(&text));
	buf_release(&text);
	return e;
}

/* ---- Acts on an order ------------------------------------------------------------------------------------- */

static enum err
parties_known(const struct finance_order *f, const struct finance_read *r)
{
	bool known = world_party_row(f->world, r->dealer) != NULL &&
	    world_party_row(f->world, r->collector) != NULL;

	for (int i = 0; known && i < r->books.sum_count; i++) {
		int32_t party = account_party(r->books.sums[i].account);

		known = party == 0 || world_party_row(f->world, party) != NULL;
	}
	return known
	    ? ERR_OK
	    : reason_set(&f->x->call->reason, ERR_NOT_READY, NULL,
	          "the catalog has parties that this instance has not read yet; try again");
}

static enum err
account_add(int64_t account, int64_t *out, int *count)
{
	if (*count == FINANCE_ACCOUNTS_MAX)
		return ERR_OVERFLOW;
	out[(*count)++] = account;
	return ERR_OK;
}

/* Balances of what dealers and staff of the order, and ${f}->party, have and owe. */
static enum err
order_judge(void *ctx, const struct finance_read *r, int64_t *out, int *count)
{
	struct finance_order *f = ctx;
	struct call *c = f->x->call;
	const struct party *bearer = world_party_row(f->world, f->party);
	enum err e;

	if (!r->found)
		return reason_set(&c->reason, ERR_NOT_FOUND, "order_id", "%s",
		    err_text(ERR_NOT_FOUND));
	if (r->paid_us == 0)
		return reason_set(&c->reason, ERR_WRONG_STATE, "order_id", "the order is not paid");
	e = parties_known(f, r);
	for (int i = 0; e == ERR_OK && i < r->books.sum_count; i++) {
		int64_t account = r->books.sums[i].account;

		if (!account_bounded(account))
			continue;
		e = account_add(account, out, count);
		if (e == ERR_OK && account_staged(account) && account_stage(account) == STAGE_HELD)
			e = account_add(account_at_stage(account, STAGE_AVAIL), out, count);
	}
	if (e == ERR_OK && bearer != NULL && bearer->kind == PARTY_DEALER)
		e = account_add(account_number(ACCOUNT_DEALER_AVAIL, PROVIDER_NONE, f->party,
		                    r->collector),
		    out, count);
	return e;
}

/* ---- Whom a rule names ---------------------------------------------------------------------------------------- */

/* The fulfilment asked for; of none the first that was handed over. */
static const struct fulfilment_read *
fulfilment_of(const struct finance_order *f)
{
	for (int i = 0; i < f->order->fulfilment_count; i++) {
		const struct fulfilment_read *x = &f->order->fulfilments[i];

		if (f->fulfilment != 0 ? x->number == f->fulfilment
		                       : x->state == FUL_COLLECTED || x->state == FUL_DELIVERED)
			return x;
	}
	return NULL;
}

/* By the rule of its first units; where that is gone the brand. */
static enum err
bearer_find(struct finance_order *f, const struct fulfilment_read *ful)
{
	const struct order_read *o = f->order;
	struct order_books books;
	const struct split_rule *rule;
	enum err e;

	f->party = f->world->brand;
	if (ful == NULL || ful->line_count == 0)
		return ERR_OK;
	e = order_books_make(f->world, o, f->x->call->arena, &books);
	if (e != ERR_OK)
		return e;
	rule = books_rule(&books, catalog_book(call_app(f->x->call)->catalog, o->split_version), o,
	    ful, ful->lines[0].line, ful->lines[0].goods_owner);
	if (rule != NULL)
		f->party = split_bearer(f->world,
		    f->write.event == EVENT_F_FREIGHT ? rule->freight : rule->dispute,
		    books.money.owner, ful->dealer);
	return ERR_OK;
}

static void
order_known(void *ctx, enum err e)
{
	struct finance_order *f = ctx;
	struct reason *why = &f->x->call->reason;
	const struct fulfilment_read *ful = e == ERR_OK ? fulfilment_of(f) : NULL;

	if (e == ERR_OK && ful == NULL && f->fulfilment != 0)
		e = reason_set(why, ERR_NOT_FOUND, "fulfilment", "%s", err_text(ERR_NOT_FOUND));
	if (e == ERR_OK && f->order->paid_at_us == 0)
		e = reason_set(why, ERR_WRONG_STATE, "order_id", "the order is not paid");
	if (e == ERR_OK) {
		f->world = call_world(f->x->call);
		e = f->world != NULL ? ERR_OK : ERR_NO_MEMORY;
	}
	if (e == ERR_OK && f->party == 0)
		e = bearer_find(f, ful);
	if (e == ERR_OK)
		finance_run(f->x, &f->write);
	else
		proposal_done(f->x, e);
}

static bool
order_all_known(void *ctx)
{
	struct finance_order *f = ctx;

	return order_is_known(catalog_world(call_app(f->x->call)->catalog), f->order,
	    f->x->call->arena);
}

static void
order_read_done(void *ctx, enum err e, struct order_read *o)
{
	struct finance_order *f = ctx;

	f->order = o;
	if (e == ERR_OK && !order_all_known(f)) {
		e = known_wait(call_app(f->x->call), f->x->call->arena, f->x->call->id,
		    order_all_known, order_known, f);
		if (e == ERR_OK)
			return;
	}
	order_known(f, e);
}

static enum err
order_read_start(struct finance_order *f)
{
	const struct order_key key = {.order_id = f->write.order_id};

	return order_read_one(call_app(f->x->call)->query_pool, f->x->call->arena, &key,
	    READ_ACTS | READ_DEPOSIT | READ_MONEY, order_read_done, f);
}

/* ---- Asking and doing ------------------------------------------------------------------------------------- */

void
finance_order_ask(struct call *c, const ProtobufCMessage *request, const struct finance_kind *k)
{
	const struct world *w = call_world(c);
	struct finance_order f = {0};
	enum err e = w != NULL ? k->fields(c, request, w, &f) : ERR_NO_MEMORY;
	char id[UUID_TEXT_SIZE];

	if (e != ERR_OK) {
		call_fail_err(c, e);
		return;
	}
	uuid_format(&f.write.order_id, id);
	proposal_ask(c, request,
	    &(struct proposal_ask){.kind = k->number,
	        .ref = f.ref,
	        .fen = f.fen,
	        .about = arena_printf(c->arena, "%s of order %s", f.what, id)});
}

void
finance_order_execute(struct proposal_run *x, const struct finance_kind *k)
{
	struct call *c = x->call;
	struct finance_order *f = arena_zalloc(c->arena, sizeof(*f));
	const struct world *w = call_world(c);
	enum err e = ERR_NO_MEMORY;

	if (f != NULL && w != NULL) {
		f->x = x;
		f->world = w;
		f->write.event = k->event;
		f->write.judge = order_judge;
		f->write.plan = k->plan;
		f->write.ctx = f;
		e = k->fields(c, x->request, w, f);
	}
	if (e == ERR_OK && f->by_rule)
		e = order_read_start(f);
	else if (e == ERR_OK)
		finance_run(x, &f->write);
	if (e != ERR_OK)
		proposal_done(x, e);
}

/* ---- Freight ------------------------------------------------------------------------------------------------ */

static enum err
freight_fields(struct call *c, const ProtobufCMessage *request, const struct world *w,
    struct finance_order *f)
{
	const Yuncang__V1__RecordFreightRequest *q =
	    (const Yuncang__V1__RecordFreightRequest *)request;
	enum err e = finance_order_id(c, q->order_id, &f->write.order_id);

	if (e == ERR_OK)
		e = finance_fen(c, "amount_fen", q->amount_fen);
	if (e == ERR_OK && (q->fulfilment < 1 || q->fulfilment > INT16_MAX))
		e = reason_set(&c->reason, ERR_BAD_FIELD, "fulfilment",
		    "is not a fulfilment's number");
	if (e == ERR_OK)
		e = finance_note(c, q->note, false);
	if (e == ERR_OK)
		e = finance_party(c, w, "courier", q->courier, 1u << PARTY_COURIER,
		    party_of_kind(w, PARTY_COURIER), &f->courier);
	if (e == ERR_OK && q->bearer[0] != '\0')
		e = finance_party(c, w, "bearer", q->bearer, FINANCE_MAY_BEAR, 0, &f->party);
	f->ref = q->ref;
	f->what = "freight";
	f->fen = q->amount_fen;
	f->fulfilment = q->fulfilment;
	f->by_rule = true;
	return e;
}

static enum err
freight_plan(void *ctx, const struct finance_read *r, struct finance_plan *out)
{
	struct finance_order *f = ctx;
	enum err e = finance_freight(&r->books, f->party, f->courier, f->fen, &out->rows[0]);

	out->rows[0].number = f->fulfilment;
	out->row_count = 1;
	out->event_us = f->write.now_us;
	return e == ERR_OK ? finance_bounds(f->x->call, r, out) : e;
}

static const struct finance_kind freight = {.number = PROPOSAL_FREIGHT,
    .event = EVENT_F_FREIGHT,
    .fields = freight_fields,
    .plan = freight_plan};

void
record_freight_start(struct call *c, const ProtobufCMessage *request)
{
	finance_order_ask(c, request, &freight);
}

void
freight_execute(struct proposal_run *x)
{
	finance_order_execute(x, &freight);
}

/* ---- Claims --------------------------------------------------------------------------------------------------- */

static enum err
claim_fields(struct call *c, const ProtobufCMessage *request, const struct world *w,
    struct finance_order *f)
{
	const Yuncang__V1__RecordClaimRequest *q = (const Yuncang__V1__RecordClaimRequest *)request;
	enum err e = finance_order_id(c, q->order_id, &f->write.order_id);

	f->paid = q->stage == YUNCANG__V1__CLAIM_STAGE__CLAIM_STAGE_PAID;
	f->ref = q->ref;
	f->what = f->paid ? "claim paid" : "claim";
	f->fen = q->amount_fen;
	f->offset_fen = q->offset_fen;
	if (e == ERR_OK && !f->paid && q->stage != YUNCANG__V1__CLAIM_STAGE__CLAIM_STAGE_ACCEPTED)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "stage", "must be ACCEPTED or PAID");
	if (e == ERR_OK)
		e = finance_fen(c, "amount_fen", q->amount_fen);
	if (e == ERR_OK && (q->offset_fen < 0 || q->offset_fen > (f->paid ? q->amount_fen : 0)))
		e = reason_set(&c->reason, ERR_BAD_FIELD, "offset_fen",
		    "is a part of what is paid: 0 to amount_fen");
	if (e == ERR_OK && f->paid && q->party[0] != '\0')
		e = reason_set(&c->reason, ERR_BAD_FIELD, "party",
		    "stays empty: who gets it had it when it was accepted");
	if (e == ERR_OK)
		e = finance_note(c, q->note, false);
	if (e == ERR_OK)
		e = finance_party(c, w, "courier", q->courier, 1u << PARTY_COURIER,
		    party_of_kind(w, PARTY_COURIER), &f->courier);
	if (e == ERR_OK)
		e = finance_party(c, w, "party", q->party, 1u << PARTY_BRAND | 1u << PARTY_DEALER,
		    w->brand, &f->party);
	return e;
}

static enum err
claim_plan(void *ctx, const struct finance_read *r, struct finance_plan *out)
{
	struct finance_order *f = ctx;
	int64_t owed = finance_claimed(&r->books, f->courier);
	enum err e;

	out->row_count = 1;
	out->event_us = f->write.now_us;
	if (f->paid && f->fen > owed)
		return reason_set(&f->x->call->reason, ERR_WRONG_STATE, "amount_fen",
		    "the courier owes %lld fen of this order", (long long)owed);
	e = f->paid
	    ? finance_claim_paid(&r->books, f->courier, f->fen, f->offset_fen, &out->rows[0])
	    : finance_claim(&r->books, f->courier, f->party, f->fen, &out->rows[0]);
	return e == ERR_OK ? finance_bounds(f->x->call, r, out) : e;
}

static const struct finance_kind claim = {.number = PROPOSAL_CLAIM,
    .event = EVENT_L_CLAIM,
    .fields = claim_fields,
    .plan = claim_plan};

void
record_claim_start(struct call *c, const ProtobufCMessage *request)
{
	finance_order_ask(c, request, &claim);
}

void
claim_execute(struct proposal_run *x)
{
	finance_order_execute(x, &claim);
}
