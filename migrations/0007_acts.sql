-- What happens to an order between its commit and its end.

-- The trail: one row an act, of a person, a key or a timer.  It is also the lock: whoever acts has read all acts
-- of the order and inserts the next number; who comes second finds it taken, reads again and judges anew.
create table order_act (
	order_id    uuid not null,
	act_no      int4 not null,      -- from 1, without gaps
	dealer_id   int4 not null,      -- the order's owner, as in sales_order
	kind        int2 not null,      -- enum act_kind
	number      int2 not null,      -- of the fulfilment; 0: the order's own
	at          timestamptz not null,
	party_id    int4 not null default 0, -- who runs the fulfilment's location
	location_id int4 not null default 0,
	staff_id    int4 not null default 0, -- the named person; 0: a timer, or the customer's side
	key_id      int8 not null default 0, -- the key that was used
	state       int2 not null default 0, -- the fulfilment's, or the order's mark, behind the act
	reason      int2 not null default 0,
	refund_fen  int8 not null default 0, -- what the act adds to what is due back to the customer
	waited_s    int4,               -- of an answer to an offer: seconds since the offer
	ref         text,               -- the caller's reference; null: a timer's
	body_hash   bytea,              -- of the request, for repeats
	note        text,
	primary key (order_id, act_no, dealer_id)
);
create index order_act_at on order_act using brin (at); -- scorecards read days

alter table sales_order
	add column due_at timestamptz;  -- when AWAITING_CUSTOMER or UNFILLABLE ends in a cancel
create index sales_order_due on sales_order (due_at) where due_at is not null;

-- Null is 0 or none: most rows of the hot path end without ever having one of these.
alter table fulfilment
	add column due_at timestamptz,       -- when its state ends by itself; an offer has offer_deadline instead
	add column lease_until timestamptz,  -- an instance is about to fire it
	add column split_from int2,          -- number of the fulfilment these units were split off
	add column hops int2,                -- store offers made for these units before this one
	add column moved_to int2,            -- number of the first fulfilment that took these units over
	add column delivery_fee_fen int8,    -- of units decided again: the part of the customer's fee they carry
	add column code_no int2,             -- which collection code is valid
	add column wrong_tries int2,
	add column locked_until timestamptz, -- no collection before, after too many wrong codes
	add column handed_at timestamptz,    -- when the goods left the location
	add column overdue_at timestamptz,   -- when it was told to be overdue
	add column tracking text;
alter table sales_order add column lease_until timestamptz;
create index fulfilment_offer_due on fulfilment (offer_deadline) where state = 2;
create index fulfilment_due on fulfilment (due_at) where due_at is not null;
create index fulfilment_handed on fulfilment (location_id, handed_at) where handed_at is not null;
drop index fulfilment_task;
create index fulfilment_task on fulfilment (location_id, state, order_id) where state in (2, 3, 6, 8, 9, 11, 12);

-- A fulfilment row as an act leaves it: what an act may change, behind its key.
create type acted_fulfilment as (
	order_id       uuid,
	number         int2,
	dealer_id      int4,
	state_was      int2,
	state          int2,
	takes_capacity bool,
	offer_deadline timestamptz,
	due_at         timestamptz,
	promise_from   timestamptz,
	promise_to     timestamptz,
	code_no        int2,
	wrong_tries    int2,
	locked_until   timestamptz,
	handed_at      timestamptz,
	overdue_at     timestamptz,
	tracking       text,
	moved_to       int2,
	line           int2[],
	sku_id         int4[],
	qty            int4[],
	goods_owner_id int4[],
	entitled_sku   int4[]
);

-- A serial number leaves a house once, until it has come back.
create table serial_out (
	sku_id      int4 not null,
	serial      text not null,
	order_id    uuid not null,
	number      int2 not null,
	dealer_id   int4 not null,
	handed_at   timestamptz not null,
	returned_at timestamptz,
	primary key (sku_id, serial, order_id, number)
);
create unique index serial_out_once on serial_out (sku_id, serial) where returned_at is null;

alter table outbox
	add column number int2,      -- of the fulfilment; null: the order's own
	add column location_id int4,
	add column amount_fen int8,
	add column reason int2;

insert into secret (name, value)
values ('collection', sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

grant select, insert on order_act, serial_out to yuncang_service;
grant update on serial_out to yuncang_service;
