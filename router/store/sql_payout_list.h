#ifndef ROUTER_STORE_SQL_PAYOUT_LIST_H
#define ROUTER_STORE_SQL_PAYOUT_LIST_H

/* Payouts, batches and refunds as they stand, a bank file: store/payout_list.c; refunds given by hand: payout_confirm.c. */

/* clang-format off */
#define SQL_BATCH_COLUMNS \
	"b.batch_id, b.ref, b.collector_id, b.rail, b.state, b.fen, b.payouts, b.prepared_at, b.decided_at, b.exported_at"
#define SQL_PAYOUT_COLUMNS \
	"p.payout_id, p.batch_id, p.order_id, p.party_id, p.collector_id, p.rail, p.state, p.gross_fen, p.netted_fen, p.fen, " \
	"p.made_at, p.done_at, coalesce(p.fail_reason, ''), coalesce(p.number, ''), p.account"
#define SQL_REFUND_COLUMNS \
	"r.order_id, r.refund_no, r.part_no, r.collector_id, r.provider, r.payment_number, r.fen, r.state, " \
	"coalesce(r.number, ''), r.due_at, r.done_at"

#define PAYOUT_LIST_STATEMENTS(X) \
	X(PAYOUT_LIST, ON_QUERY, \
	    "select " SQL_PAYOUT_COLUMNS " from payout p where ($1::int2 = 0 or p.state = $1::int2) " \
	    "and ($2::uuid is null or p.batch_id = $2::uuid) and ($3::int4[] is null or p.party_id = any ($3::int4[])) " \
	    "and ($4::timestamptz is null or (p.made_at, p.payout_id) < ($4::timestamptz, $5::uuid)) " \
	    "order by p.made_at desc, p.payout_id desc limit $6") \
	X(PAYOUT_BATCH_LIST, ON_QUERY, \
	    "select " SQL_BATCH_COLUMNS " from payout_batch b where ($1::int2 = 0 or b.state = $1::int2) " \
	    "and ($2::text = '' or b.ref = $2::text) " \
	    "and ($3::timestamptz is null or (b.prepared_at, b.batch_id) < ($3::timestamptz, $4::uuid)) " \
	    "order by b.prepared_at desc, b.batch_id desc limit $5") \
	X(PAYOUT_EXPORT_BATCH, ON_QUERY, \
	    "select " SQL_BATCH_COLUMNS " from payout_batch b where b.batch_id = $1") \
	X(PAYOUT_EXPORT, ON_QUERY, \
	    "select p.payout_id, a.code, a.name, coalesce(y.bank, ''), coalesce(y.account_name, ''), coalesce(y.account, ''), " \
	    "p.fen from payout p join party a on a.party_id = p.party_id left join payee y on y.party_id = p.party_id " \
	    "where p.batch_id = $1 and p.fen > 0 and (p.state in (2, 3) or (p.state = 4 and p.fail_reason <> 'not sent')) " \
	    "order by a.code, p.payout_id") \
	X(PAYOUT_EXPORTED, ON_QUERY, \
	    "update payout_batch set exported_at = coalesce(exported_at, $2), file_hash = coalesce(file_hash, $3) " \
	    "where batch_id = $1 returning file_hash") \
	X(REFUND_READ, ON_QUERY, \
	    "select " SQL_REFUND_COLUMNS " from refund r where r.order_id = $1 and r.refund_no = $2 and r.part_no = $3 for update") \
	X(REFUND_CONFIRM, ON_QUERY, \
	    "update refund set state = 5, number = $4, due_at = $5 where order_id = $1 and refund_no = $2 and part_no = $3") \
	X(REFUND_LIST, ON_QUERY, \
	    "select " SQL_REFUND_COLUMNS " from refund r where (($1::int2 = 0 and r.state <> 3) or r.state = $1::int2) " \
	    "and ($2::uuid is null or r.order_id = $2::uuid) and (r.order_id, r.refund_no, r.part_no) > ($3::uuid, $4::int4, $5::int2) " \
	    "order by r.order_id, r.refund_no, r.part_no limit $6")
/* clang-format on */

#endif
