"""Many at once, over several instances: sold to exactly nothing, nothing twice, nothing orphaned."""
import collections
import os
import random

import pytest

import yc
from town import PICKUP, refused, store

SEED = int(os.environ.get("YC_SEED", "0")) or random.randrange(1, 1 << 31)


@pytest.fixture(scope="module")
def instances(service, server, town):
    """Three services on one database; the first is the one that loaded the town."""
    return [server, *service(2)]


@pytest.fixture(scope="module")
def clients(instances, admin):
    return [i.client(admin.key) for i in instances]


def everywhere(clients, town, body):
    """Until each instance knows what the first was told: a quote for the basket has an option."""
    for c in clients:
        yc.wait_for("the change feed", lambda c=c: options(c, body["basket"]))


def options(client, basket):
    try:
        return client.call("OrderService/Quote", {"basket": basket}).get("options")
    except yc.RpcError as e:
        assert e.reason == "unknown_id", e
        return None


def submit(client, body):
    return client.call("OrderService/SubmitOrder", body)


def split(results):
    """Answers, and how often each reason was given; anything else is an error of the test's."""
    answers, reasons = [], collections.Counter()
    for r in results:
        if isinstance(r, yc.RpcError):
            reasons[r.reason] += 1
        elif isinstance(r, Exception):
            raise r
        else:
            answers.append(r)
    return answers, reasons


def level(town, sku, location):
    return town.database.sql(
        "select on_hand, reserved + allocated from stock_level join sku using (sku_id) "
        "join location using (location_id) where sku.code = %s and location.code = %s",
        (sku, location))[0]


def test_one_unit_two_hundred_buyers(town, clients):
    """1 unit, 200 submits at once over two instances: 1 accepted, 199 refused with the reason, stock 0."""
    sku = town.sku({"SITE": 1})
    bodies = [town.order(sku) for _ in range(200)]
    everywhere(clients[:2], town, bodies[0])
    answers, reasons = split(yc.at_once(200, lambda i: submit(clients[i % 2], bodies[i])))
    assert len(answers) == 1
    assert reasons == {"out_of_stock": 199}
    assert level(town, sku, "SITE") == (1, 1)
    assert refused(clients[0], "OrderService/SubmitOrder", town.order(sku)).reason == "out_of_stock"


def test_flash_sale_paid(town, clients):
    """T34: stock 1, 100 paid submits at once: 1 accepted, 99 refused, the ledger sums to zero."""
    sku = town.sku({"SITE": 1})
    bodies = [town.order(sku, payment=town.payment(19900)) for _ in range(100)]
    everywhere(clients[:2], town, bodies[0])
    answers, reasons = split(yc.at_once(100, lambda i: submit(clients[i % 2], bodies[i])))
    assert (len(answers), reasons) == (1, {"out_of_stock": 99})
    rows = town.database.sql(
        "select j.object_id::text, (select sum(a) from unnest(amounts) a) from journal j "
        "join sales_order o on o.order_id = j.object_id where order_ref = any(%s)",
        ([b["orderRef"] for b in bodies],))
    assert rows and all(row == (answers[0]["orderId"], 0) for row in rows)
    assert town.database.sql("select count(*) from payment where number = any(%s)",
                             ([b["payment"]["number"] for b in bodies],)) == [(1,)]


def test_same_reference_two_hundred_times(town, clients):
    """One order, 200 equal answers, over two instances."""
    sku = town.sku({"SITE": 300})
    body = town.order(sku)
    everywhere(clients[:2], town, body)
    answers, reasons = split(yc.at_once(200, lambda i: submit(clients[i % 2], body)))
    assert not reasons
    assert len(answers) == 200 and all(a == answers[0] for a in answers)
    assert level(town, sku, "SITE") == (300, 1)
    other = {**body, "basket": {**body["basket"], "customer": "another"}}
    e = refused(clients[1], "OrderService/SubmitOrder", other)
    assert (e.code, e.reason) == ("already_exists", "exists_differs")


def test_same_reference_two_bodies_at_once(town, clients):
    """Whichever is first is the order; the other body is refused, every time, on every instance."""
    sku = town.sku({"SITE": 300})
    ref = town.name("ref")
    bodies = [town.order([(sku, 1)], ref=ref), town.order([(sku, 2)], ref=ref)]
    everywhere(clients, town, bodies[0])
    results = yc.at_once(90, lambda i: submit(clients[i % 3], bodies[i // 3 % 2]))
    answers, reasons = split(results)
    assert set(reasons) == {"exists_differs"}
    assert len(answers) == reasons["exists_differs"] == 45
    assert len({a["orderId"] for a in answers}) == 1
    assert level(town, sku, "SITE")[1] == int(answers[0]["option"]["parts"][0]["lines"][0]["quantity"])


def test_owner_changes_between_try_and_retry(town, clients):
    """A claim moves the customer to another dealer while the reference is retried: still one order."""
    sku = town.sku({"SITE": 300})
    who = town.name("customer")
    town.claim(who, "A1", "BIND")
    body = town.order(sku, customer=who)
    everywhere(clients, town, body)

    def one(i):
        if i == 20:
            town.claim(who, "C1", "SCAN")
        return submit(clients[i % 3], body)

    answers, reasons = split(yc.at_once(60, one))
    assert not reasons
    answers.append(submit(clients[2], body))
    assert all(a == answers[0] for a in answers)
    assert town.database.sql("select count(*) from sales_order where order_ref = %s",
                             (body["orderRef"],)) == [(1,)]
    assert level(town, sku, "SITE")[1] == 1


def test_retry_at_an_instance_that_knows_less(town, clients):
    """An order that names what another instance has not read yet: retried there, read there, the same."""
    for c in clients[1:] * 3:
        sku = town.sku({"SITE": 5})
        body = town.order(sku)
        first = submit(clients[0], body)
        assert submit(c, body) == first
        assert c.call("OrderService/GetOrder", {"orderId": first["orderId"]})["order"]["totalFen"] == "19900"


KEYS, UNITS, ORDERS = 30, 20, 900


def scarce_orders(town, rng, skus):
    """1 to 3 lines of 1 or 2 units each; one in five repeats an earlier order, one in twenty with a change."""
    bodies = []
    for _ in range(ORDERS):
        if bodies and rng.random() < 0.2:
            body = rng.choice(bodies)
            if rng.random() < 0.25:
                body = {**body, "basket": {**body["basket"], "customer": f"c{rng.randrange(9)}"}}
        else:
            lines = [(s, rng.randint(1, 2)) for s in rng.sample(skus, rng.randint(1, 3))]
            body = town.order(lines)
        bodies.append(body)
    return bodies


def test_thirty_scarce_keys(town, clients):
    """Three instances, colliding references: sold to exactly 0, no duplicate, no orphan."""
    rng = random.Random(SEED)
    print("YC_SEED =", SEED)
    skus = [town.sku() for _ in range(KEYS)]
    town.admin.call("CatalogService/SetStockCounts", {"counts": [
        {"location": "SITE", "sku": s, "count": UNITS} for s in skus]})
    bodies = scarce_orders(town, rng, skus)
    everywhere(clients, town, town.order([(skus[-1], 1)]))
    per = ORDERS // 60

    def buyer(i):
        out = []
        for n, body in enumerate(bodies[i * per:(i + 1) * per]):
            try:
                out.append((body, submit(clients[(i + n) % 3], body)))
            except yc.RpcError as e:
                out.append((body, e))
        return out

    results = yc.at_once(60, buyer)
    for r in results:
        assert not isinstance(r, Exception), r
    results = [x for r in results for x in r]
    reasons = split([r for _, r in results])[1]
    assert set(reasons) <= {"out_of_stock", "exists_differs", "contended"}
    mop_up(town, clients, skus)
    check_one_order_a_reference(town, results)
    for sku in skus:
        assert level(town, sku, "SITE") == (UNITS, UNITS), sku
    assert over_fulfilled(town, skus) == []


def mop_up(town, clients, skus):
    """What the mixed baskets left is sold unit by unit, so that zero can be asked for."""
    for n, sku in enumerate(skus):
        while True:
            try:
                submit(clients[n % 3], town.order(sku))
            except yc.RpcError as e:
                if e.reason == "out_of_stock":
                    break
                assert e.reason == "contended"


def check_one_order_a_reference(town, results):
    """Every acknowledged answer is in the database exactly once, and no reference has two."""
    by_ref = collections.defaultdict(set)
    for body, r in results:
        if not isinstance(r, Exception):
            by_ref[body["orderRef"]].add(r["orderId"])
    assert all(len(ids) == 1 for ids in by_ref.values())
    stored = dict(town.database.sql(
        "select order_ref, min(order_id::text) from sales_order where order_ref = any(%s) "
        "group by 1 having count(*) = 1", (list(by_ref),)))
    assert stored == {ref: ids.pop() for ref, ids in by_ref.items()}


def over_fulfilled(town, skus):
    """Skus whose fulfilments hold other than what the stock says."""
    return town.database.sql(
        "select s.code, sum(l.qty) from fulfilment f, unnest(f.sku_id, f.qty) l(sku_id, qty) "
        "join sku s using (sku_id) where s.code = any(%s) group by 1 having sum(l.qty) <> %s",
        (skus, UNITS))


def test_pickup_capacity_over_instances(town, clients):
    """T32 across instances: N places, more at once, exactly N taken."""

    shop = town.name("shop")
    town.admin.call("CatalogService/UpsertLocations", {"locations": [
        store(shop, "D1", 600, capacityPerDay=7)]})
    sku = town.sku({shop: 99})
    bodies = [town.order(sku, way=PICKUP, location=shop) for _ in range(40)]
    everywhere(clients, town, bodies[0])
    answers, reasons = split(yc.at_once(40, lambda i: submit(clients[i % 3], bodies[i])))
    assert len(answers) == 7, reasons
    assert level(town, sku, shop) == (99, 7)


def test_entitlement_over_instances(town, clients):
    """Pooled stock aplenty; the dealer's ceiling is what ends, to the unit."""
    sku = town.sku({"CLOUD": 999}, cloudOnly=True)
    town.entitle("D1", sku, 10)
    bodies = [town.order(sku, storefront="F-A1") for _ in range(60)]
    everywhere(clients, town, bodies[0])
    answers, reasons = split(yc.at_once(60, lambda i: submit(clients[i % 3], bodies[i])))
    assert len(answers) == 10
    assert set(reasons) == {"entitlement_used"}


def test_campaign_over_instances(town, clients):
    """The budget is spent to the fen and not beyond."""
    sku = town.sku({"SITE": 999})
    campaign = town.campaign(10 * 700)
    line = {"sku": sku, "quantity": 1, "campaign": campaign, "discountFen": "700"}
    bodies = [town.order([line]) for _ in range(60)]
    everywhere(clients, town, bodies[0])
    answers, reasons = split(yc.at_once(60, lambda i: submit(clients[i % 3], bodies[i])))
    assert (len(answers), reasons) == (10, {"campaign_spent": 50})
    assert level(town, sku, "SITE")[1] == 10


def test_payment_confirmed_from_everywhere(town, clients):
    """T38 across instances: one payment event delivered 60 times at once writes once."""
    sku = town.sku({"SITE": 9})
    order = town.submit(sku)
    body = {"orderId": order["orderId"], "payment": town.payment(19900)}
    results = yc.at_once(60, lambda i: clients[i % 3].call("OrderService/ConfirmPayment", body))
    answers, reasons = split(results)
    assert not reasons and {a["outcome"] for a in answers} == {"PAYMENT_OUTCOME_OPENED"}
    assert town.database.sql("select count(*) from journal where object_id = %s and event = 1",
                             (order["orderId"],)) == [(1,)]
    assert int(town.get(order).get("refundDueFen", 0)) == 0


def test_feed_within_a_second_or_so(town, clients):
    """What one instance wrote the others read by themselves: catalog, stock, claims, and sales."""
    sku = town.sku({"SITE": 5})
    who = town.name("customer")
    town.claim(who, "C1")
    basket = town.basket(sku, customer=who)
    for c in clients:
        yc.wait_for("the feed", lambda c=c: options(c, basket))
        yc.wait_for("the claim", lambda c=c: c.call(
            "OrderService/Quote", {"basket": basket})["owner"]["dealer"] == "D2")
    town.submit([(sku, 5)])
    for c in clients:
        yc.wait_for("the sale", lambda c=c: not options(c, basket))


@pytest.fixture(scope="module", autouse=True)
def audited(town):
    yield
    assert " 0 violations" in town.database.audit()


