#ifndef ROUTER_STORE_SQL_STOCK_WRITE_H
#define ROUTER_STORE_SQL_STOCK_WRITE_H

/* Writes of what can be taken and of claims: store/catalog_write_stock.c; stock itself is in sql_stock.h. */

/* clang-format off */
/* What a hint is made of; the same columns come back from a load and from a write. */
#define SQL_STOCK_COLUMNS \
	"s.location_id, s.sku_id, s.goods_owner_id, s.on_hand - s.reserved - s.allocated - s.safety, s.version, " \
	"s.safety, s.counted_at, s.suspect_until"
#define SQL_CAPACITY_COLUMNS "c.location_id, c.day, c.limit_count, c.taken, c.version"
#define SQL_SLOT_COLUMNS "s.location_id, s.day, s.from_min, s.to_min, s.limit_count, s.taken, s.version"
#define SQL_ENTITLEMENT_COLUMNS "e.dealer_id, e.sku_id, e.ceiling, e.used, e.version"
#define SQL_BUDGET_COLUMNS "b.campaign_id, b.budget_fen - b.spent_fen, b.version"
#define SQL_CLAIM_COLUMNS "c.customer, c.location_id, c.staff_id, c.kind, c.from_at, c.until_at, c.version"

/* Rows that orders take from: keys sorted as every writer sorts them. */
#define STOCK_WRITE_STATEMENTS(X) \
	X(SLOT_UPSERT, ON_QUERY, \
	    "insert into slot as s (dealer_id, location_id, day, from_min, to_min, limit_count) " \
	    "select * from unnest($1::int4[], $2::int4[], $3::date[], $4::int2[], $5::int2[], $6::int4[]) " \
	    "t(dealer, location, day, from_min, to_min) order by 1, 2, 3, 4, 5 " \
	    "on conflict (dealer_id, location_id, day, from_min, to_min) do update set " \
	    "limit_count = excluded.limit_count, version = s.version + 1 returning " SQL_SLOT_COLUMNS) \
	X(ENTITLEMENT_UPSERT, ON_QUERY, \
	    "insert into entitlement as e (dealer_id, sku_id, ceiling) " \
	    "select * from unnest($1::int4[], $2::int4[], $3::int4[]) t(dealer, sku) order by 1, 2 " \
	    "on conflict (dealer_id, sku_id) do update set ceiling = excluded.ceiling, version = e.version + 1 " \
	    "returning " SQL_ENTITLEMENT_COLUMNS) \
	X(BUDGET_UPSERT, ON_QUERY, \
	    "insert into campaign_budget as b (campaign_id, budget_fen) " \
	    "select c.campaign_id, t.budget from unnest($1::text[], $2::int8[]) t(code, budget) " \
	    "join campaign c on c.code = t.code order by 1 " \
	    "on conflict (campaign_id) do update set budget_fen = excluded.budget_fen, version = b.version + 1 " \
	    "returning " SQL_BUDGET_COLUMNS) \
	X(CLAIM_UPSERT, ON_QUERY, \
	    "insert into ownership_claim as c (customer, location_id, kind, from_at, staff_id, until_at, evidence) " \
	    "select customer, location, kind, from_at, nullif(staff, 0), until_at, evidence " \
	    "from unnest($1::int8[], $2::int4[], $3::int2[], $4::timestamptz[], $5::int4[], $6::timestamptz[], " \
	    "$7::text[]) t(customer, location, kind, from_at, staff, until_at, evidence) order by 1, 2, 3, 4 " \
	    "on conflict (customer, location_id, kind, from_at) do update set staff_id = excluded.staff_id, " \
	    "until_at = excluded.until_at, evidence = excluded.evidence, written_at = now(), version = c.version + 1 " \
	    "returning " SQL_CLAIM_COLUMNS)
/* clang-format on */

#endif
