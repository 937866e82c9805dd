"""Goods made to order: production, deposit and balance, nothing leaves before it, the forfeit."""
import pytest

import yc
from test_82_acts import act, state, trail
from town import FEE_BPS, refused, total

PRODUCE, BALANCE, CANCEL = 24, 25, 17
PRICE = 100001


@pytest.fixture(scope="module")
def works(town, server):
    """Who makes the goods: the brand's staff at SITE, with a key of that location."""
    town.admin.call("CatalogService/UpsertParties", {"parties": [
        {"code": "SB", "kind": "PARTY_KIND_STAFF", "name": "of the works", "employer": "B"}]})
    return server.client(town.database.key("store", "location:SITE")).wait_known()


@pytest.fixture
def in_parts(town):
    """Orders of goods made for them are paid in two parts: 30 % first; a cancel in production costs 20 %."""
    yield town.put_policy(depositBps=3000, forfeitBps=2000, balanceDays=3)
    town.put_policy()


def made(town, **more):
    return town.sku(madeToOrder=True, listPriceFen=str(PRICE), floorPriceFen=str(PRICE), contractCostFen="60000", **more)


def pay(town, order, fen, number=None):
    return town.admin.call("OrderService/ConfirmPayment", {
        "orderId": order["orderId"], "payment": town.payment(fen, number)})["outcome"].removeprefix("PAYMENT_OUTCOME_")


def by(order, ref, number=1):
    return act(order, number, ref, "SB")


def ordered(town, quantity=1, **more):
    order = town.submit([(made(town), quantity)], **more)
    deposit = int(order["depositFen"])
    return order, deposit, total(order) - deposit


def books(town, order):
    """The order's journal rows: (event, number, cash in)."""
    rows = town.database.sql("select event, event_no, amounts from journal where object_id = %s order by event, event_no",
                             (order["orderId"],))
    return [(e, n, max(a)) for e, n, a in rows]


def due_back(town, order):
    return int(town.get(order).get("refundDueFen", 0))


def events(town, order):
    return [k for k, in town.database.sql("select kind from outbox where order_id = %s order by event_id",
                                          (order["orderId"],))]


def test_a_fixed_deposit(town):
    """The same amount of every order; what costs no more is paid at once."""
    whole = total(town.submit([(made(town), 1)]))
    town.put_policy(depositFen=str(whole))
    assert "depositFen" not in town.submit([(made(town), 1)])
    assert ordered(town, 2)[1] == whole
    town.put_policy()


def test_paid_in_two_parts(town, works, in_parts):
    order, deposit, balance = ordered(town)
    assert deposit == (total(order) * 3000 + 5000) // 10000 and 0 < deposit < total(order)
    got = town.get(order)
    assert (int(got["deposit"]["depositFen"]), int(got["deposit"]["balanceFen"])) == (deposit, balance)
    assert state(town, order) == "PLANNED"
    for wrong in (total(order), balance, deposit + 1):
        e = refused(town.admin, "OrderService/ConfirmPayment", {
            "orderId": order["orderId"], "payment": town.payment(wrong)})
        assert (e.reason, e.field) == ("amount_differs", "payment.amount_fen"), wrong
        assert str(deposit) in e.text
    assert pay(town, order, deposit, "D1-" + order["orderId"]) == "OPENED"
    assert state(town, order) == "ACCEPTED"
    e = refused(works, "StoreService/Dispatch", by(order, "early"))
    assert (e.reason, e.field) == ("wrong_state", "act.order_id") and f"{balance} fen is not paid" in e.text
    started = works.call("StoreService/StartProduction", by(order, "start"))
    assert int(started["balanceFen"]) == balance and started["acted"]["state"] == "FULFILMENT_STATE_ACCEPTED"
    assert works.call("StoreService/StartProduction", by(order, "start")) == started
    assert town.get(order)["deposit"]["balanceBy"] == started["balanceBy"]
    e = refused(works, "StoreService/StartProduction", by(order, "again"))
    assert e.reason == "wrong_state" and "is in production" in e.text
    assert refused(works, "StoreService/Dispatch", by(order, "early2")).reason == "wrong_state"
    assert pay(town, order, balance, "B1-" + order["orderId"]) == "BALANCE"
    assert "balancePaidAt" in town.get(order)["deposit"]
    # repeats, of both, are answered as the first time
    assert pay(town, order, deposit, "D1-" + order["orderId"]) == "OPENED"
    assert pay(town, order, balance, "B1-" + order["orderId"]) == "BALANCE"
    assert refused(town.admin, "OrderService/ConfirmPayment", {"orderId": order["orderId"], "payment": town.payment(
        deposit, "B1-" + order["orderId"])}).reason == "exists_differs"
    works.call("StoreService/Dispatch", by(order, "now"))
    works.call("StoreService/ConfirmDelivery", by(order, "there"))
    assert [k for _, k, _, _ in trail(town, order)][:3] == [PRODUCE, BALANCE, 9]
    assert sorted(events(town, order)) == [1, 2, 8, 27, 28, 50, 51, 52]
    # both fees together are the fee of the whole
    fee = (total(order) * FEE_BPS + 5000) // 10000
    first = (deposit * FEE_BPS + 5000) // 10000
    assert books(town, order) == [(1, 1, deposit), (1, 2, balance), (2, 1, first), (2, 2, fee - first),
                                  (3, 1004, total(order) - fee)]
    assert works.call("StoreService/StartProduction", by(order, "start")) == started
    # what comes beyond is recorded and goes back
    assert pay(town, order, balance) == "SECOND" and due_back(town, order) == balance


def test_a_repeated_submit_names_the_deposit(town, in_parts):
    message = town.order(made(town))
    first = town.admin.call("OrderService/SubmitOrder", message)
    assert int(first["depositFen"]) > 0
    assert town.admin.call("OrderService/SubmitOrder", message) == first


def test_only_orders_of_nothing_else(town, in_parts):
    """Goods off the shelf are paid at once, and what comes paid is."""
    mixed = town.submit([(made(town), 1), (town.sku({"SITE": 1}), 1)])
    assert int(mixed.get("depositFen", 0)) == 0 and "deposit" not in town.get(mixed)
    town.pay(mixed)
    paid = town.order(made(town), storefront="OUTSIDE")
    fen = total(town.quote(made(town)) and {"option": town.quote(made(town))["options"][0]})
    done = town.admin.call("OrderService/SubmitOrder", {**paid, "payment": {
        "provider": "channel", "number": town.name("ch"), "amountFen": str(fen), "merchant": "B"}})
    assert int(done.get("depositFen", 0)) == 0 and state(town, done) == "ACCEPTED"


def test_without_a_deposit(town, works):
    order = town.submit(made(town))
    assert int(order.get("depositFen", 0)) == 0
    town.pay(order)
    started = works.call("StoreService/StartProduction", by(order, "start"))
    assert "balanceBy" not in started and int(started.get("balanceFen", 0)) == 0
    e = refused(town.admin, "OrderService/CancelOrder", act(order, 0, "c", ""))
    assert e.reason == "wrong_state" and "in production" in e.text
    works.call("StoreService/Dispatch", by(order, "go"))


def test_refused_starts(town, works, server):
    other = town.submit(town.sku({"SITE": 1}))
    town.pay(other)
    e = refused(works, "StoreService/StartProduction", by(other, "s"))
    assert (e.reason, e.field) == ("wrong_state", "act.fulfilment") and "made to order" in e.text
    unpaid = town.submit(made(town))
    e = refused(works, "StoreService/StartProduction", by(unpaid, "s"))
    assert e.reason == "wrong_state" and "is PLANNED" in e.text
    town.pay(unpaid)
    a1 = server.client(town.database.key("store", "location:A1")).wait_known()
    assert refused(a1, "StoreService/StartProduction", by(unpaid, "s")).reason == "not_found"
    assert refused(works, "StoreService/StartProduction", act(unpaid, 1, "s", "S1")).field == "act.staff"
    assert trail(town, unpaid) == []


def test_cancelled_before_production(town, in_parts):
    order, deposit, _ = ordered(town, 2)
    pay(town, order, deposit)
    town.admin.call("OrderService/CancelOrder", act(order, 0, "c", ""))
    got = town.get(order)
    assert got["state"] == "ORDER_STATE_CANCELLED" and due_back(town, order) == deposit
    assert int(got["deposit"].get("balanceFen", 0)) == 0
    # a balance that comes now is money too much
    assert refused(town.admin, "OrderService/ConfirmPayment", {
        "orderId": order["orderId"], "payment": town.payment(1)}).reason == "amount_differs"
    assert pay(town, order, deposit) == "SECOND" and due_back(town, order) == 2 * deposit


def test_cancelled_in_production(town, works, in_parts):
    """The forfeit is of what the units cost; before the balance it comes out of the deposit, and after it out of all."""
    forfeit = (2 * PRICE * 2000 + 5000) // 10000
    for paid_up in (False, True):
        order, deposit, balance = ordered(town, 2)
        pay(town, order, deposit)
        works.call("StoreService/StartProduction", by(order, "start"))
        if paid_up:
            assert pay(town, order, balance) == "BALANCE"
        town.admin.call("OrderService/CancelOrder", act(order, 0, "c", ""))
        assert town.get(order)["state"] == "ORDER_STATE_CANCELLED"
        assert due_back(town, order) == (total(order) if paid_up else deposit) - forfeit


def test_nobody_pays_the_balance(town, works, in_parts):
    order, deposit, balance = ordered(town)
    pay(town, order, deposit)
    works.call("StoreService/StartProduction", by(order, "start"))
    town.database.sql("update order_deposit set balance_by = now() where order_id = %s", (order["orderId"],))
    yc.wait_for("the end", lambda: town.get(order)["state"] == "ORDER_STATE_CANCELLED")
    assert due_back(town, order) == deposit - (PRICE * 2000 + 5000) // 10000
    assert [k for _, k, _, _ in trail(town, order)] == [PRODUCE, CANCEL]
    assert events(town, order).count(6) == 1
    assert refused(town.admin, "OrderService/ConfirmPayment", {
        "orderId": order["orderId"], "payment": town.payment(balance)}).reason == "amount_differs"


def test_a_deposit_that_comes_late(town, in_parts):
    order, deposit, balance = ordered(town)
    town.database.sql("update sales_order set pay_by = now() - interval '1 second' where order_id = %s",
                      (order["orderId"],))
    yc.wait_for("expiry", lambda: town.get(order)["state"] == "ORDER_STATE_CANCELLED")
    assert pay(town, order, deposit) == "REDECIDED"
    assert {"ACCEPTED"} == {state(town, order, f["number"]) for f in town.get(order)["fulfilments"] if f["number"] > 1}
    assert pay(town, order, balance) == "BALANCE"
    assert [(e, n) for e, n, _ in books(town, order)] == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_payments_at_once(town, in_parts):
    """Eight deposits, then eight balances, all under numbers of their own: one counts, the others go back."""
    order, deposit, balance = ordered(town)

    def heard(fen):
        return sorted(yc.at_once(8, lambda i: pay(town, order, fen, f"{fen}-{i}-" + order["orderId"])))
    assert heard(deposit) == ["OPENED"] + ["SECOND"] * 7
    assert heard(balance) == ["BALANCE"] + ["SECOND"] * 7
    assert due_back(town, order) == 7 * (deposit + balance)
    assert [k for _, k, _, _ in trail(town, order)] == [BALANCE]


def test_balance_or_cancel(town, works, in_parts):
    """The two at once: whoever is first, the money adds up."""
    for i in range(6):
        order, deposit, balance = ordered(town)
        pay(town, order, deposit)

        def either(n):
            try:
                return pay(town, order, balance) if n else town.admin.call(
                    "OrderService/CancelOrder", act(order, 0, "c", "")) and "CANCELLED"
            except yc.RpcError as e:
                return e.reason
        answers = yc.at_once(2, either)
        assert answers[0] == "CANCELLED", answers
        got = town.get(order)
        assert got["state"] == "ORDER_STATE_CANCELLED"
        # a balance behind the cancel is no balance any more
        assert answers[1] in ("BALANCE", "amount_differs"), answers
        assert due_back(town, order) == (total(order) if answers[1] == "BALANCE" else deposit)


@pytest.fixture(scope="module", autouse=True)
def audited(town):
    yield
    assert " 0 violations" in town.database.audit()
