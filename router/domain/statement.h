#ifndef ROUTER_DOMAIN_STATEMENT_H
#define ROUTER_DOMAIN_STATEMENT_H

/*
 * statement: which accounts a statement of a party is about: what he is owed and owes, at every stage, what he funds,
 * and his merchant and bank accounts; of the brand also what nobody else bears (X:).  Clearing is nobody's.
 */
#include "domain/account.h"

/* A month like 202611, or 0: all of them. */
bool statement_period_valid(int64_t period);

#define STATEMENT_RANGES_MAX 64
/* Account numbers from lo[i] to hi[i], in order; returns how many. */
int statement_ranges(enum party_kind kind, int32_t party, int64_t lo[STATEMENT_RANGES_MAX],
    int64_t hi[STATEMENT_RANGES_MAX]);

#endif
