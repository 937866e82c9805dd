#ifndef ROUTER_DOMAIN_WORLD_ROW_H
#define ROUTER_DOMAIN_WORLD_ROW_H

/* world_row: the rows a world is made of; see world.h. */
#include <stdbool.h>
#include <stdint.h>

#define NONE (-1)
#define CODE_SIZE 65 /* a code has 1 to 64 characters */

enum party_kind {
	PARTY_BRAND = 1,
	PARTY_DEALER,
	PARTY_STAFF,
	PARTY_COURIER,
	PARTY_WAREHOUSE,
	PARTY_PLATFORM,
	PARTY_PROVIDER,
	PARTY_CHANNEL,
	PARTY_KIND_COUNT
};
enum location_kind { LOC_SITE = 1, LOC_CLOUD, LOC_STORE };
enum way { WAY_NONE = 0, WAY_SHIP, WAY_PICKUP, WAY_DELIVER, WAY_COUNT };
enum storefront_kind { FRONT_STORE = 1, FRONT_OFFICIAL, FRONT_LIVE, FRONT_OUTSIDE };
enum claim_kind { CLAIM_SCAN = 1, CLAIM_BIND, CLAIM_LOCATION };
/* Providers are few; the number is part of account numbers (domain/account.h) and never reused. */
enum provider {
	PROVIDER_NONE = 0,
	PROVIDER_WECHAT,
	PROVIDER_ALIPAY,
	PROVIDER_UNIONPAY,
	PROVIDER_CHANNEL,
	PROVIDER_CASH,
	PROVIDER_COUNT
};

struct party {
	int32_t id;
	enum party_kind kind;
	int32_t grade;   /* 1 best to 9; brand 1 */
	int32_t fee_bps; /* what its provider takes of a payment, half up */
	enum provider provider;
	int32_t employer; /* of staff: party id */
	bool disabled;
	bool has_merchant;  /* may collect */
	int32_t accept_bps; /* scorecard: accept rate of the last days; 10000 without history */
	const char *code;
};

#define HOURS_MAX 7 /* one row a day of the week; open == close == 0: closed that day */
struct hours {
	int16_t open[HOURS_MAX];  /* minutes after local midnight, Monday first */
	int16_t close[HOURS_MAX]; /* up to 1440 */
	bool always;
};

/* First what rules most candidates out, together in the cache. */
struct location {
	int32_t id;
	int32_t party; /* id of who runs it */
	int32_t party_idx;
	enum location_kind kind;
	uint8_t ways; /* bit 1 << enum way */
	bool disabled;
	int16_t tz_min;           /* minutes east of UTC */
	int32_t deliver_radius_m; /* 0: the policy's */
	int32_t territory;        /* index of the territory its region lies in, or NONE */
	int32_t capacity_day;     /* 0: no limit */
	int32_t lead_min;
	int32_t accept_min; /* 0: the policy's */
	int32_t cut_off_min;
	int32_t lat_e6, lon_e6;
	int32_t preference;
	int64_t handling_cost_fen;
	struct hours hours;
	const char *code;
};

struct territory {
	int32_t id;
	int32_t dealer; /* party id */
	bool disabled;
	const char *code;
};

struct storefront {
	int32_t id;
	enum storefront_kind kind;
	int32_t location; /* index or NONE */
	int32_t dealer;   /* party id or 0 */
	int32_t channel;  /* party id or 0 */
	bool disabled;
	const char *code;
};

struct sku {
	int32_t id;
	int32_t class_idx;
	int32_t tax_idx; /* its tax class, a class as well; NONE: none */
	int64_t cost_fen, list_fen, floor_fen;
	bool cloud_only, made_to_order, serialised, disabled;
	bool scarce; /* has entitlement rows */
	const char *code;
};

#define FUNDERS_MAX 8
struct campaign {
	int32_t id;
	int funder_count;
	int32_t funder[FUNDERS_MAX]; /* party ids */
	int32_t share_bps[FUNDERS_MAX];
	int32_t sku_first, sku_count; /* in world.campaign_skus, sorted sku ids; 0: all */
	int64_t unit_max_fen;
	int64_t from_us, until_us;
	bool disabled;
	const char *code;
};

#endif
