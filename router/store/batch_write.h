#ifndef ROUTER_STORE_BATCH_WRITE_H
#define ROUTER_STORE_BATCH_WRITE_H

/*
 * batch_write: the rows of committed orders, each table one set-based insert.  Every function adds one
 * statement, or none if there is nothing to write.
 */
#include "store/order_row.h"
#include "store/tx.h"

struct order_write {
	const struct order_row *row;
	int attempt;      /* of the decision, from 1 */
	int number_first; /* of its fulfilments, from 1 */
};
struct journal_write {
	struct uuid object;
	int32_t dealer, split_version;
	int event_no;
	int64_t event_at_us;
	const char *provider_ref;
	const struct posting *posting;
};
struct outbox_write {
	struct uuid order_id;
	int32_t dealer;
	enum outbox_kind kind;
	int number;       /* of the fulfilment; 0: the order's own */
	int32_t location; /* 0: none */
	int64_t amount_fen;
	int reason;
};
struct payment_write {
	struct uuid order_id;
	int32_t dealer;
	const struct payment_row *payment;
	enum payment_outcome outcome;
};

void write_orders(struct tx *t, const struct order_write *w, int count);
void write_fulfilments(struct tx *t, const struct order_write *w, int count);
void write_decisions(struct tx *t, const struct order_write *w, int count);
/* Of those that are paid in two parts. */
void write_deposits(struct tx *t, const struct order_write *w, int count);
void write_contacts(struct tx *t, const struct order_write *w, int count);
/* The order in which every writer claims payment numbers, as strcmp() says it. */
int payment_compare(const struct payment_row *x, const struct payment_row *y);
/* Inserts what no one has claimed; the result has the order_id of each inserted, in order. */
void write_payments(struct tx *t, const struct payment_write *w, int count);
/* E1, E2 and what else has no units and touches no bounded account; all other postings: store/ledger.h. */
void write_journal(struct tx *t, const struct journal_write *w, int count, int64_t now_us);
/* The books are kept in China: the month of ${us} there, as 202611. */
int32_t period_of(int64_t us);
void write_outbox(struct tx *t, const struct outbox_write *w, int count, int64_t now_us);
/* Appends to ${changes} whose tasks ${t} changed; then their one row. */
void write_change(struct tx *t, struct buf *changes);

#endif
