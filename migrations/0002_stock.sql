-- What can be taken: stock, capacity, slots, entitlements, campaign budgets.
--
-- A take is one UPDATE driven by a sorted unnest: last_grant = least(wanted, left), so that a key grants
-- what it has and the first orders of a batch win.  version rises with every change of a row; the change
-- feed carries it, and a reader applies a figure only if its version is newer.  fillfactor leaves room
-- for HOT updates: none of the updated columns is indexed.

create table stock_level (
	dealer_id      int4 not null references party, -- who runs the location
	location_id    int4 not null references location,
	sku_id         int4 not null references sku,
	goods_owner_id int4 not null references party,
	on_hand        int4 not null,
	reserved       int4 not null default 0 check (reserved >= 0),
	allocated      int4 not null default 0 check (allocated >= 0),
	safety         int4 not null default 0 check (safety >= 0),
	last_grant     int4 not null default 0,
	version        int4 not null default 1,
	counted_at     timestamptz not null,
	suspect_until  timestamptz,
	primary key (dealer_id, location_id, sku_id, goods_owner_id)
) with (fillfactor = 70);

-- Made when a location with a limit first gets a fulfilment for that date.
create table capacity (
	dealer_id   int4 not null,
	location_id int4 not null,
	day         date not null, -- local date of the promise
	limit_count int4 not null check (limit_count > 0),
	taken       int4 not null default 0 check (taken >= 0),
	last_grant  int4 not null default 0,
	version     int4 not null default 1,
	primary key (dealer_id, location_id, day)
) with (fillfactor = 70);

create table slot (
	dealer_id   int4 not null,
	location_id int4 not null references location,
	day         date not null,
	from_min    int2 not null check (from_min between 0 and 1439),
	to_min      int2 not null check (to_min > from_min and to_min <= 1440),
	limit_count int4 not null check (limit_count >= 0),
	taken       int4 not null default 0 check (taken >= 0),
	last_grant  int4 not null default 0,
	version     int4 not null default 1,
	primary key (dealer_id, location_id, day, from_min, to_min)
) with (fillfactor = 70);

create table entitlement (
	dealer_id  int4 not null references party, -- the owner of the customer
	sku_id     int4 not null references sku,
	ceiling    int4 not null check (ceiling >= 0),
	used       int4 not null default 0 check (used >= 0),
	last_grant int4 not null default 0,
	version    int4 not null default 1,
	primary key (dealer_id, sku_id)
) with (fillfactor = 70);

create table campaign_budget (
	campaign_id int4 primary key references campaign,
	budget_fen  int8 not null check (budget_fen >= 0),
	spent_fen   int8 not null default 0 check (spent_fen >= 0),
	last_grant  int8 not null default 0,
	version     int4 not null default 1
) with (fillfactor = 50);

-- Deltas from tills: repeated ones are known by (source, sequence).
create table stock_delta (
	source      text not null check (length(source) between 1 and 64),
	sequence    int8 not null,
	location_id int4 not null,
	sku_id      int4 not null,
	delta       int4 not null,
	booked_at   timestamptz not null default now(),
	primary key (source, sequence)
);

-- The change feed.  A stream is one database connection, so that seq order is commit order; a row a
-- transaction; changes is packed by store/change.c.  Old rows are deleted: a reader that fell behind
-- loads everything again.
create table feed_stream (
	stream_id  int8 generated always as identity primary key,
	started_at timestamptz not null default now()
);
create table stock_change (
	stream_id  int8 not null,
	seq        int8 not null,
	changes    bytea not null,
	written_at timestamptz not null default now(),
	primary key (stream_id, seq)
);
create index stock_change_written on stock_change using brin (written_at);

grant select, insert, update, delete on stock_level, capacity, slot, entitlement, campaign_budget, feed_stream,
	stock_change to yuncang_service;
grant select, insert on stock_delta to yuncang_service;
