#ifndef ROUTER_STORE_MIGRATE_H
#define ROUTER_STORE_MIGRATE_H

/*
 * migrate: brings a database to the schema this program was built with.
 *
 * Up only.  One transaction a file; applied files stand in schema_migration with their SHA-256, so that
 * a file changed after it was applied, and a database newer than the program, are seen and refused.  An
 * advisory lock lets one instance at a time work.  Synchronous: for the command line and for start-up.
 */
#include <stdio.h>

#include "base/err.h"

/**
 * migrate(db, progress, r):
 * Apply what is missing to the database of the libpq string ${db}, a line each on ${progress}; then, where
 * there are none, put in the shipped routing policy and split rules, ACTIVE from 2000-01-01.
 *
 * errors   DB_DOWN: no connection; CONF: an applied file changed, or the database is newer; INTERNAL: a
 *          migration failed, its transaction is undone.  ${r} says which file, and what the server said.
 */
enum err migrate(const char *db, FILE *progress, struct reason *r) MUST_CHECK;

/*
 * Is the schema exactly this program's?  OK; CONF: older ("run yuncang migrate first"), newer or changed;
 * DB_DOWN, INTERNAL.  ${r} has the sentence.
 */
enum err migrate_status(const char *db, struct reason *r) MUST_CHECK;

#endif
