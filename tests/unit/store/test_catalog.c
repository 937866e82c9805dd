/* The catalog: what was written is what every instance reads, and what may not be written is named. */
#include "domain/policy.h"
#include "domain/split.h"
#include "domain/world.h"
#include "unit.h"

#include "catalog_fixture.h"

static struct instance s;

static int
small_start(void **state)
{
	if (cluster_start(state) != 0)
		return -1;
	small_catalog(&s, "catalog");
	return 0;
}

static int
small_stop(void **state)
{
	instance_stop(&s);
	return cluster_stop(state);
}

static const struct location *
location_at(const struct world *w, const char *code)
{
	uint32_t i;

	i = strmap_get(&w->location_code, code);
	assert_int_not_equal(i, STRMAP_NONE);
	return &w->locations[i];
}

static void
check_parties(const struct world *w)
{
	const struct party *p;

	row_equal("parties", w->party_count, 5);
	p = &w->parties[strmap_get(&w->party_code, "BRAND")];
	row_equal("brand", w->brand, p->id);
	row_equal("brand", p->kind, PARTY_BRAND);
	row_equal("brand", p->provider, PROVIDER_WECHAT);
	row_equal("brand", p->fee_bps, 60);
	row_equal("brand", p->has_merchant, true);
	p = &w->parties[strmap_get(&w->party_code, "D2")];
	row_equal("D2", p->grade, 5);
	row_equal("D2", p->disabled, true);
	row_equal("D2", p->has_merchant, false);
	row_equal("D2", p->accept_bps, 10000);
	p = &w->parties[strmap_get(&w->party_code, "S1")];
	row_equal("S1", p->employer, w->brand);
}

static void
check_locations(const struct world *w)
{
	const struct location *l;
	int32_t i;

	row_equal("locations", w->location_count, 5);
	row_equal("stores", w->store_count, 3);
	l = location_at(w, "D1-1");
	row_equal("D1-1", l->capacity_day, 10);
	row_equal("D1-1", l->ways, 1 << WAY_PICKUP | 1 << WAY_DELIVER);
	row_equal("D1-1", l->hours.always, false);
	row_equal("D1-1", l->hours.open[4], 540);
	row_equal("D1-1", l->hours.close[6], 1320);
	row_equal("D1-1", l->territory, world_region(w, "23.1"));
	row_equal("D1-1", l->party, w->parties[l->party_idx].id);
	row_equal("D1-2", location_at(w, "D1-2")->hours.always, true);
	row_equal("D2-1", location_at(w, "D2-1")->territory, NONE);
	row_equal("central", w->central_count, 2);
	row_text("central 0", w->locations[w->central[0]].code, "CLOUD");
	row_text("central 1", w->locations[w->central[1]].code, "SITE");
	for (i = 0; i < w->location_count; i++)
		row_equal(w->locations[i].code, world_location(w, w->locations[i].id), i);
}

/* Every store stands in its cell, and among its party's. */
static void
check_map(const struct world *w)
{
	const struct location *l;
	int32_t i, cell, n, found;

	for (i = 0; i < w->store_count; i++) {
		l = &w->locations[i];
		cell = (world_grid_line(l->lat_e6) - w->grid.row_min) * w->grid.cols +
		    world_grid_line(l->lon_e6) - w->grid.col_min;
		row_equal(l->code,
		    w->grid.cell_first[cell] <= i && i < w->grid.cell_first[cell + 1], true);
		found = 0;
		for (n = w->party_first[l->party_idx]; n < w->party_first[l->party_idx + 1]; n++)
			found += w->party_stores[n] == i;
		row_equal(l->code, found, 1);
	}
	i = strmap_get(&w->party_code, "D1") == STRMAP_NONE
	    ? NONE
	    : world_party(w, id_of(&s, "party", "D1"));
	row_equal("stores of D1", w->party_first[i + 1] - w->party_first[i], 2);
}

static void
check_goods(const struct world *w)
{
	const struct sku *a, *b, *c;

	row_equal("skus", w->sku_count, 3);
	a = &w->skus[strmap_get(&w->sku_code, "A")];
	b = &w->skus[strmap_get(&w->sku_code, "B")];
	c = &w->skus[strmap_get(&w->sku_code, "C")];
	row_equal("A", a->cost_fen, 100000);
	row_equal("A", a->list_fen, 200000);
	row_equal("A", a->floor_fen, 150000);
	row_equal("A", a->serialised, true);
	row_equal("A", a->scarce, false);
	row_text("A", w->classes[a->class_idx], "phone");
	row_text("B", w->classes[b->class_idx], "pad");
	row_equal("B", b->made_to_order, true);
	row_equal("C", c->cloud_only, true);
	row_equal("class map", strmap_get(&w->class_code, "pad"), b->class_idx);
}

/* A writer reads what he wrote, and a second instance that loads now reads the same. */
static void
test_world(void **state)
{
	const struct world *w[2];
	struct instance other;
	const struct storefront *f;
	int i;

	(void)state;
	instance_start(&other, small_db(), &plain_compile);
	row_equal("load", instance_load(&other), ERR_OK);
	w[0] = catalog_world(s.catalog);
	w[1] = catalog_world(other.catalog);
	for (i = 0; i < 2; i++) {
		check_parties(w[i]);
		check_locations(w[i]);
		check_map(w[i]);
		check_goods(w[i]);
		f = &w[i]->storefronts[strmap_get(&w[i]->storefront_code, "F1")];
		row_text("F1", w[i]->locations[f->location].code, "D1-1");
		row_equal("F1", f->kind, FRONT_STORE);
		row_equal("territories", w[i]->territory_count, 1);
		row_equal("region", world_region(w[i], "23.7"), 0);
		row_equal("region", world_region(w[i], "2.3"), NONE);
		row_equal("policies", w[i]->policy_count, 1);
		row_equal("books", w[i]->book_count, 1);
		row_equal("policy", w[i]->policies[0]->effective_from_us, INT64_C(946684800000000));
	}
	row_equal("version", w[0]->version, w[1]->version);
	instance_stop(&other);
}

/* A world that somebody holds stays as it was; the next one is another. */
static void
test_refresh(void **state)
{
	static const struct sku_row rows[] = {
	    {.code = "R", .name = "", .sku_class = "phone", .tax_class = "", .list_fen = 5}};
	const struct world *before, *after;
	struct instance other;
	int64_t loads;

	(void)state;
	instance_start(&other, small_db(), &plain_compile);
	row_equal("load", instance_load(&other), ERR_OK);
	before = catalog_pin(other.catalog);
	row_equal("nothing new", instance_refresh(&other), ERR_OK);
	row_equal("same world", catalog_world(other.catalog) == before, true);
	loads = sql_number(small_db(), "select version from catalog_state where part = 'skus'");
	row_equal("written", WRITE(&s, write_skus, rows, 1)->written, 1);
	row_equal("bumped",
	    sql_number(small_db(), "select version from catalog_state where part = 'skus'"),
	    loads + 1);
	row_equal("refresh", instance_refresh(&other), ERR_OK);
	after = catalog_world(other.catalog);
	row_equal("another world", after != before, true);
	row_equal("old one", strmap_get(&before->sku_code, "R"), STRMAP_NONE);
	row_equal("new one", strmap_get(&after->sku_code, "R") != STRMAP_NONE, true);
	row_equal("rises", after->version > before->version, true);
	row_equal("classes stay", before->skus[0].class_idx,
	    after->skus[strmap_get(&after->sku_code, "A")].class_idx);
	catalog_unpin(other.catalog, before);
	instance_stop(&other);
}

/* ---- What is refused, by name ------------------------------------------------------------------ */

static struct location_row
store(const char *code, const char *operator)
{
	struct location_row r = {.code = code,
	    .operator_code = operator,
	    .region = "",
	    .time_zone = "Asia/Shanghai"};

	r.l.kind = LOC_STORE;
	r.l.hours.always = true;
	return r;
}

static void
refused(const char *label, const struct write_result *r, enum err e, const char *field)
{
	if (r->reason.err != e || strcmp(r->reason.field, field) != 0)
		fail_msg("%s: %s at \"%s\": %s", label, err_name(r->reason.err), r->reason.field,
		    r->reason.text);
	row_equal(label, r->reason.text[0] != '\0', true);
}

static void
test_refused_parties(void **state)
{
	static const struct party_row twice[] = {
	    {.code = "X1",
	        .name = "",
	        .merchant_number = "",
	        .kind = PARTY_COURIER,
	        .grade = 1,
	        .employer = ""},
	    {.code = "X1",
	        .name = "",
	        .merchant_number = "",
	        .kind = PARTY_COURIER,
	        .grade = 1,
	        .employer = ""},
	};
	static const struct party_row kind = {.code = "D1",
	    .name = "",
	    .merchant_number = "",
	    .kind = PARTY_COURIER,
	    .grade = 1,
	    .employer = ""};
	static const struct party_row brand = {.code = "BRAND2",
	    .name = "",
	    .merchant_number = "",
	    .kind = PARTY_BRAND,
	    .grade = 1,
	    .employer = ""};
	static const struct party_row employer[] = {
	    {.code = "X2",
	        .name = "",
	        .merchant_number = "",
	        .kind = PARTY_COURIER,
	        .grade = 1,
	        .employer = ""},
	    {.code = "X3",
	        .name = "",
	        .merchant_number = "",
	        .kind = PARTY_STAFF,
	        .grade = 1,
	        .employer = "X2"},
	    {.code = "X4",
	        .name = "",
	        .merchant_number = "",
	        .kind = PARTY_STAFF,
	        .grade = 1,
	        .employer = "NO"},
	};

	(void)state;
	refused("twice", WRITE(&s, write_parties, "parties", twice, 2), ERR_BAD_FIELD,
	    "parties[1].code");
	refused("kind", WRITE(&s, write_parties, "parties", &kind, 1), ERR_EXISTS_DIFFERS,
	    "parties[0].code");
	refused("second brand", WRITE(&s, write_parties, "parties", &brand, 1), ERR_EXISTS_DIFFERS,
	    "parties[0].kind");
	refused("employer's kind", WRITE(&s, write_parties, "parties", employer, 2), ERR_BAD_FIELD,
	    "parties[1].employer");
	refused("employer", WRITE(&s, write_parties, "parties", employer + 2, 1), ERR_UNKNOWN_ID,
	    "parties[0].employer");
	/* All or nothing. */
	row_equal("left", sql_number(small_db(), "select count(*) from party where code like 'X%'"),
	    0);
}

static void
test_refused_places(void **state)
{
	struct location_row rows[3];
	static const char *const regions[] = {"23.1.5", "23.1"};
	static const struct territory_row taken[] = {{"T2", "D2", regions, 2, false}};
	static const struct territory_row not_dealer[] = {{"T2", "BRAND", regions, 1, false}};
	static const struct storefront_row front[] = {{"F2", "CLOUD", "", "", FRONT_STORE, false}};

	(void)state;
	rows[0] = store("N1", "D1");
	rows[1] = store("N2", "D1");
	rows[2] = store("N3", "GONE");
	refused("operator", WRITE(&s, write_locations, rows, 3), ERR_UNKNOWN_ID,
	    "locations[2].operator");
	rows[2] = store("D1-1", "D2");
	refused("other operator", WRITE(&s, write_locations, rows, 3), ERR_EXISTS_DIFFERS,
	    "locations[2].operator");
	rows[2] = store("SITE", "BRAND");
	refused("other kind", WRITE(&s, write_locations, rows, 3), ERR_EXISTS_DIFFERS,
	    "locations[2].kind");
	rows[2] = store("N9", "CH");
	refused("not an operator", WRITE(&s, write_locations, rows, 3), ERR_BAD_FIELD,
	    "locations[2].operator");
	rows[2] = store("N1", "D1");
	refused("twice", WRITE(&s, write_locations, rows, 3), ERR_BAD_FIELD, "locations[2].code");
	row_equal("left",
	    sql_number(small_db(), "select count(*) from location where code like 'N%'"), 0);
	refused("region", WRITE(&s, write_territories, taken, 1), ERR_EXISTS_DIFFERS,
	    "territories[0].regions");
	assert_non_null(strstr(one_written.result.reason.text, "T1"));
	row_equal("left", sql_number(small_db(), "select count(*) from territory"), 1);
	refused("not a dealer", WRITE(&s, write_territories, not_dealer, 1), ERR_BAD_FIELD,
	    "territories[0].dealer");
	refused("not a store", WRITE(&s, write_storefronts, front, 1), ERR_BAD_FIELD,
	    "storefronts[0].location");
}

/* What one territory gives up, another of the same request may take. */
static void
test_region_moves(void **state)
{
	static const char *const kept[] = {"23"};
	static const char *const moved[] = {"23.1"};
	static const char *const both[] = {"23", "23.1"};
	static const struct territory_row rows[] = {{"T3", "D2", moved, 1, false},
	    {"T1", "D1", kept, 1, false}};
	static const struct territory_row back[] = {{"T1", "D1", both, 2, false},
	    {"T3", "D2", NULL, 0, true}};
	const struct world *w;

	(void)state;
	row_equal("moved", WRITE(&s, write_territories, rows, 2)->written, 2);
	w = catalog_world(s.catalog);
	row_text("owner", w->territories[world_region(w, "23.1.7")].code, "T3");
	row_text("its store", w->territories[location_at(w, "D1-1")->territory].code, "T3");
	row_text("rest", w->territories[world_region(w, "23.2")].code, "T1");
	row_equal("back", WRITE(&s, write_territories, back, 2)->written, 2);
	w = catalog_world(s.catalog);
	row_text("owner", w->territories[world_region(w, "23.1.7")].code, "T1");
}

static void
test_campaigns(void **state)
{
	static const char *const skus[] = {"B", "A"};
	static struct campaign_row rows[2] = {
	    {.code = "C1",
	        .name = "",
	        .funder_count = 2,
	        .funder = {"BRAND", "D1"},
	        .share_bps = {7000, 3000},
	        .skus = skus,
	        .sku_count = 2,
	        .unit_max_fen = 500,
	        .budget_fen = 10000,
	        .from_us = 1000000,
	        .until_us = 2000000},
	    {.code = "C2",
	        .name = "",
	        .funder_count = 1,
	        .funder = {"D1"},
	        .share_bps = {10000},
	        .unit_max_fen = 100,
	        .budget_fen = 7,
	        .from_us = 1000000,
	        .until_us = 3000000},
	};
	const struct campaign *c;
	const struct budget_hint *h;
	const struct world *w;

	(void)state;
	row_equal("written", WRITE(&s, write_campaigns, rows, 2)->written, 2);
	w = catalog_world(s.catalog);
	c = &w->campaigns[strmap_get(&w->campaign_code, "C1")];
	row_equal("funders", c->funder_count, 2);
	row_equal("funder", c->funder[1], id_of(&s, "party", "D1"));
	row_equal("share", c->share_bps[0], 7000);
	row_equal("skus", c->sku_count, 2);
	row_equal("sorted", w->campaign_skus[c->sku_first], id_of(&s, "sku", "A"));
	row_equal("until", c->until_us, 2000000);
	h = hints_budget(&catalog_hints(s.catalog)->hints, c->id);
	assert_non_null(h);
	row_equal("budget", h->left_fen, 10000);
	c = &w->campaigns[strmap_get(&w->campaign_code, "C2")];
	row_equal("all skus", c->sku_count, 0);
	rows[0].budget_fen = 12345;
	row_equal("again", WRITE(&s, write_campaigns, rows, 1)->written, 1);
	row_equal("budget", hints_budget(&catalog_hints(s.catalog)->hints, h->campaign)->left_fen,
	    12345);
	rows[0].funder[1] = "CH";
	refused("funder", WRITE(&s, write_campaigns, rows, 1), ERR_BAD_FIELD,
	    "campaigns[0].funders");
	rows[0].funder[1] = "D1";
	rows[0].sku_count = 1;
	rows[0].skus = (const char *const[]){"NO"};
	refused("sku", WRITE(&s, write_campaigns, rows, 1), ERR_UNKNOWN_ID, "campaigns[0].skus");
}

/* ---- Versions ---------------------------------------------------------------------------------- */

static void
test_versions(void **state)
{
	struct version_put put = {.effective_from_us = 5000000, .json = "{\"x\": 1}", .note = "n"};
	const struct write_result *r;
	const struct world *w;
	int32_t version;
	int book;

	(void)state;
	for (book = 0; book < 2; book++) {
		put.book = book != 0;
		r = WRITE(&s, write_version, &put);
		row_equal("draft", r->reason.err, ERR_OK);
		row_equal("draft", r->state, 1);
		version = r->version;
		w = catalog_world(s.catalog);
		row_equal("not in force", book ? w->book_count : w->policy_count, 1);
		refused("archive a draft", WRITE(&s, write_version_state, put.book, version, 3),
		    ERR_WRONG_STATE, "state");
		row_equal("activate",
		    WRITE(&s, write_version_state, put.book, version, 2)->reason.err, ERR_OK);
		w = catalog_world(s.catalog);
		row_equal("in force", book ? w->book_count : w->policy_count, 2);
		/* By effective_from: 1970 comes before the shipped one of 2000. */
		row_equal("first", book ? w->books[0]->version : w->policies[0]->version, version);
		refused("activate again", WRITE(&s, write_version_state, put.book, version, 2),
		    ERR_WRONG_STATE, "state");
		row_equal("archive",
		    WRITE(&s, write_version_state, put.book, version, 3)->reason.err, ERR_OK);
		w = catalog_world(s.catalog);
		row_equal("out of force", book ? w->book_count : w->policy_count, 1);
		row_equal("kept for replay",
		    book ? catalog_book(s.catalog, version) != NULL
		         : catalog_policy(s.catalog, version) != NULL,
		    true);
		refused("none", WRITE(&s, write_version_state, put.book, 999, 2), ERR_NOT_FOUND,
		    book ? "split_rule_version" : "policy_version");
	}
	put = (struct version_put){.effective_from_us = 1, .json = "{\"refuse\": 1}", .note = ""};
	refused("not compiled", WRITE(&s, write_version, &put), ERR_UNKNOWN_ID, "policy.rules[0]");
	row_equal("not kept",
	    sql_number(small_db(), "select count(*) from routing_policy where body ? 'refuse'"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_world),
	    cmocka_unit_test(test_refresh),
	    cmocka_unit_test(test_refused_parties),
	    cmocka_unit_test(test_refused_places),
	    cmocka_unit_test(test_region_moves),
	    cmocka_unit_test(test_campaigns),
	    cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, small_start, small_stop);
}
