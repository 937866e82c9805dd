/* audit_books: the sealed books are the journal, unchanged since they were sealed; what is closed stays so. */
#include "store/audit_check.h"
#include "store/sql_seal.h"

/* The rows of batch ${b}, found through what it took of each stream: entries are no witness here. */
#define ROWS_OF(b) \
	"seal_range r join journal j on j.stream_id = r.stream_id and j.seq between r.seq_from and r.seq_to " \
	"where r.batch_no = " b ".batch_no"
#define HASHED(columns, b, and) \
	"(select " columns ", string_agg(" SQL_JOURNAL_BYTES( \
	    "j") ", '' order by " SQL_JOURNAL_ORDER("j") ") as bytes from " ROWS_OF(b) and \
	    ")"
/* The batch that sealed journal row j; null: none has. */
#define BATCH_OF_ROW \
	"left join lateral (select r.batch_no from seal_range r where r.stream_id = j.stream_id " \
	"and r.seq_to >= j.seq order by r.seq_to limit 1) b on true "

/* clang-format off */
const struct audit_check audit_books[] = {
	{"seal_chain", "batches follow on each other, and each hash is that of the one before and of its rows",
	    "select 'batch ' || b.batch_no || ': ' || x.rows || ' rows of ' || b.row_count from (select batch_no, form, "
	    "row_count, hash, lag(batch_no, 1, 0::int8) over o as no_before, lag(hash, 1, '') over o as hash_before "
	    "from seal_batch window o as (order by batch_no)) b, lateral " HASHED("count(*) as rows", "b", "") " x "
	    "where b.form <> " SEAL_FORM_TEXT " or b.batch_no <> b.no_before + 1 or x.rows <> b.row_count "
	    "or b.hash is distinct from sha256(b.hash_before || int8send(b.batch_no) || x.bytes)"},
	{"seal_ranges", "what batches took of a stream follows on each other, and their order is the stream's",
	    "select 'stream ' || stream_id || ' to ' || seq_to from (select stream_id, seq_from, seq_to, batch_no, "
	    "lag(seq_to, 1, 0::int8) over o as seq_before, lag(batch_no, 1, 0::int8) over o as batch_before "
	    "from seal_range window o as (partition by stream_id order by seq_to)) r "
	    "where seq_from <> seq_before + 1 or batch_no <= batch_before "
	    "or not exists (select from seal_batch b where b.batch_no = r.batch_no)"},
	{"seal_streams", "every row that is not sealed stands in a stream that the sealer follows",
	    "select j.object_id || ' event ' || j.event from journal j where not exists (select from feed_stream f "
	    "where f.stream_id = j.stream_id) and not exists (select from seal_range r "
	    "where r.stream_id = j.stream_id and r.seq_to >= j.seq)"},
	{"journal_change", "every journal row was committed with its stream's change",
	    "select j.object_id || ' event ' || j.event from (select stream_id, min(seq) as seq from stock_change "
	    "group by stream_id) k join journal j on j.stream_id = k.stream_id and j.seq >= k.seq "
	    "where not exists (select from stock_change c where c.stream_id = j.stream_id and c.seq = j.seq)"},
	{"journal_event", "one row of the journal for each event",
	    "select object_id || ' event ' || event || ' ' || event_no from journal "
	    "group by object_id, event, event_no having count(*) > 1"},
	{"entry_journal", "the entries are the legs of what is sealed, each in the batch of its row",
	    "select coalesce(j.object_id, e.object_id) || ' event ' || coalesce(j.event, e.event) || ' leg ' "
	    "|| coalesce(j.leg_no, e.leg_no) from (select j.object_id, j.event, j.event_no, j.dealer_id, j.period, "
	    "j.event_at, j.posted_at, j.number, j.provider_ref, " SQL_JOURNAL_OF_ORDER("j") " as order_id, b.batch_no, "
	    "l.leg_no::int2 as leg_no, l.account, l.fen, l.kind from journal j " BATCH_OF_ROW ", "
	    "unnest(j.accounts, j.amounts, j.kinds) with ordinality l(account, fen, kind, leg_no) "
	    "where b.batch_no is not null) j "
	    "full join entry e using (object_id, event, event_no, dealer_id, leg_no) where (j.batch_no, j.account, j.fen, "
	    "j.kind, j.period, j.event_at, j.posted_at, j.order_id, j.number, j.provider_ref) is distinct from "
	    "(e.batch_no, e.account, e.fen, e.kind, e.period, e.event_at, e.posted_at, e.order_id, e.number, "
	    "e.provider_ref)"},
	{"entry_numbers", "the entries of a batch are numbered without gaps, and counted",
	    "select 'batch ' || coalesce(b.batch_no, e.batch_no) from seal_batch b full join (select batch_no, "
	    "count(*) as entries, min(entry_no) as lo, max(entry_no) as hi from entry group by 1) e using (batch_no) "
	    "where (b.entry_count, b.entry_count, 1) is distinct from (e.entries, e.hi, e.lo)"},
	{"period_hash", "what a batch holds of a period is what was hashed of it",
	    "select 'batch ' || s.batch_no || ' period ' || s.period from (select s.batch_no, s.period, s.row_count, "
	    "s.entry_count, s.hash from seal_period s) s, lateral "
	    HASHED("count(*) as rows, coalesce(sum(cardinality(j.accounts)), 0) as entries", "s", " and j.period = s.period")
	    " x where x.rows <> s.row_count or x.entries <> s.entry_count or s.hash is distinct from sha256(x.bytes)"},
	{"period_batches", "every batch says of which periods its rows are",
	    "select 'batch ' || coalesce(b.batch_no, s.batch_no) from seal_batch b full join (select batch_no, "
	    "sum(row_count) as rows, sum(entry_count) as entries from seal_period group by 1) s using (batch_no) "
	    "where (b.row_count, b.entry_count) is distinct from (s.rows, s.entries)"},
	{"period_closed", "what is closed is as it was closed: its rows, their hash, no row beside them",
	    "select 'period ' || p.period from ledger_period p left join lateral (select sum(row_count) as rows, "
	    "sum(entry_count) as entries, ledger_chain(hash order by batch_no) as hash from seal_period s "
	    "where s.period = p.period) s on true where (p.row_count, p.entry_count, p.hash) is distinct from "
	    "(coalesce(s.rows, 0), coalesce(s.entries, 0), coalesce(s.hash, '')) "
	    "or (select count(*) from journal j where j.period = p.period) <> p.row_count "
	    "or p.period >= (select open_period from ledger_state)"},
	{"period_late", "no row is in a period that was passed by or closed without it",
	    "select j.object_id || ' event ' || j.event || ' period ' || j.period from journal j "
	    "where j.period < (select open_period from ledger_state) "
	    "and not exists (select from ledger_period p where p.period = j.period)"},
	{"period_total", "a closed period's totals are the sums of its entries",
	    "select 'period ' || coalesce(t.period, e.period) || ' ' || account_name(coalesce(t.account, e.account)) "
	    "from ledger_period_total t full join (select e.period, e.account, coalesce(sum(e.fen) filter (where e.fen > 0), 0) "
	    "as debit, coalesce(-sum(e.fen) filter (where e.fen < 0), 0) as credit, count(*) as entries "
	    "from entry e join ledger_period p on p.period = e.period group by 1, 2) e using (period, account) "
	    "where (t.debit_fen, t.credit_fen, t.entry_count) is distinct from (e.debit, e.credit, e.entries)"},
	{"period_recon", "nothing of reconciliation was open when a period was closed",
	    "select 'period ' || p.period from ledger_period p where (select coalesce(sum(fen), 0) from entry e "
	    "where e.account = 13::int8 << 55 and e.period <= p.period) <> 0"},
	{NULL, NULL, NULL}
};
/* clang-format on */
