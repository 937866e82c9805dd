#ifndef ROUTER_STORE_INSPECT_H
#define ROUTER_STORE_INSPECT_H

/* inspect: looking at a database from the command line.  Synchronous, see store/admin.h. */
#include <stdio.h>

#include "base/err.h"

int inspect_libpq(void); /* the library's version: 150018 is 15.18 */

/* A warning on ${to} for each way in which the database could lose acknowledged orders.  DB_DOWN, INTERNAL. */
enum err inspect_durability(const char *db, FILE *to, struct reason *r) MUST_CHECK;

/* The routing policy, or with ${split} the split rules. */
/* A line each: version, state, effective from, note. */
enum err inspect_policy_list(const char *db, bool split, FILE *to, struct reason *r) MUST_CHECK;
/* The JSON of ${version}, a number; NULL: of the one in force.  NOT_FOUND. */
enum err inspect_policy_show(const char *db, bool split, const char *version, FILE *to,
    struct reason *r) MUST_CHECK;

#endif
