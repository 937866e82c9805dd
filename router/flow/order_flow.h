#ifndef ROUTER_FLOW_ORDER_FLOW_H
#define ROUTER_FLOW_ORDER_FLOW_H

/*
 * order_flow: one submitted order on its way: check, attach, decide, commit, answer.
 *
 * Steps return NEXT_STEP, NEXT_WAIT or NEXT_DONE; only order_flow_run() moves on.  Before anything is refused
 * the submission is looked up: an order that is there is answered as the first time, whatever has
 * changed since (stock gone, price moved, customer claimed by another dealer).
 */
#include "flow/app.h"
#include "flow/attach.h"
#include "yuncang/v1/order.pb-c.h"

/* name, what it does */
#define STEP_TABLE(X) \
	X(check, "scope, reference, token") \
	X(attach, "wait behind an equal reference under way") \
	X(decide, "attribute, decide, split") \
	X(probe, "read fresh figures before a refusal") \
	X(commit, "group commit") \
	X(known, "is this reference there already?") \
	X(answer, "tell whoever waits")

enum order_step {
#define X(name, text) ORDER_STEP_##name,
	STEP_TABLE(X)
#undef X
};

enum next { NEXT_STEP, NEXT_WAIT, NEXT_DONE };

struct order_flow;
typedef void order_flow_fn(struct order_flow *f, void *ctx);

/* method_fn of SubmitOrder */
void submit_start(struct call *c, const ProtobufCMessage *request);
/* method_fn of SubmitOrders */
void submit_many_start(struct call *c, const ProtobufCMessage *request);

/**
 * order_flow_start(c, m, done, ctx):
 * Submit ${m} in ${c}'s arena.
 *
 * ${done} runs exactly once, possibly before this returns: then order_flow_result() holds the answer, or
 * NULL and order_flow_reason() and order_flow_detail() the refusal.
 */
void order_flow_start(struct call *c, const Yuncang__V1__SubmitOrderRequest *m, order_flow_fn *done,
    void *ctx);
Yuncang__V1__SubmitOrderResponse *order_flow_result(const struct order_flow *f);
const struct reason *order_flow_reason(const struct order_flow *f);
const ProtobufCMessage *order_flow_detail(const struct order_flow *f); /* NULL: none */

#endif
