#ifndef ROUTER_DOMAIN_MONEY_AGAIN_H
#define ROUTER_DOMAIN_MONEY_AGAIN_H

/*
 * money_again: a row of an order's journal made again from what was frozen and from the rows before it; of the row
 * itself only what nothing else says: which units and amounts a refund was about, and how much its takers had
 * available then, which other orders' rows changed too.
 */
#include "domain/money_refund.h"

/* What rules, not the row, say of an R1. */
struct money_rules {
	int32_t forfeit_owner_bps;
	int32_t lost_fee_bearer; /* party id; 0: the brand */
};

/* E3, E4 and R1 of acts can be made again; payments that came in parts or were sent back cannot: their rate is not kept. */
bool money_again_can(const struct money_row *r);

/**
 * money_again(m, row, u, rules, arena, out):
 * ${m}: the order with the rows before ${row} and the holds over by then; its balances are not looked at.  ${u}: what
 * was handed over, for an E3.
 *
 * errors   those of money_split(), money_refund(): the row fits nothing that could have been asked
 */
enum err money_again(const struct order_money *m, const struct money_row *row,
    const struct money_units *u, const struct money_rules *rules, struct arena *arena,
    struct posting *out) MUST_CHECK;
/* The same legs, in whatever order. */
bool money_same(const struct posting *p, const struct money_row *row);

#endif
