#include "store/hints_memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TABLE_FIRST 64u
#define STOCK_FIRST 1024u
#define REGION_FIRST 4u
#define RESERVE_SPARE 16 /* one sixteenth, for regions that grow later */
#define HUGE_PAGE ((size_t)2 << 20)

/*
 * ${count} zeroed rows.  A decision reads some two hundred of them, anywhere: what is large lies on huge pages,
 * where the kernel has them, so that each need not look for its page first.  free() takes it back.
 */
static void *
table_new(size_t count, size_t row_size)
{
	size_t size = count * row_size;
	void *p;

	if (size < HUGE_PAGE)
		return calloc(count, row_size);
	size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	if (posix_memalign(&p, HUGE_PAGE, size) != 0)
		return NULL;
	(void)madvise(p, size, MADV_HUGEPAGE); /* without them it is only slower */
	memset(p, 0, size);
	return p;
}

enum err
hints_memory_init(struct hints_memory *m, int64_t claims_max)
{
	*m = (struct hints_memory){.claims_max = claims_max};
	return ERR_OK;
}

void
hints_memory_release(struct hints_memory *m)
{
	struct hints *h = &m->hints;

	free(h->stock);
	free(h->regions);
	free(h->capacity);
	free(h->slots);
	free(h->entitlements);
	free(h->budgets);
	free(h->claims);
	*m = (struct hints_memory){.claims_max = m->claims_max};
}

/* The table of stock gets ${size} places; false: no memory. */
static bool
resize_stock(struct hints *h, uint64_t size)
{
	struct stock_hint *place;

	if (size > UINT32_MAX)
		return false;
	place = table_new(size, sizeof(*place));
	if (place == NULL)
		return false;
	if (h->stock != NULL)
		memcpy(place, h->stock, h->stock_size * sizeof(*place));
	free(h->stock);
	h->stock = place;
	h->stock_size = (uint32_t)size;
	return true;
}

/* Room for ${more} places behind those in use; the same. */
static bool
grow_stock(struct hints_memory *m, uint32_t more)
{
	uint64_t need = (uint64_t)m->stock_used + more;
	uint64_t size = m->hints.stock_size != 0 ? m->hints.stock_size : STOCK_FIRST;

	while (size < need)
		size += size / 2;
	return need <= m->hints.stock_size || resize_stock(&m->hints, size);
}

static bool
grow_regions(struct hints *h, int32_t location)
{
	struct stock_region *place;
	int32_t count;

	assert(location > 0);
	if (location < h->region_count)
		return true;
	count = h->region_count > 0 ? h->region_count : 64;
	while (count <= location) {
		if (count > INT32_MAX / 2)
			return false;
		count *= 2;
	}
	place = table_new((size_t)count, sizeof(*place));
	if (place == NULL)
		return false;
	if (h->regions != NULL)
		memcpy(place, h->regions, (size_t)h->region_count * sizeof(*place));
	free(h->regions);
	h->regions = place;
	h->region_count = count;
	return true;
}

/* The region of ${location} gets ${size} new places at the end; the old ones stay unused. */
static bool
move_region(struct hints_memory *m, int32_t location, uint32_t size)
{
	if (!grow_stock(m, size))
		return false;
	hints_region_move(&m->hints, location, m->stock_used, size);
	m->stock_used += size;
	return true;
}

/* Places of a region of ${rows}: at most half full, see domain/hints.h. */
static uint32_t
region_size(int32_t rows)
{
	uint32_t size = REGION_FIRST;

	while (size / 2 < (uint32_t)(rows > 0 ? rows : 0))
		size *= 2;
	return size;
}

enum err
hints_memory_reserve(struct hints_memory *m, const int32_t *rows, int32_t location_id_max)
{
	struct hints *h = &m->hints;
	uint64_t need = m->stock_used;

	if (location_id_max <= 1)
		return ERR_OK;
	if (!grow_regions(h, location_id_max - 1))
		return ERR_NO_MEMORY;
	for (int32_t l = 1; l < location_id_max; l++)
		if (rows[l] > 0 && region_size(rows[l]) > h->regions[l].size)
			need += region_size(rows[l]);
	need += need / RESERVE_SPARE;
	return need <= h->stock_size || resize_stock(h, need) ? ERR_OK : ERR_NO_MEMORY;
}

enum err
hints_memory_location(struct hints_memory *m, int32_t location, int rows_expected)
{
	uint32_t size;

	if (!grow_regions(&m->hints, location))
		return ERR_NO_MEMORY;
	size = region_size(rows_expected);
	if (size <= m->hints.regions[location].size)
		return ERR_OK;
	return move_region(m, location, size) ? ERR_OK : ERR_NO_MEMORY;
}

struct stock_hint *
hm_stock(struct hints_memory *m, int32_t location, int32_t sku, int32_t goods_owner)
{
	struct hints *h = &m->hints;
	struct stock_hint *s;
	uint32_t size;

	if (location < h->region_count && h->regions[location].size > 0) {
		s = hints_stock_put(h, location, sku, goods_owner);
		if (s != NULL)
			return s;
	}
	if (!grow_regions(h, location))
		return NULL;
	size = h->regions[location].size;
	if (!move_region(m, location, size != 0 ? size * 2 : REGION_FIRST))
		return NULL;
	return hints_stock_put(h, location, sku, goods_owner);
}

/*
 * Find or make in a table of its own: when there is no room, one of twice the size is handed in and the old
 * one is freed.
 */
#define HM_TABLE(table, size_field, put, rehash) \
	do { \
		void *row_ = (table) != NULL ? (void *)(put) : NULL; \
		uint32_t size_ = h->size_field != 0 ? h->size_field * 2 : TABLE_FIRST; \
		void *old_ = (table), *place_; \
		if (row_ != NULL) \
			return row_; \
		place_ = table_new(size_, sizeof(*(table))); \
		if (place_ == NULL) \
			return NULL; \
		rehash(h, place_, size_); \
		free(old_); \
		return (put); \
	} while (0)

struct capacity_hint *
hm_capacity(struct hints_memory *m, int32_t location, int32_t day)
{
	struct hints *h = &m->hints;

	HM_TABLE(h->capacity, capacity_size, hints_capacity_put(h, location, day),
	    hints_capacity_rehash);
}

struct slot_hint *
hm_slot(struct hints_memory *m, int32_t location, int32_t day, int from, int to)
{
	struct hints *h = &m->hints;

	HM_TABLE(h->slots, slot_size, hints_slot_put(h, location, day, from, to),
	    hints_slot_rehash);
}

struct entitlement_hint *
hm_entitlement(struct hints_memory *m, int32_t dealer, int32_t sku)
{
	struct hints *h = &m->hints;

	HM_TABLE(h->entitlements, entitlement_size, hints_entitlement_put(h, dealer, sku),
	    hints_entitlement_rehash);
}

struct budget_hint *
hm_budget(struct hints_memory *m, int32_t campaign)
{
	struct hints *h = &m->hints;

	HM_TABLE(h->budgets, budget_size, hints_budget_put(h, campaign), hints_budget_rehash);
}

struct claim *
hm_claim(struct hints_memory *m, const struct claim *c)
{
	struct hints *h = &m->hints;

	if (h->claim_used >= (uint64_t)m->claims_max)
		return NULL;
	HM_TABLE(h->claims, claim_size, hints_claim_put(h, c), hints_claim_rehash);
}
