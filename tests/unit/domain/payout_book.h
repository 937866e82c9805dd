#ifndef TESTS_UNIT_DOMAIN_PAYOUT_BOOK_H
#define TESTS_UNIT_DOMAIN_PAYOUT_BOOK_H

/*
 * payout_book: one order's tables in memory: what a pass plans is written into them, as store/settle.h does, and the
 * provider answers what it was asked.
 */
#include "domain/payout_plan.h"
#include "money_world.h"

#define BOOK_ROWS 600
#define BOOK_LEGS 8
#define BOOK_MAX 64

struct payout_book {
	struct money_world *w;
	struct arena *arena; /* of all passes */
	struct payout_terms terms;
	struct payout_order o;
	int row_count;
	struct money_row rows[BOOK_ROWS];
	int64_t account[BOOK_ROWS][BOOK_LEGS], fen[BOOK_ROWS][BOOK_LEGS];
	const char *refs[BOOK_ROWS];
	struct payout_payment payments[4];
	struct payout_settlement settlements[8];
	struct payout_payable payables[BOOK_MAX];
	struct payout_payout payouts[BOOK_MAX];
	struct payout_call calls[BOOK_MAX];
	struct payout_refund refunds[16];
	struct payout_clawback clawbacks[16];
	struct payout_payee payees[PARTY_IDS];
	int paid_count; /* payables that a payout has */
	struct payout_payable paid[BOOK_MAX];
	int paid_by[BOOK_MAX];
};

/* The brand, dealers and the operator have merchant numbers, S an openid, W a bank account. */
void book_begin(struct payout_book *b, struct money_world *w, int32_t collector);
void book_pay(struct payout_book *b, int64_t fen, int64_t fee_fen);
/* A row of the journal, of ${count} legs. */
struct book_leg {
	int64_t account, fen;
};
void book_row(struct payout_book *b, enum journal_event event, int event_no, int number,
    const struct book_leg *legs, int count);
/* E3 of fulfilment ${number}, held until ${due_us}. */
void book_split(struct payout_book *b, int number, int64_t due_us, const struct book_leg *legs,
    int count);
/* A refund of ${fen} that R1 ${refund_no} posted. */
void book_refund(struct payout_book *b, int refund_no, int payment, int64_t fen,
    int64_t rebate_fen);
void book_clawback(struct payout_book *b, int refund_no, int32_t party, int64_t fen);
/* One pass; returns the rows it posted. */
int book_pass(struct payout_book *b);
/* The provider's answer to item ${item} of call ${call}. */
void book_answer(struct payout_book *b, int call, int item, enum provider_result r,
    const char *why);
/* Answers SUCCESS to all that waits, passing until nothing happens any more. */
void book_run(struct payout_book *b);
int64_t book_sum(const struct payout_book *b, int64_t account);
/* What must always hold; fails the test naming ${label}. */
void book_check(const struct payout_book *b, const char *label);

#endif
