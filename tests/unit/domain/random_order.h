#ifndef TESTS_UNIT_DOMAIN_RANDOM_ORDER_H
#define TESTS_UNIT_DOMAIN_RANDOM_ORDER_H

/* random_order: orders drawn from a seed, with rules, discounts, places and a delivery fee, paid and to be handed over. */
#include "money_order.h"

#define PENDING_MAX 24

enum state { WAITS, HANDED, GONE };

/* A fulfilment: units by line, what of the delivery fee it carries. */
struct ful {
	enum state state;
	int attempt, part, number;
	int64_t fee_fen;
	int32_t units[TEST_SKUS]; /* waiting, or with the customer */
	int32_t owner_units[TEST_SKUS][PARTY_IDS];
	bool over;
};

struct run {
	uint64_t rng;
	struct money_world w;
	struct money_order o;
	struct order_line lines[TEST_SKUS];
	int line_count;
	int ful_count;
	struct ful ful[PENDING_MAX];
	int64_t fee_line[TEST_SKUS], fee_delivery_fen;
	int64_t part_fen[TEST_SKUS];       /* that parts of units brought back, by line */
	int64_t cash_fen;                  /* that went back */
	int64_t fee_fen[2], rebate_fen[2]; /* of each payment */
	int64_t goodwill_fen;
	int payout_no;
	bool plain; /* nobody's share of a unit is below zero, no goodwill: what is held suffices */
	bool courier;
	const char *what;
};

int below(struct run *r, int n); /* 0 .. n - 1 */
bool chance(struct run *r, int percent);
/* A world and an order in it, paid; r->rng is set. */
void random_order(struct run *r);
/* w->plan, of the lines of w->request from one to three places. */
void random_plan(struct run *r);
/* The parts of the plan as fulfilments of ${attempt}. */
void random_fulfilments(struct run *r, int attempt, const int16_t *line_of);

#endif
