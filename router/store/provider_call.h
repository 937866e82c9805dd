#ifndef ROUTER_STORE_PROVIDER_CALL_H
#define ROUTER_STORE_PROVIDER_CALL_H

/*
 * provider_call: calls to the payment provider, as rows: made in the commit that owes them, done by
 * flow/provider.h.  A number is stored before it is sent and names one request for ever.
 */
#include "base/uuid.h"
#include "domain/provider_word.h"
#include "domain/world.h"
#include "store/tx.h"

#define PROVIDER_NUMBER_SIZE 65
#define PROVIDER_ITEMS_MAX 50 /* receivers of one split, by the provider's rule */

/*
 * Split: one a receiver, each receiver once.  Another kind has one item: of a return, the merchant that gives back;
 * of an unfreeze the collector, of a refund nobody ("").
 */
struct provider_item_row {
	int item_no; /* from 1 */
	int32_t party;
	const char *receiver; /* merchant number, or openid of a person */
	bool personal;
	int64_t fen;           /* unfreeze: what is expected, may be 0 */
	struct uuid payout_id; /* zero: none */
	/* Of what came of it: */
	enum provider_result result;
	bool left_out;
	/*
	 * CLOSED: the provider's word (ACCOUNT_ABNORMAL, NO_RELATION, RULE_LIMIT, INVALID_REQUEST …), or ours, and
	 * then nothing was asked: CAP, more than the provider splits of an order; UNSPLIT, more than is left of it;
	 * RECEIVER, the provider would not take him.  SUCCESS of an unfreeze that came behind the provider's own:
	 * RELEASED_BEFORE.  CLOSED by persons, see store/stuck_call.h: BY_HAND.
	 */
	const char *fail_reason;
	const char *detail_id;
	int64_t actual_fen;  /* 0: not said; unfreeze: what was released */
	int64_t finished_us; /* by the provider's word; never 0 in a result */
};

struct provider_call_row {
	const char *number; /* letters, digits and _*@-, at most 64 */
	enum provider_call_kind kind;
	enum provider provider;
	int32_t collector; /* whose merchant account pays */
	struct uuid order_id;
	const char *payment_number;
	const char *split_number; /* return: of the split it takes back from; else "" */
	int64_t fen;              /* of all items; refund: what goes back */
	int64_t total_fen;        /* refund: what was paid; else 0 */
	int64_t deadline_us;      /* earlier ones go first */
	/* not before: a split is refused within a minute of its payment */
	int64_t next_us;
	int64_t made_us;
	const struct provider_item_row *items;
	int item_count;
	enum provider_call_state state; /* from here on when read */
	int tries;
};

/**
 * provider_calls_add(t, calls, count):
 * Adds two statements that queue ${calls}: for the transaction that posts why.  Behind its commit: provider_poke().
 *
 * A number that is there already fails the transaction with BAD_FIELD (constraint provider_call_pkey).
 */
void provider_calls_add(struct tx *t, const struct provider_call_row *calls, int count);

/* ${prefix}, the id as 32 hex digits, and ${n}: a number that is never made twice. */
void provider_number(char out[PROVIDER_NUMBER_SIZE], char prefix, const struct uuid *id, int n);

#endif
