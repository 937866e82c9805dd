#ifndef SIMULATOR_AUDIT_ORDER_H
#define SIMULATOR_AUDIT_ORDER_H

/* audit_order: one order with all its rows, as the auditor judges it. */
#include "simulator/audit_db.h"
#include "simulator/audit_names.h"
#include "simulator/audit_report.h"

#define CHILDREN_MAX 128

/* Numbers in the tables that the judgement needs; 0003_orders.sql. */
enum { MARK_AWAITING_PAYMENT = 1, MARK_UNFILLABLE = 3, MARK_CANCELLED = 5 };
enum {
	LEG_COST = 1,
	LEG_MARGIN = 2,
	LEG_TRANSFER = 3,
	LEG_PROVIDER_FEE = 6,
	LEG_DELIVERY_INCOME = 8,
	LEG_SHORTFALL = 10
};
enum { EVENT_PAID = 1, EVENT_FEE = 2, EVENT_SPLIT = 3, EVENT_REFUND = 9 };
/* A payment's outcome: opened, decided again, too late for anything, a second one. */
enum { PAID_OPENED = 1, PAID_AGAIN, PAID_UNFILLABLE, PAID_SECOND, PAID_BALANCE };
/* The customer has the goods. */
enum { STATE_COLLECTED = 7, STATE_DELIVERED = 10 };
/* Ends without the customer having the goods: not collected, lost, restocked, cancelled. */
enum { STATE_NOT_COLLECTED = 8, STATE_LOST = 14, STATE_RESTOCKED, STATE_CANCELLED };
enum {
	ACCOUNT_PSP_FROZEN = 1,
	ACCOUNT_RECV_DEALER = 6,
	ACCOUNT_C_ORDER = 10,
	ACCOUNT_C_REFUND = 11,
	ACCOUNT_PAYABLE_FIRST = 20,
	ACCOUNT_PAYABLE_LAST = 37,
	ACCOUNT_BRAND_COST = 40,
	ACCOUNT_BRAND_OTHER = 41
};
enum { PARTY_PLATFORM = 6 }; /* party.kind */

struct audit_fulfilment {
	int64_t number, attempt, location, way, state;
	int64_t split_from, moved_to; /* 0: none */
	/* an act decided on it, and it carries a part of the delivery fee */
	bool acted;
	int64_t fee_fen;
	bool produced; /* its production was started */
	struct audit_ints line, sku, qty, owner;
};

struct audit_decision {
	int64_t attempt;
	struct audit_ints kind, party, fen, line;
	struct audit_ints funder, funded;
};

struct audit_payment {
	int64_t provider, fen, outcome;
	const char *number;
};

struct audit_posting {
	int64_t event, number; /* of the fulfilment; 0: none */
	const char *ref;       /* the payment's number */
	struct audit_ints account, fen, kind;
};

struct audit_order {
	char id[AUDIT_ID_SIZE];
	const char *ref;
	int64_t dealer, storefront, collector, goods_fen, delivery_fen, funded_fen, fee_fen,
	    margin_fen, refund_due_fen;
	int64_t refunds_fen;              /* rows of refunds, by payment */
	int64_t acts_fen, returns_fen;    /* what acts gave back, and of that returns */
	int64_t amounts_fen;              /* and of that without goods */
	int64_t deposit_fen, balance_fen; /* both 0: paid at once */
	int64_t mark, way;
	bool paid;
	struct audit_ints sku, qty, price, cost, discount, campaign;
	struct audit_fulfilment fulfilment[CHILDREN_MAX];
	struct audit_decision decision[CHILDREN_MAX];
	struct audit_payment payment[CHILDREN_MAX];
	struct audit_posting posting[CHILDREN_MAX];
	int fulfilment_count, decision_count, payment_count, posting_count;
	int64_t attempt; /* of the latest decision */
	int64_t base;    /* of the one that its totals are from: no act's */
};

/* The arithmetic of audit_money.c: totals, fee, legs, cost, transfer, margin, funding, collector. */
void audit_money(const struct audit_order *o, const struct audit_names *n, struct audit_report *r);
/* E1, E2 and R1 against the payments. */
void audit_postings(const struct audit_order *o, const struct audit_names *n,
    struct audit_report *r);
/* What acts posted: splits, clearing, what is due back. */
void audit_books(const struct audit_order *o, const struct audit_names *n, struct audit_report *r);
/* Where the units are, and what was given back for those that did not reach the customer. */
void audit_units(const struct audit_order *o, struct audit_report *r);

#endif
