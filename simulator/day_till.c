#include "simulator/day_till.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "simulator/day_clock.h"
#include "simulator/day_rpc.h"
#include "yuncang/v1/store.pb-c.h"

#define SALES_MAX 3
#define BETWEEN_MIN_MIN 60
#define BETWEEN_MAX_MIN 360
#define P_REPLAY 0.06
#define P_GAP 0.01
#define P_COUNT 0.05

struct till {
	struct day_tills *all;
	int store;
	char location[WORLD_CODE_SIZE], source[WORLD_CODE_SIZE + 8];
	struct rng rng;
	int64_t sequence;    /* of the next delta */
	bool gap;            /* the report under way left a number out */
	bool replays;        /* it is sent twice */
	int deltas, counted; /* counted: which of the store's goods is being counted */
	int32_t count;
	int64_t counted_us;
	Yuncang__V1__CounterDelta delta[SALES_MAX];
	char sku[SALES_MAX][WORLD_CODE_SIZE];
};

struct day_tills {
	struct day *day;
	struct till *till;
};

static void till_goes_on(struct till *t);

static void
on_sale(void *ctx)
{
	till_goes_on(ctx);
}

static void
next_sale(struct till *t)
{
	if (!t->all->day->closing)
		day_after(t->all->day,
		    rng_between(&t->rng, BETWEEN_MIN_MIN, BETWEEN_MAX_MIN) * DAY_MIN, on_sale, t);
}

static void
report_send(struct till *t, day_answer_fn *done)
{
	Yuncang__V1__ReportStockRequest q = YUNCANG__V1__REPORT_STOCK_REQUEST__INIT;
	Yuncang__V1__CounterDelta *list[SALES_MAX];

	for (int i = 0; i < t->deltas; i++)
		list[i] = &t->delta[i];
	q.location = t->location;
	q.source = t->source;
	q.deltas = list;
	q.n_deltas = (size_t)t->deltas;
	day_call(t->all->day, DAY_ReportStock, &q.base, done, t);
}

static void
till_violation(struct till *t, const char *what, const struct rpc_answer *a)
{
	model_violation(&t->all->day->shop.model, "duplicated", "till %s: %s %s %s", t->source,
	    what, a->reason, a->text);
}

/* The same report again: every delta was told before, and nothing is booked. */
static void
replayed(void *ctx, const struct rpc_answer *a)
{
	struct till *t = ctx;
	const Yuncang__V1__ReportStockResponse *m = (const void *)a->message;

	t->all->day->tally.till_replays++;
	if (a->outcome != RPC_OK || m->written != 0 || (int)m->n_deltas_left != t->deltas)
		till_violation(t, "a replay was booked again", a);
	else
		for (size_t i = 0; i < m->n_deltas_left; i++)
			if (m->deltas_left[i]->outcome !=
			    YUNCANG__V1__STOCK_ROW_OUTCOME__STOCK_ROW_OUTCOME_REPEATED)
				till_violation(t, "a replayed delta is not said to be one", a);
	next_sale(t);
}

static void
sold(void *ctx, const struct rpc_answer *a)
{
	struct till *t = ctx;
	const Yuncang__V1__ReportStockResponse *m = (const void *)a->message;
	struct day *d = t->all->day;

	if (a->outcome != RPC_OK) {
		till_violation(t, "a sale was refused", a);
		next_sale(t);
		return;
	}
	for (int i = 0; i < t->deltas; i++)
		d->tally.till_sold -= t->delta[i].delta;
	d->tally.till_gaps += (int64_t)m->n_gaps;
	if (t->gap && m->n_gaps == 0)
		till_violation(t, "a number that was left out is not said", a);
	if (t->replays)
		report_send(t, replayed);
	else
		next_sale(t);
}

/* Whose goods they are, as the catalog has it. */
static const char *
owner_of(const struct till *t, int at, char out[WORLD_CODE_SIZE])
{
	const struct store *s = &t->all->day->world->stores[t->store];

	if (s->consigned[at] || s->dealer == BY_BRAND)
		return BRAND_CODE;
	return world_code(out, 'D', s->dealer);
}

/* Taken in now, or by a first try whose reply was lost: then the stored count is this one. */
static bool
took(const struct till *t, const Yuncang__V1__ReportStockResponse *m)
{
	const Google__Protobuf__Timestamp *at = m->n_counts_left == 1 ? m->counts_left[0]->stored_at
	                                                              : NULL;

	return m->written == 1 ||
	    (at != NULL && at->seconds * US_PER_S + at->nanos / 1000 == t->counted_us);
}

static void
counted(void *ctx, const struct rpc_answer *a)
{
	struct till *t = ctx;
	struct day *d = t->all->day;
	char sku[WORLD_CODE_SIZE], owner[WORLD_CODE_SIZE];

	if (a->outcome != RPC_OK) {
		till_violation(t, "a count was refused", a);
	} else if (took(t, (const void *)a->message)) {
		d->tally.till_counts++;
		model_counted(&d->shop.model, t->location,
		    world_code(sku, 'K', d->world->stores[t->store].sku[t->counted]),
		    owner_of(t, t->counted, owner), t->count);
	}
	next_sale(t);
}

/* A shelf is counted: what came with the last delivery lies there, too. */
static void
count_send(struct till *t)
{
	const struct store *s = &t->all->day->world->stores[t->store];
	Yuncang__V1__ReportStockRequest q = YUNCANG__V1__REPORT_STOCK_REQUEST__INIT;
	Yuncang__V1__ShelfCount c = YUNCANG__V1__SHELF_COUNT__INIT, *list[] = {&c};
	Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	char sku[WORLD_CODE_SIZE], brand[] = BRAND_CODE;

	t->counted = (int)rng_below(&t->rng, STORE_SKUS);
	t->count = (int32_t)rng_between(&t->rng, 3, 25);
	t->counted_us = day_now_us(t->all->day);
	at.seconds = t->counted_us / US_PER_S;
	at.nanos = (int32_t)(t->counted_us % US_PER_S * 1000);
	c.sku = sku;
	(void)world_code(sku, 'K', s->sku[t->counted]);
	if (s->consigned[t->counted])
		c.goods_owner = brand;
	c.count = t->count;
	c.counted_at = &at;
	q.location = t->location;
	q.counts = list;
	q.n_counts = 1;
	day_call(t->all->day, DAY_ReportStock, &q.base, counted, t);
}

static void
till_goes_on(struct till *t)
{
	const struct store *s = &t->all->day->world->stores[t->store];
	static char brand[] = BRAND_CODE;

	if (t->all->day->closing)
		return;
	if (rng_chance(&t->rng, P_COUNT)) {
		count_send(t);
		return;
	}
	t->deltas = (int)rng_between(&t->rng, 1, SALES_MAX);
	t->gap = t->sequence > 1 && rng_chance(&t->rng, P_GAP);
	t->replays = rng_chance(&t->rng, P_REPLAY);
	t->sequence += t->gap;
	for (int i = 0; i < t->deltas; i++) {
		Yuncang__V1__CounterDelta *x = &t->delta[i];
		int at = (int)rng_below(&t->rng, STORE_SKUS);

		*x = (Yuncang__V1__CounterDelta)YUNCANG__V1__COUNTER_DELTA__INIT;
		x->sku = t->sku[i];
		(void)world_code(t->sku[i], 'K', s->sku[at]);
		if (s->consigned[at])
			x->goods_owner = brand;
		x->delta = rng_chance(&t->rng, 0.05) ? 1 : -1; /* a few come back */
		x->sequence = t->sequence++;
	}
	report_send(t, sold);
}

/* What load.c counted: the shelves as the day finds them. */
static void
shelves_tell(struct day_tills *all)
{
	const struct world *w = all->day->world;
	char location[WORLD_CODE_SIZE], sku[WORLD_CODE_SIZE], owner[WORLD_CODE_SIZE];

	for (int c = 0; c < CENTRAL_COUNT; c++)
		for (int k = 0; k < SKU_COUNT; k++)
			if (world_central_stock(w, c, k) > 0)
				model_counted(&all->day->shop.model, world_central_code(c),
				    world_code(sku, 'K', k), BRAND_CODE,
				    world_central_stock(w, c, k));
	for (int i = 0; i < w->store_count; i++)
		for (int k = 0; k < STORE_SKUS; k++)
			model_counted(&all->day->shop.model, world_code(location, 'S', i),
			    world_code(sku, 'K', w->stores[i].sku[k]),
			    owner_of(&all->till[i], k, owner), w->stores[i].count[k]);
}

void
day_tills_begin(struct day_tills *all)
{
	shelves_tell(all);
	for (int i = 0; i < all->day->world->store_count; i++)
		next_sale(&all->till[i]);
}

enum err
day_tills_new(struct day_tills **out, struct day *d)
{
	struct day_tills *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return ERR_NO_MEMORY;
	*out = all;
	all->day = d;
	all->till = calloc((size_t)d->world->store_count, sizeof(*all->till));
	if (all->till == NULL)
		return ERR_NO_MEMORY;
	for (int i = 0; i < d->world->store_count; i++) {
		struct till *t = &all->till[i];

		t->all = all;
		t->store = i;
		t->sequence = 1;
		(void)world_code(t->location, 'S', i);
		(void)snprintf(t->source, sizeof(t->source), "till-%s", t->location);
		day_rng(d, t->source, 0, &t->rng);
	}
	return ERR_OK;
}

void
day_tills_free(struct day_tills *all)
{
	if (all == NULL)
		return;
	free(all->till);
	free(all);
}
