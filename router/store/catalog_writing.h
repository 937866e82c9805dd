#ifndef ROUTER_STORE_CATALOG_WRITING_H
#define ROUTER_STORE_CATALOG_WRITING_H

/*
 * catalog_writing: what the writes of store/catalog_write.h have in common.
 *
 * Trip 0 raises the part's version, whose row lock keeps other writers of the part out, and looks up all
 * codes; then the kind's own trips; then the change row, and commit.
 */
#include "base/buf.h"
#include "store/catalog_row.h"
#include "store/catalog_write.h"

#define CHANGES_SIZE_MAX ((size_t)32 << 20)

/* LATE: looked up by the kind itself, after it wrote rows that these may name. */
enum ref_to { REF_PARTY, REF_LOCATION, REF_SKU, REF_LATE_PARTY, REF_COUNT };

/* A code to look up: what row and field it stands in, and where its id goes. */
struct ref {
	const char *code, *field;
	int row;
	unsigned kinds;   /* bits 1 << kind that it may be of */
	const char *what; /* "a dealer or the brand" */
	int32_t *id;
	int32_t *party; /* of a location: who runs it; may be NULL */
};
struct refs {
	struct ref *ref;
	int count, size;
};

struct write;
struct write_kind {
	const char *part; /* of catalog_state; NULL: none changes */
	size_t row_size;
	bool coded;        /* rows begin with their code, which must not stand twice */
	enum err data_err; /* when the database finds a value out of range; OK: it is a bug */
	/* Names all codes; NULL: there are none. */
	enum err (*refer)(struct write *w);
	/* After trip ${n} - 1: reads its results, adds statements.  TX_ROLLBACK: w->result.reason says why. */
	enum tx_next (*trip)(struct write *w, struct tx *t, int n);
};

struct write {
	struct writer w;
	const struct write_kind *kind;
	const char *list;      /* "locations" */
	const char *list_next; /* of the rows from ${next_at} on; NULL: there is one list */
	int next_at;
	const void *rows;
	int count;
	void *ids;  /* the kind's: an element a row, zeroed */
	void *mine; /* the kind's: what it remembers from trip to trip */
	bool dry;   /* all was fine, and is undone */
	struct refs refs[REF_COUNT];
	struct buf changes;
	struct write_result result;
};

enum err write_start(const struct writer *writer, const struct write_kind *kind, const char *list,
    const void *rows, int count, size_t ids_size) MUST_CHECK;
/* ${code} "" is skipped. */
enum err write_refer(struct write *w, enum ref_to to, const struct ref *r) MUST_CHECK;
/* Adds the look-up of ${to}'s codes; reads its result, false: refused. */
void write_find(struct write *w, enum ref_to to, struct tx *t);
bool write_found(struct write *w, enum ref_to to, const PGresult *r) MUST_CHECK;
/* Sets the reason and says TX_ROLLBACK; ${row} below 0: the field stands alone. */
enum tx_next write_refuse(struct write *w, enum err e, int row, const char *field, const char *fmt,
    ...) __attribute__((format(printf, 5, 6)));
/* Every row of ${r} is a change; returns how many. */
int write_changes(struct write *w, const PGresult *r, change_row_fn *row);
/* The row that has the same ${size} bytes of key as an earlier one, or -1; -2: no memory. */
int write_twice(struct write *w, const void *keys, size_t size);

/* One member of each row as an array argument. */
#define EACH(a, type, w, row_type, elem, member) \
	do { \
		const struct row_type *each_ = (w)->rows; \
		args_array((a), (type)); \
		for (int n_ = 0; n_ < (w)->count; n_++) \
			elem((a), each_[n_].member); \
		args_array_end(a); \
	} while (0)

#define PARTY_BIT(k) (1u << (k))
#define OWNER_KINDS (PARTY_BIT(PARTY_BRAND) | PARTY_BIT(PARTY_DEALER))
#define OWNER_WHAT "a dealer or the brand"
#define ANY_KIND (~0u)

#endif
