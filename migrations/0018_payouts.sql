-- From the hold to the money's end: which orders are to be looked at, to whom a bank pays, what waits for two persons.

-- Orders whose money is to be looked at again at a time, and the lease of who looks.  The row is also the lock: a pass
-- over an order reads and writes it all behind this row.
create table settle_work (
	order_id    uuid not null,
	dealer_id   int4 not null,
	at          timestamptz not null,
	lease_until timestamptz,
	primary key (order_id, dealer_id)
);
create index settle_work_at on settle_work (at);

-- Money that is frozen still: the provider releases it by its own clock.
create index payment_frozen on payment (paid_at) where released_at is null;

create index refund_list on refund (order_id) where state <> 3;
create index clawback_flying on clawback (party_id) where state in (1, 2);

alter table payable
	add column not_before timestamptz,  -- of a split that was closed: tried again then
	add column batch_id uuid;           -- it is part of: prepared, and still open until that is instructed
create index payable_batch on payable (batch_id) where batch_id is not null and payout_id is null;
create index payable_payout on payable (payout_id) where payout_id is not null;
create index payable_waits on payable (collector_id, rail, made_at) where payout_id is null;

-- Where a bank pays, or the provider a person: kept apart, and told to nobody but in a bank file.
create table payee (
	party_id     int4 primary key references party,
	bank         text not null default '',
	account_name text not null default '',
	account      text not null default '',
	openid       text not null default ''
);

alter table payout_batch
	add column ref text not null default '',     -- of who prepared it: repeats find it
	add column file_hash bytea;                  -- of the bank file that was told first
create unique index payout_batch_ref on payout_batch (ref) where ref <> '';
create index payout_batch_list on payout_batch (prepared_at, batch_id);
create index payout_list on payout (made_at, payout_id);
create index payout_party on payout (party_id, made_at, payout_id);

grant select, insert, update on settle_work, payee to yuncang_service;
grant delete on settle_work to yuncang_service;
