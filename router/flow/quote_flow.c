#include "flow/quote_flow.h"

#include <string.h>

#include "base/clock.h"
#include "domain/ownership.h"
#include "flow/choose.h"
#include "flow/thaw.h"
#include "flow/token.h"

/* With no way asked: the policy's own first, then what a store near by can do. */
#define SPREAD_SHIP_MAX 2
#define SPREAD_DELIVER_MAX 1

struct quote {
	const struct app *app;
	const struct world *world;
	const struct policy *policy;
	struct arena *arena;
	struct request request; /* its way is the one being asked for */
	struct owner owner;
	struct choices got; /* for that way */
	struct token token; /* what is the same in all of them stands in it */
	bool money;
	int64_t expires_us;
	int options_max;
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
	t->split_version = q->got.book->version;
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

static enum err
add_refusal(struct quote *q, enum way way, const struct reason *r)
{
	Yuncang__V1__Refusal *m = arena_alloc(q->arena, sizeof(*m));

	if (m == NULL)
		return ERR_NO_MEMORY;
	yuncang__v1__refusal__init(m);
	m->way = (Yuncang__V1__Way)way;
	m->reason = arena_strdup(q->arena, err_name(r->err));
	m->text = arena_strdup(q->arena, r->text);
	if (m->reason == NULL || m->text == NULL)
		return ERR_NO_MEMORY;
	q->out->refusals[q->out->n_refusals++] = m;
	return ERR_OK;
}

/* A customer does not care which warehouse of a kind ships: an equal offer is told once. */
static bool
offered(const struct quote *q, const struct plan *p, const struct plan *const *before, int count)
{
	const struct world *w = q->world;
	enum location_kind kind = w->locations[world_location(w, p->parts[0].location)].kind;

	for (int i = 0; i < count && p->way == WAY_SHIP; i++)
		if (before[i]->way == WAY_SHIP &&
		    w->locations[world_location(w, before[i]->parts[0].location)].kind == kind)
			return true;
	return false;
}

/* Nothing of ${in} was told: is it that no split would do, or that other ways tell all there is? */
static enum err
why_nothing(struct quote *q, const struct choose_in *in, struct reason *r)
{
	enum err e = ERR_OK;

	for (int i = 0; i < q->got.decision->option_count; i++) {
		e = choose_split(in, i, q->arena, &q->got, r);
		if (e != ERR_MARGIN_BELOW_FLOOR)
			break;
	}
	if (e != ERR_OK)
		return e;
	q->out->split_rule_version = q->got.book->version;
	return reason_set(r, ERR_NO_LOCATION, NULL, "no store near by can do this now");
}

/* A plan is split only when it is about to be told.  ${only}: as with add_way(). */
static enum err
add_choices(struct quote *q, const struct choose_in *in, int count_max, bool only, struct reason *r)
{
	const struct decision *d = q->got.decision;
	const struct plan *told[OPTIONS_MAX];
	int count = 0;
	enum err e;

	for (int i = 0; i < d->option_count && count < count_max; i++) {
		const struct plan *p = &d->options[i];

		if ((only && p->way != in->request->way) || offered(q, p, told, count))
			continue;
		e = choose_split(in, i, q->arena, &q->got, r);
		if (e == ERR_MARGIN_BELOW_FLOOR)
			continue;
		if (e == ERR_OK)
			e = add_option(q, &q->got.choice[count]);
		if (e != ERR_OK)
			return e;
		told[count++] = p;
	}
	if (count == 0)
		return why_nothing(q, in, r);
	q->out->split_rule_version = q->got.book->version;
	return ERR_OK;
}

/* ${only}: leave out plans that fell back to another way, they are told under their own. */
static enum err
add_way(struct quote *q, enum way way, int count_max, bool only)
{
	size_t before = q->out->n_options;
	struct choose_in in = {.app = q->app,
	    .world = q->world,
	    .policy = q->policy,
	    .request = &q->request,
	    .owner = &q->owner,
	    .options_max = q->options_max,
	    .no_record = true};
	struct reason r;
	enum err e;

	if (count_max <= 0)
		return ERR_OK;
	q->request.way = way;
	e = choose_plans(&in, q->arena, &q->got, &r);
	if (e == ERR_OK)
		e = add_choices(q, &in, count_max, only, &r);
	if (e == ERR_OK || e == ERR_NO_MEMORY)
		return e;
	q->out->n_options = before;
	return add_refusal(q, way, &r);
}

static enum err
add_all(struct quote *q)
{
	int most = q->options_max;
	enum err e;

	if (q->request.way != WAY_NONE)
		return add_way(q, q->request.way, most, false);
	e = add_way(q, WAY_NONE, most < SPREAD_SHIP_MAX ? most : SPREAD_SHIP_MAX, false);
	most = q->options_max - (int)q->out->n_options;
	if (e == ERR_OK && q->request.has_position)
		e = add_way(q, WAY_DELIVER, most < SPREAD_DELIVER_MAX ? most : SPREAD_DELIVER_MAX,
		    true);
	if (e == ERR_OK && (q->request.has_position || q->request.location != NONE))
		e = add_way(q, WAY_PICKUP, q->options_max - (int)q->out->n_options, true);
	return e;
}

static enum err
fill(struct quote *q)
{
	enum err e;

	q->out = arena_alloc(q->arena, sizeof(*q->out));
	if (q->out == NULL)
		return ERR_NO_MEMORY;
	yuncang__v1__quote_response__init(q->out);
	q->out->options = arena_array(q->arena, OPTIONS_MAX + WAY_COUNT, sizeof(*q->out->options));
	q->out->refusals = arena_array(q->arena, WAY_COUNT, sizeof(*q->out->refusals));
	if (q->out->options == NULL || q->out->refusals == NULL)
		return ERR_NO_MEMORY;
	e = add_all(q);
	if (e != ERR_OK)
		return e;
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
	q.options_max = q.policy->quote_options_max;
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
