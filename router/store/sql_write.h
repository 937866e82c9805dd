#ifndef ROUTER_STORE_SQL_WRITE_H
#define ROUTER_STORE_SQL_WRITE_H

/* Claims and rows of orders: store/batch_run.c, scarce.c, batch_write.c. */
#include "store/sql_ledger.h"
#include "store/sql_take.h"

/* clang-format off */
/* A per-row array is a slice of one flat parameter, for unnest flattens arrays of arrays; or part of a row type. */
#define WRITE_STATEMENTS(X) \
	X(SUBMISSION_CLAIM, ON_BATCH, \
	    "insert into submission (storefront_id, order_ref, body_hash, owner_id, order_id) " \
	    "select * from unnest($1::int4[], $2::text[], $3::bytea[], $4::int4[], $5::uuid[]) " \
	    "on conflict do nothing returning order_id") \
	X(PAYMENT_CLAIM, ON_BOTH, \
	    "insert into payment (provider, number, order_id, dealer_id, amount_fen, paid_at, outcome) " \
	    "select * from unnest($1::int2[], $2::text[], $3::uuid[], $4::int4[], $5::int8[], $6::timestamptz[], " \
	    "$7::int2[]) on conflict do nothing returning order_id") \
	/* Of skus sold as open: those that have an entitlement by now. */ \
	X(SCARCE_READ, ON_BOTH, \
	    "select distinct sku_id from entitlement where sku_id = any ($1::int4[])") \
	/* Around the rows of orders and their takes: see batch_run.h. */ \
	X(ORDERS_SAVE, ON_BATCH, "savepoint orders") \
	X(ORDERS_UNDO, ON_BATCH, "rollback to savepoint orders") \
	X(SUBMISSION_DELETE, ON_BATCH, \
	    SQL_W("storefront, ref", "$1::int4[], $2::text[]") \
	    "delete from submission s using w where s.storefront_id = w.storefront and s.order_ref = w.ref") \
	X(PAYMENT_DELETE, ON_BATCH, \
	    SQL_W("provider, number", "$1::int2[], $2::text[]") \
	    "delete from payment s using w where s.provider = w.provider and s.number = w.number") \
	X(SUBMISSION_READ, ON_BATCH, \
	    SQL_W("storefront, ref", "$1::int4[], $2::text[]") \
	    "select w.i::int4, s.body_hash, s.order_id from w join submission s " \
	    "on s.storefront_id = w.storefront and s.order_ref = w.ref") \
	/* Types new_* and placed_decision, migrations/0006, 0022: a row's arrays come with it. */ \
	X(ORDER_INSERT, ON_BATCH, \
	    "insert into sales_order (order_id, dealer_id, storefront_id, owner_location_id, owner_staff_id, " \
	    "policy_version, split_version, collector_id, customer, goods_fen, delivery_fee_fen, funded_fen, " \
	    "fee_fen, margin_fen, created_at, pay_by, paid_at, owner_since, owner_source, mark, way, " \
	    "accept_other_way, order_ref, line_sku, line_qty, line_price_fen, line_cost_fen, line_discount_fen, " \
	    "line_campaign) select * from unnest($1::new_order[])") \
	X(FULFILMENT_INSERT, ON_BOTH, \
	    "insert into fulfilment (order_id, number, attempt, dealer_id, location_id, distance_m, way, state, " \
	    "slot_from_min, slot_to_min, capacity_day, takes_capacity, promise_from, promise_to, offer_deadline, " \
	    "accept_min, line, sku_id, qty, goods_owner_id, entitled_sku) " \
	    "select * from unnest($1::new_fulfilment[])") \
	X(DECISION_INSERT, ON_BOTH, \
	    "insert into decision (order_id, attempt, dealer_id, record, leg_kind, leg_party, leg_fen, leg_line, " \
	    "leg_part, leg_row, funding_party, funding_fen, line_of) select * from unnest($1::placed_decision[])") \
	X(CONTACT_INSERT, ON_BATCH, \
	    "insert into contact (order_id, dealer_id, name, phone, street, region, lat_e6, lon_e6) " \
	    "select * from unnest($1::uuid[], $2::int4[], $3::text[], $4::text[], $5::text[], $6::text[], " \
	    "$7::int4[], $8::int4[])") \
	X(JOURNAL_INSERT, ON_BOTH, \
	    "insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, " \
	    "event_at, posted_at, accounts, amounts, kinds, provider_ref) " \
	    "select object, event, event_no, dealer, split, $8, $9, " SQL_PERIOD("$10") ", event_at, $11, ($12::int8[])[lo:hi], " \
	    "($13::int8[])[lo:hi], ($14::int2[])[lo:hi], ref " \
	    "from unnest($1::uuid[], $2::int2[], $3::int4[], $4::int4[], $5::int4[], $6::timestamptz[], " \
	    "$7::text[], $15::int4[], $16::int4[]) " \
	    "t(object, event, event_no, dealer, split, event_at, ref, lo, hi)") \
	X(OUTBOX_INSERT, ON_BOTH, \
	    "insert into outbox (event_id, dealer_id, kind, order_id, number, location_id, amount_fen, reason) " \
	    "select event, dealer, kind, object, nullif(number, 0::int2), nullif(location, 0), nullif(fen, 0), " \
	    "nullif(reason, 0::int2) from unnest($1::uuid[], $2::int4[], $3::int2[], $4::uuid[], $5::int2[], " \
	    "$6::int4[], $7::int8[], $8::int2[]) t(event, dealer, kind, object, number, location, fen, reason)") \
	X(CHANGE_INSERT, ON_BOTH, \
	    "insert into stock_change (stream_id, seq, changes) values ($1, $2, $3)")
/* clang-format on */

#endif
