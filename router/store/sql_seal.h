#ifndef ROUTER_STORE_SQL_SEAL_H
#define ROUTER_STORE_SQL_SEAL_H

/* Sealed batches of the journal: store/seal.c, and audit_books.c, which hashes again. */

/*
 * The bytes of journal row ${j}, for ever: SEAL_FORM names them.  Columns by name, so that one that is added changes
 * nothing; record_send() writes each one's type, length (-1: null) and binary value, which know neither time
 * zone nor locale, and text goes as UTF-8 whatever the client's encoding.
 */
#define SEAL_FORM 1
#define SEAL_FORM_TEXT "1"
#define SQL_JOURNAL_BYTES(j) \
	"record_send(row(" j ".object_id, " j ".event, " j ".event_no, " j ".dealer_id, " j \
	".split_version, " j ".stream_id, " j ".seq, " j ".period, " j ".event_at, " j \
	".posted_at, " j ".accounts, " j ".amounts, " j ".kinds, convert_to(" j \
	".provider_ref, 'UTF8'), " j ".corrects, " j ".order_id, " j ".number, " j ".units, " j \
	".corrects_event, " j ".corrects_no))"
/* The order of rows in a batch. */
#define SQL_JOURNAL_ORDER(j) \
	j ".stream_id, " j ".seq, " j ".object_id, " j ".event, " j ".event_no, " j ".dealer_id"
/* The order that a journal row is about, or null.  Objects of the events listed are always orders. */
#define SQL_JOURNAL_OF_ORDER(j) \
	"coalesce(" j ".order_id, case when " j \
	".event in (1, 2, 3, 4, 7, 9, 10, 11, 17) or exists (" \
	"select from sales_order o where o.order_id = " j ".object_id) then " j ".object_id end)"

/* How far each stream is sealed. */
#define SQL_LIVE \
	"live as materialized (select f.stream_id, coalesce((select max(r.seq_to) from seal_range r " \
	"where r.stream_id = f.stream_id), 0) as seq from feed_stream f), "

/* clang-format off */
#define SEAL_STATEMENTS(X) \
	X(SEAL_LOCK, ON_QUERY, "select from ledger_lock where name = 'seal' for update skip locked") \
	/* Rows that wait, counted to $1 of each stream, and since when. */ \
	X(SEAL_BEHIND, ON_QUERY, "with " SQL_LIVE \
	    "waiting as (select n.rows, first.at from live l, " \
	    "lateral (select j.posted_at as at from journal j where j.stream_id = l.stream_id and j.seq > l.seq " \
	    "order by j.seq limit 1) first, " \
	    "lateral (select count(*) as rows from (select from journal j where j.stream_id = l.stream_id " \
	    "and j.seq > l.seq limit $1) x) n) " \
	    "select coalesce(sum(rows), 0)::int8, min(at) from waiting") \
	/* At most $1 rows, and what belongs to the last commit of each stream; $2: when. */ \
	X(SEAL_BATCH, ON_QUERY, "with " SQL_LIVE \
	    "waiting as materialized (select * from live l " \
	    "where exists (select from journal j where j.stream_id = l.stream_id and j.seq > l.seq)), " \
	    "picked as materialized (select row_number() over (order by " SQL_JOURNAL_ORDER("j") ") as row_no, j.*, " \
	    SQL_JOURNAL_BYTES("j") " as bytes, w.seq as sealed_to from waiting w, " \
	    "lateral (select * from journal j where j.stream_id = w.stream_id and j.seq > w.seq order by j.seq " \
	    "fetch first (select greatest($1::int8 / count(*), 1) from waiting) rows with ties) j), " \
	    "before as materialized (select batch_no, hash from seal_batch order by batch_no desc limit 1), " \
	    "batch as (insert into seal_batch (batch_no, form, sealed_at, row_count, entry_count, hash) " \
	    "select n.no, " SEAL_FORM_TEXT ", $2, p.rows, p.entries, " \
	    "sha256(coalesce((select hash from before), '') || int8send(n.no) || p.bytes) " \
	    "from (select coalesce((select batch_no from before), 0) + 1 as no) n, " \
	    "(select count(*) as rows, sum(cardinality(accounts)) as entries, " \
	    "string_agg(bytes, '' order by row_no) as bytes from picked) p where p.rows > 0 " \
	    "returning batch_no, row_count, entry_count), " \
	    "ranges as (insert into seal_range (stream_id, seq_from, seq_to, batch_no) " \
	    "select p.stream_id, p.sealed_to + 1, max(p.seq), b.batch_no from batch b, picked p " \
	    "group by p.stream_id, p.sealed_to, b.batch_no), " \
	    "periods as (insert into seal_period (period, batch_no, row_count, entry_count, hash) " \
	    "select p.period, b.batch_no, count(*), sum(cardinality(p.accounts)), " \
	    "sha256(string_agg(p.bytes, '' order by p.row_no)) from batch b, picked p group by p.period, b.batch_no), " \
	    "entries as (insert into entry (batch_no, entry_no, object_id, event, event_no, dealer_id, leg_no, account, " \
	    "fen, kind, period, event_at, posted_at, order_id, number, provider_ref) " \
	    "select b.batch_no, row_number() over (order by j.row_no, l.leg_no), j.object_id, j.event, j.event_no, " \
	    "j.dealer_id, l.leg_no, l.account, l.fen, l.kind, j.period, j.event_at, j.posted_at, " \
	    SQL_JOURNAL_OF_ORDER("j") ", j.number, j.provider_ref from batch b, picked j, " \
	    "unnest(j.accounts, j.amounts, j.kinds) with ordinality l(account, fen, kind, leg_no)) " \
	    "select batch_no, row_count, entry_count from batch") \
	X(AUDIT_PAGE, ON_QUERY, \
	    "select order_id from sales_order where order_id > $1 and paid_at is not null " \
	    "order by order_id limit $2")
/* clang-format on */

#endif
