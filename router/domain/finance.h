#ifndef ROUTER_DOMAIN_FINANCE_H
#define ROUTER_DOMAIN_FINANCE_H

/*
 * finance: rows of the journal that people ask for: freight (F), claims (L), disputes (D), adjustments (J).
 * What a party must give comes from what he has available, then he owes it, as behind a refund; what comes to him is
 * available at once.  Pure; worked examples in tests/unit/domain/test_finance.c.
 */
#include "domain/order_money.h"

/* What stands in an account over the rows of one event of the order. */
struct finance_sum {
	enum journal_event event;
	int64_t account, fen;
};

struct finance_books {
	const struct world *world;
	int32_t collector, owner; /* party ids; owner: the order's dealer */
	enum provider provider;   /* that took the payment */
	int sum_count;
	const struct finance_sum *sums; /* of the order; none without one */
	int balance_count;
	const struct money_balance *balances; /* of bounded accounts; not named: 0 */
};

/* F: ${bearer} pays, the courier is owed. */
enum err finance_freight(const struct finance_books *b, int32_t bearer, int32_t courier,
    int64_t fen, struct posting *out) MUST_CHECK;
/* L: the courier owes what ${party}, who bore the goods, gets. */
enum err finance_claim(const struct finance_books *b, int32_t courier, int32_t party, int64_t fen,
    struct posting *out) MUST_CHECK;
/* L: ${fen} of it are settled: ${offset_fen} by what he is owed, the rest into the brand's bank. */
enum err finance_claim_paid(const struct finance_books *b, int32_t courier, int64_t fen,
    int64_t offset_fen, struct posting *out) MUST_CHECK;

/* Cash of the order that did not go back. */
int64_t finance_paid(const struct finance_books *b);
/* In dispute: what the provider holds. */
int64_t finance_disputed(const struct finance_books *b);
/* What couriers owe of the order. */
int64_t finance_claimed(const struct finance_books *b, int32_t courier);
/* D: the provider took ${fen} back, from what the collector has available there. */
enum err finance_dispute_opened(const struct finance_books *b, int64_t fen,
    struct posting *out) MUST_CHECK;
/* D: of that, what dealers earned and have available is held again; leg_count 0: nobody has any. */
enum err finance_dispute_fenced(const struct finance_books *b, int64_t fen,
    struct posting *out) MUST_CHECK;
/* D: all is as it was. */
enum err finance_dispute_won(const struct finance_books *b, struct posting *out) MUST_CHECK;
/*
 * D: dealers, staff, platform and channel return their share of it, ${fee_bearer} pays the provider's fee on it, the brand
 * bears the rest.
 */
enum err finance_dispute_lost(const struct finance_books *b, int32_t fee_bearer,
    struct posting *out) MUST_CHECK;

/* J: may a leg be in ${account}?  Not in clearing, and only in what no other table stands beside but payables. */
bool finance_adjustable(int64_t account);

/* The first bounded account of the rows that would pass its bound; 0: none. */
int64_t finance_unbounded(const struct finance_books *b, const struct posting *rows, int count);

#endif
