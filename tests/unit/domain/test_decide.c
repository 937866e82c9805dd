/* Rules to groups, runs to plans: promises, named stores, options, fees, partial policies, memory. */
#include "base/parse.h"
#include "domain/world_fixture.h"
#include "unit.h"

static const struct rule_step deliver_all[] = {{WAY_DELIVER, SOURCE_OWNER_STORE},
    {WAY_DELIVER, SOURCE_OWNER_STORES}, {WAY_DELIVER, SOURCE_OTHER_STORES},
    {WAY_SHIP, SOURCE_CLOUD}, {WAY_SHIP, SOURCE_SITE}};
static const struct rule_step pickup_all[] = {{WAY_PICKUP, SOURCE_REQUESTED},
    {WAY_PICKUP, SOURCE_OWNER_STORE}, {WAY_PICKUP, SOURCE_OWNER_STORES},
    {WAY_PICKUP, SOURCE_OTHER_STORES}};
static const struct rule_step site[] = {{WAY_SHIP, SOURCE_SITE}};
static const struct rule_step cloud[] = {{WAY_SHIP, SOURCE_CLOUD}};
static const struct rule_step cloud_site[] = {{WAY_SHIP, SOURCE_CLOUD}, {WAY_SHIP, SOURCE_SITE}};
static const enum rank_key keys[] = {RANK_SOURCE, RANK_DISTANCE_BAND};

static int64_t
at(const char *s)
{
	int64_t us = 0;

	assert_int_equal(parse_time(s, &us), ERR_OK);
	return us;
}

/*
 * The owner's store 1 at 8 km, his store 2 at 6 km, another dealer's 3 at 2 km and 4 at 30 km, CLOUD 5, SITE 6;
 * all open 9 to 21, ten of sku 1 each.
 */
static struct fixture *
town(int count, const struct rule_step *steps)
{
	static const double km[] = {8, 6, 2, 30, 0, 0};
	struct fixture *f = fixture_new();
	struct location *l;
	int32_t party;

	for (int i = 0; i < 6; i++) {
		party = i < 2 ? f->dealer : i < 4 ? f->other : f->brand;
		l = fixture_at(f,
		    fixture_location(f,
		        i < 4        ? LOC_STORE
		            : i == 4 ? LOC_CLOUD
		                     : LOC_SITE,
		        party, km[i]));
		l->lead_min = i < 4 ? 60 : 0;
		l->hours.always = i >= 4;
		for (int d = 0; d < HOURS_MAX; d++) {
			l->hours.open[d] = 540;
			l->hours.close[d] = 1260;
		}
		fixture_stock(f, i + 1, 1, party, 10);
	}
	fixture_rule(f, count, steps);
	fixture_ranking(f, 2, keys);
	fixture_ready(f);
	f->owner.store = 1;
	f->request.way = steps[0].way;
	fixture_line(f, 1, 1);
	return f;
}

static void
test_promises(void **state)
{
	static const struct {
		const char *label;
		int count;
		const struct rule_step *steps;
		const char *now;
		bool named, slot, to_order;
		int cut_off;
		const char *from, *to, *deadline;
	} rows[] = {
	    {"delivery in the morning", 5, deliver_all, "2026-11-16T10:00:00+08:00", false, false,
	        false, 0, "2026-11-16T11:30:00+08:00", "2026-11-16T12:30:00+08:00",
	        "2026-11-16T10:30:00+08:00"},
	    {"delivery at closing time", 5, deliver_all, "2026-11-16T20:45:00+08:00", false, false,
	        false, 0, "2026-11-17T10:15:00+08:00", "2026-11-17T11:15:00+08:00",
	        "2026-11-17T09:15:00+08:00"},
	    {"pickup at night: the next opening", 4, pickup_all, "2026-11-16T23:00:00+08:00", true,
	        false, false, 0, "2026-11-17T10:30:00+08:00", "2026-11-17T10:30:00+08:00",
	        "2026-11-17T09:30:00+08:00"},
	    {"pickup in a slot", 4, pickup_all, "2026-11-16T10:00:00+08:00", true, true, false, 0,
	        "2026-11-16T14:00:00+08:00", "2026-11-16T15:00:00+08:00",
	        "2026-11-16T10:30:00+08:00"},
	    {"pickup past the cut-off: tomorrow", 4, pickup_all, "2026-11-16T16:00:00+08:00", true,
	        false, false, 960, "2026-11-17T10:30:00+08:00", "2026-11-17T10:30:00+08:00",
	        "2026-11-17T09:30:00+08:00"},
	    {"pickup before the cut-off", 4, pickup_all, "2026-11-16T15:59:00+08:00", true, false,
	        false, 960, "2026-11-16T17:29:00+08:00", "2026-11-16T17:29:00+08:00",
	        "2026-11-16T16:29:00+08:00"},
	    {"shipped from SITE", 1, site, "2026-11-16T23:00:00+08:00", false, false, false, 0,
	        "2026-11-16T23:00:00+08:00", "2026-11-18T23:00:00+08:00", NULL},
	    {"shipped from CLOUD", 1, cloud, "2026-11-16T23:00:00+08:00", false, false, false, 0,
	        "2026-11-16T23:00:00+08:00", "2026-11-19T23:00:00+08:00", NULL},
	    {"SITE past its cut-off", 1, site, "2026-11-16T23:00:00+08:00", false, false, false,
	        960, "2026-11-17T00:00:00+08:00", "2026-11-19T00:00:00+08:00", NULL},
	    {"made to order", 1, site, "2026-11-16T23:00:00+08:00", false, false, true, 0,
	        "2026-12-01T23:00:00+08:00", "2026-12-03T23:00:00+08:00", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fixture *f = town(rows[i].count, rows[i].steps);
		const struct part *p;

		f->request.now_us = at(rows[i].now);
		f->request.location = rows[i].named ? world_location(&f->world, 3) : NONE;
		f->skus[0].made_to_order = rows[i].to_order;
		for (int32_t l = 1; l <= 6; l++)
			fixture_at(f, l)->cut_off_min = rows[i].cut_off;
		if (rows[i].slot) {
			f->request.has_slot = true;
			f->request.slot_day = (int32_t)(F_NOW / 86400000000);
			f->request.slot_from_min = 840;
			f->request.slot_to_min = 900;
			hints_slot_put(&f->hints, 3, f->request.slot_day, 840, 900)->limit = 1;
		}
		row_equal(rows[i].label, fixture_decide(f, 1)->option_count, 1);
		p = &f->d->options[0].parts[0];
		row_equal(rows[i].label, p->promise_from_us, at(rows[i].from));
		row_equal(rows[i].label, p->promise_to_us, at(rows[i].to));
		row_equal(rows[i].label, p->offer_deadline_us,
		    rows[i].deadline == NULL ? 0 : at(rows[i].deadline));
		row_equal(rows[i].label, f->d->options[0].promise_to_us, at(rows[i].to));
		row_equal(rows[i].label, p->takes_slot, rows[i].slot);
		fixture_free(f);
	}
}

/* Owner's store, his others, others within 20 km, then the next run. */
static void
test_sources(void **state)
{
	static const int32_t order[] = {1, 2, 3, 5, 6};
	struct fixture *f = town(5, deliver_all);

	(void)state;
	row_equal("options", fixture_decide(f, OPTIONS_MAX)->option_count, 5);
	for (int i = 0; i < 5; i++)
		row_equal("in order", f->d->options[i].parts[0].location, order[i]);
	row_equal("two runs", f->d->run_count, 2);
	row_equal("the fourth is beyond the radius", fixture_reason(f, 4), -1);
	row_equal("one option asked, one run looked at", fixture_decide(f, 1)->run_count, 1);
	row_equal("chosen", f->d->runs[0].candidates[0].chosen, true);
	row_equal("not chosen", f->d->runs[0].candidates[1].chosen, false);
	row_equal("no more than asked", fixture_decide(f, 3)->option_count, 3);
	f->request.has_position = false;
	fixture_decide(f, OPTIONS_MAX);
	row_equal("without position: shipped", f->d->options[0].parts[0].location, 5);
	row_equal("distance not measured", f->d->options[0].parts[0].distance_m, -1);
	fixture_free(f);
}

/*
 * Without the first offer the owner's stores at 8 and 6 km are candidates as before, with the other dealer's
 * at 2 km ahead; what names him otherwise (the owner, the source) stays.
 */
static void
test_first_offer_lost(void **state)
{
	static const struct rule_step alone[] = {{WAY_DELIVER, SOURCE_OWNER_STORE},
	    {WAY_DELIVER, SOURCE_OWNER_STORES}, {WAY_SHIP, SOURCE_CLOUD}};
	static const int32_t order[] = {3, 2, 1, 5, 6};
	struct fixture *f = town(5, deliver_all);
	const struct candidate *c;

	(void)state;
	f->parties[f->dealer - 1].accept_bps = 8999;
	f->policy.first_offer_accept_bps_min = 9000;
	row_equal("options", fixture_decide(f, OPTIONS_MAX)->option_count, 5);
	for (int i = 0; i < 5; i++)
		row_equal("by distance", f->d->options[i].parts[0].location, order[i]);
	row_equal("said why", f->d->first_offer.state, FIRST_OFFER_LOST_ACCEPT);
	row_equal("with the figure", f->d->first_offer.accept_bps, 8999);
	row_equal("still the owner", f->d->owner.dealer, f->dealer);
	c = &f->d->runs[0].candidates[2];
	row_equal("the owner's store", c->location, 1);
	row_equal("is known as such", c->source, SOURCE_OWNER_STORE);
	row_equal("and ranked with the others", c->key[0], 2);
	f->policy.first_offer_accept_bps_min = 8999;
	fixture_decide(f, OPTIONS_MAX);
	row_equal("with it he is first", f->d->options[0].parts[0].location, 1);
	fixture_free(f);

	f = town(3, alone);
	f->policy.first_offer_grade_worst = 1;
	fixture_decide(f, OPTIONS_MAX);
	row_equal("lost", f->d->first_offer.state, FIRST_OFFER_LOST_GRADE);
	row_equal("to nobody", f->d->options[0].parts[0].location, 1);
	fixture_free(f);
}

static void
test_named_store(void **state)
{
	struct fixture *f = town(4, pickup_all);

	(void)state;
	f->request.location = world_location(&f->world, 3);
	row_equal("only the named", fixture_decide(f, OPTIONS_MAX)->option_count, 1);
	row_equal("only the named", f->d->options[0].parts[0].location, 3);
	row_equal("examined", f->d->runs[0].examined, 1);
	hints_stock(&f->hints, 3, 1, f->other)->atp = 0;
	row_equal("without stock: refused", fixture_decide(f, 1)->refusal.err, ERR_OUT_OF_STOCK);
	f->request.location = world_location(&f->world, 4);
	row_equal("however far", fixture_decide(f, 1)->option_count, 1);
	f->request.location = NONE;
	fixture_decide(f, OPTIONS_MAX);
	row_equal("unnamed: the owner's first", f->d->options[0].parts[0].location, 1);
	row_equal("unnamed: no source REQUESTED", f->d->runs[0].candidates[0].source,
	    SOURCE_OWNER_STORE);
	fixture_free(f);
	f = town(5, deliver_all);
	f->request.location = world_location(&f->world, 3);
	fixture_decide(f, OPTIONS_MAX);
	row_equal("delivery by the named", f->d->options[0].parts[0].location, 3);
	row_equal("or shipped", f->d->options[1].parts[0].location, 5);
	row_equal("nobody else", f->d->option_count, 3);
	fixture_free(f);
}

static void
test_groups(void **state)
{
	struct fixture *f = town(2, cloud_site);
	int32_t made;

	(void)state;
	f->policy.rules[1] = f->policy.rules[0];
	f->policy.rules[0] = (struct rule){.made_to_order = YES,
	    .step_count = 1,
	    .steps = {{WAY_SHIP, SOURCE_SITE}}};
	f->policy.rule_count = 2;
	made = 2;
	f->skus[1] = (struct sku){.id = 2, .list_fen = 9000, .made_to_order = true};
	f->sku_by_id[2] = 1;
	f->world.sku_count = 2;
	f->world.sku_id_max = 3;
	fixture_line(f, made, 3);
	fixture_decide(f, OPTIONS_MAX);
	row_equal("two groups, one option", f->d->option_count, 1);
	row_equal("groups", f->d->group_count, 2);
	row_equal("rule of the first line", f->d->rule_of_group[0], 1);
	row_equal("stock from CLOUD", fixture_units(f, 0, 5), 1);
	row_equal("made at SITE", fixture_units(f, 1, 6), 3);
	row_equal("takes no stock", f->d->options[0].parts[1].lines[0].stocked, false);
	row_equal("the brand's goods", f->d->options[0].parts[1].lines[0].goods_owner, f->brand);
	f->policy.max_parcels = 1;
	row_equal("one parcel for two groups", fixture_decide(f, 1)->option_count, 0);
	f->lines[0].together = f->lines[1].together = 1;
	hints_stock_put(&f->hints, 6, 1, f->brand)->atp = 10;
	fixture_decide(f, 1);
	row_equal("together: the top-most rule", f->d->group_count, 1);
	row_equal("together: its SITE", fixture_units(f, 0, 6), 1);
	fixture_free(f);
}

static void
test_fees(void **state)
{
	static const struct {
		const char *label;
		int quantity;
		int64_t discount_fen, free_from_fen, want;
	} rows[] = {
	    {"the way's fee", 1, 0, 0, 900},
	    {"never free", 10, 0, 0, 900},
	    {"free from", 2, 0, 2000, 0},
	    {"not yet", 1, 0, 2000, 900},
	    {"after discounts", 2, 1, 2000, 900},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fixture *f = town(1, site);

		f->lines[0].quantity = rows[i].quantity;
		f->lines[0].discount_fen = rows[i].discount_fen;
		f->policy.fee_fen[WAY_SHIP] = 900;
		f->policy.fee_fen[WAY_DELIVER] = 500;
		f->policy.fee_free_from_fen[WAY_SHIP] = rows[i].free_from_fen;
		fixture_decide(f, 1);
		row_equal(rows[i].label, f->d->options[0].delivery_fee_fen, rows[i].want);
		fixture_free(f);
	}
}

/* Runs are tried one after the other; a partial policy takes from each what fits. */
static void
test_partial(void **state)
{
	struct fixture *f = town(5, deliver_all);

	(void)state;
	f->policy.max_parcels = 5;
	f->lines[0].quantity = 45;
	row_equal("45 of 30, then of 20", fixture_decide(f, 1)->refusal.err, ERR_OUT_OF_STOCK);
	f->policy.partial = true;
	row_equal("over both runs", fixture_decide(f, 1)->option_count, 1);
	row_equal("delivered",
	    fixture_units(f, 0, 1) + fixture_units(f, 0, 2) + fixture_units(f, 0, 3), 30);
	row_equal("shipped", fixture_units(f, 0, 5) + fixture_units(f, 0, 6), 15);
	f->lines[0].quantity = 60;
	fixture_decide(f, 1);
	row_equal("what there is", fixture_units(f, 0, 0), 50);
	f->policy.max_parcels = 2;
	fixture_decide(f, 1);
	row_equal("in two parcels", fixture_units(f, 0, 0), 20);
	for (int32_t l = 1; l <= 6; l++)
		hints_stock(&f->hints, l, 1,
		    l < 3       ? f->dealer
		        : l < 5 ? f->other
		                : f->brand)
		    ->atp = 0;
	row_equal("nothing at all", fixture_decide(f, 1)->refusal.err, ERR_OUT_OF_STOCK);
	fixture_free(f);
}

static void
test_many_rules(void **state)
{
	struct fixture *f = town(1, site);

	(void)state;
	f->policy.rule_count = 0;
	f->request.line_count = 0;
	for (int i = 0; i < GROUPS_MAX + 1; i++) {
		fixture_rule(f, 1, site)->price_from_fen = 1000 - i;
		fixture_line(f, 1, 1)->price_fen = 1000 - i;
	}
	row_equal("nine groups", fixture_decide(f, 1)->refusal.err, ERR_NO_LOCATION);
	f->request.line_count = GROUPS_MAX;
	row_equal("eight groups, one parcel", fixture_decide(f, 1)->option_count, 1);
	row_equal("eight groups, one parcel", f->d->options[0].part_count, 1);
	row_equal("eight lines", f->d->options[0].parts[0].line_count, 8);
	fixture_free(f);
}

static void
test_no_memory(void **state)
{
	struct fixture *f = town(5, deliver_all);
	struct decide_in in = fixture_in(f, OPTIONS_MAX);
	struct decision *d;
	int refused = 0;

	(void)state;
	for (size_t size = 4096; size < 65536; size += 512) {
		struct arena *a = arena_new(size);

		if (a != NULL && decide(&in, a, &d) == ERR_NO_MEMORY)
			refused++;
		arena_free(a);
	}
	row_equal("small arenas are refused", refused > 0, true);
	fixture_free(f);
}

/* The largest request over the most parcels ends in time: it is bounded by name. */
static void
test_largest(void **state)
{
	struct fixture *f = fixture_new();

	(void)state;
	for (int i = 1; i < F_SKUS; i++)
		fixture_sku(f, 100);
	for (int l = 1; l <= 16; l++) {
		fixture_location(f, LOC_SITE, f->brand, l);
		for (int s = 1; s <= 30; s++)
			fixture_stock(f, l, s, f->brand, 4);
	}
	fixture_rule(f, 1, site);
	fixture_ready(f);
	f->policy.max_parcels = PARCELS_MAX;
	for (int i = 0; i < ORDER_LINES_MAX; i++)
		fixture_line(f, 1 + i % 30, 4);
	row_equal("28 of 16 times 4", fixture_decide(f, 1)->option_count, 1);
	row_equal("seven parcels", f->d->options[0].part_count, 7);
	row_equal("the first seven", f->d->options[0].parts[6].location, 7);
	f->policy.max_parcels = 6;
	row_equal("six do not do", fixture_decide(f, 1)->refusal.err, ERR_OUT_OF_STOCK);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_promises),
	    cmocka_unit_test(test_sources),
	    cmocka_unit_test(test_first_offer_lost),
	    cmocka_unit_test(test_named_store),
	    cmocka_unit_test(test_groups),
	    cmocka_unit_test(test_fees),
	    cmocka_unit_test(test_partial),
	    cmocka_unit_test(test_many_rules),
	    cmocka_unit_test(test_no_memory),
	    cmocka_unit_test(test_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
