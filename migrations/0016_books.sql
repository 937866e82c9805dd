-- The books behind the commit: sealed batches of journal rows, chained by their hashes; one row a leg, as
-- statements, exports and reconciliation read it; periods that are closed.

-- One at a time, whatever instance: who seals, who closes a period.
create table ledger_lock (name text primary key);
insert into ledger_lock values ('seal'), ('close');
grant select, update on ledger_lock to yuncang_service;

-- Rows of a batch stand in the order (stream_id, seq, object_id, event, event_no, dealer_id).
create table seal_batch (
	batch_no  int8 primary key,
	form      int2 not null,           -- of the bytes that were hashed: store/sql_seal.h
	sealed_at timestamptz not null,
	row_count int4 not null check (row_count > 0),
	entry_count int4 not null,
	hash      bytea not null check (octet_length(hash) = 32) -- SHA-256(hash before, batch_no, the rows' bytes)
);
-- What a batch took of each stream.  The largest seq_to of a stream is how far it is sealed: streams are followed
-- one by one, so that a late commit of another one is never passed over.
create table seal_range (
	stream_id int8 not null,
	seq_from  int8 not null,           -- the seq_to before, plus one
	seq_to    int8 not null check (seq_to >= seq_from),
	batch_no  int8 not null,
	primary key (stream_id, seq_to)
);
create unique index seal_range_batch on seal_range (batch_no, stream_id);
-- What a batch holds of each period.
create table seal_period (
	period    int4 not null,
	batch_no  int8 not null,
	row_count int4 not null,
	entry_count int4 not null,
	hash      bytea not null,          -- SHA-256 of the rows' bytes
	primary key (period, batch_no)
);

create table entry (
	batch_no     int8 not null,
	entry_no     int4 not null,        -- within the batch, from 1
	object_id    uuid not null,        -- with event, event_no, dealer_id: the journal row
	event        int2 not null,
	event_no     int4 not null,
	dealer_id    int4 not null,
	leg_no       int2 not null,        -- within the row, from 1
	account      int8 not null,
	fen          int8 not null,        -- debit +, credit -
	kind         int2 not null,        -- enum leg_kind; 0: cash and clearing
	period       int4 not null,
	event_at     timestamptz not null,
	posted_at    timestamptz not null,
	order_id     uuid,                 -- also where the row's object is the order
	number       int2,
	provider_ref text,
	primary key (batch_no, entry_no)
);
create index entry_account on entry (account, period, batch_no, entry_no);
-- What a line of the provider's bills is looked for in: accounts 1 to 3, his books.
create index entry_provider on entry (provider_ref) where provider_ref is not null and account < (4::int8 << 55);

do $$
declare
	c record;
begin
	for c in
		select a.attrelid::regclass as tab, a.attname as col from pg_attribute a
		where a.attrelid = 'entry'::regclass and a.attnum > 0 and not a.attisdropped
	loop
		execute format('alter table %s alter column %I set statistics 10', c.tab, c.col);
	end loop;
end
$$;

-- Streams whose rows are not sealed stay known; those of before are known again.
insert into feed_stream (stream_id) overriding system value
	select distinct j.stream_id from journal j
	where not exists (select from feed_stream f where f.stream_id = j.stream_id);

-- ---- Closed periods -----------------------------------------------------------------------------------

create table ledger_period (
	period      int4 primary key,
	closed_at   timestamptz not null,
	key_id      int8 not null,         -- who closed it
	key_name    text not null,
	batch_last  int8 not null,         -- what was sealed then; 0: nothing
	row_count   int8 not null,
	entry_count int8 not null,
	debit_fen   int8 not null,
	hash        bytea not null         -- ledger_chain() of its seal_period hashes by batch
);
create table ledger_period_total (
	account     int8 not null,
	period      int4 not null,
	debit_fen   int8 not null,
	credit_fen  int8 not null,         -- positive
	entry_count int8 not null,
	primary key (account, period)
);

grant select, insert on seal_batch, seal_range, seal_period, entry to yuncang_service;
-- Written by ledger_close() alone.
grant select on ledger_period, ledger_period_total to yuncang_service;

create function ledger_link(hash bytea, value bytea) returns bytea language sql immutable strict parallel safe as
	$$ select sha256(hash || value) $$;
create aggregate ledger_chain(bytea) (sfunc = ledger_link, stype = bytea, initcond = '');

create function period_after(period int4) returns int4 language sql immutable strict parallel safe as
	$$ select case when period % 100 = 12 then period + 89 else period + 1 end $$;

-- Rows of periods up to this one that no batch has.
create function ledger_unsealed(upto int4) returns bool language sql stable as $$
	select exists (select from feed_stream f, lateral (select from journal j where j.stream_id = f.stream_id
	    and j.seq > coalesce((select max(r.seq_to) from seal_range r where r.stream_id = f.stream_id), 0)
	    and j.period <= upto limit 1) j)
$$;

-- Exceptions of reconciliation that are open; their table is of a later migration.
create function ledger_exceptions(upto int4) returns int8 language plpgsql stable as $$
begin
	return (select count(*) from recon_exception where period <= upto and closed_at is null);
end
$$;

-- Closes the next period, or says why not.  What is posted meanwhile waits for the lock on journal, and then reads
-- which period is open; it is held while nothing but the last look at what is not sealed is done.
create function ledger_close(what int4, at timestamptz, by_key int8, by_name text) returns text
language plpgsql security definer set search_path from current as $$
declare
	opened int4;
	recon int8;
begin
	perform from ledger_lock where name = 'close' for update;
	if exists (select from ledger_period where period = what) then
		return 'closed before';
	end if;
	perform from ledger_lock where name = 'seal' for update; -- nothing is sealed meanwhile
	select open_period into opened from ledger_state;
	if what < opened or exists (select from seal_period where period >= opened and period < what) then
		return 'not the next';
	end if;
	if ledger_unsealed(what) then
		return 'not sealed';
	end if;
	-- C:recon, the one clearing account that knows no order
	select coalesce(sum(fen), 0) into recon from entry where account = 13::int8 << 55 and period <= what;
	if recon <> 0 then
		return 'recon';
	end if;
	if ledger_exceptions(what) <> 0 then
		return 'exceptions';
	end if;
	insert into ledger_period_total
	select e.account, what, coalesce(sum(e.fen) filter (where e.fen > 0), 0),
	    coalesce(-sum(e.fen) filter (where e.fen < 0), 0), count(*)
	from seal_period s join entry e on e.batch_no = s.batch_no and e.period = what
	where s.period = what group by e.account;
	insert into ledger_period
	select what, at, by_key, by_name, coalesce((select max(batch_no) from seal_batch), 0), coalesce(sum(row_count), 0),
	    coalesce(sum(entry_count), 0), (select coalesce(sum(debit_fen), 0) from ledger_period_total where period = what),
	    coalesce(ledger_chain(hash order by batch_no), '')
	from seal_period where period = what;
	perform set_config('lock_timeout', '3s', true);
	lock table journal in share row exclusive mode;
	if ledger_unsealed(what) then
		raise exception 'rows of the period came while it was closed' using errcode = '40001';
	end if;
	update ledger_state set open_period = period_after(what);
	return 'closed';
end
$$;
revoke execute on function ledger_close(int4, timestamptz, int8, text) from public;
grant execute on function ledger_close(int4, timestamptz, int8, text) to yuncang_service;
