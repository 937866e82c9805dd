#ifndef ROUTER_STORE_SQL_TIMELINE_H
#define ROUTER_STORE_SQL_TIMELINE_H

/* The money of an order in the order it was written, as JSON: store/statement_read.c. */
#include "store/sql_export_journal.h"

/* clang-format off */
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

#define TIMELINE_STATEMENTS(X) \
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
