#ifndef ROUTER_STORE_SCARCE_H
#define ROUTER_STORE_SCARCE_H

/*
 * scarce: goods that orders take from CLOUD as open, without an entitlement.  A sku's first entitlement may not
 * have come round to this instance, so the commit asks the database.
 *
 *   scarce_init(), scarce_add() for each order, scarce_send(); scarce_read() in the next step if it sent; then
 *   scarce_hits() order by order.
 */
#include "base/arena.h"
#include "store/order_row.h"
#include "store/tx.h"

struct scarce {
	int32_t *skus; /* asked for; once read: those that are scarce */
	int open_count, open_max, scarce_count;
};

/* Lives in ${arena}; ${take_max}: of all orders that scarce_add() may be given. */
enum err scarce_init(struct scarce *s, struct arena *arena, int take_max) MUST_CHECK;
void scarce_add(struct scarce *s, const struct order_row *row);
/* One statement if there is anything to ask; how many it sent. */
int scarce_send(const struct scarce *s, struct tx *t);
void scarce_read(struct scarce *s, const PGresult *r);
/* Was ${row} decided with a catalog older than the first entitlement of what it takes? */
bool scarce_hits(const struct scarce *s, const struct order_row *row);

#endif
