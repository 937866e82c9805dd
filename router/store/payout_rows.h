#ifndef ROUTER_STORE_PAYOUT_ROWS_H
#define ROUTER_STORE_PAYOUT_ROWS_H

/* payout_rows: rows of payouts, batches and refunds as columns of sql_payout.h. */
#include "store/batch_write.h"
#include "store/payout.h"
#include "store/payout_list.h"

/* ${to}: a struct payout_batch_row, payout_row, refund_row; a list reads any of them. */
enum err payout_batch_read(const PGresult *r, int row, struct arena *a, void *to) MUST_CHECK;
enum err payout_read(const PGresult *r, int row, struct arena *a, void *to) MUST_CHECK;
enum err refund_row_read(const PGresult *r, int row, struct arena *a, void *to) MUST_CHECK;

/* An event of each row of PAYOUT_SHARES. */
struct outbox_write payout_event(const PGresult *r, int row, enum outbox_kind kind);

#endif
