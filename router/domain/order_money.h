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
#include "domain/money_books.h"

/* ${p} as a row that is posted; its legs and units are borrowed. */
struct money_row money_row_of(const struct posting *p, int event_no);

/* Units of a fulfilment that an event is about. */
struct money_units {
	int number; /* the fulfilment */
	/* whose decision was executed; an R1 of units handed over knows it */
	int attempt;
	int part; /* in that decision's plan */
	/* of the customer's fee they carry; at most what is left of it is */
	int64_t delivery_fee_fen;
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

/* What the decision of ${attempt} fixed; NULL: there is none. */
const struct money_split *money_split_of(const struct order_money *m, int attempt);
/* What stands in ${account}, all its kinds: of a row, of all. */
int64_t money_row_sum(const struct money_row *r, int64_t account);
int64_t money_sum(const struct order_money *m, int64_t account);
/* Its hold has ended. */
bool money_hold_over(const struct order_money *m, int number);
/* Of the customer's delivery fee, what no row is about yet. */
int64_t money_delivery_left(const struct order_money *m);
/* Cash of E1, less R1's: what may still be refunded. */
int64_t money_refundable(const struct order_money *m);

#endif
