#ifndef SIMULATOR_BENCH_KIND_H
#define SIMULATOR_BENCH_KIND_H

/* bench_kind: what a measurement sends, and which orders it draws; a kind is one row of the table. */
#include <stdbool.h>
#include <stddef.h>

enum bench_kind {
	BENCH_SUBMIT,
	BENCH_BULK,
	BENCH_QUOTE,
	BENCH_QUOTE_OPEN,
	BENCH_QUOTE_JSON,
	BENCH_CONSTANT,
	BENCH_KINDS
};
enum bench_target { BENCH_MIX, BENCH_HOT, BENCH_SPREAD, BENCH_TARGETS };

#define BULK_ORDERS 100

struct bench_kind_row {
	const char *word;
	const char *method, *type; /* of OrderService; NULL: GET /healthz */
	bool orders;               /* places them: quoted beforehand, a journal afterwards */
	size_t each;               /* orders a request */
	/* Head and body: the most there may be, and room for the usual one, whose pages are touched
	 * beforehand; seen with the full world: 500, 29,000, 1,700 and 5,500. */
	size_t answer_size_max, answer_size_usual;
};

extern const struct bench_kind_row bench_kinds[BENCH_KINDS];
extern const char *const bench_targets[BENCH_TARGETS];

#endif
