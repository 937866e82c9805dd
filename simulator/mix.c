#include "simulator/mix.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "simulator/rng.h"

/* The mix of the ways in per cent, and how often storefronts and networks do what. */
static const int way_percent[MIX_WAYS] = {40, 20, 20, 20};
#define P_CLAIMED 0.30
#define P_GUEST 0.05
#define P_MADE_TO_ORDER 0.03
#define P_SCARCE 0.08
#define P_BELOW_LIST 0.15
#define P_CAMPAIGN 0.10
#define P_QUOTE 0.15
#define P_CUT 0.02
#define P_REPEAT 0.03
#define P_OTHER_BODY 0.01
#define P_SLOT 0.5
#define CUSTOMER_TRIES 8

const char *
mix_ref(const struct mix *m, uint64_t number, char out[REF_SIZE])
{
	(void)snprintf(out, REF_SIZE, "%s-%llu", m->tag, (unsigned long long)number);
	return out;
}

static enum mix_way
way_draw(struct rng *r)
{
	int64_t at = rng_below(r, 100);
	int w = 0;

	while (at >= way_percent[w])
		at -= way_percent[w++];
	assert(w < MIX_WAYS);
	return (enum mix_way)w;
}

static void
customer_draw(const struct world *w, struct rng *r, struct plan *p)
{
	struct customer who;
	int64_t number;

	for (int i = 0; i < CUSTOMER_TRIES; i++) {
		number =
		    rng_below(r, rng_chance(r, P_CLAIMED) ? w->claim_count : w->customer_count);
		world_customer(w, number, &who);
		if (p->way == MIX_SHIP || p->way == MIX_CLOUD ||
		    w->cities[who.city].store_count > 0)
			break;
	}
	p->city = who.city;
	p->lat = who.lat;
	p->lon = who.lon;
	if (!rng_chance(r, P_GUEST))
		(void)world_code(p->customer, 'U', number);
	p->store = world_store_near(w, p->city, r);
	if (p->store < 0)
		p->store = (int32_t)rng_below(r, w->store_count);
}

static void
line_price(const struct world *w, struct rng *r, struct plan_line *l)
{
	const struct ware *x = &w->wares[l->sku];
	int64_t price = x->list_fen, most;

	l->campaign = -1;
	if (rng_chance(r, P_BELOW_LIST)) {
		price = rng_between(r, x->floor_fen, x->list_fen);
		l->price_fen = price;
	}
	if (rng_chance(r, P_CAMPAIGN)) {
		l->campaign = (int32_t)rng_below(r, CAMPAIGN_COUNT);
		most = price / 10 < 3000 ? price / 10 : 3000;
		l->discount_fen = most < 1 ? 1 : rng_between(r, 1, most);
	}
}

static uint16_t
sku_draw(const struct world *w, struct rng *r, const struct plan *p)
{
	const struct store *s = &w->stores[p->store];
	double u = rng_unit(r);

	switch (p->way) {
	case MIX_SHIP:
		if (rng_chance(r, P_MADE_TO_ORDER))
			return w->order_skus[rng_below(r, w->order_count)];
		return w->ship_skus[(int)(u * u * w->ship_count)];
	case MIX_CLOUD:
		if (rng_chance(r, P_SCARCE))
			return w->scarce_skus[rng_below(r, w->scarce_count)];
		return w->cloud_skus[(int)(u * u * w->cloud_count)];
	default:
		return s->sku[rng_below(r, STORE_SKUS)];
	}
}

static void
lines_draw(const struct world *w, struct rng *r, bool hot, struct plan *p)
{
	int64_t u = rng_below(r, 100);
	int want = hot || u < 70 ? 1 : u < 90 ? 2 : 3;

	for (int i = 0; i < want; i++) {
		struct plan_line *l = &p->line[p->line_count];
		bool twice = false;

		l->sku = hot ? w->hot_sku : sku_draw(w, r, p);
		for (int k = 0; k < p->line_count; k++)
			twice = twice || p->line[k].sku == l->sku;
		if (twice)
			continue;
		l->quantity = hot || rng_chance(r, 0.85) ? 1 : (int32_t)rng_between(r, 2, 3);
		line_price(w, r, l);
		p->list_fen += l->quantity * w->wares[l->sku].list_fen;
		p->line_count++;
	}
}

static void
storefront_draw(const struct mix *m, struct rng *r, bool hot, struct plan *p)
{
	int64_t at = rng_below(r, 100);
	bool central = p->way == MIX_SHIP || p->way == MIX_CLOUD;

	if (m->mode == MODE_PEAK)
		at = at < 85 ? 80 : at;
	if (hot)
		at = 80;
	if (p->way != MIX_PICKUP && at >= 90) {
		(void)world_code(p->storefront, 'X', rng_below(r, CHANNEL_COUNT));
		p->prepaid = true;
	} else if (central && at >= 70) {
		(void)world_code(p->storefront, 'L', rng_below(r, LIVE_COUNT));
	} else if (central ? at < 35 : at < 20) {
		(void)snprintf(p->storefront, sizeof(p->storefront), "OFFICIAL");
	} else {
		(void)world_code(p->storefront, 'F', p->store);
	}
}

static void
faults_draw(const struct mix *m, uint64_t number, struct plan *p)
{
	struct rng r;

	rng_init(&r, m->world->seed, RNG_FAULT, number);
	p->quote_first = p->prepaid || rng_chance(&r, P_QUOTE);
	p->pays = !p->prepaid && rng_below(&r, 100) < m->pay_percent;
	p->pay_after_us = rng_between(&r, 20, 400) * US_PER_MS;
	while (p->cuts < 3 && rng_chance(&r, p->cuts == 0 ? P_CUT : 0.3))
		p->cuts++;
	p->cut_after_us = rng_chance(&r, 0.5) ? 0 : rng_between(&r, 1, 8000);
	p->pay_cut = rng_chance(&r, P_CUT);
	p->pay_repeat = rng_chance(&r, P_REPEAT);
	p->repeat = rng_chance(&r, P_REPEAT);
	p->other_body = rng_chance(&r, P_OTHER_BODY);
	p->old_repeat = rng_chance(&r, P_REPEAT);
}

void
mix_plan(const struct mix *m, uint64_t number, bool hot, struct plan *p)
{
	struct rng r;

	*p = (struct plan){.number = number, .store = -1};
	rng_init(&r, m->world->seed, RNG_ORDER, number);
	p->way = hot ? MIX_SHIP : way_draw(&r);
	customer_draw(m->world, &r, p);
	lines_draw(m->world, &r, hot, p);
	storefront_draw(m, &r, hot, p);
	p->has_address = p->way != MIX_PICKUP;
	p->wants_slot = p->way == MIX_PICKUP && m->world->stores[p->store].slots &&
	    rng_chance(&r, P_SLOT);
	if (p->way != MIX_PICKUP)
		p->store = -1;
	faults_draw(m, number, p);
}

/* ---- Messages ---------------------------------------------------------------------------------- */

#define NEW(a, type, TYPE, var) \
	Yuncang__V1__##type *var = arena_alloc(a, sizeof(Yuncang__V1__##type)); \
	if (var == NULL) \
		return NULL; \
	*var = (Yuncang__V1__##type)YUNCANG__V1__##TYPE##__INIT

static Yuncang__V1__OrderLine *
line_message(const struct plan_line *l, struct arena *a)
{
	char buf[WORLD_CODE_SIZE];

	NEW(a, OrderLine, ORDER_LINE, m);
	m->sku = arena_strdup(a, world_code(buf, 'K', l->sku));
	m->quantity = l->quantity;
	m->unit_price_fen = l->price_fen;
	if (l->campaign >= 0) {
		m->campaign = arena_strdup(a, world_code(buf, 'C', l->campaign));
		m->discount_fen = l->discount_fen;
	}
	return m->sku == NULL || m->campaign == NULL ? NULL : m;
}

static Yuncang__V1__Address *
address_message(const struct mix *m, const struct plan *p, struct arena *a)
{
	NEW(a, Address, ADDRESS, d);
	NEW(a, Position, POSITION, at);
	at->latitude = p->lat;
	at->longitude = p->lon;
	d->position = at;
	d->name = arena_printf(a, "顾客 %llu", (unsigned long long)p->number);
	d->phone = arena_printf(a, "139%08llu", (unsigned long long)(p->number % 100000000));
	d->street = arena_printf(a, "中山路 %llu 号", (unsigned long long)(p->number % 2000 + 1));
	d->region = arena_strdup(a, m->world->cities[p->city].region);
	return d->name == NULL || d->phone == NULL || d->street == NULL || d->region == NULL ? NULL
	                                                                                     : d;
}

/* One of the slots that load_rows.c made: of the two days after tomorrow, so that none is past. */
static Yuncang__V1__SlotChoice *
slot_message(const struct mix *m, const struct plan *p, struct arena *a)
{
	int32_t today = (int32_t)((m->started_us + 8 * 3600 * US_PER_S) / US_PER_DAY), y, mo, d;

	NEW(a, SlotChoice, SLOT_CHOICE, s);
	civil_from_days(today + 2 + (int32_t)(p->number % 2), &y, &mo, &d);
	s->date = arena_printf(a, "%04d-%02d-%02d", y, mo, d);
	s->from_minute = 660 + (int32_t)(p->number % SLOTS_A_DAY) * 180;
	s->to_minute = s->from_minute + 120;
	return s->date == NULL ? NULL : s;
}

static Yuncang__V1__Basket *
basket_message(const struct mix *m, const struct plan *p, struct arena *a)
{
	static const Yuncang__V1__Way ways[MIX_WAYS] = {YUNCANG__V1__WAY__WAY_SHIP,
	    YUNCANG__V1__WAY__WAY_SHIP, YUNCANG__V1__WAY__WAY_PICKUP,
	    YUNCANG__V1__WAY__WAY_DELIVER};
	char buf[WORLD_CODE_SIZE];

	NEW(a, Basket, BASKET, b);
	b->storefront = arena_strdup(a, p->storefront);
	b->customer = arena_strdup(a, p->customer);
	b->way = ways[p->way];
	b->lines = arena_array(a, PLAN_LINES_MAX, sizeof(*b->lines));
	if (b->storefront == NULL || b->customer == NULL || b->lines == NULL)
		return NULL;
	for (int i = 0; i < p->line_count; i++)
		if ((b->lines[b->n_lines++] = line_message(&p->line[i], a)) == NULL)
			return NULL;
	if (p->store >= 0 &&
	    (b->location = arena_strdup(a, world_code(buf, 'S', p->store))) == NULL)
		return NULL;
	if (p->has_address && (b->address = address_message(m, p, a)) == NULL)
		return NULL;
	if (p->wants_slot && (b->slot = slot_message(m, p, a)) == NULL)
		return NULL;
	return b;
}

Yuncang__V1__QuoteRequest *
mix_quote(const struct mix *m, const struct plan *p, struct arena *a)
{
	NEW(a, QuoteRequest, QUOTE_REQUEST, q);
	q->basket = basket_message(m, p, a);
	return q->basket == NULL ? NULL : q;
}

Yuncang__V1__SubmitOrderRequest *
mix_submit(const struct mix *m, const struct plan *p, struct arena *a)
{
	char ref[REF_SIZE];

	NEW(a, SubmitOrderRequest, SUBMIT_ORDER_REQUEST, q);
	q->basket = basket_message(m, p, a);
	q->order_ref = arena_strdup(a, mix_ref(m, p->number, ref));
	q->accept_other_way = p->number % 4 == 0;
	return q->basket == NULL || q->order_ref == NULL ? NULL : q;
}

const char *
mix_payment_number(const struct mix *m, uint64_t number, char out[MIX_PAYMENT_SIZE])
{
	char ref[REF_SIZE];

	(void)snprintf(out, MIX_PAYMENT_SIZE, "4200-%s", mix_ref(m, number, ref));
	return out;
}

Yuncang__V1__Payment *
mix_payment(const struct mix *m, const struct plan *p, int64_t fen, int64_t paid_at_us,
    struct arena *a)
{
	Google__Protobuf__Timestamp *at = arena_alloc(a, sizeof(*at));
	char number[MIX_PAYMENT_SIZE];

	NEW(a, Payment, PAYMENT, d);
	if (at == NULL)
		return NULL;
	*at = (Google__Protobuf__Timestamp)GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	at->seconds = paid_at_us / US_PER_S;
	at->nanos = (int32_t)(paid_at_us % US_PER_S * 1000);
	d->provider = arena_strdup(a, p->prepaid ? "channel" : "wechat");
	d->number = arena_strdup(a, mix_payment_number(m, p->number, number));
	d->amount_fen = fen;
	d->paid_at = at;
	if (p->prepaid) /* storefront X00001 is of channel N00001 */
		d->merchant = arena_printf(a, "N%s", p->storefront + 1);
	return d->provider == NULL || d->number == NULL || d->merchant == NULL ? NULL : d;
}

/* ---- The live stream --------------------------------------------------------------------------- */

/* A rush at the opening, another when the star appears, a last one before the end. */
static double
peak_rate(double t)
{
	double middle = (t - 0.5) / 0.06, end = (t - 0.95) / 0.05;

	return 0.35 + 2.2 * exp(-12 * t) + 1.1 * exp(-middle * middle) + 0.9 * exp(-end * end);
}

#define PEAK_STEPS 1000

double
mix_peak_done(double t)
{
	static double done[PEAK_STEPS + 1];
	double at;
	int i;

	if (done[PEAK_STEPS] == 0.0)
		for (i = 0; i < PEAK_STEPS; i++)
			done[i + 1] = done[i] + peak_rate((i + 0.5) / PEAK_STEPS);
	if (t >= 1.0)
		return 1.0;
	at = t * PEAK_STEPS;
	i = (int)at;
	return (done[i] + (at - i) * (done[i + 1] - done[i])) / done[PEAK_STEPS];
}
