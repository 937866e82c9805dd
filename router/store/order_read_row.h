#ifndef ROUTER_STORE_ORDER_READ_ROW_H
#define ROUTER_STORE_ORDER_READ_ROW_H

/* order_read_row: result rows of store/sql_order.h as the structs of store/order_read.h. */
#include "store/order_read.h"

/* A row of SQL_ORDER_COLUMNS. */
enum err order_row_read(struct arena *a, const PGresult *r, int row,
    struct order_read *o) MUST_CHECK;
/* A row of SQL_FULFILMENT_COLUMNS; its first column, the order, is the caller's to read. */
enum err fulfilment_row_read(struct arena *a, const PGresult *r, int row,
    struct fulfilment_read *f) MUST_CHECK;
/* A row of the columns of ORDER_DECISION: becomes ${o}'s decision. */
enum err decision_row_read(struct arena *a, const PGresult *r, int row,
    struct order_read *o) MUST_CHECK;
/* Rows come by (order, number); gives each order its own.  Orders without any keep none. */
enum err fulfilments_read(struct arena *a, const PGresult *r, struct order_read *orders,
    int count) MUST_CHECK;
/* Logs what went wrong. */
void read_told(const struct tx *t, enum err e);

#endif
