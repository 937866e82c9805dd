#ifndef ROUTER_STORE_SQL_RECON_SET_H
#define ROUTER_STORE_SQL_RECON_SET_H

/* The sets that statements of reconciliation are made of: a bill's groups, the books' side of them, what lacks. */

/* clang-format off */
/* C:recon and its like, as domain/account.h numbers them. */
#define SQL_PERIOD_OF(at) "(extract(year from " at " + interval '8 hours') * 100 " \
	"+ extract(month from " at " + interval '8 hours'))::int4"
/* An account of a collector at the provider: $2 is the provider in all of these. */
#define SQL_ACCOUNT(kind, collector) \
	"((" kind "::int8 << 55) | ($2::int2::int8 << 50) | (" collector "::int8 << 25))"
#define SQL_AVAILABLE SQL_ACCOUNT("2", "m.collector_id")
#define SQL_C_RECON "(13::int8 << 55)"
/* Entries of accounts 1 to 3: frozen, available, disputed. */
#define SQL_AT_PROVIDER "e.account < (4::int8 << 55) and ((e.account >> 50) & 31) = $2::int2 and e.provider_ref is not null"
#define SQL_COLLECTOR "((e.account >> 25) & 33554431)::int4"
#define SQL_CHINA_DAY(at) "(" at " at time zone 'Asia/Shanghai')::date"
#define SQL_MONTH(period) "to_date(" period "::text, 'YYYYMM')"
/* What a bill says of entries of one ref: what moved, or how much is not frozen any more. */
#define SQL_MOVED_FEN \
	"case when min(e.event) in (7, 17) then -sum(e.fen) filter (where e.account >> 55 = 1) else sum(e.fen) end::int8"
/* The payment that line l says was released; the one that a release ${s} is of, '': it is none. */
#define SQL_RELEASED "case when l.class = 5 then l.transaction end"
#define SQL_PAYMENT_OF(s) \
	"case when " s ".event in (7, 17) then (select j.provider_ref from journal j where j.object_id = " s ".object " \
	"and j.event = 1 and j.event_no = " s ".event_no) else '' end"
/* An exception of what the books have in ${s} and a bill has not: the same one, whoever finds it. */
#define SQL_MISSING_ID(s, kind) \
	"case when " s ".event = 8 then md5('withdrawal ' || " s ".object) " \
	"else md5(" kind " || ' ' || " s ".collector_id || ' ' || " s ".ref) end::uuid"
#define SQL_MISSING_INSERT \
	"insert into recon_exception (exception_id, provider, collector_id, kind, bill_id, class, ref, transaction, reason, fen, " \
	"recon_fen, day, event_at, period, opened_at) "
#define SQL_MISSING(s, provider, kind, bill, day, period, now) \
	SQL_MISSING_ID(s, kind) ", " provider ", " s ".collector_id, " kind ", " bill ", case " s ".event when 1 then 1 " \
	"when 2 then 1 when 6 then 3 when 7 then 5 when 17 then 5 when 10 then 2 when 11 then 4 when 8 then 8 else 9 end, " \
	s ".ref, coalesce(" s ".payment, ''), 2, " s ".fen, 0, " day ", " s ".at, " period ", " now
/* The bill's side of a group: what a fee took or gave back is not its gross. */
#define SQL_GROUPS \
	"select collector_id, ref, min(line_no) as line_no, min(class) as class, count(*)::int4 as lines, min(at) as at, " \
	"sum(case when class in (6, 7) then 0 else gross_fen end)::int8 as gross, " \
	"sum(fee_fen + case when class in (6, 7) then gross_fen else 0 end)::int8 as fee " \
	"from bill_line where bill_id = $1 group by 1, 2"
/* The books' side; E7d moves nothing at the provider.  A release may stand beside the payment, under its number. */
#define SQL_IS_RELEASE(e) e ".event in (7, 17) and " e ".account >> 55 = 1"
#define SQL_BOOKS(entries) \
	"select collector_id, ref, count(*)::int4 as entries, sum(fen) filter (where event <> 17)::int8 as fen, " \
	"sum(fen) filter (where event = 2)::int8 as fee, -sum(fen) filter (where " SQL_IS_RELEASE("e") ")::int8 as released, " \
	"count(*) filter (where " SQL_IS_RELEASE("e") ")::int4 as releases from (" entries ") e group by 1, 2"
/*
 * What the books have of the release of the payment ${number}, whatever number that has: ours, while the provider
 * released it by himself and names the payment alone.
 */
#define SQL_RELEASE_OF(number, collector) \
	"select -g.fen as fen from entry p join journal j on j.object_id = p.object_id and j.event in (7, 17) " \
	"and j.event_no = p.event_no, unnest(j.accounts, j.amounts) g(account, fen) where p.provider_ref = " number " " \
	"and p.event = 1 and p.account = " SQL_ACCOUNT("1", collector) " and g.account = p.account"
#define SQL_BOOKED(named, where) \
	"select " SQL_COLLECTOR " as collector_id, " named " as ref, e.fen, e.event, e.account from entry e " \
	"where " SQL_AT_PROVIDER " and " where " and " named " in (select ref from bill_line where bill_id = $1)"
/* 5: what is released moves within the provider's books. */
#define SQL_MATCH(books) \
	"insert into recon_match (bill_id, collector_id, ref, line_no, class, kind, outcome, lines, entries, gross_fen, " \
	"fee_fen, ledger_fen, diff_fen, fee_differs, at) " \
	"select $1, collector_id, ref, line_no, class, case when fee <> 0 and lines = 1 then 3 " \
	"when lines = 1 and entries = 1 then 1 else 2 end, case when diff = 0 then 1 " \
	"when abs(diff) <= $3::int8 * lines and entries > 0 then 2 else 3 end, lines, entries, gross, fee, ledger, diff, " \
	"gross + books_fee = ledger and diff <> 0 and class = 1, at from (" \
	"select g.*, coalesce(b.fee, 0) as books_fee, " \
	"coalesce(case when g.class = 5 then b.releases else b.entries end, 0) as entries, " \
	"coalesce(case when g.class = 5 then b.released else b.fen end, 0) as ledger, " \
	"g.gross + g.fee - coalesce(case when g.class = 5 then b.released else b.fen end, 0) as diff " \
	"from (" SQL_GROUPS ") g left join (" books ") b using (collector_id, ref)) x"
/* A refund nobody knew of: what was refunded stands on C:recon, the fee given back on its own account. */
#define SQL_REFUND_NEW "m.entries = 0 and m.class in (2, 7)"
#define SQL_DIFF "case when " SQL_REFUND_NEW " then m.gross_fen else m.diff_fen end"
#define SQL_K_INSERT \
	"insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, event_at, " \
	"posted_at, accounts, amounts, kinds, provider_ref) "
/* $3 stream, $4 seq, $5 now; two legs: ${one} gets ${amount}, ${other} pays it. */
#define SQL_K(no, one, other, amount, where) \
	SQL_K_INSERT "select l.line_id, 16, " no ", m.collector_id, 0, $3::int8, $4::int8, " \
	"greatest(" SQL_PERIOD_OF("m.at") ", (select open_period from ledger_state)), m.at, $5, " \
	"array[" one ", " other "], array[" amount ", -(" amount ")], array[0, 0]::int2[], m.ref " \
	"from recon_match m join bill_line l using (bill_id, line_no) where m.bill_id = $1 and " where
/* clang-format on */

#endif
