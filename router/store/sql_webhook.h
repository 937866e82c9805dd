#ifndef ROUTER_STORE_SQL_WEBHOOK_H
#define ROUTER_STORE_SQL_WEBHOOK_H

/*
 * Telling the world: store/fanout.c, webhook.c.  Leases, pauses and ages are the database's own clock, which every
 * instance shares; business time is not read here.
 */
#include "store/sql_take.h"

/* clang-format off */
/* A delivery's lane: the same for all events of an order. */
#define SQL_LANE(order, lanes) "(get_byte(uuid_send(" order "), 15) % " lanes ")::int2"
#define SQL_MS(what) "(extract(epoch from " what ") * 1000)::int8"
/* Of event_log e, by names: see event_read() of webhook.c. */
#define SQL_EVENT_COLUMNS \
	"e.position, e.event_id, e.kind, e.order_id, e.order_ref, " \
	"(select code from storefront f where f.storefront_id = e.storefront_id), " \
	"(select code from party d where d.party_id = e.dealer_id), e.number, " \
	"(select code from location l where l.location_id = e.location_id), e.amount_fen, e.reason"

#define WEBHOOK_STATEMENTS(X) \
	/* One instance at a time, so that positions are given in the order of commits; nobody to tell: nothing. */ \
	X(FANOUT_TURN, ON_QUERY, \
	    "select case when exists (select from webhook_endpoint where state in (1, 2)) " \
	    "then pg_try_advisory_xact_lock(6004119283365) else false end") \
	/* By ctid: nobody else changes these rows.  offset 0 keeps the look-ups from becoming joins of whole tables. */ \
	X(FANOUT, ON_QUERY, \
	    "with o as materialized (delete from outbox where ctid = any (array(select ctid from outbox " \
	    "order by event_id limit 500)) returning *), " \
	    "e as (insert into event_log (event_id, dealer_id, storefront_id, kind, order_id, order_ref, number, " \
	    "location_id, amount_fen, reason) select o.event_id, o.dealer_id, coalesce(s.storefront_id, 0), o.kind, " \
	    "o.order_id, coalesce(s.order_ref, ''), o.number, o.location_id, o.amount_fen, o.reason from o " \
	    "left join lateral (select storefront_id, order_ref from sales_order s where s.order_id = o.order_id " \
	    "and s.dealer_id = o.dealer_id offset 0) s on true order by o.event_id returning *), " \
	    "d as (insert into webhook_delivery (endpoint_id, lane, position, queued_at) " \
	    "select p.endpoint_id, " SQL_LANE("e.order_id", "p.concurrency") ", e.position, clock_timestamp() from e " \
	    "left join lateral (select party_id from location l where l.location_id = e.location_id offset 0) l " \
	    "on true cross join lateral (select distinct k.scope, k.id from (values (0, 0), (1, e.dealer_id), " \
	    "(1, l.party_id), (2, e.storefront_id)) k(scope, id)) k " \
	    "join webhook_endpoint p on p.scope = k.scope and p.scope_id = k.id and p.state in (1, 2) " \
	    "and (p.kinds is null or e.kind = any (p.kinds)) and e.event_id >= p.since returning endpoint_id), " \
	    "w as (select endpoint_id, count(*) as n from d group by 1 order by 1), " \
	    "u as (update webhook_endpoint p set waiting = waiting + w.n from w where p.endpoint_id = w.endpoint_id) " \
	    "select (select count(*) from o)::int4, (select count(*) from d)::int4") \
	X(FANOUT_BACKLOG, ON_QUERY, \
	    "update webhook_endpoint set state = 3, why = 'too many deliveries wait' " \
	    "where state in (1, 2) and waiting > $1::int8 returning code") \
	/* \
	 * Outcomes, enum webhook_outcome: 1 taken, 2 again later, 3 given up.  What was taken is gone whoever says \
	 * so; of a failure only the first word counts. \
	 */ \
	X(WEBHOOK_RESULTS, ON_QUERY, \
	    "with told as materialized (select * from unnest($1::int4[], $2::int2[], $3::int8[], $4::int2[], " \
	    "$5::int2[], $6::int8[], $7::int2[], $8::text[]) with ordinality " \
	    "t(endpoint, lane, position, outcome, attempts, pause_ms, status, error, i) " SQL_W_ONE "), " \
	    "gone as (delete from webhook_delivery s using told w where s.endpoint_id = w.endpoint and s.lane = w.lane " \
	    "and s.position = w.position and (w.outcome = 1 or w.outcome = 3 and s.attempts = w.attempts - 1) " \
	    "returning s.endpoint_id, s.position, w.outcome, w.attempts, w.status, w.error, s.queued_at), " \
	    "dead as (insert into webhook_dead (endpoint_id, position, attempts, status, error, queued_at, died_at) " \
	    "select endpoint_id, position, attempts, status, error, queued_at, clock_timestamp() from gone " \
	    "where outcome = 3 on conflict do nothing), " \
	    "again as (update webhook_delivery s set attempts = w.attempts, status = w.status, error = w.error, " \
	    "next_at = clock_timestamp() + w.pause_ms * interval '1 ms' from told w where s.endpoint_id = w.endpoint " \
	    "and s.lane = w.lane and s.position = w.position and w.outcome = 2 and s.attempts = w.attempts - 1), " \
	    "n as (select endpoint_id, count(*) as n, count(*) filter (where outcome = 1) as taken from gone group by 1 order by 1) " \
	    "update webhook_endpoint p set waiting = waiting - n.n, delivered = delivered + n.taken, " \
	    "told_at = case when n.taken > 0 then clock_timestamp() else told_at end from n " \
	    "where p.endpoint_id = n.endpoint_id") \
	X(WEBHOOK_GONE, ON_QUERY, \
	    "update webhook_endpoint set state = 3, why = 'answered 410' " \
	    "where endpoint_id = any ($1::int4[]) and state = 1 returning code") \
	/* Leases that run out soon and endpoints without one; $3: what is left of a lease when it is taken again. */ \
	X(WEBHOOK_CLAIM, ON_QUERY, \
	    "update webhook_endpoint set lease_by = $1, lease_until = clock_timestamp() + $2::int8 * interval '1 ms' " \
	    "where endpoint_id in (select endpoint_id from webhook_endpoint where state = 1 and waiting > 0 " \
	    "and (lease_until < clock_timestamp() or lease_by = $1 " \
	    "and lease_until < clock_timestamp() + $3::int8 * interval '1 ms') " \
	    "order by endpoint_id limit 256 for update skip locked)") \
	X(WEBHOOK_RELEASE, ON_QUERY, \
	    "update webhook_endpoint set lease_until = clock_timestamp() where lease_by = $1 " \
	    "and lease_until > clock_timestamp()") \
	X(WEBHOOK_OWNED, ON_QUERY, \
	    "select p.endpoint_id, p.code, p.url, p.concurrency, p.rate_per_s, p.waiting, " \
	    SQL_MS("p.lease_until - clock_timestamp()") ", array(select k.value from webhook_secret k " \
	    "where k.endpoint_id = p.endpoint_id and (k.valid_until is null or k.valid_until > clock_timestamp()) " \
	    "order by k.secret_id desc limit 8) from webhook_endpoint p where p.lease_by = $1 and p.state = 1 " \
	    "and p.lease_until > clock_timestamp() order by p.endpoint_id") \
	/* The first of each lane asked for. */ \
	X(WEBHOOK_WINDOW, ON_QUERY, \
	    SQL_W("endpoint, lane", "$1::int4[], $2::int2[]") \
	    "select w.i::int4, d.attempts, coalesce(" SQL_MS("d.next_at - clock_timestamp()") ", 0), " \
	    SQL_MS("clock_timestamp() - d.queued_at") ", " SQL_EVENT_COLUMNS " from w cross join lateral " \
	    "(select * from webhook_delivery d where d.endpoint_id = w.endpoint and d.lane = w.lane " \
	    "order by d.position limit 32) d cross join lateral (select * from event_log e " \
	    "where e.position = d.position offset 0) e order by w.i, d.position")
/* clang-format on */

#endif
