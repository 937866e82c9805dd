-- The money of an order behind its commit: what every posting was about, balances with their bounds, periods
-- that close, and the work that is owed: holds, refunds, payouts, calls to the payment provider.

-- What a posting was about.  units: seven numbers a range, see domain/order_money.h.
alter table journal
	add column order_id uuid,        -- null: the object is the order, or there is none
	add column number int2,          -- of the fulfilment
	add column units int4[],
	add column corrects_event int2,  -- with corrects: the row that is corrected
	add column corrects_no int4;
-- The sealer takes each stream in order.
create index journal_stream on journal (stream_id, seq);
create index journal_order on journal (order_id) where order_id is not null;

-- Legs of a decision know their row; its lines are the order's unless line_of says which.
alter table decision
	add column leg_row int2[],
	add column line_of int2[];

-- ---- Periods ------------------------------------------------------------------------------------------

-- Postings go to the period of their day, or to open_period if that is later: what is closed stays closed.
create table ledger_state (
	one         bool primary key default true check (one),
	open_period int4 not null check (open_period between 200001 and 999912)
);
insert into ledger_state (open_period) values (200001);

create function journal_period_open() returns trigger language plpgsql as $$
begin
	if exists (select from fresh f, ledger_state s where f.period < s.open_period) then
		raise exception 'the period is closed' using errcode = '23514', constraint = 'journal_period_open';
	end if;
	return null;
end
$$;
-- Once a statement, not once a row: that cost 45 us a row where this costs some 20 us a batch.
create trigger journal_period_open after insert on journal
	referencing new table as fresh for each statement execute function journal_period_open();

-- ---- Balances -----------------------------------------------------------------------------------------

create function account_kind(account int8) returns int language sql immutable strict parallel safe as
	$$ select (account >> 55)::int & 127 $$;

-- Of accounts with a bound: what dealers and staff are owed (never below nothing) and what dealers owe.
create table balance (
	account int8 primary key,
	fen     int8 not null,
	constraint balance_bounded check (case
	    when ((account >> 55)::int & 127) between 20 and 25 then fen <= 0
	    when ((account >> 55)::int & 127) = 6 then fen >= 0
	    else false end)
) with (fillfactor = 50);

-- ---- What is owed ---------------------------------------------------------------------------------------

-- A fulfilment whose split is posted: its legs are held until due_at.
create table settlement (
	order_id     uuid not null,
	number       int2 not null,
	dealer_id    int4 not null,  -- the order's owner
	collector_id int4 not null,
	posted_at    timestamptz not null,
	due_at       timestamptz not null,
	ended_at     timestamptz,    -- E4 is posted
	primary key (order_id, number, dealer_id)
);
create index settlement_due on settlement (due_at) where ended_at is null;

-- What may be paid out, by order and account.  Negative: a refund took it from what others of the account had.
create table payable (
	order_id     uuid not null,
	event        int2 not null,   -- of the journal row that made it available
	event_no     int4 not null,
	account      int8 not null,   -- …:avail
	dealer_id    int4 not null,   -- the order's owner
	collector_id int4 not null,
	party_id     int4 not null,   -- who is owed
	fen          int8 not null check (fen <> 0),  -- positive: owed to him
	made_at      timestamptz not null,
	rail         int2,            -- 1 psp_split, 2 bank, 3 offset; null: not chosen yet
	payout_id    uuid,            -- null: open
	primary key (order_id, event, event_no, account, dealer_id)
);
create index payable_open on payable (collector_id, account) where payout_id is null;

-- What goes back to the customer, one row a payment it goes back to.
create table refund (
	order_id       uuid not null,
	refund_no      int4 not null,  -- event_no of its R1
	part_no        int2 not null,  -- 1 .. 7
	dealer_id      int4 not null,
	collector_id   int4 not null,
	provider       int2 not null,
	payment_number text not null,
	fen            int8 not null check (fen > 0),
	rebate_fen     int8 not null check (rebate_fen >= 0), -- of the provider's fee
	state          int2 not null,  -- 1 due, 2 asked, 3 done, 4 refused by the provider, 5 done says a person; not posted yet
	number         text,           -- its provider_call
	due_at         timestamptz not null,
	done_at        timestamptz,
	primary key (order_id, refund_no, part_no, dealer_id)
);
create index refund_open on refund (due_at) where state in (1, 4, 5);

-- What a dealer who was paid by the split of an order owes of it since a refund.
create table clawback (
	order_id     uuid not null,
	refund_no    int4 not null,
	party_id     int4 not null,
	dealer_id    int4 not null,
	collector_id int4 not null,
	creditor_id  int4 not null,
	fen          int8 not null check (fen > 0),
	state        int2 not null,   -- 1 due, 2 asked, 3 returned, 4 left to netting
	number       text,
	due_at       timestamptz not null,
	done_at      timestamptz,
	primary key (order_id, refund_no, party_id, dealer_id)
);
create index clawback_open on clawback (due_at) where state = 1;

alter table payment
	add column released_at timestamptz;  -- nothing of it is frozen at the provider any more

-- ---- Payouts --------------------------------------------------------------------------------------------

create table payout_batch (
	batch_id     uuid primary key,
	collector_id int4 not null,
	rail         int2 not null,
	state        int2 not null,  -- 1 prepared, 2 instructed, 3 done, 4 refused
	fen          int8 not null,
	payouts      int4 not null,
	prepared_at  timestamptz not null,
	prepared_by  int8 not null,  -- key
	decided_at   timestamptz,
	decided_by   int8,
	exported_at  timestamptz
);
create table payout (
	payout_id    uuid primary key,
	batch_id     uuid,
	order_id     uuid,           -- psp_split: whose split it is part of
	payout_no    int4,           -- within the order
	collector_id int4 not null,
	party_id     int4 not null,
	account      int8 not null,  -- …:avail it is paid from
	rail         int2 not null,
	gross_fen    int8 not null check (gross_fen > 0),
	netted_fen   int8 not null check (netted_fen >= 0),
	fen          int8 not null check (fen >= 0 and fen + netted_fen = gross_fen),
	state        int2 not null,  -- 1 prepared, 2 instructed, 3 paid, 4 closed
	number       text,           -- its provider_call
	made_at      timestamptz not null,
	done_at      timestamptz,
	fail_reason  text
);
create index payout_batch_of on payout (batch_id) where batch_id is not null;
create unique index payout_order on payout (order_id, payout_no) where order_id is not null;

-- ---- Calls to the provider ------------------------------------------------------------------------------

-- A number is stored before it is sent, and never names another request.
create table provider_call (
	number         text primary key check (number ~ '^[0-9A-Za-z_*@-]{1,64}$'),
	kind           int2 not null,  -- 1 split, 2 unfreeze, 3 return, 4 refund
	provider       int2 not null,
	collector_id   int4 not null,  -- whose merchant account pays
	order_id       uuid not null,
	payment_number text not null,
	split_number   text,           -- return: of the split it takes back from
	fen            int8 not null,  -- of all items; refund: what goes back
	total_fen      int8 not null default 0, -- refund: what was paid
	body_hash      bytea,          -- of the first request sent under the number
	state          int2 not null,  -- 1 queued, 2 sent (outcome unknown), 3 under way at the provider, 4 done, 5 refused
	deadline       timestamptz not null,
	next_at        timestamptz not null,
	tries          int4 not null default 0,
	made_at        timestamptz not null,
	sent_at        timestamptz,
	done_at        timestamptz,
	provider_id    text,           -- the provider's own number
	error          text
);
create index provider_call_due on provider_call (deadline, next_at) where state in (1, 2, 3);
create index provider_call_order on provider_call (order_id);

-- A receiver of a split; a call of another kind has one item.
create table provider_call_item (
	number      text not null references provider_call,
	item_no     int2 not null,
	party_id    int4 not null,
	receiver    text not null,     -- merchant number, or openid of a person
	personal    bool not null default false,
	fen         int8 not null,
	payout_id   uuid,
	result      int2 not null default 1,  -- 1 pending, 2 success, 3 closed
	posted      bool not null default false, -- what follows from the result is in the journal
	fail_reason text,
	detail_id   text,
	primary key (number, item_no)
);

-- ---- Two persons ----------------------------------------------------------------------------------------

create table proposal (
	proposal_id   uuid primary key,
	kind          int2 not null,
	body          bytea not null,   -- the request, packed
	fen           int8 not null,
	about         text not null,
	ref           text not null,
	body_hash     bytea not null,
	proposed_by   int8 not null,    -- key
	proposed_name text not null,
	proposed_at   timestamptz not null,
	state         int2 not null,    -- 1 waits, 2 approved and done, 3 refused
	decided_by    int8,
	decided_name  text,
	decided_at    timestamptz,
	note          text not null default '',
	check (decided_by is distinct from proposed_by and decided_name is distinct from proposed_name)
);
create unique index proposal_ref on proposal (kind, ref);

grant select on ledger_state to yuncang_service;
grant select, insert, update on balance, settlement, payable, refund, clawback, payout_batch, payout, provider_call,
	provider_call_item, proposal to yuncang_service;

-- Accounts that every stage has, and the channel's; see domain/account.h.
create or replace function account_name(account int8) returns text
language sql stable strict parallel safe as $$
	select coalesce(replace(replace(replace(t.text,
	    '%v', coalesce((array['none', 'wechat', 'alipay', 'unionpay', 'channel', 'cash'])[n.provider + 1], '?')),
	    '%p', coalesce((select p.code from party p where p.party_id = n.party), '#' || n.party)),
	    '%o', coalesce((select p.code from party p where p.party_id = n.other), '#' || n.other)), '?' || account)
	from (select ((account >> 55) & 127)::int as kind, ((account >> 50) & 31)::int as provider,
	    ((account >> 25) & 33554431)::int as party, (account & 33554431)::int as other) n
	left join (values (1, 'A:psp:%v:%p:frozen'), (2, 'A:psp:%v:%p:available'), (3, 'A:psp:%v:%p:disputed'),
	    (4, 'A:psp:%v:%p:fee_rebate'), (5, 'A:bank:%p'), (6, 'A:recv:dealer:%p:%o'), (7, 'A:recv:courier:%p'),
	    (10, 'C:order'), (11, 'C:refund'), (12, 'C:payout'), (13, 'C:recon'),
	    (20, 'P:dealer:%p:%o:held'), (21, 'P:dealer:%p:%o:avail'), (22, 'P:dealer:%p:%o:in_payout'),
	    (23, 'P:staff:%p:held'), (24, 'P:staff:%p:avail'), (25, 'P:staff:%p:in_payout'),
	    (26, 'P:courier:%p:held'), (27, 'P:courier:%p:avail'), (28, 'P:courier:%p:in_payout'),
	    (29, 'P:wh:%p:held'), (30, 'P:wh:%p:avail'), (31, 'P:wh:%p:in_payout'),
	    (32, 'P:op:held'), (33, 'P:op:avail'), (34, 'P:op:in_payout'),
	    (35, 'P:channel:%p:held'), (36, 'P:channel:%p:avail'), (37, 'P:channel:%p:in_payout'),
	    (40, 'P:brand:cost'), (41, 'P:brand:other'), (42, 'P:brand:promo'), (43, 'P:dealer:%p:promo'),
	    (44, 'P:op:promo'), (50, 'X:psp_fee'), (51, 'X:loss'), (52, 'X:rounding')) t (kind, text)
	    using (kind)
$$;
