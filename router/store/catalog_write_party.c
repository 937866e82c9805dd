/* Writes of parties, territories, storefronts, skus and campaigns. */
#include <string.h>

#include "base/strmap.h"
#include "store/catalog_writing.h"

/* ---- Parties ----------------------------------------------------------------------------------- */

static enum err
parties_refer(struct write *w)
{
	const struct party_row *rows = w->rows;
	int32_t *ids = w->ids;
	enum err e;
	int i;

	for (i = 0, e = ERR_OK; e == ERR_OK && i < w->count; i++)
		e = write_refer(w, REF_LATE_PARTY,
		    &(struct ref){.code = rows[i].employer,
		        .field = "employer",
		        .row = i,
		        .kinds = OWNER_KINDS,
		        .what = OWNER_WHAT,
		        .id = &ids[i]});
	return e;
}

static void
codes_and_kinds(struct write *w, struct pg_args *a)
{
	const struct party_row *rows = w->rows;
	int i;

	EACH(a, ELEM_TEXT, w, party_row, elem_text, code);
	args_array(a, ELEM_I16);
	for (i = 0; i < w->count; i++)
		elem_i16(a, (int16_t)rows[i].kind);
	args_array_end(a);
}

static enum tx_next
parties_ask(struct write *w, struct tx *t)
{
	codes_and_kinds(w, tx_args(t));
	tx_add(t, STMT_PARTY_KIND_DIFFERS);
	(void)tx_args(t);
	tx_add(t, STMT_PARTY_BRAND_CODE);
	return TX_TRIP;
}

/* A party keeps its kind, and there is one brand. */
static bool
parties_check(struct write *w, struct tx *t)
{
	const struct party_row *rows = w->rows;
	const PGresult *r;
	const char *brand;
	int i;

	r = tx_result(t, 0);
	if (PQntuples(r) > 0) {
		i = col_i32(r, 0, 0) - 1;
		(void)write_refuse(w, ERR_EXISTS_DIFFERS, i, "code",
		    "%s is a party of another kind", rows[i].code);
		return false;
	}
	r = tx_result(t, 1);
	brand = PQntuples(r) > 0 ? col_text(r, 0, 0) : NULL;
	for (i = 0; i < w->count; i++) {
		if (rows[i].kind != PARTY_BRAND)
			continue;
		if (brand != NULL && strcmp(brand, rows[i].code) != 0) {
			(void)write_refuse(w, ERR_EXISTS_DIFFERS, i, "kind", "the brand is %s",
			    brand);
			return false;
		}
		brand = rows[i].code;
	}
	return true;
}

static enum tx_next
parties_write(struct write *w, struct tx *t)
{
	const struct party_row *rows = w->rows;
	struct pg_args *a;
	int i;

	a = tx_args(t);
	codes_and_kinds(w, a);
	EACH(a, ELEM_TEXT, w, party_row, elem_text, name);
	args_array(a, ELEM_I16);
	for (i = 0; i < w->count; i++)
		elem_i16(a, (int16_t)rows[i].grade);
	args_array_end(a);
	args_array(a, ELEM_I16);
	for (i = 0; i < w->count; i++)
		elem_i16(a, (int16_t)rows[i].provider);
	args_array_end(a);
	EACH(a, ELEM_TEXT, w, party_row, elem_text, merchant_number);
	EACH(a, ELEM_I32, w, party_row, elem_i32, fee_bps);
	EACH(a, ELEM_BOOL, w, party_row, elem_bool, disabled);
	tx_add(t, STMT_PARTY_UPSERT);
	write_find(w, REF_LATE_PARTY, t);
	return TX_TRIP;
}

#define PAYEES(a, w, member) \
	do { \
		const struct party_row *each_ = (w)->rows; \
		args_array((a), ELEM_TEXT); \
		for (int n_ = 0; n_ < (w)->count; n_++) \
			if (each_[n_].has_payee) \
				elem_text((a), each_[n_].member); \
		args_array_end(a); \
	} while (0)

/* Of those that were said. */
static void
payees_write(struct write *w, struct tx *t)
{
	const struct party_row *rows = w->rows;
	struct pg_args *a;
	bool any = false;

	for (int i = 0; i < w->count; i++)
		any = any || rows[i].has_payee;
	if (!any)
		return;
	a = tx_args(t);
	PAYEES(a, w, code);
	PAYEES(a, w, bank);
	PAYEES(a, w, account_name);
	PAYEES(a, w, account);
	PAYEES(a, w, openid);
	tx_add(t, STMT_PAYEE_UPSERT);
}

static enum tx_next
parties_employ(struct write *w, struct tx *t)
{
	const int32_t *employer = w->ids;
	struct pg_args *a;
	int i;

	a = tx_args(t);
	EACH(a, ELEM_TEXT, w, party_row, elem_text, code);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, employer[i]);
	args_array_end(a);
	tx_add(t, STMT_PARTY_EMPLOYER);
	payees_write(w, t);
	w->result.written = w->count;
	return TX_COMMIT;
}

static enum tx_next
parties_trip(struct write *w, struct tx *t, int n)
{
	if (n == 1)
		return parties_ask(w, t);
	if (n == 2)
		return parties_check(w, t) ? parties_write(w, t) : TX_ROLLBACK;
	/* Employers may have been written by this very request. */
	if (!write_found(w, REF_LATE_PARTY, tx_result(t, 1)))
		return TX_ROLLBACK;
	return parties_employ(w, t);
}

enum err
write_parties(const struct writer *w, const char *list, const struct party_row *rows, int count)
{
	static const struct write_kind kind = {"parties", sizeof(struct party_row), true, ERR_OK,
	    parties_refer, parties_trip};

	return write_start(w, &kind, list, rows, count, sizeof(int32_t));
}

/* ---- Territories ------------------------------------------------------------------------------- */

static enum err
territories_refer(struct write *w)
{
	const struct territory_row *rows = w->rows;
	int32_t *ids = w->ids;
	struct strmap m;
	bool added;
	enum err e;
	int i, n;

	e = strmap_init(&m, (size_t)w->count);
	for (i = 0; e == ERR_OK && i < w->count; i++) {
		e = write_refer(w, REF_PARTY,
		    &(struct ref){.code = rows[i].dealer,
		        .field = "dealer",
		        .row = i,
		        .kinds = PARTY_BIT(PARTY_DEALER),
		        .what = "a dealer",
		        .id = &ids[i]});
		for (n = 0; e == ERR_OK && n < rows[i].region_count; n++) {
			e = strmap_put(&m, rows[i].regions[n], (uint32_t)i, &added);
			if (e == ERR_OK && !added && w->result.reason.err == ERR_OK)
				(void)write_refuse(w, ERR_BAD_FIELD, i, "regions",
				    "%s stands in %s[%u] already", rows[i].regions[n], w->list,
				    strmap_get(&m, rows[i].regions[n]));
		}
	}
	strmap_release(&m);
	return e;
}

/* Every region with the code of its territory, as two arrays. */
static void
regions_args(struct write *w, struct pg_args *a)
{
	const struct territory_row *rows = w->rows;
	int i, n;

	args_array(a, ELEM_TEXT);
	for (i = 0; i < w->count; i++)
		for (n = 0; n < rows[i].region_count; n++)
			elem_text(a, rows[i].regions[n]);
	args_array_end(a);
	args_array(a, ELEM_TEXT);
	for (i = 0; i < w->count; i++)
		for (n = 0; n < rows[i].region_count; n++)
			elem_text(a, rows[i].code);
	args_array_end(a);
}

static enum tx_next
territories_write(struct write *w, struct tx *t)
{
	const int32_t *dealer = w->ids;
	struct pg_args *a;
	int i;

	a = tx_args(t);
	EACH(a, ELEM_TEXT, w, territory_row, elem_text, code);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, dealer[i]);
	args_array_end(a);
	EACH(a, ELEM_BOOL, w, territory_row, elem_bool, disabled);
	tx_add(t, STMT_TERRITORY_UPSERT);
	/* What a territory gives up goes first: another one of this request may take it. */
	a = tx_args(t);
	EACH(a, ELEM_TEXT, w, territory_row, elem_text, code);
	regions_args(w, a);
	tx_add(t, STMT_REGION_DELETE);
	regions_args(w, tx_args(t));
	tx_add(t, STMT_REGION_TAKEN);
	regions_args(w, tx_args(t));
	tx_add(t, STMT_REGION_INSERT);
	return TX_TRIP;
}

static enum tx_next
territories_trip(struct write *w, struct tx *t, int n)
{
	const struct territory_row *rows = w->rows;
	const PGresult *taken;
	int i, at;

	if (n == 1)
		return territories_write(w, t);
	w->result.written = w->count;
	taken = tx_result(t, 2);
	if (PQntuples(taken) == 0)
		return TX_COMMIT;
	at = col_i32(taken, 0, 0) - 1;
	for (i = 0; at >= rows[i].region_count; i++)
		at -= rows[i].region_count;
	return write_refuse(w, ERR_EXISTS_DIFFERS, i, "regions", "%s belongs to territory %s",
	    rows[i].regions[at], col_text(taken, 0, 1));
}

enum err
write_territories(const struct writer *w, const struct territory_row *rows, int count)
{
	static const struct write_kind kind = {"territories", sizeof(struct territory_row), true,
	    ERR_OK, territories_refer, territories_trip};

	return write_start(w, &kind, "territories", rows, count, sizeof(int32_t));
}

/* ---- Storefronts ------------------------------------------------------------------------------- */

struct storefront_ids {
	int32_t location, dealer, channel;
};

static enum err
storefronts_refer(struct write *w)
{
	const struct storefront_row *rows = w->rows;
	struct storefront_ids *ids = w->ids;
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
			    &(struct ref){.code = rows[i].dealer,
			        .field = "dealer",
			        .row = i,
			        .kinds = OWNER_KINDS,
			        .what = OWNER_WHAT,
			        .id = &ids[i].dealer});
		if (e == ERR_OK)
			e = write_refer(w, REF_PARTY,
			    &(struct ref){.code = rows[i].channel,
			        .field = "channel",
			        .row = i,
			        .kinds = PARTY_BIT(PARTY_CHANNEL),
			        .what = "an outside channel",
			        .id = &ids[i].channel});
	}
	return e;
}

static enum tx_next
storefronts_trip(struct write *w, struct tx *t, int n)
{
	const struct storefront_row *rows = w->rows;
	const struct storefront_ids *ids = w->ids;
	struct pg_args *a;
	int i;

	(void)n;
	a = tx_args(t);
	EACH(a, ELEM_TEXT, w, storefront_row, elem_text, code);
	args_array(a, ELEM_I16);
	for (i = 0; i < w->count; i++)
		elem_i16(a, (int16_t)rows[i].kind);
	args_array_end(a);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, ids[i].location);
	args_array_end(a);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, ids[i].dealer);
	args_array_end(a);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, ids[i].channel);
	args_array_end(a);
	EACH(a, ELEM_BOOL, w, storefront_row, elem_bool, disabled);
	tx_add(t, STMT_STOREFRONT_UPSERT);
	w->result.written = w->count;
	return TX_COMMIT;
}

enum err
write_storefronts(const struct writer *w, const struct storefront_row *rows, int count)
{
	static const struct write_kind kind = {"storefronts", sizeof(struct storefront_row), true,
	    ERR_OK, storefronts_refer, storefronts_trip};

	return write_start(w, &kind, "storefronts", rows, count, sizeof(struct storefront_ids));
}

/* ---- Skus -------------------------------------------------------------------------------------- */

static enum tx_next
skus_trip(struct write *w, struct tx *t, int n)
{
	struct pg_args *a;

	(void)n;
	a = tx_args(t);
	EACH(a, ELEM_TEXT, w, sku_row, elem_text, code);
	EACH(a, ELEM_TEXT, w, sku_row, elem_text, name);
	EACH(a, ELEM_TEXT, w, sku_row, elem_text, sku_class);
	EACH(a, ELEM_I64, w, sku_row, elem_i64, cost_fen);
	EACH(a, ELEM_I64, w, sku_row, elem_i64, list_fen);
	EACH(a, ELEM_I64, w, sku_row, elem_i64, floor_fen);
	EACH(a, ELEM_BOOL, w, sku_row, elem_bool, cloud_only);
	EACH(a, ELEM_BOOL, w, sku_row, elem_bool, made_to_order);
	EACH(a, ELEM_BOOL, w, sku_row, elem_bool, serialised);
	EACH(a, ELEM_TEXT, w, sku_row, elem_text, tax_class);
	EACH(a, ELEM_BOOL, w, sku_row, elem_bool, disabled);
	tx_add(t, STMT_SKU_UPSERT);
	w->result.written = w->count;
	return TX_COMMIT;
}

enum err
write_skus(const struct writer *w, const struct sku_row *rows, int count)
{
	static const struct write_kind kind = {"skus", sizeof(struct sku_row), true, ERR_OK, NULL,
	    skus_trip};

	return write_start(w, &kind, "skus", rows, count, 1);
}
