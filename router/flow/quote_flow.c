#include "flow/quote_flow.h"

#include <string.h>

#include "base/clock.h"
#include "domain/ownership.h"
#include "flow/offers.h"
#include "flow/thaw.h"
#include "flow/token.h"

struct quote {
	const struct app *app;
	const struct world *world;
	const struct policy *policy;
	struct arena *arena;
	struct request request;
	struct owner owner;
	struct offers offers;
	struct token token; /* what is the same in all of them stands in it */
	bool money;
	int64_t expires_us;
	Yuncang__V1__QuoteResponse *out;
};

static enum err
add_option(struct quote *q, const struct choice *c)
{
	struct token *t = &q->token;
	Yuncang__V1__Option *o;

	t->way = c->plan->way;
	t->location = c->plan->parts[0].location;
	t->collector = c->collector;
	t->delivery_fee_fen = c->plan->delivery_fee_fen;
	t->promise_to_us = c->plan->promise_to_us;
	t->split_version = q->offers.split_version;
	o = option_message(q->world, &q->request, c->collector, c->plan, c->split, q->money,
	    q->arena);
	if (o == NULL)
		return ERR_NO_MEMORY;
	o->token = token_make(q->app, t, &q->request, q->arena);
	if (o->token == NULL)
		return ERR_NO_MEMORY;
	q->out->options[q->out->n_options++] = o;
	return ERR_OK;
}

Yuncang__V1__Refusal **
refusal_messages(const struct offers *o, struct arena *arena)
{
	Yuncang__V1__Refusal **list = arena_array(arena, WAY_COUNT, sizeof(*list));

	for (int i = 0; list != NULL && i < o->refusal_count; i++) {
		const struct reason *r = &o->refusals[i].reason;
		Yuncang__V1__Refusal *m = arena_alloc(arena, sizeof(*m));

		if (m == NULL)
			return NULL;
		yuncang__v1__refusal__init(m);
		m->way = (Yuncang__V1__Way)o->refusals[i].way;
		m->reason = arena_strdup(arena, err_name(r->err));
		m->text = arena_strdup(arena, r->text);
		if (m->reason == NULL || m->text == NULL)
			return NULL;
		list[i] = m;
	}
	return list;
}

static enum err
fill(struct quote *q)
{
	struct offers_in in = {.app = q->app,
	    .world = q->world,
	    .policy = q->policy,
	    .request = &q->request,
	    .owner = &q->owner,
	    .options_max = q->policy->quote_options_max};
	enum err e;

	q->out = arena_alloc(q->arena, sizeof(*q->out));
	if (q->out == NULL)
		return ERR_NO_MEMORY;
	yuncang__v1__quote_response__init(q->out);
	e = offers_make(&in, q->arena, &q->offers);
	if (e != ERR_OK)
		return e;
	q->out->split_rule_version = q->offers.split_version;
	q->out->options = arena_array(q->arena, OFFERS_MAX, sizeof(*q->out->options));
	q->out->refusals = refusal_messages(&q->offers, q->arena);
	if (q->out->options == NULL || q->out->refusals == NULL)
		return ERR_NO_MEMORY;
	q->out->n_refusals = (size_t)q->offers.refusal_count;
	for (int i = 0; i < q->offers.count; i++) {
		e = add_option(q, &q->offers.choice[i]);
		if (e != ERR_OK)
			return e;
	}
	q->out->owner = owner_message(q->world, &q->owner, q->arena);
	q->out->expires_at = time_message(q->expires_us, q->arena);
	q->out->policy_version = q->policy->version;
	return q->out->owner == NULL || q->out->expires_at == NULL ? ERR_NO_MEMORY : ERR_OK;
}

enum err
quote_make(const struct app *app, const struct principal *p, const Yuncang__V1__Basket *b,
    int64_t now_us, struct arena *arena, Yuncang__V1__QuoteResponse **out, struct reason *r)
{
	const struct world *w = catalog_world(app->catalog);
	struct quote q; /* large, and filled as it is used */
	struct basket_in in = {.app = app, .world = w, .basket = b, .now_us = now_us};
	int64_t ttl_us;
	enum err e;

	q.app = app;
	q.world = w;
	q.arena = arena;
	q.policy = in.policy = policy_at(w, now_us);
	if (q.policy == NULL)
		return reason_set(r, ERR_NO_POLICY, NULL, "no routing policy is in force");
	e = basket_request(&in, arena, &q.request, r);
	if (e != ERR_OK)
		return e;
	ownership_find(w, &catalog_hints(app->catalog)->hints, q.policy, &q.request, &q.owner);
	q.money = may_see_money(p, w, &q.owner);
	ttl_us = q.policy->quote_ttl_min > 0 ? q.policy->quote_ttl_min * US_PER_MIN
	                                     : app->conf->quote_ttl_ms * US_PER_MS;
	q.expires_us = now_us + ttl_us;
	q.token.quoted_us = now_us;
	q.token.expires_us = q.expires_us;
	e = token_basket(b, &q.request, q.token.basket);
	if (e == ERR_OK)
		e = fill(&q);
	if (e != ERR_OK)
		return reason_set(r, e, NULL, "%s", err_text(e));
	*out = q.out;
	return ERR_OK;
}

void
quote_start(struct call *c, const ProtobufCMessage *request)
{
	const Yuncang__V1__QuoteRequest *m = (const Yuncang__V1__QuoteRequest *)request;
	Yuncang__V1__QuoteResponse *answer = NULL;
	enum err e;

	if (m->basket != NULL && !principal_may(c->principal, "storefront", m->basket->storefront))
		e = reason_set(&c->reason, ERR_PERMISSION_DENIED, "basket.storefront",
		    "is not in this key's scope");
	else
		e = quote_make(call_app(c), c->principal, m->basket, c->received_us, c->arena,
		    &answer, &c->reason);
	if (e == ERR_OK)
		call_reply(c, &answer->base);
	else
		call_fail(c, &c->reason, NULL);
}
