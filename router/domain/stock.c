/* stock: see the header. */
#include <string.h>

#include "base/clock.h"
#include "domain/stock.h"

#define ROWS_MAX 16 /* goods owners looked at, by id */

static int64_t
left_of(const struct decide_in *in, const struct stock_hint *s)
{
	return (int64_t)s->atp - (in->ignore_inflight ? 0 : s->inflight);
}

static enum reason_code
judge_row(const struct decide_in *in, const struct stock_hint *s, uint32_t now_min)
{
	int64_t left = left_of(in, s), stale = in->policy->stale_after_min;

	if (left + s->safety <= 0)
		return OUT_STOCK;
	if (left <= 0)
		return OUT_SAFETY;
	if (stale > 0 && (int64_t)now_min - s->counted_min > stale)
		return OUT_STALE;
	if (s->suspect_until_min > now_min)
		return OUT_SUSPECT;
	return OUT_NOT;
}

static int
pool_class(const struct decide_in *in, const struct location *l, int32_t goods_owner)
{
	if (goods_owner == in->owner->dealer)
		return 0;
	if (goods_owner == l->party)
		return 1;
	return goods_owner == in->world->brand ? 2 : 3;
}

/* Keeps the first GOODS_OWNERS_MAX in order. */
static void
add_pool(const struct decide_in *in, const struct location *l, const struct stock_hint *s,
    struct stock_figures *f)
{
	int at = f->pool_count, class = pool_class(in, l, s->goods_owner), other;

	while (at > 0) {
		other = pool_class(in, l, f->pool[at - 1].goods_owner);
		if (other < class ||
		    (other == class && f->pool[at - 1].goods_owner < s->goods_owner))
			break;
		at--;
	}
	if (at == GOODS_OWNERS_MAX)
		return;
	if (f->pool_count == GOODS_OWNERS_MAX)
		f->pool_count--;
	memmove(&f->pool[at + 1], &f->pool[at], sizeof(f->pool[0]) * (size_t)(f->pool_count - at));
	f->pool[at] = (struct pool){s->goods_owner, (int32_t)left_of(in, s)};
	f->pool_count++;
}

enum reason_code
stock_read(const struct decide_in *in, const struct location *l, int32_t sku,
    struct stock_figures *f)
{
	uint32_t now_min = (uint32_t)(in->request->now_us / US_PER_MIN);
	enum reason_code left = OUT_NOT_STOCKED, r;
	struct stock_hint *row[ROWS_MAX];
	int n;

	f->units = f->safety = 0;
	f->counted_min = UINT32_MAX;
	f->pool_count = 0;
	n = hints_stock_all(in->hints, l->id, sku, row, ROWS_MAX);
	for (int i = 0; i < n; i++) {
		if (row[i]->counted_min < f->counted_min)
			f->counted_min = row[i]->counted_min;
		r = judge_row(in, row[i], now_min);
		if (r != OUT_NOT) {
			left = left != OUT_NOT && r > left ? r : left;
			continue;
		}
		left = OUT_NOT;
		f->safety += row[i]->safety;
		add_pool(in, l, row[i], f);
	}
	for (int i = 0; i < f->pool_count; i++)
		f->units += f->pool[i].atp;
	return left;
}
