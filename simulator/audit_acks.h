#ifndef SIMULATOR_AUDIT_ACKS_H
#define SIMULATOR_AUDIT_ACKS_H

/* audit_acks: the journal file of acknowledged orders, read back and sorted by order id. */
#include "base/arena.h"
#include "simulator/audit_report.h"
#include "base/err.h"

struct audit_ack {
	const char *order_id, *storefront, *ref;
	const char *facts;
	bool seen;
};

struct audit_paid {
	const char *order_id, *provider, *number;
	int64_t fen;
	int outcome;
	bool seen;
};

struct audit_refused {
	const char *storefront, *ref;
};

/* What was counted on a shelf, and taken in. */
struct audit_count {
	const char *location, *sku, *goods_owner;
	int64_t count;
	size_t nth; /* of the file: the last one of a shelf counts */
};

/* An event that an endpoint took. */
struct audit_told {
	const char *endpoint, *event_id;
	bool seen;
};

struct audit_acks {
	char *text; /* the file; the rest points into it */
	struct audit_ack *ack;
	struct audit_paid *paid;
	struct audit_refused *refused;
	struct audit_told *told;   /* sorted by endpoint and id, each once */
	struct audit_count *count; /* sorted by shelf, then as they came */
	size_t ack_count, paid_count, refused_count, told_count, count_count;
	bool day_over;
	const char *last_event; /* of the day, when a month was played behind it; else NULL */
};

/**
 * audit_acks_read(a, path, r):
 * Also reports what the storefronts saw (V lines) and references acknowledged twice.
 *
 * ERR_IO: unreadable, or a line (but for a last one cut short) is not of ack.h; it is logged.
 */
enum err audit_acks_read(struct audit_acks *a, const char *path, struct audit_report *r) MUST_CHECK;
void audit_acks_release(struct audit_acks *a);
/* NULL: the endpoint did not take it. */
struct audit_told *audit_acks_told(const struct audit_acks *a, const char *endpoint,
    const char *event_id);
/* NULL: it was not counted. */
const struct audit_count *audit_acks_counted(const struct audit_acks *a, const char *location,
    const char *sku, const char *goods_owner);
bool audit_acks_refused(const struct audit_acks *a, const char *storefront, const char *ref);

#endif
