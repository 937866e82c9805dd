#include "simulator/bench_plan.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/strmap.h"

#define NUMBERS_MASK UINT64_C(0x3fffffff)
#define STOCK_LEAST 5 /* pieces in the store when the world was loaded */
#define DRAW_TRIES 64

static bool
suits(const struct store *s, int nth)
{
	return s->capacity_day == 0 && !s->slots && !s->consigned[nth] &&
	    s->count[nth] >= STOCK_LEAST;
}

/* A row of a store that suits; when luck fails for long, the last one drawn. */
static void
row_draw(const struct world *w, struct rng *r, int32_t *store, uint16_t *sku)
{
	for (int i = 0; i < DRAW_TRIES; i++) {
		int nth = (int)rng_below(r, STORE_SKUS);

		*store = (int32_t)rng_below(r, w->store_count);
		*sku = w->stores[*store].sku[nth];
		if (suits(&w->stores[*store], nth))
			break;
	}
}

void
bench_mix_init(struct bench_mix *m, const struct world *w, enum bench_target target,
    const char *tag)
{
	struct rng r;

	*m = (struct bench_mix){.mix = {.world = w,
	                            .mode = MODE_STEADY,
	                            .started_us = clock_wall_us()},
	    .target = target,
	    .number_first = hash64(tag, strlen(tag), 0) & NUMBERS_MASK};
	(void)snprintf(m->mix.tag, sizeof(m->mix.tag), "%s", tag);
	rng_init(&r, w->seed ^ 3, RNG_ORDER, 0);
	row_draw(w, &r, &m->hot_store, &m->hot_sku);
}

void
bench_plan(const struct bench_mix *m, uint64_t index, struct plan *p)
{
	const struct world *w = m->mix.world;
	uint64_t number = m->number_first + index;
	struct plan_line *l = &p->line[0];
	struct rng r;

	if (m->target == BENCH_MIX) {
		mix_plan(&m->mix, number, false, p);
		return;
	}
	rng_init(&r, w->seed, RNG_ORDER, number);
	*p = (struct plan){.number = number,
	    .way = MIX_PICKUP,
	    .store = m->hot_store,
	    .line_count = 1,
	    .line = {{.sku = m->hot_sku, .quantity = 1, .campaign = -1}}};
	(void)world_code(p->customer, 'U', rng_below(&r, w->customer_count));
	if (m->target == BENCH_SPREAD)
		row_draw(w, &r, &p->store, &l->sku);
	(void)world_code(p->storefront, 'F', p->store);
}
