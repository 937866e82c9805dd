#ifndef ROUTER_STORE_HINTS_MEMORY_H
#define ROUTER_STORE_HINTS_MEMORY_H

/* hints_memory: the memory behind domain/hints, which allocates nothing; grows tables before they are full. */
#include "domain/hints.h"

struct hints_memory {
	struct hints hints;
	uint32_t stock_used; /* places handed to regions */
	int64_t claims_max;
};

enum err hints_memory_init(struct hints_memory *m, int64_t claims_max) MUST_CHECK;
void hints_memory_release(struct hints_memory *m);
/*
 * Before the first location: room for all whose stock rows are known, by id.  A table that grows step by step is
 * larger in the end, and for a moment there twice.
 */
enum err hints_memory_reserve(struct hints_memory *m, const int32_t *rows,
    int32_t location_id_max) MUST_CHECK;
/* Before the first row of a location: room for ${rows_expected}. */
enum err hints_memory_location(struct hints_memory *m, int32_t location,
    int rows_expected) MUST_CHECK;
/* Find or make, growing as needed; NULL: no memory, or the claims are at claims_max. */
struct stock_hint *hm_stock(struct hints_memory *m, int32_t location, int32_t sku,
    int32_t goods_owner);
struct capacity_hint *hm_capacity(struct hints_memory *m, int32_t location, int32_t day);
struct slot_hint *hm_slot(struct hints_memory *m, int32_t location, int32_t day, int from, int to);
struct entitlement_hint *hm_entitlement(struct hints_memory *m, int32_t dealer, int32_t sku);
struct budget_hint *hm_budget(struct hints_memory *m, int32_t campaign);
struct claim *hm_claim(struct hints_memory *m, const struct claim *c);

#endif
