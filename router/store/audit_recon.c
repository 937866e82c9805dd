/* audit_recon: bills are whole, what they have is matched or booked, and C:recon is what is not explained. */
#include "store/audit_check.h"

/* What K1 books of a group: of a refund nobody knew, what went back without the fee. */
#define BOOKED "case when m.entries = 0 and m.class in (2, 7) then m.gross_fen else m.diff_fen end"

/* clang-format off */
const struct audit_check audit_recon[] = {
	{"recon_open", "C:recon is what stands there of open exceptions",
	    "select 'C:recon ' || j.fen || ' not ' || x.fen from (select coalesce(sum(l.fen), 0) as fen from journal, "
	    "unnest(accounts, amounts) l(account, fen) where event = 16 and l.account = 13::int8 << 55) j, "
	    "(select coalesce(sum(recon_fen), 0) as fen from recon_exception where closed_at is null) x where j.fen <> x.fen"},
	{"recon_only", "nobody else posts to C:recon",
	    "select object_id || ' event ' || event from journal where event <> 16 and 13::int8 << 55 = any (accounts)"},
	{"recon_exception", "an exception is closed if and only if it says how",
	    "select exception_id::text from recon_exception where (closed_at is null) <> (resolution is null)"},
	{"bill_lines", "a bill has its lines, and adds up to them",
	    "select b.bill_id::text from bill b left join (select bill_id, count(*) as rows, "
	    "coalesce(sum(gross_fen) filter (where class <> 5), 0) as gross, sum(fee_fen) as fee from bill_line group by 1) l "
	    "using (bill_id) where b.rows <> coalesce(l.rows, 0) or b.gross_fen <> coalesce(l.gross, 0) "
	    "or b.fee_fen <> coalesce(l.fee, 0)"},
	{"bill_matched", "every line of a matched bill is in one group",
	    "select b.bill_id::text from bill b left join (select bill_id, sum(lines) as lines from recon_match group by 1) m "
	    "using (bill_id) where coalesce(m.lines, 0) <> case b.state when 2 then b.rows else 0 end"},
	{"bill_booked", "what a bill has otherwise than the books is booked, once, and nothing else",
	    "select m.bill_id || ' line ' || m.line_no || ': ' || coalesce(j.amounts[1], 0) || ' not ' || " BOOKED
	    " from recon_match m join bill_line l using (bill_id, line_no) left join journal j on j.object_id = l.line_id "
	    "and j.event = 16 and j.event_no = 1 where coalesce(j.amounts[1], 0) <> "
	    "case when m.outcome = 1 or m.class = 5 then 0 else " BOOKED " end union all "
	    "select object_id || ' is no line' from journal j where event = 16 and event_no < 4 and not exists "
	    "(select from bill_line l where l.line_id = j.object_id)"},
	{NULL, NULL, NULL}
};
/* clang-format on */
