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

enum outbox_kind {
	OUTBOX_CREATED = 1,
	OUTBOX_PAID,
	OUTBOX_EXPIRED,
	OUTBOX_UNFILLABLE,
	OUTBOX_REFUND_DUE
};
enum payment_outcome { PAID_OPENED = 1, PAID_REDECIDED, PAID_UNFILLABLE, PAID_SECOND };

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
	const struct take *takes; /* one for each key the order needs, keys of one order distinct */
	int take_count;
	const struct world *world; /* pinned until done: ids of lines are read from it */
};

#endif
