#ifndef ROUTER_STORE_SQL_ORDER_H
#define ROUTER_STORE_SQL_ORDER_H

/* Reading orders back: store/order_read.c, pay_read.c.  Column lists are macros so that one reader fits all of them. */
#include "store/sql_take.h"

/* clang-format off */
#define SQL_ORDER_COLUMNS \
	"o.order_id, o.dealer_id, o.storefront_id, o.owner_location_id, o.owner_staff_id, o.policy_version, " \
	"o.split_version, o.collector_id, o.customer, o.goods_fen, o.delivery_fee_fen, o.funded_fen, o.fee_fen, " \
	"o.margin_fen, o.refund_due_fen, o.created_at, o.pay_by, o.paid_at, o.owner_since, o.owner_source, o.mark, " \
	"o.way, o.accept_other_way, o.order_ref, o.line_sku, o.line_qty, o.line_price_fen, o.line_cost_fen, " \
	"o.line_discount_fen, o.line_campaign, o.due_at, o.changes"
#define ORDER_COLUMN_COUNT 32 /* columns of a query that follow them begin here */

#define SQL_FULFILMENT_COLUMNS \
	"f.order_id, f.number, f.attempt, f.dealer_id, f.location_id, f.distance_m, f.way, f.state, f.slot_from_min, " \
	"f.slot_to_min, f.capacity_day, f.takes_capacity, f.promise_from, f.promise_to, f.offer_deadline, " \
	"f.accept_min, f.line, f.sku_id, f.qty, f.goods_owner_id, f.entitled_sku, f.due_at, f.split_from, f.hops, " \
	"f.code_no, f.wrong_tries, f.locked_until, f.handed_at, f.overdue_at, f.tracking, f.moved_to, f.delivery_fee_fen"
#define FULFILMENT_COLUMN_COUNT 32 /* columns of a query that follow them begin here */

/* An offer is due at its deadline, all else at the end of its promise; index fulfilment_task has it, too. */
#define SQL_TASK_DUE "coalesce(case when f.state = 2 then f.offer_deadline end, f.promise_to)"

#define SQL_ORDER_PAGE \
	" and o.order_id >= $2 and o.order_id < $3 order by o.order_id desc limit $4"

#define ORDER_STATEMENTS(X) \
	X(ORDER_BY_ID, ON_QUERY, \
	    "select " SQL_ORDER_COLUMNS " from sales_order o where o.order_id = $1") \
	X(ORDER_BY_REF, ON_QUERY, \
	    "select " SQL_ORDER_COLUMNS " from submission s join sales_order o on o.order_id = s.order_id " \
	    "and o.dealer_id = s.owner_id where s.storefront_id = $1 and s.order_ref = $2") \
	X(ORDER_HASH, ON_QUERY, \
	    "select body_hash from submission where storefront_id = $1 and order_ref = $2") \
	X(ORDER_FULFILMENTS, ON_QUERY, \
	    "select " SQL_FULFILMENT_COLUMNS " from fulfilment f where f.order_id = any($1::uuid[]) " \
	    "order by f.order_id, f.number") \
	X(ORDER_DECISION, ON_QUERY, \
	    "select attempt, record, leg_kind, leg_party, leg_fen, leg_line, leg_part, funding_party, funding_fen " \
	    "from decision where order_id = $1 and attempt = case when $2::int2 <> 0 then $2::int2 else " \
	    "(select max(attempt) from fulfilment where order_id = $1 and hops is null) end") \
	/* For many orders at once: behind the columns i, which of the ids it is. */ \
	X(ORDERS_BY_ID, ON_QUERY, \
	    SQL_W("id", "$1::uuid[]") \
	    "select " SQL_ORDER_COLUMNS ", w.i::int4 from w join sales_order o on o.order_id = w.id") \
	X(FULFILMENTS_BY_ORDER, ON_QUERY, \
	    SQL_W("id", "$1::uuid[]") \
	    "select " SQL_FULFILMENT_COLUMNS ", w.i::int4 from w join fulfilment f on f.order_id = w.id " \
	    "order by w.i, f.number") \
	X(DECISIONS_BY_ORDER, ON_QUERY, \
	    SQL_W("id", "$1::uuid[]") \
	    "select d.attempt, d.record, d.leg_kind, d.leg_party, d.leg_fen, d.leg_line, d.leg_part, " \
	    "d.funding_party, d.funding_fen, w.i::int4 from w join decision d on d.order_id = w.id " \
	    "and d.attempt = 1") \
	X(ORDER_PAYMENTS, ON_QUERY, \
	    "select provider, number, amount_fen, paid_at, outcome from payment where order_id = $1 " \
	    "order by paid_at, provider, number") \
	X(ORDER_CONTACT, ON_QUERY, \
	    "select name, phone, street, region, lat_e6, lon_e6 from contact where order_id = $1") \
	X(ORDER_LIST_STOREFRONT, ON_QUERY, \
	    "select " SQL_ORDER_COLUMNS " from sales_order o where o.storefront_id = $1" SQL_ORDER_PAGE) \
	X(ORDER_LIST_DEALER, ON_QUERY, \
	    "select " SQL_ORDER_COLUMNS " from sales_order o where o.dealer_id = $1" SQL_ORDER_PAGE) \
	X(ORDER_LIST_BOTH, ON_QUERY, \
	    "select " SQL_ORDER_COLUMNS " from sales_order o where o.storefront_id = $1 and o.dealer_id = $5" \
	    SQL_ORDER_PAGE) \
	/* State by state, each from the index in order: a page costs a page, however much there is to do. */ \
	X(ORDER_TASKS, ON_QUERY, \
	    "select " SQL_FULFILMENT_COLUMNS ", f.due, o.created_at from (" \
	    "select f.* from unnest($2::int2[]) s(state), lateral (select f.*, " SQL_TASK_DUE " as due from fulfilment f where f.location_id = $1 " \
	    "and f.state = s.state and f.state in (2, 3, 6, 8, 9, 11, 12) " \
	    "and (" SQL_TASK_DUE ", f.order_id, f.number) > ($3, $4, $5) " \
	    "order by " SQL_TASK_DUE ", f.order_id, f.number limit $6) f " \
	    "order by f.due, f.order_id, f.number limit $6) f " \
	    "join sales_order o on o.order_id = f.order_id " \
	    "order by f.due, f.order_id, f.number")
/* clang-format on */

#endif
