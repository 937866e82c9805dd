/* A record read back field by field; what a later world must still know; which option was taken. */
#include <stdlib.h>

#include "domain/record.h"
#include "domain/world_fixture.h"
#include "unit.h"

#define RECORD_MAX 65536

static const struct rule_step steps[] = {{WAY_PICKUP, SOURCE_REQUESTED}, {WAY_SHIP, SOURCE_CLOUD},
    {WAY_SHIP, SOURCE_SITE}};
static const enum rank_key keys[] = {RANK_SOURCE, RANK_DISTANCE_BAND, RANK_STOCK};

/* Every field of the request set: a pickup in a slot, then shipping from two places. */
static struct fixture *
world(void)
{
	struct fixture *f = fixture_new();
	struct request *q = &f->request;
	int32_t day = (int32_t)(F_NOW / 86400000000);

	fixture_territory(f, f->other);
	fixture_location(f, LOC_STORE, f->dealer, 3);
	fixture_location(f, LOC_CLOUD, f->brand, 4);
	fixture_location(f, LOC_SITE, f->brand, 5);
	for (int32_t l = 1; l <= 3; l++)
		fixture_stock(f, l, 1, l == 1 ? f->dealer : f->brand, 10 + l);
	fixture_at(f, 1)->capacity_day = 4;
	fixture_sku_at(f, 1)->scarce = true;
	hints_entitlement_put(&f->hints, f->dealer, 1)->ceiling = 8;
	f->campaigns[0] = (struct campaign){.id = 1};
	f->world.campaign_count = 1;
	fixture_rule(f, 3, steps);
	fixture_ranking(f, 3, keys);
	f->policy.fee_fen[WAY_PICKUP] = 7;
	fixture_ready(f);
	q->customer = UINT64_C(0xfedcba9876543210);
	q->way = WAY_PICKUP;
	q->location = q->serving_store = world_location(&f->world, 1);
	q->territory = 0;
	q->has_slot = true;
	q->slot_day = day;
	q->slot_from_min = 840;
	q->slot_to_min = 900;
	hints_slot_put(&f->hints, 1, day, 840, 900)->limit = 2;
	q->exclude_count = 1;
	q->exclude[0] = 77;
	q->prepaid = q->accept_other_way = true;
	q->paid_party = f->other;
	fixture_line(f, 1, 2)->discount_fen = 5;
	f->lines[0].campaign = 0;
	f->lines[0].together = 3;
	f->owner = (struct owner){f->dealer, 1, f->other, OWNER_BY_SCAN, 12345};
	return f;
}

static int layout; /* of the records encoded; 0: today's */

/* Different numbers in every row of the plan. */
static struct split_basis *
basis_of(struct fixture *f)
{
	static struct split_basis_row rows[64];
	static struct split_basis b;
	const struct plan *plan = f->d->options;

	b = (struct split_basis){.fee_bps = 61,
	    .owner = f->brand,
	    .platform = 0,
	    .channel = f->brand,
	    .provider = f->brand,
	    .rows = rows};
	for (int p = 0; p < plan->part_count; p++)
		for (int i = 0; i < plan->parts[p].line_count; i++, b.row_count++)
			rows[b.row_count] = (struct split_basis_row){.part = (int16_t)p,
			    .row = (int16_t)i,
			    .rule = 100 + b.row_count,
			    .worker = b.row_count % 2 == 0 ? f->brand : 0,
			    .tax_bps = 1300 + b.row_count};
	return &b;
}

static void
same_basis(const struct split_basis *a, const struct split_basis *b)
{
	row_equal("kept", b != NULL, true);
	if (b == NULL)
		return;
	row_equal("rate", a->fee_bps, b->fee_bps);
	row_equal("residual party", a->owner, b->owner);
	row_equal("platform", a->platform, b->platform);
	row_equal("channel", a->channel, b->channel);
	row_equal("provider", a->provider, b->provider);
	row_equal("courier", a->courier, b->courier);
	row_equal("rows", a->row_count, b->row_count);
	for (int i = 0; i < a->row_count; i++)
		row_equal("row", memcmp(&a->rows[i], &b->rows[i], sizeof(a->rows[i])), 0);
}

static void
encode(struct fixture *f, int option, struct buf *b)
{
	struct frozen *z = calloc(1, sizeof(*z));

	decision_choose(f->d, option);
	z->request = f->request;
	z->decision = *f->d;
	z->totals = (struct split_total){.goods_fen = 1,
	    .delivery_fee_fen = 2,
	    .total_fen = 3,
	    .funded_fen = 4,
	    .provider_fee_fen = 5,
	    .cost_fen = 6,
	    .owner_margin_fen = -7,
	    .absorbed_fen = 8,
	    .cost_unit_fen = {9}};
	z->split_version = 11;
	z->collector = f->brand;
	z->version = layout;
	z->basis = basis_of(f);
	buf_init(b, RECORD_MAX);
	assert_int_equal(record_encode(&f->world, z, b), ERR_OK);
	free(z);
}

static void
same_request(const struct request *a, const struct request *b)
{
	row_equal("now", a->now_us, b->now_us);
	row_equal("storefront", a->storefront, b->storefront);
	row_equal("customer", a->customer == b->customer, true);
	row_equal("way", a->way, b->way);
	row_equal("location", a->location, b->location);
	row_equal("position", a->has_position, b->has_position);
	row_equal("latitude", (a->lat_e6 + 5000) / 10000 * 10000, b->lat_e6);
	row_equal("longitude", (a->lon_e6 + 5000) / 10000 * 10000, b->lon_e6);
	row_equal("territory", a->territory, b->territory);
	row_equal("serving store", a->serving_store, b->serving_store);
	row_equal("slot", a->has_slot, b->has_slot);
	row_equal("slot day", a->slot_day, b->slot_day);
	row_equal("slot from", a->slot_from_min, b->slot_from_min);
	row_equal("slot to", a->slot_to_min, b->slot_to_min);
	row_equal("exclusions", a->exclude_count, b->exclude_count);
	row_equal("excluded", a->exclude[0], b->exclude[0]);
	row_equal("prepaid", a->prepaid, b->prepaid);
	row_equal("paid party", a->paid_party, b->paid_party);
	row_equal("other way", a->accept_other_way, b->accept_other_way);
	row_equal("lines", a->line_count, b->line_count);
	assert_memory_equal(a->lines, b->lines, sizeof(*a->lines));
}

static void
same_candidate(const struct candidate *a, const struct candidate *b)
{
	row_equal("candidate", a->location, b->location);
	row_equal("source", a->source, b->source);
	row_equal("its way", a->way, b->way);
	row_equal("distance", a->distance_m, b->distance_m);
	row_equal("out", a->out, b->out);
	row_equal("age", a->age_min, b->age_min);
	row_equal("capacity left", a->capacity_left, b->capacity_left);
	row_equal("capacity day", a->capacity_day, b->capacity_day);
	row_equal("entitlement", a->entitlement_left, b->entitlement_left);
	row_equal("from", a->promise_from_us, b->promise_from_us);
	row_equal("to", a->promise_to_us, b->promise_to_us);
	row_equal("deadline", a->offer_deadline_us, b->offer_deadline_us);
	row_equal("chosen", a->chosen, b->chosen);
	assert_memory_equal(a->key, b->key, sizeof(a->key));
	row_equal("stocked", a->lines[0].stocked, b->lines[0].stocked);
	row_equal("pools", a->lines[0].pool_count, b->lines[0].pool_count);
	row_equal("entitlement of the line", a->lines[0].entitlement_left,
	    b->lines[0].entitlement_left);
	row_equal("goods owner", a->lines[0].pool[0].goods_owner, b->lines[0].pool[0].goods_owner);
	row_equal("atp", a->lines[0].pool[0].atp, b->lines[0].pool[0].atp);
}

static void
same_part(const struct part *a, const struct part *b)
{
	row_equal("part", a->location, b->location);
	row_equal("its way", a->way, b->way);
	row_equal("distance", a->distance_m, b->distance_m);
	row_equal("from", a->promise_from_us, b->promise_from_us);
	row_equal("to", a->promise_to_us, b->promise_to_us);
	row_equal("deadline", a->offer_deadline_us, b->offer_deadline_us);
	row_equal("takes capacity", a->takes_capacity, b->takes_capacity);
	row_equal("takes slot", a->takes_slot, b->takes_slot);
	row_equal("cloud", a->cloud, b->cloud);
	row_equal("capacity day", a->capacity_day, b->capacity_day);
	row_equal("lines", a->line_count, b->line_count);
	row_equal("line", a->lines[0].line, b->lines[0].line);
	row_equal("quantity", a->lines[0].quantity, b->lines[0].quantity);
	row_equal("goods owner", a->lines[0].goods_owner, b->lines[0].goods_owner);
	row_equal("stocked", a->lines[0].stocked, b->lines[0].stocked);
}

static void
same_decision(const struct decision *a, const struct decision *b)
{
	row_equal("version", a->policy_version, b->policy_version);
	row_equal("dealer", a->owner.dealer, b->owner.dealer);
	row_equal("store", a->owner.store, b->owner.store);
	row_equal("staff", a->owner.staff, b->owner.staff);
	row_equal("owner by", a->owner.source, b->owner.source);
	row_equal("since", a->owner.since_min, b->owner.since_min);
	row_equal("first offer", a->first_offer.state, b->first_offer.state);
	row_equal("its grade", a->first_offer.grade, b->first_offer.grade);
	row_equal("its accept rate", a->first_offer.accept_bps, b->first_offer.accept_bps);
	row_equal("groups", a->group_count, b->group_count);
	row_equal("runs", a->run_count, b->run_count);
	for (int i = 0; i < a->run_count; i++) {
		row_equal("way", a->runs[i].way, b->runs[i].way);
		row_equal("examined", a->runs[i].examined, b->runs[i].examined);
		row_equal("beyond", a->runs[i].beyond, b->runs[i].beyond);
		row_equal("run chosen", a->runs[i].chosen, b->runs[i].chosen);
		assert_memory_equal(a->runs[i].rest, b->runs[i].rest, sizeof(a->runs[i].rest));
		row_equal("candidates", a->runs[i].candidate_count, b->runs[i].candidate_count);
		for (int k = 0; k < a->runs[i].candidate_count; k++)
			same_candidate(&a->runs[i].candidates[k], &b->runs[i].candidates[k]);
	}
	row_equal("plan's way", a->options->way, b->options->way);
	row_equal("fee", a->options->delivery_fee_fen, b->options->delivery_fee_fen);
	row_equal("plan from", a->options->promise_from_us, b->options->promise_from_us);
	row_equal("plan to", a->options->promise_to_us, b->options->promise_to_us);
	row_equal("parts", a->options->part_count, b->options->part_count);
	for (int i = 0; i < a->options->part_count; i++)
		same_part(&a->options->parts[i], &b->options->parts[i]);
}

static void
test_every_field(void **state)
{
	(void)state;
	for (int option = 0; option < 3; option++) {
		struct fixture *f = world();
		struct frozen *got;
		struct buf b;
		bool equal;

		row_equal("three options", fixture_decide(f, OPTIONS_MAX)->option_count, 3);
		encode(f, option, &b);
		assert_int_equal(record_decode(&f->world, b.data, b.len, f->arena, &got), ERR_OK);
		same_request(&got->request, &f->request);
		same_decision(&got->decision, f->d);
		row_equal("goods", got->totals.goods_fen, 1);
		row_equal("fee", got->totals.delivery_fee_fen, 2);
		row_equal("total", got->totals.total_fen, 3);
		row_equal("funded", got->totals.funded_fen, 4);
		row_equal("provider", got->totals.provider_fee_fen, 5);
		row_equal("cost", got->totals.cost_fen, 6);
		row_equal("margin", got->totals.owner_margin_fen, -7);
		row_equal("absorbed", got->totals.absorbed_fen, 8);
		row_equal("unit cost", got->totals.cost_unit_fen[0], 9);
		row_equal("split version", got->split_version, 11);
		row_equal("collector", got->collector, f->brand);
		same_basis(basis_of(f), got->basis);
		assert_int_equal(record_replay(&f->world, &f->policy, b.data, b.len, f->arena,
		                     &equal),
		    ERR_OK);
		row_equal("replay, whichever option was taken", equal, true);
		f->policy.version++;
		assert_int_equal(record_replay(&f->world, &f->policy, b.data, b.len, f->arena,
		                     &equal),
		    ERR_OK);
		row_equal("another policy version is not equal", equal, false);
		buf_release(&b);
		fixture_free(f);
	}
}

/* The stock and the clock of today do not matter; a policy that was changed in place does. */
static void
test_replay(void **state)
{
	struct fixture *f = world();
	struct buf b;
	bool equal;

	(void)state;
	fixture_decide(f, 1);
	encode(f, 0, &b);
	memset(f->stock, 0, sizeof(f->stock));
	fixture_at(f, 1)->disabled = true;
	assert_int_equal(record_replay(&f->world, &f->policy, b.data, b.len, f->arena, &equal),
	    ERR_OK);
	row_equal("in an emptied world", equal, true);
	f->policy.fee_fen[WAY_PICKUP]++;
	assert_int_equal(record_replay(&f->world, &f->policy, b.data, b.len, f->arena, &equal),
	    ERR_OK);
	row_equal("with another fee", equal, false);
	buf_release(&b);
	fixture_free(f);
}

/* How long ago its stock was counted stands beside each candidate, also where that is what ruled it out. */
static void
test_age(void **state)
{
	struct fixture *f = world();

	(void)state;
	fixture_stock(f, 2, 1, f->brand, 12)->counted_min -= 90;
	fixture_stock(f, 3, 1, f->brand, 13)->counted_min = 0;
	f->policy.stale_after_min = 60;
	fixture_decide(f, 1);
	row_equal("just now", f->d->runs[0].candidates[0].age_min, 0);
	for (int i = 0; i < f->d->run_count; i++) {
		for (int k = 0; k < f->d->runs[i].candidate_count; k++) {
			const struct candidate *c = &f->d->runs[i].candidates[k];

			if (c->location == 2) {
				row_equal("too long ago", c->out, OUT_STALE);
				row_equal("and how long", c->age_min, 90);
			} else if (c->location == 3) {
				row_equal("never", c->age_min, -1);
			}
		}
	}
	fixture_free(f);
}

/* What was written before ages were recorded is read and replayed as it is. */
static void
test_first_layout(void **state)
{
	struct fixture *f = world();
	struct frozen *got;
	struct buf first, now;
	bool equal;

	(void)state;
	fixture_decide(f, 1);
	encode(f, 0, &now);
	layout = 1;
	encode(f, 0, &first);
	layout = 0;
	row_equal("its first byte", first.data[0], 1);
	row_equal("today's has a basis", now.len > first.len + 10, true);
	row_equal("today's", now.data[0], RECORD_VERSION);
	row_equal("is shorter", first.len < now.len, true);
	assert_int_equal(record_decode(&f->world, first.data, first.len, f->arena, &got), ERR_OK);
	row_equal("not recorded", got->decision.runs[0].candidates[0].age_min, -1);
	row_equal("nor the basis", got->basis == NULL, true);
	assert_int_equal(record_replay(&f->world, &f->policy, first.data, first.len, f->arena,
	                     &equal),
	    ERR_OK);
	row_equal("replayed", equal, true);
	first.data[0] = RECORD_VERSION + 1;
	row_equal("a layout to come",
	    record_decode(&f->world, first.data, first.len, f->arena, &got), ERR_BAD_BODY);
	buf_release(&first);
	buf_release(&now);
	fixture_free(f);
}

/* Decided when the owner had lost the first offer; whatever his grade and rate are today. */
static void
test_first_offer(void **state)
{
	struct fixture *f = world();
	struct frozen *got;
	struct buf held, lost;
	bool equal;

	(void)state;
	fixture_decide(f, 1);
	encode(f, 0, &held);
	f->policy.first_offer_grade_worst = 1;
	fixture_decide(f, 1);
	encode(f, 0, &lost);
	row_equal("held: not a byte for it", (int64_t)(lost.len - held.len), 3);
	assert_int_equal(record_decode(&f->world, lost.data, lost.len, f->arena, &got), ERR_OK);
	same_decision(&got->decision, f->d);
	row_equal("lost", got->decision.first_offer.state, FIRST_OFFER_LOST_GRADE);
	f->parties[f->dealer - 1].grade = 1;
	f->parties[f->dealer - 1].accept_bps = 1;
	assert_int_equal(record_replay(&f->world, &f->policy, lost.data, lost.len, f->arena,
	                     &equal),
	    ERR_OK);
	row_equal("replayed", equal, true);
	buf_release(&held);
	buf_release(&lost);
	fixture_free(f);
}

static void
test_refused_bytes(void **state)
{
	struct fixture *f = world();
	struct frozen *got;
	struct buf b, small;

	(void)state;
	fixture_decide(f, 1);
	encode(f, 0, &b);
	for (size_t len = 0; len < b.len; len++)
		row_equal("cut short", record_decode(&f->world, b.data, len, f->arena, &got),
		    ERR_BAD_BODY);
	buf_byte(&b, 0);
	row_equal("one byte more", record_decode(&f->world, b.data, b.len, f->arena, &got),
	    ERR_BAD_BODY);
	b.len--;
	f->world.location_id_max = 2;
	row_equal("a world without CLOUD", record_decode(&f->world, b.data, b.len, f->arena, &got),
	    ERR_OK);
	f->world.location_id_max = 1;
	row_equal("a world without the store",
	    record_decode(&f->world, b.data, b.len, f->arena, &got), ERR_BAD_BODY);
	f->world.location_id_max = 4;
	f->world.sku_id_max = 1;
	row_equal("a world without the sku",
	    record_decode(&f->world, b.data, b.len, f->arena, &got), ERR_BAD_BODY);
	buf_init(&small, 8);
	{
		struct frozen *z = calloc(1, sizeof(*z));

		z->request = f->request;
		z->decision = *f->d;
		row_equal("no room", record_encode(&f->world, z, &small), ERR_TOO_LARGE);
		free(z);
	}
	buf_release(&small);
	buf_release(&b);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_field),
	    cmocka_unit_test(test_replay),
	    cmocka_unit_test(test_age),
	    cmocka_unit_test(test_first_layout),
	    cmocka_unit_test(test_first_offer),
	    cmocka_unit_test(test_refused_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
