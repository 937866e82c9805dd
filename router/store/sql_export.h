#ifndef ROUTER_STORE_SQL_EXPORT_H
#define ROUTER_STORE_SQL_EXPORT_H

/*
 * Exports of the books, out of the entry projection: store/export_page.c; statements share their parts.
 *
 * All but EXPORT_BOUNDS take the same scope: $1 accounts (null: the whole books), $2 and $3 periods from and to, $4
 * batches behind this one, $5 up to this one; pages also $6 .. $9 behind (account, period, batch, entry), $10 lines
 * at most, $11 as JSON Lines.  What a batch holds never changes, so neither does what a scope gives.
 */
/* clang-format off */

/* Names of accounts are looked up once a page, and found by key: our connections plan no hash joins. */
#define SQL_NAMES(from) \
	"names as materialized (select coalesce(jsonb_object_agg(x.account, account_name(x.account)), '{}') as map " \
	"from (select distinct account from " from ") x) "
#define SQL_NAME(account) "(n.map ->> (" account ")::text)"
#define SQL_UTC(at) "to_char(" at " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
#define SQL_CSV(text) \
	"case when " text " ~ '[\",\\n\\r]' then '\"' || replace(" text ", '\"', '\"\"') || '\"' else " text " end"

/* Of each account: what stood in it before the scope, and what moved in it. */
#define SQL_STATEMENT_SUMS \
	"closed as materialized (select case when $4::int8 = 0 then coalesce((select max(p.period) from ledger_period p " \
	"where p.batch_last <= $5 and p.period < $2), 0) else 0 end as upto), " \
	"sums as materialized (select a.account, account_name(a.account) as name, o.fen + t.fen as opening, " \
	"o.entries + t.entries as before, m.debit, m.credit, m.entries " \
	"from unnest($1::int8[]) a(account), closed c, " \
	"lateral (select coalesce(sum(e.fen), 0)::int8 as fen, count(*) as entries from entry e " \
	"where e.account = a.account and e.period > c.upto and e.period <= $3::int4 and e.batch_no <= $5::int8 " \
	"and (e.period < $2::int4 or e.batch_no <= $4)) o, " \
	"lateral (select coalesce(sum(t.debit_fen - t.credit_fen), 0)::int8 as fen, " \
	"coalesce(sum(t.entry_count), 0)::int8 as entries from ledger_period_total t " \
	"where t.account = a.account and t.period <= c.upto) t, " \
	"lateral (select coalesce(sum(e.fen) filter (where e.fen > 0), 0)::int8 as debit, " \
	"coalesce(-sum(e.fen) filter (where e.fen < 0), 0)::int8 as credit, count(*) as entries from entry e " \
	"where e.account = a.account and e.period between $2 and $3 and e.batch_no > $4 and e.batch_no <= $5) m " \
	"where o.entries + t.entries + m.entries > 0) "

/* A page of entries by account. */
#define SQL_PICK_ACCOUNTS \
	"picked as materialized (select e.* from unnest($1::int8[]) a(account), lateral (select * from entry e " \
	"where e.account = a.account and e.period between $2::int4 and $3::int4 " \
	"and e.batch_no > $4::int8 and e.batch_no <= $5::int8 and (e.period, e.batch_no, e.entry_no) > (" \
	"case when a.account = $6::int8 then $7::int4 else 0 end, " \
	"case when a.account = $6 then $8::int8 else 0 end, case when a.account = $6 then $9::int4 else 0 end) " \
	"order by e.period, e.batch_no, e.entry_no limit $10::int8) e " \
	"where a.account >= $6 order by e.account, e.period, e.batch_no, e.entry_no limit $10) "
#define SQL_NO_ACCOUNTS "$1::int8[] is null and $6::int8 is not null and $7::int4 is not null and "
/* A page of all entries, in the order of the books. */
#define SQL_PICK_BOOKS \
	"picked as materialized (select e.* from entry e where " SQL_NO_ACCOUNTS "(e.batch_no, e.entry_no) > ($8::int8, $9::int4) " \
	"and e.batch_no > $4::int8 and e.batch_no <= $5::int8 and e.period between $2::int4 and $3::int4 " \
	"order by e.batch_no, e.entry_no limit $10::int8) "

#define SQL_ENTRY_TEXT \
	"case when $11::bool then '{\"line\":\"entry\",\"account\":\"' || " SQL_NAME("e.account") " || '\",\"period\":' || e.period || " \
	"',\"batch\":' || e.batch_no || ',\"entry\":' || e.entry_no || ',\"event\":\"' || event_word(e.event) || " \
	"'\",\"event_no\":' || e.event_no || ',\"fulfilment\":' || coalesce(e.number, 0) || ',\"kind\":\"' || " \
	"leg_word(e.kind) || '\",\"amount_fen\":' || e.fen || ',\"event_at\":\"' || " SQL_UTC("e.event_at") " || " \
	"'\",\"posted_at\":\"' || " SQL_UTC("e.posted_at") " || '\",\"object\":\"' || e.object_id || '\",\"order\":\"' || " \
	"coalesce(e.order_id::text, '') || '\",\"ref\":' || to_json(coalesce(e.provider_ref, ''))::text || e'}\\n' " \
	"else 'entry,' || " SQL_NAME("e.account") " || ',' || e.period || ',' || e.batch_no || ',' || e.entry_no || ',' || " \
	"event_word(e.event) || ',' || e.event_no || ',' || coalesce(e.number, 0) || ',' || leg_word(e.kind) || ',' || " \
	"e.fen || ',' || " SQL_UTC("e.event_at") " || ',' || " SQL_UTC("e.posted_at") " || ',' || e.object_id || ',' || " \
	"coalesce(e.order_id::text, '') || ',' || " SQL_CSV("coalesce(e.provider_ref, '')") " || e'\\n' end"

/* A page as text, how many lines it has, and where the next one goes on. */
#define SQL_PAGE(text, order, last, from) \
	", last as (select account, period, batch_no, entry_no from picked order by " last " limit 1), " \
	"page as (select string_agg(x.text, '' order by " order ") as text, " \
	"count(*) as lines from (select e.account, e.period, e.batch_no, e.entry_no, " text " as text from " from ") x) " \
	"select p.text, p.lines, l.account, l.period, l.batch_no, l.entry_no from page p left join last l on true"

#define EXPORT_STATEMENTS(X) \
	/* Of period $1 (0: all), up to batch $2 (0: what is sealed, or was when it was closed); accounts $3 to $4. */ \
	X(EXPORT_BOUNDS, ON_QUERY, "with recursive scope as materialized (select coalesce((select max(batch_no) " \
	    "from seal_batch), 0) as sealed, (select batch_last from ledger_period where period = $1::int4) as closed), " \
	    "acc(account, hi) as (" \
	    "select (select min(e.account) from entry e where e.account between r.lo and r.hi), r.hi " \
	    "from unnest($3::int8[], $4::int8[]) r(lo, hi) union all " \
	    "select (select min(e.account) from entry e where e.account > a.account and e.account <= a.hi), a.hi " \
	    "from acc a where a.account is not null) " \
	    "select coalesce(nullif($2::int8, 0), s.closed, s.sealed), s.sealed, s.closed is not null, " \
	    "coalesce((select min(p.batch_no) from seal_period p where p.period = $1), 1), " \
	    "coalesce((select max(p.batch_no) from seal_period p where p.period = $1), case when $1 = 0 then s.sealed " \
	    "else 0 end), (select array_agg(account order by account) from acc where account is not null) from scope s") \
	X(EXPORT_SUMS, ON_QUERY, "with " SQL_STATEMENT_SUMS \
	    "select string_agg(case when $6::bool then '{\"line\":\"opening\",\"account\":\"' || name || " \
	    "'\",\"amount_fen\":' || opening || e'}\\n' else 'opening,' || name || ',,,,,,,,' || opening || e',,,,,\\n' end, " \
	    "'' order by account), " \
	    "string_agg(case when $6 then '{\"line\":\"closing\",\"account\":\"' || name || '\",\"amount_fen\":' || " \
	    "(opening + debit - credit) || e'}\\n' else 'closing,' || name || ',,,,,,,,' || (opening + debit - credit) || " \
	    "e',,,,,\\n' end, '' order by account) from sums") \
	X(EXPORT_ACCOUNTS, ON_QUERY, "with " SQL_PICK_ACCOUNTS ", " SQL_NAMES("picked") \
	    SQL_PAGE(SQL_ENTRY_TEXT, "x.account, x.period, x.batch_no, x.entry_no", \
	    "account desc, period desc, batch_no desc, entry_no desc", \
	    "picked e, names n")) \
	X(EXPORT_BOOKS, ON_QUERY, "with " SQL_PICK_BOOKS ", " SQL_NAMES("picked") \
	    SQL_PAGE(SQL_ENTRY_TEXT, "x.batch_no, x.entry_no", "batch_no desc, entry_no desc", \
	    "picked e, names n"))
/* clang-format on */

#endif
