#ifndef ROUTER_STORE_SQL_TELL_H
#define ROUTER_STORE_SQL_TELL_H

/* What operators do with endpoints and dead letters; what is erased; the courier: webhook_admin.c, retention.c, courier_feed.c. */
#include "store/sql_webhook.h"

/* clang-format off */
#define SQL_ENDPOINT_COLUMNS \
	"p.endpoint_id, p.code, p.scope, coalesce((select d.code from party d where p.scope = 1 " \
	"and d.party_id = p.scope_id), (select f.code from storefront f where p.scope = 2 " \
	"and f.storefront_id = p.scope_id), ''), p.url, p.kinds, p.state, p.why, p.concurrency, p.rate_per_s, " \
	"p.waiting, p.delivered, p.told_at, (select count(*)::int4 from webhook_secret k " \
	"where k.endpoint_id = p.endpoint_id and (k.valid_until is null or k.valid_until > clock_timestamp()))"

#define TELL_STATEMENTS(X) \
	X(WEBHOOK_READ, ON_QUERY, \
	    "select " SQL_ENDPOINT_COLUMNS " from webhook_endpoint p where p.code = $1") \
	X(WEBHOOK_LIST, ON_QUERY, \
	    "select " SQL_ENDPOINT_COLUMNS " from webhook_endpoint p where p.code > $1 order by p.code limit $2") \
	X(WEBHOOK_INSERT, ON_QUERY, \
	    "with p as (insert into webhook_endpoint (code, scope, scope_id, url, kinds, state, concurrency, rate_per_s, " \
	    "since) values ($1, $2::int2, $3::int4, $4, $5::int2[], $6::int2, $7::int2, $8::int4, $9::uuid) " \
	    "on conflict do nothing returning endpoint_id) " \
	    "insert into webhook_secret (endpoint_id, value) select endpoint_id, $10::bytea from p returning endpoint_id") \
	/* Whoever sends to it with the old settings is let finish: nobody has the lease until then ($8, ms). */ \
	X(WEBHOOK_UPDATE, ON_QUERY, \
	    "update webhook_endpoint p set url = $2, kinds = $3::int2[], why = case when $4::int2 = 0 then why " \
	    "when $4::int2 = 3 then 'by hand' else '' end, since = case when state = 3 and $4::int2 in (1, 2) " \
	    "then $7::uuid else since end, state = case when $4::int2 = 0 then state else $4::int2 end, " \
	    "rate_per_s = $6::int4, concurrency = $5::int2, " \
	    "lease_by = case when concurrency = $5::int2 then lease_by end, " \
	    "lease_until = case when concurrency = $5::int2 then lease_until " \
	    "else clock_timestamp() + $8::int8 * interval '1 ms' end where p.code = $1 returning endpoint_id") \
	X(WEBHOOK_LANES, ON_QUERY, \
	    "update webhook_delivery d set lane = " SQL_LANE("e.order_id", "$2::int4") " from event_log e " \
	    "where d.endpoint_id = $1 and e.position = d.position " \
	    "and d.lane <> " SQL_LANE("e.order_id", "$2::int4")) \
	X(WEBHOOK_ROTATE, ON_QUERY, \
	    "with p as (select endpoint_id from webhook_endpoint where code = $1), " \
	    "old as (update webhook_secret k set valid_until = least(k.valid_until, " \
	    "clock_timestamp() + $3::int8 * interval '1 min') from p where k.endpoint_id = p.endpoint_id) " \
	    "insert into webhook_secret (endpoint_id, value) select endpoint_id, $2::bytea from p returning endpoint_id") \
	X(WEBHOOK_DEAD_LIST, ON_QUERY, \
	    "select d.attempts, d.status, d.error, d.died_at, " SQL_EVENT_COLUMNS " from webhook_endpoint p " \
	    "join webhook_dead d on d.endpoint_id = p.endpoint_id cross join lateral (select * from event_log e " \
	    "where e.position = d.position offset 0) e where p.code = $1 and d.position > $2 " \
	    "order by d.position limit $3") \
	X(WEBHOOK_REPLAY, ON_QUERY, \
	    "with p as (select endpoint_id, concurrency from webhook_endpoint where code = $1), " \
	    "gone as (delete from webhook_dead s using p where s.endpoint_id = p.endpoint_id and s.position = any " \
	    "(array(select d.position from webhook_dead d where d.endpoint_id = p.endpoint_id " \
	    "and (cardinality($2::int8[]) = 0 or d.position = any ($2::int8[])) order by d.position limit $3)) " \
	    "returning s.endpoint_id, s.position, p.concurrency), " \
	    "back as (insert into webhook_delivery (endpoint_id, lane, position, queued_at) select g.endpoint_id, " \
	    SQL_LANE("e.order_id", "g.concurrency") ", g.position, clock_timestamp() from gone g cross join lateral " \
	    "(select * from event_log e where e.position = g.position offset 0) e on conflict do nothing returning 1) " \
	    "update webhook_endpoint s set waiting = waiting + (select count(*) from back) from p " \
	    "where s.endpoint_id = p.endpoint_id returning (select count(*) from gone)::int4") \
	X(WEBHOOK_DEAD_LEFT, ON_QUERY, \
	    "select exists (select from webhook_dead d join webhook_endpoint p on p.endpoint_id = d.endpoint_id " \
	    "where p.code = $1 and (cardinality($2::int8[]) = 0 or d.position = any ($2::int8[])))") \
	X(SCOPE_DEALER, ON_QUERY, "select party_id from party where code = $1 and kind in (1, 2)") \
	X(SCOPE_STOREFRONT, ON_QUERY, "select storefront_id from storefront where code = $1") \
	/* Ids are UUIDv7: what is older has a smaller one. */ \
	X(RETENTION_CONTACTS, ON_QUERY, \
	    "delete from contact where order_id = any (array(select order_id from contact where order_id < $1::uuid " \
	    "order by order_id limit 500))") \
	X(RETENTION_DEAD, ON_QUERY, \
	    "delete from webhook_dead where ctid = any (array(select ctid from webhook_dead " \
	    "where died_at < clock_timestamp() - $1::int4 * interval '1 day' order by died_at limit 500))") \
	X(RETENTION_SECRETS, ON_QUERY, \
	    "delete from webhook_secret where valid_until < clock_timestamp() - interval '1 day'") \
	X(COURIER_CLAIM, ON_QUERY, \
	    "update courier_feed set lease_by = $1, lease_until = clock_timestamp() + $2::int8 * interval '1 ms' " \
	    "where courier = 'courier' and (lease_by = $1 or lease_until < clock_timestamp()) returning cursor") \
	X(COURIER_SAVE, ON_QUERY, \
	    "update courier_feed set cursor = $2 where courier = 'courier' and lease_by = $1")
/* clang-format on */

#endif
