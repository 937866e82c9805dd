#ifndef ROUTER_STORE_SQL_CATALOG_WRITE_H
#define ROUTER_STORE_SQL_CATALOG_WRITE_H

/* clang-format off */
/*
 * Writers first raise the version of their part: its row lock lets one at a time write a part, so that what
 * a transaction checked stays so until it commits.  Codes are looked up by position: i is from 1.
 */
#define CATALOG_WRITE_STATEMENTS(X) \
	X(CATALOG_BUMP, ON_QUERY, "update catalog_state set version = version + 1 where part = $1") \
	X(FIND_PARTIES, ON_QUERY, \
	    "select t.i::int4, p.party_id, p.kind, p.party_id from unnest($1::text[]) with ordinality t(code, i) " \
	    "join party p on p.code = t.code") \
	X(FIND_LOCATIONS, ON_QUERY, \
	    "select t.i::int4, l.location_id, l.kind, l.party_id " \
	    "from unnest($1::text[]) with ordinality t(code, i) join location l on l.code = t.code") \
	X(FIND_SKUS, ON_QUERY, \
	    "select t.i::int4, s.sku_id, 1::int2, 0 from unnest($1::text[]) with ordinality t(code, i) " \
	    "join sku s on s.code = t.code") \
	X(PARTY_KIND_DIFFERS, ON_QUERY, \
	    "select t.i::int4 from unnest($1::text[], $2::int2[]) with ordinality t(code, kind, i) " \
	    "join party p on p.code = t.code where p.kind <> t.kind order by t.i limit 1") \
	X(PARTY_BRAND_CODE, ON_QUERY, "select code from party where kind = 1") \
	X(PARTY_UPSERT, ON_QUERY, \
	    "insert into party (code, kind, name, grade, provider, merchant_number, fee_bps, disabled) " \
	    "select * from unnest($1::text[], $2::int2[], $3::text[], $4::int2[], $5::int2[], $6::text[], " \
	    "$7::int4[], $8::bool[]) t(code) order by t.code " \
	    "on conflict (code) do update set name = excluded.name, grade = excluded.grade, " \
	    "provider = excluded.provider, merchant_number = excluded.merchant_number, " \
	    "fee_bps = excluded.fee_bps, disabled = excluded.disabled") \
	X(PARTY_EMPLOYER, ON_QUERY, \
	    "update party p set employer_id = nullif(t.employer, 0) " \
	    "from unnest($1::text[], $2::int4[]) t(code, employer) where p.code = t.code") \
	X(TERRITORY_UPSERT, ON_QUERY, \
	    "insert into territory (code, dealer_id, disabled) " \
	    "select * from unnest($1::text[], $2::int4[], $3::bool[]) t(code) order by t.code " \
	    "on conflict (code) do update set dealer_id = excluded.dealer_id, disabled = excluded.disabled") \
	/* not in, hashed whatever the planner expects: an anti-join of two arrays may become a nested loop. */ \
	X(REGION_DELETE, ON_QUERY, \
	    "delete from territory_region r using territory t where r.territory_id = t.territory_id " \
	    "and t.code = any($1::text[]) and (r.region, t.code::text) not in " \
	    "(select * from unnest($2::text[], $3::text[]))") \
	X(REGION_TAKEN, ON_QUERY, \
	    "select t.i::int4, x.code from unnest($1::text[], $2::text[]) with ordinality t(region, code, i) " \
	    "join territory_region r on r.region = t.region join territory x on x.territory_id = r.territory_id " \
	    "where x.code <> t.code order by t.i limit 1") \
	X(REGION_INSERT, ON_QUERY, \
	    "insert into territory_region (region, territory_id) select w.region, t.territory_id " \
	    "from unnest($1::text[], $2::text[]) w(region, code) join territory t on t.code = w.code " \
	    "order by w.region on conflict do nothing") \
	X(LOCATION_DIFFERS, ON_QUERY, \
	    "select t.i::int4, l.kind <> t.kind " \
	    "from unnest($1::text[], $2::int2[], $3::int4[]) with ordinality t(code, kind, party, i) " \
	    "join location l on l.code = t.code where l.kind <> t.kind or l.party_id <> t.party " \
	    "order by t.i limit 1") \
	X(LOCATION_UPSERT, ON_QUERY, \
	    "insert into location (code, kind, party_id, ways, lat_e6, lon_e6, region, time_zone, tz_min, " \
	    "hours_open, hours_close, lead_min, accept_min, capacity_day, deliver_radius_m, preference, " \
	    "handling_cost_fen, cut_off_min, disabled) " \
	    "select code, kind, party, ways, lat, lon, region, zone, tz, " \
	    "case when always then '{}' else ($18::int2[])[7 * i - 6 : 7 * i] end, " \
	    "case when always then '{}' else ($19::int2[])[7 * i - 6 : 7 * i] end, " \
	    "lead, accept, capacity, radius, preference, cost, cut_off, disabled " \
	    "from unnest($1::text[], $2::int2[], $3::int4[], $4::int2[], $5::int4[], $6::int4[], $7::text[], " \
	    "$8::text[], $9::int2[], $10::bool[], $11::int4[], $12::int4[], $13::int4[], $14::int4[], $15::int4[], " \
	    "$16::int8[], $17::int4[], $20::bool[]) with ordinality t(code, kind, party, ways, lat, lon, " \
	    "region, zone, tz, always, lead, accept, capacity, radius, preference, cost, cut_off, disabled, i) " \
	    "order by code " \
	    "on conflict (code) do update set ways = excluded.ways, lat_e6 = excluded.lat_e6, " \
	    "lon_e6 = excluded.lon_e6, region = excluded.region, time_zone = excluded.time_zone, " \
	    "tz_min = excluded.tz_min, hours_open = excluded.hours_open, hours_close = excluded.hours_close, " \
	    "lead_min = excluded.lead_min, accept_min = excluded.accept_min, " \
	    "capacity_day = excluded.capacity_day, deliver_radius_m = excluded.deliver_radius_m, " \
	    "preference = excluded.preference, handling_cost_fen = excluded.handling_cost_fen, " \
	    "cut_off_min = excluded.cut_off_min, disabled = excluded.disabled") \
	/* Days that have a row already get the new limit; a location without one takes no capacity. */ \
	X(CAPACITY_LIMIT, ON_QUERY, \
	    "update capacity c set limit_count = l.capacity_day, version = c.version + 1 from location l " \
	    "where l.code = any($1::text[]) and l.capacity_day > 0 and c.dealer_id = l.party_id " \
	    "and c.location_id = l.location_id and c.day >= current_date - 1 " \
	    "and c.limit_count <> l.capacity_day returning " SQL_CAPACITY_COLUMNS) \
	X(STOREFRONT_UPSERT, ON_QUERY, \
	    "insert into storefront (code, kind, location_id, dealer_id, channel_id, disabled) " \
	    "select code, kind, nullif(location, 0), nullif(dealer, 0), nullif(channel, 0), disabled " \
	    "from unnest($1::text[], $2::int2[], $3::int4[], $4::int4[], $5::int4[], $6::bool[]) " \
	    "t(code, kind, location, dealer, channel, disabled) order by code " \
	    "on conflict (code) do update set kind = excluded.kind, location_id = excluded.location_id, " \
	    "dealer_id = excluded.dealer_id, channel_id = excluded.channel_id, disabled = excluded.disabled") \
	X(SKU_UPSERT, ON_QUERY, \
	    "insert into sku (code, name, sku_class, cost_fen, list_fen, floor_fen, cloud_only, made_to_order, " \
	    "serialised, tax_class, disabled) " \
	    "select * from unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::int8[], " \
	    "$7::bool[], $8::bool[], $9::bool[], $10::text[], $11::bool[]) t(code) order by t.code " \
	    "on conflict (code) do update set name = excluded.name, sku_class = excluded.sku_class, " \
	    "cost_fen = excluded.cost_fen, list_fen = excluded.list_fen, floor_fen = excluded.floor_fen, " \
	    "cloud_only = excluded.cloud_only, made_to_order = excluded.made_to_order, " \
	    "serialised = excluded.serialised, tax_class = excluded.tax_class, disabled = excluded.disabled")
/* clang-format on */

#endif
