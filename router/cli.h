#ifndef ROUTER_CLI_H
#define ROUTER_CLI_H

/*
 * cli: the subcommands of yuncang, one row each in main.c.
 *
 * Exit status: 0 as asked, 1 something stands in the way, 2 the command line was not understood.  What was
 * asked for goes to stdout, all else to stderr.
 */
#include <getopt.h>

#include "base/conf.h"
#include "edge/versions.h"

#define YUNCANG_VERSION "0.1.0"

#define EXIT_USAGE 2

struct cli {
	const struct command *command;
	const char *conf_path; /* -f; NULL: defaults and the environment */
	int argc;              /* argv[0] is the command's name */
	char **argv;
};

struct command {
	const char *name;
	const char *usage; /* what stands behind the name */
	const char *text;  /* one line */
	const char *help;  /* the options, one a line; may be "" */
	int (*run)(struct cli *c);
};

/*
 * The next option of ${longs} by its val, or -1 at the end, after which optind is the first argument.
 * Handles -f and --help; an option that is not known ends the program with EXIT_USAGE.
 */
int cli_option(struct cli *c, const struct option *longs);
/* No further arguments, or EXIT_USAGE. */
void cli_end(const struct cli *c);
/* "yuncang key: …" and how it is used, on stderr; ends with EXIT_USAGE. */
_Noreturn void cli_usage(const struct cli *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "yuncang key: …" on stderr; gives EXIT_FAILURE. */
int cli_fail(const struct cli *c, const struct reason *r);
/* False, and told, when the settings are wrong. */
bool cli_conf(const struct cli *c, struct conf *conf) MUST_CHECK;

#define LIBRARY_COUNT (EDGE_LIBRARY_COUNT + 1)
void library_versions(struct library_version out[LIBRARY_COUNT]);

int serve_run(struct cli *c);
int migrate_run(struct cli *c);
int check_run(struct cli *c);
int key_run(struct cli *c);
int policy_run(struct cli *c);
int audit_run(struct cli *c);
int import_run(struct cli *c);
int export_run_cli(struct cli *c);
int import_bill_run(struct cli *c); /* of import_run(), where the word is bill */
int provider_run(struct cli *c);
int call_run(struct cli *c);
int version_run(struct cli *c);

#endif
