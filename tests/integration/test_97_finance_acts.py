"""What finance posts by hand: freight, claims, disputes, adjustments, money back without goods; and two persons."""
import datetime
import uuid

import pytest

import yc
from test_82_acts import act
from test_91_posting import EVENTS, RULES, Books
from test_95_payout import told
from town import BOOK, BRAND, DELIVER, PICKUP, SHIP, Town, refused, total

DAY_MS = 86400000
MUCH = 100000  # approval_min_fen here
AVAILABLE = "A:psp:wechat:B:available"
DISPUTED, REBATE = "A:psp:wechat:B:disputed", "A:psp:wechat:B:fee_rebate"
HELD, AVAIL, OWES = "P:dealer:D1:B:held", "P:dealer:D1:B:avail", "A:recv:dealer:D1:B"
OTHER, COURIER, CLAIM = "P:brand:other", "P:courier:K:avail", "A:recv:courier:K"
NAMES = {12: "F", 13: "D", 14: "L", 15: "J"}
EVENTS.update(NAMES)
NOWHERE = "0198f0c2-0000-7000-8000-000000000000"


class Finance(Books):
    """Two persons of finance, Li and Wang, at the town's books."""

    def __init__(self, town):
        super().__init__(town)
        self.li, self.wang, self.li_again = (self._client(n) for n in ("Li", "Wang", "Li"))

    def _client(self, name, role="finance", *scopes):
        return self.town.server.client(self.database.key(role, *scopes, name=name)).wait_known()

    def do(self, method, client=None, **message):
        """As Li; answers "acted"."""
        message.setdefault("ref", str(uuid.uuid4()))
        return (client or self.li).call("FinanceService/" + method, message)["acted"]

    def no(self, method, client=None, **message):
        """(reason, field) of the refusal."""
        message.setdefault("ref", str(uuid.uuid4()))
        e = refused(client or self.li, "FinanceService/" + method, message)
        return e.reason, e.field

    def approve(self, acted, client=None):
        return self.do_id("ApproveProposal", acted, client)

    def do_id(self, method, acted, client=None, **more):
        return (client or self.wang).call("FinanceService/" + method,
                                          {"proposalId": acted["proposalId"], **more})["acted"]

    def found(self, acted):
        return next(p for p in self.li.call("FinanceService/ListProposals", {"pageSize": 200})["proposals"]
                    if p["proposalId"] == acted["proposalId"])

    def hand(self, order):
        """[(event, event_no, {account: fen})] of what was posted by hand, in order."""
        out = []
        for e, no, accounts, amounts in self.database.sql(
                "select event, event_no, array(select account_name(a) from unnest(accounts) a), amounts from journal "
                "where object_id = %s and event between 12 and 15 order by event, event_no", (order["orderId"],)):
            legs = {}
            for a, f in zip(accounts, amounts):
                legs[a] = legs.get(a, 0) + f
            out.append((NAMES[e], no, legs))
        return out

    def payables(self, order):
        return dict(self.database.sql("select account_name(account), sum(fen)::int8 from payable where order_id = %s "
                                      "and payout_id is null group by 1", (order["orderId"],)))

    def sold(self, price=599900, cost=540000, **more):
        """Shipped by the brand and with the customer; D1 has what is left."""
        return self.shipped(self.bought([{"sku": self.sku(price, cost, {"SITE": 9}), "quantity": 1}], **more))

    def days(self, n):
        self.call("AdminService/MoveClock", {"byMs": str(n * DAY_MS)})

    def released(self, order):
        """The hold is over: what is held is available."""
        self.days(16)
        yc.wait_for("E4", lambda: self.posted(order, "E4"))
        return order

    def balance(self, account):
        return dict(self.database.sql("select account_name(account), fen from balance")).get(account, 0)


@pytest.fixture(scope="module")
def books(service, database):
    (server,) = service(timer_poll_ms="50ms", settle_poll_ms="50ms", clock_may_move="on", approval_min_fen=MUCH)
    town = Town(server, database, server.login("admin"))
    town.load()
    town.admin.call("CatalogService/UpsertParties", {"parties": [
        {"code": "OP", "kind": "PARTY_KIND_PLATFORM", "name": "runs the platform"},
        {"code": "K", "kind": "PARTY_KIND_COURIER", "name": "brings parcels"},
        {"code": "B1", "kind": "PARTY_KIND_STAFF", "employer": BRAND}]})
    rules = RULES + [{"name": "freight", "skuClass": "heavy", "freightBearer": "BEARER_OWNER",
                      "disputeBearer": "BEARER_OWNER"}]
    for rule in rules:
        town.sku(skuClass=rule["skuClass"])
    town.put_book({"rules": BOOK["rules"] + rules})
    return Finance(town)


def done(acted):
    assert acted["state"] == "PROPOSAL_STATE_DONE", acted
    return acted


def waits(acted):
    assert acted["state"] == "PROPOSAL_STATE_WAITS", acted
    return acted


def agreed(books, acted):
    """However much it is."""
    return done(books.approve(acted) if acted["state"] == "PROPOSAL_STATE_WAITS" else acted)


# ---- Freight and claims ----

def test_failed_delivery(books):
    """The seller's fault: the brand pays the courier both ways, the customer has all again."""
    order = books.bought([{"sku": books.sku(199900, 150000, {"SITE": 9}), "quantity": 1}])
    asked = {"orderId": order["orderId"], "fulfilment": 1, "amountFen": "4600", "note": "came back", "ref": "f1"}
    first = done(books.do("RecordFreight", **asked))
    assert books.hand(order) == [("F", 1, {OTHER: 4600, COURIER: -4600})]
    assert books.payables(order) == {COURIER: 4600}
    # the same again, also by another: the same answer; another body: refused
    assert books.do("RecordFreight", **asked) == first
    assert books.do("RecordFreight", client=books.wang, **asked) == first
    assert books.no("RecordFreight", **{**asked, "amountFen": "4601"}) == ("exists_differs", "ref")
    assert len(books.hand(order)) == 1
    books.cancel(order)
    assert books.posted(order, "R1") == [{"C:order": 198701, REBATE: 1199, "C:refund": -199900}]


def test_refused_at_the_door(books):
    """The customer did not take it and pays the way back: the brand pays the courier, and has that."""
    def at_the_door(**failure):
        order = books.bought([{"sku": books.owned(199900, 150000, "A1", BRAND), "quantity": 1}], way=DELIVER, location="A1")
        assert total(order) == 199900
        for method in ("Accept", "Dispatch"):
            books.store(method, order)
        books.store("ReportDeliveryFailure", order, giveUp=True, **failure)
        return order

    def restock(order, kept):
        return {**act(order, 1, "back", "S1"), "lines": [{"line": 0, "sellable": 1}], "keptFen": kept}

    books.town.put_policy(deliveryFees=[])
    order = at_the_door(reason="DELIVERY_FAILURE_DAMAGED")
    e = refused(books.town.admin, "StoreService/Restock", restock(order, "2300"))
    assert (e.reason, e.field) == ("wrong_state", "kept_fen"), e
    order = at_the_door(reason="DELIVERY_FAILURE_REFUSED")
    done(books.do("RecordFreight", orderId=order["orderId"], fulfilment=1, amountFen="4600"))
    for kept in ("-1", "199901"):
        e = refused(books.town.admin, "StoreService/Restock", restock(order, kept))
        assert (e.reason, e.field) == ("bad_field", "kept_fen"), e
    books.call("StoreService/Restock", restock(order, "2300"))
    assert books.posted(order, "R1") == [{"C:order": 198701, REBATE: 1185, OTHER: 14 - 2300, "C:refund": -197600}]
    assert books.hand(order) == [("F", 1, {OTHER: 4600, COURIER: -4600})]
    assert books.town.get(order)["refundDueFen"] == "197600"
    books.town.put_policy()


def test_bearers(books):
    """Who bears freight: named, or by the rule; from what he has, then he owes."""
    order = books.released(books.sold(10000, 8000))
    heavy = books.shipped(books.bought([{"sku": books.sku(10000, 8000, {"SITE": 9}, skuClass="heavy"), "quantity": 1}]))
    assert books.posted(order, "E4")[0][AVAIL] == -1940
    had = -books.balance(AVAIL)
    done(books.do("RecordFreight", orderId=heavy["orderId"], fulfilment=1, amountFen="500"))
    done(books.do("RecordFreight", orderId=heavy["orderId"], fulfilment=1, amountFen="60", bearer="OP"))
    done(books.do("RecordFreight", orderId=heavy["orderId"], fulfilment=1, amountFen=str(had), bearer="D1"))
    assert books.hand(heavy) == [("F", 1, {AVAIL: 500, COURIER: -500}), ("F", 2, {"P:op:avail": 60, COURIER: -60}),
                                 ("F", 3, {AVAIL: had - 500, OWES: 500, COURIER: -had})]
    assert books.payables(heavy) == {AVAIL: -had, COURIER: 560 + had, "P:op:avail": -60}
    assert books.balance(AVAIL) == 0 and books.balance(OWES) == 500
    assert books.database.sql("select number from journal where object_id = %s and event = 12", (heavy["orderId"],)) \
        == [(1,)] * 3


@pytest.mark.parametrize("change, reason, field", [
    ({"orderId": "x"}, "bad_field", "order_id"),
    ({"orderId": NOWHERE}, "not_found", ""),
    ({"amountFen": "0"}, "bad_field", "amount_fen"),
    ({"amountFen": "-5"}, "bad_field", "amount_fen"),
    ({"fulfilment": 0}, "bad_field", "fulfilment"),
    ({"fulfilment": 7}, "not_found", "fulfilment"),
    ({"courier": "D1"}, "bad_field", "courier"),
    ({"courier": "NOBODY"}, "unknown_id", "courier"),
    ({"bearer": "S1"}, "bad_field", "bearer"),
    ({"bearer": "NOBODY"}, "unknown_id", "bearer"),
    ({"note": "x" * 501}, "bad_field", "note"),
    ({"ref": ""}, "bad_field", "ref"),
    ({"ref": "with space"}, "bad_field", "ref"),
    ({"ref": "x" * 65}, "bad_field", "ref"),
])
def test_freight_refused(books, change, reason, field):
    if not hasattr(books, "paid"):
        books.paid = books.bought([{"sku": books.sku(10000, 8000, {"SITE": 9}), "quantity": 1}])
    message = {"orderId": books.paid["orderId"], "fulfilment": 1, "amountFen": "100", **change}
    got = books.no("RecordFreight", **message)
    assert got[0] == reason and got[1] in (field, "order_id"), got
    assert books.hand(books.paid) == []


def test_not_paid(books):
    order = books.town.submit([{"sku": books.sku(10000, 8000, {"SITE": 9}), "quantity": 1}])
    about = {"orderId": order["orderId"]}
    assert books.no("RecordFreight", **about, fulfilment=1, amountFen="5") == ("wrong_state", "order_id")
    assert books.no("RecordClaim", **about, stage="CLAIM_STAGE_ACCEPTED", amountFen="5") == ("wrong_state", "order_id")
    assert books.no("OpenDispute", **about, amountFen="5") == ("wrong_state", "order_id")
    assert books.no("RefundAmount", **about, goodwillFen="5", bearer=BRAND, note="why") == ("wrong_state", "order_id")


def test_claim(books):
    """Ex 13c, lost on the way: the courier pays what it was worth, less the freight he is owed."""
    order = books.bought([{"sku": books.sku(199900, 150000, {"SITE": 9}), "quantity": 1}])
    about = {"orderId": order["orderId"]}
    done(books.approve(waits(books.do("RecordClaim", **about, stage="CLAIM_STAGE_ACCEPTED", amountFen="180000"))))
    done(books.do("RecordFreight", **about, fulfilment=1, amountFen="2300", bearer=BRAND))
    paid = {**about, "stage": "CLAIM_STAGE_PAID"}
    too_much = waits(books.do("RecordClaim", **paid, amountFen="180001"))
    e = refused(books.wang, "FinanceService/ApproveProposal", {"proposalId": too_much["proposalId"]})
    assert (e.reason, e.field, e.text) == ("wrong_state", "amount_fen", "the courier owes 180000 fen of this order")
    assert books.no("RecordClaim", **paid, amountFen="80000", offsetFen="80001") == ("bad_field", "offset_fen")
    assert books.no("RecordClaim", **paid, amountFen="80000", party=BRAND) == ("bad_field", "party")
    assert books.no("RecordClaim", **about, amountFen="80000") == ("bad_field", "stage")
    assert books.no("RecordClaim", **about, stage="CLAIM_STAGE_ACCEPTED", amountFen="8", offsetFen="1") \
        == ("bad_field", "offset_fen")
    assert books.no("RecordClaim", **about, stage="CLAIM_STAGE_ACCEPTED", amountFen="8", party="OP") \
        == ("bad_field", "party")
    assert books.no("RecordClaim", orderId=NOWHERE, stage="CLAIM_STAGE_ACCEPTED", amountFen="8") \
        == ("not_found", "order_id")
    done(books.approve(waits(books.do("RecordClaim", **paid, amountFen="180000", offsetFen="2300"))))
    assert books.hand(order) == [
        ("F", 1, {OTHER: 2300, COURIER: -2300}),
        ("L", 1, {CLAIM: 180000, OTHER: -180000}),
        ("L", 2, {"A:bank:B": 177700, COURIER: 2300, CLAIM: -180000})]
    assert books.payables(order) == {COURIER: 0}
    # a dealer's goods: his, to be paid
    done(books.do("RecordClaim", **about, stage="CLAIM_STAGE_ACCEPTED", amountFen="700", party="D2"))
    assert books.hand(order)[-1] == ("L", 3, {CLAIM: 700, "P:dealer:D2:B:avail": -700})


# ---- Disputes ----

def open_dispute(books, order, fen):
    acted = books.do("OpenDispute", orderId=order["orderId"], amountFen=str(fen))
    return agreed(books, acted)


def end_dispute(books, order, fen, outcome):
    acted = books.do("EndDispute", orderId=order["orderId"], amountFen=str(fen), outcome="DISPUTE_OUTCOME_" + outcome)
    return agreed(books, acted)


def test_dispute_lost(books):
    """Ex 19: what D1 has available of the order is held again; lost, he gives it, and the brand the rest."""
    books.released(books.sold())
    order = books.released(books.sold())
    open_dispute(books, order, 599900)
    assert books.hand(order) == [("D", 1, {DISPUTED: 599900, AVAILABLE: -599900}),
                                 ("D", 2, {AVAIL: 56301, HELD: -56301})]
    assert books.payables(order) == {AVAIL: 0}
    assert books.no("OpenDispute", orderId=order["orderId"], amountFen="5") == ("wrong_state", "order_id")
    assert books.no("EndDispute", orderId=order["orderId"], amountFen="5", outcome="DISPUTE_OUTCOME_LOST") \
        == ("wrong_state", "amount_fen")
    end_dispute(books, order, 599900, "LOST")
    assert books.hand(order)[2:] == [("D", 3, {HELD: 56301, OTHER: 543599, DISPUTED: -599900})]
    again = waits(books.do("EndDispute", orderId=order["orderId"], amountFen="599900", outcome="DISPUTE_OUTCOME_LOST"))
    e = refused(books.wang, "FinanceService/ApproveProposal", {"proposalId": again["proposalId"]})
    assert (e.reason, e.text) == ("wrong_state", "no dispute is open")
    assert books.no("OpenDispute", orderId=order["orderId"], amountFen="5") == ("wrong_state", "order_id")


def test_dispute_of_a_rule(books):
    """Lost before the hold ended, the owner bears the provider's fee: what is held of the order goes first."""
    order = books.shipped(books.bought([{"sku": books.sku(10000, 8000, {"SITE": 9}, skuClass="heavy"), "quantity": 1}]))
    open_dispute(books, order, 10000)
    had = -books.balance(AVAIL)
    end_dispute(books, order, 10000, "LOST")
    fee = {AVAIL: 60} if had >= 60 else {OWES: 60 - had, **({AVAIL: had} if had else {})}
    assert books.hand(order) == [("D", 1, {DISPUTED: 10000, AVAILABLE: -10000}),
                                 ("D", 2, {HELD: 1940, **fee, OTHER: 8000, DISPUTED: -10000})]


def test_dispute_won(books):
    """Opened while the hold lasts: it does not end until the dispute does."""
    order = books.sold(99900, 80000)
    assert books.no("EndDispute", orderId=order["orderId"], amountFen="5", outcome="DISPUTE_OUTCOME_WON") \
        == ("wrong_state", "order_id")
    assert books.no("OpenDispute", orderId=order["orderId"], amountFen="99901") == ("wrong_state", "amount_fen")
    open_dispute(books, order, 99900)
    assert books.hand(order) == [("D", 1, {DISPUTED: 99900, AVAILABLE: -99900})]
    other = books.released(books.sold(99900, 80000))
    assert books.posted(other, "E4") and not books.posted(order, "E4")
    end_dispute(books, order, 99900, "WON")
    assert books.hand(order)[1:] == [("D", 2, {DISPUTED: -99900, AVAILABLE: 99900})]
    yc.wait_for("E4", lambda: books.posted(order, "E4"))
    # once more, and a third of it: a third of his share
    open_dispute(books, order, 33300)
    assert books.hand(order)[3] == ("D", 4, {AVAIL: 6434, HELD: -6434})
    end_dispute(books, order, 33300, "WON")
    assert books.hand(order)[4:] == [("D", 5, {DISPUTED: -33300, AVAILABLE: 33300, AVAIL: -6434, HELD: 6434})]
    assert books.payables(order) == {AVAIL: 19301}


@pytest.mark.parametrize("method, change, field", [
    ("OpenDispute", {"orderId": "x"}, "order_id"),
    ("OpenDispute", {"amountFen": "0"}, "amount_fen"),
    ("OpenDispute", {"note": "x" * 501}, "note"),
    ("EndDispute", {"outcome": "DISPUTE_OUTCOME_UNSPECIFIED"}, "outcome"),
    ("EndDispute", {"outcome": "DISPUTE_OUTCOME_WON", "amountFen": "0"}, "amount_fen"),
    ("EndDispute", {"outcome": "DISPUTE_OUTCOME_WON", "orderId": ""}, "order_id"),
])
def test_dispute_refused(books, method, change, field):
    assert books.no(method, **{"orderId": NOWHERE, "amountFen": "5", **change}) == ("bad_field", field)


# ---- Adjustments ----

def test_adjust(books):
    """Ex 17's figures; found to have cost 2000 less: a new row that names the old one, with its time; two persons, however little."""
    order = books.sold()
    (stood,) = books.posted(order, "E3")
    asked = {"objectId": order["orderId"], "event": "E3", "eventNo": books.database.sql(
        "select event_no from journal where object_id = %s and event = 3", (order["orderId"],))[0][0],
        "legs": [{"account": "P:brand:cost", "amountFen": "2000"}, {"account": AVAIL, "amountFen": "-2000"}],
        "note": "发票" * 60 + "the invoice came"}
    acted = waits(books.do("Adjust", **asked))
    assert books.found(acted)["about"].endswith("the invoice came")
    before = books.balance(AVAIL)
    done(books.approve(acted))
    row = books.database.sql(
        "select event, array(select account_name(a) from unnest(accounts) a), amounts, corrects, corrects_event, "
        "corrects_no, order_id, event_at from journal where object_id = %s", (acted["proposalId"],))
    ((e3_at,),) = books.database.sql("select event_at from journal where object_id = %s and event = 3",
                                     (order["orderId"],))
    oid = uuid.UUID(order["orderId"])
    assert [(e, a, f, str(c), ce, cn, str(o), at) for e, a, f, c, ce, cn, o, at in row] == [
        (15, ["P:brand:cost", AVAIL], [2000, -2000], str(oid), 3, asked["eventNo"], str(oid), e3_at)]
    assert books.posted(order, "E3") == [stood]
    assert books.balance(AVAIL) == before - 2000


@pytest.mark.parametrize("change, reason, field", [
    ({"objectId": "x"}, "bad_field", "object_id"),
    ({"event": "E9"}, "bad_field", "event"),
    ({"note": ""}, "bad_field", "note"),
    ({"legs": []}, "bad_field", "legs"),
    ({"legs": [("X:loss", 5), ("X:rounding", -4)]}, "bad_field", "legs"),
    ({"legs": [("X:loss", 5), ("X:loss", -5)]}, "bad_field", "legs"),
    ({"legs": [("X:loss", 5), ("X:rounding", 0)]}, "bad_field", "legs.amount_fen"),
    ({"legs": [("X:loss", 5), ("X:nothing", -5)]}, "unknown_id", "legs.account"),
    ({"legs": [("X:loss", 5), ("C:order", -5)]}, "bad_field", "legs.account"),
    ({"legs": [("X:loss", 5), (HELD, -5)]}, "bad_field", "legs.account"),
    ({"eventAt": "2999-01-01T00:00:00Z"}, "bad_field", "event_at"),
])
def test_adjust_refused(books, change, reason, field):
    message = {"objectId": NOWHERE, "event": "E3", "eventNo": 1, "note": "why",
               "legs": [("X:loss", 5), ("X:rounding", -5)], **change}
    message["legs"] = [{"account": a, "amountFen": str(f)} for a, f in message["legs"]]
    assert books.no("Adjust", **message) == (reason, field)


def test_adjust_of_a_dealers_order(books):
    """What it makes payable is of the collector of the order that is corrected."""
    order = books.bought([{"sku": books.owned(20000, 10000, "A1", "D1"), "quantity": 1}], way=PICKUP, location="A1")
    assert order["option"]["collector"] == "D1"
    legs = [{"account": OTHER, "amountFen": "500"}, {"account": "P:staff:S1:avail", "amountFen": "-500"}]
    acted = waits(books.do("Adjust", objectId=order["orderId"], event="E1", eventNo=1, note="a bonus", legs=legs))
    done(books.approve(acted))
    assert books.database.sql("select c.code, p.code, y.fen, y.rail from payable y join party c on c.party_id = y.collector_id "
                              "join party p on p.party_id = y.party_id where y.order_id = %s", (acted["proposalId"],)) \
        == [("D1", "S1", 500, 3)], "by offset: settling an order would not find it"
    # not left to lapse under another test: what D1 collected is his, and he owes it back
    books.cancel(order)
    yc.wait_for("E7d", lambda: books.database.sql("select 1 from journal where object_id = %s and event = 17",
                                                  (order["orderId"],)))


def test_adjust_refused_when_approved(books):
    """What cannot be done is told to who approves, and waits still."""
    legs = [{"account": "X:loss", "amountFen": "-900000000"}, {"account": AVAIL, "amountFen": "900000000"}]
    order = books.sold()
    nothing = waits(books.do("Adjust", objectId=NOWHERE, event="E3", eventNo=1, note="x", legs=legs))
    too_much = waits(books.do("Adjust", objectId=order["orderId"], event="E1", eventNo=1, note="x", legs=legs))
    for acted, reason in ((nothing, "not_found"), (too_much, "wrong_state")):
        e = refused(books.wang, "FinanceService/ApproveProposal", {"proposalId": acted["proposalId"]})
        assert e.reason == reason, e
        assert books.found(acted)["state"] == "PROPOSAL_STATE_WAITS"
    assert "does not have so much" in e.text


def test_netting_of_more_than_he_has(books):
    """Ex 15b: of 58260 that he owes 40872 are set off, nothing is sent, 17388 are carried forward."""
    order = books.released(books.sold(429900, 386449))
    freight = {"orderId": order["orderId"], "fulfilment": 1, "bearer": "D1"}
    more = 58260 - books.balance(OWES) - books.balance(AVAIL)
    agreed(books, books.do("RecordFreight", **freight, amountFen=str(more)))
    assert (books.balance(AVAIL), books.balance(OWES)) == (0, 58260)
    order = books.released(books.sold(429900, 386449))
    assert books.balance(AVAIL) == -40872
    agreed(books, books.do("PreparePayouts", collector=BRAND, rail="RAIL_OFFSET", ref="ex15b"))
    [b] = books.li.call("FinanceService/ListPayoutBatches", {"ref": "ex15b"})["batches"]
    [p] = [p for p in books.li.call("FinanceService/ListPayouts", {"batchId": b["batchId"]})["payouts"]
           if p["party"] == "D1"]
    assert (p["grossFen"], p["nettedFen"], p.get("amountFen", "0"), p["state"]) \
        == ("40872", "40872", "0", "PAYOUT_STATE_PAID")
    assert books.legs({"orderId": p["payoutId"]}) == [{AVAIL: 40872, OWES: -40872}]
    assert (books.balance(AVAIL), books.balance(OWES)) == (0, 17388)
    assert told(books.database, order) == [(70, 40872)], "nobody confirms what nobody sends"


# ---- Money back without goods ----

def give(books, order, **more):
    return books.do("RefundAmount", orderId=order["orderId"], note="sorry", **more)


def test_goodwill(books):
    """The bearer pays; when all comes back he has it again, and the customer never more than he paid."""
    order = books.sold(99900, 80000)
    done(give(books, order, goodwillFen="10000", bearer="D1"))
    assert books.posted(order, "R1") == [{HELD: 10000, REBATE: 60, OTHER: -60, "C:refund": -10000}]
    assert [r[3:5] for r in books.refunds(order)] == [(10000, 60)]
    (trail,) = [a for a in books.call("OrderService/ListActs", {"orderId": order["orderId"]})["acts"]
                if a["kind"] == "ACT_KIND_REFUND_AMOUNT"]
    assert trail["note"] == "sorry"
    assert books.town.get(order)["refundDueFen"] == "10000"
    # more than is left of what was paid
    assert books.no("RefundAmount", orderId=order["orderId"], goodwillFen="89901", bearer=BRAND, note="why") \
        == ("wrong_state", "order_id")
    books.returned(order)
    assert books.town.get(order)["refundDueFen"] == "99900"
    assert sum(r[3] for r in books.refunds(order)) == 99900
    left = books.sums(order)
    assert {a: f for a, f in left.items() if not a.startswith(("A:psp", "C:refund"))} == {}, left


def test_part_of_a_unit(books):
    """Price protection: everybody gives his share, cumulative; the unit itself brings the rest."""
    far = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=999)).isoformat()
    campaign = books.town.campaign(1000000, until=far)
    order = books.shipped(books.bought([
        {"sku": books.sku(10000, 8000, {"SITE": 9}), "quantity": 2, "campaign": campaign, "discountFen": "3000"}]))
    part = {"fulfilment": 1, "line": 0}
    done(give(books, order, partFen="6300", **part))
    # of one unit: price 10000, the brand's coupon 3000, cost 8000, fee 42
    assert books.posted(order, "R1") == [{"P:brand:cost": 7200, HELD: 1762, REBATE: 38, "P:brand:promo": -2700,
                                          "C:refund": -6300}]
    assert books.no("RefundAmount", orderId=order["orderId"], partFen="7001", note="x", **part) \
        == ("wrong_state", "order_id")
    books.returned(order, quantity=2)
    assert sum(r[3] for r in books.refunds(order)) == 14000
    assert books.town.get(order)["refundDueFen"] == "14000"
    left = books.sums(order)
    assert {a: f for a, f in left.items() if not a.startswith(("A:psp", "C:refund"))} == {}, left


def test_delivery_fee_back(books):
    """Given back before the hand-over; cancelled then, only the rest of it is due."""
    sku = books.sku(9000, 5000, {"SITE": 9})
    order = books.bought([{"sku": sku, "quantity": 1}], way=SHIP)
    fee = int(order["option"].get("deliveryFeeFen", 0))
    assert fee > 0, order["option"]
    done(give(books, order, deliveryFeeFen=str(fee - 1)))
    assert books.no("RefundAmount", orderId=order["orderId"], deliveryFeeFen="2", note="x") \
        == ("wrong_state", "order_id")
    books.cancel(order)
    assert sum(r[3] for r in books.refunds(order)) == total(order) == int(books.town.get(order)["refundDueFen"])
    assert books.sums(order).get("C:order", 0) == 0


@pytest.mark.parametrize("change, reason, field", [
    ({}, "bad_field", "goodwill_fen"),
    ({"goodwillFen": "-1", "bearer": "B"}, "bad_field", "goodwill_fen"),
    ({"goodwillFen": "5000000000", "bearer": "B"}, "bad_field", "goodwill_fen"),
    ({"goodwillFen": "5"}, "bad_field", "bearer"),
    ({"goodwillFen": "5", "bearer": "K"}, "bad_field", "bearer"),
    ({"goodwillFen": "5", "bearer": "NOBODY"}, "unknown_id", "bearer"),
    ({"deliveryFeeFen": "5", "bearer": "B"}, "bad_field", "bearer"),
    ({"partFen": "5"}, "bad_field", "fulfilment"),
    ({"deliveryFeeFen": "5", "fulfilment": 1}, "bad_field", "part_fen"),
    ({"partFen": "5", "fulfilment": 1, "line": -1}, "bad_field", "line"),
    ({"partFen": "5", "fulfilment": 1, "line": 3}, "bad_field", "line"),
    ({"partFen": "5", "fulfilment": 9}, "not_found", "fulfilment"),
    ({"partFen": "5", "fulfilment": 1}, "wrong_state", "order_id"),
    ({"goodwillFen": "5", "bearer": "B", "lostFeeBearer": "S1"}, "bad_field", "lost_fee_bearer"),
    ({"goodwillFen": "5", "bearer": "B", "note": ""}, "bad_field", "note"),
    ({"goodwillFen": "5", "bearer": "B", "orderId": NOWHERE}, "not_found", ""),
])
def test_refund_amount_refused(books, change, reason, field):
    if not hasattr(books, "waiting"):
        books.waiting = books.bought([{"sku": books.sku(10000, 8000, {"SITE": 9}), "quantity": 1}])
    message = {"orderId": books.waiting["orderId"], "note": "why", **change}
    assert books.no("RefundAmount", **message) == (reason, field)
    assert books.posted(books.waiting, "R1") == []


def test_balance_not_paid(books):
    books.town.put_policy(depositBps=1000)
    order = books.town.submit([{"sku": books.sku(999900, 900000, {}, madeToOrder=True), "quantity": 1}],
                              storefront="F-A1")
    books.town.pay(order, payment=books.town.payment(int(order["depositFen"])))
    assert books.no("RefundAmount", orderId=order["orderId"], goodwillFen="5", bearer=BRAND, note="x") \
        == ("wrong_state", "order_id")


# ---- Two persons ----

def test_two_persons(books):
    order = books.sold()
    asked = {"orderId": order["orderId"], "goodwillFen": str(MUCH), "bearer": BRAND, "note": "much", "ref": "much-1"}
    acted = waits(books.do("RefundAmount", **asked))
    assert books.posted(order, "R1") == []
    assert books.do("RefundAmount", **asked) == acted
    # neither who proposed it, nor another key of the same name
    for client in (books.li, books.li_again):
        for method in ("ApproveProposal", "RejectProposal"):
            e = refused(client, "FinanceService/" + method, {"proposalId": acted["proposalId"]})
            assert e.reason == "permission_denied", e
    assert books.posted(order, "R1") == []
    approved = done(books.approve(acted))
    assert books.approve(acted) == approved
    assert books.do("RefundAmount", **asked) == approved
    assert len(books.posted(order, "R1")) == 1
    e = refused(books.li, "FinanceService/ApproveProposal", {"proposalId": acted["proposalId"]})
    assert e.reason == "wrong_state"
    e = refused(books.wang, "FinanceService/RejectProposal", {"proposalId": acted["proposalId"]})
    assert e.reason == "wrong_state"
    p = books.found(acted)
    assert (p["kind"], p["state"], p["proposedBy"], p["decidedBy"], p["amountFen"], p["ref"]) \
        == ("refund_amount", "PROPOSAL_STATE_DONE", "Li", "Wang", str(MUCH), "much-1")


def test_refused_by_the_second(books):
    order = books.sold()
    asked = {"orderId": order["orderId"], "goodwillFen": str(MUCH), "bearer": BRAND, "note": "much", "ref": "much-2"}
    acted = waits(books.do("RefundAmount", **asked))
    no = books.do_id("RejectProposal", acted, note="too much")
    assert no["state"] == "PROPOSAL_STATE_REFUSED"
    assert books.do_id("RejectProposal", acted, note="too much") == no
    assert books.do("RefundAmount", **asked) == no
    e = refused(books.wang, "FinanceService/ApproveProposal", {"proposalId": acted["proposalId"]})
    assert e.reason == "wrong_state"
    assert books.found(acted)["note"] == "too much"
    assert books.posted(order, "R1") == []


def test_one_fen_less_needs_one(books):
    order = books.sold()
    done(give(books, order, goodwillFen=str(MUCH - 1), bearer=BRAND))


def test_approved_by_many_at_once(books):
    """Ten approvals race: it is done once."""
    order = books.sold()
    acted = waits(give(books, order, goodwillFen=str(MUCH), bearer=BRAND))
    clients = [books._client(f"approver {i}") for i in range(10)]

    def one(i):
        try:
            return books.approve(acted, clients[i])["state"]
        except yc.RpcError as e:
            return e.reason

    got = yc.at_once(10, one)
    assert got.count("PROPOSAL_STATE_DONE") == 1 and got.count("wrong_state") == 9, got
    assert len(books.posted(order, "R1")) == 1


def test_asked_by_many_at_once(books):
    """Ten of the same request race: it is done once, and all hear the same."""
    order = books.sold()
    asked = {"orderId": order["orderId"], "fulfilment": 1, "amountFen": "7", "ref": "race"}
    got = yc.at_once(10, lambda i: books.do("RecordFreight", **asked))
    assert len({a["proposalId"] for a in got}) == 1 and {a["state"] for a in got} == {"PROPOSAL_STATE_DONE"}
    assert len(books.hand(order)) == 1


@pytest.mark.parametrize("method", ["ApproveProposal", "RejectProposal"])
def test_no_such_proposal(books, method):
    for id_, reason in (("x", "bad_field"), ("", "bad_field"), (NOWHERE, "not_found")):
        e = refused(books.wang, "FinanceService/" + method, {"proposalId": id_})
        assert e.reason == reason, e
    e = refused(books.wang, "FinanceService/" + method, {"proposalId": NOWHERE, "note": "x" * 501})
    assert e.reason == "bad_field" and e.field == "note"


def test_the_list(books):
    def pages(**more):
        rows, token = [], ""
        while True:
            got = books.wang.call("FinanceService/ListProposals", {"pageSize": 3, "pageToken": token, **more})
            rows += got.get("proposals", [])
            token = got.get("nextPageToken", "")
            if not token:
                return rows

    rows = pages()
    assert len(rows) > 6 and len({r["proposalId"] for r in rows}) == len(rows)
    times = [r["proposedAt"] for r in rows]
    assert times == sorted(times, reverse=True)
    waiting = pages(state="PROPOSAL_STATE_WAITS", kind="adjust")
    assert waiting and {(r["state"], r["kind"]) for r in waiting} == {("PROPOSAL_STATE_WAITS", "adjust")}
    for change, field in (({"kind": "nonsense"}, "kind"), ({"state": 9}, "state"), ({"pageSize": -1}, "page_size")):
        e = refused(books.wang, "FinanceService/ListProposals", change)
        assert (e.reason, e.field) == ("bad_field", field), e
    first = books.wang.call("FinanceService/ListProposals", {"pageSize": 3})
    e = refused(books.wang, "FinanceService/ListProposals",
                {"pageSize": 3, "kind": "claim", "pageToken": first["nextPageToken"]})
    assert e.reason == "bad_token"


def test_keys_of_one_dealer(books):
    """The books are everybody's: who sees one dealer's orders only writes nothing in them, and reads no proposals."""
    client = books._client("Chen", "finance", "dealer:D1")
    order = books.sold()
    for method, message in (
            ("RecordFreight", {"ref": "x", "orderId": order["orderId"], "fulfilment": 1, "amountFen": "5"}),
            ("RefundAmount", {"ref": "x", "orderId": order["orderId"], "goodwillFen": "5", "bearer": "B", "note": "x"}),
            ("ListProposals", {}), ("ApproveProposal", {"proposalId": NOWHERE}),
            ("RejectProposal", {"proposalId": NOWHERE})):
        assert refused(client, "FinanceService/" + method, message).reason == "permission_denied", method


def test_adjust_behind_the_close(books):
    """Ex 17: the month is closed; what is found later is a new row in the open one, with the old event's time."""
    order = books.sold()
    [(stood,)] = books.database.sql("select j::text from journal j where object_id = %s and event = 3", (order["orderId"],))
    [(no, month)] = books.database.sql("select event_no, period from journal where object_id = %s and event = 3",
                                       (order["orderId"],))
    books.days(40)

    for (p,) in books.database.sql("select distinct period from journal where period <= %s order by 1", (month,)):
        yc.wait_for("the books to catch up", lambda: books.database.sql(
            "select ledger_close(%s, now(), 1, 'test')", (p,)) == [("closed",)])
    closed = books.database.sql("select p::text from ledger_period p")
    acted = waits(books.do("Adjust", objectId=order["orderId"], event="E3", eventNo=no, note="the invoice came", legs=[
        {"account": "P:brand:cost", "amountFen": "2000"}, {"account": AVAIL, "amountFen": "-2000"}]))
    done(books.approve(acted))
    assert books.legs({"orderId": acted["proposalId"]}) == [{"P:brand:cost": 2000, AVAIL: -2000}]
    [(period, of)] = books.database.sql("select period, (select array_agg(e.event_at = j.event_at) from journal e where "
                                        "e.object_id = %s and e.event = 3) from journal j where object_id = %s",
                                        (order["orderId"], acted["proposalId"]))
    assert period > month and of == [True]
    assert books.database.sql("select j::text from journal j where object_id = %s and event = 3", (order["orderId"],)) \
        == [(stood,)]
    assert books.database.sql("select p::text from ledger_period p") == closed != []


def test_books_are_whole(books):
    """Behind all of this: balances, payables, clearing."""
    books.database.audit()
