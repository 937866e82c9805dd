#ifndef ROUTER_STORE_PAYOUT_H
#define ROUTER_STORE_PAYOUT_H

/*
 * payout: what is owed by bank or offset, in batches: prepared, instructed (E5), confirmed (E6); and refunds that
 * a person gives back.  What goes by the provider's split is store/settle.h's, but for what waits for two persons.
 *
 * Every function: OK: ${done} once, later, what it is given living in ${arena}; BUSY, NO_MEMORY: never.  ${in} is borrowed.
 */
#include "base/arena.h"
#include "domain/payout_order.h"
#include "store/proposal.h"

struct payout_batch_row {
	struct uuid id;
	const char *ref;
	int32_t collector;
	enum rail rail;
	enum batch_state state;
	int64_t fen;
	int payouts;
	int64_t prepared_us, decided_us, exported_us; /* 0: not yet */
};
struct payout_row {
	struct uuid id, batch, order; /* zero: none */
	int32_t party, collector;
	enum rail rail;
	enum payout_state state;
	int64_t gross_fen, netted_fen, fen, made_us, done_us, account;
	const char *reason, *number;
};
struct refund_row {
	struct uuid order;
	int refund_no, part_no;
	int32_t collector;
	enum provider provider;
	const char *payment_number, *number;
	int64_t fen, due_us, done_us;
	enum refund_state state;
};

struct payout_prepare {
	const char *ref;
	int32_t collector;
	enum rail rail;
	int64_t now_us, key;
};
/*
 * The batch of that ref, made if there is none.  EXISTS_DIFFERS: of another collector or rail; WRONG_STATE: nothing is owed;
 * CONTENDED: again.
 */
typedef void payout_prepare_fn(void *ctx, enum err e, const struct payout_batch_row *batch);
enum err payout_prepare_start(struct pool *p, struct arena *arena, const struct payout_prepare *in,
    payout_prepare_fn *done, void *ctx) MUST_CHECK;

struct payout_instruct {
	const char *ref;
	int64_t now_us, key; /* key: who does it; 0: the service itself */
	const struct proposal_mark *mark;
};
/* E5 of each payout, less what its party owes by now.  WRONG_STATE: it was decided before; CONTENDED: again. */
typedef void payout_done_fn(void *ctx, enum err e);
enum err payout_instruct_start(struct pool *p, struct arena *arena,
    const struct payout_instruct *in, payout_done_fn *done, void *ctx) MUST_CHECK;

struct payout_confirm {
	struct uuid id;
	const struct world *world;
	bool paid;
	const char *reason; /* of what was closed */
	int64_t at_us, now_us;
};
/* E6 or E6 closed; the same again is OK.  NOT_FOUND; WRONG_STATE: it is no such payout, or ended otherwise. */
typedef void payout_confirm_fn(void *ctx, enum err e, const struct payout_row *row);
enum err payout_confirm_start(struct pool *p, struct arena *arena, const struct payout_confirm *in,
    payout_confirm_fn *done, void *ctx) MUST_CHECK;

struct payout_withdraw {
	int32_t collector;
	enum provider provider;
	int64_t fen, at_us, now_us;
	const struct proposal_mark *mark;
};
/* E8; its object is the proposal. */
enum err payout_withdraw_start(struct pool *p, struct arena *arena,
    const struct payout_withdraw *in, payout_done_fn *done, void *ctx) MUST_CHECK;

#endif
