#ifndef ROUTER_STORE_SQL_SETTLE_H
#define ROUTER_STORE_SQL_SETTLE_H

/* Orders' money from the hold on, leased and read: store/settle.c, settle_read.c; written: sql_settle_write.h. */
#include "store/sql_settle_write.h"

/* clang-format off */
/*
 * The provider's bill has a refund of that payment which the books do not know: perhaps this one was given by hand.  It
 * is not asked for until the exception is resolved (ResolveException).
 */
#define SQL_GIVEN_BACK \
	"(s.state in (1, 4) and exists (select from recon_exception x where x.transaction = s.payment_number " \
	"and x.collector_id = s.collector_id and x.closed_at is null and x.reason = 1 and x.class = 2))"
/* No instance is at it. */
#define SQL_UNLEASED(order) "not exists (select from settle_work w where w.order_id = " order " and w.lease_until > $1) "

#define SETTLE_STATEMENTS(X) \
	SETTLE_WRITE_STATEMENTS(X) \
	/* What is late: shares available for a day and not on their way, and since when a hold should have ended; $1: now. */ \
	X(SETTLE_LATE, ON_QUERY, \
	    "select (select coalesce(sum(fen), 0) from payable where payout_id is null and made_at < $1::timestamptz - interval '1 day')::int8, " \
	    "(select min(due_at) from settlement where ended_at is null and due_at <= $1::timestamptz)") \
	/* $1 now, $2 until, $3 of each kind, $4: what was paid before is released by the provider. */ \
	X(SETTLE_LEASE, ON_QUERY, \
	    "with due as (" \
	    "(select order_id from settlement s where ended_at is null and due_at <= $1 and " SQL_UNLEASED("s.order_id") \
	    "order by due_at limit $3) union " \
	    "(select c.order_id from provider_call_item i join provider_call c on c.number = i.number " \
	    "where i.result <> 1 and not i.posted and " SQL_UNLEASED("c.order_id") "limit $3) union " \
	    "(select order_id from payment s where released_at is null and paid_at <= $4 and not exists " \
	    "(select from settle_work w where w.order_id = s.order_id and (w.lease_until > $1 or w.at > $1)) " \
	    "order by paid_at limit $3) union " \
	    "(select order_id from refund s where state in (1, 4, 5) and due_at <= $1 and not " SQL_GIVEN_BACK " and " \
	    SQL_UNLEASED("s.order_id") "order by due_at limit $3) union " \
	    "(select order_id from clawback s where state = 1 and due_at <= $1 and " SQL_UNLEASED("s.order_id") \
	    "order by due_at limit $3) union " \
	    "(select order_id from settle_work where at <= $1 and (lease_until is null or lease_until <= $1) " \
	    "order by at limit $3)) " \
	    "insert into settle_work as s (order_id, dealer_id, at, lease_until) " \
	    "select o.order_id, o.dealer_id, $1, $2 from due join sales_order o on o.order_id = due.order_id " \
	    "order by 1 on conflict (order_id, dealer_id) do update set lease_until = excluded.lease_until " \
	    "where s.lease_until is null or s.lease_until <= $1 returning order_id") \
	/* Behind these two nobody else moves what is read next. */ \
	X(SETTLE_LOCK, ON_QUERY, \
	    "insert into settle_work (order_id, dealer_id, at) select o.order_id, o.dealer_id, $2 from sales_order o " \
	    "where o.order_id = any ($1::uuid[]) order by 1 on conflict (order_id, dealer_id) do update set at = $2") \
	X(SETTLE_HOLDS, ON_QUERY, \
	    "select order_id, number, due_at, ended_at is not null from settlement where order_id = any ($1::uuid[]) " \
	    "order by order_id, number for update") \
	X(SETTLE_ORDERS, ON_QUERY, \
	    "select order_id, dealer_id, split_version, collector_id from sales_order where order_id = any ($1::uuid[]) " \
	    "order by order_id") \
	X(SETTLE_ROWS, ON_QUERY, \
	    "select event, event_no, number, accounts, amounts, kinds, units, event_at, posted_at, period, provider_ref, " \
	    "object_id from journal where object_id = any ($1::uuid[]) order by object_id, posted_at, event_no, event") \
	X(SETTLE_PAYMENTS, ON_QUERY, \
	    "select order_id, provider, number, amount_fen, paid_at, released_at is not null from payment " \
	    "where order_id = any ($1::uuid[]) order by order_id, paid_at, provider, number") \
	X(SETTLE_PAYABLES, ON_QUERY, \
	    "select p.order_id, p.event, p.event_no, p.account, p.party_id, p.fen, p.rail, p.not_before, p.batch_id, " \
	    "b.state from payable p left join payout_batch b on b.batch_id = p.batch_id " \
	    "where p.order_id = any ($1::uuid[]) and p.payout_id is null order by p.order_id, p.event, p.event_no, p.account") \
	X(SETTLE_PAYOUTS, ON_QUERY, \
	    "select order_id, payout_id, payout_no, account, party_id, fen, state from payout " \
	    "where order_id = any ($1::uuid[]) order by order_id, payout_no") \
	X(SETTLE_CALLS, ON_QUERY, \
	    "select c.order_id, c.number, c.kind, c.state, c.payment_number, coalesce(c.split_number, ''), i.item_no, " \
	    "i.party_id, i.receiver, i.personal, i.fen, i.payout_id, i.result, i.posted, coalesce(i.fail_reason, ''), " \
	    "i.finished_at from provider_call c join provider_call_item i on i.number = c.number " \
	    "where c.order_id = any ($1::uuid[]) order by c.order_id, c.made_at, c.number, i.item_no") \
	/* One that waits for an exception is told as refused, to be asked for in a hundred years. */ \
	X(SETTLE_REFUNDS, ON_QUERY, \
	    "select order_id, refund_no, part_no, payment_number, fen, rebate_fen, " \
	    "case when state = 1 and " SQL_GIVEN_BACK " then 4::int2 else state end, coalesce(number, ''), " \
	    "case when " SQL_GIVEN_BACK " then due_at + interval '100 years' else due_at end " \
	    "from refund s where order_id = any ($1::uuid[]) order by order_id, refund_no, part_no") \
	X(SETTLE_CLAWBACKS, ON_QUERY, \
	    "select order_id, refund_no, party_id, creditor_id, fen, state, coalesce(number, '') from clawback " \
	    "where order_id = any ($1::uuid[]) order by order_id, refund_no, party_id") \
	/* Whoever stands in their books, and the operator. */ \
	X(SETTLE_PAYEES, ON_QUERY, \
	    "select p.party_id, p.kind, p.provider, p.merchant_number, coalesce(y.openid, ''), " \
	    "coalesce(y.account, '') <> '', (select coalesce(sum(c.fen), 0) from clawback c " \
	    "where c.party_id = p.party_id and c.state in (1, 2))::int8 " \
	    "from party p left join payee y on y.party_id = p.party_id where p.kind = 6 or p.party_id in " \
	    "(select distinct ((a >> 25) & 33554431)::int4 from journal j, unnest(j.accounts) a " \
	    "where j.object_id = any ($1::uuid[]) and account_kind(a) between 20 and 37) order by p.party_id") \
	/* In each stage, and what their parties owe; $2: the brand. */ \
	X(SETTLE_BALANCES, ON_QUERY, \
	    "select account, fen from balance where account = any (array(" \
	    "select distinct b from journal j, unnest(j.accounts) a, unnest(array[" \
	    "a, a + (1::int8 << 55), a + (2::int8 << 55), a - (1::int8 << 55), a - (2::int8 << 55), " \
	    "case when account_kind(a) between 20 and 22 then (6::int8 << 55) | (a & ((1::int8 << 50) - 1)) end, " \
	    "case when account_kind(a) between 20 and 22 then (6::int8 << 55) | (a & (33554431::int8 << 25)) | $2::int4 end, " \
	    "case when account_kind(a) between 20 and 22 then (21::int8 << 55) | (a & (33554431::int8 << 25)) | $2::int4 end]) b " \
	    "where j.object_id = any ($1::uuid[]) and b is not null and (account_kind(a) between 20 and 25 or account_kind(a) = 6) " \
	    "and (account_kind(b) between 20 and 25 or account_kind(b) = 6))) order by account")
/* clang-format on */

#endif
