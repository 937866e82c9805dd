"""What an order's acts post: the worked examples through the RPCs, up to the hand-over and what goes back.

Behind the hold the books go on in test_95_payout.py."""
import collections
import contextlib
import threading

import psycopg2
import pytest

import yc
from test_82_acts import act
from town import BOOK, BRAND, DEALER_1, DEALER_2, DELIVER, PICKUP, SHIP, Town, refused, total

EVENTS = {1: "E1", 2: "E2", 3: "E3", 4: "E4", 5: "E5", 6: "E6", 7: "E7", 9: "R1", 10: "R2", 11: "R3"}
BRAND_FROZEN, REBATE = "A:psp:wechat:B:frozen", "A:psp:wechat:B:fee_rebate"
HELD = "P:dealer:D1:B:held"


class Books:
    """Sells at the town, acts for stores and customers, reads the journal."""

    def __init__(self, town):
        self.town, self.call, self.database = town, town.admin.call, town.database
        self.front = town.server.client(town.database.key("storefront", "storefront:F-A1")).wait_known()

    def sku(self, price, cost, stock, **more):
        return self.town.sku(stock, listPriceFen=str(price), floorPriceFen="0", contractCostFen=str(cost), **more)

    def owned(self, price, cost, location, dealer, **more):
        """Goods that are the dealer's own."""
        code = self.sku(price, cost, {}, **more)
        self.town.count(location, code, 9, goodsOwner=dealer)
        return code

    def bought(self, lines, **more):
        more.setdefault("storefront", "F-A1")
        order = self.town.submit(lines, **more)
        self.town.pay(order)
        return order

    def store(self, method, order, number=1, staff="S1", **more):
        return self.call("StoreService/" + method, {**act(order, number, f"{method}-{number}", staff), **more})

    def cancel(self, order, number=0, lines=None, ref="cancel"):
        return self.call("OrderService/CancelOrder", {**act(order, number, ref, ""), "lines": [
            {"line": n, "quantity": q} for n, q in lines or []]})

    def shipped(self, order, number=1):
        self.store("Dispatch", order, number, "B1")
        self.store("ConfirmDelivery", order, number, "B1")
        return order

    def brought(self, order, number=1, staff="S1"):
        for method in ("Accept", "Dispatch", "ConfirmDelivery"):
            self.store(method, order, number, staff)
        return order

    def collected(self, order, staff="S1"):
        self.store("Accept", order, staff=staff)
        self.store("MarkReady", order, staff=staff)
        code = self.front.call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"]["fulfilments"][0]
        self.store("ConfirmCollection", order, staff=staff, code=code["collectionCode"])
        return order

    def returned(self, order, line=0, quantity=1, returned=1, fulfilment=1, staff="B1"):
        """The customer brings units back, and they are taken."""
        self.call("OrderService/RequestReturn", {
            **act(order, fulfilment, f"ask-{returned}", ""), "reason": "RETURN_REASON_CHANGED_MIND",
            "lines": [{"line": line, "quantity": quantity}]})
        return self.call("StoreService/ReceiveReturn", {
            **act(order, fulfilment, f"back-{returned}", staff), "returnNumber": returned,
            "lines": [{"line": line, "sellable": quantity}]})

    def packers(self):
        """Staff beside the town's: the brand's, the second dealer's."""
        self.call("CatalogService/UpsertParties", {"parties": [
            {"code": "B1", "kind": "PARTY_KIND_STAFF", "name": "packs", "employer": BRAND},
            {"code": "S2", "kind": "PARTY_KIND_STAFF", "name": "of the second", "employer": DEALER_2}]})

    def rows(self, order):
        """[(event, event_no, {account: fen})], as posted."""
        out = []
        for e, no, accounts, amounts in self.database.sql(
                "select event, event_no, array(select account_name(a) from unnest(accounts) a), amounts from journal "
                "where object_id = %s order by posted_at, event_no, event", (order["orderId"],)):
            legs = collections.Counter()
            for a, f in zip(accounts, amounts):
                legs[a] += f
            out.append((EVENTS[e], no, {a: f for a, f in legs.items() if f}))
        return out

    def posted(self, order, event):
        """The legs of the order's rows of that event, in order; C:order's sign is the row's."""
        return [legs for e, _, legs in self.rows(order) if e == event]

    def legs(self, order):
        """The legs of all its rows."""
        return [legs for _, _, legs in self.rows(order)]

    def sums(self, order):
        out = collections.Counter()
        for _, _, legs in self.rows(order):
            out.update(legs)
        return {a: f for a, f in out.items() if f}

    def refunds(self, order):
        return self.database.sql("select refund_no, part_no, payment_number, fen, rebate_fen, state from refund "
                                 "where order_id = %s order by refund_no, part_no", (order["orderId"],))

    def holds(self, order):
        return self.database.sql("select number, round(extract(epoch from due_at - posted_at) / 86400)::int, changes "
                                 "from settlement where order_id = %s order by number", (order["orderId"],))

    def units(self, order, event):
        return [u for u, in self.database.sql("select units from journal where object_id = %s and event = %s "
                                              "order by posted_at, event_no", (order["orderId"], event))]


RULES = [
    {"name": "fee", "skuClass": "fee", "platformFee": {"bps": 100, "bpsOf": "BASE_GROSS", "rounding": "ROUNDING_FLOOR"}},
    {"name": "staff", "skuClass": "staff", "staffCommission": {"bps": 100, "bpsOf": "BASE_GROSS"}, "holdDays": 3},
    {"name": "transfer", "skuClass": "transfer", "transfer": {"fixedFen": "380000"},
     "handling": {"bps": 150, "bpsOf": "BASE_GROSS"}},
    {"name": "cloud", "skuClass": "cloud", "warehouse": {"bps": 50, "bpsOf": "BASE_COST"}},
    {"name": "courier", "skuClass": "courier", "courierCostFen": "1800"},
    {"name": "made", "skuClass": "made", "forfeitOwnerBps": 2500, "holdDays": 20},
    {"name": "absorbed", "skuClass": "absorbed", "negativeMargin": "NEGATIVE_MARGIN_BRAND_ABSORBS", "absorbMaxFen": "5000"},
    {"name": "long", "skuClass": "long", "holdDays": 15},
    {"name": "year", "skuClass": "year", "holdDays": 180},
]


@pytest.fixture(scope="module")
def books(service, database):
    """Holds do not end here: the last test has an instance of its own for that."""
    (server,) = service(timer_poll_ms="50ms", settle_poll_ms="1h")
    town = Town(server, database, server.login("admin"))
    town.load()
    town.admin.call("CatalogService/UpsertParties", {"parties": [
        {"code": "OP", "kind": "PARTY_KIND_PLATFORM", "name": "runs the platform"},
        {"code": "K", "kind": "PARTY_KIND_COURIER", "name": "brings parcels"},
        {"code": "B1", "kind": "PARTY_KIND_STAFF", "employer": BRAND},
        {"code": "S2", "kind": "PARTY_KIND_STAFF", "employer": DEALER_2}]})
    for rule in RULES:
        town.sku(skuClass=rule["skuClass"])
    town.put_book({"rules": BOOK["rules"] + RULES})
    return Books(town)


def paid(fen, fee, psp=BRAND_FROZEN):
    """The legs of E1 and E2 of an order that nobody else pays for."""
    return [{psp: fen, "C:order": -fen}, {"C:order": fee, psp: -fee}]


def lines_with_discounts(books, rows):
    """[(price, cost, discount)]: a line each, a brand's campaign for all of them."""
    campaign = books.town.campaign(1000000)
    return [{"sku": books.sku(price, cost, {"SITE": 9}), "quantity": 1, "campaign": campaign, "discountFen": str(off)}
            for price, cost, off in rows]


# ---- Handed over ----------------------------------------------------------------------------------

def test_direct_shipment(books):
    """Ex 1, to the hand-over."""
    order = books.shipped(books.bought(books.sku(599900, 540000, {"SITE": 5}), way=SHIP))
    assert books.rows(order) == [
        ("E1", 1, {BRAND_FROZEN: 599900, "C:order": -599900}),
        ("E2", 1, {"C:order": 3599, BRAND_FROZEN: -3599}),
        ("E3", 1002, {"C:order": 596301, "P:brand:cost": -540000, HELD: -56301})]
    assert books.holds(order) == [(1, 7, 0)], "as long as the customer may bring it back"
    assert books.units(order, 3) == [[0, 0, 1, 1, 0, 0, 0]]


def test_cloud_warehouse(books):
    """Ex 2: the brand keeps its cost, to the fen."""
    code = books.sku(1999900, 1840000, {"CLOUD": 5}, skuClass="cloud", cloudOnly=True)
    order = books.shipped(books.bought(code, way=SHIP))
    assert books.legs(order) == [*paid(1999900, 11999),
                                 {"C:order": 1987901, "P:brand:cost": -1840000, "P:wh:WH:held": -9200, HELD: -138701}]


def test_pickup_of_own_goods(books):
    """Ex 3: the dealer collects."""
    order = books.collected(books.bought(books.owned(129900, 100000, "A1", DEALER_1, skuClass="fee"), way=PICKUP,
                                         location="A1"))
    assert books.legs(order) == [*paid(129900, 779, "A:psp:wechat:D1:frozen"),
                                 {"C:order": 129121, "P:op:held": -1299, "P:dealer:D1:D1:held": -127822}]


def test_store_delivery(books):
    """Ex 4: the courier costs more than the customer pays for him."""
    books.town.put_policy(deliveryFees=[{"way": DELIVER, "feeFen": "1500", "freeFromFen": "0"}])
    code = books.owned(89900, 70000, "A1", DEALER_1, skuClass="courier")
    order = books.brought(books.bought(code, way=DELIVER, location="A1"))
    books.town.put_policy()
    assert books.legs(order) == [*paid(91400, 548, "A:psp:wechat:D1:frozen"),
                                 {"C:order": 90852, "P:courier:K:held": -1800, "P:dealer:D1:D1:held": -89052}]


def test_brand_coupon(books):
    """Ex 5: three lines, the coupon is the brand's money."""
    lines = lines_with_discounts(books, [(19999, 17000, 2857), (9999, 8200, 1429), (4999, 4000, 714)])
    order = books.shipped(books.bought(lines, way=SHIP))
    assert books.legs(order) == [{BRAND_FROZEN: 29997, "P:brand:promo": 5000, "C:order": -34997},
                                 {"C:order": 180, BRAND_FROZEN: -180},
                                 {"C:order": 34817, "P:brand:cost": -29200, HELD: -5617}]


def test_own_discount(books):
    """Ex 6: the same basket at the dealer's own prices; nobody else pays for it."""
    lines = [{"sku": books.sku(p, c, {"SITE": 9}), "quantity": 1, "unitPriceFen": str(p - off)}
             for p, c, off in ((19999, 17000, 2857), (9999, 8200, 1429), (4999, 4000, 714))]
    order = books.shipped(books.bought(lines, way=SHIP))
    assert books.legs(order) == [*paid(29997, 180), {"C:order": 29817, "P:brand:cost": -29200, HELD: -617}]


def test_negative_margin(books):
    """Ex 7: a receivable, never a negative payable; 7b: no leg of zero."""
    line = {"sku": books.sku(499900, 460000, {"SITE": 5}), "quantity": 1, "unitPriceFen": "454900"}
    order = books.shipped(books.bought([line], way=SHIP))
    assert books.legs(order) == [*paid(454900, 2729),
                                 {"C:order": 452171, "A:recv:dealer:D1:B": 7829, "P:brand:cost": -460000}]
    order = books.shipped(books.bought(books.sku(500000, 497000, {"SITE": 5}), way=SHIP))
    assert books.legs(order) == [*paid(500000, 3000), {"C:order": 497000, "P:brand:cost": -497000}]


def test_the_brand_absorbs(books):
    """What it adds to a loss is its promotion, posted with the split."""
    order = books.shipped(books.bought(books.sku(100000, 102000, {"SITE": 5}, skuClass="absorbed"), way=SHIP))
    assert books.posted(order, "E1") == [{BRAND_FROZEN: 100000, "C:order": -100000}]
    assert books.posted(order, "E3") == [{"C:order": 99400, "P:brand:promo": 2600, "P:brand:cost": -102000}]


def test_cross_dealer(books):
    """Ex 11: F's goods in F's store; F collects."""
    code = books.owned(429900, 380000, "C1", DEALER_2, skuClass="transfer")
    order = books.collected(books.bought(code, way=PICKUP, location="C1"), staff="S2")
    assert books.legs(order) == [*paid(429900, 2579, "A:psp:wechat:D2:frozen"),
                                 {"C:order": 427321, "P:dealer:D2:D2:held": -386449, "P:dealer:D1:D2:held": -40872}]


def test_two_parts(books):
    """Two locations: each hand-over is a split of its own; together they are the order's."""
    code = books.sku(10000, 6000, {"SITE": 2, "CLOUD": 2})
    order = books.bought([(code, 4)], way=SHIP)
    assert len(order["option"]["parts"]) == 2
    books.shipped(order, 1)
    assert len(books.posted(order, "E3")) == 1 and books.sums(order)["C:order"] != 0
    books.shipped(order, 2)
    assert "C:order" not in books.sums(order)
    assert books.sums(order)["P:brand:cost"] == -24000
    assert books.sums(order)[HELD] == -int(order["option"]["money"]["ownerMarginFen"])
    assert [h[0] for h in books.holds(order)] == [1, 2]


def test_in_two_payments(books):
    """Ex 12: the deposit's fee is part of the whole's; the balance comes before the goods."""
    books.town.put_policy(depositFen="100000")
    order = books.town.submit(books.sku(999900, 900000, {}, madeToOrder=True), storefront="F-A1")
    books.town.put_policy()
    books.town.pay(order, payment=books.town.payment(100000))
    books.store("StartProduction", order, staff="B1")
    books.town.pay(order, payment=books.town.payment(899900))
    books.shipped(order)
    assert books.rows(order) == [
        ("E1", 1, {BRAND_FROZEN: 100000, "C:order": -100000}), ("E2", 1, {"C:order": 600, BRAND_FROZEN: -600}),
        ("E1", 2, {BRAND_FROZEN: 899900, "C:order": -899900}), ("E2", 2, {"C:order": 5399, BRAND_FROZEN: -5399}),
        ("E3", 1004, {"C:order": 993901, "P:brand:cost": -900000, HELD: -93901})]


def test_staff(books):
    """Ex 14: the commission is out of the dealer's share, and held no shorter than goods may come back."""
    books.town.claim("c14", "A1", staff="S1")
    order = books.shipped(books.bought(books.sku(299900, 262000, {"SITE": 5}, skuClass="staff"), way=SHIP,
                                       customer="c14"))
    assert books.legs(order) == [*paid(299900, 1799),
                                 {"C:order": 298101, "P:brand:cost": -262000, "P:staff:S1:held": -2999, HELD: -33102}]
    assert books.holds(order) == [(1, 7, 0)]


def test_the_rule_says_how_long_it_is_held(books):
    order = books.shipped(books.bought(books.sku(20000, 10000, {"SITE": 5}, skuClass="long"), way=SHIP))
    assert books.holds(order) == [(1, 15, 0)]


# ---- Given back -----------------------------------------------------------------------------------

def three_units(books):
    """Ex 8, 9: three of 100000, the brand's coupon of 10000 over them."""
    return books.bought(lines_with_discounts(books, [(100000, 80000, off) for off in (3334, 3333, 3333)]), way=SHIP)


def test_a_unit_comes_back(books):
    """Ex 8 within the hold: its own legs are reversed, at their own amounts."""
    order = books.shipped(three_units(books))
    assert books.posted(order, "E3") == [{"C:order": 298260, "P:brand:cost": -240000, HELD: -58260}]
    books.returned(order, line=1)
    assert books.posted(order, "R1") == [{"P:brand:cost": 80000, HELD: 19420, REBATE: 580, "P:brand:promo": -3333,
                                          "C:refund": -96667}]
    [(no, part, number, fen, rebate, state)] = books.refunds(order)
    assert (part, fen, rebate, state) == (1, 96667, 580, 1) and no > 1000
    assert books.holds(order) == [(1, 7, 1)]
    assert books.units(order, 9) == [[1, 0, 1, 1, 0, 1, 0]]


def test_cancelled_before_the_split(books):
    """Ex 9: out of clearing, no party is touched; the rest is split as if it had been alone."""
    order = three_units(books)
    books.cancel(order, lines=[(0, 1)])
    assert books.posted(order, "R1") == [{"C:order": 99420, REBATE: 580, "P:brand:promo": -3334, "C:refund": -96666}]
    books.shipped(order)
    assert books.posted(order, "E3") == [{"C:order": 198840, "P:brand:cost": -160000, HELD: -38840}]
    assert "C:order" not in books.sums(order)


def test_all_comes_back(books):
    """In parts, some before and some behind the split: each party's sum over the order is zero."""
    order = three_units(books)
    books.cancel(order, lines=[(2, 1)])
    books.shipped(order)
    books.returned(order, line=0)
    books.returned(order, line=1, returned=2)
    assert books.sums(order) == {BRAND_FROZEN: 288260, REBATE: 1740, "C:refund": -290000}
    assert sum(r[3] for r in books.refunds(order)) == 290000
    assert sum(r[4] for r in books.refunds(order)) == 1740


def test_units_of_one_line_come_back_one_by_one(books):
    """Ordinals: each return takes the next units of the line, and the last one closes it."""
    order = books.shipped(books.bought([(books.sku(10001, 6003, {"SITE": 9}), 3)], way=SHIP))
    for n in (1, 2, 3):
        books.returned(order, returned=n)
    assert [u[:3] for u in books.units(order, 9)] == [[0, 0, 1], [0, 1, 1], [0, 2, 1]]
    assert books.sums(order) == {BRAND_FROZEN: 30003 - 180, REBATE: 180, "C:refund": -30003}


def test_production_is_cancelled(books):
    """Ex 12b: a forfeit of 2 % of a million, three quarters the brand's; the unreturned fee is the brand's."""
    books.town.put_policy(depositBps=1000, forfeitBps=200)
    order = books.town.submit(books.sku(1000000, 900000, {}, madeToOrder=True, skuClass="made"), storefront="F-A1")
    books.town.pay(order, payment=books.town.payment(100000))
    books.store("StartProduction", order, staff="B1")
    books.cancel(order)
    books.town.put_policy()
    assert books.posted(order, "R1") == [{"C:order": 99400, REBATE: 480, "C:refund": -80000, "P:brand:other": -14880,
                                          HELD: -5000}]
    assert [r[3:5] for r in books.refunds(order)] == [(80000, 480)]
    assert [h[:2] for h in books.holds(order)] == [(0, 7)], "the owner's part of it is held, too"


def test_nobody_pays_the_balance(books):
    """All of the deposit is kept: nothing goes back, and clearing is closed all the same."""
    books.town.put_policy(depositBps=1000)
    order = books.town.submit(books.sku(1000000, 900000, {}, madeToOrder=True, skuClass="made"), storefront="F-A1")
    books.town.pay(order, payment=books.town.payment(100000))
    books.store("StartProduction", order, staff="B1")
    books.town.put_policy(depositBps=1000, forfeitBps=10000)
    books.database.sql("update order_deposit set balance_by = now() - interval '1 day' where order_id = %s",
                       (order["orderId"],))
    yc.wait_for("the end", lambda: books.town.get(order)["state"] == "ORDER_STATE_CANCELLED")
    books.town.put_policy()
    assert books.posted(order, "R1") == [{"C:order": 99400, "P:brand:other": -74400, HELD: -25000}]
    assert books.refunds(order) == []


def test_one_of_two_is_cancelled_before_the_balance(books):
    """The balance is smaller; nothing is posted; the one that is left bears the fees that were taken."""
    books.town.put_policy(depositBps=1000)
    order = books.town.submit([(books.sku(500000, 400000, {}, madeToOrder=True), 2)], storefront="F-A1")
    books.town.put_policy()
    books.town.pay(order, payment=books.town.payment(100000))
    books.cancel(order, lines=[(0, 1)])
    assert books.posted(order, "R1") == [] and books.refunds(order) == []
    books.store("StartProduction", order, staff="B1")
    books.town.pay(order, payment=books.town.payment(400000))
    books.shipped(order)
    assert books.posted(order, "E3") == [{"C:order": 497000, "P:brand:cost": -400000, HELD: -97000}]


def in_part(books, quantity, deposit_bps, discount=0):
    """An order of goods made for it at 100000, of which the deposit is paid; its total, the deposit."""
    books.town.put_policy(depositBps=deposit_bps)
    line = {"sku": books.sku(100000, 80000, {}, madeToOrder=True), "quantity": quantity}
    if discount:
        line |= {"campaign": books.town.campaign(1000000, unitMaxFen=str(discount)), "discountFen": str(discount)}
    order = books.town.submit([line], storefront="F-A1")
    books.town.put_policy()
    deposit = int(order["depositFen"])
    books.town.pay(order, payment=books.town.payment(deposit, "D-" + order["orderId"]))
    return order, total(order), deposit


def test_the_deposit_pays_for_what_is_left(books):
    """Two of three are cancelled before the balance: that is gone, a part of the deposit goes back, the third is paid."""
    order, whole, deposit = in_part(books, 3, 9000)
    assert (whole, deposit) == (300000, 270000)
    books.cancel(order, lines=[(0, 2)])
    assert books.posted(order, "R1") == [{"C:order": 168980, REBATE: 1020, "C:refund": -170000}]
    assert [r[2:5] for r in books.refunds(order)] == [("D-" + order["orderId"], 170000, 1020)]
    books.shipped(order)
    assert books.posted(order, "E3") == [{"C:order": 99400, "P:brand:cost": -80000, HELD: -19400}]


def test_a_coupon_on_what_is_paid_in_parts(books):
    """The brand funds what is sold in the end: of two, one is cancelled before the balance."""
    order, whole, deposit = in_part(books, 2, 1000, discount=10000)
    assert (whole, deposit) == (180000, 18000)
    books.cancel(order, lines=[(0, 1)])
    books.store("StartProduction", order, staff="B1")
    books.town.pay(order, payment=books.town.payment(72000))
    assert books.posted(order, "E1") == [{BRAND_FROZEN: 18000, "C:order": -18000},
                                         {BRAND_FROZEN: 72000, "P:brand:promo": 10000, "C:order": -82000}]
    books.shipped(order)
    assert books.posted(order, "E3") == [{"C:order": 99460, "P:brand:cost": -80000, HELD: -19460}]


def test_a_coupon_where_no_balance_is_left(books):
    """The deposit pays for what is left of the order: what the brand funds of it comes with the split."""
    order, whole, deposit = in_part(books, 2, 5000, discount=10000)
    assert (whole, deposit) == (180000, 90000)
    books.cancel(order, lines=[(0, 1)])
    assert books.posted(order, "R1") == []
    books.shipped(order)
    assert books.posted(order, "E3") == [{"C:order": 89460, "P:brand:promo": 10000, "P:brand:cost": -80000, HELD: -19460}]


def test_a_coupon_that_nobody_gave(books):
    """The same, and what is left is cancelled, too: who funds it never gave, and has nothing back."""
    order, _, _ = in_part(books, 2, 5000, discount=10000)
    books.cancel(order, lines=[(0, 1)])
    books.cancel(order, ref="all")
    assert books.posted(order, "R1") == [{"C:order": 89460, REBATE: 540, "C:refund": -90000}]


def test_lost_parcel(books):
    """Ex 13: seller's fault, all goes back, the delivery fee as well."""
    order = books.bought(books.sku(199900, 150000, {"SITE": 5}), way=SHIP)
    books.store("Dispatch", order, staff="B1")
    books.store("ReportLoss", order, staff="B1", note="gone")
    assert books.posted(order, "R1") == [{"C:order": 198701, REBATE: 1199, "C:refund": -199900}]
    assert books.sums(order) == {BRAND_FROZEN: 198701, REBATE: 1199, "C:refund": -199900}


def test_the_fee_goes_back_or_is_kept(books):
    """A cancelled parcel brings its delivery fee; one that came back from the door does not: it is the deliverer's."""
    code = books.sku(5000, 3000, {"SITE": 9})
    order = books.bought(code, way=SHIP)
    assert total(order) == 5800
    books.cancel(order)
    assert books.posted(order, "R1") == [{"C:order": 5765, REBATE: 35, "C:refund": -5800}]
    code = books.sku(5000, 3000, {"A1": 9})
    order = books.bought(code, way=DELIVER, location="A1")
    assert total(order) == 5500
    for method in ("Accept", "Dispatch"):
        books.store(method, order)
    books.store("ReportDeliveryFailure", order, reason="DELIVERY_FAILURE_REFUSED", give_up=True)
    books.store("Restock", order, lines=[{"line": 0, "sellable": 1}])
    assert books.posted(order, "R1") == [{"C:order": 5467, "A:psp:wechat:D1:fee_rebate": 30, "C:refund": -5000,
                                          "P:brand:other": -497}]


def test_payments_that_come_too_much(books):
    """A second payment, and one for an order that nobody can fill any more: due back whole, with their own numbers."""
    order = books.bought(books.sku(10000, 6000, {"SITE": 5}), way=SHIP)
    books.town.pay(order, payment=books.town.payment(10000, "twice-" + order["orderId"]))
    assert books.posted(order, "R1") == [{"C:order": 9940, REBATE: 60, "C:refund": -10000}]
    assert books.refunds(order) == [(2, 1, "twice-" + order["orderId"], 10000, 60, 1)]
    books.shipped(order)
    assert books.posted(order, "E3") == [{"C:order": 9940, "P:brand:cost": -6000, HELD: -3940}]
    books.returned(order)
    first, second = books.refunds(order)
    assert second[2:5] == (books.database.sql("select number from payment where order_id = %s and outcome = 1",
                                              (order["orderId"],))[0][0], 10000, 60)
    assert "C:order" not in books.sums(order)


def test_newest_payment_first(books):
    """Of a deposit and a balance the balance goes back first; each brings back its own fee."""
    books.town.put_policy(depositBps=9000)
    order = books.town.submit([(books.sku(100000, 80000, {}, madeToOrder=True), 3)], storefront="F-A1")
    books.town.put_policy()
    books.town.pay(order, payment=books.town.payment(270000, "D-" + order["orderId"]))
    books.store("StartProduction", order, staff="B1")
    books.town.pay(order, payment=books.town.payment(30000, "B-" + order["orderId"]))
    books.shipped(order)
    books.returned(order)
    assert [r[2:5] for r in books.refunds(order)] == [("B-" + order["orderId"], 30000, 180),
                                                      ("D-" + order["orderId"], 70000, 420)]
    books.returned(order, returned=2)
    assert [r[2:5] for r in books.refunds(order)][2:] == [("D-" + order["orderId"], 100000, 600)]


def test_each_payment_brings_back_its_own_fee(books):
    """The deposit through another provider than the balance.  Of the whole fee, 201, two of five units would bring 80
    (80.4); of the balance's 141 of 23450 they bring 81; the last two are 3350 and 10050 of two payments."""
    alipay = "A:psp:alipay:B:fee_rebate"
    books.town.put_policy(depositBps=3000)
    order = books.town.submit([(books.sku(6700, 5000, {}, madeToOrder=True), 5)], storefront="F-A1")
    books.town.put_policy()
    deposit, balance = (books.town.payment(fen, name + order["orderId"]) for fen, name in ((10050, "D-"), (23450, "B-")))
    books.town.pay(order, payment={**deposit, "provider": "alipay"})
    books.store("StartProduction", order, staff="B1")
    books.town.pay(order, payment=balance)
    books.shipped(order)
    for n, quantity in enumerate((1, 1, 1, 2)):
        books.returned(order, quantity=quantity, returned=n + 1)
    assert [r[2:5] for r in books.refunds(order)] == [
        (balance["number"], 6700, 40), (balance["number"], 6700, 41), (balance["number"], 6700, 40),
        (balance["number"], 3350, 20), (deposit["number"], 10050, 60)]
    assert [(r.get(REBATE), r.get(alipay)) for r in books.posted(order, "R1")] == [
        (40, None), (41, None), (40, None), (20, 60)]
    assert {a: f for a, f in books.sums(order).items() if a[0] == "P"} == {}


# ---- Other homes ----------------------------------------------------------------------------------

def test_a_hop_is_split_by_its_own_decision(books):
    """A1 refuses, another dealer's store delivers: he is paid his handling by the collector of the order."""
    code = books.sku(20000, 12000, {})
    for location in ("A1", "C1"):
        books.town.count(location, code, 5, goodsOwner=BRAND)
    order = books.bought(code, way=DELIVER, location="A1")
    books.store("Reject", order, reason="REJECT_REASON_OUT_OF_STOCK")
    yc.wait_for("another home", lambda: len(books.town.get(order)["fulfilments"]) == 2)
    books.brought(order, 2, "S2")
    [e3] = books.posted(order, "E3")
    assert e3["P:brand:cost"] == -12000
    assert e3["P:dealer:D2:B:held"] == -300 - 500 + 3, "handling, and what the customer paid for delivery"
    assert e3[HELD] == -(20000 - 120 - 12000 - 300)
    assert books.units(order, 3) == [[0, 0, 1, 2, 0, 0, 0] + [-1, 0, 0, 2, 0, 1, 500]], "units, and the fee they carry"
    assert "C:order" not in books.sums(order)


def test_units_that_part(books):
    """Two of three are short: the one goes on, the two go elsewhere; every unit is split once."""
    code = books.sku(20000, 12000, {})
    for location in ("A1", "A2"):
        books.town.count(location, code, 5, goodsOwner=BRAND)
    order = books.bought([(code, 3)], way=DELIVER, location="A1")
    books.store("Accept", order)
    books.store("MarkShort", order, lines=[{"line": 0, "quantity": 2}],
                reason="REJECT_REASON_DAMAGED")
    yc.wait_for("another home", lambda: len(books.town.get(order)["fulfilments"]) >= 3)
    for method in ("Dispatch", "ConfirmDelivery"):
        books.store(method, order)
    assert books.sums(order)["C:order"] != 0
    last = max(f["number"] for f in books.town.get(order)["fulfilments"])
    books.brought(order, last)
    assert "C:order" not in books.sums(order)
    assert books.sums(order)["P:brand:cost"] == -36000
    assert sorted(tuple(u[i:i + 3]) for u in books.units(order, 3) for i in range(0, len(u), 7) if u[i] >= 0) == [
        (0, 0, 1), (0, 1, 2)]


# ---- Read ----------------------------------------------------------------------------------------

def test_get_order_tells_what_is_posted(books):
    """To who may see the money: sums by account, zeros left out."""
    def posted(order, client=books.town.admin):
        money = client.call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"].get("money", {})
        return {p["account"]: int(p["amountFen"]) for p in money.get("posted", [])}
    order = books.town.submit(books.sku(20000, 12000, {"SITE": 5}), storefront="F-A1", way=SHIP)
    assert posted(order) == {}
    books.town.pay(order)
    assert posted(order) == {BRAND_FROZEN: 19880, "C:order": -19880}
    books.shipped(order)
    assert posted(order) == books.sums(order) == {BRAND_FROZEN: 19880, "P:brand:cost": -12000, HELD: -7880}
    assert posted(order, books.front) == {}
    dealer = books.town.server.login("finance", "dealer:" + DEALER_2)
    assert refused(dealer, "OrderService/GetOrder", {"orderId": order["orderId"]}).reason == "not_found"


# ---- At once --------------------------------------------------------------------------------------

def at_once(count, work):
    """As yc.at_once; what one raises, raises."""
    results = yc.at_once(count, work)
    for r in results:
        if isinstance(r, Exception):
            raise r
    return results


def test_delivered_twice_at_once(books):
    """One of many hands wins; the split is posted once, the hold begins once."""
    order = books.bought(books.sku(20000, 12000, {"SITE": 5}), way=SHIP)
    books.store("Dispatch", order, staff="B1")

    def confirm(i):
        try:
            return bool(books.call("StoreService/ConfirmDelivery", act(order, ref=f"hand-{i}", staff="B1")))
        except yc.RpcError as e:
            assert e.reason == "wrong_state", e
            return False
    assert sum(at_once(8, confirm)) == 1
    assert [e for e, _, _ in books.rows(order)] == ["E1", "E2", "E3"] and len(books.holds(order)) == 1


def test_cancelled_and_delivered_at_once(books):
    """A unit of the one parcel is cancelled while the other is delivered: whatever came first, the sums are the same."""
    seen = set()
    for n in range(6):
        order = books.bought([(books.sku(10001, 6003, {"SITE": 2, "CLOUD": 1}), 3)], way=SHIP)
        books.store("Dispatch", order, 1, "B1")

        def go(i, order=order):
            if i == 0:
                books.store("ConfirmDelivery", order, 1, "B1")
            else:
                books.cancel(order, number=2)
        at_once(2, go)
        seen.add(tuple(e for e, _, _ in sorted(books.rows(order), key=lambda r: r[1])))
        assert books.sums(order) == {
            BRAND_FROZEN: 30003 - 180, REBATE: 60, "C:refund": -10001, "P:brand:cost": -12006,
            HELD: -(20002 - 120 - 12006)}
    assert all(sorted(kinds) == ["E1", "E2", "E3", "R1"] for kinds in seen)


def test_returns_at_once(books):
    """Three returns of one line, received at the same time: three refunds of different units."""
    order = books.shipped(books.bought([(books.sku(10001, 6003, {"SITE": 9}), 3)], way=SHIP))
    for n in (1, 2, 3):
        books.call("OrderService/RequestReturn", {**act(order, 1, f"ask-{n}", ""), "reason": "RETURN_REASON_CHANGED_MIND",
                                                  "lines": [{"line": 0, "quantity": 1}]})
    at_once(3, lambda i: books.call("StoreService/ReceiveReturn", {
        **act(order, 1, f"back-{i}", "B1"), "returnNumber": i + 1, "lines": [{"line": 0, "sellable": 1}]}))
    assert sorted(u[1] for u in books.units(order, 9)) == [0, 1, 2]
    assert books.sums(order) == {BRAND_FROZEN: 30003 - 180, REBATE: 180, "C:refund": -30003}
    assert books.holds(order) == [(1, 7, 3)]


# ---- Behind the hold ------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def later(books, service):
    """Its clock is eight days on: holds end.  What waits for money or for a carrier would end, too: it does not look."""
    (server,) = service(clock_may_move="on", timer_poll_ms="1min", expiry_poll_ms="1min", settle_poll_ms="50ms")
    client = server.client(books.town.admin.key).wait_known()
    client.call("AdminService/MoveClock", {"byMs": str(8 * 86400000)})
    return client


def asked(books, code, count, storefront="F-C1"):
    """Delivered orders of D2 whose customers ask to bring them back; none of them is ever unpaid."""
    orders = [books.shipped(books.town.submit(code, way=SHIP, storefront=storefront, payment=books.town.payment(100000)))
              for _ in range(count)]
    for order in orders:
        books.call("OrderService/RequestReturn", {**act(order, 1, "ask", ""), "reason": "RETURN_REASON_CHANGED_MIND",
                                                  "lines": [{"line": 0, "quantity": 1}]})
    return orders


def test_behind_the_hold(books, later):
    """What comes back then is taken from what the dealer has available, and from what may be paid out to him."""
    orders = asked(books, books.sku(100000, 60000, {"SITE": 20}), 2, "F-A1")
    for order in orders:
        yc.wait_for("the hold's end", lambda order=order: "E4" in [e for e, _, _ in books.rows(order)])
    for order in orders:
        receive(later, order)
        assert books.posted(order, "R1") == [{REBATE: 600, "C:refund": -100000, "P:brand:cost": 60000,
                                              "P:dealer:D1:B:avail": 39400}]
        assert books.database.sql(
            "select account_name(account), event, fen from payable where order_id = %s order by event",
            (order["orderId"],)) == [("P:dealer:D1:B:avail", 4, 39400), ("P:dealer:D1:B:avail", 9, -39400)]
        assert "P:dealer:D1:B:avail" not in books.sums(order) and HELD not in books.sums(order)


AVAIL_D2, RECV_D2 = "P:dealer:D2:B:avail", "A:recv:dealer:D2:B"


def balance(books, name):
    return int(books.database.sql("select coalesce(sum(fen), 0) from balance where account_name(account) = %s", (name,))[0][0])


def adjust(books, client, order, fen):
    """Two of finance take it from what D2 has available."""
    li, wang = (client.with_key(books.database.key("finance", name=n)).wait_known() for n in ("li", "wang"))
    [(event_no,)] = books.database.sql("select event_no from journal where object_id = %s and event = 3",
                                       (order["orderId"],))
    acted = li.call("FinanceService/Adjust", {
        "ref": "adjust", "objectId": order["orderId"], "event": "E3", "eventNo": event_no, "note": "the contract says less",
        "legs": [{"account": AVAIL_D2, "amountFen": str(fen)}, {"account": "P:brand:other", "amountFen": str(-fen)}]})
    wang.call("FinanceService/ApproveProposal", {"proposalId": acted["acted"]["proposalId"]})


def receive(client, order):
    return client.call("StoreService/ReceiveReturn", {**act(order, 1, "back", "B1"), "returnNumber": 1,
                                                      "lines": [{"line": 0, "sellable": 1}]})


def test_available_shares_run_out_at_once(books, later):
    """Eight at once take of what covers three and a half: whoever finds less than he read plans again; nothing goes below
    zero, and what lacks is owed."""
    orders = asked(books, books.sku(100000, 60000, {"SITE": 20}), 8)
    for order in orders:
        yc.wait_for("the hold's end", lambda order=order: "E4" in [e for e, _, _ in books.rows(order)])
    was = -balance(books, AVAIL_D2)
    share, left = 39400, 39400 * 7 // 2
    assert was >= 8 * share
    adjust(books, later, orders[0], was - left)  # most of it is not his after all
    owed = balance(books, RECV_D2)
    at_once(8, lambda i: receive(later, orders[i]))
    taken = sum(books.sums(o).get(RECV_D2, 0) for o in orders)
    assert balance(books, AVAIL_D2) == 0 and taken == 8 * share - left == balance(books, RECV_D2) - owed
    for order in orders:
        [r1] = books.posted(order, "R1")
        assert r1.get(AVAIL_D2, 0) + r1.get(RECV_D2, 0) == share
    assert books.database.sql("select 1 from clawback") == [], "nobody of them was paid by a split of the order"


def test_a_hold_ends_between_reading_and_writing(books, later):
    """The refund has read that the share is held, and finds it available when it writes: it reads again."""
    asked(books, books.sku(100000, 60000, {"SITE": 1}, skuClass="year"), 1)
    [order] = asked(books, books.sku(100000, 60000, {"SITE": 1}, skuClass="long"), 1)
    with contextlib.closing(psycopg2.connect(books.database.url)) as c, c.cursor() as q:
        q.execute("select from settlement where order_id = %s for update", (order["orderId"],))
        later.call("AdminService/MoveClock", {"byMs": str(10 * 86400000)})
        books.database.wait_blocked()
        back = threading.Thread(target=receive, args=(books.town.admin, order))
        back.start()
        books.database.wait_blocked(2)
        c.rollback()
        back.join()
    assert books.posted(order, "E4") == [{"P:dealer:D2:B:held": 39400, AVAIL_D2: -39400}]
    [r1] = books.posted(order, "R1")
    assert r1.get(AVAIL_D2, 0) + r1.get(RECV_D2, 0) == 39400 and "P:dealer:D2:B:held" not in books.sums(order)


def test_holds_end_while_goods_come_back(books, later):
    """The hold's end and the return of the same units: what is left of either is nothing, in whatever order."""
    seen = set()
    for _ in range(4):
        orders = asked(books, books.sku(100000, 60000, {"SITE": 9}), 4)
        at_once(4, lambda i, orders=orders: receive(later, orders[i]))
        for order in orders:
            yc.wait_for("the hold's end", lambda order=order: books.database.sql(
                "select 1 from settlement where order_id = %s and ended_at is not null", (order["orderId"],)))
            rows = [e for e, _, _ in books.rows(order)]
            seen.add("E4" in rows)
            sums = books.sums(order)
            assert "P:dealer:D2:B:held" not in sums and "P:brand:cost" not in sums, rows
            assert sums.get(AVAIL_D2, 0) + sums.get(RECV_D2, 0) == 0, (rows, sums)
