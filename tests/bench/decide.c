/*
 * bench/decide: orders decided a second of CPU, on one core.
 *
 * Usage: decide [CITIES.csv [ROUNDS]].  The world and the orders are the simulator's: 5,000 dealers, 30,000
 * stores of 50 skus each, customers where people live, 40 SHIP / 20 SHIP of high value / 20 PICKUP / 20 DELIVER.
 * The hints' memory is the service's.  Rules and ranking are the shipped policy's, the radius is 10 km.
 * Every round has orders never decided before, so that none finds its stores in the cache because it was
 * there already.  Left out: slots (3 orders in a thousand) and what comes before and after decide().
 *
 * The last line is for programs: decide_per_s and the median over the rounds of the whole mix.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/parse.h"
#include "domain/decide.h"
#include "store/hints_memory.h"
#include "yuncang/v1/order.pb-c.h"

/* The simulator has a struct world and a struct plan of its own. */
#define world town
#define plan wish
#include "simulator/load_rows.h"
#include "simulator/mix.h"
#undef plan
#undef world

#define SEED 1       /* as `simulator load` has it */
#define ORDERS 50000 /* a round */
#define ROUNDS 9
#define ROUNDS_MAX 99
#define NOW_DAY 20000 /* a Friday, at noon in China */
#define TZ_MIN 480
#define PARTY_FIRST 2                   /* id of dealer 0; the brand is 1 */
#define STORE_FIRST (CENTRAL_COUNT + 1) /* id of store 0 */
#define ENTITLED_DEALERS 400

static struct town *town;
static struct world world;
static struct hints_memory memory;
static struct policy policy;
static struct request requests[ORDERS];
static struct order_line lines[ORDERS][PLAN_LINES_MAX];
static struct owner owners[ORDERS];

static void *
take(int64_t count, size_t size)
{
	void *p = calloc((size_t)count, size);

	if (p == NULL)
		abort();
	return p;
}

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* ---- The world, as the simulator's loader and the catalog would make it ---- */

static void
make_parties(void)
{
	world.brand = 1;
	world.party_count = town->dealer_count + 1;
	world.party_id_max = world.party_count + 1;
	world.parties = take(world.party_count, sizeof(*world.parties));
	world.party_by_id = take(world.party_id_max, sizeof(int32_t));
	for (int32_t i = 0; i < world.party_count; i++) {
		world.parties[i] = (struct party){.id = i + 1,
		    .kind = i == 0 ? PARTY_BRAND : PARTY_DEALER,
		    .grade = i == 0 ? 1 : town->dealers[i - 1].grade,
		    .accept_bps = 10000,
		    .code = ""};
		world.party_by_id[i + 1] = i;
	}
}

static int32_t
party_of(int32_t dealer)
{
	return dealer == BY_BRAND ? world.brand : PARTY_FIRST + dealer;
}

static void
set_hours(struct hours *h, enum store_type type)
{
	h->always = type == TYPE_NIGHT;
	for (int i = 0; !h->always && i < 2; i++) {
		const struct load_hours *x = &load_hours[type][i];

		for (int d = x->from_day; d <= x->to_day; d++) {
			h->open[d - 1] = (int16_t)x->open;
			h->close[d - 1] = (int16_t)x->close;
		}
	}
}

static void
set_store(struct location *l, int32_t i)
{
	const struct store *s = &town->stores[i];

	*l = (struct location){.id = STORE_FIRST + i,
	    .party = party_of(s->dealer),
	    .kind = LOC_STORE,
	    .ways = (uint8_t)(1U << WAY_PICKUP | (i % 10 != 0 ? 1U << WAY_DELIVER : 0)),
	    .lat_e6 = (int32_t)lround(s->lat * 1e6),
	    .lon_e6 = (int32_t)lround(s->lon * 1e6),
	    .tz_min = TZ_MIN,
	    .lead_min = s->type == TYPE_MALL ? 45 : 30,
	    .capacity_day = s->capacity_day,
	    .handling_cost_fen = 300 + i % 5 * 100,
	    .territory = NONE,
	    .code = ""};
	l->party_idx = l->party - 1;
	set_hours(&l->hours, s->type);
}

static void
set_central(struct location *l, int32_t i)
{
	*l = (struct location){.id = 1 + i,
	    .party = world.brand,
	    .kind = i < SITE_COUNT ? LOC_SITE : LOC_CLOUD,
	    .ways = 1U << WAY_SHIP,
	    .lat_e6 = (int32_t)lround(town->cities[i].lat * 1e6),
	    .lon_e6 = (int32_t)lround(town->cities[i].lon * 1e6),
	    .tz_min = TZ_MIN,
	    .lead_min = 240,
	    .preference = i,
	    .cut_off_min = 960,
	    .territory = NONE,
	    .hours.always = true,
	    .code = ""};
}

static void
make_locations(void)
{
	int32_t n = town->store_count + CENTRAL_COUNT;

	world.location_count = n;
	world.locations = take(n, sizeof(*world.locations));
	world.location_id_max = n + 1;
	world.location_by_id = take(world.location_id_max, sizeof(int32_t));
	for (int32_t i = 0; i < town->store_count; i++)
		set_store(&world.locations[i], i);
	for (int32_t i = 0; i < CENTRAL_COUNT; i++)
		set_central(&world.locations[town->store_count + i], i);
	qsort(world.locations, (size_t)n, sizeof(*world.locations), world_location_order);
	for (int32_t i = 0; i < n; i++)
		world.location_by_id[world.locations[i].id] = i;
	world_grid_bounds(&world);
	world.grid.cell_first = take(world.grid.rows * world.grid.cols + 1, sizeof(int32_t));
	world.vx = take(n, sizeof(float));
	world.vy = take(n, sizeof(float));
	world.vz = take(n, sizeof(float));
	world.location_keys = take(n, sizeof(*world.location_keys));
	world_grid_fill(&world);
}

static void
make_lists(void)
{
	int32_t *at = take(world.party_count + 1, sizeof(int32_t));

	world.central_count = CENTRAL_COUNT;
	world.central = take(CENTRAL_COUNT, sizeof(int32_t));
	for (int32_t i = 0; i < CENTRAL_COUNT; i++)
		world.central[i] = world.store_count + i;
	world.party_first = take(world.party_count + 1, sizeof(int32_t));
	world.party_stores = take(world.store_count, sizeof(int32_t));
	for (int32_t i = 0; i < world.store_count; i++)
		world.party_first[world.locations[i].party_idx + 1]++;
	for (int32_t i = 0; i < world.party_count; i++)
		at[i + 1] = world.party_first[i + 1] += world.party_first[i];
	for (int32_t i = 0; i < world.store_count; i++)
		world.party_stores[at[world.locations[i].party_idx]++] = i;
	free(at);
}

static void
make_goods(void)
{
	world.sku_count = SKU_COUNT;
	world.skus = take(SKU_COUNT, sizeof(*world.skus));
	for (int32_t i = 0; i < SKU_COUNT; i++)
		world.skus[i] = (struct sku){.id = i + 1,
		    .list_fen = town->wares[i].list_fen,
		    .cloud_only = town->wares[i].cloud_only,
		    .made_to_order = town->wares[i].made_to_order,
		    .scarce = town->wares[i].scarce,
		    .code = ""};
	world.storefront_count = FRONT_OUTSIDE + 1;
	world.storefronts = take(world.storefront_count, sizeof(*world.storefronts));
	for (int32_t i = FRONT_STORE; i <= FRONT_OUTSIDE; i++)
		world.storefronts[i] = (struct storefront){.id = i,
		    .kind = (enum storefront_kind)i,
		    .location = NONE,
		    .code = ""};
}

static void
put_stock(int32_t location, int32_t sku, int32_t goods_owner, int32_t count, int32_t safety)
{
	struct stock_hint *s = hm_stock(&memory, location, sku + 1, goods_owner);

	must(s != NULL);
	s->atp = count - safety;
	s->safety = safety;
	s->counted_min = NOW_DAY * 1440;
	s->version = 1;
}

static void
put_store_stock(int32_t i)
{
	const struct store *s = &town->stores[i];

	for (int k = 0; k < STORE_SKUS; k++)
		put_stock(STORE_FIRST + i, s->sku[k],
		    s->consigned[k] ? world.brand : party_of(s->dealer), s->count[k],
		    s->count[k] > 5 && k % 10 == 0);
	/* A row is there once the first order of the day took of it. */
	if (s->capacity_day > 0 && i % 2 == 0) {
		struct capacity_hint *c = hm_capacity(&memory, STORE_FIRST + i, NOW_DAY);

		must(c != NULL);
		c->limit = s->capacity_day;
		c->taken = 1;
	}
}

static void
make_hints(void)
{
	int32_t count;

	must(hints_memory_init(&memory, 1) == ERR_OK);
	for (int32_t i = 0; i < world.location_count; i++)
		must(hints_memory_location(&memory, world.locations[i].id,
		         world.locations[i].kind == LOC_STORE ? STORE_SKUS : SKU_COUNT) == ERR_OK);
	for (int32_t i = 0; i < CENTRAL_COUNT; i++)
		for (int32_t k = 0; k < SKU_COUNT; k++) {
			count = world_central_stock(town, i, k);
			if (count > 0)
				put_stock(1 + i, k, world.brand, count, 0);
		}
	for (int32_t i = 0; i < town->store_count; i++)
		put_store_stock(i);
	for (int32_t i = 0; i < ENTITLED_DEALERS; i++)
		for (int k = 0; k < town->scarce_count && i % 3 != 2; k++) {
			struct entitlement_hint *e =
			    hm_entitlement(&memory, party_of(i), town->scarce_skus[k] + 1);

			must(e != NULL);
			e->ceiling = 12;
		}
}

/* ---- The shipped policy: etc/default-policy.json ---- */

static struct rule *
add_rule(uint32_t ways, int count, const struct rule_step *steps)
{
	struct rule *r = &policy.rules[policy.rule_count++];

	r->ways = ways;
	r->step_count = count;
	memcpy(r->steps, steps, sizeof(*steps) * (size_t)count);
	return r;
}

static void
make_policy(void)
{
	static const struct rule_step pickup[] = {{WAY_PICKUP, SOURCE_REQUESTED},
	    {WAY_PICKUP, SOURCE_OWNER_STORE}, {WAY_PICKUP, SOURCE_OWNER_STORES},
	    {WAY_PICKUP, SOURCE_OTHER_STORES}};
	static const struct rule_step deliver[] = {{WAY_DELIVER, SOURCE_OWNER_STORE},
	    {WAY_DELIVER, SOURCE_OWNER_STORES}, {WAY_DELIVER, SOURCE_OTHER_STORES},
	    {WAY_SHIP, SOURCE_CLOUD}, {WAY_SHIP, SOURCE_SITE}};
	static const struct rule_step cloud[] = {{WAY_SHIP, SOURCE_CLOUD}, {WAY_SHIP, SOURCE_SITE}};
	static const struct rule_step site[] = {{WAY_SHIP, SOURCE_SITE}, {WAY_SHIP, SOURCE_CLOUD}};
	static const enum rank_key keys[] = {RANK_SOURCE, RANK_DISTANCE_BAND, RANK_PROMISE,
	    RANK_GRADE, RANK_SCORECARD, RANK_LOAD, RANK_COVER, RANK_COST};

	policy.version = 1;
	add_rule(0, 1, site)->made_to_order = YES;
	add_rule(0, 1, cloud)->cloud_only = YES;
	add_rule(1U << WAY_PICKUP, 4, pickup);
	add_rule(1U << WAY_DELIVER, 5, deliver);
	add_rule(1U << WAY_SHIP | 1U << WAY_NONE, 2, cloud)->price_from_fen = 500000;
	add_rule(1U << WAY_SHIP | 1U << WAY_NONE, 2, site);
	policy.rank_count = sizeof(keys) / sizeof(keys[0]);
	memcpy(policy.ranking, keys, sizeof(keys));
	policy.scan_max = SCAN_MAX;
	policy.radius_m = 10000; /* shipped: 20 km */
	policy.distance_band_m = 1000;
	policy.max_parcels = 3;
	policy.fewest_parcels = true;
	policy.accept_open_min = 30;
	policy.site_promise_hours = 72;
	policy.cloud_promise_hours = 48;
	policy.made_to_order_days = 7;
	policy.deliver_window_min = 120;
}

/* ---- Orders ---- */

static int64_t
number_of(const char *code)
{
	int64_t n = -1;

	must(parse_i64(code + 1, 0, INT32_MAX, &n) == ERR_OK);
	return n;
}

static struct owner
owner_by_store(int32_t store, enum owner_source source)
{
	return (struct owner){.dealer = party_of(town->stores[store].dealer),
	    .store = STORE_FIRST + store,
	    .source = source};
}

/* By the customer's claim, else by the storefront's store, else by the territory. */
static struct owner
owner_of(const struct wish *p)
{
	const struct city *c = &town->cities[p->city];
	struct rng r;
	int32_t store = -1;

	if (p->customer[0] != '\0' && number_of(p->customer) < town->claim_count) {
		rng_init(&r, SEED, RNG_CLAIM, (uint64_t)number_of(p->customer));
		store = world_store_near(town, p->city, &r);
		if (store >= 0)
			return owner_by_store(store, OWNER_BY_BIND);
	}
	if (p->storefront[0] == 'F')
		return owner_by_store((int32_t)number_of(p->storefront), OWNER_BY_STOREFRONT);
	return (struct owner){.dealer = party_of(town->cities[c->seat].dealer_first),
	    .source = OWNER_BY_TERRITORY};
}

static enum storefront_kind
front_of(const struct wish *p)
{
	switch (p->storefront[0]) {
	case 'F':
		return FRONT_STORE;
	case 'L':
		return FRONT_LIVE;
	case 'X':
		return FRONT_OUTSIDE;
	default:
		return FRONT_OFFICIAL;
	}
}

static void
make_order(const struct wish *p, int i)
{
	static const enum way ways[MIX_WAYS] = {WAY_SHIP, WAY_SHIP, WAY_PICKUP, WAY_DELIVER};

	requests[i] = (struct request){
	    .now_us = NOW_DAY * US_PER_DAY + (720 - TZ_MIN) * US_PER_MIN + i * US_PER_MS,
	    .storefront = front_of(p),
	    .way = ways[p->way],
	    .location = p->store < 0 ? NONE : world_location(&world, STORE_FIRST + p->store),
	    .has_position = p->has_address,
	    .lat_e6 = (int32_t)lround(p->lat * 1e6),
	    .lon_e6 = (int32_t)lround(p->lon * 1e6),
	    .territory = NONE,
	    .serving_store = NONE,
	    .lines = lines[i],
	    .line_count = p->line_count,
	};
	for (int k = 0; k < p->line_count; k++)
		lines[i][k] = (struct order_line){.sku = p->line[k].sku,
		    .quantity = p->line[k].quantity,
		    .price_fen = p->line[k].price_fen > 0 ? p->line[k].price_fen
		                                          : town->wares[p->line[k].sku].list_fen,
		    .discount_fen = p->line[k].discount_fen,
		    .campaign = NONE};
	owners[i] = owner_of(p);
}

/* The next orders of one way, or (MIX_WAYS) of the whole mix; none comes twice. */
static void
make_orders(enum mix_way way)
{
	static uint64_t number;
	struct mix m = {.town = town};
	struct wish p;

	for (int i = 0; i < ORDERS;) {
		mix_plan(&m, number++, false, &p);
		if (way == MIX_WAYS || way == p.way)
			make_order(&p, i++);
	}
}

/* ---- Measuring ---- */

struct sum {
	int64_t refused, examined;
	double cpu_us[ROUNDS_MAX]; /* an order */
};

static double
cpu_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* the machine may be shared */
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double
measure(struct arena *arena, struct sum *s)
{
	struct decide_in in = {.world = &world,
	    .hints = &memory.hints,
	    .policy = &policy,
	    .options_max = 1};
	double start = cpu_us();
	struct decision *d;

	for (int i = 0; i < ORDERS; i++) {
		arena_reset(arena);
		in.request = &requests[i];
		in.owner = &owners[i];
		must(decide(&in, arena, &d) == ERR_OK);
		s->refused += d->option_count == 0;
		for (int k = 0; k < d->run_count; k++)
			s->examined += d->runs[k].examined;
	}
	return (cpu_us() - start) / ORDERS;
}

static int
order_double(const void *pa, const void *pb)
{
	const double *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

/* Returns the median round, in orders decided a second. */
static double
report(const char *name, enum mix_way way, int rounds)
{
	struct arena *arena = arena_new(16 << 20);
	double count = (double)rounds * ORDERS, median;
	struct sum s = {0};

	must(arena != NULL);
	for (int i = 0; i < rounds; i++) {
		make_orders(way);
		s.cpu_us[i] = measure(arena, &s);
	}
	arena_free(arena);
	qsort(s.cpu_us, (size_t)rounds, sizeof(s.cpu_us[0]), order_double);
	median = s.cpu_us[rounds / 2];
	printf("%-8s %8.0f orders/s of CPU, %6.2f us each (%.2f to %.2f), %6.1f examined, "
	       "%4.1f %% refused\n",
	    name, 1e6 / median, median, s.cpu_us[0], s.cpu_us[rounds - 1],
	    (double)s.examined / count, 100.0 * (double)s.refused / count);
	return 1e6 / median;
}

int
main(int argc, char **argv)
{
	static const char *const names[MIX_WAYS] = {"SHIP", "CLOUD", "PICKUP", "DELIVER"};
	const char *cities = argc > 1 ? argv[1] : "simulator/data/china-cities.csv";
	int64_t rounds = ROUNDS;
	struct rusage use;
	double all;

	if (argc > 2 && parse_i64(argv[2], 1, ROUNDS_MAX, &rounds) != ERR_OK)
		return 2;
	if (world_make(&town, cities, WORLD_FULL, SEED) != ERR_OK)
		return 1;
	make_parties();
	make_locations();
	make_lists();
	make_goods();
	make_hints();
	make_policy();
	all = report("all", MIX_WAYS, (int)rounds);
	for (int w = 0; w < MIX_WAYS; w++)
		(void)report(names[w], (enum mix_way)w, (int)(rounds + 1) / 2);
	(void)getrusage(RUSAGE_SELF, &use);
	printf("%ld MiB resident at most\n", use.ru_maxrss / 1024);
	printf("decide_per_s %.0f\n", all);
	return 0;
}
