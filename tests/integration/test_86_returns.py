"""Goods come back: asked for, received, inspected; what that does to money, stock, numbers and the trail."""
import pytest

import yc
from test_82_acts import act, paid, trail
from test_83_timers import stock
from town import DELIVER, PICKUP, refused, total

ASK, RECEIVE, DECIDE, LAPSE = 26, 27, 28, 29


@pytest.fixture(scope="module")
def store(server, town):
    return server.client(town.database.key("store", "location:A1")).wait_known()


@pytest.fixture(scope="module")
def front(server, town):
    return server.client(town.database.key("storefront", "storefront:OFFICIAL")).wait_known()


def delivered(town, sku, serials=None, **more):
    """A paid order that A1 has handed over."""
    order = paid(town, sku, **more)
    for method, extra in (("Accept", {}), ("Dispatch", {"serials": serials or []}), ("ConfirmDelivery", {})):
        town.admin.call("StoreService/" + method, {**act(order, ref=method), **extra})
    return order


def ask(order, *lines, number=1, ref="ask", **more):
    """lines: (line, quantity); none: one unit of line 0."""
    return {**act(order, number, ref, staff=""), "reason": "RETURN_REASON_CHANGED_MIND",
            "lines": [{"line": n, "quantity": q} for n, q in lines or [(0, 1)]], **more}


def receive(order, returned=1, ref="receive", **more):
    return {**act(order, ref=ref), "returnNumber": returned, **more}


def found(line=0, sellable=0, damaged=0, refused_units=0):
    return {"line": line, "sellable": sellable, "damaged": damaged, "refused": refused_units}


def returns(town, order):
    return [{**r, "state": r["state"].removeprefix("RETURN_STATE_")} for r in town.get(order).get("returns", [])]


def states(town, order):
    return [r["state"] for r in returns(town, order)]


def due_back(town, order):
    return int(town.get(order).get("refundDueFen", 0))


def events(town, order):
    [(kinds,)] = town.database.sql("select array_agg(kind order by kind) from outbox where order_id = %s "
                                   "and kind not in (1, 2, 21, 27, 28)", (order["orderId"],))
    return kinds


def test_there_and_back(town, store, front):
    sku = town.sku({"A1": 3})
    order = delivered(town, [(sku, 3)])
    assert stock(town, sku) == {"A1": (0, 0)}
    asked = front.call("OrderService/RequestReturn", ask(order, (0, 2)))
    assert asked["returnNumber"] == 1 and asked["acted"]["state"] == "FULFILMENT_STATE_DELIVERED"
    [r] = returns(town, order)
    assert (r["state"], r["location"]) == ("REQUESTED", "A1")
    assert (r["lines"][0]["sku"], r["lines"][0]["quantity"]) == (sku, 2)
    tasks = store.call("StoreService/ListReturns", {"location": "A1"})["returns"]
    assert order["orderId"] in {t["orderId"] for t in tasks}
    got = store.call("StoreService/ReceiveReturn", receive(order))
    assert got["state"] == "RETURN_STATE_RECEIVED" and int(got.get("refundFen", 0)) == 0
    assert due_back(town, order) == 0 and stock(town, sku) == {"A1": (0, 0)}
    body = {**receive(order, ref="decide"), "lines": [found(sellable=1, damaged=1)]}
    got = store.call("StoreService/DecideReturn", body)
    assert got["state"] == "RETURN_STATE_ACCEPTED" and int(got["refundFen"]) == 2 * 19900
    assert due_back(town, order) == 2 * 19900
    assert stock(town, sku) == {"A1": (1, 0)}, "the damaged one is not sold again"
    assert states(town, order) == ["ACCEPTED"]
    assert events(town, order) == [5, 8, 40, 41, 42]
    assert [x[1:] for x in trail(town, order)[3:]] == [(ASK, 1, "ask"), (RECEIVE, 1, "receive"), (DECIDE, 1, "decide")]
    # each of them again: the same answer, and nothing happens
    assert front.call("OrderService/RequestReturn", ask(order, (0, 2))) == asked
    assert store.call("StoreService/DecideReturn", body) == got
    assert store.call("StoreService/ReceiveReturn", receive(order))["state"] == "RETURN_STATE_RECEIVED"
    assert due_back(town, order) == 2 * 19900 and len(trail(town, order)) == 6
    assert refused(front, "OrderService/RequestReturn", ask(order, (0, 1))).reason == "exists_differs"


def test_received_and_decided_at_once(town, store, front):
    sku = town.sku({"A1": 2})
    order = delivered(town, [(sku, 2)])
    front.call("OrderService/RequestReturn", ask(order, (0, 2)))
    body = receive(order, lines=[found(sellable=1, refused_units=1)])
    got = store.call("StoreService/ReceiveReturn", body)
    assert (got["state"], int(got["refundFen"])) == ("RETURN_STATE_ACCEPTED", 19900)
    assert store.call("StoreService/ReceiveReturn", body) == got
    [r] = returns(town, order)
    assert (r["lines"][0]["sellable"], r["lines"][0]["refused"], int(r["refundFen"])) == (1, 1, 19900)
    assert [x[1] for x in trail(town, order)[3:]] == [ASK, RECEIVE, DECIDE]
    # the refused one is the customer's again, and may be asked for again; the other one not
    e = refused(front, "OrderService/RequestReturn", ask(order, (0, 2), ref="more"))
    assert (e.reason, e.field) == ("bad_field", "lines[0]") and "1 units" in e.text
    assert front.call("OrderService/RequestReturn", ask(order, (0, 1), ref="again"))["returnNumber"] == 2


def test_refused_goods_bring_nothing(town, store, front):
    sku = town.sku({"A1": 1})
    order = delivered(town, sku)
    front.call("OrderService/RequestReturn", ask(order))
    got = store.call("StoreService/ReceiveReturn", receive(order, lines=[found(refused_units=1)]))
    assert got["state"] == "RETURN_STATE_REFUSED" and int(got.get("refundFen", 0)) == 0
    assert due_back(town, order) == 0 and stock(town, sku) == {"A1": (0, 0)}
    assert events(town, order) == [8, 40, 41, 43]


def test_the_refund_is_what_was_paid(town, store, front):
    """Own discounts, a campaign's discount, and units that came for less: by unit, from the frozen lines."""
    cheap, funded = town.sku({"A1": 3}), town.sku({"A1": 2})
    campaign = town.campaign(100000)
    order = delivered(town, [{"sku": cheap, "quantity": 3, "unitPriceFen": "16000"},
                             {"sku": funded, "quantity": 2, "campaign": campaign, "discountFen": "1234"}])
    town.admin.call("CatalogService/UpsertSkus", {"skus": [
        {"code": cheap, "contractCostFen": "1", "listPriceFen": "99999", "floorPriceFen": "1"}]})
    front.call("OrderService/RequestReturn", ask(order, (0, 2), (1, 1)))
    got = store.call("StoreService/ReceiveReturn", receive(order, lines=[
        found(1, sellable=1), found(0, sellable=1, damaged=1)]))
    assert int(got["refundFen"]) == 2 * 16000 + (19900 - 1234)
    assert due_back(town, order) == int(got["refundFen"]) < total(order)


def test_only_what_the_customer_has(town, front):
    sku = town.sku({"A1": 9})
    order = paid(town, sku)
    for _ in range(2):
        e = refused(front, "OrderService/RequestReturn", ask(order))
        assert (e.reason, e.field) == ("wrong_state", "act.fulfilment") and "only what was collected" in e.text
        if order and len(trail(town, order)) == 0:
            town.admin.call("StoreService/Accept", act(order, ref="Accept"))
            town.admin.call("StoreService/Dispatch", act(order, ref="Dispatch"))
    town.admin.call("StoreService/ConfirmDelivery", act(order, ref="Deliver"))
    assert front.call("OrderService/RequestReturn", ask(order))["returnNumber"] == 1


def test_refused_requests(town, server, front):
    sku = town.sku({"A1": 2})
    order = delivered(town, [(sku, 2)])
    for change, reason, field in (
            ({"lines": []}, "bad_field", "lines"), ({"reason": 0}, "bad_field", "reason"),
            ({"reason": 9}, "bad_field", "reason"),
            ({"reason": "RETURN_REASON_OTHER"}, "bad_field", "note"), ({"note": "x" * 201}, "bad_field", "note"),
            ({"lines": [{"line": 0, "quantity": 0}]}, "bad_field", "lines[0]"),
            ({"lines": [{"line": 0, "quantity": 3}]}, "bad_field", "lines[0]"),
            ({"lines": [{"line": 1, "quantity": 1}]}, "bad_field", "lines[0]"),
            ({"lines": [{"line": -1, "quantity": 1}]}, "bad_field", "lines[0]"),
            ({"lines": [{"line": 0, "quantity": 1}] * 2}, "bad_field", "lines[1]"),
            ({"location": "nowhere"}, "unknown_id", "location"),
            ({"act": {**act(order)["act"], "fulfilment": 0}}, "bad_field", "act.fulfilment"),
            ({"act": {**act(order)["act"], "fulfilment": 7}}, "not_found", "act.fulfilment")):
        e = refused(front, "OrderService/RequestReturn", {**ask(order), **change})
        assert (e.reason, e.field) == (reason, field), (change, e)
    other = server.client(town.database.key("storefront", "storefront:F-C1")).wait_known()
    assert refused(other, "OrderService/RequestReturn", ask(order)).reason == "not_found"
    assert returns(town, order) == []


def test_the_window(town, front):
    sku = town.sku({"A1": 2})
    order = delivered(town, [(sku, 2)])

    def had(days):
        town.database.sql("update order_act set at = now() - %s * interval '1 day' where order_id = %s "
                          "and kind = 10", (days, order["orderId"]))
    had(7.1)
    e = refused(front, "OrderService/RequestReturn", ask(order))
    assert e.reason == "wrong_state" and "window of 7 days" in e.text
    had(6.9)
    front.call("OrderService/RequestReturn", ask(order))
    had(100)
    assert town.admin.call("OrderService/RequestReturn", ask(order, ref="late"))["returnNumber"] == 2
    had(6.9)
    version = town.put_policy(returnWindowDays=1)  # the window is that of the order's policy
    try:
        other = delivered(town, town.sku({"A1": 1}))
        town.database.sql("update order_act set at = now() - interval '2 days' where order_id = %s", (other["orderId"],))
        assert "window of 1 days" in refused(front, "OrderService/RequestReturn", ask(other)).text
    finally:
        assert town.put_policy() > version


def test_refused_receipts(town, store, front):
    sku = town.sku({"A1": 2})
    order = delivered(town, [(sku, 2)])
    assert refused(store, "StoreService/ReceiveReturn", receive(order)).reason == "not_found"
    front.call("OrderService/RequestReturn", ask(order, (0, 2)))
    e = refused(store, "StoreService/DecideReturn", receive(order, lines=[found(sellable=2)]))
    assert (e.reason, e.field) == ("wrong_state", "return_number") and "is REQUESTED" in e.text
    for change, reason, field in (
            ({"returnNumber": 2}, "not_found", ""), ({"location": "nowhere"}, "not_found", ""),
            ({"location": "C1"}, "not_found", ""), ({"note": "\n"}, "bad_field", "note"),
            ({"lines": [found(sellable=1)]}, "bad_field", "lines"),
            ({"lines": [found(sellable=3, damaged=-1)]}, "bad_field", "lines"),
            ({"lines": [found(1, sellable=2)]}, "bad_field", "lines"),
            ({"lines": [found(sellable=2), found(sellable=2)]}, "bad_field", "lines"),
            ({"serials": [{"line": 0, "serials": ["X"]}]}, "bad_field", "serials"),
            ({"lines": [found(sellable=2)], "serials": [{"line": 0, "serials": ["X"]}]}, "bad_field", "serials[0]"),
            ({"lines": [found(sellable=2)], "serials": [{"line": 4, "serials": ["X"]}]}, "bad_field", "serials"),
            ({"act": {**act(order)["act"], "staff": ""}}, "bad_field", "act.staff")):
        e = refused(store, "StoreService/ReceiveReturn", {**receive(order), **change})
        assert (e.reason, e.field) == (reason, field), (change, e)
    assert states(town, order) == ["REQUESTED"]
    store.call("StoreService/ReceiveReturn", receive(order))
    e = refused(store, "StoreService/ReceiveReturn", receive(order, ref="again"))
    assert (e.reason, e.field) == ("wrong_state", "return_number") and "is RECEIVED" in e.text
    e = refused(store, "StoreService/DecideReturn", receive(order, ref="d"))
    assert (e.reason, e.field) == ("bad_field", "lines") and "is not inspected" in e.text


def test_brought_elsewhere(town, server, front):
    """Another house may take it back; it is that house's shelf and staff, and still its owner's goods."""
    town.admin.call("CatalogService/UpsertParties", {"parties": [
        {"code": "S2", "kind": "PARTY_KIND_STAFF", "name": "of another dealer", "employer": "D2"}]})
    sku = town.sku({"A1": 1})
    order = delivered(town, sku)
    front.call("OrderService/RequestReturn", ask(order, location="C1"))
    c1 = server.client(town.database.key("store", "location:C1")).wait_known()
    assert [r["location"] for r in returns(town, order)] == ["C1"]
    body = receive(order, lines=[found(sellable=1)])
    assert refused(c1, "StoreService/ReceiveReturn", body).field == "act.staff"
    c1.call("StoreService/ReceiveReturn", {**body, **act(order, ref="r", staff="S2")})
    rows = town.database.sql(
        "select l.code, p.code, s.on_hand from stock_level s join location l using (location_id) join sku k using "
        "(sku_id) join party p on p.party_id = s.goods_owner_id where k.code = %s order by 1", (sku,))
    assert rows == [("A1", "D1", 0), ("C1", "D1", 1)]
    # and it can be bought there
    assert town.submit(sku, way=PICKUP, location="C1")["option"]["parts"][0]["lines"][0]["goodsOwner"] == "D1"


def test_serial_numbers_come_back(town, store, front):
    sku = town.sku({"A1": 3}, serialised=True)
    order = delivered(town, [(sku, 2)], serials=[{"line": 0, "serials": ["N1", "N2"]}])
    front.call("OrderService/RequestReturn", ask(order, (0, 2)))

    def body(*serials, **finding):
        return receive(order, lines=[found(**finding)], serials=[{"line": 0, "serials": list(serials)}])
    for serials, words in ((["N1"], ""), (["N1", "N1"], ""), (["N1", "N9"], "N9 did not go out"), ([], "")):
        e = refused(store, "StoreService/ReceiveReturn", body(*serials, sellable=2))
        assert (e.reason, e.field.split("[")[0]) == ("bad_field", "serials") and words in e.text, serials
    store.call("StoreService/ReceiveReturn", body("N2", sellable=1, refused_units=1))
    rows = town.database.sql("select serial, returned_at is null from serial_out join sku using (sku_id) "
                             "where code = %s order by 1", (sku,))
    assert rows == [("N1", True), ("N2", False)]
    # it may go out again; the other one is out
    again = paid(town, [(sku, 1)])
    town.admin.call("StoreService/Accept", act(again, ref="Accept"))
    e = refused(town.admin, "StoreService/Dispatch", {**act(again, ref="d1"), "serials": [
        {"line": 0, "serials": ["N1"]}]})
    assert e.reason == "exists_differs"
    town.admin.call("StoreService/Dispatch", {**act(again, ref="d2"), "serials": [{"line": 0, "serials": ["N2"]}]})


def test_nobody_brings_it(town, front):
    sku = town.sku({"A1": 1})
    order = delivered(town, sku)
    front.call("OrderService/RequestReturn", ask(order))
    assert refused(front, "OrderService/RequestReturn", ask(order, ref="more")).field == "lines[0]"
    town.database.sql("update return_request set due_at = now() where order_id = %s", (order["orderId"],))
    yc.wait_for("its end", lambda: states(town, order) == ["LAPSED"])
    assert trail(town, order)[-1][1:] == (LAPSE, 1, None)
    assert events(town, order) == [8, 40, 44] and due_back(town, order) == 0
    assert front.call("OrderService/RequestReturn", ask(order, ref="more"))["returnNumber"] == 2


def test_nobody_inspects_it(town, store, front):
    """The customer gets his money; that a unit can be sold again nobody has said."""
    sku = town.sku({"A1": 2})
    order = delivered(town, [(sku, 2)])
    front.call("OrderService/RequestReturn", ask(order, (0, 2)))
    store.call("StoreService/ReceiveReturn", receive(order))
    town.database.sql("update return_request set due_at = now() where order_id = %s", (order["orderId"],))
    yc.wait_for("its end", lambda: states(town, order) == ["ACCEPTED"])
    assert due_back(town, order) == 2 * 19900 and stock(town, sku) == {"A1": (0, 0)}
    assert refused(store, "StoreService/DecideReturn", receive(order, ref="d", lines=[found(sellable=2)])).reason == \
        "wrong_state"


def test_two_at_once(town, server, store, front):
    """Eight storefronts ask for the one unit, eight screens receive it: one of each is heard."""
    sku = town.sku({"A1": 1})
    order = delivered(town, sku)
    clients = [server.client(town.admin.key) for _ in range(8)]

    def heard(method, make):
        def one(i):
            try:
                clients[i].call(method, make(i))
                return "done"
            except yc.RpcError as e:
                return e.reason
        return sorted(yc.at_once(8, one))
    assert heard("OrderService/RequestReturn", lambda i: ask(order, ref=f"a{i}")) == ["bad_field"] * 7 + ["done"]
    assert heard("StoreService/ReceiveReturn", lambda i: receive(order, ref=f"r{i}", lines=[found(sellable=1)])) == \
        ["done"] + ["wrong_state"] * 7
    assert due_back(town, order) == 19900 and stock(town, sku) == {"A1": (1, 0)}
    # the same call eight times at once is one call
    other = delivered(town, town.sku({"A1": 1}))
    assert heard("OrderService/RequestReturn", lambda i: ask(other)) == ["done"] * 8
    assert len(returns(town, other)) == 1


def test_lists(town, server):
    c2 = server.client(town.database.key("store", "location:C2")).wait_known()
    orders = []
    for _ in range(3):
        order = delivered(town, town.sku({"A1": 1}))
        town.admin.call("OrderService/RequestReturn", ask(order, location="C2"))
        orders.append(order["orderId"])
    seen, token = [], ""
    while True:
        page = c2.call("StoreService/ListReturns", {"location": "C2", "pageSize": 2, "pageToken": token})
        seen += [t["orderId"] for t in page["returns"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert seen == orders
    assert c2.call("StoreService/ListReturns", {"location": "C2", "state": "RETURN_STATE_RECEIVED"}).get("returns", []) == []
    for body, reason, field in (
            ({"location": ""}, "bad_field", "location"), ({"location": "A1"}, "not_found", "location"),
            ({"location": "nowhere"}, "not_found", "location"), ({"location": "C2", "state": 9}, "bad_field", "state"),
            ({"location": "C2", "pageSize": -1}, "bad_field", "page_size"),
            ({"location": "C2", "pageToken": "x"}, "bad_token", "")):
        e = refused(c2, "StoreService/ListReturns", body)
        assert e.reason == reason and (not field or e.field == field), body


@pytest.fixture(scope="module", autouse=True)
def audited(town):
    yield
    assert " 0 violations" in town.database.audit()
