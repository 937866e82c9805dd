#ifndef ROUTER_STORE_SQL_TAKE_H
#define ROUTER_STORE_SQL_TAKE_H

/* Taking, giving back and reading counters: store/takes_sql.c, probe.c. */

/* clang-format off */
/*
 * The condition is always true: with it the planner reckons with one row of w, not ten, and begins with w
 * also when the table is small.  For the same reason what narrows s is written as a condition on w and s: on
 * s alone, it makes the planner think that few rows of s are left, and begin with a scan of them.
 */
#define SQL_W_ONE "where i between 1 and 1000000000"
#define SQL_W(columns, arrays) \
	"with w as materialized (select * from unnest(" arrays ") with ordinality t(" columns ", i) " SQL_W_ONE ") "

#define SQL_W_STOCK SQL_W("dealer, location, sku, owner, a, r", \
	"$1::int4[], $2::int4[], $3::int4[], $4::int4[], $5::int4[], $6::int4[]")
#define SQL_W_STOCK_GIVEN SQL_W("dealer, location, sku, owner, a, r, h", \
	"$1::int4[], $2::int4[], $3::int4[], $4::int4[], $5::int4[], $6::int4[], $7::int4[]")
#define SQL_W_CAPACITY SQL_W("dealer, location, day, q", "$1::int4[], $2::int4[], $3::date[], $4::int4[]")
#define SQL_W_SLOT SQL_W("dealer, location, day, from_min, to_min, q", \
	"$1::int4[], $2::int4[], $3::date[], $4::int2[], $5::int2[], $6::int4[]")
#define SQL_W_ENTITLEMENT SQL_W("dealer, sku, q", "$1::int4[], $2::int4[], $3::int4[]")
#define SQL_W_BUDGET SQL_W("campaign, q", "$1::int4[], $2::int8[]")

#define SQL_ON_STOCK "s.dealer_id = w.dealer and s.location_id = w.location and s.sku_id = w.sku " \
	"and s.goods_owner_id = w.owner "
#define SQL_ON_CAPACITY "s.dealer_id = w.dealer and s.location_id = w.location and s.day = w.day "
#define SQL_ON_SLOT SQL_ON_CAPACITY "and s.from_min = w.from_min and s.to_min = w.to_min "
#define SQL_ON_ENTITLEMENT "s.dealer_id = w.dealer and s.sku_id = w.sku "
#define SQL_ON_BUDGET "s.campaign_id = w.campaign "

#define SQL_ATP "s.on_hand - s.reserved - s.allocated - s.safety"
/* i, version, then the figures; see figure_read() of takes_sql.c. */
#define SQL_FIG_STOCK "w.i::int4, s.version, (" SQL_ATP ")::int8, s.safety::int8, s.counted_at, s.suspect_until"
#define SQL_FIG_CAPACITY "w.i::int4, s.version, s.limit_count::int8, s.taken::int8"
#define SQL_FIG_ENTITLEMENT "w.i::int4, s.version, s.ceiling::int8, s.used::int8"
#define SQL_FIG_BUDGET "w.i::int4, s.version, (s.budget_fen - s.spent_fen)::int8, 0::int8"

/*
 * Batches of one instance take in turn: the second would wait anyhow, at the first row that both want, and
 * then look again at each row that the first one changed, because its snapshot is older.
 */
#define TURN_STATEMENTS(X) \
	X(TAKE_TURN, ON_BATCH, "select pg_advisory_xact_lock($1::int4, $2::int4)")

/* Takes what is there: least(wanted, left).  An unpaid order's part goes to reserved if all is granted. */
#define TAKE_STATEMENTS(X) \
	X(TAKE_STOCK, ON_BOTH, SQL_W_STOCK \
	    "update stock_level s set last_grant = least(w.a + w.r, " SQL_ATP "), " \
	    "allocated = s.allocated + case when w.a + w.r <= " SQL_ATP " then w.a else " SQL_ATP " end, " \
	    "reserved = s.reserved + case when w.a + w.r <= " SQL_ATP " then w.r else 0 end, " \
	    "version = s.version + 1 from w where " SQL_ON_STOCK "and " SQL_ATP " >= least(w.a + w.r, 1) " \
	    "returning " SQL_FIG_STOCK ", s.last_grant::int8") \
	X(TAKE_CAPACITY, ON_BOTH, SQL_W_CAPACITY \
	    "update capacity s set last_grant = least(w.q, s.limit_count - s.taken), " \
	    "taken = s.taken + least(w.q, s.limit_count - s.taken), version = s.version + 1 " \
	    "from w where " SQL_ON_CAPACITY "and s.limit_count - s.taken >= least(w.q, 1) " \
	    "returning " SQL_FIG_CAPACITY ", 0, 0, s.last_grant::int8") \
	X(TAKE_SLOT, ON_BOTH, SQL_W_SLOT \
	    "update slot s set last_grant = least(w.q, s.limit_count - s.taken), " \
	    "taken = s.taken + least(w.q, s.limit_count - s.taken), version = s.version + 1 " \
	    "from w where " SQL_ON_SLOT "and s.limit_count - s.taken >= least(w.q, 1) " \
	    "returning " SQL_FIG_CAPACITY ", 0, 0, s.last_grant::int8") \
	X(TAKE_ENTITLEMENT, ON_BOTH, SQL_W_ENTITLEMENT \
	    "update entitlement s set last_grant = least(w.q, s.ceiling - s.used), " \
	    "used = s.used + least(w.q, s.ceiling - s.used), version = s.version + 1 " \
	    "from w where " SQL_ON_ENTITLEMENT "and s.ceiling - s.used >= least(w.q, 1) " \
	    "returning " SQL_FIG_ENTITLEMENT ", 0, 0, s.last_grant::int8") \
	X(TAKE_BUDGET, ON_BOTH, SQL_W_BUDGET \
	    "update campaign_budget s set last_grant = least(w.q, s.budget_fen - s.spent_fen), " \
	    "spent_fen = s.spent_fen + least(w.q, s.budget_fen - s.spent_fen), version = s.version + 1 " \
	    "from w where " SQL_ON_BUDGET "and s.budget_fen - s.spent_fen >= least(w.q, 1) " \
	    "returning " SQL_FIG_BUDGET ", 0, 0, s.last_grant::int8") \
	/* Rows of a day are made when a location with a limit first gets a fulfilment for it. */ \
	X(ENSURE_CAPACITY, ON_BOTH, \
	    "insert into capacity (dealer_id, location_id, day, limit_count) " \
	    "select * from unnest($1::int4[], $2::int4[], $3::date[], $4::int4[]) on conflict do nothing")

/* Adds to a counter what is given, which may be negative. */
#define GIVE_STATEMENTS(X) \
	/* What moved before the shelf was counted is in the count: domain/level.h, level_has(). */ \
	X(GIVE_STOCK, ON_BOTH, SQL_W_STOCK_GIVEN \
	    "update stock_level s set allocated = s.allocated + w.a, reserved = s.reserved + w.r, " \
	    "on_hand = s.on_hand + case when s.counted_to >= $8::timestamptz then 0 else w.h end, " \
	    "version = s.version + 1 from w where " SQL_ON_STOCK "returning " SQL_FIG_STOCK) \
	X(GIVE_CAPACITY, ON_BOTH, SQL_W_CAPACITY \
	    "update capacity s set taken = s.taken + w.q, version = s.version + 1 " \
	    "from w where " SQL_ON_CAPACITY "returning " SQL_FIG_CAPACITY) \
	X(GIVE_SLOT, ON_BOTH, SQL_W_SLOT \
	    "update slot s set taken = s.taken + w.q, version = s.version + 1 " \
	    "from w where " SQL_ON_SLOT "returning " SQL_FIG_CAPACITY) \
	X(GIVE_ENTITLEMENT, ON_BOTH, SQL_W_ENTITLEMENT \
	    "update entitlement s set used = s.used + w.q, version = s.version + 1 " \
	    "from w where " SQL_ON_ENTITLEMENT "returning " SQL_FIG_ENTITLEMENT) \
	X(GIVE_BUDGET, ON_BOTH, SQL_W_BUDGET \
	    "update campaign_budget s set spent_fen = s.spent_fen + w.q, version = s.version + 1 " \
	    "from w where " SQL_ON_BUDGET "returning " SQL_FIG_BUDGET)

/* Reads the figures of keys that granted nothing: how little is left, with the version that says so. */
#define FIGURE_STATEMENTS(X) \
	X(FIGURE_STOCK, ON_BOTH, SQL_W_STOCK \
	    "select " SQL_FIG_STOCK " from w join stock_level s on " SQL_ON_STOCK) \
	X(FIGURE_CAPACITY, ON_BOTH, SQL_W_CAPACITY \
	    "select " SQL_FIG_CAPACITY " from w join capacity s on " SQL_ON_CAPACITY) \
	X(FIGURE_SLOT, ON_BOTH, SQL_W_SLOT \
	    "select " SQL_FIG_CAPACITY " from w join slot s on " SQL_ON_SLOT) \
	X(FIGURE_ENTITLEMENT, ON_BOTH, SQL_W_ENTITLEMENT \
	    "select " SQL_FIG_ENTITLEMENT " from w join entitlement s on " SQL_ON_ENTITLEMENT) \
	X(FIGURE_BUDGET, ON_BOTH, SQL_W_BUDGET \
	    "select " SQL_FIG_BUDGET " from w join campaign_budget s on " SQL_ON_BUDGET) \
	X(PROBE_STOCK, ON_QUERY, \
	    "with w as materialized (select * from unnest($1::int4[], $2::int4[], $3::int4[]) " \
	    "t(dealer, location, sku)) select s.location_id, s.sku_id, s.goods_owner_id, s.version, " SQL_ATP ", " \
	    "s.safety, s.counted_at, s.suspect_until from w join stock_level s on s.dealer_id = w.dealer " \
	    "and s.location_id = w.location and s.sku_id = w.sku")
/* clang-format on */

#endif
