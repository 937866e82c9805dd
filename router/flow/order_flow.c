#include "flow/order_flow.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "flow/basket.h"
#include "flow/choose.h"
#include "flow/contact.h"
#include "flow/known.h"
#include "flow/order_decide.h"
#include "flow/order_message.h"
#include "flow/quote_flow.h"
#include "flow/recheck.h"
#include "flow/thaw.h"
#include "store/return_read.h"
#include "store/order_read.h"

#define ORDER_REF_LEN_MAX 64
#define BODY_HASH_VERSION 1

struct order_flow {
	struct attach_entry entry; /* first: attach hands it back */
	struct app *app;
	struct call *call;
	struct arena *arena;
	const Yuncang__V1__SubmitOrderRequest *m;
	order_flow_fn *done;
	void *ctx;
	enum order_step step;
	bool leads;
	bool looked_up; /* the submission was read and is not there */
	bool probed;    /* figures were read again for this decision */
	bool refreshed; /* the catalog was read again for the order that is there */
	int tries;
	uint8_t hash[BODY_HASH_SIZE];
	struct order_decide d;    /* the last try */
	struct order_read *known; /* the order that is there */
	struct reason reason;
	const ProtobufCMessage *detail;
	Yuncang__V1__SubmitOrderResponse *result;
};

typedef enum next step_fn(struct order_flow *f);
static void order_flow_run(struct order_flow *f);

static void
go(struct order_flow *f, enum order_step s)
{
	f->step = s;
}

static enum next
refuse(struct order_flow *f)
{
	assert(f->reason.err != ERR_OK);
	go(f, f->looked_up ? ORDER_STEP_answer : ORDER_STEP_known);
	return NEXT_STEP;
}

/* An answer that says nothing of the order: nothing is looked up for it. */
static enum next
give_up(struct order_flow *f, enum err e)
{
	(void)reason_set(&f->reason, e, NULL, "%s", err_text(e));
	go(f, ORDER_STEP_answer);
	return NEXT_STEP;
}

/* ---- check ------------------------------------------------------------------------------------ */

static enum err
hash_body(struct order_flow *f)
{
	const uint8_t *packed;
	size_t len;
	enum err e = call_pack(f->call, &f->m->base, &packed, &len);

	if (e != ERR_OK)
		return e;
	f->hash[0] = BODY_HASH_VERSION;
	digest_sha256(packed, len, f->hash + 1);
	return ERR_OK;
}

static enum next
step_check(struct order_flow *f)
{
	const Yuncang__V1__SubmitOrderRequest *m = f->m;
	enum err e = ERR_OK;

	if (m->basket == NULL)
		e = reason_set(&f->reason, ERR_BAD_FIELD, "basket", "is needed");
	else if (!principal_may(f->call->principal, "storefront", m->basket->storefront))
		e = reason_set(&f->reason, ERR_PERMISSION_DENIED, "basket.storefront",
		    "is not in this key's scope");
	else if (m->order_ref[0] == '\0' || strlen(m->order_ref) > ORDER_REF_LEN_MAX)
		e = reason_set(&f->reason, ERR_BAD_FIELD, "order_ref", "must have 1 to %d bytes",
		    ORDER_REF_LEN_MAX);
	if (e == ERR_OK) {
		e = hash_body(f);
		if (e != ERR_OK)
			return give_up(f, e);
	}
	go(f, e == ERR_OK ? ORDER_STEP_attach : ORDER_STEP_answer);
	return NEXT_STEP;
}

/* ---- attach ----------------------------------------------------------------------------------- */

static void
step_attach_done(struct attach_entry *follower, struct attach_entry *leader)
{
	struct order_flow *f = (struct order_flow *)follower;
	const struct order_flow *l = (const struct order_flow *)leader;
	bool equal = memcmp(f->hash, l->hash, sizeof(f->hash)) == 0;
	bool same_eyes = f->call->principal->key_id == l->call->principal->key_id;

	if (equal && same_eyes && l->result == NULL) {
		f->reason = l->reason;
		go(f, ORDER_STEP_answer);
	} else {
		/* The order is there, or the bodies differ: reading it makes the same answer as the leader's. */
		(void)reason_set(&f->reason, ERR_OK, NULL, "%s", "");
		go(f, ORDER_STEP_known);
	}
	order_flow_run(f);
}

static enum next
step_attach(struct order_flow *f)
{
	enum err e;

	f->entry.scope = f->m->basket->storefront;
	f->entry.ref = f->m->order_ref;
	f->entry.lead_done = step_attach_done;
	e = attach_join(f->app->attach, &f->entry);
	if (e == ERR_WRONG_STATE)
		return NEXT_WAIT;
	if (e != ERR_OK)
		return give_up(f, e);
	f->leads = true;
	go(f, ORDER_STEP_decide);
	return NEXT_STEP;
}

/* ---- decide ----------------------------------------------------------------------------------- */

static bool
is_scarcity(enum err e)
{
	return e == ERR_OUT_OF_STOCK || e == ERR_ENTITLEMENT_USED || e == ERR_SLOT_FULL ||
	    e == ERR_NO_LOCATION || e == ERR_QUOTE_CHANGED;
}

static enum next
step_decide(struct order_flow *f)
{
	enum err e = order_decide(&f->d, &f->reason);

	if (e == ERR_OK) {
		go(f, ORDER_STEP_commit);
		return NEXT_STEP;
	}
	if (e == ERR_NO_MEMORY)
		return give_up(f, e);
	if (is_scarcity(e) && !f->d.raw) {
		f->d.raw = true; /* what is only under way may yet come back: let the commit say */
		return NEXT_STEP;
	}
	if (is_scarcity(e) && !f->probed) {
		go(f, ORDER_STEP_probe);
		return NEXT_STEP;
	}
	return refuse(f);
}

/* ---- probe ------------------------------------------------------------------------------------ */

static void
step_probe_done(void *ctx, enum err e)
{
	struct order_flow *f = ctx;

	f->probed = true;
	if (e == ERR_OK)
		go(f, ORDER_STEP_decide);
	else
		(void)give_up(f, e);
	order_flow_run(f);
}

static enum next
step_probe(struct order_flow *f)
{
	const struct decide_in last = {.world = f->d.world,
	    .hints = &catalog_hints(f->app->catalog)->hints,
	    .policy = f->d.policy,
	    .request = &f->d.request,
	    .owner = &f->d.owner,
	    .ignore_inflight = true,
	    .options_max = 1};
	enum err e;

	f->probed = true;
	e = recheck(f->app, &last, f->reason.err, step_probe_done, f);
	return e == ERR_OK ? NEXT_WAIT : give_up(f, e);
}

/* ---- commit ----------------------------------------------------------------------------------- */

/* Made by the same words for the first answer and for every later one. */
static enum err
answer_make(struct order_flow *f, const struct world *w, const struct submit_facts *facts)
{
	bool money = may_see_money(f->call->principal, w, &facts->frozen->decision.owner);

	f->result = submit_message(w, facts, money, f->arena);
	return f->result != NULL ? ERR_OK : ERR_NO_MEMORY;
}

/* The winner's own facts; what cannot be told now is told to the retry. */
static void
answer_committed(struct order_flow *f)
{
	const struct submit_facts facts = {.order_id = f->d.row.order_id,
	    .order_ref = f->d.row.order_ref,
	    .frozen = f->d.row.frozen,
	    .split = f->d.row.split,
	    .created_us = f->d.row.created_us,
	    .pay_by_us = f->d.row.pay_by_us,
	    .deposit_fen = f->d.row.deposit_fen};
	enum err e = answer_make(f, f->d.world, &facts);

	if (e != ERR_OK)
		(void)reason_set(&f->reason, e, NULL, "committed; ask again for the answer");
	go(f, ORDER_STEP_answer);
}

static bool
is_lost_race(enum err e)
{
	return e == ERR_OUT_OF_STOCK || e == ERR_ENTITLEMENT_USED || e == ERR_CAMPAIGN_SPENT ||
	    e == ERR_SLOT_FULL || e == ERR_CONTENDED;
}

/* Decided again with the figures the commit saw.  A budget is no matter of location: refused at once. */
static void
lost_race(struct order_flow *f, enum err e)
{
	f->tries++;
	f->d.raw = false;
	f->probed = false;
	if (e == ERR_CAMPAIGN_SPENT) {
		(void)reason_set(&f->reason, e, "basket.lines", "%s", err_text(e));
		(void)refuse(f);
	} else if (f->tries >= f->app->conf->decide_tries_max) {
		(void)reason_set(&f->reason, ERR_CONTENDED, NULL, "%s", err_text(ERR_CONTENDED));
		go(f, ORDER_STEP_answer);
	} else {
		metric_add(METRIC_decide_again_total, 1);
		go(f, ORDER_STEP_decide);
	}
}

static void
step_commit_refreshed(void *ctx, enum err e)
{
	struct order_flow *f = ctx;

	if (e == ERR_OK)
		lost_race(f, ERR_CONTENDED);
	else
		(void)give_up(f, e);
	order_flow_run(f);
}

/* Goods became scarce and this instance had not heard of it: true, it is told now. */
static bool
catch_up(struct order_flow *f)
{
	feed_poke(f->app->feed);
	return catalog_refresh_then(f->app->catalog, step_commit_refreshed, f) == ERR_OK;
}

static void
step_commit_done(void *ctx, const struct batch_outcome *o)
{
	struct order_flow *f = ctx;

	if (o->stale && catch_up(f))
		return;
	if (o->err == ERR_OK) {
		answer_committed(f);
	} else if (o->err == ERR_WRONG_STATE || o->err == ERR_EXISTS_DIFFERS) {
		(void)reason_set(&f->reason, ERR_OK, NULL, "%s", "");
		go(f, ORDER_STEP_known);
	} else if (is_lost_race(o->err)) {
		lost_race(f, o->err);
	} else if (o->err == ERR_BAD_FIELD) {
		(void)reason_set(&f->reason, ERR_EXISTS_DIFFERS, "payment.number",
		    "was used for another order");
		(void)refuse(f);
	} else {
		(void)give_up(f, o->err);
	}
	order_flow_run(f);
}

static enum next
step_commit(struct order_flow *f)
{
	struct order_row *row = &f->d.row;
	enum err e;

	row->order_id = uuid_v7(clock_wall_us());
	row->order_ref = f->m->order_ref;
	memcpy(row->body_hash, f->hash, sizeof(row->body_hash));
	row->storefront = f->d.world->storefronts[f->d.request.storefront].id;
	row->contact = f->m->basket->address != NULL ? contact_of(f->m->basket->address, f->arena)
	                                             : NULL;
	if (f->m->basket->address != NULL && row->contact == NULL)
		return give_up(f, ERR_NO_MEMORY);
	e = batch_add(f->app->batch, row, step_commit_done, f);
	return e == ERR_OK ? NEXT_WAIT : give_up(f, e);
}

/* ---- known ------------------------------------------------------------------------------------ */

static enum err
answer_known(struct order_flow *f, const struct order_read *o)
{
	const struct world *w = call_world(f->call);
	struct submit_facts facts = {.order_id = o->order_id,
	    .order_ref = f->m->order_ref,
	    .created_us = o->created_us,
	    .pay_by_us = o->pay_by_us,
	    .deposit_fen = o->deposit != NULL ? o->deposit->deposit_fen : 0};
	struct frozen *frozen;
	struct split *s;
	enum err e;

	if (w == NULL)
		return reason_set(&f->reason, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
	if (o->body_hash == NULL || memcmp(o->body_hash, f->hash, sizeof(f->hash)) != 0)
		return reason_set(&f->reason, ERR_EXISTS_DIFFERS, "order_ref", "%s",
		    err_text(ERR_EXISTS_DIFFERS));
	if (o->decision == NULL)
		return reason_set(&f->reason, ERR_INTERNAL, NULL, "the order has no decision");
	e = thaw_decision(w, o->decision, f->arena, &frozen, &s);
	if (e == ERR_OK) {
		facts.frozen = frozen;
		facts.split = s;
		e = answer_make(f, w, &facts);
	}
	if (e == ERR_OK)
		metric_add(METRIC_orders_repeated_total, 1);
	return e == ERR_OK ? e : reason_set(&f->reason, e, NULL, "%s", err_text(e));
}

static bool
is_known(void *ctx)
{
	const struct order_flow *f = ctx;

	return order_is_known(catalog_world(f->app->catalog), f->known, f->arena);
}

static void
step_known_refreshed(void *ctx, enum err e)
{
	struct order_flow *f = ctx;

	if (e == ERR_OK) {
		(void)answer_known(f, f->known);
		go(f, ORDER_STEP_answer);
	} else {
		(void)give_up(f, e);
	}
	order_flow_run(f);
}

static void
step_known_done(void *ctx, enum err e, struct order_read *o)
{
	struct order_flow *f = ctx;

	f->looked_up = true;
	f->known = o;
	if (e == ERR_OK && !f->refreshed && !is_known(f)) {
		f->refreshed = true;
		e = known_wait(call_app(f->call), f->call->arena, f->call->id, is_known,
		    step_known_refreshed, f);
		if (e == ERR_OK)
			return;
	}
	if (e == ERR_OK) {
		(void)answer_known(f, o);
		go(f, ORDER_STEP_answer);
	} else if (e != ERR_NOT_FOUND) {
		(void)give_up(f, e);
	} else if (f->reason.err != ERR_OK) {
		go(f, ORDER_STEP_answer);
	} else {
		/* It was there and is not (its transaction was undone), or it waited behind another body. */
		go(f, f->leads ? ORDER_STEP_decide : ORDER_STEP_attach);
		f->looked_up = false;
		f->tries++;
	}
	order_flow_run(f);
}

static enum next
step_known(struct order_flow *f)
{
	const struct world *w = catalog_world(f->app->catalog);
	uint32_t front = strmap_get(&w->storefront_code, f->m->basket->storefront);
	struct order_key key = {.order_ref = f->m->order_ref, .attempt = 1};
	enum err e;

	if (f->tries > f->app->conf->decide_tries_max)
		return give_up(f, ERR_CONTENDED);
	if (front == STRMAP_NONE) { /* a storefront nobody knows has no orders */
		if (f->reason.err == ERR_OK)
			(void)reason_set(&f->reason, ERR_UNKNOWN_ID, "basket.storefront", "%s",
			    err_text(ERR_UNKNOWN_ID));
		go(f, ORDER_STEP_answer);
		return NEXT_STEP;
	}
	key.storefront = w->storefronts[front].id;
	e = order_read_one(f->app->query_pool, f->arena, &key,
	    READ_DECISION | READ_HASH | READ_DEPOSIT, step_known_done, f);
	return e == ERR_OK ? NEXT_WAIT : give_up(f, e);
}

/* ---- answer ----------------------------------------------------------------------------------- */

/* What else could be had, for who is told that the quote or the store cannot be kept. */
static void
add_options(struct order_flow *f)
{
	bool pickup = is_scarcity(f->reason.err) &&
	    (f->d.token != NULL ? f->d.token->way == WAY_PICKUP
	                        : f->m->basket->way == YUNCANG__V1__WAY__WAY_PICKUP);
	Yuncang__V1__Basket open;
	Yuncang__V1__QuoteResponse *q;
	struct reason ignored;

	if (f->reason.err != ERR_QUOTE_CHANGED && !pickup)
		return;
	open = *f->m->basket;
	if (pickup) {
		open.way = YUNCANG__V1__WAY__WAY_UNSPECIFIED;
		open.location = message_text("");
		open.slot = NULL;
	}
	if (quote_make(f->app, f->call->principal, &open, f->call->received_us, f->arena, &q,
	        &ignored) == ERR_OK)
		f->detail = &q->base;
}

static enum next
step_answer(struct order_flow *f)
{
	if (f->result == NULL)
		add_options(f);
	/* An order is in the database, and one line for each would be the most of the log. */
	if (f->result != NULL)
		log_debug(LOG_MSG("order"), LOG_STR("req", f->call->id),
		    LOG_STR("ref", f->m->order_ref), LOG_STR("order", f->result->order_id),
		    LOG_INT("tries", f->tries));
	else
		log_info(LOG_MSG("refused"), LOG_STR("req", f->call->id),
		    LOG_STR("ref", f->m->order_ref), LOG_STR("err", err_name(f->reason.err)),
		    LOG_STR("field", f->reason.field), LOG_INT("tries", f->tries));
	if (f->leads)
		attach_leave(f->app->attach, &f->entry);
	return NEXT_DONE;
}

static void
order_flow_run(struct order_flow *f)
{
	static step_fn *const run[] = {
#define X(name, text) [ORDER_STEP_##name] = step_##name,
	    STEP_TABLE(X)
#undef X
	};
	enum next next;

	do
		next = run[f->step](f);
	while (next == NEXT_STEP);
	if (next == NEXT_DONE)
		f->done(f, f->ctx);
}

void
order_flow_start(struct call *c, const Yuncang__V1__SubmitOrderRequest *m, order_flow_fn *done,
    void *ctx)
{
	struct order_flow *f = arena_zalloc(c->arena, sizeof(*f));
	static struct order_flow no_memory = {
	    .reason = {.err = ERR_NO_MEMORY, .text = "the request's arena is full"}};

	if (f == NULL) {
		done(&no_memory, ctx);
		return;
	}
	f->app = call_app(c);
	f->call = c;
	f->arena = c->arena;
	f->m = m;
	f->d.call = c;
	f->d.m = m;
	f->done = done;
	f->ctx = ctx;
	go(f, ORDER_STEP_check);
	order_flow_run(f);
}

Yuncang__V1__SubmitOrderResponse *
order_flow_result(const struct order_flow *f)
{
	return f->result;
}

const struct reason *
order_flow_reason(const struct order_flow *f)
{
	return &f->reason;
}

const ProtobufCMessage *
order_flow_detail(const struct order_flow *f)
{
	return f->detail;
}
