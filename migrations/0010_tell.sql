-- Telling the world: events out of the outbox, the endpoints that hear of them, and what could not be told.

-- Everything that was in the outbox, in the order in which endpoints hear of it.  Names and figures only; it
-- stays when personal data is erased.  One instance at a time moves rows here, so positions grow with commits.
create table event_log (
	position      int8 generated always as identity,
	event_id      uuid not null,          -- of the outbox row; its first 48 bits say when
	dealer_id     int4 not null,          -- the order's owner
	storefront_id int4 not null,          -- 0: of no order
	kind          int2 not null,          -- enum outbox_kind, EventType on the wire
	order_id      uuid not null,
	order_ref     text not null,
	number        int2,
	location_id   int4,
	amount_fen    int8,
	reason        int2,
	primary key (position, dealer_id)
);

create table webhook_endpoint (
	endpoint_id int4 generated always as identity primary key,
	code        code not null unique,
	scope       int2 not null check (scope between 0 and 2),   -- 0 all, 1 a dealer, 2 a storefront
	scope_id    int4 not null check ((scope = 0) = (scope_id = 0)),
	url         text not null check (length(url) <= 500),
	kinds       int2[],                                        -- null: all
	state       int2 not null check (state between 1 and 3),   -- 1 active, 2 paused, 3 disabled
	why         text not null default '',                      -- it was disabled
	concurrency int2 not null check (concurrency between 1 and 16),
	rate_per_s  int4 not null check (rate_per_s between 0 and 10000), -- 0: no limit
	since       uuid not null,                                 -- events with a smaller id are not for it
	waiting     int8 not null default 0,                       -- its rows in webhook_delivery
	delivered   int8 not null default 0,
	made_at     timestamptz not null default now(),
	told_at     timestamptz,                                   -- when it last took one
	lease_by    uuid,                                          -- the instance that sends to it
	lease_until timestamptz not null default now()
) with (fillfactor = 50);
create index webhook_endpoint_scope on webhook_endpoint (scope, scope_id);

-- Several may be valid at a time, so that a receiver can change over; each signs every delivery.
create table webhook_secret (
	secret_id   int4 generated always as identity primary key,
	endpoint_id int4 not null references webhook_endpoint,
	value       bytea not null check (length(value) between 24 and 64),
	made_at     timestamptz not null default now(),
	valid_until timestamptz                                    -- null: until there is a newer one
);
create index webhook_secret_endpoint on webhook_secret (endpoint_id);

-- What an endpoint has still to hear.  A lane is told one after the other; an order is always in one lane.
create table webhook_delivery (
	endpoint_id int4 not null,
	lane        int2 not null,
	position    int8 not null,          -- in event_log
	attempts    int2 not null default 0,
	next_at     timestamptz,            -- null: at once
	queued_at   timestamptz not null,
	status      int2 not null default 0, -- HTTP status of the last try; 0: there was none
	error       text not null default '',
	primary key (endpoint_id, lane, position)
);

create table webhook_dead (
	endpoint_id int4 not null,
	position    int8 not null,
	attempts    int2 not null,
	status      int2 not null,
	error       text not null,
	queued_at   timestamptz not null,
	died_at     timestamptz not null,
	primary key (endpoint_id, position)
);
create index webhook_dead_at on webhook_dead (died_at);

-- How far the courier's news were read, and who reads them.
create table courier_feed (
	courier     text primary key,
	cursor      text not null default '',
	lease_by    uuid,
	lease_until timestamptz not null default now()
);
insert into courier_feed (courier) values ('courier');

-- Rows come and go: look after them by number, not by share.
alter table outbox set (autovacuum_vacuum_scale_factor = 0.02);
alter table webhook_delivery set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

grant select, insert on event_log, webhook_endpoint, webhook_secret, webhook_delivery, webhook_dead to yuncang_service;
grant update on webhook_endpoint, webhook_secret, webhook_delivery to yuncang_service;
grant delete on webhook_endpoint, webhook_secret, webhook_delivery, webhook_dead to yuncang_service;
grant select, update on courier_feed to yuncang_service;
