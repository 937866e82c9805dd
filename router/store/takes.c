#include "store/takes.h"

#include <assert.h>
#include <stdlib.h>

enum err
takes_init(struct takes *t, struct arena *arena, int max)
{
	*t = (struct takes){.arena = arena, .add_max = max};
	t->adds = arena_array(arena, (size_t)max, sizeof(*t->adds));
	return t->adds != NULL ? ERR_OK : ERR_NO_MEMORY;
}

/* Only the fields that are the key of its kind. */
static struct take
key_of(const struct take *t)
{
	struct take k = {.kind = t->kind};

	switch (t->kind) {
	case TAKE_STOCK:
		k.dealer = t->dealer;
		k.location = t->location;
		k.sku = t->sku;
		k.goods_owner = t->goods_owner;
		break;
	case TAKE_SLOT:
		k.from_min = t->from_min;
		k.to_min = t->to_min;
		/* fallthrough */
	case TAKE_CAPACITY:
		k.dealer = t->dealer;
		k.location = t->location;
		k.day = t->day;
		k.limit = t->kind == TAKE_CAPACITY ? t->limit : 0;
		break;
	case TAKE_ENTITLEMENT:
		k.dealer = t->dealer;
		k.sku = t->sku;
		break;
	case TAKE_BUDGET:
		k.campaign = t->campaign;
		break;
	}
	k.quantity = t->quantity;
	return k;
}

void
/* NOLINTNEXTLINE(readability-non-const-parameter): takes_seal() writes to it */
takes_add(struct takes *t, const struct take *take, enum take_part part, int32_t *place)
{
	assert(t->add_count < t->add_max);
	if (take->kind != TAKE_STOCK)
		part = PART_ALLOCATED;
	t->adds[t->add_count++] =
	    (struct take_add){.key = key_of(take), .part = part, .place = place};
}

static int
order_i32(int32_t a, int32_t b)
{
	return (a > b) - (a < b);
}

/* The order in which every writer locks. */
static int
key_order(const struct take *a, const struct take *b)
{
	const int32_t pairs[][2] = {{(int32_t)a->kind, (int32_t)b->kind}, {a->dealer, b->dealer},
	    {a->location, b->location}, {a->sku, b->sku}, {a->goods_owner, b->goods_owner},
	    {a->day, b->day}, {a->from_min, b->from_min}, {a->to_min, b->to_min},
	    {a->campaign, b->campaign}};
	int c;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		c = order_i32(pairs[i][0], pairs[i][1]);
		if (c != 0)
			return c;
	}
	return 0;
}

static int
add_order(const void *a, const void *b)
{
	const struct take_add *x = a, *y = b;

	return key_order(&x->key, &y->key);
}

enum err
takes_seal(struct takes *t)
{
	struct take_key *k;

	t->keys = arena_array(t->arena, (size_t)t->add_count, sizeof(*t->keys));
	t->sent = arena_array(t->arena, (size_t)t->add_count, sizeof(*t->sent));
	if (t->keys == NULL || t->sent == NULL)
		return ERR_NO_MEMORY;
	if (t->add_count > 1)
		qsort(t->adds, (size_t)t->add_count, sizeof(*t->adds), add_order);
	k = NULL;
	for (int i = 0; i < t->add_count; i++) {
		const struct take_add *a = &t->adds[i];

		if (k == NULL || key_order(&k->key, &a->key) != 0) {
			k = &t->keys[t->key_count++];
			k->key = a->key;
		}
		k->want[a->part] += a->key.quantity;
		if (a->place != NULL)
			*a->place = (int32_t)(k - t->keys);
	}
	for (int kind = TAKE_STOCK, i = 0; kind <= TAKE_BUDGET + 1; kind++) {
		while (i < t->key_count && (int)t->keys[i].key.kind < kind)
			i++;
		t->first[kind] = i;
	}
	return ERR_OK;
}

static int64_t
left_of(const struct take_key *k)
{
	return k->grant - k->used[PART_ALLOCATED] - k->used[PART_RESERVED];
}

bool
takes_grant(struct takes *t, const struct take *takes, const int32_t *places, int count,
    enum take_part part, int *short_at)
{
	for (int i = 0; i < count; i++) {
		if (left_of(&t->keys[places[i]]) < takes[i].quantity) {
			*short_at = i;
			return false;
		}
	}
	for (int i = 0; i < count; i++) {
		struct take_key *k = &t->keys[places[i]];

		k->used[k->key.kind == TAKE_STOCK ? part : PART_ALLOCATED] += takes[i].quantity;
		/* Keys of one order are distinct, else the check above were no check. */
		assert(left_of(k) >= 0);
	}
	*short_at = -1;
	return true;
}

enum err
take_err(enum take_kind k)
{
	switch (k) {
	case TAKE_STOCK:
		return ERR_OUT_OF_STOCK;
	case TAKE_CAPACITY:
		return ERR_CONTENDED;
	case TAKE_SLOT:
		return ERR_SLOT_FULL;
	case TAKE_ENTITLEMENT:
		return ERR_ENTITLEMENT_USED;
	case TAKE_BUDGET:
		return ERR_CAMPAIGN_SPENT;
	}
	assert(!"a kind of take that is not there");
	return ERR_INTERNAL;
}

bool
takes_pack(const struct takes *t, struct buf *out)
{
	bool any;

	any = false;
	for (int i = 0; i < t->key_count; i++) {
		if (!t->keys[i].granted)
			continue;
		change_pack(out, &t->keys[i].figures);
		any = true;
	}
	return any;
}

/* The figures of a change that was undone: one version and one grant back. */
static struct change
undone(const struct take_key *k)
{
	struct change c = k->figures;

	switch (c.kind) {
	case CHANGE_STOCK:
		c.row.stock.version--;
		c.row.stock.atp += (int32_t)k->grant;
		break;
	case CHANGE_CAPACITY:
		c.row.capacity.version--;
		c.row.capacity.taken -= (int32_t)k->grant;
		break;
	case CHANGE_SLOT:
		c.row.slot.version--;
		c.row.slot.taken -= (int32_t)k->grant;
		break;
	case CHANGE_ENTITLEMENT:
		c.row.entitlement.version--;
		c.row.entitlement.used -= (int32_t)k->grant;
		break;
	case CHANGE_BUDGET:
		c.row.budget.version--;
		c.row.budget.left_fen += k->grant;
		break;
	case CHANGE_CLAIM:
	case CHANGE_TASK:
		break;
	}
	return c;
}

/* No row: nothing can be taken.  Its hint, if there is one, came from a row that is gone. */
static void
apply_missing(const struct take *k, struct hints *h)
{
	struct stock_hint *stock;
	struct slot_hint *slot;
	struct entitlement_hint *entitlement;
	struct budget_hint *budget;

	switch (k->kind) {
	case TAKE_STOCK:
		stock = hints_stock(h, k->location, k->sku, k->goods_owner);
		if (stock != NULL)
			stock->atp = 0;
		break;
	case TAKE_SLOT:
		slot = hints_slot(h, k->location, k->day, k->from_min, k->to_min);
		if (slot != NULL)
			slot->limit = slot->taken;
		break;
	case TAKE_ENTITLEMENT:
		entitlement = hints_entitlement(h, k->dealer, k->sku);
		if (entitlement != NULL)
			entitlement->ceiling = entitlement->used;
		break;
	case TAKE_BUDGET:
		budget = hints_budget(h, k->campaign);
		if (budget != NULL)
			budget->left_fen = 0;
		break;
	case TAKE_CAPACITY:
		break; /* the next batch makes it */
	}
}

void
takes_apply(const struct takes *t, struct hints_memory *m, bool committed)
{
	struct change c;

	for (int i = 0; i < t->key_count; i++) {
		const struct take_key *k = &t->keys[i];

		if (!k->seen) {
			apply_missing(&k->key, &m->hints);
			continue;
		}
		c = k->granted && !committed ? undone(k) : k->figures;
		/* Without memory the hint stays as it is, and the commit goes on arbitrating. */
		if (change_apply(m, &c) != ERR_OK)
			return;
	}
}

void
take_inflight(struct hints_memory *m, const struct take *t, int sign)
{
	struct hints *h = &m->hints;
	int32_t *count, pieces;
	int64_t after;
	struct budget_hint *budget;
	struct stock_hint *stock;
	struct capacity_hint *capacity;
	struct slot_hint *slot;
	struct entitlement_hint *entitlement;

	count = NULL;
	switch (t->kind) {
	case TAKE_STOCK:
		stock = hints_stock(h, t->location, t->sku, t->goods_owner);
		count = stock != NULL ? &stock->inflight : NULL;
		break;
	case TAKE_CAPACITY:
		/* The first fulfilment of a day: decide() must see it before the row is there. */
		capacity = hm_capacity(m, t->location, t->day);
		count = capacity != NULL ? &capacity->inflight : NULL;
		if (capacity != NULL && capacity->version == 0)
			capacity->limit = t->limit;
		break;
	case TAKE_SLOT:
		slot = hints_slot(h, t->location, t->day, t->from_min, t->to_min);
		count = slot != NULL ? &slot->inflight : NULL;
		break;
	case TAKE_ENTITLEMENT:
		entitlement = hints_entitlement(h, t->dealer, t->sku);
		count = entitlement != NULL ? &entitlement->inflight : NULL;
		break;
	case TAKE_BUDGET:
		budget = hints_budget(h, t->campaign);
		if (budget == NULL)
			return;
		after = budget->inflight_fen + sign * t->quantity;
		budget->inflight_fen = after > 0 ? after : 0;
		return;
	}
	if (count == NULL)
		return;
	/* A reload of the hints in between forgets what was under way: never below nothing. */
	pieces = (int32_t)t->quantity;
	*count = *count + sign * pieces > 0 ? *count + sign * pieces : 0;
}
