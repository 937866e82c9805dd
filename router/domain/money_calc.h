#ifndef ROUTER_DOMAIN_MONEY_CALC_H
#define ROUTER_DOMAIN_MONEY_CALC_H

/* money_calc: what order_money's files share, and nobody else. */
#include "domain/money_refund.h"

/* What a party earns with a row; below 0: gives back. */
struct money_earned {
	int32_t party;
	int kind;   /* enum leg_kind */
	int number; /* of the fulfilment it is about; 0: none */
	int64_t fen;
};
#define MONEY_EARNED_MAX 96

struct money_calc {
	const struct order_money *m;
	struct posting *p;
	/* The row's ranges as they are made. */
	struct posting_units *units;
	int unit_count, unit_max;
	/* The provider's fee as units and delivery bear it. */
	int64_t fee_line[ORDER_LINES_MAX], fee_delivery_fen, fee_fen;
	int earned_count;
	struct money_earned earned[MONEY_EARNED_MAX];
	int64_t order_fen;               /* debit of C:order */
	int64_t cash_fen, fee_share_fen; /* R1: what goes back, and the fee on it */
	bool overflow;
};

/* ${arena} NULL: no ranges are made. */
enum err calc_begin(struct money_calc *c, const struct order_money *m, struct posting *p,
    enum journal_event event, struct arena *arena) MUST_CHECK;
void calc_earn(struct money_calc *c, int32_t party, enum leg_kind kind, int number, int64_t fen);
void calc_range(struct money_calc *c, const struct posting_units *u);
int64_t calc_times(struct money_calc *c, int64_t fen, int64_t n);
/* Of ${fen}, what belongs to the steps from ${before} to ${after} of ${whole}: cumulative, half up; whole 0: all. */
int64_t calc_piece(struct money_calc *c, int64_t fen, int64_t before, int64_t after, int64_t whole);

/* ---- Units: money_unit.c ---- */

/* Units, or (${whole} above 0) the steps ${before} to ${after} of the cash of one unit. */
struct money_piece {
	const struct posting_units *u;
	int64_t before, after, whole;
	int number;
};
/* What they cost: cash, and what campaigns gave, whose funders owe ${sign} times that from now on. */
struct money_cost {
	int64_t gross_fen, cash_fen, fee_fen;
};
void calc_cost(struct money_calc *c, const struct money_piece *x, int sign, struct money_cost *out);
/*
 * What campaigns give came into clearing with a payment: of goods made to order with the balance, and where units were
 * cancelled until none was left to pay, with none.  Then it comes with the split.
 */
bool calc_funded(const struct order_money *m);
/* Who earned what of it, times ${sign}; MARGIN is what is left. */
void calc_legs(struct money_calc *c, const struct money_piece *x, int sign);
/* The line's next ordinal; units of the decision row that E3 rows took, those of ${c} among them. */
int32_t calc_next(const struct money_calc *c, int line);
int32_t calc_row_next(const struct money_calc *c, int attempt, int part, int row);
/*
 * The first of the units ${from} .. ${end} - 1 that no R1 reversed whole: its ordinal, and how many like it follow
 * (a unit of which a part went back stands alone, ${before} says how much); ${end}: there is none.
 */
int32_t calc_unreversed(const struct money_calc *c, int line, int32_t from, int32_t end,
    int32_t *count, int64_t *before);
/* ---- Delivery: money_delivery.c ---- */

/* What became of a range of the customer's delivery fee; stands in posting_units.row. */
enum money_fee_use {
	FEE_GIVEN_BACK,
	FEE_CARRIED,    /* with the courier's cost */
	FEE_CARRIED_ON, /* the same parcel's, whose courier is paid */
	FEE_KEPT        /* what was left when all was over */
};
int64_t calc_delivery_left(const struct money_calc *c);
void calc_delivered(struct money_calc *c, const struct money_units *u);
/* ${fen} of the fee go back. */
enum err calc_delivery_back(struct money_calc *c, int64_t fen, int32_t bearer) MUST_CHECK;
/* Of reversed fee: what it took from whom, of R1 row's range ${u} (row_from below 0), with ${before} reversed before. */
void calc_delivery_legs(struct money_calc *c, const struct posting_units *u, int64_t before_fen,
    int64_t back_fen, int32_t bearer);
/* C:order is closed: what is left goes to who delivered last, else to the brand. */
void calc_close(struct money_calc *c, int attempt, int part, int number);

/* ---- Accounts: money_account.c ---- */

/* E3: everybody's is held; who earned less than nothing owes it. */
void calc_post_earned(struct money_calc *c);
/* R1: everybody gives what he has; see order_money.h. */
void calc_post_taken(struct money_calc *c);
int64_t account_of_earned(const struct order_money *m, int32_t party, int kind);

/* ---- Rows: order_money.c ---- */

/* A payment that was sent back whole. */
bool money_sent_back(const struct order_money *m, const struct money_row *r);
/* Over the rows of ${event}, but for payments that were sent back, all accounts of ${kind}. */
int64_t money_event_sum(const struct order_money *m, enum journal_event event,
    enum account_kind kind);
int64_t money_balance_of(const struct order_money *m, int64_t account);
/* What the order holds in ${account}, above 0; what a dispute under way has put there is none of it. */
int64_t money_held(const struct order_money *m, int64_t account);
int64_t money_c_order(void);

#endif
