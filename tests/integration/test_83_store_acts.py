"""What stores do with their fulfilments: every step, its repeat, its refusals; codes, serials, stock, the trail."""
import datetime
import itertools
import re
import threading

import pytest

import yc
from town import DELIVER, PICKUP, SHIP, refused

TRIES = 5  # collection_tries_max
LOCK_MS = 900000  # collection_lock_ms


@pytest.fixture(scope="module")
def server(service):
    return service(clock_may_move="on", log_level="debug")[0]


class Shop:
    """Screens and storefronts of the town, and what they do."""

    _ref = itertools.count(1)

    def __init__(self, town):
        town.admin.call("CatalogService/UpsertParties", {"parties": [
            {"code": code, "kind": "PARTY_KIND_STAFF", "name": code, "employer": employer}
            for code, employer in (("S2", "D2"), ("SB", "B"))]})
        self.town = town
        self.front = self.client("storefront", "storefront:OFFICIAL")
        self.other_front = self.client("storefront", "storefront:F-C1")
        self.screens = {x: self.client("store", f"location:{x}") for x in ("A1", "C1", "SITE")}
        self.staff = {"A1": "S1", "C1": "S2", "SITE": "SB"}

    def client(self, role, *scopes):
        return self.town.server.client(self.town.database.key(role, *scopes)).wait_known()

    def sku(self, count=9, location="A1", **more):
        return self.town.sku({location: count}, **more)

    def paid(self, lines, way=DELIVER, location="A1", **more):
        if way == SHIP:
            location = ""
        order = self.town.submit(lines, way=way, location=location, **more)
        self.town.pay(order)
        return order

    def body(self, order, number=1, ref=None, location="A1", **more):
        return {"act": {"orderId": order["orderId"], "fulfilment": number, "ref": ref or f"s{next(self._ref)}",
                        "staff": self.staff[location]}, **more}

    def do(self, method, order, number=1, location="A1", **more):
        return self.screens[location].call("StoreService/" + method,
                                           self.body(order, number, location=location, **more))

    def no(self, method, order, number=1, location="A1", **more):
        return refused(self.screens[location], "StoreService/" + method,
                       self.body(order, number, location=location, **more))

    def read(self, order, client=None):
        return (client or self.town.admin).call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"]

    def fulfilment(self, order, number=1, client=None):
        return next(f for f in self.read(order, client)["fulfilments"] if f["number"] == number)

    def state(self, order, number=1):
        return self.fulfilment(order, number)["state"].removeprefix("FULFILMENT_STATE_")

    def code(self, order, number=1):
        return self.fulfilment(order, number, self.front).get("collectionCode", "")

    def wrong(self, order):
        """A code that is not the customer's."""
        return f"{(int(self.code(order)) + 1) % 1000000:06d}"

    def ready(self, lines, **more):
        order = self.paid(lines, way=PICKUP, **more)
        self.do("Accept", order)
        self.do("MarkReady", order)
        return order

    def out(self, lines, **more):
        order = self.paid(lines, **more)
        self.do("Accept", order)
        self.do("Dispatch", order)
        return order

    def shipped(self, lines, **more):
        order = self.paid(lines, way=SHIP, **more)
        self.do("Dispatch", order, location="SITE")
        return order

    def stock(self, sku, location="A1"):
        """(on hand, reserved, allocated, suspect)"""
        [row] = self.town.database.sql(
            "select on_hand, reserved, allocated, suspect_until is not null from stock_level "
            "join sku using (sku_id) join location l using (location_id) where sku.code = %s and l.code = %s",
            (sku, location))
        return row

    def events(self, order):
        return [x for (x,) in self.town.database.sql(
            "select kind from outbox where order_id = %s and kind > 2 order by 1", (order["orderId"],))]

    def by_hand(self, order):
        """Without what timers do meanwhile: what was refused looks for another home."""
        return [a for a in self.trail(order) if "staff" in a]

    def trail(self, order, client=None, **more):
        return (client or self.town.admin).call("OrderService/ListActs",
                                                {"orderId": order["orderId"], **more}).get("acts", [])

    def move_clock(self, ms):
        self.town.admin.call("AdminService/MoveClock", {"byMs": str(ms)})


@pytest.fixture(scope="module")
def shop(town):
    return Shop(town)


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_every_step_says_where_it_led(shop):
    """Accept … COLLECTED and DELIVERED, by each way; times, events, stock and the end of the order."""
    sku = shop.sku(9)
    order = shop.paid(sku, way=PICKUP)
    shop.do("Accept", order)
    acted = shop.do("MarkReady", order)["acted"]
    assert acted["state"] == "FULFILMENT_STATE_READY_FOR_PICKUP" and acted["actNumber"] == 2
    f = shop.fulfilment(order)
    assert seconds(f["dueAt"]) - seconds(acted["at"]) == pytest.approx(7 * 86400)
    assert shop.stock(sku) == (9, 0, 1, False)
    acted = shop.do("ConfirmCollection", order, code=shop.code(order))["acted"]
    f = shop.fulfilment(order)
    assert f["state"] == acted["state"] == "FULFILMENT_STATE_COLLECTED" and "dueAt" not in f
    assert f["handedAt"] == acted["at"]
    assert shop.stock(sku) == (8, 0, 0, False)
    assert shop.read(order)["state"] == "ORDER_STATE_DONE"
    assert shop.events(order) == [8, 21, 25, 26]

    order = shop.paid(sku)
    shop.do("Accept", order)
    acted = shop.do("Dispatch", order, tracking="YC 7")["acted"]
    f = shop.fulfilment(order)
    assert (acted["state"], f["tracking"]) == ("FULFILMENT_STATE_OUT_FOR_DELIVERY", "YC 7")
    assert seconds(f["dueAt"]) - seconds(acted["at"]) == pytest.approx(2 * 86400)
    assert shop.stock(sku) == (7, 0, 0, False)
    assert shop.do("ConfirmDelivery", order)["acted"]["state"] == "FULFILMENT_STATE_DELIVERED"
    assert shop.read(order)["state"] == "ORDER_STATE_DONE"
    assert shop.events(order) == [8, 21, 27, 28]

    sku = shop.sku(3, "SITE")
    order = shop.shipped(sku)
    f = shop.fulfilment(order)
    assert f["state"] == "FULFILMENT_STATE_SHIPPED"
    assert seconds(f["dueAt"]) - seconds(f["handedAt"]) == pytest.approx(10 * 86400)
    shop.do("ConfirmDelivery", order, location="SITE")
    assert shop.state(order) == "DELIVERED" and shop.stock(sku, "SITE") == (2, 0, 0, False)


STEPS = {  # method → (an order that may take the step, its message, the state behind)
    "Reject": (lambda s: s.paid(s.sku()), {"reason": "REJECT_REASON_TOO_BUSY"}, "REJECTED"),
    "MarkShort": (lambda s: s.accepted(), {"reason": "REJECT_REASON_OTHER", "note": "dropped it",
                                       "lines": [{"line": 0, "quantity": 1}]}, "REJECTED"),
    "MarkReady": (lambda s: s.accepted(PICKUP), {}, "READY_FOR_PICKUP"),
    "ConfirmCollection": (lambda s: s.ready(s.sku()), {"code": None}, "COLLECTED"),
    "ReissueCode": (lambda s: s.ready(s.sku()), {}, "READY_FOR_PICKUP"),
    "Dispatch": (lambda s: s.accepted(), {"tracking": "X"}, "OUT_FOR_DELIVERY"),
    "ConfirmDelivery": (lambda s: s.out(s.sku()), {}, "DELIVERED"),
    "ReportDeliveryFailure": (lambda s: s.out(s.sku()), {"reason": "DELIVERY_FAILURE_NOBODY_THERE"},
                              "DELIVERY_FAILED"),
    "Restock": (lambda s: s.returning(), {"lines": [{"line": 0, "sellable": 1}]}, "RESTOCKED"),
}


def accepted(self, way=DELIVER):
    order = self.paid(self.sku(), way=way)
    self.do("Accept", order)
    return order


def returning(self):
    order = self.out(self.sku())
    self.do("ReportDeliveryFailure", order, reason="DELIVERY_FAILURE_REFUSED", give_up=True)
    return order


Shop.accepted = accepted
Shop.returning = returning


@pytest.mark.parametrize("method", STEPS)
def test_ok_repeat_differs_illegal_elsewhere(shop, method):
    """The same of every act: done once, answered twice, another body refused, an illegal step told what is
    allowed, another's store and another's staff turned away."""
    make, message, state = STEPS[method]
    order = make(shop)
    message = dict(message)
    if "code" in message:
        message["code"] = shop.code(order)
    body = shop.body(order, **message)
    call = "StoreService/" + method
    assert refused(shop.screens["C1"], call, body).reason == "not_found"
    stranger = {**body, "act": {**body["act"], "staff": "S2"}}
    e = refused(shop.screens["A1"], call, stranger)
    assert (e.reason, e.field) == ("bad_field", "act.staff")
    first = shop.screens["A1"].call(call, body)
    assert first["acted"]["state"] == "FULFILMENT_STATE_" + state
    assert shop.state(order) == state
    assert shop.screens["A1"].call(call, body) == first
    e = refused(shop.screens["A1"], call, {**body, "act": {**body["act"], "staff": "SB"}})
    assert (e.reason, e.field) == ("exists_differs", "act.ref")
    count = len(shop.by_hand(order))
    if method != "ReissueCode":  # which may always be done once more
        e = shop.no(method, order, **message)
        assert (e.code, e.reason, e.field) == ("failed_precondition", "wrong_state", "act.fulfilment")
        assert re.search(rf"is {state}; allowed: [a-z_, ]+$", e.text), e.text
        assert len(shop.by_hand(order)) == count
    last = shop.by_hand(order)[-1]
    assert (last["staff"], last["party"], last["location"]) == ("S1", "D1", "A1")


def test_bad_messages(shop):
    order = shop.accepted()
    for method, message, field in (
            ("Reject", {}, "reason"),
            ("Reject", {"reason": "REJECT_REASON_OTHER"}, "note"),
            ("Reject", {"reason": "REJECT_REASON_TOO_FAR", "note": "店" * 201}, "note"),
            ("Reject", {"reason": "REJECT_REASON_TOO_FAR", "note": "a\nb"}, "note"),
            ("MarkShort", {"reason": "REJECT_REASON_OUT_OF_STOCK"}, "lines"),
            ("MarkShort", {"lines": [{"quantity": 1}]}, "reason"),
            ("Dispatch", {"tracking": "x" * 65}, "tracking"),
            ("Dispatch", {"tracking": "a\tb"}, "tracking"),
            ("Dispatch", {"serials": [{"line": 0, "serials": ["1"]}]}, "serials"),
            ("ReportDeliveryFailure", {}, "reason"),
            ("ReportDeliveryFailure", {"reason": "DELIVERY_FAILURE_OTHER"}, "note")):
        e = shop.no(method, order, **message)
        assert (e.reason, e.field) == ("bad_field", field), (method, message)
    for lines in ([{"line": 1, "quantity": 1}], [{"line": 0}], [{"line": 0, "quantity": 2}],
                  [{"line": 0, "quantity": 1}] * 2, [{"line": 0, "quantity": -1}]):
        e = shop.no("MarkShort", order, reason="REJECT_REASON_DAMAGED", lines=lines)
        assert (e.reason, e.field) == ("bad_field", "lines"), lines
    order = shop.returning()
    for lines in ([], [{"line": 0}], [{"line": 0, "sellable": 2, "damaged": -1}], [{"line": 1, "sellable": 1}],
                  [{"line": 0, "sellable": 1}] * 2, [{"line": 0, "sellable": 1, "damaged": 1}]):
        e = shop.no("Restock", order, lines=lines)
        assert (e.reason, e.field) == ("bad_field", "lines"), lines
    assert shop.do("Reject", shop.paid(shop.sku()), reason="REJECT_REASON_TOO_FAR", note="店" * 200)


# ---- Refusals ------------------------------------------------------------------------------------------


def suspect_feed(shop, sku):
    """What a submit for the store that refused hears of it."""
    return shop.town.refuse(sku, way=PICKUP, location="A1").reason


def test_refused_for_want_of_stock_marks_the_level(shop):
    sku = shop.sku(5)
    order = shop.paid(sku, way=PICKUP)
    shop.do("Reject", order, reason="REJECT_REASON_OUT_OF_STOCK")
    assert shop.stock(sku) == (5, 0, 0, True)
    assert suspect_feed(shop, sku) in ("out_of_stock", "no_location")
    assert {22, 61} <= set(shop.events(order))
    shop.town.count("A1", sku, 4)
    assert shop.stock(sku) == (4, 0, 0, False)
    assert shop.town.submit(sku, way=PICKUP, location="A1")
    busy = shop.paid(sku)
    shop.do("Reject", busy, reason="REJECT_REASON_TOO_BUSY")
    assert shop.stock(sku)[3] is False


def test_short_units_part_from_the_rest(shop):
    """Two of three of one line, none of the other: a REJECTED fulfilment of its own, the rest is handed over."""
    one, two = shop.sku(5), shop.sku(5)
    order = shop.paid([(one, 3), (two, 1)])
    shop.do("Accept", order)
    body = shop.body(order, lines=[{"line": 0, "quantity": 2}], reason="REJECT_REASON_OUT_OF_STOCK")
    first = shop.screens["A1"].call("StoreService/MarkShort", body)
    assert first["acted"]["state"] == "FULFILMENT_STATE_ACCEPTED" and first["splitOff"] == 2
    assert shop.screens["A1"].call("StoreService/MarkShort", body) == first
    rest, gone = shop.fulfilment(order), shop.fulfilment(order, 2)
    assert [(x["line"] if "line" in x else 0, x["quantity"]) for x in rest["part"]["lines"]] == [(0, 1), (1, 1)]
    assert [(x.get("line", 0), x["quantity"]) for x in gone["part"]["lines"]] == [(0, 2)]
    assert (gone["splitFrom"], gone["state"]) == (1, "FULFILMENT_STATE_REJECTED")
    assert shop.stock(one) == (5, 0, 1, True) and shop.stock(two) == (5, 0, 1, False)
    e = refused(shop.screens["A1"], "StoreService/MarkShort", shop.body(
        order, lines=[{"line": 0, "quantity": 2}], reason="REJECT_REASON_OUT_OF_STOCK"))
    assert (e.reason, e.field) == ("bad_field", "lines")
    shop.do("Dispatch", order)
    shop.do("ConfirmDelivery", order)
    assert shop.stock(one) == (4, 0, 0, True) and shop.stock(two) == (4, 0, 0, False)
    assert [(x["kind"].removeprefix("ACT_KIND_"), x["fulfilment"]) for x in shop.trail(order)[:3]] == [
        ("ACCEPT", 1), ("MARK_SHORT", 1), ("MARK_SHORT", 2)]


# ---- The customer's code -------------------------------------------------------------------------------


def test_five_wrong_codes_lock_and_reissue_frees(shop):
    """Each try is an act; the fifth locks, also for the right code; a new code opens, the old one is dead."""
    order = shop.ready(shop.sku())
    wrong, old = shop.wrong(order), shop.code(order)
    assert re.fullmatch(r"\d{6}", old)
    for left in range(TRIES - 1, 0, -1):
        body = shop.body(order, code=wrong)
        e = refused(shop.screens["A1"], "StoreService/ConfirmCollection", body)
        assert (e.code, e.reason, e.field) == ("failed_precondition", "wrong_code", "code")
        assert f"; {left} tries left" in e.text
    # A repeat is no other try.
    assert refused(shop.screens["A1"], "StoreService/ConfirmCollection", body).text == e.text
    last = shop.body(order, code=wrong)
    e = refused(shop.screens["A1"], "StoreService/ConfirmCollection", last)
    assert (e.code, e.reason) == ("failed_precondition", "code_locked")
    until = shop.fulfilment(order)["lockedUntil"]
    assert until[:19] in e.text
    assert refused(shop.screens["A1"], "StoreService/ConfirmCollection", last).text == e.text
    e = shop.no("ConfirmCollection", order, code=old)
    assert e.reason == "code_locked" and until[:19] in e.text
    assert len(shop.trail(order)) == 2 + TRIES and shop.events(order) == [21, 25, 35]
    # The storefront makes a new one, and is told it; a repeat tells the same.
    body = {"act": {"orderId": order["orderId"], "fulfilment": 1, "ref": "again"}}
    assert refused(shop.other_front, "StoreService/ReissueCode", body).reason == "not_found"
    new = shop.front.call("StoreService/ReissueCode", body)
    assert shop.front.call("StoreService/ReissueCode", body) == new
    assert new["collectionCode"] == shop.code(order) != old
    if old != wrong:
        assert shop.no("ConfirmCollection", order, code=old).reason == "wrong_code"
    assert shop.do("ConfirmCollection", order, code=new["collectionCode"])
    assert shop.events(order) == [8, 21, 25, 26, 35, 36]


def test_guessing_at_once_gets_no_more_tries(shop):
    """Twelve wrong codes in one moment: five are tried, whoever sends them."""
    order = shop.ready(shop.sku())
    wrong = shop.wrong(order)

    def guess(i):
        return yc.wait_for("an answer", lambda: told(shop, shop.body(order, ref=f"g{i}", code=wrong)))
    answers = yc.at_once(12, guess)
    assert sorted(answers) == ["code_locked"] * 8 + ["wrong_code"] * 4, answers
    assert [x["reason"] if "reason" in x else 0 for x in shop.trail(order)[2:]] == [4, 3, 2, 1, 0]
    assert shop.no("ConfirmCollection", order, code=shop.code(order)).reason == "code_locked"


def told(shop, body):
    e = refused(shop.screens["A1"], "StoreService/ConfirmCollection", body)
    return e.reason if e.reason != "contended" else None


def test_a_lock_ends_by_itself(shop):
    order = shop.ready(shop.sku())
    for _ in range(TRIES):
        shop.no("ConfirmCollection", order, code=shop.wrong(order))
    assert shop.no("ConfirmCollection", order, code=shop.code(order)).reason == "code_locked"
    shop.move_clock(LOCK_MS + 1000)
    e = shop.no("ConfirmCollection", order, code=shop.wrong(order))
    assert e.reason == "wrong_code" and f"; {TRIES - 1} tries left" in e.text
    assert shop.do("ConfirmCollection", order, code=shop.code(order))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "12345\u0661"])
def test_what_is_no_code_is_a_wrong_one(shop, code):
    order = shop.ready(shop.sku())
    assert shop.no("ConfirmCollection", order, code=code).reason == "wrong_code"


def test_the_code_is_the_storefronts_alone(shop, server):
    """In no answer to a store, the brand or another storefront, no list, log, event, trail or table."""
    order = shop.paid(shop.sku(), way=PICKUP)
    assert shop.code(order) == ""  # nothing to collect yet
    shop.do("Accept", order)
    assert shop.code(order) == ""
    shop.do("MarkReady", order)
    codes = [shop.code(order)]
    assert refused(shop.other_front, "OrderService/GetOrder", {"orderId": order["orderId"]}).reason == "not_found"
    others = [shop.screens["A1"], shop.town.admin, shop.client("operator"), shop.client("finance")]
    answer = shop.do("ReissueCode", order)
    codes.append(shop.code(order))
    seen = [answer]
    assert codes[0] != codes[1] and "collectionCode" not in answer
    for c in others:
        f = shop.fulfilment(order, client=c)
        assert "collectionCode" not in f
        seen.append(shop.trail(order, c))
    assert not [x for x in shop.trail(order, shop.front) if "staff" in x or "ref" in x or "note" in x]
    seen.append(shop.screens["A1"].call("StoreService/ListTasks", {"location": "A1", "pageSize": 200}))
    seen.append(shop.front.call("OrderService/ListOrders", {"storefront": "OFFICIAL", "pageSize": 200}))
    shop.no("ConfirmCollection", order, code=codes[0])
    shop.do("ConfirmCollection", order, code=codes[1])
    assert shop.code(order) == ""  # and nothing to collect any more
    log = server.log.read_text()
    assert "lvl=debug" in log and order["orderId"] in log
    tables = [t for (t,) in shop.town.database.sql(
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' "
        "and table_name not in ('stock_change')")]
    assert {"outbox", "order_act", "fulfilment"} <= set(tables)
    for code in codes:
        alone = re.compile(rf"(?<![0-9a-f.]){code}(?![0-9a-f.])")
        assert not alone.search(log)
        assert not alone.search(str(seen))
        for table in tables:
            rows = shop.town.database.sql(f'select t::text from "{table}" t where t::text like %s', (f"%{code}%",))
            assert not [x for (x,) in rows if alone.search(re.sub(r"\d\d:\d\d:\d\d\.\d+", "", x))], table


# ---- Serials -------------------------------------------------------------------------------------------


def test_serials_are_scanned_and_out_once(shop):
    sku = shop.sku(9, serialised=True)
    plain = shop.sku(9)
    order = shop.ready([(sku, 2), (plain, 1)])
    a, b, c = (shop.town.name("SN") for _ in range(3))
    code = shop.code(order)
    for serials in ([], [{"line": 0, "serials": [a]}], [{"line": 0, "serials": [a, b, c]}],
                    [{"line": 0, "serials": [a, a]}], [{"line": 0, "serials": [a, "x y"]}],
                    [{"line": 0, "serials": [a, b]}, {"line": 1, "serials": [c]}],
                    [{"line": 7, "serials": [a, b]}]):
        e = shop.no("ConfirmCollection", order, code=code, serials=serials)
        assert e.reason == "bad_field" and e.field.startswith("serials"), serials
    scanned = [{"line": 0, "serials": [a, b]}]
    # A wrong code claims no number.
    assert shop.no("ConfirmCollection", order, code=shop.wrong(order), serials=scanned).reason == "wrong_code"
    shop.do("ConfirmCollection", order, code=code, serials=scanned)
    other = shop.paid([(sku, 1)])
    shop.do("Accept", other)
    e = shop.no("Dispatch", other, serials=[{"line": 0, "serials": [b]}])
    assert e.reason == "exists_differs" and b in e.text and e.field == "serials"
    assert shop.state(other) == "ACCEPTED" and len(shop.trail(other)) == 1
    shop.do("Dispatch", other, serials=[{"line": 0, "serials": [c]}])
    # Out again after a failure: the number is out already.
    shop.do("ReportDeliveryFailure", other, reason="DELIVERY_FAILURE_NOBODY_THERE")
    e = shop.no("Dispatch", other, serials=[{"line": 0, "serials": [c]}])
    assert (e.reason, e.field) == ("bad_field", "serials")
    shop.do("Dispatch", other)
    shop.do("ReportDeliveryFailure", other, reason="DELIVERY_FAILURE_REFUSED", giveUp=True)
    e = shop.no("Restock", other, lines=[{"line": 0, "sellable": 1}])
    assert (e.reason, e.field) == ("bad_field", "serials")
    e = shop.no("Restock", other, lines=[{"line": 0, "sellable": 1}], serials=[{"line": 0, "serials": [a]}])
    assert (e.reason, e.field) == ("bad_field", "serials") and a in e.text
    shop.do("Restock", other, lines=[{"line": 0, "sellable": 1}], serials=[{"line": 0, "serials": [c]}])
    third = shop.paid([(sku, 1)])
    shop.do("Accept", third)
    shop.do("Dispatch", third, serials=[{"line": 0, "serials": [c]}])
    assert shop.town.database.sql("select serial, number, returned_at is null from serial_out "
                                  "where serial = any(%s) order by handed_at, serial", ([a, b, c],)) == [
        (a, 1, True), (b, 1, True), (c, 1, False), (c, 1, True)]


def test_two_hands_on_one_serial(shop):
    """The same number for two customers at once: one goes out, the other is told which number."""
    sku = shop.sku(9, serialised=True)
    orders = [shop.paid([(sku, 1)]) for _ in range(4)]
    for o in orders:
        shop.do("Accept", o)
    number = shop.town.name("SN")

    def dispatch(i):
        try:
            return shop.do("Dispatch", orders[i], serials=[{"line": 0, "serials": [number]}])["acted"]["state"]
        except yc.RpcError as e:
            return (e.reason, number in e.text)
    answers = yc.at_once(4, dispatch)
    assert sorted(map(str, answers)) == sorted(
        ["FULFILMENT_STATE_OUT_FOR_DELIVERY"] + [str(("exists_differs", True))] * 3)
    assert shop.stock(sku) == (8, 0, 3, False)


# ---- Goods that come back ------------------------------------------------------------------------------


def test_failed_delivery_goes_out_again_or_comes_back(shop):
    """handed_at is the first time; damaged units are written off, sellable ones are stock again."""
    sku = shop.sku(9)
    order = shop.out([(sku, 3)])
    handed = shop.fulfilment(order)["handedAt"]
    shop.do("ReportDeliveryFailure", order, reason="DELIVERY_FAILURE_NOBODY_THERE")
    assert "dueAt" in shop.fulfilment(order)
    shop.do("Dispatch", order, tracking="second try")
    assert shop.fulfilment(order)["handedAt"] == handed and shop.stock(sku) == (6, 0, 0, False)
    shop.do("ReportDeliveryFailure", order, reason="DELIVERY_FAILURE_WRONG_ADDRESS")
    acted = shop.do("ReportDeliveryFailure", order, reason="DELIVERY_FAILURE_WRONG_ADDRESS", giveUp=True)["acted"]
    assert acted["state"] == "FULFILMENT_STATE_RETURNING"
    assert shop.stock(sku) == (6, 0, 0, False)
    shop.do("Restock", order, lines=[{"line": 0, "sellable": 1, "damaged": 2}], note="wet")
    assert shop.stock(sku) == (7, 0, 0, False)
    assert shop.events(order) == [5, 8, 21, 27, 27, 29, 29, 30, 31]
    assert shop.read(order)["refundDueFen"] == str(3 * 19900)
    # A count from before it came back knows of the one that is on the shelf again, not of the others.
    assert shop.town.database.sql("select qty from stock_back where order_id = %s", (order["orderId"],)) == [(1,)]


# ---- Together ------------------------------------------------------------------------------------------


def test_screens_at_once(shop):
    """Eight screens press different buttons on one fulfilment: the trail is a path through the table."""
    for _ in range(5):
        order = shop.accepted()
        buttons = [("Dispatch", {}), ("MarkShort", {"reason": "REJECT_REASON_DAMAGED",
                                                "lines": [{"line": 0, "quantity": 1}]})] * 4

        def press(i, order=order, buttons=buttons):
            try:
                return shop.do(buttons[i][0], order, **buttons[i][1])["acted"]["state"]
            except yc.RpcError as e:
                return e.reason
        answers = yc.at_once(8, press)
        assert answers.count("wrong_state") == 7, answers
        assert len(shop.by_hand(order)) == 2


# ---- The trail -----------------------------------------------------------------------------------------


def test_trail_in_pages_and_by_who_reads(shop):
    order = shop.ready(shop.sku())
    for _ in range(3):
        shop.no("ConfirmCollection", order, code=shop.wrong(order))
    whole = shop.trail(order)
    assert [x["actNumber"] for x in whole] == [1, 2, 3, 4, 5]
    assert [x["kind"] for x in whole][2:] == ["ACT_KIND_WRONG_CODE"] * 3
    assert [x["reason"] for x in whole[2:]] == [4, 3, 2]
    token, pages = "", []
    while True:
        page = shop.town.admin.call("OrderService/ListActs", {"orderId": order["orderId"], "pageSize": 2,
                                                              "pageToken": token})
        pages.append(page["acts"])
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert [len(p) for p in pages] == [2, 2, 1] and sum(pages, []) == whole
    other = shop.ready(shop.sku())
    first = shop.town.admin.call("OrderService/ListActs", {"orderId": order["orderId"], "pageSize": 1})
    for body, reason, field in (({"orderId": other["orderId"], "pageToken": first["nextPageToken"]}, "bad_token", "page_token"),
                                ({"orderId": "x"}, "bad_field", "order_id"),
                                ({"orderId": order["orderId"], "pageSize": -1}, "bad_field", "page_size"),
                                ({"orderId": yc.NO_ORDER}, "not_found", "")):
        e = refused(shop.town.admin, "OrderService/ListActs", body)
        assert (e.reason, e.field) == (reason, field), body
    assert shop.trail(order, shop.screens["A1"]) == whole
    for c in (shop.screens["C1"], shop.other_front):
        assert refused(c, "OrderService/ListActs", {"orderId": order["orderId"]}).reason == "not_found"
    assert {k for x in shop.trail(order, shop.front) for k in x} <= {
        "actNumber", "kind", "fulfilment", "at", "party", "location", "state", "reason"}


# ---- A reply that is lost ------------------------------------------------------------------------------


def test_killed_between_commit_and_reply(shop, service, town):
    """kill -9 as soon as the act is there: sent again it is answered as the first time, and done once."""
    order = shop.paid(shop.sku())
    [server] = service()
    for before, method in enumerate(("Accept", "Dispatch", "ConfirmDelivery")):
        body = shop.body(order)
        screen = server.client(shop.screens["A1"].key).wait_known()
        lost = threading.Thread(target=lambda: refused_or_lost(screen, "StoreService/" + method, body))
        lost.start()
        yc.wait_for("the act", lambda: town.database.sql(
            "select count(*) from order_act where order_id = %s", (order["orderId"],))[0][0] > before)
        server.kill9()
        lost.join()
        server.start()
        again = shop.screens["A1"].call("StoreService/" + method, body)["acted"]
        assert again["actNumber"] == before + 1 and len(shop.trail(order)) == before + 1
    assert shop.state(order) == "DELIVERED"


def refused_or_lost(client, method, body):
    try:
        client.call(method, body)
    except (OSError, yc.RpcError):
        pass
