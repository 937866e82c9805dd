-- The journal is the truth: one append-only row a business event, legs as arrays (debit +, credit -).

-- False, not null, on anything malformed: a CHECK lets null pass.
create function journal_balanced(accounts int8[], amounts int8[], kinds int2[]) returns bool
language sql immutable parallel safe as $$
	select coalesce(
		cardinality(accounts) >= 2
		and cardinality(accounts) = cardinality(amounts)
		and cardinality(accounts) = cardinality(kinds)
		and array_position(accounts, null) is null
		and array_position(amounts, null) is null
		and array_position(kinds, null) is null
		and 0 <> all (amounts)
		and (select sum(a) from unnest(amounts) a) = 0,
		false)
$$;

create table journal (
	object_id    uuid not null, -- the order, payout, … the event is about
	event        int2 not null, -- enum journal_event
	event_no     int4 not null, -- nth event of its kind for the object
	dealer_id    int4 not null,
	split_version int4 not null,
	stream_id    int8 not null, -- with seq: where in the change feed the row was committed
	seq          int8 not null,
	period       int4 not null check (period between 200001 and 999912),
	event_at     timestamptz not null,
	posted_at    timestamptz not null,
	accounts     int8[] not null,
	amounts      int8[] not null,
	kinds        int2[] not null,
	provider_ref text,
	corrects     uuid,
	primary key (object_id, event, event_no, dealer_id),
	constraint journal_balanced check (journal_balanced(accounts, amounts, kinds))
);

-- INSERT and SELECT, nothing else: an entry is corrected by a new row that names it.
grant select, insert on journal to yuncang_service;
