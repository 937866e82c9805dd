"""The parts that need the service: each measures once and gives its raw figures."""

import json
import re
import threading
import time

import hand
import worlds
from machine import Failed, Service, called

QUIET_S = 0.2   # between two looks at the CPU time
SPARE = 1.4     # so many times the orders that the best rate so far would use are prepared
FIRST_PER_S = {"submit": 20000, "bulk": 30000, "quote": 40000, "quote-open": 20000, "quote-json": 25000, "constant": 1}
CLEAN = "audit: lost 0 oversold 0 unbalanced 0 duplicated 0"  # the last line of an audit
BULK_CONNECTIONS = 8  # of 100 orders each


class Watch:
    """CPU time of the service and of PostgreSQL over time, to be read at any two instants."""

    def __init__(self, cluster, service):
        self.sources = {"service": service.cpu_us, "postgres": cluster.cpu_us}
        self.seen = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while True:
            self.seen.append((time.time(), {k: f() for k, f in self.sources.items()}))
            if self.over.wait(QUIET_S):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.seen.append((time.time(), {k: f() for k, f in self.sources.items()}))

    def _at(self, when, source):
        """Between two looks the time is taken as evenly used."""
        before = self.seen[0]
        for after in self.seen:
            if after[0] >= when:
                span = after[0] - before[0]
                part = (when - before[0]) / span if span > 0 else 1
                return before[1][source] + part * (after[1][source] - before[1][source])
            before = after
        return before[1][source]

    def between(self, start, end):
        return {k: round(self._at(end, k) - self._at(start, k)) for k in self.sources}


class Bench:
    """What all parts share: the cluster, the world's name and key, what runs and must be ended."""

    def __init__(self, cluster, build, folder, options, progress):
        self.cluster = cluster
        self.build = build
        self.folder = folder
        self.options = options
        self.progress = progress
        self.world = "small" if options.smoke else "full"
        self.key = ""
        self.running = []
        self.tags = 0
        self.per_s = {}  # best so far, of (kind, target)
        self.peak_kib = 0
        self.audits = []

    # ---- Services --------------------------------------------------------------------------------

    def service(self, database, key=None):
        s = Service(self.build / "yuncang", self.cluster, database, self.folder / f"{database}.log",
                    dict(self.options.set), key or self.key)
        self.running.append(s)
        return s.start()

    def end(self, service):
        """The most memory it ever held counts, unless it served the small world of (h)."""
        if service.database != worlds.NO_PAST:
            self.peak_kib = max(self.peak_kib, service.peak_kib())
        service.stop()
        self.running.remove(service)

    def end_all(self):
        for s in list(self.running):
            self.end(s)

    def journal(self, database):
        return self.folder / f"{database}.journal"

    def fresh(self, database, template):
        """A new database, its stock in memory, and no journal of an older one."""
        self.cluster.make(database, template)
        worlds.warm(self.cluster, database)
        self.journal(database).unlink(missing_ok=True)
        return database

    def audit(self, database, journal=True):
        """All zeros, or the benchmark ends."""
        start = time.monotonic()
        args = [self.build / "simulator", "audit", "--db", self.cluster.url(database)]
        if not journal:
            out = called([*args, "--journal", self.folder / "none"])
            if out.strip().splitlines()[-1] != CLEAN:
                raise Failed(f"audit of {database}: {out}")
            return
        journal = self.journal(database)
        if not journal.exists():
            raise Failed(f"no journal of {database}: there is nothing to audit it by")
        out = called([*args, "--journal", journal])
        seconds = time.monotonic() - start
        counts = re.search(r"audited .*", out)
        last = out.strip().splitlines()[-1]
        if last != CLEAN:
            raise Failed(f"audit of {database}: {out}")
        self.audits.append({"database": database, "seconds": round(seconds, 1), "text": counts[0] if counts else "",
                            "line": last})
        self.progress(f"{database}: {last} ({seconds:.1f} s; {counts[0] if counts else ''})")

    # ---- The load generator ----------------------------------------------------------------------

    def generate(self, service, kind, connections, seconds, target="mix", orders=None, rate=0, world=None):
        """One run of `simulator bench`; its figures, and CPU time by whose it is."""
        self.tags += 1
        tag = f"t{self.tags:03d}x{int(self.progress.start) % 100000:05d}"
        if orders is None:
            orders = int((rate or self.per_s.get((kind, target), FIRST_PER_S[kind])) * seconds * SPARE) + 1000
        args = [self.build / "simulator", "bench", "--url", service.url, "--key", service.key,
                "--world", world or self.world, "--seed", 1, "--kind", kind, "--target", target,
                "--connections", connections, "--seconds", seconds, "--orders", orders, "--tag", tag,
                "--journal", self.journal(service.database), "--quiet"]
        self.cluster.settle()
        with Watch(self.cluster, service) as watch:
            out = called([*args, "--rate", rate] if rate else args)
        r = json.loads(out.strip().splitlines()[-1])
        if r["errors"] > 0 or r["answers"] == 0:
            raise Failed(f"{kind}: {r}")
        r["short"] = r["seconds"] < 0.9 * seconds
        began = r["began_us"] / 1e6
        r["cpu_us"] = watch.between(began, began + r["seconds"]) | {"generator": r["generator_cpu_us"]}
        if not rate and kind != "constant":
            self.per_s[kind, target] = max(self.per_s.get((kind, target), 0), r["per_s"])
        return r

    def screens(self, service, count, seconds, rate):
        """So many screens of stores beside a service that idles, then takes orders; its figures."""
        self.cluster.settle()
        out = called([self.build / "simulator", "screens", "--url", service.url, "--key", service.key,
                      "--world", self.world, "--seed", 1, "--screens", count, "--seconds", seconds, "--rate", rate,
                      "--connections", 32, "--pid", service.process.pid])
        return json.loads(out.strip().splitlines()[-1])

    def seed(self, database, template, orders):
        """So many orders one by one at 256 connections, on an idle service; bytes and WAL of each."""
        self.fresh(database, template)
        service = self.service(database)
        c = self.cluster.connect(database)
        with c.cursor() as q:
            before, wal = hand.sizes(q), hand.wal_at(q)
            count, done, seconds = 0, 0, 0.0
            while count < orders:
                r = self.generate(service, "submit", 256, 120, orders=min(max(orders - count, 1000), 100000))
                done += r["orders"]
                seconds += r["seconds"]
                q.execute("select count(*) from sales_order")
                count = q.fetchone()[0]
            self.end(service)
            after, wal = hand.sizes(q), hand.wal_at(q) - wal
            rows = hand.row_bytes(q)
        c.close()
        heap, whole = ({t: round((after[t][k] - before[t][k]) / count, 1) for t in hand.TABLES} for k in (0, 1))
        self.audit(database)
        return {"orders": count, "per_s": done / seconds, "wal_per_order": wal / count,
                "heap_per_order": sum(heap.values()), "bytes_per_order": sum(whole.values()),
                "heap_by_table": heap, "bytes_by_table": whole, "rows": rows}

    def decide(self):
        """decide_per_s, as the program prints it; it takes the median of rounds of its own."""
        program = self.build / "tests/bench/decide"
        if not program.exists():
            raise Failed(f"{program} is not built: make bench builds it")
        rounds = ["simulator/data/china-cities.csv", "1"] if self.options.smoke else []
        out = called([program, *rounds])
        found = re.search(r"^decide_per_s (\d+(\.\d+)?)$", out, re.M)
        if found is None:
            raise Failed(f"no line decide_per_s: {out}")
        return {"per_s": float(found[1]), "text": out.strip().splitlines()}
