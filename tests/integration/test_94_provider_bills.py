"""Bills: fetched the day after from ten o'clock on in China, their seals opened, held against their SHA-1, taken in
once.
"""
import datetime

import pytest

import yc
from provider_stand import database, desk, standin  # noqa: F401 fixtures

CHINA = datetime.timezone(datetime.timedelta(hours=8))
DUE, TAKEN, NONE = 1, 2, 3
TRADE, SPLIT, FUND = 1, 2, 3


@pytest.fixture(scope="module")
def clocks(service, desk, standin):
    """clocks(time): the service's and the provider's."""
    server = service(**standin.settings(clock_may_move="on"))[0]
    admin = server.login("admin")

    def move(at):
        standin.control("clock", {"now": at.isoformat()})
        admin.call("AdminService/MoveClock", {"to": at.astimezone(datetime.timezone.utc).isoformat().replace(
            "+00:00", "Z")})
    return move


def bills(desk, day):
    return {(k, m): s for k, m, s in desk.database.sql(
        "select kind, merchant, state from provider_bill where day = %s", (day,))}


def test_the_day_after(desk, clocks, standin):
    """Not before ten; trade and split bills are of who signs and for all, fund bills are each collector's own."""
    today = (datetime.datetime.now(CHINA) + datetime.timedelta(days=1)).replace(hour=12, minute=0, second=0,
                                                                                microsecond=0)
    tomorrow = today + datetime.timedelta(days=1)
    desk.pay(payer="D3", paid_at=int((today - datetime.timedelta(days=3)).timestamp() * 1e6))
    clocks(today)
    for payer in ("BRAND", "D1"):
        payment = desk.pay(payer=payer)
        desk.ended(desk.split(payment, ("D2", 1000), payer=payer))
    clocks(tomorrow.replace(hour=9, minute=50))
    yc.wait_for("the day before", lambda: bills(desk, (today - datetime.timedelta(days=1)).date()))
    assert not bills(desk, today.date())
    clocks(tomorrow.replace(hour=10, minute=1))
    yc.wait_for("all of them", lambda: len(bills(desk, today.date())) == 5 and DUE not in bills(
        desk, today.date()).values(), 20)
    assert bills(desk, today.date()) == {
        (TRADE, "1000"): TAKEN, (SPLIT, "1000"): TAKEN, (FUND, "1000"): TAKEN, (FUND, "2001"): TAKEN,
        (FUND, "2003"): NONE}
    assert desk.database.sql("select kind, count(*) from bill where day = %s group by 1 order by 1", (today.date(),)) == [
        (TRADE, 1), (SPLIT, 1), (FUND, 2)]
    # A sub-merchant's own, and not that of who signs: one payment and its split, the fee; D2 collects nothing.
    assert desk.database.sql("select p.code, b.rows from bill b join party p on p.party_id = b.collector_id "
                             "where b.kind = 3 and b.day = %s order by 1", (today.date(),)) == [
        ("BRAND", 3), ("D1", 3)]
    assert desk.database.sql("select count(distinct sha1) from bill where kind = 3 and day = %s",
                             (today.date(),)) == [(2,)]


@pytest.mark.parametrize("fault", ["hash", "truncated", "lost", "cut", "bad_signature"])
def test_a_bill_that_comes_wrong(desk, clocks, standin, fault):
    """It is not taken in, and fetched again."""
    day = desk.database.sql("select max(day) + 1 from provider_bill")[0][0]
    evening = datetime.datetime.combine(day, datetime.time(18), CHINA)
    clocks(evening)
    desk.pay()
    after = evening + datetime.timedelta(hours=18)
    planted = fault in ("hash", "truncated")
    if planted:
        standin.control("plant", {"date": day.isoformat(), "kind": fault, "bill": "trade"})
    clocks(after)
    if not planted:
        standin.fault(fault, 1, "/v3/bill/tradebill" if fault == "bad_signature" else "/v3/billdownload")
    error = lambda: desk.database.sql(  # noqa: E731
        "select error from provider_bill where kind = 1 and day = %s and (error is not null or state = 2)", (day,))
    yc.wait_for("an answer", error, 20)
    if planted:
        assert error() != [(None,)] and not desk.database.sql(
            "select 1 from bill where kind = 1 and day = %s", (day,))
        standin.control("plant", {"date": day.isoformat(), "kind": "none", "bill": "trade"})
    clocks(after + datetime.timedelta(minutes=10))
    yc.wait_for("the bill", lambda: bills(desk, day)[TRADE, "1000"] == TAKEN, 20)
    assert desk.database.sql("select count(*) from bill where kind = 1 and day = %s", (day,)) == [(1,)]


def test_a_bill_that_is_refused(desk, clocks):
    """A column that nobody knows is the same an hour later: it is asked for ever more seldom, and somebody can see it."""
    sql = desk.database.sql
    column = sql("delete from bill_column where kind = 1 and section = 1 and name = '费率备注' returning *")[0]
    day = sql("select max(day) + 1 from provider_bill")[0][0]
    clocks(datetime.datetime.combine(day, datetime.time(18), CHINA))
    desk.pay()
    at = datetime.datetime.combine(day, datetime.time(12), CHINA) + datetime.timedelta(days=1)
    for tries, minutes in ((1, 5), (2, 10), (3, 20), (4, 40)):
        clocks(at)
        yc.wait_for("a refusal", lambda n=tries: sql(
            "select 1 from provider_bill where kind = 1 and day = %s and tries = %s", (day, n)), 20)
        [(state, error, next_at)] = sql("select state, error, next_at from provider_bill where kind = 1 and day = %s", (day,))
        assert state == DUE and error == 'line 1: there is no column "费率备注"'
        pause = (next_at - at).total_seconds() / 60
        assert minutes <= pause < minutes + 2, (tries, pause)
        at = next_at + datetime.timedelta(seconds=1)
    line = next(x for x in desk.database.run("provider", "status").stdout.splitlines() if x.startswith("bill\t")).split("\t")
    assert line[:5] == ["bill", "trade", "1000", str(day), "tries=4"] and line[6] == 'line 1: there is no column "费率备注"'
    sql("insert into bill_column values (%s, %s, %s, %s, %s, %s, %s)", column)
    clocks(at)
    yc.wait_for("the bill", lambda: bills(desk, day)[TRADE, "1000"] == TAKEN, 20)
