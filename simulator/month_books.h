#ifndef SIMULATOR_MONTH_BOOKS_H
#define SIMULATOR_MONTH_BOOKS_H

/*
 * month_books: after a month, three that know nothing of each other are held side by side: the tables of the service,
 * read here and summed here; its statements, as the RPC tells them; and the stand-in provider's own books.
 *
 *  - every row of the journal balances; the sealed books, balances and closed totals are its sums; clearing is empty;
 *  - every split, return, refund, fee and payment at the provider has its posting of that amount, and none has two; of
 *    each order as much is frozen, each merchant has as much available, each receiver got as much;
 *  - statements by party and period go on from each other and add up to what was posted;
 *  - nothing is due and unpaid, and no exception is open.
 *
 * What one side has and the other explains: K rows, which follow a bill that differs from the provider's books; and what
 * went out by bank, which the provider does not see.
 */
#include "simulator/month.h"
#include "simulator/month_report.h"

enum err month_books(const struct options *o, struct month_report *r) MUST_CHECK;

/* Within it. */
/* The tables by themselves (month_ledger.c). */
enum err month_ledger(struct month *m, struct month_report *r) MUST_CHECK;
/* The tables against the provider's books (month_compare.c). */
enum err month_compare(struct month *m, const json_t *books, struct month_report *r) MUST_CHECK;
/* Statements against the tables (month_statement.c). */
enum err month_statements(struct month *m, struct month_report *r) MUST_CHECK;

#endif
