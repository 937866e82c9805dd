#ifndef ROUTER_DOMAIN_WORLD_H
#define ROUTER_DOMAIN_WORLD_H

/*
 * world: the catalog as the domain reads it.  Plain arrays, immutable once built, swapped whole by
 * store/catalog; what changes with every order (stock, capacity, …) is in domain/hints.h.
 *
 * Rows are addressed by index within the arrays; ids are the database's and stay when the world is
 * built again, so that records and tokens hold ids.  x_by_id[id] is an index or NONE for id < id_max.
 * Locations are sorted by (grid cell, id): neighbours on the map are neighbours in memory.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/strmap.h"

#define NONE (-1)
#define CODE_SIZE 65 /* a code has 1 to 64 characters */

enum party_kind {
	PARTY_BRAND = 1,
	PARTY_DEALER,
	PARTY_STAFF,
	PARTY_COURIER,
	PARTY_WAREHOUSE,
	PARTY_PLATFORM,
	PARTY_PROVIDER,
	PARTY_CHANNEL,
	PARTY_KIND_COUNT
};
enum location_kind { LOC_SITE = 1, LOC_CLOUD, LOC_STORE };
enum way { WAY_NONE = 0, WAY_SHIP, WAY_PICKUP, WAY_DELIVER, WAY_COUNT };
enum storefront_kind { FRONT_STORE = 1, FRONT_OFFICIAL, FRONT_LIVE, FRONT_OUTSIDE };
enum claim_kind { CLAIM_SCAN = 1, CLAIM_BIND, CLAIM_LOCATION };
/* Providers are few; the number is part of account numbers (domain/account.h) and never reused. */
enum provider {
	PROVIDER_NONE = 0,
	PROVIDER_WECHAT,
	PROVIDER_ALIPAY,
	PROVIDER_UNIONPAY,
	PROVIDER_CHANNEL,
	PROVIDER_CASH,
	PROVIDER_COUNT
};

struct party {
	int32_t id;
	enum party_kind kind;
	int32_t grade;   /* 1 best to 9; brand 1 */
	int32_t fee_bps; /* what its provider takes of a payment, half up */
	enum provider provider;
	int32_t employer; /* of staff: party id */
	bool disabled;
	bool has_merchant;  /* may collect */
	int32_t accept_bps; /* scorecard: accept rate of the last days; 10000 without history */
	const char *code;
};

#define HOURS_MAX 7 /* one row a day of the week; open == close == 0: closed that day */
struct hours {
	int16_t open[HOURS_MAX];  /* minutes after local midnight, Monday first */
	int16_t close[HOURS_MAX]; /* up to 1440 */
	bool always;
};

struct location {
	int32_t id;
	int32_t party; /* id of who runs it */
	int32_t party_idx;
	enum location_kind kind;
	uint8_t ways; /* bit 1 << enum way */
	bool disabled;
	int32_t lat_e6, lon_e6;
	int16_t tz_min; /* minutes east of UTC */
	int32_t lead_min;
	int32_t accept_min;       /* 0: the policy's */
	int32_t capacity_day;     /* 0: no limit */
	int32_t deliver_radius_m; /* 0: the policy's */
	int32_t preference;
	int32_t cut_off_min;
	int64_t handling_cost_fen;
	int32_t territory; /* index of the territory its region lies in, or NONE */
	struct hours hours;
	const char *code;
};

struct territory {
	int32_t id;
	int32_t dealer; /* party id */
	bool disabled;
	const char *code;
};

struct storefront {
	int32_t id;
	enum storefront_kind kind;
	int32_t location; /* index or NONE */
	int32_t dealer;   /* party id or 0 */
	int32_t channel;  /* party id or 0 */
	bool disabled;
	const char *code;
};

struct sku {
	int32_t id;
	int32_t class_idx;
	int64_t cost_fen, list_fen, floor_fen;
	bool cloud_only, made_to_order, serialised, disabled;
	bool scarce; /* has entitlement rows */
	const char *code;
};

#define FUNDERS_MAX 8
struct campaign {
	int32_t id;
	int funder_count;
	int32_t funder[FUNDERS_MAX]; /* party ids */
	int32_t share_bps[FUNDERS_MAX];
	int32_t sku_first, sku_count; /* in world.campaign_skus, sorted sku ids; 0: all */
	int64_t unit_max_fen;
	int64_t from_us, until_us;
	bool disabled;
	const char *code;
};

struct policy;     /* domain/policy.h */
struct split_book; /* domain/split.h */

/* The map of locations in cells of GRID_E6 microdegrees; stores only: SITE and CLOUD are few, in central[]. */
#define GRID_E6 100000
struct grid {
	int32_t row_min, col_min, rows, cols;
	int32_t *
	    cell_first; /* rows * cols + 1: stores of cell i are cell_first[i] .. cell_first[i+1] - 1 */
};

struct world {
	int64_t version; /* of the catalog; rises */
	int32_t brand;   /* party id */
	struct party *parties;
	int32_t party_count;
	int32_t *party_by_id, party_id_max;
	int32_t kind_party
	    [PARTY_KIND_COUNT]; /* ids, see domain/party.h: world_parties_index() fills both */
	int32_t provider_party[PROVIDER_COUNT];
	struct location *locations; /* stores first, in grid order, then the others by id */
	int32_t location_count, store_count;
	int32_t *location_by_id, location_id_max;
	float *vx, *vy, *vz; /* unit vectors of the locations, for distance */
	struct grid grid;
	int32_t *central; /* indexes of SITE and CLOUD, by (preference, id) */
	int32_t central_count;
	int32_t *
	    party_stores; /* stores of party i (by party index): party_first[i] .. party_first[i+1] - 1 */
	int32_t *party_first;
	struct territory *territories;
	int32_t territory_count;
	struct strmap region; /* region code → territory index */
	struct storefront *storefronts;
	int32_t storefront_count;
	int32_t *storefront_by_id, storefront_id_max;
	struct sku *skus;
	int32_t sku_count;
	int32_t *sku_by_id, sku_id_max;
	const char **classes;
	int32_t class_count;
	struct campaign *campaigns;
	int32_t campaign_count;
	int32_t *campaign_by_id, campaign_id_max;
	int32_t *campaign_skus;
	struct strmap party_code, location_code, storefront_code, sku_code, class_code,
	    campaign_code, territory_code;
	struct policy *
	    *policies; /* ACTIVE, by effective_from, later last; version of each inside */
	int32_t policy_count;
	struct split_book **books;
	int32_t book_count;
};

/* Rows by database id; NULL: the world does not know it. */
const struct party *world_party_row(const struct world *w, int32_t id);
const struct location *world_location_row(const struct world *w, int32_t id);

/*
 * How a world's map is put in order once its locations are read, in these steps; the arrays are the
 * caller's.  1. qsort(locations, …, world_location_order).  2. world_grid_bounds() counts the stores and
 * sets the grid's corners and size.  3. allocate cell_first of rows * cols + 1, and vx, vy, vz of
 * location_count.  4. world_grid_fill().
 */
int world_location_order(const void *a, const void *b);
void world_grid_bounds(struct world *w);
void world_grid_fill(struct world *w);
/* The row (of a latitude) or column (of a longitude) of the grid: floor(e6 / GRID_E6). */
int32_t world_grid_line(int32_t e6);

/* Index of an id, or NONE. */
int32_t world_party(const struct world *w, int32_t id);
int32_t world_location(const struct world *w, int32_t id);
int32_t world_storefront(const struct world *w, int32_t id);
int32_t world_sku(const struct world *w, int32_t id);
int32_t world_campaign(const struct world *w, int32_t id);
int32_t world_territory(const struct world *w, int32_t id); /* few: searched */
/* The territory of a region code: the longest prefix of whole parts wins; NONE: nobody's, or its territory is disabled. */
int32_t world_region(const struct world *w, const char *region);

#endif
