#ifndef ROUTER_STORE_SQL_STATEMENT_H
#define ROUTER_STORE_SQL_STATEMENT_H

/*
 * Statements of parties and exports of the books, out of the entry projection: store/export.c, statement_read.c.
 *
 * All but EXPORT_BOUNDS take the same scope: $1 accounts (null: the whole books), $2 and $3 periods from and to, $4
 * batches behind this one, $5 up to this one; pages also $6 .. $9 behind (account, period, batch, entry), $10 lines
 * at most, $11 as JSON Lines.  What a batch holds never changes, so neither does what a scope gives.
 */

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

/* The row of the journal that each first leg is of. */
#define SQL_PICK_JOURNAL \
	"picked as materialized (select e.* from entry e where " SQL_NO_ACCOUNTS "(e.batch_no, e.entry_no) > ($8::int8, $9::int4) " \
	"and e.leg_no = 1 and e.batch_no > $4::int8 and e.batch_no <= $5::int8 " \
	"and e.period between $2::int4 and $3::int4 order by e.batch_no, e.entry_no limit $10::int8), " \
	"legs as materialized (select unnest(j.accounts) as account from picked e " \
	"join journal j using (object_id, event, event_no, dealer_id)), "
#define SQL_LEGS \
	"lateral (select string_agg(case when $11::bool then '{\"account\":\"' || " SQL_NAME("l.account") " || " \
	"'\",\"amount_fen\":' || l.fen || ',\"kind\":\"' || leg_word(l.kind) || '\"}' " \
	"else " SQL_NAME("l.account") " || '=' || l.fen || '=' || leg_word(l.kind) end, " \
	"case when $11 then ',' else ' ' end order by l.leg_no) as legs " \
	"from unnest(j.accounts, j.amounts, j.kinds) with ordinality l(account, fen, kind, leg_no)) t"
#define SQL_CORRECTS \
	"coalesce(j.corrects || ':' || event_word(j.corrects_event) || ':' || j.corrects_no, '')"
#define SQL_JOURNAL_TEXT \
	"case when $11::bool then '{\"line\":\"row\",\"period\":' || e.period || ',\"batch\":' || e.batch_no || " \
	"',\"event\":\"' || event_word(e.event) || '\",\"event_no\":' || e.event_no || ',\"fulfilment\":' || " \
	"coalesce(e.number, 0) || ',\"event_at\":\"' || " SQL_UTC("e.event_at") " || '\",\"posted_at\":\"' || " \
	SQL_UTC("e.posted_at") " || '\",\"object\":\"' || e.object_id || '\",\"order\":\"' || " \
	"coalesce(e.order_id::text, '') || '\",\"split_version\":' || j.split_version || ',\"ref\":' || " \
	"to_json(coalesce(e.provider_ref, ''))::text || ',\"corrects\":\"' || " SQL_CORRECTS " || '\",\"units\":[' || " \
	"coalesce(array_to_string(j.units, ','), '') || '],\"legs\":[' || t.legs || e']}\\n' " \
	"else 'row,' || e.period || ',' || e.batch_no || ',' || event_word(e.event) || ',' || e.event_no || ',' || " \
	"coalesce(e.number, 0) || ',' || " SQL_UTC("e.event_at") " || ',' || " SQL_UTC("e.posted_at") " || ',' || " \
	"e.object_id || ',' || coalesce(e.order_id::text, '') || ',' || j.split_version || ',' || " \
	SQL_CSV("coalesce(e.provider_ref, '')") " || ',' || " SQL_CORRECTS " || ',' || " \
	"coalesce(array_to_string(j.units, ' '), '') || ',' || t.legs || e'\\n' end"

/* Parts of TIMELINE, of order o. */
#define SQL_PROVIDER(v) "(array['wechat', 'alipay', 'unionpay', 'channel', 'cash'])[" v "]"
#define SQL_TIMELINE_ROWS \
	"select j.posted_at, j.stream_id, j.seq, j.event, j.event_no, json_build_object('event', event_word(j.event), " \
	"'eventNo', j.event_no, 'fulfilment', j.number, 'period', j.period, 'eventAt', " SQL_UTC("j.event_at") ", " \
	"'postedAt', " SQL_UTC("j.posted_at") ", 'providerRef', j.provider_ref, 'objectId', j.object_id, " \
	"'splitRuleVersion', j.split_version, 'corrects', " SQL_CORRECTS ", " \
	"'batchNo', (select r.batch_no from seal_range r where r.stream_id = j.stream_id and r.seq_to >= j.seq " \
	"order by r.seq_to limit 1), 'legs', (select json_agg(json_build_object('account', account_name(l.account), " \
	"'amountFen', l.fen, 'kind', l.kind) order by l.leg_no) " \
	"from unnest(j.accounts, j.amounts, j.kinds) with ordinality l(account, fen, kind, leg_no)), " \
	"'units', (select json_agg(json_build_object('line', j.units[7 * i + 1], 'from', j.units[7 * i + 2], " \
	"'count', case when j.units[7 * i + 3] > 0 then j.units[7 * i + 3] else j.units[7 * i + 7] end, " \
	"'attempt', j.units[7 * i + 4]) order by i) from generate_series(0, coalesce(cardinality(j.units), 0) / 7 - 1) i)) " \
	"as row from journal j where j.object_id = o.order_id or j.order_id = o.order_id " \
	"order by j.posted_at, j.stream_id, j.seq, j.event, j.event_no limit $2::int8"
#define SQL_TIMELINE_PAYOUTS \
	"select p.made_at, p.payout_id, json_build_object('payoutId', p.payout_id, 'party', w.code, 'account', " \
	"account_name(p.account), 'rail', p.rail, 'amountFen', p.fen, 'nettedFen', p.netted_fen, 'orderFen', " \
	"(select sum(y.fen)::int8 from payable y where y.order_id = o.order_id and y.payout_id = p.payout_id), " \
	"'state', (array['prepared', 'instructed', 'paid', 'closed'])[p.state], 'number', p.number, 'madeAt', " \
	SQL_UTC("p.made_at") ", 'doneAt', " SQL_UTC("p.done_at") ", 'failReason', p.fail_reason) as row " \
	"from payout p join party w using (party_id) where p.order_id = o.order_id or p.payout_id in (" \
	"select y.payout_id from payable y where y.order_id = o.order_id) " \
	"order by p.made_at, p.payout_id limit $2::int8"
#define SQL_TIMELINE_CALLS \
	"select l.made_at, l.number, json_build_object('number', l.number, 'kind', " \
	"(array['split', 'unfreeze', 'return', 'refund'])[l.kind], 'provider', " SQL_PROVIDER("l.provider") ", " \
	"'paymentNumber', l.payment_number, 'amountFen', l.fen, " \
	"'state', (array['queued', 'sent', 'pending', 'done', 'refused'])[l.state], 'providerId', l.provider_id, 'madeAt', " \
	SQL_UTC("l.made_at") ", 'sentAt', " SQL_UTC("l.sent_at") ", 'doneAt', " SQL_UTC("l.done_at") ", 'error', l.error, " \
	"'items', (select json_agg(json_build_object('party', w.code, 'receiver', i.receiver, 'amountFen', i.fen, 'result', " \
	"(array['pending', 'success', 'closed'])[i.result], 'failReason', i.fail_reason) order by i.item_no) " \
	"from provider_call_item i left join party w using (party_id) where i.number = l.number)) as row " \
	"from provider_call l where l.order_id = o.order_id order by l.made_at, l.number limit $2"

/* clang-format off */
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
	    "picked e, names n")) \
	X(EXPORT_JOURNAL, ON_QUERY, "with " SQL_PICK_JOURNAL SQL_NAMES("legs") \
	    SQL_PAGE(SQL_JOURNAL_TEXT, "x.batch_no, x.entry_no", "batch_no desc, entry_no desc", \
	    "picked e join journal j using (object_id, event, event_no, dealer_id), names n, " SQL_LEGS)) \
	/* As a GetStatementResponse in JSON. */ \
	X(STATEMENT_SUMS, ON_QUERY, "with " SQL_STATEMENT_SUMS \
	    "select json_build_object('accounts', coalesce(json_agg(json_build_object('account', s.name, " \
	    "'openingFen', s.opening, 'debitFen', s.debit, 'creditFen', s.credit, 'closingFen', s.opening + s.debit - " \
	    "s.credit, 'entryCount', s.entries, 'events', v.events) order by s.account), '[]'), " \
	    "'entryCount', coalesce(sum(s.entries), 0))::text from sums s, " \
	    "lateral (select coalesce(json_agg(json_build_object('event', event_word(x.event), 'debitFen', x.debit, " \
	    "'creditFen', x.credit, 'entryCount', x.entries) order by x.event), '[]') as events from (" \
	    "select e.event, coalesce(sum(e.fen) filter (where e.fen > 0), 0)::int8 as debit, " \
	    "coalesce(-sum(e.fen) filter (where e.fen < 0), 0)::int8 as credit, count(*) as entries from entry e " \
	    "where e.account = s.account and e.period between $2 and $3 and e.batch_no > $4 and e.batch_no <= $5 " \
	    "group by e.event) x) v") \
	/* $10: one more than is told. */ \
	X(STATEMENT_PAGE, ON_QUERY, "with " SQL_PICK_ACCOUNTS ", told as materialized (select * from picked " \
	    "order by account, period, batch_no, entry_no limit $10 - 1), " SQL_NAMES("told") \
	    ", last as (select account, period, batch_no, entry_no from told " \
	    "order by account desc, period desc, batch_no desc, entry_no desc limit 1), " \
	    "page as (select json_build_object('entries', coalesce(json_agg(json_build_object(" \
	    "'account', " SQL_NAME("e.account") ", 'period', e.period, 'batchNo', e.batch_no, 'entryNo', e.entry_no, " \
	    "'event', event_word(e.event), 'eventNo', e.event_no, 'fulfilment', e.number, 'kind', e.kind, " \
	    "'amountFen', e.fen, 'eventAt', " SQL_UTC("e.event_at") ", 'postedAt', " SQL_UTC("e.posted_at") ", " \
	    "'objectId', e.object_id, 'orderId', e.order_id, 'providerRef', e.provider_ref) " \
	    "order by e.account, e.period, e.batch_no, e.entry_no), '[]'))::text as text, " \
	    "(select count(*) from picked) as lines from told e, names n) " \
	    "select p.text, p.lines, l.account, l.period, l.batch_no, l.entry_no from page p left join last l on true") \
	/* The owner's code, and as a GetMoneyTimelineResponse in JSON; of each list $2 rows at most. */ \
	X(TIMELINE, ON_QUERY, "select d.code, json_build_object('orderId', o.order_id, 'owner', d.code, 'collector', c.code, " \
	    "'rows', (select json_agg(r.row order by r.posted_at, r.stream_id, r.seq, r.event, r.event_no) from (" \
	    SQL_TIMELINE_ROWS ") r), 'holds', (select json_agg(json_build_object('fulfilment', s.number, 'postedAt', " \
	    SQL_UTC("s.posted_at") ", 'dueAt', " SQL_UTC("s.due_at") ", 'endedAt', " SQL_UTC("s.ended_at") ") " \
	    "order by s.number) from settlement s where s.order_id = o.order_id), " \
	    "'refunds', (select json_agg(json_build_object('refundNo', f.refund_no, 'provider', " \
	    SQL_PROVIDER("f.provider") ", 'paymentNumber', f.payment_number, 'amountFen', f.fen, 'rebateFen', f.rebate_fen, " \
	    "'state', (array['due', 'asked', 'done', 'refused', 'confirmed'])[f.state], 'number', f.number, 'dueAt', " \
	    SQL_UTC("f.due_at") ", 'doneAt', " SQL_UTC("f.done_at") ") order by f.due_at, f.refund_no, f.part_no) " \
	    "from refund f where f.order_id = o.order_id), " \
	    "'truncated', (select count(*) from (select from journal j where j.object_id = o.order_id " \
	    "or j.order_id = o.order_id limit $2 + 1) x) > $2)::text " \
	    "from sales_order o join party d on d.party_id = o.dealer_id join party c on c.party_id = o.collector_id " \
	    "where o.order_id = $1::uuid") \
	X(TIMELINE_PAID, ON_QUERY, "select json_build_object(" \
	    "'payouts', (select json_agg(p.row order by p.made_at, p.payout_id) from (" SQL_TIMELINE_PAYOUTS ") p), " \
	    "'clawbacks', (select json_agg(json_build_object('refundNo', k.refund_no, 'party', p.code, 'creditor', q.code, " \
	    "'amountFen', k.fen, 'state', (array['due', 'asked', 'returned', 'netted'])[k.state], 'number', k.number) " \
	    "order by k.refund_no, p.code) from clawback k join party p using (party_id) " \
	    "join party q on q.party_id = k.creditor_id where k.order_id = o.order_id), " \
	    "'calls', (select json_agg(l.row order by l.made_at, l.number) from (" SQL_TIMELINE_CALLS ") l))::text " \
	    "from (select $1::uuid as order_id) o")
/* clang-format on */

#endif
