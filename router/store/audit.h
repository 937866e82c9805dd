#ifndef ROUTER_STORE_AUDIT_H
#define ROUTER_STORE_AUDIT_H

/*
 * audit: the invariants of the database, asked in SQL.  Synchronous: for the command line only.
 *
 * Each check is a query whose rows are violations; all see one snapshot, so that a service at work does not
 * disturb them.
 */
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define AUDIT_HASH_SIZE 65
#define AUDIT_SHOWN_MAX 5 /* violations of one check that are printed; all are counted */

struct audit_total {
	int check_count;
	int64_t orders;
	int64_t violations;
	/* The last sealed batch; who noted its hash elsewhere knows that none before it was made anew.  0: none. */
	int64_t batch_no;
	char batch_hash[AUDIT_HASH_SIZE];
};

/* ${split_cap_bps}: the setting.  A line on ${to} for each check that failed and its first violations.  DB_DOWN, INTERNAL: ${r} says why. */
enum err audit(const char *db, int32_t split_cap_bps, FILE *to, struct audit_total *out,
    struct reason *r) MUST_CHECK;

#endif
