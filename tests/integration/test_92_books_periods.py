"""Periods: closed once all of them is sealed and reconciled, and closed for ever."""
import contextlib
import datetime
import hashlib
import re
import threading
import time

import psycopg2
import psycopg2.errors
import pytest

import yc
from bills import Bill, day_of
from test_96_recon import Importer
from test_92_books import sealed, stream
from town import refused

CLOSE, LIST = "FinanceService/ClosePeriod", "FinanceService/ListPeriods"
RECON = 13 << 55
FROZEN = 1 << 55
ROW = """insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, event_at,
    posted_at, accounts, amounts, kinds) select gen_random_uuid(), 15, 1, 1, 1, %s, %s,
    greatest(%s, s.open_period), now(), now(), array[%s, %s]::int8[], array[%s, -%s]::int8[], '{0,0}'
    from ledger_state s"""


def month(t, plus=0):
    t = t + datetime.timedelta(hours=8)  # China's calendar
    n = t.year * 12 + t.month - 1 + plus
    return n // 12 * 100 + n % 12 + 1


NOW = month(datetime.datetime.utcnow())
NEXT, AFTER = (month(datetime.datetime.utcnow(), n) for n in (1, 2))


@pytest.fixture(scope="module")
def database(cluster):
    """What stands on C:recon here was put there by hand: all that the audit has to say in the end."""
    d = cluster.database("t_books_periods")
    d.migrate()
    yield d
    done = d.run("audit", "--recompute", check=False)
    assert re.findall(r"^audit: (\w+): \d+ times not so", done.stdout, re.M) == ["recon_only"], done.stdout


def reconcile(database, folder, day):
    """The provider's bills of that day have the payments that no bill has yet."""
    sealed(database)
    trade, fund = (Bill(kind, day, signer="1900000001") for kind in ("trade", "fund"))
    for number, fen, fee in database.sql(
            "select provider_ref, sum(fen) filter (where event = 1), -sum(fen) filter (where event = 2) from entry "
            "where event in (1, 2) and account < 4::int8 << 55 and provider_ref not in (select transaction from bill_line) "
            "group by 1"):
        trade.paid(number, int(fen), int(fee))
        fund.flow("交易", int(fen), number).flow("扣除交易手续费", -int(fee), number)
    load = Importer(database, folder)
    for bill in (trade, fund):
        out, _ = load(bill.data(), bill, collector="B")
        assert "exceptions: 0 not as in the books, 0 missing" in out, out


@pytest.fixture(scope="module")
def finance(town, service, tmp_path_factory):
    """Finance two months from now, with this month's orders paid and reconciled."""
    for _ in range(5):
        town.pay(town.submit(town.sku({"SITE": 1})))
    [one] = service(clock_may_move="on", seal_poll_ms=20)
    ahead = datetime.datetime.utcnow() + datetime.timedelta(days=70)
    boss = one.login("admin")
    boss.call("AdminService/MoveClock", {"to": ahead.isoformat() + "Z"})
    reconcile(town.database, tmp_path_factory.mktemp("bills"), day_of(datetime.datetime.now(datetime.timezone.utc)))
    client = one.login("finance")
    client.boss = boss
    return client


def close(client, period):
    """Again as long as the books lag behind."""
    def ask():
        try:
            return client.call(CLOSE, {"period": period})["period"]
        except yc.RpcError as e:
            if e.reason != "not_ready":
                raise
            assert e.retry
            return None
    return yc.wait_for("the books to catch up", ask)


def test_refusals(town, finance):
    for bad in (0, -1, 202600, 202613, 199912, 2026):
        e = refused(finance, CLOSE, {"period": bad})
        assert (e.reason, e.field) == ("bad_field", "period")
    e = refused(finance, CLOSE, {"period": AFTER})
    assert e.reason == "wrong_state" and "not over" in e.text
    # this month has rows and is open: the next one is not the next to close
    e = refused(finance, CLOSE, {"period": NEXT})
    assert e.reason == "wrong_state" and f"not the next: {NOW}" in e.text
    e = refused(town.server.login("finance", "dealer:D1").wait_known(), CLOSE, {"period": NOW - 100})
    assert e.reason == "permission_denied"
    assert refused(finance, LIST, {"pageToken": "x"}).reason == "bad_token"
    assert refused(finance, LIST, {"pageSize": -1}).reason == "bad_field"


def test_what_is_open(finance, town):
    [(rows,)] = town.database.sql("select count(*) from journal")
    got = finance.call(LIST)
    assert got.get("periods", []) == []
    assert got["openPeriod"] == 200001
    assert (got["next"]["period"], int(got["next"]["rows"])) == (NOW, rows)
    assert "unsealed" not in got["next"] and "reconFen" not in got["next"]


def test_an_unreconciled_fen_keeps_it_open(finance, town):
    d, s = town.database, stream(town.database)
    d.sql(ROW, (s, 1, NOW, RECON, FROZEN, 7, 7))
    sealed(d)
    e = refused(finance, CLOSE, {"period": NOW})
    assert e.reason == "wrong_state" and "C:recon stands at 7 fen" in e.text
    assert finance.call(LIST)["next"]["reconFen"] == "7"
    # another month's fen does not hide it
    d.sql(ROW, (s, 2, NEXT, RECON, FROZEN, -7, -7))
    sealed(d)
    assert "7 fen" in refused(finance, CLOSE, {"period": NOW}).text
    d.sql(ROW, (s, 3, NOW, RECON, FROZEN, -7, -7))
    d.sql(ROW, (s, 4, NEXT, RECON, FROZEN, 7, 7))
    sealed(d)


def test_what_is_not_sealed_keeps_it_open(finance, town):
    d = town.database
    s = stream(d)
    with contextlib.closing(psycopg2.connect(d.url)) as c, c.cursor() as q:
        q.execute("select * from ledger_lock where name = 'seal' for share")
        d.sql(ROW, (s, 1, NOW, FROZEN, FROZEN + 1, 1, 1))
        assert finance.call(LIST)["next"]["unsealed"]
        # the close waits for whoever seals
        answer = []
        t = threading.Thread(target=lambda: answer.append(close(finance.with_key(finance.key), NOW)))
        t.start()
        time.sleep(0.3)
        assert d.sql("select count(*) from ledger_period") == [(0,)] and not answer
        c.rollback()
    t.join()
    assert answer[0]["period"] == NOW


def test_closed_for_ever(finance, town):
    d = town.database
    first = close(finance, NOW)
    assert close(finance, NOW) == first
    [(rows, entries, debit)] = d.sql(
        "select count(*), sum(cardinality(accounts)), sum((select sum(f) from unnest(amounts) f where f > 0)) "
        "from journal where period = %s", (NOW,))
    assert (int(first["rows"]), int(first["entries"]), int(first["debitFen"])) == (rows, entries, debit)
    assert first["closedBy"] == "test"
    whole = b""
    for (h,) in d.sql("select hash from seal_period where period = %s order by batch_no", (NOW,)):
        whole = hashlib.sha256(whole + bytes(h)).digest()
    assert first["hash"] == whole.hex()
    # totals per account are the entries'
    assert d.sql("select account, debit_fen - credit_fen, entry_count from ledger_period_total where period = %s "
                 "except select account, sum(fen), count(*) from entry where period = %s group by 1",
                 (NOW, NOW)) == []
    assert d.sql("select sum(entry_count) from ledger_period_total where period = %s", (NOW,)) == [(entries,)]
    # a row of it is refused, whoever writes it
    with pytest.raises(psycopg2.errors.CheckViolation, match="the period is closed"):
        d.sql(ROW.replace("greatest(%s, s.open_period)", "%s"), (stream(d), 1, NOW, 1, 2, 3, 3))


def test_what_comes_late_goes_to_the_open_period(finance, town):
    """By the clock of the fixtures' instance it is still the month that is closed."""
    order = town.submit(town.sku({"SITE": 1}))
    town.pay(order)
    rows = town.database.sql("select period, event_at from journal where object_id = %s", (order["orderId"],))
    assert len(rows) == 2 and {p for p, _ in rows} == {NEXT}
    assert {month(at.replace(tzinfo=None)) for _, at in rows} == {NOW}


def test_pages(finance, town, tmp_path):
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    reconcile(town.database, tmp_path, day_of(tomorrow))  # what came late
    close(finance, NEXT)
    got = finance.call(LIST, {"pageSize": 1})
    assert [p["period"] for p in got["periods"]] == [NEXT]
    got = finance.call(LIST, {"pageSize": 1, "pageToken": got["nextPageToken"]})
    assert [p["period"] for p in got["periods"]] == [NOW]
    assert got.get("nextPageToken", "") == "" and got["openPeriod"] == AFTER and "next" not in got


def test_no_posting_slips_in(finance, cluster, service):
    """Writers who hold rows of a period open while it is closed: each row is in the totals or in the next period."""
    d = cluster.database("t_books_race")
    d.migrate()
    service(database=d, ready=False, seal_poll_ms=10)
    stop = threading.Event()
    lost = []

    def write(s):
        seq = 0
        with contextlib.closing(psycopg2.connect(d.url)) as c, c.cursor() as q:
            while not stop.is_set():
                seq += 1
                try:
                    late = seq % 20 == 0  # most are of the time after
                    q.execute(ROW, (s, seq, 202001 if late else 202101, FROZEN, FROZEN + 1, seq, seq))
                    time.sleep(0.001 * (s % 7))
                    c.commit()
                except psycopg2.Error as e:  # the test looks at it
                    lost.append(e)
                    return
    threads = [threading.Thread(target=write, args=(stream(d),)) for _ in range(4)]
    for t in threads:
        t.start()
    closed = []
    with contextlib.closing(psycopg2.connect(d.url)) as c:
        c.autocommit = True
        deadline = time.monotonic() + 20
        period = 202001
        with c.cursor() as q:
            q.execute("set role yuncang_service")
            while len(closed) < 3 and time.monotonic() < deadline:
                try:
                    q.execute("select ledger_close(%s, now(), 1, 'x')", (period,))
                    if q.fetchone()[0] == "closed":
                        closed.append(period)
                        period += 1
                except psycopg2.errors.SerializationFailure:
                    pass  # a row came while it was closed
    stop.set()
    for t in threads:
        t.join()
    assert lost == []
    assert closed, "no close found the moment"
    sealed(d)
    for p in closed:
        [(count,)] = d.sql("select count(*) from journal where period = %s", (p,))
        assert d.sql("select row_count from ledger_period where period = %s", (p,)) == [(count,)]
    assert d.sql("select count(*) from journal where period < (select open_period from ledger_state)")[0][0] == \
        d.sql("select coalesce(sum(row_count), 0) from ledger_period")[0][0]


@pytest.mark.parametrize("commits", [True, False])
def test_a_writer_under_way_is_waited_for(finance, cluster, commits):
    """Its row keeps the period open; if it leaves none, who waited behind the close posts to the next period."""
    d = cluster.database("t_books_wait")
    d.migrate()
    one, two = stream(d), stream(d)
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    outcome = {}

    def run(name, *statement):
        try:
            outcome[name] = d.sql(*statement)
        except psycopg2.Error as e:
            outcome[name] = e

    with contextlib.closing(psycopg2.connect(d.url)) as c, c.cursor() as q:
        q.execute(ROW, (one, 1, 202001, FROZEN, FROZEN + 1, 1, 1))
        threads = [threading.Thread(target=run, args=("close", "select ledger_close(202001, now(), 1, 'x')"))]
        threads[0].start()
        yc.wait_for("the close to wait", lambda: d.sql(waiting) == [(1,)], 2)
        threads.append(threading.Thread(target=run, args=(
            "writer", ROW, (two, 1, 202001, FROZEN, FROZEN + 1, 1, 1))))
        threads[1].start()
        yc.wait_for("the writer to wait", lambda: d.sql(waiting) == [(2,)], 2)
        c.commit() if commits else c.rollback()
    for t in threads:
        t.join()
    assert outcome["writer"] == 1
    if commits:
        assert isinstance(outcome["close"], psycopg2.errors.SerializationFailure)
        assert d.sql("select period, count(*) from journal group by 1") == [(202001, 2)]
        assert d.sql("select count(*) from ledger_period") == [(0,)]
    else:
        assert outcome["close"] == [("closed",)]
        assert d.sql("select period, count(*) from journal group by 1") == [(202002, 1)]


def test_an_open_exception_keeps_it_open(finance, town):
    """Also where what it is about stands on no account of ours."""
    d = town.database
    period = finance.call(LIST)["openPeriod"]
    d.sql("insert into recon_exception (exception_id, provider, collector_id, kind, bill_id, class, ref, reason, fen, "
          "recon_fen, day, event_at, period, opened_at) values (gen_random_uuid(), 1, 1, 1, gen_random_uuid(), 1, 'x', 2, "
          "5, 0, '2026-11-01', now(), %s, now())", (period,))
    later = datetime.datetime.utcnow() + datetime.timedelta(days=120)
    one = finance.boss
    one.call("AdminService/MoveClock", {"to": later.isoformat() + "Z"})
    e = refused(finance, CLOSE, {"period": period})
    assert e.reason == "wrong_state" and "1 exceptions of reconciliation are open" in e.text
    d.sql("update recon_exception set closed_at = now()")
    assert close(finance, period)["period"] == period
    d.sql("delete from recon_exception")
