-- Orders: one row where one will do.  Keys of rows made per order begin with the order's UUIDv7, so that
-- inserts go to the right edge of every index; dealer_id comes last in them (it must be in them for a
-- sharded engine).  Foreign keys on the hot path are left out: ids come from the same transaction or from
-- the catalog, whose rows are never deleted, and `yuncang audit` looks for orphans.

-- What makes a submit safe to repeat.  Without the owner, who may change between a try and its retry.
create table submission (
	storefront_id int4 not null,
	order_ref     text not null,
	body_hash     bytea not null, -- a version byte, then SHA-256 of the request packed again
	owner_id      int4 not null,
	order_id      uuid not null,
	primary key (storefront_id, order_ref)
);

create table sales_order (
	order_id          uuid not null,
	dealer_id         int4 not null, -- the owner: a dealer, or the brand
	storefront_id     int4 not null,
	owner_location_id int4 not null default 0,
	owner_staff_id    int4 not null default 0,
	policy_version    int4 not null,
	split_version     int4 not null,
	collector_id      int4 not null,
	customer          int8 not null,
	goods_fen         int8 not null,
	delivery_fee_fen  int8 not null,
	funded_fen        int8 not null,
	fee_fen           int8 not null, -- the provider's
	margin_fen        int8 not null, -- the owner's, as fixed at submit
	refund_due_fen    int8 not null default 0,
	created_at        timestamptz not null,
	pay_by            timestamptz,
	paid_at           timestamptz,
	owner_since       timestamptz,
	owner_source      int2 not null,
	mark              int2 not null, -- 0 open, 1 awaiting payment, 2 awaiting customer, 3 unfillable, 5 cancelled
	way               int2 not null,
	accept_other_way  bool not null,
	order_ref         text not null,
	line_sku          int4[] not null,
	line_qty          int4[] not null,
	line_price_fen    int8[] not null,
	line_cost_fen     int8[] not null, -- frozen contract cost of a unit
	line_discount_fen int8[],          -- null: no campaign
	line_campaign     int4[],
	primary key (order_id, dealer_id)
) with (fillfactor = 90);
create index sales_order_dealer on sales_order (dealer_id, order_id);
create index sales_order_storefront on sales_order (storefront_id, order_id);
create index sales_order_unpaid on sales_order (pay_by) where mark = 1;

-- Lines bound to one location and one way.
create table fulfilment (
	order_id       uuid not null,
	number         int2 not null, -- from 1
	attempt        int2 not null, -- of the decision that made it
	dealer_id      int4 not null, -- who runs the location
	location_id    int4 not null,
	distance_m     int4 not null,
	way            int2 not null,
	state          int2 not null,
	slot_from_min  int2,
	slot_to_min    int2,
	capacity_day   date,          -- with a slot: the slot's; null: no capacity taken
	takes_capacity bool not null,
	promise_from   timestamptz not null,
	promise_to     timestamptz not null,
	offer_deadline timestamptz,
	accept_min     int4 not null default 0, -- open minutes the store has to answer, once paid
	line           int2[] not null,
	sku_id         int4[] not null,
	qty            int4[] not null,
	goods_owner_id int4[] not null, -- 0: made to order, no stock taken
	entitled_sku   int4[],          -- of the skus, those charged to the owner's entitlement; null: none
	primary key (order_id, number, dealer_id)
) with (fillfactor = 80);
-- ListTasks: what a location has open, nearest deadline first.
create index fulfilment_task on fulfilment (location_id, state, order_id)
	where state in (2, 3, 6, 8, 11);

-- The decision record and the split it fixed; attempt 1 is the submit's.
create table decision (
	order_id      uuid not null,
	attempt       int2 not null,
	dealer_id     int4 not null,
	record        bytea not null,
	leg_kind      int2[] not null,
	leg_party     int4[] not null,
	leg_fen       int8[] not null,
	leg_line      int2[] not null,
	leg_part      int2[] not null,
	funding_party int4[],
	funding_fen   int8[],
	primary key (order_id, attempt, dealer_id)
);

-- Personal data lives here and nowhere else, and is erased after its time.
create table contact (
	order_id  uuid not null,
	dealer_id int4 not null,
	name      text not null,
	phone     text not null,
	street    text not null,
	region    text not null,
	lat_e6    int4,
	lon_e6    int4,
	primary key (order_id, dealer_id)
);

-- A provider's number is used once, for ever.
create table payment (
	provider  int2 not null,
	number    text not null,
	order_id  uuid not null,
	dealer_id int4 not null,
	amount_fen int8 not null check (amount_fen > 0),
	paid_at   timestamptz not null,
	outcome   int2 not null, -- 1 opened, 2 decided again, 3 unfillable, 4 second payment
	primary key (provider, number)
);
create index payment_order on payment (order_id);

-- What the world must be told: at least once, in order per endpoint.
create table outbox (
	event_id  uuid not null,
	dealer_id int4 not null,
	kind      int2 not null, -- 1 order created, 2 paid, 3 expired, 4 unfillable, 5 refund due
	order_id  uuid not null,
	primary key (event_id, dealer_id)
);

grant select, insert on submission, sales_order, fulfilment, decision, contact, payment, outbox to yuncang_service;
grant delete on submission, payment, outbox, contact to yuncang_service;
grant update on sales_order, fulfilment, payment to yuncang_service;
