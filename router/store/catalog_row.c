#include "store/catalog_row.h"

#include "base/clock.h"
#include "store/pg.h"

uint32_t
minutes_of(int64_t us)
{
	int64_t min;

	min = us / US_PER_MIN;
	if (min < 0)
		return 0;
	return min > UINT32_MAX ? UINT32_MAX : (uint32_t)min;
}

void
row_stock(const PGresult *r, int row, struct change *out)
{
	*out = (struct change){.kind = CHANGE_STOCK};
	out->location = col_i32(r, row, 0);
	out->row.stock.sku = col_i32(r, row, 1);
	out->row.stock.goods_owner = col_i32(r, row, 2);
	out->row.stock.atp = col_i32(r, row, 3);
	out->row.stock.version = col_i32(r, row, 4);
	out->row.stock.safety = col_i32(r, row, 5);
	out->row.stock.counted_min = minutes_of(col_time(r, row, 6));
	out->row.stock.suspect_until_min = minutes_of(col_time(r, row, 7));
}

void
row_capacity(const PGresult *r, int row, struct change *out)
{
	*out = (struct change){.kind = CHANGE_CAPACITY};
	out->row.capacity.location = col_i32(r, row, 0);
	out->row.capacity.day = col_date(r, row, 1);
	out->row.capacity.limit = col_i32(r, row, 2);
	out->row.capacity.taken = col_i32(r, row, 3);
	out->row.capacity.version = col_i32(r, row, 4);
}

void
row_slot(const PGresult *r, int row, struct change *out)
{
	*out = (struct change){.kind = CHANGE_SLOT};
	out->row.slot.location = col_i32(r, row, 0);
	out->row.slot.day = col_date(r, row, 1);
	out->row.slot.from_min = col_i16(r, row, 2);
	out->row.slot.to_min = col_i16(r, row, 3);
	out->row.slot.limit = col_i32(r, row, 4);
	out->row.slot.taken = col_i32(r, row, 5);
	out->row.slot.version = col_i32(r, row, 6);
}

void
row_entitlement(const PGresult *r, int row, struct change *out)
{
	*out = (struct change){.kind = CHANGE_ENTITLEMENT};
	out->row.entitlement.dealer = col_i32(r, row, 0);
	out->row.entitlement.sku = col_i32(r, row, 1);
	out->row.entitlement.ceiling = col_i32(r, row, 2);
	out->row.entitlement.used = col_i32(r, row, 3);
	out->row.entitlement.version = col_i32(r, row, 4);
}

void
row_budget(const PGresult *r, int row, struct change *out)
{
	*out = (struct change){.kind = CHANGE_BUDGET};
	out->row.budget.campaign = col_i32(r, row, 0);
	out->row.budget.left_fen = col_i64(r, row, 1);
	out->row.budget.version = col_i32(r, row, 2);
}

void
row_claim(const PGresult *r, int row, struct change *out)
{
	*out = (struct change){.kind = CHANGE_CLAIM};
	out->row.claim.customer = (uint64_t)col_i64(r, row, 0);
	out->row.claim.location = col_i32(r, row, 1);
	out->row.claim.staff = col_i32(r, row, 2);
	out->row.claim.kind = (uint8_t)col_i16(r, row, 3);
	out->row.claim.from_min = minutes_of(col_time(r, row, 4));
	out->row.claim.from_us = (uint32_t)(col_time(r, row, 4) % US_PER_MIN);
	out->row.claim.until_min = minutes_of(col_time(r, row, 5));
	out->row.claim.version = (uint16_t)col_i32(r, row, 6);
}
