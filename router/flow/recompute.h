#ifndef ROUTER_FLOW_RECOMPUTE_H
#define ROUTER_FLOW_RECOMPUTE_H

/*
 * recompute: an order's legs made again from its frozen inputs and compared to the fen, for yuncang audit
 * --recompute: the split of each decision from its record and the book of its version, archived ones too; each
 * hand-over, hold's end and refund from the rows before it.
 */
#include "domain/world.h"
#include "store/order_read.h"

struct catalog;

struct recompute_total {
	int64_t orders, decisions, rows;
	int64_t older; /* decisions from before what they looked up was kept: not made again */
	int64_t differ;
};
typedef void recompute_fn(void *ctx, const char *what); /* what is not the same, a line */

/* ${o}: read with READ_MONEY | READ_DEPOSIT; ${w} knows all it names.  NO_MEMORY: ${a} is too small. */
enum err recompute_order(const struct catalog *c, const struct world *w, const struct order_read *o,
    struct arena *a, struct recompute_total *total, recompute_fn *tell, void *ctx) MUST_CHECK;

#endif
