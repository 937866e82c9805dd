#ifndef ROUTER_STORE_DISPUTE_H
#define ROUTER_STORE_DISPUTE_H

/* dispute: goods handed over in another dealer's territory, as stored; the rules of store/order_read.h hold. */
#include "domain/order.h"
#include "store/order_read.h"

struct dispute_read {
	struct uuid order_id;
	int number;                                            /* of the fulfilment */
	int32_t dealer, territory, territory_dealer, location; /* ids; dealer: the order's owner */
	enum way way;
	const char *region;
	enum owner_source owner_source;
	int64_t owner_since_us, flagged_us, resolved_us; /* 0: none */
	const char *note;
};

struct dispute_query {
	const int32_t *dealers; /* party ids, on either side; NULL: all */
	int dealer_count;
	bool open_only;
	int64_t before_us; /* the last one of the page before; 0: the first page */
	struct uuid before_order;
	int before_number;
	int count_max;
};
typedef void dispute_list_fn(void *ctx, enum err e, struct dispute_read *rows, int count,
    bool more);
/* Newest first.  ${q}->dealers is borrowed until ${done}. */
enum err disputes_list(struct pool *p, struct arena *arena, const struct dispute_query *q,
    dispute_list_fn *done, void *ctx) MUST_CHECK;

struct dispute_end {
	struct uuid order_id;
	int number;
	int64_t at_us, key_id;
	const char *note;
};
/* ${done}: the one row as it now stands, resolved by this or by an earlier call; or none. */
enum err dispute_resolve(struct pool *p, struct arena *arena, const struct dispute_end *in,
    dispute_list_fn *done, void *ctx) MUST_CHECK;

#endif
