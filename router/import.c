/* yuncang import stock: counts out of a file, in chunks, each one transaction of store/stock_report. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/log.h"
#include "base/parse.h"
#include "cli.h"
#include "flow/catalog_check.h"
#include "store/migrate.h"
#include "store/stock_report.h"

#define CHUNK_LINES 5000
#define CHUNK_ARENA_MAX ((size_t)64 << 20)
#define TOLD_MAX 20 /* errors of a dry run that are printed */

enum { OPT_DRY = 256, OPT_COUNTED };

/* clang-format off */
#define COLUMN_TABLE(X) X(location, true) X(sku, true) X(goods_owner, false) X(count, true) X(safety, false) \
	X(counted_at, false)
/* clang-format on */
enum column {
#define X(name, needed) COLUMN_##name,
	COLUMN_TABLE(X)
#undef X
	    COLUMN_COUNT
};
static const char *const names[] = {
#define X(name, needed) #name,
    COLUMN_TABLE(X)
#undef X
};
static const bool needed[] = {
#define X(name, needed) needed,
    COLUMN_TABLE(X)
#undef X
};

struct import {
	const struct cli *cli;
	const char *name; /* of the file, for messages */
	bool dry;
	int64_t counted_us; /* of --counted-at; 0: each line says it */
	struct csv csv;
	int column[COLUMN_COUNT];
	struct event_base *base;
	struct pool *pool;
	struct arena *arena;

	/* the chunk in hand */
	struct count_row rows[CHUNK_LINES];
	int64_t line[CHUNK_LINES]; /* of each row */
	int count;
	bool bad, done;
	struct write_result result;

	/* so far */
	int64_t lines, written, older, errors;
	int64_t line_done; /* the last that is written, or needed nothing */
	int64_t began_us, told_us;
	bool tty;
};

/* ---- One line ---------------------------------------------------------------------------------- */

static void
complain(struct import *x, int64_t line, const char *field, const char *text)
{
	x->bad = true;
	if (++x->errors > TOLD_MAX)
		return;
	fprintf(stderr, "%s%s:%" PRId64 ": %s%s%s\n", x->tty ? "\r\033[K" : "", x->name, line,
	    field, field[0] != '\0' ? ": " : "", text);
}

/* An empty cell of a column that is there counts as left out. */
static const char *
cell(const struct import *x, enum column c)
{
	return x->column[c] < 0 ? "" : x->csv.field[x->column[c]];
}

static enum err
number(const struct import *x, enum column c, int32_t none, int32_t *out, struct reason *r)
{
	int64_t v = none;

	if ((none < 0 && cell(x, c)[0] == '\0') ||
	    parse_i64(cell(x, c), 0, PIECES_MAX, &v) == ERR_OK) {
		*out = (int32_t)v;
		return ERR_OK;
	}
	return reason_set(r, ERR_BAD_FIELD, names[c], "must be 0 to %d", PIECES_MAX);
}

static enum err
moment(const struct import *x, int64_t now_us, int64_t *out, struct reason *r)
{
	const char *text = cell(x, COLUMN_counted_at);

	*out = x->counted_us;
	if (text[0] == '\0' && x->counted_us == 0)
		return reason_set(r, ERR_BAD_FIELD, "counted_at", "must be set");
	if (text[0] != '\0' && parse_time(text, out) != ERR_OK)
		return reason_set(r, ERR_BAD_FIELD, "counted_at",
		    "not a time like 2026-11-21T08:00:00Z");
	if (*out <= 0 || *out > now_us + COUNT_AHEAD_US)
		return reason_set(r, ERR_BAD_FIELD, "counted_at", "%s",
		    *out <= 0 ? "lies before 1970" : "lies in the future");
	return ERR_OK;
}

static enum err
code(const struct import *x, struct arena *a, enum column c, bool may_lack, const char **out,
    struct reason *r)
{
	struct check check = {.r = r};
	const char *text = cell(x, c);
	char *copy;

	if (!(may_lack && text[0] == '\0') && check_code(&check, names[c], -1, text) != ERR_OK)
		return reason_set(r, ERR_BAD_FIELD, names[c], "%s",
		    "a code is 1 to 64 characters of A-Z a-z 0-9 . _ : -");
	copy = arena_printf(a, "%s", text);
	*out = copy;
	return copy != NULL ? ERR_OK : reason_set(r, ERR_NO_MEMORY, NULL, "no memory");
}

static enum err
row_read(struct import *x, struct count_row *row, struct reason *r)
{
	int64_t now_us = clock_wall_us();
	enum err e;

	*row = (struct count_row){0};
	e = code(x, x->arena, COLUMN_location, false, &row->location, r);
	if (e == ERR_OK)
		e = code(x, x->arena, COLUMN_sku, false, &row->sku, r);
	if (e == ERR_OK)
		e = code(x, x->arena, COLUMN_goods_owner, true, &row->goods_owner, r);
	if (e == ERR_OK)
		e = number(x, COLUMN_count, 0, &row->count, r);
	if (e == ERR_OK)
		e = number(x, COLUMN_safety, -1, &row->safety, r);
	return e == ERR_OK ? moment(x, now_us, &row->counted_us, r) : e;
}

static bool
header_read(struct import *x)
{
	struct reason r = {0};
	bool end;
	enum err e;

	e = csv_read(&x->csv, &end, &r);
	if (e == ERR_OK && end)
		e = reason_set(&r, ERR_BAD_BODY, NULL, "there is no header");
	if (e == ERR_OK)
		e = csv_header(&x->csv, names, COLUMN_COUNT, x->column, &r);
	for (int c = 0; e == ERR_OK && c < COLUMN_COUNT; c++)
		if (needed[c] && x->column[c] < 0)
			e = reason_set(&r, ERR_BAD_BODY, NULL, "the column \"%s\" is missing",
			    names[c]);
	if (e == ERR_OK && x->column[COLUMN_counted_at] < 0 && x->counted_us == 0)
		e = reason_set(&r, ERR_BAD_BODY, NULL,
		    "no column \"counted_at\": say --counted-at");
	if (e != ERR_OK)
		complain(x, x->csv.line, "", r.text);
	return e == ERR_OK;
}

/* ---- A chunk ----------------------------------------------------------------------------------- */

/* True: there may be more behind it. */
static bool
chunk_read(struct import *x)
{
	struct reason r = {0};
	bool end = false;
	int first;
	enum err e;

	x->count = 0;
	x->bad = false;
	first = x->csv.field_count;
	while (x->count < CHUNK_LINES) {
		e = csv_read(&x->csv, &end, &r);
		if (end && e == ERR_OK)
			return false;
		if (e == ERR_OK && x->csv.field_count != first)
			e = reason_set(&r, ERR_BAD_BODY, NULL, "%d fields, not %d",
			    x->csv.field_count, first);
		x->csv.field_count = first;
		r.field[0] = '\0';
		if (e == ERR_OK)
			e = row_read(x, &x->rows[x->count], &r);
		if (e != ERR_OK)
			complain(x, x->csv.line, r.field, r.text);
		x->lines++;
		if (e == ERR_IO || e == ERR_NO_MEMORY)
			return false;
		/* A bad line keeps its place, so that a chunk is bounded; then nothing of it is written. */
		x->line[x->count++] = x->csv.line;
	}
	return true;
}

static void
on_written(void *ctx, const struct write_result *r)
{
	struct import *x = ctx;

	x->result = *r;
	x->done = true;
}

/* The field behind the row: "sku" of "counts[17].sku". */
static const char *
column_of(const struct reason *r)
{
	const char *dot = strchr(r->field, '.');

	return dot != NULL ? dot + 1 : "";
}

static bool
chunk_write(struct import *x)
{
	struct stock_report report = {.counts = x->rows,
	    .count_count = x->count,
	    .now_us = clock_wall_us(),
	    .dry = x->dry};
	struct writer w = {.pool = x->pool, .arena = x->arena, .done = on_written, .ctx = x};
	const struct reason *r = &x->result.reason;
	enum err e;

	if (x->count == 0)
		return true;
	x->done = false;
	e = write_stock(&w, &report);
	while (e == ERR_OK && !x->done)
		(void)event_base_loop(x->base, EVLOOP_ONCE);
	if (e != ERR_OK)
		(void)reason_set(&x->result.reason, e, NULL, "%s", err_text(e));
	if (r->err != ERR_OK && x->result.row >= 0 && x->result.row < x->count) {
		complain(x, x->line[x->result.row], column_of(r), r->text);
	} else if (r->err != ERR_OK) {
		complain(x, x->line[0], "", r->text);
	}
	if (r->err != ERR_OK)
		return false;
	x->written += x->result.written;
	x->older += x->result.older;
	x->line_done = x->line[x->count - 1];
	return true;
}

/* ---- All of them ------------------------------------------------------------------------------- */

static void
progress(struct import *x, bool last)
{
	int64_t now_us = clock_mono_us(), us = now_us - x->began_us;

	if (!last && now_us - x->told_us < US_PER_S)
		return;
	x->told_us = now_us;
	fprintf(stderr,
	    "%simport: %" PRId64 " lines, %" PRId64 " %s, %" PRId64 " not newer, %" PRId64
	    " lines/s%s",
	    x->tty ? "\r" : "", x->lines, x->written, x->dry ? "to write" : "written", x->older,
	    us > 0 ? x->lines * US_PER_S / us : 0, x->tty && !last ? "" : "\n");
}

/* What stands in the database now, whatever went wrong. */
static int
conclude(struct import *x)
{
	progress(x, true);
	if (x->errors > TOLD_MAX)
		fprintf(stderr, "import: %" PRId64 " errors, the first %d are shown\n", x->errors,
		    TOLD_MAX);
	if (x->dry)
		printf("dry run: %" PRId64 " lines, %" PRId64 " would be written, %" PRId64
		       " are not newer than what is stored, %" PRId64
		       " errors; nothing was written\n",
		    x->lines, x->written, x->older, x->errors);
	else if (x->errors == 0)
		printf("imported: %" PRId64 " lines, %" PRId64 " written, %" PRId64
		       " not newer than what is stored\n",
		    x->lines, x->written, x->older);
	else if (x->result.reason.err == ERR_TIMEOUT)
		printf("stopped: lines up to %" PRId64 " are written, %" PRId64 " to %" PRId64
		       " perhaps, none behind; it may be started again\n",
		    x->line_done, x->line[0], x->line[x->count - 1]);
	else if (x->line_done == 0)
		printf("stopped: nothing was written\n");
	else
		printf("stopped: lines up to %" PRId64
		       " are written, none behind; it may be started "
		       "again\n",
		    x->line_done);
	return x->errors == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
import_file(struct import *x)
{
	bool more = true, fine;

	x->began_us = x->told_us = clock_mono_us();
	if (!header_read(x))
		return conclude(x);
	do {
		arena_reset(x->arena);
		more = chunk_read(x);
		fine = !x->bad && chunk_write(x);
		progress(x, false);
	} while (more && (fine || x->dry));
	return conclude(x);
}

static int
import_run_with(struct import *x, const struct conf *conf)
{
	struct reason r;
	enum err e;
	int status;

	e = migrate_status(conf->db, &r);
	if (e != ERR_OK)
		return cli_fail(x->cli, &r);
	log_level_max = LOG_LEVEL_WARN;
	x->base = event_base_new();
	x->arena = arena_new(CHUNK_ARENA_MAX);
	if (x->base == NULL || x->arena == NULL ||
	    pool_new(&x->pool, x->base, conf, POOL_QUERY, 1, 1) != ERR_OK) {
		(void)reason_set(&r, ERR_NO_MEMORY, NULL, "%s", err_text(ERR_NO_MEMORY));
		status = cli_fail(x->cli, &r);
	} else {
		status = import_file(x);
	}
	pool_free(x->pool);
	arena_free(x->arena);
	if (x->base != NULL)
		event_base_free(x->base);
	return status;
}

static void
options_read(struct cli *c, struct import *x)
{
	static const struct option options[] = {{"dry-run", no_argument, NULL, OPT_DRY},
	    {"counted-at", required_argument, NULL, OPT_COUNTED}, {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0}};
	const char *what;
	int o;

	while ((o = cli_option(c, options)) != -1) {
		if (o == OPT_DRY)
			x->dry = true;
		else if (parse_time(optarg, &x->counted_us) != ERR_OK || x->counted_us <= 0)
			cli_usage(c, "--counted-at is a time like 2026-11-21T08:00:00Z");
	}
	what = optind < c->argc ? c->argv[optind++] : "";
	if (strcmp(what, "stock") != 0)
		cli_usage(c, "import what? stock or bill");
	if (optind == c->argc)
		cli_usage(c, "out of which file? - is standard input");
	x->name = c->argv[optind++];
	cli_end(c);
}

/* Which of the two words comes first: their options differ. */
static bool
is_bill(const struct cli *c)
{
	for (int i = 1; i < c->argc; i++)
		if (strcmp(c->argv[i], "stock") == 0 || strcmp(c->argv[i], "bill") == 0)
			return c->argv[i][0] == 'b';
	return false;
}

int
import_run(struct cli *c)
{
	struct import *x;
	struct conf conf;
	struct reason r;
	FILE *file;
	int status;

	if (is_bill(c))
		return import_bill_run(c);
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return EXIT_FAILURE;
	x->cli = c;
	options_read(c, x);
	status = EXIT_FAILURE;
	if (!cli_conf(c, &conf))
		goto free_import;
	file = strcmp(x->name, "-") == 0 ? stdin : fopen(x->name, "re");
	if (file == NULL) {
		(void)reason_set(&r, ERR_IO, NULL, "%s cannot be opened: %s", x->name,
		    strerror(errno));
		status = cli_fail(c, &r);
		goto release_conf;
	}
	csv_init(&x->csv, file);
	x->tty = isatty(STDERR_FILENO) == 1;
	status = import_run_with(x, &conf);
	if (file != stdin)
		fclose(file);

release_conf:
	conf_release(&conf);
free_import:
	free(x);
	return status;
}
