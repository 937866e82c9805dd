/* Every reason that rules a candidate out, every refusal, and that the earlier reason is told. */
#include "domain/world_fixture.h"
#include "unit.h"

static const struct rule_step ship_site[] = {{WAY_SHIP, SOURCE_SITE}};
static const struct rule_step ship_cloud[] = {{WAY_SHIP, SOURCE_CLOUD}};
static const struct rule_step ship_cloud_site[] = {{WAY_SHIP, SOURCE_CLOUD},
    {WAY_SHIP, SOURCE_SITE}};
static const struct rule_step deliver_owner[] = {{WAY_DELIVER, SOURCE_OWNER_STORES}};
static const struct rule_step deliver_other[] = {{WAY_DELIVER, SOURCE_OTHER_STORES}};
static const struct rule_step pickup_owner[] = {{WAY_PICKUP, SOURCE_OWNER_STORES}};
static const struct rule_step pickup_named[] = {{WAY_PICKUP, SOURCE_REQUESTED}};

#define DAY ((int32_t)(F_NOW / 86400000000)) /* 02:00 UTC, 10:00 local: the same date */

enum change {
	NO_CHANGE,
	DISABLE,
	DISABLE_PARTY,
	NO_WAY,
	EXCLUDE,
	RADIUS_OWN,
	RADIUS_POLICY,
	NO_POSITION,
	TERRITORY,
	TERRITORY_OWNERS,
	TERRITORY_OFF,
	GRADE,
	GRADE_EQUAL,
	NO_ROW,
	ZERO,
	SAFETY,
	STALE,
	STALE_NOT_YET,
	SUSPECT,
	SUSPECT_OVER,
	INFLIGHT,
	CAPACITY,
	CAPACITY_INFLIGHT,
	CAPACITY_OTHER_DAY,
	SLOT_NONE,
	SLOT_FULL,
	SLOT_INFLIGHT,
	SLOT_OVER,
	SLOT_LEFT,
	NEVER_OPEN,
	SLOT_SOON,
	CUT_OFF,
	CUT_OFF_LATER,
	ENTITLEMENT_NO_ROW,
	ENTITLEMENT_ZERO,
	ENTITLEMENT_LEFT,
	ENTITLEMENT_INFLIGHT,
	SPLIT_OFF,
	PARCEL_MIN
};

static void
slot(struct fixture *f, int from, int to, int limit, int inflight)
{
	struct slot_hint *s;

	f->request.has_slot = true;
	f->request.slot_day = DAY;
	f->request.slot_from_min = (int16_t)from;
	f->request.slot_to_min = (int16_t)to;
	f->request.location = world_location(&f->world, 1);
	if (limit < 0)
		return;
	s = hints_slot_put(&f->hints, 1, DAY, from, to);
	s->limit = limit;
	s->taken = 1;
	s->inflight = inflight;
}

static void
change_location(struct fixture *f, enum change c)
{
	struct location *l = fixture_at(f, 1);

	switch (c) {
	case DISABLE:
		l->disabled = true;
		break;
	case DISABLE_PARTY:
		f->parties[l->party_idx].disabled = true;
		break;
	case NO_WAY:
		l->ways = (uint8_t)(l->ways & ~(1U << f->request.way));
		break;
	case EXCLUDE:
		f->request.exclude_count = 2;
		f->request.exclude[0] = 99;
		f->request.exclude[1] = 1;
		break;
	case RADIUS_OWN:
		l->deliver_radius_m = 4000;
		break;
	case RADIUS_POLICY:
		f->policy.radius_m = 4000;
		break;
	case NO_POSITION:
		f->request.has_position = false;
		break;
	case TERRITORY:
	case TERRITORY_OWNERS:
	case TERRITORY_OFF:
		f->policy.territory_exclusive = true;
		l->territory = 0;
		f->territories[0].dealer = c == TERRITORY_OWNERS ? f->dealer : f->other;
		f->territories[0].disabled = c == TERRITORY_OFF;
		break;
	case GRADE:
	case GRADE_EQUAL:
		f->policy.grade_worst = c == GRADE ? 2 : 3;
		break;
	default:
		break;
	}
}

static void
change_stock(struct fixture *f, enum change c)
{
	struct stock_hint *s = hints_stock(&f->hints, 1, 1, fixture_at(f, 1)->party);

	switch (c) {
	case NO_ROW:
		s->sku = 2;
		break;
	case ZERO:
		s->atp = 0;
		break;
	case SAFETY:
		s->atp = -1;
		s->safety = 2;
		break;
	case STALE:
	case STALE_NOT_YET:
		f->policy.stale_after_min = 60;
		s->counted_min -= c == STALE ? 61 : 60;
		break;
	case SUSPECT:
	case SUSPECT_OVER:
		s->suspect_until_min = (uint32_t)(F_NOW / 60000000) + (c == SUSPECT);
		break;
	case INFLIGHT:
		s->inflight = s->atp;
		break;
	default:
		break;
	}
}

static void
change_limits(struct fixture *f, enum change c)
{
	struct location *l = fixture_at(f, 1);
	struct capacity_hint *day;

	switch (c) {
	case CAPACITY:
	case CAPACITY_INFLIGHT:
	case CAPACITY_OTHER_DAY:
		l->capacity_day = 2;
		day = hints_capacity_put(&f->hints, 1, c == CAPACITY_OTHER_DAY ? DAY + 1 : DAY);
		day->limit = 2;
		day->taken = c == CAPACITY_INFLIGHT ? 1 : 2;
		day->inflight = c == CAPACITY_INFLIGHT;
		break;
	case SLOT_NONE:
		slot(f, 840, 900, -1, 0);
		break;
	case SLOT_FULL:
		slot(f, 840, 900, 1, 0);
		break;
	case SLOT_INFLIGHT:
		slot(f, 840, 900, 2, 1);
		break;
	case SLOT_OVER:
		slot(f, 540, 600, 5, 0);
		break;
	case SLOT_LEFT:
		slot(f, 840, 900, 2, 0);
		break;
	default:
		break;
	}
}

static void
change_rest(struct fixture *f, enum change c)
{
	struct location *l = fixture_at(f, 1);
	struct stock_hint *s = hints_stock(&f->hints, 1, 1, l->party);

	switch (c) {
	case NEVER_OPEN:
		l->hours = (struct hours){0};
		break;
	case SLOT_SOON:
		slot(f, 600, 620, 5, 0);
		break;
	case CUT_OFF:
	case CUT_OFF_LATER:
		l->cut_off_min = c == CUT_OFF ? 629 : 630;
		break;
	case ENTITLEMENT_NO_ROW:
	case ENTITLEMENT_ZERO:
	case ENTITLEMENT_LEFT:
	case ENTITLEMENT_INFLIGHT:
		fixture_sku_at(f, 1)->scarce = true;
		if (c == ENTITLEMENT_NO_ROW)
			break;
		hints_entitlement_put(&f->hints, f->dealer, 1)->ceiling = 4;
		hints_entitlement(&f->hints, f->dealer, 1)->used = c == ENTITLEMENT_ZERO ? 4 : 2;
		hints_entitlement(&f->hints, f->dealer, 1)->inflight =
		    c == ENTITLEMENT_INFLIGHT ? 2 : 0;
		break;
	case SPLIT_OFF:
		f->policy.max_parcels = 1;
		s->atp = 1;
		break;
	case PARCEL_MIN:
		f->policy.parcel_min_fen = 1001;
		s->atp = 1;
		break;
	default:
		break;
	}
}

/* Each cause is known to one of them. */
static void
change_world(struct fixture *f, enum change c)
{
	change_location(f, c);
	change_stock(f, c);
	change_limits(f, c);
	change_rest(f, c);
}

static const struct {
	const char *label;
	const struct rule_step *step;
	enum location_kind kind;
	bool other;
	enum change change;
	enum reason_code out;
	enum err refusal;
} causes_table[] = {
    {"0 survives", ship_site, LOC_SITE, false, NO_CHANGE, OUT_NOT, ERR_OK},
    {"0 survives: delivery", deliver_other, LOC_STORE, true, NO_CHANGE, OUT_NOT, ERR_OK},
    {"1 disabled", ship_site, LOC_SITE, false, DISABLE, OUT_DISABLED, ERR_NO_LOCATION},
    {"1 disabled party", ship_site, LOC_SITE, false, DISABLE_PARTY, OUT_DISABLED, ERR_NO_LOCATION},
    {"2 capability", ship_site, LOC_SITE, false, NO_WAY, OUT_CAPABILITY, ERR_NO_LOCATION},
    {"3 excluded", ship_site, LOC_SITE, false, EXCLUDE, OUT_EXCLUDED, ERR_NO_LOCATION},
    {"4 radius of its own", deliver_owner, LOC_STORE, false, RADIUS_OWN, OUT_RADIUS,
        ERR_NO_LOCATION},
    {"4 radius of the policy", deliver_owner, LOC_STORE, false, RADIUS_POLICY, OUT_RADIUS,
        ERR_NO_LOCATION},
    {"4 no position", deliver_owner, LOC_STORE, false, NO_POSITION, OUT_RADIUS, ERR_NO_LOCATION},
    {"4 pickup too far", pickup_owner, LOC_STORE, false, RADIUS_POLICY, OUT_RADIUS,
        ERR_NO_LOCATION},
    {"4 pickup without position", pickup_owner, LOC_STORE, false, NO_POSITION, OUT_NOT, ERR_OK},
    {"4 shipping has no radius", ship_site, LOC_SITE, false, RADIUS_POLICY, OUT_NOT, ERR_OK},
    {"5 territory", deliver_other, LOC_STORE, true, TERRITORY, OUT_TERRITORY, ERR_NO_LOCATION},
    {"5 the owner's territory", deliver_other, LOC_STORE, true, TERRITORY_OWNERS, OUT_NOT, ERR_OK},
    {"5 a disabled territory", deliver_other, LOC_STORE, true, TERRITORY_OFF, OUT_NOT, ERR_OK},
    {"5 the owner's own store", deliver_owner, LOC_STORE, false, TERRITORY, OUT_NOT, ERR_OK},
    {"6 grade", deliver_other, LOC_STORE, true, GRADE, OUT_GRADE, ERR_NO_LOCATION},
    {"6 grade good enough", deliver_other, LOC_STORE, true, GRADE_EQUAL, OUT_NOT, ERR_OK},
    {"7 not stocked", ship_site, LOC_SITE, false, NO_ROW, OUT_NOT_STOCKED, ERR_NO_LOCATION},
    {"8 stock", ship_site, LOC_SITE, false, ZERO, OUT_STOCK, ERR_OUT_OF_STOCK},
    {"8 stock all under way", ship_site, LOC_SITE, false, INFLIGHT, OUT_STOCK, ERR_OUT_OF_STOCK},
    {"9 safety", ship_site, LOC_SITE, false, SAFETY, OUT_SAFETY, ERR_OUT_OF_STOCK},
    {"10 stale", ship_site, LOC_SITE, false, STALE, OUT_STALE, ERR_OUT_OF_STOCK},
    {"10 stale in a minute", ship_site, LOC_SITE, false, STALE_NOT_YET, OUT_NOT, ERR_OK},
    {"11 suspect", ship_site, LOC_SITE, false, SUSPECT, OUT_SUSPECT, ERR_OUT_OF_STOCK},
    {"11 suspect no more", ship_site, LOC_SITE, false, SUSPECT_OVER, OUT_NOT, ERR_OK},
    {"12 capacity", deliver_owner, LOC_STORE, false, CAPACITY, OUT_CAPACITY, ERR_NO_LOCATION},
    {"12 capacity under way", deliver_owner, LOC_STORE, false, CAPACITY_INFLIGHT, OUT_CAPACITY,
        ERR_NO_LOCATION},
    {"12 capacity of another day", deliver_owner, LOC_STORE, false, CAPACITY_OTHER_DAY, OUT_NOT,
        ERR_OK},
    {"13 no such slot", pickup_named, LOC_STORE, false, SLOT_NONE, OUT_SLOT, ERR_SLOT_FULL},
    {"13 slot full", pickup_named, LOC_STORE, false, SLOT_FULL, OUT_SLOT, ERR_SLOT_FULL},
    {"13 slot under way", pickup_named, LOC_STORE, false, SLOT_INFLIGHT, OUT_SLOT, ERR_SLOT_FULL},
    {"13 slot over", pickup_named, LOC_STORE, false, SLOT_OVER, OUT_SLOT, ERR_SLOT_FULL},
    {"13 slot with room", pickup_named, LOC_STORE, false, SLOT_LEFT, OUT_NOT, ERR_OK},
    {"14 never open", deliver_owner, LOC_STORE, false, NEVER_OPEN, OUT_CLOSED, ERR_NO_LOCATION},
    {"14 the slot ends too soon", deliver_owner, LOC_STORE, false, SLOT_SOON, OUT_CLOSED,
        ERR_NO_LOCATION},
    {"14 a named pickup is not filtered", pickup_named, LOC_STORE, false, SLOT_SOON, OUT_NOT,
        ERR_OK},
    {"14 past cut-off", deliver_owner, LOC_STORE, false, CUT_OFF, OUT_CLOSED, ERR_NO_LOCATION},
    {"14 ready at the cut-off", deliver_owner, LOC_STORE, false, CUT_OFF_LATER, OUT_NOT, ERR_OK},
    {"15 entitlement without row", ship_cloud, LOC_CLOUD, false, ENTITLEMENT_NO_ROW,
        OUT_ENTITLEMENT, ERR_ENTITLEMENT_USED},
    {"15 entitlement used", ship_cloud, LOC_CLOUD, false, ENTITLEMENT_ZERO, OUT_ENTITLEMENT,
        ERR_ENTITLEMENT_USED},
    {"15 entitlement under way", ship_cloud, LOC_CLOUD, false, ENTITLEMENT_INFLIGHT,
        OUT_ENTITLEMENT, ERR_ENTITLEMENT_USED},
    {"15 entitlement left", ship_cloud, LOC_CLOUD, false, ENTITLEMENT_LEFT, OUT_NOT, ERR_OK},
    {"15 not asked of SITE", ship_site, LOC_SITE, false, ENTITLEMENT_ZERO, OUT_NOT, ERR_OK},
    {"16 splitting is off", ship_site, LOC_SITE, false, SPLIT_OFF, OUT_SPLIT_OFF, ERR_OUT_OF_STOCK},
    {"17 parcel under minimum", ship_site, LOC_SITE, false, PARCEL_MIN, OUT_PARCEL_MIN,
        ERR_OUT_OF_STOCK},
};

/* One location 5 km away with 10 of sku 1, 2 wanted: what rules it out, and what is told. */
static void
test_reasons(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(causes_table); i++) {
		struct fixture *f = fixture_new();
		int32_t party = causes_table[i].kind != LOC_STORE ? f->brand
		    : causes_table[i].other                       ? f->other
		                                                  : f->dealer;

		fixture_territory(f, f->other);
		fixture_location(f, causes_table[i].kind, party, 5);
		fixture_stock(f, 1, 1, party, 10);
		fixture_rule(f, 1, causes_table[i].step);
		fixture_ready(f);
		f->request.way = causes_table[i].step->way;
		if (causes_table[i].step == pickup_named)
			f->request.location = world_location(&f->world, 1);
		fixture_line(f, 1, 2);
		change_world(f, causes_table[i].change);
		fixture_decide(f, 1);
		/* Other dealers' stores are searched on the map, the owner's by list. */
		row_equal(causes_table[i].label, fixture_reason(f, 1), causes_table[i].out);
		row_equal(causes_table[i].label, f->d->refusal.err, causes_table[i].refusal);
		row_equal(causes_table[i].label, f->d->option_count,
		    causes_table[i].refusal == ERR_OK);
		fixture_free(f);
	}
}

/* With each pair of causes at once, the one earlier in the list is told. */
static void
test_first_reason(void **state)
{
	static const enum change causes[] = {DISABLE, NO_WAY, EXCLUDE, RADIUS_OWN, TERRITORY, GRADE,
	    ZERO, CAPACITY, SLOT_FULL};
	static const enum reason_code out[] = {OUT_DISABLED, OUT_CAPABILITY, OUT_EXCLUDED,
	    OUT_RADIUS, OUT_TERRITORY, OUT_GRADE, OUT_STOCK, OUT_CAPACITY, OUT_SLOT};
	char label[64];

	(void)state;
	for (size_t i = 0; i < ROWS(causes); i++)
		for (size_t k = i; k < ROWS(causes); k++) {
			struct fixture *f = fixture_new();

			fixture_territory(f, f->other);
			fixture_location(f, LOC_STORE, f->other, 5);
			fixture_stock(f, 1, 1, f->other, 10);
			fixture_rule(f, 1, deliver_other);
			fixture_ready(f);
			f->request.way = WAY_DELIVER;
			fixture_line(f, 1, 2);
			change_world(f, causes[k]);
			change_world(f, causes[i]);
			fixture_decide(f, 1);
			(void)snprintf(label, sizeof(label), "causes %d and %d", (int)causes[i],
			    (int)causes[k]);
			row_equal(label, fixture_reason(f, 1), out[i]);
			fixture_free(f);
		}
}

/* Rows of several goods owners: the last filter that something passed up to. */
static void
test_stock_reasons_over_rows(void **state)
{
	struct fixture *f = fixture_new();
	struct stock_hint *a, *b;

	(void)state;
	fixture_location(f, LOC_SITE, f->brand, 5);
	a = fixture_stock(f, 1, 1, f->brand, 0);
	b = fixture_stock(f, 1, 1, f->dealer, 5);
	fixture_rule(f, 1, ship_site);
	fixture_ready(f);
	fixture_line(f, 1, 1);
	b->suspect_until_min = UINT32_MAX;
	fixture_decide(f, 1);
	row_equal("none and suspect", fixture_reason(f, 1), OUT_SUSPECT);
	a->atp = 1;
	fixture_decide(f, 1);
	row_equal("one and suspect", fixture_reason(f, 1), OUT_NOT);
	row_equal("suspect rows give nothing", f->d->runs[0].candidates[0].lines[0].pool_count, 1);
	a->atp = 0;
	a->safety = 1;
	b->suspect_until_min = 0;
	f->policy.stale_after_min = 10;
	b->counted_min -= 11;
	fixture_decide(f, 1);
	row_equal("safety and stale", fixture_reason(f, 1), OUT_STALE);
	fixture_free(f);
}

static void
test_refusals(void **state)
{
	struct fixture *f = fixture_new();
	struct rule *r;

	(void)state;
	fixture_location(f, LOC_CLOUD, f->brand, 5);
	fixture_location(f, LOC_SITE, f->brand, 5);
	fixture_stock(f, 1, 1, f->brand, 10);
	fixture_stock(f, 2, 1, f->brand, 1);
	r = fixture_rule(f, 2, ship_cloud_site);
	fixture_ready(f);
	fixture_line(f, 1, 6);
	fixture_sku_at(f, 1)->scarce = true;
	hints_entitlement_put(&f->hints, f->dealer, 1)->ceiling = 4;
	row_equal("4 by entitlement and 1", fixture_decide(f, 1)->refusal.err,
	    ERR_ENTITLEMENT_USED);
	f->lines[0].quantity = 12;
	row_equal("12 of 11, whatever the entitlement", fixture_decide(f, 1)->refusal.err,
	    ERR_OUT_OF_STOCK);
	f->lines[0].quantity = 5;
	row_equal("4 and 1", fixture_decide(f, 1)->option_count, 1);
	row_equal("4 charged to the entitlement", fixture_units(f, 0, 1), 4);
	row_equal("and marked so", f->d->options[0].parts[0].cloud, true);
	r->refuse = true;
	memcpy(r->refuse_text, "not by mail", 12);
	row_equal("a rule refuses", fixture_decide(f, 1)->refusal.err, ERR_REFUSED_BY_RULE);
	row_text("with its text", f->d->refusal.text, "not by mail");
	row_text("and the line", f->d->refusal.field, "basket.lines[0].sku");
	r->price_from_fen = 2000;
	row_equal("no rule fits", fixture_decide(f, 1)->refusal.err, ERR_NO_LOCATION);
	fixture_free(f);
}

/* What a probe reads again: rows that were short, nearest first, never those without a row. */
static void
test_probe_keys(void **state)
{
	struct fixture *f = fixture_new();
	struct stock_key keys[4];
	struct decide_in in;

	(void)state;
	for (int i = 0; i < 4; i++)
		fixture_location(f, LOC_STORE, f->dealer, 8 - i);
	fixture_stock(f, 1, 1, f->dealer, 0);
	fixture_stock(f, 2, 1, f->dealer, 0);
	fixture_stock(f, 3, 1, f->dealer, 0);
	fixture_at(f, 2)->disabled = true;
	fixture_rule(f, 1, deliver_owner);
	fixture_ready(f);
	f->request.way = WAY_DELIVER;
	fixture_line(f, 1, 1);
	in = fixture_in(f, 1);
	row_equal("two of four", decide_probe_keys(&in, keys, 4), 2);
	row_equal("the nearer", keys[0].location, 3);
	row_equal("the farther", keys[1].location, 1);
	row_equal("every owner's", keys[1].goods_owner, 0);
	row_equal("of the sku", keys[1].sku, 1);
	row_equal("at most one", decide_probe_keys(&in, keys, 1), 1);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reasons),
	    cmocka_unit_test(test_first_reason),
	    cmocka_unit_test(test_stock_reasons_over_rows),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_probe_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
