#include "flow/payment_flow.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/hours.h"
#include "flow/attach.h"
#include "flow/basket.h"
#include "flow/known.h"
#include "flow/order_rows.h"
#include "flow/payment_post.h"
#include "flow/recheck.h"
#include "flow/rehome.h"
#include "flow/thaw.h"
#include "store/pay_part.h"
#include "yuncang/v1/order.pb-c.h"

struct payment_flow {
	struct attach_entry entry; /* first: attach hands it back */
	struct app *app;
	struct call *call;
	bool leads;
	enum payment_outcome outcome; /* once it is known; 0: refused, with the call's reason */
	struct uuid order_id;
	struct payment_row payment;
	const char *provider; /* its word */
	const char *merchant; /* that was paid, as told; "": the collector */
	struct order_read *order;
	struct frozen *frozen; /* of the submit */
	struct split *split;
	const struct pay_known *known; /* what is stored under the number; NULL: nothing */
	const struct world *world;
	bool whole;     /* the order was read with its contact */
	bool refreshed; /* the catalog was read again for it */
	bool probed;    /* figures were read again for this decision */
	int tries;
	struct payment_in in;
	struct posting e1, e2, r1;
	struct order_row row; /* of a late payment's decision */
	struct request request;
};

static void read_order(struct payment_flow *f);
static enum err read_whole(struct payment_flow *f);

/* ---- The answer -------------------------------------------------------------------------------- */

static void
answer(struct payment_flow *f)
{
	Yuncang__V1__ConfirmPaymentResponse m;
	char id[UUID_TEXT_SIZE];

	if (f->outcome == 0) {
		call_fail(f->call, &f->call->reason, NULL);
		return;
	}
	yuncang__v1__confirm_payment_response__init(&m);
	uuid_format(&f->order_id, id);
	m.order_id = id;
	m.outcome = (Yuncang__V1__PaymentOutcome)f->outcome;
	log_debug(LOG_MSG("paid"), LOG_STR("req", f->call->id), LOG_STR("order", id),
	    LOG_INT("outcome", f->outcome));
	call_reply(f->call, &m.base);
}

/* The leader's followers are answered with it. */
static void
finish(struct payment_flow *f)
{
	if (f->leads)
		attach_leave(f->app->attach_payments, &f->entry);
	answer(f);
}

static void
fail(struct payment_flow *f, enum err e)
{
	if (f->call->reason.err != e)
		(void)reason_set(&f->call->reason, e, NULL, "%s", err_text(e));
	finish(f);
}

static void
caught_up(void *ctx, enum err e)
{
	struct payment_flow *f = ctx;

	if (e == ERR_OK)
		read_order(f);
	else
		fail(f, e);
}

/* Goods may have become scarce and this instance has not heard of it: true, it is told now. */
static bool
catch_up(struct payment_flow *f, enum err e)
{
	if (e != ERR_CONTENDED || !f->whole)
		return false;
	feed_poke(f->app->feed);
	return catalog_refresh_then(f->app->catalog, caught_up, f) == ERR_OK;
}

static void
write_done(void *ctx, enum err e, enum payment_outcome outcome)
{
	struct payment_flow *f = ctx;
	bool again = e == ERR_WRONG_STATE || e == ERR_OUT_OF_STOCK || e == ERR_ENTITLEMENT_USED ||
	    e == ERR_SLOT_FULL || e == ERR_CONTENDED;

	if (again && ++f->tries < f->app->conf->decide_tries_max) {
		if (!catch_up(f, e))
			read_order(f);
		return;
	}
	if (e == ERR_EXISTS_DIFFERS)
		(void)reason_set(&f->call->reason, e, "payment.number",
		    "was used for another order or amount");
	if (e != ERR_OK) {
		fail(f, again ? ERR_CONTENDED : e);
		return;
	}
	f->outcome = outcome;
	finish(f);
}

/* ---- An order that awaits payment, or was paid ------------------------------------------------- */

/* What the fulfilments of an order become at payment; a store's time to answer, fixed at submit, counts from now. */
static enum err
open_fulfilments(struct payment_flow *f)
{
	const struct order_read *o = f->order;
	struct payment_fulfilment *list =
	    arena_array(f->call->arena, (size_t)o->fulfilment_count, sizeof(*list));
	int count = 0;

	if (list == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *r = &o->fulfilments[i];
		int32_t idx = world_location(f->world, r->location);
		struct payment_fulfilment *p = &list[count];
		const struct location *loc;

		assert(idx != NONE);
		loc = &f->world->locations[idx];
		if (r->state != FUL_PLANNED)
			continue;
		count++;
		p->number = r->number;
		p->dealer = r->dealer;
		p->state = loc->kind == LOC_STORE ? FUL_OFFERED : FUL_ACCEPTED;
		/* A store that never opens again has no deadline to count to: it is due at once. */
		if (loc->kind == LOC_STORE &&
		    !hours_add_open(loc, f->in.now_us, r->accept_min, &p->offer_deadline_us))
			p->offer_deadline_us = f->in.now_us;
	}
	f->in.fulfilments = list;
	f->in.fulfilment_count = count;
	return ERR_OK;
}

static struct payment_books
books_of(struct payment_flow *f)
{
	return (struct payment_books){.world = f->world,
	    .order = f->order,
	    .in = &f->in,
	    .e1 = &f->e1,
	    .e2 = &f->e2,
	    .r1 = &f->r1};
}

static enum err
post_paid(struct payment_flow *f)
{
	const struct payment_books b = books_of(f);

	return payment_post(&b, f->split);
}

static enum err
post_part(struct payment_flow *f, bool balance)
{
	const struct payment_books b = books_of(f);

	return payment_post_part(&b, balance ? f->split : NULL);
}

static enum err
post_refunded(struct payment_flow *f)
{
	const struct payment_books b = books_of(f);

	return payment_post_refunded(&b);
}

static enum err
open_order(struct payment_flow *f)
{
	enum err e = open_fulfilments(f);

	if (e == ERR_OK && f->order->deposit != NULL) {
		e = post_part(f, false);
		return e != ERR_OK ? e : pay_deposit(f->app->query_pool, &f->in, write_done, f);
	}
	if (e == ERR_OK)
		e = post_paid(f);
	if (e == ERR_OK)
		e = pay_batch_add(f->app->pay_batch, &f->in, write_done, f);
	return e;
}

/* ---- An order that expired --------------------------------------------------------------------- */

/* The frozen request decided again at the payment's time, with the collector, prices, costs and rules of the submit. */
static enum err
decide_late(struct payment_flow *f, const struct policy *policy, struct reason *why)
{
	struct choices *got = arena_zalloc(f->call->arena, sizeof(*got));
	struct choose_in in = {.app = f->app,
	    .world = f->world,
	    .policy = policy,
	    .request = &f->request,
	    .owner = &f->frozen->decision.owner,
	    .split_version = f->frozen->split_version,
	    .cost_unit_fen = f->frozen->totals.cost_unit_fen,
	    .options_max = 1,
	    .ignore_inflight = true};
	struct rows_in rows = {.app = f->app,
	    .world = f->world,
	    .request = &f->request,
	    .owner = &f->frozen->decision.owner,
	    .choices = got,
	    .policy = policy,
	    .payment = &f->payment,
	    .in_part = f->order->deposit != NULL};
	enum err e;

	if (got == NULL)
		return ERR_NO_MEMORY;
	f->request = f->frozen->request;
	rehome_asked(f->world, f->order, &f->request);
	f->request.now_us = f->in.now_us;
	f->request.prepaid = true;
	f->request.paid_party = f->order->collector;
	e = choose(&in, f->call->arena, got, why);
	if (e == ERR_OK &&
	    got->choice[0].split->total.total_fen !=
	        f->order->goods_fen + f->order->delivery_fee_fen)
		e = reason_set(why, ERR_NO_LOCATION, NULL, "only at another price");
	if (e == ERR_OK)
		e = order_rows_make(&rows, &f->row, f->call->arena, why);
	f->row.order_id = f->order_id;
	f->row.storefront = f->order->storefront;
	f->row.order_ref = f->order->order_ref;
	return e;
}

static enum err
give_back(struct payment_flow *f)
{
	enum err e = post_refunded(f);

	return e != ERR_OK ? e : payment_unfillable(f->app->query_pool, &f->in, write_done, f);
}

/* Who cancelled an unpaid order does not want it any more, whatever is paid later; expiry writes no act. */
static bool
withdrawn(const struct order_read *o)
{
	for (int i = 0; i < o->act_count; i++)
		if (o->acts[i].kind == ACT_CANCEL)
			return true;
	return false;
}

static enum err late_order(struct payment_flow *f, const struct policy *policy);

static void
recheck_done(void *ctx, enum err e)
{
	struct payment_flow *f = ctx;

	if (e == ERR_OK)
		e = late_order(f, policy_at(f->world, f->in.now_us));
	if (e != ERR_OK)
		fail(f, e);
}

/* Money goes back only after fresh figures were read: what was released may not have come round yet. */
static enum err
recheck_late(struct payment_flow *f, const struct policy *policy, enum err why)
{
	const struct decide_in last = {.world = f->world,
	    .hints = &catalog_hints(f->app->catalog)->hints,
	    .policy = policy,
	    .request = &f->request,
	    .owner = &f->frozen->decision.owner,
	    .ignore_inflight = true,
	    .options_max = 1};

	f->probed = true;
	return recheck(f->app, &last, why, recheck_done, f);
}

static enum err
late_order(struct payment_flow *f, const struct policy *policy)
{
	struct reason why = {0};
	enum err e = decide_late(f, policy, &why);

	if (e == ERR_NO_MEMORY)
		return e;
	if (e != ERR_OK && !f->probed)
		return recheck_late(f, policy, e);
	if (e != ERR_OK) {
		log_info(LOG_MSG("late payment finds nothing"), LOG_STR("req", f->call->id),
		    LOG_STR("err", err_name(e)));
		f->in.due_us = f->in.now_us + f->app->conf->unfillable_ms * US_PER_MS;
		return give_back(f);
	}
	f->in.e1 = f->row.e1;
	f->in.e2 = f->row.e2;
	f->in.in_part = f->order->deposit != NULL;
	if (f->in.in_part && (e = post_part(f, false)) != ERR_OK)
		return e;
	return payment_late(f->app->query_pool, catalog_hints(f->app->catalog), &f->in, &f->row,
	    write_done, f);
}

/* ---- The order ---------------------------------------------------------------------------------- */

/* The number was used before: the first outcome for the same payment. */
static void
answer_known(struct payment_flow *f)
{
	const struct pay_known *k = f->known;
	bool same = uuid_equal(&k->order_id, &f->order_id) &&
	    k->amount_fen == f->payment.amount_fen;

	write_done(f, same ? ERR_OK : ERR_EXISTS_DIFFERS, k->outcome);
}

static enum err
write_payment(struct payment_flow *f)
{
	const struct order_read *o = f->order;
	const struct policy *policy = policy_at(f->world, f->in.now_us);
	enum err e;

	if (o->mark == MARK_AWAITING_PAYMENT)
		return open_order(f);
	if (o->mark == MARK_CANCELLED && o->paid_at_us == 0 && !f->whole)
		return read_whole(f);
	f->in.withdrawn = o->mark == MARK_CANCELLED && o->paid_at_us == 0 && withdrawn(o);
	if (f->in.withdrawn)
		return give_back(f);
	if (o->mark == MARK_CANCELLED && o->paid_at_us == 0)
		return policy != NULL ? late_order(f, policy) : ERR_NO_POLICY;
	if (payment_is_balance(o, f->payment.amount_fen)) {
		e = post_part(f, true);
		return e != ERR_OK
		    ? e
		    : pay_balance(f->app->query_pool, &f->in, o->act_count, write_done, f);
	}
	e = post_refunded(f);
	return e != ERR_OK ? e : payment_second(f->app->query_pool, &f->in, write_done, f);
}

static bool
may_pay(const struct payment_flow *f)
{
	int32_t front = world_storefront(f->world, f->order->storefront);

	return front != NONE &&
	    principal_may(f->call->principal, "storefront", f->world->storefronts[front].code);
}

static void
order_known(struct payment_flow *f)
{
	const struct order_read *o = f->order;
	enum err e = ERR_OK;

	f->world = call_world(f->call);
	if (f->world == NULL)
		e = ERR_NO_MEMORY;
	if (e == ERR_OK && !may_pay(f))
		e = ERR_NOT_FOUND;
	if (e == ERR_OK && !f->whole && payment_perhaps_in_parts(o)) {
		e = read_whole(f);
		if (e == ERR_OK)
			return;
	}
	if (e == ERR_OK)
		e = payment_judge_amount(o, f->payment.amount_fen, f->known != NULL,
		    &f->call->reason);
	if (e == ERR_OK && f->merchant[0] != '\0' &&
	    strcmp(f->merchant, party_code_of(f->world, o->collector)) != 0)
		e = reason_set(&f->call->reason, ERR_BAD_FIELD, "payment.merchant",
		    "is not the order's collector");
	if (e == ERR_OK && f->known != NULL) {
		answer_known(f);
		return;
	}
	if (e == ERR_OK && o->decision == NULL)
		e = ERR_INTERNAL;
	if (e == ERR_OK)
		e = thaw_decision(f->world, o->decision, f->call->arena, &f->frozen, &f->split);
	if (e == ERR_OK) {
		memset(&f->in, 0, sizeof(f->in));
		f->in = (struct payment_in){.order_id = f->order_id,
		    .dealer = o->dealer,
		    .collector = o->collector,
		    .payment = &f->payment,
		    .split_version = o->split_version,
		    .changes = o->changes,
		    .now_us = clock_wall_us()};
		e = write_payment(f);
	}
	if (e != ERR_OK)
		fail(f, e);
}

static bool
is_known(void *ctx)
{
	const struct payment_flow *f = ctx;

	return order_is_known(catalog_world(f->app->catalog), f->order, f->call->arena);
}

static void
known_done(void *ctx, enum err e)
{
	struct payment_flow *f = ctx;

	if (e == ERR_OK)
		order_known(f);
	else
		fail(f, e);
}

static void
read_done(void *ctx, enum err e, struct order_read *o)
{
	struct payment_flow *f = ctx;

	f->order = o;
	if (e == ERR_OK && !f->refreshed && !is_known(f)) {
		f->refreshed = true;
		e = known_wait(call_app(f->call), f->call->arena, f->call->id, is_known, known_done,
		    f);
		if (e == ERR_OK)
			return;
	}
	known_done(f, e);
}

/* The contact as well: where the goods of an expired order go is decided again. */
static enum err
read_whole(struct payment_flow *f)
{
	struct order_key key = {.order_id = f->order_id, .attempt = 1};

	f->whole = true;
	return order_read_one(f->app->query_pool, f->call->arena, &key,
	    READ_DECISION | READ_CONTACT | READ_ACTS | READ_DEPOSIT, read_done, f);
}

static void
pay_read_done(void *ctx, enum err e, struct order_read *o, const struct pay_known *known)
{
	struct payment_flow *f = ctx;

	f->known = known;
	read_done(f, e, o);
}

static void
read_order(struct payment_flow *f)
{
	enum err e = pay_read_add(f->app->pay_read, f->call->arena, &f->order_id, &f->payment,
	    pay_read_done, f);

	f->probed = f->whole = false;
	if (e != ERR_OK)
		fail(f, e);
}

/* ---- Equal ones at once ------------------------------------------------------------------------ */

static void join(struct payment_flow *f);

static void
lead_done(struct attach_entry *follower, struct attach_entry *leader)
{
	struct payment_flow *f = (struct payment_flow *)follower;
	const struct payment_flow *l = (const struct payment_flow *)leader;
	bool equal = uuid_equal(&f->order_id, &l->order_id) &&
	    f->payment.amount_fen == l->payment.amount_fen && strcmp(f->merchant, l->merchant) == 0;

	if (!equal || f->call->principal->key_id != l->call->principal->key_id) {
		join(f);
		return;
	}
	f->outcome = l->outcome;
	f->call->reason = l->call->reason;
	answer(f);
}

/* One at a time under a number; equal ones that come meanwhile hear the first one's outcome. */
static void
join(struct payment_flow *f)
{
	enum err e;

	f->entry.scope = f->provider;
	f->entry.ref = f->payment.number;
	f->entry.lead_done = lead_done;
	e = attach_join(f->app->attach_payments, &f->entry);
	if (e == ERR_WRONG_STATE)
		return;
	f->leads = e == ERR_OK;
	if (e == ERR_OK)
		read_order(f);
	else
		fail(f, e);
}

void
confirm_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__ConfirmPaymentRequest *m =
	    (const Yuncang__V1__ConfirmPaymentRequest *)request;
	struct payment_flow *f = arena_zalloc(c->arena, sizeof(*f));
	enum err e = ERR_OK;

	if (f == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	f->app = call_app(c);
	f->call = c;
	if (uuid_parse(m->order_id, &f->order_id) != ERR_OK)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "order_id", "is not an order's id");
	else if (m->payment == NULL)
		e = reason_set(&c->reason, ERR_BAD_FIELD, "payment", "is needed");
	else
		e = basket_payment(m->payment, "payment", c->received_us, &f->payment, &c->reason);
	f->provider = m->payment != NULL ? m->payment->provider : "";
	f->merchant = m->payment != NULL ? m->payment->merchant : "";
	if (e == ERR_OK)
		join(f);
	else
		fail(f, e);
}
