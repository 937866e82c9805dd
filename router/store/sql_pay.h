#ifndef ROUTER_STORE_SQL_PAY_H
#define ROUTER_STORE_SQL_PAY_H

/* Payments and the expiry of unpaid orders: store/pay_read.c, pay_batch.c, payment.c, expiry.c. */
#include "store/sql_take.h"

/* clang-format off */
#define PAYMENT_STATEMENTS(X) \
	X(PAYMENT_READ, ON_QUERY, \
	    "select order_id, amount_fen, outcome from payment where provider = $1 and number = $2") \
	X(PAYMENT_COUNT, ON_QUERY, "select count(*) from payment where order_id = $1") \
	X(ORDER_PAY_LATE, ON_QUERY, \
	    "update sales_order set mark = 0, paid_at = $4, policy_version = $5, margin_fen = $6, way = $7 " \
	    "where order_id = $1 and dealer_id = $2 and mark = 5 and paid_at is null " \
	    "and goods_fen + delivery_fee_fen = $3") \
	X(ORDER_UNFILLABLE, ON_QUERY, \
	    "update sales_order set mark = case when $5 then mark else 3 end, due_at = $6, paid_at = $4, " \
	    "refund_due_fen = refund_due_fen + $3 " \
	    "where order_id = $1 and dealer_id = $2 and mark = 5 and paid_at is null") \
	X(ORDER_PAY_SECOND, ON_QUERY, \
	    "update sales_order set refund_due_fen = refund_due_fen + $3 " \
	    "where order_id = $1 and dealer_id = $2 and paid_at is not null") \
	/* Opened is what awaits payment, if the payment under the number is its own: claimed in the same trip. */ \
	X(ORDER_OPEN, ON_BATCH, \
	    "with w as materialized (select t.*, 1::int2 as unpaid from unnest($1::uuid[], $2::int4[], $3::int8[], " \
	    "$4::timestamptz[], $5::int2[], $6::text[], $7::int2[]) with ordinality " \
	    "t(id, dealer, total, paid, provider, number, changes, i) " SQL_W_ONE ") " \
	    "update sales_order s set mark = 0, paid_at = w.paid from w join payment p " \
	    "on p.provider = w.provider and p.number = w.number and p.order_id = w.id " \
	    "where s.order_id = w.id and s.dealer_id = w.dealer and s.mark = w.unpaid " \
	    "and s.goods_fen + s.delivery_fee_fen = w.total and s.changes = w.changes returning w.i::int4") \
	X(FULFILMENT_OPEN, ON_BOTH, \
	    "with w as materialized (select t.*, 1::int2 as planned, 0::int2 as open " \
	    "from unnest($1::uuid[], $2::int4[], $3::int2[], $4::int4[], $5::int2[], $6::timestamptz[]) " \
	    "with ordinality t(id, owner, number, dealer, state, deadline, i) " SQL_W_ONE ") " \
	    "update fulfilment s set state = w.state, offer_deadline = w.deadline from w join sales_order o " \
	    "on o.order_id = w.id and o.dealer_id = w.owner and o.mark = w.open " \
	    "where s.order_id = w.id and s.number = w.number and s.dealer_id = w.dealer and s.state = w.planned " \
	    "returning w.i::int4, s.dealer_id, s.location_id, s.sku_id, s.qty, s.goods_owner_id") \
	X(PAYMENTS_READ, ON_BOTH, \
	    SQL_W("provider, number", "$1::int2[], $2::text[]") \
	    "select w.i::int4, s.order_id, s.amount_fen, s.outcome from w join payment s " \
	    "on s.provider = w.provider and s.number = w.number") \
	/* What expired was taken over by the fulfilments from $2 on. */ \
	X(FULFILMENT_REPLACED, ON_QUERY, \
	    "update fulfilment set moved_to = $2 where order_id = $1 and state = 16 and moved_to is null") \
	X(ATTEMPT_LAST, ON_QUERY, \
	    "select (select max(attempt) from decision where order_id = $1), " \
	    "(select max(number) from fulfilment where order_id = $1)")

#define EXPIRY_STATEMENTS(X) \
	X(EXPIRY_DUE, ON_QUERY, \
	    "select order_id, dealer_id from sales_order where mark = 1 and pay_by <= $1 order by pay_by limit $2") \
	X(ORDER_EXPIRE, ON_QUERY, \
	    "with w as materialized (select t.*, 1::int2 as unpaid, $3::timestamptz as now " \
	    "from unnest($1::uuid[], $2::int4[]) with ordinality t(id, dealer, i) " SQL_W_ONE ") " \
	    "update sales_order s set mark = 5 from w where s.order_id = w.id and s.dealer_id = w.dealer " \
	    "and s.mark = w.unpaid and s.pay_by <= w.now returning s.order_id, s.dealer_id") \
	X(FULFILMENT_EXPIRE, ON_QUERY, \
	    "with v as materialized (select * from unnest($1::uuid[], $2::int4[]) with ordinality t(id, owner, i) " \
	    SQL_W_ONE "), " \
	    "w as materialized (select v.*, 1::int2 as planned, o.line_discount_fen, o.line_campaign " \
	    "from v join sales_order o on o.order_id = v.id and o.dealer_id = v.owner order by v.id) " \
	    "update fulfilment s set state = 16 from w where s.order_id = w.id and s.state = w.planned " \
	    "returning w.owner, s.dealer_id, s.location_id, s.sku_id, s.qty, s.goods_owner_id, s.entitled_sku, " \
	    "s.takes_capacity, s.capacity_day, s.slot_from_min, s.slot_to_min, s.line, w.line_discount_fen, " \
	    "w.line_campaign")
/* clang-format on */

#endif
