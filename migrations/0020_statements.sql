-- What is frozen by its name: funders of a campaign, and books and policies by version.  Orders of years ago are
-- reckoned again with them.

revoke update on campaign, split_rule_book, routing_policy from yuncang_service;
grant update (name, sku_ids, unit_max_fen, from_at, until_at, disabled) on campaign to yuncang_service;
grant update (state) on split_rule_book, routing_policy to yuncang_service;
revoke delete on campaign, split_rule_book, routing_policy from yuncang_service;

-- ---- Words ----------------------------------------------------------------------------------------------

-- domain/event_word.c says the same.
create function event_word(event int) returns text language sql immutable parallel safe as $$
	select coalesce((array['E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E7', 'E8', 'R1', 'R2', 'R3', 'F', 'D', 'L', 'J', 'K', 'E7d',
	    'E6c'])[event], '?')
$$;
-- enum leg_kind; '' is cash and clearing.
create function leg_word(kind int) returns text language sql immutable parallel safe as $$
	select coalesce((array['cost', 'margin', 'transfer', 'handling', 'platform_fee', 'provider_fee', 'staff',
	    'delivery_income', 'courier', 'shortfall', 'channel'])[kind], '')
$$;

-- ---- Views for BI ---------------------------------------------------------------------------------------

-- What a dealer's analysts may read with SQL: views that each show the rows of the dealers whom bi_login gives to the
-- session's login, and nothing else.  Not a policy by a setting: whoever can SELECT can SET.  session_user is who logged in,
-- whatever SET ROLE says afterwards; the views read with their owner's rights, and being barriers let no function of the
-- reader's see a row before they have judged it.
--
-- Not policies on the tables: those need grants on the tables, and the reader's own conditions are looked for first where
-- an index serves them, so that EXPLAIN ANALYZE counts other dealers' rows under any of them.  "offset 0" ends that here,
-- as no policy can: no condition goes inside, a plan is the same whatever is asked.  The price is that all rows of the
-- login's dealers are read each time.  How a login is made: migrations/README.md.
do $$
begin
	if not exists (select from pg_roles where rolname = 'yuncang_bi') then
		create role yuncang_bi nologin;
	end if;
end
$$;

create table bi_login (
	login      name not null,
	dealer_id  int4 references party,  -- null: the brand's own analysts see everybody's
	unique nulls not distinct (login, dealer_id)
);

-- Dealers, and the brand, that the session may see: one array, judged once a query.
create view bi_mine with (security_barrier) as
	select p.party_id, p.code, p.kind = 1 as brand from party p where p.kind in (1, 2) and exists (
		select from bi_login l where l.login = session_user and (l.dealer_id is null or l.dealer_id = p.party_id))
	offset 0;

create view bi_order with (security_barrier) as
	select o.order_id, d.code as dealer, f.code as storefront, o.order_ref,
		(array['open', 'awaiting_payment', 'awaiting_customer', 'unfillable', null, 'cancelled'])[o.mark + 1] as mark,
		(array['ship', 'pickup', 'deliver'])[o.way] as way, o.created_at, o.paid_at, o.goods_fen, o.delivery_fee_fen,
		o.funded_fen, o.fee_fen as provider_fee_fen, o.margin_fen as owner_margin_fen, o.refund_due_fen, o.split_version
	from sales_order o join party d on d.party_id = o.dealer_id join storefront f using (storefront_id)
	where o.dealer_id = any (array(select party_id from bi_mine))
	offset 0;

create view bi_order_line with (security_barrier) as
	select o.order_id, d.code as dealer, l.n - 1 as line, s.code as sku, s.sku_class, s.tax_class, l.quantity, l.price_fen,
		l.cost_fen, coalesce(o.line_discount_fen[l.n], 0) as discount_fen
	from sales_order o join party d on d.party_id = o.dealer_id,
		unnest(o.line_sku, o.line_qty, o.line_price_fen, o.line_cost_fen) with ordinality
			l(sku_id, quantity, price_fen, cost_fen, n)
		join sku s using (sku_id)
	where o.dealer_id = any (array(select party_id from bi_mine))
	offset 0;

-- What a dealer's own stores did, whoever's customer it was for.
create view bi_fulfilment with (security_barrier) as
	select f.order_id, f.number, d.code as operator, l.code as location, (array['ship', 'pickup', 'deliver'])[f.way] as way,
		(array['planned', 'offered', 'accepted', 'rejected', 'expired', 'ready_for_pickup', 'collected', 'not_collected',
		    'out_for_delivery', 'delivered', 'delivery_failed', 'returning', 'shipped', 'lost', 'restocked',
		    'cancelled'])[f.state] as state,
		f.promise_from, f.promise_to, (select sum(q) from unnest(f.qty) q) as units
	from fulfilment f join party d on d.party_id = f.dealer_id join location l using (location_id)
	where f.dealer_id = any (array(select party_id from bi_mine))
	offset 0;

-- Accounts of a party as a statement has them; see domain/statement.c.  Who else stands in an account is told where it
-- is the brand or may be seen.
create view bi_entry with (security_barrier) as
	select m.code as party, k.account, c.code as counterparty, e.period, event_word(e.event) as event, e.event_no,
		leg_word(e.kind) as kind, e.fen as amount_fen, e.event_at, e.posted_at, e.order_id, e.number as fulfilment,
		e.provider_ref, e.batch_no, e.entry_no
	from bi_mine m
		join (values (1, 'psp_frozen', false), (2, 'psp_available', false), (3, 'psp_disputed', false),
		    (4, 'psp_fee_rebate', false), (5, 'bank', false), (6, 'receivable', true), (20, 'held', true),
		    (21, 'available', true), (22, 'in_payout', true), (43, 'promo', false), (40, 'cost', false),
		    (41, 'other', false), (42, 'promo', false), (50, 'psp_fee', false), (51, 'loss', false),
		    (52, 'rounding', false)) k (kind, account, others)
			on k.kind <= 5 or m.brand = (k.kind between 40 and 42 or k.kind >= 50)
		join generate_series(0, 5) v (provider) on k.kind <= 4 or v.provider = 0,
		lateral (select (k.kind::int8 << 55) | (v.provider::int8 << 50) |
			(case when m.brand and k.kind > 5 then 0 else m.party_id end::int8 << 25) as lo) r,
		lateral (select * from entry e where e.account between r.lo and r.lo | case when k.others then 33554431 else 0 end) e
		left join party c on c.party_id = (e.account & 33554431)::int4
			and (c.kind = 1 or c.party_id in (select party_id from bi_mine))
	offset 0;

-- Sums of it; a statement's movements.
create view bi_movement with (security_barrier) as
	select party, account, counterparty, period, event, kind, coalesce(sum(amount_fen) filter (where amount_fen > 0), 0) as debit_fen,
		coalesce(-sum(amount_fen) filter (where amount_fen < 0), 0) as credit_fen, count(*) as entries
	from bi_entry group by 1, 2, 3, 4, 5, 6;

create view bi_payout with (security_barrier) as
	select p.payout_id, w.code as party, (array['psp_split', 'bank', 'offset'])[p.rail] as rail, p.gross_fen, p.netted_fen, p.fen,
		(array['prepared', 'instructed', 'paid', 'closed'])[p.state] as state, p.number, p.made_at, p.done_at, p.fail_reason
	from payout p join party w on w.party_id = p.party_id
	where p.party_id = any (array(select party_id from bi_mine))
	offset 0;

create view bi_refund with (security_barrier) as
	select r.order_id, d.code as dealer, r.refund_no, r.part_no,
		(array['wechat', 'alipay', 'unionpay', 'channel', 'cash'])[r.provider] as provider, r.payment_number, r.fen,
		r.rebate_fen, (array['due', 'asked', 'done', 'refused', 'confirmed'])[r.state] as state, r.due_at, r.done_at
	from refund r join party d on d.party_id = r.dealer_id
	where r.dealer_id = any (array(select party_id from bi_mine))
	offset 0;

grant select on bi_mine, bi_order, bi_order_line, bi_fulfilment, bi_entry, bi_movement, bi_payout, bi_refund to yuncang_bi;
