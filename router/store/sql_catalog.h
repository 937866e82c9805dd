#ifndef ROUTER_STORE_SQL_CATALOG_H
#define ROUTER_STORE_SQL_CATALOG_H

/* Reading the catalog: store/catalog_load.c, store/key_store.c. */
#include "store/sql_catalog_write.h"
#include "store/sql_stock.h"
#include "store/sql_stock_write.h"
#include "store/sql_version.h"

/* clang-format off */
#define CATALOG_STATEMENTS(X) CATALOG_READ_STATEMENTS(X) CATALOG_WRITE_STATEMENTS(X) VERSION_WRITE_STATEMENTS(X) \
	STOCK_WRITE_STATEMENTS(X) STOCK_STATEMENTS(X)

/*
 * A load is one repeatable-read transaction, so that all parts and the hints belong together.  Its big reads
 * go through one cursor: no sort, no page that the planner could get wrong, no result of 1.5 million rows.
 */
#define SQL_CURSOR "declare catalog_rows no scroll cursor for "
#define CATALOG_READ_STATEMENTS(X) \
	X(CATALOG_SNAPSHOT, ON_QUERY, "set transaction isolation level repeatable read, read only") \
	/* A load reads whole tables: the only one that may scan them.  See conn_settings. */ \
	X(CATALOG_SCANNER, ON_QUERY, "select set_config('enable_seqscan', 'on', true)") \
	X(CATALOG_STATE, ON_QUERY, "select part, version from catalog_state") \
	X(CATALOG_FEED_AT, ON_QUERY, "select stream_id, max(seq) from stock_change group by stream_id") \
	X(CATALOG_FETCH, ON_QUERY, "fetch 10000 from catalog_rows") \
	X(CATALOG_CLOSE, ON_QUERY, "close catalog_rows") \
	X(CATALOG_PARTIES, ON_QUERY, SQL_CURSOR \
	    "select party_id, code, kind, grade, provider, merchant_number <> '', fee_bps, employer_id, accept_bps, " \
	    "disabled from party order by party_id") \
	X(CATALOG_TERRITORIES, ON_QUERY, SQL_CURSOR \
	    "select territory_id, code, dealer_id, disabled from territory order by territory_id") \
	X(CATALOG_REGIONS, ON_QUERY, SQL_CURSOR "select region, territory_id from territory_region") \
	X(CATALOG_LOCATIONS, ON_QUERY, SQL_CURSOR \
	    "select location_id, code, kind, party_id, ways, lat_e6, lon_e6, region, tz_min, hours_open, hours_close, " \
	    "lead_min, accept_min, capacity_day, deliver_radius_m, preference, handling_cost_fen, cut_off_min, " \
	    "disabled from location order by location_id") \
	X(CATALOG_STOREFRONTS, ON_QUERY, SQL_CURSOR \
	    "select storefront_id, code, kind, location_id, dealer_id, channel_id, disabled from storefront " \
	    "order by storefront_id") \
	X(CATALOG_SKUS, ON_QUERY, SQL_CURSOR \
	    "select sku_id, code, sku_class, cost_fen, list_fen, floor_fen, cloud_only, made_to_order, serialised, " \
	    "disabled, sku_id in (select sku_id from entitlement), tax_class from sku order by sku_id") \
	X(CATALOG_CAMPAIGNS, ON_QUERY, SQL_CURSOR \
	    "select campaign_id, code, funder_ids, share_bps, sku_ids, unit_max_fen, from_at, until_at, disabled " \
	    "from campaign order by campaign_id") \
	X(CATALOG_POLICIES, ON_QUERY, SQL_CURSOR \
	    "select version, state, effective_from, body::text from routing_policy where state in (2, 3) " \
	    "order by version") \
	X(CATALOG_BOOKS, ON_QUERY, SQL_CURSOR \
	    "select version, state, effective_from, body::text from split_rule_book where state in (2, 3) " \
	    "order by version") \
	X(CATALOG_STOCK_SIZES, ON_QUERY, SQL_CURSOR \
	    "select location_id, count(*)::int4 from stock_level group by location_id") \
	X(CATALOG_STOCK, ON_QUERY, SQL_CURSOR "select " SQL_STOCK_COLUMNS " from stock_level s") \
	X(CATALOG_CAPACITY, ON_QUERY, SQL_CURSOR \
	    "select " SQL_CAPACITY_COLUMNS " from capacity c where day >= current_date - 2") \
	X(CATALOG_SLOTS, ON_QUERY, SQL_CURSOR \
	    "select " SQL_SLOT_COLUMNS " from slot s where day >= current_date - 2") \
	X(CATALOG_ENTITLEMENTS, ON_QUERY, SQL_CURSOR \
	    "select " SQL_ENTITLEMENT_COLUMNS " from entitlement e") \
	X(CATALOG_BUDGETS, ON_QUERY, SQL_CURSOR "select " SQL_BUDGET_COLUMNS " from campaign_budget b") \
	X(CATALOG_CLAIMS, ON_QUERY, SQL_CURSOR \
	    "select " SQL_CLAIM_COLUMNS " from ownership_claim c where until_at is null or until_at > now()") \
	X(CATALOG_KEYS, ON_QUERY, \
	    "select key_id, hash, role, scopes from api_key where revoked_at is null order by key_id")

/* clang-format on */

#endif
