#include "simulator/world.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulator/cities.h"

/* dealers, stores, customers, customers with a claim */
static const struct {
	int32_t dealers, stores;
	int64_t customers, claims;
} sizes[] = {
    [WORLD_SMALL] = {60, 300, 50000, 5000},
    [WORLD_FULL] = {5000, 30000, 2000000, 200000},
};

#define BRAND_RUN 0.04 /* of the stores */
#define CONSIGNED 0.15 /* of the goods in a dealer's store */
#define CAPACITY_LIMITED 0.10
#define WITH_SLOTS 0.03

/* A class: its part of the 500 skus, prices in yuan, contract cost in per mille of list. */
static const struct {
	const char *word;
	int count;
	int price_min, price_max;
	int cost_min, cost_max;
} classes[CLASS_COUNT] = {
    [CLASS_PHONE] = {"phone", 110, 899, 8999, 880, 950},
    [CLASS_TABLET] = {"tablet", 60, 1199, 6999, 860, 930},
    [CLASS_LAPTOP] = {"laptop", 120, 3499, 19999, 850, 930},
    [CLASS_DISPLAY] = {"display", 50, 699, 5999, 820, 900},
    [CLASS_ACCESSORY] = {"accessory", 140, 29, 999, 700, 850},
    [CLASS_WORKSTATION] = {"workstation", 20, 12999, 79999, 800, 900},
};

#define HIGH_VALUE_FEN INT64_C(500000) /* the default policy sends from CLOUD at this price */
#define SCARCE_SKUS 6

const char *
world_code(char buf[WORLD_CODE_SIZE], char kind, int64_t number)
{
	(void)snprintf(buf, WORLD_CODE_SIZE, "%c%05lld", kind, (long long)number);
	return buf;
}

const char *
world_central_code(int central)
{
	static const char *const codes[CENTRAL_COUNT] = {"SITE-1", "SITE-2", "CLOUD-1", "CLOUD-2"};

	assert(central >= 0 && central < CENTRAL_COUNT);
	return codes[central];
}

const char *
world_class_word(enum sku_class c)
{
	return classes[c].word;
}

/* Prices end in 9 yuan, cheap ones are denser: the square of an even number between the bounds. */
static int64_t
price_draw(struct rng *r, int min, int max)
{
	double u = rng_unit(r);
	int64_t yuan = min + (int64_t)(u * u * (max - min));

	return (yuan / 10 * 10 + 9) * 100;
}

static void
ware_make(const struct world *w, int number, enum sku_class class, struct ware *out)
{
	struct rng r;
	int64_t permille;

	rng_init(&r, w->seed, RNG_SKU, (uint64_t)number);
	permille = rng_between(&r, classes[class].cost_min, classes[class].cost_max);
	*out = (struct ware){.class = class};
	out->list_fen = price_draw(&r, classes[class].price_min, classes[class].price_max);
	out->cost_fen = out->list_fen * permille / 1000;
	out->floor_fen = out->cost_fen + (out->list_fen - out->cost_fen) / 2;
	out->serialised = class != CLASS_ACCESSORY;
	out->made_to_order = class == CLASS_WORKSTATION;
	out->cloud_only = class == CLASS_LAPTOP && out->list_fen > 2 * HIGH_VALUE_FEN;
}

static void
wares_make(struct world *w)
{
	int number = 0;

	for (int c = 0; c < CLASS_COUNT; c++)
		for (int i = 0; i < classes[c].count; i++, number++)
			ware_make(w, number, (enum sku_class)c, &w->wares[number]);
	assert(number == SKU_COUNT);
	/* the flash sale: a phone at a price below the threshold */
	w->hot_sku = 7;
	w->wares[w->hot_sku] = (struct ware){.class = CLASS_PHONE,
	    .cost_fen = 169900,
	    .list_fen = 199900,
	    .floor_fen = 174900,
	    .serialised = true,
	    .hot = true};
	for (int i = 0; i < SKU_COUNT; i++) {
		struct ware *x = &w->wares[i];

		if (x->hot)
			continue;
		if (x->made_to_order)
			w->order_skus[w->order_count++] = (uint16_t)i;
		else if (x->cloud_only && w->scarce_count < SCARCE_SKUS) {
			x->scarce = true;
			w->scarce_skus[w->scarce_count++] = (uint16_t)i;
		} else if (x->cloud_only || x->list_fen >= HIGH_VALUE_FEN)
			w->cloud_skus[w->cloud_count++] = (uint16_t)i;
		else
			w->ship_skus[w->ship_count++] = (uint16_t)i;
	}
}

static void
scatter(const struct city *c, struct rng *r, double *lat, double *lon)
{
	double north = rng_gauss(r) * c->spread_km, east = rng_gauss(r) * c->spread_km;

	*lat = c->lat + north / 111.2;
	*lon = c->lon + east / (111.2 * cos(c->lat * 3.14159265358979323846 / 180.0));
}

static void
store_stock(struct store *s, struct rng *r, const struct world *w)
{
	int at = (int)rng_below(r, SKU_COUNT);

	/* 7 and 500 have no common divisor: no sku comes twice */
	for (int i = 0; i < STORE_SKUS; i++) {
		const struct ware *x;

		do {
			at = (at + 7) % SKU_COUNT;
			x = &w->wares[at];
		} while (x->cloud_only || x->made_to_order || x->hot);
		s->sku[i] = (uint16_t)at;
		s->count[i] = (uint8_t)rng_between(r, 0, 20);
		s->consigned[i] = s->dealer != BY_BRAND && rng_chance(r, CONSIGNED);
	}
}

static void
store_make(const struct world *w, int32_t number, int32_t city, struct store *s)
{
	const struct city *c = &w->cities[city], *seat = &w->cities[c->seat];
	struct rng r;
	double u;

	rng_init(&r, w->seed, RNG_STORE, (uint64_t)number);
	s->city = city;
	s->type = (enum store_type)(rng_chance(&r, 0.03) ? TYPE_NIGHT : rng_below(&r, TYPE_NIGHT));
	scatter(c, &r, &s->lat, &s->lon);
	if (rng_chance(&r, BRAND_RUN)) {
		s->dealer = BY_BRAND;
	} else {
		/* some dealers have many stores, most have few */
		u = rng_unit(&r);
		s->dealer = seat->dealer_first + (int32_t)(u * u * seat->dealer_count);
	}
	if (rng_chance(&r, CAPACITY_LIMITED))
		s->capacity_day = (int32_t)rng_between(&r, 20, 60);
	s->slots = rng_chance(&r, WITH_SLOTS);
	rng_init(&r, w->seed, RNG_STOCK, (uint64_t)number);
	store_stock(s, &r, w);
}

/* Dealers sit where people are; a city without one is served from the nearest city that has one. */
static enum err
dealers_make(struct world *w, int32_t *share)
{
	int32_t at = 0;
	enum err e = cities_share(w, w->dealer_count, share);

	if (e != ERR_OK)
		return e;
	for (int32_t i = 0; i < w->city_count; i++) {
		w->cities[i].dealer_first = at;
		w->cities[i].dealer_count = share[i];
		for (int32_t k = 0; k < share[i]; k++, at++) {
			struct rng r;

			rng_init(&r, w->seed, RNG_DEALER, (uint64_t)at);
			w->dealers[at].city = i;
			w->dealers[at].grade = (int32_t)rng_between(&r, 1, 5);
		}
	}
	for (int32_t i = 0; i < w->city_count; i++) {
		double best = 1e9;

		if (w->cities[i].dealer_count > 0)
			continue;
		for (int32_t k = 0; k < w->city_count; k++) {
			double km;

			if (w->cities[k].dealer_count == 0)
				continue;
			km = cities_distance_km(w->cities[i].lat, w->cities[i].lon,
			    w->cities[k].lat, w->cities[k].lon);
			if (km < best) {
				best = km;
				w->cities[i].seat = k;
			}
		}
	}
	return ERR_OK;
}

static enum err
stores_make(struct world *w, int32_t *share)
{
	int32_t at = 0;
	enum err e = cities_share(w, w->store_count, share);

	if (e != ERR_OK)
		return e;
	for (int32_t i = 0; i < w->city_count; i++) {
		w->cities[i].store_first = at;
		w->cities[i].store_count = share[i];
		for (int32_t k = 0; k < share[i]; k++, at++)
			store_make(w, at, i, &w->stores[at]);
	}
	return ERR_OK;
}

enum err
world_make(struct world **out, const char *cities_file, enum world_size size, uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	int32_t *share = NULL;
	enum err e;

	if (w == NULL)
		return ERR_NO_MEMORY;
	w->seed = seed;
	w->size = size;
	w->dealer_count = sizes[size].dealers;
	w->store_count = sizes[size].stores;
	w->customer_count = sizes[size].customers;
	w->claim_count = sizes[size].claims;
	e = cities_read(w, cities_file);
	if (e != ERR_OK)
		goto free_world;
	e = ERR_NO_MEMORY;
	w->dealers = calloc((size_t)w->dealer_count, sizeof(*w->dealers));
	w->stores = calloc((size_t)w->store_count, sizeof(*w->stores));
	share = calloc((size_t)w->city_count, sizeof(*share));
	if (w->dealers == NULL || w->stores == NULL || share == NULL)
		goto free_world;
	wares_make(w);
	e = dealers_make(w, share);
	if (e == ERR_OK)
		e = stores_make(w, share);
	if (e != ERR_OK)
		goto free_world;
	free(share);
	*out = w;
	return ERR_OK;

free_world:
	free(share);
	world_free(w);
	return e;
}

void
world_free(struct world *w)
{
	if (w == NULL)
		return;
	free(w->cities);
	free(w->dealers);
	free(w->stores);
	free(w);
}

int32_t
world_central_stock(const struct world *w, int central, int sku)
{
	const struct ware *x = &w->wares[sku];
	bool cloud = central >= SITE_COUNT;
	int32_t deep = w->size == WORLD_FULL ? 500000 : 50000;

	if (x->made_to_order || (x->cloud_only && !cloud))
		return 0;
	if (x->hot)
		return cloud ? 100 : 400;
	if (x->scarce)
		return 300;
	return deep;
}

int32_t
world_city_pick(const struct world *w, struct rng *r)
{
	int64_t at = rng_below(r, w->cities[w->city_count - 1].population_upto);
	int32_t lo = 0, hi = w->city_count - 1;

	while (lo < hi) {
		int32_t mid = (lo + hi) / 2;

		if (w->cities[mid].population_upto > at)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

void
world_customer(const struct world *w, int64_t number, struct customer *out)
{
	struct rng r;

	rng_init(&r, w->seed, RNG_CUSTOMER, (uint64_t)number);
	out->city = world_city_pick(w, &r);
	scatter(&w->cities[out->city], &r, &out->lat, &out->lon);
}

int32_t
world_store_near(const struct world *w, int32_t city, struct rng *r)
{
	const struct city *c = &w->cities[city];

	if (c->store_count == 0)
		return -1;
	return c->store_first + (int32_t)rng_below(r, c->store_count);
}
