"""The databases: a world loaded through the RPCs that cannot sell out, and a past of finished orders."""

import contextlib
import json
import threading

from hand import columns
from machine import TOP, Failed, called, environment

# Nothing may run out: a refused order is cheaper than one that is written.
RAISE = (
    "update stock_level set on_hand = on_hand + 1000000",
    "update location set capacity_day = 1000000 where capacity_day > 0",
    "update capacity set limit_count = 1000000",
    "update slot set limit_count = 1000000",
    "update entitlement set ceiling = ceiling + 1000000",
    "update campaign_budget set budget_fen = budget_fen + 1000000000000000",
    "truncate stock_change",  # what the load changed; the service drops it after ten minutes
    "create extension if not exists pg_prewarm",
    "vacuum full stock_level",
    "vacuum full slot",
    "vacuum (analyze)",
)
NO_PAST = "w_small"  # the database of 300 stores without a past
HOLD_MIN = 30 * 24 * 60  # nothing may expire while it is measured
QUOTE_OPTIONS = 5


def load(bench, database, world, seed=1):
    """Migrates, loads the world through the RPCs and raises its limits."""
    cluster = bench.cluster
    cluster.drop(database)
    cluster.sql("postgres", f'create database "{database}"')
    env = environment(YUNCANG_DB=cluster.url(database))
    called([bench.build / "yuncang", "migrate"], env=env)
    key = called([bench.build / "yuncang", "key", "create", "--role", "admin"], env=env).strip()
    service = bench.service(database, key)
    called([bench.build / "simulator", "load", "--url", service.url, "--key", key, "--world", world,
            "--seed", seed, "--quiet"])
    policy = json.loads((TOP / "etc/default-policy.json").read_text(encoding="utf-8"))
    service.call("CatalogService/PutRoutingPolicy",
                 {"policy": policy | {"paymentHoldMin": HOLD_MIN, "quoteOptionsMax": QUOTE_OPTIONS},
                  "activate": True, "note": "benchmark"})
    bench.end(service)
    with contextlib.closing(cluster.connect(database)) as c, c.cursor() as q:
        for text in RAISE:
            q.execute(text)
    return key


def warm(cluster, database):
    """What orders read and change, into shared buffers."""
    cluster.sql(database, "select pg_prewarm(oid) from pg_class where relname in ('stock_level', "
                "'stock_level_pkey', 'entitlement', 'entitlement_pkey', 'slot', 'slot_pkey', 'capacity', "
                "'capacity_pkey')")


# ---- A past --------------------------------------------------------------------------------------
# Some orders are placed and paid through the service; the past is copies of their rows, the k-th as if made
# k + 7 days earlier, handed over long ago.  They hold nothing any more, but stand in every table with ids,
# references and times of their own, and in the counters that remember: capacity and slots of their days,
# entitlements, budgets.

DAYS = 7
BACK = f"make_interval(days => k + {DAYS})"
PAST_PAID = 20000  # ordered and paid through the service


def past_id(column):
    """A UUIDv7 that many days earlier; {column}_ms and {column}_tail stand in the table past_*."""
    return f"(lpad(to_hex({column}_ms - (k + {DAYS}) * 86400000::int8), 12, '0') || {column}_tail)::uuid"


# table: (its order's id, {column: its past value}); copied in this order, the long ones first
PAST = {
    "sales_order": ("order_id", {"order_ref": "'p' || k || '-' || order_ref", "mark": "0"}),
    "journal": ("object_id", {"provider_ref": "'p' || k || '-' || provider_ref",
                              "period": f"to_char(event_at - {BACK}, 'YYYYMM')::int4"}),
    "decision": ("order_id", {}),
    "order_act": ("order_id", {}),
    "fulfilment": ("order_id", {"state": "case way when 2 then 7 else 10 end",
                                "handed_at": f"promise_from - {BACK}",
                                "capacity_day": f"capacity_day - (k + {DAYS})"}),
    "submission": ("order_id", {"order_ref": "'p' || k || '-' || order_ref"}),
    "payment": ("order_id", {"number": "'p' || k || '-' || number"}),
    "outbox": ("order_id", {}),
    "contact": ("order_id", {}),
}

# Only orders that were paid at once and then went their way.
PICK = """
create table past_pick as select order_id from sales_order o where mark = 0 and paid_at is not null
	and refund_due_fen = 0 and not exists (select from decision d where d.order_id = o.order_id and attempt > 1)
"""
# Nobody acted on them yet: collected or sent out and delivered, with the trail that says so.
ACTS = """
create table past_order_act (like order_act including defaults, order_id_ms int8, order_id_tail text);
insert into past_order_act (order_id, act_no, dealer_id, kind, number, at, party_id, location_id, state, order_id_ms,
	order_id_tail)
select f.order_id, row_number() over (partition by f.order_id order by f.number, s.kind), o.dealer_id, s.kind, f.number,
	f.promise_from, f.dealer_id, f.location_id, s.state, f.order_id_ms, f.order_id_tail
from past_fulfilment f join past_sales_order o on o.order_id = f.order_id,
	(values (2, 6, 7), (1, 9, 13), (1, 10, 10), (3, 9, 9), (3, 10, 10)) s(way, kind, state) where s.way = f.way
"""
# What was handed over is split: E3, one row a fulfilment, as money_split.c posts it of a whole one.  An account is
# kind << 55 | party << 25 | other (domain/account.h).  No units: nobody acts on the past again.
SPLITS = """
create table past_split as
with leg as ( -- of the fulfilment's part; 6: the provider's fee, which E2 posted
	select f.order_id, f.number, o.collector_id, l.party, l.kind, l.fen, p.kind party_kind
	from past_fulfilment f join past_sales_order o on o.order_id = f.order_id
	join past_decision d on d.order_id = f.order_id and d.attempt = f.attempt,
		unnest(d.leg_kind, d.leg_party, d.leg_fen, d.leg_part) l(kind, party, fen, part)
	join party p on p.party_id = l.party where l.part = f.number - 1 and l.kind <> 6),
earned as (select order_id, number, kind, fen, case party_kind
		when 1 then case kind when 1 then 40::int8 else 41 end << 55
		when 3 then (23::int8 << 55) | (party::int8 << 25)
		when 4 then (26::int8 << 55) | (party::int8 << 25)
		when 5 then (29::int8 << 55) | (party::int8 << 25)
		when 6 then 32::int8 << 55
		when 8 then (35::int8 << 55) | (party::int8 << 25)
		else (20::int8 << 55) | (party::int8 << 25) | collector_id end account,
	(6::int8 << 55) | (party::int8 << 25) | case party when collector_id then
		(select party_id from party where kind = 1) else collector_id end owed
	from leg),
below as ( -- a dealer who loses by it owes that
	select order_id, number, account, owed, -sum(fen) fen from earned where account >> 55 = 20
	group by 1, 2, 3, 4 having sum(fen) < 0),
posted as (select order_id, number, account, kind, -fen fen from earned
	union all select order_id, number, account, 2, -fen from below
	union all select order_id, number, owed, 2, fen from below
	-- 10: what the brand adds is its promotion, and never was in clearing
	union all select order_id, number, case kind when 10 then 42::int8 else 10 end << 55, 0, fen from earned),
summed as (select order_id, number, account, kind, sum(fen)::int8 fen from posted group by 1, 2, 3, 4
	having sum(fen) <> 0)
select order_id, number, array_agg(account order by fen < 0, account, kind) accounts,
	array_agg(fen order by fen < 0, account, kind) amounts,
	array_agg(kind::int2 order by fen < 0, account, kind) kinds
from summed group by 1, 2;
insert into past_journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, event_at,
	posted_at, accounts, amounts, kinds, number, object_id_ms, object_id_tail)
select s.order_id, 3, 1000 + a.act_no, j.dealer_id, j.split_version, j.stream_id, j.seq, j.period, a.at, a.at,
	s.accounts, s.amounts, s.kinds, s.number, j.object_id_ms, j.object_id_tail
from past_split s join past_order_act a on a.order_id = s.order_id and a.number = s.number and a.kind in (6, 9)
join (select distinct on (object_id) * from past_journal order by object_id, event desc) j on j.object_id = s.order_id;
drop table past_split
"""
# What stays counted of a past fulfilment: its day's capacity and slot, its owner's entitlement, its budget.
COUNTERS = (
    f"""insert into capacity (dealer_id, location_id, day, limit_count, taken)
	select dealer_id, location_id, capacity_day - (k + {DAYS}), 1000000, count(*)
	from past_fulfilment, generate_series(1, %(copies)s) k where takes_capacity group by 1, 2, 3""",
    f"""insert into slot (dealer_id, location_id, day, from_min, to_min, limit_count, taken)
	select dealer_id, location_id, capacity_day - (k + {DAYS}), slot_from_min, slot_to_min, 1000000, count(*)
	from past_fulfilment, generate_series(1, %(copies)s) k where slot_from_min is not null
	group by 1, 2, 3, 4, 5""",
    """update entitlement e set used = used + t.n * %(copies)s, ceiling = ceiling + t.n * %(copies)s,
	version = version + 1 from (select o.dealer_id, u.sku, sum(u.qty)::int4 n from past_fulfilment f
	join past_sales_order o using (order_id), unnest(f.sku_id, f.qty) u(sku, qty)
	where u.sku = any(f.entitled_sku) group by 1, 2) t where e.dealer_id = t.dealer_id and e.sku_id = t.sku""",
    """update campaign_budget b set spent_fen = spent_fen + t.n * %(copies)s,
	budget_fen = budget_fen + t.n * %(copies)s, version = version + 1
	from (select u.campaign, sum(u.qty * u.discount)::int8 n from past_sales_order o,
	unnest(o.line_campaign, o.line_qty, o.line_discount_fen) u(campaign, qty, discount)
	where u.campaign > 0 group by 1) t where b.campaign_id = t.campaign""",
)


def make_past(bench, database, orders, progress):
    """About so many finished orders; how many there are."""
    cluster = bench.cluster
    service = bench.service(database)
    called([bench.build / "simulator", "run", "--url", service.url, "--key", bench.key, "--world", bench.world,
            "--pay", 100, "--seconds", 300, "--orders", min(PAST_PAID, max(orders // 50, 100)), "--connections", 128,
            "--journal", bench.journal(database), "--quiet"])
    bench.end(service)
    with contextlib.closing(cluster.connect(database)) as c, c.cursor() as q:
        q.execute(PICK)
        for table in PAST:
            if table == "order_act":
                continue
            key = PAST[table][0]
            ids = [n for n in columns(q, table) if n in ("order_id", "object_id", "event_id")]
            parts = "".join(f", ('x' || substr(replace(t.{i}::text, '-', ''), 1, 12))::bit(48)::int8 {i}_ms, "
                            f"substr(replace(t.{i}::text, '-', ''), 13) {i}_tail" for i in ids)
            q.execute(f"create table past_{table} as select t.*{parts} from {table} t "
                      f"where {key} in (select order_id from past_pick) order by {ids[0]}")
        q.execute(ACTS)
        q.execute(SPLITS)
        q.execute("select count(*) from past_pick")
        picked = q.fetchone()[0]
        if picked == 0:
            raise Failed("no order was paid: there is no past to make")
        copies = -(-orders // picked)
        for text in COUNTERS:
            q.execute(text, {"copies": copies})
    progress(f"{picked} orders paid through the service, {copies} copies of each")
    _copy_all(cluster, database, copies)
    cluster.sql(database, "drop table " + ", ".join(f"past_{t}" for t in [*PAST, "pick"]))
    return picked * copies


def _times(q, table):
    q.execute("select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
              "and atttypid = 'timestamptz'::regtype", (table,))
    return {row[0]: f"{row[0]} - {BACK}" for row in q.fetchall()}


def _copy_table(cluster, database, table, copies):
    """Oldest copy first, so that the rows lie as if they had come in that order."""
    with contextlib.closing(cluster.connect(database)) as c, c.cursor() as q:
        names = columns(q, table)
        own = _times(q, table) | {n: past_id(n) for n in names if n in ("order_id", "object_id", "event_id")}
        own |= PAST[table][1]
        q.execute(f"do $$ begin for k in reverse {copies}..1 loop insert into {table} ({', '.join(names)}) "
                  f"select {', '.join(own.get(n, n) for n in names)} from past_{table}; end loop; end $$")
        q.execute(f"vacuum (analyze) {table}")


def _copy_all(cluster, database, copies):
    """Two tables at a time."""
    todo = list(PAST)
    errors = []

    def work():
        while todo and not errors:
            try:
                _copy_table(cluster, database, todo.pop(0), copies)
            except Exception as e:  # told by the caller's thread
                errors.append(e)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise Failed(f"the past could not be made: {errors[0]}")
    cluster.sql(database, "vacuum (analyze) capacity, slot, entitlement, campaign_budget")


