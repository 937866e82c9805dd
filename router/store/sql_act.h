#ifndef ROUTER_STORE_SQL_ACT_H
#define ROUTER_STORE_SQL_ACT_H

/* What happens to an order after its commit: store/act.c, act_write.c. */
#include "store/sql_take.h"

/* clang-format off */
/* The columns of type acted_fulfilment (migrations/0007) that an update or a split-off takes over. */
#define SQL_W_ACTED \
	"with w as materialized (select * from unnest($1::acted_fulfilment[]) with ordinality " \
	"t(order_id, number, dealer_id, state_was, state, takes_capacity, offer_deadline, due_at, promise_from, " \
	"promise_to, code_no, wrong_tries, locked_until, handed_at, overdue_at, tracking, moved_to, line, sku_id, " \
	"qty, goods_owner_id, entitled_sku, i) " SQL_W_ONE ") "

#define ACT_STATEMENTS(X) \
	/* Numbers are without gaps: who finds one taken did not know of that act. */ \
	X(ACT_INSERT, ON_QUERY, \
	    "insert into order_act (order_id, act_no, dealer_id, kind, number, at, party_id, location_id, staff_id, " \
	    "key_id, state, reason, refund_fen, waited_s, ref, body_hash, note) " \
	    "select $1, no, $2, kind, number, $3, party, location, staff, key, state, reason, refund, " \
	    "nullif(waited, -1), ref, hash, note from unnest($4::int4[], $5::int2[], $6::int2[], $7::int4[], $8::int4[], $9::int4[], " \
	    "$10::int8[], $11::int2[], $12::int2[], $13::int8[], $14::int4[], $15::text[], $16::bytea[], $17::text[]) " \
	    "t(no, kind, number, party, location, staff, key, state, reason, refund, waited, ref, hash, note) " \
	    "order by no on conflict do nothing returning act_no") \
	X(ACT_ORDER, ON_QUERY, \
	    "update sales_order set mark = $4, due_at = $5, refund_due_fen = refund_due_fen + $6, " \
	    "changes = changes + $7, lease_until = null " \
	    "where order_id = $1 and dealer_id = $2 and mark = $3::int2") \
	X(ACT_FULFILMENT, ON_QUERY, SQL_W_ACTED \
	    "update fulfilment f set state = w.state, takes_capacity = w.takes_capacity, " \
	    "offer_deadline = w.offer_deadline, due_at = w.due_at, lease_until = null, " \
	    "promise_from = w.promise_from, promise_to = w.promise_to, code_no = w.code_no, " \
	    "wrong_tries = w.wrong_tries, locked_until = w.locked_until, handed_at = w.handed_at, " \
	    "overdue_at = w.overdue_at, tracking = w.tracking, moved_to = w.moved_to, line = w.line, sku_id = w.sku_id, qty = w.qty, " \
	    "goods_owner_id = w.goods_owner_id, entitled_sku = w.entitled_sku " \
	    "from w where f.order_id = w.order_id and f.number = w.number and f.dealer_id = w.dealer_id " \
	    "and f.state = w.state_was") \
	/* Units that part from fulfilment $2[i] under a number of their own. */ \
	X(ACT_SPLIT_OFF, ON_QUERY, \
	    "insert into fulfilment (order_id, number, attempt, dealer_id, location_id, distance_m, way, state, " \
	    "takes_capacity, promise_from, promise_to, offer_deadline, accept_min, line, sku_id, qty, goods_owner_id, " \
	    "entitled_sku, due_at, split_from, hops, handed_at) " \
	    "select f.order_id, t.number, f.attempt, f.dealer_id, f.location_id, f.distance_m, f.way, t.state, " \
	    "t.takes_capacity, t.promise_from, t.promise_to, t.offer_deadline, f.accept_min, t.line, t.sku_id, t.qty, " \
	    "t.goods_owner_id, t.entitled_sku, t.due_at, f.number, f.hops, t.handed_at " \
	    "from unnest($1::acted_fulfilment[], $2::int2[]) t(order_id, number, dealer_id, state_was, state, " \
	    "takes_capacity, offer_deadline, due_at, promise_from, promise_to, code_no, wrong_tries, locked_until, " \
	    "handed_at, overdue_at, tracking, moved_to, line, sku_id, qty, goods_owner_id, entitled_sku, split_from) " \
	    "join fulfilment f on f.order_id = t.order_id and f.number = t.split_from and f.dealer_id = t.dealer_id") \
	X(ACT_CONTACT, ON_QUERY, \
	    "insert into contact (order_id, dealer_id, name, phone, street, region, lat_e6, lon_e6) " \
	    "values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (order_id, dealer_id) do update set " \
	    "name = excluded.name, phone = excluded.phone, street = excluded.street, region = excluded.region, " \
	    "lat_e6 = excluded.lat_e6, lon_e6 = excluded.lon_e6") \
	/* What a new decision's fulfilments carry on: hops, and their parts of the delivery fee. */ \
	X(ACT_CARRY, ON_QUERY, \
	    SQL_W("id, number, hops, fee", "$1::uuid[], $2::int2[], $3::int2[], $4::int8[]") \
	    "update fulfilment f set hops = w.hops, delivery_fee_fen = w.fee from w " \
	    "where f.order_id = w.id and f.number = w.number") \
	/* What ends by itself: rows are leased in sets; others' leases are passed by until they are over. */ \
	X(TIMER_OFFERS, ON_QUERY, \
	    "update fulfilment f set lease_until = $2 from (select order_id, number, dealer_id from fulfilment " \
	    "where state = 2 and offer_deadline <= $1 and (lease_until is null or lease_until <= $1) " \
	    "order by offer_deadline limit $3) d where f.order_id = d.order_id and f.number = d.number " \
	    "and f.dealer_id = d.dealer_id and (f.lease_until is null or f.lease_until <= $1) " \
	    "returning f.order_id") \
	X(TIMER_ENDS, ON_QUERY, \
	    "update fulfilment f set lease_until = $2 from (select order_id, number, dealer_id from fulfilment " \
	    "where due_at <= $1 and due_at is not null and (lease_until is null or lease_until <= $1) " \
	    "order by due_at limit $3) d where f.order_id = d.order_id and f.number = d.number " \
	    "and f.dealer_id = d.dealer_id and (f.lease_until is null or f.lease_until <= $1) " \
	    "returning f.order_id") \
	X(TIMER_ORDERS, ON_QUERY, \
	    "update sales_order o set lease_until = $2 from (select order_id, dealer_id from sales_order " \
	    "where due_at <= $1 and due_at is not null and (lease_until is null or lease_until <= $1) " \
	    "order by due_at limit $3) d where o.order_id = d.order_id and o.dealer_id = d.dealer_id " \
	    "and (o.lease_until is null or o.lease_until <= $1) returning o.order_id") \
	X(ACTS_READ, ON_QUERY, \
	    "select act_no, kind, number, at, party_id, location_id, staff_id, key_id, state, reason, ref, body_hash, " \
	    "note, refund_fen from order_act where order_id = $1 order by act_no")
/* clang-format on */

#endif
