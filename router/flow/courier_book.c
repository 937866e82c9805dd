#include "flow/courier_book.h"

#include <string.h>

#include "flow/app.h"
#include "flow/courier.h"
#include "store/order_read.h"

struct booking {
	struct call *call;
	const Yuncang__V1__DispatchRequest *request;
	void (*then)(struct call *c, const Yuncang__V1__DispatchRequest *q);
	struct courier_call *courier_call;
	char tracking[COURIER_TRACKING_SIZE]; /* "" until it is booked */
};

const char *
courier_booked(const struct call *c)
{
	const struct booking *b = c->flow;

	return b != NULL ? b->tracking : "";
}

static void
refuse(struct booking *b, enum err e, const char *text)
{
	(void)reason_set(&b->call->reason, e, "book", "%s", text);
	call_fail(b->call, &b->call->reason, NULL);
}

static void
booked(void *ctx, const struct courier_reply *r)
{
	struct booking *b = ctx;

	if (r->err == ERR_OK) {
		memcpy(b->tracking, r->booking->tracking, sizeof(b->tracking));
		b->then(b->call, b->request);
	} else if (r->err == ERR_REFUSED_BY_RULE) {
		refuse(b, r->err, "the courier will not carry this parcel");
	} else {
		refuse(b, ERR_NOT_READY, "the courier does not answer; try again");
	}
}

/* What the courier knows the parcel by counts how often it went out before. */
static struct parcel
parcel_of(const struct order_read *o, const struct fulfilment_read *f, const struct location *l)
{
	struct parcel p = {.order_id = o->order_id,
	    .fulfilment = f->number,
	    .attempt = 1,
	    .location = l->code,
	    .lat_e6 = l->lat_e6,
	    .lon_e6 = l->lon_e6,
	    .to = o->contact,
	    .promise_from_us = f->promise_from_us,
	    .promise_to_us = f->promise_to_us};

	for (int i = 0; i < o->act_count; i++)
		p.attempt += o->acts[i].kind == ACT_DISPATCH && o->acts[i].number == f->number;
	for (int i = 0; i < f->line_count; i++)
		p.pieces += f->lines[i].quantity;
	return p;
}

/* A repeat is answered as the first time; whether it may go out, and by whom, is the act's to say: nothing is booked. */
static bool
goes_out(const struct booking *b, const struct order_read *o, const struct fulfilment_read *f,
    const struct location *l)
{
	for (int i = 0; i < o->act_count; i++)
		if (strcmp(o->acts[i].ref, b->request->act->ref) == 0)
			return false;
	return (f->state == FUL_ACCEPTED || f->state == FUL_DELIVERY_FAILED) &&
	    principal_may(b->call->principal, "location", l->code);
}

static void
read_done(void *ctx, enum err e, struct order_read *o)
{
	struct booking *b = ctx;
	struct app *app = call_app(b->call);
	const struct world *w = catalog_world(app->catalog);
	const struct fulfilment_read *f;
	const struct location *l;
	struct parcel p;

	f = e == ERR_OK ? order_fulfilment(o, b->request->act->fulfilment) : NULL;
	l = f != NULL ? world_location_row(w, f->location) : NULL;
	if (l == NULL || !goes_out(b, o, f, l)) {
		b->then(b->call, b->request);
		return;
	}
	if (f->way != WAY_DELIVER) {
		refuse(b, ERR_BAD_FIELD, "the courier fetches what a store delivers, nothing else");
		return;
	}
	if (o->contact == NULL) {
		refuse(b, ERR_WRONG_STATE, "the order's address is not there any more");
		return;
	}
	p = parcel_of(o, f, l);
	e = app->courier->ops->book(app->courier, &p, booked, b, &b->courier_call);
	if (e != ERR_OK)
		call_fail_err(b->call, e);
}

void
courier_book_start(struct call *c, const Yuncang__V1__DispatchRequest *q,
    void (*then)(struct call *c, const Yuncang__V1__DispatchRequest *q))
{
	struct app *app = call_app(c);
	struct order_key key = {0};
	struct booking *b = arena_zalloc(c->arena, sizeof(*b));
	enum err e;

	if (b == NULL) {
		call_fail_err(c, ERR_NO_MEMORY);
		return;
	}
	*b = (struct booking){.call = c, .request = q, .then = then};
	c->flow = b;
	if (app->courier == NULL) {
		refuse(b, ERR_WRONG_STATE, "this service has no courier");
		return;
	}
	if (q->tracking[0] != '\0') {
		(void)reason_set(&c->reason, ERR_BAD_FIELD, "tracking",
		    "is the courier's to say, with book");
		call_fail(c, &c->reason, NULL);
		return;
	}
	if (q->act == NULL || uuid_parse(q->act->order_id, &key.order_id) != ERR_OK) {
		then(c, q);
		return;
	}
	e = order_read_one(app->query_pool, c->arena, &key, READ_ACTS | READ_CONTACT, read_done, b);
	if (e != ERR_OK)
		call_fail_err(c, e);
}
