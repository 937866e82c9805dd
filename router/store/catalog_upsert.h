#ifndef ROUTER_STORE_CATALOG_UPSERT_H
#define ROUTER_STORE_CATALOG_UPSERT_H

/* catalog_upsert: the rows that store/catalog_write.h takes: codes where the database has ids. */
#include "base/uuid.h"
#include "domain/world.h"

struct party_row {
	const char *code, *name, *merchant_number;
	enum party_kind kind;
	int32_t grade, fee_bps;
	enum provider provider;
	const char *employer; /* code or "" */
	bool disabled;
	bool has_payee; /* else it stays as it is */
	const char *bank, *account_name, *account, *openid;
};
struct territory_row {
	const char *code, *dealer;
	const char *const *regions; /* all it has: others it had are given up */
	int region_count;
	bool disabled;
};
struct location_row {
	const char *code, *operator_code, *region, *time_zone;
	struct location l; /* what needs no look-up */
};
struct slot_row {
	const char *location;
	int32_t day, limit;
	int16_t from_min, to_min;
};
struct storefront_row {
	const char *code, *location, *dealer, *channel; /* the last three: code or "" */
	enum storefront_kind kind;
	bool disabled;
};
struct sku_row {
	const char *code, *name, *sku_class, *tax_class;
	int64_t cost_fen, list_fen, floor_fen;
	bool cloud_only, made_to_order, serialised, disabled;
};
struct count_row {
	const char *location, *sku, *goods_owner; /* goods_owner "": the location's operator */
	int32_t count, safety;                    /* safety -1: as it was */
	int64_t counted_us;
};
struct delta_row {
	const char *location, *sku, *goods_owner, *source;
	int32_t delta;
	int64_t sequence;
	int64_t at_us;        /* 0: now */
	struct uuid order_id; /* the order it belongs to, as the till says; zero: none */
};
struct entitlement_row {
	const char *dealer, *sku;
	int32_t ceiling;
};
struct campaign_row {
	const char *code, *name;
	int funder_count;
	const char *funder[FUNDERS_MAX];
	int32_t share_bps[FUNDERS_MAX];
	const char *const *skus;
	int sku_count;
	int64_t unit_max_fen, budget_fen, from_us, until_us;
	bool disabled;
};
struct claim_row {
	uint64_t customer;                       /* flow's customer_hash() */
	const char *location, *staff, *evidence; /* staff: code or "" */
	enum claim_kind kind;
	int64_t from_us, until_us; /* until 0: for ever */
};

#endif
