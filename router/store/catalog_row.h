#ifndef ROUTER_STORE_CATALOG_ROW_H
#define ROUTER_STORE_CATALOG_ROW_H

/* catalog_row: rows of SQL_STOCK_COLUMNS and its like (store/sql_catalog.h) as change rows. */
#include <libpq-fe.h>

#include "store/change.h"

typedef void change_row_fn(const PGresult *r, int row, struct change *out);
change_row_fn row_stock, row_capacity, row_slot, row_entitlement, row_budget, row_claim;

/* Minutes since 1970 of a time, within what 32 bits hold; 0 for no time. */
uint32_t minutes_of(int64_t us);

#endif
