#ifndef ROUTER_STORE_GROUP_H
#define ROUTER_STORE_GROUP_H

/*
 * group: commits that many share, whatever they do; store/batch, store/pay_batch and store/pay_read are its kinds.
 *
 * While commits are in flight, entries queue; when a connection comes free, all that waits by then goes next,
 * at most batch_orders_max; an idle service commits at once.  Few entries do not get a transaction of their own
 * beside one that is under way (group.c).  A run is one transaction over its entries.  It is filled
 * when it has its connection, so that what waits for one goes along.
 *
 * A run that fails is run again (deadlock, lock time-out, lost connection: the same entries, while that may
 * help), or in halves down to the one entry (a constraint, class 22 or 23).  Runs that share a pool take turns in
 * the order they came, so that no kind starves another.
 */
#include "base/metric.h"
#include "store/tx.h"

struct group;
struct arena;

/* First member of what queues. */
struct group_entry {
	struct group_entry *next;
	int64_t queued_us; /* monotonic */
};

/* First member of a kind's own run. */
struct group_run {
	struct group *group;
	void *owner; /* group_new()'s */
	struct group_run *next;
	struct group_entry **entries; /* in order of arrival */
	int count, count_max;
	int tries;
	int64_t first_us; /* of the first try */
	bool filled;
	bool unknown;        /* a try's commit may have been done */
	bool abandoned;      /* nobody waits any more */
	struct arena *arena; /* emptied before each try */
	struct buf changes;  /* the same; for its stock_change row */
};

struct group_kind {
	const char *name; /* for the log: what an entry is */
	size_t run_size;  /* of the struct that begins with a group_run; made zero */
	/* The transaction, as tx.h has it; must be able to begin anew when tx_trip() is 0. */
	enum tx_next (*step)(struct group_run *r, struct tx *t);
	/* Committed: tells each entry, which is then no longer the group's; results of the last trip are readable. */
	void (*committed)(struct group_run *r, struct tx *t);
	/* Tells one entry that it failed; the same.  TIMEOUT: its outcome is unknown. */
	void (*failed)(void *owner, struct group_entry *x, enum err e);
	/* Writes the entry's name into ${out}, for the log. */
	void (*print)(const struct group_entry *x, char out[UUID_TEXT_SIZE]);
	enum metric queue, runs, entries;
	enum metric retries, splits, bad; /* METRIC_COUNT: not counted */
};

/*
 * Settings batch_orders_max bounds a run, batch_queue_max what waits; both are read anew each time.  At most
 * ${running_max} runs are under way.
 */
enum err group_new(struct group **out, struct event_base *base, const struct conf *conf,
    struct pool *pool, const struct group_kind *kind, void *owner, int running_max) MUST_CHECK;
/* Entries that wait hear NOT_READY, those under way TIMEOUT; before pool_free(). */
void group_free(struct group *g);
/* BUSY: the queue is full. */
enum err group_add(struct group *g, struct group_entry *x) MUST_CHECK;
int group_waiting(const struct group *g);

#endif
