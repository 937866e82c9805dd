#ifndef TESTS_UNIT_STORE_DB_FIXTURE_H
#define TESTS_UNIT_STORE_DB_FIXTURE_H

/*
 * db_fixture: a PostgreSQL of the test's own, by etc/dev/postgres, with fsync off; run from the top of the
 * tree.  Databases are made in it as a test needs them.
 */
#include <event2/event.h>

#include "base/arena.h"
#include "base/conf.h"
#include "store/catalog.h"
#include "store/tx.h"

int cluster_start(void **state); /* cmocka group set-up: 0, or -1 and a line on stderr */
int cluster_stop(void **state);
/* Makes the empty database ${name}; its libpq string, good until the next call. */
const char *database_make(const char *name);

/* One instance: loop, pools and catalog on a migrated database. */
struct instance {
	struct event_base *base;
	struct conf conf;
	struct pool *pool;
	struct catalog *catalog;
	struct arena *arena;
};
void instance_start(struct instance *s, const char *db, const struct catalog_compile *compile);
void instance_stop(struct instance *s);
/* Runs the loop until ${*done}; a failure of the test after 20 s. */
void instance_wait(struct instance *s, const bool *done);
enum err instance_load(struct instance *s);
enum err instance_refresh(struct instance *s);

/* Statements run apart from the pools; the test fails when they do. */
void sql_run(const char *db, const char *sql);
int64_t sql_number(const char *db, const char *sql);

#endif
