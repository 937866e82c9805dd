/* collector: who takes the customer's money; the provider's limits on splitting decide it. */
#include "domain/split.h"

/* The one party whose goods all units are, or 0.  What is made to order is the brand's. */
static int32_t
only_goods_owner(const struct world *w, const struct plan *p)
{
	const struct part_line *l;
	int32_t only = 0, goods;
	int i, j;

	for (i = 0; i < p->part_count; i++)
		for (j = 0; j < p->parts[i].line_count; j++) {
			l = &p->parts[i].lines[j];
			goods = l->stocked ? l->goods_owner : w->brand;
			if (only != 0 && only != goods)
				return 0;
			only = goods;
		}
	return only;
}

int32_t
collector_choose(const struct world *w, const struct request *q, const struct plan *p)
{
	const struct party *dealer;
	int32_t goods;

	if (q->paid_party != 0)
		return q->paid_party;
	goods = only_goods_owner(w, p);
	if (goods == 0 || goods == w->brand)
		return w->brand;
	dealer = world_party_row(w, goods);
	/* A dealer without a merchant account can take no money: the brand takes it for him. */
	return dealer != NULL && dealer->has_merchant ? goods : w->brand;
}
