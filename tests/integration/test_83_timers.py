"""What ends by itself: offers that lapse, another home, the customer's turn, the end of the line."""

import yc
from test_82_acts import act, paid, state, trail
from town import DELIVER, PICKUP, total

LAPSE, REHOME, ASK, GIVE_UP, CANCEL = 3, 19, 20, 23, 17


def overdue(town, order, number=1, column="offer_deadline"):
    """What is to be due is put into the past: the rows are the timers."""
    town.database.sql(f"update fulfilment set {column} = now() - interval '1 second', lease_until = null "
                      "where order_id = %s and number = %s", (order["orderId"], number))


def kinds(town, order):
    return [kind for _, kind, _, _ in trail(town, order)]


def until(town, order, *wanted):
    yc.wait_for(f"acts {wanted}", lambda: kinds(town, order) == list(wanted))


def parts(town, order):
    return {f["number"]: (f["part"]["location"], f["state"].removeprefix("FULFILMENT_STATE_"))
            for f in town.get(order)["fulfilments"]}


def stock(town, sku):
    rows = town.database.sql("select l.code, s.on_hand, s.allocated from stock_level s join location l using "
                             "(location_id) join sku k using (sku_id) where k.code = %s order by 1", (sku,))
    return {code: (on_hand, allocated) for code, on_hand, allocated in rows}


def test_a_lapsed_delivery_moves_on(town):
    sku = town.sku({"A1": 1, "A2": 1})
    order = paid(town, sku)
    overdue(town, order)
    until(town, order, LAPSE, REHOME)
    assert parts(town, order) == {1: ("A1", "EXPIRED"), 2: ("A2", "OFFERED")}
    assert stock(town, sku) == {"A1": (1, 0), "A2": (1, 1)}
    got = town.get(order)
    assert got["state"] == "ORDER_STATE_ALLOCATED" and got["fulfilments"][1]["hops"] == 1
    assert int(got["totalFen"]) == total(order) and int(got.get("refundDueFen", 0)) == 0
    events = town.database.sql("select array_agg(kind order by kind) from outbox where order_id = %s",
                               (order["orderId"],))
    assert events == [([1, 2, 23, 37],)]


def test_the_end_of_the_line(town):
    sku = town.sku({"A1": 1})
    order = paid(town, sku)
    overdue(town, order)
    until(town, order, LAPSE, GIVE_UP)
    assert town.get(order)["state"] == "ORDER_STATE_UNFILLABLE"
    assert stock(town, sku) == {"A1": (1, 0)}
    town.database.sql("update sales_order set due_at = now() - interval '1 second' where order_id = %s",
                      (order["orderId"],))
    until(town, order, LAPSE, GIVE_UP, CANCEL)
    got = town.get(order)
    assert got["state"] == "ORDER_STATE_CANCELLED" and int(got["refundDueFen"]) == total(order)
    [(events,)] = town.database.sql("select array_agg(kind order by kind) from outbox where order_id = %s",
                                    (order["orderId"],))
    assert events == [1, 2, 4, 5, 6, 23]


def test_stores_then_the_cloud(town):
    """After max_hops store offers nobody asks a store again."""
    version = town.put_policy(maxHops=1)
    try:
        sku = town.sku({"A1": 1, "A2": 1, "C1": 1, "CLOUD": 1})
        order = paid(town, sku, acceptOtherWay=True)
        overdue(town, order)
        until(town, order, LAPSE, REHOME)
        assert parts(town, order) == {1: ("A1", "EXPIRED"), 2: ("CLOUD", "ACCEPTED")}
        # the customer's 5 yuan for a delivery are more than direct shipping asks
        assert int(town.get(order).get("refundDueFen", 0)) == 500
    finally:
        assert town.put_policy() > version


def test_another_way_is_the_customers_choice(town):
    sku = town.sku({"A1": 1, "CLOUD": 1})
    order = paid(town, sku)
    overdue(town, order)
    until(town, order, LAPSE, ASK)
    assert town.get(order)["state"] == "ORDER_STATE_AWAITING_CUSTOMER"
    assert parts(town, order) == {1: ("A1", "EXPIRED")}


def test_a_pickup_is_never_moved_silently(town):
    sku = town.sku({"A1": 1, "A2": 1})
    order = town.submit(sku, way=PICKUP, location="A1")
    town.pay(order)
    overdue(town, order)
    until(town, order, LAPSE, ASK)
    assert town.get(order)["state"] == "ORDER_STATE_AWAITING_CUSTOMER"


def test_overdue_is_told_once(town, admin):
    order = paid(town, town.sku({"A1": 1}))
    admin.call("StoreService/Accept", act(order))
    overdue(town, order, column="due_at")
    until(town, order, 1, 18)
    assert state(town, order) == "ACCEPTED" and "overdueAt" in town.get(order)["fulfilments"][0]


def test_a_carriers_silence(town):
    order = town.submit(town.sku({"SITE": 1}))
    town.pay(order)
    town.database.sql("update fulfilment set state = 13, handed_at = now(), due_at = now() where order_id = %s",
                      (order["orderId"],))
    town.database.sql("update stock_level s set on_hand = on_hand - 1, allocated = 0 from fulfilment f "
                      "where f.order_id = %s and s.sku_id = f.sku_id[1] and s.location_id = f.location_id",
                      (order["orderId"],))
    until(town, order, 11)
    assert town.get(order)["state"] == "ORDER_STATE_DONE"


def test_not_collected(town):
    sku = town.sku({"A1": 2})
    order = town.submit([(sku, 2)], way=PICKUP, location="A1")
    town.pay(order)
    town.database.sql("update fulfilment set state = 6, due_at = now() where order_id = %s", (order["orderId"],))
    until(town, order, 15, 14)
    got = town.get(order)
    assert got["state"] == "ORDER_STATE_DONE" and int(got["refundDueFen"]) == total(order)
    assert stock(town, sku) == {"A1": (2, 0)}


def bought(town, sku, count):
    """So many orders that came paid, delivered by A1 if it accepts."""
    ids = []
    for _ in range(count // 100):
        orders = [town.order(sku, way=DELIVER, location="A1", payment=town.payment(19900 + 500))
                  for _ in range(100)]
        answer = town.admin.call("OrderService/SubmitOrders", {"orders": orders})
        ids += [r["order"]["orderId"] for r in answer["results"]]
    return ids


def test_ten_thousand_at_once_each_fires_once(town, service):
    """Two instances more, everything due at the same moment, one of them killed in the middle."""
    count = 10000
    sku = town.sku({"A1": count, "A2": count})
    ids = bought(town, sku, count)
    two = service(2, timer_lease_ms=1000, timer_poll_ms=20)

    def acts(kind):
        return town.database.sql("select count(*), count(distinct order_id) from order_act where kind = %s "
                                 "and order_id >= %s::uuid", (kind, min(ids)))[0]  # ids are in order of time
    town.database.sql("update fulfilment set offer_deadline = now() - interval '1 second' where order_id = "
                      "any(%s::uuid[])", (ids,))
    yc.wait_for("some", lambda: acts(LAPSE)[0] > count // 10, seconds=120)
    two[0].kill9()
    assert acts(LAPSE)[0] < count
    yc.wait_for("all", lambda: acts(REHOME)[0] == count, seconds=300)
    assert acts(LAPSE) == acts(REHOME) == (count, count)
    assert stock(town, sku) == {"A1": (count, 0), "A2": (count, count)}
    two[0].restart()
