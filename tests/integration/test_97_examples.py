"""Worked examples that need freight by hand and a provider who holds the money, from the payment to the refund's end."""
import pathlib
import re

import pytest

from test_82_acts import act
from test_95_payout import AVAILABLE, EVENTS, FROZEN, servers, standin, till  # noqa: F401
from town import BOOK, BRAND, DELIVER, SHIP, total

REBATE, OTHER, COURIER = "A:psp:wechat:B:fee_rebate", "P:brand:other", "P:courier:K:avail"
HELD = "P:dealer:D1:B:held"
EVENTS[12] = "F"


@pytest.fixture(scope="module")
def desk(till):  # noqa: F811
    """Finance; a courier, and what is made to order."""
    till.call("CatalogService/UpsertParties", {"parties": [{"code": "K", "kind": "PARTY_KIND_COURIER", "name": "brings parcels"}]})
    till.town.sku(skuClass="made")
    till.town.put_book({"rules": BOOK["rules"] + [{"name": "made", "skuClass": "made", "forfeitOwnerBps": 2500, "holdDays": 20}]})
    return till.servers[0].client(till.database.key("finance", name="anna")).wait_known()


def paid(fen, fee):
    return [("E1", {FROZEN: fen, "C:order": -fen}), ("E2", {"C:order": fee, FROZEN: -fee})]


def freight(desk, order, fen):
    acted = desk.call("FinanceService/RecordFreight", {
        "ref": "both-ways-" + order["orderId"], "orderId": order["orderId"], "fulfilment": 1, "amountFen": str(fen)})["acted"]
    assert acted["state"] == "PROPOSAL_STATE_DONE"


def given_back(till, order):  # noqa: F811
    """What the provider gave the customer of the order's payment."""
    return [(r["amount"], r["status"], r["effects"]) for r in till.standin.payment(order["payment"])["refunds"]]


def test_seller_is_at_fault(till, desk):  # noqa: F811
    """Ex 13."""
    order = till.bought(till.sku(199900, 150000, {"SITE": 5}), way=SHIP, storefront="F-A1")
    freight(desk, order, 4600)
    till.call("OrderService/CancelOrder", act(order, 0, "no", ""))
    till.until(order, "R2")
    assert till.rows(order) == paid(199900, 1199) + [
        ("F", {OTHER: 4600, COURIER: -4600}),
        ("R1", {"C:order": 198701, REBATE: 1199, "C:refund": -199900}),
        ("R2", {"C:refund": 199900, FROZEN: -198701, REBATE: -1199})]
    assert given_back(till, order) == [(199900, "SUCCESS", 1)]


def test_refused_at_the_door(till, desk):  # noqa: F811
    """Ex 13b: the customer pays the way back; the brand pays the courier, and what the provider keeps of his fee."""
    till.town.put_policy(deliveryFees=[])
    code = till.sku(199900, 150000, {})
    till.town.count("A1", code, 5, goodsOwner=BRAND)
    order = till.bought(code, way=DELIVER, storefront="F-A1", location="A1")
    till.town.put_policy()
    assert total(order) == 199900
    till.call("StoreService/Accept", act(order, ref="yes"))
    till.call("StoreService/Dispatch", act(order, ref="go"))
    till.call("StoreService/ReportDeliveryFailure", {**act(order, ref="no"), "giveUp": True, "reason": "DELIVERY_FAILURE_REFUSED"})
    freight(desk, order, 4600)
    till.call("StoreService/Restock", {**act(order, ref="back"), "lines": [{"line": 0, "sellable": 1}], "keptFen": "2300"})
    till.until(order, "R2")
    till.until(order, "E7")
    assert till.rows(order) == paid(199900, 1199) + [
        ("F", {OTHER: 4600, COURIER: -4600}),
        ("R1", {"C:order": 198701, REBATE: 1185, OTHER: 2314 - 4600, "C:refund": -197600}),
        ("R2", {"C:refund": 197600, FROZEN: -196415, REBATE: -1185}),
        ("E7", {AVAILABLE: 2286, FROZEN: -2286})]
    assert given_back(till, order) == [(197600, "SUCCESS", 1)]


def test_production_is_cancelled(till, desk):  # noqa: F811
    """Ex 12b: of a deposit of 100000 20000 are kept, a quarter of that is the owner's."""
    till.town.put_policy(depositBps=1000, forfeitBps=200)
    code = till.town.sku(madeToOrder=True, listPriceFen="1000000", floorPriceFen="1000000", contractCostFen="900000", skuClass="made")
    order = till.town.submit(code, way=SHIP, storefront="F-A1")
    order["payment"] = till.pay(order, 100000)
    till.call("StoreService/StartProduction", act(order, ref="make", staff="B1"))
    till.call("OrderService/CancelOrder", act(order, 0, "no", ""))
    till.town.put_policy()
    till.until(order, "R2")
    assert till.rows(order) == paid(100000, 600) + [
        ("R1", {"C:order": 99400, REBATE: 480, "C:refund": -80000, OTHER: -14880, HELD: -5000}),
        ("R2", {"C:refund": 80000, FROZEN: -79520, REBATE: -480})]
    assert given_back(till, order) == [(80000, "SUCCESS", 1)]


def test_all_are_told_twice():
    """The table of tests/README.md names tests that there are."""
    tests = pathlib.Path(__file__).parent.parent
    rows = [line.split("|")[1:5] for line in (tests / "README.md").read_text().splitlines() if re.match(r"\| \d", line)]
    assert len(rows) > 15
    for number, _, rules, rpcs in rows:
        for names, folder, ending, form in ((rules, "unit/domain", "c", r"^{}\("), (rpcs, "integration", "py", r"^def {}\(")):
            text, found = "", 0
            for name in re.findall(r"`(\w+)`", names):
                file = tests / folder / f"{name}.{ending}"
                if file.exists():
                    text = file.read_text()
                else:
                    assert re.search(form.format(name), text, re.M), (number, name)
                    found += 1
            assert found, (number, names)
