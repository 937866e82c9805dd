#ifndef ROUTER_STORE_CATALOG_PART_H
#define ROUTER_STORE_CATALOG_PART_H

/*
 * catalog_part: the rows of the catalog as the database has them, a part at a time; worlds are built of
 * them (store/catalog_world.h).  A part is read whole when its version rose, and is kept by reference
 * count, because the codes in a world point into it.
 */
#include "base/arena.h"
#include "domain/world.h"
#include "store/tx.h"

enum part_id {
	PART_PARTIES,
	PART_TERRITORIES,
	PART_LOCATIONS,
	PART_STOREFRONTS,
	PART_SKUS,
	PART_CAMPAIGNS,
	PART_POLICIES,
	PART_COUNT
};
extern const char *const part_names[PART_COUNT]; /* as in catalog_state */

#define PART_MEMORY_MAX ((size_t)512 << 20) /* texts of one part */

/* Rows of one size, growing. */
struct table {
	void *rows;
	size_t row_size;
	int32_t count, size;
};
void *table_add(struct table *t) MUST_CHECK; /* a zeroed row; NULL: no memory */
void table_release(struct table *t);

struct region_row {
	const char *code;
	int32_t territory; /* id */
};
struct location_part_row {
	struct location l; /* without party_idx and territory */
	const char *region;
};
struct sku_part_row {
	struct sku s; /* without class_idx and tax_idx */
	const char *class_name, *tax_class;
};
struct storefront_part_row {
	struct storefront f; /* location is an id, 0: none */
};
struct version_row { /* of a routing policy or a split rule book, never a draft */
	int32_t version;
	bool book, active;
	int64_t effective_from_us;
	const char *body; /* proto3 JSON */
};

struct part {
	int references;
	int64_t version;
	struct arena *arena;
	struct table rows;  /* of the part's own row: party, territory, location_part_row, … */
	struct table extra; /* region_row, or the sku ids of campaigns (int32_t) */
};

struct part *part_new(enum part_id id, int64_t version) MUST_CHECK;
struct part *part_keep(struct part *p);
void part_drop(struct part *p); /* NULL is fine */

/* Reads the rows of one fetch into ${p}.  NO_MEMORY. */
typedef enum err part_read_fn(struct part *p, const PGresult *rows);
part_read_fn part_read_parties, part_read_territories, part_read_regions, part_read_locations,
    part_read_storefronts, part_read_skus, part_read_campaigns, part_read_policies, part_read_books;

#endif
