"""Reconciliation: the provider's bills imported whole or not at all, matched with the books, what differs resolved."""
import datetime
import gzip
import itertools
import re
import subprocess

import pytest

import small_world
from bills import Bill, MARK, day_of
from yc import RpcError, wait_for

numbers = itertools.count(1)
TODAY = day_of(datetime.datetime.now(datetime.timezone.utc))
PAST = TODAY - datetime.timedelta(days=400)  # days that nothing else is about
days = itertools.count(1)


def a_day():
    """A day of its own, in which nothing is in the books."""
    return PAST + datetime.timedelta(days=next(days))


@pytest.fixture(scope="module")
def server(service):
    """One that leaves the matching to who imports, so that each hears what came of it."""
    return service(recon_poll_ms=3600000)[0]


class Importer:
    def __init__(self, database, folder):
        self.database = database
        self.path = folder / "bill.csv"

    def __call__(self, data, bill, *options, collector="BRAND", status=0):
        """(stdout, the first line of stderr that is no progress)."""
        self.path.write_bytes(data)
        done = self.database.run("import", "bill", "--kind", bill.kind, "--collector", collector, "--date",
                                 str(bill.day), *options, str(self.path), check=False)
        assert done.returncode == status, done.stdout + done.stderr
        err = [x for x in done.stderr.splitlines() if not x.startswith("import: ")]
        return done.stdout, (err[0] if err else "").replace(str(self.path) + ": ", "")


@pytest.fixture
def load(world, tmp_path):
    return Importer(world.database, tmp_path)


@pytest.fixture
def sql(world):
    return world.database.sql


def at_noon(day):
    return datetime.datetime(day.year, day.month, day.day, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))


def pay(world, day, fen=100000, **basket):
    """An order, paid on that day; (its id, the provider's number)."""
    order = world.order(storefront="OFFICIAL", **basket)
    number = f"4200{next(numbers):06d}"
    order["payment"] = {"provider": "wechat", "number": number, "amountFen": str(fen),
                        "paidAt": at_noon(day).isoformat()}
    return world.front("OFFICIAL").call("OrderService/SubmitOrder", order)["orderId"], number


def counts(sql, bill):
    return sql("select rows, matched, matched_fen, rounded, exceptions, state from bill where day = %s and kind = %s",
               (bill.day, ("trade", "split", "fund").index(bill.kind) + 1))[0]


def test_one_payment(world, load, sql):
    day = a_day()
    _, number = pay(world, day)
    bill = Bill("trade", day).paid(number, 100000, 600)
    out, _ = load(bill.data(), bill)
    assert "1 lines, 0 of merchants that are not known" in out
    assert "matched: 1 of 1, 99400 fen" in out, out
    assert counts(sql, bill) == (1, 1, 99400, 0, 0, 2)


def test_packed_and_plain(world, load, sql):
    """gzip, LF, no backticks, no byte order mark: the same bill."""
    day = a_day()
    bill = Bill("trade", day)
    for _ in range(3):
        bill.paid(pay(world, day)[1], 100000, 600)
    plain = Bill("trade", day)
    plain.tick, plain.lines, plain.sums = "", bill.lines, bill.sums
    out, _ = load(plain.text("\n").removeprefix(MARK).encode(), bill)
    assert "matched: 3 of 3, 298200 fen" in out
    other = Bill("trade", a_day())
    other.lines, other.sums = [[str(other.day) + c[10:] if i == 0 else c for i, c in enumerate(line)]
                               for line in bill.lines], bill.sums
    # The same lines on another day: each stands already.
    _, err = load(other.data(packed=True), other, status=1)
    assert err == f"line 2: stands already, in line 2 of the bill of {day}"


def test_repeat(world, load, sql):
    day = a_day()
    bill = Bill("trade", day).paid(pay(world, day)[1], 100000, 600)
    out, _ = load(bill.data(), bill, "--sha1", bill.sha1())
    one = re.match(r"imported: bill (\S+),", out).group(1)
    out, _ = load(bill.data(packed=True), bill, "--sha1", bill.sha1().upper())
    assert out == f"imported before: bill {one}\n"
    bill.paid("another", 100)
    _, err = load(bill.data(), bill, status=1)
    assert err == "another file was imported as this bill"
    assert sql("select count(*) from bill_line join bill using (bill_id) where day = %s", (day,)) == [(1,)]


def ruined(text):
    return lambda bill: text(bill.text()).encode()


def swap(old, new):
    return ruined(lambda t: t.replace(old, new, 1))


def without(name):
    """A column less, its cells too."""
    def make(bill):
        head, lines, sums_head, sums = bill.parts()
        at = head.index(name)
        drop = [",".join(x for i, x in enumerate(row) if i != at) for row in [head, *lines]]
        return "\r\n".join([*drop, ",".join(sums_head), ",".join(sums), ""]).encode()
    return make


REFUSED = [
    ("empty", lambda b: b"", "line 0: there is no header"),
    ("only a mark", lambda b: MARK.encode(), "line 1: there is no header"),
    ("unknown column", swap("费率备注", "新的一列"), 'line 1: there is no column "新的一列"'),
    ("column twice", swap("设备号", "商户号"), 'line 1: the column "商户号" stands twice'),
    ("missing column", without("手续费"), 'line 1: the column "手续费" is missing'),
    ("unknown sum", swap("手续费总金额", "别的"), 'line 3: there is no column "别的"'),
    ("three decimals", swap("`6.00000", "`6.00100"), 'line 2: fee: "6.00100" is not yuan to the fen'),
    ("not a number", swap("`1000.00", "`1e3"), 'line 2: amount: "1e3" is not yuan to the fen'),
    ("no amount", swap("`1000.00", "`"), "line 2: amount: \"\" must be set"),
    ("unknown word", swap("SUCCESS", "STRANGE"), 'line 2: type: "STRANGE" is no word that is known'),
    ("no number", swap("4200T", ""), 'line 2: transaction: "" must be set'),
    ("another day", swap(" 12:00:00", " 30:00:00"), 'line 2: time:'),
    ("the day before", ruined(lambda t: t.replace(re.search(r"`(\S+) 12:00:00", t).group(1), "2001-01-01", 1)),
     'line 2: time: "2001-01-01 12:00:00" lies on another day'),
    ("a field less", swap(",`0.60%", ""), "line 2: 26 fields, not 27"),
    ("sum of amounts", swap("`1,`1000.00", "`1,`1000.01"),
     "line 4: the summary's \"amount\" is 100001 fen, its lines add up to 100000"),
    ("sum of rows", swap("`1,`1000.00", "`2,`1000.00"), 'line 4: the summary\'s "rows" is 2, there are 1'),
    ("sum of fees", ruined(lambda t: "`6.00001,`1000.00".join(t.rsplit("`6.00000,`1000.00", 1))),
     'line 4: fee: "6.00001" is not yuan'),
    ("no summary", ruined(lambda t: t[:t.index("总交易单数")]), "line 2: the file ends before its summary"),
    ("no sums", ruined(lambda t: t[:t.rindex("`1,`1000.00")]), "line 3: the file ends before its sums"),
    ("cut in a line", ruined(lambda t: t[:t.index("JSAPI")]), "line 2: 9 fields, not 27"),
    ("more behind", ruined(lambda t: t + "x\r\n"), "line 5: there is more behind the summary"),
    ("not UTF-8", lambda b: b.text().encode("gbk", "replace"), "line 1: not UTF-8"),
    ("no whole gzip", lambda b: b.data(packed=True)[:-9], "not one whole gzip file"),
    ("behind the gzip", lambda b: b.data(packed=True) + b"x", "not one whole gzip file"),
    ("a line too long", swap("goods", "x" * 9000), "line 2: more than 8192 bytes in a line"),
]


@pytest.mark.parametrize("name,make,said", REFUSED, ids=[r[0] for r in REFUSED])
def test_refused(load, sql, name, make, said):
    bill = Bill("trade", a_day()).paid("4200T", 100000, 600)
    out, err = load(make(bill), bill, status=1)
    assert err.startswith(said), err
    assert out == "nothing was imported\n"
    assert sql("select (select count(*) from bill where day = %s), (select count(*) from bill_line where ref = '4200T')",
               (bill.day,)) == [(0, 0)]


def test_other_refusals(world, load, tmp_path):
    bill = Bill("trade", a_day()).paid("4200S", 100)
    assert "its SHA-1 is" in load(bill.data(), bill, "--sha1", "0" * 40, status=1)[1]
    assert "there is no party NOBODY" in load(bill.data(), bill, collector="NOBODY", status=1)[1]
    assert "WH has no merchant number" in load(bill.data(), bill, collector="WH", status=1)[1]
    run = world.database.run
    assert "cannot be opened" in run("import", "bill", "--kind", "trade", "--collector", "BRAND", "--date", "2026-01-01",
                                     str(tmp_path / "no.csv"), check=False).stderr
    for options in (["--kind", "what"], ["--kind", "trade"], ["--kind", "trade", "--collector", "B", "--date", "x", "f"],
                    ["--kind", "trade", "--collector", "B", "--date", "2026-01-01"]):
        assert run("import", "bill", *options, check=False).returncode == 2
    twice = Bill("trade", a_day()).paid("4200S2", 100).paid("4200S2", 100)
    assert load(twice.data(), twice, status=1)[1].startswith("line 3: stands already, in line 2 of the bill of")


def test_gzip_bomb(world, tmp_path):
    """A kilobyte that would be a hundred megabytes ends at the limit."""
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"\n" * (100 << 20)))
    assert path.stat().st_size < 200000
    done = subprocess.run([str(world_program(world)), "import", "bill", "--kind", "trade", "--collector", "BRAND", "--date",
                           "2026-01-01", str(path)], env={**world.database.env, "YUNCANG_BILL_SIZE_MAX": "1MiB"},
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "more than 1048576 bytes inflated" in done.stderr


def world_program(_):
    import yc
    return yc.PROGRAM


# ---- Matching ----------------------------------------------------------------------------------------


def ledger(sql, ref):
    """The K rows of that reference: [(event_no, {account: fen})]."""
    rows = sql("select event_no, array(select account_name(a) from unnest(accounts) a), amounts from journal "
               "where event = 16 and provider_ref = %s order by object_id, event_no", (ref,))
    return [(n, dict(zip(a, f))) for n, a, f in rows]


def exceptions(client, **filters):
    return client.call("FinanceService/ListExceptions", filters).get("exceptions", [])


def exception_of(client, ref, **filters):
    found = [x for x in exceptions(client, **filters, pageSize=200) if x["ref"] == ref]
    assert len(found) == 1, found
    return found[0]


def resolve(client, exception, resolution, **more):
    return client.call("FinanceService/ResolveException",
                       {"ref": f"r-{next(numbers)}", "exceptionId": exception["exceptionId"],
                        "resolution": "RESOLUTION_" + resolution, "note": "as the provider said", **more})["acted"]


AVAILABLE, RECON = "A:psp:wechat:BRAND:available", "C:recon"


def test_tolerance(world, load, sql):
    """One fen a line is rounded off by itself; K1 and K2."""
    day = a_day()
    _, more = pay(world, day)
    _, less = pay(world, day)
    bill = Bill("trade", day).paid(more, 100000, 601).paid(less, 100000, 599)
    load(bill.data(), bill)
    assert counts(sql, bill) == (2, 2, 198800, 2, 0, 2)
    assert ledger(sql, more) == [(1, {AVAILABLE: -1, RECON: 1}), (2, {RECON: -1, "X:rounding": 1})]
    assert ledger(sql, less) == [(1, {AVAILABLE: 1, RECON: -1}), (2, {RECON: 1, "X:rounding": -1})]


def test_fee_differs(world, load, sql, admin):
    """Beyond the tolerance: booked, an exception, the split is left alone."""
    day = a_day()
    _, number = pay(world, day)
    bill = Bill("trade", day).paid(number, 100000, 650)
    load(bill.data(), bill)
    assert counts(sql, bill)[4] == 1
    assert ledger(sql, number) == [(1, {AVAILABLE: -50, RECON: 50})]
    x = exception_of(admin, number)
    assert x["reason"] == "EXCEPTION_REASON_FEE" and x["fen"] == "-50" and x["reconFen"] == "50"
    assert x["what"] == "payment" and x["line"] == 2 and x["raw"].startswith("`") and x["collector"] == "BRAND"
    assert resolve(admin, x, "PSP_FEE")["state"] == "PROPOSAL_STATE_DONE"
    assert ledger(sql, number)[1] == (4, {RECON: -50, "X:psp_fee": 50})
    done = exception_of(admin, number, closed=True)
    assert done["resolution"] == "RESOLUTION_PSP_FEE" and done["closedBy"] == "test" and done["closedAt"]
    assert not [e for e in exceptions(admin) if e["ref"] == number]


def test_amount_differs(world, load, sql, admin):
    day = a_day()
    _, number = pay(world, day)
    bill = Bill("trade", day).paid(number, 90000, 600)
    load(bill.data(), bill)
    x = exception_of(admin, number)
    assert x["reason"] == "EXCEPTION_REASON_AMOUNT" and x["fen"] == "-10000"
    resolve(admin, x, "LOSS")
    assert [legs for _, legs in ledger(sql, number)] == [{AVAILABLE: -10000, RECON: 10000},
                                                         {RECON: -10000, "X:loss": 10000}]


def test_not_in_books_until_later(world, load, sql, admin):
    """A payment that we hear of after its bill: booked, then taken back when the books have it."""
    day = a_day()
    bill = Bill("trade", day).paid("4200LATE", 100000, 600)
    load(bill.data(), bill)
    assert ledger(sql, "4200LATE") == [(1, {AVAILABLE: 99400, RECON: -99400})]
    x = exception_of(admin, "4200LATE")
    assert x["reason"] == "EXCEPTION_REASON_NOT_IN_BOOKS"
    order = world.order(storefront="OFFICIAL")
    order["payment"] = {"provider": "wechat", "number": "4200LATE", "amountFen": "100000",
                        "paidAt": at_noon(day).isoformat()}
    world.front("OFFICIAL").call("OrderService/SubmitOrder", order)
    other = Bill("trade", a_day()).paid(pay(world, PAST)[1], 100000, 600)
    load(other.data(), other)
    assert ledger(sql, "4200LATE")[1] == (4, {RECON: 99400, AVAILABLE: -99400})
    assert exception_of(admin, "4200LATE", closed=True)["resolution"] == "RESOLUTION_ENTRY"


def test_not_on_bill(world, load, sql, admin):
    """What the bill lacks is an exception without a posting; a later bill that has it closes it."""
    day = a_day()
    _, first = pay(world, day)
    _, second = pay(world, day)
    bill = Bill("trade", day).paid(first, 100000, 600)
    load(bill.data(), bill)
    x = exception_of(admin, second)
    assert x["reason"] == "EXCEPTION_REASON_NOT_ON_BILL" and x["fen"] == "99400" and "reconFen" not in x
    assert x.get("line", 0) == 0 and ledger(sql, second) == []
    later = Bill("trade", day + datetime.timedelta(days=1)).paid(second, 100000, 600)
    next(days)
    load(later.data(), later)
    closed = exception_of(admin, second, closed=True)
    assert closed["resolution"] == "RESOLUTION_WAIVED" and closed["closedAt"]
    # Waived by hand; and what never moved is a loss.
    _, third = pay(world, later.day)
    _, fourth = pay(world, later.day)
    fund = Bill("fund", later.day).flow("交易", 100, "4200F1").flow("扣除交易手续费", -1, "4200F1")
    load(fund.data(), fund)
    resolve(admin, exception_of(admin, third), "WAIVED")
    assert ledger(sql, third) == []
    resolve(admin, exception_of(admin, fourth), "LOSS")
    assert ledger(sql, fourth) == [(4, {AVAILABLE: -99400, "X:loss": 99400})]


def test_the_service_matches(world, load, sql, service):
    """A bill that waits is matched by whatever instance looks: here one whose books were not sealed when it came."""
    day = a_day()
    _, number = pay(world, day)
    bill = Bill("trade", day).paid(number, 100000, 600)
    load(bill.data(), bill)
    sql("update bill set state = 1, matched_at = null, matched = 0 where day = %s", (day,))
    sql("delete from recon_match where bill_id = (select bill_id from bill where day = %s)", (day,))
    service(2, recon_poll_ms=50)
    wait_for("the match", lambda: counts(sql, bill) == (1, 1, 99400, 0, 0, 2))
    assert sql("select count(*) from recon_match join bill using (bill_id) where day = %s", (day,)) == [(1,)]


def test_a_refund_given_by_hand(world, load, sql, admin):
    """The provider's console gave 50 yuan back; finance's own refund of it is not asked for, but taken as done."""
    day = a_day()
    order, number = pay(world, day)
    bill = Bill("trade", day).paid(number, 100000, 600).refunded(number, "console-7", 5000, 30)
    load(bill.data(), bill)
    x = exception_of(admin, "console-7")
    assert (x["what"], x["reconFen"], x["rebateFen"]) == ("refund", "5000", "30")
    admin.call("FinanceService/RefundAmount", {"ref": "by-hand", "orderId": order, "goodwillFen": "5000", "bearer": "BRAND",
                                               "note": "given in the console"})
    refund = "select state, number, fen, rebate_fen from refund where order_id = %s"
    other, _ = pay(world, day)
    admin.call("FinanceService/RefundAmount", {"ref": "other", "orderId": other, "goodwillFen": "5000", "bearer": "BRAND",
                                               "note": "of another order"})
    wait_for("the other refund to be asked for", lambda: sql(refund, (other,))[0][0] == 2)
    assert sql(refund, (order,)) == [(1, None, 5000, 30)]
    with pytest.raises(RpcError) as e:
        resolve(admin, x, "REFUND", orderId=other)
    assert e.value.field == "order_id" or e.value.reason == "wrong_state"
    resolve(admin, x, "REFUND", orderId=order)
    assert sql(refund, (order,)) == [(3, "console-7", 5000, 30)]
    assert ledger(sql, "console-7")[-1] == (4, {"C:refund": 5000, RECON: -5000})
    assert sql("select account_name(a), sum(f) from journal, unnest(accounts, amounts) l(a, f) "
               "where (object_id = %s or order_id = %s or provider_ref = 'console-7') "
               "and account_kind(a) in (4, 11, 13) group by 1 having sum(f) <> 0", (order, order)) == []


DAMAGE = [
    ("bill_lines", "update bill_line set gross_fen = gross_fen {} 1 where line_id = (select min(line_id::text)::uuid from bill_line)"),
    ("bill_matched", "update recon_match set lines = lines {} 1 where ref = '4200LATE'"),
    ("bill_booked", "update recon_match set diff_fen = diff_fen {} 1 where ref = '4200LATE'"),
    ("recon_open", "update recon_exception set recon_fen = recon_fen {} 1 where exception_id = "
                   "(select min(exception_id::text)::uuid from recon_exception where closed_at is null)"),
]


@pytest.mark.parametrize("name,change", DAMAGE, ids=[d[0] for d in DAMAGE])
def test_the_audit_finds_damage(world, load, sql, name, change):
    if not sql("select from recon_exception where ref = '4200OPEN'"):
        bill = Bill("trade", a_day()).paid("4200OPEN", 700)
        load(bill.data(), bill)
    if not sql("select from recon_match where ref = '4200LATE'"):
        bill = Bill("trade", a_day()).paid("4200LATE", 700)
        load(bill.data(), bill)
    assert sql(change.format("+")) == 1
    done = world.database.run("audit", check=False)
    assert done.returncode == 1 and f"audit: {name}: " in done.stdout, done.stdout
    assert sql(change.format("-")) == 1
