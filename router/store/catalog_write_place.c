/* Writes of locations, slots and campaigns. */
#include "store/catalog_writing.h"

/* ---- Locations --------------------------------------------------------------------------------- */

static enum err
locations_refer(struct write *w)
{
	const struct location_row *rows = w->rows;
	int32_t *ids = w->ids;
	enum err e;
	int i;

	for (i = 0, e = ERR_OK; e == ERR_OK && i < w->count; i++)
		e = write_refer(w, REF_PARTY,
		    &(struct ref){.code = rows[i].operator_code,
		        .field = "operator",
		        .row = i,
		        .kinds = OWNER_KINDS,
		        .what = OWNER_WHAT,
		        .id = &ids[i]});
	return e;
}

static void
ids_arg(struct pg_args *a, const int32_t *ids, int count)
{
	int i;

	args_array(a, ELEM_I32);
	for (i = 0; i < count; i++)
		elem_i32(a, ids[i]);
	args_array_end(a);
}

static void
kinds_arg(struct pg_args *a, const struct location_row *rows, int count)
{
	int i;

	args_array(a, ELEM_I16);
	for (i = 0; i < count; i++)
		elem_i16(a, (int16_t)rows[i].l.kind);
	args_array_end(a);
}

/* Stock, capacity and fulfilments carry the operator in their keys, so a location keeps both. */
static enum tx_next
locations_ask(struct write *w, struct tx *t)
{
	struct pg_args *a;

	a = tx_args(t);
	EACH(a, ELEM_TEXT, w, location_row, elem_text, code);
	kinds_arg(a, w->rows, w->count);
	ids_arg(a, w->ids, w->count);
	tx_add(t, STMT_LOCATION_DIFFERS);
	return TX_TRIP;
}

/* Seven minutes a location, closed or open for ever alike: the statement leaves out those of "always". */
static void
hours_arg(struct pg_args *a, const struct location_row *rows, int count, bool close)
{
	const struct hours *h;
	int i, day;

	args_array(a, ELEM_I16);
	for (i = 0; i < count; i++) {
		h = &rows[i].l.hours;
		for (day = 0; day < HOURS_MAX; day++)
			elem_i16(a, close ? h->close[day] : h->open[day]);
	}
	args_array_end(a);
}

static enum tx_next
locations_write(struct write *w, struct tx *t)
{
	const struct location_row *rows = w->rows;
	struct pg_args *a;
	int i;

	a = tx_args(t);
	EACH(a, ELEM_TEXT, w, location_row, elem_text, code);
	kinds_arg(a, rows, w->count);
	ids_arg(a, w->ids, w->count);
	args_array(a, ELEM_I16);
	for (i = 0; i < w->count; i++)
		elem_i16(a, (int16_t)rows[i].l.ways);
	args_array_end(a);
	EACH(a, ELEM_I32, w, location_row, elem_i32, l.lat_e6);
	EACH(a, ELEM_I32, w, location_row, elem_i32, l.lon_e6);
	EACH(a, ELEM_TEXT, w, location_row, elem_text, region);
	EACH(a, ELEM_TEXT, w, location_row, elem_text, time_zone);
	EACH(a, ELEM_I16, w, location_row, elem_i16, l.tz_min);
	EACH(a, ELEM_BOOL, w, location_row, elem_bool, l.hours.always);
	EACH(a, ELEM_I32, w, location_row, elem_i32, l.lead_min);
	EACH(a, ELEM_I32, w, location_row, elem_i32, l.accept_min);
	EACH(a, ELEM_I32, w, location_row, elem_i32, l.capacity_day);
	EACH(a, ELEM_I32, w, location_row, elem_i32, l.deliver_radius_m);
	EACH(a, ELEM_I32, w, location_row, elem_i32, l.preference);
	EACH(a, ELEM_I64, w, location_row, elem_i64, l.handling_cost_fen);
	EACH(a, ELEM_I32, w, location_row, elem_i32, l.cut_off_min);
	hours_arg(a, rows, w->count, false);
	hours_arg(a, rows, w->count, true);
	EACH(a, ELEM_BOOL, w, location_row, elem_bool, l.disabled);
	tx_add(t, STMT_LOCATION_UPSERT);
	a = tx_args(t);
	EACH(a, ELEM_TEXT, w, location_row, elem_text, code);
	tx_add(t, STMT_CAPACITY_LIMIT);
	return TX_TRIP;
}

static enum tx_next
locations_trip(struct write *w, struct tx *t, int n)
{
	const struct location_row *rows = w->rows;
	const PGresult *r;
	int i;

	if (n == 1)
		return locations_ask(w, t);
	if (n == 3) {
		(void)write_changes(w, tx_result(t, 1), row_capacity);
		w->result.written = w->count;
		return TX_COMMIT;
	}
	r = tx_result(t, 0);
	if (PQntuples(r) == 0)
		return locations_write(w, t);
	i = col_i32(r, 0, 0) - 1;
	if (col_bool(r, 0, 1))
		return write_refuse(w, ERR_EXISTS_DIFFERS, i, "kind",
		    "%s is there with another kind", rows[i].code);
	return write_refuse(w, ERR_EXISTS_DIFFERS, i, "operator", "%s is run by another party",
	    rows[i].code);
}

enum err
write_locations(const struct writer *w, const struct location_row *rows, int count)
{
	static const struct write_kind kind = {"locations", sizeof(struct location_row), true,
	    ERR_OK, locations_refer, locations_trip};

	return write_start(w, &kind, "locations", rows, count, sizeof(int32_t));
}

/* ---- Slots ------------------------------------------------------------------------------------- */

struct slot_ids {
	int32_t location, dealer;
};
struct slot_key {
	int32_t location, day, from_min, to_min;
};

static enum err
slots_refer(struct write *w)
{
	const struct slot_row *rows = w->rows;
	struct slot_ids *ids = w->ids;
	enum err e;
	int i;

	for (i = 0, e = ERR_OK; e == ERR_OK && i < w->count; i++)
		e = write_refer(w, REF_LOCATION,
		    &(struct ref){.code = rows[i].location,
		        .field = "location",
		        .row = i,
		        .kinds = PARTY_BIT(LOC_STORE),
		        .what = "a store",
		        .id = &ids[i].location,
		        .party = &ids[i].dealer});
	return e;
}

static bool
slots_check(struct write *w)
{
	const struct slot_row *rows = w->rows;
	const struct slot_ids *ids = w->ids;
	struct slot_key *keys;
	int i;

	keys = arena_array(w->w.arena, (size_t)w->count, sizeof(*keys));
	for (i = 0; keys != NULL && i < w->count; i++)
		keys[i] = (struct slot_key){ids[i].location, rows[i].day, rows[i].from_min,
		    rows[i].to_min};
	i = keys == NULL ? -2 : write_twice(w, keys, sizeof(*keys));
	if (i == -1)
		return true;
	if (i == -2)
		(void)write_refuse(w, ERR_NO_MEMORY, -1, w->list, "%s", err_text(ERR_NO_MEMORY));
	else
		(void)write_refuse(w, ERR_BAD_FIELD, i, "from_minute",
		    "this slot stands here twice");
	return false;
}

static enum tx_next
slots_trip(struct write *w, struct tx *t, int n)
{
	const struct slot_ids *ids = w->ids;
	struct pg_args *a;
	int i;

	if (n == 2) {
		w->result.written = write_changes(w, tx_result(t, 0), row_slot);
		return TX_COMMIT;
	}
	if (!slots_check(w))
		return TX_ROLLBACK;
	a = tx_args(t);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, ids[i].dealer);
	args_array_end(a);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		elem_i32(a, ids[i].location);
	args_array_end(a);
	EACH(a, ELEM_DATE, w, slot_row, elem_date, day);
	EACH(a, ELEM_I16, w, slot_row, elem_i16, from_min);
	EACH(a, ELEM_I16, w, slot_row, elem_i16, to_min);
	EACH(a, ELEM_I32, w, slot_row, elem_i32, limit);
	tx_add(t, STMT_SLOT_UPSERT);
	return TX_TRIP;
}

enum err
write_slots(const struct writer *w, const struct slot_row *rows, int count)
{
	static const struct write_kind kind = {NULL, sizeof(struct slot_row), false, ERR_OK,
	    slots_refer, slots_trip};

	return write_start(w, &kind, "slots", rows, count, sizeof(struct slot_ids));
}

/* ---- Campaigns --------------------------------------------------------------------------------- */

struct campaign_ids {
	int32_t funder[FUNDERS_MAX];
	int32_t *sku;
};

static enum err
campaigns_refer(struct write *w)
{
	const struct campaign_row *rows = w->rows;
	struct campaign_ids *ids = w->ids;
	enum err e;
	int i, n;

	for (i = 0, e = ERR_OK; e == ERR_OK && i < w->count; i++) {
		for (n = 0; e == ERR_OK && n < rows[i].funder_count; n++)
			e = write_refer(w, REF_PARTY,
			    &(struct ref){.code = rows[i].funder[n],
			        .field = "funders",
			        .row = i,
			        .kinds = OWNER_KINDS | PARTY_BIT(PARTY_PLATFORM),
			        .what = "a dealer, the brand or the platform operator",
			        .id = &ids[i].funder[n]});
		ids[i].sku = arena_array(w->w.arena, (size_t)rows[i].sku_count, sizeof(int32_t));
		if (ids[i].sku == NULL)
			return ERR_NO_MEMORY;
		for (n = 0; e == ERR_OK && n < rows[i].sku_count; n++)
			e = write_refer(w, REF_SKU,
			    &(struct ref){.code = rows[i].skus[n],
			        .field = "skus",
			        .row = i,
			        .kinds = ANY_KIND,
			        .id = &ids[i].sku[n]});
	}
	return e;
}

/* Where a row's slice of a flat array begins or ends, from 1; an empty one ends before it begins. */
static void
bounds_arg(struct pg_args *a, const struct campaign_row *rows, int count, bool skus, bool end)
{
	int32_t at, len;
	int i;

	at = 1;
	args_array(a, ELEM_I32);
	for (i = 0; i < count; i++) {
		len = skus ? rows[i].sku_count : rows[i].funder_count;
		elem_i32(a, end ? at + len - 1 : at);
		at += len;
	}
	args_array_end(a);
}

static void
funders_args(struct pg_args *a, const struct write *w)
{
	const struct campaign_row *rows = w->rows;
	const struct campaign_ids *ids = w->ids;
	int i, n;

	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		for (n = 0; n < rows[i].funder_count; n++)
			elem_i32(a, ids[i].funder[n]);
	args_array_end(a);
	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		for (n = 0; n < rows[i].funder_count; n++)
			elem_i32(a, rows[i].share_bps[n]);
	args_array_end(a);
}

static void
skus_arg(struct pg_args *a, const struct write *w)
{
	const struct campaign_row *rows = w->rows;
	const struct campaign_ids *ids = w->ids;
	int i, n;

	args_array(a, ELEM_I32);
	for (i = 0; i < w->count; i++)
		for (n = 0; n < rows[i].sku_count; n++)
			elem_i32(a, ids[i].sku[n]);
	args_array_end(a);
}

static enum tx_next
campaigns_ask(struct write *w, struct tx *t)
{
	struct pg_args *a = tx_args(t);

	EACH(a, ELEM_TEXT, w, campaign_row, elem_text, code);
	bounds_arg(a, w->rows, w->count, false, false);
	bounds_arg(a, w->rows, w->count, false, true);
	funders_args(a, w);
	tx_add(t, STMT_CAMPAIGN_FUNDERS_DIFFER);
	return TX_TRIP;
}

/* Orders name the campaign, and a refund gives back to each funder what he gave: they are never others. */
static bool
campaigns_check(struct write *w, struct tx *t)
{
	const struct campaign_row *rows = w->rows;
	const PGresult *r = tx_result(t, 0);
	int i;

	if (PQntuples(r) == 0)
		return true;
	i = col_i32(r, 0, 0) - 1;
	(void)write_refuse(w, ERR_EXISTS_DIFFERS, i, "funders",
	    "%s has other funders or shares, and keeps them: make another campaign", rows[i].code);
	return false;
}

static enum tx_next
campaigns_trip(struct write *w, struct tx *t, int n)
{
	struct pg_args *a;

	if (n == 1)
		return campaigns_ask(w, t);
	if (n == 3) {
		(void)write_changes(w, tx_result(t, 1), row_budget);
		w->result.written = w->count;
		return TX_COMMIT;
	}
	if (!campaigns_check(w, t))
		return TX_ROLLBACK;
	a = tx_args(t);
	EACH(a, ELEM_TEXT, w, campaign_row, elem_text, code);
	EACH(a, ELEM_TEXT, w, campaign_row, elem_text, name);
	bounds_arg(a, w->rows, w->count, false, false);
	bounds_arg(a, w->rows, w->count, false, true);
	bounds_arg(a, w->rows, w->count, true, false);
	bounds_arg(a, w->rows, w->count, true, true);
	EACH(a, ELEM_I64, w, campaign_row, elem_i64, unit_max_fen);
	funders_args(a, w);
	skus_arg(a, w);
	EACH(a, ELEM_TIME, w, campaign_row, elem_time, from_us);
	EACH(a, ELEM_TIME, w, campaign_row, elem_time, until_us);
	EACH(a, ELEM_BOOL, w, campaign_row, elem_bool, disabled);
	tx_add(t, STMT_CAMPAIGN_UPSERT);
	a = tx_args(t);
	EACH(a, ELEM_TEXT, w, campaign_row, elem_text, code);
	EACH(a, ELEM_I64, w, campaign_row, elem_i64, budget_fen);
	tx_add(t, STMT_BUDGET_UPSERT);
	return TX_TRIP;
}

enum err
write_campaigns(const struct writer *w, const struct campaign_row *rows, int count)
{
	static const struct write_kind kind = {"campaigns", sizeof(struct campaign_row), true,
	    ERR_OK, campaigns_refer, campaigns_trip};

	return write_start(w, &kind, "campaigns", rows, count, sizeof(struct campaign_ids));
}
