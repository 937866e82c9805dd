#ifndef ROUTER_STORE_WEBHOOK_H
#define ROUTER_STORE_WEBHOOK_H

/*
 * webhook: what endpoints have still to hear, between the database and flow/webhook.
 *
 * An endpoint is leased whole by one instance, so that its order and its rate hold; the database's clock says for
 * how long.  An instance that dies loses its leases by itself, and what it sent without having said so is
 * sent again.  Source: migrations/0010.
 */
#include "store/event_row.h"
#include "store/tx.h"

#define WEBHOOK_LANES_MAX 16
#define WEBHOOK_ENDPOINTS_MAX 256 /* of one instance at a time */
#define WEBHOOK_SECRETS_MAX 8
#define WEBHOOK_SECRET_SIZE 64
#define WEBHOOK_ERROR_SIZE 160

enum webhook_outcome { WEBHOOK_TAKEN = 1, WEBHOOK_AGAIN, WEBHOOK_GIVEN_UP };

struct webhook_result {
	int32_t endpoint;
	int16_t lane;
	int64_t position;
	enum webhook_outcome outcome;
	int attempts;     /* with the one just made */
	int64_t pause_ms; /* AGAIN: until the next */
	int status;
	char error[WEBHOOK_ERROR_SIZE];
};

struct webhook_owned {
	int32_t endpoint;
	const char *code, *url;
	int concurrency, rate_per_s;
	int64_t waiting;
	int64_t lease_ms; /* left of it when the trip was sent, at least */
	int secret_count;
	struct {
		size_t len;
		uint8_t bytes[WEBHOOK_SECRET_SIZE];
	} secrets[WEBHOOK_SECRETS_MAX];
};

struct webhook_lane {
	int32_t endpoint;
	int16_t lane;
};

struct webhook_due {
	int lane; /* index into those asked for */
	int attempts;
	int64_t wait_ms; /* until it may be tried; 0 or less: now */
	int64_t age_ms;
	struct event_row event;
};

struct webhook_turn {
	struct uuid self; /* this instance */
	int64_t lease_ms;
	bool release; /* give the leases back, take none */
	const struct webhook_result *results;
	int result_count;
	const int32_t *gone; /* endpoints that answered 410 */
	int gone_count;
	/*
	 * In the middle, and again when the transaction has to begin anew: ${rows} are the endpoints leased
	 * now.  Returns how many lanes it wrote to ${out}; what stands first in them is read.
	 */
	int (*owned)(void *ctx, const struct webhook_owned *rows, int count,
	    struct webhook_lane *out, int max);
	/* ${due} by lane and position, until this returns.  TIMEOUT: the results may have been written or not. */
	void (*done)(void *ctx, enum err e, const struct webhook_due *due, int count);
	void *ctx;
};

#define WEBHOOK_WANTED_MAX 1024 /* lanes read in one turn */

/*
 * One transaction: results written, leases taken, lanes read.  OK: ${t->done} follows once, later; ${t} and what it
 * points to are borrowed until then.
 */
enum err webhook_turn_start(struct pool *p, const struct webhook_turn *t) MUST_CHECK;

#endif
