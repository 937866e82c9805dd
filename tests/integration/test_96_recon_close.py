"""A month is closed when each of its movements at the provider stands on a bill that was reconciled, or is explained."""
import datetime

import pytest

import yc
from bills import Bill, CHINA
from test_96_recon import Importer, exceptions, resolve
from test_96_recon_books import AVAILABLE, E1, E7, E8, FROZEN, R2, REBATE, Books, refuse

DAY = datetime.date(2026, 4, 10)
PERIOD = 202604


@pytest.fixture(scope="module")
def books(cluster):
    d = cluster.database("recon_close")
    d.migrate()
    return Books(d)


@pytest.fixture(scope="module")
def finance(books, service):
    [server] = service(database=books.database, seal_poll_ms=20, recon_poll_ms=3600000)
    return server.client(books.database.key("finance", name="first")).wait_known()


@pytest.fixture
def load(books, tmp_path):
    return Importer(books.database, tmp_path)


def sealed(books):
    yc.wait_for("the sealer", lambda: books.sql("select ledger_unsealed(999912)") == [(False,)])


def why(books, finance):
    sealed(books)
    return refuse(finance, "ClosePeriod", {"period": PERIOD}, "failed_precondition", "period").text


def day(n):
    return DAY + datetime.timedelta(days=n)


def both(load, n, trade, fund):
    """That day's trade and fund bill."""
    load(trade(Bill("trade", day(n))).data(), Bill("trade", day(n)))
    load(fund(Bill("fund", day(n))).data(), Bill("fund", day(n)))


def flow(number, fen, fee):
    return lambda b: b.flow("交易", fen, number).flow("扣除交易手续费", -fee, number)


def test_not_imported(books, finance, load):
    """Every kind of bill that tells of a movement, of that day and merchant; his own, or the one that has everybody's lines."""
    books.paid("C1", 1000, 6, day=DAY)
    books.paid("C2", 2000, 12, day=DAY, code="D1")
    assert why(books, finance) == ("bills of it are not reconciled: trade of BRAND of 2026-04-10 (not imported), trade of D1 of "
                                   "2026-04-10 (not imported), fund of BRAND of 2026-04-10 (not imported)")
    trade = Bill("trade", DAY).paid("C1", 1000, 6).paid("C2", 2000, 12, merchant="2001")
    load(trade.data(), trade)
    assert why(books, finance) == "bills of it are not reconciled: fund of BRAND of 2026-04-10 (not imported)"
    fund = flow("C1", 1000, 6)(Bill("fund", DAY))
    load(fund.data(), fund)
    for n in range(1, 7):
        books.paid(f"C1{n}", 1000, 6, day=day(n))
    text = why(books, finance)
    assert text.startswith("bills of it are not reconciled: trade of BRAND of 2026-04-11 (not imported), fund of BRAND of "
                           "2026-04-11 (not imported), trade of BRAND of 2026-04-12") and text.endswith("and 9 more"), text
    # What moved shortly before or after midnight stands on the neighbour's bill, and needs none of that day.
    both(load, 1, lambda b: [b.paid(f"C1{n}", 1000, 6) for n in range(1, 5)][-1],
         lambda b: [flow(f"C1{n}", 1000, 6)(b) for n in range(1, 5)][-1])
    assert "2026-04-15" in why(books, finance) and "2026-04-14" not in why(books, finance)
    both(load, 5, lambda b: b.paid("C15", 1000, 6).paid("C16", 1000, 6),
         lambda b: flow("C16", 1000, 6)(flow("C15", 1000, 6)(b)))


def test_not_reconciled(books, finance, load):
    """It lies imported; and the brand's bills that the connector could not fetch, also of a day without movements."""
    bill = Bill("split", day(7)).split("C1", "SX", "2001", 5)
    books.sql("insert into bill (bill_id, provider, collector_id, kind, day, everybody, sha1, sha256, bytes, rows, other_rows, "
              "gross_fen, fee_fen, state, imported_at, imported_by) values (gen_random_uuid(), 1, %s, 2, %s, true, '', '', 0, 0, 0, "
              "0, 0, 1, now(), 0)", (books.party["BRAND"], bill.day))
    books.sql("insert into provider_bill (provider, kind, merchant, day, state, next_at) values (1, 1, '1000', %s, 1, now()), "
              "(1, 3, '2001', %s, 1, now()), (1, 2, '1000', %s, 3, now()), (1, 1, '1000', %s, 1, now())",
              (day(8), day(8), day(8), DAY))
    assert why(books, finance) == ("bills of it are not reconciled: split of BRAND of 2026-04-17 (imported, not matched), trade of "
                                   "BRAND of 2026-04-18 (not fetched yet)")
    # Its file comes by hand.
    books.sql("delete from bill where day = %s", (bill.day,))
    empty = Bill("trade", day(8))
    load(empty.data(), empty)


def test_posted_since(books, finance, load):
    """What came to the books behind its bill, and is not on it, becomes an exception with the close."""
    books.paid("C3", 3000, 18, day=DAY)
    assert "2 exceptions of reconciliation are open" in why(books, finance)
    found = exceptions(finance)
    assert {(x["ref"], x["reason"][17:], x["billKind"][10:], x["fen"], x["date"]) for x in found} == {
        ("C3", "NOT_ON_BILL", "TRADE", "2982", "2026-04-10"), ("C3", "NOT_ON_BILL", "FUND", "2982", "2026-04-10")}
    # A later bill brings it, or finance says what it was; asked again it is not opened anew.
    late = Bill("trade", day(9)).paid("C3", 3000, 18)
    load(late.data(), late)
    [x] = exceptions(finance)
    assert x["billKind"] == "BILL_KIND_FUND"
    resolve(finance, x, "WAIVED")
    # A release: by the payment that the bill names.
    order = books.paid("C4", 1000, 6, day=day(9))
    books.post(E7, "U4", (FROZEN, -994), (AVAILABLE, 994), of=order, day=day(10))
    both(load, 10, lambda b: b.paid("C4", 1000, 6), flow("C4", 1000, 6))
    assert why(books, finance) == "bills of it are not reconciled: split of BRAND of 2026-04-20 (not imported)"
    split = Bill("split", day(11)).split("C4", "", "1000", 994)
    load(split.data(), split)


def test_withdrawn(books, finance, load):
    """A withdrawal has no number of ours: it is told once a fund bill has its amount."""
    at = datetime.datetime(2026, 4, 21, 12, tzinfo=CHINA)
    books.sql("insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, event_at, posted_at, "
              "accounts, amounts, kinds, provider_ref) values (%s, 8, 1, %s, 0, 900001, %s, %s, %s, %s, %s, '{-500,500}', '{0,0}', "
              "'bank 7')", (books.object(), books.party["BRAND"], next(books.seq), PERIOD, at, at,
                            [books.account(AVAILABLE), books.account(41)]))
    assert why(books, finance) == "bills of it are not reconciled: fund of BRAND of 2026-04-21 (not imported)"
    other = Bill("fund", day(11)).flow("提现", -700, "", "w0")
    load(other.data(), other)
    assert "C:recon" in why(books, finance)
    found = {x["ref"]: x for x in exceptions(finance)}
    assert set(found) == {"w0", "bank 7"} and found["bank 7"]["what"] == "withdrawal"
    resolve(finance, found["w0"], "LOSS")
    bill = Bill("fund", day(12)).flow("提现", -500, "", "w1")
    out, _ = load(bill.data(), bill)
    assert "matched: 1 of 1" in out and "1 closed" in out, out
    assert exceptions(finance) == []


def test_closes(books, finance):
    """Nobody can import a bill of a provider that no columns are known of; nor does what never was at one need any."""
    books.party["D9"] = books.party["BRAND"]
    account = FROZEN << 55 | 2 << 50 | books.party["BRAND"] << 25
    books.sql("insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, event_at, posted_at, "
              "accounts, amounts, kinds, provider_ref, order_id) values (%s, 1, 1, %s, 0, 900001, %s, %s, now(), now(), %s, '{5,-5}', "
              "'{0,0}', 'ali', %s)", (books.object(), books.party["BRAND"], next(books.seq), PERIOD, [account, books.account(41)],
                                      books.object()))
    books.post(R2, "", (REBATE, -7), day=DAY)
    books.post(E1, "", (FROZEN, 9), day=DAY)
    sealed(books)
    closed = finance.call("FinanceService/ClosePeriod", {"period": PERIOD})["period"]
    assert closed["period"] == PERIOD and closed["closedBy"] == "first"
    assert finance.call("FinanceService/ClosePeriod", {"period": PERIOD})["period"] == closed
