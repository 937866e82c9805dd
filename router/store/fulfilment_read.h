#ifndef ROUTER_STORE_FULFILMENT_READ_H
#define ROUTER_STORE_FULFILMENT_READ_H

/* fulfilment_read: a fulfilment as its row stands, and a row of the trail; read with an order by store/order_read.h. */
#include "base/uuid.h"
#include "domain/fulfilment.h"

struct fulfilment_line_read {
	int32_t line; /* of the order, from 0 */
	int32_t sku, quantity;
	int32_t goods_owner; /* party id; 0: made to order */
	bool entitled;       /* charged to the owner's entitlement */
};
struct fulfilment_read {
	int number, attempt;
	int32_t dealer, location, distance_m;
	enum way way;
	enum fulfilment_state state;
	bool has_slot, takes_capacity, has_capacity_day;
	int16_t slot_from_min, slot_to_min;
	int32_t capacity_day; /* days since 1970 */
	int64_t promise_from_us, promise_to_us;
	int64_t offer_deadline_us; /* 0: none, as all times below */
	int32_t accept_min;
	int64_t due_us; /* when the state ends by itself */
	int split_from; /* number of the fulfilment these units parted from; 0: none */
	int hops;       /* store offers made for these units before this one */
	int moved_to;   /* of REJECTED and EXPIRED: who took the units over; 0: they have no home */
	/* of units decided again: the customer's fee they carry; else -1 */
	int64_t delivery_fee_fen;
	int code_no, wrong_tries;
	int64_t locked_until_us, handed_us, overdue_us;
	const char *tracking; /* never NULL */
	int line_count;
	struct fulfilment_line_read *lines;
};

/* One row of the trail. */
struct act_read {
	int act_no, number; /* number 0: of the order itself */
	enum act_kind kind;
	int64_t at_us;
	int32_t party, location, staff;
	int64_t key_id;
	int state, reason;
	int64_t refund_fen;       /* added to what is due back */
	const char *ref, *note;   /* "" for none */
	const uint8_t *body_hash; /* BODY_HASH_SIZE bytes; NULL: none */
};

#endif
