#ifndef ROUTER_DOMAIN_SPLIT_BASIS_H
#define ROUTER_DOMAIN_SPLIT_BASIS_H

/* split_basis: what a split looked up, frozen with its order. */
#include "domain/split_book.h"

struct leg; /* domain/split.h */

/*
 * What split() looked up in the world.  It is frozen with the order: later a sku may have another class, a dealer
 * another grade, a merchant account another rate, and the legs must still come out the same.
 */
struct split_basis {
	int32_t fee_bps;                              /* the collector's */
	int32_t owner;                                /* the residual party */
	int32_t platform, channel, provider, courier; /* party ids, 0: none */
	int row_count;
	struct split_basis_row { /* by (part, row) */
		int16_t part, row;
		int32_t rule;   /* index in the book */
		int32_t worker; /* party id of who handles and is paid for it; 0: nobody */
		int32_t tax_bps;
	} * rows;
};

/* The rule that was for row ${row} of part ${part}; NULL: ${b} has no such row, or ${book} is not its book. */
const struct split_rule *split_basis_rule(const struct split_basis *b,
    const struct split_book *book, int part, int row);
/* Memo: the rate of the row that ${leg} is of; 0: none, or the delivery's. */
int32_t split_leg_tax_bps(const struct split_basis *b, const struct leg *leg);

#endif
