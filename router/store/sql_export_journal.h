#ifndef ROUTER_STORE_SQL_EXPORT_JOURNAL_H
#define ROUTER_STORE_SQL_EXPORT_JOURNAL_H

/* The journal's rows as text, in the order of the books.  Arguments as in sql_export.h. */
#include "store/sql_export.h"

/* clang-format off */
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

#define EXPORT_JOURNAL_STATEMENTS(X) \
	X(EXPORT_JOURNAL, ON_QUERY, "with " SQL_PICK_JOURNAL SQL_NAMES("legs") \
	    SQL_PAGE(SQL_JOURNAL_TEXT, "x.batch_no, x.entry_no", "batch_no desc, entry_no desc", \
	    "picked e join journal j using (object_id, event, event_no, dealer_id), names n, " SQL_LEGS))
/* clang-format on */

#endif
