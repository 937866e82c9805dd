-- Calls to the payment provider as flow/provider.h makes them.

alter table provider_call
	add column sends int4 not null default 0; -- how often its request was sent
alter table provider_call_item
	add column left_out bool not null default false, -- closed by us before it was sent: not in the request
	add column actual_fen int8,                      -- what moved, where the provider says it; unfreeze: the rest
	add column finished_at timestamptz;              -- by the provider's word
create index provider_call_payment on provider_call (payment_number, provider);
-- What is to be handed over to who posts it.
create index provider_call_item_unposted on provider_call_item (number) where result <> 1 and not posted;

-- One instance at a time sends, so that a merchant's rate holds; its lease follows the database's clock.
create table provider_worker (
	provider    int2 primary key,
	lease_by    uuid not null,
	lease_until timestamptz not null
);

-- Receivers that the provider knows as such of a paying merchant.
create table provider_receiver (
	provider int2 not null,
	payer    text not null, -- merchant number
	receiver text not null,
	personal bool not null,
	added_at timestamptz not null,
	primary key (provider, payer, receiver, personal)
);

-- Bills of a day and paying merchant: fetched once, handed over until they are taken in.
create table provider_bill (
	provider int2 not null,
	kind     int2 not null,  -- 1 trade, 2 split, 3 fund
	merchant text not null,
	day      date not null,  -- in China
	state    int2 not null,  -- 1 due, 2 taken in, 3 there is none
	next_at  timestamptz not null,
	tries    int4 not null default 0,
	error    text,
	done_at  timestamptz,
	primary key (provider, kind, merchant, day)
);
create index provider_bill_due on provider_bill (next_at) where state = 1;

grant select, insert, update on provider_worker, provider_receiver, provider_bill to yuncang_service;
grant delete on provider_receiver to yuncang_service;
