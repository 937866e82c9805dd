#ifndef TESTS_UNIT_DOMAIN_WORLD_FIXTURE_H
#define TESTS_UNIT_DOMAIN_WORLD_FIXTURE_H

/*
 * world_fixture: a world built row by row for tests of deciding, with roomy policy defaults.  Ids count
 * from 1 in the order of making; call fixture_ready() when the rows stand and before the request.
 */
#include "base/arena.h"
#include "domain/decide.h"

#define F_PARTIES 64
#define F_LOCATIONS 700
#define F_SKUS 64
#define F_FRONTS 8
#define F_TERRITORIES 8
#define F_STOCK 65536
#define F_TABLE 256
#define F_KM_E6 8993 /* a kilometre of latitude */

/* Monday, 16 November 2026, 10:00 at UTC+8. */
#define F_NOW INT64_C(1794794400000000)
#define F_HOUR INT64_C(3600000000)

struct fixture {
	struct world world;
	struct hints hints;
	struct policy policy;
	struct policy *policies[1];
	struct party parties[F_PARTIES];
	struct location locations[F_LOCATIONS];
	struct storefront fronts[F_FRONTS];
	struct territory territories[F_TERRITORIES];
	struct sku skus[F_SKUS];
	struct campaign campaigns[4];
	int32_t party_by_id[F_PARTIES + 1], location_by_id[F_LOCATIONS + 1], sku_by_id[F_SKUS + 1],
	    front_by_id[F_FRONTS + 1], campaign_by_id[5], campaign_skus[8];
	int32_t party_first[F_PARTIES + 1], party_stores[F_LOCATIONS], central[F_LOCATIONS];
	int32_t cell_first[65536];
	float vx[F_LOCATIONS], vy[F_LOCATIONS], vz[F_LOCATIONS];
	struct location_key location_keys[F_LOCATIONS];
	struct stock_hint stock[F_STOCK];
	struct stock_region regions[F_LOCATIONS + 1];
	uint32_t stock_next;
	struct capacity_hint capacity[F_TABLE];
	struct slot_hint slots[F_TABLE];
	struct entitlement_hint entitlements[F_TABLE];
	struct claim claims[F_TABLE];
	int32_t brand, dealer, other, front; /* ready made: ids */
	struct request request;
	struct order_line lines[ORDER_LINES_MAX];
	struct owner owner;
	struct arena *arena;
	struct decision *d; /* of the last fixture_decide() */
	bool ignore_inflight;
};

/*
 * A world with brand 1, dealers 2 and 3, an official storefront, an open sku 1 of 1,000 fen, no location; a
 * policy without rules; a request for SHIP at (31.0, 121.0); the owner is dealer 2.
 */
struct fixture *fixture_new(void);
void fixture_free(struct fixture *f);

int32_t fixture_party(struct fixture *f, enum party_kind kind, int grade);
/* An always open location with every way, ${km} north of the request's position. */
int32_t fixture_location(struct fixture *f, enum location_kind kind, int32_t party, double km);
struct location *fixture_at(struct fixture *f, int32_t location);
int32_t fixture_sku(struct fixture *f, int64_t price_fen);
struct sku *fixture_sku_at(struct fixture *f, int32_t sku);
int32_t fixture_territory(struct fixture *f, int32_t dealer);
/* Before fixture_ready() too. */
struct stock_hint *fixture_stock(struct fixture *f, int32_t location, int32_t sku,
    int32_t goods_owner, int atp);
void fixture_ready(struct fixture *f);

/* A rule at the end of the policy; steps as pairs way, source, ended by 0. */
struct rule *fixture_rule(struct fixture *f, int steps, const struct rule_step *step);
void fixture_ranking(struct fixture *f, int count, const enum rank_key *keys);
/* Forgets the request's lines. */
void fixture_empty(struct fixture *f);
struct order_line *fixture_line(struct fixture *f, int32_t sku, int quantity);

/* Decides with options_max ${options}; asserts that memory sufficed. */
struct decision *fixture_decide(struct fixture *f, int options);
struct decide_in fixture_in(struct fixture *f, int options);
/* Units of ${line} the first option takes from ${location} (0: everywhere). */
int fixture_units(const struct fixture *f, int line, int32_t location);
/* The first reason a location was ruled out in any run; -1: it is not among the recorded. */
int fixture_reason(const struct fixture *f, int32_t location);

#endif
