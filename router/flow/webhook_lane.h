#ifndef ROUTER_FLOW_WEBHOOK_LANE_H
#define ROUTER_FLOW_WEBHOOK_LANE_H

/* webhook_lane: the insides of flow/webhook.h: webhook.c has turns with the database, webhook_send.c sends. */
#include "edge/signature.h"
#include "flow/webhook.h"
#include "store/webhook.h"

#define WEBHOOK_RESULTS_MAX 4096
#define WEBHOOK_GATHER_MS 20 /* results wait for others this long */

struct delivery {
	struct webhook_due due;
	int64_t due_us;  /* monotonic: not before */
	int64_t read_us; /* when its age was read */
};

struct lane {
	struct endpoint *endpoint;
	int16_t number;
	bool unwritten; /* has results that the turn under way does not write */
	struct delivery *list;
	int count, next;          /* ${next} is sent, or is to be sent */
	struct client_send *send; /* NULL: nothing under way */
	int64_t started_us;
};

struct endpoint {
	struct webhook *webhook;
	struct endpoint *next;
	int32_t id;
	char *code, *url;
	int rate_per_s;
	int64_t lease_until_us, rate_next_us; /* monotonic */
	int64_t waiting;
	bool owned; /* by the last turn's word; without it nothing is begun */
	int secret_count;
	struct signature_secret secrets[WEBHOOK_SECRETS_MAX];
	int lane_count;
	struct lane lanes[];
};

struct webhook {
	const struct conf *conf;
	struct pool *pool;
	struct client *client;
	struct event *timer;
	struct uuid self;
	struct endpoint *endpoints;
	bool turning, draining, released, closing;
	bool look;            /* a turn is wanted as soon as there is none */
	int64_t turn_next_us; /* and then, in any case */
	int64_t turn_sent_us;
	struct webhook_turn turn;
	/* WEBHOOK_RESULTS_MAX; those of the turn under way come first */
	struct webhook_result *results;
	int result_count, written_count;
	int32_t gone[WEBHOOK_ENDPOINTS_MAX];
	int gone_count, gone_written;
	struct lane *wanted[WEBHOOK_WANTED_MAX];
	int wanted_count;
};

/* Everything that may happen now happens; the timer is set for what may happen next. */
void webhook_pump(struct webhook *w);
/* What was read may be stale once the lease is gone; what is under way is let finish. */
void webhook_forget(struct endpoint *p);
/* When the lane may send; INT64_MAX: not before something else happens. */
int64_t webhook_lane_time(const struct lane *l, int64_t now_us);
/* Sends what stands first in it. */
void webhook_lane_send(struct lane *l, int64_t now_us);

#endif
