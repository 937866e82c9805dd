#ifndef ROUTER_EDGE_RPC_H
#define ROUTER_EDGE_RPC_H

/*
 * rpc: Connect unary over HTTP/1.1 (connectrpc.com/docs/protocol), binary and proto3 JSON.
 *
 * A request is decoded, authenticated and checked against its row of the method table before
 * method_fn sees it; flow/ answers exactly once through call_reply() or call_fail(), now or later
 * from the loop.  Source: design "The wire".
 */
#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"
#include "edge/auth.h"

struct buf;
struct call;
struct conf;
struct http_server;

typedef void method_fn(struct call *c, const ProtobufCMessage *request);

/* One row an RPC; the table is in flow/methods.c, sorted by nothing, ended by a row of NULLs. */
struct method {
	const char *service; /* "yuncang.v1.OrderService" */
	const char *name;    /* "SubmitOrder" */
	const ProtobufCMessageDescriptor *request;
	const ProtobufCMessageDescriptor *response;
	unsigned roles; /* ROLE_* bits that may call it */
	/* "storefront", "location" or "": the kind of scope flow/ checks against the body */
	const char *scope;
	int64_t body_size_max; /* 0: the setting's; else the smaller of the two */
	method_fn *start;
	void *ctx; /* what call_app() gives back */
};

/*
 * What a method may read of its call.  The arena lives until the reply is written; the decoded
 * request lives in it.  The principal is a copy in the arena: a key table may be swapped meanwhile.
 */
struct call {
	struct arena *arena;
	const struct method *method;
	const struct principal *principal;
	int64_t received_us;  /* wall time of the last byte: the request's "now" */
	int64_t deadline_us;  /* monotonic */
	char id[20];          /* for the log and the x-request-id reply header */
	struct reason reason; /* scratch for checks */
	void *flow;           /* the method's own */
};

/**
 * call_reply(c, m) / call_fail(c, r, detail):
 * Answer and forget ${c}; its arena is gone when these return.
 *
 * ${m} must be of method->response; ${r}->err is not OK.  ${detail}, may be NULL, is sent as a
 * second element of the error's details, its type named, its JSON under "debug".  details[0] is
 * always yuncang.v1.ErrorDetail {reason, field, text, retry}.  A client that went away meanwhile is noticed
 * here and nothing is sent.  When the deadline passes first, the client is told TIMEOUT and these
 * only free.
 */
void call_reply(struct call *c, const ProtobufCMessage *m);
void call_fail(struct call *c, const struct reason *r, const ProtobufCMessage *detail);

/* ${p} are the bytes of ${m}, until the next call_pack() or call_reply() of any call. */
enum err call_pack(struct call *c, const ProtobufCMessage *m, const uint8_t **p,
    size_t *len) MUST_CHECK;

/*
 * The method waits for long: the arena's memory is given back, and with it the request, the principal and what
 * else lived in it.  ${c} can be answered as before; the time it took is not observed.
 */
void call_rest(struct call *c);

struct rpc;

/* ${conf} and ${methods} are borrowed for the life of the rpc. */
enum err rpc_new(struct rpc **out, const struct conf *conf,
    const struct method *methods) MUST_CHECK;
void rpc_free(struct rpc *r);
/* Takes ${t}; frees the one before. NULL until the first: all calls are ERR_NOT_READY. */
void rpc_keys_set(struct rpc *r, struct key_table *t);
void rpc_ready_set(struct rpc *r, bool ready); /* while false every call is ERR_NOT_READY */
/* Who asks, as calls ask it: NOT_READY, UNAUTHENTICATED.  ${p} lives until the next rpc_keys_set(). */
enum err rpc_caller(const struct rpc *r, const char *authorization, const struct principal **p,
    struct reason *why) MUST_CHECK;
int rpc_calls_open(const struct rpc *r);
void rpc_metrics(const struct rpc *r, struct buf *out); /* calls and errors by method and by name */
/* The hook http.h calls for POST /package.Service/Method. */
void rpc_attach(struct rpc *r, struct http_server *s);

#endif
