#ifndef ROUTER_DOMAIN_PAYOUT_ORDER_H
#define ROUTER_DOMAIN_PAYOUT_ORDER_H

/*
 * payout_order: an order's money as it stands in the tables: what domain/payout_plan.h goes on from, and changes in place.
 * Rows it touched say so (changed), new ones are fresh.
 */
#include "base/uuid.h"
#include "domain/payout.h"
#include "domain/provider_word.h"

/* The numbers of these enums stand in tables: migrations/0015, 0018. */
enum refund_state {
	REFUND_DUE = 1,
	REFUND_ASKED,
	REFUND_DONE,
	REFUND_REFUSED,
	REFUND_CONFIRMED /* by a person: done, not yet posted */
};
enum clawback_state { CLAWBACK_DUE = 1, CLAWBACK_ASKED, CLAWBACK_RETURNED, CLAWBACK_NETTED };
enum payout_state { PAYOUT_PREPARED = 1, PAYOUT_INSTRUCTED, PAYOUT_PAID, PAYOUT_CLOSED };
enum batch_state { BATCH_PREPARED = 1, BATCH_INSTRUCTED, BATCH_DONE, BATCH_REFUSED };

struct payout_payment {
	enum provider provider;
	const char *number;
	int64_t fen, paid_us;
	bool released, changed;
	int ordinal; /* event_no of its E1; 0: not in the journal */
};
struct payout_settlement {
	int number;
	int64_t due_us;
	bool ended, changed;
};
struct payout_payable { /* open, or of this pass */
	int event, event_no;
	int64_t account;
	int32_t party;
	int64_t fen;
	enum rail rail;
	int64_t not_before_us;
	struct uuid batch;      /* of a split that waits for two persons; zero: none */
	enum batch_state state; /* its batch's; 0: none */
	bool fresh, changed;
	int made; /* index in made[] of the payout it goes with; -1: open */
};
struct payout_payout { /* a split's payout */
	struct uuid id;
	int payout_no;
	int64_t account, fen;
	int32_t party;
	enum payout_state state;
	bool changed;
	const char *fail_reason;
	/* closed now: its payables are open again, so */
	enum rail rail;
	int64_t not_before_us;
};
struct payout_item {
	int item_no;
	int32_t party;
	const char *receiver;
	bool personal, posted, changed;
	int64_t fen, finished_us;
	int payout; /* index in payouts[]; -1: none */
	enum provider_result result;
	const char *fail_reason;
};
struct payout_call {
	const char *number, *split_number;
	enum provider_call_kind kind;
	enum provider_call_state state;
	int payment; /* index */
	int item_count;
	struct payout_item *items;
	bool dropped; /* changed: was queued, never sent, shall not be */
};
struct payout_refund {
	int refund_no, part_no, payment;
	int64_t fen, rebate_fen, due_us;
	enum refund_state state;
	const char *number;
	bool changed;
	int asked; /* index in asks[] of the call made now; -1: none */
};
struct payout_clawback {
	int refund_no;
	int32_t party, creditor;
	int64_t fen;
	enum clawback_state state;
	const char *number;
	bool changed;
	int asked;
};
struct payout_payee {
	int32_t party;
	enum party_kind kind;
	enum provider provider;
	const char *merchant, *openid; /* "": none */
	bool bank;
	int64_t flying_fen; /* of what he owes the collector: asked back of splits */
};

#endif
