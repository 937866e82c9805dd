"""Bills against books that a test writes leg by leg: each way of matching, each kind of bill, and example 20 with its legs.

The database has journal rows and no orders behind them, so it is none of the auditor's.
"""
import base64
import datetime
import itertools

import pytest

import yc
from bills import Bill, CHINA
from test_96_recon import Importer, exception_of, exceptions, resolve

DAY = datetime.date(2026, 3, 10)
LATE = datetime.date(2026, 3, 30)
FROZEN, AVAILABLE, REBATE, RECON = 1, 2, 4, 13
REFUND, BRAND_OTHER = 11, 41
E1, E2, E6, E7, E8, R1, R2, R3, E7D = 1, 2, 6, 7, 8, 9, 10, 11, 17


class Books:
    """Posts what a test says, as an instance of its own would: a stream, numbers without gaps."""

    def __init__(self, database):
        self.database = database
        self.sql = database.sql
        self.seq = itertools.count(1)
        self.objects = itertools.count(1)
        self.party = {}
        for code, kind, number in (("BRAND", 1, "1000"), ("D1", 2, "2001"), ("D2", 2, "2002")):
            self.party[code] = self.sql("insert into party (code, kind, provider, merchant_number, fee_bps) values "
                                        "(%s, %s, 1, %s, 60) returning party_id", (code, kind, number))[0][0]
        self.sql("insert into feed_stream (stream_id) overriding system value values (900001)")

    def object(self):
        return f"0192{next(self.objects):04d}-0000-7000-8000-000000000000"

    def account(self, kind, code="BRAND"):
        return kind << 55 | (1 << 50 | self.party[code] << 25 if kind <= REBATE else 0)

    def post(self, event, ref, *legs, of=None, no=1, code="BRAND", day=DAY):
        """legs: (kind of account, fen); the other side is the brand's."""
        accounts = [self.account(kind, code) for kind, _ in legs] + [self.account(BRAND_OTHER)]
        amounts = [fen for _, fen in legs] + [-sum(fen for _, fen in legs)]
        if amounts[-1] == 0:
            accounts, amounts = accounts[:-1], amounts[:-1]
        at = datetime.datetime(day.year, day.month, day.day, 12, tzinfo=CHINA)
        of = of or self.object()
        self.sql("insert into journal (object_id, event, event_no, dealer_id, split_version, stream_id, seq, period, event_at, "
                 "posted_at, accounts, amounts, kinds, provider_ref, order_id) values (%s, %s, %s, %s, 0, 900001, %s, %s, %s, "
                 "%s, %s, %s, array_fill(0::int2, array[cardinality(%s::int8[])]), %s, %s)",
                 (of, event, no, self.party[code], next(self.seq), day.year * 100 + day.month, at, at, accounts, amounts,
                  accounts, ref, of))
        return of

    def paid(self, number, fen, fee, **more):
        of = self.post(E1, number, (FROZEN, fen), **more)
        return self.post(E2, number, (FROZEN, -fee), of=of, **more)

    def k(self, ref):
        rows = self.sql("select event_no, array(select account_name(a) from unnest(accounts) a), amounts, order_id::text "
                        "from journal where event = 16 and provider_ref = %s order by event_no, object_id", (ref,))
        return [(n, dict(zip(a, f))) for n, a, f, _ in rows]

    def total(self, kind):
        return self.sql("select coalesce(sum(f), 0)::int8 from journal, unnest(accounts, amounts) l(a, f) where a = %s",
                        (self.account(kind),))[0][0]

    def outcomes(self, bill, code="BRAND"):
        """{ref: (kind, outcome, difference)} of that bill."""
        return {r: tuple(x) for r, *x in self.sql(
            "select m.ref, m.kind, m.outcome, m.diff_fen from recon_match m join bill b using (bill_id) "
            "where b.day = %s and b.kind = %s and b.collector_id = %s",
            (bill.day, ("trade", "split", "fund").index(bill.kind) + 1, self.party[code]))}


@pytest.fixture(scope="module")
def books(cluster):
    d = cluster.database("recon_books")
    d.migrate()
    return Books(d)


@pytest.fixture(scope="module")
def server96(books, service):
    return service(database=books.database, seal_poll_ms=20, recon_poll_ms=3600000)[0]


@pytest.fixture(scope="module")
def finance(books, server96):
    return server96.client(books.database.key("finance", name="first")).wait_known()


@pytest.fixture
def load(books, tmp_path):
    return Importer(books.database, tmp_path)


GOOD = (1, 0)  # outcome, difference


def test_split_bill(books, load):
    """One line a receiver; releases; what came back; everybody's rows in the brand's bill."""
    books.post(E6, "S1:2001", (FROZEN, -5000))
    books.post(E6, "S1:2002", (FROZEN, -700), no=2)
    books.post(E7, "U1", (FROZEN, -90000), (AVAILABLE, 90000))
    books.post(R3, "T1", (AVAILABLE, 700))
    books.post(E7D, "U2", (FROZEN, -4000), code="D1")
    books.post(E6, "S9:1000", (FROZEN, -30), code="D1")
    books.post(E7, "4200SYS", (FROZEN, -8), (AVAILABLE, 8))  # by the provider himself: no number of ours
    bill = (Bill("split", DAY).split("P1", "S1", "2001", 5000).split("P1", "S1", "2002", 700)
            .split("P1", "U1", "1000", 90000).split("P1", "T1", "2002", 700, "分账回退")
            .split("P2", "U2", "2001", 4000, payer="2001").split("P2", "S9", "1000", 30, payer="2001")
            .split("4200SYS", "", "1000", 8).split("P3", "S7", "1000", 1, payer="unknown merchant"))
    out, _ = load(bill.data(), bill)
    assert "7 lines, 1 of merchants" in out and "matched: 7 of 7" in out, out
    assert books.outcomes(bill) == {ref: (1, *GOOD) for ref in
                                    ("S1:2001", "S1:2002", "T1", "S9:1000", "U1", "U2", "4200SYS")}


def test_released_by_the_provider(books, load, finance):
    """What is frozen too long is released by him, maybe while our own unfreeze is on its way: his bill names the payment
    alone, the books have the unfreeze's number."""
    days = [DAY + datetime.timedelta(days=11 + n) for n in range(3)]

    def release(n, fen, number, day):
        books.post(E7, number, (FROZEN, -fen), (AVAILABLE, fen), of=paid[n], day=day)

    paid = {n: books.paid(f"P9{n}", 1000, 6, day=DAY - datetime.timedelta(days=9)) for n in range(1, 6)}
    release(1, 994, "U91", days[0])
    release(2, 900, "U92", days[0])
    release(4, 994, "U94", days[0])  # on the bill of the day after
    bill = Bill("split", days[0])
    for n in (1, 2, 3, 5):
        bill.split(f"P9{n}", "", "1000", 994)
    out, _ = load(bill.data(), bill)
    assert "matched: 1 of 4" in out and "3 not as in the books, 1 missing on the bill, 0 closed" in out, out
    assert books.outcomes(bill) == {"P91": (1, *GOOD), "P92": (1, 3, 94), "P93": (2, 3, 994), "P95": (2, 3, 994)}
    reasons = {x["ref"]: x["reason"][17:] for x in exceptions(finance, pageSize=200) if x["date"] == str(days[0])}
    assert reasons == {"P92": "AMOUNT", "P93": "NOT_IN_BOOKS", "P95": "NOT_IN_BOOKS", "U94": "NOT_ON_BILL"}
    # Posted since, under either number; and the line that was missing comes.
    release(3, 994, "U93", days[1])
    release(5, 994, "P95", days[1])
    later = Bill("split", days[1]).split("P94", "", "1000", 994)
    out, _ = load(later.data(), later)
    assert "matched: 1 of 1" in out and "0 missing on the bill, 3 closed" in out, out
    for ref, how in (("P93", "ENTRY"), ("P95", "ENTRY"), ("U94", "WAIVED")):
        assert exception_of(finance, ref, closed=True)["resolution"] == "RESOLUTION_" + how


def test_split_differs(books, load, finance):
    day = DAY + datetime.timedelta(days=1)
    books.post(E6, "S2:2001", (FROZEN, -5000), day=day)
    books.post(E6, "S3:2001", (FROZEN, -10), day=day)
    books.post(E7, "U3", (FROZEN, -60), (AVAILABLE, 60), day=day)
    books.post(E7, "U4", (FROZEN, -7), (AVAILABLE, 7), day=day)
    bill = Bill("split", day).split("P", "S2", "2001", 4000).split("P", "U3", "1000", 90).split("P", "U5", "1000", 33)
    load(bill.data(), bill)
    assert books.k("S2:2001") == [(1, {"A:psp:wechat:BRAND:available": 1000, "C:recon": -1000})]
    # What was released moves within the provider's books: nothing is posted, it is to be explained.
    assert books.k("U3") == [] and books.k("U5") == []
    found = {x["ref"]: x for x in exceptions(finance, pageSize=200) if x["date"] == str(day)}
    assert {r: (x["reason"][17:], x["fen"], x["what"]) for r, x in found.items()} == {
        "S2:2001": ("AMOUNT", "1000", "split"), "U3": ("AMOUNT", "30", "release"),
        "U5": ("NOT_IN_BOOKS", "33", "release"), "S3:2001": ("NOT_ON_BILL", "-10", "split"),
        "U4": ("NOT_ON_BILL", "7", "release")}
    # One that is in the books by now is closed with the next bill.
    books.post(E7, "U5", (FROZEN, -33), (AVAILABLE, 33), day=day)
    other = Bill("split", LATE).split("P", "S0", "2001", 1)
    load(other.data(), other)
    assert exception_of(finance, "U5", closed=True)["resolution"] == "RESOLUTION_ENTRY"
    for ref in ("U3", "U4", "S3:2001"):
        assert resolve(finance, found[ref], "WAIVED")["state"] == "PROPOSAL_STATE_DONE"
    with pytest.raises(yc.RpcError) as e:
        resolve(finance, found["S2:2001"], "WAIVED")
    assert e.value.reason == "wrong_state" and "C:recon" in e.value.text
    resolve(finance, found["S2:2001"], "ROUNDING")


def test_fund_bill(books, load, finance):
    """Payment and fee on lines of their own, a split on one line for all, a refund net, a withdrawal by its amount."""
    day = DAY + datetime.timedelta(days=2)
    books.paid("P11", 100000, 600, day=day)
    of = books.post(E6, "S11:2001", (FROZEN, -5000), day=day)
    books.post(E6, "S11:2002", (FROZEN, -700), of=of, no=2, day=day)
    books.post(R2, "B11", (AVAILABLE, -49700), (REBATE, -300), day=day)
    books.post(R2, "B12", (AVAILABLE, -994), (REBATE, -6), day=day)
    books.post(R3, "T11", (AVAILABLE, 700), day=day)
    books.post(E8, "bank-1", (AVAILABLE, -20000), day=day)
    books.post(E8, "bank-2", (AVAILABLE, -20000), day=day)
    bill = (Bill("fund", day).flow("交易", 100000, "P11").flow("扣除交易手续费", -600, "P11")
            .flow("分账", -5700, "x", "S11").flow("退款", -49700, "x", "B11")
            .flow("退款", -1000, "x", "B12").flow("退还交易手续费", 6, "x", "B12")
            .flow("分账回退", 700, "x", "T11").flow("提现", -20000, "", "w1").flow("充值/提现", -20000).flow("提现", -20000, "", "w3"))
    out, _ = load(bill.data(), bill)
    assert "matched: 7 of 8" in out, out
    got = books.outcomes(bill)
    other = [r for r in got if r.startswith("f-")][0]
    assert got.pop("w3")[1] == 3
    assert got == {"P11": (2, *GOOD), "S11": (2, *GOOD), "B11": (1, *GOOD), "B12": (2, *GOOD), "T11": (1, *GOOD),
                   "w1": (1, *GOOD), other: (1, *GOOD)}
    x = exception_of(finance, "w3")
    assert x["what"] == "withdrawal" and x["reconFen"] == "20000"
    # It was another row of the books.
    row = books.post(E8, "bank-3", (AVAILABLE, -20000), day=day - datetime.timedelta(days=8))
    with pytest.raises(yc.RpcError) as e:
        resolve(finance, x, "ENTRY", entryObjectId=of, entryEvent="E6", entryEventNo=1)
    assert e.value.reason == "wrong_state" and e.value.field == "entry_object_id"
    with pytest.raises(yc.RpcError) as e:
        resolve(finance, x, "ENTRY", entryObjectId=books.object(), entryEvent="E6", entryEventNo=1)
    assert e.value.reason == "not_found"
    resolve(finance, x, "ENTRY", entryObjectId=row, entryEvent="E8", entryEventNo=1)
    assert books.k("w3")[1] == (4, {"C:recon": -20000, "A:psp:wechat:BRAND:available": 20000})


def test_a_share_posted_late(books, load, finance):
    """A split's second receiver is posted behind the fund bill, which has one line for both: K1 of the rest is mirrored."""
    day = DAY + datetime.timedelta(days=17)
    of = books.post(E6, "S31:2001", (FROZEN, -5000), day=day)
    bill = Bill("fund", day).flow("分账", -5700, "x", "S31")
    load(bill.data(), bill)
    x = exception_of(finance, "S31")
    assert (x["reason"], x["fen"], x["reconFen"]) == ("EXCEPTION_REASON_AMOUNT", "-700", "700")
    later = Bill("fund", day + datetime.timedelta(days=1)).flow("交易", 1, "P-S31").flow("扣除交易手续费", -1, "P-S31")
    load(later.data(), later)
    assert exception_of(finance, "S31")["reconFen"] == "700"
    books.post(E6, "S31:2002", (FROZEN, -700), of=of, no=2, day=day)
    other = Bill("split", day).split("x", "S31", "2001", 5000).split("x", "S31", "2002", 700)
    out, _ = load(other.data(), other)
    assert "matched: 2 of 2" in out and "1 closed" in out, out
    assert exception_of(finance, "S31", closed=True)["resolution"] == "RESOLUTION_ENTRY"
    assert books.k("S31") == [(1, {"A:psp:wechat:BRAND:available": -700, "C:recon": 700}),
                              (4, {"C:recon": -700, "A:psp:wechat:BRAND:available": 700})]


def test_both_bills(books, load):
    """What one bill had booked is in the books when the other bill comes: K1 stands once."""
    day = DAY + datetime.timedelta(days=3)
    books.paid("P21", 100000, 600, day=day)
    trade = Bill("trade", day).paid("P21", 100000, 650).refunded("P20", "B21", 5000, 30)
    load(trade.data(), trade)
    fund = (Bill("fund", day).flow("交易", 100000, "P21").flow("扣除交易手续费", -650, "P21").flow("退款", -4970, "x", "B21"))
    out, _ = load(fund.data(), fund)
    assert "matched: 2 of 2" in out, out
    assert len(books.k("P21")) == 1
    assert books.k("B21") == [(1, {"A:psp:wechat:BRAND:available": -5000, "C:recon": 5000}),
                              (3, {"A:psp:wechat:BRAND:available": 30, "A:psp:wechat:BRAND:fee_rebate": -30})]


def test_everybody(books, load):
    """The brand's trade bill has its sub-merchants' lines; a dealer's own bill has his."""
    day = DAY + datetime.timedelta(days=4)
    books.paid("P31", 1000, 6, day=day)
    books.paid("P32", 2000, 12, day=day, code="D1")
    books.paid("P33", 3000, 18, day=day, code="D2")
    bill = Bill("trade", day).paid("P31", 1000, 6).paid("P32", 2000, 12, merchant="2001").paid("P34", 7, 0, merchant="9")
    out, _ = load(bill.data(), bill)
    assert "2 lines, 1 of merchants" in out and "matched: 2 of 2" in out and "1 missing on the bill" in out, out
    own = Bill("trade", day, signer="2002").paid("P33", 3000, 18)
    out, _ = load(own.data(), own, collector="D2")
    assert "matched: 1 of 1" in out and "1 closed" in out, out


def test_own_columns(books, load):
    """Which column is what is data: a merchant with rows of his own is read by them, and by them alone."""
    for section, name, field, needed in ((1, "When", "time", True), (1, "What", "type", True), (1, "Ours", "number", True),
                                         (1, "Theirs", "transaction", True), (1, "Yuan", "amount", True),
                                         (1, "Remark", "ignored", False)):
        books.sql("insert into bill_column (provider, collector_id, kind, section, name, field, needed) "
                  "values (1, %s, 1, %s, %s, %s, %s)", (books.party["D2"], section, name, field, needed))
    books.sql("insert into bill_word (provider, collector_id, kind, word, class) values (1, %s, 1, 'in', 'payment')",
              (books.party["D2"],))
    day = DAY + datetime.timedelta(days=10)
    books.post(E1, "P81", (FROZEN, 1234), code="D2", day=day)
    bill = Bill("trade", day, signer="2002").paid("P81", 1234)
    _, err = load(bill.data(), bill, collector="D2", status=1)
    assert err == 'line 1: there is no column "交易时间"'
    own = f'Remark,Yuan,Theirs,Ours,What,When\n"a, b",12.34,P81,0,in,{day} 08:00:00\n'
    out, _ = load(own.encode(), bill, collector="D2")
    assert "matched: 1 of 1, 1234 fen" in out, out


def test_example_20(books, load, finance):
    """The bill has a fee of 3600 for 3599, and a refund of 96667 that the books do not know."""
    day = DAY + datetime.timedelta(days=5)
    recon, rounding, available = (books.total(k) for k in (RECON, 52, AVAILABLE))
    books.paid("P-ex1", 599900, 3599, day=day)
    order = books.paid("P-ex8", 290000, 1740, day=day)
    books.post(E7, "U-ex8", (FROZEN, -230000), (AVAILABLE, 230000), of=order, day=day)
    trade = Bill("trade", day).paid("P-ex1", 599900, 3600).paid("P-ex8", 290000, 1740).refunded("P-ex8", "console-1", 96667, 580)
    load(trade.data(), trade)
    name = "A:psp:wechat:BRAND:"
    # K1 and K2; the fee that was given back (K3c) comes with its line.
    assert books.k("P-ex1") == [(1, {name + "available": -1, "C:recon": 1}), (2, {"C:recon": -1, "X:rounding": 1})]
    assert books.k("console-1") == [(1, {name + "available": -96667, "C:recon": 96667}),
                                    (3, {name + "available": 580, name + "fee_rebate": -580})]
    assert books.total(RECON) - recon == 96667 and books.total(52) - rounding == 1
    x = exception_of(finance, "console-1")
    assert (x["fen"], x["reconFen"], x["rebateFen"]) == ("-96087", "96667", "580")
    with pytest.raises(yc.RpcError) as e:
        resolve(finance, x, "REFUND", orderId=order)
    assert e.value.field == "order_id" and e.value.reason == "wrong_state"
    # K3b: the refund of unit 2 is approved; while the exception is open nobody asks the provider for it.
    books.post(R1, "", (REBATE, 580), (REFUND, -96667), of=order, no=1001, day=day)
    books.sql("insert into refund (order_id, refund_no, part_no, dealer_id, collector_id, provider, payment_number, fen, "
              "rebate_fen, state, due_at) values (%s, 1001, 1, %s, %s, 1, 'P-ex8', 96667, 580, 1, %s)",
              (order, books.party["D1"], books.party["BRAND"], datetime.datetime(2026, 3, 15, tzinfo=CHINA)))
    assert resolve(finance, x, "REFUND", orderId=order)["state"] == "PROPOSAL_STATE_DONE"
    assert books.k("console-1")[2] == (4, {"C:refund": 96667, "C:recon": -96667})
    assert books.sql("select state, number from refund where order_id = %s", (order,)) == [(3, "console-1")]
    assert books.total(RECON) == recon
    for kind in (REFUND, REBATE):  # of this order and payment
        assert books.sql("select coalesce(sum(f), 0) from journal, unnest(accounts, amounts) l(a, f) where a = %s "
                         "and (object_id = %s or order_id = %s or provider_ref = 'console-1')",
                         (books.account(kind), order, order)) == [(0,)]
    assert books.total(AVAILABLE) - available == 230000 - 1 - 96667 + 580
    closed = exception_of(finance, "console-1", closed=True)
    assert closed["orderId"] == order and closed["closedBy"] == "first"


def test_two_persons(books, load, finance, server96):
    """From approval_min_fen on another key, of another name, must agree."""
    day = DAY + datetime.timedelta(days=6)
    bill = Bill("trade", day).paid("P41", 9000000, 0)
    load(bill.data(), bill)
    x = exception_of(finance, "P41")
    acted = resolve(finance, x, "LOSS")
    assert acted["state"] == "PROPOSAL_STATE_WAITS"
    assert len(books.k("P41")) == 1
    with pytest.raises(yc.RpcError):
        finance.call("FinanceService/ApproveProposal", {"proposalId": acted["proposalId"]})
    second = server96.client(books.database.key("finance", name="second")).wait_known()
    done = second.call("FinanceService/ApproveProposal", {"proposalId": acted["proposalId"]})["acted"]
    assert done["state"] == "PROPOSAL_STATE_DONE"
    assert books.k("P41")[1] == (4, {"C:recon": 9000000, "X:loss": -9000000})
    assert exception_of(finance, "P41", closed=True)["closedBy"] == "second"


def test_rpc(books, finance, server96):
    """ImportBill and the lists."""
    day = DAY + datetime.timedelta(days=7)
    books.paid("P51", 1000, 6, day=day)
    bill = Bill("trade", day).paid("P51", 1000, 6)
    for n in range(5):
        bill.paid(f"P5x{n}", 100, 0)
    request = {"collector": "BRAND", "kind": "BILL_KIND_TRADE", "date": str(day), "sha1": bill.sha1(),
               "content": base64.b64encode(bill.data(packed=True)).decode()}
    answer = finance.call("FinanceService/ImportBill", request)
    b = answer["bill"]
    assert (b["lines"], b["matched"], b["exceptions"], b["matchedFen"]) == ("6", "1", "5", "994") and "repeated" not in answer
    assert b["sha1"] == bill.sha1() and b["collector"] == "BRAND" and b["matchedAt"]
    assert finance.call("FinanceService/ImportBill", request) == {"bill": b, "repeated": True}
    assert finance.call("FinanceService/ReconcileBill", {"billId": b["billId"]})["bill"] == b
    only = {"collector": "BRAND", "kind": "BILL_KIND_TRADE", "pageSize": 1}
    page = finance.call("FinanceService/ListBills", only)
    assert page["bills"] == [b]
    page = finance.call("FinanceService/ListBills", only | {"pageToken": page["nextPageToken"]})
    assert page["bills"][0]["date"] < b["date"] and page["bills"][0]["kind"] == "BILL_KIND_TRADE"
    # Pages, filters.
    seen, token = [], ""
    while True:
        page = finance.call("FinanceService/ListExceptions", {"billId": b["billId"], "pageSize": 2, "pageToken": token})
        seen += [x["ref"] for x in page["exceptions"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert sorted(seen) == [f"P5x{n}" for n in range(5)]
    assert int(page["openCount"]) >= 5
    x = exception_of(finance, "P5x0")
    told = finance.call("FinanceService/AssignException", {"exceptionId": x["exceptionId"], "owner": "li", "note": "asks"})
    assert told["exception"]["owner"] == "li" and told["exception"]["note"] == "asks"
    assert [e["ref"] for e in exceptions(finance, owner="li")] == ["P5x0"]
    assert exceptions(finance, ageDaysMin=1) == [] and exceptions(finance, collector="D1") == [
        e for e in exceptions(finance) if e["collector"] == "D1"]
    assert exceptions(finance, reason="EXCEPTION_REASON_FEE", billId=b["billId"]) == []
    resolve(finance, x, "LOSS")
    dealer = server96.client(books.database.key("finance", "dealer:D1")).wait_known()
    assert dealer.call("FinanceService/ListBills", {"collector": "D1"}) == {}
    refuse(dealer, "ListBills", {}, "invalid_argument", "collector")
    refuse(dealer, "ListExceptions", {"collector": "BRAND"}, "not_found", "collector")
    for method, message in (("ImportBill", request), ("ReconcileBill", {"billId": b["billId"]}),
                            ("AssignException", {"exceptionId": x["exceptionId"]}),
                            ("ResolveException", {"exceptionId": x["exceptionId"]})):
        refuse(dealer, method, message, "permission_denied", "")


def refuse(client, method, message, code, field):
    with pytest.raises(yc.RpcError) as e:
        client.call("FinanceService/" + method, message)
    assert (e.value.code, e.value.field) == (code, field), (e.value.code, e.value.field, e.value.text)
    return e.value


def test_rpc_refusals(books, finance):
    bill = Bill("trade", DAY + datetime.timedelta(days=8)).paid("P61", 1000, 6)
    good = {"collector": "BRAND", "kind": "BILL_KIND_TRADE", "date": str(bill.day),
            "content": base64.b64encode(bill.data()).decode()}
    for change, field in (({"collector": ""}, "collector"), ({"kind": "BILL_KIND_UNSPECIFIED"}, "kind"), ({"date": "x"}, "date"),
                          ({"content": ""}, "content"), ({"sha1": "00"}, "sha1"), ({"collector": "NO"}, "collector"),
                          ({"sha1": "0" * 40}, ""), ({"content": base64.b64encode(b"x").decode()}, "")):
        refuse(finance, "ImportBill", good | change, "invalid_argument", field)
    finance.call("FinanceService/ImportBill", good)
    bill.paid("P62", 1)
    refuse(finance, "ImportBill", good | {"content": base64.b64encode(bill.data()).decode()}, "already_exists", "")
    refuse(finance, "ReconcileBill", {"billId": "x"}, "invalid_argument", "bill_id")
    refuse(finance, "ReconcileBill", {"billId": yc.NO_ORDER}, "not_found", "")
    refuse(finance, "ListBills", {"collector": "NO"}, "not_found", "collector")
    refuse(finance, "ListBills", {"pageToken": "x"}, "invalid_argument", "page_token")
    refuse(finance, "ListExceptions", {"ageDaysMin": -1}, "invalid_argument", "age_days_min")
    refuse(finance, "ListExceptions", {"billId": "x"}, "invalid_argument", "bill_id")
    refuse(finance, "AssignException", {"exceptionId": "x"}, "invalid_argument", "exception_id")
    refuse(finance, "AssignException", {"exceptionId": yc.NO_ORDER}, "not_found", "")
    x = exceptions(finance, pageSize=1)[0]
    refuse(finance, "AssignException", {"exceptionId": x["exceptionId"], "owner": "x" * 65}, "invalid_argument", "owner")
    ask = {"ref": "r-x", "exceptionId": x["exceptionId"], "resolution": "RESOLUTION_LOSS", "note": "n"}
    for change, code, field in (
            ({"exceptionId": "x"}, "invalid_argument", "exception_id"), ({"exceptionId": yc.NO_ORDER}, "not_found", "exception_id"),
            ({"resolution": "RESOLUTION_UNSPECIFIED"}, "invalid_argument", "resolution"),
            ({"resolution": "RESOLUTION_REFUND"}, "invalid_argument", "order_id"), ({"orderId": yc.NO_ORDER}, "invalid_argument", "order_id"),
            ({"resolution": "RESOLUTION_ENTRY"}, "invalid_argument", "entry_object_id"),
            ({"resolution": "RESOLUTION_ENTRY", "entryObjectId": yc.NO_ORDER}, "invalid_argument", "entry_event"),
            ({"entryObjectId": yc.NO_ORDER}, "invalid_argument", "entry_object_id"), ({"note": ""}, "invalid_argument", "note"),
            ({"ref": ""}, "invalid_argument", "ref")):
        refuse(finance, "ResolveException", ask | change, code, field)
    done = resolve(finance, exception_of(finance, "P5x1"), "LOSS")
    assert done["state"] == "PROPOSAL_STATE_DONE"
    again = exception_of(finance, "P5x1", closed=True)
    with pytest.raises(yc.RpcError) as e:
        resolve(finance, again, "PSP_FEE")
    assert (e.value.reason, e.value.field) == ("wrong_state", "exception_id")
    refuse(finance, "AssignException", {"exceptionId": again["exceptionId"]}, "failed_precondition", "exception_id")


def test_two_importers(books, load, tmp_path):
    """The same bill from two sides at once: one imports it, the other hears that it was."""
    bill = Bill("trade", DAY + datetime.timedelta(days=9))
    for n in range(5000):
        bill.paid(f"P7-{n}", 100 + n, 1)
    data = bill.data(packed=True)
    loads = [load, Importer(books.database, tmp_path / "other")]
    (tmp_path / "other").mkdir()
    got = yc.at_once(2, lambda i: loads[i](data, bill)[0].split(":")[0])
    assert sorted(got) == ["imported", "imported before"], got
    assert books.sql("select count(*), count(distinct line_id) from bill_line where ref like 'P7-%'") == [(5000, 5000)]
    yc.wait_for("the match", lambda: books.sql("select state from bill where day = %s", (bill.day,)) == [(2,)])
    assert books.sql("select count(*) from recon_exception where ref like 'P7-%'") == [(5000,)]
    assert books.sql("select count(*) from journal where event = 16 and provider_ref like 'P7-%'") == [(5000,)]


def test_too_many(books, load, finance, service, tmp_path):
    """A bill that differs from the books in more than recon_exceptions_max of its lines is somebody else's: it is left
    alone, for longer each time, until there is a reason to look again."""
    [strict] = service(database=books.database, seal_poll_ms=20, recon_poll_ms=50, recon_exceptions_max=3)
    key = strict.client(books.database.key("finance")).wait_known()
    day = DAY + datetime.timedelta(days=15)
    books.paid("PA0", 1000, 6, day=day)
    books.paid("PA1", 1000, 6, day=day)
    bill = Bill("trade", day).paid("PA0", 1000, 6)
    for n in range(3):
        bill.paid(f"PAx{n}", 100)
    request = {"collector": "BRAND", "kind": "BILL_KIND_TRADE", "date": str(day),
               "content": base64.b64encode(bill.data()).decode()}
    b = key.call("FinanceService/ImportBill", request)["bill"]
    why = "it would open 4 exceptions, more than recon_exceptions_max: 3 of what it has, 1 of what it has not"
    assert b["error"] == why and b["lines"] == "4" and "matchedAt" not in b and "matched" not in b
    state = "select state, tries, next_at > now() + interval '2 minutes' from bill where bill_id = %s"
    assert strict.metric("yuncang_bills_put_off_total") >= 1
    [(one, tries, later)] = books.sql(state, (b["billId"],))
    assert one == 1 and tries >= 1 and later
    assert books.sql("select (select count(*) from recon_match where bill_id = %s), (select count(*) from recon_exception "
                     "where bill_id = %s), (select count(*) from journal where event = 16 and provider_ref like 'PAx%%')",
                     (b["billId"], b["billId"])) == [(0, 0, 0)]
    e = refuse(key, "ReconcileBill", {"billId": b["billId"]}, "failed_precondition", "bill_id")
    assert e.text == why
    # The job, too, once it is its turn, and not before.
    [(_, more, _)] = books.sql(state, (b["billId"],))
    assert more > tries
    books.sql("update bill set next_at = now() - interval '1 s', tries = 3 where bill_id = %s", (b["billId"],))
    yc.wait_for("the job", lambda: books.sql(state, (b["billId"],)) == [(1, 4, True)])
    assert key.call("FinanceService/ListBills", {"kind": "BILL_KIND_TRADE", "pageSize": 1})["bills"][0]["error"] == why
    # What the books have and an empty bill has not counts as well.
    for n in range(4):
        books.paid(f"PB{n}", 100, 1, day=day + datetime.timedelta(days=1))
    empty = Bill("trade", day + datetime.timedelta(days=1))
    path = tmp_path / "empty.csv"
    path.write_bytes(empty.data())
    done = yc.run("import", "bill", "--kind", "trade", "--collector", "BRAND", "--date", str(empty.day), str(path),
                  env={**books.database.env, "YUNCANG_RECON_EXCEPTIONS_MAX": "3"}, check=False)
    assert done.returncode == 1 and "not matched: it would open 4 exceptions" in done.stdout, done.stdout + done.stderr
    assert books.sql(state, (b["billId"],)) == [(1, 4, True)]
    # Another file may take its place, for as long as it is not matched.
    bill.paid("PAx3", 100)
    other = key.call("FinanceService/ImportBill", request | {"content": base64.b64encode(bill.data()).decode()})["bill"]
    assert other["billId"] != b["billId"] and other["lines"] == "5" and other["error"].startswith("it would open 5 exceptions")
    assert books.sql("select bill_id::text, count(*) from bill_line where ref like 'PA%%' group by 1") == [(other["billId"], 5)]
    b = other
    # With the limit that the others have it is matched, once its turn is called.
    for one, want in ((b["billId"], "1"), (str(books.sql("select bill_id from bill where day = %s", (empty.day,))[0][0]), "")):
        got = finance.call("FinanceService/ReconcileBill", {"billId": one})["bill"]
        assert got.get("matched", "") == want and got["exceptions"] == ("5" if want else "4") and "error" not in got and "nextAt" not in got
    bill.paid("PAx4", 100)
    refuse(finance, "ImportBill", request | {"content": base64.b64encode(bill.data()).decode()}, "already_exists", "")


def test_metrics(server96, books):
    assert server96.metric("yuncang_bills_matched_total") >= 1
    assert server96.metric("yuncang_recon_exceptions_total") >= 5
