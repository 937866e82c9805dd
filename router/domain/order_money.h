#ifndef ROUTER_DOMAIN_ORDER_MONEY_H
#define ROUTER_DOMAIN_ORDER_MONEY_H

/*
 * order_money: what an order's journal rows and frozen splits say, and what its next event posts.
 *
 * Pure: the caller has read the order's rows, decisions and the balances of the accounts they touch
 * (store/order_read.h, READ_MONEY), and writes what comes out in the transaction that checks they still hold.
 *
 * Units.  A line's units have ordinals 0 .. quantity - voided - 1, given out as rows are posted: an E3, or an R1 of
 * units that were never split, takes the next ones.  Within a decision row (attempt, part, row) an E3 takes the next
 * ones as well.  An R1 behind an E3 reverses ranges of that fulfilment's E3 rows, the first unreversed first, at
 * their frozen amounts.  A leg of a range is share_equal() of the row's leg; MARGIN is what is left of it.
 *
 * Amounts.  A range of count 0 names no units but row_from fen: of the unit that it names (a part of its price went
 * back), or as its line says one of MONEY_DELIVERY, MONEY_GOODWILL, ….  So the rows alone say how far each went.
 *
 * Provider's fee.  Frozen: E2 posted it; units bear what the basis decision's PROVIDER_FEE legs say of their line,
 * spread over its ordinals.  Where E2 differs from that (goods made to order of which units were cancelled before the
 * balance) Σ E2 is spread by cash over what is left.  E1, E2 and R1 of a payment that was sent back whole (R1 under
 * the payment's own event_no, below MONEY_ACT_NO) are no part of any of this.
 *
 * Who gives.  What a dealer must give back is taken from what is held for him in this order, then from what he has
 * available with the collector, then he owes it (RECV_DEALER); a staff member's from his held, his available, then
 * his employer owes it; all others' from held before E4 of the fulfilment and from available behind it, unbounded.
 *
 * R1: domain/money_refund.h.  Source: design "The money"; tests/unit/domain/test_order_money*.c have the worked examples.
 */
#include "domain/journal.h"
#include "domain/order.h"

#define MONEY_ACT_NO 1000 /* event_no of what acts post is this or more: ACT_EVENT_NO_FIRST */

/* Lines of posting_units that name no line of goods; count is 0 and row_from are fen. */
enum money_amount {
	MONEY_DELIVERY = -1, /* of the customer's fee; attempt, part: who carried it, 0: given back */
	MONEY_GOODWILL = -2, /* given without goods; from: the bearer's party id; below 0: he has it again */
	MONEY_DEPOSIT = -3,  /* of a deposit whose balance was never paid */
	MONEY_FORFEIT = -4   /* the owner's part of it, held; from: the fulfilment */
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

struct order_money {
	const struct world *world;
	int32_t collector, owner; /* party ids; owner: the residual party, see split_residual() */
	enum provider provider;   /* that took the payment */
	int line_count;
	const struct money_line *lines;
	int64_t delivery_fee_fen;
	int basis; /* index of the split of the whole order that was paid for */
	int split_count;
	const struct money_split *splits;
	int row_count;
	const struct money_row *rows; /* whose object is the order, all, as they were posted */
	/* fulfilments whose settlement has ended: what E4 found nothing to post for has no row */
	int over_count;
	const int *over;
	int balance_count;
	const struct money_balance {
		int64_t account, fen;
	} * balances; /* of accounts not named: 0 */
};

/* Units of a fulfilment that an event is about. */
struct money_units {
	int number;               /* the fulfilment */
	int attempt;              /* whose decision was executed; an R1 of units handed over knows it */
	int part;                 /* in that decision's plan */
	int64_t delivery_fee_fen; /* of the customer's fee they carry; at most what is left of it is */
	int line_count;
	const struct money_unit_line {
		int16_t line;
		int32_t quantity;
		int32_t goods_owner; /* party id; 0: made to order; E3 only */
	} * lines;
};

/*
 * E3: ${u} were handed over.  ${last}: with them every unit of the order is final, so that C:order ends at zero:
 * what is left of the delivery fee goes to who delivered.
 */
enum err money_split(const struct order_money *m, const struct money_units *u, bool last,
    struct arena *arena, struct posting *out) MUST_CHECK;

/* E4 of fulfilment ${number}: what is still held of its legs becomes available; leg_count 0: nothing is. */
enum err money_hold_ended(const struct order_money *m, int number, struct posting *out) MUST_CHECK;

/* Sums over the rows: what stands in ${account}, all its kinds. */
int64_t money_sum(const struct order_money *m, int64_t account);
/* Its hold has ended. */
bool money_hold_over(const struct order_money *m, int number);
/* Units of ${line} that no row is about yet. */
int32_t money_units_left(const struct order_money *m, int line);
/* Of the customer's delivery fee, what no row is about yet. */
int64_t money_delivery_left(const struct order_money *m);
/* Cash of E1, less R1's: what may still be refunded. */
int64_t money_refundable(const struct order_money *m);
/* Of an order that is over: C: at zero, COST legs = frozen cost of units split, …; the first that fails, or NULL. */
const char *money_check(const struct order_money *m);

#endif
