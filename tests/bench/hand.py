"""The two measures that know nothing of the service: COPY of what it wrote, and a hand-written transaction an order."""

import contextlib
import itertools
import re
import time
from pathlib import Path

from machine import TOP, called

# Every table that gets rows with an order; capacity gets one the first time a store has one that day.
TABLES = ("submission", "sales_order", "fulfilment", "decision", "contact", "payment", "outbox", "journal",
          "stock_change", "capacity")
SAMPLE_ORDERS = 5000
SCRIPT = TOP / "tests/bench/one_order.sql"

# Unique by construction and rising with time, as a UUIDv7 is.
NEW_ID = ("(lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::int8), 12, '0') || '7' || "
          "lpad(to_hex(:run::int), 3, '0') || '8' || lpad(to_hex(:client_id::int), 3, '0') || "
          "lpad(to_hex(:i::int), 12, '0'))::uuid")
NEW_REF = ":run::text || '-' || lpad(:client_id::text, 4, '0') || '-' || lpad(:i::text, 9, '0')"
ORDER_ID = ":order_id::uuid"
# What a row of this order has that is not its sample's; n is which sample row.
OWN = {
    "submission": ("n", {"order_id": NEW_ID, "order_ref": NEW_REF}),
    "sales_order": ("n", {"order_id": ORDER_ID, "order_ref": ":order_ref::text", "created_at": "now()"}),
    "fulfilment": ("n", {"order_id": ORDER_ID}),
    "decision": ("n", {"order_id": ORDER_ID}),
    "contact": ("m", {"order_id": ORDER_ID}),
    "payment": ("m", {"order_id": ORDER_ID, "number": "'pay-' || :order_ref::text"}),
    "journal": ("m", {"object_id": ORDER_ID, "provider_ref": "'pay-' || :order_ref::text", "posted_at": "now()"}),
    "outbox": ("n", {"order_id": ORDER_ID, "event_id": NEW_ID.replace("'8'", "'9'")}),
}


def columns(q, table):
    q.execute("select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
              "and not attisdropped and attgenerated = '' order by attnum", (table,))
    return [row[0] for row in q.fetchall()]


def sizes(q, tables=TABLES):
    """{table: (heap bytes, bytes with indexes and toast, rows)}."""
    out = {}
    for t in tables:
        q.execute(f"select pg_relation_size('{t}'), pg_total_relation_size('{t}'), (select count(*) from {t})")
        out[t] = q.fetchone()
    return out


def row_bytes(q, orders_of=None):
    """{table: (rows an order, mean bytes of a row)}; orders_of: only orders under a reference that begins so."""
    out = {}
    where = f"where order_ref like '{orders_of}%%'" if orders_of else ""
    q.execute(f"select count(*) from sales_order {where}")
    orders = q.fetchone()[0]
    for t in OWN:
        key = "object_id" if t == "journal" else "order_id"
        inside = f"where {key} in (select order_id from sales_order {where})" if orders_of else ""
        q.execute(f"select count(*), coalesce(avg(pg_column_size(t.*)), 0)::float8 from {t} t {inside}")
        rows, size = q.fetchone()
        out[t] = (round(rows / max(orders, 1), 4), round(size, 1))
    return out


def wal_at(q):
    q.execute("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
    return int(q.fetchone()[0])


# ---- (a) COPY ------------------------------------------------------------------------------------

class Copy:
    """Files of binary COPY unloaded from one database, and an equal database to copy them into."""

    def __init__(self, cluster, database):
        self.cluster = cluster
        self.database = database
        self.orders = 0

    def file(self, table):
        return self.cluster.files / f"{table}.copy"

    def unload(self, source):
        with contextlib.closing(self.cluster.connect(source)) as c, c.cursor() as q:
            for t in TABLES:
                q.execute(f"copy {t} to '{self.file(t)}' (format binary)")
            q.execute("select count(*) from sales_order")
            self.orders = q.fetchone()[0]

    def measure(self):
        """All files in one transaction; the time from begin until the commit returned."""
        with contextlib.closing(self.cluster.connect(self.database)) as c, c.cursor() as q:
            q.execute("truncate " + ", ".join(TABLES))
            before = sizes(q)
            self.cluster.checkpoint()
            self.cluster.settle()
            wal, cpu, start = wal_at(q), self.cluster.cpu_us(), time.monotonic()
            q.execute("begin")
            for t in TABLES:
                q.execute(f"copy {t} from '{self.file(t)}' (format binary)")
            q.execute("commit")
            seconds, cpu, wal = time.monotonic() - start, self.cluster.cpu_us() - cpu, wal_at(q) - wal
            after = sizes(q)
            q.execute("truncate " + ", ".join(TABLES))
        heap, whole = (sum(after[t][k] - before[t][k] for t in TABLES) / self.orders for k in (0, 1))
        return {"orders": self.orders, "seconds": seconds, "per_s": self.orders / seconds,
                "wal_per_order": wal / self.orders, "heap_per_order": heap, "bytes_per_order": whole,
                "cpu_us": {"postgres": cpu}}


# ---- (b) a transaction an order, by pgbench ------------------------------------------------------

def take_sample(cluster, database):
    """Copies some orders' rows into sample_* tables, then empties the tables; what the script needs to know."""
    with contextlib.closing(cluster.connect(database)) as c, c.cursor() as q:
        q.execute("create table sample_pick as select row_number() over () n, order_id from "
                  f"(select order_id from sales_order order by random() limit {SAMPLE_ORDERS}) s")
        for t, source in OWN.items():
            key = "object_id" if t == "journal" else "order_id"
            number = "p.n"
            if source[0] == "m":
                q.execute(f"create temp table with_{t} as select row_number() over () m, order_id from sample_pick p "
                          f"where exists (select from {t} x where x.{key} = p.order_id)")
                number = "p.m as n"
            q.execute(f"create table sample_{t} as select {number}, t.* from "
                      f"{'sample_pick' if source[0] == 'n' else 'with_' + t} p join {t} t on t.{key} = p.order_id "
                      "order by 1")
            q.execute(f"create index on sample_{t} (n)")
        q.execute("create table sample_stock as select p.n, f.dealer_id, f.location_id, u.sku_id, u.goods_owner_id, "
                  "sum(u.qty)::int4 qty from sample_pick p join fulfilment f on f.order_id = p.order_id, "
                  "unnest(f.sku_id, f.qty, f.goods_owner_id) u(sku_id, qty, goods_owner_id) "
                  "where u.goods_owner_id <> 0 group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5")
        q.execute("alter table sample_stock add primary key (n, dealer_id, location_id, sku_id, goods_owner_id)")
        q.execute("select (select count(*) from sample_pick), (select count(distinct n) from sample_contact), "
                  "(select count(distinct n) from sample_payment), "
                  "(select sum(pg_column_size(changes)) from stock_change) / "
                  "greatest((select count(*) from sales_order), 1)")
        orders, contacts, payments, change = q.fetchone()
        facts = {"orders": orders, "contacts": max(contacts, 1), "payments": max(payments, 1),
                 "contact_share": contacts * 1000 // orders, "payment_share": payments * 1000 // orders}
        facts["change_bytes"] = int(change or 0)
        q.execute("truncate " + ", ".join(TABLES))
        q.execute("vacuum full stock_level")
        q.execute("analyze")
    return facts


class Hand:
    """pgbench with one_order.sql on a database with samples."""

    def __init__(self, cluster, database, facts, folder):
        self.cluster = cluster
        self.database = database
        self.facts = facts
        self.folder = Path(folder)
        self.run = itertools.count(1)

    def script(self):
        """one_order.sql with its {table} filled in, so that it always writes the columns there are."""
        with contextlib.closing(self.cluster.connect(self.database)) as c, c.cursor() as q:
            def insert(table):
                if table == "stock_change":
                    zeroes = "00" * self.facts["change_bytes"]
                    return ("(stream_id, seq, changes) values (:client_id::int8 + 1000000 * (:run::int8 + 1), "
                            f":i::int8, '\\x{zeroes}'::bytea)")
                variable, own = OWN[table]
                names = columns(q, table)
                values = ", ".join(own.get(n, n) for n in names)
                return f"({', '.join(names)}) select {values} from sample_{table} where n = :{variable}"
            text = re.sub(r"\{(\w+)\}", lambda m: insert(m[1]), SCRIPT.read_text(encoding="utf-8"))
        path = self.folder / "one_order.sql"
        path.write_text(text, encoding="utf-8")
        return path

    def pgbench(self, seconds, clients, threads, log=False):
        """What pgbench says, and how many orders are there that were not before."""
        run = next(self.run)
        facts = {k: v for k, v in self.facts.items() if k != "change_bytes"} | {"i": 0, "run": run}
        args = [self.cluster.bin / "pgbench", "-n", "-M", "prepared", "-c", clients, "-j", threads, "-T", seconds,
                "--max-tries=3", "-f", self.script(), *(f"-D{k}={v}" for k, v in facts.items())]
        if log:
            args += ["-l", f"--log-prefix={self.folder}/lone-{run}"]
        self.cluster.settle()
        cpu = self.cluster.cpu_us()
        out = called([*args, "-d", self.cluster.url(self.database)])
        cpu = self.cluster.cpu_us() - cpu
        done = int(re.search(r"transactions actually processed: (\d+)", out)[1])
        tps = float(re.search(r"tps = ([\d.]+)", out)[1])
        return {"run": run, "processed": done, "tps": tps, "cpu_us": {"postgres": cpu}}

    def measure(self, seconds):
        """32 clients.  Only orders that are there count."""
        r = self.pgbench(seconds, 32, 2)
        with contextlib.closing(self.cluster.connect(self.database)) as c, c.cursor() as q:
            q.execute(f"select count(*) from sales_order where order_ref like '{r['run']}-%%'")
            orders = q.fetchone()[0]
            r["rows"] = row_bytes(q, f"{r['run']}-")
        return r | {"orders": orders, "per_s": r["tps"] * orders / max(r["processed"], 1)}

    def lone(self, seconds):
        """One client alone: its latencies, by the transaction."""
        r = self.pgbench(seconds, 1, 1, log=True)
        times = []
        for path in sorted(self.folder.glob(f"lone-{r['run']}.*")):
            times += [int(line.split()[2]) for line in path.read_text().splitlines()]
            path.unlink()
        times.sort()
        return {"count": len(times), "per_s": r["tps"], "max_ms": times[-1] / 1000} | {
            name: times[min(int(len(times) * part), len(times) - 1)] / 1000
            for name, part in (("p50_ms", 0.5), ("p99_ms", 0.99), ("p999_ms", 0.999))}
