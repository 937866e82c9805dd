#ifndef ROUTER_STORE_SQL_PROVIDER_H
#define ROUTER_STORE_SQL_PROVIDER_H

/* Calls to the payment provider and its bills: store/provider_call.c, provider_work.c, provider_bill.c, stuck_call.c. */
#include "domain/provider_word.h"

/* clang-format off */
#define SQL_CALL_COLUMNS \
	"c.number, c.kind, c.provider, c.collector_id, c.order_id, c.payment_number, coalesce(c.split_number, ''), " \
	"c.fen, c.total_fen, c.deadline, c.state, c.tries, c.body_hash, " \
	"(select p.merchant_number from party p where p.party_id = c.collector_id), " \
	"i.item_no, i.party_id, i.receiver, i.personal, i.fen, i.result, i.left_out, " \
	"coalesce(i.fail_reason, ''), coalesce(i.detail_id, ''), coalesce(i.actual_fen, 0), i.finished_at, " \
	"coalesce((select p.name from party p where p.party_id = i.party_id), '')"

#define SQL_CALL_STUCK "c.state in (2, 3) and c.error in ('" PROVIDER_DIFFERS "', '" PROVIDER_GONE "')"

#define PROVIDER_STATEMENTS(X) \
	X(CALL_INSERT, ON_QUERY, \
	    "insert into provider_call (number, kind, provider, collector_id, order_id, payment_number, split_number, " \
	    "fen, total_fen, deadline, next_at, made_at, state) select number, kind, provider, collector, order_id, " \
	    "payment, nullif(split, ''), fen, total, deadline, next_at, made_at, 1 from unnest($1::text[], $2::int2[], " \
	    "$3::int2[], $4::int4[], $5::uuid[], $6::text[], $7::text[], $8::int8[], $9::int8[], $10::timestamptz[], " \
	    "$11::timestamptz[], $12::timestamptz[]) t(number, kind, provider, collector, order_id, payment, split, " \
	    "fen, total, deadline, next_at, made_at)") \
	X(CALL_ITEM_INSERT, ON_QUERY, \
	    "insert into provider_call_item (number, item_no, party_id, receiver, personal, fen, payout_id) " \
	    "select number, no, party, receiver, personal, fen, payout from unnest($1::text[], $2::int2[], $3::int4[], " \
	    "$4::text[], $5::bool[], $6::int8[], $7::uuid[]) t(number, no, party, receiver, personal, fen, payout)") \
	/* One instance works: $2 is it, for $3 ms. */ \
	X(PROVIDER_LEASE, ON_QUERY, \
	    "insert into provider_worker as s (provider, lease_by, lease_until) values ($1, $2, clock_timestamp() + " \
	    "$3::int8 * interval '1 ms') on conflict (provider) do update set lease_by = excluded.lease_by, " \
	    "lease_until = excluded.lease_until where s.lease_by = $2 or s.lease_until < clock_timestamp() returning 1") \
	X(PROVIDER_RELEASE, ON_QUERY, \
	    "update provider_worker set lease_until = '-infinity' where provider = $1 and lease_by = $2") \
	/* Of one payment one at a time ($3: in hand already); an unfreeze behind its splits. */ \
	X(PROVIDER_DUE, ON_QUERY, \
	    "with due as materialized (select * from provider_call c where c.provider = $1 and c.state in (1, 2, 3) " \
	    "and c.next_at <= $2 and c.number <> all ($3::text[]) and c.collector_id <> all ($5::int4[]) and not exists (select from provider_call o " \
	    "where o.payment_number = c.payment_number and o.provider = c.provider and o.number <> c.number " \
	    "and ((o.state = 2 and c.state <> 2) or o.number = any ($3::text[]) " \
	    "or (c.kind = 2 and c.state = 1 and o.kind = 1 and o.state in (1, 2, 3)))) " \
	    "order by c.deadline, c.made_at, c.number limit $4) " \
	    "select " SQL_CALL_COLUMNS " from due c join provider_call_item i on i.number = c.number " \
	    "order by c.deadline, c.made_at, c.number, i.item_no") \
	X(PROVIDER_OVERDUE, ON_QUERY, \
	    "select count(*) from provider_call where provider = $1 and state in (1, 2, 3) and deadline < $2") \
	/* Of one payment: what was paid, what goes or went back, what other splits took or may take. */ \
	X(PROVIDER_ROOM, ON_QUERY, \
	    "select coalesce((select p.amount_fen from payment p where p.provider = $1 and p.number = $2), 0)::int8, " \
	    "greatest(coalesce((select sum(r.fen) from refund r where r.provider = $1 and r.payment_number = $2), 0), " \
	    "coalesce((select sum(c.fen) from provider_call c where c.provider = $1 and c.payment_number = $2 " \
	    "and c.kind = 4 and c.state in (1, 2, 3, 4)), 0))::int8, " \
	    "coalesce((select sum(i.fen) from provider_call c join provider_call_item i on i.number = c.number " \
	    "where c.provider = $1 and c.payment_number = $2 and c.number <> $3 and c.kind = 1 and c.state in (2, 3, 4) " \
	    "and i.result in (1, 2) and not i.left_out), 0)::int8") \
	/* One body for ever under a number. */ \
	X(PROVIDER_SENT, ON_QUERY, \
	    "update provider_call set state = 2, sends = sends + 1, sent_at = coalesce(sent_at, $2), body_hash = $3 " \
	    "where number = $1 and state in (1, 2) and (body_hash is null or body_hash = $3) and exists " \
	    "(select from provider_worker w where w.provider = provider_call.provider and w.lease_by = $4)") \
	X(PROVIDER_LEAVE_OUT, ON_QUERY, \
	    "update provider_call_item i set left_out = true, result = 3, fail_reason = t.why, finished_at = $4 " \
	    "from unnest($2::int2[], $3::text[]) t(no, why) where i.number = $1 and i.item_no = t.no and i.result = 1") \
	X(PROVIDER_RESULT, ON_QUERY, \
	    "update provider_call set state = $2::int2, provider_id = coalesce(nullif($3, ''), provider_id), " \
	    "error = nullif($4, ''), next_at = $5, tries = $6, done_at = case when $2::int2 in (4, 5) then $7::timestamptz end " \
	    "where number = $1 and state in (1, 2, 3)") \
	X(PROVIDER_ITEMS, ON_QUERY, \
	    "update provider_call_item i set result = t.result, fail_reason = nullif(t.why, ''), " \
	    "detail_id = nullif(t.detail, ''), actual_fen = t.actual, finished_at = t.finished " \
	    "from unnest($2::int2[], $3::int2[], $4::text[], $5::text[], $6::int8[], $7::timestamptz[]) " \
	    "t(no, result, why, detail, actual, finished) where i.number = $1 and i.item_no = t.no and i.result = 1") \
	/* What waits for a person, behind ($1, $2). */ \
	X(STUCK_LIST, ON_QUERY, \
	    "select c.number, c.kind, c.collector_id, c.order_id, c.payment_number, c.made_at, c.deadline, c.error, " \
	    "i.item_no, i.party_id, i.receiver, i.fen from provider_call c join provider_call_item i on i.number = c.number " \
	    "where " SQL_CALL_STUCK " and i.result = 1 and not i.left_out and (c.number, i.item_no) > ($1, $2::int2) " \
	    "order by c.number, i.item_no limit $3") \
	X(STUCK_END_ITEM, ON_QUERY, \
	    "with c as materialized (select c.number from provider_call c where c.number = $1 and " SQL_CALL_STUCK " for update) " \
	    "update provider_call_item i set result = $4::int2, fail_reason = case $4::int2 when 3 then 'BY_HAND' end, " \
	    "actual_fen = case $4::int2 when 2 then i.fen else 0 end, finished_at = $5 from c " \
	    "where i.number = c.number and i.receiver = $2 and i.fen = $3 and i.result = 1 and not i.left_out") \
	X(STUCK_END_CALL, ON_QUERY, \
	    "update provider_call c set done_at = $2, state = case when exists (select from provider_call_item i " \
	    "where i.number = c.number and i.result = 2) then 4 else 5 end where c.number = $1 and " SQL_CALL_STUCK " " \
	    "and not exists (select from provider_call_item i where i.number = c.number and i.result = 1)") \
	X(PROVIDER_KNOWN, ON_QUERY, \
	    "select receiver, personal from provider_receiver where provider = $1 and payer = $2 " \
	    "and receiver = any ($3::text[])") \
	X(PROVIDER_RECEIVER_ADD, ON_QUERY, \
	    "insert into provider_receiver (provider, payer, receiver, personal, added_at) values ($1, $2, $3, $4, $5) " \
	    "on conflict do nothing") \
	X(PROVIDER_RECEIVER_FORGET, ON_QUERY, \
	    "delete from provider_receiver where provider = $1 and payer = $2 and receiver = any ($3::text[])") \
	/* Trade and split bills of who signs ($4) have everybody's rows, fund bills are each merchant's. */ \
	X(BILL_SCHEDULE, ON_QUERY, \
	    "insert into provider_bill (provider, kind, merchant, day, state, next_at) select $1, k, m, d, 1, $3 " \
	    "from (select unnest(array[1, 2, 3]::int2[]), $4::text union select 3::int2, p.merchant_number from party p " \
	    "where p.provider = $1 and p.merchant_number <> '' and p.kind in (1, 2) and exists (select from entry e where " \
	    "e.account = (1::int8 << 55) | ($1::int2::int8 << 50) | (p.party_id::int8 << 25))) t(k, m), " \
	    "(select $2::date - n from generate_series(0, least(31, $2::date - coalesce((select max(day) " \
	    "from provider_bill where provider = $1), $2::date - 1) - 1)) n) days(d) on conflict do nothing") \
	X(BILL_NEXT, ON_QUERY, \
	    "select kind, merchant, day, tries from provider_bill where provider = $1 and state = 1 and next_at <= $2 " \
	    "order by next_at, day, kind, merchant limit 1") \
	X(BILL_RESULT, ON_QUERY, \
	    "update provider_bill set state = $5::int2, tries = $6, next_at = $7, error = nullif($8, ''), " \
	    "done_at = case when $5::int2 <> 1 then $9::timestamptz end " \
	    "where provider = $1 and kind = $2 and merchant = $3 and day = $4 and state = 1")
/* clang-format on */

#endif
