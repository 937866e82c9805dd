#ifndef ROUTER_STORE_SQL_PERIOD_H
#define ROUTER_STORE_SQL_PERIOD_H

/* Months of the ledger, and what must be reconciled before one is closed: store/period.c. */
#include "store/sql_recon_set.h"

/* clang-format off */
/*
 * Which kind of bill tells of which event.  Fund bills are asked for of the brand alone: what dealers who collect have
 * elsewhere is on the trade and split bills, and theirs cannot always be had.
 */
#define SQL_TOLD_BY \
	"(values (1, 1), (2, 1), (10, 1), (6, 2), (7, 2), (17, 2), (11, 2), (1, 3), (2, 3), (6, 3), (10, 3), (11, 3), (8, 3)) " \
	"n(event, kind)"
/* What moved at a provider, as far as he makes bills that can be read. */
#define SQL_MOVED \
	"(select e.*, ((e.account >> 50) & 31)::int2 as provider, " SQL_COLLECTOR " as collector_id, " SQL_CHINA_DAY("e.event_at") \
	" as day from entry e where e.period = $1 and e.account < (4::int8 << 55) " \
	"and (e.event = 8 or (e.order_id is not null and e.provider_ref <> '')))"

#define PERIOD_STATEMENTS(X) \
	/* Behind it nothing is sealed and nobody else closes. */ \
	X(PERIOD_LOCK, ON_QUERY, "select from ledger_lock where name in ('close', 'seal') order by name for update") \
	/* \
	 * Entries of $1 that no reconciled bill was held against: of a day without one, or sealed since.  A bill of the days \
	 * around may have them.  Withdrawals are all looked at: no match of a bill looks for them.  Where there is the day's \
	 * bill they become exceptions, at $2; the others are told, a row a bill that lacks, with those that are imported and \
	 * not matched, and the brand's that are not fetched. \
	 */ \
	X(PERIOD_UNTOLD, ON_QUERY, \
	    "with suspects as materialized (select e.provider, e.collector_id, n.kind::int2 as kind, " \
	    "case when n.kind = 3 and e.event <> 8 then split_part(e.provider_ref, ':', 1) else coalesce(e.provider_ref, '') end as ref, " \
	    "coalesce(e.order_id, e.object_id) as object, min(e.event) as event, min(e.event_no) as event_no, min(e.event_at) as at, " \
	    "min(e.day) as day, min(coalesce(o.bill_id, a.bill_id)::text)::uuid as bill_id, " \
	    SQL_MOVED_FEN " as fen from " SQL_MOVED " e join " SQL_TOLD_BY " on n.event = e.event " \
	    "join party p on p.party_id = e.collector_id and (n.kind <> 3 or p.kind = 1) " \
	    "left join bill o on o.collector_id = e.collector_id and o.provider = e.provider and o.kind = n.kind and o.day = e.day " \
	    "and o.state = 2 left join bill a on a.everybody and a.provider = e.provider and a.kind = n.kind and a.day = e.day " \
	    "and a.state = 2 where (e.event = 8 or coalesce(o.books_to, a.books_to, -1) < e.batch_no) and exists (select from bill_column c " \
	    "where c.provider = e.provider and c.kind = n.kind) group by 1, 2, 3, 4, 5), " \
	    "near as materialized (select b.provider, b.kind, l.collector_id, l.ref, " SQL_RELEASED " as released from bill_line l " \
	    "join bill b using (bill_id) where b.bill_id in (select n.bill_id from bill n join suspects s on n.provider = s.provider " \
	    "and n.kind = s.kind and n.day between s.day - 3 and s.day + 3 where n.state = 2)), " \
	    "unnamed as (select s.*, " SQL_PAYMENT_OF("s") " as payment from suspects s where s.fen <> 0 " \
	    "and not exists (select from near l where l.provider = s.provider and l.kind = s.kind " \
	    "and l.collector_id = s.collector_id and l.ref = s.ref) " \
	    "and not exists (select from recon_match m where s.event = 8 and m.object_id = s.object)), " \
	    "untold as materialized (select s.* from unnamed s where not exists (select from near l where l.provider = s.provider " \
	    "and l.kind = s.kind and l.collector_id = s.collector_id and l.released = s.payment)), " \
	    "opened as (" SQL_MISSING_INSERT "select " SQL_MISSING("s", "s.provider", "s.kind", "s.bill_id", "s.day", "$1::int4", "$2::timestamptz") \
	    " from untold s where s.bill_id is not null on conflict do nothing) " \
	    "select coalesce(p.code, '#' || x.collector_id), x.kind, x.day, x.why, count(*) over () from (" \
	    "select collector_id, kind, day, max(why) as why from (" \
	    "select collector_id, kind, day, 1 as why from untold where bill_id is null union all " \
	    "select collector_id, kind, day, 2 from bill where state = 1 and day < " SQL_MONTH("period_after($1)") " union all " \
	    "select p.party_id, d.kind, d.day, 3 from provider_bill d join party p on p.kind = 1 and p.provider = d.provider " \
	    "and p.merchant_number = d.merchant where d.state = 1 and d.day < " SQL_MONTH("period_after($1)") " and not exists (" \
	    "select from bill b where b.collector_id = p.party_id and b.provider = d.provider and b.kind = d.kind and b.day = d.day)" \
	    ") y group by 1, 2, 3) x left join party p on p.party_id = x.collector_id order by x.day, x.kind, 1 limit $3") \
	X(PERIOD_CLOSE, ON_QUERY, \
	    "select ledger_close($1, $2, $3, coalesce((select name from api_key where key_id = $3), ''))") \
	/* From $1 down to $2. */ \
	X(PERIOD_LIST, ON_QUERY, \
	    "select period, closed_at, key_name, batch_last, row_count, entry_count, debit_fen, hash from ledger_period " \
	    "where period <= $1 and period >= $2 order by period desc limit $3") \
	/* The first period with rows that is open; what stands in the way of $1, 0: of that one. */ \
	X(PERIOD_OPEN, ON_QUERY, \
	    "with o as materialized (select s.open_period, (select min(period) from seal_period p " \
	    "where p.period >= s.open_period) as next from ledger_state s), " \
	    "n as materialized (select o.*, coalesce(nullif($1::int4, 0), o.next) as period from o) " \
	    "select open_period, next, (select coalesce(sum(row_count), 0)::int8 from seal_period p " \
	    "where p.period = n.period), coalesce(ledger_unsealed(period), false), " \
	    "(select coalesce(sum(fen), 0)::int8 from entry e where account = 13::int8 << 55 and e.period <= n.period), " \
	    "coalesce(ledger_exceptions(period), 0) from n")
/* clang-format on */

#endif
