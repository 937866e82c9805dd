/* main: the simulator's subcommands. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "simulator/audit.h"
#include "simulator/bench.h"
#include "simulator/day.h"
#include "simulator/load.h"
#include "simulator/month_books.h"
#include "simulator/provider.h"
#include "simulator/run.h"
#include "simulator/screens.h"

enum { EXIT_WELL = 0, EXIT_VIOLATION = 1, EXIT_FAILED = 2 };

/* What load and run share; both need the service. */
struct session {
	struct event_base *base;
	struct http_client *client;
	struct world *world;
};

static enum err
session_open(struct session *s, const struct options *o)
{
	struct http_client_options c = options_http(o);
	struct event_config *config = event_config_new();
	enum err e = world_make(&s->world, o->cities, o->size, (uint64_t)o->seed);

	if (e == ERR_OK && config != NULL) {
		/* the default clock ticks in 4 ms: too coarse to measure with */
		(void)event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
		s->base = event_base_new_with_config(config);
	}
	if (config != NULL)
		event_config_free(config);
	if (e != ERR_OK)
		return e;
	if (s->base == NULL)
		return ERR_NO_MEMORY;
	return http_client_new(&s->client, s->base, &c);
}

static void
session_close(struct session *s)
{
	http_client_free(s->client);
	if (s->base != NULL)
		event_base_free(s->base);
	world_free(s->world);
}

static int
audit_command_run(const struct options *o, const char *journal)
{
	struct audit_report r = {.to = stdout};

	if (o->db[0] == '\0') {
		(void)fprintf(stderr, "simulator: --db is missing\n");
		return EXIT_FAILED;
	}
	if (audit_run(o->db, journal, &r) != ERR_OK)
		return EXIT_FAILED;
	return audit_report_all(&r) == 0 ? EXIT_WELL : EXIT_VIOLATION;
}

/* What a month left, against the provider's books; then the audit, which tells both. */
static int
books_command_run(const struct options *o)
{
	struct month_report money = {.to = stdout};
	struct audit_report r = {.to = stdout};
	const struct audit_money *m = &r.money;

	if (month_books(o, &money) != ERR_OK)
		return EXIT_FAILED;
	month_report_print(&money);
	r.money = month_report_money(&money);
	if (audit_run(o->db, access(o->journal, F_OK) == 0 ? o->journal : NULL, &r) != ERR_OK)
		return EXIT_FAILED;
	return audit_report_all(&r) + m->unbalanced + m->unexplained + m->unpaid_due == 0
	    ? EXIT_WELL
	    : EXIT_VIOLATION;
}

static int
service_command_run(const struct options *o, bool loads, bool runs)
{
	struct session s = {0};
	int64_t violations = 0;
	enum err e = session_open(&s, o);

	if (e == ERR_OK && loads)
		e = load_run(s.world, s.base, s.client, o->outage_s * US_PER_S, o->quiet);
	if (e == ERR_OK && runs)
		e = run_storefronts(o, s.world, s.base, s.client, &violations);
	session_close(&s);
	if (e != ERR_OK)
		return EXIT_FAILED;
	return violations == 0 ? EXIT_WELL : EXIT_VIOLATION;
}

/* What makes its own connections and prints a line of JSON. */
typedef enum err measure_fn(const struct options *o, const struct world *w, int64_t *violations);

static int
measure_command_run(const struct options *o, measure_fn *run)
{
	struct world *w;
	int64_t violations = 0;
	enum err e = world_make(&w, o->cities, o->size, (uint64_t)o->seed);

	if (e != ERR_OK)
		return EXIT_FAILED;
	e = run(o, w, &violations);
	world_free(w);
	if (e != ERR_OK)
		return EXIT_FAILED;
	return violations == 0 ? EXIT_WELL : EXIT_VIOLATION;
}

/* What plays, and then is audited, from an empty journal. */
static int
demo_command_run(const struct options *o, bool day)
{
	int ran, audited;

	if (unlink(o->journal) != 0 && errno != ENOENT) {
		(void)fprintf(stderr, "simulator: %s: %s\n", o->journal, strerror(errno));
		return EXIT_FAILED;
	}
	ran = day ? measure_command_run(o, day_run) : service_command_run(o, true, true);
	if (ran == EXIT_FAILED)
		return ran;
	audited = audit_command_run(o, o->journal);
	return audited != EXIT_WELL ? audited : ran;
}

static int
month_command_run(const struct options *o)
{
	int64_t violations = 0;

	if (month_run(o, &violations) != ERR_OK)
		return EXIT_FAILED;
	return violations == 0 ? EXIT_WELL : EXIT_VIOLATION;
}

int
main(int argc, char **argv)
{
	struct options o;
	const char *command;
	int status;

	(void)signal(SIGPIPE, SIG_IGN);
	/* it has options of its own */
	if (argc > 1 && strcmp(argv[1], "provider") == 0)
		return provider_main(argc - 1, argv + 1);
	command = options_parse(&o, argc, argv, &status);
	if (command == NULL)
		return status;
	if (strcmp(command, "load") == 0)
		return service_command_run(&o, true, false);
	if (strcmp(command, "run") == 0)
		return service_command_run(&o, false, true);
	if (strcmp(command, "demo") == 0)
		return demo_command_run(&o, false);
	if (strcmp(command, "day") == 0)
		return demo_command_run(&o, true);
	if (strcmp(command, "month") == 0)
		return month_command_run(&o);
	if (strcmp(command, "books") == 0)
		return books_command_run(&o);
	if (strcmp(command, "bench") == 0)
		return measure_command_run(&o, bench_run);
	if (strcmp(command, "screens") == 0)
		return measure_command_run(&o, screens_run);
	if (strcmp(command, "selftest") == 0) {
		if (audit_selftest(o.db, o.journal, stdout) != ERR_OK)
			return EXIT_VIOLATION;
		return EXIT_WELL;
	}
	if (access(o.journal, F_OK) != 0) {
		(void)fprintf(stderr, "simulator: no %s: the database is audited by itself\n",
		    o.journal);
		o.journal = NULL;
	}
	return audit_command_run(&o, o.journal);
}
