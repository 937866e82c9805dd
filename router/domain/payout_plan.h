#ifndef ROUTER_DOMAIN_PAYOUT_PLAN_H
#define ROUTER_DOMAIN_PAYOUT_PLAN_H

/*
 * payout_plan: the next steps of an order's money behind its hand-over: holds that end, what the provider answered,
 * rails for what is owed, refunds and returns asked for, what is released.
 *
 * Pure: the caller reads an order whole under its lock, payout_plan() changes the rows in place and adds what
 * is new, and the caller writes all of it in one transaction.  Planning again finds nothing to do.
 */
#include "base/arena.h"
#include "domain/order_money.h"
#include "domain/payout_order.h"

struct payout_terms {
	const struct world *world;
	int64_t now_us;
	int64_t freeze_us; /* from payment to the provider's own release */
	int64_t margin_us; /* no split is begun so long before it */
	int64_t retry_us;  /* until what was refused or closed is tried again */
	int64_t return_us; /* how long a split may be taken back */
	int32_t cap_bps;
	int split_tries_max;      /* of one leg, before it goes by bank */
	int64_t approval_min_fen; /* a split of as much waits for two persons; 0: none does */
	unsigned connectors;      /* 1 << provider: can be asked, and freezes what it collects */
};

/* What is new, in the order it was planned. */
struct payout_posting {
	struct posting posting;
	int event_no;
	const char *ref;
	int64_t at_us;
	struct payout_posting *next;
};
struct payout_made {    /* instructed now; its payables name it by index */
	struct uuid id; /* the caller's to give */
	int payout_no;
	int64_t account, fen;
	int32_t party;
	struct uuid batch;
	int asked; /* index in asks[] */
};
struct payout_ask { /* a call to the provider, to be queued */
	enum provider_call_kind kind;
	int payment, number; /* of its number: nth call of the order */
	const char *split_number;
	int64_t fen, total_fen, deadline_us, next_us; /* next: not before; 0: at once */
	int item_count, item_max;
	struct payout_ask_item {
		int32_t party;
		const char *receiver;
		bool personal;
		int64_t fen;
		int made; /* index in made[]; -1: none */
	} * items;
};
struct payout_event {
	int kind; /* enum payout_told */
	int64_t fen;
	struct payout_event *next;
};
enum payout_told { TOLD_PAID, TOLD_CLOSED, TOLD_REFUNDED };

#define PAYOUT_SPLITS_MAX 50    /* of one payment, by the provider's rule */
#define PAYOUT_RECEIVERS_MAX 50 /* of one split */

struct payout_order {
	struct uuid order_id;
	int32_t dealer; /* the order's owner */
	int32_t split_version, collector;
	struct order_money
	    money;        /* its world, collector, owner and rows; the rest of it only when */
	bool whole;       /* … it is whole */
	bool needs_whole; /* out: a hold waits for that, nothing else does */
	int payment_count, settlement_count, payable_count, payable_max, payout_count, call_count,
	    refund_count, clawback_count, payee_count;
	struct payout_payment *payments; /* by (paid_at, provider, number) */
	struct payout_settlement *settlements;
	struct payout_payable *payables; /* copied when they grow */
	struct payout_payout *payouts;
	struct payout_call *calls;
	struct payout_refund *refunds;
	struct payout_clawback *clawbacks; /* by (refund_no, party) */
	struct payout_payee *payees;
	/* What payout_plan() adds. */
	struct payout_posting *postings, **postings_end;
	struct payout_event *events;
	int made_count, ask_count;
	struct payout_made *made;
	struct payout_ask *asks;
	int64_t again_us; /* look again then; 0: when something happens */
	/* scratch */
	bool *wanted; /* by payment: to be released, for a refund waits for it */
};

/* Balances of bounded accounts, shared by orders of one transaction: each plan moves them on. */
struct payout_balances {
	int count, max;
	struct money_balance *rows; /* by account */
};
int64_t payout_balance(const struct payout_balances *b, int64_t account);

/**
 * payout_plan(terms, o, balances, arena):
 * All that is due of ${o} at terms->now_us.
 *
 * NO_MEMORY, OVERFLOW: as if not called, but for what ${o} holds: it is thrown away.
 */
enum err payout_plan(const struct payout_terms *terms, struct payout_order *o,
    struct payout_balances *balances, struct arena *arena) MUST_CHECK;

#endif
