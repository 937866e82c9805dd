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
#include "domain/world_row.h"

struct policy;     /* domain/policy.h */
struct split_book; /* domain/split.h */

/* The map of locations in cells of GRID_E6 microdegrees; stores only: SITE and CLOUD are few, in central[]. */
#define GRID_E6 100000
struct grid {
	int32_t row_min, col_min, rows, cols;
	/* rows * cols + 1: stores of cell i are cell_first[i] .. cell_first[i+1] - 1 */
	int32_t *cell_first;
};

struct location_key {
	int32_t id, party; /* as in its row */
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
	/* what is asked of many locations; their rows are a cache line or more each */
	struct location_key *location_keys;
	struct grid grid;
	int32_t *central; /* indexes of SITE and CLOUD, by (preference, id) */
	int32_t central_count;
	/* stores of party i (by party index): party_first[i] .. party_first[i+1] - 1 */
	int32_t *party_stores;
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
	/* ACTIVE, by effective_from, later last; version of each inside */
	struct policy **policies;
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
 * sets the grid's corners and size.  3. allocate cell_first of rows * cols + 1, and vx, vy, vz and
 * location_keys of location_count.  4. world_grid_fill().
 */
int world_location_order(const void *pa, const void *pb);
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
