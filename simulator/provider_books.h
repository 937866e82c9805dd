#ifndef SIMULATOR_PROVIDER_BOOKS_H
#define SIMULATOR_PROVIDER_BOOKS_H

/*
 * provider_books: the stand-in provider's own books: merchants, payments, splits, returns, refunds, and every
 * movement of money as a row of flow.  They know nothing of HTTP; what may be done is decided by who calls
 * (provider_split and its like), so that here only sums are kept, and asserted.
 *
 * A payment's net (amount - fee) stands in the merchant's frozen until it is split, refunded or released.
 * pending: parts of accepted splits that are not through; they are still frozen.  All amounts are fen.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strmap.h"
#include "simulator/provider_items.h"

struct books_conf {
	int64_t cap_bps, pending_polls, freeze_days, settle_s, qps;
};

enum flow_kind {
	FLOW_PAID,
	FLOW_FEE,
	FLOW_SPLIT,
	FLOW_RELEASE,
	FLOW_RETURN,
	FLOW_REFUND,
	FLOW_CASH,
	FLOW_DISPUTE
};

/* One merchant's money changed: frozen, available and disputed together. */
struct flow {
	struct merchant *merchant;
	int64_t at_us, amount;
	enum flow_kind kind;
	const struct payment *payment;
	const struct split *split;
	const struct leg *leg;
	const struct ret *ret;
	const struct refund *refund;
};

struct books_index {
	struct strmap map;
	void **item;
	size_t count, size;
};

struct books {
	struct books_conf conf;
	char signer[NUMBER_SIZE]; /* the merchant that signs; also the payer when none is named */
	int64_t now_us;
	int64_t release_us; /* nothing is to be released by itself before */
	int64_t seed, last_id;
	struct books_index merchants, payments, splits, returns, refunds, receivers, persons;
	bool all_agreed; /* to returns */
	struct books_close *closes;
	struct books_plant *plants;
	struct flow *flow;
	size_t flow_count, flow_size;
	bool changed;   /* since it was cleared: for the journal */
	bool clock_set; /* ->now_us came from outside: the clock goes on from there */
};

/* Bounds that keep every sum within int64: a million payments of 10^12 fen. */
#define AMOUNT_MAX INT64_C(1000000000000)
#define PAYMENTS_MAX ((size_t)1000000)
#define BALANCE_MAX INT64_C(1000000000000000000)

enum err books_init(struct books *b, const struct books_conf *conf, const char *signer) MUST_CHECK;
void books_release(struct books *b);

/* By key; NULL: there is none.  A two-part key is payer and number. */
void *books_find(const struct books_index *ix, const char *key);
void *books_find2(const struct books_index *ix, const char *payer, const char *number);
/* ${item} is malloc'ed, its key lives in it; freed on error. */
enum err books_add(struct books_index *ix, const char *key, void *item) MUST_CHECK;
void books_key(char out[KEY_SIZE], const char *payer, const char *number);

/* Made when it was not there; NULL: no memory. */
struct merchant *books_merchant(struct books *b, const char *number);
/* "30000000000000000000000007": never the same again. */
void books_id(struct books *b, const char *prefix, char out[ID_SIZE]);

/* The row 解冻给分账方 of a split that releases; its amount follows when it is settled. */
void leg_make_rest(struct books *b, const struct split *s, struct leg *l);

/* What a payment still has frozen and no accepted split has asked for. */
int64_t payment_unsplit(const struct payment *p);
/* What may still go to others, after ${cap_bps} of amount less refunds; never negative. */
int64_t payment_cap_left(const struct payment *p, int64_t cap_bps);

/* ---- Movements; each is a row of flow, and none may be refused --------------------------------------- */

enum err books_flow(struct books *b, const struct flow *row) MUST_CHECK;
enum err books_paid(struct books *b, struct payment *p) MUST_CHECK;
/* The parts that wait go to their receivers, or are closed; with ->releases the rest is the payer's. */
enum err books_split_settle(struct books *b, struct split *s) MUST_CHECK;
/* With too low a balance it goes on waiting. */
enum err books_return_settle(struct books *b, struct ret *r) MUST_CHECK;
void books_return_fail(struct books *b, struct ret *r, const char *why);
/* When accepted: net of the fee's share, out of frozen or available. */
enum err books_refunded(struct books *b, struct refund *r) MUST_CHECK;
/* It came to the customer; or, by a rule of /control/close, it did not. */
enum err books_refund_settle(struct books *b, struct refund *r) MUST_CHECK;
/* Into a merchant's available, or out of it. */
enum err books_cash(struct books *b, struct merchant *m, int64_t amount) MUST_CHECK;
enum err books_dispute_lost(struct books *b, struct payment *p, int64_t amount) MUST_CHECK;
/* What is to happen by itself until ->now_us: releases after freeze_days, returns that waited too long. */
enum err books_advance(struct books *b) MUST_CHECK;
/* For the next look of books_advance(): a payment came, or conf changed. */
void books_release_soon(struct books *b);

#endif
