#include "base/failpoint.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"

static struct {
	bool read;
	const char *wanted;
	size_t name_len;
	int64_t left;
} fail;

static void
read_once(void)
{
	const char *colon;

	fail.read = true;
	fail.left = 1;
	fail.wanted = getenv("YC_FAILPOINT");
	if (fail.wanted == NULL)
		return;
	colon = strchr(fail.wanted, ':');
	fail.name_len = colon != NULL ? (size_t)(colon - fail.wanted) : strlen(fail.wanted);
	if (colon != NULL && parse_i64(colon + 1, 1, INT64_MAX, &fail.left) != ERR_OK)
		fail.wanted = NULL;
}

void
failpoint(const char *name)
{
	if (!fail.read)
		read_once();
	if (fail.wanted == NULL || strncmp(fail.wanted, name, fail.name_len) != 0 ||
	    name[fail.name_len] != '\0' || --fail.left > 0)
		return;
	(void)raise(SIGKILL);
}
