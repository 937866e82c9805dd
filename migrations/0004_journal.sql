-- The journal is the truth: one append-only row a business event, legs as arrays (debit +, credit -).

-- False, not null, on anything malformed: a CHECK lets null pass.  In plpgsql, which took 2 us a row where
-- the same as one SQL expression took 6 (its subquery keeps it from being inlined).
create function journal_balanced(accounts int8[], amounts int8[], kinds int2[]) returns bool
language plpgsql immutable parallel safe as $$
declare
	a int8;
	total int8 := 0;
begin
	if cardinality(accounts) >= 2 and cardinality(accounts) = cardinality(amounts)
		and cardinality(accounts) = cardinality(kinds)
		and array_position(accounts, null) is null and array_position(kinds, null) is null
	then
		foreach a in array amounts loop
			if a is null or a = 0 then
				return false;
			end if;
			total := total + a; -- past int8 is an error, and refused as well
		end loop;
		return total = 0;
	end if;
	return false;
end
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

-- The text of an account number, as domain/account.h builds it.
create function account_name(account int8) returns text
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
	    (26, 'P:courier:%p:held'), (29, 'P:wh:%p:held'), (32, 'P:op:held'),
	    (40, 'P:brand:cost'), (41, 'P:brand:other'), (42, 'P:brand:promo'), (43, 'P:dealer:%p:promo'),
	    (44, 'P:op:promo'), (50, 'X:psp_fee'), (51, 'X:loss'), (52, 'X:rounding')) t (kind, text)
	    using (kind)
$$;
