#ifndef ROUTER_STORE_PROVIDER_INSPECT_H
#define ROUTER_STORE_PROVIDER_INSPECT_H

/* provider_inspect: the queue to the payment provider, from the command line.  Synchronous, see store/admin.h. */
#include <stdio.h>

#include "base/err.h"

/* A line for each kind and state: calls, fen, earliest deadline; then what is stuck, what is not posted, and bills that wait. */
enum err provider_inspect_status(const char *db, FILE *to, struct reason *r) MUST_CHECK;
/* The call ${number} and its items, a line each.  NOT_FOUND. */
enum err provider_inspect_call(const char *db, const char *number, FILE *to,
    struct reason *r) MUST_CHECK;

#endif
