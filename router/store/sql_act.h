#ifndef ROUTER_STORE_SQL_ACT_H
#define ROUTER_STORE_SQL_ACT_H

/* What happens to an order after its commit: store/act.c, act_write.c. */
#include "store/sql_take.h"

/* clang-format off */
/* The columns of type acted_fulfilment (migrations/0007) that an update or a split-off takes over. */
#define SQL_W_ACTED \
	"with w as materialized (select * from unnest($1::acted_fulfilment[]) with ordinality " \
	"t(order_id, number, dealer_id, state_was, state, takes_capacity, offer_deadline, due_at, promise_from, " \
	"promise_to, code_no, wrong_tries, locked_until, handed_at, overdue_at, tracking, line, sku_id, qty, " \
	"goods_owner_id, entitled_sku, i) " SQL_W_ONE ") "

#define ACT_STATEMENTS(X) \
	/* Numbers are without gaps: who finds one taken did not know of that act. */ \
	X(ACT_INSERT, ON_QUERY, \
	    "insert into order_act (order_id, act_no, dealer_id, kind, number, at, party_id, location_id, staff_id, " \
	    "key_id, state, reason, waited_s, ref, body_hash, note) " \
	    "select $1, no, $2, kind, number, $3, party, location, staff, key, state, reason, nullif(waited, -1), " \
	    "ref, hash, note from unnest($4::int4[], $5::int2[], $6::int2[], $7::int4[], $8::int4[], $9::int4[], " \
	    "$10::int8[], $11::int2[], $12::int2[], $13::int4[], $14::text[], $15::bytea[], $16::text[]) " \
	    "t(no, kind, number, party, location, staff, key, state, reason, waited, ref, hash, note) " \
	    "order by no on conflict do nothing returning act_no") \
	X(ACT_ORDER, ON_QUERY, \
	    "update sales_order set mark = $4, due_at = $5, refund_due_fen = refund_due_fen + $6, lease_until = null " \
	    "where order_id = $1 and dealer_id = $2 and mark = $3::int2") \
	X(ACT_FULFILMENT, ON_QUERY, SQL_W_ACTED \
	    "update fulfilment f set state = w.state, takes_capacity = w.takes_capacity, " \
	    "offer_deadline = w.offer_deadline, due_at = w.due_at, lease_until = null, " \
	    "promise_from = w.promise_from, promise_to = w.promise_to, code_no = w.code_no, " \
	    "wrong_tries = w.wrong_tries, locked_until = w.locked_until, handed_at = w.handed_at, " \
	    "overdue_at = w.overdue_at, tracking = w.tracking, line = w.line, sku_id = w.sku_id, qty = w.qty, " \
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
	    "handed_at, overdue_at, tracking, line, sku_id, qty, goods_owner_id, entitled_sku, split_from) " \
	    "join fulfilment f on f.order_id = t.order_id and f.number = t.split_from and f.dealer_id = t.dealer_id") \
	/* A new decision's fulfilments are hops of those whose units they carry. */ \
	X(ACT_HOPS, ON_QUERY, \
	    "update fulfilment set hops = $4::int2 where order_id = $1 and number >= $2::int2 " \
	    "and number < $2::int2 + $3::int2 and $4::int2 > 0") \
	X(ACTS_READ, ON_QUERY, \
	    "select act_no, kind, number, at, party_id, location_id, staff_id, key_id, state, reason, ref, body_hash, " \
	    "note from order_act where order_id = $1 order by act_no")
/* clang-format on */

#endif
