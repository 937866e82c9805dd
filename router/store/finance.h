#ifndef ROUTER_STORE_FINANCE_H
#define ROUTER_STORE_FINANCE_H

/*
 * finance: one write of finance (domain/finance.h) as a transaction: what is read, what is planned from it, what is
 * written, with the proposal that asked for it.  An order's money is locked as payouts lock it (table settle_work).
 */
#include "domain/finance.h"
#include "store/proposal.h"
#include "store/tx.h"

#define FINANCE_ROWS_MAX 2

struct finance_read {
	/* the order; not there: found is false */
	bool found;
	int32_t dealer, split_version;
	int32_t collector; /* also of the corrected row's order; 0: there is none */
	int64_t paid_us;
	int event_no_next; /* of the event asked for */
	/* the row that is to be corrected */
	bool corrected;
	int64_t corrected_us;
	int32_t corrected_dealer, corrected_split;
	struct uuid corrected_order; /* zero: of none */
	struct finance_books books;  /* balances are there when rows are planned */
};

enum finance_holds { HOLDS_STAY, HOLDS_STOP, HOLDS_GO_ON };
struct finance_plan {
	int row_count;
	struct posting rows[FINANCE_ROWS_MAX];
	int64_t event_us;
	enum finance_holds holds; /* of the order, those that have not ended */
};

/* What the plan needs to know the balances of, into ${out}, at most FINANCE_ACCOUNTS_MAX; or a refusal. */
#define FINANCE_ACCOUNTS_MAX 256
typedef enum err finance_judge_fn(void *ctx, const struct finance_read *f, int64_t *out,
    int *count);
typedef enum err finance_plan_fn(void *ctx, const struct finance_read *f, struct finance_plan *out);
typedef void finance_fn(void *ctx, enum err e);

struct finance_write {
	struct arena *arena;
	const struct world *world;
	enum journal_event event;
	struct uuid order_id; /* zero: of no order */
	/* J: the row that is corrected; its own object is the proposal */
	bool corrects;
	struct uuid object;
	int object_event, object_event_no;
	int64_t now_us;
	const struct proposal_mark *mark;
	finance_judge_fn *judge;
	finance_plan_fn *plan;
	void *ctx; /* of judge and plan */
	finance_fn *done;
	void *done_ctx;
};

/*
 * OK: ${w}->done once, later: OK, written; what judge or plan refused with; CONTENDED: others were faster, begin anew;
 * the database's.  Borrowed until then.  BUSY, NO_MEMORY: never.
 */
enum err finance_start(struct pool *p, const struct finance_write *w) MUST_CHECK;

#endif
