#include "simulator/option_rows.h"

#include <assert.h>
#include <getopt.h>

int
option_rows_next(const struct option_row *rows, size_t count, int argc, char **argv)
{
	struct option names[OPTION_ROWS_MAX + 1] = {0};
	char letters[2 * OPTION_ROWS_MAX + 1];
	size_t n = 0;

	assert(count <= OPTION_ROWS_MAX);
	for (size_t i = 0; i < count; i++) {
		names[i] = (struct option){.name = rows[i].name,
		    .has_arg = rows[i].argument != NULL ? required_argument : no_argument,
		    .val = rows[i].letter};
		letters[n++] = rows[i].letter;
		if (rows[i].argument != NULL)
			letters[n++] = ':';
	}
	letters[n] = '\0';
	return getopt_long(argc, argv, letters, names, NULL);
}

void
option_rows_refuse(int letter)
{
	(void)fprintf(stderr, "simulator: -%c: not a good value: %s\n", letter, optarg);
}

void
option_rows_print(const struct option_row *rows, size_t count, FILE *to)
{
	for (size_t i = 0; i < count; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
		    rows[i].argument != NULL ? " " : "",
		    rows[i].argument != NULL ? rows[i].argument : "");
		(void)fprintf(to, "  -%c, %-26s %s", rows[i].letter, left, rows[i].text);
		if (rows[i].standard != NULL && rows[i].standard[0] != '\0')
			(void)fprintf(to, " (%s)", rows[i].standard);
		(void)fprintf(to, "\n");
	}
}
