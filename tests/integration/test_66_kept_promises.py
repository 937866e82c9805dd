"""What a quote or a submit fixed holds, whatever the catalog, the policy or another instance did since."""
import base64

import pytest

import yc
from town import BOOK, DELIVER, PICKUP, SQUARE, refused, total


def expire(town, order):
    town.database.sql("update sales_order set pay_by = now() - interval '1 minute' where order_id = %s",
                      (order["orderId"],))
    yc.wait_for("expiry", lambda: town.get(order)["state"] == "ORDER_STATE_CANCELLED")


def archive(town, **version):
    town.admin.call("CatalogService/SetVersionState", {**version, "state": "VERSION_STATE_ARCHIVED"})


@pytest.fixture
def archived_book(town):
    """archived_book(): the book in force gives way to another and is archived."""
    def change():
        old = town.database.sql("select max(version) from split_rule_book where state = 2")[0][0]
        dear = {"rules": [{**BOOK["rules"][0], "warehouse": {"fixedFen": "900"}}]}
        new = town.put_book(dear)
        archive(town, splitRuleVersion=old)
        return old, new
    yield change
    town.put_book()


def test_token_keeps_an_archived_split_rule(town, archived_book):
    sku = town.sku({"CLOUD": 5}, cloudOnly=True)
    quoted = town.quote(sku, storefront="F-A1")["options"][0]
    old, new = archived_book()
    order = town.submit(sku, storefront="F-A1", quoteToken=quoted["token"])
    assert order["splitRuleVersion"] == old
    assert order["option"]["money"] == quoted["money"]
    assert town.submit(sku, storefront="F-A1")["splitRuleVersion"] == new


def test_late_payment_keeps_an_archived_split_rule(town, archived_book):
    sku = town.sku({"CLOUD": 5}, cloudOnly=True)
    order = town.submit(sku, storefront="F-A1")
    expire(town, order)
    archived_book()
    assert town.pay(order)["outcome"] == "PAYMENT_OUTCOME_REDECIDED"
    money = town.get(order)["money"]
    del money["posted"]  # what the payment wrote; the promise had none yet
    assert money == order["option"]["money"]


def test_late_payment_looks_before_it_gives_up(town, service, admin):
    """The instance that is told of the payment has not heard yet that the stock is free again."""
    sku = town.sku({"SITE": 1})
    slow = service(feed_poll_ms=60000, expiry_poll_ms=60000)[0].client(admin.key)
    order = slow.call("OrderService/SubmitOrder", town.order(sku))
    town.database.sql("update sales_order set pay_by = now() - interval '1 minute' where order_id = %s",
                      (order["orderId"],))
    yc.wait_for("expiry", lambda: town.get(order)["state"] == "ORDER_STATE_CANCELLED")
    paid = slow.call("OrderService/ConfirmPayment",
                     {"orderId": order["orderId"], "payment": town.payment(total(order))})
    assert paid["outcome"] == "PAYMENT_OUTCOME_REDECIDED"


def test_late_payment_where_scarcity_is_not_known_yet(town, service, admin):
    """The instance that is told of the payments has not heard of the sku's first entitlement: it is charged."""
    sku = town.sku({"CLOUD": 9}, cloudOnly=True)
    slow = service(feed_poll_ms=60000, expiry_poll_ms=60000)[0].client(admin.key)
    orders = [slow.call("OrderService/SubmitOrder", town.order(sku, storefront="F-A1")) for _ in range(3)]
    for order in orders:
        expire(town, order)
    town.entitle("D1", sku, 2)
    outcomes = [slow.call("OrderService/ConfirmPayment", {
        "orderId": o["orderId"], "payment": town.payment(total(o))})["outcome"] for o in orders]
    assert outcomes == ["PAYMENT_OUTCOME_REDECIDED"] * 2 + ["PAYMENT_OUTCOME_UNFILLABLE"]
    [(used,)] = town.database.sql(
        "select used from entitlement join sku using (sku_id) where code = %s", (sku,))
    assert used == 2


def test_a_store_answers_in_the_time_of_the_submits_policy(town):
    """Open minutes to answer are the order's own: those of the policy it was decided by."""
    sku = town.sku({"A1": 1})
    order = town.submit(sku, storefront="F-A1", way=PICKUP, location="A1")
    town.put_policy(acceptOpenMin=500)
    try:
        town.pay(order)
    finally:
        town.put_policy()
    [(minutes,)] = town.database.sql(
        "select extract(epoch from offer_deadline - now()) / 60 from fulfilment where order_id = %s",
        (order["orderId"],))
    assert 29 < minutes <= 30


def test_pickup_by_token_is_refused_with_options(town):
    """The way stands in the token, not in the basket; the refusal says what else could be had."""
    sku = town.sku({"A1": 1, "SITE": 5})
    option = next(o for o in town.quote(sku, storefront="F-A1", location="A1")["options"]
                  if o["way"] == PICKUP)
    town.submit(sku, storefront="F-A1", way=PICKUP, location="A1")
    e = town.refuse(sku, storefront="F-A1", quoteToken=option["token"])
    assert e.code == "failed_precondition"
    assert {o["way"] for o in e.details[1]["debug"]["options"]} >= {"WAY_SHIP"}


def test_paid_to_somebody_who_cannot_collect(town):
    sku = town.sku({"SITE": 1})
    e = town.refuse(sku, payment=town.payment(19900, merchant="WH"))
    assert (e.code, e.field) == ("invalid_argument", "payment.merchant")


def test_scope_of_an_operator_narrows_reads(town):
    """A key whose scope names a storefront reads the orders of that storefront only."""
    sku = town.sku({"SITE": 9})
    mine, other = town.submit(sku, storefront="F-A1"), town.submit(sku, storefront="F-C1")
    key = town.server.login("operator", "storefront:F-A1")
    assert key.call("OrderService/GetOrder", {"orderId": mine["orderId"]})
    for method in ("GetOrder", "ExplainOrder"):
        e = refused(key, "OrderService/" + method, {"orderId": other["orderId"]})
        assert e.code == "not_found"
    e = refused(key, "OrderService/ListOrders", {"storefront": "F-C1"})
    assert (e.code, e.field) == ("permission_denied", "storefront")
    e = refused(key, "OrderService/ListOrders", {"dealer": "D1"})
    assert (e.code, e.field) == ("permission_denied", "storefront")
    assert key.call("OrderService/ListOrders", {"storefront": "F-A1"})["orders"]


def zigzag(n):
    return n << 1 ^ n >> 63


def varint(n):
    out = bytearray()
    while n > 0x7f:
        out.append(n & 0x7f | 0x80)
        n >>= 7
    return bytes(out) + bytes([n])


def test_a_record_does_not_know_the_address(town):
    """Where the customer lives stands in contact alone; the record keeps the neighbourhood."""
    sku = town.sku({"A1": 2})
    order = town.submit(sku, storefront="F-A1", way=DELIVER)
    exact = b"".join(varint(zigzag(round(SQUARE[k] * 1e6))) for k in ("latitude", "longitude"))
    record = base64.b64decode(
        town.admin.call("OrderService/ExplainOrder", {"orderId": order["orderId"]})["record"])
    assert exact not in record
    assert town.database.sql("select lat_e6, lon_e6 from contact where order_id = %s",
                             (order["orderId"],)) == [tuple(round(SQUARE[k] * 1e6)
                                                            for k in ("latitude", "longitude"))]


def test_late_payment_measures_from_the_address(town):
    sku = town.sku({"A1": 2})
    order = town.submit(sku, storefront="F-A1", way=DELIVER)
    expire(town, order)
    assert town.pay(order)["outcome"] == "PAYMENT_OUTCOME_REDECIDED"
    assert len({row for row in town.database.sql(
        "select distance_m from fulfilment where order_id = %s", (order["orderId"],))}) == 1


def test_submit_is_the_first_option_of_a_quote(town):
    """The best plan leaves the owner less than nothing and is refused; quote and submit take the next."""
    dear = {"rules": [BOOK["rules"][0], {"name": "tight", "skuClass": "tight",
                                         "warehouse": {"fixedFen": "9000"},
                                         "negativeMargin": "NEGATIVE_MARGIN_REJECT"}]}
    sku = town.sku({"CLOUD": 5, "SITE": 5}, skuClass="tight", contractCostFen="595000",
                   listPriceFen="600000", floorPriceFen="600000")
    town.put_book(dear)
    try:
        first = town.quote(sku, storefront="F-A1", way="WAY_SHIP")["options"][0]
        assert first["parts"][0]["location"] == "SITE"
        order = town.submit(sku, storefront="F-A1", way="WAY_SHIP")
        assert order["option"]["money"] == first["money"]
        told = town.admin.call("OrderService/ExplainOrder", {"orderId": order["orderId"]})
        assert told["replayEqual"]
    finally:
        town.put_book()


def test_a_great_deal_of_stock_is_told_as_much(town):
    """Goods of several owners at one place add up beyond what the message can say."""
    sku = town.sku()
    for owner in ("B", "D1", "D2"):
        town.count("A1", sku, 1000000000, goodsOwner=owner)
    order = town.submit(sku, storefront="F-A1", way=PICKUP, location="A1")
    told = town.admin.call("OrderService/ExplainOrder", {"orderId": order["orderId"]})
    assert told["ways"][0]["candidates"][0]["available"] == [2147483647]


def test_the_first_entitlement_holds_at_every_instance(town, service, admin):
    """An instance that has not heard that goods became scarce sells none beyond the ceiling."""
    sku = town.sku({"CLOUD": 999}, cloudOnly=True)
    slow = service(feed_poll_ms=60000)[0].client(admin.key)
    town.entitle("D1", sku, 3)
    told = [submit(slow, town.order(sku, storefront="F-A1")) for _ in range(5)]
    assert sorted(t.get("reason", "") for t in told) == [""] * 3 + ["entitlement_used"] * 2
    [(used,)] = town.database.sql(
        "select used from entitlement join sku using (sku_id) where code = %s", (sku,))
    assert used == 3


def test_what_was_given_back_elsewhere_is_seen_before_a_refusal(town, service, admin):
    """An instance that is far behind in the feed reads on before it says entitlement, slot or capacity."""
    sku = town.sku({"CLOUD": 999}, cloudOnly=True)
    town.entitle("D1", sku, 1)
    slow = service(feed_poll_ms=60000)[0].client(admin.key)
    assert submit(slow, town.order(sku, storefront="F-A1")).get("reason") is None
    assert submit(slow, town.order(sku, storefront="F-A1"))["reason"] == "entitlement_used"
    town.entitle("D1", sku, 2)
    assert submit(slow, town.order(sku, storefront="F-A1")).get("reason") is None
    assert submit(slow, town.order(sku, storefront="F-A1"))["reason"] == "entitlement_used"


def submit(client, body):
    try:
        return client.call("OrderService/SubmitOrder", body)
    except yc.RpcError as e:
        return {"reason": e.reason}
