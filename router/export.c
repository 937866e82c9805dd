/* yuncang export: the books of a period, or a party's, as text. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "cli.h"
#include "domain/statement.h"
#include "store/admin.h"
#include "store/export.h"
#include "store/migrate.h"

enum { OPT_PERIOD = 256, OPT_PARTY, OPT_FORMAT, OPT_FROM, OPT_TO };

struct export_args {
	const struct cli *cli;
	struct export_spec spec;
	const char *party;
};

static bool
write_all(void *ctx, const void *p, size_t len)
{
	return fwrite(p, 1, len, ctx) == len;
}

static int64_t
number(const struct export_args *x, const char *name, const char *text, int64_t max)
{
	int64_t v;

	if (parse_i64(text, 0, max, &v) != ERR_OK)
		cli_usage(x->cli, "--%s must be a number from 0", name);
	return v;
}

static void
take_period(struct export_args *x, const char *text)
{
	const int64_t v = number(x, "period", text, INT32_MAX);

	if (!statement_period_valid(v))
		cli_usage(x->cli, "--period is a month like 202611");
	x->spec.period = (int32_t)v;
}

static void
take_format(struct export_args *x, const char *text)
{
	if (strcmp(text, "csv") != 0 && strcmp(text, "jsonl") != 0)
		cli_usage(x->cli, "--format is csv or jsonl");
	x->spec.jsonl = text[0] == 'j';
}

static void
take_options(struct export_args *x, struct cli *c)
{
	static const struct option longs[] = {
	    {"period", required_argument, NULL, OPT_PERIOD},
	    {"party", required_argument, NULL, OPT_PARTY},
	    {"format", required_argument, NULL, OPT_FORMAT},
	    {"from-batch", required_argument, NULL, OPT_FROM},
	    {"to-batch", required_argument, NULL, OPT_TO},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = cli_option(c, longs)) != -1)
		switch (option) {
		case OPT_PERIOD:
			take_period(x, optarg);
			break;
		case OPT_PARTY:
			x->party = optarg;
			break;
		case OPT_FORMAT:
			take_format(x, optarg);
			break;
		case OPT_FROM:
			x->spec.batch_from = number(x, "from-batch", optarg, INT64_MAX);
			break;
		case OPT_TO:
			x->spec.batch_to = number(x, "to-batch", optarg, INT64_MAX);
			break;
		default:
			break;
		}
}

static void
take_kind(struct export_args *x, const struct cli *c)
{
	const char *word = optind < c->argc ? c->argv[optind++] : "";

	cli_end(c);
	for (int i = 0; i < EXPORT_KIND_COUNT; i++)
		if (strcmp(export_words[i], word) == 0) {
			x->spec.kind = (enum export_kind)i;
			if (i == EXPORT_STATEMENT && x->party == NULL)
				cli_usage(c, "a statement is of a --party");
			if (i == EXPORT_JOURNAL && x->party != NULL)
				cli_usage(c, "a row of the journal is of no one party");
			return;
		}
	cli_usage(c, "entries, statement or journal?");
}

static enum err
find_party(struct export_args *x, const char *db, struct reason *r)
{
	const char *args[1] = {x->party};
	struct export_spec *s = &x->spec;
	int64_t id = 0, kind = 0;
	PGresult *rows;
	PGconn *c;
	enum err e;

	if (x->party == NULL)
		return ERR_OK;
	e = admin_connect(&c, db, r);
	if (e != ERR_OK)
		return e;
	e = admin_run(c, "select party_id, kind from party where code = $1", args, 1, &rows, r);
	admin_close(c);
	if (e != ERR_OK)
		return e;
	if (PQntuples(rows) == 0)
		e = reason_set(r, ERR_UNKNOWN_ID, NULL, "there is no party %.64s", x->party);
	else if (parse_i64(PQgetvalue(rows, 0, 0), 1, ACCOUNT_ID_MAX, &id) != ERR_OK ||
	    parse_i64(PQgetvalue(rows, 0, 1), 1, PARTY_KIND_COUNT - 1, &kind) != ERR_OK)
		e = reason_set(r, ERR_INTERNAL, NULL, "the party cannot be read");
	PQclear(rows);
	if (e != ERR_OK)
		return e;
	(void)snprintf(s->party, sizeof(s->party), "%s", x->party);
	s->range_count = statement_ranges((enum party_kind)kind, (int32_t)id, s->lo, s->hi);
	return ERR_OK;
}

int
export_run_cli(struct cli *c)
{
	struct export_args x = {.cli = c};
	struct conf conf;
	struct reason r;
	enum err e;

	take_options(&x, c);
	take_kind(&x, c);
	if (!cli_conf(c, &conf))
		return EXIT_FAILURE;
	e = migrate_status(conf.db, &r);
	if (e == ERR_OK)
		e = find_party(&x, conf.db, &r);
	if (e == ERR_OK)
		e = export_run(conf.db, &x.spec, write_all, stdout, &r);
	conf_release(&conf);
	if (e == ERR_OK && (fflush(stdout) != 0 || ferror(stdout)))
		e = reason_set(&r, ERR_IO, NULL, "cannot write: %s", strerror(errno));
	return e == ERR_OK ? EXIT_SUCCESS : cli_fail(c, &r);
}
