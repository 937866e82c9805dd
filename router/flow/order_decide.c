#include "flow/order_decide.h"

#include "domain/ownership.h"
#include "flow/basket.h"
#include "flow/choose.h"
#include "flow/order_rows.h"
#include "flow/redeem.h"

static enum err
no_memory(struct reason *r)
{
	return reason_set(r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
}

static enum err
check_street(const struct order_decide *d, const struct plan *p, struct reason *r)
{
	const Yuncang__V1__Address *a = d->m->basket->address;

	for (int i = 0; i < p->part_count; i++)
		if (p->parts[i].way != WAY_PICKUP && (a == NULL || a->street[0] == '\0'))
			return reason_set(r, ERR_BAD_FIELD, "basket.address.street",
			    "is needed to send an order");
	return ERR_OK;
}

/* A time the customer booked is kept or refused, never dropped on the way to another plan. */
static enum err
check_slot(const struct order_decide *d, const struct plan *p, struct reason *r)
{
	if (!d->request.has_slot)
		return ERR_OK;
	for (int i = 0; i < p->part_count; i++)
		if (p->parts[i].takes_slot)
			return ERR_OK;
	return reason_set(r, ERR_SLOT_FULL, "basket.slot", "%s", err_text(ERR_SLOT_FULL));
}

static enum err
convert(struct order_decide *d, struct reason *r)
{
	const struct app *app = call_app(d->call);
	struct basket_in b = {.app = app,
	    .world = d->world,
	    .policy = d->policy,
	    .basket = d->m->basket,
	    .payment = d->m->payment,
	    .token = d->token,
	    .now_us = d->call->received_us,
	    .submit = true};
	enum err e = basket_request(&b, d->call->arena, &d->request, r);

	if (e != ERR_OK)
		return e;
	d->request.accept_other_way = d->m->accept_other_way;
	ownership_find(d->world, &catalog_hints(app->catalog)->hints, d->policy, &d->request,
	    &d->owner);
	return ERR_OK;
}

static enum err
choose_one(struct order_decide *d, struct choices *got, struct reason *r)
{
	struct arena *a = d->call->arena;
	struct choose_in in = {.app = call_app(d->call),
	    .world = d->world,
	    .policy = d->policy,
	    .request = &d->request,
	    .owner = &d->owner,
	    .options_max = 1,
	    .ignore_inflight = d->raw};
	enum err e;

	if (d->token != NULL)
		return redeem(d->token, &in, &d->request, a, got, r);
	e = choose(&in, a, got, r);
	return e != ERR_MARGIN_BELOW_FLOOR ? e : redeem(NULL, &in, &d->request, a, got, r);
}

static enum err
make_rows(struct order_decide *d, struct reason *r)
{
	struct arena *a = d->call->arena;
	struct choices *got = arena_zalloc(a, sizeof(*got));
	struct rows_in rows = {.app = call_app(d->call),
	    .world = d->world,
	    .request = &d->request,
	    .owner = &d->owner,
	    .choices = got,
	    .policy = d->policy};
	enum err e;

	if (got == NULL)
		return no_memory(r);
	e = choose_one(d, got, r);
	if (e == ERR_OK)
		e = check_street(d, got->choice[0].plan, r);
	if (e == ERR_OK)
		e = check_slot(d, got->choice[0].plan, r);
	if (e == ERR_OK && d->m->payment != NULL) {
		e = basket_payment(d->m->payment, "payment", d->call->received_us, &d->payment, r);
		rows.payment = &d->payment;
	}
	return e == ERR_OK ? order_rows_make(&rows, &d->row, a, r) : e;
}

enum err
order_decide(struct order_decide *d, struct reason *r)
{
	struct call *c = d->call;
	enum err e = ERR_OK;

	if (d->m->quote_token[0] != '\0' && d->token == NULL)
		e = token_read(call_app(c), d->m->quote_token, c->received_us, c->arena, &d->token,
		    r);
	if (e != ERR_OK)
		return e;
	d->world = call_world(c);
	if (d->world == NULL)
		return no_memory(r);
	d->policy = policy_at(d->world, c->received_us);
	if (d->policy == NULL)
		return reason_set(r, ERR_NO_POLICY, NULL, "no routing policy is in force");
	e = convert(d, r);
	return e == ERR_OK ? make_rows(d, r) : e;
}
