#ifndef ROUTER_STORE_SQL_SETTLE_WRITE_H
#define ROUTER_STORE_SQL_SETTLE_WRITE_H

/* What a pass over orders' money writes: store/settle_write.c; payouts and payables, also store/payout.c. */
#include "store/sql_take.h"

/* clang-format off */
#define SETTLE_WRITE_STATEMENTS(X) \
	X(SETTLE_HOLD_END, ON_QUERY, \
	    SQL_W("id, number", "$1::uuid[], $2::int2[]") \
	    "update settlement s set ended_at = $3 from w where s.order_id = w.id and s.number = w.number") \
	X(PAYABLE_INSERT, ON_QUERY, \
	    "insert into payable (order_id, event, event_no, account, dealer_id, collector_id, party_id, fen, made_at, rail, " \
	    "payout_id) select id, event, no, account, dealer, collector, party, fen, $11, nullif(rail, 0::int2), payout " \
	    "from unnest($1::uuid[], $2::int2[], $3::int4[], $4::int8[], $5::int4[], $6::int4[], $7::int4[], $8::int8[], " \
	    "$9::int2[], $10::uuid[]) t(id, event, no, account, dealer, collector, party, fen, rail, payout)") \
	X(PAYABLE_UPDATE, ON_QUERY, \
	    SQL_W("id, event, no, account, rail, payout, batch", \
	    "$1::uuid[], $2::int2[], $3::int4[], $4::int8[], $5::int2[], $6::uuid[], $7::uuid[]") \
	    "update payable s set rail = nullif(w.rail, 0::int2), payout_id = w.payout, batch_id = w.batch, not_before = null " \
	    "from w where s.order_id = w.id and s.event = w.event and s.event_no = w.no and s.account = w.account") \
	X(PAYABLE_REOPEN, ON_QUERY, \
	    SQL_W("id, payout, rail, again", "$1::uuid[], $2::uuid[], $3::int2[], $4::timestamptz[]") \
	    "update payable s set payout_id = null, batch_id = null, rail = nullif(w.rail, 0::int2), not_before = w.again " \
	    "from w where s.order_id = w.id and s.payout_id = w.payout") \
	X(PAYOUT_INSERT, ON_QUERY, \
	    "insert into payout (payout_id, batch_id, order_id, payout_no, collector_id, party_id, account, rail, gross_fen, " \
	    "netted_fen, fen, state, number, made_at) select payout, batch, id, nullif(no, 0), collector, party, account, rail, " \
	    "gross, netted, gross - netted, state, nullif(number, ''), $12 from unnest($1::uuid[], $2::uuid[], $3::uuid[], " \
	    "$4::int4[], $5::int4[], $6::int4[], $7::int8[], $8::int2[], $9::int8[], $10::int8[], $11::int2[], $13::text[]) " \
	    "t(payout, batch, id, no, collector, party, account, rail, gross, netted, state, number)") \
	X(PAYOUT_END, ON_QUERY, \
	    SQL_W("payout, state, why", "$1::uuid[], $2::int2[], $3::text[]") \
	    "update payout s set state = w.state, done_at = $4, fail_reason = nullif(w.why, '') from w " \
	    "where s.payout_id = w.payout") \
	X(SETTLE_ITEMS_POSTED, ON_QUERY, \
	    SQL_W("number, no, result, why, finished", "$1::text[], $2::int2[], $3::int2[], $4::text[], $5::timestamptz[]") \
	    "update provider_call_item s set posted = true, result = w.result, fail_reason = nullif(w.why, ''), " \
	    "finished_at = coalesce(s.finished_at, w.finished) from w where s.number = w.number and s.item_no = w.no") \
	X(SETTLE_CALLS_DROP, ON_QUERY, \
	    "with w as materialized (select t.*, 1::int2 as queued from unnest($1::text[]) with ordinality t(number, i) " \
	    SQL_W_ONE ") " \
	    "update provider_call s set state = 5, done_at = $2, error = 'too late' from w " \
	    "where s.number = w.number and s.state = w.queued") \
	X(SETTLE_RELEASED, ON_QUERY, \
	    SQL_W("provider, number", "$1::int2[], $2::text[]") \
	    "update payment s set released_at = $3 from w where s.provider = w.provider and s.number = w.number") \
	X(SETTLE_REFUND, ON_QUERY, \
	    SQL_W("id, no, part, state, number, due", \
	    "$1::uuid[], $2::int4[], $3::int2[], $4::int2[], $5::text[], $6::timestamptz[]") \
	    "update refund s set state = w.state, number = nullif(w.number, ''), due_at = w.due, " \
	    "done_at = case when w.state = 3 then $7::timestamptz end from w " \
	    "where s.order_id = w.id and s.refund_no = w.no and s.part_no = w.part") \
	X(SETTLE_CLAWBACK, ON_QUERY, \
	    SQL_W("id, no, party, state, number", "$1::uuid[], $2::int4[], $3::int4[], $4::int2[], $5::text[]") \
	    "update clawback s set state = w.state, number = nullif(w.number, ''), " \
	    "done_at = case when w.state in (3, 4) then $6::timestamptz end from w " \
	    "where s.order_id = w.id and s.refund_no = w.no and s.party_id = w.party") \
	X(SETTLE_DONE, ON_QUERY, "delete from settle_work where order_id = any ($1::uuid[])") \
	X(SETTLE_AGAIN, ON_QUERY, \
	    "insert into settle_work (order_id, dealer_id, at) select id, dealer, at " \
	    "from unnest($1::uuid[], $2::int4[], $3::timestamptz[]) t(id, dealer, at) order by id " \
	    "on conflict (order_id, dealer_id) do update set at = least(settle_work.at, excluded.at)")
/* clang-format on */

#endif
