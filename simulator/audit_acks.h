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

struct audit_acks {
	char *text; /* the file; the rest points into it */
	struct audit_ack *ack;
	struct audit_paid *paid;
	struct audit_refused *refused;
	size_t ack_count, paid_count, refused_count;
};

/**
 * audit_acks_read(a, path, r):
 * Also reports what the storefronts saw (V lines) and references acknowledged twice.
 *
 * ERR_IO: unreadable, or a line (but for a last one cut short) is not of ack.h; it is logged.
 */
enum err audit_acks_read(struct audit_acks *a, const char *path, struct audit_report *r) MUST_CHECK;
void audit_acks_release(struct audit_acks *a);
bool audit_acks_refused(const struct audit_acks *a, const char *storefront, const char *ref);

#endif
