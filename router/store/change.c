#include "store/change.h"

#include <assert.h>

#include "base/clock.h"

/* A row is its kind, then zigzag varints in the order of the fields below; kinds are never renumbered. */

static void
put(struct buf *out, int64_t v)
{
	buf_zigzag(out, v);
}

void
change_pack(struct buf *out, const struct change *c)
{
	buf_byte(out, (uint8_t)c->kind);
	switch (c->kind) {
	case CHANGE_STOCK:
		put(out, c->location);
		put(out, c->row.stock.sku);
		put(out, c->row.stock.goods_owner);
		put(out, c->row.stock.version);
		put(out, c->row.stock.atp);
		put(out, c->row.stock.safety);
		put(out, c->row.stock.counted_min);
		put(out, c->row.stock.suspect_until_min);
		break;
	case CHANGE_CAPACITY:
		put(out, c->row.capacity.location);
		put(out, c->row.capacity.day);
		put(out, c->row.capacity.version);
		put(out, c->row.capacity.limit);
		put(out, c->row.capacity.taken);
		break;
	case CHANGE_SLOT:
		put(out, c->row.slot.location);
		put(out, c->row.slot.day);
		put(out, c->row.slot.from_min);
		put(out, c->row.slot.to_min);
		put(out, c->row.slot.version);
		put(out, c->row.slot.limit);
		put(out, c->row.slot.taken);
		break;
	case CHANGE_ENTITLEMENT:
		put(out, c->row.entitlement.dealer);
		put(out, c->row.entitlement.sku);
		put(out, c->row.entitlement.version);
		put(out, c->row.entitlement.ceiling);
		put(out, c->row.entitlement.used);
		break;
	case CHANGE_BUDGET:
		put(out, c->row.budget.campaign);
		put(out, c->row.budget.version);
		put(out, c->row.budget.left_fen);
		break;
	case CHANGE_CLAIM:
		put(out, (int64_t)c->row.claim.customer);
		put(out, c->row.claim.location);
		put(out, c->row.claim.staff);
		put(out, c->row.claim.from_min);
		put(out, c->row.claim.from_us);
		put(out, c->row.claim.until_min);
		put(out, c->row.claim.kind);
		put(out, c->row.claim.version);
		break;
	case CHANGE_TASK:
		put(out, c->location);
		break;
	}
}

/* A value between ${min} and ${max}; anything else ends the reading as malformed. */
static int64_t
get(struct rd *in, int64_t min, int64_t max)
{
	int64_t v;

	v = rd_zigzag(in);
	if (v >= min && v <= max)
		return v;
	in->ok = false;
	return 0;
}

static int32_t
get_i32(struct rd *in)
{
	return (int32_t)get(in, INT32_MIN, INT32_MAX);
}

static uint32_t
get_u32(struct rd *in)
{
	return (uint32_t)get(in, 0, UINT32_MAX);
}

/* Initializers run in no fixed order: one statement a field. */
static void
unpack_stock(struct rd *in, struct change *c)
{
	struct stock_hint *s = &c->row.stock;

	c->location = get_i32(in);
	s->sku = get_i32(in);
	s->goods_owner = get_i32(in);
	s->version = get_i32(in);
	s->atp = get_i32(in);
	s->safety = get_i32(in);
	s->counted_min = get_u32(in);
	s->suspect_until_min = get_u32(in);
}

static void
unpack_capacity(struct rd *in, struct capacity_hint *c)
{
	c->location = get_i32(in);
	c->day = get_i32(in);
	c->version = get_i32(in);
	c->limit = get_i32(in);
	c->taken = get_i32(in);
}

static void
unpack_slot(struct rd *in, struct slot_hint *s)
{
	s->location = get_i32(in);
	s->day = get_i32(in);
	s->from_min = (int16_t)get(in, 0, INT16_MAX);
	s->to_min = (int16_t)get(in, 0, INT16_MAX);
	s->version = get_i32(in);
	s->limit = get_i32(in);
	s->taken = get_i32(in);
}

static void
unpack_entitlement(struct rd *in, struct entitlement_hint *e)
{
	e->dealer = get_i32(in);
	e->sku = get_i32(in);
	e->version = get_i32(in);
	e->ceiling = get_i32(in);
	e->used = get_i32(in);
}

static void
unpack_claim(struct rd *in, struct claim *c)
{
	c->customer = (uint64_t)rd_zigzag(in);
	c->location = get_i32(in);
	c->staff = get_i32(in);
	c->from_min = get_u32(in);
	c->from_us = get_u32(in);
	c->until_min = get_u32(in);
	c->kind = (uint8_t)get(in, 0, UINT8_MAX);
	c->version = (uint16_t)get(in, 0, UINT16_MAX);
}

bool
change_unpack(struct rd *in, struct change *c)
{
	if (in->at == in->end || !in->ok)
		return false;
	*c = (struct change){.kind = (enum change_kind)rd_byte(in)};
	switch (c->kind) {
	case CHANGE_STOCK:
		unpack_stock(in, c);
		return in->ok;
	case CHANGE_CAPACITY:
		unpack_capacity(in, &c->row.capacity);
		return in->ok;
	case CHANGE_SLOT:
		unpack_slot(in, &c->row.slot);
		return in->ok;
	case CHANGE_ENTITLEMENT:
		unpack_entitlement(in, &c->row.entitlement);
		return in->ok;
	case CHANGE_BUDGET:
		c->row.budget.campaign = get_i32(in);
		c->row.budget.version = get_i32(in);
		c->row.budget.left_fen = rd_zigzag(in);
		return in->ok;
	case CHANGE_CLAIM:
		unpack_claim(in, &c->row.claim);
		return in->ok;
	case CHANGE_TASK:
		c->location = get_i32(in);
		return in->ok;
	}
	in->ok = false;
	return false;
}

uint32_t
change_minutes(int64_t us)
{
	if (us <= 0)
		return 0;
	return us / US_PER_MIN < UINT32_MAX ? (uint32_t)(us / US_PER_MIN) : UINT32_MAX;
}

static enum err
apply_stock(struct hints_memory *m, const struct change *c)
{
	const struct stock_hint *from = &c->row.stock;
	struct stock_hint *to;

	to = hm_stock(m, c->location, from->sku, from->goods_owner);
	if (to == NULL)
		return ERR_NO_MEMORY;
	if (from->version > to->version) {
		to->atp = from->atp;
		to->version = from->version;
		to->safety = from->safety;
		to->counted_min = from->counted_min;
		to->suspect_until_min = from->suspect_until_min;
	}
	return ERR_OK;
}

static enum err
apply_capacity(struct hints_memory *m, const struct capacity_hint *from)
{
	struct capacity_hint *to;

	to = hm_capacity(m, from->location, from->day);
	if (to == NULL)
		return ERR_NO_MEMORY;
	if (from->version > to->version) {
		to->limit = from->limit;
		to->taken = from->taken;
		to->version = from->version;
	}
	return ERR_OK;
}

static enum err
apply_slot(struct hints_memory *m, const struct slot_hint *from)
{
	struct slot_hint *to;

	to = hm_slot(m, from->location, from->day, from->from_min, from->to_min);
	if (to == NULL)
		return ERR_NO_MEMORY;
	if (from->version > to->version) {
		to->limit = from->limit;
		to->taken = from->taken;
		to->version = from->version;
	}
	return ERR_OK;
}

static enum err
apply_entitlement(struct hints_memory *m, const struct entitlement_hint *from)
{
	struct entitlement_hint *to;

	to = hm_entitlement(m, from->dealer, from->sku);
	if (to == NULL)
		return ERR_NO_MEMORY;
	if (from->version > to->version) {
		to->ceiling = from->ceiling;
		to->used = from->used;
		to->version = from->version;
	}
	return ERR_OK;
}

static enum err
apply_budget(struct hints_memory *m, const struct budget_hint *from)
{
	struct budget_hint *to;

	to = hm_budget(m, from->campaign);
	if (to == NULL)
		return ERR_NO_MEMORY;
	if (from->version > to->version) {
		to->left_fen = from->left_fen;
		to->version = from->version;
	}
	return ERR_OK;
}

enum err
change_apply(struct hints_memory *m, const struct change *c)
{
	switch (c->kind) {
	case CHANGE_STOCK:
		return apply_stock(m, c);
	case CHANGE_CAPACITY:
		return apply_capacity(m, &c->row.capacity);
	case CHANGE_SLOT:
		return apply_slot(m, &c->row.slot);
	case CHANGE_ENTITLEMENT:
		return apply_entitlement(m, &c->row.entitlement);
	case CHANGE_BUDGET:
		return apply_budget(m, &c->row.budget);
	case CHANGE_CLAIM:
		return hm_claim(m, &c->row.claim) != NULL ? ERR_OK : ERR_NO_MEMORY;
	case CHANGE_TASK:
		return ERR_OK;
	}
	assert(!"a kind of change that is not there");
	return ERR_INTERNAL;
}
