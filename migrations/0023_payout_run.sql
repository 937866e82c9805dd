-- The lease of the job that prepares payouts by itself: who moves started_at on prepares, and nobody else for a while.
create table payout_run (
	only_row   bool primary key default true check (only_row),
	started_at timestamptz
);
insert into payout_run default values;

grant select, update on payout_run to yuncang_service;
