#include "simulator/load_rows.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "yuncang/v1/catalog.pb-c.h"

#define CHUNK 4000
#define ENTITLED_DEALERS 400
#define FEE_BPS 60

/* An arena that is full shows once, at the end: the parts below hand out NULL and go on. */
#define NEW(a, type, TYPE, var) \
	Yuncang__V1__##type *var = arena_alloc(a, sizeof(Yuncang__V1__##type)); \
	if (var == NULL) \
		return NULL; \
	*var = (Yuncang__V1__##type)YUNCANG__V1__##TYPE##__INIT

static char *
text(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s);

	/* the arena holds many times a chunk: a bug of this file if it does not */
	assert(copy != NULL);
	return copy;
}

static char *
code(struct arena *a, char kind, int64_t number)
{
	char buf[WORLD_CODE_SIZE];

	return text(a, world_code(buf, kind, number));
}

static char *
dealer_code(struct arena *a, int32_t dealer)
{
	return dealer == BY_BRAND ? text(a, BRAND_CODE) : code(a, 'D', dealer);
}

static Google__Protobuf__Timestamp *
timestamp(struct arena *a, int64_t us)
{
	Google__Protobuf__Timestamp *t = arena_alloc(a, sizeof(*t));

	assert(t != NULL);
	*t = (Google__Protobuf__Timestamp)GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	t->seconds = us / US_PER_S;
	t->nanos = (int32_t)(us % US_PER_S * 1000);
	return t;
}

static Yuncang__V1__Merchant *
merchant(struct arena *a, const char *provider, const char *owner)
{
	NEW(a, Merchant, MERCHANT, m);
	m->provider = text(a, provider);
	m->number = strcmp(owner, BRAND_CODE) == 0 ? text(a, BRAND_MERCHANT)
	                                           : arena_printf(a, "1900-%s", owner);
	m->fee_bps = FEE_BPS;
	return m;
}

/* Everybody has a bank account, a person one at the payment provider, too. */
static Yuncang__V1__Payee *
payee(struct arena *a, const char *owner, bool person)
{
	NEW(a, Payee, PAYEE, p);
	p->bank = p->account_name = text(a, owner);
	p->account = arena_printf(a, "6222-%s", owner);
	p->openid = person ? arena_printf(a, "oUpF8u-%s", owner) : p->openid;
	return p;
}

/* No dealers and no staff. */
static const struct {
	const char *code, *name;
	Yuncang__V1__PartyKind kind;
	const char *provider; /* of its merchant account; NULL: collects nothing */
} parties[] = {
    {BRAND_CODE, "The brand", YUNCANG__V1__PARTY_KIND__PARTY_KIND_BRAND, "wechat"},
    {"PLATFORM", "Platform operator", YUNCANG__V1__PARTY_KIND__PARTY_KIND_PLATFORM, NULL},
    {"WECHAT", "WeChat Pay", YUNCANG__V1__PARTY_KIND__PARTY_KIND_PROVIDER, NULL},
    {"COURIER", "City courier", YUNCANG__V1__PARTY_KIND__PARTY_KIND_COURIER, NULL},
    {"WAREHOUSE", "Cloud warehouse operator", YUNCANG__V1__PARTY_KIND__PARTY_KIND_WAREHOUSE, NULL},
    {"N00000", "Instant retail channel", YUNCANG__V1__PARTY_KIND__PARTY_KIND_CHANNEL, "channel"},
    {"N00001", "Short video channel", YUNCANG__V1__PARTY_KIND__PARTY_KIND_CHANNEL, "channel"},
};
#define PARTY_COUNT ((int64_t)(sizeof(parties) / sizeof(parties[0])))

static ProtobufCMessage *
party_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	(void)in;
	NEW(a, UpsertPartiesRequest, UPSERT_PARTIES_REQUEST, q);
	q->parties = arena_array(a, (size_t)count, sizeof(*q->parties));
	for (int64_t i = first; q->parties != NULL && i < first + count; i++) {
		NEW(a, Party, PARTY, p);
		p->code = text(a, parties[i].code);
		p->name = text(a, parties[i].name);
		p->kind = parties[i].kind;
		if (parties[i].provider != NULL)
			p->merchant = merchant(a, parties[i].provider, parties[i].code);
		if (p->kind != YUNCANG__V1__PARTY_KIND__PARTY_KIND_BRAND &&
		    p->kind != YUNCANG__V1__PARTY_KIND__PARTY_KIND_PROVIDER)
			p->payee = payee(a, parties[i].code, false);
		q->parties[q->n_parties++] = p;
	}
	return &q->base;
}

static ProtobufCMessage *
dealer_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	NEW(a, UpsertDealersRequest, UPSERT_DEALERS_REQUEST, q);
	q->dealers = arena_array(a, (size_t)count, sizeof(*q->dealers));
	for (int64_t i = first; q->dealers != NULL && i < first + count; i++) {
		NEW(a, Dealer, DEALER, d);
		d->code = code(a, 'D', i);
		d->name = arena_printf(a, "Dealer %lld", (long long)i);
		d->grade = in->world->dealers[i].grade;
		d->merchant = merchant(a, "wechat", d->code);
		d->payee = payee(a, d->code, false);
		q->dealers[q->n_dealers++] = d;
	}
	return &q->base;
}

/* One shop assistant in every third store; one manager for the brand and for each dealer. */
static ProtobufCMessage *
staff_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	NEW(a, UpsertPartiesRequest, UPSERT_PARTIES_REQUEST, q);
	q->parties = arena_array(a, (size_t)count, sizeof(*q->parties));
	for (int64_t i = first; q->parties != NULL && i < first + count; i++) {
		int64_t manager = i - in->world->store_count / 3; /* from 0: the brand's */

		NEW(a, Party, PARTY, p);
		p->kind = YUNCANG__V1__PARTY_KIND__PARTY_KIND_STAFF;
		if (manager >= 0) {
			p->code = code(a, 'M', manager);
			p->name = arena_printf(a, "Manager %lld", (long long)manager);
			p->employer = dealer_code(a, (int32_t)manager - 1);
		} else {
			p->code = code(a, 'A', i * 3);
			p->name = arena_printf(a, "Assistant of store %lld", (long long)(i * 3));
			p->employer = dealer_code(a, in->world->stores[i * 3].dealer);
		}
		p->payee = payee(a, p->code, true);
		q->parties[q->n_parties++] = p;
	}
	return &q->base;
}

/* A city's region belongs to the first dealer of its seat; one city in twenty belongs to nobody. */
static ProtobufCMessage *
territory_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	NEW(a, UpsertTerritoriesRequest, UPSERT_TERRITORIES_REQUEST, q);
	q->territories = arena_array(a, (size_t)count, sizeof(*q->territories));
	for (int64_t i = first; q->territories != NULL && i < first + count; i++) {
		const struct city *c = &in->world->cities[i];

		if (i % 20 == 19)
			continue;
		NEW(a, Territory, TERRITORY, t);
		t->code = code(a, 'T', i);
		t->dealer = code(a, 'D', in->world->cities[c->seat].dealer_first);
		t->regions = arena_array(a, 1, sizeof(*t->regions));
		if (t->regions == NULL)
			return NULL;
		t->regions[t->n_regions++] = text(a, c->region);
		q->territories[q->n_territories++] = t;
	}
	return &q->base;
}

const struct load_hours load_hours[TYPE_COUNT][2] = {
    [TYPE_MALL] = {{1, 5, 600, 1320}, {6, 7, 570, 1350}},
    [TYPE_STREET] = {{1, 5, 540, 1260}, {6, 7, 600, 1200}},
    [TYPE_COMMUNITY] = {{2, 6, 510, 1230}, {7, 7, 600, 1080}},
};

static void
hours_add(Yuncang__V1__Location *l, enum store_type type, struct arena *a)
{
	if (type == TYPE_NIGHT)
		return;
	l->hours = arena_array(a, 2, sizeof(*l->hours));
	assert(l->hours != NULL);
	for (int i = 0; i < 2; i++) {
		const struct load_hours *x = &load_hours[type][i];
		Yuncang__V1__OpeningHours *h = arena_alloc(a, sizeof(*h));

		assert(h != NULL);
		*h = (Yuncang__V1__OpeningHours)YUNCANG__V1__OPENING_HOURS__INIT;
		h->weekdays = arena_array(a, 7, sizeof(*h->weekdays));
		assert(h->weekdays != NULL);
		for (int d = x->from_day; d <= x->to_day; d++)
			h->weekdays[h->n_weekdays++] = d;
		h->open_minute = x->open;
		h->close_minute = x->close;
		l->hours[l->n_hours++] = h;
	}
}

static Yuncang__V1__Location *
location_new(struct arena *a, double lat, double lon, const char *region, int way_count)
{
	NEW(a, Location, LOCATION, l);
	NEW(a, Position, POSITION, p);
	p->latitude = lat;
	p->longitude = lon;
	l->position = p;
	l->region = text(a, region);
	l->ways = arena_array(a, (size_t)way_count, sizeof(*l->ways));
	return l->ways == NULL ? NULL : l;
}

static Yuncang__V1__Location *
store_row(const struct load_in *in, int64_t i, struct arena *a)
{
	const struct store *s = &in->world->stores[i];
	Yuncang__V1__Location *l =
	    location_new(a, s->lat, s->lon, in->world->cities[s->city].region, 2);

	if (l == NULL)
		return NULL;
	l->code = code(a, 'S', i);
	l->kind = YUNCANG__V1__LOCATION_KIND__LOCATION_KIND_STORE;
	l->operator_ = dealer_code(a, s->dealer);
	l->ways[l->n_ways++] = YUNCANG__V1__WAY__WAY_PICKUP;
	if (i % 10 != 0)
		l->ways[l->n_ways++] = YUNCANG__V1__WAY__WAY_DELIVER;
	hours_add(l, s->type, a);
	l->lead_minutes = s->type == TYPE_MALL ? 45 : 30;
	l->capacity_per_day = s->capacity_day;
	l->handling_cost_fen = 300 + i % 5 * 100;
	return l;
}

static Yuncang__V1__Location *
central_row(const struct load_in *in, int central, struct arena *a)
{
	const struct city *c = &in->world->cities[central];
	Yuncang__V1__Location *l = location_new(a, c->lat, c->lon, c->region, 1);

	if (l == NULL)
		return NULL;
	l->code = text(a, world_central_code(central));
	l->kind = central < SITE_COUNT ? YUNCANG__V1__LOCATION_KIND__LOCATION_KIND_SITE
	                               : YUNCANG__V1__LOCATION_KIND__LOCATION_KIND_CLOUD;
	l->operator_ = text(a, BRAND_CODE);
	l->ways[l->n_ways++] = YUNCANG__V1__WAY__WAY_SHIP;
	l->preference = central;
	l->lead_minutes = 240;
	l->cut_off_minute = 960;
	return l;
}

static ProtobufCMessage *
location_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	NEW(a, UpsertLocationsRequest, UPSERT_LOCATIONS_REQUEST, q);
	q->locations = arena_array(a, (size_t)count, sizeof(*q->locations));
	for (int64_t i = first; q->locations != NULL && i < first + count; i++) {
		Yuncang__V1__Location *l = i < CENTRAL_COUNT ? central_row(in, (int)i, a)
		                                             : store_row(in, i - CENTRAL_COUNT, a);

		if (l == NULL)
			return NULL;
		q->locations[q->n_locations++] = l;
	}
	return &q->base;
}

static ProtobufCMessage *
slot_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	static const int from[SLOTS_A_DAY] = {660, 840, 1020};
	int32_t today = day_in_china(in->now_us), y, m, d;

	NEW(a, UpsertSlotsRequest, UPSERT_SLOTS_REQUEST, q);
	q->slots = arena_array(a, (size_t)count, sizeof(*q->slots));
	for (int64_t i = first; q->slots != NULL && i < first + count; i++) {
		int64_t store = i / (SLOT_DAYS * SLOTS_A_DAY);
		int nth = (int)(i % (SLOT_DAYS * SLOTS_A_DAY));

		if (!in->world->stores[store].slots)
			continue;
		NEW(a, Slot, SLOT, s);
		s->location = code(a, 'S', store);
		civil_from_days(today + nth / SLOTS_A_DAY, &y, &m, &d);
		s->date = arena_printf(a, "%04d-%02d-%02d", y, m, d);
		s->from_minute = from[nth % SLOTS_A_DAY];
		s->to_minute = s->from_minute + 120;
		s->limit = 6;
		q->slots[q->n_slots++] = s;
	}
	return &q->base;
}

/* The official site, live streams and outside channels, then one storefront a store. */
#define FRONTS_BEFORE_STORES (1 + LIVE_COUNT + CHANNEL_COUNT)

static void
front_fill(Yuncang__V1__Storefront *f, int64_t i, struct arena *a)
{
	if (i == 0) {
		f->code = text(a, "OFFICIAL");
		f->kind = YUNCANG__V1__STOREFRONT_KIND__STOREFRONT_KIND_OFFICIAL;
	} else if (i <= LIVE_COUNT) {
		f->code = code(a, 'L', i - 1);
		f->kind = YUNCANG__V1__STOREFRONT_KIND__STOREFRONT_KIND_LIVE;
	} else if (i < FRONTS_BEFORE_STORES) {
		f->code = code(a, 'X', i - 1 - LIVE_COUNT);
		f->kind = YUNCANG__V1__STOREFRONT_KIND__STOREFRONT_KIND_OUTSIDE;
		f->channel = code(a, 'N', i - 1 - LIVE_COUNT);
	} else {
		f->code = code(a, 'F', i - FRONTS_BEFORE_STORES);
		f->kind = YUNCANG__V1__STOREFRONT_KIND__STOREFRONT_KIND_STORE;
		f->location = code(a, 'S', i - FRONTS_BEFORE_STORES);
	}
}

static ProtobufCMessage *
storefront_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	(void)in;
	NEW(a, UpsertStorefrontsRequest, UPSERT_STOREFRONTS_REQUEST, q);
	q->storefronts = arena_array(a, (size_t)count, sizeof(*q->storefronts));
	for (int64_t i = first; q->storefronts != NULL && i < first + count; i++) {
		NEW(a, Storefront, STOREFRONT, f);
		front_fill(f, i, a);
		q->storefronts[q->n_storefronts++] = f;
	}
	return &q->base;
}

static ProtobufCMessage *
sku_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	NEW(a, UpsertSkusRequest, UPSERT_SKUS_REQUEST, q);
	q->skus = arena_array(a, (size_t)count, sizeof(*q->skus));
	for (int64_t i = first; q->skus != NULL && i < first + count; i++) {
		const struct ware *x = &in->world->wares[i];

		NEW(a, Sku, SKU, s);
		s->code = code(a, 'K', i);
		s->sku_class = text(a, world_class_word(x->class));
		s->name = arena_printf(a, "%s %lld", s->sku_class, (long long)i);
		s->contract_cost_fen = x->cost_fen;
		s->list_price_fen = x->list_fen;
		s->floor_price_fen = x->floor_fen;
		s->cloud_only = x->cloud_only;
		s->made_to_order = x->made_to_order;
		s->serialised = x->serialised;
		s->tax_class = text(a, "general-13");
		q->skus[q->n_skus++] = s;
	}
	return &q->base;
}

static bool
stock_fill(const struct world *w, Yuncang__V1__StockCount *s, int64_t i, struct arena *a)
{
	int64_t central = i / SKU_COUNT, store = (i - CENTRAL_COUNT * SKU_COUNT) / STORE_SKUS;
	int nth = (int)((i - CENTRAL_COUNT * SKU_COUNT) % STORE_SKUS);

	if (central < CENTRAL_COUNT) {
		s->count = world_central_stock(w, (int)central, (int)(i % SKU_COUNT));
		s->location = text(a, world_central_code((int)central));
		s->sku = code(a, 'K', i % SKU_COUNT);
		return s->count > 0;
	}
	s->location = code(a, 'S', store);
	s->sku = code(a, 'K', w->stores[store].sku[nth]);
	s->count = w->stores[store].count[nth];
	if (w->stores[store].consigned[nth])
		s->goods_owner = text(a, BRAND_CODE);
	s->safety = s->count > 5 && nth % 10 == 0 ? 1 : 0;
	return true;
}

static ProtobufCMessage *
stock_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	Google__Protobuf__Timestamp *now = timestamp(a, in->now_us);

	NEW(a, SetStockCountsRequest, SET_STOCK_COUNTS_REQUEST, q);
	q->counts = arena_array(a, (size_t)count, sizeof(*q->counts));
	for (int64_t i = first; q->counts != NULL && i < first + count; i++) {
		NEW(a, StockCount, STOCK_COUNT, s);
		if (!stock_fill(in->world, s, i, a))
			continue;
		s->counted_at = now;
		q->counts[q->n_counts++] = s;
	}
	return &q->base;
}

static int64_t
entitled_dealers(const struct world *w)
{
	return w->dealer_count < ENTITLED_DEALERS ? w->dealer_count : ENTITLED_DEALERS;
}

static ProtobufCMessage *
entitlement_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	NEW(a, UpsertEntitlementsRequest, UPSERT_ENTITLEMENTS_REQUEST, q);
	q->entitlements = arena_array(a, (size_t)count, sizeof(*q->entitlements));
	for (int64_t i = first; q->entitlements != NULL && i < first + count; i++) {
		int64_t dealer = i / in->world->scarce_count;

		if (dealer % 3 == 2) /* a third may sell none */
			continue;
		NEW(a, Entitlement, ENTITLEMENT, t);
		t->dealer = code(a, 'D', dealer);
		t->sku = code(a, 'K', in->world->scarce_skus[i % in->world->scarce_count]);
		t->ceiling = (int32_t)(1 + (dealer * 7 + i) % 12);
		q->entitlements[q->n_entitlements++] = t;
	}
	return &q->base;
}

/* Campaigns with one, two and three funders; the second one's budget is soon spent. */
static const struct {
	const char *funder[3];
	int32_t share[3];
	int64_t unit_max_fen, budget_fen;
} campaigns[CAMPAIGN_COUNT] = {
    {{BRAND_CODE}, {10000}, 5000, 500000000},
    {{BRAND_CODE, "PLATFORM"}, {6000, 4000}, 3000, 300000},
    {{BRAND_CODE, "D00000"}, {5000, 5000}, 5000, 500000000},
    {{"PLATFORM", BRAND_CODE, "D00001"}, {3334, 3333, 3333}, 9999, 500000000},
};

static Yuncang__V1__Campaign *
campaign_row(const struct load_in *in, int64_t i, struct arena *a)
{
	NEW(a, Campaign, CAMPAIGN, c);
	c->code = code(a, 'C', i);
	c->name = arena_printf(a, "Campaign %lld", (long long)i);
	c->unit_max_fen = campaigns[i].unit_max_fen;
	c->budget_fen = campaigns[i].budget_fen;
	c->from = timestamp(a, in->now_us - US_PER_DAY);
	c->until = timestamp(a, in->now_us + 365 * US_PER_DAY);
	c->funders = arena_array(a, 3, sizeof(*c->funders));
	if (c->funders == NULL)
		return NULL;
	for (int k = 0; k < 3 && campaigns[i].funder[k] != NULL; k++) {
		NEW(a, Funder, FUNDER, f);
		f->party = text(a, campaigns[i].funder[k]);
		f->share_bps = campaigns[i].share[k];
		c->funders[c->n_funders++] = f;
	}
	return c;
}

static ProtobufCMessage *
campaign_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	NEW(a, UpsertCampaignsRequest, UPSERT_CAMPAIGNS_REQUEST, q);
	q->campaigns = arena_array(a, (size_t)count, sizeof(*q->campaigns));
	for (int64_t i = first; q->campaigns != NULL && i < first + count; i++)
		if ((q->campaigns[q->n_campaigns++] = campaign_row(in, i, a)) == NULL)
			return NULL;
	return &q->base;
}

/* A store of his city, by scan, binding or having been there; some name the assistant. */
static ProtobufCMessage *
claim_rows(const struct load_in *in, int64_t first, int64_t count, struct arena *a)
{
	NEW(a, UpsertClaimsRequest, UPSERT_CLAIMS_REQUEST, q);
	q->claims = arena_array(a, (size_t)count, sizeof(*q->claims));
	for (int64_t i = first; q->claims != NULL && i < first + count; i++) {
		struct customer who;
		struct rng r;
		int32_t store;

		world_customer(in->world, i, &who);
		rng_init(&r, in->world->seed, RNG_CLAIM, (uint64_t)i);
		store = world_store_near(in->world, who.city, &r);
		if (store < 0)
			continue;
		NEW(a, Claim, CLAIM, c);
		c->customer = code(a, 'U', i);
		c->location = code(a, 'S', store);
		c->kind = (Yuncang__V1__ClaimKind)(1 + rng_below(&r, 3));
		if (store % 3 == 0 && store / 3 < in->world->store_count / 3)
			c->staff = code(a, 'A', store);
		c->from = timestamp(a, in->now_us - rng_between(&r, 1, 300) * US_PER_DAY);
		if (c->kind == YUNCANG__V1__CLAIM_KIND__CLAIM_KIND_LOCATION)
			c->until = timestamp(a, in->now_us + 30 * US_PER_DAY);
		c->evidence = text(a, "simulated");
		q->claims[q->n_claims++] = c;
	}
	return &q->base;
}

/* Rows of each kind. */
#define COUNT(kind, rows) \
	static int64_t kind##_count(const struct world *w) \
	{ \
		(void)w; \
		return rows; \
	}
/* clang-format off */
COUNT(party, PARTY_COUNT)
COUNT(dealer, w->dealer_count)
COUNT(staff, w->store_count / 3 + 1 + w->dealer_count)
COUNT(territory, w->city_count)
COUNT(location, CENTRAL_COUNT + (int64_t)w->store_count)
COUNT(slot, (int64_t)w->store_count * SLOT_DAYS * SLOTS_A_DAY)
COUNT(storefront, FRONTS_BEFORE_STORES + (int64_t)w->store_count)
COUNT(sku, SKU_COUNT)
COUNT(stock, CENTRAL_COUNT * SKU_COUNT + (int64_t)w->store_count * STORE_SKUS)
COUNT(entitlement, entitled_dealers(w) * w->scarce_count)
COUNT(campaign, CAMPAIGN_COUNT)
COUNT(claim, w->claim_count)
/* clang-format on */
#undef COUNT

#define PATH(name) "/yuncang.v1.CatalogService/" name
#define KIND(word, path, response, kind) \
	{ \
		word, PATH(path), &yuncang__v1__##response##_response__descriptor, kind##_count, \
		    CHUNK, kind##_rows \
	}

const struct load_kind load_kinds[] = {
    KIND("parties", "UpsertParties", upsert_parties, party),
    KIND("dealers", "UpsertDealers", upsert_dealers, dealer),
    KIND("staff", "UpsertParties", upsert_parties, staff),
    KIND("territories", "UpsertTerritories", upsert_territories, territory),
    KIND("locations", "UpsertLocations", upsert_locations, location),
    KIND("slots", "UpsertSlots", upsert_slots, slot),
    KIND("storefronts", "UpsertStorefronts", upsert_storefronts, storefront),
    KIND("skus", "UpsertSkus", upsert_skus, sku),
    KIND("stock", "SetStockCounts", set_stock_counts, stock),
    KIND("entitlements", "UpsertEntitlements", upsert_entitlements, entitlement),
    KIND("campaigns", "UpsertCampaigns", upsert_campaigns, campaign),
    KIND("claims", "UpsertClaims", upsert_claims, claim),
    {0},
};
