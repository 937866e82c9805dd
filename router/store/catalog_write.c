#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/strmap.h"
#include "store/batch_write.h"
#include "store/catalog_writing.h"

static const struct {
	enum stmt find;
	const char *what;
} ref_kinds[REF_COUNT] = {
    [REF_PARTY] = {STMT_FIND_PARTIES, "party"},
    [REF_LOCATION] = {STMT_FIND_LOCATIONS, "location"},
    [REF_SKU] = {STMT_FIND_SKUS, "sku"},
    [REF_LATE_PARTY] = {STMT_FIND_PARTIES, "party"},
};

enum tx_next
write_refuse(struct write *w, enum err e, int row, const char *field, const char *fmt, ...)
{
	struct reason *r = &w->result.reason;
	bool next = w->list_next != NULL && row >= w->next_at;
	va_list ap;

	r->err = e;
	w->result.row = row;
	if (row < 0)
		(void)snprintf(r->field, sizeof(r->field), "%s", field);
	else
		(void)snprintf(r->field, sizeof(r->field), "%s[%d].%s",
		    next ? w->list_next : w->list, next ? row - w->next_at : row, field);
	va_start(ap, fmt);
	(void)vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
	return TX_ROLLBACK;
}

int
write_changes(struct write *w, const PGresult *r, change_row_fn *row)
{
	struct change c;
	int i, count;

	count = PQntuples(r);
	for (i = 0; i < count; i++) {
		row(r, i, &c);
		change_pack(&w->changes, &c);
	}
	return count;
}

/* ---- Twice in one request ---------------------------------------------------------------------- */

struct key_at {
	const void *key;
	size_t size;
	int row;
};

static int
key_order(const void *a, const void *b)
{
	const struct key_at *x = a, *y = b;
	int c;

	c = memcmp(x->key, y->key, x->size);
	return c != 0 ? c : (x->row > y->row) - (x->row < y->row);
}

int
write_twice(struct write *w, const void *keys, size_t size)
{
	struct key_at *at;
	int i, found;

	at = arena_array(w->w.arena, (size_t)w->count, sizeof(*at));
	if (at == NULL)
		return -2;
	for (i = 0; i < w->count; i++)
		at[i] = (struct key_at){(const char *)keys + (size_t)i * size, size, i};
	if (w->count > 0)
		qsort(at, (size_t)w->count, sizeof(*at), key_order);
	found = -1;
	for (i = 1; i < w->count; i++)
		if (memcmp(at[i - 1].key, at[i].key, size) == 0 && (found < 0 || at[i].row < found))
			found = at[i].row;
	return found;
}

static const char *
code_of(const struct write *w, int row)
{
	const char *code;

	memcpy(&code, (const char *)w->rows + (size_t)row * w->kind->row_size, sizeof(code));
	return code;
}

static enum err
codes_check(struct write *w)
{
	struct strmap m;
	bool added;
	enum err e;
	int i;

	e = strmap_init(&m, (size_t)w->count);
	for (i = 0; e == ERR_OK && i < w->count; i++) {
		e = strmap_put(&m, code_of(w, i), (uint32_t)i, &added);
		if (e != ERR_OK || added)
			continue;
		(void)write_refuse(w, ERR_BAD_FIELD, i, "code", "%s stands in %s[%u] already",
		    code_of(w, i), w->list, strmap_get(&m, code_of(w, i)));
		break;
	}
	strmap_release(&m);
	return e;
}

/* ---- Codes to ids ------------------------------------------------------------------------------ */

enum err
write_refer(struct write *w, enum ref_to to, const struct ref *r)
{
	struct refs *refs = &w->refs[to];
	struct ref *grown;
	int size;

	if (r->code[0] == '\0')
		return ERR_OK;
	if (refs->count == refs->size) {
		size = refs->size == 0 ? w->count + 16 : refs->size * 2;
		grown = arena_array(w->w.arena, (size_t)size, sizeof(*grown));
		if (grown == NULL)
			return ERR_NO_MEMORY;
		if (refs->count > 0)
			memcpy(grown, refs->ref, (size_t)refs->count * sizeof(*grown));
		refs->ref = grown;
		refs->size = size;
	}
	refs->ref[refs->count++] = *r;
	return ERR_OK;
}

void
write_find(struct write *w, enum ref_to to, struct tx *t)
{
	const struct refs *refs = &w->refs[to];
	struct pg_args *a;
	int i;

	a = tx_args(t);
	args_array(a, ELEM_TEXT);
	for (i = 0; i < refs->count; i++)
		elem_text(a, refs->ref[i].code);
	args_array_end(a);
	tx_add(t, ref_kinds[to].find);
}

/* Fills ids in; the first row with a code that is not there, or of another kind, is told. */
bool
write_found(struct write *w, enum ref_to to, const PGresult *r)
{
	struct refs *refs = &w->refs[to];
	struct ref *ref;
	int i;

	for (i = 0; i < refs->count; i++)
		*refs->ref[i].id = 0;
	for (i = 0; i < PQntuples(r); i++) {
		ref = &refs->ref[col_i32(r, i, 0) - 1];
		*ref->id = col_i32(r, i, 1);
		if (ref->party != NULL)
			*ref->party = col_i32(r, i, 3);
		if (ref->kinds >> col_i16(r, i, 2) & 1)
			continue;
		(void)write_refuse(w, ERR_BAD_FIELD, ref->row, ref->field, "%s is not %s",
		    ref->code, ref->what);
		return false;
	}
	for (i = 0; i < refs->count; i++) {
		ref = &refs->ref[i];
		if (*ref->id != 0)
			continue;
		(void)write_refuse(w, ERR_UNKNOWN_ID, ref->row, ref->field, "there is no %s %s",
		    ref_kinds[to].what, ref->code);
		return false;
	}
	return true;
}

/* ---- The transaction --------------------------------------------------------------------------- */

static enum tx_next
trip_first(struct write *w, struct tx *t)
{
	int i;

	buf_reset(&w->changes);
	w->result = (struct write_result){.row = -1};
	w->dry = false;
	if (w->kind->part != NULL) {
		args_text(tx_args(t), w->kind->part);
		tx_add(t, STMT_CATALOG_BUMP);
	}
	for (i = 0; i < REF_LATE_PARTY; i++)
		if (w->refs[i].count > 0)
			write_find(w, (enum ref_to)i, t);
	return TX_TRIP;
}

static bool
ids_read(struct write *w, struct tx *t)
{
	int i, at;

	at = w->kind->part != NULL ? 1 : 0;
	for (i = 0; i < REF_LATE_PARTY; i++)
		if (w->refs[i].count > 0 && !write_found(w, (enum ref_to)i, tx_result(t, at++)))
			return false;
	return true;
}

static void
change_add(struct write *w, struct tx *t)
{
	if (w->changes.len > 0)
		write_change(t, &w->changes);
}

static enum tx_next
write_step(struct tx *t, void *ctx)
{
	struct write *w = ctx;
	enum tx_next next;

	if (tx_trip(t) == 0)
		return trip_first(w, t);
	if (tx_trip(t) == 1 && !ids_read(w, t))
		next = TX_ROLLBACK;
	else
		next = w->kind->trip(w, t, tx_trip(t));
	if (next == TX_COMMIT && buf_err(&w->changes) != ERR_OK)
		next = write_refuse(w, ERR_TOO_LARGE, -1, w->list, "too many rows for one change");
	if (next == TX_COMMIT)
		change_add(w, t);
	if (next == TX_ROLLBACK)
		tx_fail(t, w->dry ? ERR_WRONG_STATE : w->result.reason.err);
	return next;
}

static void
tell(struct write *w)
{
	buf_release(&w->changes);
	w->w.done(w->w.ctx, &w->result);
}

static void
write_refreshed(void *ctx, enum err e)
{
	struct write *w = ctx;

	if (e != ERR_OK)
		log_warn(LOG_MSG("written, but not read back yet"), LOG_STR("list", w->list),
		    LOG_STR("err", err_name(e)));
	tell(w);
}

static void
changes_apply(struct write *w)
{
	struct change c;
	struct rd rd;

	if (w->w.catalog == NULL)
		return;
	rd_init(&rd, w->changes.data, w->changes.len);
	while (change_unpack(&rd, &c)) {
		if (change_apply(catalog_hints(w->w.catalog), &c) == ERR_OK)
			continue;
		log_error(LOG_MSG("the hints cannot grow; see claims_max"),
		    LOG_STR("list", w->list));
		break;
	}
}

static void
write_done(struct tx *t, void *ctx, enum err e)
{
	struct write *w = ctx;

	if (e == ERR_OK) {
		changes_apply(w);
		if (w->kind->part == NULL ||
		    catalog_refresh_then(w->w.catalog, write_refreshed, w) != ERR_OK)
			tell(w);
		return;
	}
	if (w->result.reason.err == ERR_OK && !w->dry) {
		log_warn(LOG_MSG("catalog write failed"), LOG_STR("list", w->list),
		    LOG_STR("err", err_name(e)), LOG_STR("sql", tx_sql_error(t)));
		if (e == ERR_BAD_FIELD)
			e = w->kind->data_err != ERR_OK ? w->kind->data_err : ERR_INTERNAL;
		(void)reason_set(&w->result.reason, e, NULL, "%s", err_text(e));
	}
	tell(w);
}

/* Refused before the database was asked: still told from the loop. */
static enum tx_next
refused_step(struct tx *t, void *ctx)
{
	struct write *w = ctx;

	tx_fail(t, w->result.reason.err);
	return TX_ROLLBACK;
}

enum err
write_start(const struct writer *writer, const struct write_kind *kind, const char *list,
    const void *rows, int count, size_t ids_size)
{
	struct write *w;
	enum err e;

	w = arena_zalloc(writer->arena, sizeof(*w));
	if (w == NULL)
		return ERR_NO_MEMORY;
	w->w = *writer;
	w->kind = kind;
	w->list = list;
	w->rows = rows;
	w->count = count;
	w->ids = arena_array(writer->arena, (size_t)count, ids_size);
	if (w->ids == NULL)
		return ERR_NO_MEMORY;
	buf_init(&w->changes, CHANGES_SIZE_MAX);
	e = kind->coded ? codes_check(w) : ERR_OK;
	if (e == ERR_OK && kind->refer != NULL)
		e = kind->refer(w);
	if (e != ERR_OK)
		return e;
	if (w->result.reason.err != ERR_OK)
		return tx_start(writer->pool, refused_step, write_done, w);
	return tx_start(writer->pool, write_step, write_done, w);
}
