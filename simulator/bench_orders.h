#ifndef SIMULATOR_BENCH_ORDERS_H
#define SIMULATOR_BENCH_ORDERS_H

/*
 * bench_orders: which plans of a bench_mix are ordered.  Those that are quoted first, or come paid
 * and must know their total, are quoted here, through the service, before anything is timed; one
 * whose quote is refused is left out and the next plan taken.
 */
#include "simulator/bench_plan.h"

struct http_client;
struct event_base;

struct bench_order {
	uint64_t index;    /* of bench_plan() */
	int64_t total_fen; /* as quoted; 0: not quoted */
	char *token;       /* NULL: submitted without; freed with the orders */
};

struct bench_orders {
	struct bench_order *order;
	size_t count;
	int64_t quotes, left_out;
};

/**
 * bench_orders_take(o, m, base, client, count, at_once):
 * ${count} orders, in about their plans' order, with at most ${at_once} quotes under way;
 * 0: none is quoted, for who only asks for quotes.
 *
 * ERR_IO: the service does not answer quotes; logged.  bench_orders_release() is due in any case.
 */
enum err bench_orders_take(struct bench_orders *o, const struct bench_mix *m,
    struct event_base *base, struct http_client *client, size_t count, int at_once) MUST_CHECK;
void bench_orders_release(struct bench_orders *o);

/*
 * For BENCH_HOT: the store's stock of the one sku is counted anew, so that it lasts.  ERR_IO: the
 * service refused; logged with its reason.
 */
enum err bench_stock_fill(const struct bench_mix *m, struct event_base *base,
    struct http_client *client) MUST_CHECK;

#endif
