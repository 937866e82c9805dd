#ifndef ROUTER_STORE_SQL_RETURN_H
#define ROUTER_STORE_SQL_RETURN_H

/* Returns, payments in two parts, disputes: store/return_read.c, act_more.c, payment.c, dispute.c, due.c. */
#include "store/sql_take.h"

/* clang-format off */
#define SQL_RETURN_COLUMNS \
	"r.number, r.fulfilment, r.state, r.location_id, r.reason, r.asked_at, r.received_at, r.decided_at, r.due_at, " \
	"r.refund_fen, r.line, r.qty, r.sellable, r.damaged, r.refused"
#define RETURN_COLUMN_COUNT 15 /* columns of a query that follow them begin here */
#define SQL_DISPUTE_COLUMNS \
	"d.order_id, d.number, d.dealer_id, d.territory_id, d.territory_dealer_id, d.location_id, d.way, d.region, " \
	"d.owner_source, d.owner_since, d.flagged_at, d.resolved_at, d.note"

#define RETURN_STATEMENTS(X) \
	X(ORDER_RETURNS, ON_QUERY, \
	    "select " SQL_RETURN_COLUMNS " from return_request r where r.order_id = $1 order by r.number") \
	X(ORDER_SERIALS, ON_QUERY, \
	    "select sku_id, serial, number from serial_out where order_id = $1 and returned_at is null " \
	    "order by number, sku_id, serial") \
	/* State by state, each from the index in order. */ \
	X(RETURN_LIST, ON_QUERY, \
	    "select " SQL_RETURN_COLUMNS ", r.order_id, (select array_agg(o.line_sku[l + 1] order by at) " \
	    "from sales_order o, unnest(r.line) with ordinality u(l, at) where o.order_id = r.order_id) from (" \
	    "select r.* from unnest($2::int2[]) s(state), lateral (select r.* from return_request r " \
	    "where r.location_id = $1 and r.state = s.state and (r.asked_at, r.order_id, r.number) > ($3, $4, $5) " \
	    "order by r.asked_at, r.order_id, r.number limit $6) r " \
	    "order by r.asked_at, r.order_id, r.number limit $6) r order by r.asked_at, r.order_id, r.number") \
	X(RETURN_INSERT, ON_QUERY, \
	    "insert into return_request (order_id, number, dealer_id, fulfilment, state, location_id, reason, asked_at, " \
	    "due_at, line, qty) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)") \
	X(RETURN_UPDATE, ON_QUERY, \
	    "update return_request set state = $5, location_id = $6, received_at = $7, decided_at = $8, due_at = $9, " \
	    "refund_fen = $10, sellable = $11, damaged = $12, refused = $13, lease_until = null " \
	    "where order_id = $1 and number = $2 and dealer_id = $3 and state = $4") \
	/* As the other timers: store/timers.h. */ \
	X(TIMER_RETURNS, ON_QUERY, \
	    "update return_request r set lease_until = $2 from (select order_id, number, dealer_id " \
	    "from return_request where due_at <= $1 and due_at is not null " \
	    "and (lease_until is null or lease_until <= $1) order by due_at limit $3) d " \
	    "where r.order_id = d.order_id and r.number = d.number and r.dealer_id = d.dealer_id " \
	    "and (r.lease_until is null or r.lease_until <= $1) returning r.order_id")

#define DEPOSIT_STATEMENTS(X) \
	X(ORDER_DEPOSIT, ON_QUERY, \
	    "select deposit_fen, balance_fen, balance_by, balance_paid_at from order_deposit where order_id = $1") \
	X(DEPOSIT_INSERT, ON_BATCH, \
	    "insert into order_deposit (order_id, dealer_id, deposit_fen, balance_fen) " \
	    "select * from unnest($1::uuid[], $2::int4[], $3::int8[], $4::int8[])") \
	X(DEPOSIT_ACTED, ON_QUERY, \
	    "update order_deposit set balance_by = coalesce($3, balance_by), balance_fen = balance_fen - $4, " \
	    "lease_until = null where order_id = $1 and dealer_id = $2") \
	/* The first part opens the order. */ \
	X(DEPOSIT_OPEN, ON_QUERY, \
	    "update sales_order o set mark = 0, paid_at = $4 from order_deposit d where o.order_id = $1 " \
	    "and o.dealer_id = $2 and o.mark = 1 and o.changes = $5 and d.order_id = o.order_id " \
	    "and d.deposit_fen = $3") \
	X(DEPOSIT_LATE, ON_QUERY, \
	    "update sales_order o set mark = 0, paid_at = $4, policy_version = $5, margin_fen = $6, way = $7 " \
	    "from order_deposit d where o.order_id = $1 and o.dealer_id = $2 and o.mark = 5 and o.paid_at is null " \
	    "and d.order_id = o.order_id and d.deposit_fen = $3") \
	/* \
	 * The second part is an act, so that nobody cancels or dispatches in the moment it comes: behind the \
	 * insert, which waits for another act under way, the update sees what that one left. \
	 */ \
	X(BALANCE_ACT, ON_QUERY, \
	    "insert into order_act (order_id, act_no, dealer_id, kind, number, at) values ($1, $2, $3, 25, 0, $4) " \
	    "on conflict do nothing") \
	X(BALANCE_PAY, ON_QUERY, \
	    "update order_deposit d set balance_paid_at = $4, lease_until = null from sales_order o " \
	    "where d.order_id = $1 and d.dealer_id = $2 and d.balance_fen = $3 and d.balance_paid_at is null " \
	    "and o.order_id = d.order_id and o.mark in (0, 2)") \
	X(TIMER_BALANCES, ON_QUERY, \
	    "update order_deposit t set lease_until = $2 from (select order_id, dealer_id from order_deposit " \
	    "where balance_by <= $1 and balance_by is not null and balance_paid_at is null and balance_fen > 0 " \
	    "and (lease_until is null or lease_until <= $1) order by balance_by limit $3) d " \
	    "where t.order_id = d.order_id and t.dealer_id = d.dealer_id " \
	    "and (t.lease_until is null or t.lease_until <= $1) returning t.order_id")

#define DISPUTE_STATEMENTS(X) \
	X(DISPUTE_INSERT, ON_QUERY, \
	    "insert into territory_dispute (order_id, number, dealer_id, territory_id, territory_dealer_id, " \
	    "location_id, way, region, owner_source, owner_since, flagged_at) " \
	    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing") \
	/* Newest first.  $1: of whose concern, either side; null: all. */ \
	X(DISPUTE_LIST, ON_QUERY, \
	    "select " SQL_DISPUTE_COLUMNS " from territory_dispute d " \
	    "where ($1::int4[] is null or d.dealer_id = any($1) or d.territory_dealer_id = any($1)) " \
	    "and (not $2::bool or d.resolved_at is null) and (d.flagged_at, d.order_id, d.number) < ($3, $4, $5) " \
	    "order by d.flagged_at desc, d.order_id desc, d.number desc limit $6") \
	X(DISPUTE_RESOLVE, ON_QUERY, \
	    "update territory_dispute set resolved_at = $3, resolved_key_id = $4, note = $5 " \
	    "where order_id = $1 and number = $2 and resolved_at is null") \
	X(DISPUTE_READ, ON_QUERY, \
	    "select " SQL_DISPUTE_COLUMNS " from territory_dispute d where d.order_id = $1 and d.number = $2")
/* clang-format on */

#endif
