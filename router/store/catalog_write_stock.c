/* Writes of stock counts and deltas, entitlements and claims. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/catalog_writing.h"

/* Keys without padding: they are compared as bytes. */
struct stock_ids {
	int32_t dealer, location, sku, goods_owner;
};

static bool
twice_check(struct write *w, const void *keys, size_t size, const char *field, const char *what)
{
	int i;

	i = keys == NULL ? -2 : write_twice(w, keys, size);
	if (i == -1)
		return true;
	if (i == -2)
		(void)write_refuse(w, ERR_NO_MEMORY, -1, w->list, "%s", err_text(ERR_NO_MEMORY));
	else
		(void)write_refuse(w, ERR_BAD_FIELD, i, field, "%s stands here twice", what);
	return false;
}

static enum err
stock_refer(struct write *w, int row, const char *location, const char *sku,
    const char *goods_owner)
{
	struct stock_ids *ids = w->ids;
	enum err e;

	ids += row;
	e = write_refer(w, REF_LOCATION,
	    &(struct ref){.code = location,
	        .field = "location",
	        .row = row,
	        .kinds = ANY_KIND,
	        .id = &ids->location,
	        .party = &ids->dealer});
	if (e == ERR_OK)
		e = write_refer(w, REF_SKU,
		    &(struct ref){.code = sku,
		        .field = "sku",
		        .row = row,
		        .kinds = ANY_KIND,
		        .id = &ids->sku});
	if (e == ERR_OK)
		e = write_refer(w, REF_PARTY,
		    &(struct ref){.code = goods_owner,
		        .field = "goods_owner",
		        .row = row,
		        .kinds = OWNER_KINDS,
		        .what = OWNER_WHAT,
		        .id = &ids->goods_owner});
	return e;
}

/* Goods of nobody named are the operator's. */
static void
owners_default(struct write *w)
{
	struct stock_ids *ids = w->ids;
	int i;

	for (i = 0; i < w->count; i++)
		if (ids[i].goods_owner == 0)
			ids[i].goods_owner = ids[i].dealer;
}

static void
key_args(struct pg_args *a, const struct stock_ids *ids, const bool *use, int count)
{
	size_t part;
	int32_t id;
	int i;

	for (part = 0; part < sizeof(*ids); part += sizeof(id)) {
		args_array(a, ELEM_I32);
		for (i = 0; i < count; i++) {
			if (use != NULL && !use[i])
				continue;
			memcpy(&id, (const char *)&ids[i] + part, sizeof(id));
			elem_i32(a, id);
		}
		args_array_end(a);
	}
}

/* ---- Counts ------------------------------------------------------------------------------------ */

static enum err
counts_refer(struct write *w)
{
	const struct count_row *rows = w->rows;
	enum err e;
	int i;

	for (i = 0, e = ERR_OK; e == ERR_OK && i < w->count; i++)
		e = stock_refer(w, i, rows[i].location, rows[i].sku, rows[i].goods_owner);
	return e;
}

static enum tx_next
counts_trip(struct write *w, struct tx *t, int n)
{
	struct pg_args *a;

	if (n == 2) {
		w->result.written = write_changes(w, tx_result(t, 0), row_stock);
		w->result.older = w->count - w->result.written;
		return TX_COMMIT;
	}
	owners_default(w);
	if (!twice_check(w, w->ids, sizeof(struct stock_ids), "sku", "this stock"))
		return TX_ROLLBACK;
	a = tx_args(t);
	key_args(a, w->ids, NULL, w->count);
	EACH(a, ELEM_I32, w, count_row, elem_i32, count);
	EACH(a, ELEM_I32, w, count_row, elem_i32, safety);
	EACH(a, ELEM_TIME, w, count_row, elem_time, counted_us);
	tx_add(t, STMT_STOCK_COUNT);
	return TX_TRIP;
}

enum err
write_counts(const struct writer *w, const struct count_row *rows, int count)
{
	static const struct write_kind kind = {NULL, sizeof(struct count_row), false, ERR_OVERFLOW,
	    counts_refer, counts_trip};

	return write_start(w, &kind, "counts", rows, count, sizeof(struct stock_ids));
}

/* ---- Deltas ------------------------------------------------------------------------------------ */

static enum err
deltas_refer(struct write *w)
{
	const struct delta_row *rows = w->rows;
	enum err e;
	int i;

	for (i = 0, e = ERR_OK; e == ERR_OK && i < w->count; i++)
		e = stock_refer(w, i, rows[i].location, rows[i].sku, rows[i].goods_owner);
	return e;
}

static int
delta_order(const void *a, const void *b)
{
	const struct delta_row *const *x = a, *const *y = b;
	int c;

	c = strcmp((*x)->source, (*y)->source);
	return c != 0 ? c : ((*x)->sequence > (*y)->sequence) - ((*x)->sequence < (*y)->sequence);
}

/* The rows by (source, sequence); NULL: no memory, or one stands twice, both told. */
static const struct delta_row **
deltas_sorted(struct write *w)
{
	const struct delta_row *rows = w->rows, **by;
	int i;

	by = arena_array(w->w.arena, (size_t)w->count, sizeof(*by));
	if (by == NULL) {
		(void)write_refuse(w, ERR_NO_MEMORY, -1, w->list, "%s", err_text(ERR_NO_MEMORY));
		return NULL;
	}
	for (i = 0; i < w->count; i++)
		by[i] = &rows[i];
	qsort(by, (size_t)w->count, sizeof(*by), delta_order);
	for (i = 1; i < w->count; i++) {
		if (delta_order(&by[i - 1], &by[i]) != 0)
			continue;
		i = (int)((by[i] > by[i - 1] ? by[i] : by[i - 1]) - rows);
		(void)write_refuse(w, ERR_BAD_FIELD, i, "sequence",
		    "this sequence stands here twice");
		return NULL;
	}
	return by;
}

static enum tx_next
deltas_claim(struct write *w, struct tx *t)
{
	const struct delta_row **by;
	const struct stock_ids *ids = w->ids;
	struct pg_args *a;
	int i;

	by = deltas_sorted(w);
	if (by == NULL)
		return TX_ROLLBACK;
	owners_default(w);
	/* Where each source stood before; a source once, in the order of the names. */
	a = tx_args(t);
	args_array(a, ELEM_TEXT);
	for (i = 0; i < w->count; i++)
		if (i == 0 || strcmp(by[i]->source, by[i - 1]->source) != 0)
			elem_text(a, by[i]->source);
	args_array_end(a);
	tx_add(t, STMT_DELTA_LAST);
	a = tx_args(t);
	EACH(a, ELEM_TEXT, w, delta_row, elem_text, source);
	EACH(a, ELEM_I64, w, delta_row, elem_i64, sequence);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, ids[i].location);
	args_array_end(a);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, ids[i].sku);
	args_array_end(a);
	EACH(a, ELEM_I32, w, delta_row, elem_i32, delta);
	tx_add(t, STMT_DELTA_CLAIM);
	return TX_TRIP;
}

/* A sequence that jumps: said, not refused; what is missing may come later. */
static enum err
gaps_read(struct write *w, const PGresult *last)
{
	const struct delta_row **by;
	const char **gaps;
	int64_t before;
	int i, source;

	by = deltas_sorted(w);
	gaps = arena_array(w->w.arena, (size_t)w->count, sizeof(*gaps));
	if (by == NULL || gaps == NULL)
		return ERR_NO_MEMORY;
	w->result.gap_count = 0;
	source = -1;
	before = 0;
	for (i = 0; i < w->count; i++) {
		if (i == 0 || strcmp(by[i]->source, by[i - 1]->source) != 0) {
			source++;
			before = col_null(last, source, 1) ? by[i]->sequence
			                                   : col_i64(last, source, 1);
		}
		if (by[i]->sequence > before + 1) {
			gaps[w->result.gap_count] = arena_printf(w->w.arena,
			    "%s: %lld came after %lld", by[i]->source, (long long)by[i]->sequence,
			    (long long)before);
			if (gaps[w->result.gap_count++] == NULL)
				return ERR_NO_MEMORY;
		}
		if (by[i]->sequence > before)
			before = by[i]->sequence;
	}
	w->result.gaps = gaps;
	return ERR_OK;
}

/* Marks the rows that were not there before.  A join in SQL would meet arrays of unknown length. */
static bool
fresh_read(struct write *w, const PGresult *r, bool *use)
{
	const struct delta_row **by, **found, *key;
	struct delta_row row = {0};
	int i;

	by = deltas_sorted(w);
	if (by == NULL)
		return false;
	key = &row;
	for (i = 0; i < PQntuples(r); i++) {
		row.source = col_text(r, i, 0);
		row.sequence = col_i64(r, i, 1);
		found = bsearch(&key, by, (size_t)w->count, sizeof(*by), delta_order);
		assert(found != NULL);
		use[*found - (const struct delta_row *)w->rows] = true;
	}
	return true;
}

static enum tx_next
deltas_apply(struct write *w, struct tx *t)
{
	const struct delta_row *rows = w->rows;
	struct pg_args *a;
	bool *use;
	int i;

	use = arena_array(w->w.arena, (size_t)w->count, sizeof(*use));
	if (use == NULL || gaps_read(w, tx_result(t, 0)) != ERR_OK ||
	    !fresh_read(w, tx_result(t, 1), use))
		return write_refuse(w, ERR_NO_MEMORY, -1, w->list, "%s", err_text(ERR_NO_MEMORY));
	w->result.written = PQntuples(tx_result(t, 1));
	w->result.repeated = w->count - w->result.written;
	if (w->result.written == 0)
		return TX_COMMIT;
	a = tx_args(t);
	key_args(a, w->ids, use, w->count);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		if (use[i])
			elem_i32(a, rows[i].delta);
	args_array_end(a);
	tx_add(t, STMT_DELTA_APPLY);
	return TX_TRIP;
}

static enum tx_next
deltas_trip(struct write *w, struct tx *t, int n)
{
	if (n == 1)
		return deltas_claim(w, t);
	if (n == 2)
		return deltas_apply(w, t);
	(void)write_changes(w, tx_result(t, 0), row_stock);
	return TX_COMMIT;
}

enum err
write_deltas(const struct writer *w, const struct delta_row *rows, int count)
{
	static const struct write_kind kind = {NULL, sizeof(struct delta_row), false, ERR_OVERFLOW,
	    deltas_refer, deltas_trip};

	return write_start(w, &kind, "deltas", rows, count, sizeof(struct stock_ids));
}

/* ---- Entitlements ------------------------------------------------------------------------------ */

struct entitlement_ids {
	int32_t dealer, sku;
};

static enum err
entitlements_refer(struct write *w)
{
	const struct entitlement_row *rows = w->rows;
	struct entitlement_ids *ids = w->ids;
	enum err e;
	int i;

	for (i = 0, e = ERR_OK; e == ERR_OK && i < w->count; i++) {
		e = write_refer(w, REF_PARTY,
		    &(struct ref){.code = rows[i].dealer,
		        .field = "dealer",
		        .row = i,
		        .kinds = OWNER_KINDS,
		        .what = OWNER_WHAT,
		        .id = &ids[i].dealer});
		if (e == ERR_OK)
			e = write_refer(w, REF_SKU,
			    &(struct ref){.code = rows[i].sku,
			        .field = "sku",
			        .row = i,
			        .kinds = ANY_KIND,
			        .id = &ids[i].sku});
	}
	return e;
}

static enum tx_next
entitlements_trip(struct write *w, struct tx *t, int n)
{
	const struct entitlement_ids *ids = w->ids;
	struct pg_args *a;
	int i;

	if (n == 2) {
		w->result.written = write_changes(w, tx_result(t, 0), row_entitlement);
		return TX_COMMIT;
	}
	if (!twice_check(w, ids, sizeof(*ids), "dealer", "this entitlement"))
		return TX_ROLLBACK;
	a = tx_args(t);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, ids[i].dealer);
	args_array_end(a);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, ids[i].sku);
	args_array_end(a);
	EACH(a, ELEM_I32, w, entitlement_row, elem_i32, ceiling);
	tx_add(t, STMT_ENTITLEMENT_UPSERT);
	return TX_TRIP;
}

/* The skus part tells which skus are scarce. */
enum err
write_entitlements(const struct writer *w, const struct entitlement_row *rows, int count)
{
	static const struct write_kind kind = {"skus", sizeof(struct entitlement_row), false,
	    ERR_OK, entitlements_refer, entitlements_trip};

	return write_start(w, &kind, "entitlements", rows, count, sizeof(struct entitlement_ids));
}

/* ---- Claims ------------------------------------------------------------------------------------ */

struct claim_ids {
	int32_t location, staff;
};
struct claim_key {
	uint64_t customer;
	int64_t from_us;
	int32_t location, kind;
};

static enum err
claims_refer(struct write *w)
{
	const struct claim_row *rows = w->rows;
	struct claim_ids *ids = w->ids;
	enum err e;
	int i;

	for (i = 0, e = ERR_OK; e == ERR_OK && i < w->count; i++) {
		e = write_refer(w, REF_LOCATION,
		    &(struct ref){.code = rows[i].location,
		        .field = "location",
		        .row = i,
		        .kinds = PARTY_BIT(LOC_STORE),
		        .what = "a store",
		        .id = &ids[i].location});
		if (e == ERR_OK)
			e = write_refer(w, REF_PARTY,
			    &(struct ref){.code = rows[i].staff,
			        .field = "staff",
			        .row = i,
			        .kinds = PARTY_BIT(PARTY_STAFF),
			        .what = "a staff member",
			        .id = &ids[i].staff});
	}
	return e;
}

static bool
claims_check(struct write *w)
{
	const struct claim_row *rows = w->rows;
	const struct claim_ids *ids = w->ids;
	struct claim_key *keys;
	int i;

	keys = arena_array(w->w.arena, (size_t)w->count, sizeof(*keys));
	for (i = 0; keys != NULL && i < w->count; i++)
		keys[i] = (struct claim_key){rows[i].customer, rows[i].from_us, ids[i].location,
		    (int32_t)rows[i].kind};
	return twice_check(w, keys, sizeof(*keys), "customer", "this claim");
}

static enum tx_next
claims_trip(struct write *w, struct tx *t, int n)
{
	const struct claim_row *rows = w->rows;
	const struct claim_ids *ids = w->ids;
	struct pg_args *a;
	int i;

	if (n == 2) {
		w->result.written = write_changes(w, tx_result(t, 0), row_claim);
		return TX_COMMIT;
	}
	if (!claims_check(w))
		return TX_ROLLBACK;
	a = tx_args(t);
	args_array(a, ELEM_I64);
	for (i = 0; i < w->count; i++)
		elem_i64(a, (int64_t)rows[i].customer);
	args_array_end(a);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, ids[i].location);
	args_array_end(a);
	args_array(a, ELEM_I16);
	for (i = 0; i < w->count; i++)
		elem_i16(a, (int16_t)rows[i].kind);
	args_array_end(a);
	EACH(a, ELEM_TIME, w, claim_row, elem_time, from_us);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, ids[i].staff);
	args_array_end(a);
	args_array(a, ELEM_TIME);
	for (i = 0; i < w->count; i++) {
		if (rows[i].until_us == 0)
			elem_null(a, ELEM_TIME);
		else
			elem_time(a, rows[i].until_us);
	}
	args_array_end(a);
	EACH(a, ELEM_TEXT, w, claim_row, elem_text, evidence);
	tx_add(t, STMT_CLAIM_UPSERT);
	return TX_TRIP;
}

enum err
write_claims(const struct writer *w, const struct claim_row *rows, int count)
{
	static const struct write_kind kind = {NULL, sizeof(struct claim_row), false, ERR_OK,
	    claims_refer, claims_trip};

	return write_start(w, &kind, "claims", rows, count, sizeof(struct claim_ids));
}
