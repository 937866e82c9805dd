#ifndef ROUTER_STORE_PG_ROW_H
#define ROUTER_STORE_PG_ROW_H

/* pg_row: X(name, type, its columns); the types are made in migrations/0006, 0007 and 0022. */

/* clang-format off */
#define ROW_TABLE(X) \
	X(ORDER, "new_order", 29) \
	X(FULFILMENT, "new_fulfilment", 21) \
	X(DECISION, "placed_decision", 13) \
	X(ACTED, "acted_fulfilment", 22)
/* clang-format on */

enum pg_row {
#define X(name, type, columns) ROW_##name,
	ROW_TABLE(X)
#undef X
	    ROW_COUNT
};

#endif
