"""What the customer's side does to an order: cancels it, chooses instead of what no store wanted, changes it."""
import pytest

import yc
from test_82_acts import act, paid, state, trail
from test_83_timers import kinds, overdue, parts, until
from town import DELIVER, PICKUP, SHIP, SQUARE, address, refused, total

ACCEPT, REJECT, LAPSE, REHOME, ASK, CHOOSE, CHANGE, CANCEL = 1, 2, 3, 19, 20, 21, 22, 17
CANCEL_ORDER, CHOOSE_ALTERNATIVE = "OrderService/CancelOrder", "OrderService/ChooseAlternative"
LIST, CHANGE_ORDER = "OrderService/ListAlternatives", "OrderService/ChangeOrder"


def mine(order, number=0, ref="c1", **more):
    """An act of the customer's side."""
    return {"act": {"orderId": order["orderId"], "fulfilment": number, "ref": ref}, **more}


def cancel(town, order, number=0, ref="c1", **more):
    return town.admin.call(CANCEL_ORDER, mine(order, number, ref, **more))


def refund(town, order):
    return int(town.get(order).get("refundDueFen", 0))


def order_state(town, order):
    return town.get(order)["state"].removeprefix("ORDER_STATE_")


def stock(town, sku):
    """{location: (on hand, reserved, allocated)}"""
    rows = town.database.sql("select l.code, s.on_hand, s.reserved, s.allocated from stock_level s join location l "
                             "using (location_id) join sku k using (sku_id) where k.code = %s order by 1", (sku,))
    return {code: tuple(rest) for code, *rest in rows}


def events(town, order):
    [(found,)] = town.database.sql("select array_agg(kind order by kind) from (select kind, order_id from outbox union "
                                   "all select kind, order_id from event_log) e where order_id = %s",
                                   (order["orderId"],))
    return found


def pickup(town, sku, location="A1", quantity=1, **more):
    order = town.submit([(sku, quantity)], way=PICKUP, location=location, **more)
    town.pay(order)
    return order


def asked(town, order):
    """The offer lapses and the customer is asked."""
    overdue(town, order)
    until(town, order, LAPSE, ASK)
    return order


def reject(town, order, number=1, ref="no"):
    town.admin.call("StoreService/Reject", {**act(order, number, ref), "reason": "REJECT_REASON_TOO_BUSY"})


def order_due(town, order):
    town.database.sql("update sales_order set due_at = now() - interval '1 second', lease_until = null "
                      "where order_id = %s", (order["orderId"],))


BRAND_STAFF = "S-BRAND"


@pytest.fixture(scope="module", autouse=True)
def brand_staff(town):
    town.admin.call("CatalogService/UpsertParties", {"parties": [
        {"code": BRAND_STAFF, "kind": "PARTY_KIND_STAFF", "name": "of the brand", "employer": "B"}]})


# ---- CancelOrder --------------------------------------------------------------------------------------


def test_cancelled_unpaid(town):
    """All that was reserved is free again, capacity too; paid for afterwards, the money goes back."""
    sku = town.sku({"A1": 3})
    order = town.submit([(sku, 2)], way=DELIVER, location="A1")
    assert stock(town, sku) == {"A1": (3, 2, 0)}
    first = cancel(town, order)
    assert stock(town, sku) == {"A1": (3, 0, 0)}
    assert order_state(town, order) == "CANCELLED" and refund(town, order) == 0
    assert cancel(town, order) == first and int(first.get("refundFen", 0)) == 0
    assert events(town, order) == [1, 6]
    e = refused(town.admin, CANCEL_ORDER, mine(order, ref="c2"))
    assert (e.reason, e.field) == ("wrong_state", "act.order_id") and "is CANCELLED" in e.text
    # It was withdrawn, not forgotten: nothing is sent although there is stock.
    assert town.pay(order)["outcome"] == "PAYMENT_OUTCOME_UNFILLABLE"
    assert order_state(town, order) == "CANCELLED" and refund(town, order) == total(order)
    assert stock(town, sku) == {"A1": (3, 0, 0)}


@pytest.mark.parametrize("accepted", [False, True])
def test_cancelled_before_hand_over(town, accepted):
    """Goods and delivery fee are due back, once; the store hears of it."""
    sku = town.sku({"A1": 2})
    order = paid(town, sku)
    if accepted:
        town.admin.call("StoreService/Accept", act(order))
    first = cancel(town, order)
    assert int(first["refundFen"]) == total(order) == 19900 + 500
    assert state(town, order) == "CANCELLED" and order_state(town, order) == "CANCELLED"
    assert refund(town, order) == total(order)
    assert cancel(town, order) == first and refund(town, order) == total(order)
    assert stock(town, sku) == {"A1": (2, 0, 0)}
    assert events(town, order) == sorted([1, 2, 39, 5, 6] + [21] * accepted)
    assert refused(town.admin, "StoreService/Accept", act(order, ref="late")).reason == "wrong_state"


def test_cancelled_part_of_a_fulfilment(town):
    """Units part as a fulfilment of their own; the rest goes on; the fee goes back with the last of them."""
    a, b = town.sku({"A1": 5}), town.sku({"A1": 5})
    order = town.submit([(a, 3), (b, 1)], way=DELIVER, location="A1")
    town.pay(order)
    got = cancel(town, order, 1, lines=[{"line": 0, "quantity": 2}])
    assert got["acted"]["fulfilment"] == 2 and got["acted"]["state"] == "FULFILMENT_STATE_CANCELLED"
    assert int(got["refundFen"]) == 2 * 19900
    assert parts(town, order) == {1: ("A1", "OFFERED"), 2: ("A1", "CANCELLED")}
    f = {x["number"]: x for x in town.get(order)["fulfilments"]}
    assert f[2]["splitFrom"] == 1
    assert [(x.get("line", 0), x["quantity"]) for x in f[1]["part"]["lines"]] == [(0, 1), (1, 1)]
    assert stock(town, a) == {"A1": (5, 0, 1)} and stock(town, b) == {"A1": (5, 0, 1)}
    e = refused(town.admin, CANCEL_ORDER, mine(order, 1, "c2", lines=[{"line": 0, "quantity": 2}]))
    assert (e.reason, e.field) == ("wrong_state", "lines[0].quantity") and "only 1" in e.text
    rest = cancel(town, order, ref="c3", lines=[{"line": 1, "quantity": 1}, {"line": 0, "quantity": 1}])
    assert int(rest["refundFen"]) == 2 * 19900 + 500
    assert refund(town, order) == total(order) and order_state(town, order) == "CANCELLED"
    assert stock(town, a) == {"A1": (5, 0, 0)}


def test_the_fee_stays_where_a_part_was_handed_over(town):
    a, b = town.sku({"SITE": 1}), town.sku({"CLOUD": 1}, cloudOnly=True)
    order = town.submit([(a, 1), (b, 1)], way=SHIP)
    town.pay(order)
    town.admin.call("StoreService/Dispatch", act(order, 1, staff=BRAND_STAFF))
    e = refused(town.admin, CANCEL_ORDER, mine(order))
    assert (e.reason, e.field) == ("wrong_state", "act.fulfilment")
    assert "cancel: fulfilment 1 is SHIPPED; allowed: confirm_delivery" in e.text
    assert parts(town, order)[2] == ("CLOUD", "ACCEPTED"), "all or nothing"
    assert int(cancel(town, order, 2, "c2")["refundFen"]) == 19900
    assert order_state(town, order) == "IN_FULFILMENT"
    town.admin.call("StoreService/ConfirmDelivery", act(order, 1, "d", staff=BRAND_STAFF))
    assert order_state(town, order) == "DONE" and refund(town, order) == 19900


def test_refused_cancels(town):
    order = paid(town, town.sku({"A1": 5}))
    for bad, reason, field in (
            (mine(order, 9), "not_found", "act.fulfilment"),
            ({"act": {"orderId": order["orderId"], "ref": "x", "staff": "S1"}}, "bad_field", "act.staff"),
            (mine(order, lines=[{"line": 1, "quantity": 1}]), "bad_field", "lines[0].line"),
            (mine(order, lines=[{"line": -1, "quantity": 1}]), "bad_field", "lines[0].line"),
            (mine(order, lines=[{"line": 0, "quantity": 1}] * 2), "bad_field", "lines[1].line"),
            (mine(order, lines=[{"line": 0, "quantity": 0}]), "bad_field", "lines[0].quantity"),
            (mine(order, lines=[{"line": 0, "quantity": 2}]), "wrong_state", "lines[0].quantity"),
            ({"act": {"orderId": yc.NO_ORDER, "ref": "x"}}, "not_found", "")):
        e = refused(town.admin, CANCEL_ORDER, bad)
        assert (e.reason, e.field) == (reason, field), bad
    other = town.server.login("storefront", "storefront:F-C1")
    for method, message in ((CANCEL_ORDER, mine(order)), (LIST, {"orderId": order["orderId"]}),
                            (CHOOSE_ALTERNATIVE, mine(order, cancel=True)),
                            (CHANGE_ORDER, mine(order, way=SHIP))):
        assert refused(other, method, message).reason == "not_found"
    unpaid = town.submit([(town.sku({"A1": 5}), 2)], way=DELIVER, location="A1")
    e = refused(town.admin, CANCEL_ORDER, mine(unpaid, lines=[{"line": 0, "quantity": 1}]))
    assert (e.reason, e.field) == ("wrong_state", "act.order_id") and "cancelled whole" in e.text
    assert trail(town, order) == [] and trail(town, unpaid) == []


def test_made_to_order_in_production_is_not_cancelled(town):
    order = town.submit(town.sku(madeToOrder=True))
    town.pay(order)
    town.admin.call("StoreService/StartProduction", act(order, staff=BRAND_STAFF))
    e = refused(town.admin, CANCEL_ORDER, mine(order))
    assert (e.reason, e.field) == ("wrong_state", "act.fulfilment") and "in production" in e.text
    e = refused(town.admin, CHANGE_ORDER, mine(order, address=address(street="elsewhere")))
    assert (e.reason, e.field) == ("wrong_state", "act.order_id")
    fresh = town.submit(town.sku(madeToOrder=True))
    town.pay(fresh)
    assert int(cancel(town, fresh)["refundFen"]) == total(fresh)


def test_a_cancel_gives_the_campaigns_budget_back(town):
    sku = town.sku({"A1": 3})
    campaign = town.campaign(9000)
    order = town.submit([{"sku": sku, "quantity": 3, "campaign": campaign, "discountFen": "1000"}], way=DELIVER,
                        location="A1")
    town.pay(order)

    def spent():
        return town.database.sql("select spent_fen from campaign_budget join campaign using (campaign_id) "
                                 "where code = %s", (campaign,))[0][0]
    assert spent() == 3000
    assert int(cancel(town, order, lines=[{"line": 0, "quantity": 1}])["refundFen"]) == 18900
    assert spent() == 2000
    cancel(town, order, ref="c2")
    assert spent() == 0 and refund(town, order) == total(order)


# ---- A refused pickup -----------------------------------------------------------------------------------


def test_hotwax_bopis_251_a_refused_pickup_is_the_customers_choice(town):
    """HotWax's bopis #251: a pickup that the store refused went on elsewhere, and the customer stood before a door."""
    sku = town.sku({"A1": 2, "A2": 2, "CLOUD": 5})
    order = pickup(town, sku)
    reject(town, order)
    until(town, order, REJECT, ASK)
    assert order_state(town, order) == "AWAITING_CUSTOMER"
    assert parts(town, order) == {1: ("A1", "REJECTED")}, "nothing moved without a word"
    assert 7 in events(town, order) and 37 not in events(town, order)
    got = town.admin.call(LIST, {"orderId": order["orderId"]})
    places = [(a["way"], a["parts"][0]["location"]) for a in got["alternatives"]]
    assert (PICKUP, "A2") in places and (PICKUP, "A1") not in places and (SHIP, "CLOUD") in places
    assert int(got["cancelRefundFen"]) == total(order) and got["chooseBy"] == town.get(order)["dueAt"]
    assert kinds(town, order) == [REJECT, ASK] and stock(town, sku)["A2"] == (2, 0, 0), "a list takes nothing"
    chosen = town.admin.call(CHOOSE_ALTERNATIVE, mine(order, way=PICKUP, location="A2"))
    assert chosen["acted"]["fulfilment"] == 2 and chosen["acted"]["state"] == "FULFILMENT_STATE_OFFERED"
    assert town.admin.call(CHOOSE_ALTERNATIVE, mine(order, way=PICKUP, location="A2")) == chosen
    assert parts(town, order) == {1: ("A1", "REJECTED"), 2: ("A2", "OFFERED")}
    f = {x["number"]: x for x in town.get(order)["fulfilments"]}
    assert f[1]["movedTo"] == 2 and f[2]["hops"] == 1
    assert order_state(town, order) == "ALLOCATED" and "dueAt" not in town.get(order)
    assert stock(town, sku)["A2"] == (2, 0, 1) and refund(town, order) == 0
    e = refused(town.admin, CHOOSE_ALTERNATIVE, mine(order, ref="c2", way=SHIP))
    assert (e.reason, e.field) == ("wrong_state", "act.order_id") and "is ALLOCATED" in e.text
    explained = town.admin.call("OrderService/ExplainOrder", {"orderId": order["orderId"], "attempt": 2})
    assert explained["replayEqual"] and explained["option"]["parts"][0]["location"] == "A2"


def test_a_choice_is_never_dearer(town):
    """A pickup cost nothing; sent instead, it costs nothing.  A delivery's fee that shipping does not ask goes back."""
    order = asked(town, pickup(town, town.sku({"A1": 1, "CLOUD": 1}, listPriceFen="9000", floorPriceFen="9000",
                                              contractCostFen="5000")))
    chosen = town.admin.call(CHOOSE_ALTERNATIVE, mine(order, way=SHIP))
    assert int(chosen.get("refundFen", 0)) == 0 and refund(town, order) == 0
    assert int(town.get(order)["totalFen"]) == 9000

    order = asked(town, paid(town, town.sku({"A1": 1, "CLOUD": 1})))
    [option] = town.admin.call(LIST, {"orderId": order["orderId"]})["alternatives"]
    assert option["way"] == SHIP and int(option["refundFen"]) == 500
    chosen = town.admin.call(CHOOSE_ALTERNATIVE, mine(order, way=SHIP))
    assert int(chosen["refundFen"]) == 500 == refund(town, order)
    # what is left of the fee goes back with a cancel, not the whole again
    assert int(cancel(town, order, ref="c2")["refundFen"]) == 19900
    assert refund(town, order) == total(order)


def test_a_choice_of_nothing(town):
    sku = town.sku({"A1": 2, "A2": 2})
    order = asked(town, pickup(town, sku))
    got = town.admin.call(CHOOSE_ALTERNATIVE, mine(order, cancel=True))
    assert int(got["refundFen"]) == total(order) == refund(town, order)
    assert town.admin.call(CHOOSE_ALTERNATIVE, mine(order, cancel=True)) == got
    assert order_state(town, order) == "CANCELLED" and kinds(town, order) == [LAPSE, ASK, CANCEL]


def test_cancelled_while_the_customer_is_asked(town):
    """CancelOrder of an order that waits, and of one that nobody can fulfil."""
    order = asked(town, pickup(town, town.sku({"A1": 2})))
    assert int(cancel(town, order)["refundFen"]) == total(order)
    lost = paid(town, town.sku({"A1": 1}))
    overdue(town, lost)
    until(town, lost, LAPSE, 23)
    assert order_state(town, lost) == "UNFILLABLE"
    assert int(cancel(town, lost)["refundFen"]) == total(lost) and order_state(town, lost) == "CANCELLED"


def test_part_of_what_waits_is_cancelled(town):
    """The store is short of some; of these the customer cancels one and has the other elsewhere."""
    sku = town.sku({"A1": 3, "A2": 3})
    order = pickup(town, sku, quantity=3)
    town.admin.call("StoreService/Accept", act(order, ref="a"))
    town.admin.call("StoreService/MarkShort", {**act(order, ref="s"), "lines": [{"line": 0, "quantity": 2}],
                                               "reason": "REJECT_REASON_TOO_BUSY"})
    yc.wait_for("asked", lambda: order_state(town, order) == "AWAITING_CUSTOMER")
    got = cancel(town, order, 2, lines=[{"line": 0, "quantity": 1}])
    assert int(got["refundFen"]) == 19900 and order_state(town, order) == "AWAITING_CUSTOMER"
    town.admin.call(CHOOSE_ALTERNATIVE, mine(order, ref="c2", way=PICKUP, location="A2"))
    assert parts(town, order) == {1: ("A1", "ACCEPTED"), 2: ("A1", "REJECTED"), 3: ("A1", "CANCELLED"),
                                  4: ("A2", "OFFERED")}
    assert stock(town, sku) == {"A1": (3, 0, 1), "A2": (3, 0, 1)}
    assert order_state(town, order) == "IN_FULFILMENT" and refund(town, order) == 19900


def test_refused_choices(town):
    sku = town.sku({"A1": 1, "A2": 1})
    waits = asked(town, pickup(town, sku))
    for bad, reason, field in (
            (mine(waits), "bad_field", "way"),
            (mine(waits, way=PICKUP), "bad_field", "location"),
            (mine(waits, way=SHIP, location="A2"), "bad_field", "location"),
            (mine(waits, way=PICKUP, location="nowhere"), "unknown_id", "location"),
            (mine(waits, 1, way=SHIP), "bad_field", "act.fulfilment"),
            (mine(waits, cancel=True, way=SHIP), "bad_field", "cancel"),
            (mine(waits, way=SHIP, address=address(name="x" * 101)), "bad_field", "address.name"),
            (mine(waits, way=SHIP, address=address(position={"latitude": 91})), "bad_field",
             "address.position.latitude"),
            (mine(waits, way=DELIVER, address={"street": "somewhere"}), "bad_field", "address")):
        e = refused(town.admin, CHOOSE_ALTERNATIVE, bad)
        assert (e.reason, e.field) == (reason, field), bad
    # What cannot be had is refused, and what can is told.
    e = refused(town.admin, CHOOSE_ALTERNATIVE, mine(waits, way=PICKUP, location="A1"))
    assert e.code == "failed_precondition"
    options = e.details[1]["debug"]["alternatives"]
    assert [(a["way"], a["parts"][0]["location"]) for a in options][0] == (PICKUP, "A2")
    for bad, reason in (({}, "bad_field"), ({"orderId": yc.NO_ORDER}, "not_found"),
                        ({"orderId": waits["orderId"], "address": address(phone="1" * 33)}, "bad_field")):
        assert refused(town.admin, LIST, bad).reason == reason
    calm = paid(town, town.sku({"A1": 1}))
    e = refused(town.admin, LIST, {"orderId": calm["orderId"]})
    assert (e.reason, e.field) == ("wrong_state", "order_id") and "no choice" in e.text
    assert kinds(town, waits) == [LAPSE, ASK]


def test_alternatives_show_money_to_whom_it_belongs(town):
    """F-A1's own dealer owns the customer and may see margin with the scope for it; nobody without."""
    order = asked(town, pickup(town, town.sku({"A1": 1, "A2": 1}), storefront="F-A1"))
    body = {"orderId": order["orderId"]}
    plain = town.server.login("storefront", "storefront:F-A1").call(LIST, body)
    assert all("money" not in a for a in plain["alternatives"])
    rich = town.server.login("storefront", "storefront:F-A1", "margin").call(LIST, body)
    assert {a["parts"][0]["location"]: int(a["money"]["ownerMarginFen"]) > 0 for a in rich["alternatives"]}["A2"]
    # C1's storefront sold to a customer of D1: it sees what can be had, and not what D1 earns by it.
    customer = town.name("customer")
    town.claim(customer, "A1")
    sold = asked(town, pickup(town, town.sku({"A1": 1, "A2": 1}), storefront="F-C1", customer=customer))
    assert town.get(sold)["owner"]["dealer"] == "D1"
    seller = town.server.login("storefront", "storefront:F-C1", "margin")
    shown = seller.call(LIST, {"orderId": sold["orderId"]})["alternatives"]
    assert shown and all("money" not in a for a in shown)


def test_a_pickup_without_an_address(town):
    """Who collects need not live anywhere: other stores are looked for around his store, and nothing can be sent."""
    sku = town.sku({"A1": 1, "A2": 1, "CLOUD": 1})
    order = asked(town, pickup(town, sku, address=None))
    got = town.admin.call(LIST, {"orderId": order["orderId"]})
    assert [(a["way"], a["parts"][0]["location"]) for a in got["alternatives"]] == [(PICKUP, "A2")]
    assert {r["way"] for r in got["refusals"]} == {SHIP, DELIVER}
    e = refused(town.admin, CHOOSE_ALTERNATIVE, mine(order, way=SHIP))
    assert (e.reason, e.field) == ("bad_field", "address")
    town.admin.call(CHOOSE_ALTERNATIVE, mine(order, way=SHIP, address=address(street="新街 2 号")))
    assert parts(town, order)[2] == ("CLOUD", "ACCEPTED")
    assert town.database.sql("select street from contact where order_id = %s", (order["orderId"],)) == [("新街 2 号",)]


def test_a_choice_takes_what_is_there_then(town):
    """Eight customers choose the last two pieces: two have them, the others hear what is left."""
    sku = town.sku({"A1": 8, "A2": 2, "CLOUD": 9})
    orders = [asked(town, pickup(town, sku)) for _ in range(8)]

    def choose(i):
        try:
            return town.admin.call(CHOOSE_ALTERNATIVE, mine(orders[i], way=PICKUP, location="A2"))["acted"]["state"]
        except yc.RpcError as e:
            return e.code, [a["way"] for a in e.details[1]["debug"]["alternatives"]]
    answers = yc.at_once(8, choose)
    assert answers.count("FULFILMENT_STATE_OFFERED") == 2
    assert answers.count(("failed_precondition", [SHIP])) == 6
    assert stock(town, sku) == {"A1": (8, 0, 0), "A2": (2, 0, 2), "CLOUD": (9, 0, 0)}


def test_a_refused_choice_asks_again(town):
    """The second store refuses, too: the customer chooses again among the others; a hop goes the way he chose."""
    order = asked(town, pickup(town, town.sku({"A1": 1, "A2": 1, "C1": 1})))
    town.admin.call(CHOOSE_ALTERNATIVE, mine(order, way=PICKUP, location="A2"))
    reject(town, order, 2)
    until(town, order, LAPSE, ASK, CHOOSE, REJECT, ASK)
    got = town.admin.call(LIST, {"orderId": order["orderId"]})["alternatives"]
    assert [a["parts"][0]["location"] for a in got if a["way"] == PICKUP] == ["C1"]
    town.admin.call(CHOOSE_ALTERNATIVE, mine(order, ref="c2", way=DELIVER))
    assert parts(town, order)[3] == ("C1", "OFFERED")


# ---- ChangeOrder ---------------------------------------------------------------------------------------


def test_changed_address(town):
    """Decided again over all units, its own piece included; the old place stands nowhere any more."""
    sku = town.sku({"A1": 1})
    order = paid(town, sku)
    got = town.admin.call(CHANGE_ORDER, mine(order, address=address(street="南京路 9 号", name="李雷")))
    assert got["acted"]["fulfilment"] == 2 and got["acted"]["state"] == "FULFILMENT_STATE_OFFERED"
    assert parts(town, order) == {1: ("A1", "CANCELLED"), 2: ("A1", "OFFERED")}
    assert town.get(order)["fulfilments"][0]["movedTo"] == 2
    assert order_state(town, order) == "ALLOCATED" and refund(town, order) == 0
    assert stock(town, sku) == {"A1": (1, 0, 1)}
    assert town.database.sql("select name, street from contact where order_id = %s", (order["orderId"],)) == \
        [("李雷", "南京路 9 号")]
    assert events(town, order) == [1, 2, 9, 39]
    explained = town.admin.call("OrderService/ExplainOrder", {"orderId": order["orderId"], "attempt": 2})
    assert explained["replayEqual"]
    town.admin.call("StoreService/Accept", act(order, 2))
    e = refused(town.admin, CHANGE_ORDER, mine(order, ref="c2", address=address()))
    assert (e.reason, e.field) == ("wrong_state", "act.order_id") and "fulfilment 2 is ACCEPTED" in e.text
    assert int(cancel(town, order, ref="c3")["refundFen"]) == total(order)


def test_changed_way_gives_the_fee_back_once(town):
    sku = town.sku({"A1": 1, "CLOUD": 1, "A2": 1})
    order = paid(town, sku)
    got = town.admin.call(CHANGE_ORDER, mine(order, way=PICKUP, location="A2"))
    assert int(got["refundFen"]) == 500 == refund(town, order)
    assert stock(town, sku) == {"A1": (1, 0, 0), "A2": (1, 0, 1), "CLOUD": (1, 0, 0)}
    # and it is a pickup from now on: refused, it waits for the customer
    reject(town, order, 2)
    until(town, order, CHANGE, REJECT, ASK)
    assert int(cancel(town, order, ref="c2")["refundFen"]) == 19900
    assert refund(town, order) == total(order)


def test_changed_way_is_never_dearer(town):
    order = pickup(town, town.sku({"A1": 1}))
    e = refused(town.admin, CHANGE_ORDER, mine(order, way=DELIVER))
    assert (e.reason, e.field) == ("wrong_state", "way") and "500 fen, and 0 fen" in e.text
    assert trail(town, order) == [] and parts(town, order) == {1: ("A1", "OFFERED")}


def test_changed_while_sent_by_the_brand(town):
    """SITE and CLOUD accept by themselves: until they dispatch the address may change."""
    sku = town.sku({"SITE": 1})
    order = town.submit(sku)
    town.pay(order)
    assert state(town, order) == "ACCEPTED"
    town.admin.call(CHANGE_ORDER, mine(order, address=address(street="elsewhere")))
    assert parts(town, order) == {1: ("SITE", "CANCELLED"), 2: ("SITE", "ACCEPTED")}
    town.admin.call("StoreService/Dispatch", act(order, 2, staff=BRAND_STAFF))
    assert refused(town.admin, CHANGE_ORDER, mine(order, ref="c2", address=address())).reason == "wrong_state"


def test_changed_before_payment(town):
    """What was reserved moves; the payment opens what it is now; the total stands."""
    sku = town.sku({"A1": 1, "A2": 1})
    order = town.submit(sku, way=PICKUP, location="A1")
    town.admin.call(CHANGE_ORDER, mine(order, way=PICKUP, location="A2"))
    assert stock(town, sku) == {"A1": (1, 0, 0), "A2": (1, 1, 0)}
    assert order_state(town, order) == "AWAITING_PAYMENT"
    assert town.pay(order)["outcome"] == "PAYMENT_OUTCOME_OPENED"
    assert parts(town, order) == {1: ("A1", "CANCELLED"), 2: ("A2", "OFFERED")}
    assert stock(town, sku) == {"A1": (1, 0, 0), "A2": (1, 0, 1)}
    sent = town.submit(town.sku({"A1": 1, "A2": 1}), way=DELIVER)
    e = refused(town.admin, CHANGE_ORDER, mine(sent, way=PICKUP, location="A2"))
    assert (e.reason, e.field) == ("wrong_state", "way") and "the total of an unpaid order stands" in e.text


def test_refused_changes(town):
    order = paid(town, town.sku({"A1": 1}))
    for bad, reason, field in (
            (mine(order), "bad_field", "way"),
            (mine(order, way=PICKUP), "bad_field", "location"),
            (mine(order, location="A1", address=address()), "bad_field", "location"),
            (mine(order, way=PICKUP, location="nowhere"), "unknown_id", "location"),
            (mine(order, 1, way=SHIP), "bad_field", "act.fulfilment"),
            (mine(order, address=address(street="")), "bad_field", "address"),
            (mine(order, address=address(region="x" * 65)), "bad_field", "address.region")):
        e = refused(town.admin, CHANGE_ORDER, bad)
        assert (e.reason, e.field) == (reason, field), bad
    e = refused(town.admin, CHANGE_ORDER, mine(order, way=PICKUP, location="A2"))
    assert e.code == "failed_precondition" and e.reason in ("no_location", "out_of_stock")
    far = address(position={"latitude": SQUARE["latitude"] + 5, "longitude": SQUARE["longitude"]})
    e = refused(town.admin, CHANGE_ORDER, mine(order, address=far))
    assert e.code == "failed_precondition", "nobody delivers there, and another way is the customer's to ask for"
    assert trail(town, order) == [] and parts(town, order) == {1: ("A1", "OFFERED")}


# ---- At once -------------------------------------------------------------------------------------------


def outcome(work):
    try:
        work()
        return "done"
    except yc.RpcError as e:
        return e.reason


@pytest.fixture(scope="module")
def two(service, town):
    clients = [i.client(town.admin.key) for i in service(2, timer_poll_ms=20)]
    for c in clients:
        c.wait_known()
    return clients


def test_accept_cancel_and_change_at_once(town, two):
    """Two instances; whoever is first, the others are judged by what he made, and nothing is lost."""
    seen = set()
    for _ in range(25):
        sku = town.sku({"A1": 2})
        order = paid(town, sku)
        told = yc.at_once(3, lambda i: outcome(lambda: (
            lambda: two[0].call("StoreService/Accept", act(order)),
            lambda: two[1].call(CANCEL_ORDER, mine(order)),
            lambda: two[0].call(CHANGE_ORDER, mine(order, ref="c9", address=address(street="x"))))[i]()))
        assert told[1] == "done", "before hand-over a cancel always finds its turn"
        assert set(told) <= {"done", "wrong_state"}
        seen.add(tuple(told))
        assert order_state(town, order) == "CANCELLED" and refund(town, order) == total(order)
        assert stock(town, sku) == {"A1": (2, 0, 0)}
        numbers = [n for n, *_ in trail(town, order)]
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) == told.count("done")
    assert len(seen) > 1, seen


def test_cancel_and_payment_at_once(town, two):
    """Whichever is first, it ends cancelled with the money due back, and nothing is held."""
    outcomes = set()
    for _ in range(25):
        sku = town.sku({"A1": 1})
        order = town.submit(sku, way=DELIVER, location="A1")
        body = {"orderId": order["orderId"], "payment": town.payment(total(order))}
        told = yc.at_once(2, lambda i: (lambda: two[0].call("OrderService/ConfirmPayment", body)["outcome"],
                                        lambda: two[1].call(CANCEL_ORDER, mine(order))["acted"])[i]())
        assert not any(isinstance(x, Exception) for x in told), told
        outcomes.add(told[0])
        assert order_state(town, order) == "CANCELLED" and refund(town, order) == total(order)
        assert stock(town, sku) == {"A1": (1, 0, 0)}
    assert outcomes <= {"PAYMENT_OUTCOME_OPENED", "PAYMENT_OUTCOME_UNFILLABLE"}


def test_change_and_payment_at_once(town, two):
    """The payment opens the fulfilments there are, never those that the change has replaced."""
    for _ in range(25):
        sku = town.sku({"A1": 1, "A2": 1})
        order = town.submit(sku, way=PICKUP, location="A1")
        body = {"orderId": order["orderId"], "payment": town.payment(total(order))}
        told = yc.at_once(2, lambda i: (lambda: two[0].call("OrderService/ConfirmPayment", body)["outcome"],
                                        lambda: two[1].call(CHANGE_ORDER, mine(order, way=PICKUP, location="A2")))[i]())
        assert not any(isinstance(x, Exception) for x in told), told
        assert told[0] == "PAYMENT_OUTCOME_OPENED"
        assert parts(town, order) == {1: ("A1", "CANCELLED"), 2: ("A2", "OFFERED")}
        assert stock(town, sku) == {"A1": (1, 0, 0), "A2": (1, 0, 1)}


def test_cancel_and_expiry_at_once(town, two):
    for _ in range(15):
        sku = town.sku({"A1": 1})
        order = town.submit(sku, way=DELIVER, location="A1")
        told = yc.at_once(2, lambda i: outcome(lambda: (
            lambda: town.database.sql("update sales_order set pay_by = now() - interval '1 second' "
                                      "where order_id = %s", (order["orderId"],)),
            lambda: two[0].call(CANCEL_ORDER, mine(order)))[i]()))
        assert told[1] in ("done", "wrong_state")
        yc.wait_for("released", lambda: stock(town, sku) == {"A1": (1, 0, 0)})
        assert order_state(town, order) == "CANCELLED" and refund(town, order) == 0


def test_choice_and_the_end_of_the_wait_at_once(town, two):
    """Forty-eight hours are over in the moment the customer chooses: one of the two, whole."""
    ends = set()
    for _ in range(25):
        sku = town.sku({"A1": 1, "A2": 1})
        order = asked(town, pickup(town, sku))
        told = yc.at_once(2, lambda i: outcome(lambda: (
            lambda: order_due(town, order),
            lambda: two[1].call(CHOOSE_ALTERNATIVE, mine(order, way=PICKUP, location="A2")))[i]()))
        if told[1] == "done":
            assert order_state(town, order) == "ALLOCATED" and refund(town, order) == 0
            assert stock(town, sku)["A2"] == (1, 0, 1)
        else:
            assert told[1] == "wrong_state"
            yc.wait_for("the end", lambda: order_state(town, order) == "CANCELLED")
            assert refund(town, order) == total(order) and stock(town, sku)["A2"] == (1, 0, 0)
        ends.add(told[1])
    assert "done" in ends


# ---- What follows from any act ---------------------------------------------------------------------------


def test_a_lost_parcel_gives_goods_and_fee_back(town):
    """Direct shipping that the carrier lost: nothing was handed over.  A pickup or an offer cannot be lost."""
    cheap = {"listPriceFen": "9000", "floorPriceFen": "9000", "contractCostFen": "5000"}
    sku = town.sku({"SITE": 1}, **cheap)
    order = town.submit(sku)
    town.pay(order)
    lost = {**act(order, ref="l", staff=BRAND_STAFF), "note": "fell off"}
    e = refused(town.admin, "StoreService/ReportLoss", lost)
    assert (e.reason, e.field) == ("wrong_state", "act.fulfilment") and "is ACCEPTED" in e.text
    assert refused(town.admin, "StoreService/ReportLoss", {**lost, "note": "x" * 201}).field == "note"
    town.admin.call("StoreService/Dispatch", act(order, ref="d", staff=BRAND_STAFF))
    first = town.admin.call("StoreService/ReportLoss", lost)
    assert town.admin.call("StoreService/ReportLoss", lost) == first
    assert first["acted"]["state"] == "FULFILMENT_STATE_LOST"
    assert refund(town, order) == total(order) == 9000 + 800 and order_state(town, order) == "DONE"
    assert stock(town, sku) == {"SITE": (0, 0, 0)} and 33 in events(town, order)


def test_a_delivery_that_came_back_keeps_its_fee(town):
    """Refused at the door: the goods are paid back, the way there was made."""
    sku = town.sku({"A1": 1}, listPriceFen="9000", floorPriceFen="9000", contractCostFen="5000")
    order = paid(town, sku)
    town.admin.call("StoreService/Accept", act(order, ref="a"))
    town.admin.call("StoreService/Dispatch", act(order, ref="b"))
    town.admin.call("StoreService/ReportDeliveryFailure", {**act(order, ref="f"), "giveUp": True,
                                                           "reason": "DELIVERY_FAILURE_REFUSED"})
    town.admin.call("StoreService/Restock", {**act(order, ref="r"), "lines": [{"line": 0, "sellable": 1}]})
    assert refund(town, order) == 9000 == total(order) - 500
    assert order_state(town, order) == "DONE" and stock(town, sku) == {"A1": (1, 0, 0)}


def test_not_collected_and_cancelled_give_the_fee_back_with_the_last(town):
    """A delivery is cancelled, then the pickup of another order line is not fetched: nothing was handed over."""
    sku = town.sku({"A1": 2})
    order = pickup(town, sku, quantity=2)
    town.admin.call("StoreService/Accept", act(order, ref="a"))
    cancel(town, order, 1, lines=[{"line": 0, "quantity": 1}])
    town.admin.call("StoreService/MarkReady", act(order, ref="m"))
    overdue(town, order, column="due_at")
    until(town, order, ACCEPT, CANCEL, 5, 15, 14)
    assert refund(town, order) == total(order) and order_state(town, order) == "DONE"
    assert stock(town, sku) == {"A1": (2, 0, 0)}


def test_a_hop_goes_the_way_that_was_asked_for_last(town):
    """Changed from a delivery to direct shipping and back to a delivery elsewhere: a lapse moves on as a delivery."""
    sku = town.sku({"A1": 1, "A2": 1, "CLOUD": 1})
    order = paid(town, sku)
    town.admin.call(CHANGE_ORDER, mine(order, way=SHIP))
    assert parts(town, order)[2] == ("CLOUD", "ACCEPTED") and refund(town, order) == 500
    e = refused(town.admin, CHANGE_ORDER, mine(order, ref="c2", way=DELIVER))
    assert e.reason == "wrong_state" and "500 fen, and 0 fen" in e.text, "what was given back is not taken again"
    free = paid(town, town.sku({"A1": 1, "A2": 1}))
    town.admin.call(CHANGE_ORDER, mine(free, address=address(street="elsewhere")))
    overdue(town, free, 2)
    until(town, free, CHANGE, LAPSE, REHOME)
    assert parts(town, free) == {1: ("A1", "CANCELLED"), 2: ("A1", "EXPIRED"), 3: ("A2", "OFFERED")}
    assert refund(town, free) == 0
    assert int(cancel(town, free, ref="c2")["refundFen"]) == total(free)


def test_a_deposit_is_all_that_goes_back(town):
    """Made to order, paid in two parts: a cancel before production brings back what was paid, not what was asked."""
    town.put_policy(depositBps=3000)
    try:
        order = town.submit([(town.sku(madeToOrder=True), 2)])
        deposit = int(town.get(order)["deposit"]["depositFen"])
        town.pay(order, payment=town.payment(deposit))
        part = cancel(town, order, lines=[{"line": 0, "quantity": 1}])
        rest = cancel(town, order, ref="c2")
        assert int(part.get("refundFen", 0)) + int(rest["refundFen"]) == deposit == refund(town, order) < total(order)
        assert order_state(town, order) == "CANCELLED"
    finally:
        town.put_policy()
