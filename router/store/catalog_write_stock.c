/* Writes of entitlements and claims; stock has stock_report.c. */
#include "store/catalog_writing.h"

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

/* ---- Entitlements ------------------------------------------------------------------------------ */

/* Keys without padding: they are compared as bytes. */
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
