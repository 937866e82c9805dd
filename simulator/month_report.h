#ifndef SIMULATOR_MONTH_REPORT_H
#define SIMULATOR_MONTH_REPORT_H

/*
 * month_report: what does not agree between the ledger, its statements and the provider's books, and what is still
 * owed: the three figures of the line "money:".
 */
#include <stdio.h>

#include "simulator/audit_report.h"

/* name, which figure, what one of it means */
/* clang-format off */
#define MONTH_TABLE(X) \
	X(ROW, unbalanced, "a journal row does not add up to zero") \
	X(ENTRY, unbalanced, "the sealed books are not the journal") \
	X(BALANCE, unbalanced, "a balance is not what was posted") \
	X(CLEARING, unbalanced, "something is left in clearing of what has ended") \
	X(PERIOD, unbalanced, "a closed period's totals are not its entries") \
	X(PAYABLE, unbalanced, "what is still to be paid is not what the account says") \
	X(STATEMENT, unbalanced, "a statement is not what was posted") \
	X(MERCHANT, unbalanced, "a merchant has other money at the provider than posted") \
	X(RECEIVER, unbalanced, "a receiver got other money of splits than posted") \
	X(PAYMENT, unbalanced, "a payment or its fee is not what the provider took") \
	X(FROZEN, unbalanced, "of an order other money is frozen than posted") \
	X(POSTED, unbalanced, "posted, and the provider knows nothing of it, or of another amount") \
	X(TWICE, unbalanced, "the provider moved money twice for one number") \
	X(EXCEPTION, unexplained, "an exception of reconciliation is open") \
	X(EFFECT, unexplained, "the provider moved money, and nothing is posted") \
	X(OPEN, unpaid_due, "owed, due and not paid") \
	X(UNDER_WAY, unpaid_due, "a payout that is neither paid nor closed") \
	X(HOLD, unpaid_due, "a hold that is over and did not end") \
	X(REFUND, unpaid_due, "a refund that is due and not done")
/* clang-format on */

enum month_check {
#define X(name, figure, text) MONTH_##name,
	MONTH_TABLE(X)
#undef X
	    MONTH_CHECK_COUNT
};

struct month_report {
	FILE *to; /* NULL: count only */
	int shown;
	int64_t found[MONTH_CHECK_COUNT];
	int64_t rows, payments, effects, statements; /* looked at */
};

void month_found(struct month_report *r, enum month_check c, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Counts by check; and the figures, which the audit prints in its place. */
void month_report_print(const struct month_report *r);
struct audit_money month_report_money(const struct month_report *r);

#endif
