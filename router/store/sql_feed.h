#ifndef ROUTER_STORE_SQL_FEED_H
#define ROUTER_STORE_SQL_FEED_H

/* The change feed: store/feed.c. */

/* clang-format off */
#define FEED_STATEMENTS(X) \
	X(FEED_READ, ON_QUERY, \
	    "select f.stream_id, c.seq, c.changes from feed_stream f " \
	    "left join unnest($1::int8[], $2::int8[]) p(stream_id, seq) on p.stream_id = f.stream_id, " \
	    "lateral (select seq, changes from stock_change where stream_id = f.stream_id " \
	    "and seq > coalesce(p.seq, 0) order by seq limit $4) c " \
	    "where f.stream_id <> all ($3::int8[]) order by 1, 2") \
	X(FEED_CLEAN, ON_QUERY, "delete from stock_change where written_at < now() - make_interval(secs => $1::int8 / 1000.0)") \
	X(FEED_STREAMS, ON_QUERY, "select stream_id from feed_stream") \
	X(FEED_CLEAN_STREAMS, ON_QUERY, \
	    "delete from feed_stream f where started_at < now() - interval '2 days' " \
	    "and not exists (select from stock_change c where c.stream_id = f.stream_id) " \
	    /* the books follow streams from here, too */ \
	    "and not exists (select from journal j where j.stream_id = f.stream_id and j.seq > coalesce(" \
	    "(select max(r.seq_to) from seal_range r where r.stream_id = f.stream_id), 0))")
/* clang-format on */

#endif
