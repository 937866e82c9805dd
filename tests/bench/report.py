"""From raw rounds to figures: ratios of medians, the table, bench.json."""

import json
from statistics import median

# name: (target, at most or at least, what it is)
TARGETS = {
    "single_copy": (0.25, ">=", "orders one by one at 256 connections / COPY"),
    "bulk_copy": (0.40, ">=", "SubmitOrders of 100 / COPY"),
    "single_pgbench": (4, ">=", "orders one by one at 256 connections / pgbench"),
    "p99_commit": (5, "<=", "p99 at half load / p99 of one lone client"),
    "decide_per_s": (200000, ">=", "decisions a second, one core"),
    "quote_constant": (0.5, ">=", "quotes / constant replies of the same server"),
    "growth": (0.85, ">=", "full world with a past / 300 stores without"),
    "hot_sku": (1.0, ">=", "all orders for one row of stock / spread"),
    "rss_mib": (1024, "<=", "peak resident memory, full world under load"),
    "screens_rss_mib": (200, "<=", "memory that waiting screens add"),
    "screens_cpu": (0.05, "<=", "of one core, screens wait and nothing changes"),
    "screens_p99_ms": (1000, "<=", "from the reply to a paid order to its screen"),
}
# figure: (part above, part below, what of it)
RATIOS = {
    "single_copy": ("single256", "copy", "per_s"),
    "bulk_copy": ("bulk", "copy", "per_s"),
    "single_pgbench": ("single256", "pgbench", "per_s"),
    "p99_commit": ("half_load", "lone", "p99_ms"),
    "quote_constant": ("quote", "constant", "per_s"),
    "growth": ("growth_full", "growth_small", "per_s"),
    "hot_sku": ("hot", "spread", "per_s"),
}
NAMES = {
    "copy": "(a) COPY", "pgbench": "(b) pgbench, 32 clients", "single64": "(c) one by one, 64 connections",
    "single256": "(c) one by one, 256 connections", "bulk": "(d) bulk of 100", "quote": "(e) quote",
    "quote_open": "(e) quote, no way asked", "quote_json": "(e) quote in JSON",
    "constant": "(e) constant reply", "decide": "(f) decide", "half_load": "(g) half load",
    "lone": "(g) one lone client", "growth_full": "(h) full world with a past",
    "growth_small": "(h) 300 stores, no past", "hot": "(i) one row of stock", "spread": "(i) spread",
    "screens": "(j) screens: orders that come",
}
LATENCIES = ("p50_ms", "p99_ms", "p999_ms", "max_ms")


def of(rounds, part, what):
    return [r[what] for r in rounds.get(part, []) if what in r]


def middle(rounds, part, what):
    values = of(rounds, part, what)
    return median(values) if values else None


def figures(rounds, rss_mib):
    """Those whose parts were measured."""
    out = {}
    for name, (above, below, what) in RATIOS.items():
        a, b = middle(rounds, above, what), middle(rounds, below, what)
        if a is not None and b:
            out[name] = a / b
    if middle(rounds, "decide", "per_s") is not None:
        out["decide_per_s"] = middle(rounds, "decide", "per_s")
    if rss_mib > 0:
        out["rss_mib"] = rss_mib
    for what in ("rss_mib", "cpu", "p99_ms"):
        if "screens" in rounds:
            out["screens_" + what] = middle(rounds, "screens", what)
    return {name: out[name] for name in TARGETS if name in out}


def reached(name, value):
    target, way, _ = TARGETS[name]
    return value >= target if way == ">=" else value <= target


def cpu_per_order(rounds):
    """Median CPU µs by whose it is, of each order (or quote, or reply)."""
    out = {}
    for part, raw in rounds.items():
        whose = {}
        for r in raw:
            count = r.get("orders") or r.get("answers")
            for k, v in r.get("cpu_us", {}).items():
                whose.setdefault(k, []).append(v / max(count or 1, 1))
        if whose:
            out[part] = {k: round(median(v), 1) for k, v in whose.items()}
    return out


def short(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 100 else f"{value:.3f}" if value < 10 else f"{value:.2f}"


def span(values):
    return f"{short(median(values)):>10}   {short(min(values))} .. {short(max(values))}"


def table(result):
    """Lines to print."""
    rounds = result["rounds"]
    yield ""
    yield f"{'part':34} {'median/s':>10}   min .. max"
    for part, name in NAMES.items():
        values = of(rounds, part, "per_s")
        if values:
            yield f"{name:34} {span(values)}"
    yield ""
    for part in ("half_load", "lone", "single64", "single256", "bulk"):
        if part in rounds:
            yield f"{NAMES[part]:34} " + ", ".join(
                f"{what[:-3]} {short(middle(rounds, part, what))} ms" for what in LATENCIES
                if middle(rounds, part, what) is not None)
    yield ""
    for part, whose in result["cpu_us_per_order"].items():
        yield f"{NAMES[part]:34} CPU µs each: " + ", ".join(f"{k} {short(v)}" for k, v in whose.items())
    for text, what in (("bytes an order on disk", "bytes_per_order"), ("WAL bytes an order", "wal_per_order")):
        if result[what]:
            yield f"{text:34} " + ", ".join(f"{k} {short(v)}" for k, v in result[what].items())
    yield ""
    yield "machine: " + ", ".join(f"{k} {v}" for k, v in result["machine"].items())
    yield "versions: " + ", ".join(f"{k} {v}" for k, v in result["versions"].items())
    yield "PostgreSQL: " + ", ".join(f"{k}={v}" for k, v in result["settings"]["postgres"].items())
    yield "service: " + (", ".join(f"{k}={v}" for k, v in result["settings"]["service"].items()) or "all defaults")
    yield "audits: " + ", ".join(f"{a['database']} {a['seconds']} s" for a in result["audits"]) + ": all zeros"
    yield ""
    yield f"{'figure':16} {'value':>10} {'target':>12}  {'':11} what"
    for name, (target, way, text) in TARGETS.items():
        value = result["figures"].get(name)
        verdict = "not measured" if value is None else "reached" if reached(name, value) else "NOT reached"
        shown = "-" if value is None else short(value)
        yield f"{name:16} {shown:>10} {way + ' ' + short(target):>12}  {verdict:12} {text}"


def write(path, result):
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
