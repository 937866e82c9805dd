#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const struct command commands[] = {
    {"serve", "[-f FILE]", "answer requests until SIGTERM or SIGINT", "", serve_run},
    {"migrate", "[-f FILE]", "bring the database to this version's schema", "", migrate_run},
    {"check", "[-f FILE] [--show] [--db]", "say whether the settings are right",
        "  --show      print the settings in force\n"
        "  --db        look at the database as well\n",
        check_run},
    {"key", "[-f FILE] create --role ROLE [--scope SCOPE]... [--name NAME] | list | revoke ID",
        "make, list and revoke API keys",
        "  --role      storefront, store, finance, operator or admin\n"
        "  --scope     storefront:CODE, location:CODE, dealer:CODE, * for any CODE, or margin\n"
        "  --name      whom it is for\n"
        "The key is printed once; the database keeps its SHA-256.\n",
        key_run},
    {"policy", "[-f FILE] [--split] show [--version N] | list",
        "print routing policies, or with --split the split rules",
        "  --split     the split rules instead of the routing policy\n"
        "  --version   that version; else the one in force\n",
        policy_run},
    {"import",
        "[-f FILE] [--dry-run] [--counted-at TIME] stock FILE|-\n"
        "       yuncang import [-f FILE] bill --kind trade|split|fund --collector CODE --date DAY FILE",
        "take stock counts, or a payment provider's bill, out of a file",
        "  --dry-run   judge every line, write nothing\n"
        "  --counted-at when what lines without counted_at say was counted\n"
        "Columns: location, sku, count; goods_owner, safety, counted_at.  Every 5000 lines are one\n"
        "transaction; counts not newer than what is stored change nothing, so it may be repeated.\n"
        "  --kind      of the bill\n"
        "  --collector whose merchant account it is of\n"
        "  --date      its day in China, 2026-09-01\n"
        "  --sha1      of the file inflated, in hex: checked\n"
        "A bill may be packed with gzip.  All of it is written, or nothing; the same file again changes\n"
        "nothing, another one for the same day is refused.  Then it is matched with the books.\n",
        import_run},
    {"export", "[-f FILE] entries | statement | journal [OPTION]...",
        "write the sealed books to stdout",
        "entries are the legs of all postings, one a line; journal is the postings, with their legs and units;\n"
        "statement is what stood in a party's accounts, what moved, and what stands.\n"
        "  --period      a month, like 202611; else all\n"
        "  --party       its code: lines of that party's accounts alone; a statement needs it\n"
        "  --format      csv or jsonl; else csv\n"
        "  --to-batch    up to that sealed batch; else the last one, or the closed period's\n"
        "  --from-batch  lines behind that batch\n"
        "The same bytes for ever: a statement's SHA-256 in csv is the hash that GetStatement tells.\n",
        export_run_cli},
    {"call",
        "[-f FILE] [OPTION]... METHOD [JSON|-]\n"
        "       yuncang call --list [SERVICE | METHOD]",
        "ask a running service",
        "METHOD is one like FinanceService/GetStatement; its request is JSON from the command line, from\n"
        "standard input with -, or empty.  The answer is JSON, too; a refusal is a line on stderr.\n"
        "  --list      the methods there are, who may call them, and the scope that keys are held to; or\n"
        "              the fields of a method's request\n"
        "  --all       all pages, one a line\n"
        "  --url       of the service; else what the setting listen says\n"
        "  --key-file  holds the API key; else YUNCANG_KEY does, in the environment\n"
        "  --ca-file   certificates to trust instead of the system's\n"
        "  --timeout   for each request, like 10s; else the setting request_ms_max\n",
        call_run},
    {"provider", "[-f FILE] status | call NUMBER", "look at the calls to the payment provider",
        "status        a line for each kind and state: calls, fen, the earliest deadline; results that\n"
        "              are not posted yet; bills that are due\n"
        "call NUMBER   that call, and each of its receivers with what he got\n",
        provider_run},
    {"audit", "[-f FILE] [--recompute]", "verify the invariants of the database",
        "  --recompute  first make every paid order's legs again from what was frozen with it\n",
        audit_run},
    {"version", "", "print the version and the libraries it runs with", "", version_run},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void
print_commands(FILE *to)
{
	fprintf(to, "usage: yuncang COMMAND [-f FILE] [OPTION]...\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].text);
	fprintf(to, "  %-9s %s\n\n", "help", "print this, or with a COMMAND how that is used");
	fprintf(to,
	    "Every setting of the file may also stand in the environment, as YUNCANG_NAME.\n"
	    "yuncang COMMAND --help tells more; so do yuncang(8) and yuncang.conf(5).\n");
}

static void
print_command(const struct command *m, FILE *to)
{
	fprintf(to, "usage: yuncang %s %s\n%s\n%s", m->name, m->usage, m->text, m->help);
	if (strstr(m->usage, "-f FILE") != NULL)
		fprintf(to, "  -f FILE     read settings from FILE\n");
}

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int
cli_option(struct cli *c, const struct option *longs)
{
	for (;;) {
		int v = getopt_long(c->argc, c->argv, "f:h", longs, NULL);

		switch (v) {
		case 'f':
			c->conf_path = optarg;
			break;
		case 'h':
			print_command(c->command, stdout);
			exit(EXIT_SUCCESS);
		case '?':
			/* getopt said what was wrong. */
			print_command(c->command, stderr);
			exit(EXIT_USAGE);
		default:
			return v;
		}
	}
}

void
cli_end(const struct cli *c)
{
	if (optind < c->argc)
		cli_usage(c, "%s: not understood", c->argv[optind]);
}

void
cli_usage(const struct cli *c, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "yuncang %s: ", c->command->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	print_command(c->command, stderr);
	exit(EXIT_USAGE);
}

int
cli_fail(const struct cli *c, const struct reason *r)
{
	fprintf(stderr, "yuncang %s: %s\n", c->command->name, r->text);
	return EXIT_FAILURE;
}

bool
cli_conf(const struct cli *c, struct conf *conf)
{
	struct reason r;

	if (conf_load(conf, c->conf_path, &r) == ERR_OK)
		return true;
	(void)cli_fail(c, &r);
	return false;
}

static int
help(const char *name)
{
	const struct command *m;

	if (name == NULL) {
		print_commands(stdout);
		return EXIT_SUCCESS;
	}
	m = find(name);
	if (m == NULL) {
		fprintf(stderr, "yuncang: %s: no such command\n", name);
		return EXIT_USAGE;
	}
	print_command(m, stdout);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	struct cli c = {0};
	int at = 1;

	/* -f may stand on either side of the command. */
	if (argc > 2 && strcmp(argv[1], "-f") == 0) {
		c.conf_path = argv[2];
		at = 3;
	}
	if (at >= argc) {
		print_commands(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[at], "help") == 0 || strcmp(argv[at], "--help") == 0 ||
	    strcmp(argv[at], "-h") == 0)
		return help(at + 1 < argc ? argv[at + 1] : NULL);
	c.command = find(strcmp(argv[at], "--version") == 0 ? "version" : argv[at]);
	if (c.command == NULL) {
		fprintf(stderr, "yuncang: %s: no such command\n", argv[at]);
		print_commands(stderr);
		return EXIT_USAGE;
	}
	c.argc = argc - at;
	c.argv = argv + at;
	return c.command->run(&c);
}
