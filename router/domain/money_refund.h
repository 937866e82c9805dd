#ifndef ROUTER_DOMAIN_MONEY_REFUND_H
#define ROUTER_DOMAIN_MONEY_REFUND_H

/* money_refund: R1, what a refund of an order posts; words and rules in domain/order_money.h. */
#include "domain/order_money.h"

/*
 * One R1.  Everything that a refund of an order may be, in one row; zero members are left out.  Where units end whose
 * order was never paid but for a deposit, they are no unsplit units: nothing was posted about them.
 */
struct money_refund {
	int number; /* of the row: a fulfilment; 0: that of the first units below */
	/* units never handed over, then units that came back: reversed at their frozen amounts */
	int unsplit_count, split_count;
	const struct money_units *unsplit, *split;
	int64_t delivery_fee_fen; /* of the fee, given back: what nobody carried yet goes first */
	/* kept of what the unsplit units cost; without such units: of the deposit, beside deposit_fen */
	int64_t forfeit_fen;
	int32_t forfeit_owner_bps; /* of it the owner's, floor; the rest is the brand's */
	/* a part of what one unit of the one line of ${part_of} cost, handed over: reversed by cumulative share */
	int64_t part_fen;
	const struct money_units *part_of;
	int64_t goodwill_fen;    /* without goods: ${bearer} pays */
	int32_t bearer;          /* party id */
	int32_t lost_fee_bearer; /* of what the provider keeps; 0: the brand */
	int64_t deposit_fen;     /* cash back of a deposit whose balance was never paid */
	/* With this every unit is final: C:order ends at zero, see money_split().  Alone it is allowed. */
	bool last;
};

/*
 * Behind the row, in the same commit: each of ${taken} that is an AVAIL account is a payable of -fen (so fen below
 * 0: more is owed to him), each that is a RECV_DEALER account with fen above 0 may be a clawback.  A row that put
 * something into a HELD account (MONEY_FORFEIT) needs a settlement of posting.number as an E3 does.
 */
#define MONEY_TAKEN_MAX 16
struct money_taken {
	int32_t party;
	int64_t account;
	int64_t fen;
};
#define MONEY_BACKS_MAX 2 /* a deposit and its balance */
struct money_refunded {
	struct posting posting; /* leg_count 0: nothing is to be posted */
	int64_t cash_fen;       /* what goes back to the customer */
	int back_count;         /* to which payments, the newest first: refunds due */
	struct money_back {
		int payment;             /* index into order_money.payments */
		int64_t fen, rebate_fen; /* of it by the provider's fee */
	} back[MONEY_BACKS_MAX];
	int taken_count; /* one row an account */
	struct money_taken taken[MONEY_TAKEN_MAX];
};

/*
 * R1.  WRONG_STATE: a unit of ${r} was refunded before, or was never handed over where it must have been, or more
 * would go back than was paid; OVERFLOW.  Of each payment's fee comes back what is due on all of it that went back so
 * far, half up, as the provider reckons.  Goodwill that was given before is no part of what a full refund brings: it
 * goes back to who bore it.
 */
enum err money_refund(const struct order_money *m, const struct money_refund *r,
    struct arena *arena, struct money_refunded *out) MUST_CHECK;

#endif
