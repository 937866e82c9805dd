#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "store/admin.h"
#include "unit.h"

#include "db_fixture.h"

#define URL_MAX 512
#define WAIT_S 20

static char folder[64], cluster_url[URL_MAX], database_url[URL_MAX];
static pid_t owner; /* a child must not take the server down */

/* Runs etc/dev/postgres; the first line of its output to ${out}. */
static int
postgres(char *command, char *out, size_t size)
{
	char tool[] = "etc/dev/postgres", d[] = "-d", dir[sizeof(folder) + 3], db[] = "-D",
	     name[] = "postgres", o[] = "-o", sync[] = "fsync=off";
	char *args[] = {tool, d, dir, db, name, o, sync, command, NULL};
	char path[sizeof(folder) + 4];
	pid_t child;
	FILE *f;
	int status;

	(void)snprintf(dir, sizeof(dir), "%s/pg", folder);
	/* A file, because the server inherits it: a pipe would stay open as long as the server. */
	(void)snprintf(path, sizeof(path), "%s/out", folder);
	child = fork();
	if (child == 0) {
		if (freopen(path, "w", stdout) != NULL)
			(void)execv(tool, args);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		return -1;
	f = fopen(path, "r");
	if (f == NULL)
		return -1;
	out[0] = '\0';
	if (fgets(out, (int)size, f) != NULL)
		out[strcspn(out, "\n")] = '\0';
	fclose(f);
	return unlink(path);
}

/* Also at exit: a group whose set-up failed has no tear-down. */
static void
cluster_remove(void)
{
	char none[URL_MAX], remove[] = "remove";

	if (folder[0] == '\0' || getpid() != owner)
		return;
	if (postgres(remove, none, sizeof(none)) != 0 || rmdir(folder) != 0)
		fprintf(stderr, "%s is left behind\n", folder);
	folder[0] = '\0';
}

int
cluster_start(void **state)
{
	char start[] = "start";

	(void)state;
	owner = getpid();
	(void)snprintf(folder, sizeof(folder), "/tmp/yuncang-unit-XXXXXX");
	if (mkdtemp(folder) == NULL || atexit(cluster_remove) != 0 ||
	    postgres(start, cluster_url, sizeof(cluster_url)) != 0) {
		fprintf(stderr, "no PostgreSQL for this test\n");
		return -1;
	}
	return 0;
}

int
cluster_stop(void **state)
{
	(void)state;
	cluster_remove();
	return 0;
}

void
sql_run(const char *db, const char *sql)
{
	struct reason r;
	PGconn *c;

	if (admin_connect(&c, db, &r) != ERR_OK)
		fail_msg("%s: %s", db, r.text);
	if (admin_run(c, sql, NULL, 0, NULL, &r) != ERR_OK)
		fail_msg("%s: %.60s", r.text, sql);
	admin_close(c);
}

int64_t
sql_number(const char *db, const char *sql)
{
	struct reason r;
	PGresult *rows;
	PGconn *c;
	int64_t n = 0;

	if (admin_connect(&c, db, &r) != ERR_OK)
		fail_msg("%s: %s", db, r.text);
	if (admin_run(c, sql, NULL, 0, &rows, &r) != ERR_OK)
		fail_msg("%s: %s", sql, r.text);
	if (PQntuples(rows) != 1 ||
	    parse_i64(PQgetvalue(rows, 0, 0), INT64_MIN, INT64_MAX, &n) != ERR_OK)
		fail_msg("%s: not one number", sql);
	PQclear(rows);
	admin_close(c);
	return n;
}

const char *
database_make(const char *name)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "create database %s", name);
	sql_run(cluster_url, sql);
	/* The last of two equal words in a connection string counts. */
	(void)snprintf(database_url, sizeof(database_url), "%.400s dbname=%s", cluster_url, name);
	return database_url;
}

/* ---- An instance ------------------------------------------------------------------------------- */

void
instance_start(struct instance *s, const char *db, const struct catalog_compile *compile)
{
	struct reason r;

	*s = (struct instance){0};
	assert_int_equal(conf_load(&s->conf, NULL, &r), ERR_OK);
	free(s->conf.db);
	s->conf.db = strdup(db);
	s->base = event_base_new();
	assert_non_null(s->base);
	s->arena = arena_new((size_t)256 << 20);
	assert_non_null(s->arena);
	assert_int_equal(pool_new(&s->pool, s->base, &s->conf, POOL_QUERY, 2, 100), ERR_OK);
	assert_int_equal(catalog_new(&s->catalog, s->base, &s->conf, s->pool, compile), ERR_OK);
}

void
instance_stop(struct instance *s)
{
	pool_free(s->pool);
	catalog_free(s->catalog);
	arena_free(s->arena);
	event_base_free(s->base);
	conf_release(&s->conf);
}

void
instance_wait(struct instance *s, const bool *done)
{
	const struct timeval tick = {.tv_usec = 100000};
	int64_t until_us;

	until_us = clock_mono_us() + WAIT_S * US_PER_S;
	while (!*done) {
		if (clock_mono_us() > until_us)
			fail_msg("nothing came back in %d s", WAIT_S);
		(void)event_base_loopexit(s->base, &tick);
		(void)event_base_loop(s->base, EVLOOP_ONCE);
	}
}

struct waiting {
	bool done;
	enum err e;
};

static void
waited(void *ctx, enum err e)
{
	struct waiting *w = ctx;

	w->done = true;
	w->e = e;
}

enum err
instance_load(struct instance *s)
{
	struct waiting w = {0};

	assert_int_equal(catalog_load(s->catalog, waited, &w), ERR_OK);
	instance_wait(s, &w.done);
	return w.e;
}

enum err
instance_refresh(struct instance *s)
{
	struct waiting w = {0};

	assert_int_equal(catalog_refresh_then(s->catalog, waited, &w), ERR_OK);
	instance_wait(s, &w.done);
	return w.e;
}
