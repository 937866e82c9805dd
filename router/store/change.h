#ifndef ROUTER_STORE_CHANGE_H
#define ROUTER_STORE_CHANGE_H

/*
 * change: what one transaction changed of stock, capacity, slots, entitlements, budgets and claims, packed
 * into the one stock_change row it writes, and applied to the hints by every instance; and whose tasks it
 * changed, for those who wait for them (last, so that a program that does not know them has read the rest).
 * A figure is applied only if its version is newer than the hint's.
 */
#include "base/buf.h"
#include "domain/hints.h"
#include "store/hints_memory.h"

enum change_kind {
	CHANGE_STOCK = 1,
	CHANGE_CAPACITY,
	CHANGE_SLOT,
	CHANGE_ENTITLEMENT,
	CHANGE_BUDGET,
	CHANGE_CLAIM,
	CHANGE_TASK
};

struct change {
	enum change_kind kind;
	union {
		struct stock_hint stock; /* with location beside it */
		struct capacity_hint capacity;
		struct slot_hint slot;
		struct entitlement_hint entitlement;
		struct budget_hint budget;
		struct claim claim;
	} row;            /* inflight fields are ignored */
	int32_t location; /* of a stock row; whose tasks, or ANY_LOCATION */
};

void change_pack(struct buf *out, const struct change *c);
/* false at the end or on malformed bytes; rd->ok says which. */
bool change_unpack(struct rd *in, struct change *c);
/* Minutes since 1970 as hints keep them, of a time in µs; 0 for none. */
uint32_t change_minutes(int64_t us);
/* ERR_NO_MEMORY: a table could not grow.  Tasks have no hint. */
enum err change_apply(struct hints_memory *m, const struct change *c) MUST_CHECK;

#endif
