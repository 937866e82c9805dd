#ifndef SIMULATOR_OPTION_ROWS_H
#define SIMULATOR_OPTION_ROWS_H

/* option_rows: a command line by a table, from which the help is printed, too. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct option_row {
	char letter;
	/* argument: NULL: it has none; standard: what holds without the option, may be "" or NULL */
	const char *name, *argument, *standard, *text;
};

#define OPTION_ROWS_MAX 40

/*
 * The letter of the next option, whose argument is optarg, as getopt_long() has it: -1 at the end, then optind is the
 * first argument; '?' for one that is not there, which is told.
 */
int option_rows_next(const struct option_row *rows, size_t count, int argc, char **argv);
/* Tells that optarg is no value for ${letter}. */
void option_rows_refuse(int letter);
void option_rows_print(const struct option_row *rows, size_t count, FILE *to);

#endif
