#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "cli.h"
#include "edge/auth.h"
#include "flow/provider_api.h"
#include "recompute.h"
#include "store/audit.h"
#include "store/inspect.h"
#include "store/key_admin.h"
#include "store/migrate.h"

enum {
	OPT_RECOMPUTE = 256,
	OPT_SHOW,
	OPT_DB,
	OPT_ROLE,
	OPT_SCOPE,
	OPT_NAME,
	OPT_SPLIT,
	OPT_VERSION
};

#define HELP_OPTION \
	{ \
		"help", no_argument, NULL, 'h' \
	}
#define END_OPTION \
	{ \
		NULL, 0, NULL, 0 \
	}
static const struct option no_options[] = {HELP_OPTION, END_OPTION};

/* ---- version ---- */

void
library_versions(struct library_version out[LIBRARY_COUNT])
{
	struct library_version *pq = &out[EDGE_LIBRARY_COUNT];

	edge_versions(out);
	pq->name = "libpq";
	(void)snprintf(pq->text, sizeof(pq->text), "%d.%d", inspect_libpq() / 10000,
	    inspect_libpq() % 10000);
}

int
version_run(struct cli *c)
{
	struct library_version v[LIBRARY_COUNT];

	if (cli_option(c, no_options) == -1)
		cli_end(c);
	library_versions(v);
	printf("yuncang %s\n", YUNCANG_VERSION);
	for (int i = 0; i < LIBRARY_COUNT; i++)
		printf("%s %s\n", v[i].name, v[i].text);
	return EXIT_SUCCESS;
}

/* ---- migrate ---- */

int
migrate_run(struct cli *c)
{
	struct conf conf;
	struct reason r;
	enum err e;

	if (cli_option(c, no_options) == -1)
		cli_end(c);
	if (!cli_conf(c, &conf))
		return EXIT_FAILURE;
	e = migrate(conf.db, stdout, &r);
	conf_release(&conf);
	return e == ERR_OK ? EXIT_SUCCESS : cli_fail(c, &r);
}

/* ---- check ---- */

int
check_run(struct cli *c)
{
	static const struct option options[] = {{"show", no_argument, NULL, OPT_SHOW},
	    {"db", no_argument, NULL, OPT_DB}, HELP_OPTION, END_OPTION};
	bool show = false, db = false;
	struct reason r, why = {0};
	struct conf conf;
	enum err e;
	int o;

	while ((o = cli_option(c, options)) != -1) {
		show |= o == OPT_SHOW;
		db |= o == OPT_DB;
	}
	cli_end(c);
	if (!cli_conf(c, &conf))
		return EXIT_FAILURE;
	if (show)
		conf_print(&conf, stdout);
	e = wechat_check(&conf, &why);
	if (e != ERR_OK)
		(void)reason_set(&r, e, why.field, "%s: %.200s", why.field, why.text);
	if (db && e == ERR_OK)
		e = migrate_status(conf.db, &r);
	if (db && e == ERR_OK)
		e = inspect_durability(conf.db, stderr, &r);
	conf_release(&conf);
	if (e != ERR_OK)
		return cli_fail(c, &r);
	/* With --show, stdout is a file that can be read back. */
	fprintf(show ? stderr : stdout, "configuration OK%s\n", db ? ", database OK" : "");
	return EXIT_SUCCESS;
}

/* ---- key ---- */

struct key_options {
	const char *role, *name;
	const char *scopes[SCOPES_MAX];
	int scope_count;
};

/* A storefront or store key may do nothing without a scope of its kind: surely not what was meant. */
static void
key_check(const struct cli *c, const struct key_options *o)
{
	const char *kind;
	bool found = false;
	enum role role;

	if (o->role == NULL)
		cli_usage(c, "create needs --role");
	role = role_parse(o->role);
	if (role == 0)
		cli_usage(c, "%s: no such role", o->role);
	kind = role == ROLE_STOREFRONT ? "storefront:" : role == ROLE_STORE ? "location:" : NULL;
	for (int i = 0; i < o->scope_count; i++) {
		if (!scope_valid(o->scopes[i]))
			cli_usage(c, "%s: not a scope", o->scopes[i]);
		found |= kind != NULL && strncmp(o->scopes[i], kind, strlen(kind)) == 0;
	}
	if (kind != NULL && !found)
		cli_usage(c, "a key of role %s needs --scope %sCODE", o->role, kind);
}

static int
key_create(const struct cli *c, const char *db, const struct key_options *o)
{
	uint8_t hash[DIGEST_SIZE];
	char text[KEY_TEXT_SIZE];
	struct reason r;
	int64_t id;

	key_make(text, hash);
	if (key_admin_create(db, o->name != NULL ? o->name : "", o->role, o->scopes, o->scope_count,
	        hash, &id, &r) != ERR_OK)
		return cli_fail(c, &r);
	printf("%s\n", text);
	fprintf(stderr, "key %" PRId64 " made; it is not shown again\n", id);
	return EXIT_SUCCESS;
}

int
key_run(struct cli *c)
{
	static const struct option options[] = {{"role", required_argument, NULL, OPT_ROLE},
	    {"scope", required_argument, NULL, OPT_SCOPE},
	    {"name", required_argument, NULL, OPT_NAME}, HELP_OPTION, END_OPTION};
	struct key_options ko = {0};
	const char *verb, *word = NULL;
	struct conf conf;
	struct reason r;
	int64_t id = 0;
	enum err e;
	int o;

	while ((o = cli_option(c, options)) != -1) {
		if (o == OPT_ROLE)
			ko.role = optarg;
		else if (o == OPT_NAME)
			ko.name = optarg;
		else if (ko.scope_count == SCOPES_MAX)
			cli_usage(c, "more than %d scopes", SCOPES_MAX);
		else
			ko.scopes[ko.scope_count++] = optarg;
	}
	verb = optind < c->argc ? c->argv[optind++] : "";
	if (strcmp(verb, "revoke") == 0)
		word = optind < c->argc ? c->argv[optind++] : "";
	cli_end(c);
	if (strcmp(verb, "create") == 0)
		key_check(c, &ko);
	else if (word != NULL && parse_i64(word, 1, INT64_MAX, &id) != ERR_OK)
		cli_usage(c, "revoke needs the key's number, as list shows it");
	else if (word == NULL && strcmp(verb, "list") != 0)
		cli_usage(c, "create, list or revoke?");
	if (!cli_conf(c, &conf))
		return EXIT_FAILURE;
	if (strcmp(verb, "create") == 0) {
		o = key_create(c, conf.db, &ko);
	} else {
		e = word != NULL ? key_admin_revoke(conf.db, id, &r)
		                 : key_admin_list(conf.db, stdout, &r);
		o = e == ERR_OK ? EXIT_SUCCESS : cli_fail(c, &r);
	}
	conf_release(&conf);
	return o;
}

/* ---- policy ---- */

int
policy_run(struct cli *c)
{
	static const struct option options[] = {{"split", no_argument, NULL, OPT_SPLIT},
	    {"version", required_argument, NULL, OPT_VERSION}, HELP_OPTION, END_OPTION};
	const char *version = NULL, *verb;
	bool split = false, list;
	struct conf conf;
	struct reason r;
	int64_t number;
	enum err e;
	int o;

	while ((o = cli_option(c, options)) != -1) {
		if (o == OPT_SPLIT)
			split = true;
		else
			version = optarg;
	}
	verb = optind < c->argc ? c->argv[optind++] : "";
	cli_end(c);
	list = strcmp(verb, "list") == 0;
	if (!list && strcmp(verb, "show") != 0)
		cli_usage(c, "show or list?");
	if (version != NULL && (list || parse_i64(version, 1, INT32_MAX, &number) != ERR_OK))
		cli_usage(c, "--version is a number, for show");
	if (!cli_conf(c, &conf))
		return EXIT_FAILURE;
	e = list ? inspect_policy_list(conf.db, split, stdout, &r)
	         : inspect_policy_show(conf.db, split, version, stdout, &r);
	conf_release(&conf);
	return e == ERR_OK ? EXIT_SUCCESS : cli_fail(c, &r);
}

/* ---- audit ---- */

int
audit_run(struct cli *c)
{
	static const struct option options[] = {{"recompute", no_argument, NULL, OPT_RECOMPUTE},
	    HELP_OPTION, END_OPTION};
	struct recompute_total again = {0};
	struct audit_total total;
	bool recomputes = false;
	struct conf conf;
	struct reason r;
	enum err e;

	while (cli_option(c, options) != -1)
		recomputes = true;
	cli_end(c);
	if (!cli_conf(c, &conf))
		return EXIT_FAILURE;
	e = migrate_status(conf.db, &r);
	if (e == ERR_OK && recomputes) {
		e = recompute(&conf, stdout, &again, &r);
		if (e == ERR_OK)
			printf("audit: recomputed %" PRId64 " orders: %" PRId64
			       " decisions (%" PRId64 " older ones keep too little), %" PRId64
			       " rows, %" PRId64 " differ\n",
			    again.orders, again.decisions, again.older, again.rows, again.differ);
	}
	if (e == ERR_OK)
		e = audit(conf.db, (int32_t)conf.split_cap_bps, stdout, &total, &r);
	conf_release(&conf);
	if (e != ERR_OK)
		return cli_fail(c, &r);
	if (total.batch_no > 0)
		printf("audit: books sealed to batch %" PRId64 ", hash %s\n", total.batch_no,
		    total.batch_hash);
	total.violations += again.differ;
	printf("audit: %" PRId64 " orders, %d checks, %" PRId64 " violations\n", total.orders,
	    total.check_count, total.violations);
	return total.violations == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
