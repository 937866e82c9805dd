#include "simulator/day_customer.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strmap.h"
#include "simulator/day_clock.h"
#include "simulator/day_collect.h"
#include "simulator/day_goods.h"
#include "simulator/day_return.h"
#include "simulator/day_rpc.h"

#define BUCKETS 16384
#define P_CANCEL_EARLY 0.03
#define P_CHANGE 0.02
#define P_RETURN 0.10
#define P_PAYS_BALANCE 0.85

struct customer_order {
	struct day *day;
	struct customer_order *next;
	char order_id[JOB_ID_SIZE];
	bool cancels; /* asked to, once */
	struct rng rng;
	uint64_t number; /* of the order */
};

struct day_customers {
	struct day *day;
	struct customer_order *bucket[BUCKETS];
};

typedef void react_fn(struct customer_order *o, int number);

static struct customer_order **
order_slot(struct day_customers *c, const char *order_id)
{
	struct customer_order **at = &c->bucket[hash64(order_id, strlen(order_id), 0) % BUCKETS];

	while (*at != NULL && strcmp((*at)->order_id, order_id) != 0)
		at = &(*at)->next;
	return at;
}

static void
act_fill(struct customer_order *o, Yuncang__V1__Act *act, char ref[DAY_REF_SIZE])
{
	*act = (Yuncang__V1__Act)YUNCANG__V1__ACT__INIT;
	act->order_id = o->order_id;
	(void)day_ref(o->day, ref);
	act->ref = ref;
}

/* Too late is part of the day; a refusal for another reason is not. */
static void
judge(struct customer_order *o, const char *what, const struct rpc_answer *a, int64_t *tally)
{
	struct day *d = o->day;

	if (a->outcome == RPC_OK)
		(*tally)++;
	else if (a->outcome == RPC_AGAIN || strcmp(a->reason, "wrong_state") == 0)
		d->tally.too_late++;
	else
		model_violation(&d->shop.model, "lost", "%s of order %s: %s %s", what, o->order_id,
		    a->reason, a->text);
}

/* ---- Cancel and change -------------------------------------------------------------------------- */

static void
cancelled(void *ctx, const struct rpc_answer *a)
{
	struct customer_order *o = ctx;

	judge(o, "CancelOrder", a, &o->day->tally.cancelled);
}

static void
on_cancel(void *ctx)
{
	struct customer_order *o = ctx;
	Yuncang__V1__CancelOrderRequest q = YUNCANG__V1__CANCEL_ORDER_REQUEST__INIT;
	char ref[DAY_REF_SIZE];
	Yuncang__V1__Act act;

	act_fill(o, &act, ref);
	q.act = &act;
	day_call(o->day, DAY_CancelOrder, &q.base, cancelled, o);
}

static void
cancel_soon(struct customer_order *o, int64_t from_min, int64_t to_min)
{
	if (o->cancels)
		return;
	o->cancels = true;
	day_after(o->day, rng_between(&o->rng, from_min, to_min) * DAY_MIN, on_cancel, o);
}

static void
changed(void *ctx, const struct rpc_answer *a)
{
	struct customer_order *o = ctx;

	if (a->outcome == RPC_REFUSED && strcmp(a->reason, "wrong_state") != 0) {
		o->day->tally.too_late++; /* no longer to be had so, or dearer: his order stands */
		return;
	}
	judge(o, "ChangeOrder", a, &o->day->tally.changed);
}

/* The same goods, brought elsewhere: another address in his town. */
static void
on_change(void *ctx)
{
	struct customer_order *o = ctx;
	struct day *d = o->day;
	Yuncang__V1__ChangeOrderRequest q = YUNCANG__V1__CHANGE_ORDER_REQUEST__INIT;
	Yuncang__V1__Address at = YUNCANG__V1__ADDRESS__INIT;
	Yuncang__V1__Position position = YUNCANG__V1__POSITION__INIT;
	char ref[DAY_REF_SIZE], name[] = "顾客", phone[] = "13900000000", street[] = "解放路 1 号";
	char region[sizeof(d->world->cities->region)];
	Yuncang__V1__Act act;
	struct plan p;

	mix_plan(&d->shop.mix, o->number, false, &p);
	if (!p.has_address)
		return;
	(void)snprintf(region, sizeof(region), "%s", d->world->cities[p.city].region);
	position.latitude = p.lat + 0.002;
	position.longitude = p.lon;
	at.name = name;
	at.phone = phone;
	at.street = street;
	at.region = region;
	at.position = &position;
	act_fill(o, &act, ref);
	q.act = &act;
	q.address = &at;
	day_call(d, DAY_ChangeOrder, &q.base, changed, o);
}

/* ---- Another way ---------------------------------------------------------------------------------- */

static void
chosen(void *ctx, const struct rpc_answer *a)
{
	struct customer_order *o = ctx;

	if (a->outcome == RPC_REFUSED && strcmp(a->reason, "wrong_state") != 0) {
		o->day->tally.too_late++; /* gone meanwhile: his time runs out */
		return;
	}
	judge(o, "ChooseAlternative", a, &o->day->tally.chosen);
}

static void
listed(void *ctx, const struct rpc_answer *a)
{
	struct customer_order *o = ctx;
	const Yuncang__V1__ListAlternativesResponse *m = (const void *)a->message;
	Yuncang__V1__ChooseAlternativeRequest q = YUNCANG__V1__CHOOSE_ALTERNATIVE_REQUEST__INIT;
	char ref[DAY_REF_SIZE];
	Yuncang__V1__Act act;

	if (a->outcome != RPC_OK) {
		int64_t ignored = 0;

		judge(o, "ListAlternatives", a, &ignored);
		return;
	}
	act_fill(o, &act, ref);
	q.act = &act;
	if (m->n_alternatives == 0 || rng_chance(&o->rng, 0.2)) {
		q.cancel = true;
	} else {
		const Yuncang__V1__Alternative *x =
		    m->alternatives[rng_below(&o->rng, (int64_t)m->n_alternatives)];

		q.way = x->way;
		if (x->way == YUNCANG__V1__WAY__WAY_PICKUP && x->n_parts > 0)
			q.location = x->parts[0]->location;
	}
	day_call(o->day, DAY_ChooseAlternative, &q.base, chosen, o);
}

static void
on_choice(void *ctx)
{
	struct customer_order *o = ctx;
	Yuncang__V1__ListAlternativesRequest q = YUNCANG__V1__LIST_ALTERNATIVES_REQUEST__INIT;

	q.order_id = o->order_id;
	day_call(o->day, DAY_ListAlternatives, &q.base, listed, o);
}

/* ---- The balance ---------------------------------------------------------------------------------- */

static void
balance_paid(void *ctx, const struct rpc_answer *a)
{
	struct customer_order *o = ctx;

	judge(o, "the balance", a, &o->day->tally.balances);
}

static void
balance_read(void *ctx, const struct rpc_answer *a)
{
	struct customer_order *o = ctx;
	const Yuncang__V1__GetOrderResponse *m = (const void *)a->message;
	Yuncang__V1__ConfirmPaymentRequest q = YUNCANG__V1__CONFIRM_PAYMENT_REQUEST__INIT;
	Yuncang__V1__Payment pay = YUNCANG__V1__PAYMENT__INIT;
	Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	char provider[] = "wechat", number[MIX_PAYMENT_SIZE];

	if (a->outcome != RPC_OK || m->order == NULL || m->order->deposit == NULL)
		return;
	if (m->order->deposit->balance_fen == 0) /* cancelled meanwhile: nothing is left to pay */
		return;
	/* as mix_payment_number(), of the second part */
	(void)snprintf(number, sizeof(number), "4201-%s-%llu", o->day->shop.mix.tag,
	    (unsigned long long)o->number);
	at.seconds = day_now_us(o->day) / US_PER_S;
	pay.provider = provider;
	pay.number = number;
	pay.amount_fen = m->order->deposit->balance_fen;
	pay.paid_at = &at;
	q.order_id = o->order_id;
	q.payment = &pay;
	if (!day_pay(o->day, o->order_id, &pay, true))
		return;
	day_call(o->day, DAY_ConfirmPayment, &q.base, balance_paid, o);
}

static void
on_balance(void *ctx)
{
	struct customer_order *o = ctx;
	Yuncang__V1__GetOrderRequest q = YUNCANG__V1__GET_ORDER_REQUEST__INIT;

	q.order_id = o->order_id;
	day_call(o->day, DAY_GetOrder, &q.base, balance_read, o);
}

/* ---- What they hear ------------------------------------------------------------------------------- */

static void
hears_ready(struct customer_order *o, int number)
{
	day_collect_begin(o->day, o->order_id, number);
}

static void
hears_awaiting(struct customer_order *o, int number)
{
	(void)number;
	if (rng_chance(&o->rng, 0.7))
		day_after(o->day, rng_between(&o->rng, 10, 600) * DAY_MIN, on_choice, o);
}

static void
hears_unfillable(struct customer_order *o, int number)
{
	(void)number;
	if (rng_chance(&o->rng, 0.3))
		cancel_soon(o, 10, 600);
}

static void
hears_overdue(struct customer_order *o, int number)
{
	(void)number;
	if (rng_chance(&o->rng, 0.3))
		cancel_soon(o, 10, 120);
}

static void
hears_arrived(struct customer_order *o, int number)
{
	if (rng_chance(&o->rng, P_RETURN))
		day_return_begin(o->day, o->order_id, number);
}

static void
hears_balance(struct customer_order *o, int number)
{
	(void)number;
	if (rng_chance(&o->rng, P_PAYS_BALANCE))
		day_after(o->day, rng_between(&o->rng, 60, 1200) * DAY_MIN, on_balance, o);
}

static const struct {
	const char *type;
	react_fn *react;
} hears[] = {
    {"EVENT_TYPE_FULFILMENT_READY", hears_ready},
    {"EVENT_TYPE_ORDER_AWAITING_CUSTOMER", hears_awaiting},
    {"EVENT_TYPE_ORDER_UNFILLABLE", hears_unfillable},
    {"EVENT_TYPE_FULFILMENT_OVERDUE", hears_overdue},
    {"EVENT_TYPE_FULFILMENT_COLLECTED", hears_arrived},
    {"EVENT_TYPE_FULFILMENT_DELIVERED", hears_arrived},
    {"EVENT_TYPE_BALANCE_DUE", hears_balance},
};

void
day_customers_told(struct day_customers *c, const char *type, const char *order_id, int number)
{
	struct customer_order *o = *order_slot(c, order_id);

	for (size_t i = 0; o != NULL && i < sizeof(hears) / sizeof(hears[0]); i++)
		if (strcmp(type, hears[i].type) == 0)
			hears[i].react(o, number);
}

void
day_customers_ordered(struct day_customers *c, const struct plan *p, const char *order_id)
{
	struct customer_order **at = order_slot(c, order_id), *o;

	if (*at != NULL)
		return;
	o = calloc(1, sizeof(*o));
	if (o == NULL) {
		day_fail(c->day, "no memory for another customer");
		return;
	}
	*at = o;
	o->day = c->day;
	o->number = p->number;
	(void)snprintf(o->order_id, sizeof(o->order_id), "%s", order_id);
	day_rng(c->day, order_id, 0, &o->rng);
	if (rng_chance(&o->rng, P_CANCEL_EARLY))
		cancel_soon(o, 1, 240);
	else if (rng_chance(&o->rng, P_CHANGE))
		day_after(c->day, rng_between(&o->rng, 1, 60) * DAY_MIN, on_change, o);
}

enum err
day_customers_new(struct day_customers **out, struct day *d)
{
	struct day_customers *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return ERR_NO_MEMORY;
	c->day = d;
	*out = c;
	return ERR_OK;
}

void
day_customers_free(struct day_customers *c)
{
	if (c == NULL)
		return;
	for (int i = 0; i < BUCKETS; i++)
		while (c->bucket[i] != NULL) {
			struct customer_order *o = c->bucket[i];

			c->bucket[i] = o->next;
			free(o);
		}
	free(c);
}
