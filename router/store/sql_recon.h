#ifndef ROUTER_STORE_SQL_RECON_H
#define ROUTER_STORE_SQL_RECON_H

/* Bills held against the books: store/recon.c. */

#include "store/sql_recon_set.h"

/* clang-format off */
#define RECON_STATEMENTS(X) \
	/* Big sets, joined once: not what the loop's connections are set for. */ \
	X(RECON_SETTINGS, ON_QUERY, \
	    "select set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_hashjoin', 'on', true), " \
	    "set_config('enable_mergejoin', 'on', true), set_config('enable_seqscan', 'on', true), " \
	    "set_config('work_mem', $1, true), set_config('statement_timeout', $2, true)") \
	/* $2: what was posted until then must be sealed; what comes meanwhile is about other days. */ \
	X(RECON_LOCK, ON_QUERY, \
	    "select provider, kind, rows, exists (select from feed_stream f, lateral (select from journal j " \
	    "where j.stream_id = f.stream_id and j.seq > coalesce((select max(r.seq_to) from seal_range r " \
	    "where r.stream_id = f.stream_id), 0) and j.posted_at <= $2 limit 1) j), tries, " \
	    "(select coalesce(max(batch_no), 0)::int8 from seal_batch) from bill " \
	    "where bill_id = $1 and state = 1 for update") \
	X(RECON_MATCH, ON_QUERY, SQL_MATCH(SQL_BOOKS(SQL_BOOKED("e.provider_ref", "true")))) \
	/* A split's receivers stand on one line: its number alone. */ \
	X(RECON_MATCH_FUND, ON_QUERY, \
	    SQL_MATCH(SQL_BOOKS(SQL_BOOKED("e.provider_ref", "e.provider_ref not like '%:%'") " union all " \
	    SQL_BOOKED("split_part(e.provider_ref, ':', 1)", "e.provider_ref like '%:%'")))) \
	X(RECON_RELEASED, ON_QUERY, \
	    "update recon_match m set outcome = case when m.gross_fen = r.fen then 1 else 3 end, kind = 1, entries = 1, " \
	    "ledger_fen = r.fen, diff_fen = m.gross_fen - r.fen from (select m.line_no, r.fen from recon_match m " \
	    "join bill_line l using (bill_id, line_no), lateral (" SQL_RELEASE_OF("l.transaction", "m.collector_id") ") r " \
	    "where m.bill_id = $1 and m.class = 5 and m.outcome = 3) r where m.bill_id = $1 and m.line_no = r.line_no") \
	/* \
	 * Withdrawals have no number of ours: the E8 of that amount and of these days, each once, in their order. \
	 */ \
	X(RECON_WITHDRAWN, ON_QUERY, \
	    "update recon_match m set outcome = 1, kind = 1, entries = 1, ledger_fen = m.diff_fen, diff_fen = 0, " \
	    "object_id = e.object_id from (select collector_id, line_no, diff_fen, row_number() " \
	    "over (partition by collector_id, diff_fen order by at, line_no) as n from recon_match " \
	    "where bill_id = $1 and class = 8 and outcome = 3) w join (select " SQL_COLLECTOR " as collector_id, " \
	    "e.object_id, e.fen, row_number() over (partition by e.account, e.fen order by e.event_at, e.object_id) as n " \
	    "from entry e, bill b where b.bill_id = $1 and e.event = 8 and e.account < (4::int8 << 55) " \
	    "and ((e.account >> 50) & 31) = $2::int2 and e.event_at >= (b.day - 3)::timestamp at time zone 'Asia/Shanghai' " \
	    "and e.event_at < (b.day + 2)::timestamp at time zone 'Asia/Shanghai' " \
	    "and e.batch_no >= coalesce((select min(s.batch_no) from seal_batch s " \
	    "where s.sealed_at >= (b.day - 4)::timestamp at time zone 'Asia/Shanghai'), 0) " \
	    "and not exists (select from recon_match o where o.object_id = e.object_id)) e " \
	    "on e.collector_id = w.collector_id and e.fen = w.diff_fen and e.n = w.n " \
	    "where m.bill_id = $1 and m.class = 8 and m.outcome = 3 and m.line_no = w.line_no") \
	/* \
	 * What a dealer who collected gives back of money that is his already: in the books he owes it, and no account at \
	 * the provider has it. \
	 */ \
	X(RECON_OWN_REFUND, ON_QUERY, \
	    "update recon_match m set outcome = 1, kind = 1, entries = 1, ledger_fen = m.diff_fen, diff_fen = 0 " \
	    "from provider_call c join refund r on r.order_id = c.order_id and r.number = c.number " \
	    "where m.bill_id = $1 and m.class = 2 and m.entries = 0 and m.outcome = 3 and c.number = m.ref and c.kind = 4 " \
	    "and r.provider = $2 and r.collector_id = m.collector_id and r.state = 3 " \
	    "and m.gross_fen + m.fee_fen = r.rebate_fen - r.fen") \
	X(RECON_DIFFER, ON_QUERY, "select count(*) from recon_match where bill_id = $1 and outcome = 3") \
	X(RECON_DONE, ON_QUERY, \
	    "update bill b set state = 2, matched_at = $2, books_to = $3, error = null, next_at = null, matched = m.matched, matched_fen = m.fen, rounded = m.rounded, " \
	    "exceptions = (select count(*) from recon_exception x where x.bill_id = $1) from (select " \
	    "count(*) filter (where outcome in (1, 2)) as matched, count(*) filter (where outcome = 2) as rounded, " \
	    "coalesce(sum(gross_fen + fee_fen) filter (where outcome in (1, 2)), 0)::int8 as fen " \
	    "from recon_match where bill_id = $1) m where b.bill_id = $1 " \
	    "returning b.matched, b.matched_fen, b.rounded, b.exceptions") \
	/* Not matched, and $3 is why: the next one in its turn. */ \
	X(RECON_PUT_OFF, ON_QUERY, \
	    "update bill set tries = tries + 1, next_at = $2, error = $3 where bill_id = $1 and state = 1") \
	X(RECON_WAITING, ON_QUERY, \
	    "select bill_id from bill where state = 1 and coalesce(next_at, $2) <= $2 order by imported_at, bill_id limit $1")
/* clang-format on */

#endif
