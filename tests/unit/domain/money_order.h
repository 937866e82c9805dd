#ifndef TESTS_UNIT_DOMAIN_MONEY_ORDER_H
#define TESTS_UNIT_DOMAIN_MONEY_ORDER_H

/*
 * money_order: an order of a money_world with the rows that its events posted, in memory: what the database would
 * hold of it.  Parts of a plan are fulfilments, numbered on; each attempt is a split of its own.
 */
#include "domain/money_refund.h"
#include "money_world.h"

#define MO_ROWS 400
#define MO_SPLITS 24
#define MO_BALANCES 64
#define MO_PAYMENTS 4

struct money_order {
	struct money_world *w; /* the plan of the latest attempt */
	struct order_money m;
	struct arena *arena;
	struct money_line lines[TEST_SKUS];
	struct money_split splits[MO_SPLITS];
	int number_next;
	struct money_row rows[MO_ROWS];
	struct money_payment payments[MO_PAYMENTS]; /* by their event_no, which counts from 1 */
	struct money_balance balances[MO_BALANCES];
	int over[MO_SPLITS * TEST_PARTS];
	int act_no;
	struct money_refunded got; /* by the last BACK() */
};

/* The order of ${w}, split as it stands, unpaid; collector as in money_world_split(). */
void mo_begin(struct money_order *o, struct money_world *w, int32_t collector);
void mo_end(struct money_order *o);
/* cmocka's setup and teardown: an order, not begun, of a world of its own. */
int mo_setup(void **state);
int mo_teardown(void **state);
#define MO_TEST(f) cmocka_unit_test_setup_teardown(f, mo_setup, mo_teardown)
/* The same in the middle of a test. */
void mo_again(struct money_order *o);
/* E1 and E2 of all of it. */
void mo_pay(struct money_order *o);
/* E1 and E2 of a part of it, the next payment. */
void mo_pay_part(struct money_order *o, int64_t fen, int64_t fee_fen);
/* The same through ${v}, with what campaigns fund of the order: its balance. */
void mo_pay_balance(struct money_order *o, enum provider v, int64_t fen, int64_t fee_fen);
/* A row as if written: balances move along. */
void mo_write(struct money_order *o, const struct posting *p, int event_no);
/* What w->plan says now is another attempt, of ${line_of} lines (NULL: all), its split with its fee. */
int mo_attempt(struct money_order *o, const int16_t *line_of);
/* Of one line. */
struct money_units mo_some(int number, int attempt, int part, const struct money_unit_line *l);
/* All units of a part of an attempt; E3 of them. */
struct money_units mo_units(struct money_order *o, int attempt, int part, int64_t delivery_fee_fen);
enum err mo_split(struct money_order *o, const struct money_units *u, bool last);
/* The same of part ${part} of the first attempt, which must go; its row. */
const struct money_row *mo_e3(struct money_order *o, int part, int64_t delivery_fee_fen, bool last);
enum err mo_refund(struct money_order *o, const struct money_refund *r, struct money_refunded *out);
/* R1 of what is named must go, or must not. */
#define BACK(o, ...) \
	assert_int_equal(mo_refund((o), &(struct money_refund){__VA_ARGS__}, &(o)->got), ERR_OK)
#define REFUSED(o, ...) \
	assert_int_equal(mo_refund((o), &(struct money_refund){__VA_ARGS__}, &(o)->got), \
	    ERR_WRONG_STATE)
/* E4 */
enum err mo_hold_ended(struct money_order *o, int number);
/* C:refund is paid out: R2. */
void mo_refund_done(struct money_order *o);
const struct money_row *mo_last(const struct money_order *o);
int64_t mo_sum(const struct money_order *o, int64_t account);
/* Units of ${line} that no row is about yet. */
int32_t mo_units_left(const struct order_money *m, int line);
/* It came to its end: C: at zero, COST legs are the frozen cost of units split, each unit is in a row. */
void mo_over(const struct money_order *o);

/* Legs of ${r} by account, all there are: "P:brand:cost", -540000, …, MO_END; debit above 0. */
#define MO_END ((const char *)0)
#define FROZEN "A:psp:wechat:BRAND:frozen"
#define REBATE "A:psp:wechat:BRAND:fee_rebate"
#define D_HELD "P:dealer:D:BRAND:held"
#define D_AVAIL "P:dealer:D:BRAND:avail"
#define D_OWES "A:recv:dealer:D:BRAND"

void mo_check(const struct money_order *o, const char *label, const struct money_row *r, ...);
/* As mo_check(), of all rows together, accounts that stand at zero left out. */
void mo_check_all(const struct money_order *o, const char *label, ...);

#endif
