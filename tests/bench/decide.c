/*
 * bench/decide: decisions a second on one core, in a world of 30,000 stores laid on real cities.
 *
 * Usage: decide [CITIES.csv [SECONDS]].  The mix is 40 SHIP, 20 SHIP of high value (CLOUD first), 20 PICKUP, 20 DELIVER,
 * nine in ten orders of one line; radius 10 km; the shipped policy's rules.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/parse.h"
#include "domain/decide.h"

#define STORES 30000
#define DEALERS 5000
#define SKUS 500
#define STOCKED 50
#define REGION 128
#define CENTRALS 12
#define CITIES_MAX 2000
#define REQUESTS 20000
#define CAPACITY_SIZE 65536
#define COMMON 100 /* skus that every store chooses from first */

struct city {
	double lat, lon, population;
	int stores;
};

static struct city cities[CITIES_MAX];
static int city_count;
static struct world world;
static struct hints hints;
static struct policy policy;
static struct request requests[REQUESTS];
static struct order_line lines[REQUESTS][3];
static struct owner owners[REQUESTS];
static uint64_t rng_state = 7;

static double
rnd(void)
{
	uint64_t z = rng_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static int32_t
below(int32_t n)
{
	return (int32_t)(rnd() * n);
}

static void *
take(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL)
		abort();
	return p;
}

/* The last three columns: latitude, longitude, population. */
static void
read_cities(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512], *at;
	double v[3], sum = 0;

	if (f == NULL) {
		fprintf(stderr, "decide: %s cannot be read\n", path);
		exit(1);
	}
	while (city_count < CITIES_MAX && fgets(line, sizeof(line), f) != NULL) {
		int n = 3;

		line[strcspn(line, "\r\n")] = '\0';
		while (n > 0 && (at = strrchr(line, ',')) != NULL &&
		    parse_double(at + 1, &v[n - 1]) == ERR_OK) {
			*at = '\0';
			n--;
		}
		if (n == 0) {
			cities[city_count++] = (struct city){v[0], v[1], v[2], 0};
			sum += v[2];
		}
	}
	(void)fclose(f);
	for (int i = 0; i < city_count; i++)
		cities[i].stores = (int)(cities[i].population / sum * STORES + 0.5);
}

static int
city_by_population(void)
{
	static double total;
	double at;

	if (total == 0)
		for (int i = 0; i < city_count; i++)
			total += cities[i].population;
	at = rnd() * total;
	for (int i = 0; i < city_count; i++) {
		at -= cities[i].population;
		if (at <= 0)
			return i;
	}
	return city_count - 1;
}

/* A disc that grows with the city, denser towards its middle. */
static void
scatter(int c, int32_t *lat_e6, int32_t *lon_e6)
{
	double r = (3 + 0.55 * sqrt(cities[c].stores)) * rnd(), a = rnd() * 6.2831853;

	*lat_e6 = (int32_t)((cities[c].lat + r / 111.2 * sin(a)) * 1e6);
	*lon_e6 =
	    (int32_t)((cities[c].lon + r / 111.2 / cos(cities[c].lat * 0.0174533) * cos(a)) * 1e6);
}

static void
make_parties(void)
{
	world.party_count = DEALERS + 1;
	world.parties = take(DEALERS + 1, sizeof(*world.parties));
	world.party_by_id = take(DEALERS + 2, sizeof(int32_t));
	world.party_id_max = DEALERS + 2;
	for (int32_t i = 0; i <= DEALERS; i++) {
		world.parties[i] = (struct party){.id = i + 1,
		    .kind = i == 0 ? PARTY_BRAND : PARTY_DEALER,
		    .grade = i == 0 ? 1 : 1 + below(5),
		    .accept_bps = 9000 + below(1000),
		    .code = ""};
		world.party_by_id[i + 1] = i;
	}
	world.brand = 1;
}

static void
make_locations(void)
{
	int32_t n = STORES + CENTRALS;

	world.location_count = n;
	world.locations = take((size_t)n, sizeof(*world.locations));
	world.location_by_id = take((size_t)n + 1, sizeof(int32_t));
	world.location_id_max = n + 1;
	for (int32_t i = 0; i < n; i++) {
		struct location *l = &world.locations[i];
		bool store = i < STORES;

		*l = (struct location){.id = i + 1,
		    .party = store ? 2 + i / (STORES / DEALERS) : 1,
		    .kind = store        ? LOC_STORE
		        : i < STORES + 8 ? LOC_CLOUD
		                         : LOC_SITE,
		    .ways = store ? 1 << WAY_PICKUP | 1 << WAY_DELIVER : 1 << WAY_SHIP,
		    .tz_min = 480,
		    .lead_min = 30,
		    .capacity_day = store ? 50 : 0,
		    .territory = NONE,
		    .code = ""};
		l->party_idx = l->party - 1;
		scatter(city_by_population(), &l->lat_e6, &l->lon_e6);
		l->hours.always = !store;
		for (int d = 0; d < HOURS_MAX; d++) {
			l->hours.open[d] = 540;
			l->hours.close[d] = 1260;
		}
	}
	qsort(world.locations, (size_t)n, sizeof(*world.locations), world_location_order);
	for (int32_t i = 0; i < n; i++)
		world.location_by_id[world.locations[i].id] = i;
	world_grid_bounds(&world);
	world.grid.cell_first =
	    take((size_t)(world.grid.rows * world.grid.cols) + 1, sizeof(int32_t));
	world.vx = take((size_t)n, sizeof(float));
	world.vy = take((size_t)n, sizeof(float));
	world.vz = take((size_t)n, sizeof(float));
	world_grid_fill(&world);
}

static void
make_lists(void)
{
	int32_t *at = take(DEALERS + 2, sizeof(int32_t));

	world.central = take(CENTRALS, sizeof(int32_t));
	world.central_count = CENTRALS;
	for (int32_t i = 0; i < CENTRALS; i++)
		world.central[i] = STORES + i;
	world.party_first = take(DEALERS + 2, sizeof(int32_t));
	world.party_stores = take(STORES, sizeof(int32_t));
	for (int32_t i = 0; i < STORES; i++)
		world.party_first[world.locations[i].party_idx + 1]++;
	for (int32_t i = 0; i <= DEALERS; i++)
		at[i + 1] = world.party_first[i + 1] += world.party_first[i];
	for (int32_t i = 0; i < STORES; i++)
		world.party_stores[at[world.locations[i].party_idx]++] = i;
	free(at);
}

static void
make_skus(void)
{
	world.sku_count = SKUS;
	world.skus = take(SKUS, sizeof(*world.skus));
	for (int32_t i = 0; i < SKUS; i++)
		world.skus[i] = (struct sku){.id = i + 1,
		    .list_fen = 10000 + below(900000),
		    .cloud_only = i % 50 == 49,
		    .code = ""};
	world.storefronts = take(1, sizeof(*world.storefronts));
	world.storefronts[0] =
	    (struct storefront){.id = 1, .kind = FRONT_OFFICIAL, .location = NONE, .code = ""};
	world.storefront_count = 1;
}

static void
make_hints(void)
{
	size_t regions = STORES + CENTRALS + 1, size = (STORES * (size_t)REGION) + CENTRALS * 1024;
	uint32_t next = 0;
	struct stock_hint *s;

	hints.stock = take(size, sizeof(*hints.stock));
	hints.stock_size = (uint32_t)size;
	hints.regions = take(regions, sizeof(*hints.regions));
	hints.region_count = (int32_t)regions;
	hints.capacity = take(CAPACITY_SIZE, sizeof(*hints.capacity));
	hints.capacity_size = CAPACITY_SIZE;
	for (int32_t i = 0; i < world.location_count; i++) {
		const struct location *l = &world.locations[i];
		bool store = l->kind == LOC_STORE;

		hints_region_move(&hints, l->id, next, store ? REGION : 1024);
		next += store ? REGION : 1024;
		for (int k = 0; k < (store ? STOCKED : SKUS); k++) {
			s = hints_stock_put(&hints, l->id,
			    store ? 1 + below(k < 35 ? COMMON : SKUS) : 1 + k, l->party);
			s->atp = store ? 1 + below(8) : 100000;
			s->counted_min = UINT32_MAX / 2;
		}
		if (store && i % 2 == 0)
			hints_capacity_put(&hints, l->id, 20000)->limit = 50;
	}
}

static void
add_rule(enum way asked, int64_t from_fen, int count, const struct rule_step *steps)
{
	struct rule *r = &policy.rules[policy.rule_count++];

	r->ways = asked == WAY_NONE ? 0 : 1U << asked;
	r->price_from_fen = from_fen;
	r->step_count = count;
	memcpy(r->steps, steps, sizeof(*steps) * (size_t)count);
}

static void
make_policy(void)
{
	static const struct rule_step pickup[] = {{WAY_PICKUP, SOURCE_REQUESTED}};
	static const struct rule_step deliver[] = {{WAY_DELIVER, SOURCE_OWNER_STORE},
	    {WAY_DELIVER, SOURCE_OWNER_STORES}, {WAY_DELIVER, SOURCE_OTHER_STORES},
	    {WAY_SHIP, SOURCE_CLOUD}, {WAY_SHIP, SOURCE_SITE}};
	static const struct rule_step cloud[] = {{WAY_SHIP, SOURCE_CLOUD}, {WAY_SHIP, SOURCE_SITE}};
	static const struct rule_step site[] = {{WAY_SHIP, SOURCE_SITE}, {WAY_SHIP, SOURCE_CLOUD}};
	static const enum rank_key keys[] = {RANK_SOURCE, RANK_DISTANCE_BAND, RANK_PROMISE,
	    RANK_GRADE, RANK_SCORECARD, RANK_LOAD, RANK_COST, RANK_PREFERENCE};

	policy.version = 1;
	add_rule(WAY_NONE, 0, 2, cloud);
	policy.rules[0].cloud_only = YES;
	add_rule(WAY_PICKUP, 0, 1, pickup);
	add_rule(WAY_DELIVER, 0, 5, deliver);
	add_rule(WAY_NONE, 500000, 2, cloud);
	add_rule(WAY_NONE, 0, 2, site);
	policy.rank_count = sizeof(keys) / sizeof(keys[0]);
	memcpy(policy.ranking, keys, sizeof(keys));
	policy.scan_max = SCAN_MAX;
	policy.radius_m = 10000;
	policy.distance_band_m = 2000;
	policy.max_parcels = 3;
	policy.fewest_parcels = true;
	policy.accept_open_min = 30;
	policy.site_promise_hours = 48;
	policy.cloud_promise_hours = 72;
	policy.deliver_window_min = 120;
}

static void
make_request(int i)
{
	struct request *q = &requests[i];
	int mix = below(100), pick, store = below(STORES);
	int32_t sku;

	*q = (struct request){.now_us = 20000 * US_PER_DAY + 4 * 60 * US_PER_MIN,
	    .location = NONE,
	    .territory = NONE,
	    .serving_store = NONE,
	    .has_position = true,
	    .lines = lines[i],
	    .line_count = below(10) == 0 ? 3 : 1};
	q->way = mix < 60 ? WAY_SHIP : mix < 80 ? WAY_PICKUP : WAY_DELIVER;
	scatter(city_by_population(), &q->lat_e6, &q->lon_e6);
	if (q->way == WAY_PICKUP)
		q->location = store;
	for (int k = 0; k < q->line_count; k++) {
		do {
			pick = below(below(10) < 8 ? COMMON : SKUS);
			sku = pick;
		} while (mix < 60 && (world.skus[sku].list_fen >= 500000) != (mix >= 40));
		lines[i][k] = (struct order_line){.sku = sku,
		    .quantity = 1,
		    .price_fen = world.skus[sku].list_fen,
		    .campaign = NONE};
	}
	owners[i] = (struct owner){.dealer = world.locations[store].party,
	    .store = world.locations[store].id,
	    .source = OWNER_BY_STOREFRONT};
}

struct sum {
	int64_t count, refused, examined;
	double cpu_s;
};

/* Decides the requests of one way (WAY_NONE: all) over and over for so many CPU seconds. */
static struct sum
measure(enum way way, double seconds)
{
	struct arena *arena = arena_new(16 << 20);
	struct decide_in in = {.world = &world,
	    .hints = &hints,
	    .policy = &policy,
	    .options_max = 1};
	struct sum s = {0};
	clock_t start = clock(); /* CPU time: the machine may be shared */
	struct decision *d;

	do {
		for (int i = 0; i < REQUESTS; i++) {
			if (way != WAY_NONE && requests[i].way != way)
				continue;
			arena_reset(arena);
			in.request = &requests[i];
			in.owner = &owners[i];
			if (decide(&in, arena, &d) != ERR_OK)
				abort();
			s.count++;
			s.refused += d->option_count == 0;
			for (int k = 0; k < d->run_count; k++)
				s.examined += d->runs[k].examined;
		}
		s.cpu_s = (double)(clock() - start) / CLOCKS_PER_SEC;
	} while (s.cpu_s < seconds);
	arena_free(arena);
	return s;
}

static void
report(double seconds)
{
	static const char *const names[] = {"all", "SHIP", "PICKUP", "DELIVER"};
	struct sum s;

	for (int w = WAY_NONE; w < WAY_COUNT; w++) {
		s = measure((enum way)w, seconds);
		printf(
		    "%-8s %8.0f decisions/s of CPU, %6.2f us each, %6.1f examined, %4.1f %% refused\n",
		    names[w], (double)s.count / s.cpu_s, s.cpu_s * 1e6 / (double)s.count,
		    (double)s.examined / (double)s.count,
		    100.0 * (double)s.refused / (double)s.count);
	}
}

int
main(int argc, char **argv)
{
	double seconds = 3;

	if (argc > 2 && parse_double(argv[2], &seconds) != ERR_OK)
		return 2;
	read_cities(argc > 1 ? argv[1] : "simulator/data/china-cities.csv");
	make_parties();
	make_locations();
	make_lists();
	make_skus();
	make_hints();
	make_policy();
	for (int i = 0; i < REQUESTS; i++)
		make_request(i);
	report(seconds);
	return 0;
}
