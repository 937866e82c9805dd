#ifndef ROUTER_STORE_ACT_BOOKS_H
#define ROUTER_STORE_ACT_BOOKS_H

/*
 * act_books: what an act posts, and what is owed since: holds, refunds, negative payables, clawbacks; part of the
 * act's transaction.  flow/act_money.h makes it.
 */
#include "store/order_read.h"

struct act_posting {
	const struct posting *posting;
	int event_no;
};
/* A fulfilment whose split is posted now. */
struct act_settlement {
	int number;
	int64_t due_us; /* the hold's end */
};
/* One whose E3 was read, and reversed now: nothing may have been posted of it since. */
struct act_settled {
	int number;
	int32_t changes;
	bool ended; /* its E4 is posted */
};
struct act_refund {
	int refund_no, part_no;
	enum provider provider;
	const char *payment_number;
	int64_t fen, rebate_fen;
};
/* Taken from what party ${party} had available. */
struct act_payable {
	int event_no; /* of the R1 */
	int32_t party;
	int64_t account, fen; /* fen: negative */
};
struct act_clawback {
	int refund_no;
	int32_t party, creditor;
	int64_t fen;
};

#define ACT_POSTINGS_MAX 10 /* one E3 an act, one R1 */
#define ACT_REFUNDS_MAX 7
#define ACT_TAKEN_MAX 16
struct act_books {
	int posting_count, settlement_count, settled_count, refund_count, payable_count,
	    clawback_count;
	struct act_posting postings[ACT_POSTINGS_MAX];
	struct act_settlement settlements[ACT_POSTINGS_MAX];
	struct act_settled settled[ACT_TAKEN_MAX];
	struct act_refund refunds[ACT_REFUNDS_MAX];
	struct act_payable payables[ACT_TAKEN_MAX];
	struct act_clawback clawbacks[ACT_TAKEN_MAX];
};

/* Whose they are. */
struct books_of {
	struct uuid order_id;
	int32_t dealer, collector, split_version;
	int64_t now_us;
};

/* Locks what was read of ${b}->settled; returns how many rows the one statement must hit; 0: none was sent. */
int books_guard(const struct act_books *b, const struct books_of *of, struct tx *t);
/* The rows; journal and balances last. */
enum err books_send(const struct act_books *b, const struct books_of *of, struct arena *arena,
    struct tx *t) MUST_CHECK;
/* Of a payment that goes back whole. */
void books_refund_send(const struct act_refund *r, int count, const struct books_of *of,
    struct tx *t);

#endif
