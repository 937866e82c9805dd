-- Who owns a customer, on whose evidence; and how well each dealer answers the offers he gets.

-- A claim that came in by itself (CustomerService.Claim) has the caller's reference, so that it may be sent
-- again; one that an operator's transfer made names the transfer.
alter table ownership_claim
	add column ref         text,
	add column body_hash   bytea,
	add column transfer_id int8;
create unique index ownership_claim_ref on ownership_claim (customer, ref) where ref is not null;
-- All customers of a store, for a transfer.
create index ownership_claim_location on ownership_claim (location_id, customer);

-- Customers moved by an operator: why, by which key.  The claims they had before stay as they were.
create table ownership_transfer (
	transfer_id       int8 generated always as identity primary key,
	ref               text not null unique,
	body_hash         bytea not null,
	at                timestamptz not null,
	customer          int8,                            -- one; null: all of these stores
	from_location_ids int4[] not null default '{}',
	to_location_id    int4 not null references location,
	to_staff_id       int4 references party,
	reason            text not null,
	key_id            int8 not null,
	moved             int4 not null default 0,
	more              bool not null default false      -- there are customers left to move
);

-- What a dealer did with his offers on one day (UTC), counted from order_act.
create table dealer_score (
	party_id int4 not null references party,
	day      date not null,
	accepts  int4 not null,
	rejects  int4 not null,
	lapses   int4 not null,
	shorts   int4 not null,  -- fulfilments of which a part was missing
	waited_s int8 not null,  -- of the accepts together
	waits    int4[] not null check (cardinality(waits) = 12), -- accepts by how long they took: store/sql_owner.h
	primary key (party_id, day)
);
create index dealer_score_day on dealer_score (day);

-- The lease of the job that counts: who moves started_at on counts, and nobody else for a while.
create table scorecard_run (
	only_row   bool primary key default true check (only_row),
	started_at timestamptz
);
insert into scorecard_run default values;

grant select, insert, update on ownership_transfer, dealer_score to yuncang_service;
grant delete on dealer_score to yuncang_service;
grant select, update on scorecard_run to yuncang_service;
