#include "money_world.h"

#include <assert.h>
#include <string.h>

#include "domain/party.h"

static void
add_party(struct money_world *m, int32_t id, enum party_kind kind, const char *code)
{
	struct party *p = &m->parties[id - 1];

	p->id = id;
	p->kind = kind;
	p->code = code;
	p->grade = 1;
	m->party_by_id[id] = id - 1;
}

static void
add_parties(struct money_world *m)
{
	int i;

	m->party_by_id[0] = NONE;
	add_party(m, BRAND, PARTY_BRAND, "BRAND");
	add_party(m, DEALER_D, PARTY_DEALER, "D");
	add_party(m, DEALER_F, PARTY_DEALER, "F");
	add_party(m, STAFF_S, PARTY_STAFF, "S");
	add_party(m, COURIER_K, PARTY_COURIER, "K");
	add_party(m, WAREHOUSE_W, PARTY_WAREHOUSE, "W");
	add_party(m, PLATFORM_OP, PARTY_PLATFORM, "OP");
	add_party(m, PROVIDER_WX, PARTY_PROVIDER, "WX");
	add_party(m, CHANNEL_C, PARTY_CHANNEL, "C");
	add_party(m, DEALER_POOR, PARTY_DEALER, "POOR");
	for (i = 0; i < PARTY_IDS - 1; i++) {
		m->parties[i].provider = PROVIDER_WECHAT;
		m->parties[i].fee_bps = 60;
		m->parties[i].has_merchant = i + 1 == BRAND || i + 1 == DEALER_D ||
		    i + 1 == DEALER_F;
	}
	m->parties[DEALER_D - 1].grade = 3;
	m->parties[DEALER_F - 1].grade = 2;
	m->w.parties = m->parties;
	m->w.party_count = PARTY_IDS - 1;
	m->w.party_by_id = m->party_by_id;
	m->w.party_id_max = PARTY_IDS;
	m->w.brand = BRAND;
	world_parties_index(&m->w);
}

static void
add_location(struct money_world *m, int32_t id, enum location_kind kind, int32_t party)
{
	struct location *l = &m->locations[id - 1];

	l->id = id;
	l->kind = kind;
	l->party = party;
	l->party_idx = party - 1;
	m->location_by_id[id] = id - 1;
}

static void
add_campaigns(struct money_world *m)
{
	struct campaign *k = m->campaigns;

	k[FUNDED_BY_BRAND] = (struct campaign){.id = 1,
	    .funder_count = 1,
	    .funder = {BRAND},
	    .share_bps = {10000},
	    .code = "K1"};
	k[FUNDED_BY_THREE] = (struct campaign){.id = 2,
	    .funder_count = 3,
	    .funder = {BRAND, DEALER_D, PLATFORM_OP},
	    .share_bps = {5000, 3000, 2000},
	    .code = "K2"};
	m->w.campaigns = k;
	m->w.campaign_count = CAMPAIGNS;
}

void
money_rule_clear(struct split_rule *r)
{
	struct charge *c[] = {&r->handling, &r->warehouse, &r->transfer, &r->platform_fee,
	    &r->channel, &r->staff};
	size_t i;

	memset(r, 0, sizeof(*r));
	r->class_idx = NONE;
	r->negative = NEGATIVE_RECEIVABLE;
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		c[i]->base = BASE_GROSS;
		c[i]->rounding = ROUND_HALF_UP;
	}
}

void
money_world_init(struct money_world *m)
{
	memset(m, 0, sizeof(*m));
	add_parties(m);
	m->location_by_id[0] = NONE;
	add_location(m, STORE_D, LOC_STORE, DEALER_D);
	add_location(m, STORE_F, LOC_STORE, DEALER_F);
	add_location(m, STORE_BRAND, LOC_STORE, BRAND);
	add_location(m, CLOUD, LOC_CLOUD, BRAND);
	add_location(m, SITE, LOC_SITE, BRAND);
	m->w.locations = m->locations;
	m->w.location_count = LOCATION_IDS - 1;
	m->w.location_by_id = m->location_by_id;
	m->w.location_id_max = LOCATION_IDS;
	m->fronts[AT_STORE] = (struct storefront){.id = 1, .kind = FRONT_STORE, .dealer = DEALER_D};
	m->fronts[AT_OFFICIAL] = (struct storefront){.id = 2, .kind = FRONT_OFFICIAL};
	m->fronts[AT_OUTSIDE] =
	    (struct storefront){.id = 3, .kind = FRONT_OUTSIDE, .channel = CHANNEL_C};
	m->w.storefronts = m->fronts;
	m->w.storefront_count = FRONTS;
	m->classes[CLASS_PHONE] = "phone";
	m->classes[CLASS_LAPTOP] = "laptop";
	m->w.classes = m->classes;
	m->w.class_count = CLASSES;
	m->w.skus = m->skus;
	add_campaigns(m);
	money_rule_clear(&m->rules[0]);
	m->book = (struct split_book){.version = 1, .rule_count = 1, .rules = m->rules};
	m->owner = (struct owner){.dealer = DEALER_D, .store = STORE_D, .source = OWNER_BY_SCAN};
	m->request.lines = m->lines;
	m->request.location = NONE;
	m->plan.parts = m->parts;
	m->in = (struct split_in){.world = &m->w,
	    .request = &m->request,
	    .owner = &m->owner,
	    .plan = &m->plan,
	    .book = &m->book};
	m->arena = arena_new(1 << 20);
	assert(m->arena != NULL);
}

void
money_world_release(struct money_world *m)
{
	arena_free(m->arena);
}

int
money_line(struct money_world *m, int64_t price_fen, int64_t discount_fen, int64_t cost_fen,
    int quantity)
{
	int n = m->request.line_count++;

	assert(n < TEST_SKUS);
	m->w.sku_count = n + 1;
	m->skus[n] =
	    (struct sku){.id = n + 1, .cost_fen = cost_fen, .list_fen = price_fen, .code = "sku"};
	m->lines[n] = (struct order_line){.sku = n,
	    .quantity = quantity,
	    .price_fen = price_fen,
	    .discount_fen = discount_fen,
	    .campaign = discount_fen != 0 ? FUNDED_BY_BRAND : NONE};
	return n;
}

void
money_part(struct money_world *m, int32_t location, enum way way)
{
	struct part *p = &m->parts[m->plan.part_count];

	assert(m->plan.part_count < TEST_PARTS);
	*p = (struct part){.location = location, .way = way, .lines = m->rows[m->plan.part_count]};
	m->plan.part_count++;
	m->plan.way = m->parts[0].way;
}

void
money_row(struct money_world *m, int line, int quantity, int32_t goods_owner)
{
	struct part *p = &m->parts[m->plan.part_count - 1];

	assert(p->line_count < TEST_ROWS);
	p->lines[p->line_count++] = (struct part_line){.line = line,
	    .quantity = quantity,
	    .goods_owner = goods_owner,
	    .stocked = true};
}

enum err
money_world_split(struct money_world *m, int32_t collector)
{
	m->in.collector = collector != 0 ? collector
	                                 : collector_choose(&m->w, &m->request, &m->plan);
	return split(&m->in, m->arena, &m->split, &m->reason);
}

int64_t
money_world_sum(const struct money_world *m, enum leg_kind kind, int32_t party)
{
	int64_t sum = 0;
	int i;

	for (i = 0; i < m->split->leg_count; i++)
		if (m->split->legs[i].kind == kind && m->split->legs[i].party == party)
			sum += m->split->legs[i].fen;
	return sum;
}

void
money_charge(struct charge *c, int64_t fixed_fen, int32_t bps, enum charge_base base)
{
	*c = (struct charge){.fixed_fen = fixed_fen,
	    .bps = bps,
	    .base = base,
	    .rounding = ROUND_HALF_UP};
}
