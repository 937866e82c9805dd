#ifndef ROUTER_STORE_ORDER_LIST_H
#define ROUTER_STORE_ORDER_LIST_H

/* order_list: pages of orders and of tasks; the rules of store/order_read.h hold. */
#include "store/order_read.h"

/* Newest first, with lines and fulfilments, without what READ_* adds. */
struct order_query {
	int32_t storefront, dealer; /* ids; at least one, both narrow */
	int64_t from_us, to_us; /* from ≤ created < to, by the id's milliseconds; 0: no bound */
	struct uuid before;     /* the last id of the page before; zero: the first page */
	int count_max;
};
typedef void order_list_fn(void *ctx, enum err e, struct order_read *orders, int count, bool more);
enum err order_read_list(struct pool *p, struct arena *arena, const struct order_query *q,
    order_list_fn *done, void *ctx) MUST_CHECK;

/* What a location has to do, the nearest deadline first: an offer's, or else the end of the promise. */
struct task_query {
	int32_t location;            /* id */
	enum fulfilment_state state; /* 0: OFFERED and ACCEPTED */
	int64_t after_due_us;        /* the last task of the page before; 0: the first page */
	struct uuid after_order;
	int after_number;
	int count_max;
};
/* Units that the shelf lacks: more is promised than there is, and this fulfilment is among the last to be served. */
struct task_missing {
	int32_t line; /* of the order, from 0 */
	int32_t quantity;
};
struct task_read {
	struct uuid order_id;
	int64_t created_us, due_us;
	struct fulfilment_read fulfilment;
	int missing_count;
	struct task_missing *missing;
};
typedef void task_list_fn(void *ctx, enum err e, struct task_read *tasks, int count, bool more);
enum err order_read_tasks(struct pool *p, struct arena *arena, const struct task_query *q,
    task_list_fn *done, void *ctx) MUST_CHECK;

#endif
