#ifndef ROUTER_STORE_PROVIDER_WORK_H
#define ROUTER_STORE_PROVIDER_WORK_H

/*
 * provider_work: the queue of store/provider_call.h as its worker reads and writes it.
 *
 * One instance works, by a lease that follows the database's clock; deadlines and pauses are business time.
 * All that is written here holds by itself: a worker whose lease went to another may still record what it heard.
 */
#include "base/arena.h"
#include "base/digest.h"
#include "store/provider_call.h"

struct provider_due {
	struct arena *arena; /* owns all of it; the taker's */
	struct provider_call_row call;
	struct provider_item_row *items; /* call.items */
	const char **names;              /* of the items' parties */
	const char *payer;               /* the collector's merchant number, "" */
	bool hashed;
	uint8_t hash[DIGEST_SIZE]; /* of the body that was sent */
};

struct provider_turn {
	struct pool *pool;
	enum provider provider;
	struct uuid self;
	int64_t lease_ms;           /* 0: do not renew */
	int64_t now_us;             /* calls with a deadline before it are counted */
	const char *const *in_hand; /* numbers; borrowed until done */
	int in_hand_count, max;
	const int32_t *full; /* collectors of whom nothing more is taken */
	int full_count;
	/* ${d} is the taker's.  After a commit, before done, in order of deadlines. */
	void (*take)(void *ctx, struct provider_due *d);
	/* ${leased}: this instance is the worker; without it nothing was taken. */
	void (*done)(void *ctx, enum err e, bool leased, int64_t late);
	void *ctx;
};
/* ${t} lives until done.  BUSY: never runs. */
enum err provider_turn_start(struct provider_turn *t) MUST_CHECK;
/* Gives the lease back; ${t}->done hears of it. */
enum err provider_lease_release(struct provider_turn *t) MUST_CHECK;

/* Of one payment: paid, going or gone back, taken or asked for by other splits. */
struct provider_room {
	int64_t paid_fen, refunded_fen, outward_fen;
};

/* Before a request is sent: what is not in it, and the hash of its body, for ever. */
struct provider_sending {
	struct pool *pool;
	/* ${prepare} changes left_out and fail_reason of its items */
	const struct provider_due *due;
	struct uuid self;
	int64_t now_us;
	bool wants_room; /* else ${prepare} gets NULL */
	/* Again from the beginning when the transaction is run again. */
	enum err (*prepare)(void *ctx, const struct provider_room *room, uint8_t hash[DIGEST_SIZE]);
	/*
	 * OK: committed; send it, unless everything was left out: then the call is REFUSED.  WRONG_STATE: the number had
	 * another body, or the lease is another's.
	 */
	void (*done)(void *ctx, enum err e);
	void *ctx;
};
enum err provider_sending_start(struct provider_sending *s) MUST_CHECK;

/* What was heard; items with a result that was pending so far get it. */
struct provider_heard {
	struct pool *pool;
	const struct provider_due *due;
	enum provider_call_state state;
	const char *provider_id, *error; /* "" */
	int64_t next_us, now_us;
	int tries;
	const struct provider_item_row *items; /* as many as the call's, or NULL */
	void (*done)(void *ctx, enum err e);
	void *ctx;
};
enum err provider_heard_write(struct provider_heard *h) MUST_CHECK;

/* Which receivers of a split the provider knows: ${known}[i] of item i. */
typedef void provider_known_fn(void *ctx, enum err e, const bool *known);
enum err provider_known_read(struct pool *p, const struct provider_due *d, provider_known_fn *done,
    void *ctx) MUST_CHECK;
/* The receiver of ${item} is known; or, ${item} -1, those that were closed with NO_RELATION are not any more. */
typedef void provider_done_fn(void *ctx, enum err e);
enum err provider_known_write(struct pool *p, const struct provider_due *d, int item,
    int64_t now_us, provider_done_fn *done, void *ctx) MUST_CHECK;

#endif
