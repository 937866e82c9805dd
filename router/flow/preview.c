#include "flow/preview.h"

#include "domain/account.h"
#include "domain/ownership.h"
#include "domain/party.h"
#include "flow/basket.h"
#include "flow/book_convert.h"
#include "flow/compile.h"
#include "flow/convert.h"
#include "flow/offers.h"
#include "flow/preview_money.h"
#include "flow/quote_flow.h"
#include "flow/thaw.h"
#include "store/version_read.h"
#include "yuncang/v1/finance.pb-c.h"

struct preview {
	struct call *call;
	const Yuncang__V1__PreviewSplitRequest *asked;
	const struct world *world;
	const struct policy *policy;
	const struct split_book *book; /* NULL: the one in force */
	struct split_book *draft;      /* ours, to be freed */
	struct request request;
	struct owner owner;
	int32_t collector;
	enum provider provider;
	struct offers offers;
};

/* ---- The answer -------------------------------------------------------------------------------- */

static enum err
option_preview(const struct preview *p, const struct choice *c, Yuncang__V1__SplitPreview **out)
{
	const struct preview_money_in in = {.world = p->world,
	    .request = &p->request,
	    .choice = c,
	    .owner = &p->owner,
	    .provider = p->provider,
	    .cap_bps = (int32_t)call_app(p->call)->conf->split_cap_bps};
	struct arena *a = p->call->arena;
	Yuncang__V1__SplitPreview *m = arena_alloc(a, sizeof(*m));

	*out = m;
	if (m == NULL)
		return ERR_NO_MEMORY;
	yuncang__v1__split_preview__init(m);
	m->option = option_message(p->world, &p->request, c->collector, c->plan, c->split, true, a);
	if (m->option == NULL)
		return ERR_NO_MEMORY;
	return preview_money(&in, a, m);
}

static void
answer(struct preview *p)
{
	Yuncang__V1__PreviewSplitResponse m = YUNCANG__V1__PREVIEW_SPLIT_RESPONSE__INIT;
	struct arena *a = p->call->arena;
	enum err e = ERR_NO_MEMORY;

	m.options = arena_array(a, OFFERS_MAX, sizeof(*m.options));
	m.refusals = refusal_messages(&p->offers, a);
	m.owner = owner_message(p->world, &p->owner, a);
	if (m.options == NULL || m.refusals == NULL || m.owner == NULL)
		goto fail;
	m.n_refusals = (size_t)p->offers.refusal_count;
	for (; m.n_options < (size_t)p->offers.count; m.n_options++) {
		e = option_preview(p, &p->offers.choice[m.n_options], &m.options[m.n_options]);
		if (e != ERR_OK)
			goto fail;
	}
	m.policy_version = p->policy->version;
	m.split_rule_version = p->offers.split_version;
	call_reply(p->call, &m.base);
	return;

fail:
	call_fail_err(p->call, e);
}

/* ---- The question ------------------------------------------------------------------------------ */

static enum err
take_party(const struct preview *p, const char *field, const char *code, bool staff, int32_t *id)
{
	struct reason *r = &p->call->reason;
	const struct party *found;
	int32_t idx;
	enum err e;

	if (code[0] == '\0')
		return ERR_OK;
	e = convert_code(r, AT("", field), &p->world->party_code, code, &idx);
	if (e != ERR_OK)
		return e;
	found = &p->world->parties[idx];
	if (staff ? found->kind != PARTY_STAFF
	          : found->kind != PARTY_DEALER && found->kind != PARTY_BRAND)
		return reason_set(r, ERR_BAD_FIELD, field, "\"%.64s\" is not %s", code,
		    staff ? "a staff member" : "a dealer, nor the brand");
	*id = found->id;
	return ERR_OK;
}

/* What if somebody else owned the customer?  The place he was won at goes with the owner he really has. */
static enum err
take_owner(struct preview *p)
{
	const struct party *staff;
	int32_t dealer = 0;
	enum err e;

	e = take_party(p, "owner", p->asked->owner, false, &dealer);
	if (e != ERR_OK)
		return e;
	if (dealer != 0 && dealer != p->owner.dealer)
		p->owner = (struct owner){.dealer = dealer, .source = OWNER_BY_STOREFRONT};
	e = take_party(p, "owner_staff", p->asked->owner_staff, true, &p->owner.staff);
	if (e != ERR_OK || p->asked->owner_staff[0] == '\0')
		return e;
	staff = world_party_row(p->world, p->owner.staff);
	if (staff->employer != p->owner.dealer)
		return reason_set(&p->call->reason, ERR_BAD_FIELD, "owner_staff",
		    "does not work for %.64s", party_code_of(p->world, p->owner.dealer));
	return ERR_OK;
}

static enum err
take_rest(struct preview *p)
{
	const Yuncang__V1__PreviewSplitRequest *q = p->asked;
	struct call *c = p->call;
	enum err e;

	e = take_party(p, "collector", q->collector, false, &p->collector);
	if (e != ERR_OK)
		return e;
	p->provider = q->provider[0] == '\0' ? PROVIDER_WECHAT : provider_parse(q->provider);
	if (p->provider == PROVIDER_NONE)
		return reason_set(&c->reason, ERR_BAD_FIELD, "provider", "is not one we know");
	if (q->split_rule_version < 0)
		return reason_set(&c->reason, ERR_BAD_FIELD, "split_rule_version",
		    "must be a version, or 0");
	return ERR_OK;
}

static enum err
take(struct preview *p)
{
	struct call *c = p->call;
	struct basket_in in = {.app = call_app(c),
	    .world = p->world,
	    .policy = p->policy,
	    .basket = p->asked->basket,
	    .now_us = c->received_us};
	enum err e;

	e = basket_request(&in, c->arena, &p->request, &c->reason);
	if (e != ERR_OK)
		return e;
	ownership_find(p->world, &catalog_hints(in.app->catalog)->hints, p->policy, &p->request,
	    &p->owner);
	e = take_owner(p);
	if (e != ERR_OK)
		return e;
	if (!may_see_dealer(c->principal, p->world, p->owner.dealer))
		return reason_set(&c->reason, ERR_PERMISSION_DENIED, "owner",
		    "is not in this key's scope");
	return take_rest(p);
}

/* ---- Its steps ------------------------------------------------------------------------------------ */

static void
finish(struct preview *p)
{
	const struct offers_in in = {.app = call_app(p->call),
	    .world = p->world,
	    .policy = p->policy,
	    .request = &p->request,
	    .owner = &p->owner,
	    .book = p->book,
	    .collector = p->collector,
	    .options_max = p->policy->quote_options_max};
	struct split_book *draft = p->draft; /* ${p} goes with the answer */
	enum err e = offers_make(&in, p->call->arena, &p->offers);

	if (e == ERR_OK)
		answer(p);
	else
		call_fail_err(p->call, e);
	book_free(draft);
}

/* A draft is compiled for this one answer. */
static void
draft_done(void *ctx, enum err e, const struct version_read *v)
{
	struct preview *p = ctx;
	struct reason *r = &p->call->reason;

	if (e == ERR_NOT_FOUND)
		e = reason_set(r, ERR_UNKNOWN_ID, "split_rule_version",
		    "there is no book of that version");
	if (e == ERR_OK)
		e = flow_compile.book(flow_compile.ctx, p->world, p->asked->split_rule_version,
		    v->effective_from_us, v->json, &p->draft, r);
	if (e != ERR_OK) {
		call_fail_err(p->call, e);
		return;
	}
	p->book = p->draft;
	finish(p);
}

static void
begin(struct preview *p)
{
	const int32_t version = p->asked->split_rule_version;
	struct call *c = p->call;
	enum err e;

	if (version != 0)
		p->book = catalog_book(call_app(c)->catalog, version);
	if (version == 0 || p->book != NULL) {
		finish(p);
		return;
	}
	e = book_read(call_app(c)->query_pool, c->arena, version, draft_done, p);
	if (e != ERR_OK)
		call_fail_err(c, e);
}

void
preview_split_start(struct call *c, const ProtobufCMessage *request)
{
	struct preview *p = arena_zalloc(c->arena, sizeof(*p));
	enum err e;

	if (p == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	p->call = c;
	p->asked = (const Yuncang__V1__PreviewSplitRequest *)request;
	p->world = call_world(c);
	if (p->world == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	p->policy = policy_at(p->world, c->received_us);
	if (p->policy == NULL) {
		(void)reason_set(&c->reason, ERR_NO_POLICY, NULL, "no routing policy is in force");
		call_fail(c, &c->reason, NULL);
		return;
	}
	e = take(p);
	if (e == ERR_OK)
		begin(p);
	else
		call_fail_err(c, e);
}
