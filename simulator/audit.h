#ifndef SIMULATOR_AUDIT_H
#define SIMULATOR_AUDIT_H

/*
 * audit: does the database hold what was promised, and no more?  A model of its own: SQL over the
 * tables and arithmetic here, nothing of the service's domain or store.
 */
#include <libpq-fe.h>

#include "simulator/audit_report.h"
#include "base/err.h"

/**
 * audit_run(conninfo, journal, r):
 * All checks on one snapshot.  ${journal}: the file of acknowledged orders, NULL: none.
 *
 * ERR_OK: the audit was made, whatever it found: see ${r}, which is also printed to ${r}->to.
 * ERR_DB_DOWN, ERR_IO: it could not be made.
 */
enum err audit_run(const char *conninfo, const char *journal, struct audit_report *r) MUST_CHECK;

/* The same within the open transaction of ${db}. */
enum err audit_within(PGconn *db, const char *journal, struct audit_report *r) MUST_CHECK;

/* Within an open transaction: the checks that are one query each (audit_sets.c), and those that go
 * through the orders one by one (audit_orders.c). */
enum err audit_sets(PGconn *db, struct audit_report *r) MUST_CHECK;
struct audit_acks;
enum err audit_orders(PGconn *db, struct audit_acks *acks, struct audit_report *r) MUST_CHECK;
/* On hand against the counts that were taken in (audit_stock.c). */
enum err audit_stock(PGconn *db, const struct audit_acks *acks, struct audit_report *r) MUST_CHECK;
/* Of a compressed day that is over: everything has ended, and every event was heard of (audit_day.c). */
enum err audit_day(PGconn *db, struct audit_acks *acks, struct audit_report *r) MUST_CHECK;

/**
 * audit_selftest(conninfo, journal, to):
 * Tampers with rows, one way after the other, each in a transaction that is rolled back, and audits
 * within it.  The database must hold orders of a run, clean, and the user must own the tables.
 *
 * ERR_OK: each was found.  ERR_INTERNAL: the audit was blind to one.
 */
enum err audit_selftest(const char *conninfo, const char *journal, FILE *to) MUST_CHECK;

#endif
