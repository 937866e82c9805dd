#ifndef SIMULATOR_WORLD_H
#define SIMULATOR_WORLD_H

/*
 * world: the seeded brand, its dealers, stores, goods and customers, on the real cities of China.
 * The same seed and size give the same world on every machine.  Stores and dealers are spread over
 * the cities by population, stores and customers scattered around the city's centre by a normal
 * distribution as wide as the city is big.  Customers are not kept: world_customer() makes them.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "simulator/rng.h"

#define STORE_SKUS 50
#define SKU_COUNT 500
#define SITE_COUNT 2
#define CLOUD_COUNT 2
#define CENTRAL_COUNT (SITE_COUNT + CLOUD_COUNT)
#define CHANNEL_COUNT 2
#define LIVE_COUNT 3
#define CAMPAIGN_COUNT 4
#define SLOT_DAYS 4
#define SLOTS_A_DAY 3
#define BRAND_CODE "BRAND"
#define BRAND_MERCHANT "1900000001"
#define BY_BRAND (-1) /* in place of a dealer's number */
#define WORLD_CODE_SIZE 24

enum world_size { WORLD_SMALL, WORLD_FULL };

struct city {
	int32_t geoname_id;
	char admin1[4];
	char region[20]; /* "23.1796236" */
	double lat, lon;
	int64_t population, population_upto; /* upto: of all cities up to this one */
	double spread_km;
	int32_t store_first, store_count;
	int32_t dealer_first, dealer_count;
	int32_t seat; /* the city whose dealers serve it: itself when it has some */
};

struct dealer {
	int32_t city, grade;
};

enum store_type { TYPE_MALL, TYPE_STREET, TYPE_COMMUNITY, TYPE_NIGHT, TYPE_COUNT };

struct store {
	int32_t city, dealer; /* dealer may be BY_BRAND */
	enum store_type type;
	double lat, lon;
	int32_t capacity_day; /* 0: no limit */
	bool slots;
	uint16_t sku[STORE_SKUS];
	uint8_t count[STORE_SKUS];
	bool consigned[STORE_SKUS]; /* the brand's goods */
};

enum sku_class {
	CLASS_PHONE,
	CLASS_TABLET,
	CLASS_LAPTOP,
	CLASS_DISPLAY,
	CLASS_ACCESSORY,
	CLASS_WORKSTATION,
	CLASS_COUNT
};

struct ware {
	enum sku_class class;
	int64_t cost_fen, list_fen, floor_fen;
	bool cloud_only, made_to_order, serialised;
	bool scarce; /* sold from CLOUD by dealers with an entitlement */
	bool hot;    /* the flash sale's: little of it, at SITE and CLOUD only */
};

struct world {
	uint64_t seed;
	enum world_size size;
	struct city *cities;
	int32_t city_count;
	struct dealer *dealers;
	int32_t dealer_count;
	struct store *stores;
	int32_t store_count;
	struct ware wares[SKU_COUNT];
	int64_t customer_count, claim_count;
	/* numbers of skus by what a storefront looks for */
	uint16_t ship_skus[SKU_COUNT], cloud_skus[SKU_COUNT], order_skus[SKU_COUNT],
	    scarce_skus[SKU_COUNT];
	int ship_count, cloud_count, order_count, scarce_count;
	uint16_t hot_sku;
};

struct customer {
	int32_t city;
	double lat, lon;
};

/* ${cities_file}: see data/README.md.  ERR_IO: unreadable or not such a file; it is logged. */
enum err world_make(struct world **out, const char *cities_file, enum world_size size,
    uint64_t seed) MUST_CHECK;
void world_free(struct world *w);

/* "D00012" for ('D', 12); the letters are the rows of load.c. */
const char *world_code(char buf[WORLD_CODE_SIZE], char kind, int64_t number);
const char *world_central_code(int central); /* "SITE-1" … "CLOUD-2", from 0 */
const char *world_class_word(enum sku_class c);

/* the reserve at SITE or CLOUD of a sku; 0: not kept there */
int32_t world_central_stock(const struct world *w, int central, int sku);
int32_t world_city_pick(const struct world *w, struct rng *r); /* by population */
void world_customer(const struct world *w, int64_t number, struct customer *out);
/* may be NONE: -1, where no store is near */
int32_t world_store_near(const struct world *w, int32_t city, struct rng *r);

#endif
