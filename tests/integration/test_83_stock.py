"""Stock from outside: counts, tills, books that follow our events; and the traps others fell into, by name."""
import datetime
import threading

import pytest

from town import BRAND, DEALER_1, DELIVER, PICKUP, SHIP, refused
from yc import RpcError

REPORT = "StoreService/ReportStock"
NEVER = "01890000-0000-7000-8000-000000000000"  # an order that is not there


def at(**ago):
    """A moment that long ago."""
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**ago)).isoformat()


def report(town, location="A1", counts=(), deltas=(), client=None, **more):
    return (client or town.admin).call(REPORT, {"location": location, "counts": list(counts),
                                                "deltas": list(deltas), **more})


def level(town, location, sku):
    """on_hand, reserved, allocated, and what may be sold."""
    return town.database.sql(
        "select on_hand, reserved, allocated, on_hand - reserved - allocated - safety from stock_level s "
        "join location l using (location_id) join sku k using (sku_id) where l.code = %s and k.code = %s",
        (location, sku))[0]


def told(town, kind, location):
    return town.database.sql(
        "select o.order_id::text from (select kind, order_id, location_id from outbox union all "
        "select kind, order_id, location_id from event_log) o join location l using (location_id) "
        "where o.kind = %s and l.code = %s", (kind, location))


def pickup(town, sku, quantity=1, location="A1", paid=True):
    order = town.submit([(sku, quantity)], way=PICKUP, location=location)
    if paid:
        town.pay(order)
    return order


def act(town, method, order, **more):
    """What A1's screen does, by its assistant S1."""
    return town.admin.call("StoreService/" + method, {
        "act": {"orderId": order["orderId"], "fulfilment": 1, "ref": town.name("act"), "staff": "S1"}, **more})


def collect(town, order):
    """Accepted, made ready and handed over."""
    act(town, "Accept", order)
    act(town, "MarkReady", order)
    front = town.server.login("storefront", "storefront:*")
    [f] = front.call("OrderService/GetOrder", {"orderId": order["orderId"]})["order"]["fulfilments"]
    act(town, "ConfirmCollection", order, code=f["collectionCode"])


def event_of(town, kind, order):
    """The id by which the world was told; it may have been told already."""
    [(event,)] = town.database.sql(
        "select event_id::text from outbox where kind = %s and order_id = %s union "
        "select event_id::text from event_log where kind = %s and order_id = %s", (kind, order["orderId"]) * 2)
    return event


# ---- What a report does --------------------------------------------------------------------------


def test_counts(town):
    sku, other = town.sku({"A1": 5}), town.sku()
    stored = level(town, "A1", sku)
    got = report(town, counts=[{"sku": sku, "count": 9, "countedAt": at(days=1)}, {"sku": other, "count": 3}])
    assert got["written"] == 1
    assert [(r.get("index", 0), r["outcome"]) for r in got["countsLeft"]] == [(0, "STOCK_ROW_OUTCOME_OLDER")]
    assert got["countsLeft"][0]["storedAt"] > at(hours=1)
    assert {f["sku"]: (f["onHand"], f["available"]) for f in got["figures"]} == {sku: (5, 5), other: (3, 3)}
    assert level(town, "A1", sku) == stored
    # The same again is an equally old count.
    again = {"sku": other, "count": 7, "countedAt": at(seconds=0)}
    assert report(town, counts=[again])["written"] == 1
    got = report(town, counts=[again])
    assert "written" not in got and got["countsLeft"][0]["outcome"] == "STOCK_ROW_OUTCOME_OLDER"
    assert report(town) == {}


def test_safety_stays(town):
    sku = town.sku()
    town.count("A1", sku, 5, safety=2)
    assert report(town, counts=[{"sku": sku, "count": 6}])["figures"][0]["available"] == 4


def test_replay_and_gap_of_deltas(town):
    sku, source = town.sku({"A1": 50}), town.name("till")

    def sold(*rows):
        return report(town, source=source, deltas=[
            {"sku": sku, "delta": d, "sequence": str(n), **more} for n, d, more in rows])
    assert sold((1, -2, {}), (2, -1, {}))["figures"][0]["onHand"] == 47
    got = sold((1, -2, {}), (2, -1, {}), (5, -3, {}))
    assert (got["written"], got["gaps"]) == (1, [f"{source}: 5 came after 2"])
    assert [r["outcome"] for r in got["deltasLeft"]] == ["STOCK_ROW_OUTCOME_REPEATED"] * 2
    assert level(town, "A1", sku)[0] == 44
    assert told(town, 60, "A1")
    # What was missing comes late; a sequence that told something else is not taken for a repeat.
    got = sold((4, -1, {}), (5, -4, {}))
    assert got["deltasLeft"] == [{"index": 1, "outcome": "STOCK_ROW_OUTCOME_DIFFERS"}]
    assert "gaps" not in got and level(town, "A1", sku)[0] == 43


def test_delta_of_our_order_is_ignored(town):
    """The till rings up the collected order; its hand-over has moved, or will move, the stock."""
    sku, source = town.sku({"A1": 5}), town.name("till")
    order = pickup(town, sku)
    got = report(town, source=source, deltas=[
        {"sku": sku, "delta": -1, "sequence": "1", "orderId": order["orderId"]},
        {"sku": sku, "delta": -1, "sequence": "2", "orderId": NEVER}])  # nobody's: a sale like others
    assert got["deltasLeft"] == [{"outcome": "STOCK_ROW_OUTCOME_OURS"}]
    assert level(town, "A1", sku) == (4, 0, 1, 3)
    # No gap: the ignored one has its sequence.
    assert report(town, source=source, deltas=[{"sku": sku, "delta": 1, "sequence": "3"}])["written"] == 1
    # Another store's order is not this store's; nor are its till's sequences, whatever it is called.
    got = report(town, "A2", source=source, deltas=[
        {"sku": sku, "delta": 4, "sequence": "2", "orderId": order["orderId"]}])
    assert got == {"written": 1, "figures": [{"sku": sku, "onHand": 4, "available": 4}]}


def test_delta_that_a_count_had(town):
    sku, source = town.sku({"A1": 0}), town.name("till")
    moment = at(seconds=-1)
    report(town, counts=[{"sku": sku, "count": 10, "countedAt": moment}])
    got = report(town, source=source, deltas=[
        {"sku": sku, "delta": -1, "sequence": "1", "at": at(minutes=5)},
        {"sku": sku, "delta": -1, "sequence": "2", "at": at(seconds=-2)},
        {"sku": sku, "delta": -1, "sequence": "3"}])
    assert got["deltasLeft"] == [{"outcome": "STOCK_ROW_OUTCOME_COUNTED"}]
    assert level(town, "A1", sku)[0] == 8
    # And a count that comes later, of an earlier moment, knows what was sold since.
    other = town.sku()
    for n, ago in ((4, 30), (5, 10)):
        report(town, source=source, deltas=[{"sku": other, "delta": -1, "sequence": str(n), "at": at(minutes=ago)}])
    assert report(town, counts=[{"sku": other, "count": 7, "countedAt": at(minutes=20)}])["figures"][0]["onHand"] == 6


def test_both_in_one_report(town):
    """In whatever order they are meant: the sale after the count is put to it."""
    sku, source = town.sku(), town.name("till")
    got = report(town, source=source, counts=[{"sku": sku, "count": 5, "countedAt": at(minutes=2)}],
                 deltas=[{"sku": sku, "delta": -1, "sequence": "1", "at": at(minutes=1)},
                         {"sku": sku, "delta": -1, "sequence": "2", "at": at(minutes=3)}])
    assert got["deltasLeft"] == [{"index": 1, "outcome": "STOCK_ROW_OUTCOME_COUNTED"}]
    assert got["figures"] == [{"sku": sku, "onHand": 4, "available": 4}]


def row(**more):
    return {"sku": "no such", "count": 1, **more}


BAD = [
    ({"location": ""}, "location", "bad_field"),
    ({"location": "nowhere"}, "location", "not_found"),
    ({"counts": [{"sku": "NO", "count": 1}]}, "counts[0].sku", "unknown_id"),
    ({"counts": [{"sku": "a b", "count": 1}]}, "counts[0].sku", "bad_field"),
    ({"counts": [{"sku": "NO", "count": -1}]}, "counts[0].count", "bad_field"),
    ({"counts": [{"sku": "NO", "goodsOwner": "!"}]}, "counts[0].goods_owner", "bad_field"),
    ({"counts": [{"sku": "NO", "countedAt": "2099-01-01T00:00:00Z"}]}, "counts[0].counted_at", "bad_field"),
    ({"deltas": [{"sku": "NO", "sequence": "1"}]}, "source", "bad_field"),
    ({"source": "t" * 49, "deltas": [{"sku": "NO", "sequence": "1"}]}, "source", "bad_field"),
    ({"source": "t", "deltas": [{"sku": "NO", "delta": 1}]}, "deltas[0].sequence", "bad_field"),
    ({"source": "t", "deltas": [{"sku": "NO", "delta": 1000001, "sequence": "1"}]}, "deltas[0].delta", "bad_field"),
    ({"source": "t", "deltas": [{"sku": "NO", "delta": 1, "sequence": "1"}]}, "deltas[0].sku", "unknown_id"),
    ({"source": "t", "deltas": [{"sku": "NO", "sequence": "1", "orderId": "x"}]}, "deltas[0].order_id", "bad_field"),
    ({"source": "t", "deltas": [{"sku": "NO", "sequence": "1", "at": "2099-01-01T00:00:00Z"}]}, "deltas[0].at",
     "bad_field"),
    ({"counts": [{"sku": "NO"}], "seenTo": "x"}, "seen_to", "bad_field"),
    ({"counts": [{"sku": "NO"}], "seenTo": "ffffffff-ffff-7000-8000-000000000000"}, "seen_to", "bad_field"),
    ({"counts": [{"sku": "NO"}], "bookedOrders": ["x"]}, "booked_orders", "bad_field"),
    ({"counts": [{"sku": "NO"}], "bookedOrders": [NEVER] * 1001}, "booked_orders", "bad_field"),
    ({"counts": [{"sku": "NO"}] * 20001}, "counts", "too_large"),
]


@pytest.mark.parametrize("more,field,reason", BAD, ids=[f"{f}-{i}" for i, (_, f, _) in enumerate(BAD)])
def test_refused(town, more, field, reason):
    e = refused(town.admin, REPORT, {"location": "A1", **more})
    assert (e.reason, e.field) == (reason, field)


def test_twice_in_one_report(town):
    sku = town.sku({"A1": 5})
    e = refused(town.admin, REPORT, {"location": "A1", "counts": [
        {"sku": sku, "count": 1}, {"sku": sku, "goodsOwner": DEALER_1, "count": 2}]})
    assert (e.reason, e.field) == ("bad_field", "counts[1].sku")
    e = refused(town.admin, REPORT, {"location": "A1", "source": "t", "counts": [{"sku": sku, "count": 1}], "deltas": [
        {"sku": sku, "sequence": "7"}, {"sku": sku, "sequence": "7"}]})
    assert (e.reason, e.field) == ("bad_field", "deltas[1].sequence")
    assert level(town, "A1", sku)[0] == 5


def test_a_store_reports_for_itself(town):
    sku = town.sku({"A1": 5, "C1": 5})
    me = town.server.login("store", "location:A1")
    assert report(town, client=me, counts=[{"sku": sku, "count": 6}])["written"] == 1
    for location in ("C1", "nowhere"):
        e = refused(me, REPORT, {"location": location, "counts": [{"sku": sku, "count": 6}]})
        assert (e.reason, e.field) == ("not_found", "location")
    assert level(town, "C1", sku)[0] == 5


def test_goods_of_several_owners(town):
    """A count of the store's own goods leaves the brand's on its shelf alone."""
    sku = town.sku()
    report(town, counts=[{"sku": sku, "count": 3}, {"sku": sku, "goodsOwner": BRAND, "count": 4}])
    report(town, counts=[{"sku": sku, "count": 2}])
    assert town.database.sql("select on_hand from stock_level join sku using (sku_id) where code = %s order by 1",
                             (sku,)) == [(2,), (4,)]


# ---- The till is never refused -------------------------------------------------------------------


def test_a_till_sale_is_never_refused(town):
    """More is promised than there is: nothing more is sold, and the newest order is the one that is short."""
    sku, source = town.sku({"A1": 3}), town.name("till")
    first, second = pickup(town, sku), pickup(town, sku)
    got = report(town, source=source, deltas=[{"sku": sku, "delta": -2, "sequence": "1"}])
    assert got["figures"] == [{"sku": sku, "onHand": 1, "available": -1, "missing": 1}]
    assert level(town, "A1", sku) == (1, 0, 2, -1)
    assert town.refuse(sku, way=PICKUP, location="A1").reason == "out_of_stock"
    short = [x for x, in told(town, 62, "A1")]
    assert second["orderId"] in short and first["orderId"] not in short
    # One more is sold: now the older order is short, too, and only it is told.
    report(town, source=source, deltas=[{"sku": sku, "delta": -1, "sequence": "2"}])
    now = [x for x, in told(town, 62, "A1")]
    assert now.count(second["orderId"]) == 1 and now.count(first["orderId"]) == 1


def missing(town, location):
    """Units that its tasks lack, by order."""
    tasks = town.admin.call("StoreService/ListTasks", {"location": location, "pageSize": 100}).get("tasks", [])
    return {t["orderId"]: sum(x["quantity"] for x in t["missing"]) for t in tasks if "missing" in t}


def test_tasks_say_what_they_lack(town):
    sku, source = town.sku({"A2": 6}), town.name("till")
    old, new, unpaid = (pickup(town, sku, n, "A2", paid) for n, paid in ((3, True), (2, True), (1, False)))
    assert missing(town, "A2") == {}
    # What is only reserved goes first: no task lacks anything.
    report(town, "A2", source=source, deltas=[{"sku": sku, "delta": -1, "sequence": "1"}])
    assert missing(town, "A2") == {}
    report(town, "A2", source=source, deltas=[{"sku": sku, "delta": -1, "sequence": "2"}])
    assert missing(town, "A2") == {new["orderId"]: 1}
    report(town, "A2", source=source, deltas=[{"sku": sku, "delta": -2, "sequence": "3"}])
    assert missing(town, "A2") == {new["orderId"]: 2, old["orderId"]: 1}
    town.pay(unpaid)
    assert missing(town, "A2") == {unpaid["orderId"]: 1, new["orderId"]: 2, old["orderId"]: 1}
    report(town, "A2", counts=[{"sku": sku, "count": 6, "countedAt": at(seconds=-1)}])
    assert missing(town, "A2") == {}


def test_a_screen_that_waits_hears_of_it(town):
    sku, source = town.sku({"C1": 1}), town.name("till")
    order = pickup(town, sku, location="C1")
    seen = town.admin.call("StoreService/ListTasks", {"location": "C1"})["seen"]
    got = {}
    waits = threading.Thread(target=lambda: got.update(town.admin.call(
        "StoreService/ListTasks", {"location": "C1", "seen": seen, "waitMs": 10000})))
    waits.start()
    report(town, "C1", source=source, deltas=[{"sku": sku, "delta": -1, "sequence": "1"}])
    waits.join()
    assert [t["missing"] for t in got["tasks"] if t["orderId"] == order["orderId"]] == [[{"quantity": 1}]]


def test_walk_in_and_online_compete(town):
    """One piece, a till and an order at once: it is sold twice only where the till was second, and then it is said."""
    source, rounds = town.name("till"), 25
    sequence, lost, short = 0, 0, 0
    for _ in range(rounds):
        sku = town.sku({"A1": 1})
        sequence += 1
        outcome = {}

        def buy(sku=sku, outcome=outcome):
            try:
                order = town.submit(sku, way=PICKUP, location="A1")
                outcome["order"] = town.pay(order)
            except RpcError as e:
                outcome["refused"] = e.reason

        def sell(sku=sku, number=sequence):
            report(town, source=source, deltas=[{"sku": sku, "delta": -1, "sequence": str(number)}])
        both = [threading.Thread(target=f) for f in (buy, sell)]
        for t in both:
            t.start()
        for t in both:
            t.join()
        on_hand, reserved, allocated, atp = level(town, "A1", sku)
        assert (on_hand, reserved) == (0, 0)
        if "refused" in outcome:
            assert outcome["refused"] == "out_of_stock"
            assert (allocated, atp) == (0, 0)
            lost += 1
        else:
            assert (allocated, atp) == (1, -1)
            short += 1
    assert lost + short == rounds


# ---- Complaints of others, by their number -------------------------------------------------------


def parts(order):
    """Units by location, of a submit's answer."""
    return {p["location"]: sum(x["quantity"] for x in p["lines"]) for p in order["option"]["parts"]}


def homes(town, order):
    """Units by location, as its fulfilments have them."""
    return {f["part"]["location"]: sum(x["quantity"] for x in f["part"]["lines"])
            for f in town.get(order)["fulfilments"]}


def test_magento_2032_a_ship_order_does_not_break_a_pickup_hold(town):
    """5/4/1 at three stores, a pickup of 4 at the first: an order of 2 from there must go elsewhere."""
    sku = town.sku({"A1": 5, "A2": 4, "C1": 1})
    held = pickup(town, sku, 4)
    two = town.submit([(sku, 2)], way=DELIVER, storefront="F-A1")
    town.pay(two)
    assert parts(two) == {"A2": 2}
    assert level(town, "A1", sku) == (5, 0, 4, 1)
    assert homes(town, held) == {"A1": 4}
    assert parts(town.submit(sku, way=DELIVER, storefront="F-A1")) == {"A1": 1}
    assert level(town, "A1", sku) == (5, 1, 4, 0)


def test_magento_2725_a_count_that_excludes_the_order_already(town):
    """The books took the order off when it was sold; it is still on the shelf, and held."""
    sku = town.sku({"A1": 10})
    order = pickup(town, sku)
    # Said so: nothing is subtracted twice.
    got = report(town, counts=[{"sku": sku, "count": 9}], bookedOrders=[order["orderId"], NEVER])
    assert got["figures"] == [{"sku": sku, "onHand": 10, "available": 9}]
    assert level(town, "A1", sku) == (10, 0, 1, 9)
    # A count of the shelf has it.
    assert report(town, counts=[{"sku": sku, "count": 10}])["figures"][0]["available"] == 9
    # Then it leaves: the figure of the books was right all along.
    report(town, counts=[{"sku": sku, "count": 9}], bookedOrders=[order["orderId"]])
    collect(town, order)
    assert level(town, "A1", sku) == (9, 0, 0, 9)
    assert report(town, counts=[{"sku": sku, "count": 9}])["figures"][0]["available"] == 9


def test_hotwax_h19_counts_around_a_hand_over(town):
    """Counted before, told after; counted after; and an old count that comes last."""
    sku = town.sku({"A1": 10})
    order = pickup(town, sku, 2)
    before = at(seconds=0)
    collect(town, order)
    assert level(town, "A1", sku) == (8, 0, 0, 8)
    report(town, counts=[{"sku": sku, "count": 10, "countedAt": before}])
    assert level(town, "A1", sku) == (8, 0, 0, 8)
    report(town, counts=[{"sku": sku, "count": 8}])
    assert level(town, "A1", sku) == (8, 0, 0, 8)
    got = report(town, counts=[{"sku": sku, "count": 10, "countedAt": before}])
    assert got["countsLeft"][0]["outcome"] == "STOCK_ROW_OUTCOME_OLDER"


def test_books_that_follow_our_events(town):
    """seen_to: what was handed over after the last event that was booked is taken off, however late the figure."""
    sku = town.sku({"A1": 10})
    first, second = pickup(town, sku, 1), pickup(town, sku, 3)
    collect(town, first)
    collect(town, second)
    seen = event_of(town, 26, first)
    report(town, counts=[{"sku": sku, "count": 9}], seenTo=seen)
    assert level(town, "A1", sku) == (6, 0, 0, 6)
    report(town, counts=[{"sku": sku, "count": 6}], seenTo=event_of(town, 26, second))
    assert level(town, "A1", sku) == (6, 0, 0, 6)


def test_hotwax_h17_not_in_stock_zeroes_nothing(town):
    """One refusal moves no figure, refuses no other order, and ends with the next count or by itself."""
    sku = town.sku({"A1": 5})
    mine, other = pickup(town, sku, 2), pickup(town, sku, 1)
    act(town, "Reject", mine, reason="REJECT_REASON_OUT_OF_STOCK")
    assert level(town, "A1", sku) == (5, 0, 1, 4)
    tasks = town.admin.call("StoreService/ListTasks", {"location": "A1", "pageSize": 100})["tasks"]
    assert other["orderId"] in {t["orderId"] for t in tasks}
    assert event_of(town, 61, mine)
    [(hours,)] = town.database.sql(
        "select round(extract(epoch from suspect_until - now()) / 3600)::int from stock_level "
        "join sku using (sku_id) where code = %s", (sku,))
    assert hours == 48
    assert town.refuse(sku, way=PICKUP, location="A1").reason == "out_of_stock"
    act(town, "Accept", other)
    assert report(town, counts=[{"sku": sku, "count": 5}])["figures"][0]["available"] == 4
    pickup(town, sku)


def test_count_before_and_after_an_allocation(town):
    """reserved and allocated are columns of their own: what is held stays held, whatever is counted."""
    sku = town.sku({"A1": 10})
    unpaid, paid = pickup(town, sku, 2, paid=False), pickup(town, sku, 3)
    assert level(town, "A1", sku) == (10, 2, 3, 5)
    report(town, counts=[{"sku": sku, "count": 8, "countedAt": at(seconds=-1)}])
    assert level(town, "A1", sku) == (8, 2, 3, 3)
    town.pay(unpaid)
    assert level(town, "A1", sku) == (8, 0, 5, 3)
    assert {x["orderId"] for x in (unpaid, paid)}


def test_medusa_16502_two_lines_of_one_sku(town):
    """Each line alone would fit: together they do not."""
    sku = town.sku({"SITE": 5})
    e = town.refuse([(sku, 3), (sku, 3)], way=SHIP)
    assert e.reason == "out_of_stock"
    assert level(town, "SITE", sku) == (5, 0, 0, 5)
    order = town.submit([(sku, 3), (sku, 2)], way=SHIP)
    assert parts(order) == {"SITE": 5}
    assert level(town, "SITE", sku) == (5, 5, 0, 0)


def test_vendure_4030_no_more_is_allocated_than_needed(town):
    """10 and 15 in stock: 13 takes 13 together, and 20 takes 20."""
    for need, want in ((13, 13), (20, 20)):
        sku = town.sku({"SITE": 10, "CLOUD": 15})
        order = town.submit([(sku, need)], way=SHIP)
        assert sum(parts(order).values()) == want
        taken = [level(town, x, sku)[1] for x in ("SITE", "CLOUD")]
        assert sum(taken) == want and taken == [parts(order).get(x, 0) for x in ("SITE", "CLOUD")]
    sku = town.sku({"SITE": 10, "CLOUD": 15})
    assert town.refuse([(sku, 26)], way=SHIP).reason == "out_of_stock"
