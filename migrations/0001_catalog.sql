-- The catalog: what the brand, its dealers and their stores are.  Small tables, read whole into each
-- instance's memory; every write raises the version of its part in catalog_state, which instances poll.

-- The service works under this role whoever logs in (SET ROLE): it may do what is granted below and no more.
do $$
begin
	if not exists (select from pg_roles where rolname = 'yuncang_service') then
		create role yuncang_service nologin;
	end if;
	execute format('grant yuncang_service to %I', current_user);
end
$$;

create table catalog_state (
	part    text primary key,
	version int8 not null default 1
);
insert into catalog_state (part)
values ('parties'), ('territories'), ('locations'), ('storefronts'), ('skus'), ('campaigns'),
       ('policies'), ('keys');

-- Secrets shared by all instances: the key that signs quote tokens and page tokens.
create table secret (
	name  text primary key,
	value bytea not null check (length(value) = 32)
);
insert into secret (name, value)
select n, sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
from unnest(array['token', 'store_code']) n;

create domain code as text check (value ~ '^[A-Za-z0-9._:-]{1,64}$');

create table party (
	party_id        int4 generated always as identity primary key check (party_id < 33554432),
	code            code not null unique,
	kind            int2 not null check (kind between 1 and 8),
	name            text not null default '',
	grade           int2 not null default 1 check (grade between 1 and 9),
	provider        int2 not null default 0,
	merchant_number text not null default '',
	fee_bps         int4 not null default 0 check (fee_bps between 0 and 10000),
	employer_id     int4 references party,
	accept_bps      int4 not null default 10000 check (accept_bps between 0 and 10000),
	disabled        bool not null default false
);
create unique index party_one_brand on party (kind) where kind = 1;

create table territory (
	territory_id int4 generated always as identity primary key,
	code         code not null unique,
	dealer_id    int4 not null references party,
	disabled     bool not null default false
);
-- One owner a region: the primary key says so.
create table territory_region (
	region       text primary key check (region ~ '^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$' and length(region) <= 64),
	territory_id int4 not null references territory
);
create index territory_region_territory on territory_region (territory_id);

create table location (
	location_id       int4 generated always as identity primary key,
	code              code not null unique,
	kind              int2 not null check (kind between 1 and 3),
	party_id          int4 not null references party,
	ways              int2 not null,
	lat_e6            int4 not null check (lat_e6 between -90000000 and 90000000),
	lon_e6            int4 not null check (lon_e6 between -180000000 and 180000000),
	region            text not null default '',
	time_zone         text not null default 'Asia/Shanghai',
	tz_min            int2 not null default 480,
	hours_open        int2[] not null check (cardinality(hours_open) in (0, 7)), -- empty: always open
	hours_close       int2[] not null check (cardinality(hours_close) = cardinality(hours_open)),
	lead_min          int4 not null default 0,
	accept_min        int4 not null default 0,
	capacity_day      int4 not null default 0,
	deliver_radius_m  int4 not null default 0,
	preference        int4 not null default 0,
	handling_cost_fen int8 not null default 0,
	cut_off_min       int4 not null default 0,
	disabled          bool not null default false
);

create table storefront (
	storefront_id int4 generated always as identity primary key,
	code          code not null unique,
	kind          int2 not null check (kind between 1 and 4),
	location_id   int4 references location,
	dealer_id     int4 references party,
	channel_id    int4 references party,
	disabled      bool not null default false,
	check (location_id is null or dealer_id is null)
);

create table sku (
	sku_id        int4 generated always as identity primary key,
	code          code not null unique,
	name          text not null default '',
	sku_class     text not null default '',
	cost_fen      int8 not null check (cost_fen >= 0),
	list_fen      int8 not null check (list_fen between 0 and 1000000000000000),
	floor_fen     int8 not null check (floor_fen between 0 and list_fen),
	cloud_only    bool not null default false,
	made_to_order bool not null default false,
	serialised    bool not null default false,
	tax_class     text not null default '',
	disabled      bool not null default false
);

create table campaign (
	campaign_id  int4 generated always as identity primary key,
	code         code not null unique,
	name         text not null default '',
	funder_ids   int4[] not null check (cardinality(funder_ids) between 1 and 8),
	share_bps    int4[] not null check (cardinality(share_bps) = cardinality(funder_ids)),
	sku_ids      int4[] not null default '{}', -- empty: all
	unit_max_fen int8 not null check (unit_max_fen > 0),
	from_at      timestamptz not null,
	until_at     timestamptz not null,
	disabled     bool not null default false
);

-- Routing policies and split rules are kept as proto3 JSON: what was put is what can be read.
create table routing_policy (
	version        int4 generated always as identity primary key,
	state          int2 not null check (state between 1 and 3),
	effective_from timestamptz not null,
	body           jsonb not null,
	note           text not null default '',
	created_at     timestamptz not null default now()
);
create table split_rule_book (
	version        int4 generated always as identity primary key,
	state          int2 not null check (state between 1 and 3),
	effective_from timestamptz not null,
	body           jsonb not null,
	note           text not null default '',
	created_at     timestamptz not null default now()
);

create table api_key (
	key_id     int8 generated always as identity primary key,
	hash       bytea not null unique check (length(hash) = 32),
	name       text not null,
	role       text not null check (role in ('storefront', 'store', 'finance', 'operator', 'admin')),
	scopes     text[] not null default '{}',
	created_at timestamptz not null default now(),
	revoked_at timestamptz
);

-- Who owns a customer, as dated evidence.  customer is the first 8 bytes of the SHA-256 of your id of the
-- customer: the id itself is not kept.
create table ownership_claim (
	customer    int8 not null,
	location_id int4 not null references location,
	kind        int2 not null check (kind between 1 and 3),
	from_at     timestamptz not null,
	staff_id    int4 references party,
	until_at    timestamptz,
	evidence    text not null default '',
	written_at  timestamptz not null default now(),
	primary key (customer, location_id, kind, from_at)
);

grant select, insert, update, delete on catalog_state, party, territory, territory_region, location, storefront,
	sku, campaign, routing_policy, split_rule_book, api_key, ownership_claim to yuncang_service;
grant select on secret to yuncang_service;
