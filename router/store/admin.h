#ifndef ROUTER_STORE_ADMIN_H
#define ROUTER_STORE_ADMIN_H

/*
 * admin: synchronous PostgreSQL, for start-up and the command line only; the loop never calls this.
 */
#include <libpq-fe.h>

#include "base/err.h"

/* OK, or DB_DOWN with what libpq said.  Notices are not printed. */
enum err admin_connect(PGconn **out, const char *db, struct reason *r) MUST_CHECK;
void admin_close(PGconn *c); /* NULL is fine */

/**
 * admin_run(c, sql, args, count, out, r):
 * One statement with text arguments, or, with none, any number of statements.
 *
 * ${out} gets the result, PQclear() it; it may be NULL.  INTERNAL: ${r} has the server's message.
 */
enum err admin_run(PGconn *c, const char *sql, const char *const *args, int count, PGresult **out,
    struct reason *r) MUST_CHECK;

#endif
