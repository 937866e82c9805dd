#ifndef ROUTER_STORE_SQL_STOCK_H
#define ROUTER_STORE_SQL_STOCK_H

/* Stock from outside: store/stock_report.c, stock_mark.c, serials.c; who is short of it: order_list.c. */
#include "store/sql_stock_write.h"
#include "store/sql_take.h"

/* clang-format off */
#define SQL_W_LEVEL SQL_W("dealer, location, sku, owner", "$1::int4[], $2::int4[], $3::int4[], $4::int4[]")

/* Units of a fulfilment that are on the shelf for a paid order; fulfilment_holding() of domain/fulfilment.h. */
#define SQL_ALLOCATED "(2, 3, 6, 8)"
/*
 * Who goes short first: the newest, but what was picked and set aside comes last.  ${upto} counts the units of
 * a level in that order.
 */
#define SQL_SHORT_UPTO "sum(qty) over (partition by dealer, location, sku, owner " \
	"order by state in (6, 8), order_id desc, number desc, line desc) as upto"

#define STOCK_STATEMENTS(X) \
	X(DELTA_LAST, ON_QUERY, \
	    "select t.i::int4, (select max(d.sequence) from stock_delta d where d.source = t.source) " \
	    "from unnest($1::text[]) with ordinality t(source, i)") \
	X(DELTA_OURS, ON_QUERY, \
	    "select t.i::int4 from unnest($1::uuid[], $2::int4[]) with ordinality t(id, location, i) " \
	    "where exists (select from fulfilment f where f.order_id = t.id and f.location_id = t.location)") \
	X(DELTA_CLAIM, ON_QUERY, \
	    "insert into stock_delta (source, sequence, location_id, sku_id, goods_owner_id, delta, at, order_id, " \
	    "booked_at) select t.*, $9 from unnest($1::text[], $2::int8[], $3::int4[], $4::int4[], $5::int4[], " \
	    "$6::int4[], $7::timestamptz[], $8::uuid[]) t(source, sequence) " \
	    "order by 1, 2 on conflict do nothing returning source, sequence") \
	X(DELTA_READ, ON_QUERY, \
	    "select t.i::int4, d.location_id, d.sku_id, d.goods_owner_id, d.delta " \
	    "from unnest($1::text[], $2::int8[]) with ordinality t(source, sequence, i) " \
	    "join stock_delta d on d.source = t.source and d.sequence = t.sequence") \
	/* \
	 * Makes what is not there and locks the rest, in key order: a row that conflicts is locked before the \
	 * condition is looked at, and then left alone. \
	 */ \
	X(STOCK_LOCK, ON_QUERY, \
	    "insert into stock_level as s (dealer_id, location_id, sku_id, goods_owner_id, on_hand, counted_at) " \
	    "select dealer, location, sku, owner, 0, to_timestamp(0) " \
	    "from unnest($1::int4[], $2::int4[], $3::int4[], $4::int4[]) t(dealer, location, sku, owner) " \
	    "order by 1, 2, 3, 4 on conflict (dealer_id, location_id, sku_id, goods_owner_id) " \
	    "do update set version = s.version where false") \
	X(STOCK_LEVELS, ON_QUERY, SQL_W_LEVEL \
	    "select w.i::int4, s.on_hand, s.reserved, s.allocated, s.safety, s.counted_at, s.counted_to " \
	    "from w join stock_level s on " SQL_ON_STOCK) \
	/* kind (enum move), stock key, when, units: what happened since; once STOCK_LOCK is had. */ \
	X(STOCK_MOVES, ON_QUERY, \
	    "with w as materialized (select * from unnest($1::int4[], $2::timestamptz[], $3::timestamptz[], " \
	    "$6::int4[]) t(location, handed, told, dealer)) " \
	    "select 1::int2, w.dealer, f.location_id, l.sku, l.owner, f.handed_at, l.qty " \
	    "from w join fulfilment f on f.location_id = w.location and f.handed_at > w.handed, " \
	    "unnest(f.sku_id, f.qty, f.goods_owner_id) l(sku, qty, owner) " \
	    "where l.sku = any($4::int4[]) and f.order_id <> all($5::uuid[]) " \
	    "union all select 2::int2, w.dealer, b.location_id, b.sku_id, b.goods_owner_id, b.at, b.qty " \
	    "from w join stock_back b on b.location_id = w.location and b.at > w.handed " \
	    "where b.sku_id = any($4::int4[]) " \
	    "union all select 3::int2, w.dealer, d.location_id, d.sku_id, d.goods_owner_id, d.at, d.delta " \
	    "from w join stock_delta d on d.location_id = w.location and d.at > w.told " \
	    "where d.sku_id = any($4::int4[]) and d.order_id is null " \
	    "union all select 4::int2, f.dealer_id, f.location_id, l.sku, l.owner, null, l.qty " \
	    "from unnest($5::uuid[]) o(id) join fulfilment f on f.order_id = o.id " \
	    "and f.location_id = any($1::int4[]) and (f.state = 1 or f.state in " SQL_ALLOCATED "), " \
	    "unnest(f.sku_id, f.qty, f.goods_owner_id) l(sku, qty, owner) where l.sku = any($4::int4[])") \
	X(STOCK_SET, ON_QUERY, \
	    SQL_W("dealer, location, sku, owner, on_hand, safety, counted, upto, counted_now", \
	        "$1::int4[], $2::int4[], $3::int4[], $4::int4[], $5::int4[], $6::int4[], $7::timestamptz[], " \
	        "$8::timestamptz[], $9::bool[]") \
	    "update stock_level s set on_hand = w.on_hand, safety = w.safety, counted_at = w.counted, " \
	    "counted_to = w.upto, suspect_until = case when not w.counted_now then s.suspect_until end, " \
	    "version = s.version + 1 from w where " SQL_ON_STOCK "returning " SQL_STOCK_COLUMNS) \
	/* Of levels that lacked ${had} units and lack ${has} now: whose fulfilments are short by that. */ \
	X(STOCK_SHORT, ON_QUERY, \
	    SQL_W("dealer, location, sku, owner, had, has", \
	        "$1::int4[], $2::int4[], $3::int4[], $4::int4[], $5::int8[], $6::int8[]") \
	    ", h as (select w.*, f.order_id, f.number, f.state, l.line, l.qty from w join fulfilment f " \
	    "on f.location_id = w.location and f.state in " SQL_ALLOCATED ", " \
	    "unnest(f.line, f.sku_id, f.qty, f.goods_owner_id) l(line, sku_id, qty, owner_id) " \
	    "where l.sku_id = w.sku and l.owner_id = w.owner), " \
	    "r as (select h.*, " SQL_SHORT_UPTO " from h) " \
	    "select distinct r.order_id, r.number, r.location, o.dealer_id from r " \
	    "join sales_order o on o.order_id = r.order_id where r.upto > r.had and r.upto - r.qty < r.has") \
	/* Of a page's levels those that lack units, mostly none; then whose lines lack how many. */ \
	X(TASK_SHORT, ON_QUERY, SQL_W_LEVEL \
	    ", m as materialized (select w.*, s.allocated - s.on_hand as missing from w join stock_level s on " \
	    SQL_ON_STOCK "and s.allocated > s.on_hand), " \
	    "h as (select m.*, f.order_id, f.number, f.state, l.line, l.qty from m join fulfilment f " \
	    "on f.location_id = m.location and f.state in " SQL_ALLOCATED ", " \
	    "unnest(f.line, f.sku_id, f.qty, f.goods_owner_id) l(line, sku_id, qty, owner_id) " \
	    "where l.sku_id = m.sku and l.owner_id = m.owner), " \
	    "r as (select h.*, " SQL_SHORT_UPTO " from h) " \
	    "select order_id, number, line, least(qty, missing - (upto - qty))::int4 from r where upto - qty < missing") \
	X(STOCK_SUSPECT, ON_BOTH, SQL_W_LEVEL \
	    "update stock_level s set suspect_until = greatest(s.suspect_until, $5::timestamptz), " \
	    "version = s.version + 1 from w where " SQL_ON_STOCK "returning " SQL_STOCK_COLUMNS) \
	X(STOCK_BACK, ON_BOTH, \
	    "insert into stock_back (order_id, number, sku_id, goods_owner_id, location_id, dealer_id, at, qty) " \
	    "select id, number, sku, owner, location, dealer, $8, qty from unnest($1::uuid[], $2::int2[], $3::int4[], " \
	    "$4::int4[], $5::int4[], $6::int4[], $7::int4[]) t(id, number, sku, owner, location, dealer, qty)") \
	/* A serial that is out cannot go out again: what is not returned was out. */ \
	X(SERIAL_OUT, ON_BOTH, \
	    "insert into serial_out (sku_id, serial, order_id, number, dealer_id, handed_at) " \
	    "select t.*, $6 from unnest($1::int4[], $2::text[], $3::uuid[], $4::int2[], $5::int4[]) " \
	    "t(sku, serial, id, number, dealer) order by 1, 2 on conflict do nothing returning sku_id, serial") \
	X(SERIAL_BACK, ON_BOTH, \
	    SQL_W("sku, serial, id, number", "$1::int4[], $2::text[], $3::uuid[], $4::int2[]") \
	    "update serial_out s set returned_at = $5::timestamptz from w where s.sku_id = w.sku " \
	    "and s.serial = w.serial and s.order_id = w.id and s.number = w.number " \
	    "and (s.returned_at is null or w.i is null) " \
	    "returning w.i::int4")
/* clang-format on */

#endif
