#ifndef TESTS_UNIT_DOMAIN_MONEY_WORLD_H
#define TESTS_UNIT_DOMAIN_MONEY_WORLD_H

/*
 * money_world: a small world for tests of the money, and an order on it built line by line.
 * The owner is dealer D unless said; the provider takes 60 bps; all charges of the one rule are zero.
 */
#include "base/arena.h"
#include "domain/split.h"

enum {
	BRAND = 1,
	DEALER_D,
	DEALER_F,
	STAFF_S,
	COURIER_K,
	WAREHOUSE_W,
	PLATFORM_OP,
	PROVIDER_WX,
	CHANNEL_C,
	DEALER_POOR,
	PARTY_IDS
}; /* DEALER_POOR has no merchant account */
enum { STORE_D = 1, STORE_F, STORE_BRAND, CLOUD, SITE, LOCATION_IDS };
enum { AT_STORE, AT_OFFICIAL, AT_OUTSIDE, FRONTS }; /* storefront indexes */
/* campaign indexes; three: brand 50, D 30, operator 20 per cent */
enum { FUNDED_BY_BRAND, FUNDED_BY_THREE, CAMPAIGNS };
enum { CLASS_PHONE, CLASS_LAPTOP, CLASSES };

#define TEST_SKUS 12
#define TEST_ROWS 32
#define TEST_PARTS 6
#define TEST_RULES 8

struct money_world {
	struct world w;
	struct party parties[PARTY_IDS - 1];
	int32_t party_by_id[PARTY_IDS];
	struct location locations[LOCATION_IDS - 1];
	int32_t location_by_id[LOCATION_IDS];
	struct storefront fronts[FRONTS];
	struct sku skus[TEST_SKUS];
	const char *classes[CLASSES];
	struct campaign campaigns[CAMPAIGNS];
	struct split_rule rules[TEST_RULES];
	struct split_book book;
	struct request request;
	struct order_line lines[TEST_SKUS];
	struct owner owner;
	struct part parts[TEST_PARTS];
	struct part_line rows[TEST_PARTS][TEST_ROWS];
	struct plan plan;
	struct split_in in;
	struct arena *arena;
	struct reason reason;
	struct split *split;
};

void money_world_init(struct money_world *m);
void money_world_release(struct money_world *m);
/* The next line, of a sku of its own; returns its number. */
int money_line(struct money_world *m, int64_t price_fen, int64_t discount_fen, int64_t cost_fen,
    int quantity);
/* The next part, and a row in the last one. */
void money_part(struct money_world *m, int32_t location, enum way way);
void money_row(struct money_world *m, int line, int quantity, int32_t goods_owner);
/* Splits with the collector given, or the one that collector_choose() names if 0; keeps m->split, m->reason. */
enum err money_world_split(struct money_world *m, int32_t collector);
/* Sum of the legs of a kind that ${party} has. */
int64_t money_world_sum(const struct money_world *m, enum leg_kind kind, int32_t party);
void money_rule_clear(struct split_rule *r);
/* Rounded half up. */
void money_charge(struct charge *c, int64_t fixed_fen, int32_t bps, enum charge_base base);

#endif
