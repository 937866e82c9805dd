#ifndef ROUTER_STORE_MONEY_READ_H
#define ROUTER_STORE_MONEY_READ_H

/*
 * money_read: what READ_MONEY adds to an order (READ_POSTED: only the sums of its journal): what was decided, posted and promised of its money, as
 * domain/order_money.h wants it.  The payments come with it.
 *
 * Settlements are read before the journal: who finds a settlement as it was read (its ended_at and changes) knows
 * that neither an E4 nor an R1 of that fulfilment came behind what he has read.
 */
#include "domain/order_money.h"
#include "store/order_read.h"

/* Beside the row of the domain. */
struct money_row_meta {
	int64_t event_us, posted_us;
	int32_t period;
	const char *provider_ref; /* "" for none */
};
struct settlement_read {
	int number;
	int64_t due_us, ended_us; /* ended 0: not yet */
	int32_t changes;          /* R1s since */
};
struct refund_read {
	int refund_no, part_no, state;
	enum provider provider;
	const char *payment_number;
	int64_t fen, rebate_fen;
};
/* What a party was paid, or is being paid, by the provider's split of this order, less what was asked back of it. */
struct split_paid_read {
	int32_t party;
	int64_t fen;
};

struct money_read {
	int decision_count;
	struct decision_read *decisions; /* by attempt */
	int row_count;
	struct money_row *rows; /* of object the order, as posted */
	struct money_row_meta *metas;
	int balance_count; /* of the bounded accounts the rows touch, in each of their stages */
	struct money_balance *balances;
	int settlement_count, refund_count, split_paid_count;
	struct settlement_read *settlements;
	struct refund_read *refunds;
	struct split_paid_read *split_paid;
};

/* Statements that READ_MONEY and READ_POSTED ask for; 0 without them. */
int money_result_count(unsigned with);
void money_ask(struct tx *t, const struct uuid *order_id, unsigned with);
/* Reads them from result ${at} on, into ${o}. */
enum err money_rows_read(struct arena *a, struct tx *t, int at, unsigned with,
    struct order_read *o) MUST_CHECK;

/* One row of the journal; ${r} begins with the columns of MONEY_ROWS. */
enum err money_row_read(struct arena *a, const PGresult *r, int row,
    struct money_row *out) MUST_CHECK;

#endif
