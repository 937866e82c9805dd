#ifndef ROUTER_STORE_RETURN_READ_H
#define ROUTER_STORE_RETURN_READ_H

/*
 * return_read: what few orders have beside their rows: units that come back (READ_RETURNS, with the serial numbers
 * that are out), a payment in two parts (READ_DEPOSIT); and a location's page of returns.
 */
#include "domain/returns.h"
#include "store/order_read.h"

struct return_read {
	int number, fulfilment; /* both within the order */
	enum return_state state;
	int32_t location; /* expected there; then received there */
	int reason;
	int64_t asked_us, received_us, decided_us;
	int64_t due_us; /* when its state ends by itself; 0: it has ended */
	int64_t refund_fen;
	int line_count;
	struct return_line *lines;
};

struct deposit_read {
	int64_t deposit_fen, balance_fen;
	int64_t balance_by_us;   /* 0: not yet asked for */
	int64_t balance_paid_us; /* 0: not yet */
};

struct serial_read {
	int32_t sku; /* id */
	const char *text;
	int number; /* of the fulfilment it went out with */
};

/* Adds the statements that ${with} asks for. */
void returns_ask(struct tx *t, const struct uuid *order_id, unsigned with);
/* Reads them from result ${at} on, into ${o}. */
enum err returns_read(struct arena *a, struct tx *t, int at, unsigned with,
    struct order_read *o) MUST_CHECK;

/* Returns of one location, oldest first. */
struct return_query {
	int32_t location;        /* id */
	enum return_state state; /* 0: REQUESTED and RECEIVED */
	int64_t after_us;        /* the last one of the page before; 0: the first page */
	struct uuid after_order;
	int after_number;
	int count_max;
};
struct return_row {
	struct uuid order_id;
	struct return_read ret;
	int32_t *skus; /* ids, one a line */
};
typedef void return_list_fn(void *ctx, enum err e, struct return_row *rows, int count, bool more);
/* As the functions of store/order_read.h. */
enum err returns_list(struct pool *p, struct arena *arena, const struct return_query *q,
    return_list_fn *done, void *ctx) MUST_CHECK;

#endif
