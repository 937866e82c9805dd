#ifndef ROUTER_STORE_ACT_STOCK_H
#define ROUTER_STORE_ACT_STOCK_H

/*
 * act_stock: what an act leaves about stock beside the counters: serial numbers that go out or come back, units
 * that are on the shelf again, levels that somebody found empty.  Part of the transaction of store/act.h.
 *
 * Numbers are claimed before stock is locked, sorted by (sku, number): the insert waits for another act that has
 * the same number in hand, and then finds it out.
 */
#include "store/act.h"
#include "store/change.h"
#include "store/tx.h"

struct act_stock {
	int serials_at, returned_at, suspects_at; /* results; -1: not asked */
	struct change *suspected;                 /* for the feed and the hints */
	int suspected_count;
};

/* Before the counters: claims and returns numbers. */
enum err act_serials_send(struct act_stock *s, const struct act_in *in, struct arena *arena,
    struct tx *t) MUST_CHECK;
/* After them, whose rows it marks. */
enum err act_marks_send(struct act_stock *s, const struct act_in *in, struct arena *arena,
    struct tx *t) MUST_CHECK;

/* EXISTS_DIFFERS with in->reason naming the number that is out; the changes go to ${changes}. */
enum err act_stock_read(struct act_stock *s, const struct act_in *in, struct arena *arena,
    struct tx *t, struct buf *changes) MUST_CHECK;
/* After the commit. */
void act_stock_apply(const struct act_stock *s, struct hints_memory *m);

#endif
