#ifndef ROUTER_STORE_SQL_STATEMENT_H
#define ROUTER_STORE_SQL_STATEMENT_H

/* Statements of parties, page by page: store/statement_read.c.  Arguments as in sql_export.h. */
#include "store/sql_export.h"

/* clang-format off */
#define PARTY_STATEMENTS(X) \
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
	    "select p.text, p.lines, l.account, l.period, l.batch_no, l.entry_no from page p left join last l on true")
/* clang-format on */

#endif
