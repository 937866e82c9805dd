/* Every refusal of a request, with the field it names; and that the earlier check is told. */
#include "base/money.h"
#include "domain/validate.h"
#include "domain/world_fixture.h"
#include "unit.h"

static void
no_lines(struct request *q, struct fixture *f)
{
	(void)f;
	q->line_count = 0;
}

static void
many_lines(struct request *q, struct fixture *f)
{
	for (int i = 1; i < 5; i++)
		f->lines[i] = f->lines[0];
	q->line_count = 5;
}

static void
excludes(struct request *q, struct fixture *f)
{
	(void)f;
	q->exclude_count = EXCLUDE_MAX + 1;
}

static void
closed_front(struct request *q, struct fixture *f)
{
	(void)q;
	f->fronts[0].disabled = true;
}

static void
bad_way(struct request *q, struct fixture *f)
{
	(void)f;
	q->way = WAY_COUNT;
}

static void
pickup(struct request *q, struct fixture *f)
{
	(void)f;
	q->way = WAY_PICKUP;
}

static void
deliver(struct request *q, struct fixture *f)
{
	(void)f;
	q->way = WAY_DELIVER;
	q->has_position = false;
}

static void
latitude(struct request *q, struct fixture *f)
{
	(void)f;
	q->lat_e6 = 90000001;
}

static void
longitude(struct request *q, struct fixture *f)
{
	(void)f;
	q->lon_e6 = -180000001;
}

static void
slot_without_store(struct request *q, struct fixture *f)
{
	(void)f;
	q->has_slot = true;
	q->slot_to_min = 60;
}

static void
slot_shipped(struct request *q, struct fixture *f)
{
	slot_without_store(q, f);
	q->location = 0;
}

static void
slot_backwards(struct request *q, struct fixture *f)
{
	slot_shipped(q, f);
	q->way = WAY_PICKUP;
	q->slot_from_min = 60;
}

static void
slot_past_midnight(struct request *q, struct fixture *f)
{
	slot_backwards(q, f);
	q->slot_to_min = 1441;
}

static void
sku_off(struct request *q, struct fixture *f)
{
	(void)q;
	f->skus[0].disabled = true;
}

static void
quantity_0(struct request *q, struct fixture *f)
{
	(void)f;
	q->lines[0].quantity = 0;
}

static void
quantity_10000(struct request *q, struct fixture *f)
{
	(void)f;
	q->lines[0].quantity = 10000;
}

static void
price_low(struct request *q, struct fixture *f)
{
	(void)f;
	q->lines[0].price_fen = 499;
}

static void
price_high(struct request *q, struct fixture *f)
{
	(void)f;
	q->lines[0].price_fen = 1001;
}

static void
discount_negative(struct request *q, struct fixture *f)
{
	(void)f;
	q->lines[0].discount_fen = -1;
}

static void
discount_whole(struct request *q, struct fixture *f)
{
	(void)f;
	q->lines[0].discount_fen = 1001;
}

static void
discount_alone(struct request *q, struct fixture *f)
{
	(void)f;
	q->lines[0].campaign = NONE;
}

static void
discount_much(struct request *q, struct fixture *f)
{
	(void)f;
	q->lines[0].discount_fen = 101;
}

static void
campaign_over(struct request *q, struct fixture *f)
{
	f->campaigns[0].until_us = q->now_us;
}

static void
campaign_later(struct request *q, struct fixture *f)
{
	f->campaigns[0].from_us = q->now_us + 1;
}

static void
campaign_off(struct request *q, struct fixture *f)
{
	(void)q;
	f->campaigns[0].disabled = true;
}

static void
campaign_other_sku(struct request *q, struct fixture *f)
{
	(void)q;
	f->campaigns[0].sku_count = 1;
	f->campaign_skus[0] = 2;
}

static void
amount(struct request *q, struct fixture *f)
{
	f->skus[0].list_fen = q->lines[0].price_fen = FEN_MAX;
	q->lines[0].quantity = 2;
}

static void
fine(struct request *q, struct fixture *f)
{
	(void)q;
	(void)f;
}

static void
two_wrong(struct request *q, struct fixture *f)
{
	amount(q, f);
	quantity_0(q, f);
	slot_without_store(q, f);
}

static const struct {
	const char *label;
	void (*spoil)(struct request *, struct fixture *);
	enum err want;
	const char *field;
	bool submit;
} rows[] = {
    {"as it should be", fine, ERR_OK, "", true},
    {"no lines", no_lines, ERR_BAD_FIELD, "basket.lines", false},
    {"too many lines", many_lines, ERR_BAD_FIELD, "basket.lines", false},
    {"too many exclusions", excludes, ERR_BAD_FIELD, "basket.exclude_locations", false},
    {"a closed storefront", closed_front, ERR_BAD_FIELD, "basket.storefront", false},
    {"no such way", bad_way, ERR_BAD_FIELD, "basket.way", false},
    {"pickup where", pickup, ERR_BAD_FIELD, "basket.location", true},
    {"pickup anywhere, in a quote", pickup, ERR_OK, "", false},
    {"delivery where", deliver, ERR_BAD_FIELD, "basket.address.position", false},
    {"latitude", latitude, ERR_BAD_FIELD, "basket.address.position", false},
    {"longitude", longitude, ERR_BAD_FIELD, "basket.address.position", false},
    {"a slot without store", slot_without_store, ERR_BAD_FIELD, "basket.slot", false},
    {"a slot for a parcel", slot_shipped, ERR_BAD_FIELD, "basket.slot", false},
    {"a slot backwards", slot_backwards, ERR_BAD_FIELD, "basket.slot", false},
    {"a slot past midnight", slot_past_midnight, ERR_BAD_FIELD, "basket.slot", false},
    {"a sku that is off", sku_off, ERR_BAD_FIELD, "basket.lines[0].sku", false},
    {"no piece", quantity_0, ERR_BAD_FIELD, "basket.lines[0].quantity", false},
    {"too many pieces", quantity_10000, ERR_BAD_FIELD, "basket.lines[0].quantity", false},
    {"below the floor", price_low, ERR_BAD_FIELD, "basket.lines[0].unit_price_fen", false},
    {"above the list", price_high, ERR_BAD_FIELD, "basket.lines[0].unit_price_fen", false},
    {"a negative discount", discount_negative, ERR_BAD_FIELD, "basket.lines[0].discount_fen",
        false},
    {"a discount above the price", discount_whole, ERR_BAD_FIELD, "basket.lines[0].discount_fen",
        false},
    {"a discount nobody pays", discount_alone, ERR_BAD_FIELD, "basket.lines[0].campaign", false},
    {"more than the campaign gives", discount_much, ERR_BAD_FIELD, "basket.lines[0].discount_fen",
        false},
    {"a campaign that is over", campaign_over, ERR_BAD_FIELD, "basket.lines[0].campaign", false},
    {"a campaign to come", campaign_later, ERR_BAD_FIELD, "basket.lines[0].campaign", false},
    {"a campaign that is off", campaign_off, ERR_BAD_FIELD, "basket.lines[0].campaign", false},
    {"a campaign for another sku", campaign_other_sku, ERR_BAD_FIELD, "basket.lines[0].campaign",
        false},
    {"an amount beyond counting", amount, ERR_OVERFLOW, "basket.lines", false},
    {"of three the first", two_wrong, ERR_BAD_FIELD, "basket.slot", false},
};

static void
test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct fixture *f = fixture_new();
		struct reason r = {0};
		struct order_line *l;

		fixture_location(f, LOC_STORE, f->dealer, 1);
		f->campaigns[0] = (struct campaign){.id = 1, .unit_max_fen = 100};
		f->world.campaign_count = 1;
		fixture_ready(f);
		l = fixture_line(f, 1, 2);
		l->campaign = 0;
		l->discount_fen = 100;
		rows[i].spoil(&f->request, f);
		row_equal(rows[i].label,
		    validate_request(&f->world, &f->request, 4, rows[i].submit, &r), rows[i].want);
		row_equal(rows[i].label, r.err, rows[i].want);
		row_text(rows[i].label, r.field, rows[i].field);
		fixture_free(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
