#ifndef ROUTER_FLOW_APP_H
#define ROUTER_FLOW_APP_H

/*
 * app: everything one running service holds, wired by router/main.c; a method finds it in
 * call->method->ctx.
 */
#include <event2/event.h>

#include "base/conf.h"
#include "edge/client.h"
#include "edge/http.h"
#include "edge/rpc.h"
#include "store/batch.h"
#include "store/catalog.h"
#include "store/expiry.h"
#include "store/fanout.h"
#include "store/feed.h"
#include "store/pay_batch.h"
#include "store/pay_read.h"
#include "store/probe.h"
#include "store/scorecard.h"
#include "store/retention.h"
#include "store/seal.h"
#include "store/tx.h"

struct app {
	struct event_base *base;
	struct conf *conf;
	struct http_server *http;
	struct rpc *rpc;
	struct pool *query_pool;
	struct pool *batch_pool;
	struct catalog *catalog;
	struct batch *batch;
	struct pay_batch *pay_batch;
	struct pay_read *pay_read;
	struct probe *probe;
	struct feed *feed;
	struct expiry *expiry;
	struct task_wait *task_wait;
	struct scorecard *scorecard;
	struct seal *seal;
	struct recon_job *recon_job;
	struct settle *settle;
	struct payout_job *payout_job;
	struct client *client; /* requests of our own */
	struct fanout *fanout;
	struct webhook *webhook;
	struct retention *retention;
	struct courier *courier; /* NULL: there is none */
	struct courier_act *courier_act;
	struct courier_poll *courier_poll;
	struct timers *timers;
	struct provider_queue *provider; /* NULL: nobody is paid through one */
	struct attach *attach, *attach_payments;
	uint8_t token_secret[DIGEST_SIZE];
	uint8_t store_secret[DIGEST_SIZE];      /* signs the serving code of a store */
	uint8_t collection_secret[DIGEST_SIZE]; /* makes the codes that customers collect with */
	/* what the service waits for before it takes orders; NULL: it takes them */
	const char *not_ready;
	bool draining;
	int exports_open;              /* flow/export_http's own */
	bool keys_loading, keys_again; /* flow/keys_flow's own */
};

static inline struct app *
call_app(const struct call *c)
{
	return c->method->ctx;
}

/* Ends ${c} with ${e}: in the words of its reason when that is of ${e}, else in the table's. */
void call_fail_err(struct call *c, enum err e);

/* The world of now, pinned until ${c} is answered: messages borrow their codes from it.  NULL: no memory. */
const struct world *call_world(struct call *c) MUST_CHECK;

/* The table of every RPC; ${app} becomes the ctx of each row.  Ended by a row of NULLs. */
const struct method *methods_table(struct app *app);

#endif
