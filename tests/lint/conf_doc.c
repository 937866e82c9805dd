/*
 * conf_doc man|sample: what the table of settings makes of itself: the list of yuncang.conf(5), and
 * the settings of the sample file.  tests/lint/conf compares, or writes, both.
 */
#include <stdio.h>
#include <string.h>

#include "base/conf.h"

static void
print_sample(void)
{
#define X(name, type, min, max, def, reload, text) \
	printf("\n# %s%s\n#%s =%s%s\n", text, reload ? " (reloadable)" : "", #name, \
	    *def != '\0' ? " " : "", def);
	CONF_TABLE(X)
#undef X
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "man") == 0)
		conf_print_man(stdout);
	else if (argc == 2 && strcmp(argv[1], "sample") == 0)
		print_sample();
	else
		return 2;
	return fflush(stdout) == 0 ? 0 : 1;
}
