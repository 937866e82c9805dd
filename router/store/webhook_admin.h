#ifndef ROUTER_STORE_WEBHOOK_ADMIN_H
#define ROUTER_STORE_WEBHOOK_ADMIN_H

/* webhook_admin: endpoints, secrets and dead letters as an operator handles them.  Source: migrations/0010. */
#include "base/arena.h"
#include "store/event_row.h"
#include "store/tx.h"

#define ENDPOINT_KINDS_MAX 64
#define ENDPOINT_WHY_SIZE 64

enum endpoint_scope { SCOPE_ALL, SCOPE_OF_DEALER, SCOPE_OF_STOREFRONT };
enum endpoint_state { ENDPOINT_ACTIVE = 1, ENDPOINT_PAUSED, ENDPOINT_DISABLED };

struct endpoint_row {
	int32_t id;
	const char *code;
	enum endpoint_scope scope;
	const char *scope_code; /* "" for all */
	const char *url;
	int kind_count; /* 0: all */
	int16_t kinds[ENDPOINT_KINDS_MAX];
	int state; /* in an upsert 0: as it is */
	const char *why;
	int concurrency, rate_per_s;
	int64_t waiting, delivered, told_us;
	int secret_count;
};

struct dead_row {
	int attempts, status;
	const char *error;
	int64_t died_us;
	struct event_row event;
};

/* What came of it; the arrays live in the arena. */
struct endpoint_answer {
	const struct endpoint_row *rows; /* upsert, list */
	int count;
	bool made; /* upsert: it is new, and has the secret */
	bool more; /* list, dead letters, replay: there are more */
	const struct dead_row *dead;
	int dead_count;
	int replayed;
};
typedef void endpoint_fn(void *ctx, enum err e, const struct endpoint_answer *a);

/* Sent to the one who asks: may he handle this endpoint?  false: NOT_FOUND, as if there were none. */
typedef bool endpoint_may_fn(void *ctx, const struct endpoint_row *row);

enum endpoint_op {
	ENDPOINT_UPSERT,
	ENDPOINT_LIST,
	ENDPOINT_ROTATE,
	ENDPOINT_DEAD,
	ENDPOINT_REPLAY
};

struct endpoint_ask {
	enum endpoint_op op;
	const char *code;        /* of the endpoint; LIST: behind this one */
	struct endpoint_row row; /* UPSERT */
	struct uuid since;       /* UPSERT: of a new one, or one that is enabled again */
	int64_t lease_ms;        /* UPSERT: who sends with the old settings is done by then */
	const uint8_t *secret;   /* UPSERT, ROTATE */
	size_t secret_len;
	int64_t keep_min;         /* ROTATE */
	int64_t after;            /* DEAD: behind this position */
	const int64_t *positions; /* REPLAY; none: all */
	int position_count;
	int limit;
	endpoint_may_fn *may;
	endpoint_fn *done;
	void *ctx;
};

/**
 * endpoint_start(p, arena, ask):
 * One transaction.  OK: ${ask}->done follows once, later; ${ask} is borrowed until then.
 *
 * There: NOT_FOUND; UNKNOWN_ID: no such dealer or storefront; EXISTS_DIFFERS: it is of another dealer or storefront.
 */
enum err endpoint_start(struct pool *p, struct arena *arena,
    const struct endpoint_ask *ask) MUST_CHECK;

#endif
