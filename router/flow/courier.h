#ifndef ROUTER_FLOW_COURIER_H
#define ROUTER_FLOW_COURIER_H

/*
 * courier: whoever carries a DELIVER parcel from a store to its customer, behind one set of functions.
 *
 * There is one implementation, JSON over HTTP: proto/yuncang/v1/courier.proto is its contract.  Order,
 * fulfilment and attempt name a parcel: booked again under the same three it gets the first answer, so a call whose
 * outcome is unknown is made again, the same.
 */
#include "base/conf.h"
#include "base/uuid.h"
#include "edge/client.h"
#include "store/order_row.h"

#define COURIER_TRACKING_SIZE 65
#define COURIER_CURSOR_SIZE 201
#define COURIER_NEWS_MAX 100

/* Numbers of ParcelState. */
enum parcel_state {
	PARCEL_BOOKED = 1,
	PARCEL_PICKED_UP,
	PARCEL_DELIVERED,
	PARCEL_FAILED,
	PARCEL_RETURNED,
	PARCEL_LOST,
	PARCEL_CANCELLED
};

struct parcel {
	struct uuid order_id;
	int fulfilment, attempt; /* at delivering it, from 1 */
	const char *location;    /* code */
	int32_t lat_e6, lon_e6;  /* of the location */
	const struct contact_row *to;
	int pieces;
	int64_t promise_from_us, promise_to_us;
};

struct courier_quote {
	bool available;
	int64_t fee_fen;
	int64_t pickup_by_us, deliver_by_us; /* 0: not said */
};

struct courier_booking {
	char tracking[COURIER_TRACKING_SIZE];
	int64_t fee_fen;
	enum parcel_state state;
};

struct courier_news {
	struct uuid order_id;
	int fulfilment, attempt;
	char tracking[COURIER_TRACKING_SIZE];
	enum parcel_state state;
	int64_t at_us;
};

/*
 * What came of a call: OK; REFUSED_BY_RULE, the courier will not do this, ever; BUSY, TIMEOUT, IO, BAD_BODY: ask
 * again, the same.  The one that was asked for is not NULL with OK; it lives until the callback returns.
 */
struct courier_reply {
	enum err err;
	const struct courier_quote *quote;
	const struct courier_booking *booking;
	const struct courier_news *news;
	int news_count;
	const char *cursor; /* news: where they go on */
};
typedef void courier_fn(void *ctx, const struct courier_reply *r);

struct courier;
struct courier_call;

/* OK: the callback follows once, later, unless cancelled; BUSY, NO_MEMORY: never.  Arguments are copied. */
struct courier_ops {
	enum err (*quote)(struct courier *c, const struct parcel *p, courier_fn *done, void *ctx,
	    struct courier_call **out);
	enum err (*book)(struct courier *c, const struct parcel *p, courier_fn *done, void *ctx,
	    struct courier_call **out);
	/* What happened behind ${cursor}, in order; "": from the beginning. */
	enum err (*track)(struct courier *c, const char *cursor, courier_fn *done, void *ctx,
	    struct courier_call **out);
	void (*cancel)(struct courier_call *call);
	void (*free)(struct courier *c);
};

/* An implementation begins with this. */
struct courier {
	const struct courier_ops *ops;
};

/**
 * courier_http_new(out, conf, client, r):
 * The courier at courier_url; ${*out} is NULL when there is none.  Reads courier_secret_file: for start-up.
 *
 * CONF: ${r} names the setting and what is wrong with it.
 */
enum err courier_http_new(struct courier **out, const struct conf *conf, struct client *client,
    struct reason *r) MUST_CHECK;
void courier_free(struct courier *c); /* NULL is fine */

#endif
