#ifndef ROUTER_STORE_SQL_RECON_OPEN_H
#define ROUTER_STORE_SQL_RECON_OPEN_H

/* What bills and books do not agree on, booked and opened as exceptions, closed when it comes: store/recon.c. */
#include "store/sql_recon_set.h"

/* clang-format off */
#define RECON_OPEN_STATEMENTS(X) \
	X(RECON_K1, ON_QUERY, \
	    SQL_K("1", SQL_AVAILABLE, SQL_C_RECON, SQL_DIFF, "m.outcome in (2, 3) and m.class <> 5 and " SQL_DIFF " <> 0")) \
	X(RECON_K2, ON_QUERY, \
	    SQL_K("2", SQL_C_RECON, "(52::int8 << 55)", "m.diff_fen", \
	    "$2::int2 > 0 and m.outcome = 2 and m.class <> 5")) \
	X(RECON_K3, ON_QUERY, \
	    SQL_K("3", SQL_AVAILABLE, SQL_ACCOUNT("4", "m.collector_id"), "m.fee_fen", \
	    "m.outcome = 3 and " SQL_REFUND_NEW " and m.fee_fen <> 0")) \
	X(RECON_OPEN, ON_QUERY, \
	    "insert into recon_exception (exception_id, provider, collector_id, kind, bill_id, line_no, class, ref, " \
	    "transaction, reason, fen, recon_fen, rebate_fen, day, event_at, period, opened_at) " \
	    "select l.line_id, b.provider, m.collector_id, b.kind, b.bill_id, m.line_no, m.class, m.ref, l.transaction, " \
	    "case when m.entries = 0 then 1 when m.fee_differs then 4 else 3 end, m.diff_fen, " \
	    "case when m.class = 5 then 0 else -(" SQL_DIFF ") end, case when " SQL_REFUND_NEW " then m.fee_fen else 0 end, " \
	    "b.day, m.at, greatest(" SQL_PERIOD_OF("m.at") ", (select open_period from ledger_state)), $2 " \
	    "from recon_match m join bill b using (bill_id) join bill_line l using (bill_id, line_no) " \
	    "where m.bill_id = $1 and m.outcome = 3") \
	/* \
	 * $3 the events that such a bill tells of, $5 how many at most.  Entries of the day were sealed since the day before; whoever has a \
	 * bill of his own is not looked for in everybody's. \
	 */ \
	X(RECON_MISSING, ON_QUERY, \
	    "with b as (select * from bill where bill_id = $1), near as materialized (select l.collector_id, l.ref, " \
	    SQL_RELEASED " as released from bill_line l where l.bill_id in (select o.bill_id from bill o, b " \
	    "where o.provider = b.provider and o.kind = b.kind and o.day between b.day - 3 and b.day + 3)), " \
	    "told as materialized (select " SQL_COLLECTOR " as collector_id, case when b.kind = 3 " \
	    "then split_part(e.provider_ref, ':', 1) else e.provider_ref end as ref, e.order_id as object, " \
	    "min(e.event) as event, min(e.event_no) as event_no, min(e.event_at) as at, min(e.period) as period, " \
	    SQL_MOVED_FEN " as fen from entry e, b " \
	    "where " SQL_AT_PROVIDER " and e.event = any ($3::int2[]) and e.order_id is not null " \
	    "and (b.everybody or " SQL_COLLECTOR " = b.collector_id) and e.provider_ref <> '' " \
	    "and e.event_at >= b.day::timestamp at time zone 'Asia/Shanghai' " \
	    "and e.event_at < (b.day + 1)::timestamp at time zone 'Asia/Shanghai' " \
	    "and e.batch_no >= coalesce((select min(s.batch_no) from seal_batch s, b " \
	    "where s.sealed_at >= (b.day - 1)::timestamp at time zone 'Asia/Shanghai'), 0) group by 1, 2, 3), " \
	    "missing as (select e.*, " SQL_PAYMENT_OF("e") " as payment from b, told e where e.fen <> 0 " \
	    "and not exists (select from near l where l.collector_id = e.collector_id and l.ref = e.ref) " \
	    "and not exists (select from bill o where o.collector_id = e.collector_id and o.bill_id <> $1 " \
	    "and o.provider = b.provider and o.kind = b.kind and o.day = b.day)) " \
	    SQL_MISSING_INSERT "select " SQL_MISSING("e", "b.provider", "b.kind", "b.bill_id", "b.day", "e.period", "$4") " " \
	    "from b, missing e where not exists (select from near l where l.collector_id = e.collector_id " \
	    "and l.released = e.payment) limit $5 on conflict do nothing") \
	X(RECON_BROUGHT, ON_QUERY, \
	    "with waits as materialized (select x.* from recon_exception x join bill b on b.provider = x.provider " \
	    "and b.kind = x.kind where b.bill_id = $1 and x.closed_at is null and x.reason = 2), " \
	    "came as (select collector_id, ref, '' as payment from bill_line where bill_id = $1 " \
	    "and ref in (select ref from waits) union select collector_id, '', transaction from bill_line " \
	    "where bill_id = $1 and class = 5 and transaction in (select transaction from waits where class = 5) " \
	    "union select w.collector_id, w.ref, '' from waits w join recon_match m on m.bill_id = $1 and m.object_id is not null " \
	    "and w.exception_id = md5('withdrawal ' || m.object_id)::uuid) " \
	    "update recon_exception x set closed_at = $2, resolution = 6, note = 'a later bill has it' from waits w join came c " \
	    "on c.collector_id = w.collector_id and (c.ref = w.ref or c.payment = nullif(w.transaction, '')) " \
	    "where x.exception_id = w.exception_id") \
	/* A release moves money within the provider's books: nothing was posted, it is only looked for. */ \
	X(RECON_LATE_RELEASE, ON_QUERY, \
	    "update recon_exception x set closed_at = $1, resolution = 5, note = 'the books have it since' " \
	    "where x.closed_at is null and x.reason = 1 and x.class = 5 and x.provider = $2 and x.fen = coalesce((select -sum(e.fen) " \
	    "from entry e where e.provider_ref = x.ref and e.account = " SQL_ACCOUNT("1", "x.collector_id") " " \
	    "and e.event in (7, 17)), (" SQL_RELEASE_OF("x.transaction", "x.collector_id") "))") \
	/* What is in the books since K1 booked it, all or the rest: their sum is the bill's now. */ \
	X(RECON_LATE, ON_QUERY, \
	    "with m as (select x.exception_id, x.collector_id, x.ref, x.event_at, x.event_no, x.recon_fen, x.rebate_fen, " \
	    "2 + (x.rebate_fen <> 0)::int as legs from recon_exception x where x.closed_at is null and x.reason in (1, 3) " \
	    "and x.recon_fen <> 0 and x.provider = $2 and (select sum(e.fen) from entry e " \
	    "where " SQL_AT_PROVIDER " and " SQL_COLLECTOR " = x.collector_id " \
	    "and (e.provider_ref = x.ref or (x.kind = 3 and e.provider_ref like '%:%' " \
	    "and split_part(e.provider_ref, ':', 1) = x.ref)) and e.event not in (16, 17)) = case when x.reason = 1 " \
	    "then x.rebate_fen - x.recon_fen else (select m.gross_fen + m.fee_fen from recon_match m where m.bill_id = x.bill_id " \
	    "and m.outcome = 3 and m.line_no = x.line_no) end " \
	    "order by x.exception_id for update), " \
	    "posted as (" SQL_K_INSERT "select m.exception_id, 16, m.event_no + 1, m.collector_id, 0, $3::int8, $4::int8, " \
	    "greatest(" SQL_PERIOD_OF("m.event_at") ", (select open_period from ledger_state)), m.event_at, $1, " \
	    "(array[" SQL_C_RECON ", " SQL_AVAILABLE ", " SQL_ACCOUNT("4", "m.collector_id") "])[1:legs], " \
	    "(array[-m.recon_fen, m.recon_fen - m.rebate_fen, m.rebate_fen])[1:legs], " \
	    "(array[0, 0, 0]::int2[])[1:legs], m.ref from m) " \
	    "update recon_exception x set closed_at = $1, resolution = 5, event_no = x.event_no + 1, " \
	    "note = 'the books have it since' from m where x.exception_id = m.exception_id")
/* clang-format on */

#endif
