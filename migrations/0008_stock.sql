-- Stock from outside: counts that are true as of a moment, deltas of tills, what came back.

-- Hand-overs and returns up to this moment are in on_hand by the count itself, also when they commit after it.
-- Null: there is no such moment.  See router/domain/level.h.
alter table stock_level add column counted_to timestamptz;

alter table stock_delta
	add column goods_owner_id int4,
	add column at timestamptz,  -- when the goods moved; of an undated one when it was reported
	add column order_id uuid;   -- one of our orders, whose hand-over moves the stock itself: not booked
update stock_delta d set at = booked_at, goods_owner_id = l.party_id from location l where l.location_id = d.location_id;
alter table stock_delta
	alter column at set not null,
	alter column goods_owner_id set not null;
create index stock_delta_at on stock_delta (location_id, at) where order_id is null;

-- Units that came back onto a shelf after they had been handed over; hand-overs stand in fulfilment.handed_at.
create table stock_back (
	order_id       uuid not null,
	number         int2 not null,  -- of the fulfilment
	sku_id         int4 not null,
	goods_owner_id int4 not null,
	location_id    int4 not null,
	dealer_id      int4 not null,  -- who runs the location
	at             timestamptz not null,
	qty            int4 not null check (qty > 0),
	primary key (order_id, number, sku_id, goods_owner_id, at, dealer_id)
);
create index stock_back_at on stock_back (location_id, at);

grant select, insert on stock_back to yuncang_service;
