-- One order as a careful hand-written service writes it: a transaction of interactive statements, prepared,
-- each a round trip.  It is the benchmark's script for pgbench; hand.py fills in the words in braces: the columns of
-- a sample row of that table with this order's id, reference and row number put in, so that rows are in
-- size and content those the service wrote.  The sample is small (its pages stay in the CPU's cache) and
-- read by primary key in place of sending 30 values: about as dear as binding them.
--
-- Left out, to its advantage: decided by nobody, no capacity, slot, entitlement, campaign budget; stock of
-- all lines in one statement; no second statement for a reference that was there already.
\set i :i + 1
\set n random(1, :orders)
\set some random(1, 1000)
begin;
-- The claim, with an id that rises with time, as UUIDv7 does.
insert into submission {submission} on conflict do nothing returning order_id, order_ref \gset
update stock_level s set allocated = s.allocated + k.qty, last_grant = k.qty, version = s.version + 1 from sample_stock k where k.n = :n and s.dealer_id = k.dealer_id and s.location_id = k.location_id and s.sku_id = k.sku_id and s.goods_owner_id = k.goods_owner_id and s.on_hand - s.reserved - s.allocated - s.safety >= k.qty returning s.location_id, s.sku_id, s.on_hand - s.reserved - s.allocated - s.safety;
insert into sales_order {sales_order};
insert into fulfilment {fulfilment};
insert into decision {decision};
\if :some <= :contact_share
\set m random(1, :contacts)
insert into contact {contact};
\endif
\if :some <= :payment_share
\set m random(1, :payments)
insert into payment {payment};
insert into journal {journal};
\endif
insert into outbox {outbox};
insert into stock_change {stock_change};
commit;
