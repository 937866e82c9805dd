#ifndef ROUTER_STORE_ORDER_READ_H
#define ROUTER_STORE_ORDER_READ_H

/*
 * order_read: orders as they stand in the database, read back into plain structs in the caller's arena.
 * Ids, never indexes: what a world knows of them is the caller's to look up.
 *
 * Every function: OK: ${done} follows once, later, from the loop, with what was found living in ${arena};
 * BUSY: the pool's queue is full; NO_MEMORY.  ${done} never runs then.  ${arena} must live until ${done}.
 */
#include "base/arena.h"
#include "base/uuid.h"
#include "domain/split.h"
#include "store/fulfilment_read.h"
#include "store/order_row.h"
#include "store/tx.h"

struct money_balance; /* domain/order_money.h */

struct order_line_read {
	int32_t sku; /* id */
	int32_t quantity;
	int64_t price_fen, cost_fen; /* of a unit; cost as frozen at submit */
	int64_t discount_fen;
	int32_t campaign; /* id or 0 */
};

struct payment_read {
	enum provider provider;
	const char *number;
	int64_t amount_fen, paid_at_us;
	enum payment_outcome outcome;
};

/* The decision of one attempt: its record and the split it fixed. */
struct decision_read {
	int attempt;
	const uint8_t *record;
	size_t record_len;
	int leg_count;
	struct leg *legs; /* their row: READ_MONEY only, see rows_known */
	int funding_count;
	struct funding *fundings;
	/* READ_MONEY: */
	bool rows_known;        /* false: written before legs knew theirs */
	int line_of_count;      /* 0: its lines are the order's */
	const int16_t *line_of; /* the order's line of each of its own */
};

struct order_read {
	struct uuid order_id;
	int32_t dealer, storefront, owner_location, owner_staff; /* ids; 0: none */
	enum owner_source owner_source;
	int64_t owner_since_us; /* 0: none */
	int32_t policy_version, split_version, collector;
	int64_t goods_fen, delivery_fee_fen, funded_fen, fee_fen, margin_fen, refund_due_fen;
	int64_t created_us, pay_by_us, paid_at_us; /* 0: none */
	int64_t due_us; /* when AWAITING_CUSTOMER or UNFILLABLE ends in a cancel */
	int changes;    /* how often its units were decided on again */
	uint64_t customer;
	enum order_mark mark;
	enum way way;
	bool accept_other_way;
	const char *order_ref;
	int line_count;
	struct order_line_read *lines;
	int fulfilment_count;
	struct fulfilment_read *fulfilments; /* by number */
	/* As asked for: */
	const uint8_t *body_hash;       /* BODY_HASH_SIZE bytes; NULL: no submission row */
	struct decision_read *decision; /* NULL: no such attempt */
	int payment_count;
	struct payment_read *payments; /* by (paid_at, provider, number) */
	struct contact_row *contact;   /* NULL: none given, or erased */
	int act_count;
	struct act_read *acts; /* by number */
	/* store/return_read.h */
	int return_count, serial_count;
	struct return_read *returns;  /* by number */
	struct serial_read *serials;  /* that are out */
	struct deposit_read *deposit; /* NULL: paid at once */
	struct money_read *money;     /* store/money_read.h; NULL: not asked for */
	int posted_count;
	struct money_balance *posted; /* what its journal says so far, by account; no zeros */
};

/* NULL: it has none of that number. */
struct fulfilment_read *order_fulfilment(const struct order_read *o, int number);

#define READ_DECISION 1u
#define READ_PAYMENTS 2u
#define READ_CONTACT 4u
#define READ_HASH 8u
#define READ_ACTS 16u /* read before all else: what is read then is no older; by order_id only */
#define READ_RETURNS 32u
#define READ_DEPOSIT 64u
#define READ_MONEY 128u /* with the payments */
#define READ_POSTED 256u

struct order_key {
	struct uuid order_id; /* zero: by the next two */
	int32_t storefront;   /* id */
	const char *order_ref;
	int attempt; /* of READ_DECISION: 0 is the latest of the whole order, 1 the submit's */
};

typedef void order_read_fn(void *ctx, enum err e, struct order_read *o);
/* ${done}: OK with an order, NOT_FOUND, or the database's error.  ${key} is copied, its text borrowed. */
enum err order_read_one(struct pool *p, struct arena *arena, const struct order_key *key,
    unsigned with, order_read_fn *done, void *ctx) MUST_CHECK;

#endif
