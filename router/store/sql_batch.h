#ifndef ROUTER_STORE_SQL_BATCH_H
#define ROUTER_STORE_SQL_BATCH_H

/*
 * What writes orders and takes stock for them: store/batch*.c, takes.c, payment.c, expiry.c; and probe.c and
 * feed.c.  Rules in README.md: every change of a counter is a nested loop driven by a sorted, materialized
 * unnest, and gives back i (from 1) and the figures the hints are made of.
 */

/* clang-format off */
#define BATCH_STATEMENTS(X) TAKE_STATEMENTS(X) GIVE_STATEMENTS(X) FIGURE_STATEMENTS(X) WRITE_STATEMENTS(X) \
	PAYMENT_STATEMENTS(X) EXPIRY_STATEMENTS(X) FEED_STATEMENTS(X)

#define ON_BOTH (ON_QUERY | ON_BATCH)

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
	X(GIVE_STOCK, ON_BOTH, SQL_W_STOCK \
	    "update stock_level s set allocated = s.allocated + w.a, reserved = s.reserved + w.r, " \
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

/* A per-row array is a slice of one flat parameter: unnest would flatten arrays of arrays. */
#define WRITE_STATEMENTS(X) \
	X(SUBMISSION_CLAIM, ON_BATCH, \
	    "insert into submission (storefront_id, order_ref, body_hash, owner_id, order_id) " \
	    "select * from unnest($1::int4[], $2::text[], $3::bytea[], $4::int4[], $5::uuid[]) " \
	    "on conflict do nothing returning order_id") \
	X(PAYMENT_CLAIM, ON_BOTH, \
	    "insert into payment (provider, number, order_id, dealer_id, amount_fen, paid_at, outcome) " \
	    "select * from unnest($1::int2[], $2::text[], $3::uuid[], $4::int4[], $5::int8[], $6::timestamptz[], " \
	    "$7::int2[]) on conflict do nothing returning order_id") \
	X(SUBMISSION_DELETE, ON_BATCH, \
	    SQL_W("storefront, ref", "$1::int4[], $2::text[]") \
	    "delete from submission s using w where s.storefront_id = w.storefront and s.order_ref = w.ref") \
	X(PAYMENT_DELETE, ON_BATCH, \
	    SQL_W("provider, number", "$1::int2[], $2::text[]") \
	    "delete from payment s using w where s.provider = w.provider and s.number = w.number") \
	X(SUBMISSION_READ, ON_BATCH, \
	    SQL_W("storefront, ref", "$1::int4[], $2::text[]") \
	    "select w.i::int4, s.body_hash, s.order_id from w join submission s " \
	    "on s.storefront_id = w.storefront and s.order_ref = w.ref") \
	X(ORDER_INSERT, ON_BATCH, \
	    "insert into sales_order (order_id, dealer_id, storefront_id, owner_location_id, owner_staff_id, " \
	    "policy_version, split_version, collector_id, customer, goods_fen, delivery_fee_fen, funded_fen, " \
	    "fee_fen, margin_fen, created_at, pay_by, paid_at, owner_since, owner_source, mark, way, " \
	    "accept_other_way, order_ref, line_sku, line_qty, line_price_fen, line_cost_fen, line_discount_fen, " \
	    "line_campaign) " \
	    "select order_id, dealer, storefront, location, staff, policy, split, collector, customer, goods, " \
	    "delivery, funded, fee, margin, created, pay_by, paid, since, source, mark, way, other_way, ref, " \
	    "($24::int4[])[lo:hi], ($25::int4[])[lo:hi], ($26::int8[])[lo:hi], ($27::int8[])[lo:hi], " \
	    "case when campaigns then ($28::int8[])[lo:hi] end, case when campaigns then ($29::int4[])[lo:hi] end " \
	    "from unnest($1::uuid[], $2::int4[], $3::int4[], $4::int4[], $5::int4[], $6::int4[], $7::int4[], " \
	    "$8::int4[], $9::int8[], $10::int8[], $11::int8[], $12::int8[], $13::int8[], $14::int8[], " \
	    "$15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::int2[], " \
	    "$20::int2[], $21::int2[], $22::bool[], $23::text[], $30::int4[], $31::int4[], $32::bool[]) " \
	    "t(order_id, dealer, storefront, location, staff, policy, split, collector, customer, goods, " \
	    "delivery, funded, fee, margin, created, pay_by, paid, since, source, mark, way, other_way, ref, " \
	    "lo, hi, campaigns)") \
	X(FULFILMENT_INSERT, ON_BOTH, \
	    "insert into fulfilment (order_id, number, attempt, dealer_id, location_id, distance_m, way, state, " \
	    "slot_from_min, slot_to_min, capacity_day, takes_capacity, promise_from, promise_to, offer_deadline, " \
	    "accept_min, line, sku_id, qty, goods_owner_id, entitled_sku) " \
	    "select order_id, number, attempt, dealer, location, distance, way, state, slot_from, slot_to, day, " \
	    "takes, promise_from, promise_to, deadline, accept, ($17::int2[])[lo:hi], ($18::int4[])[lo:hi], " \
	    "($19::int4[])[lo:hi], ($20::int4[])[lo:hi], " \
	    "case when elo <= ehi then ($21::int4[])[elo:ehi] end " \
	    "from unnest($1::uuid[], $2::int2[], $3::int2[], $4::int4[], $5::int4[], $6::int4[], $7::int2[], " \
	    "$8::int2[], $9::int2[], $10::int2[], $11::date[], $12::bool[], $13::timestamptz[], " \
	    "$14::timestamptz[], $15::timestamptz[], $16::int4[], $22::int4[], $23::int4[], $24::int4[], " \
	    "$25::int4[]) t(order_id, number, attempt, dealer, location, distance, way, state, slot_from, " \
	    "slot_to, day, takes, promise_from, promise_to, deadline, accept, lo, hi, elo, ehi)") \
	X(DECISION_INSERT, ON_BOTH, \
	    "insert into decision (order_id, attempt, dealer_id, record, leg_kind, leg_party, leg_fen, leg_line, " \
	    "leg_part, funding_party, funding_fen) " \
	    "select order_id, attempt, dealer, record, ($5::int2[])[lo:hi], ($6::int4[])[lo:hi], " \
	    "($7::int8[])[lo:hi], ($8::int2[])[lo:hi], ($9::int2[])[lo:hi], " \
	    "case when flo <= fhi then ($10::int4[])[flo:fhi] end, " \
	    "case when flo <= fhi then ($11::int8[])[flo:fhi] end " \
	    "from unnest($1::uuid[], $2::int2[], $3::int4[], $4::bytea[], $12::int4[], $13::int4[], " \
	    "$14::int4[], $15::int4[]) t(order_id, attempt, dealer, record, lo, hi, flo, fhi)") \
	X(CONTACT_INSERT, ON_BATCH, \
	    "insert into contact (order_id, dealer_id, name, phone, street, region, lat_e6, lon_e6) " \
	    "select * from unnest($1::uuid[], $2::int4[], $3::text[], $4::text[], $5::text[], $6::text[], " \
	    "$7::int4[], $8::int4[])") \
	X(JOURNAL_INSERT, ON_BOTH, \
	    "insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, " \
	    "event_at, posted_at, accounts, amounts, kinds, provider_ref) " \
	    "select object, event, event_no, dealer, split, $8, $9, $10, event_at, $11, ($12::int8[])[lo:hi], " \
	    "($13::int8[])[lo:hi], ($14::int2[])[lo:hi], ref " \
	    "from unnest($1::uuid[], $2::int2[], $3::int4[], $4::int4[], $5::int4[], $6::timestamptz[], " \
	    "$7::text[], $15::int4[], $16::int4[]) " \
	    "t(object, event, event_no, dealer, split, event_at, ref, lo, hi)") \
	X(OUTBOX_INSERT, ON_BOTH, \
	    "insert into outbox (event_id, dealer_id, kind, order_id) " \
	    "select * from unnest($1::uuid[], $2::int4[], $3::int2[], $4::uuid[])") \
	X(CHANGE_INSERT, ON_BOTH, \
	    "insert into stock_change (stream_id, seq, changes) values ($1, $2, $3)")

#define PAYMENT_STATEMENTS(X) \
	/* Before the first writing statement: plans that lock in key order, also over a table that is small. */ \
	X(WRITER, ON_QUERY, "select set_config('enable_seqscan', 'off', true)") \
	X(PAYMENT_READ, ON_QUERY, \
	    "select order_id, amount_fen, outcome from payment where provider = $1 and number = $2") \
	X(PAYMENT_COUNT, ON_QUERY, "select count(*) from payment where order_id = $1") \
	X(ORDER_PAY, ON_QUERY, \
	    "update sales_order set mark = 0, paid_at = $4 where order_id = $1 and dealer_id = $2 and mark = 1 " \
	    "and goods_fen + delivery_fee_fen = $3") \
	X(ORDER_PAY_LATE, ON_QUERY, \
	    "update sales_order set mark = 0, paid_at = $4, policy_version = $5, margin_fen = $6, way = $7 " \
	    "where order_id = $1 and dealer_id = $2 and mark = 5 and paid_at is null " \
	    "and goods_fen + delivery_fee_fen = $3") \
	X(ORDER_UNFILLABLE, ON_QUERY, \
	    "update sales_order set mark = 3, paid_at = $4, refund_due_fen = refund_due_fen + $3 " \
	    "where order_id = $1 and dealer_id = $2 and mark = 5 and paid_at is null") \
	X(ORDER_PAY_SECOND, ON_QUERY, \
	    "update sales_order set refund_due_fen = refund_due_fen + $3 " \
	    "where order_id = $1 and dealer_id = $2 and paid_at is not null") \
	X(FULFILMENT_PLANNED, ON_QUERY, \
	    "select number, dealer_id, location_id, sku_id, qty, goods_owner_id from fulfilment " \
	    "where order_id = $1 and state = 1 order by number") \
	X(FULFILMENT_OPEN, ON_QUERY, \
	    "with w as materialized (select t.*, $1::uuid as id, 1::int2 as planned " \
	    "from unnest($2::int2[], $3::int4[], $4::int2[], $5::timestamptz[]) with ordinality " \
	    "t(number, dealer, state, deadline, i) " SQL_W_ONE ") " \
	    "update fulfilment s set state = w.state, offer_deadline = w.deadline from w " \
	    "where s.order_id = w.id and s.number = w.number and s.dealer_id = w.dealer and s.state = w.planned") \
	X(ATTEMPT_LAST, ON_QUERY, \
	    "select (select max(attempt) from decision where order_id = $1), " \
	    "(select max(number) from fulfilment where order_id = $1)")

#define EXPIRY_STATEMENTS(X) \
	X(EXPIRY_DUE, ON_QUERY, \
	    "select order_id, dealer_id from sales_order where mark = 1 and pay_by <= $1 order by pay_by limit $2") \
	X(ORDER_EXPIRE, ON_QUERY, \
	    "with w as materialized (select t.*, 1::int2 as unpaid, $3::timestamptz as now " \
	    "from unnest($1::uuid[], $2::int4[]) with ordinality t(id, dealer, i) " SQL_W_ONE ") " \
	    "update sales_order s set mark = 5 from w where s.order_id = w.id and s.dealer_id = w.dealer " \
	    "and s.mark = w.unpaid and s.pay_by <= w.now returning s.order_id, s.dealer_id") \
	X(FULFILMENT_EXPIRE, ON_QUERY, \
	    "with v as materialized (select * from unnest($1::uuid[], $2::int4[]) with ordinality t(id, owner, i) " \
	    SQL_W_ONE "), " \
	    "w as materialized (select v.*, 1::int2 as planned, o.line_discount_fen, o.line_campaign " \
	    "from v join sales_order o on o.order_id = v.id and o.dealer_id = v.owner order by v.id) " \
	    "update fulfilment s set state = 16 from w where s.order_id = w.id and s.state = w.planned " \
	    "returning w.owner, s.dealer_id, s.location_id, s.sku_id, s.qty, s.goods_owner_id, s.entitled_sku, " \
	    "s.takes_capacity, s.capacity_day, s.slot_from_min, s.slot_to_min, s.line, w.line_discount_fen, " \
	    "w.line_campaign")

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
	    "and not exists (select from stock_change c where c.stream_id = f.stream_id)")
/* clang-format on */

#endif
