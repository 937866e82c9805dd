#ifndef ROUTER_STORE_LEDGER_H
#define ROUTER_STORE_LEDGER_H

/*
 * ledger: journal rows and, in the same transaction, the balances of the accounts with a bound that their legs
 * touch (domain/account.h, account_bounded()).  Used by whatever posts behind an order's first payment; E1 and E2,
 * which touch no such account, go by write_journal() (store/batch_write.h).
 *
 * Locks: rows of balance, in order of the account number, behind stock, capacity, entitlement and budget.
 *
 * The period is that of ${now_us} in China, or the open one if that is later; event_at keeps the truth.
 */
#include "store/tx.h"
#include "domain/journal.h"

struct arena;

struct ledger_row {
	struct uuid object;
	const struct uuid *order_id;   /* NULL: the object is the order, or there is none */
	int32_t dealer, split_version; /* of the order; the account's party and 0 without one */
	int event_no;
	int64_t event_at_us;
	const char *provider_ref;      /* "": none */
	const struct posting *posting; /* with its units and its fulfilment's number */
	/* the row that is corrected; NULL: none */
	const struct uuid *corrects;
	int corrects_event, corrects_no;
	/* 0: that of now; else what is explained later is in the period of what it explains, while that is open */
	int32_t period; /* of the first row: it holds for all that are sent together */
};

/**
 * ledger_send(t, arena, rows, count, now_us):
 * Adds the statements, at most three: rows, balances that are not there yet, balances moved.  Postings without legs
 * are left out.  ${arena} is used for what is sent; count 0 sends nothing.
 *
 * The caller sends the feed's row with write_change() behind it, for journal rows name its number.
 * NO_MEMORY: nothing was added.
 */
enum err ledger_send(struct tx *t, struct arena *arena, const struct ledger_row *rows, int count,
    int64_t now_us) MUST_CHECK;

/* The same, with the feed's row behind it: for a transaction that changes nothing that the feed tells. */
enum err ledger_post(struct tx *t, struct arena *arena, const struct ledger_row *rows, int count,
    int64_t now_us) MUST_CHECK;

/**
 * ledger_err(t, e):
 * What a tx_done_fn makes of ${e} when its transaction posted:
 *
 * CONTENDED: a bound said no, for others moved the balance since it was read: read again, plan again, a bounded
 *     number of times (conf decide_tries_max); also when the period was closed meanwhile.
 * WRONG_STATE: the event is posted already (its key is there): read again.
 * INTERNAL: any other constraint: a bug.  Else ${e} itself.
 */
enum err ledger_err(const struct tx *t, enum err e);

#endif
