#ifndef ROUTER_DOMAIN_STOCK_H
#define ROUTER_DOMAIN_STOCK_H

/* stock: what one location may give of one sku, pool by pool. */
#include "domain/decide.h"

struct stock_figures {
	int64_t units; /* of all pools */
	int64_t safety;
	/* of the row counted longest ago, filtered or not; UINT32_MAX: there is none */
	uint32_t counted_min;
	int pool_count;
	struct pool pool[GOODS_OWNERS_MAX];
};

/*
 * The pools of (location, sku id) in the order they are used: the owning dealer's goods, the operator's,
 * the brand's, then others by id; at most GOODS_OWNERS_MAX.
 * OUT_NOT, or the last filter that something passed up to: NOT_STOCKED no row; STOCK nothing there beyond
 * what is promised; SAFETY what is there is safety stock; STALE counted too long ago; SUSPECT reported
 * missing.  Then there is no pool.
 */
enum reason_code stock_read(const struct decide_in *in, const struct location *l, int32_t sku,
    struct stock_figures *f);

#endif
