#ifndef ROUTER_STORE_SQL_PAYOUT_H
#define ROUTER_STORE_SQL_PAYOUT_H

/* Batches of payouts and their results: store/payout.c, payout_run.c, payout_confirm.c; as lists: sql_payout_list.h. */
#include "store/sql_payout_list.h"
#include "store/sql_take.h"

/* clang-format off */
/* Of an account that is owed: its balance, what its party owes the same, and what of that is asked back of splits. */
#define SQL_DEBTS(account) \
	"coalesce((select fen from balance b where b.account = " account "), 0)::int8, " \
	"coalesce((select fen from balance b where account_kind(" account ") = 21 " \
	"and b.account = (6::int8 << 55) | (" account " & ((1::int8 << 50) - 1))), 0)::int8, " \
	"coalesce((select sum(c.fen) from clawback c where account_kind(" account ") = 21 " \
	"and c.party_id = ((" account " >> 25) & 33554431)::int4 and c.creditor_id = (" account " & 33554431)::int4 " \
	"and c.state in (1, 2)), 0)::int8"

/* What of each order is in a payout or a batch, for who hears of it. */
#define SQL_SHARES(more) \
	"select y.order_id, y.dealer_id, sum(y.fen)::int8" more " from payable y "
#define SQL_SHARES_OF_ORDERS "exists (select from sales_order o where o.order_id = y.order_id) "

#define PAYOUT_STATEMENTS(X) \
	PAYOUT_LIST_STATEMENTS(X) \
	X(PAYEE_UPSERT, ON_QUERY, \
	    "insert into payee (party_id, bank, account_name, account, openid) " \
	    "select p.party_id, t.bank, t.name, t.account, t.openid from unnest($1::text[], $2::text[], $3::text[], " \
	    "$4::text[], $5::text[]) t(code, bank, name, account, openid) join party p on p.code = t.code " \
	    "order by p.party_id on conflict (party_id) do update set bank = excluded.bank, " \
	    "account_name = excluded.account_name, account = excluded.account, openid = excluded.openid") \
	/* Who moves started_at on prepares; the others find it moved.  Far ahead: a clock was set back. */ \
	X(PAYOUT_RUN_LEASE, ON_QUERY, \
	    "update payout_run set started_at = $1 where started_at is null or started_at <= $2 " \
	    "or started_at > $1::timestamptz + interval '1 minute'") \
	/* What is owed by a rail, and batches whose preparer died or went away before anybody was asked about them. */ \
	X(PAYOUT_RUN_DUE, ON_QUERY, \
	    "select x.collector_id, p.code, x.rail, x.ref from (select distinct collector_id, rail, '' as ref from payable " \
	    "where payout_id is null and batch_id is null and rail is not null and fen > 0 " \
	    "union all select collector_id, rail, ref from payout_batch b where state = 1 and ref <> '' " \
	    "and prepared_at <= $1::timestamptz - interval '10 minutes' and not exists " \
	    "(select from proposal q where q.kind = 20 and q.ref = b.ref)) x join party p on p.party_id = x.collector_id " \
	    "order by x.collector_id, x.rail, x.ref") \
	/* What a second person refused is open again; shares that waited for a split go another way. */ \
	X(PAYOUT_REFUSED, ON_QUERY, \
	    "with b as (update payout_batch b set state = 4, decided_at = $1 from proposal p where p.kind = 20 " \
	    "and p.ref = b.ref and p.state = 3 and b.state = 1 returning b.batch_id), " \
	    "x as (update payout set state = 4, done_at = $1, fail_reason = 'refused' " \
	    "where batch_id in (select batch_id from b)), " \
	    "y as (update payable set batch_id = case when rail = 1 then batch_id end " \
	    "where batch_id in (select batch_id from b) and payout_id is null returning order_id, dealer_id, rail) " \
	    "insert into settle_work (order_id, dealer_id, at) select distinct order_id, dealer_id, $1::timestamptz from y " \
	    "where rail = 1 order by 1 on conflict (order_id, dealer_id) do update set at = least(settle_work.at, excluded.at)") \
	X(PAYOUT_BATCH_BY_REF, ON_QUERY, \
	    "select " SQL_BATCH_COLUMNS " from payout_batch b where b.ref = $1 for update") \
	X(PAYOUT_BATCH_INSERT, ON_QUERY, \
	    "insert into payout_batch (batch_id, ref, collector_id, rail, state, fen, payouts, prepared_at, prepared_by) " \
	    "values ($1, $2, $3, $4, 1, 0, 0, $5, $6)") \
	/* Accounts that are owed something by the rail, all of their rows that no batch has; then what each comes to. */ \
	X(PAYABLE_TO_BATCH, ON_QUERY, \
	    "with due as (select account from payable where collector_id = $2 and payout_id is null and batch_id is null " \
	    "and (rail = $3::int2 or (fen < 0 and $3::int2 <> 1)) group by account having sum(fen) > 0), " \
	    "t as (update payable p set batch_id = $1, rail = $3::int2 where p.collector_id = $2 and p.payout_id is null " \
	    "and p.batch_id is null and (p.rail = $3::int2 or (p.fen < 0 and $3::int2 <> 1)) " \
	    "and p.account in (select account from due) returning p.account, p.party_id, p.fen), " \
	    "g as (select account, min(party_id) as party, sum(fen)::int8 as fen from t group by account) " \
	    "select g.account, g.party, g.fen, " SQL_DEBTS("g.account") " from g order by g.account") \
	X(PAYOUT_BATCH_SUM, ON_QUERY, \
	    "update payout_batch set fen = $2, payouts = $3 where batch_id = $1") \
	X(PAYOUT_BATCH_PAYOUTS, ON_QUERY, \
	    "select p.payout_id, p.party_id, p.account, coalesce((select sum(y.fen) from payable y " \
	    "where y.batch_id = p.batch_id and y.account = p.account and y.payout_id is null), 0)::int8, " \
	    SQL_DEBTS("p.account") " from payout p join payout_batch b on b.batch_id = p.batch_id " \
	    "where b.ref = $1 and p.state = 1 and b.rail <> 1 order by p.account") \
	X(PAYABLE_SHARES, ON_QUERY, \
	    SQL_SHARES(", y.account") "join payout_batch b on b.batch_id = y.batch_id where b.ref = $1 and y.payout_id is null and " \
	    SQL_SHARES_OF_ORDERS "group by y.order_id, y.dealer_id, y.account having sum(y.fen) > 0 order by y.account, y.order_id") \
	X(PAYOUT_SHARES, ON_QUERY, \
	    SQL_SHARES("") "where y.payout_id = $1 and " \
	    SQL_SHARES_OF_ORDERS "group by y.order_id, y.dealer_id having sum(y.fen) > 0 order by y.order_id") \
	X(PAYABLE_PAID_BY, ON_QUERY, \
	    "with w as materialized (select t.*, $1::uuid as batch from unnest($2::int8[], $3::uuid[]) with ordinality " \
	    "t(account, payout, i) " SQL_W_ONE ") " \
	    "update payable s set payout_id = w.payout, batch_id = case when w.payout is not null then s.batch_id end " \
	    "from w where s.batch_id = w.batch and s.account = w.account and s.payout_id is null") \
	X(PAYOUT_BEGIN, ON_QUERY, \
	    SQL_W("payout, gross, netted, state, why", "$1::uuid[], $2::int8[], $3::int8[], $4::int2[], $5::text[]") \
	    "update payout s set gross_fen = w.gross, netted_fen = w.netted, fen = w.gross - w.netted, state = w.state, " \
	    "fail_reason = nullif(w.why, ''), done_at = case when w.state in (3, 4) then $6::timestamptz end " \
	    "from w where s.payout_id = w.payout") \
	X(PAYOUT_BATCH_BEGIN, ON_QUERY, \
	    "update payout_batch set state = $2, fen = $3, decided_at = $4, decided_by = $5 where batch_id = $1 and state = 1") \
	X(PAYOUT_BATCH_WORK, ON_QUERY, \
	    "insert into settle_work (order_id, dealer_id, at) select distinct order_id, dealer_id, $2::timestamptz " \
	    "from payable where batch_id = $1 and payout_id is null order by 1 " \
	    "on conflict (order_id, dealer_id) do update set at = least(settle_work.at, excluded.at)") \
	X(PAYOUT_READ, ON_QUERY, \
	    "select " SQL_PAYOUT_COLUMNS " from payout p where p.payout_id = $1 for update") \
	X(PAYOUT_CONFIRM, ON_QUERY, \
	    "update payout set state = $2, done_at = $3, fail_reason = nullif($4, '') where payout_id = $1 and state = 2") \
	X(PAYOUT_OPEN_AGAIN, ON_QUERY, \
	    "update payable set payout_id = null, batch_id = null where payout_id = $1") \
	X(PAYOUT_BATCH_DONE, ON_QUERY, \
	    "update payout_batch b set state = 3 where b.batch_id = $1 and b.state = 2 " \
	    "and not exists (select from payout p where p.batch_id = b.batch_id and p.state in (1, 2))")
/* clang-format on */

#endif
