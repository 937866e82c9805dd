#ifndef ROUTER_DOMAIN_PAYOUT_H
#define ROUTER_DOMAIN_PAYOUT_H

/*
 * payout: what is posted from the end of the hold to the end of the money, and which rail may carry what is owed.
 * E4 is order_money's.  Debit positive; every function fills ${out} whole, with no legs when nothing moves.
 */
#include "domain/journal.h"

enum rail { RAIL_NONE, RAIL_SPLIT, RAIL_BANK, RAIL_OFFSET, RAIL_COUNT };

/* E5, first row: what ${avail} is owed is set off against what its party owes (design: only where the two are equal). */
void payout_netted(int64_t avail, int64_t receivable, int64_t fen, struct posting *out);
/* E5, second row: ${fen} of ${avail} is on its way. */
void payout_instructed(int64_t avail, int64_t fen, struct posting *out);
/* E6: it arrived, out of ${cash}. */
void payout_paid(int64_t avail, int64_t cash, int64_t fen, struct posting *out);
/* E6 closed: it came back. */
void payout_closed(int64_t avail, int64_t fen, struct posting *out);
/* Where a bank payout or an offset comes from: the brand pays, whoever collected. */
int64_t payout_cash(const struct world *w, enum rail rail);

/* E7: what is left of a payment is the collector's to use. */
void payout_released(enum provider v, int32_t collector, int64_t fen, struct posting *out);

/*
 * E7d: ${fen} of ${cash}, an account of dealer ${collector} at the provider, are his to use, of which ${held} and ${avail}
 * stand for what he earned.  The difference he owes the brand, or (below zero) the brand owes him.
 */
struct payout_own {
	int32_t collector, brand;
	int64_t held_fen,
	    avail_fen;    /* owed to him: not below 0, but for what a refund took too much */
	int64_t owes_fen; /* stands in his receivable, of this order: set off first */
};
/* Returns what becomes payable to him in his account with the brand, mostly 0. */
int64_t payout_released_dealer(int64_t cash, const struct payout_own *own, int64_t fen,
    struct posting *out);

/* E8: the collector took ${fen} out of his merchant account. */
void payout_withdrawn(enum provider v, int32_t collector, int64_t fen, struct posting *out);

/* R2: ${fen} went back to the customer, ${rebate_fen} of it by the provider's fee. */
struct payout_refund_done {
	enum provider provider;
	int32_t collector, brand;
	int64_t fen, rebate_fen;
	bool released;    /* from what is available; else from what is frozen */
	int64_t owes_fen; /* dealer's, released: in his receivable, of this order */
};
/* Returns what becomes payable to the dealer, who paid it from his own account. */
int64_t payout_refunded(const struct payout_refund_done *r, struct posting *out);

/*
 * R3: ${dealer} gave back ${fen} of a split, of which he owed ${owes_fen} to ${creditor}.  Returns what is payable to him
 * again, mostly 0.
 */
struct payout_return_done {
	enum provider provider;
	int32_t collector, dealer, creditor;
	int64_t fen, owes_fen;
};
int64_t payout_returned(const struct payout_return_done *r, struct posting *out);

/* What a provider lets be split off a payment in all; floor, as it reckons. */
int64_t payout_cap(int64_t paid_fen, int64_t refunded_fen, int32_t cap_bps);

#endif
