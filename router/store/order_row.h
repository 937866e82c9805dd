#ifndef ROUTER_STORE_ORDER_ROW_H
#define ROUTER_STORE_ORDER_ROW_H

/*
 * order_row: one order as the rows it becomes, made by flow/ from a decision, written by store/batch (first
 * commit) and store/payment (a late payment decided again).  Borrowed until the commit's done.
 */
#include "base/digest.h"
#include "base/uuid.h"
#include "domain/journal.h"
#include "domain/order_state.h"
#include "domain/record.h"

#define BODY_HASH_SIZE (1 + DIGEST_SIZE)

/* The numbers are those of the proto's EventType. */
enum outbox_kind {
	OUTBOX_CREATED = 1,
	OUTBOX_PAID,
	OUTBOX_EXPIRED,
	OUTBOX_UNFILLABLE,
	OUTBOX_REFUND_DUE,
	OUTBOX_CANCELLED,
	OUTBOX_AWAITING_CUSTOMER,
	OUTBOX_DONE,
	OUTBOX_CHANGED,
	OUTBOX_OFFERED = 20,
	OUTBOX_ACCEPTED,
	OUTBOX_REJECTED,
	OUTBOX_LAPSED,
	OUTBOX_SHORT,
	OUTBOX_READY,
	OUTBOX_COLLECTED,
	OUTBOX_DISPATCHED,
	OUTBOX_DELIVERED,
	OUTBOX_DELIVERY_FAILED,
	OUTBOX_RETURNING,
	OUTBOX_RESTOCKED,
	OUTBOX_NOT_COLLECTED,
	OUTBOX_LOST,
	OUTBOX_OVERDUE,
	OUTBOX_CODE_LOCKED,
	OUTBOX_CODE_REISSUED,
	OUTBOX_REHOMED,
	OUTBOX_DIVERTED,
	OUTBOX_PART_CANCELLED,
	OUTBOX_RETURN_REQUESTED,
	OUTBOX_RETURN_RECEIVED,
	OUTBOX_RETURN_ACCEPTED,
	OUTBOX_RETURN_REFUSED,
	OUTBOX_RETURN_LAPSED,
	OUTBOX_PRODUCTION_STARTED = 50,
	OUTBOX_BALANCE_DUE,
	OUTBOX_BALANCE_PAID,
	OUTBOX_STOCK_GAP = 60,
	OUTBOX_STOCK_SUSPECT,
	OUTBOX_STOCK_SHORT,
	OUTBOX_PAYOUT_PAID = 70,
	OUTBOX_PAYOUT_CLOSED,
	OUTBOX_REFUND_DONE
};
enum payment_outcome {
	PAID_OPENED = 1,
	PAID_REDECIDED,
	PAID_UNFILLABLE,
	PAID_SECOND,
	PAID_BALANCE
};

struct contact_row {
	const char *name, *phone, *street, *region; /* never NULL */
	bool has_position;
	int32_t lat_e6, lon_e6;
};
struct payment_row {
	enum provider provider;
	const char *number;
	int64_t amount_fen;
	int64_t paid_at_us;
};

/* One thing the commit takes; dealer is whose key it is (operator for stock, owner for entitlement). */
enum take_kind { TAKE_STOCK = 1, TAKE_CAPACITY, TAKE_SLOT, TAKE_ENTITLEMENT, TAKE_BUDGET };
struct take {
	enum take_kind kind;
	int32_t dealer, location, sku, goods_owner, campaign;
	int32_t day;
	int16_t from_min, to_min;
	int32_t limit;    /* CAPACITY: for making the row */
	int64_t quantity; /* pieces, 1 for capacity and slot, fen for budget */
};

struct order_row {
	struct uuid order_id;
	const char *order_ref;
	uint8_t body_hash[BODY_HASH_SIZE];
	int32_t storefront;          /* id */
	const struct frozen *frozen; /* request, decision with one option, totals */
	const struct split *split;
	const uint8_t *record;
	size_t record_len;
	int64_t created_us;
	int64_t pay_by_us;                 /* 0: paid */
	const struct payment_row *payment; /* NULL: unpaid */
	const struct contact_row *contact; /* NULL: none given */
	const struct posting *e1, *e2;     /* NULL: unpaid, or no fee */
	int64_t deposit_fen;               /* pays first, the rest later; 0: all at once */
	/* Of a decision about some of an order's lines: their indexes in the order; NULL: all, in order. */
	const int16_t *line_of;
	const struct take *takes; /* one for each key the order needs, keys of one order distinct */
	int take_count;
	const struct world *world; /* pinned until done: ids of lines are read from it */
};

#endif
