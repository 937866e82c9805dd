"""From the hold to the money's end, against the provider's stand-in: the worked examples' whole lives, books equal to the fen."""
import base64
import collections
import csv
import datetime
import hashlib
import itertools

import pytest

import yc
from provider_stand import StandIn
from test_82_acts import act
from town import BOOK, BRAND, DEALER_1, DEALER_2, PICKUP, SHIP, Town, refused, total

DAY_MS = 86400000
EVENTS = {1: "E1", 2: "E2", 3: "E3", 4: "E4", 5: "E5", 6: "E6", 7: "E7", 8: "E8", 9: "R1", 10: "R2", 11: "R3",
          17: "E7d", 18: "E6C"}
AVAILABLE, FROZEN = "A:psp:wechat:B:available", "A:psp:wechat:B:frozen"


def rounded_fee(fen):
    return (fen * 60 + 5000) // 10000


class Till:
    """Sells at the town, pays at the stand-in, moves both clocks, reads the books."""

    _numbers = itertools.count(1)

    def __init__(self, town, servers, standin):
        self.town, self.servers, self.standin = town, servers, standin
        self.database, self.call = town.database, town.admin.call
        self.merchants = {BRAND: "1900000001", DEALER_1: "1900000011", DEALER_2: "1900000012"}

    def now(self):
        return datetime.datetime.fromisoformat(
            self.call("AdminService/MoveClock", {"byMs": "1"})["now"].replace("Z", "+00:00"))

    def days(self, n):
        """Both clocks on, every instance's alike."""
        for s in self.servers:
            s.client(self.town.admin.key).call("AdminService/MoveClock", {"byMs": str(round(n * DAY_MS))})
        self.standin.control("clock", {"now": self.now().isoformat()})

    def sku(self, price, cost, stock, **more):
        return self.town.sku(stock, listPriceFen=str(price), floorPriceFen="0", contractCostFen=str(cost), **more)

    def pay(self, order, fen=None):
        number = f"42{next(self._numbers):010}"
        fen = fen or total(order)
        self.standin.control("payments", {
            "transaction_id": number, "sub_mchid": self.merchants[order["option"]["collector"]], "amount": fen,
            "fee": rounded_fee(fen), "out_trade_no": "o" + number, "paid_at": self.now().isoformat()})
        self.town.pay(order, payment=self.town.payment(fen, number))
        return number

    def bought(self, lines, **more):
        order = self.town.submit(lines, **more)
        order["payment"] = self.pay(order)
        return order

    def shipped(self, order):
        self.call("StoreService/Dispatch", act(order, ref="go", staff="B1"))
        self.call("StoreService/ConfirmDelivery", act(order, ref="there", staff="B1"))
        return order

    def collected(self, order):
        """Handed over in A1."""
        self.call("StoreService/Accept", act(order, ref="a"))
        self.call("StoreService/MarkReady", act(order, ref="r"))
        front = self.servers[0].client(self.database.key("storefront", "storefront:F-A1")).wait_known()
        [f] = front.call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"]["fulfilments"]
        self.call("StoreService/ConfirmCollection", {**act(order, ref="c"), "code": f["collectionCode"]})
        return order

    def rows(self, order, *events):
        """[(event, {account: fen})] of the order, as posted."""
        out = []
        for e, accounts, amounts in self.database.sql(
                "select event, array(select account_name(a) from unnest(accounts) a), amounts from journal "
                "where object_id = %s order by posted_at, seq, event, event_no", (order["orderId"],)):
            legs = collections.Counter()
            for a, f in zip(accounts, amounts):
                legs[a] += f
            if not events or EVENTS[e] in events:
                out.append((EVENTS[e], {a: f for a, f in legs.items() if f}))
        return out

    def sums(self, order):
        """What stands where, of this order; nothing that is zero."""
        out = collections.Counter()
        for _, legs in self.rows(order):
            out.update(legs)
        return {a: f for a, f in out.items() if f}

    def kinds(self, order):
        return [e for e, _ in self.rows(order)]

    def until(self, order, event, count=1, seconds=15):
        try:
            yc.wait_for(event, lambda: self.kinds(order).count(event) >= count, seconds)
        except AssertionError:
            work = self.database.sql("select * from settle_work where order_id = %s", (order["orderId"],))
            raise AssertionError(f"no {event}: {self.kinds(order)}, calls {self.calls(order)}, work {work}, "
                                 f"owed {self.payables(order)}") from None

    def calls(self, order):
        return self.database.sql(
            "select c.kind, c.state, i.result, i.fail_reason, c.error from provider_call c join provider_call_item i using "
            "(number) where order_id = %s order by c.made_at, i.item_no", (order["orderId"],))

    def payables(self, order):
        return self.database.sql("select account_name(account), fen, rail from payable where order_id = %s "
                                 "and payout_id is null order by 1", (order["orderId"],))

    def standing(self, order):
        """The stand-in's word on the order's payment: frozen, and what reached whom."""
        p = self.standin.payment(order["payment"])
        out = collections.Counter()
        for s in p["splits"]:
            assert s["effects"] <= 1
            for r in s["receivers"]:
                if s["kind"] == "split" and r["result"] == "SUCCESS":
                    out[r["account"]] += r["amount"]
        return p["frozen"], dict(out)

    def agree(self):
        """Invariants over all orders: clearing, payables, balances, and the stand-in's cash."""
        d = self.database
        assert d.sql("select account_name(account), b.fen, p.fen from (select account, fen from balance "
                     "where account_kind(account) in (21, 24)) b full join (select account, sum(fen)::int8 as fen "
                     "from payable where payout_id is null and account_kind(account) in (21, 24) group by 1) p "
                     "using (account) where coalesce(b.fen, 0) <> -coalesce(p.fen, 0)") == []
        assert d.sql("select account_name(b.account), b.fen, j.fen from balance b left join (select a, sum(f)::int8 as fen "
                     "from journal, unnest(accounts, amounts) t(a, f) group by a) j on j.a = b.account "
                     "where b.fen <> coalesce(j.fen, 0)") == []


@pytest.fixture(scope="module")
def standin(tmp_path_factory):
    s = StandIn(tmp_path_factory.mktemp("provider"), merchant="1900000001",
                **{"return-optin": "1900000011"}).start()
    yield s
    s.stop()


@pytest.fixture(scope="module")
def servers(service, standin):
    return service(2, clock_may_move="on", settle_poll_ms="50ms", settle_retry_ms="1h", timer_poll_ms="100ms",
                   split_margin_ms="24h", approval_min_fen=10000000, **standin.settings())


@pytest.fixture(scope="module")
def till(servers, database, standin):
    admin = servers[0].login("admin")
    for s in servers:
        s.client(admin.key).wait_known()
    town = Town(servers[0], database, admin)
    town.load()
    admin.call("CatalogService/UpsertParties", {"parties": [
        {"code": "OP", "kind": "PARTY_KIND_PLATFORM", "name": "runs the platform",
         "merchant": {"provider": "wechat", "number": "1900000099"}},
        {"code": "B1", "kind": "PARTY_KIND_STAFF", "employer": BRAND},
        {"code": "S1", "kind": "PARTY_KIND_STAFF", "name": "an assistant", "employer": DEALER_1,
         "payee": {"openid": "oPENID_s1"}}]})
    for sku_class in ("fee", "staff"):
        town.sku(skuClass=sku_class)
    town.put_book({"rules": BOOK["rules"] + [
        {"name": "fee", "skuClass": "fee", "platformFee": {"bps": 100, "bpsOf": "BASE_GROSS", "rounding": "ROUNDING_FLOOR"}},
        {"name": "staff", "skuClass": "staff", "staffCommission": {"bps": 100, "bpsOf": "BASE_GROSS"}}]})
    t = Till(town, servers, standin)
    yield t
    t.agree()


def test_direct_shipment(till):
    """Ex 1: held, split to the owner, the rest released."""
    order = till.shipped(till.bought(till.sku(599900, 540000, {"SITE": 5}), way=SHIP, storefront="F-A1"))
    assert till.kinds(order) == ["E1", "E2", "E3"]
    till.days(8)
    till.until(order, "E7")
    held, avail, out = (f"P:dealer:D1:B:{s}" for s in ("held", "avail", "in_payout"))
    assert till.rows(order)[3:] == [
        ("E4", {held: 56301, avail: -56301}), ("E5", {avail: 56301, out: -56301}), ("E6", {out: 56301, FROZEN: -56301}),
        ("E7", {AVAILABLE: 540000, FROZEN: -540000})]
    assert till.sums(order) == {AVAILABLE: 540000, "P:brand:cost": -540000}
    assert till.standing(order) == (0, {"1900000011": 56301})
    assert till.payables(order) == []


def test_pickup(till):
    """Ex 3: the dealer collects; the operator's fee goes out, releasing the rest pays the dealer."""
    code = till.sku(129900, 100000, {}, skuClass="fee")
    till.town.count("A1", code, 5, goodsOwner=DEALER_1)
    order = till.bought(code, way=PICKUP, storefront="F-A1", location="A1")
    assert order["option"]["collector"] == DEALER_1
    till.collected(order)
    till.days(8)
    till.until(order, "E7d")
    frozen = "A:psp:wechat:D1:frozen"
    assert till.rows(order)[3:] == [
        ("E4", {"P:op:held": 1299, "P:op:avail": -1299}), ("E5", {"P:op:avail": 1299, "P:op:in_payout": -1299}),
        ("E6", {"P:op:in_payout": 1299, frozen: -1299}), ("E7d", {"P:dealer:D1:D1:held": 127822, frozen: -127822})]
    assert till.sums(order) == {}
    assert till.standing(order) == (0, {"1900000099": 1299})


def test_staff(till):
    """Ex 14: owner and assistant in one split."""
    code = till.sku(299900, 262000, {"SITE": 5}, skuClass="staff")
    till.town.claim("customer-14", "A1", staff="S1")
    order = till.shipped(till.bought(code, way=SHIP, storefront="F-A1", customer="customer-14"))
    till.days(8)
    till.until(order, "E7")
    assert till.standing(order) == (0, {"1900000011": 33102, "oPENID_s1": 2999})
    assert till.sums(order) == {AVAILABLE: 262000, "P:brand:cost": -262000}
    assert till.kinds(order) == ["E1", "E2", "E3", "E4", "E5", "E5", "E6", "E6", "E7"]


def test_one_of_two_is_closed(till):
    """Ex 18: the dealer's part arrives, the assistant's comes back and is tried again under a new number."""
    code = till.sku(299900, 262000, {"SITE": 5}, skuClass="staff")
    till.town.claim("customer-18", "A1", staff="S1")
    till.standin.control("close", {"account": "oPENID_s1", "reason": "RECEIVER_REAL_NAME_NOT_VERIFIED", "count": 1})
    order = till.shipped(till.bought(code, way=SHIP, storefront="F-A1", customer="customer-18"))
    till.days(8)
    till.until(order, "E6C")
    staff = ("P:staff:S1:avail", "P:staff:S1:in_payout")
    assert [x for e, x in till.rows(order, "E6C")] == [{staff[0]: -2999, staff[1]: 2999}]
    assert till.payables(order) == [("P:staff:S1:avail", 2999, None)]
    assert "E7" not in till.kinds(order), "nothing is released while somebody is still to be paid by it"
    till.days(0.1)
    till.until(order, "E7")
    assert till.standing(order) == (0, {"1900000011": 33102, "oPENID_s1": 2999})
    assert till.sums(order) == {AVAILABLE: 262000, "P:brand:cost": -262000}
    assert len({n for (n,) in till.database.sql("select number from provider_call where order_id = %s and kind = 1",
                                                (order["orderId"],))}) == 2


def returned(till, order, line, ref="back"):
    """One unit of the line comes back, sellable."""
    asked = till.call("OrderService/RequestReturn", {
        **act(order, 1, ref, staff=""), "reason": "RETURN_REASON_CHANGED_MIND", "lines": [{"line": line, "quantity": 1}]})
    till.call("StoreService/ReceiveReturn", {
        **act(order, 1, ref + "-in", staff="B1"), "returnNumber": asked["returnNumber"], "location": "SITE",
        "lines": [{"line": line, "sellable": 1}]})


def three_units(till):
    """The order of Ex 8: three units, a coupon of the brand over them."""
    code = till.sku(100000, 80000, {"SITE": 9})
    now = till.now()
    coupon = till.town.campaign(1000000, until=(now + datetime.timedelta(days=1)).isoformat())
    return till.bought([{"sku": code, "quantity": 1, "campaign": coupon, "discountFen": str(d)}
                        for d in (3334, 3333, 3333)], way=SHIP, storefront="F-A1")


def test_refund_behind_the_payout(till):
    """Ex 8: one unit of three comes back when all is paid out: the customer has his money, the dealer gives back his."""
    order = till.shipped(three_units(till))
    till.days(8)
    till.until(order, "E7")
    assert till.standing(order) == (0, {"1900000011": 58260})
    returned(till, order, 1)
    till.until(order, "R3")
    till.until(order, "R2")
    rebate, recv = "A:psp:wechat:B:fee_rebate", "A:recv:dealer:D1:B"
    assert sorted(till.rows(order)[7:]) == sorted([
        ("R1", {"P:brand:cost": 80000, recv: 19420, rebate: 580, "P:brand:promo": -3333, "C:refund": -96667}),
        ("R2", {"C:refund": 96667, AVAILABLE: -96087, rebate: -580}), ("R3", {AVAILABLE: 19420, recv: -19420})])
    assert till.sums(order) == {AVAILABLE: 230000 - 96087 + 19420, "P:brand:cost": -160000, "P:brand:promo": 6667}
    [back] = till.standin.payment(order["payment"])["returns"]
    assert (back["amount"], back["result"], back["effects"]) == (19420, "SUCCESS", 1)
    [refund] = till.standin.payment(order["payment"])["refunds"]
    assert (refund["amount"], refund["status"], refund["effects"]) == (96667, "SUCCESS", 1)


def test_refund_before_the_split(till):
    """Ex 9, in the hold: the refund comes out of what is frozen, the split is of what is left."""
    order = till.shipped(three_units(till))
    returned(till, order, 0)
    till.until(order, "R2")
    assert till.rows(order, "R2") == [("R2", {"C:refund": 96666, FROZEN: -96086, "A:psp:wechat:B:fee_rebate": -580})]
    till.days(8)
    till.until(order, "E7")
    assert till.standing(order) == (0, {"1900000011": 38840})
    assert till.sums(order) == {AVAILABLE: 160000 - 6666 + 0, "P:brand:cost": -160000, "P:brand:promo": 6666}


def test_nobody_gives_back(till):
    """What the provider cannot take back stays owed, to be set off."""
    till.standin.control("optin", {"account": "1900000011", "on": False})
    order = till.shipped(three_units(till))
    till.days(8)
    till.until(order, "E7")
    returned(till, order, 2)
    till.until(order, "R2")
    yc.wait_for("the return to fail", lambda: till.database.sql(
        "select 1 from clawback where order_id = %s and state = 4", (order["orderId"],)))
    assert till.sums(order)["A:recv:dealer:D1:B"] == 19420
    till.standin.control("optin", {"account": "1900000011", "on": True})


# ---- By bank ----------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def desk(till):
    """Two of finance, of two names; who prepares and who agrees."""
    clients = [till.servers[0].client(till.database.key("finance", name=n)).wait_known() for n in ("anna", "bo")]
    till.call("CatalogService/UpsertDealers", {"dealers": [
        {"code": DEALER_1, "name": "=first, \"one\"", "grade": 1,
         "merchant": {"provider": "wechat", "number": "1900000011", "feeBps": 60},
         "payee": {"bank": "招商银行", "accountName": "一号经销商", "account": "6225-0001"}}]})
    yield clients


def batch(client, ref, collector=BRAND, rail="RAIL_BANK"):
    acted = client.call("FinanceService/PreparePayouts", {"ref": ref, "collector": collector, "rail": rail})["acted"]
    [b] = client.call("FinanceService/ListPayoutBatches", {"ref": ref})["batches"]
    return acted, b


def payouts(client, b, **more):
    return client.call("FinanceService/ListPayouts", {"batchId": b["batchId"], **more}).get("payouts", [])


def posted(till, payout):
    return [{a: f for a, f in zip(accounts, amounts)} for accounts, amounts in till.database.sql(
        "select array(select account_name(a) from unnest(accounts) a), amounts from journal where object_id = %s "
        "order by event, event_no", (payout["payoutId"],))]


def told(database, order):
    """[(event, fen)] of payouts, sorted: who has endpoints hears of them."""
    return sorted(database.sql("select kind, amount_fen from (select order_id, kind, amount_fen from outbox union all "
                               "select order_id, kind, amount_fen from event_log) e where order_id = %s "
                               "and kind in (70, 71)", (order["orderId"],)))


def test_netting(till, desk):
    """Ex 15: what he owes since Ex 8 is set off against another order's share; the rest is a transfer."""
    anna = desk[0]
    assert till.database.sql("select fen from balance where account_name(account) = 'A:recv:dealer:D1:B'") == [(19420,)]
    order = till.shipped(till.bought(till.sku(429900, 386449, {"SITE": 5}), way=SHIP, storefront="F-A1"))
    till.days(8)
    till.until(order, "E7")
    # who owes is set off before he is paid: not split
    assert till.payables(order) == [("P:dealer:D1:B:avail", 40872, 2)]
    acted, b = batch(anna, "ex15")
    assert acted["state"] == "PROPOSAL_STATE_DONE"
    assert (b["state"], b["amountFen"], b["payouts"]) == ("PAYOUT_BATCH_STATE_INSTRUCTED", "21452", 1)
    [p] = payouts(anna, b)
    assert (p["grossFen"], p["nettedFen"], p["amountFen"], p["state"]) == ("40872", "19420", "21452",
                                                                          "PAYOUT_STATE_INSTRUCTED")
    avail, out = "P:dealer:D1:B:avail", "P:dealer:D1:B:in_payout"
    assert posted(till, p) == [{avail: 19420, "A:recv:dealer:D1:B": -19420}, {avail: 21452, out: -21452}]
    assert till.payables(order) == []
    till.agree()
    ask = {"payoutId": p["payoutId"], "outcome": "PAYOUT_STATE_PAID"}
    got = anna.call("FinanceService/ConfirmPayout", ask)["payout"]
    assert got["state"] == "PAYOUT_STATE_PAID"
    assert anna.call("FinanceService/ConfirmPayout", ask)["payout"] == got
    assert posted(till, p)[2:] == [{out: 21452, AVAILABLE: -21452}]
    assert told(till.database, order) == [(70, 40872)]
    e = refused(anna, "FinanceService/ConfirmPayout", {**ask, "outcome": "PAYOUT_STATE_CLOSED", "reason": "no"})
    assert (e.reason, e.field) == ("wrong_state", "payout_id")
    assert batch(anna, "ex15")[1]["state"] == "PAYOUT_BATCH_STATE_DONE"
    e = refused(anna, "FinanceService/PreparePayouts", {"ref": "none-left", "collector": BRAND, "rail": "RAIL_BANK"})
    assert (e.reason, e.field) == ("wrong_state", "rail")


def owed_by_bank(till, price, cost):
    """An order whose share goes by bank: beyond what the provider splits."""
    order = till.shipped(till.bought(till.sku(price, cost, {"SITE": 5}), way=SHIP, storefront="F-A1"))
    till.days(8)
    till.until(order, "E7")
    return order


def test_file_and_closed(till, desk):
    """The bank's file; a transfer that comes back is owed again, and goes with the next batch."""
    anna, bo = desk
    order = owed_by_bank(till, 100000, 20000)
    share = 100000 - 600 - 20000
    assert till.payables(order) == [("P:dealer:D1:B:avail", share, 2)]
    assert refused(anna, "FinanceService/ExportPayoutBatch", {"batchId": order["orderId"]}).reason == "not_found"
    _, b = batch(anna, "file-1")
    assert refused(bo, "FinanceService/PreparePayouts",
                   {"ref": "file-1", "collector": DEALER_1, "rail": "RAIL_BANK"}).reason == "exists_differs"
    got = anna.call("FinanceService/ExportPayoutBatch", {"batchId": b["batchId"]})
    raw = base64.b64decode(got["file"])
    assert hashlib.sha256(raw).hexdigest() == got["sha256"] == got["firstSha256"]
    rows = list(csv.reader(raw.decode().splitlines()))
    [p] = payouts(anna, b)
    assert rows == [["payout_id", "party", "name", "bank", "account_name", "account", "amount_yuan"],
                    [p["payoutId"], DEALER_1, "'=first, \"one\"", "招商银行", "一号经销商", "6225-0001", "794.00"],
                    ["sum", "1", "", "", "", "", "794.00"]]
    closed = {"payoutId": p["payoutId"], "outcome": "PAYOUT_STATE_CLOSED", "reason": "account closed"}
    assert bo.call("FinanceService/ConfirmPayout", closed)["payout"]["reason"] == "account closed"
    assert bo.call("FinanceService/ConfirmPayout", closed)["payout"]["state"] == "PAYOUT_STATE_CLOSED"
    assert till.payables(order) == [("P:dealer:D1:B:avail", share, 2)]
    assert told(till.database, order) == [(71, share)]
    till.agree()
    assert bo.call("FinanceService/ExportPayoutBatch", {"batchId": b["batchId"]}) == got, "the same bytes"
    _, again = batch(anna, "file-2")
    [q] = payouts(anna, again)
    assert q["payoutId"] != p["payoutId"] and q["amountFen"] == str(share)
    anna.call("FinanceService/ConfirmPayout", {"payoutId": q["payoutId"], "outcome": "PAYOUT_STATE_PAID"})
    assert told(till.database, order) == [(70, share), (71, share)]
    till.agree()


def test_two_persons(till, desk):
    """From approval_min_fen on nobody pays alone; what is refused is owed still."""
    anna, bo = desk
    order = owed_by_bank(till, 20000000, 9000000)
    share = 20000000 - 120000 - 9000000
    acted, b = batch(anna, "much")
    assert acted["state"] == "PROPOSAL_STATE_WAITS" and b["state"] == "PAYOUT_BATCH_STATE_PREPARED"
    assert till.payables(order) == [("P:dealer:D1:B:avail", share, 2)], "nothing moved"
    approve = {"proposalId": acted["proposalId"]}
    assert refused(anna, "FinanceService/ApproveProposal", approve).reason == "permission_denied"
    bo.call("FinanceService/RejectProposal", {**approve, "note": "not now"})
    acted, b = batch(anna, "much-2")
    assert batch(anna, "much")[1]["state"] == "PAYOUT_BATCH_STATE_REFUSED"
    assert (b["payouts"], b["amountFen"]) == (1, str(share))
    assert bo.call("FinanceService/ApproveProposal", {"proposalId": acted["proposalId"]})["acted"]["state"] == (
        "PROPOSAL_STATE_DONE")
    [p] = payouts(bo, b)
    assert (p["state"], p["amountFen"]) == ("PAYOUT_STATE_INSTRUCTED", str(share))
    assert batch(bo, "much-2")[0]["state"] == "PROPOSAL_STATE_DONE"
    bo.call("FinanceService/ConfirmPayout", {"payoutId": p["payoutId"], "outcome": "PAYOUT_STATE_PAID"})
    till.agree()


def test_two_persons_for_a_split(till, desk):
    """A share of approval_min_fen waits, and what is frozen with it, until two persons agree."""
    anna, bo = desk
    order = till.shipped(till.bought(till.sku(80000000, 60000000, {"SITE": 5}), way=SHIP, storefront="F-A1"))
    till.days(8)
    share = 80000000 - 480000 - 60000000
    yc.wait_for("the rail", lambda: till.payables(order) == [("P:dealer:D1:B:avail", share, 1)])
    acted, b = batch(anna, "split", rail="RAIL_PSP_SPLIT")
    assert (acted["state"], b["amountFen"]) == ("PROPOSAL_STATE_WAITS", str(share))
    assert "E5" not in till.kinds(order)
    bo.call("FinanceService/ApproveProposal", {"proposalId": acted["proposalId"]})
    till.until(order, "E7")
    assert till.standing(order) == (0, {"1900000011": share})


def test_withdrawal(till, desk):
    """E8: the brand takes its own out; the same ref once."""
    anna = desk[0]
    ask = {"ref": "w-1", "amountFen": "540000"}
    acted = anna.call("FinanceService/RecordWithdrawal", ask)["acted"]
    assert acted["state"] == "PROPOSAL_STATE_DONE"
    assert anna.call("FinanceService/RecordWithdrawal", ask)["acted"] == acted
    assert posted(till, {"payoutId": acted["proposalId"]}) == [{"P:brand:cost": 540000, AVAILABLE: -540000}]
    for change, field in (({"amountFen": "0"}, "amount_fen"), ({"provider": "x"}, "provider"), ({"ref": ""}, "ref"),
                          ({"at": "2999-01-01T00:00:00Z"}, "at")):
        assert refused(anna, "FinanceService/RecordWithdrawal", {**ask, "ref": "w-2", **change}).field == field


def test_refund_by_hand(till, desk):
    """A provider that we do not ask: a person gives the money back and says so."""
    anna = desk[0]
    order = till.town.submit(till.sku(50000, 40000, {"SITE": 2}), way=SHIP, storefront="F-A1")
    number = till.town.name("cash")
    till.town.pay(order, payment=till.town.payment(total(order), number, provider="alipay"))
    till.call("OrderService/CancelOrder", act(order, 0, "no", ""))
    def listed():
        return anna.call("FinanceService/ListRefunds", {"orderId": order["orderId"]}).get("refunds", [])
    yc.wait_for("the refund to wait for a person", lambda: [r["state"] for r in listed()] == ["REFUND_STATE_ASKED"])
    [r] = listed()
    assert (r["provider"], r["paymentNumber"], r["amountFen"]) == ("alipay", number, "50000")
    ask = {"orderId": order["orderId"], "refundNo": r["refundNo"], "part": r["part"], "number": "receipt-7"}
    assert anna.call("FinanceService/ConfirmRefund", ask)["refund"]["number"] == "receipt-7"
    till.until(order, "R2")
    assert till.sums(order) == {}, "each party's sum over the order is zero"
    assert anna.call("FinanceService/ConfirmRefund", ask)["refund"]["state"] == "REFUND_STATE_DONE"
    assert refused(anna, "FinanceService/ConfirmRefund", {**ask, "number": "other"}).reason == "wrong_state"
    assert refused(anna, "FinanceService/ConfirmRefund", {**ask, "refundNo": 77}).reason == "not_found"
    for change, field in (({"orderId": "x"}, "order_id"), ({"part": 0}, "part"), ({"number": "a b"}, "number")):
        assert refused(anna, "FinanceService/ConfirmRefund", {**ask, **change}).field == field


def test_refusals(till, desk):
    anna = desk[0]
    for method, ask, field in (
            ("PreparePayouts", {"ref": "", "collector": BRAND, "rail": 2}, "ref"),
            ("PreparePayouts", {"ref": "r", "collector": "nobody", "rail": 2}, "collector"),
            ("PreparePayouts", {"ref": "r", "collector": BRAND}, "rail"),
            ("ListPayouts", {"batchId": "x"}, "batch_id"), ("ListPayouts", {"party": "nobody"}, "party"),
            ("ListPayouts", {"pageToken": "x"}, "page_token"), ("ListPayoutBatches", {"pageToken": "x"}, "page_token"),
            ("ListRefunds", {"orderId": "x"}, "order_id"), ("ListRefunds", {"pageSize": -1}, "page_size"),
            ("ExportPayoutBatch", {"batchId": "x"}, "batch_id"), ("ConfirmPayout", {"payoutId": "x"}, "payout_id"),
            ("ConfirmPayout", {"payoutId": yc.NO_ORDER, "outcome": 2}, "outcome"),
            ("ConfirmPayout", {"payoutId": yc.NO_ORDER, "outcome": 4}, "reason"),
            ("ConfirmPayout", {"payoutId": yc.NO_ORDER, "outcome": 3, "reason": "x"}, "reason")):
        assert refused(anna, "FinanceService/" + method, ask).field.endswith(field), (method, ask)
    assert refused(anna, "FinanceService/ConfirmPayout",
                   {"payoutId": yc.NO_ORDER, "outcome": "PAYOUT_STATE_PAID"}).reason == "not_found"
    for bad, field in (({"account": "1;2"}, "account"), ({"account": "1"}, "bank"), ({"bank": "x"}, "bank"),
                       ({"account": "1", "bank": "x"}, "account_name"), ({"openid": "o"}, "openid")):
        e = refused(till.town.admin, "CatalogService/UpsertDealers",
                    {"dealers": [{"code": DEALER_1, "grade": 1, "payee": bad}]})
        assert field in e.field, (bad, e.field)


def test_pages_and_scopes(till, desk):
    """All payouts once over pages; a dealer's key sees his own."""
    anna = desk[0]

    def pages(client, **ask):
        out, token = [], ""
        while True:
            got = client.call("FinanceService/ListPayouts", {**ask, "pageSize": 2, "pageToken": token})
            out += got.get("payouts", [])
            token = got.get("nextPageToken", "")
            if not token:
                return out
    every = pages(anna)
    assert len({p["payoutId"] for p in every}) == len(every) == till.database.sql("select count(*) from payout")[0][0]
    assert [p["madeAt"] for p in every] == sorted((p["madeAt"] for p in every), reverse=True)
    own = till.servers[0].client(till.database.key("finance", "dealer:" + DEALER_1)).wait_known()
    assert {p["party"] for p in pages(own)} == {DEALER_1} and len(pages(own)) < len(every)
    assert pages(own, party="S1") == []
    for method, ask in (("ListPayoutBatches", {}), ("ListRefunds", {}), ("ExportPayoutBatch", {"batchId": yc.NO_ORDER}),
                        ("PreparePayouts", {}), ("ConfirmPayout", {}), ("ConfirmRefund", {}), ("RecordWithdrawal", {})):
        assert refused(own, "FinanceService/" + method, ask).reason == "permission_denied", method
