-- Goods that come back from customers, goods that are made to order, goods that went astray.

-- Units of one fulfilment that a customer wants to bring back.  Like everything of an order, a row changes under an
-- act of its trail only.
create table return_request (
	order_id    uuid not null,
	number      int2 not null,        -- within the order, from 1
	dealer_id   int4 not null,        -- the order's owner
	fulfilment  int2 not null,        -- whose units they are
	state       int2 not null,        -- 1 requested, 2 received, 3 accepted, 4 refused, 5 lapsed: domain/returns.h
	location_id int4 not null,        -- where they are expected; then where they were received
	reason      int2 not null,
	asked_at    timestamptz not null,
	received_at timestamptz,
	decided_at  timestamptz,
	due_at      timestamptz,          -- when its state ends by itself; null: it has ended
	lease_until timestamptz,          -- an instance is about to fire it
	refund_fen  int8 not null default 0 check (refund_fen >= 0),
	line        int2[] not null,      -- of the order
	qty         int4[] not null,
	sellable    int4[],               -- null: not inspected
	damaged     int4[],
	refused     int4[],               -- the customer's again
	primary key (order_id, number, dealer_id)
);
create index return_task on return_request (location_id, state, asked_at, order_id, number);
create index return_due on return_request (due_at) where due_at is not null;

-- Which numbers went out with an order.
create index serial_out_order on serial_out (order_id);

-- An order of goods made for it is paid in two parts: the first opens it, without the second nothing leaves.
-- An order without a row is paid at once.
create table order_deposit (
	order_id        uuid not null,
	dealer_id       int4 not null,
	deposit_fen     int8 not null check (deposit_fen > 0),
	balance_fen     int8 not null check (balance_fen >= 0), -- less with every unit that is cancelled
	balance_by      timestamptz,      -- past it the order is given up; null: production has not started
	balance_paid_at timestamptz,
	lease_until     timestamptz,
	primary key (order_id, dealer_id)
);
create index order_deposit_due on order_deposit (balance_by)
	where balance_by is not null and balance_paid_at is null;

-- A fulfilment that was handed over in the territory of another dealer than the order's owner.  Evidence as of
-- then; of the customer nothing but the region.
create table territory_dispute (
	order_id            uuid not null,
	number              int2 not null,  -- of the fulfilment
	dealer_id           int4 not null,  -- the order's owner
	territory_id        int4 not null,
	territory_dealer_id int4 not null,  -- whose territory it was
	location_id         int4 not null,  -- the goods came from
	way                 int2 not null,
	region              text not null,  -- of the address; a pickup's: empty, the store lies there
	owner_source        int2 not null,  -- why he owned
	owner_since         timestamptz,
	flagged_at          timestamptz not null,
	resolved_at         timestamptz,
	resolved_key_id     int8,
	note                text,
	primary key (order_id, number, dealer_id)
);
create index territory_dispute_at on territory_dispute (flagged_at, order_id, number);

grant select, insert, update on return_request, order_deposit, territory_dispute to yuncang_service;
