#ifndef ROUTER_STORE_EVENT_ROW_H
#define ROUTER_STORE_EVENT_ROW_H

/* event_row: one row of event_log with names instead of ids, as the columns SQL_EVENT_COLUMNS of sql_webhook.h. */
#include "store/pg.h"

#define EVENT_REF_SIZE 72
#define EVENT_CODE_SIZE 72

struct event_row {
	int64_t position;
	struct uuid event_id;
	int kind; /* enum outbox_kind */
	struct uuid order_id;
	char order_ref[EVENT_REF_SIZE];
	char storefront[EVENT_CODE_SIZE];
	char dealer[EVENT_CODE_SIZE];
	int number; /* 0: of the order */
	char location[EVENT_CODE_SIZE];
	int64_t amount_fen;
	int reason;
};

/* Reads the columns from ${col} on. */
void event_row_read(const PGresult *r, int row, int col, struct event_row *out);

#endif
