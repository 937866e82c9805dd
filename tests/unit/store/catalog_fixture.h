#ifndef TESTS_UNIT_STORE_CATALOG_FIXTURE_H
#define TESTS_UNIT_STORE_CATALOG_FIXTURE_H

/* catalog_fixture: writes that wait, and a small catalog to write on. */
#include "store/catalog_write.h"

#include "db_fixture.h"

/* A compiler of the test's own: a body that holds "refuse" is refused, others become their version. */
extern const struct catalog_compile plain_compile;

/* The writer of ${s}, whose done puts the result, copied, into ${out}. */
struct written {
	bool done;
	struct write_result result;
};
struct writer writer_for(struct instance *s, struct written *out);
/* Waits for a write that was started with that writer; ${e}: what the call said. */
const struct write_result *write_wait(struct instance *s, struct written *w, enum err e);
/* One write from call to result, as an expression: WRITE(&s, write_skus, rows, count). */
#define WRITE(s, fn, ...) \
	(one_written = (struct written){0}, one_writer = writer_for((s), &one_written), \
	    write_wait((s), &one_written, fn(&one_writer, __VA_ARGS__)))
extern struct written one_written;
extern struct writer one_writer;

/*
 * A migrated database ${name} and an instance on it that has loaded it, with: BRAND; dealers D1, D2; staff
 * S1 of D1; channel CH; skus A (class phone), B (class pad, made to order), C; stores D1-1, D1-2 (of D1),
 * D2-1, and CLOUD, SITE of the brand; territory T1 of D1 with "23" and "23.1"; storefront F1 of D1-1.
 */
void small_catalog(struct instance *s, const char *name);
const char *small_db(void); /* the database's libpq string */

int32_t id_of(const struct instance *s, const char *kind, const char *code);

#endif
