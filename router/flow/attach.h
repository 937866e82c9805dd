#ifndef ROUTER_FLOW_ATTACH_H
#define ROUTER_FLOW_ATTACH_H

/*
 * attach: what is under way in this instance by (scope, ref): submits by storefront and order_ref, payments by
 * provider and number.  The first leads; equal ones that come while it runs wait for its outcome instead of
 * racing it.  (Between instances the claim row arbitrates.)
 */
#include "base/err.h"

struct attach;

/* Embedded in what is under way; the texts are borrowed until the entry left. */
struct attach_entry {
	const char *scope, *ref;
	struct attach_entry *next;        /* followers of the leader, in arrival order */
	struct attach_entry **next_place; /* leader: where the next follower goes */
	void (*lead_done)(struct attach_entry *follower, struct attach_entry *leader);
};

enum err attach_new(struct attach **out) MUST_CHECK;
void attach_free(struct attach *a); /* asserts that it is empty */

/*
 * OK: ${e} leads.  WRONG_STATE: another leads; ${e}->lead_done runs when it leaves, from within attach_leave().
 * NO_MEMORY.
 */
enum err attach_join(struct attach *a, struct attach_entry *e) MUST_CHECK;
/* The leader leaves; its followers are told, in arrival order, when the ref is free again. */
void attach_leave(struct attach *a, struct attach_entry *leader);

#endif
