"""kill -9 while orders' money goes on: before, during and after each commit and each request to the provider, from the
hold's end to the last release.  Each event is posted once, nothing is paid twice or lost, and the stand-in's books say
what ours say."""
import os
import random
import time

import pytest

import yc
from provider_stand import StandIn, begin, died
from test_95_payout import AVAILABLE, Till, returned, three_units
from town import BOOK, BRAND, DEALER_1, SHIP, Town

# The service's own settlement rests while orders are made.
ASLEEP, AWAKE = {"settle_poll_ms": "1h"}, {"settle_poll_ms": "30ms"}
SETS = 87


@pytest.fixture(scope="module")
def standin(tmp_path_factory):
    s = StandIn(tmp_path_factory.mktemp("provider"), merchant="1900000001", qps=0).start()
    yield s
    s.stop()


@pytest.fixture(scope="module")
def instance(service, standin):
    return service(clock_may_move="on", settle_lease_ms="1s", settle_retry_ms="1s", wechat_rate=1000,
                   **ASLEEP, **standin.settings(wechat_timeout_ms="500ms"))[0]


@pytest.fixture(scope="module")
def till(instance, database, standin):
    town = Town(instance, database, instance.login("admin"))
    town.load()
    town.admin.call("CatalogService/UpsertParties", {"parties": [
        {"code": "B1", "kind": "PARTY_KIND_STAFF", "employer": BRAND},
        {"code": "S1", "kind": "PARTY_KIND_STAFF", "name": "an assistant", "employer": DEALER_1,
         "payee": {"openid": "oPENID_s1"}}]})
    town.sku(skuClass="staff")
    town.put_book({"rules": BOOK["rules"] + [
        {"name": "staff", "skuClass": "staff", "staffCommission": {"bps": 100, "bpsOf": "BASE_GROSS"}}]})
    t = Till(town, [instance], standin)
    yield t
    t.agree()


@pytest.fixture(scope="module")
def sets(till, instance):
    """Pairs of orders, handed over: of one a unit has come back and its refund waits, of the other two parties are
    to be paid.  The service is down."""
    code = till.sku(299900, 262000, {"SITE": 2 * SETS}, skuClass="staff")
    till.town.claim("customer-k", "A1", staff="S1")
    made = []
    for n in range(SETS):
        less = till.shipped(three_units(till))
        returned(till, less, 0)
        two = till.shipped(till.bought(code, way=SHIP, storefront="F-A1", customer="customer-k"))
        made.append((less, two))
    # No split goes within a minute of its payment.
    till.database.sql("update payment set paid_at = paid_at - interval '1 hour'")
    instance.kill9()
    instance.env.update({"YUNCANG_" + k.upper(): v for k, v in AWAKE.items()})
    return iter(made)


def released(till, orders):
    return all("E7" in till.kinds(o) for o in orders)


def judge(till, less, two):
    assert sorted(till.kinds(less)) == sorted(["E1", "E2", "E3", "R1", "R2", "E4", "E5", "E6", "E7"])
    assert till.standing(less) == (0, {"1900000011": 38840})
    assert till.sums(less) == {AVAILABLE: 160000 - 6666, "P:brand:cost": -160000, "P:brand:promo": 6666}
    [refund] = till.standin.payment(less["payment"])["refunds"]
    assert (refund["amount"], refund["effects"]) == (96666, 1)
    assert sorted(till.kinds(two)) == sorted(["E1", "E2", "E3", "E4", "E5", "E5", "E6", "E6", "E7"])
    assert till.standing(two) == (0, {"1900000011": 33102, "oPENID_s1": 2999})
    assert till.sums(two) == {AVAILABLE: 262000, "P:brand:cost": -262000}
    for order in (less, two):
        numbers = till.database.sql("select number from provider_call where order_id = %s", (order["orderId"],))
        books = till.standin.payment(order["payment"])
        known = {s["out_order_no"] for s in books["splits"]} | {r["out_refund_no"] for r in books["refunds"]}
        assert known == {n for n, in numbers}


@pytest.mark.parametrize("point, most", [
    ("commit_before", 12), ("commit_sent", 16), ("commit_done", 16), ("provider_before", 5), ("provider_sent", 5),
    ("provider_sending", 5), ("provider_answered", 8), ("provider_recorded", 8)])
def test_dies_at_each_passing(till, instance, sets, point, most):
    """At the first passing, at the second …; whoever starts next ends the work."""
    deaths = 0
    for n in range(1, most + 1):
        orders = next(sets)
        till.database.sql("update settlement set due_at = now() - interval '1 min' where order_id = any(%s::uuid[])",
                          ([o["orderId"] for o in orders],))
        begin(instance, f"{point}:{n}")
        yc.wait_for("death or the end", lambda: died(instance) or released(till, orders), 30)
        deaths += instance.process is None
        if instance.process is None:
            begin(instance)
        for order in orders:
            till.until(order, "E7", seconds=30)
        instance.kill9()
        judge(till, *orders)
        if not deaths == n:
            break
    assert deaths >= 3
    till.agree()


def test_dies_whenever(till, instance, sets, cluster, standin):
    """At random instants, the database crashing now and then, the provider losing answers, signing wrongly, saying
    429 and stalling."""
    seed = int(os.environ.get("YC_SEED", time.time()))
    print("YC_SEED", seed)
    draw = random.Random(seed)
    pairs = [next(sets) for _ in range(12)]
    orders = [o for pair in pairs for o in pair]
    till.database.sql("update settlement set due_at = now() - interval '1 min' where order_id = any(%s::uuid[])",
                      ([o["orderId"] for o in orders],))
    standin.control("faults", {"fault_bps": 1500, "stall_ms": 700})
    deaths, deadline = 0, time.monotonic() + 30
    while time.monotonic() < deadline and not released(till, orders):
        begin(instance)
        time.sleep(draw.uniform(0.2, 1.2))
        if draw.random() < 0.2:
            cluster.restart("immediate")
        instance.kill9()
        deaths += 1
    standin.control("faults", {"fault_bps": 0})
    begin(instance)
    for order in orders:
        till.until(order, "E7", seconds=60)
    instance.kill9()
    assert deaths > 0
    for pair in pairs:
        judge(till, *pair)
    till.agree()
