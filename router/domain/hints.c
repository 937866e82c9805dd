/*
 * hints: tables of open addressing, all alike: an empty row ends a search, nothing is ever taken out, and
 * one row in five (of stock one in two) stays empty, so a search always ends.
 */
#include <assert.h>
#include <stddef.h>

#include "domain/hints.h"

static uint32_t
mix32(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x7feb352dU;
	x ^= x >> 15;
	x *= 0x846ca68bU;
	x ^= x >> 16;
	return x;
}

static uint32_t
mix2(int32_t a, int32_t b)
{
	return mix32((uint32_t)a * 0x9e3779b1U ^ mix32((uint32_t)b));
}

static uint32_t
mix64(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	return (uint32_t)x;
}

/* A region is at most half full: a search for what is not there then ends after two rows, not ten. */
static bool
region_has_room(uint32_t used, uint32_t size)
{
	return ((uint64_t)used + 1) * 2 <= size;
}

static bool
has_room(uint32_t used, uint32_t size)
{
	return ((uint64_t)used + 1) * 5 <= (uint64_t)size * 4;
}

/* ---- stock ---- */

static const struct stock_region *
region_of(const struct hints *h, int32_t location)
{
	const struct stock_region *r;

	if (location <= 0 || location >= h->region_count)
		return NULL;
	r = &h->regions[location];
	return r->size == 0 ? NULL : r;
}

/* The two bits of seen[]; from other bits of the hash than the place. */
static uint32_t
seen_bit(uint32_t hash)
{
	return (uint32_t)((uint64_t)hash * (SEEN_WORDS * 32) >> 32);
}

static uint32_t
seen_bit_2(uint32_t hash)
{
	return seen_bit(hash * 0x9e3779b1U);
}

static bool
never_seen(const struct stock_region *r, uint32_t hash)
{
	uint32_t a = seen_bit(hash), b = seen_bit_2(hash);

	return (r->seen[a / 32] >> a % 32 & r->seen[b / 32] >> b % 32 & 1) == 0;
}

static void
set_seen(struct stock_region *r, uint32_t hash)
{
	uint32_t a = seen_bit(hash), b = seen_bit_2(hash);

	r->seen[a / 32] |= 1U << a % 32;
	r->seen[b / 32] |= 1U << b % 32;
}

/* Searches begin at the even places: two rows share a cache line, and seldom is a second one needed. */
static uint32_t
stock_home(const struct stock_region *r, uint32_t hash)
{
	return hash & (r->size - 1) & ~1U;
}

/* By the sku alone: the rows of all its goods owners stand in one run. */
static struct stock_hint *
stock_place(const struct hints *h, const struct stock_region *r, int32_t sku, int32_t goods_owner)
{
	uint32_t mask = r->size - 1, i = stock_home(r, mix32((uint32_t)sku));
	struct stock_hint *s;

	for (;; i = (i + 1) & mask) {
		s = &h->stock[r->first + i];
		if (s->sku == 0 || (s->sku == sku && s->goods_owner == goods_owner))
			return s;
	}
}

struct stock_hint *
hints_stock(const struct hints *h, int32_t location, int32_t sku, int32_t goods_owner)
{
	const struct stock_region *r = region_of(h, location);
	struct stock_hint *s;

	if (r == NULL)
		return NULL;
	s = stock_place(h, r, sku, goods_owner);
	return s->sku == 0 ? NULL : s;
}

bool
hints_stock_prefetch(const struct hints *h, int32_t location, int32_t sku)
{
	const struct stock_region *r = region_of(h, location);
	uint32_t hash = mix32((uint32_t)sku);

	if (r == NULL || never_seen(r, hash))
		return false;
	__builtin_prefetch(&h->stock[r->first + stock_home(r, hash)]);
	return true;
}

void
hints_region_prefetch(const struct hints *h, int32_t location)
{
	if (location > 0 && location < h->region_count)
		__builtin_prefetch(&h->regions[location]);
}

int
hints_stock_all(const struct hints *h, int32_t location, int32_t sku, struct stock_hint **out,
    int max)
{
	const struct stock_region *r = region_of(h, location);
	struct stock_hint *s;
	uint32_t mask, i, hash = mix32((uint32_t)sku);
	int n = 0, at;

	if (r == NULL || max <= 0 || never_seen(r, hash))
		return 0;
	mask = r->size - 1;
	for (i = stock_home(r, hash);; i = (i + 1) & mask) {
		s = &h->stock[r->first + i];
		if (s->sku == 0)
			return n;
		if (s->sku != sku)
			continue;
		if (n == max && out[n - 1]->goods_owner < s->goods_owner)
			continue;
		at = n < max ? n++ : n - 1;
		for (; at > 0 && out[at - 1]->goods_owner > s->goods_owner; at--)
			out[at] = out[at - 1];
		out[at] = s;
		if (!r->mixed)
			return n;
	}
}

struct stock_hint *
hints_stock_put(struct hints *h, int32_t location, int32_t sku, int32_t goods_owner)
{
	struct stock_region *r;
	struct stock_hint *s, *other;

	assert(sku > 0);
	if (region_of(h, location) == NULL)
		return NULL;
	r = &h->regions[location];
	s = stock_place(h, r, sku, goods_owner);
	if (s->sku != 0)
		return s;
	if (!region_has_room(r->used, r->size))
		return NULL;
	if (hints_stock_all(h, location, sku, &other, 1) > 0)
		r->mixed = 1;
	s->sku = sku;
	s->goods_owner = goods_owner;
	r->used++;
	set_seen(r, mix32((uint32_t)sku));
	return s;
}

void
hints_region_move(struct hints *h, int32_t location, uint32_t first, uint32_t size)
{
	struct stock_region old, *r;
	const struct stock_hint *s;

	assert(location > 0 && location < h->region_count);
	assert(size > 0 && (size & (size - 1)) == 0);
	assert((uint64_t)first + size <= h->stock_size);
	r = &h->regions[location];
	old = *r;
	r->first = first;
	r->size = size;
	for (uint32_t i = 0; i < old.size; i++) {
		s = &h->stock[old.first + i];
		if (s->sku != 0)
			*stock_place(h, r, s->sku, s->goods_owner) = *s;
	}
}

/* ---- capacity ---- */

static struct capacity_hint *
capacity_place(struct capacity_hint *t, uint32_t size, int32_t location, int32_t day)
{
	uint32_t mask = size - 1, i = mix2(location, day) & mask;

	while (t[i].location != 0 && (t[i].location != location || t[i].day != day))
		i = (i + 1) & mask;
	return &t[i];
}

struct capacity_hint *
hints_capacity(const struct hints *h, int32_t location, int32_t day)
{
	struct capacity_hint *c;

	if (h->capacity_size == 0)
		return NULL;
	c = capacity_place(h->capacity, h->capacity_size, location, day);
	return c->location == 0 ? NULL : c;
}

void
hints_capacity_prefetch(const struct hints *h, int32_t location, int32_t day)
{
	if (h->capacity_size > 0)
		__builtin_prefetch(&h->capacity[mix2(location, day) & (h->capacity_size - 1)]);
}

struct capacity_hint *
hints_capacity_put(struct hints *h, int32_t location, int32_t day)
{
	struct capacity_hint *c;

	assert(location > 0);
	if (h->capacity_size == 0)
		return NULL;
	c = capacity_place(h->capacity, h->capacity_size, location, day);
	if (c->location != 0)
		return c;
	if (!has_room(h->capacity_used, h->capacity_size))
		return NULL;
	c->location = location;
	c->day = day;
	h->capacity_used++;
	return c;
}

void
hints_capacity_rehash(struct hints *h, struct capacity_hint *place, uint32_t size)
{
	assert(size > 0 && (size & (size - 1)) == 0 && h->capacity_used < size);
	for (uint32_t i = 0; i < h->capacity_size; i++)
		if (h->capacity[i].location != 0)
			*capacity_place(place, size, h->capacity[i].location, h->capacity[i].day) =
			    h->capacity[i];
	h->capacity = place;
	h->capacity_size = size;
}

/* ---- slots ---- */

static struct slot_hint *
slot_place(struct slot_hint *t, uint32_t size, int32_t location, int32_t day, int from, int to)
{
	uint32_t mask = size - 1, i = (mix2(location, day) + mix2(from, to)) & mask;

	while (t[i].location != 0 &&
	    (t[i].location != location || t[i].day != day || t[i].from_min != from ||
	        t[i].to_min != to))
		i = (i + 1) & mask;
	return &t[i];
}

struct slot_hint *
hints_slot(const struct hints *h, int32_t location, int32_t day, int from, int to)
{
	struct slot_hint *s;

	if (h->slot_size == 0)
		return NULL;
	s = slot_place(h->slots, h->slot_size, location, day, from, to);
	return s->location == 0 ? NULL : s;
}

struct slot_hint *
hints_slot_put(struct hints *h, int32_t location, int32_t day, int from, int to)
{
	struct slot_hint *s;

	assert(location > 0 && from >= 0 && from <= 1440 && to >= 0 && to <= 1440);
	if (h->slot_size == 0)
		return NULL;
	s = slot_place(h->slots, h->slot_size, location, day, from, to);
	if (s->location != 0)
		return s;
	if (!has_room(h->slot_used, h->slot_size))
		return NULL;
	s->location = location;
	s->day = day;
	s->from_min = (int16_t)from;
	s->to_min = (int16_t)to;
	h->slot_used++;
	return s;
}

void
hints_slot_rehash(struct hints *h, struct slot_hint *place, uint32_t size)
{
	const struct slot_hint *s;

	assert(size > 0 && (size & (size - 1)) == 0 && h->slot_used < size);
	for (uint32_t i = 0; i < h->slot_size; i++) {
		s = &h->slots[i];
		if (s->location != 0)
			*slot_place(place, size, s->location, s->day, s->from_min, s->to_min) = *s;
	}
	h->slots = place;
	h->slot_size = size;
}

/* ---- entitlements ---- */

static struct entitlement_hint *
entitlement_place(struct entitlement_hint *t, uint32_t size, int32_t dealer, int32_t sku)
{
	uint32_t mask = size - 1, i = mix2(dealer, sku) & mask;

	while (t[i].dealer != 0 && (t[i].dealer != dealer || t[i].sku != sku))
		i = (i + 1) & mask;
	return &t[i];
}

struct entitlement_hint *
hints_entitlement(const struct hints *h, int32_t dealer, int32_t sku)
{
	struct entitlement_hint *e;

	if (h->entitlement_size == 0)
		return NULL;
	e = entitlement_place(h->entitlements, h->entitlement_size, dealer, sku);
	return e->dealer == 0 ? NULL : e;
}

struct entitlement_hint *
hints_entitlement_put(struct hints *h, int32_t dealer, int32_t sku)
{
	struct entitlement_hint *e;

	assert(dealer > 0);
	if (h->entitlement_size == 0)
		return NULL;
	e = entitlement_place(h->entitlements, h->entitlement_size, dealer, sku);
	if (e->dealer != 0)
		return e;
	if (!has_room(h->entitlement_used, h->entitlement_size))
		return NULL;
	e->dealer = dealer;
	e->sku = sku;
	h->entitlement_used++;
	return e;
}

void
hints_entitlement_rehash(struct hints *h, struct entitlement_hint *place, uint32_t size)
{
	const struct entitlement_hint *e;

	assert(size > 0 && (size & (size - 1)) == 0 && h->entitlement_used < size);
	for (uint32_t i = 0; i < h->entitlement_size; i++) {
		e = &h->entitlements[i];
		if (e->dealer != 0)
			*entitlement_place(place, size, e->dealer, e->sku) = *e;
	}
	h->entitlements = place;
	h->entitlement_size = size;
}

/* ---- budgets ---- */

static struct budget_hint *
budget_place(struct budget_hint *t, uint32_t size, int32_t campaign)
{
	uint32_t mask = size - 1, i = mix32((uint32_t)campaign) & mask;

	while (t[i].campaign != 0 && t[i].campaign != campaign)
		i = (i + 1) & mask;
	return &t[i];
}

struct budget_hint *
hints_budget(const struct hints *h, int32_t campaign)
{
	struct budget_hint *b;

	if (h->budget_size == 0)
		return NULL;
	b = budget_place(h->budgets, h->budget_size, campaign);
	return b->campaign == 0 ? NULL : b;
}

struct budget_hint *
hints_budget_put(struct hints *h, int32_t campaign)
{
	struct budget_hint *b;

	assert(campaign > 0);
	if (h->budget_size == 0)
		return NULL;
	b = budget_place(h->budgets, h->budget_size, campaign);
	if (b->campaign != 0)
		return b;
	if (!has_room(h->budget_used, h->budget_size))
		return NULL;
	b->campaign = campaign;
	h->budget_used++;
	return b;
}

void
hints_budget_rehash(struct hints *h, struct budget_hint *place, uint32_t size)
{
	assert(size > 0 && (size & (size - 1)) == 0 && h->budget_used < size);
	for (uint32_t i = 0; i < h->budget_size; i++)
		if (h->budgets[i].campaign != 0)
			*budget_place(place, size, h->budgets[i].campaign) = h->budgets[i];
	h->budgets = place;
	h->budget_size = size;
}

/* ---- claims ---- */

static bool
same_claim(const struct claim *a, const struct claim *b)
{
	return a->customer == b->customer && a->location == b->location && a->kind == b->kind &&
	    a->from_min == b->from_min && a->from_us == b->from_us;
}

static struct claim *
claim_place(struct claim *t, uint32_t size, const struct claim *c)
{
	uint32_t mask = size - 1, i = mix64(c->customer) & mask;

	while (t[i].customer != 0 && !same_claim(&t[i], c))
		i = (i + 1) & mask;
	return &t[i];
}

const struct claim *
hints_claim_next(const struct hints *h, uint64_t customer, uint32_t *at)
{
	uint32_t mask = h->claim_size - 1, first;
	const struct claim *c;

	if (h->claim_size == 0 || customer == 0)
		return NULL;
	first = mix64(customer);
	while (*at < h->claim_size) {
		c = &h->claims[(first + (*at)++) & mask];
		if (c->customer == 0)
			return NULL;
		if (c->customer == customer)
			return c;
	}
	return NULL;
}

struct claim *
hints_claim_put(struct hints *h, const struct claim *c)
{
	struct claim *p;

	assert(c->customer != 0);
	if (h->claim_size == 0)
		return NULL;
	p = claim_place(h->claims, h->claim_size, c);
	if (p->customer == 0) {
		if (!has_room(h->claim_used, h->claim_size))
			return NULL;
		h->claim_used++;
	} else if ((int16_t)(c->version - p->version) < 0) {
		return p;
	}
	*p = *c;
	return p;
}

void
hints_claim_rehash(struct hints *h, struct claim *place, uint32_t size)
{
	assert(size > 0 && (size & (size - 1)) == 0 && h->claim_used < size);
	for (uint32_t i = 0; i < h->claim_size; i++)
		if (h->claims[i].customer != 0)
			*claim_place(place, size, &h->claims[i]) = h->claims[i];
	h->claims = place;
	h->claim_size = size;
}
