#ifndef ROUTER_STORE_SQL_BILL_H
#define ROUTER_STORE_SQL_BILL_H

/* Bills of the provider as they are written and told, and their exceptions: store/bill.c, recon_case.c. */

/* clang-format off */
/* $1 its code, or $3 and $4: the first that has the merchant number at the provider. */
#define SQL_BILL_PARTY \
	"p.party_id = (select party_id from party where case when $1::text <> '' then code = $1 else " \
	"provider = $3::int2 and merchant_number = $4::text end order by kind, party_id limit 1) "
/* The rows of ${table} that count for a party: its own, where it has any. */
#define SQL_BILL_TERMS(columns, table) \
	"select " columns " from party p join " table " c on c.provider = p.provider and c.kind = $2 " \
	"and c.collector_id = case when exists (select from " table " x where x.provider = p.provider and x.kind = $2 " \
	"and x.collector_id = p.party_id) then p.party_id else 0 end where " SQL_BILL_PARTY

#define BILL_STATEMENTS(X) \
	X(BILL_COLLECTOR, ON_QUERY, \
	    "select party_id, provider, merchant_number, kind = 1 and $2::int2 <> 3 from party p " \
	    "where " SQL_BILL_PARTY) \
	X(BILL_MERCHANTS, ON_QUERY, \
	    "select distinct on (o.merchant_number) o.merchant_number, o.party_id from party p join party o " \
	    "on o.party_id = p.party_id or (p.kind = 1 and $2::int2 <> 3 and o.provider = p.provider) " \
	    "where " SQL_BILL_PARTY "and o.merchant_number <> '' order by o.merchant_number, o.party_id") \
	X(BILL_COLUMNS, ON_QUERY, SQL_BILL_TERMS("c.section, c.name, c.field, c.needed", "bill_column")) \
	X(BILL_WORDS, ON_QUERY, SQL_BILL_TERMS("c.word, c.class", "bill_word")) \
	X(BILL_CLAIM, ON_QUERY, \
	    "insert into bill (bill_id, provider, collector_id, kind, day, sha1, sha256, bytes, rows, other_rows, " \
	    "gross_fen, fee_fen, state, imported_at, imported_by, everybody) values ($1, $2, $3, $4, $5, '', '', 0, 0, 0, 0, " \
	    "0, 1, $6, $7, $8) on conflict (collector_id, provider, kind, day) do nothing returning bill_id") \
	X(BILL_DROP, ON_QUERY, "select bill_drop($1)") \
	X(BILL_STANDS, ON_QUERY, \
	    "select bill_id, sha256, state = 1 and error is not null from bill where provider = $1 and collector_id = $2 and kind = $3 and day = $4") \
	X(BILL_LINES, ON_QUERY, \
	    "insert into bill_line (bill_id, line_id, line_no, class, ref, transaction, at, gross_fen, fee_fen, raw, " \
	    "collector_id) select $1, t.* from unnest($2::uuid[], $3::int4[], $4::int2[], $5::text[], $6::text[], " \
	    "$7::timestamptz[], $8::int8[], $9::int8[], $10::text[], $11::int4[]) t on conflict (line_id) do nothing") \
	X(BILL_TWICE, ON_QUERY, \
	    "select t.line_no, l.line_no, b.day from unnest($2::uuid[], $3::int4[]) t(line_id, line_no) " \
	    "join bill_line l using (line_id) join bill b using (bill_id) " \
	    "where l.bill_id <> $1 or l.line_no <> t.line_no order by 1 limit 1") \
	X(BILL_FINISH, ON_QUERY, \
	    "update bill set sha1 = $2, sha256 = $3, bytes = $4, rows = $5, other_rows = $6, gross_fen = $7, fee_fen = $8 " \
	    "where bill_id = $1") \
	/* Bills and exceptions as they are told; $1 null: the next of the list, else that one. */ \
	X(BILL_LIST, ON_QUERY, \
	    "select bill_id, collector_id, kind, day, rows, other_rows, gross_fen, fee_fen, sha1, imported_at, matched_at, " \
	    "matched, matched_fen, rounded, exceptions, next_at, error from bill where case when $1::uuid is not null then bill_id = $1 " \
	    "else ($2::int4 = 0 or collector_id = $2) and ($3::int2 = 0 or kind = $3) " \
	    "and ($4::date is null or (day, bill_id) < ($4, $5::uuid)) end order by day desc, bill_id desc limit $6") \
	X(CASE_LIST, ON_QUERY, \
	    "select x.exception_id, x.provider, x.collector_id, x.kind, x.bill_id, x.line_no, x.class, x.ref, x.reason, " \
	    "x.fen, x.recon_fen, x.rebate_fen, x.day, x.event_at, x.opened_at, x.period, x.owner, x.note, " \
	    "x.resolution, x.order_id, x.closed_at, x.closed_name, l.raw, x.event_no from recon_exception x " \
	    "left join bill_line l on l.bill_id = x.bill_id and l.line_no = x.line_no " \
	    "where case when $1::uuid is not null then x.exception_id = $1 else ($2::int4 = 0 or x.collector_id = $2) " \
	    "and ($3::int2 = 0 or x.reason = $3) and ($4 = '' or x.owner = $4) and ($5::uuid is null or x.bill_id = $5) " \
	    "and x.opened_at <= $6 and ($7 or x.closed_at is null) and ($8::timestamptz is null " \
	    "or (x.opened_at, x.exception_id) > ($8, $9::uuid)) end order by x.opened_at, x.exception_id limit $10") \
	X(CASE_OPEN, ON_QUERY, \
	    "select count(*), coalesce(sum(recon_fen), 0)::int8 from recon_exception where closed_at is null") \
	X(CASE_ASSIGN, ON_QUERY, \
	    "update recon_exception set owner = $2, note = $3 where exception_id = $1 and closed_at is null " \
	    "returning exception_id") \
	X(CASE_LOCK, ON_QUERY, "select exception_id from recon_exception where exception_id = $1 for update") \
	/* The refund that it was: approved, and not asked of the provider. */ \
	X(CASE_REFUND, ON_QUERY, \
	    "select r.dealer_id, r.refund_no, r.part_no, r.rebate_fen, coalesce(o.split_version, 0), r.fen from refund r " \
	    "left join sales_order o on o.order_id = r.order_id where r.order_id = $1 and r.collector_id = $2 and (r.fen = $3 or r.fen - r.rebate_fen = $3) " \
	    "and exists (select from recon_exception x where x.exception_id = $5 and (x.kind <> 1 " \
	    "or x.transaction = r.payment_number)) " \
	    "and (r.state in (1, 4) or (r.state = 2 and r.number is null)) and ($4::int4 = 0 or r.refund_no = $4) " \
	    "order by r.fen = $3 desc, r.refund_no, r.part_no limit 1 for update of r") \
	X(CASE_REFUND_DONE, ON_QUERY, \
	    "update refund set state = 3, number = $5, done_at = $6 where order_id = $1 and refund_no = $2 and part_no = $3 " \
	    "and dealer_id = $4") \
	/* What a journal row says of a collector's money at the provider. */ \
	X(CASE_ENTRY, ON_QUERY, \
	    "select coalesce(sum(l.fen), 0)::int8, max(j.provider_ref) from journal j, unnest(j.accounts, j.amounts) " \
	    "l(account, fen) where j.object_id = $1 and j.event = $2 and j.event_no = $3 and j.event <> 16 " \
	    "and l.account < (4::int8 << 55) and ((l.account >> 50) & 31) = $4::int2 " \
	    "and ((l.account >> 25) & 33554431)::int4 = $5::int4 having count(*) > 0") \
	X(CASE_CLOSE, ON_QUERY, \
	    "update recon_exception set closed_at = $2, resolution = $3, note = $4, closed_by = $5, order_id = $6, " \
	    "closed_name = (select name from api_key where key_id = $5), event_no = event_no + $7::int4 where exception_id = $1 and closed_at is null") \
	/* The other half: the books' row that was looked for under its own number. */ \
	X(CASE_CLOSE_OTHER, ON_QUERY, \
	    "update recon_exception set closed_at = $4, resolution = 5, note = $5, closed_by = $6, " \
	    "closed_name = (select name from api_key where key_id = $6) " \
	    "where collector_id = $1 and kind = $2 and ref = $3 and reason = 2 and closed_at is null")
/* clang-format on */

#endif
