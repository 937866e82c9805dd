#include "flow/own_units.h"

static void
lines_free(struct hints *h, const struct order_read *o, const struct fulfilment_read *f, int sign)
{
	for (int n = 0; n < f->line_count; n++) {
		const struct fulfilment_line_read *l = &f->lines[n];
		struct stock_hint *stock = hints_stock(h, f->location, l->sku, l->goods_owner);
		struct entitlement_hint *entitled = hints_entitlement(h, o->dealer, l->sku);

		if (l->goods_owner != 0 && stock != NULL)
			stock->atp += sign * l->quantity;
		if (l->entitled && entitled != NULL)
			entitled->used -= sign * l->quantity;
	}
}

void
own_units_free(struct hints *h, const struct order_read *o, int sign)
{
	for (int i = 0; i < o->fulfilment_count; i++) {
		const struct fulfilment_read *f = &o->fulfilments[i];
		enum holding held = fulfilment_holding(f->state);
		struct capacity_hint *capacity;
		struct slot_hint *slot;

		if (held != HELD_RESERVED && held != HELD_ALLOCATED)
			continue;
		lines_free(h, o, f, sign);
		capacity = hints_capacity(h, f->location, f->capacity_day);
		if (f->takes_capacity && f->has_capacity_day && capacity != NULL)
			capacity->taken -= sign;
		slot =
		    hints_slot(h, f->location, f->capacity_day, f->slot_from_min, f->slot_to_min);
		if (f->has_slot && slot != NULL)
			slot->taken -= sign;
	}
}
