#ifndef ROUTER_DOMAIN_POLICY_H
#define ROUTER_DOMAIN_POLICY_H

/*
 * policy: a routing policy as decide() reads it, compiled by flow/policy_convert from the proto message.
 * Field by field as proto/yuncang/v1/policy.proto; lists of words became bit sets or sorted ids.
 */
#include <stdbool.h>
#include <stdint.h>

#include "domain/world.h"

enum source {
	SOURCE_REQUESTED = 1,
	SOURCE_OWNER_STORE,
	SOURCE_OWNER_STORES,
	SOURCE_OTHER_STORES,
	SOURCE_CLOUD,
	SOURCE_SITE,
	SOURCE_COUNT
};

/* The numbers are the proto's, and those of the comparison functions in domain/rank.c. */
enum rank_key {
	RANK_SOURCE = 1,
	RANK_DISTANCE_BAND,
	RANK_PROMISE,
	RANK_GRADE,
	RANK_SCORECARD,
	RANK_LOAD,
	RANK_COVER,
	RANK_COST,
	RANK_PREFERENCE,
	RANK_STOCK,
	RANK_COUNT
};

enum tristate { EITHER, YES, NO };

#define POLICY_RULES_MAX 64
#define RULE_STEPS_MAX 12
#define RULE_LIST_MAX 32
#define RULE_NAME_SIZE 64
#define RANK_KEYS_MAX 12

struct rule_step {
	enum way way;
	enum source source;
};

struct rule {
	char name[RULE_NAME_SIZE];
	int class_count;
	int32_t classes[RULE_LIST_MAX]; /* class indexes of the world */
	enum tristate made_to_order, cloud_only;
	int64_t price_from_fen, price_below_fen; /* from <= price < below; 0 or less: no bound */
	uint32_t ways;                           /* bits 1 << way, bit 0 "none asked"; 0: any */
	uint32_t storefront_kinds;               /* bits; 0: any */
	int channel_count;
	int32_t channels[RULE_LIST_MAX]; /* party ids */
	int territory_count;
	int32_t territories[RULE_LIST_MAX]; /* territory ids */
	uint32_t grades;                    /* bits 1 << grade; 0: any */
	int64_t from_us, until_us;          /* 0: no bound */
	int step_count;
	struct rule_step steps[RULE_STEPS_MAX];
	bool refuse;
	char refuse_text[RULE_NAME_SIZE * 2];
};

struct policy {
	int32_t version;
	int64_t effective_from_us;
	int rule_count;
	struct rule rules[POLICY_RULES_MAX];
	int rank_count;
	enum rank_key ranking[RANK_KEYS_MAX];
	int64_t fee_fen[WAY_COUNT],
	    fee_free_from_fen[WAY_COUNT]; /* delivery fee by way; free_from 0: never */
	int32_t scan_max, radius_m, distance_band_m, max_parcels;
	bool fewest_parcels, partial, territory_exclusive, serving_store_counts;
	int32_t grade_worst, stale_after_min;
	int64_t parcel_min_fen;
	int32_t accept_open_min, payment_hold_min, quote_ttl_min, pickup_hold_days,
	    return_window_days;
	int32_t slip_hours, max_hops, quote_options_max;
	int32_t deposit_bps, forfeit_bps, balance_days; /* of made to order goods; see the proto */
	int64_t deposit_fen;
	int32_t site_promise_hours, cloud_promise_hours, made_to_order_days, deliver_window_min;
	int32_t first_offer_grade_worst, first_offer_accept_bps_min; /* 0: nobody loses it */
	int32_t scorecard_days, scorecard_offers_min;
	int32_t scan_claim_days, bind_claim_days; /* 0: for ever */
	int32_t location_claim_days, location_claim_radius_m;
};

/* The policy in force at ${now_us}: the latest effective_from not after it; NULL: none. */
const struct policy *policy_at(const struct world *w, int64_t now_us);

/* What of an order a rule may look at, beside the line. */
struct rule_view {
	enum way way;
	enum storefront_kind front_kind;
	int32_t channel;   /* party id of the storefront's; 0: none */
	int32_t territory; /* id of the address's; 0: none */
	int32_t grade;     /* of the owner */
	int64_t now_us;
};

/* Index of the first rule, top down, that fits a line; NONE: none does. */
int policy_rule_find(const struct policy *p, const struct rule_view *v, const struct sku *s,
    int64_t price_fen);

#endif
