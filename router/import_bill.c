/* yuncang import bill: a provider's bill out of a file; all of it, or nothing.  See flow/bill_job.h. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "cli.h"
#include "flow/bill_job.h"
#include "flow/recon_job.h"
#include "store/migrate.h"
#include "store/seal.h"

#define JOB_ARENA_MAX ((size_t)64 << 20)

enum { OPT_KIND = 256, OPT_COLLECTOR, OPT_DATE, OPT_SHA1 };

struct bill_cli {
	const struct cli *cli;
	const char *name; /* of the file */
	struct bill_task task;
	struct bill_env env;
	struct arena *arena;
	struct pool *pool;
	bool tty, done;
	int64_t began_us, told_us, lines;
	struct bill_result result;
};

static void
progress(struct bill_cli *x, bool last)
{
	int64_t now_us = clock_mono_us(), us = now_us - x->began_us;

	if (!last && now_us - x->told_us < US_PER_S)
		return;
	x->told_us = now_us;
	fprintf(stderr, "%simport: %" PRId64 " lines, %" PRId64 " lines/s%s", x->tty ? "\r" : "",
	    x->lines, us > 0 ? x->lines * US_PER_S / us : 0, x->tty && !last ? "" : "\n");
}

static void
on_progress(void *ctx, int64_t lines)
{
	struct bill_cli *x = ctx;

	x->lines = lines;
	progress(x, false);
}

static void
on_done(void *ctx, const struct bill_result *r)
{
	struct bill_cli *x = ctx;

	x->result = *r;
	x->done = true;
}

/* ---- What it came to ---- */

static int
conclude(struct bill_cli *x)
{
	const struct bill_result *r = &x->result;
	const struct recon_result *m = &r->recon;
	char id[UUID_TEXT_SIZE];

	progress(x, true);
	if (r->imported.reason.err != ERR_OK) {
		fprintf(stderr, "%s: %s%s%s\n", x->name, r->imported.reason.field,
		    r->imported.reason.field[0] != '\0' ? ": " : "", r->imported.reason.text);
		printf("nothing was imported\n");
		return EXIT_FAILURE;
	}
	uuid_format(&r->imported.id, id);
	if (r->imported.repeated)
		printf("imported before: bill %s\n", id);
	else
		printf("imported: bill %s, %" PRId64 " lines, %" PRId64
		       " of merchants that are not "
		       "known\n",
		    id, r->imported.sums.rows, r->imported.sums.other_rows);
	if (r->matched)
		printf("matched: %" PRId64 " of %" PRId64 ", %" PRId64 " fen, %" PRId64
		       " within the tolerance; exceptions: %" PRId64
		       " not as in the books, %" PRId64 " missing on the bill, %" PRId64
		       " closed\n",
		    m->matched, m->groups, m->matched_fen, m->rounded, m->opened, m->missing,
		    m->closed);
	else if (r->matched_before && !r->imported.repeated)
		printf("matched by the service meanwhile\n");
	else if (r->match.err == ERR_WRONG_STATE) {
		printf("not matched: %s\n", r->match.text);
		return EXIT_FAILURE;
	} else if (r->match.err != ERR_OK)
		printf("not matched yet: %s; the service will\n", r->match.text);
	return EXIT_SUCCESS;
}

/* ---- Running it ---- */

static int
run_with(struct bill_cli *x, const struct conf *conf)
{
	struct conf own = recon_conf(conf);
	struct reason r;
	enum err e;

	e = migrate_status(conf->db, &r);
	if (e != ERR_OK)
		return cli_fail(x->cli, &r);
	log_level_max = LOG_LEVEL_WARN;
	x->env.base = event_base_new();
	x->arena = arena_new(JOB_ARENA_MAX);
	e = x->env.base == NULL || x->arena == NULL ? ERR_NO_MEMORY : ERR_OK;
	if (e == ERR_OK)
		e = pool_new(&x->pool, x->env.base, &own, POOL_QUERY, 2, 4);
	/* The service may not be running: the books are sealed by whoever is there. */
	if (e == ERR_OK)
		e = seal_new(&x->env.seal, x->env.base, conf, x->pool);
	if (e == ERR_OK) {
		x->env.pool = x->pool;
		x->env.conf = &own;
		x->task.done = on_done;
		x->task.progress = on_progress;
		x->task.ctx = x;
		x->began_us = x->told_us = clock_mono_us();
		e = bill_job_start(&x->env, x->arena, &x->task);
	}
	while (e == ERR_OK && !x->done)
		(void)event_base_loop(x->env.base, EVLOOP_ONCE);
	if (e == ERR_OK)
		return conclude(x);
	(void)reason_set(&r, e, NULL, "%s", err_text(e));
	return cli_fail(x->cli, &r);
}

static void
release(struct bill_cli *x)
{
	seal_free(x->env.seal);
	pool_free(x->pool);
	arena_free(x->arena);
	if (x->env.base != NULL)
		event_base_free(x->env.base);
}

/* ---- The command line ---- */

static int32_t
day_read(const struct cli *c, const char *text)
{
	int32_t day;

	if (parse_day(text, &day) != ERR_OK || day <= 0)
		cli_usage(c, "--date is a day like 2026-09-01");
	return day;
}

static void
options_read(struct cli *c, struct bill_cli *x)
{
	static const struct option options[] = {{"kind", required_argument, NULL, OPT_KIND},
	    {"collector", required_argument, NULL, OPT_COLLECTOR},
	    {"date", required_argument, NULL, OPT_DATE},
	    {"sha1", required_argument, NULL, OPT_SHA1}, {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0}};
	const char *kind = "";
	int o;

	x->task.sha1 = x->task.merchant = "";
	while ((o = cli_option(c, options)) != -1) {
		if (o == OPT_KIND)
			kind = optarg;
		else if (o == OPT_COLLECTOR)
			x->task.collector = optarg;
		else if (o == OPT_DATE)
			x->task.day = day_read(c, optarg);
		else
			x->task.sha1 = optarg;
	}
	optind++; /* the word bill */
	x->task.kind = bill_kind_parse(kind);
	if (x->task.kind == 0)
		cli_usage(c, "--kind is trade, split or fund");
	if (x->task.collector == NULL || x->task.day == 0)
		cli_usage(c, "import bill needs --collector and --date");
	if (optind == c->argc)
		cli_usage(c, "out of which file?");
	x->name = c->argv[optind++];
	cli_end(c);
}

int
import_bill_run(struct cli *c)
{
	struct bill_cli x = {.cli = c, .tty = isatty(STDERR_FILENO) == 1};
	struct conf conf;
	struct reason r;
	int status = EXIT_FAILURE;

	options_read(c, &x);
	if (!cli_conf(c, &conf))
		return EXIT_FAILURE;
	x.task.file = fopen(x.name, "re");
	if (x.task.file == NULL) {
		(void)reason_set(&r, ERR_IO, NULL, "%s cannot be opened: %s", x.name,
		    strerror(errno));
		(void)cli_fail(c, &r);
	} else {
		status = run_with(&x, &conf);
		release(&x);
		(void)fclose(x.task.file);
	}
	conf_release(&conf);
	return status;
}
