/* Orders of the race: lines on random keys of the small world, as order rows. */
#include "race_driver.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

uint64_t
rnd(struct driver *d, uint64_t below)
{
	d->random ^= d->random << 13;
	d->random ^= d->random >> 7;
	d->random ^= d->random << 17;
	return (d->random >> 11) % below;
}

void
world_make(struct driver *d)
{
	struct world *w = &d->world;

	for (int i = 0; i < 4; i++)
		d->parties[i] = (struct party){.id = i + 1,
		    .kind = i == 0 ? PARTY_BRAND : PARTY_DEALER,
		    .code = "P"};
	for (int i = 0; i < LOCATIONS; i++) {
		d->locations[i] = (struct location){.id = i + 1,
		    .party = i + 1 == CLOUD ? 1 : 2 + (i + 1) % 3,
		    .kind = i + 1 == CLOUD ? LOC_CLOUD : LOC_STORE,
		    .accept_min = 30,
		    .code = "L",
		    .capacity_day = i + 1 == CLOUD ? 0 : 1000000};
		d->ids[i + 1] = i;
	}
	for (int i = 0; i < SKUS; i++)
		d->skus[i] = (struct sku){.id = i + 1, .scarce = i + 1 == SCARCE_SKU, .code = "S"};
	d->campaign = (struct campaign){.id = 1, .code = "C"};
	*w = (struct world){.brand = 1,
	    .parties = d->parties,
	    .party_count = 4,
	    .locations = d->locations,
	    .location_count = LOCATIONS,
	    .location_by_id = d->ids,
	    .location_id_max = LOCATIONS + 1,
	    .skus = d->skus,
	    .sku_count = SKUS,
	    .campaigns = &d->campaign,
	    .campaign_count = 1};
}

static void
add_take(struct job *j, struct take t)
{
	for (int i = 0; i < j->row.take_count; i++) {
		struct take *k = &j->takes[i];

		if (k->kind == t.kind && k->location == t.location && k->sku == t.sku) {
			k->quantity += t.quantity;
			return;
		}
	}
	j->takes[j->row.take_count++] = t;
}

/* A key that the hints say has something; false: none has. */
bool
key_pick(struct driver *d, int *location, int *sku)
{
	int first = (int)rnd(d, LOCATIONS * SKUS);

	for (int spare = 0; spare < 2; spare++) {
		for (int i = 0; i < LOCATIONS * SKUS; i++) {
			int k = (first + i) % (LOCATIONS * SKUS);
			const struct stock_hint *h =
			    hints_stock(&d->hints.hints, k / SKUS + 1, k % SKUS + 1, 1);

			if (h == NULL || h->atp - (spare == 0 ? h->inflight : 0) <= 0)
				continue;
			*location = k / SKUS + 1;
			*sku = k % SKUS + 1;
			return true;
		}
	}
	return false;
}

static void
line_make(struct job *j, int n, int location, int sku, bool campaign)
{
	struct driver *d = j->d;

	j->lines[n] = (struct order_line){.sku = sku - 1,
	    .quantity = 1,
	    .price_fen = PRICE,
	    .discount_fen = campaign ? DISCOUNT : 0,
	    .campaign = campaign ? 0 : NONE};
	j->part_lines[n] =
	    (struct part_line){.line = n, .quantity = 1, .goods_owner = 1, .stocked = true};
	j->parts[n] = (struct part){.location = location,
	    .way = location == CLOUD ? WAY_SHIP : WAY_PICKUP,
	    .distance_m = 1200,
	    .promise_from_us = clock_wall_us(),
	    .promise_to_us = clock_wall_us() + US_PER_DAY,
	    .offer_deadline_us = location == CLOUD ? 0 : clock_wall_us() + 30 * US_PER_MIN,
	    .takes_capacity = location != CLOUD,
	    .capacity_day = DAY,
	    .line_count = 1,
	    .lines = &j->part_lines[n]};
	j->legs[2 * n] = (struct leg){.kind = LEG_COST,
	    .party = 1,
	    .fen = 7000,
	    .line = (int16_t)n,
	    .part = (int16_t)n};
	j->legs[2 * n + 1] = (struct leg){.kind = LEG_MARGIN,
	    .party = 2,
	    .fen = 3000,
	    .line = (int16_t)n,
	    .part = (int16_t)n};
	j->frozen.totals.cost_unit_fen[n] = 7000;
	add_take(j,
	    (struct take){.kind = TAKE_STOCK,
	        .dealer = d->locations[location - 1].party,
	        .location = location,
	        .sku = sku,
	        .goods_owner = 1,
	        .quantity = 1});
	if (location != CLOUD)
		add_take(j,
		    (struct take){.kind = TAKE_CAPACITY,
		        .dealer = d->locations[location - 1].party,
		        .location = location,
		        .day = DAY,
		        .limit = 1000000,
		        .quantity = 1});
	else if (sku == SCARCE_SKU)
		add_take(j,
		    (struct take){.kind = TAKE_ENTITLEMENT,
		        .dealer = 2,
		        .sku = sku,
		        .quantity = 1});
	if (campaign)
		add_take(j,
		    (struct take){.kind = TAKE_BUDGET, .campaign = 1, .quantity = DISCOUNT});
}

void
money_make(struct job *j, int lines, bool paid)
{
	int64_t total = (int64_t)lines * PRICE;

	j->frozen.totals.goods_fen = total;
	j->frozen.totals.total_fen = total;
	j->frozen.totals.owner_margin_fen = (int64_t)lines * 3000;
	j->split =
	    (struct split){.total = j->frozen.totals, .leg_count = 2 * lines, .legs = j->legs};
	j->row.payment = NULL;
	j->row.e1 = j->row.e2 = NULL;
	j->row.pay_by_us = clock_wall_us() +
	    (j->d->mode == PAY ? PAY_BY_MS * US_PER_MS : 60 * US_PER_MIN);
	if (!paid)
		return;
	j->row.pay_by_us = 0;
	(void)snprintf(j->number, sizeof(j->number), "N%s", j->ref_text);
	j->payment = (struct payment_row){.provider = PROVIDER_WECHAT,
	    .number = j->number,
	    .amount_fen = total,
	    .paid_at_us = clock_wall_us()};
	j->row.payment = &j->payment;
	j->e1 = (struct posting){.event = EVENT_E1_PAID,
	    .leg_count = 2,
	    .account = {11, 12},
	    .fen = {total, -total}};
	j->e2 = (struct posting){.event = EVENT_E2_FEE,
	    .leg_count = 2,
	    .account = {11, 12},
	    .fen = {-60, 60}};
	j->row.e1 = &j->e1;
	j->row.e2 = &j->e2;
}

/* Fills ${j} with a new order; false: nothing is left to sell. */
bool
order_make(struct job *j)
{
	struct driver *d = j->d;
	int lines = d->mode == BENCH ? 1 : 1 + (int)rnd(d, LINES_MAX);
	int location, sku;

	do {
		j->ref = d->mode == RACE || d->mode == SAME
		    ? (int)rnd(d, d->mode == SAME ? 300 : REFS)
		    : (int)(d->orders % REFS);
	} while (d->ref_busy[j->ref]);
	if (d->mode == RACE || d->mode == SAME)
		(void)snprintf(j->ref_text, sizeof(j->ref_text), "r%d", j->ref);
	else
		(void)snprintf(j->ref_text, sizeof(j->ref_text), "b%d-%lld", (int)getpid(),
		    (long long)d->orders);
	memset(&j->row, 0, sizeof(j->row));
	memset(&j->frozen.decision, 0, sizeof(j->frozen.decision));
	memset(j->takes, 0, sizeof(j->takes));
	for (int n = 0; n < lines; n++) {
		if (!key_pick(d, &location, &sku)) {
			if (n == 0)
				return false;
			lines = n;
			break;
		}
		line_make(j, n, location, sku,
		    (d->mode == RACE || d->mode == PAY) && rnd(d, 4) == 0);
	}
	money_make(j, lines,
	    d->mode == BENCH || d->mode == BAD ||
	        (d->mode != PAY && d->mode != BAD_PAY && rnd(d, 3) > 0));
	/* One body in twenty differs from what others send under the same reference. */
	memset(j->row.body_hash, j->ref % 251, BODY_HASH_SIZE);
	if (d->mode == RACE && rnd(d, 20) == 0)
		j->row.body_hash[5] = (uint8_t)(1 + rnd(d, 255));
	if (d->mode == BAD && d->orders == d->orders_max / 2)
		j->e1.fen[0]++; /* no longer balanced */
	j->bad = d->mode == BAD_PAY && d->orders == d->orders_max / 2;
	j->row.order_id = uuid_v7(clock_wall_us());
	j->row.order_ref = j->ref_text;
	j->row.storefront = 1;
	j->row.frozen = &j->frozen;
	j->row.split = &j->split;
	j->row.record = j->record;
	j->row.record_len = sizeof(j->record);
	j->row.created_us = clock_wall_us();
	j->contact = (struct contact_row){.name = "Li",
	    .phone = "13800000000",
	    .street = "Road 1",
	    .region = "CN.31"};
	j->row.contact = &j->contact;
	j->row.takes = j->takes;
	j->row.world = &d->world;
	j->plan = (struct plan){.way = j->parts[0].way, .part_count = lines, .parts = j->parts};
	j->frozen.decision.options = &j->plan;
	j->frozen.decision.option_count = 1;
	j->frozen.decision.owner = (struct owner){.dealer = 2, .source = OWNER_BY_STOREFRONT};
	j->frozen.decision.policy_version = 1;
	j->frozen.request.line_count = lines;
	j->frozen.request.lines = j->lines;
	j->frozen.split_version = 1;
	j->frozen.collector = 1;
	return true;
}
