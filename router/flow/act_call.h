#ifndef ROUTER_FLOW_ACT_CALL_H
#define ROUTER_FLOW_ACT_CALL_H

/*
 * act_call: an RPC that acts on a fulfilment or an order: request field "act" (yuncang.v1.Act), response field
 * "acted" (yuncang.v1.Acted).  Here are the parts that all of them share: who may, whose staff, the
 * reference and its repeat, the answer.  The kind's own plan says the rest.
 */
#include "flow/act_run.h"
#include "yuncang/v1/store.pb-c.h"

/*
 * Who acts: a store for its location, with a named member of its staff; a storefront for its order; or either
 * of them on a fulfilment, by the key's role.
 */
enum act_side { ACT_BY_STORE, ACT_BY_STOREFRONT, ACT_BY_EITHER };

struct act_call;

struct act_method {
	enum act_kind kind;
	enum act_side side;
	unsigned with; /* READ_* that the plan needs */
	int attempt;   /* see act_run.h */
	/*
	 * Where it is done, if that need not be the fulfilment's location: it is then this one that must be in the
	 * key's scope, and whose staff acts.  NULL of a call: there is nothing like it.
	 */
	const struct location *(*where)(const struct act_call *c);
	/* Called when the act is none that was there before; c->act is judged.  As act_plan_fn. */
	enum err (*plan)(struct act_call *c);
	/*
	 * Adds to the response what is the method's own, from the trail's row ${a} and c->run.order as it was read
	 * before the act; or refuses, of an act that is a refusal, the first time and ever after.  NULL: nothing.
	 */
	enum err (
	    *answer)(struct act_call *c, const struct act_read *a, ProtobufCMessage *response);
};

struct act_call {
	struct act_run run; /* first: run's functions hand it back */
	struct call *call;
	const struct act_method *method;
	const ProtobufCMessage *request;
	const Yuncang__V1__Act *act; /* of the request */
	uint8_t hash[BODY_HASH_SIZE];
	int32_t staff;                  /* party id; 0: none named */
	struct fulfilment_read *ful;    /* NULL: act.fulfilment is 0, the order's own */
	const struct location *loc;     /* of ful */
	const ProtobufCMessage *detail; /* sent with a refusal; NULL: nothing */
};

/* The start function of a method's row calls this. */
void act_call_start(struct call *call, const ProtobufCMessage *request, const struct act_method *m);

/* For plans: the trail's row of this act, with staff, key, reference and hash. */
struct act_row *act_call_row(struct act_call *c, enum act_kind kind, int state);

#endif
