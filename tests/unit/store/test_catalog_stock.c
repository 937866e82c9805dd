/* Stock, slots, entitlements and claims: written once, older ones refused, and told to every instance. */
#include "base/clock.h"
#include "store/admin.h"
#include "store/change.h"
#include "store/stock_report.h"
#include "unit.h"

#include "catalog_fixture.h"

static struct instance s;

static int
small_start(void **state)
{
	if (cluster_start(state) != 0)
		return -1;
	small_catalog(&s, "stock");
	return 0;
}

static int
small_stop(void **state)
{
	instance_stop(&s);
	return cluster_stop(state);
}

static const struct stock_hint *
stock_of(const struct instance *i, const char *location, const char *sku, const char *owner)
{
	return hints_stock(&catalog_hints(i->catalog)->hints, id_of(i, "location", location),
	    id_of(i, "sku", sku), id_of(i, "party", owner));
}

static void
refused(const char *label, const struct write_result *r, enum err e, const char *field)
{
	if (r->reason.err != e || strcmp(r->reason.field, field) != 0)
		fail_msg("%s: %s at \"%s\": %s", label, err_name(r->reason.err), r->reason.field,
		    r->reason.text);
}

/* The two doors of stock, as flow has them. */
static struct stock_report report;

static enum err
write_counts(const struct writer *w, const struct count_row *rows, int count)
{
	report =
	    (struct stock_report){.counts = rows, .count_count = count, .now_us = clock_wall_us()};
	return write_stock(w, &report);
}

static enum err
write_deltas(const struct writer *w, const struct delta_row *rows, int count)
{
	report =
	    (struct stock_report){.deltas = rows, .delta_count = count, .now_us = clock_wall_us()};
	return write_stock(w, &report);
}

/* What the feed would hand to another instance: the rows of the last change. */
static int
last_change(struct change *out, int max)
{
	struct reason r;
	PGresult *rows;
	struct rd rd;
	size_t len;
	unsigned char *bytes;
	PGconn *c;
	int n;

	assert_int_equal(admin_connect(&c, small_db(), &r), ERR_OK);
	assert_int_equal(
	    admin_run(c,
	        "select changes from stock_change order by written_at desc, seq desc limit 1", NULL,
	        0, &rows, &r),
	    ERR_OK);
	assert_int_equal(PQntuples(rows), 1);
	bytes = PQunescapeBytea((const unsigned char *)PQgetvalue(rows, 0, 0), &len);
	rd_init(&rd, bytes, len);
	for (n = 0; n < max && change_unpack(&rd, &out[n]); n++)
		;
	assert_true(rd.ok);
	PQfreemem(bytes);
	PQclear(rows);
	admin_close(c);
	return n;
}

static void
test_counts(void **state)
{
	struct count_row rows[] = {
	    {"D1-1", "A", "", 10, 2, 100 * US_PER_MIN},
	    {"D1-1", "A", "BRAND", 7, 0, 100 * US_PER_MIN},
	    {"CLOUD", "C", "", 1000, 0, 100 * US_PER_MIN},
	};
	struct change changes[4];
	const struct write_result *r;
	const struct stock_hint *h;

	(void)state;
	r = WRITE(&s, write_counts, rows, 3);
	row_equal("written", r->written, 3);
	row_equal("older", r->older, 0);
	h = stock_of(&s, "D1-1", "A", "D1");
	assert_non_null(h);
	row_equal("atp", h->atp, 8);
	row_equal("safety", h->safety, 2);
	row_equal("counted", h->counted_min, 100);
	row_equal("consigned", stock_of(&s, "D1-1", "A", "BRAND")->atp, 7);
	row_equal("feed", last_change(changes, 4), 3);
	row_equal("feed", changes[0].kind, CHANGE_STOCK);
	/* Equal and older counts stay out, a newer one comes in. */
	rows[0].count = 99;
	rows[1].counted_us -= 1;
	rows[2].counted_us += 1;
	rows[2].count = 500;
	r = WRITE(&s, write_counts, rows, 3);
	row_equal("written", r->written, 1);
	row_equal("older", r->older, 2);
	row_equal("kept", stock_of(&s, "D1-1", "A", "D1")->atp, 8);
	row_equal("newer", stock_of(&s, "CLOUD", "C", "BRAND")->atp, 500);
	row_equal("feed", last_change(changes, 4), 1);
	row_equal("feed", changes[0].row.stock.atp, 500);
}

/* What orders hold stays held: only on_hand is counted. */
static void
test_count_with_orders(void **state)
{
	const struct count_row row = {"D1-2", "A", "", 5, 1, 10 * US_PER_MIN};
	const struct count_row again = {"D1-2", "A", "", 2, 1, 20 * US_PER_MIN};

	(void)state;
	row_equal("first", WRITE(&s, write_counts, &row, 1)->written, 1);
	sql_run(small_db(),
	    "update stock_level set allocated = 3, reserved = 1, suspect_until = now(), version = version + 1 "
	    "where location_id = (select location_id from location where code = 'D1-2')");
	row_equal("second", WRITE(&s, write_counts, &again, 1)->written, 1);
	row_equal("atp", stock_of(&s, "D1-2", "A", "D1")->atp, 2 - 1 - 3 - 1);
	row_equal("suspect", stock_of(&s, "D1-2", "A", "D1")->suspect_until_min, 0);
}

static void
test_counts_refused(void **state)
{
	struct count_row rows[] = {
	    {"D1-1", "A", "", 1, 0, US_PER_DAY},
	    {"D1-1", "A", "D1", 1, 0, US_PER_DAY},
	};

	(void)state;
	/* The operator named and left out are one owner. */
	refused("twice", WRITE(&s, write_counts, rows, 2), ERR_BAD_FIELD, "counts[1].sku");
	rows[1].sku = "NO";
	refused("sku", WRITE(&s, write_counts, rows, 2), ERR_UNKNOWN_ID, "counts[1].sku");
	rows[1].location = "NO";
	refused("location", WRITE(&s, write_counts, rows, 2), ERR_UNKNOWN_ID, "counts[1].location");
	rows[1] = (struct count_row){"D1-1", "B", "CH", 1, 0, US_PER_DAY};
	refused("owner", WRITE(&s, write_counts, rows, 2), ERR_BAD_FIELD, "counts[1].goods_owner");
	row_equal("nothing",
	    sql_number(small_db(),
	        "select count(*) from stock_level where counted_at >= '1970-01-02Z'"),
	    0);
}

static void
test_deltas(void **state)
{
	struct delta_row rows[] = {
	    {"D2-1", "A", "", "till-7", -2, 37, 0, {{0}}},
	    {"D2-1", "A", "", "till-7", -1, 38, 0, {{0}}},
	    {"D2-1", "C", "", "till-8", 5, 4, 0, {{0}}},
	};
	struct delta_row more[] = {
	    {"D2-1", "A", "", "till-7", -1, 38, 0, {{0}}}, /* seen before */
	    {"D2-1", "A", "", "till-7", -4, 41, 0, {{0}}},
	    {"D2-1", "C", "", "till-8", 1, 5, 0, {{0}}},
	};
	const struct write_result *r;

	(void)state;
	r = WRITE(&s, write_deltas, rows, 3);
	row_equal("written", r->written, 3);
	row_equal("no gap at first sight", r->gap_count, 0);
	row_equal("never counted, below zero", stock_of(&s, "D2-1", "A", "D2")->atp, -3);
	row_equal("never counted", stock_of(&s, "D2-1", "A", "D2")->counted_min, 0);
	row_equal("C", stock_of(&s, "D2-1", "C", "D2")->atp, 5);
	r = WRITE(&s, write_deltas, rows, 3);
	row_equal("again", r->written, 0);
	row_equal("again", r->repeated, 3);
	row_equal("as it was", stock_of(&s, "D2-1", "A", "D2")->atp, -3);
	r = WRITE(&s, write_deltas, more, 3);
	row_equal("more", r->written, 2);
	row_equal("more", r->repeated, 1);
	row_equal("gap", r->gap_count, 1);
	row_text("gap", r->gaps[0], "till-7: 41 came after 38");
	row_equal("A", stock_of(&s, "D2-1", "A", "D2")->atp, -7);
	row_equal("C", stock_of(&s, "D2-1", "C", "D2")->atp, 6);
	row_equal("database",
	    sql_number(small_db(),
	        "select on_hand from stock_level s join location l using (location_id) "
	        "join sku k using (sku_id) where l.code = 'D2-1' and k.code = 'A'"),
	    -7);
	more[2] = more[1];
	refused("twice", WRITE(&s, write_deltas, more, 3), ERR_BAD_FIELD, "deltas[2].sequence");
	more[2].sequence = 42;
	more[2].sku = "NO";
	refused("sku", WRITE(&s, write_deltas, more, 3), ERR_UNKNOWN_ID, "deltas[2].sku");
	row_equal("nothing", sql_number(small_db(), "select count(*) from stock_delta"), 5);
}

/* A count that follows deltas is newer than "never"; what was told to have happened since is put to it. */
static void
test_count_after_delta(void **state)
{
	const struct delta_row d[] = {
	    {"D1-2", "C", "", "till-9", 3, 1, US_PER_DAY, {{0}}},
	    {"D1-2", "C", "", "till-9", 4, 2, US_PER_DAY + 1, {{0}}},
	    {"D1-2", "C", "", "till-9", 5, 3, 0, {{0}}}, /* undated: now */
	};
	const struct count_row c = {"D1-2", "C", "", 50, -1, US_PER_DAY};
	const struct delta_row late[] = {
	    {"D1-2", "C", "", "till-9", -9, 4, US_PER_DAY - 1, {{0}}},
	    {"D1-2", "C", "", "till-9", -1, 5, US_PER_DAY + 2, {{0}}},
	    {"D1-2", "C", "", "till-9", -7, 3, 0, {{0}}}, /* its sequence told of five */
	};
	const struct write_result *r;

	(void)state;
	row_equal("delta", WRITE(&s, write_deltas, d, 3)->written, 3);
	row_equal("atp", stock_of(&s, "D1-2", "C", "D1")->atp, 12);
	row_equal("count", WRITE(&s, write_counts, &c, 1)->written, 1);
	row_equal("atp", stock_of(&s, "D1-2", "C", "D1")->atp, 59);
	r = WRITE(&s, write_deltas, late, 3);
	row_equal("late", r->written, 1);
	row_equal("the count had it", r->stock->rows[0], ROW_COUNTED);
	row_equal("it had not", r->stock->rows[1], ROW_WRITTEN);
	row_equal("another", r->stock->rows[2], ROW_DIFFERS);
	row_equal("atp", stock_of(&s, "D1-2", "C", "D1")->atp, 58);
}

static void
test_overflow(void **state)
{
	struct delta_row rows[3000];
	int i;

	(void)state;
	for (i = 0; i < 3000; i++)
		rows[i] = (struct delta_row){"SITE", "A", "", "flood", 1000000, i + 1, 0, {{0}}};
	row_equal("overflow", WRITE(&s, write_deltas, rows, 3000)->reason.err, ERR_OVERFLOW);
	row_equal("nothing",
	    sql_number(small_db(), "select count(*) from stock_delta where source = 'flood'"), 0);
}

static void
test_slots(void **state)
{
	int32_t day = (int32_t)(clock_wall_us() / US_PER_DAY) + 1;
	struct slot_row rows[] = {{"D1-1", day, 5, 600, 720}, {"D1-1", day, 6, 720, 840}};
	const struct slot_hint *h;
	struct change changes[2];

	(void)state;
	row_equal("written", WRITE(&s, write_slots, rows, 2)->written, 2);
	h = hints_slot(&catalog_hints(s.catalog)->hints, id_of(&s, "location", "D1-1"), day, 600,
	    720);
	assert_non_null(h);
	row_equal("limit", h->limit, 5);
	sql_run(small_db(),
	    "update slot set taken = 4, version = version + 1 where from_min = 600");
	rows[0].limit = 2;
	row_equal("again", WRITE(&s, write_slots, rows, 1)->written, 1);
	row_equal("limit", h->limit, 2);
	row_equal("taken stays", h->taken, 4);
	row_equal("feed", last_change(changes, 2), 1);
	row_equal("feed", changes[0].row.slot.taken, 4);
	rows[1] = rows[0];
	refused("twice", WRITE(&s, write_slots, rows, 2), ERR_BAD_FIELD, "slots[1].from_minute");
	rows[1].location = "CLOUD";
	refused("not a store", WRITE(&s, write_slots, rows, 2), ERR_BAD_FIELD, "slots[1].location");
}

static void
test_entitlements(void **state)
{
	struct entitlement_row rows[] = {{"D1", "C", 3}, {"D2", "C", 0}};
	const struct entitlement_hint *h;
	const struct world *w;

	(void)state;
	w = catalog_world(s.catalog);
	row_equal("open", w->skus[strmap_get(&w->sku_code, "C")].scarce, false);
	row_equal("written", WRITE(&s, write_entitlements, rows, 2)->written, 2);
	w = catalog_world(s.catalog);
	row_equal("scarce", w->skus[strmap_get(&w->sku_code, "C")].scarce, true);
	row_equal("others", w->skus[strmap_get(&w->sku_code, "A")].scarce, false);
	h = hints_entitlement(&catalog_hints(s.catalog)->hints, id_of(&s, "party", "D1"),
	    id_of(&s, "sku", "C"));
	assert_non_null(h);
	row_equal("ceiling", h->ceiling, 3);
	rows[0].ceiling = 9;
	row_equal("again", WRITE(&s, write_entitlements, rows, 1)->written, 1);
	row_equal("ceiling", h->ceiling, 9);
	rows[1] = rows[0];
	refused("twice", WRITE(&s, write_entitlements, rows, 2), ERR_BAD_FIELD,
	    "entitlements[1].dealer");
	rows[1].dealer = "S1";
	refused("dealer", WRITE(&s, write_entitlements, rows, 2), ERR_BAD_FIELD,
	    "entitlements[1].dealer");
}

static void
test_claims(void **state)
{
	struct claim_row rows[] = {
	    {77, "D1-1", "S1", "qr", CLAIM_SCAN, 60 * US_PER_MIN, 0},
	    {UINT64_MAX, "D1-2", "", "", CLAIM_LOCATION, 60 * US_PER_MIN,
	        INT64_C(4000000000) * US_PER_S},
	};
	struct instance other;
	struct change changes[2];

	(void)state;
	row_equal("written", WRITE(&s, write_claims, rows, 2)->written, 2);
	row_equal("feed", last_change(changes, 2), 2);
	row_equal("customer",
	    changes[0].row.claim.customer == 77 || changes[1].row.claim.customer == 77, true);
	row_equal("here", catalog_hints(s.catalog)->hints.claim_used, 2);
	rows[0].until_us = 70 * US_PER_MIN;
	row_equal("ended", WRITE(&s, write_claims, rows, 1)->written, 1);
	row_equal("one row", sql_number(small_db(), "select count(*) from ownership_claim"), 2);
	row_equal("no id of the customer",
	    sql_number(small_db(),
	        "select count(*) from ownership_claim where customer in (77, -1)"),
	    2);
	/* One that ended is not read any more. */
	instance_start(&other, small_db(), &plain_compile);
	row_equal("load", instance_load(&other), ERR_OK);
	row_equal("live", catalog_hints(other.catalog)->hints.claim_used, 1);
	instance_stop(&other);
	rows[1] = rows[0];
	refused("twice", WRITE(&s, write_claims, rows, 2), ERR_BAD_FIELD, "claims[1].customer");
	rows[1].staff = "D1";
	refused("staff", WRITE(&s, write_claims, rows, 2), ERR_BAD_FIELD, "claims[1].staff");
	rows[1].staff = "";
	rows[1].location = "SITE";
	refused("not a store", WRITE(&s, write_claims, rows, 2), ERR_BAD_FIELD,
	    "claims[1].location");
}

/* A store whose limit changes has it on the days that are taken from already. */
static void
test_capacity_limit(void **state)
{
	struct location_row row = {.code = "D1-2",
	    .operator_code = "D1",
	    .region = "",
	    .time_zone = "Asia/Shanghai"};
	const struct capacity_hint *h;

	(void)state;
	sql_run(small_db(),
	    "insert into capacity (dealer_id, location_id, day, limit_count, taken) "
	    "select party_id, location_id, current_date, 5, 5 from location where code = 'D1-2'");
	row.l.kind = LOC_STORE;
	row.l.hours.always = true;
	row.l.capacity_day = 8;
	row_equal("written", WRITE(&s, write_locations, &row, 1)->written, 1);
	row_equal("limit", sql_number(small_db(), "select limit_count from capacity"), 8);
	h = hints_capacity(&catalog_hints(s.catalog)->hints, id_of(&s, "location", "D1-2"),
	    (int32_t)sql_number(small_db(), "select current_date - '1970-01-01'::date"));
	assert_non_null(h);
	row_equal("hint", h->limit, 8);
	row_equal("hint", h->taken, 5);
}

/* A fresh instance reads what the writer's own hints hold, figure for figure. */
static void
test_loaded_equal(void **state)
{
	const struct hints *a, *b;
	const struct stock_hint *x, *y;
	struct instance other;
	uint32_t i, rows;
	int32_t l;

	(void)state;
	instance_start(&other, small_db(), &plain_compile);
	row_equal("load", instance_load(&other), ERR_OK);
	a = &catalog_hints(s.catalog)->hints;
	b = &catalog_hints(other.catalog)->hints;
	rows = 0;
	for (l = 1; l < a->region_count; l++) {
		for (i = 0; i < a->regions[l].size; i++) {
			x = &a->stock[a->regions[l].first + i];
			if (x->sku == 0)
				continue;
			y = hints_stock(b, l, x->sku, x->goods_owner);
			assert_non_null(y);
			assert_memory_equal(x, y, sizeof(*x));
			rows++;
		}
	}
	row_equal("rows", rows, sql_number(small_db(), "select count(*) from stock_level"));
	row_equal("slots", b->slot_used, a->slot_used);
	row_equal("entitlements", b->entitlement_used, a->entitlement_used);
	row_equal("capacity", b->capacity_used, a->capacity_used);
	instance_stop(&other);
}

static void
reloaded(void *ctx, enum err e)
{
	assert_int_equal(e, ERR_OK);
	*(bool *)ctx = true;
}

/* A feed that lost its place has everything read anew, also what no change row told. */
static void
test_reload(void **state)
{
	const struct count_row row = {"D1-1", "C", "", 5, 0, US_PER_MIN};
	int64_t version = catalog_world(s.catalog)->version;
	bool done = false;

	(void)state;
	row_equal("written", WRITE(&s, write_counts, &row, 1)->written, 1);
	sql_run(small_db(),
	    "update stock_level set on_hand = 77, version = version + 1 "
	    "where on_hand = 5 and counted_at = '1970-01-01 00:01Z'");
	row_equal("not told", stock_of(&s, "D1-1", "C", "D1")->atp, 5);
	assert_int_equal(catalog_reload_then(s.catalog, reloaded, &done), ERR_OK);
	instance_wait(&s, &done);
	row_equal("read", stock_of(&s, "D1-1", "C", "D1")->atp, 77);
	row_equal("world", catalog_world(s.catalog)->version, version);
}

/* Where the feed stood is where its reader goes on. */
static void
test_positions(void **state)
{
	const struct feed_position *p;
	struct instance other;
	int64_t sum;
	int i, n;

	(void)state;
	instance_start(&other, small_db(), &plain_compile);
	row_equal("load", instance_load(&other), ERR_OK);
	n = catalog_feed_positions(other.catalog, &p);
	row_equal("streams", n,
	    sql_number(small_db(), "select count(distinct stream_id) from stock_change"));
	for (i = 0, sum = 0; i < n; i++)
		sum += p[i].seq;
	row_equal("seqs", sum,
	    sql_number(small_db(),
	        "select sum(m) from (select max(seq) m from stock_change group by stream_id) x"));
	instance_stop(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_count_with_orders),
	    cmocka_unit_test(test_counts_refused),
	    cmocka_unit_test(test_deltas),
	    cmocka_unit_test(test_count_after_delta),
	    cmocka_unit_test(test_overflow),
	    cmocka_unit_test(test_slots),
	    cmocka_unit_test(test_entitlements),
	    cmocka_unit_test(test_claims),
	    cmocka_unit_test(test_capacity_limit),
	    cmocka_unit_test(test_loaded_equal),
	    cmocka_unit_test(test_reload),
	    cmocka_unit_test(test_positions),
	};

	return cmocka_run_group_tests(tests, small_start, small_stop);
}
