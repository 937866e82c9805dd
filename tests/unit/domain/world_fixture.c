/* world_fixture: see the header. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "domain/world_fixture.h"

#define REGION_SIZE 64
#define LAT_E6 31000000
#define LON_E6 121000000

static const struct hours always = {.always = true};

struct fixture *
fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct policy *p;

	assert(f != NULL);
	f->arena = arena_new(64 << 20);
	assert(f->arena != NULL);
	f->world.parties = f->parties;
	f->world.locations = f->locations;
	f->world.storefronts = f->fronts;
	f->world.territories = f->territories;
	f->world.skus = f->skus;
	f->world.campaigns = f->campaigns;
	f->brand = fixture_party(f, PARTY_BRAND, 1);
	f->dealer = fixture_party(f, PARTY_DEALER, 2);
	f->other = fixture_party(f, PARTY_DEALER, 3);
	f->world.brand = f->brand;
	fixture_sku(f, 1000);
	f->fronts[0] =
	    (struct storefront){.id = 1, .kind = FRONT_OFFICIAL, .location = NONE, .code = "F1"};
	f->world.storefront_count = 1;
	f->front = 1;
	p = &f->policy;
	p->version = 7;
	p->scan_max = SCAN_MAX;
	p->radius_m = 20000;
	p->max_parcels = 3;
	p->fewest_parcels = true;
	p->accept_open_min = 30;
	p->site_promise_hours = 48;
	p->cloud_promise_hours = 72;
	p->made_to_order_days = 15;
	p->deliver_window_min = 60;
	f->owner = (struct owner){.dealer = f->dealer, .source = OWNER_BY_TERRITORY};
	f->request = (struct request){.now_us = F_NOW,
	    .way = WAY_SHIP,
	    .location = NONE,
	    .has_position = true,
	    .lat_e6 = LAT_E6,
	    .lon_e6 = LON_E6,
	    .territory = NONE,
	    .serving_store = NONE,
	    .lines = f->lines};
	f->hints.stock = f->stock;
	f->hints.stock_size = F_STOCK;
	f->hints.regions = f->regions;
	f->hints.region_count = F_LOCATIONS + 1;
	f->hints.capacity = f->capacity;
	f->hints.slots = f->slots;
	f->hints.entitlements = f->entitlements;
	f->hints.claims = f->claims;
	f->hints.capacity_size = f->hints.slot_size = f->hints.entitlement_size =
	    f->hints.claim_size = F_TABLE;
	return f;
}

void
fixture_free(struct fixture *f)
{
	arena_free(f->arena);
	free(f);
}

int32_t
fixture_party(struct fixture *f, enum party_kind kind, int grade)
{
	int32_t n = f->world.party_count++;

	assert(n < F_PARTIES);
	f->parties[n] = (struct party){.id = n + 1,
	    .kind = kind,
	    .grade = grade,
	    .accept_bps = 10000,
	    .code = "P"};
	f->party_by_id[n + 1] = n;
	f->world.party_by_id = f->party_by_id;
	f->world.party_id_max = n + 2;
	return n + 1;
}

int32_t
fixture_location(struct fixture *f, enum location_kind kind, int32_t party, double km)
{
	int32_t n = f->world.location_count++;

	assert(n < F_LOCATIONS);
	f->locations[n] = (struct location){.id = n + 1,
	    .party = party,
	    .party_idx = party - 1,
	    .kind = kind,
	    .ways = 1 << WAY_SHIP | 1 << WAY_PICKUP | 1 << WAY_DELIVER,
	    .lat_e6 = LAT_E6 + (int32_t)(km * F_KM_E6),
	    .lon_e6 = LON_E6,
	    .tz_min = 480,
	    .territory = NONE,
	    .hours = always,
	    .code = "L"};
	f->location_by_id[n + 1] = n;
	f->world.location_by_id = f->location_by_id;
	f->world.location_id_max = n + 2;
	hints_region_move(&f->hints, n + 1, f->stock_next, REGION_SIZE);
	f->stock_next += REGION_SIZE;
	return n + 1;
}

struct location *
fixture_at(struct fixture *f, int32_t location)
{
	return &f->locations[f->location_by_id[location]];
}

int32_t
fixture_sku(struct fixture *f, int64_t price_fen)
{
	int32_t n = f->world.sku_count++;

	assert(n < F_SKUS);
	f->skus[n] = (struct sku){.id = n + 1,
	    .list_fen = price_fen,
	    .floor_fen = price_fen / 2,
	    .cost_fen = price_fen / 2,
	    .code = "S"};
	f->sku_by_id[n + 1] = n;
	f->world.sku_by_id = f->sku_by_id;
	f->world.sku_id_max = n + 2;
	return n + 1;
}

struct sku *
fixture_sku_at(struct fixture *f, int32_t sku)
{
	return &f->skus[sku - 1];
}

int32_t
fixture_territory(struct fixture *f, int32_t dealer)
{
	int32_t n = f->world.territory_count++;

	assert(n < F_TERRITORIES);
	f->territories[n] = (struct territory){.id = n + 1, .dealer = dealer, .code = "T"};
	return n;
}

struct stock_hint *
fixture_stock(struct fixture *f, int32_t location, int32_t sku, int32_t goods_owner, int atp)
{
	struct stock_hint *s = hints_stock_put(&f->hints, location, sku, goods_owner);

	assert(s != NULL);
	s->atp = atp;
	s->counted_min = (uint32_t)(F_NOW / 60000000);
	return s;
}

static int
order_central(const void *pa, const void *pb)
{
	const int32_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

void
fixture_ready(struct fixture *f)
{
	struct world *w = &f->world;
	int32_t n = 0;

	qsort(w->locations, (size_t)w->location_count, sizeof(*w->locations), world_location_order);
	for (int32_t i = 0; i < w->location_count; i++)
		f->location_by_id[w->locations[i].id] = i;
	world_grid_bounds(w);
	assert((size_t)(w->grid.rows * w->grid.cols) <
	    sizeof(f->cell_first) / sizeof(f->cell_first[0]));
	w->grid.cell_first = f->cell_first;
	w->vx = f->vx;
	w->vy = f->vy;
	w->vz = f->vz;
	w->location_keys = f->location_keys;
	world_grid_fill(w);
	w->central = f->central;
	w->central_count = 0;
	for (int32_t i = w->store_count; i < w->location_count; i++)
		f->central[w->central_count++] = i;
	qsort(f->central, (size_t)w->central_count, sizeof(f->central[0]), order_central);
	w->party_first = f->party_first;
	w->party_stores = f->party_stores;
	for (int32_t p = 0; p < w->party_count; p++) {
		f->party_first[p] = n;
		for (int32_t i = 0; i < w->store_count; i++)
			if (w->locations[i].party_idx == p)
				f->party_stores[n++] = i;
	}
	f->party_first[w->party_count] = n;
	for (int32_t i = 0; i < w->storefront_count; i++)
		f->front_by_id[w->storefronts[i].id] = i;
	w->storefront_by_id = f->front_by_id;
	w->storefront_id_max = w->storefront_count + 1;
	for (int32_t i = 0; i < w->campaign_count; i++)
		f->campaign_by_id[w->campaigns[i].id] = i;
	w->campaign_by_id = f->campaign_by_id;
	w->campaign_id_max = w->campaign_count + 1;
	w->campaign_skus = f->campaign_skus;
	f->policies[0] = &f->policy;
	w->policies = f->policies;
	w->policy_count = 1;
}

struct rule *
fixture_rule(struct fixture *f, int steps, const struct rule_step *step)
{
	struct rule *r = &f->policy.rules[f->policy.rule_count++];

	*r = (struct rule){.name = "rule", .step_count = steps};
	memcpy(r->steps, step, sizeof(*step) * (size_t)steps);
	return r;
}

void
fixture_ranking(struct fixture *f, int count, const enum rank_key *keys)
{
	f->policy.rank_count = count;
	memcpy(f->policy.ranking, keys, sizeof(*keys) * (size_t)count);
}

void
fixture_empty(struct fixture *f)
{
	f->request.line_count = 0;
}

struct order_line *
fixture_line(struct fixture *f, int32_t sku, int quantity)
{
	struct order_line *l = &f->lines[f->request.line_count++];

	*l = (struct order_line){.sku = sku - 1,
	    .quantity = quantity,
	    .price_fen = f->skus[sku - 1].list_fen,
	    .campaign = NONE};
	return l;
}

struct decide_in
fixture_in(struct fixture *f, int options)
{
	return (struct decide_in){.world = &f->world,
	    .hints = &f->hints,
	    .policy = &f->policy,
	    .request = &f->request,
	    .owner = &f->owner,
	    .ignore_inflight = f->ignore_inflight,
	    .options_max = options};
}

struct decision *
fixture_decide(struct fixture *f, int options)
{
	struct decide_in in = fixture_in(f, options);
	enum err e;

	arena_reset(f->arena);
	e = decide(&in, f->arena, &f->d);
	assert(e == ERR_OK);
	return f->d;
}

int
fixture_units(const struct fixture *f, int line, int32_t location)
{
	int n = 0;

	if (f->d->option_count == 0)
		return 0;
	for (int i = 0; i < f->d->options[0].part_count; i++) {
		const struct part *p = &f->d->options[0].parts[i];

		for (int k = 0; k < p->line_count; k++)
			if (p->lines[k].line == line && (location == 0 || p->location == location))
				n += p->lines[k].quantity;
	}
	return n;
}

int
fixture_reason(const struct fixture *f, int32_t location)
{
	for (int i = 0; i < f->d->run_count; i++)
		for (int k = 0; k < f->d->runs[i].candidate_count; k++)
			if (f->d->runs[i].candidates[k].location == location)
				return (int)f->d->runs[i].candidates[k].out;
	return -1;
}
