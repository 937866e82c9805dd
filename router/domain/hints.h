#ifndef ROUTER_DOMAIN_HINTS_H
#define ROUTER_DOMAIN_HINTS_H

/*
 * hints: what was left when the database last said so.  The commit arbitrates; these only save asking.
 *
 * Changed in place by the loop, read by decide() within one turn.  inflight is this instance's own
 * demand on the way to a commit; a decision reckons with atp - inflight, and without inflight when it
 * would otherwise refuse.  Memory comes from store/catalog, which hands in grown tables; nothing here
 * allocates.  Tables are open addressing with a power-of-two size, at most 4/5 full,
 * stock regions at most half.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/hint_row.h"

struct hints {
	struct stock_hint *stock;
	uint32_t stock_size;
	struct stock_region *regions; /* by location id */
	int32_t region_count;
	struct capacity_hint *capacity;
	uint32_t capacity_size, capacity_used;
	struct slot_hint *slots;
	uint32_t slot_size, slot_used;
	struct entitlement_hint *entitlements;
	uint32_t entitlement_size, entitlement_used;
	struct budget_hint *budgets;
	uint32_t budget_size, budget_used;
	struct claim *claims;
	uint32_t claim_size, claim_used;
};

/* Exact finds: NULL when there is no such row. */
struct stock_hint *hints_stock(const struct hints *h, int32_t location, int32_t sku,
    int32_t goods_owner);
struct capacity_hint *hints_capacity(const struct hints *h, int32_t location, int32_t day);
struct slot_hint *hints_slot(const struct hints *h, int32_t location, int32_t day, int from,
    int to);
struct entitlement_hint *hints_entitlement(const struct hints *h, int32_t dealer, int32_t sku);
struct budget_hint *hints_budget(const struct hints *h, int32_t campaign);

/*
 * The stock rows of (location, sku), one for each goods owner, at most ${max} into ${out}; returns how
 * many.  Order is by goods_owner id, so that a decision does not depend on the table's layout.
 */
int hints_stock_all(const struct hints *h, int32_t location, int32_t sku, struct stock_hint **out,
    int max);

/*
 * Early into the cache: the region, then (if the sku may be there) its first place; a capacity row.  false: there is
 * no row of this sku, whoever's.
 */
void hints_region_prefetch(const struct hints *h, int32_t location);
bool hints_stock_prefetch(const struct hints *h, int32_t location, int32_t sku);
void hints_capacity_prefetch(const struct hints *h, int32_t location, int32_t day);
/*
 * The claims of a customer, one a call: begin with ${*at} = 0; NULL after the last.  In no order that
 * may be relied on.
 */
const struct claim *hints_claim_next(const struct hints *h, uint64_t customer, uint32_t *at);

/*
 * Find or make the row of a key; the new row is zero but for its key.  NULL: the table is that full and
 * the caller must hand in a larger one (hints_x_rehash) first.
 */
struct stock_hint *hints_stock_put(struct hints *h, int32_t location, int32_t sku,
    int32_t goods_owner);
struct capacity_hint *hints_capacity_put(struct hints *h, int32_t location, int32_t day);
struct slot_hint *hints_slot_put(struct hints *h, int32_t location, int32_t day, int from, int to);
struct entitlement_hint *hints_entitlement_put(struct hints *h, int32_t dealer, int32_t sku);
struct budget_hint *hints_budget_put(struct hints *h, int32_t campaign);
/* A claim equal in (customer, location, kind, from), the database's key, is overwritten unless it is the newer one. */
struct claim *hints_claim_put(struct hints *h, const struct claim *c);

/* Moves all rows into ${place} of ${size} zeroed rows (a power of two); the old table is the caller's again. */
void hints_capacity_rehash(struct hints *h, struct capacity_hint *place, uint32_t size);
void hints_slot_rehash(struct hints *h, struct slot_hint *place, uint32_t size);
void hints_entitlement_rehash(struct hints *h, struct entitlement_hint *place, uint32_t size);
void hints_budget_rehash(struct hints *h, struct budget_hint *place, uint32_t size);
void hints_claim_rehash(struct hints *h, struct claim *place, uint32_t size);
/* Moves the region of ${location} to places first .. first + size - 1, which are zeroed. */
void hints_region_move(struct hints *h, int32_t location, uint32_t first, uint32_t size);

#endif
