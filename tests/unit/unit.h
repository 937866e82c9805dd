#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

/*
 * unit: what every cmocka test needs.
 *
 * Tests are tables: a row has a label, and a failing row says it:
 *   for (i = 0; i < ROWS(rows); i++)
 *           row_equal(rows[i].label, parse(rows[i].in), rows[i].want);
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ROWS(t) (sizeof(t) / sizeof((t)[0]))

/* Two numbers, enums or bools. */
#define row_equal(label, got, want) \
	do { \
		long long got_ = (long long)(got), want_ = (long long)(want); \
		if (got_ != want_) \
			fail_msg("%s: %s is %lld, not %lld", (label), #got, got_, want_); \
	} while (0)

#define row_text(label, got, want) \
	do { \
		const char *got_ = (got), *want_ = (want); \
		if (strcmp(got_, want_) != 0) \
			fail_msg("%s: %s is \"%s\", not \"%s\"", (label), #got, got_, want_); \
	} while (0)

#endif
