#ifndef ROUTER_DOMAIN_MONEY_BOOKS_H
#define ROUTER_DOMAIN_MONEY_BOOKS_H

/* money_books: what is known of an order's money: what was sold, what was decided, what was posted.  See order_money.h. */
#include "domain/journal.h"
#include "domain/order.h"

#define MONEY_ACT_NO 1000 /* event_no of what acts post is this or more: ACT_EVENT_NO_FIRST */

/* Lines of posting_units that name no line of goods; count is 0 and row_from are fen. */
enum money_amount {
	/* of the customer's fee; attempt, part: who carried it, 0: given back */
	MONEY_DELIVERY = -1,
	/* given without goods; from: the bearer's party id; below 0: he has it again */
	MONEY_GOODWILL = -2,
	MONEY_DEPOSIT = -3, /* of a deposit whose balance was never paid */
	MONEY_FORFEIT = -4  /* the owner's part of it, held; from: the fulfilment */
};

struct money_line {
	int32_t quantity; /* as ordered */
	int32_t voided;   /* cancelled before the balance was paid: no row is about them */
	int64_t price_fen, discount_fen, cost_fen; /* of a unit */
	const struct campaign *campaign;           /* NULL: none */
};

/* The split that a decision fixed, its lines those of the order; legs know their part and row. */
struct money_split {
	int attempt;
	int number_first; /* of its fulfilments: part p is number_first + p */
	int leg_count;
	const struct leg *legs;
	int part_count;
	const struct part *parts; /* lines numbered as the order's */
};

/* A journal row of the order, as read. */
struct money_row {
	enum journal_event event;
	int event_no, number;
	int leg_count;
	const int64_t *account, *fen;
	const int16_t *kind;
	int unit_count;
	const struct posting_units *units;
};

/* A payment as the provider reckons: with a fee of its own, of which its refunds bring back their part. */
struct money_payment {
	/* of its E1 and E2; 0: no act may give it back, it was sent back whole */
	int event_no;
	int64_t refunded_fen; /* of it, by R1s of acts */
};

struct order_money {
	const struct world *world;
	int32_t collector, owner; /* party ids; owner: the residual party, see split_residual() */
	int line_count;
	const struct money_line *lines;
	int64_t delivery_fee_fen;
	int basis; /* index of the split of the whole order that was paid for */
	int split_count;
	const struct money_split *splits;
	int row_count;
	const struct money_row *rows; /* whose object is the order, all, as they were posted */
	int payment_count;
	const struct money_payment *payments; /* as they were made; R1 alone asks for them */
	/* fulfilments whose settlement has ended: what E4 found nothing to post for has no row */
	int over_count;
	const int *over;
	int balance_count;
	const struct money_balance {
		int64_t account, fen;
	} * balances; /* of accounts not named: 0 */
};

#endif
