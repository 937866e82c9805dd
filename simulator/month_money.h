#ifndef SIMULATOR_MONTH_MONEY_H
#define SIMULATOR_MONTH_MONEY_H

/*
 * month_money: what a day's customers pay goes to the stand-in provider before the service hears of it, as it would go
 * to the real one: to the merchant that the order names, less the fee that he agreed to.  And the provider's clock
 * goes with everybody's.
 *
 * Blocking, some hundred µs each: customers pay one after the other anyway.
 */
#include <stdint.h>

#include "base/err.h"

struct month_money;

/* ${provider}: its base URL; ${db}: where an order's collector stands. */
enum err month_money_new(struct month_money **out, const char *provider, const char *db,
    int64_t outage_us) MUST_CHECK;
void month_money_free(struct month_money *m); /* NULL is fine */

struct month_payment {
	const char *order_id, *number;
	int64_t fen, paid_us;
	/* the second part of an order: its fee is what both together cost, less the first one's */
	bool balance;
};
/* The same again is no second payment.  ERR_IO: logged. */
enum err month_money_pay(struct month_money *m, const struct month_payment *p) MUST_CHECK;
/*
 * How the provider behaves: some answers go wrong, some of ${dealers} have accounts that take nothing, for a while or for
 * good, and one in two has not agreed to give back.
 */
enum err month_money_trouble(struct month_money *m, int dealers) MUST_CHECK;
enum err month_money_clock(struct month_money *m, int64_t now_us) MUST_CHECK;

#endif
