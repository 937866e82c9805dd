#ifndef ROUTER_STORE_EXPORT_H
#define ROUTER_STORE_EXPORT_H

/*
 * export: the books as text, CSV or JSON Lines, page by page: the same bytes for ever, once all that is asked for
 * is sealed.  What is read stays within one page, however long the export.
 *
 * A statement is the lines of some accounts with what stood in them before and after; entries are those lines alone,
 * or all of them in the order of the books; journal is the rows that the entries are the legs of.  The columns are
 * the first line of a CSV.
 */
#include "base/arena.h"
#include "store/tx.h"

enum export_kind { EXPORT_ENTRIES, EXPORT_STATEMENT, EXPORT_JOURNAL, EXPORT_KIND_COUNT };
extern const char *const export_words[EXPORT_KIND_COUNT]; /* "entries" */

#define EXPORT_RANGES_MAX 64
#define EXPORT_CODE_SIZE 65
struct export_spec {
	enum export_kind kind;
	bool jsonl;
	int32_t period;               /* 202611; 0: all */
	int64_t batch_from, batch_to; /* behind the one up to the other; to 0: what is sealed */
	char party[EXPORT_CODE_SIZE]; /* "": the whole books; not of a statement */
	int range_count;              /* of a party's accounts, see domain/statement.h; else 0 */
	int64_t lo[EXPORT_RANGES_MAX], hi[EXPORT_RANGES_MAX];
};

/*
 * Of the loop.  Each export_next() asks for the next piece and ${piece} follows once, later: its bytes, maybe none,
 * live until it returns; ${last}: there is no other.  Errors are the database's, NO_MEMORY, and with the first piece
 * BAD_FIELD: the batches asked for are not sealed.  export_free() at any time, from within ${piece} too: what is
 * under way is forgotten.
 */
struct export;
typedef void export_piece_fn(void *ctx, const struct reason *r, const void *p, size_t len,
    bool last);
enum err export_new(struct export **out, struct pool *p, const struct export_spec *spec,
    export_piece_fn *piece, void *ctx) MUST_CHECK;
enum err export_next(struct export *x) MUST_CHECK; /* BUSY, NO_MEMORY: ${piece} never runs */
void export_free(struct export *x);                /* NULL is fine */
int64_t export_lines(const struct export *x);      /* of entries or rows, so far */

/*
 * Of the command line: all of it to ${write}, which says whether it took it, else why not in errno.  DB_DOWN, INTERNAL,
 * BAD_FIELD, IO: ${r} says why.
 */
typedef bool export_write_fn(void *ctx, const void *p, size_t len);
enum err export_run(const char *db, const struct export_spec *spec, export_write_fn *write,
    void *ctx, struct reason *r) MUST_CHECK;

#endif
