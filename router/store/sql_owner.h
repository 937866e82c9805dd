#ifndef ROUTER_STORE_SQL_OWNER_H
#define ROUTER_STORE_SQL_OWNER_H

/* Claims that come in one by one, transfers: store/claim_write.c.  Scorecards: store/scorecard.c. */
#include "store/sql_stock_write.h"

/* clang-format off */
#define SQL_CLAIM_READ_COLUMNS \
	"c.kind, c.location_id, c.staff_id, c.from_at, c.until_at, c.evidence, c.transfer_id"
/* A claim that counts at a time, as domain/ownership.c has it, but for who is disabled. */
#define SQL_CLAIM_LIVE(at) "(o.from_at <= " at " and (o.until_at is null or o.until_at > " at "))"

/* Upper bounds of the classes of accept times, in seconds; the last has none. */
#define SCORE_CLASSES(X) \
	X(1, 60) X(2, 120) X(3, 300) X(4, 600) X(5, 900) X(6, 1200) X(7, 1800) X(8, 2700) X(9, 3600) X(10, 7200) \
	X(11, 14400) X(12, 2147483647)
#define SQL_CLASS_COUNT(i, bound) ", count(*) filter (where a.kind = 1 and a.waited_s <= " #bound ")::int4"
#define SQL_CLASS_SUM(i, bound) ", sum(s.waits[" #i "])"

#define OWNER_STATEMENTS(X) \
	X(CLAIM_ONCE, ON_QUERY, \
	    "insert into ownership_claim as c (customer, location_id, kind, from_at, staff_id, until_at, evidence, ref, " \
	    "body_hash) values ($1, $2, $3, $4, nullif($5::int4, 0), $6, $7, $8, $9) on conflict do nothing " \
	    "returning " SQL_CLAIM_COLUMNS) \
	X(CLAIM_OF_REF, ON_QUERY, \
	    "select " SQL_CLAIM_READ_COLUMNS ", c.body_hash from ownership_claim c where c.customer = $1 and c.ref = $2") \
	X(CLAIMS_OF, ON_QUERY, \
	    "select " SQL_CLAIM_READ_COLUMNS " from ownership_claim c where c.customer = $1 " \
	    "order by (c.from_at <= $2 and (c.until_at is null or c.until_at > $2)) desc, c.kind, c.from_at desc, " \
	    "c.location_id limit $3") \
	X(TRANSFER_ONCE, ON_QUERY, \
	    "insert into ownership_transfer (ref, body_hash, at, customer, from_location_ids, to_location_id, " \
	    "to_staff_id, reason, key_id) values ($1, $2, $3, nullif($4::int8, 0), $5, $6, nullif($7::int4, 0), $8, $9) " \
	    "on conflict do nothing returning transfer_id") \
	X(TRANSFER_OF_REF, ON_QUERY, \
	    "select transfer_id, moved, more, at, body_hash from ownership_transfer where ref = $1") \
	/* The claim that counted, once more, for another store and from now: it wins as the latest of its kind. */ \
	X(TRANSFER_ONE, ON_QUERY, \
	    "insert into ownership_claim as c (customer, location_id, kind, from_at, staff_id, until_at, evidence, " \
	    "transfer_id) select $1, $2, coalesce(b.kind, 2::int2), " \
	    "greatest($4::timestamptz, b.from_at + interval '1 us'), nullif($3::int4, 0), b.until_at, $5, $6 " \
	    "from (values (1)) x left join lateral (select o.kind, o.from_at, o.until_at from ownership_claim o " \
	    "where o.customer = $1 and " SQL_CLAIM_LIVE("$4") " order by o.kind, o.from_at desc limit 1) b on true " \
	    "on conflict do nothing returning " SQL_CLAIM_COLUMNS) \
	X(TRANSFER_ALL, ON_QUERY, \
	    "insert into ownership_claim as c (customer, location_id, kind, from_at, staff_id, until_at, evidence, " \
	    "transfer_id) select b.customer, $2, b.kind, greatest($4::timestamptz, b.from_at + interval '1 us'), " \
	    "nullif($3::int4, 0), b.until_at, $5, $6 from (select distinct on (o.customer) o.customer, o.location_id, " \
	    "o.kind, o.from_at, o.until_at from (select distinct customer from ownership_claim " \
	    "where location_id = any($1::int4[])) m join ownership_claim o on o.customer = m.customer " \
	    "where " SQL_CLAIM_LIVE("$4") " order by o.customer, o.kind, o.from_at desc, o.location_id) b " \
	    "where b.location_id = any($1::int4[]) order by b.customer limit $7 " \
	    "on conflict do nothing returning " SQL_CLAIM_COLUMNS) \
	X(TRANSFER_MOVED, ON_QUERY, "update ownership_transfer set moved = $2, more = $3 where transfer_id = $1") \
	/* Who moves started_at on counts; the others find it moved.  Far ahead: a clock was set back. The row is \
	 * locked as it is read, or what is told of the last count is older than what was compared. */ \
	X(SCORE_LEASE, ON_QUERY, \
	    "update scorecard_run r set started_at = $1 from (select started_at from scorecard_run for update) was " \
	    "where r.started_at is null or r.started_at <= $2 " \
	    "or r.started_at > $1::timestamptz + interval '1 minute' returning was.started_at") \
	/* A short without a reference was a timer's: the store said nothing. */ \
	X(SCORE_DAY, ON_QUERY, \
	    "insert into dealer_score as s (party_id, day, accepts, rejects, lapses, shorts, waited_s, waits) " \
	    "select a.party_id, $1, count(*) filter (where a.kind = 1)::int4, count(*) filter (where a.kind = 2)::int4, " \
	    "count(*) filter (where a.kind = 3)::int4, " \
	    "(count(distinct (a.order_id, a.number)) filter (where a.kind = 4 and a.ref is not null))::int4, " \
	    "coalesce(sum(a.waited_s) filter (where a.kind = 1), 0)::int8, " \
	    "(array[null::int4" SCORE_CLASSES(SQL_CLASS_COUNT) "])[2:] " \
	    "from order_act a where a.at >= $2 and a.at < $3 and a.kind between 1 and 4 and a.party_id <> 0 " \
	    "group by a.party_id order by a.party_id " \
	    "on conflict (party_id, day) do update set accepts = excluded.accepts, rejects = excluded.rejects, " \
	    "lapses = excluded.lapses, shorts = excluded.shorts, waited_s = excluded.waited_s, waits = excluded.waits " \
	    "where (s.accepts, s.rejects, s.lapses, s.shorts, s.waited_s) is distinct from " \
	    "(excluded.accepts, excluded.rejects, excluded.lapses, excluded.shorts, excluded.waited_s)") \
	X(SCORE_FORGET, ON_QUERY, "delete from dealer_score where day < $1") \
	/* In whole per cent, so that the catalog is not read anew for every answer of every store. */ \
	X(SCORE_CHANGED, ON_QUERY, \
	    "select p.party_id, x.bps from party p left join (select s.party_id, " \
	    "sum(s.accepts) as yes, sum(s.accepts + s.rejects + s.lapses) as all_of_them from dealer_score s " \
	    "where s.day >= $1 group by s.party_id) n on n.party_id = p.party_id, " \
	    "lateral (select case when n.all_of_them >= $2 then (round(n.yes * 100.0 / n.all_of_them) * 100)::int4 " \
	    "else 10000 end as bps) x where p.accept_bps <> x.bps order by p.party_id") \
	X(SCORE_PARTIES, ON_QUERY, \
	    "update party p set accept_bps = t.bps from unnest($1::int4[], $2::int4[]) t(party, bps) " \
	    "where p.party_id = t.party") \
	X(SCORE_READ, ON_QUERY, \
	    "select s.party_id, sum(s.accepts), sum(s.rejects), sum(s.lapses), sum(s.shorts), sum(s.waited_s)::int8" \
	    SCORE_CLASSES(SQL_CLASS_SUM) " from dealer_score s " \
	    "where s.party_id = any($1::int4[]) and s.day between $2 and $3 group by s.party_id order by s.party_id") \
	X(SCORE_RUN, ON_QUERY, "select started_at from scorecard_run")
/* clang-format on */

#endif
