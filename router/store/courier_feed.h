#ifndef ROUTER_STORE_COURIER_FEED_H
#define ROUTER_STORE_COURIER_FEED_H

/* courier_feed: how far the courier's news were taken in, and the lease of whoever reads them. */
#include "store/tx.h"

#define COURIER_FEED_CURSOR_SIZE 201

struct courier_feed {
	struct pool *pool;
	struct uuid self; /* this instance */
	/* OK: ${cursor} is where to go on; WRONG_STATE: another instance reads, or took over; else the database's. */
	void (*done)(void *ctx, enum err e, const char *cursor);
	void *ctx;
	int64_t lease_ms;
	char cursor[COURIER_FEED_CURSOR_SIZE]; /* to be saved */
};

/* OK: ${f}->done follows once, later; ${f} is borrowed until then. */
enum err courier_feed_claim(struct courier_feed *f) MUST_CHECK;
enum err courier_feed_save(struct courier_feed *f) MUST_CHECK;

#endif
