#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "store/provider_inspect.h"

int
provider_run(struct cli *c)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0}};
	const char *verb, *number = NULL;
	struct conf conf;
	struct reason r;
	enum err e;

	if (cli_option(c, options) == -1) {
		verb = optind < c->argc ? c->argv[optind++] : "";
		if (strcmp(verb, "call") == 0 && optind < c->argc)
			number = c->argv[optind++];
		cli_end(c);
		if (number == NULL && strcmp(verb, "status") != 0)
			cli_usage(c, "status, or call and its number?");
	}
	if (!cli_conf(c, &conf))
		return EXIT_FAILURE;
	e = number != NULL ? provider_inspect_call(conf.db, number, stdout, &r)
	                   : provider_inspect_status(conf.db, stdout, &r);
	conf_release(&conf);
	return e == ERR_OK ? EXIT_SUCCESS : cli_fail(c, &r);
}
