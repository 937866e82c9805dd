#ifndef SIMULATOR_SHOP_H
#define SIMULATOR_SHOP_H

/* shop: what all orders of a run share: the mix, the client, the model, the counts. */
#include "simulator/http_client.h"
#include "simulator/latency.h"
#include "simulator/model.h"

#define REASONS_MAX 48
#define REASON_SIZE 48
#define OUTCOMES 5 /* enum PaymentOutcome */

struct refusal_count {
	char reason[REASON_SIZE];
	int64_t count[MIX_WAYS];
};

struct tally {
	int64_t started[MIX_WAYS], acknowledged[MIX_WAYS], refused[MIX_WAYS];
	int64_t sold_fen, last_us; /* when the last one was acknowledged */
	int64_t quotes, retries, cuts, gave_up;
	int64_t repeats, other_bodies;
	int64_t payments, payment_outcome[OUTCOMES], payments_refused, left_unpaid;
	struct refusal_count reason[REASONS_MAX];
	int reason_count;
	struct latency way[MIX_WAYS];
	struct latency second; /* since the last progress line */
};

struct shop {
	struct mix mix;
	struct event_base *base;
	struct http_client *client;
	struct model model;
	struct tally tally;
	int64_t outage_us; /* how long one request is tried again without an answer */
	int64_t open;      /* orders whose life is not over */
	/* one order has been answered (or given up): in a closed loop the next one may start */
	void (*answered)(struct shop *s, void *ctx);
	/* NULL, or told of each order that was acknowledged, once */
	void (*acknowledged)(struct shop *s, const struct plan *p, const char *order_id, void *ctx);
	/* NULL, or told of each payment to the provider before the service is, perhaps twice; false: it cannot be made */
	bool (*paying)(struct shop *s, const char *order_id, const Yuncang__V1__Payment *p,
	    void *ctx);
	void *ctx;
};

void shop_refused(struct shop *s, enum mix_way way, const char *reason);
/* The table printed at the end of a run. */
void shop_print(const struct shop *s, double seconds, FILE *to);

#endif
